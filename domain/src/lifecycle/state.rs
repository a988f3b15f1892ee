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
        /// What went before.
        attempt: Attempt,
    },
    /// About to be spawned, or spawned and not yet up for `startsecs`.
    Starting {
        /// When it counts as running; `None` until it is spawned.
        ready_at: Option<Instant>,
        /// What went before.
        attempt: Attempt,
    },
    /// Up for `startsecs`.
    Running {
        /// Since when.
        since: Instant,
        /// What went before; it counts on if the process never gets ready.
        attempt: Attempt,
        /// When it is stopped and started anew (`max_runtime`).
        end_at: Option<Instant>,
    },
    /// An attempt failed.
    Backoff {
        /// What has happened so far, this failure included.
        attempt: Attempt,
        /// What follows, and when.
        next: Next,
    },
    /// Told to end.
    Stopping {
        /// When the next step follows, in the end SIGKILL; `None` until it is spawned: what does not exist has no
        /// signal yet.
        kill_at: Option<Instant>,
        /// How far the stop has come.
        step: StopStep,
        /// What follows its end.
        then: Then,
    },
    /// Ended from RUNNING.
    Exited {
        /// How.
        status: ExitStatus,
        /// Whether that is one of `exitcodes`, or by one of `clean_signals`.
        expected: bool,
        /// When it starts again, if it does.
        restart_at: Option<Instant>,
        /// What has happened so far, this end included.
        attempt: Attempt,
    },
    /// Given up after `startretries`.
    Fatal {
        /// When it is tried again (`fatal_retry`).
        retry_at: Option<Instant>,
        /// What has happened so far.
        attempt: Attempt,
    },
    /// A signal could not be sent for a reason other than the process being gone.
    Unknown,
}

/// What went before an attempt to be up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attempt {
    /// Failed attempts in a row (`tries` of Supervisor's events).
    pub tries: u32,
    /// Ends in a row, of failed attempts and from RUNNING; what the waits of `restart_delay` grow by.
    pub ends: u32,
    /// Whether it is made in the background (`fatal_retry`): until it is up, FATAL is what clients see.
    pub veiled: bool,
}

impl Attempt {
    /// The first one: somebody asked for it.
    pub const FIRST: Self = Self { tries: 0, ends: 0, veiled: false };
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
    /// A start that failed after these others: BACKOFF, or FATAL. It was not ready in time.
    Fail(Attempt),
    /// EXITED, unexpectedly, as the last of these ends, and what `autorestart` says. It was not healthy.
    Exit(Attempt),
}

/// How far a stop has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopStep {
    /// `pre_stop` is running.
    Hook,
    /// `stop_command` is running, or has ended well.
    Command {
        /// Whether it has.
        done: bool,
    },
    /// The signal of this place in `stopsequence` has been sent, or `stopsignal` at 0. Behind the last: SIGKILL.
    Signal(usize),
}

impl StopStep {
    /// Where it begins.
    pub const FIRST: Self = Self::Signal(0);
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
    /// `pre_stop` is over, however it ended.
    PreStopOver,
    /// `stop_command` is over: whether it ended well.
    StopCommandOver(bool),
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
    /// Run `pre_stop`.
    PreStop,
    /// Run `stop_command`.
    StopCommand,
    /// Send the signal of the state's [`StopStep`] (to the process group with `stopasgroup`).
    Signal,
    /// Send SIGKILL (to the process group with `killasgroup`).
    Kill,
}

impl State {
    /// Stopped for good.
    pub const STOPPED: Self = Self::Stopped { start_at: None };

    /// Given up for good.
    pub const FATAL: Self = Self::Fatal { retry_at: None, attempt: Attempt::FIRST };

    /// When this state must be looked at again; the one timer of a process is armed to it.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Stopped { start_at } => *start_at,
            Self::Starting { ready_at, .. } => *ready_at,
            Self::Backoff { next: Next::Retry(at) | Next::GiveUp(at), .. } => Some(*at),
            Self::Stopping { kill_at, .. } => *kill_at,
            Self::Exited { restart_at, .. } => *restart_at,
            Self::Running { end_at, .. } => *end_at,
            Self::Fatal { retry_at, .. } => *retry_at,
            Self::Waiting { .. } | Self::Unknown => None,
        }
    }

    /// The state as clients know it.
    #[must_use]
    pub const fn name(&self) -> ProcessState {
        match self {
            Self::Stopped { .. } => ProcessState::Stopped,
            Self::Waiting { attempt: Attempt { veiled: true, .. } }
            | Self::Starting { attempt: Attempt { veiled: true, .. }, .. }
            | Self::Stopping { then: Then::Fail(Attempt { veiled: true, .. }), .. } => ProcessState::Fatal,
            Self::Waiting { .. } | Self::Starting { .. } => ProcessState::Starting,
            Self::Running { .. } => ProcessState::Running,
            Self::Backoff { .. } => ProcessState::Backoff,
            Self::Stopping { .. } => ProcessState::Stopping,
            Self::Exited { .. } => ProcessState::Exited,
            Self::Fatal { .. } => ProcessState::Fatal,
            Self::Unknown => ProcessState::Unknown,
        }
    }

    /// The retry counter (`tries` of Supervisor's events).
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        match self {
            Self::Waiting { attempt } | Self::Starting { attempt, .. } | Self::Backoff { attempt, .. } => {
                attempt.tries
            }
            Self::Stopped { .. }
            | Self::Running { .. }
            | Self::Stopping { .. }
            | Self::Exited { .. }
            | Self::Fatal { .. }
            | Self::Unknown => 0,
        }
    }

    /// Whether an attempt is being made in the background, or will be: FATAL is what clients see of it.
    #[must_use]
    pub const fn is_retried(&self) -> bool {
        match self {
            Self::Fatal { retry_at, .. } => retry_at.is_some(),
            Self::Waiting { attempt }
            | Self::Starting { attempt, .. }
            | Self::Stopping { then: Then::Fail(attempt), .. } => attempt.veiled,
            Self::Stopping { then: Then::Stay | Then::Start | Then::Exit(_), .. }
            | Self::Stopped { .. }
            | Self::Running { .. }
            | Self::Backoff { .. }
            | Self::Exited { .. }
            | Self::Unknown => false,
        }
    }

    /// Whether it is up, or something follows by itself that may bring it up: a stop has something to do.
    #[must_use]
    pub const fn is_to_be_up(&self) -> bool {
        match self {
            Self::Waiting { .. } | Self::Starting { .. } | Self::Running { .. } | Self::Backoff { .. } => {
                true
            }
            Self::Stopping { then, .. } => !matches!(then, Then::Stay),
            Self::Stopped { start_at: at }
            | Self::Exited { restart_at: at, .. }
            | Self::Fatal { retry_at: at, .. } => at.is_some(),
            Self::Unknown => false,
        }
    }

    /// Whether nothing more will happen unless somebody asks: a waiting stop is over here.
    #[must_use]
    pub const fn is_settled_down(&self) -> bool {
        let is_tried = matches!(self, Self::Waiting { .. } | Self::Starting { .. } | Self::Stopping { .. });
        self.name().is_stopped() && self.deadline().is_none() && !is_tried
    }

    /// Whether it counts as stopped, as for Supervisor, and nobody who is waiting asked for a start: what may still
    /// come is only what `autorestart` and `fatal_retry` bring.
    #[must_use]
    pub const fn is_down(&self) -> bool {
        self.is_settled_down() || matches!(self, Self::Exited { .. } | Self::Fatal { .. })
    }
}
