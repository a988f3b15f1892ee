//! The types of events that a listener may subscribe to, and sets of them.
//!
//! ```text
//! EVENT -- PROCESS_STATE -- PROCESS_STATE_RUNNING ...      the lowest have a bit each
//!      `-- TICK ----------- TICK_5 ...                     a name above them stands for all below it
//! ```
//!
//! A listener may subscribe to Supervisor's types, no more: what only treeherd has is not sent to one that asks for
//! `EVENT`, for it could not know it. A subscriber may subscribe to all.

use super::{EventKind, GroupNews, is_below};
use std::collections::BTreeSet;

/// The types that events have; what is above them is none of its own.
pub const TYPES: [&str; 20] = [
    "PROCESS_STATE_STOPPED",
    "PROCESS_STATE_EXITED",
    "PROCESS_STATE_STARTING",
    "PROCESS_STATE_STOPPING",
    "PROCESS_STATE_BACKOFF",
    "PROCESS_STATE_FATAL",
    "PROCESS_STATE_RUNNING",
    "PROCESS_STATE_UNKNOWN",
    "PROCESS_COMMUNICATION_STDOUT",
    "PROCESS_COMMUNICATION_STDERR",
    "PROCESS_LOG_STDOUT",
    "PROCESS_LOG_STDERR",
    "REMOTE_COMMUNICATION",
    "SUPERVISOR_STATE_CHANGE_RUNNING",
    "SUPERVISOR_STATE_CHANGE_STOPPING",
    "TICK_5",
    "TICK_60",
    "TICK_3600",
    "PROCESS_GROUP_ADDED",
    "PROCESS_GROUP_REMOVED",
];

/// The types that only treeherd has.
pub const OURS: [&str; 18] = [
    "ACTOR_RESTARTED",
    "LOG_TROUBLE",
    "GROUP_CHANGED",
    "PROCESS_BECAME",
    "PROCESS_READY",
    "PROCESS_NOT_READY",
    "PROCESS_HEALTHY",
    "PROCESS_UNHEALTHY",
    "PROBE_HEALTHY",
    "PROBE_UNHEALTHY",
    "GROUP_STATE_STARTING",
    "GROUP_STATE_UP",
    "GROUP_STATE_RESTARTING",
    "GROUP_STATE_ESCALATED",
    "GROUP_STATE_FINISHED",
    "GROUP_STATE_DOWN",
    "GROUP_STATE_STOPPED",
    "GROUP_STATE_FATAL",
];

/// Above types, but no class of them.
const NO_CLASSES: [&str; 4] = ["PROCESS", "REMOTE", "SUPERVISOR", "SUPERVISOR_STATE"];

/// Whether a name, in capitals, is that of a type or of a class of types.
#[must_use]
pub fn is_type(name: &str) -> bool {
    !NO_CLASSES.contains(&name) && TYPES.iter().any(|one| is_below(one, name))
}

/// The same with the types that only treeherd has.
#[must_use]
pub fn is_any_type(name: &str) -> bool {
    is_type(name) || name == GroupNews::CLASS || OURS.contains(&name)
}

/// Whether a name, in any case, is that of a type, or stands above one.
#[must_use]
pub fn stands_for_any(name: &str) -> bool {
    TYPES.iter().chain(&OURS).any(|one| is_below(one, name))
}

/// What somebody subscribes to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventSet {
    names: BTreeSet<String>,
    types: u64,
}

/// Every type with its bit.
fn bits() -> impl Iterator<Item = (u32, &'static str)> {
    (0..).zip(TYPES.into_iter().chain(OURS))
}

impl EventSet {
    /// The types of these names, in any case, each once; a name that stands for none adds none.
    #[must_use]
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::within(TYPES.len(), names, is_type)
    }

    /// The same with the types that only treeherd has.
    #[must_use]
    pub fn of_any<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::within(TYPES.len() + OURS.len(), names, is_any_type)
    }

    /// The first `count` types, as far as the names stand for them.
    fn within<'a>(
        count: usize,
        names: impl IntoIterator<Item = &'a str>,
        is_known: impl Fn(&str) -> bool,
    ) -> Self {
        let mut set = Self::default();
        for name in names.into_iter().map(str::to_ascii_uppercase).filter(|name| is_known(name)) {
            let below = bits().take(count).filter(|(_, one)| is_below(one, &name));
            set.types |= below.map(|(bit, _)| 1 << bit).sum::<u64>();
            set.names.insert(name);
        }
        set
    }

    /// Whether it includes the type of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        bits().any(|(bit, one)| one == name && self.types & (1 << bit) != 0)
    }

    /// Whether it includes this event.
    #[must_use]
    pub fn includes(&self, event: &EventKind) -> bool {
        self.has(event.name())
    }

    /// All that is in one of the two.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.types |= other.types;
        self.names.extend(other.names.iter().cloned());
        self
    }

    /// The names it was made of, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_stands_for_all_its_types() {
        let set = EventSet::of(["tick", "TICK_5", "Process_Group_Added"]);
        assert_eq!(set.names(), ["PROCESS_GROUP_ADDED", "TICK", "TICK_5"]);
        let of_all: Vec<&str> = TYPES.into_iter().filter(|one| set.has(one)).collect();
        assert_eq!(of_all, ["TICK_5", "TICK_60", "TICK_3600", "PROCESS_GROUP_ADDED"]);
        assert!(TYPES.iter().all(|one| EventSet::of(["EVENT"]).has(one)));
    }

    #[test]
    fn names_between_the_classes_are_none() {
        let wrong = ["PROCESS", "SUPERVISOR", "SUPERVISOR_STATE", "REMOTE", "FOO", "", "ACTOR_RESTARTED"];
        assert!(wrong.iter().all(|name| !is_type(name)));
        assert!(["EVENT", "TICK", "PROCESS_LOG", "REMOTE_COMMUNICATION"].iter().all(|name| is_type(name)));
        assert_eq!(EventSet::of(wrong), EventSet::default());
    }

    #[test]
    fn what_only_this_daemon_has_is_in_no_set_of_a_listener() {
        let own = EventKind::ActorRestarted {
            path: String::new(),
            reason: String::new(),
            incident: String::new(),
        };
        assert!(!EventSet::of(["EVENT", "ACTOR_RESTARTED"]).includes(&own));
        assert!(
            EventSet::of_any(["EVENT"]).includes(&own)
                && EventSet::of_any(["actor_restarted"]).includes(&own)
        );
        assert!(!EventSet::of_any(["PROCESS_STATE", "ACTOR"]).includes(&own) && !is_any_type("ACTOR"));
        assert!(TYPES.iter().chain(&OURS).all(|one| EventSet::of_any(["EVENT"]).has(one)));
        assert!(EventSet::of(["EVENT"]).includes(&EventKind::SupervisorRunning));
        assert!(
            !is_type("GROUP_STATE") && !EventSet::of(["EVENT", "GROUP_STATE"]).has("GROUP_STATE_FATAL")
        );
    }

    #[test]
    fn every_event_of_a_group_has_a_type_in_its_class() {
        use crate::group::{ChildId, Output, Report, Why};
        use crate::name::ProcessName;
        use crate::strategy::Ending;
        use std::time::Duration;
        let (child, why) = (ChildId::Process(ProcessName::new("a")), Why::StartFailed);
        let restart = Output::Restart {
            child: child.clone(),
            why,
            stopped: Vec::new(),
            started: Vec::new(),
            delay: Duration::ZERO,
        };
        let outputs = [
            Output::Begun,
            restart,
            Output::Escalated { child: child.clone(), why, restarts: None },
            Output::AutoShutdown(child),
            Output::Report(Report::Up),
            Output::Report(Report::Ended(Ending::Normal)),
            Output::Report(Report::Stopped),
            Output::Report(Report::Fatal),
        ];
        let all = EventSet::of_any(["group_state"]);
        let names: BTreeSet<&str> = outputs.iter().filter_map(GroupNews::name_of).collect();
        assert_eq!(names.len(), outputs.len());
        assert!(names.iter().all(|name| OURS.contains(name) && all.has(name)));
        assert_eq!(bits().filter(|(_, name)| all.has(name)).count(), outputs.len());
    }
}
