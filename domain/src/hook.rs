//! Commands that are run beside a process for it, and what makes it read its configuration anew.
//!
//! ```text
//! pre_start ─► the process ─► ready ─► post_start
//! pre_stop ─► stop_command or the first signal ─► the rest of the signals ─► its end, whatever brought it ─► post_stop
//! ```
//!
//! The daemon and the simulation ask here what is run, for how long, and what cuts it short. Absent: when each is due
//! (`lifecycle`, and whoever drives it), how a command is run.

use crate::lifecycle::{Edge, Policy, State, StopStep};
use crate::signal::Signal;
use crate::spec::ProcessSpec;
use std::time::Duration;

/// A command that is run at one point of a life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Hook {
    /// `pre_start`: before each spawn; if it fails, so has the start.
    PreStart,
    /// `post_start`: once the process is ready.
    PostStart,
    /// `pre_stop`: before a process that is there is told to end.
    PreStop,
    /// `stop_command`: tells it to end, in the place of the first signal.
    StopCommand,
    /// `post_stop`: after each end of a process.
    PostStop,
    /// `reload_command`: when somebody asks for it.
    Reload,
}

impl Hook {
    /// Those that belong to each life.
    pub const ALL: [Self; 5] =
        [Self::PreStart, Self::PostStart, Self::PreStop, Self::StopCommand, Self::PostStop];

    /// Its key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::PreStart => "pre_start",
            Self::PostStart => "post_start",
            Self::PreStop => "pre_stop",
            Self::StopCommand => "stop_command",
            Self::PostStop => "post_stop",
            Self::Reload => "reload_command",
        }
    }

    /// What becomes of the process when it fails.
    const fn aftermath(self) -> &'static str {
        match self {
            Self::PreStart => "this start has failed with it",
            Self::PostStart => "the process runs on",
            Self::PreStop => "the process is told to end all the same",
            Self::StopCommand => "the stop signal follows in its place",
            Self::PostStop => "the process is down all the same",
            Self::Reload => "the process is as it was",
        }
    }

    /// That it failed, what follows from that, and what to do; `is_silent`: it wrote nothing.
    #[must_use]
    pub fn failed(self, reason: &str, is_silent: bool) -> String {
        let (key, aftermath) = (self.key(), self.aftermath());
        match is_silent {
            true => format!(
                "{reason}, and it wrote nothing; {aftermath}: run the command of {key} by hand, as the program's user \
                 and in its directory, to see why"
            ),
            false => format!("{reason}; {aftermath}: mend {key}"),
        }
    }

    /// Its command, and how long that may run; `None`: there is none.
    #[must_use]
    pub fn of<'a>(self, spec: &'a ProcessSpec, policy: &Policy) -> Option<(&'a str, Duration)> {
        let hooks = &spec.hooks;
        let (command, limit) = match self {
            Self::PreStart => (&hooks.pre_start, hooks.timeout),
            Self::PostStart => (&hooks.post_start, hooks.timeout),
            Self::PreStop => (&hooks.pre_stop, hooks.timeout),
            Self::StopCommand => (&spec.stop.command, policy.command_wait().unwrap_or(hooks.timeout)),
            Self::PostStop => (&hooks.post_stop, hooks.timeout),
            Self::Reload => (&spec.reload.command, hooks.timeout),
        };
        command.as_deref().map(|command| (command, limit))
    }

    /// The hook of a stop that a transition leaves behind: if it still runs, it is ended.
    #[must_use]
    pub fn cut_short_by(edge: &Edge) -> Option<Self> {
        let State::Stopping { step, .. } = edge.from else { return None };
        if matches!(edge.to, State::Stopping { step: now, .. } if now == step) {
            return None;
        }
        match step {
            StopStep::Hook => Some(Self::PreStop),
            StopStep::Command { .. } => Some(Self::StopCommand),
            StopStep::Signal(_) => None,
        }
    }
}

/// Whether a transition calls off a spawn that is only being prepared.
#[must_use]
pub const fn calls_off(edge: &Edge) -> bool {
    matches!(edge.to, State::Stopping { kill_at: None, .. })
}

/// Whether `post_start` may be run in this state, for a process that is ready.
#[must_use]
pub const fn may_greet(state: &State) -> bool {
    matches!(state, State::Starting { ready_at: Some(_), .. } | State::Running { .. })
}

/// `pre_start`, `post_start`, `pre_stop`, `post_stop`, and how long each may run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hooks {
    /// `pre_start`.
    pub pre_start: Option<String>,
    /// `post_start`.
    pub post_start: Option<String>,
    /// `pre_stop`.
    pub pre_stop: Option<String>,
    /// `post_stop`.
    pub post_stop: Option<String>,
    /// `hook_timeout`.
    pub timeout: Duration,
}

impl Hooks {
    /// `hook_timeout` where none is written.
    pub const TIMEOUT: Duration = Duration::from_secs(30);
}

impl Default for Hooks {
    fn default() -> Self {
        Self { pre_start: None, post_start: None, pre_stop: None, post_stop: None, timeout: Self::TIMEOUT }
    }
}

/// What makes a process read its configuration anew without a restart; at most one of the two.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReloadSpec {
    /// `reload_signal`.
    pub signal: Option<Signal>,
    /// `reload_command`.
    pub command: Option<String>,
}

impl ReloadSpec {
    /// Whether there is a way.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.signal.is_some() || self.command.is_some()
    }
}
