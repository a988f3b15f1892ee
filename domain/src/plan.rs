//! What changed between two configurations, as a value.
//!
//! `reread` prints it, `update` carries it out, start-up is the plan from nothing. Groups are the unit
//! of change, as in Supervisor.

use crate::name::GroupName;
use crate::spec::{GroupSpec, ProcessSpec};
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
                Some(active) if active != *group => {
                    plan.change.push(Change { old: active, new: Arc::clone(group) });
                }
                Some(_) => {}
            }
        }
        plan
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.change.is_empty() && self.add.is_empty()
    }
}

impl Change {
    /// The keys that differ, per process name, in definition order; processes that come or go are
    /// listed with the one key `numprocs`. What belongs to no process has an empty name: `priority` of
    /// the group, and `programs` for another order of the processes or another kind of section.
    #[must_use]
    pub fn keys(&self) -> Vec<(String, Vec<&'static str>)> {
        let mut changed = Vec::new();
        let rows = [
            ("priority", self.old.priority != self.new.priority),
            ("programs", self.old.kind != self.new.kind || self.is_reordered()),
        ];
        let keys: Vec<_> = rows.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect();
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
                Some(old) if old != *process => changed.push((name.to_owned(), differing(&old, process))),
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

/// The keys in which two specs of one process differ.
fn differing(a: &ProcessSpec, b: &ProcessSpec) -> Vec<&'static str> {
    let rows = [
        ("command", a.command != b.command),
        ("priority", a.priority != b.priority),
        ("autostart", a.autostart != b.autostart),
        ("autorestart", a.autorestart != b.autorestart),
        ("startsecs", a.startsecs != b.startsecs),
        ("startretries", a.startretries != b.startretries),
        ("exitcodes", a.exitcodes != b.exitcodes),
        ("stopsignal", a.stopsignal != b.stopsignal),
        ("stopwaitsecs", a.stopwaitsecs != b.stopwaitsecs),
        ("stopasgroup", a.stopasgroup != b.stopasgroup),
        ("killasgroup", a.killasgroup != b.killasgroup),
        ("user", a.user != b.user),
        ("umask", a.umask != b.umask),
        ("directory", a.directory != b.directory),
        ("environment", a.environment != b.environment),
        ("serverurl", a.serverurl != b.serverurl),
        ("redirect_stderr", a.redirect_stderr != b.redirect_stderr),
        ("stdout_logfile", a.stdout.logfile != b.stdout.logfile),
        ("stdout_logfile_maxbytes", a.stdout.rotation.maxbytes != b.stdout.rotation.maxbytes),
        ("stdout_logfile_backups", a.stdout.rotation.backups != b.stdout.rotation.backups),
        ("stdout_capture_maxbytes", a.stdout.capture_maxbytes != b.stdout.capture_maxbytes),
        ("stdout_events_enabled", a.stdout.events_enabled != b.stdout.events_enabled),
        ("stdout_syslog", a.stdout.syslog != b.stdout.syslog),
        ("stderr_logfile", a.stderr.logfile != b.stderr.logfile),
        ("stderr_logfile_maxbytes", a.stderr.rotation.maxbytes != b.stderr.rotation.maxbytes),
        ("stderr_logfile_backups", a.stderr.rotation.backups != b.stderr.rotation.backups),
        ("stderr_capture_maxbytes", a.stderr.capture_maxbytes != b.stderr.capture_maxbytes),
        ("stderr_events_enabled", a.stderr.events_enabled != b.stderr.events_enabled),
        ("stderr_syslog", a.stderr.syslog != b.stderr.syslog),
        ("pipe_size", a.pipe_size != b.pipe_size),
    ];
    rows.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}
