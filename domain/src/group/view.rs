//! What others see of a [`GroupMachine`].

use super::members::Life;
use super::{ChildId, GroupMachine, GroupPolicy, Standing};
use std::time::Instant;

impl GroupMachine {
    /// How it is configured.
    #[must_use]
    pub const fn policy(&self) -> &GroupPolicy {
        &self.policy
    }

    /// What it is about.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// What it is in the middle of: `idle`, `stopping` or `starting`.
    #[must_use]
    pub const fn phase(&self) -> &'static str {
        self.phase.as_str()
    }

    /// How many restarts count at `now`, one that was refused included; `None`: none are counted.
    #[must_use]
    pub fn budget_used(&self, now: Instant) -> Option<usize> {
        self.policy.budget().map(|budget| self.window.counting(now, budget.period))
    }

    /// How many restarts are left at `now`; `None`: no limit.
    #[must_use]
    pub fn budget_left(&self, now: Instant) -> Option<usize> {
        Some(self.policy.intensity?.saturating_sub(self.budget_used(now)?))
    }

    /// Whether this child has to be started alone, and when.
    #[must_use]
    pub fn restarts_at(&self, child: &ChildId) -> Option<Instant> {
        match self.members[self.position(child)?].life {
            Life::Restarting { due } => Some(due),
            Life::Down | Life::Starting | Life::Up { .. } | Life::Stopping | Life::Lost => None,
        }
    }
}
