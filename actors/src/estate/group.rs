//! The estates of a group: those of its processes, in definition order, and what they have in common.
//!
//! ```text
//!   definition ── new ──► GroupEstate ── reshaped by another definition ──► GroupEstate
//!                          `─ estates: the same, an heir, or a new one ─────┘
//! ```
//!
//! Neither is ever changed: the arena has one or the other. Absent: its machine under OTP's rules (`grove`), and who
//! drives its processes.

use super::{Estate, FeedEstate, LogSettings, Place, PoolEstate, Seat};
use std::collections::HashMap;
use std::sync::Arc;
use treeherd_domain::desired::Desired;
use treeherd_domain::name::{GroupName, ProcessName};
use treeherd_domain::spec::{GroupKind, GroupSpec, ProcessSpec};

/// An active group: the definition it runs with, and the estates of its processes in definition order.
#[derive(Debug)]
pub struct GroupEstate {
    /// The definition.
    pub spec: Arc<GroupSpec>,
    /// One for each process.
    pub estates: Vec<Arc<Estate>>,
    /// Of listeners: what they have in common.
    pub pool: Option<Arc<PoolEstate>>,
    /// Of subscribers: what they are told.
    pub feed: Option<Arc<FeedEstate>>,
    /// Where each name stands in `estates`.
    index: HashMap<ProcessName, usize>,
}

impl GroupEstate {
    /// The estates of a group that is about to become active. Creates its AUTO log files, so it may
    /// block: not for the tree's thread.
    #[must_use]
    pub fn new(spec: &Arc<GroupSpec>, logs: &LogSettings) -> Arc<Self> {
        let (pool, feed) = match &spec.kind {
            GroupKind::Listener(listener) => {
                (Some(PoolEstate::new(spec, listener, &logs.identifier, &logs.log)), None)
            }
            GroupKind::Subscriber(subscriber) => (None, Some(FeedEstate::new(spec, subscriber, &logs.log))),
            GroupKind::Program | GroupKind::Group | GroupKind::Fcgi | GroupKind::Template(_) => {
                (None, None)
            }
        };
        let seat = |at| pool.clone().map(|pool| Seat { pool, at });
        let place = |at| feed.clone().map(|feed| Place { feed, at });
        let made = Self::of(spec, (pool.clone(), feed.clone()), |at, process| {
            let estate = Estate::new(spec.namespec(&process.name), process, logs, seat(at));
            Arc::new(Estate { place: place(at), ..estate })
        });
        if let Some(feed) = &feed {
            feed.found(made.estates.iter().map(|estate| Arc::clone(&estate.record)).collect());
        }
        made
    }

    /// The estates of this group by another definition: a process that is in both and is not changed keeps its
    /// estate, one that is changed leaves it to an heir. May block, as `new` does. Not for pools of listeners, nor for subscribers.
    #[must_use]
    pub(crate) fn reshaped(&self, spec: &Arc<GroupSpec>, logs: &LogSettings) -> Arc<Self> {
        Self::of(spec, (None, None), |_, process| match self.estate(&process.name) {
            Some(estate) if estate.spec == *process => Arc::clone(estate),
            Some(estate) => Arc::new(estate.heir(process, logs)),
            None => Arc::new(Estate::new(spec.namespec(&process.name), process, logs, None)),
        })
    }

    pub(super) fn of(
        spec: &Arc<GroupSpec>,
        (pool, feed): (Option<Arc<PoolEstate>>, Option<Arc<FeedEstate>>),
        estate: impl Fn(usize, &Arc<ProcessSpec>) -> Arc<Estate>,
    ) -> Arc<Self> {
        let estates: Vec<_> =
            spec.processes.iter().enumerate().map(|(at, process)| estate(at, process)).collect();
        let name = |(at, process): (usize, &Arc<ProcessSpec>)| (process.name.clone(), at);
        let index = spec.processes.iter().enumerate().map(name).collect();
        Arc::new(Self { spec: Arc::clone(spec), estates, pool, feed, index })
    }

    /// Has each process know whether it is disabled. An instance of a template never is: its name may have been that of
    /// another one, of an earlier daemon.
    pub(crate) fn mark(&self, desired: &Desired) {
        for estate in &self.estates {
            estate.record().disabled = !self.is_template() && desired.is_disabled(&estate.namespec);
        }
    }

    /// Whether its processes are the instances of a template.
    pub(crate) fn is_template(&self) -> bool {
        self.spec.kind.is_template()
    }

    /// The group's name.
    #[must_use]
    pub fn name(&self) -> &GroupName {
        &self.spec.name
    }

    /// One of its processes.
    #[must_use]
    pub fn estate(&self, process: &ProcessName) -> Option<&Arc<Estate>> {
        self.index.get(process).map(|at| &self.estates[*at])
    }

    /// Its processes by (priority, definition order); under OTP's rules by definition order alone.
    #[must_use]
    pub fn by_priority(&self) -> Vec<Arc<Estate>> {
        let mut sorted = self.estates.clone();
        if self.spec.rules.policy.is_none() {
            sorted.sort_by_key(|estate| estate.spec.priority);
        }
        sorted
    }
}
