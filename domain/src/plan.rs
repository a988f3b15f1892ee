//! What changed between two configurations, as a value.
//!
//! `reread` prints it, `update` carries it out, start-up is the plan from nothing. Groups are the unit
//! of change, as in Supervisor; `steps` says what that is for each process, and what it is if processes
//! are the unit.

mod daemon;
mod probes;
mod servers;
mod steps;

pub use probes::ProbeChange;
pub use servers::{SectionChange, ServerChange};
pub use steps::{Action, GroupSteps, Step, Unit};

use crate::health::ProbeSpec;
use crate::name::GroupName;
use crate::reload;
use crate::spec::{Config, GroupSpec};
use std::sync::Arc;

/// The difference between the groups that are active and those that are configured.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Active, no longer configured; in the order of `old`.
    pub remove: Vec<Arc<GroupSpec>>,
    /// In both, and different; old and new; in the order of `new`.
    pub change: Vec<Change>,
    /// Configured, not active; in the order of `new`.
    pub add: Vec<Arc<GroupSpec>>,
    /// Probes, by name: they are changed by the reading alone.
    pub probes: Vec<ProbeChange>,
    /// Keys of `[supervisord]` that differ from those with which the daemon was started, and hold once it is started anew.
    pub daemon: Vec<&'static str>,
    /// Sections of control endpoints that differ from those with which the daemon was started; they hold from the same moment.
    pub servers: Vec<ServerChange>,
}

/// A group that is defined differently now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// As it runs.
    pub old: Arc<GroupSpec>,
    /// As it is configured.
    pub new: Arc<GroupSpec>,
}

impl Plan {
    /// The plan that leads from `old` to `new`.
    #[must_use]
    pub fn between(old: &[Arc<GroupSpec>], new: &[Arc<GroupSpec>]) -> Self {
        let find = |groups: &[Arc<GroupSpec>], name: &GroupName| {
            groups.iter().find(|group| group.name == *name).cloned()
        };
        let remove = old.iter().filter(|o| find(new, &o.name).is_none()).cloned().collect();
        let mut plan = Self { remove, ..Self::default() };
        for group in new {
            match find(old, &group.name) {
                None => plan.add.push(Arc::clone(group)),
                Some(active) if !active.runs_as(group) => {
                    plan.change.push(Change { old: active, new: Arc::clone(group) });
                }
                Some(_) => {}
            }
        }
        plan
    }

    /// The same plan with what changed of the probes.
    #[must_use]
    pub fn with_probes(self, old: &[Arc<ProbeSpec>], new: &[Arc<ProbeSpec>]) -> Self {
        Self { probes: ProbeChange::between(old, new), ..self }
    }

    /// The same plan with what changed of the daemon itself and is not taken over while it runs.
    #[must_use]
    pub fn with_daemon(self, started: &Config, new: &Config) -> Self {
        let daemon = daemon::held_back(&started.daemon, &new.daemon);
        Self { daemon, servers: ServerChange::between(started, new), ..self }
    }

    /// What was read and holds once the daemon is started anew, one text for each section: `[supervisord] umask, user:
    /// changed`, `[inet_http_server]: added`.
    pub fn held_back(&self) -> impl Iterator<Item = String> {
        let daemon = Some(self.daemon.join(", ")).filter(|keys| !keys.is_empty());
        let daemon = daemon.map(|keys| format!("[supervisord] {keys}: changed"));
        daemon.into_iter().chain(self.servers.iter().map(ToString::to_string))
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.change.is_empty() && self.add.is_empty() && self.probes.is_empty()
    }
}

impl Change {
    /// The keys that differ, per process name, in definition order; processes that come or go are
    /// listed with the one key `numprocs`. What belongs to no process has an empty name: `priority` of
    /// the group, the keys of a pool of listeners or of a template, and `programs` for another order of the processes.
    #[must_use]
    pub fn keys(&self) -> Vec<(String, Vec<&'static str>)> {
        let mut changed = Vec::new();
        let keys: Vec<_> = self.group_changes().into_iter().map(|change| change.key).collect();
        if !keys.is_empty() {
            changed.push((String::new(), keys));
        }
        let find = |group: &GroupSpec, name: &str| {
            group.processes.iter().find(|p| p.name.as_str() == name).cloned()
        };
        for process in &self.new.processes {
            let name = process.name.as_str();
            match find(&self.old, name) {
                None => changed.push((name.to_owned(), vec!["numprocs"])),
                Some(old) if old != *process => {
                    let keys = reload::changes(&old, process).into_iter().map(|change| change.key);
                    changed.push((name.to_owned(), keys.collect()));
                }
                Some(_) => {}
            }
        }
        for process in &self.old.processes {
            if find(&self.new, process.name.as_str()).is_none() {
                changed.push((process.name.to_string(), vec!["numprocs"]));
            }
        }
        changed
    }

    /// Whether the processes that are in both stand in another order.
    fn is_reordered(&self) -> bool {
        let common = |from: &GroupSpec, other: &GroupSpec| -> Vec<_> {
            let names =
                |group: &GroupSpec| group.processes.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
            let others = names(other);
            names(from).into_iter().filter(|name| others.contains(name)).collect()
        };
        common(&self.old, &self.new) != common(&self.new, &self.old)
    }
}
