//! Readiness and health: attributes of a process beside its state.
//!
//! RUNNING keeps Supervisor's meaning: up for `startsecs`. Whether the process can be used is its [`Readiness`],
//! whether it still does its work its [`Health`]. Without `ready=` a process is ready while it is RUNNING; without
//! `health=` nothing is known of its health, and that is no failure.
//!
//! ```text
//!   HealthSpec ── what to ask ──► whoever asks ── Sign ──► Vitals ── Change ──► events, the lifecycle, who waits
//! ```

mod check;
mod notice;
mod spec;
mod tally;
mod vitals;

pub use check::{Check, CheckError, GREATEST_FD, HostPort, HttpUrl, LONGEST_LINE, Pattern};
pub use notice::{LONGEST_STATUS, Notice, parse as notices};
pub use spec::{Action, HealthSpec, ProbeSpec};
pub use tally::{Tally, Thresholds};
pub use vitals::{Ailment, Change, Side, Sign, Vitals};

use std::fmt;

/// Whether a process can be used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Readiness {
    /// Not yet, or not any more.
    #[default]
    NotReady,
    /// It said so, a probe found so, or, without `ready=`, it is RUNNING.
    Ready,
}

impl Readiness {
    /// Whether it can be used.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Ready)
    }

    /// The word for it: `ready`, `not ready`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotReady => "not ready",
            Self::Ready => "ready",
        }
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether something that is watched does its work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Health {
    /// Nothing watches it, or nothing has been found out yet.
    #[default]
    Unknown,
    /// The checks pass.
    Healthy,
    /// As many checks in a row as the threshold says have failed.
    Unhealthy,
}

impl Health {
    /// Whether it is known to be bad.
    #[must_use]
    pub const fn is_unhealthy(self) -> bool {
        matches!(self, Self::Unhealthy)
    }

    /// The word for it: `unknown`, `healthy`, `unhealthy`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Readiness and health of one process at one moment, to be shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Condition {
    /// Whether anything is asked or listened for beyond `startsecs`.
    pub is_watched: bool,
    /// Whether it can be used.
    pub readiness: Readiness,
    /// Whether it does its work.
    pub health: Health,
    /// Why not, or why the last question failed; else empty.
    pub reason: String,
    /// What it said of itself (`STATUS=`); else empty.
    pub status: String,
}

impl Condition {
    /// What is wrong with it in a few words, if it is up and something is: `not ready: tcp 127.0.0.1:5432: refused`.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let word = match (self.readiness, self.health) {
            (_, Health::Unhealthy) => Health::Unhealthy.as_str(),
            (Readiness::NotReady, _) => Readiness::NotReady.as_str(),
            (Readiness::Ready, Health::Unknown | Health::Healthy) => return None,
        };
        let reason = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        self.is_watched.then(|| format!("{word}{reason}"))
    }
}
