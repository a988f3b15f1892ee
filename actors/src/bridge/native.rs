//! `process.*`, `group.*`: the native methods, by selector, one row per target.

use super::why::Span;
use super::{Bridge, act, describe, events, rolling};
use crate::command::{Outcome, Verb, Wait};
use crate::estate::Estate;
use crate::root::spawn::{Dismiss, Spawn};
use jsonrpsee::core::{RpcResult, SubscriptionResult, async_trait};
use jsonrpsee::{Extensions, PendingSubscriptionSink};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::fault::Fault;
use treeherd_domain::selector::Selector;
use treeherd_domain::status::ProcessState;
use treeherd_rpc::api::{GroupApiServer, ProcessApiServer};
use treeherd_rpc::code::{error_object, row_error};
use treeherd_rpc::wire::supervisor::SignalName;
use treeherd_rpc::wire::{
    self, Explanations, GraphInfo, GroupInfo, GroupUpdate, Histories, Operation, OperationState,
    ProcessInfo, ProcessList, Row, Selectors,
};
use treeherd_web::caller;

/// The longest wait that a caller may ask for.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

fn wait(wait: Option<wire::Wait>) -> Wait {
    match wait {
        Some(wire::Wait::None) => Wait::No,
        Some(wire::Wait::Started | wire::Wait::Stopped) | None => Wait::Settled,
    }
}

pub(super) fn limit(timeout_ms: Option<u64>) -> Option<Duration> {
    timeout_ms.map(|ms| Duration::from_millis(ms).min(LONGEST))
}

fn row(outcome: &Outcome, verb: Verb) -> Row {
    let row = match &outcome.result {
        Ok(()) => Row::ok(&outcome.namespec),
        Err(fault) => Row::failed(&outcome.namespec, row_error(fault)),
    };
    match verb {
        Verb::Restart => row.with_stopped(matches!(outcome.stopped, Some(Ok(())))),
        Verb::Start | Verb::Stop | Verb::Signal(_) | Verb::Clear | Verb::Reload | Verb::Mark { .. } => row,
    }
}

impl Bridge {
    /// What selectors name, each process once, in the order of the selectors; collective ones give
    /// their processes by priority. A single name that does not exist, and a pattern that matches
    /// nothing, is a fault.
    pub(super) fn select(&self, selectors: &Selectors) -> Result<Vec<Arc<Estate>>, Fault> {
        let mut chosen: Vec<Arc<Estate>> = Vec::new();
        for (text, selector) in selectors.parse()? {
            for estate in self.match_one(text, &selector)? {
                if !chosen.iter().any(|known| Arc::ptr_eq(known, &estate)) {
                    chosen.push(estate);
                }
            }
        }
        Ok(chosen)
    }

    /// The same, where a collective selector is about those alone that run and know how to reload.
    fn select_for_reload(&self, selectors: &Selectors) -> Result<Vec<Arc<Estate>>, Fault> {
        let mut chosen: Vec<Arc<Estate>> = Vec::new();
        for (text, selector) in selectors.parse()? {
            let mut matched = self.match_one(text, &selector)?;
            if !matches!(selector, Selector::Process(_)) {
                matched.retain(|estate| estate.spec.reload.is_known());
                if matched.is_empty() {
                    return Err(Fault::NoReload(text.to_owned()));
                }
                matched.retain(|estate| Verb::Reload.is_for(&estate.record().machine.state()));
            }
            matched.retain(|estate| !chosen.iter().any(|known| Arc::ptr_eq(known, estate)));
            chosen.append(&mut matched);
        }
        Ok(chosen)
    }

    fn match_one(&self, text: &str, selector: &Selector) -> Result<Vec<Arc<Estate>>, Fault> {
        let arena = &self.shared().arena;
        match selector {
            Selector::Process(namespec) => {
                let estate = arena.estate(namespec);
                estate.map(|estate| vec![estate]).ok_or_else(|| Fault::ProcessNotFound(text.to_owned()))
            }
            Selector::Group(group) => {
                let group = arena.group(group.as_str());
                let group = group.ok_or_else(|| Fault::GroupNotFound(text.to_owned()))?;
                Ok(arena.tree_of(&group).iter().flat_map(|group| group.by_priority()).collect())
            }
            Selector::All => Ok(arena.by_priority().iter().flat_map(|g| g.by_priority()).collect()),
            Selector::Glob { .. } => {
                let all = arena.by_priority();
                let all = all.iter().flat_map(|group| group.by_priority());
                let matched: Vec<_> = all.filter(|e| selector.matches(&e.namespec)).collect();
                if matched.is_empty() { Err(Fault::NothingMatched(text.to_owned())) } else { Ok(matched) }
            }
        }
    }

    pub(super) async fn operate(
        &self,
        targets: &[Arc<Estate>],
        verb: Verb,
        wait: Wait,
        timeout_ms: Option<u64>,
        alone: bool,
    ) -> Result<Operation, Fault> {
        let gathered = self.all_or_alone(targets, verb, wait, limit(timeout_ms), alone).await?;
        let rows: Vec<Row> = gathered.outcomes.iter().map(|outcome| row(outcome, verb)).collect();
        let operation = Operation::done(rows);
        if gathered.late == 0 {
            return Ok(operation);
        }
        let done = operation.total - gathered.late;
        Ok(Operation { state: OperationState::Timeout, done, ..operation })
    }

    async fn selected(
        &self,
        selector: &Selectors,
        verb: Verb,
        wait: Wait,
        timeout_ms: Option<u64>,
    ) -> RpcResult<Operation> {
        self.selected_or_alone(selector, verb, wait, timeout_ms, false).await
    }

    async fn selected_or_alone(
        &self,
        selector: &Selectors,
        verb: Verb,
        wait: Wait,
        timeout_ms: Option<u64>,
        alone: bool,
    ) -> RpcResult<Operation> {
        let work = async {
            self.check_running()?;
            let mut targets = self.select(selector)?;
            if !matches!(verb, Verb::Start | Verb::Restart) {
                return self.operate(&targets, verb, wait, timeout_ms, alone).await;
            }
            let named = selector.parse()?;
            let is_named = |e: &Estate| named.iter().any(|(_, s)| s.names(&e.namespec));
            targets.retain(|estate| !estate.record().disabled || is_named(estate));
            // a start is refused by the process itself; of a restart the stop would come first
            let is_kept = |estate: &mut Arc<Estate>| verb == Verb::Restart && estate.record().disabled;
            let kept: Vec<_> = targets.extract_if(.., is_kept).collect();
            let mut operation = self.operate(&targets, verb, wait, timeout_ms, alone).await?;
            operation.total += kept.len();
            operation.done += kept.len();
            let rows = kept.iter().map(|estate| rolling::kept(&estate.namespec).with_stopped(false));
            operation.rows.splice(..0, rows);
            Ok(operation)
        };
        work.await.map_err(|fault| error_object(&fault))
    }

    async fn whole(
        &self,
        name: &str,
        verb: Verb,
        wait: Wait,
        timeout_ms: Option<u64>,
    ) -> RpcResult<Operation> {
        let work = async {
            self.check_running()?;
            let tree = self.shared().arena.tree_of(&self.group(name)?);
            let members: Vec<_> = tree.iter().flat_map(|group| self.members_for(group, verb)).collect();
            self.operate(&members, verb, wait, timeout_ms, false).await
        };
        work.await.map_err(|fault| error_object(&fault))
    }

    pub(super) fn native_info(estate: &Estate) -> ProcessInfo {
        let status = estate.status();
        let (description, health) = (describe(&status), &estate.spec.health);
        let has_health = health.health.is_some() || health.listens();
        ProcessInfo { has_health, ..ProcessInfo::from((&status, description)) }
    }
}

#[async_trait]
impl ProcessApiServer for Bridge {
    async fn process_list(
        &self,
        selector: Option<Selectors>,
        states: Option<Vec<String>>,
    ) -> RpcResult<ProcessList> {
        let seq = self.shared().arena.seq();
        let mut estates = match &selector {
            None => self.estates(),
            Some(selectors) => self.select(selectors).map_err(|fault| error_object(&fault))?,
        };
        estates.sort_by(|a, b| a.namespec.cmp(&b.namespec));
        let states = states.map(|names| parse_states(&names)).transpose();
        let states = states.map_err(|fault| error_object(&fault))?;
        let fits = |info: &ProcessInfo| {
            states.as_ref().is_none_or(|states| states.iter().any(|state| state.as_str() == info.state))
        };
        let infos = estates.iter().map(|estate| Self::native_info(estate));
        Ok(ProcessList { items: infos.filter(fits).collect(), seq })
    }

    async fn process_get(&self, name: String) -> RpcResult<ProcessInfo> {
        let estate = self.process(&name).map_err(|fault| error_object(&fault))?;
        Ok(Self::native_info(&estate))
    }

    async fn process_start(
        &self,
        selector: Selectors,
        settle: Option<wire::Wait>,
        timeout_ms: Option<u64>,
        no_deps: Option<bool>,
    ) -> RpcResult<Operation> {
        let alone = no_deps.unwrap_or(false);
        self.selected_or_alone(&selector, Verb::Start, wait(settle), timeout_ms, alone).await
    }

    async fn process_stop(
        &self,
        selector: Selectors,
        settle: Option<wire::Wait>,
        timeout_ms: Option<u64>,
    ) -> RpcResult<Operation> {
        self.selected(&selector, Verb::Stop, wait(settle), timeout_ms).await
    }

    async fn process_restart(
        &self,
        selector: Selectors,
        settle: Option<wire::Wait>,
        timeout_ms: Option<u64>,
        no_deps: Option<bool>,
        rolling: Option<wire::Rolling>,
    ) -> RpcResult<Operation> {
        let alone = no_deps.unwrap_or(false);
        match rolling {
            None => self.selected_or_alone(&selector, Verb::Restart, wait(settle), timeout_ms, alone).await,
            Some(rolling) => {
                let rolled = self.rolled(&selector, settle, timeout_ms, alone, rolling).await;
                rolled.map_err(|fault| error_object(&fault))
            }
        }
    }

    async fn process_signal(&self, selector: Selectors, signal: SignalName) -> RpcResult<Operation> {
        let signal = act::signal(&signal).map_err(|fault| error_object(&fault))?;
        self.selected(&selector, Verb::Signal(signal), Wait::No, None).await
    }

    async fn process_disable(&self, selector: Selectors) -> RpcResult<Operation> {
        self.mark(&selector, true).await.map_err(|fault| error_object(&fault))
    }

    async fn process_enable(&self, selector: Selectors) -> RpcResult<Operation> {
        self.mark(&selector, false).await.map_err(|fault| error_object(&fault))
    }

    async fn process_graph(&self, selector: Option<Selectors>) -> RpcResult<GraphInfo> {
        self.requirements(selector.as_ref()).map_err(|fault| error_object(&fault))
    }

    async fn process_reload(&self, selector: Selectors, timeout_ms: Option<u64>) -> RpcResult<Operation> {
        let work = async {
            self.check_running()?;
            let targets = self.select_for_reload(&selector)?;
            self.operate(&targets, Verb::Reload, Wait::Settled, timeout_ms, false).await
        };
        work.await.map_err(|fault| error_object(&fault))
    }

    async fn process_explain(&self, selector: Selectors) -> RpcResult<Explanations> {
        self.explanations(&selector).map_err(|fault| error_object(&fault))
    }

    async fn process_history(
        &self,
        selector: Selectors,
        limit: Option<u32>,
        since: Option<u64>,
        within_ms: Option<u64>,
    ) -> RpcResult<Histories> {
        let span = Span { limit, since, within: within_ms.map(Duration::from_millis) };
        self.histories(&selector, span).map_err(|fault| error_object(&fault))
    }

    async fn process_scale(&self, name: String, count: Option<u32>) -> RpcResult<wire::ScaleInfo> {
        self.scale(name, count).await.map_err(|fault| error_object(&fault))
    }

    async fn process_programs(&self) -> RpcResult<Vec<wire::ProgramInfo>> {
        Ok(self.programs())
    }

    async fn process_roll(
        &self,
        pending: PendingSubscriptionSink,
        extensions: &Extensions,
        selector: Selectors,
        timeout_ms: Option<u64>,
        no_deps: Option<bool>,
        rolling: Option<wire::Rolling>,
    ) -> SubscriptionResult {
        let alone = no_deps.unwrap_or(false);
        let begin = async { self.begin_roll(&selector, timeout_ms, alone, rolling.unwrap_or_default()) };
        let begun = match caller::of(extensions) {
            Some(asked) => caller::scope(asked, begin).await,
            None => begin.await,
        };
        match begun {
            Ok(begun) => {
                // the daemon ends after the last of it was told
                let _stay = self.shared().farewell.join();
                begun.tell(pending.accept().await?).await;
            }
            Err(fault) => pending.reject(error_object(&fault)).await,
        }
        Ok(())
    }

    async fn process_watch(
        &self,
        pending: PendingSubscriptionSink,
        selector: Option<Selectors>,
    ) -> SubscriptionResult {
        let selectors = selector.map(|s| s.parse().map(events::owned)).transpose();
        match selectors {
            Ok(selectors) => {
                let sink = pending.accept().await?;
                self.watch(sink, selectors).await;
            }
            Err(fault) => pending.reject(error_object(&fault)).await,
        }
        Ok(())
    }
}

fn parse_states(names: &[String]) -> Result<Vec<ProcessState>, Fault> {
    let parse = |name: &String| {
        ProcessState::parse(&name.to_ascii_uppercase())
            .ok_or_else(|| Fault::BadArguments(format!("{name:?} is not a process state")))
    };
    names.iter().map(parse).collect()
}

#[async_trait]
impl GroupApiServer for Bridge {
    async fn group_list(&self) -> RpcResult<Vec<GroupInfo>> {
        Ok(self.shared().arena.by_priority().iter().map(|group| self.group_info(group)).collect())
    }

    async fn group_start(
        &self,
        name: String,
        settle: Option<wire::Wait>,
        timeout_ms: Option<u64>,
    ) -> RpcResult<Operation> {
        self.whole(&name, Verb::Start, wait(settle), timeout_ms).await
    }

    async fn group_stop(
        &self,
        name: String,
        settle: Option<wire::Wait>,
        timeout_ms: Option<u64>,
    ) -> RpcResult<Operation> {
        self.whole(&name, Verb::Stop, wait(settle), timeout_ms).await
    }

    async fn group_restart(
        &self,
        name: String,
        settle: Option<wire::Wait>,
        timeout_ms: Option<u64>,
    ) -> RpcResult<Operation> {
        self.whole(&name, Verb::Restart, wait(settle), timeout_ms).await
    }

    async fn group_get(&self, name: String) -> RpcResult<GroupInfo> {
        let group = self.group(&name).map_err(|fault| error_object(&fault))?;
        Ok(self.group_info(&group))
    }

    async fn group_spawn(
        &self,
        name: String,
        args: Option<BTreeMap<String, String>>,
        settle: Option<wire::Wait>,
        timeout_ms: Option<u64>,
    ) -> RpcResult<Operation> {
        let work = async {
            self.check_running()?;
            let spawn = Spawn { template: name, args: args.unwrap_or_default(), by: act::asked() };
            let spawned = self.ask(spawn).await?;
            let estate = self.shared().arena.estate(&spawned);
            let estate = estate.ok_or_else(|| Fault::ProcessNotFound(spawned.to_string()))?;
            let made = [Arc::clone(&estate)];
            let operation = self.operate(&made, Verb::Start, wait(settle), timeout_ms, false).await?;
            // one whose start was refused never was: nobody is told of its end, and nobody else takes it out
            let is_refused = operation.rows.iter().any(|row| !row.ok) && estate.record().incarnation == 0;
            if is_refused && let Some(root) = self.shared().posts.dismissals.get() {
                root.do_send(Dismiss(spawned));
            }
            Ok(operation)
        };
        work.await.map_err(|fault| error_object(&fault))
    }

    async fn group_update(&self, name: String) -> RpcResult<GroupUpdate> {
        self.update(name).await.map_err(|fault| error_object(&fault))
    }
}
