//! What a configuration says about readiness and health.

use super::check::Check;
use super::tally::Thresholds;
use crate::account::Account;
use crate::signal::Signal;
use std::fmt;
use std::time::Duration;

/// What follows when a process is not healthy (`health_action`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Action {
    /// It is stopped, and its end counts as unexpected: `autorestart` says what follows.
    #[default]
    Restart,
    /// It gets this signal, each time that so many checks in a row have failed.
    Signal(Signal),
    /// It is only told.
    None,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restart => f.pad("restart"),
            Self::Signal(signal) => write!(f, "signal:{}", signal.to_string().trim_start_matches("SIG")),
            Self::None => f.pad("none"),
        }
    }
}

/// The keys of a program about readiness and health. The default is Supervisor's behaviour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HealthSpec {
    /// `ready`: when it can be used.
    pub ready: Check,
    /// `ready_interval`: from the end of one question to the next.
    pub ready_interval: Duration,
    /// `ready_probe_timeout`: how long one question may take.
    pub ready_probe_timeout: Duration,
    /// `ready_timeout`: how long it may take to get ready; 0: for ever.
    pub ready_timeout: Duration,
    /// `health`: whether it still does its work; `None`: nobody asks.
    pub health: Option<Check>,
    /// `health_delay`: from readiness to the first question.
    pub health_delay: Duration,
    /// `health_interval`: from the end of one question to the next; of what the process tells: within which it must.
    pub health_interval: Duration,
    /// `health_timeout`: how long one question may take.
    pub health_timeout: Duration,
    /// `health_failures`: so many failures in a row make it unhealthy; at least 1.
    pub health_failures: u32,
    /// `health_successes`: so many successes in a row make it healthy again; at least 1.
    pub health_successes: u32,
    /// `health_action`.
    pub health_action: Action,
    /// `watchdog`: within which it must say `WATCHDOG=1`; `None`: it need not.
    pub watchdog: Option<Duration>,
}

impl Default for HealthSpec {
    fn default() -> Self {
        Self {
            ready: Check::Startsecs,
            ready_interval: Duration::from_secs(1),
            ready_probe_timeout: Duration::from_secs(5),
            ready_timeout: Duration::from_secs(60),
            health: None,
            health_delay: Duration::ZERO,
            health_interval: Duration::from_secs(10),
            health_timeout: Duration::from_secs(5),
            health_failures: 3,
            health_successes: 1,
            health_action: Action::Restart,
            watchdog: None,
        }
    }
}

impl HealthSpec {
    /// Whether the process gets a `NOTIFY_SOCKET`.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.ready == Check::Notify || self.health == Some(Check::Notify) || self.watchdog.is_some()
    }

    /// The descriptor that the process gets to write lines to, if it gets one.
    #[must_use]
    pub fn fd(&self) -> Option<i32> {
        [Some(&self.ready), self.health.as_ref()].into_iter().flatten().find_map(|check| match check {
            Check::Fd(fd) => Some(*fd),
            _ => None,
        })
    }

    /// Whether nothing is watched but `startsecs`.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.ready == Check::Startsecs && self.health.is_none() && self.watchdog.is_none()
    }
}

/// A `[probe:x]`: something outside, asked after by the daemon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProbeSpec {
    /// `x`.
    pub name: String,
    /// `check`: one that is asked.
    pub check: Check,
    /// `interval`: from the end of one question to the next.
    pub interval: Duration,
    /// `timeout`: how long one question may take.
    pub timeout: Duration,
    /// `failures`: so many in a row make it unhealthy.
    pub failures: u32,
    /// `successes`: so many in a row make it healthy again.
    pub successes: u32,
    /// `user`: who runs the command of an `exec:`; `None`: the daemon's user.
    pub user: Option<Account>,
}

impl ProbeSpec {
    /// A probe with the defaults.
    #[must_use]
    pub fn new(name: impl Into<String>, check: Check) -> Self {
        let (interval, timeout) = (Duration::from_secs(10), Duration::from_secs(5));
        Self { name: name.into(), check, interval, timeout, failures: 3, successes: 1, user: None }
    }

    /// When it turns.
    #[must_use]
    pub const fn thresholds(&self) -> Thresholds {
        Thresholds { failures: self.failures, successes: self.successes }
    }
}
