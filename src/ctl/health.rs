//! What the state of a process means for those who depend on it.
//!
//! | state | well |
//! |---|---|
//! | RUNNING | yes, if it is ready and not unhealthy |
//! | EXITED, as `exitcodes` allows | yes: it has done its work |
//! | STOPPED | yes: that is somebody's will; not if it is still to be started for the first time |
//! | STARTING, STOPPING, BACKOFF | no: it is not there, or not yet |
//! | EXITED otherwise, FATAL, UNKNOWN | no |
//!
//! Absent: the daemon's opinion; all is read from the state and from the configuration.

use std::collections::HashMap;
use treeherd_domain::spec::Autorestart;
use treeherd_domain::status::ProcessState;
use treeherd_rpc::wire::ProcessInfo;
use treeherd_rpc::wire::supervisor::{ConfigInfo, Loose};

/// What the configuration lets expect of one process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prospect {
    autostart: bool,
    autorestart: Autorestart,
}

impl Prospect {
    /// Of a process that the configuration does not know any more: nothing.
    const NONE: Self = Self { autostart: false, autorestart: Autorestart::Never };

    fn of(config: &ConfigInfo) -> Self {
        let autorestart = match &config.autorestart {
            Loose::Bool(true) => Autorestart::Always,
            Loose::Text(text) if text == "unexpected" => Autorestart::Unexpected,
            _ => Autorestart::Never,
        };
        Self { autostart: config.autostart, autorestart }
    }

    /// Whether a process that has EXITED is started again without being asked.
    #[must_use]
    pub fn returns(self, exited: &ProcessInfo) -> bool {
        match self.autorestart {
            Autorestart::Always => true,
            Autorestart::Unexpected => !ended_well(exited),
            Autorestart::Never => false,
        }
    }

    /// Whether all is well with it.
    #[must_use]
    pub fn is_well(self, process: &ProcessInfo) -> bool {
        match state(process) {
            ProcessState::Running => is_ready(process) && process.health != "unhealthy",
            ProcessState::Exited => ended_well(process),
            ProcessState::Stopped => !self.autostart || process.incarnation > 0,
            ProcessState::Starting
            | ProcessState::Stopping
            | ProcessState::Backoff
            | ProcessState::Fatal
            | ProcessState::Unknown => false,
        }
    }
}

/// The state; one that we do not know is UNKNOWN.
#[must_use]
pub fn state(process: &ProcessInfo) -> ProcessState {
    ProcessState::parse(&process.state).unwrap_or(ProcessState::Unknown)
}

/// Whether it can be used. Of a daemon that does not tell, one that runs can.
#[must_use]
pub fn is_ready(process: &ProcessInfo) -> bool {
    process.ready || (process.health.is_empty() && state(process) == ProcessState::Running)
}

/// Whether it has ended as its `exitcodes` allow.
#[must_use]
pub fn has_completed(process: &ProcessInfo) -> bool {
    state(process) == ProcessState::Exited && ended_well(process)
}

/// Whether it is a oneshot that has done what it is for: whatever `autorestart` says, it is not started again.
#[must_use]
pub fn is_over(process: &ProcessInfo) -> bool {
    process.view == "COMPLETED"
}

/// An unexpected end leaves an error, an expected one does not.
fn ended_well(exited: &ProcessInfo) -> bool {
    exited.spawn_error.is_none()
}

/// The prospects of all processes of the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Prospects(HashMap<(String, String), Prospect>);

impl Prospects {
    /// Of the configuration as the daemon tells it.
    #[must_use]
    pub fn new(configs: &[ConfigInfo]) -> Self {
        let prospect =
            |config: &ConfigInfo| ((config.group.clone(), config.name.clone()), Prospect::of(config));
        Self(configs.iter().map(prospect).collect())
    }

    /// Of one process.
    #[must_use]
    pub fn of(&self, process: &ProcessInfo) -> Prospect {
        let key = (process.group.clone(), process.name.clone());
        self.0.get(&key).copied().unwrap_or(Prospect::NONE)
    }
}
