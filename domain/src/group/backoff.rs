//! The delays between the restarts of one child.

use crate::duration::Shown;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// `backoff = first,cap,factor,jitter`: the first restart of a child that had been up for the group's period is made at
/// once; the next ones wait for `first`, `first * factor`, … seconds, at most `cap`, each longer or shorter by up to
/// `jitter`, a part of it. OTP has no delays.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Backoff {
    /// The first delay.
    pub first: Duration,
    /// The longest delay.
    pub cap: Duration,
    /// Each is so many times the one before; at least 1.
    pub factor: f64,
    /// From 0 to 1.
    pub jitter: f64,
}

// no part of it is NaN: `config` refuses that
impl Eq for Backoff {}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), cap: Duration::from_secs(60), factor: 2.0, jitter: 0.2 }
    }
}

impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, cap, factor, jitter } = self;
        write!(f, "{},{},{factor},{jitter}", Shown(*first), Shown(*cap))
    }
}

impl Backoff {
    /// No delay at all, as in OTP.
    pub const NONE: Self = Self { first: Duration::ZERO, cap: Duration::ZERO, factor: 1.0, jitter: 0.0 };

    /// The delay of the restart after `attempt` others, without jitter.
    #[must_use]
    pub fn base(&self, attempt: u32) -> Duration {
        let Some(steps) = attempt.checked_sub(1) else { return Duration::ZERO };
        let cap = self.cap.as_secs_f64();
        let steps = i32::try_from(steps).unwrap_or(i32::MAX);
        let seconds = (self.first.as_secs_f64() * self.factor.powi(steps)).min(cap);
        // an overflow is infinite, and so the cap; 0 * infinity is no number
        Duration::try_from_secs_f64(seconds).unwrap_or(self.cap)
    }

    /// The delay of the restart after `attempt` others; of equal `seed`s it is the same.
    #[must_use]
    pub fn delay(&self, attempt: u32, seed: u64) -> Duration {
        let base = self.base(attempt);
        let mut hasher = DefaultHasher::new();
        (seed, attempt).hash(&mut hasher);
        // 53 bits are what a float holds
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let part = (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64;
        let factor = 1.0 + self.jitter * (2.0 * part - 1.0);
        Duration::try_from_secs_f64(base.as_secs_f64() * factor).unwrap_or(base)
    }
}
