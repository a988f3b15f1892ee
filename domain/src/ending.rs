//! The order in which everything ends with the daemon.
//!
//! ```text
//!   nobody requires anybody:  one batch after the other, by priority, the last to start first
//!   somebody does:            everybody but the listeners, by their requirements; then the listeners as above
//! ```
//!
//! Listeners and subscribers come last, since they are told of the ends before theirs. The daemon and the simulation
//! go by the same batches. Absent: who is told, and when a process is down.

use crate::spec::{GroupSpec, StopOrder};
use std::collections::VecDeque;
use std::sync::Arc;

/// Groups that end together.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    /// They.
    pub groups: Vec<T>,
    /// Whether their processes go down in the order of their requirements; else each group in its own.
    pub in_order: bool,
}

/// The end of all groups, batch by batch.
#[derive(Clone, Debug)]
pub struct Fall<T>(VecDeque<Batch<T>>);

impl<T> Fall<T> {
    /// Of these groups, which are given in the order of their starts; `requires`: whether any process requires another.
    pub fn new(
        groups: Vec<T>,
        order: StopOrder,
        requires: bool,
        spec: impl Fn(&T) -> Arc<GroupSpec>,
    ) -> Self {
        if !requires {
            return Self(batches(groups, order, spec));
        }
        let (listeners, others): (Vec<T>, Vec<T>) =
            groups.into_iter().partition(|group| spec(group).kind.listens());
        let mut all = batches(listeners, order, spec);
        all.push_front(Batch { groups: others, in_order: true });
        Self(all)
    }

    /// Forgets the batches in front that are down. How many those were.
    pub fn pass(&mut self, is_down: impl Fn(&T) -> bool) -> usize {
        let before = self.0.len();
        while self.0.front().is_some_and(|batch| batch.groups.iter().all(&is_down)) {
            self.0.pop_front();
        }
        before - self.0.len()
    }

    /// The batch whose turn it is; `None`: everything is down.
    #[must_use]
    pub fn turn(&self) -> Option<&Batch<T>> {
        self.0.front()
    }
}

/// A batch is one group, or with `stop_order = parallel` all groups of one priority, but those above others.
fn batches<T>(groups: Vec<T>, order: StopOrder, spec: impl Fn(&T) -> Arc<GroupSpec>) -> VecDeque<Batch<T>> {
    let mut batches: VecDeque<Batch<T>> = VecDeque::new();
    for group in groups.into_iter().rev() {
        let one = spec(&group);
        match batches.back_mut() {
            Some(Batch { groups, .. })
                if order == StopOrder::Parallel
                    && spec(&groups[0]).priority == one.priority
                    && !groups.iter().any(|other| one.rules.groups.contains(&spec(other).name)) =>
            {
                groups.push(group);
            }
            Some(_) | None => batches.push_back(Batch { groups: vec![group], in_order: false }),
        }
    }
    batches
}
