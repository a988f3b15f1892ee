//! Commands to many processes at once: fanned out before anything is awaited, gathered as they end.

use super::Bridge;
use crate::clock;
use crate::command::{Outcome, Reply, Verb, Wait};
use crate::estate::{Estate, GroupEstate};
use crate::program::Do;
use crate::root::Dispatch;
use crate::root::order::{InOrder, graph};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use treeherd_domain::cause::{Asked, Cause};
use treeherd_domain::depend::descent::Descent;
use treeherd_domain::fault::Fault;
use treeherd_domain::group::Wish;
use treeherd_domain::health::Check;
use treeherd_domain::name::Namespec;
use treeherd_domain::signal::Signal;
use treeherd_web::caller;

/// Outcomes that come within one such time are told in the order of the targets, as by Supervisor, which
/// looks that often.
const ROUND: Duration = Duration::from_millis(50);
/// What a call may take beyond the times its targets are configured with.
const MARGIN: Duration = Duration::from_secs(60);

/// What a oneshot may take until it has done what it is for.
pub(super) const ONESHOT: Duration = Duration::from_secs(3600);

/// The outcomes of a fanned-out command.
#[derive(Debug)]
pub(super) struct Gathered {
    /// In the order in which they came, by rounds; those that did not come in time are last.
    pub(super) outcomes: Vec<Outcome>,
    /// How many did not come in time.
    pub(super) late: usize,
}

impl Bridge {
    /// Has one process do something.
    pub(super) async fn one(&self, estate: &Arc<Estate>, verb: Verb, wait: Wait) -> Result<(), Fault> {
        let gathered = self.all(std::slice::from_ref(estate), verb, wait, None).await?;
        gathered.outcomes.into_iter().next().map_or_else(|| Err(self.crashed()), |outcome| outcome.result)
    }

    /// Has each of these processes do something, all at the same time, within `limit` or within what
    /// their configuration allows.
    pub(super) async fn all(
        &self,
        estates: &[Arc<Estate>],
        verb: Verb,
        wait: Wait,
        limit: Option<Duration>,
    ) -> Result<Gathered, Fault> {
        self.all_or_alone(estates, verb, wait, limit, false).await
    }

    /// The same; with `alone`, a start or restart waits for nothing that is required and brings nothing of that up.
    pub(super) async fn all_or_alone(
        &self,
        estates: &[Arc<Estate>],
        verb: Verb,
        wait: Wait,
        limit: Option<Duration>,
        alone: bool,
    ) -> Result<Gathered, Fault> {
        let cause = Cause::Asked(asked());
        let root = self.root().await?;
        let (reply, outcomes) = Reply::channel(estates.len());
        let arena = &self.shared().arena;
        let all = estates.iter().map(|estate| estate.namespec.clone());
        let descent = Descent::new(graph(arena), &arena.lines(), all);
        let limit = limit.unwrap_or_else(|| self.patience(estates, &descent));
        if matches!(verb, Verb::Stop | Verb::Restart) && estates.len() > 1 && descent.is_ordered() {
            root.do_send(InOrder { descent, restart: verb == Verb::Restart, wait, cause, alone, reply });
        } else {
            for estate in estates {
                let command = Do::new(verb, wait, cause.clone(), alone, reply.clone());
                root.do_send(Dispatch { namespec: estate.namespec.clone(), command });
            }
            drop(reply);
        }
        Ok(self.gather(estates, outcomes, limit).await)
    }

    /// Waits for the outcomes of these, no longer than `limit`.
    async fn gather(
        &self,
        estates: &[Arc<Estate>],
        mut outcomes: mpsc::Receiver<Outcome>,
        limit: Duration,
    ) -> Gathered {
        let begun = clock::now();
        let mut arrived: HashMap<Namespec, (u128, Outcome)> = HashMap::with_capacity(estates.len());
        let gather = async {
            while let Some(outcome) = outcomes.recv().await {
                let round = (clock::now() - begun).as_millis() / ROUND.as_millis();
                arrived.insert(outcome.namespec.clone(), (round, outcome));
            }
        };
        let is_late = timeout(limit, gather).await.is_err();
        let (mut told, mut missing) = (Vec::with_capacity(estates.len()), Vec::new());
        for Estate { namespec, .. } in estates.iter().map(Arc::as_ref) {
            match arrived.remove(namespec) {
                Some(outcome) => told.push(outcome),
                None => missing.push(namespec),
            }
        }
        told.sort_by_key(|(round, _)| *round);
        let late = if is_late { missing.len() } else { 0 };
        let lost = |namespec: &Namespec| {
            let fault = match is_late {
                true => Fault::WaitTimeout { namespec: namespec.clone(), waited: limit },
                false => self.crashed(),
            };
            Outcome::new(namespec.clone(), Err(fault))
        };
        let told = told.into_iter().map(|(_, outcome)| outcome);
        Gathered { outcomes: told.chain(missing.into_iter().map(lost)).collect(), late }
    }

    /// As long as the slowest may take by its configuration, with all that is before it, and then some.
    fn patience(&self, estates: &[Arc<Estate>], descent: &Descent) -> Duration {
        let own = |namespec: &Namespec| {
            let estate = self.shared().arena.estate(namespec);
            estate.map_or(Duration::ZERO, |e| {
                let health = &e.spec.health;
                let ready =
                    if health.ready == Check::Startsecs { Duration::ZERO } else { health.ready_timeout };
                let work = if e.policy.oneshot { ONESHOT } else { e.policy.startsecs };
                let own = work.max(ready).saturating_add(e.policy.stop_time());
                // a command waits for its place for as long as it may run; a start for the post_stop of the life before
                let hooks = &e.spec.hooks;
                let each = [&e.spec.reload.command, &hooks.pre_start, &hooks.post_stop, &hooks.post_stop];
                let commands = 2 * each.into_iter().flatten().count().try_into().unwrap_or(u32::MAX / 2);
                own.saturating_add(e.spec.hooks.timeout.saturating_mul(commands))
            })
        };
        descent.longest(estates.iter().map(|estate| &estate.namespec), own).saturating_add(MARGIN)
    }

    /// Those processes of a group that a verb is for, in ascending priority; the others are left out.
    pub(super) fn members(&self, group: &GroupEstate, verb: Verb) -> Vec<Arc<Estate>> {
        let fits = |estate: &Arc<Estate>| {
            if verb == Verb::Stop && self.shared().is_due(&estate.namespec) {
                return true;
            }
            let record = estate.record();
            // what is disabled is started by nobody who does not mean it by its name, and that is refused; nor is it stopped
            // by a restart
            let starts = matches!(verb, Verb::Start | Verb::Restart);
            verb.is_for(&record.machine.state()) && !(record.disabled && starts)
        };
        group.by_priority().into_iter().filter(fits).collect()
    }

    /// Those of them, after the group was told that the others are to be down as well if it is a stop: it may be about
    /// to start them again by its rules.
    pub(super) fn members_for(&self, group: &GroupEstate, verb: Verb) -> Vec<Arc<Estate>> {
        let members = self.members(group, verb);
        if let Some(wish) = Wish::of_others(verb) {
            let is_left_out =
                |estate: &&Arc<Estate>| !members.iter().any(|member| Arc::ptr_eq(member, estate));
            for estate in group.estates.iter().filter(is_left_out) {
                self.shared().ask_group(&estate.namespec, wish);
            }
        }
        members
    }

    /// The same of all groups.
    pub(super) fn everybody(&self, verb: Verb) -> Vec<Arc<Estate>> {
        let groups = self.shared().arena.by_priority();
        groups.iter().flat_map(|group| self.members_for(group, verb)).collect()
    }
}

/// Who asks, in the call that is being answered.
pub(super) fn asked() -> Arc<Asked> {
    caller::current().unwrap_or_else(|| Arc::new(Asked::inside("a call")))
}

/// A signal by name or number.
pub(super) fn signal(name: &treeherd_rpc::wire::supervisor::SignalName) -> Result<Signal, Fault> {
    name.parse()
}
