//! The states of the lifecycle, and what goes into and comes out of a transition.
//!
//! Data lives in the variant that owns it: a deadline cannot exist in a state that has none.

use crate::exit::ExitStatus;
use crate::status::ProcessState;
use std::time::Instant;

/// Where a process is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Not running.
    Stopped {
        /// Set when the stop was the first half of a restart.
        start_at: Option<Instant>,
    },
    /// To be spawned as soon as what it requires is there. To old clients this is STARTING.
    Waiting {
        /// Failed attempts before this one.
        attempt: u32,
    },
    /// About to be spawned, or spawned and not yet up for `startsecs`.
    Starting {
        /// When it counts as running; `None` until it is spawned.
        ready_at: Option<Instant>,
        /// Failed attempts before this one.
        attempt: u32,
    },
    /// Up for `startsecs`.
    Running {
        /// Since when.
        since: Instant,
        /// Failed attempts before this one: it counts on if the process never gets ready.
        attempt: u32,
    },
    /// An attempt failed.
    Backoff {
        /// Failed attempts so far, this one included.
        attempt: u32,
        /// What follows, and when.
        next: Next,
    },
    /// Told to end.
    Stopping {
        /// When SIGKILL follows; `None` until it is spawned: what does not exist has no signal yet.
        kill_at: Option<Instant>,
        /// What follows its end.
        then: Then,
    },
    /// Ended from RUNNING.
    Exited {
        /// How.
        status: ExitStatus,
        /// Whether that is one of `exitcodes`.
        expected: bool,
        /// When it starts again, if it does.
        restart_at: Option<Instant>,
    },
    /// Given up after `startretries`.
    Fatal,
    /// A signal could not be sent for a reason other than the process being gone.
    Unknown,
}

/// What follows BACKOFF.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Another attempt.
    Retry(Instant),
    /// FATAL.
    GiveUp(Instant),
}

/// What follows STOPPING.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// It stays down.
    Stay,
    /// It starts again: the second half of a restart.
    Start,
    /// A start that failed after this many others: BACKOFF, or FATAL. It was not ready in time.
    Fail(u32),
    /// EXITED, unexpectedly, and what `autorestart` says. It was not healthy.
    Exit,
}

/// What somebody wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// Be up.
    Start,
    /// Be down.
    Stop,
    /// Be down, then up.
    Restart,
    /// Be down, and nothing follows by itself: the daemon ends.
    Halt,
}

/// What has happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// The process exists now.
    Spawned,
    /// It could not be made.
    SpawnFailed,
    /// It ended.
    Exited(ExitStatus),
    /// It ended while something that it requires was missing: no failed attempt of its own.
    Excused(ExitStatus),
    /// Nothing that it requires is missing, or nobody waits for that any more.
    Cleared,
    /// A signal could not be sent, and not because the process is gone.
    SignalFailed,
    /// The moment of [`State::deadline`] has come.
    DeadlinePassed,
    /// It was not ready within `ready_timeout`.
    NotReady,
    /// Its health check failed as often as `health_failures` says, or its watchdog was not fed.
    Unhealthy,
}

/// What is to be done about a transition; at most one thing each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Make the process.
    Spawn,
    /// Send `stopsignal` (to the process group with `stopasgroup`).
    Signal,
    /// Send SIGKILL (to the process group with `killasgroup`).
    Kill,
}

impl State {
    /// Stopped for good.
    pub const STOPPED: Self = Self::Stopped { start_at: None };

    /// When this state must be looked at again; the one timer of a process is armed to it.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Stopped { start_at } => *start_at,
            Self::Starting { ready_at, .. } => *ready_at,
            Self::Backoff { next: Next::Retry(at) | Next::GiveUp(at), .. } => Some(*at),
            Self::Stopping { kill_at, .. } => *kill_at,
            Self::Exited { restart_at, .. } => *restart_at,
            Self::Waiting { .. } | Self::Running { .. } | Self::Fatal | Self::Unknown => None,
        }
    }

    /// The state as clients know it.
    #[must_use]
    pub const fn name(&self) -> ProcessState {
        match self {
            Self::Stopped { .. } => ProcessState::Stopped,
            Self::Waiting { .. } | Self::Starting { .. } => ProcessState::Starting,
            Self::Running { .. } => ProcessState::Running,
            Self::Backoff { .. } => ProcessState::Backoff,
            Self::Stopping { .. } => ProcessState::Stopping,
            Self::Exited { .. } => ProcessState::Exited,
            Self::Fatal => ProcessState::Fatal,
            Self::Unknown => ProcessState::Unknown,
        }
    }

    /// The retry counter (`tries` of Supervisor's events).
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        match self {
            Self::Waiting { attempt } | Self::Starting { attempt, .. } | Self::Backoff { attempt, .. } => {
                *attempt
            }
            Self::Stopped { .. }
            | Self::Running { .. }
            | Self::Stopping { .. }
            | Self::Exited { .. }
            | Self::Fatal
            | Self::Unknown => 0,
        }
    }

    /// Whether nothing more will happen unless somebody asks: a waiting stop is over here.
    #[must_use]
    pub const fn is_settled_down(&self) -> bool {
        self.name().is_stopped() && self.deadline().is_none()
    }

    /// Whether it counts as stopped, as for Supervisor, and nobody who is waiting asked for a start: what may still
    /// come is only what `autorestart` brings.
    #[must_use]
    pub const fn is_down(&self) -> bool {
        self.is_settled_down() || matches!(self, Self::Exited { .. })
    }
}
