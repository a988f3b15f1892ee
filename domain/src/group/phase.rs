//! What a group is in the middle of.

use super::Report;
use super::members::Standing;
use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

/// What a group is in the middle of. Children are numbered in the order of starting.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Phase {
    /// Nothing, but for children that are started alone.
    #[default]
    Idle,
    /// These have to be down.
    Stopping { queue: VecDeque<usize>, then: Then },
    /// These are started, one when the one before is up.
    Starting {
        queue: VecDeque<usize>,
        /// Nothing is started before.
        due: Option<Instant>,
    },
}

/// What follows when all are down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Then {
    /// These are started, not before that time.
    Start { set: BTreeSet<usize>, due: Instant },
    /// The group as a whole is down.
    Rest { standing: Standing, report: Option<Report> },
    /// Somebody wants it up again meanwhile.
    Anew,
}

impl Phase {
    /// The word for it.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Stopping { .. } => "stopping",
            Self::Starting { .. } => "starting",
        }
    }

    /// Whom the phase has still to stop.
    pub(super) fn to_stop(&self) -> BTreeSet<usize> {
        match self {
            Self::Stopping { queue, .. } => queue.iter().copied().collect(),
            Self::Idle | Self::Starting { .. } => BTreeSet::new(),
        }
    }

    /// Whom the phase has still to start.
    pub(super) fn to_start(&self) -> BTreeSet<usize> {
        match self {
            Self::Stopping { then: Then::Start { set, .. }, .. } => set.clone(),
            Self::Starting { queue, .. } => queue.iter().copied().collect(),
            Self::Idle | Self::Stopping { .. } => BTreeSet::new(),
        }
    }

    /// Whether the phase has still to start a child.
    pub(super) fn is_to_start(&self, child: usize) -> bool {
        match self {
            Self::Stopping { then: Then::Start { set, .. }, .. } => set.contains(&child),
            Self::Starting { queue, .. } => queue.contains(&child),
            Self::Idle | Self::Stopping { .. } => false,
        }
    }

    /// A child is down: whether that is what the phase waits for.
    pub(super) fn stopped(&mut self, child: usize) -> bool {
        let Self::Stopping { queue, .. } = self else { return false };
        let before = queue.len();
        queue.retain(|at| *at != child);
        queue.len() < before
    }

    /// A child was started while all were being stopped.
    pub(super) fn stop_as_well(&mut self, child: usize) {
        if let Self::Stopping { queue, .. } = self
            && !queue.contains(&child)
        {
            queue.push_back(child);
        }
    }

    /// A child is not to be started by it.
    pub(super) fn leave_out(&mut self, child: usize) {
        match self {
            Self::Starting { queue, .. } => queue.retain(|at| *at != child),
            Self::Stopping { then: Then::Start { set, .. }, .. } => {
                set.remove(&child);
            }
            Self::Idle | Self::Stopping { .. } => {}
        }
    }

    /// The children have other numbers; those without one are gone.
    pub(super) fn renumber(&mut self, number: impl Fn(usize) -> Option<usize>) {
        match self {
            Self::Idle => {}
            Self::Starting { queue, .. } => {
                let mut numbers: Vec<_> = queue.iter().filter_map(|at| number(*at)).collect();
                numbers.sort_unstable();
                *queue = numbers.into();
            }
            Self::Stopping { queue, then } => {
                let mut numbers: Vec<_> = queue.iter().filter_map(|at| number(*at)).collect();
                numbers.sort_unstable_by(|a, b| b.cmp(a));
                *queue = numbers.into();
                if let Then::Start { set, .. } = then {
                    *set = set.iter().filter_map(|at| number(*at)).collect();
                }
            }
        }
    }
}
