//! The order in which the groups end with the daemon.

use crate::spec::StopOrder;
use std::collections::VecDeque;

/// Groups, which are given in the order of their starts, in the order of their end: a batch is one group, or with
/// `stop_order = parallel` all groups of one priority. The next batch ends when the one before is down.
pub fn batches<T>(groups: Vec<T>, order: StopOrder, priority: impl Fn(&T) -> i64) -> VecDeque<Vec<T>> {
    let mut batches: VecDeque<Vec<T>> = VecDeque::new();
    for group in groups.into_iter().rev() {
        match batches.back_mut() {
            Some(batch) if order == StopOrder::Parallel && priority(&batch[0]) == priority(&group) => {
                batch.push(group);
            }
            Some(_) | None => batches.push_back(vec![group]),
        }
    }
    batches
}
