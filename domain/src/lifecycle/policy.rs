//! What the configuration says about a lifecycle.

use crate::exit::ExitStatus;
use crate::spec::{Autorestart, ProcessSpec};
use std::time::{Duration, Instant};

/// The keys of `[program:x]` that decide transitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// `startsecs`.
    pub startsecs: Duration,
    /// `startretries`.
    pub startretries: u32,
    /// `stopwaitsecs`.
    pub stopwaitsecs: Duration,
    /// `autorestart`.
    pub autorestart: Autorestart,
    /// `exitcodes`.
    pub exitcodes: Vec<i32>,
    /// The waits between attempts.
    pub backoff: Backoff,
    /// Whether it waits before each spawn until what it `requires` is there.
    pub gated: bool,
}

/// How long BACKOFF lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Backoff {
    /// As many seconds as attempts have failed: 1, 2, 3, … (Supervisor's way).
    #[default]
    Linear,
}

impl Backoff {
    /// The wait after `attempt` failures.
    #[must_use]
    pub const fn delay(self, attempt: u32) -> Duration {
        match self {
            Self::Linear => Duration::from_secs(attempt as u64),
        }
    }
}

impl Policy {
    /// The shortest pause between two SIGKILLs, whatever `stopwaitsecs` says.
    pub const KILL_PAUSE: Duration = Duration::from_secs(1);

    /// The shortest time from one start to the next that follows by itself. Supervisor's tick of a second
    /// is this brake for a program with `startsecs=0` that ends at once; with a longer `startsecs` such an
    /// end leads to BACKOFF.
    pub const RESTART_PAUSE: Duration = Duration::from_secs(1);

    /// When a process starts again that was RUNNING from `since` and has ended `now`.
    #[must_use]
    pub fn restart_at(&self, since: Instant, now: Instant) -> Instant {
        now.max(since + Self::RESTART_PAUSE.saturating_sub(self.startsecs))
    }

    /// Whether an end from RUNNING is followed by a new start.
    #[must_use]
    pub const fn restarts(&self, expected: bool) -> bool {
        match self.autorestart {
            Autorestart::Always => true,
            Autorestart::Unexpected => !expected,
            Autorestart::Never => false,
        }
    }

    /// Whether an end is one of `exitcodes`.
    #[must_use]
    pub fn expects(&self, status: ExitStatus) -> bool {
        status.is_expected(&self.exitcodes)
    }
}

impl From<&ProcessSpec> for Policy {
    fn from(spec: &ProcessSpec) -> Self {
        let seconds = |value: i64| Duration::from_secs(u64::try_from(value).unwrap_or(0).min(FOREVER));
        Self {
            startsecs: seconds(spec.startsecs),
            startretries: u32::try_from(spec.startretries.max(0)).unwrap_or(u32::MAX),
            stopwaitsecs: seconds(spec.stopwaitsecs),
            autorestart: spec.autorestart,
            exitcodes: spec.exitcodes.clone(),
            backoff: Backoff::Linear,
            gated: spec.depend.is_gated(),
        }
    }
}

/// A hundred years in seconds: longer waits are cut to it, so that no sum of instants overflows.
const FOREVER: u64 = 100 * 366 * 86_400;
