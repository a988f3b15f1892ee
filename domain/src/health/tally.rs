//! Answers counted against thresholds: when something becomes healthy, when unhealthy, and why.

use super::Health;

/// How many answers of one kind in a row decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thresholds {
    /// So many failures make it unhealthy; 0 counts as 1.
    pub failures: u32,
    /// So many successes make it healthy; 0 counts as 1.
    pub successes: u32,
}

/// The answers so far, as far as they still count.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    health: Health,
    passed: u32,
    failed: u32,
    reason: Option<Box<str>>,
}

impl Tally {
    /// What they come to.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// Why the last answer was a failure; `None` if it was none.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// How many failures there were in a row.
    #[must_use]
    pub const fn failed(&self) -> u32 {
        self.failed
    }

    /// Counts a success. What is not known to be bad is good with the first one.
    pub fn pass(&mut self, thresholds: Thresholds) {
        (self.passed, self.failed, self.reason) = (self.passed.saturating_add(1), 0, None);
        if self.health != Health::Unhealthy || self.passed >= thresholds.successes {
            self.health = Health::Healthy;
        }
    }

    /// Counts a failure. Whether as many in a row as the threshold says are full once more: then, and so many later
    /// again, something is to be done about it.
    pub fn fail(&mut self, reason: &str, thresholds: Thresholds) -> bool {
        (self.failed, self.passed) = (self.failed.saturating_add(1), 0);
        self.reason = Some(reason.into());
        let is_full = self.failed.is_multiple_of(thresholds.failures.max(1));
        if self.failed >= thresholds.failures {
            self.health = Health::Unhealthy;
        }
        is_full
    }
}
