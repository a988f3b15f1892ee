//! Everything that happens, as values: what the bus carries, the journal keeps, listeners and subscribers get.
//!
//! Names are Supervisor's: `PROCESS_STATE_RUNNING` and so on, so that one filter serves
//! old listeners and new subscribers. Subscribing to a prefix (`PROCESS_STATE`) means all below it.
//! What a listener is told of an event is in `payload`, what it may subscribe to in [`types`], when
//! ticks are due in [`tick`].

mod group;
mod payload;
pub mod tick;
pub mod types;

pub use group::GroupNews;

use crate::cause::Cause;
use crate::exit::ExitStatus;
use crate::health::{Health, Readiness};
use crate::name::{GroupName, Namespec};
use crate::status::ProcessState;
use crate::stream::Stream;
use std::sync::Arc;
use tick::Period;

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// A process changed its state.
    ProcessState {
        /// Which one.
        namespec: Namespec,
        /// The state it left.
        from: ProcessState,
        /// The state it is in now.
        to: ProcessState,
        /// The process id, also of a process that has just ended; 0 if there is none.
        pid: i32,
        /// The retry counter (`tries`).
        tries: u32,
        /// For EXITED: how, and whether that was expected.
        exit: Option<(ExitStatus, bool)>,
        /// Which spawn it belongs to.
        incarnation: u64,
        /// Why.
        cause: Arc<Cause>,
    },
    /// Something about a process became different beside its state (ours).
    ProcessBecame {
        /// Which one.
        namespec: Namespec,
        /// In a word: `ready`, `unhealthy`, `waiting`.
        what: &'static str,
        /// The process id; 0 if there is none.
        pid: i32,
        /// Which spawn it belongs to.
        incarnation: u64,
        /// Why.
        cause: Arc<Cause>,
    },
    /// A group became part of the tree.
    GroupAdded(GroupName),
    /// A group left the tree.
    GroupRemoved(GroupName),
    /// Processes of an active group came, went or are configured differently (ours).
    GroupChanged(GroupName),
    /// A group under OTP's rules began, acted, or came to rest (ours).
    GroupState(Box<GroupNews>),
    /// The daemon runs.
    SupervisorRunning,
    /// The daemon stops or restarts.
    SupervisorStopping,
    /// Something was sent by `sendRemoteCommEvent`.
    RemoteCommunication {
        /// Its type, as sent.
        kind: String,
        /// Its data, as sent.
        data: String,
    },
    /// Time has passed. Happens only while somebody subscribes to it, and is kept nowhere.
    Tick {
        /// How much.
        period: Period,
        /// The second since the epoch at which the period began.
        when: u64,
    },
    /// An actor of the daemon ended by a bug and was restarted (`tree` events).
    ActorRestarted {
        /// Its path in the tree.
        path: String,
        /// Why it ended: the panic's text.
        reason: String,
        /// The id in the daemon's log.
        incident: String,
    },
    /// A log file could not be written; bytes wait or were dropped.
    LogTrouble {
        /// Whose log.
        namespec: Namespec,
        /// Which stream.
        stream: Stream,
        /// The error, with the path.
        message: String,
    },
    /// A process got ready, or is not ready any more (ours).
    ProcessReadiness {
        /// Which one.
        namespec: Namespec,
        /// How it is now.
        readiness: Readiness,
        /// Why it is not ready; else empty.
        reason: String,
        /// The process id.
        pid: i32,
        /// Which spawn it belongs to.
        incarnation: u64,
    },
    /// A process became healthy or unhealthy (ours).
    ProcessHealth {
        /// Which one.
        namespec: Namespec,
        /// How it is now.
        health: Health,
        /// Why it is unhealthy; else empty.
        reason: String,
        /// The process id.
        pid: i32,
        /// Which spawn it belongs to.
        incarnation: u64,
    },
    /// What a `[probe:x]` asks after became healthy or unhealthy (ours).
    Probe {
        /// `x`.
        name: String,
        /// How it is now.
        health: Health,
        /// Why it is unhealthy; else empty.
        reason: String,
    },
    /// A chunk of output (`*_events_enabled`); its boundaries are those of a read.
    ProcessLog(Output),
    /// What a process sent between the capture tokens (`*_capture_maxbytes`).
    ProcessCommunication(Output),
}

/// Bytes that a process wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// The process.
    pub namespec: Namespec,
    /// Its process id.
    pub pid: i32,
    /// Which stream (`channel`).
    pub stream: Stream,
    /// The bytes, as they are: nothing says that they are text.
    pub data: Vec<u8>,
}

impl EventKind {
    /// Supervisor's event name, or ours where it has none.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ProcessState { to, .. } => match to {
                ProcessState::Stopped => "PROCESS_STATE_STOPPED",
                ProcessState::Starting => "PROCESS_STATE_STARTING",
                ProcessState::Running => "PROCESS_STATE_RUNNING",
                ProcessState::Backoff => "PROCESS_STATE_BACKOFF",
                ProcessState::Stopping => "PROCESS_STATE_STOPPING",
                ProcessState::Exited => "PROCESS_STATE_EXITED",
                ProcessState::Fatal => "PROCESS_STATE_FATAL",
                ProcessState::Unknown => "PROCESS_STATE_UNKNOWN",
            },
            Self::ProcessBecame { .. } => "PROCESS_BECAME",
            Self::GroupAdded(_) => "PROCESS_GROUP_ADDED",
            Self::GroupRemoved(_) => "PROCESS_GROUP_REMOVED",
            Self::GroupChanged(_) => "GROUP_CHANGED",
            Self::GroupState(news) => news.name(),
            Self::SupervisorRunning => "SUPERVISOR_STATE_CHANGE_RUNNING",
            Self::SupervisorStopping => "SUPERVISOR_STATE_CHANGE_STOPPING",
            Self::RemoteCommunication { .. } => "REMOTE_COMMUNICATION",
            Self::Tick { period, .. } => period.name(),
            Self::ActorRestarted { .. } => "ACTOR_RESTARTED",
            Self::LogTrouble { .. } => "LOG_TROUBLE",
            Self::ProcessReadiness { readiness: Readiness::Ready, .. } => "PROCESS_READY",
            Self::ProcessReadiness { readiness: Readiness::NotReady, .. } => "PROCESS_NOT_READY",
            Self::ProcessHealth { health: Health::Unhealthy, .. } => "PROCESS_UNHEALTHY",
            Self::ProcessHealth { .. } => "PROCESS_HEALTHY",
            Self::Probe { health: Health::Unhealthy, .. } => "PROBE_UNHEALTHY",
            Self::Probe { .. } => "PROBE_HEALTHY",
            Self::ProcessLog(output) => match output.stream {
                Stream::Stdout => "PROCESS_LOG_STDOUT",
                Stream::Stderr => "PROCESS_LOG_STDERR",
            },
            Self::ProcessCommunication(output) => match output.stream {
                Stream::Stdout => "PROCESS_COMMUNICATION_STDOUT",
                Stream::Stderr => "PROCESS_COMMUNICATION_STDERR",
            },
        }
    }

    /// Whether a subscription to `prefix` (`EVENT` for all) includes it; any case.
    #[must_use]
    pub fn is_below(&self, prefix: &str) -> bool {
        is_below(self.name(), prefix)
    }

    /// The process it is about, if it is about one.
    #[must_use]
    pub const fn namespec(&self) -> Option<&Namespec> {
        match self {
            Self::ProcessState { namespec, .. }
            | Self::ProcessBecame { namespec, .. }
            | Self::LogTrouble { namespec, .. }
            | Self::ProcessReadiness { namespec, .. }
            | Self::ProcessHealth { namespec, .. } => Some(namespec),
            Self::ProcessLog(output) | Self::ProcessCommunication(output) => Some(&output.namespec),
            Self::GroupAdded(_)
            | Self::GroupRemoved(_)
            | Self::GroupChanged(_)
            | Self::GroupState(_)
            | Self::SupervisorRunning
            | Self::SupervisorStopping
            | Self::RemoteCommunication { .. }
            | Self::Tick { .. }
            | Self::Probe { .. }
            | Self::ActorRestarted { .. } => None,
        }
    }
}

/// Whether a subscription to `prefix` (`EVENT` for all) includes events of this name; any case.
#[must_use]
pub fn is_below(name: &str, prefix: &str) -> bool {
    let prefix = prefix.to_ascii_uppercase();
    prefix == "EVENT"
        || name == prefix
        || name.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('_'))
}

impl EventKind {
    /// The names of the events that have an [`output`](Self::output).
    pub const OUTPUT_NAMES: [&str; 4] = [
        "PROCESS_LOG_STDOUT",
        "PROCESS_LOG_STDERR",
        "PROCESS_COMMUNICATION_STDOUT",
        "PROCESS_COMMUNICATION_STDERR",
    ];

    /// What a process wrote, if that is what the event carries. Such events come as fast as a process
    /// writes and hold its bytes: whoever keeps events bounds them apart from the others.
    #[must_use]
    pub const fn output(&self) -> Option<&Output> {
        match self {
            Self::ProcessLog(output) | Self::ProcessCommunication(output) => Some(output),
            _ => None,
        }
    }
}

/// An event with its place in the daemon's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Daemon-wide, counted from 1 without holes.
    pub seq: u64,
    /// Milliseconds since the epoch, for display.
    pub at_ms: u64,
    /// What happened.
    pub kind: EventKind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_subscribes_to_all_below_it() {
        let kind = EventKind::GroupAdded(GroupName::new("g"));
        assert!(kind.is_below("EVENT") && kind.is_below("process_group"));
        assert!(kind.is_below("PROCESS_GROUP_ADDED"));
        assert!(!kind.is_below("PROCESS_GROUP_A") && !kind.is_below("PROCESS_STATE"));
    }

    #[test]
    fn output_is_named_after_its_stream() {
        let output = |stream| Output {
            namespec: Namespec::new(GroupName::new("g"), crate::name::ProcessName::new("p")),
            pid: 7,
            stream,
            data: b"x".to_vec(),
        };
        let log = EventKind::ProcessLog(output(Stream::Stderr));
        assert_eq!(log.name(), "PROCESS_LOG_STDERR");
        assert!(log.is_below("process_log") && !log.is_below("PROCESS_COMMUNICATION"));
        let sent = EventKind::ProcessCommunication(output(Stream::Stdout));
        assert_eq!(sent.name(), "PROCESS_COMMUNICATION_STDOUT");
        assert_eq!(
            (sent.output().map(|o| o.pid), sent.namespec()),
            (Some(7), Some(&output(Stream::Stdout).namespec))
        );
    }
}
