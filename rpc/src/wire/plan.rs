//! What an update would change, process by process, and what one did.

use crate::wire::RowError;
use serde::{Deserialize, Serialize};
use treeherd_domain::plan::{Action, Change, GroupSteps, Plan, ProbeChange, ServerChange, Step, Unit};
use treeherd_domain::reload::KeyChange;
use treeherd_domain::spec::GroupSpec;

/// The answer of `config.plan`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanInfo {
    /// Groups that are configured and not active.
    pub added: Vec<String>,
    /// Groups that are active and defined differently.
    pub changed: Vec<ChangedGroup>,
    /// Groups that are active and no longer configured.
    pub removed: Vec<String>,
    /// Whether the steps are those of an update per process.
    #[serde(default)]
    pub per_process: bool,
    /// What is done to each group of the above, in the order of an update: what goes, what changes, what comes.
    #[serde(default)]
    pub groups: Vec<PlannedGroup>,
    /// Probes that come, go, or are defined differently. They are taken over when the file is read, by `reread` as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ChangedProbe>,
    /// Keys of `[supervisord]` that differ from those with which the daemon was started, and hold once it is started anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub daemon: Vec<String>,
    /// Sections of control endpoints that differ from those with which the daemon was started, and hold from the same moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<ChangedServer>,
}

/// A section of the control endpoints that is not what it was when the daemon was started.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedServer {
    /// The section as written, without its brackets.
    pub section: String,
    /// `added`, `changed` or `removed`.
    pub change: String,
    /// The keys that differ, without their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
}

/// A `[probe:x]` that came, went, or is defined differently.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedProbe {
    /// `x`.
    pub name: String,
    /// `added`, `changed` or `removed`.
    pub change: String,
    /// What differs of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<ChangedKey>,
}

/// A group that is defined differently.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedGroup {
    /// The group.
    pub name: String,
    /// What differs.
    pub changes: Vec<ChangedKeys>,
}

/// The keys in which a process, or the group itself, differs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedKeys {
    /// The process; absent for the group itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// The keys; `numprocs` for a process that comes or goes.
    pub keys: Vec<String>,
}

/// What is done to one group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedGroup {
    /// The group.
    pub name: String,
    /// `add`, `remove`, `restart` (stopped, removed and added as a whole) or `update` (process by process).
    pub action: String,
    /// What differs of the group itself.
    #[serde(default)]
    pub keys: Vec<ChangedKey>,
    /// What is done to each of its processes.
    pub processes: Vec<PlannedProcess>,
}

/// What is done to one process.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedProcess {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// `add`, `remove`, `restart`, `update` (without a stop) or `none`.
    pub action: String,
    /// `hot`, `next start` or `restart`: what its own changed keys ask for. Absent if none of them changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload: Option<String>,
    /// What differs of it.
    #[serde(default)]
    pub keys: Vec<ChangedKey>,
    /// Its state now; absent if it is not active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Whether it is started by the update; absent where nothing of the kind happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<bool>,
}

/// A key that differs. Of `environment` the values are the names of the variables that differ.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedKey {
    /// The key.
    pub key: String,
    /// `hot`, `next start` or `restart`.
    pub reload: String,
    /// As it is.
    pub old: String,
    /// As it is configured.
    pub new: String,
}

/// The answer of `group.update`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct GroupUpdate {
    /// The group.
    pub name: String,
    /// Whether its processes can be replaced one by one; if not, nothing was done.
    pub divisible: bool,
    /// Whether it is as it is configured now. If not, a process could not be stopped, and what was stopped for it has
    /// been started again.
    pub applied: bool,
    /// What differed of the group itself.
    #[serde(default)]
    pub keys: Vec<ChangedKey>,
    /// One row for each process that was touched, or could not be stopped.
    pub rows: Vec<UpdatedProcess>,
}

/// What became of one process in an update.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct UpdatedProcess {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// `add`, `remove`, `restart` or `update`.
    pub action: String,
    /// As in the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload: Option<String>,
    /// Whether it was stopped for it.
    pub stopped: bool,
    /// What went wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RowError>,
}

impl From<&Plan> for PlanInfo {
    /// The plan of an update as Supervisor makes it.
    fn from(plan: &Plan) -> Self {
        Self::of(plan, Unit::Group)
    }
}

impl PlanInfo {
    /// What an update does by this plan.
    #[must_use]
    pub fn of(plan: &Plan, unit: Unit) -> Self {
        let names =
            |groups: &[std::sync::Arc<GroupSpec>]| groups.iter().map(|g| g.name.to_string()).collect();
        Self {
            added: names(&plan.add),
            changed: plan.change.iter().map(ChangedGroup::from).collect(),
            removed: names(&plan.remove),
            per_process: unit == Unit::Process,
            groups: plan.steps(unit).iter().map(PlannedGroup::from).collect(),
            probes: plan.probes.iter().map(ChangedProbe::from).collect(),
            daemon: plan.daemon.iter().map(|key| (*key).to_owned()).collect(),
            servers: plan.servers.iter().map(ChangedServer::from).collect(),
        }
    }

    /// Whether an update would do nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.probes.is_empty()
    }

    /// The same of these groups alone.
    #[must_use]
    pub fn only(mut self, names: &[String]) -> Self {
        self.added.retain(|name| names.contains(name));
        self.changed.retain(|group| names.contains(&group.name));
        self.removed.retain(|name| names.contains(name));
        self.groups.retain(|group| names.contains(&group.name));
        self
    }
}

impl From<&ProbeChange> for ChangedProbe {
    fn from(change: &ProbeChange) -> Self {
        Self {
            name: change.name().to_owned(),
            change: change.as_str().to_owned(),
            keys: change.keys().iter().map(ChangedKey::from).collect(),
        }
    }
}

impl From<&ServerChange> for ChangedServer {
    fn from(change: &ServerChange) -> Self {
        Self {
            section: change.section.clone(),
            change: change.change.as_str().to_owned(),
            keys: change.keys.iter().map(|key| (*key).to_owned()).collect(),
        }
    }
}

impl From<&Change> for ChangedGroup {
    fn from(change: &Change) -> Self {
        let keys = |(process, keys): (String, Vec<&str>)| ChangedKeys {
            process: Some(process).filter(|name| !name.is_empty()),
            keys: keys.into_iter().map(str::to_owned).collect(),
        };
        Self { name: change.new.name.to_string(), changes: change.keys().into_iter().map(keys).collect() }
    }
}

impl From<&GroupSteps> for PlannedGroup {
    fn from(steps: &GroupSteps) -> Self {
        Self {
            name: steps.group.to_string(),
            action: steps.action.as_str().to_owned(),
            keys: steps.changes.iter().map(ChangedKey::from).collect(),
            processes: steps.processes.iter().map(PlannedProcess::from).collect(),
        }
    }
}

impl From<&Step> for PlannedProcess {
    /// Without what only the running daemon knows.
    fn from(step: &Step) -> Self {
        Self {
            name: step.namespec.process.to_string(),
            group: step.namespec.group.to_string(),
            action: step.action.as_str().to_owned(),
            reload: step.reload().map(|reload| reload.as_str().to_owned()),
            keys: step.changes.iter().map(ChangedKey::from).collect(),
            state: None,
            starts: None,
        }
    }
}

impl From<&KeyChange> for ChangedKey {
    fn from(change: &KeyChange) -> Self {
        Self {
            key: change.key.to_owned(),
            reload: change.reload.as_str().to_owned(),
            old: change.old.clone(),
            new: change.new.clone(),
        }
    }
}

impl UpdatedProcess {
    /// A process that was touched by this step.
    #[must_use]
    pub fn of(step: &Step, stopped: bool, error: Option<RowError>) -> Self {
        Self {
            name: step.namespec.process.to_string(),
            group: step.namespec.group.to_string(),
            action: step.action.as_str().to_owned(),
            reload: step.reload().map(|reload| reload.as_str().to_owned()),
            stopped,
            error,
        }
    }

    /// Whether it was done without a stop.
    #[must_use]
    pub fn is(&self, action: Action) -> bool {
        self.action == action.as_str()
    }
}
