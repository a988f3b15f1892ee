//! What happened to the processes of a group that was taken out and may be put in again: an update replaces a changed group
//! so, and what happened before it is not forgotten.
//!
//! ```text
//! Remove ─► history of each process that is still configured ─► Add: the process of that name goes on with it
//!                         `─ configured no more: forgotten
//! ```
//!
//! One history at most for each configured process, each bounded by itself. Absent: an update by process, where an heir
//! has the record itself (`estate`).

use super::{Estate, GroupEstate, lock};
use crate::clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use treeherd_domain::cause::{Cause, Change, Entry, History};
use treeherd_domain::name::Namespec;
use treeherd_domain::spec::Config;
use treeherd_domain::status::ProcessState;

/// Histories without a process.
#[derive(Debug, Default)]
pub(super) struct Past(Mutex<HashMap<Namespec, History>>);

impl Past {
    /// Keeps what happened to the processes of a group that was taken out. `seq` is the number of the event that told of it.
    pub(super) fn keep(&self, group: &GroupEstate, config: &Config, seq: u64) {
        let mut past = lock(&self.0);
        for estate in group.estates.iter().filter(|estate| is_configured(config, &estate.namespec)) {
            past.insert(estate.namespec.clone(), history_of(estate, seq));
        }
    }

    /// The processes of a group that comes go on with it.
    pub(super) fn give(&self, group: &GroupEstate) {
        let mut past = lock(&self.0);
        for estate in &group.estates {
            if let Some(history) = past.remove(&estate.namespec) {
                estate.record().history = history;
            }
        }
    }

    /// Forgets what is not configured any more.
    pub(super) fn settle(&self, config: &Config) {
        lock(&self.0).retain(|namespec, _| is_configured(config, namespec));
    }
}

fn is_configured(config: &Config, namespec: &Namespec) -> bool {
    let group = config.group(&namespec.group);
    group.is_some_and(|group| group.processes.iter().any(|process| process.name == namespec.process))
}

/// Up to the moment in which the process was taken out: whatever it was, its successor begins STOPPED.
fn history_of(estate: &Estate, seq: u64) -> History {
    let record = estate.record();
    let mut history = record.history.clone();
    let last = history.last().and_then(|entry| entry.change.to());
    if let Some(from) = last.filter(|last| *last != ProcessState::Stopped) {
        history.push(Entry {
            seq,
            at: clock::now(),
            at_ms: clock::wall_ms(),
            change: Change::State { from, to: ProcessState::Stopped },
            cause: Arc::new(Cause::Removed),
            pid: 0,
            incarnation: record.incarnation,
            attempt: 0,
            tail: None,
        });
    }
    history
}
