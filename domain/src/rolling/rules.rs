//! How many at a time, how far apart, and when to give up.

use std::time::Duration;

/// The rules of a rolling restart. Of a program: the keys `rolling_batch`, `rolling_pause` and `rolling_abort_on`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rules {
    /// How many are restarted at the same time; at least 1.
    pub batch: usize,
    /// How long the ready ones are watched before the next ones are restarted.
    pub pause: Duration,
    /// After how many failures nothing more is restarted; at least 1.
    pub abort_on: usize,
}

impl Default for Rules {
    /// One by one, without a pause, until the first failure.
    fn default() -> Self {
        Self { batch: 1, pause: Duration::ZERO, abort_on: 1 }
    }
}

impl Rules {
    /// The most careful of several: the smallest batch, the longest pause, the fewest failures. The default of none.
    #[must_use]
    pub fn together(all: impl IntoIterator<Item = Self>) -> Self {
        let careful = |a: Self, b: Self| Self {
            batch: a.batch.min(b.batch),
            pause: a.pause.max(b.pause),
            abort_on: a.abort_on.min(b.abort_on),
        };
        all.into_iter().reduce(careful).unwrap_or_default()
    }
}

/// What whoever asks for a rolling restart says over the keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wish {
    /// Over `rolling_batch`.
    pub batch: Option<usize>,
    /// Over `rolling_pause`.
    pub pause: Option<Duration>,
    /// Over `rolling_abort_on`.
    pub abort_on: Option<usize>,
    /// How long each process has to become ready; `None`: as long as its configuration lets it take.
    pub patience: Option<Duration>,
}

impl Wish {
    /// The rules with this over them.
    #[must_use]
    pub fn over(&self, rules: Rules) -> Rules {
        Rules {
            batch: self.batch.unwrap_or(rules.batch).max(1),
            pause: self.pause.unwrap_or(rules.pause),
            abort_on: self.abort_on.unwrap_or(rules.abort_on).max(1),
        }
    }
}
