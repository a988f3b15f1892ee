//! A rolling restart, as a value: a few processes at a time, and the next ones when these are ready.
//!
//! ```text
//!   queued ── take ──► under way ─┬─ ready ──► ready ── fell ─┐
//!     │                           └─ failed, late ────────────┴─► failed ──► abort_on of them: the end
//!     └── spare, or the end ──► spared: the old process goes on untouched
//! ```
//!
//! Never more than `batch` are under way. The next batch begins when none is under way any more and `pause` has passed:
//! what falls in that time still counts against the restart. After the end nothing is restarted any more; those that
//! are under way have their outcome first. Time is a parameter. Who has a turn at all is told by [`part`]. Absent: what a
//! restart is, who says that a process is ready ([`progress`]: how what is seen of one is to be read).

mod part;
mod progress;
mod rules;

pub use part::{Candidate, LeftOut, Part, part};
pub use progress::{Heard, Progress, Seen, progress};
pub use rules::{Rules, Wish};

use crate::duration::LONGEST;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Where one process of a rolling restart stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Its turn is yet to come.
    Queued,
    /// It was told to restart, and is late after this moment.
    UnderWay {
        /// The latest moment at which it may become ready.
        until: Instant,
    },
    /// It is there again.
    Ready,
    /// It did not come back, or fell again.
    Failed,
    /// It was left as it is.
    Spared,
}

/// Why nothing more is restarted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Abort {
    /// `abort_on` processes failed; the last of them.
    Failed(usize),
    /// Somebody or something put an end to it: the words for it.
    Ended(&'static str),
}

/// A rolling restart. Processes are known by their places in the order of the restart.
#[derive(Clone, Debug)]
pub struct Rolling {
    rules: Rules,
    places: Vec<Place>,
    patience: Vec<Duration>,
    queue: VecDeque<usize>,
    failures: usize,
    /// When the pause after the last batch is over.
    resumes: Option<Instant>,
    abort: Option<Abort>,
}

impl Rolling {
    /// A rolling restart of processes of which each has a time to become ready in, counted from the moment in which it
    /// is told to restart.
    #[must_use]
    pub fn new(rules: Rules, patience: Vec<Duration>) -> Self {
        let places = vec![Place::Queued; patience.len()];
        let queue = (0..patience.len()).collect();
        let patience = patience.into_iter().map(|time| time.min(LONGEST)).collect();
        let rules = Rules { pause: rules.pause.min(LONGEST), ..rules };
        Self { rules, places, patience, queue, failures: 0, resumes: None, abort: None }
    }

    /// Where each stands.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Why nothing more is restarted; `None` while nothing is wrong.
    #[must_use]
    pub const fn abort(&self) -> Option<&Abort> {
        self.abort.as_ref()
    }

    /// Those that are to be restarted now; they are under way from here on.
    pub fn take(&mut self, now: Instant) -> Vec<usize> {
        let pauses = self.resumes.is_some_and(|at| now < at);
        if self.abort.is_some() || pauses || self.under_way().next().is_some() {
            return Vec::new();
        }
        let batch: Vec<usize> = (0..self.rules.batch).map_while(|_| self.queue.pop_front()).collect();
        for &at in &batch {
            let until = now + self.patience[at];
            self.places[at] = Place::UnderWay { until };
        }
        batch
    }

    /// A process is there again.
    pub fn ready(&mut self, at: usize, now: Instant) {
        if let Place::UnderWay { .. } = self.places[at] {
            self.places[at] = Place::Ready;
            self.settled(now);
        }
    }

    /// A process did not come back, or has fallen after it had.
    pub fn failed(&mut self, at: usize, now: Instant) {
        if !matches!(self.places[at], Place::UnderWay { .. } | Place::Ready) {
            return;
        }
        self.places[at] = Place::Failed;
        self.failures += 1;
        if self.failures >= self.rules.abort_on {
            self.abort.get_or_insert(Abort::Failed(at));
        }
        self.settled(now);
    }

    /// A process is left as it is, and that is no failure: its turn has come just now, or is yet to come.
    pub fn spare(&mut self, at: usize, now: Instant) {
        match self.places[at] {
            Place::UnderWay { .. } => {
                self.places[at] = Place::Spared;
                self.settled(now);
            }
            Place::Queued => {
                self.places[at] = Place::Spared;
                self.queue.retain(|queued| *queued != at);
            }
            Place::Ready | Place::Failed | Place::Spared => {}
        }
    }

    /// Those that are under way for longer than they may; they have failed from here on.
    pub fn late(&mut self, now: Instant) -> Vec<usize> {
        let is_late = |place: &Place| matches!(place, Place::UnderWay { until } if *until <= now);
        let late: Vec<usize> = (0..self.places.len()).filter(|at| is_late(&self.places[*at])).collect();
        late.iter().for_each(|at| self.failed(*at, now));
        late
    }

    /// Nothing more is restarted. The first word about it stands.
    pub fn end(&mut self, why: &'static str) {
        if !self.is_over() {
            self.abort.get_or_insert(Abort::Ended(why));
        }
    }

    /// When it is to be looked at again though nothing happens.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Instant> {
        let until = |at: usize| match self.places[at] {
            Place::UnderWay { until } => Some(until),
            Place::Queued | Place::Ready | Place::Failed | Place::Spared => None,
        };
        let first = self.under_way().filter_map(until).min();
        first.or_else(|| self.resumes.filter(|_| !self.is_over()))
    }

    /// Whether each has its outcome; what is queued then is left as it is.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.under_way().next().is_none() && (self.queue.is_empty() || self.abort.is_some())
    }

    fn under_way(&self) -> impl Iterator<Item = usize> {
        (0..self.places.len()).filter(|at| matches!(self.places[*at], Place::UnderWay { .. }))
    }

    /// One has its outcome: with the last of a batch the pause begins.
    fn settled(&mut self, now: Instant) {
        if self.under_way().next().is_none() && self.resumes.is_none_or(|at| at <= now) {
            self.resumes = Some(now + self.rules.pause);
        }
    }
}
