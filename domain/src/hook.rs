//! Commands that are run beside a process for it, and what makes it read its configuration anew.
//!
//! ```text
//! pre_start ─► the process ─► ready ─► post_start
//! pre_stop ─► stop_command or the first signal ─► the rest of the signals ─► its end, whatever brought it ─► post_stop
//! ```
//!
//! Absent: when each is due (`lifecycle`, and whoever drives it), how a command is run.

use crate::signal::Signal;
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
