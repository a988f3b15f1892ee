//! Commands that are run beside a process for it, and what makes it read its configuration anew.

use crate::signal::Signal;
use std::time::Duration;

/// `hook_timeout`: how long each may run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hooks {
    /// `hook_timeout`.
    pub timeout: Duration,
}

impl Hooks {
    /// `hook_timeout` where none is written.
    pub const TIMEOUT: Duration = Duration::from_secs(30);
}

impl Default for Hooks {
    fn default() -> Self {
        Self { timeout: Self::TIMEOUT }
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
