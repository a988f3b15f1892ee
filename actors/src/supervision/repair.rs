//! The Repair: how long a tree was without one of its actors.
//!
//! ```text
//!   ended                              at work
//!     │ Down ► verdict ► start ► started │
//!     └────────────── took ──────────────┘
//! ```
//!
//! It begins when an actor ends, with the panic or the stop, and is done when its successor has been started and has
//! had its first turn at its mailbox. All between counts: waiting until everything below is gone, the verdict, the
//! pauses of the loop. What comes back with a parent belongs to the parent's repair, and each of them has a time of its
//! own. First starts have none, and cost nothing. Absent: history; `tree.get` tells the last one of each actor.

use crate::clock;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// One replacement of an actor; a clone looks at the same one.
#[derive(Clone, Debug)]
pub struct Repair(Arc<Times>);

#[derive(Debug)]
struct Times {
    since: Instant,
    took: OnceLock<Duration>,
}

impl Repair {
    /// One that began when the actor before ended.
    #[must_use]
    pub fn since(since: Instant) -> Self {
        Self(Arc::new(Times { since, took: OnceLock::new() }))
    }

    /// The successor is at work; the first word counts.
    pub fn done(&self) {
        let took = clock::now().saturating_duration_since(self.0.since);
        // it is at work once
        let _ = self.0.took.set(took);
    }

    /// How long it took; `None` while it is under way.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        self.0.took.get().copied()
    }

    /// When it began, while it is under way.
    #[must_use]
    pub fn began(&self) -> Option<Instant> {
        self.took().is_none().then_some(self.0.since)
    }
}
