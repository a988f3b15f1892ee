//! `config.plan` and `group.update`: what the configuration file would change, and a group brought to it process by
//! process.
//!
//! ```text
//! group.update ─► steps ─► stop what goes and what restarts ─► Reshape ─► start what restarts and was up ─► rows
//!                              │ a stop fails                      │ refused
//!                              └───────────► start again what was stopped, as it was ◄┘
//! ```
//!
//! What was up before is up afterwards, what was down stays down. It is carried out even if the caller goes away.
//! Absent: replacing a whole group, which clients do by `supervisor.*` as Supervisor's own does.

use super::{Bridge, act};
use crate::command::{Outcome, Verb, Wait};
use crate::estate::{Estate, GroupEstate};
use crate::root::scale::Kept;
use crate::root::update::{Reread, Reshape};
use jsonrpsee::core::{RpcResult, async_trait};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::plan::{Action, Change, Plan, Step, Unit};
use treeherd_rpc::api::ConfigApiServer;
use treeherd_rpc::code::{error_object, row_error};
use treeherd_rpc::wire::{ChangedKey, GroupUpdate, PlanInfo, PlannedProcess, UpdatedProcess};
use treeherd_web::caller;

/// What went wrong, by process.
type Faults = HashMap<Namespec, Fault>;

#[async_trait]
impl ConfigApiServer for Bridge {
    async fn config_plan(
        &self,
        per_process: Option<bool>,
        groups: Option<Vec<String>>,
    ) -> RpcResult<PlanInfo> {
        let unit = if per_process == Some(true) { Unit::Process } else { Unit::Group };
        self.plan(unit, groups).await.map_err(|fault| error_object(&fault))
    }

    async fn config_reread(&self) -> RpcResult<PlanInfo> {
        let reread = async {
            self.check_running()?;
            self.ask(Reread { keep: true }).await
        };
        let plan = reread.await.map_err(|fault| error_object(&fault))?;
        let info = PlanInfo::of(&plan, Unit::Group);
        Ok(self.completed(&plan, Unit::Group, info))
    }
}

impl Bridge {
    async fn plan(&self, unit: Unit, groups: Option<Vec<String>>) -> Result<PlanInfo, Fault> {
        self.check_running()?;
        let plan = self.ask(Reread { keep: false }).await?;
        let mut info = PlanInfo::of(&plan, unit);
        if let Some(names) = groups {
            self.check_known(&plan, &names)?;
            info = info.only(&names);
        }
        Ok(self.completed(&plan, unit, info))
    }

    /// The same with what only the running daemon knows of the processes.
    fn completed(&self, plan: &Plan, unit: Unit, mut info: PlanInfo) -> PlanInfo {
        let starts: HashMap<Namespec, bool> = plan
            .steps(unit)
            .iter()
            .flat_map(|group| group.processes.iter().map(|step| (group.action, step)))
            .filter_map(|(group, step)| Some((step.namespec.clone(), self.starts(group, step)?)))
            .collect();
        for process in info.groups.iter_mut().flat_map(|group| &mut group.processes) {
            self.complete(process, &starts);
        }
        info
    }

    fn check_known(&self, plan: &Plan, names: &[String]) -> Result<(), Fault> {
        let added = |name: &String| plan.add.iter().any(|group| group.name.as_str() == name);
        let is_known = |name: &String| added(name) || self.shared().arena.group(name).is_some();
        match names.iter().find(|name| !is_known(name)) {
            Some(unknown) => Err(Fault::GroupNotFound(unknown.clone())),
            None => Ok(()),
        }
    }

    /// Adds what only the running daemon knows of a process.
    fn complete(&self, process: &mut PlannedProcess, starts: &HashMap<Namespec, bool>) {
        let namespec = Namespec::new(GroupName::new(&process.group), ProcessName::new(&process.name));
        let estate = self.shared().arena.estate(&namespec);
        process.state = estate.map(|estate| estate.record().machine.name().as_str().to_owned());
        process.starts = starts.get(&namespec).copied();
    }

    /// Whether a step starts its process; `None` where it neither stops nor adds one.
    fn starts(&self, group: Action, step: &Step) -> Option<bool> {
        let estate = self.shared().arena.estate(&step.namespec);
        let is_up = estate.as_ref().is_some_and(|estate| is_up(estate));
        let is_fresh = estate.is_none_or(|estate| estate.record().incarnation == 0);
        let autostart = step.spec.as_ref().is_some_and(|spec| spec.autostart);
        match (step.action, group) {
            (Action::Add, _) | (Action::Restart, Action::Restart) => Some(autostart),
            (Action::Restart, _) => Some(is_up || is_fresh && autostart),
            (Action::Update, _) if is_fresh && autostart => Some(true),
            (Action::Update | Action::Remove | Action::None, _) => None,
        }
    }

    /// Brings an active group to the configuration that was read last. One such change at a time: whoever asks for
    /// the same meanwhile finds it done.
    pub(super) async fn update(&self, name: String) -> Result<GroupUpdate, Fault> {
        self.check_running()?;
        let bridge = self.clone();
        let work = tokio::spawn(caller::carried(async move {
            let _turn = bridge.0.updates.lock().await;
            bridge.update_in_turn(name).await
        }));
        work.await.unwrap_or_else(|_| Err(self.crashed()))
    }

    async fn update_in_turn(&self, name: String) -> Result<GroupUpdate, Fault> {
        self.check_running()?;
        let config = self.shared().arena.config();
        let new =
            config.group(&GroupName::new(&name)).cloned().ok_or(Fault::GroupNotFound(name.clone()))?;
        let group = self.group(&name)?;
        let change = Change { old: Arc::clone(&group.spec), new };
        let answer = GroupUpdate { name, divisible: change.is_divisible(), ..GroupUpdate::default() };
        if !answer.divisible || change.old == change.new {
            let applied = change.old == change.new;
            return Ok(GroupUpdate { applied, ..answer });
        }
        self.carry_out(change, &group, answer, None).await
    }

    /// Has a group as it shall be. An error tells that it is as before; with it, what goes with the change is not kept.
    pub(super) async fn carry_out(
        &self,
        change: Change,
        group: &Arc<GroupEstate>,
        mut answer: GroupUpdate,
        kept: Option<Kept>,
    ) -> Result<GroupUpdate, Fault> {
        let steps = change.steps(Unit::Process);
        let ending = |step: &&Step| matches!(step.action, Action::Restart | Action::Remove);
        let ends = steps.processes.iter().filter(ending);
        let ends: Vec<_> = ends.filter_map(|step| group.estate(&step.namespec.process).cloned()).collect();
        let up: Vec<_> = ends.iter().filter(|estate| is_up(estate)).cloned().collect();
        let was_up: HashSet<Namespec> = up.iter().map(|estate| estate.namespec.clone()).collect();
        let restarts = |step: &&Step| step.action == Action::Restart && was_up.contains(&step.namespec);
        let again: Vec<Namespec> =
            steps.processes.iter().filter(restarts).map(|step| step.namespec.clone()).collect();

        let mut faults = self.together(&up, Verb::Stop, Wait::Settled).await;
        // one that ended by itself meanwhile is down as well
        faults.retain(|_, fault| !matches!(fault, Fault::NotRunning(_)));
        answer.applied = faults.is_empty();
        if answer.applied {
            if let Err(fault) = self.ask(Reshape { change, by: act::asked(), kept }).await {
                self.start_again(&up).await;
                return Err(fault);
            }
            let arena = &self.shared().arena;
            let heirs: Vec<_> = again.iter().filter_map(|namespec| arena.estate(namespec)).collect();
            faults = self.together(&heirs, Verb::Start, Wait::No).await;
        } else {
            let stopped: Vec<_> =
                up.iter().filter(|estate| !faults.contains_key(&estate.namespec)).cloned().collect();
            self.start_again(&stopped).await;
        }
        answer.keys = steps.changes.iter().map(ChangedKey::from).collect();
        answer.rows = rows(&steps.processes, answer.applied, &was_up, &faults);
        Ok(answer)
    }

    /// Starts what was stopped for an update that does not take place.
    async fn start_again(&self, estates: &[Arc<Estate>]) {
        self.together(estates, Verb::Start, Wait::No).await;
    }

    /// Has all of them do something; what went wrong. Where nobody can be asked, it went wrong with each.
    async fn together(&self, estates: &[Arc<Estate>], verb: Verb, wait: Wait) -> Faults {
        let outcomes = match self.all(estates, verb, wait, None).await {
            Ok(gathered) => gathered.outcomes,
            Err(fault) => {
                let failed =
                    |estate: &Arc<Estate>| Outcome::new(estate.namespec.clone(), Err(fault.clone()));
                estates.iter().map(failed).collect()
            }
        };
        outcomes.into_iter().filter_map(|outcome| Some((outcome.namespec, outcome.result.err()?))).collect()
    }
}

/// What is told of each process that an update has touched, or could not stop.
fn rows(steps: &[Step], applied: bool, was_up: &HashSet<Namespec>, faults: &Faults) -> Vec<UpdatedProcess> {
    let is_told = |step: &&Step| match applied {
        true => step.action != Action::None,
        false => faults.contains_key(&step.namespec),
    };
    let row = |step: &Step| {
        let error = faults.get(&step.namespec).map(row_error);
        UpdatedProcess::of(step, was_up.contains(&step.namespec), error)
    };
    steps.iter().filter(is_told).map(row).collect()
}

/// Whether a process is there, or on its way.
fn is_up(estate: &Estate) -> bool {
    estate.record().machine.name().is_running()
}
