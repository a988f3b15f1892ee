//! The order in which the groups end with the daemon.

use crate::spec::{GroupSpec, StopOrder};
use std::collections::VecDeque;
use std::sync::Arc;

/// Groups, which are given in the order of their starts, in the order of their end: a batch is one group, or with
/// `stop_order = parallel` all groups of one priority, but those above others. The next batch ends when the one before
/// is down.
pub fn batches<T>(
    groups: Vec<T>,
    order: StopOrder,
    spec: impl Fn(&T) -> Arc<GroupSpec>,
) -> VecDeque<Vec<T>> {
    let mut batches: VecDeque<Vec<T>> = VecDeque::new();
    for group in groups.into_iter().rev() {
        let one = spec(&group);
        match batches.back_mut() {
            Some(batch)
                if order == StopOrder::Parallel
                    && spec(&batch[0]).priority == one.priority
                    && !batch.iter().any(|other| one.rules.groups.contains(&spec(other).name)) =>
            {
                batch.push(group);
            }
            Some(_) | None => batches.push_back(vec![group]),
        }
    }
    batches
}
