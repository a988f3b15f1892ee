//! The last entries of one process, bounded.

use super::{Change, Entry};
use crate::status::ProcessState;
use std::collections::VecDeque;

/// Entries that are kept of each process.
pub const KEPT: usize = 128;
/// Those of a process that was started once and runs.
const USUAL: usize = 2;
/// Ends whose last output is kept.
pub const TAILS: usize = 4;

/// The last entries, the oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    entries: VecDeque<Entry>,
    /// How many are no longer kept.
    dropped: u64,
}

impl History {
    /// Adds the newest; the oldest gives way.
    pub fn push(&mut self, entry: Entry) {
        if entry.tail.is_some() {
            let mut older = self.entries.iter_mut().rev().filter(|entry| entry.tail.is_some());
            if let Some(oldest) = older.nth(TAILS - 1) {
                oldest.tail = None;
            }
        }
        while self.entries.len() >= KEPT {
            self.entries.pop_front();
            self.dropped += 1;
        }
        if self.entries.is_empty() {
            self.entries.reserve_exact(USUAL);
        }
        self.entries.push_back(entry);
    }

    /// The entries, the oldest first.
    #[must_use]
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// How many entries there were that are no longer kept.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The entry of this number, if it is kept.
    #[must_use]
    pub fn entry(&self, seq: u64) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
        self.entries.get(at)
    }

    /// The newest change into this state.
    #[must_use]
    pub fn last_to(&self, state: ProcessState) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.change.to() == Some(state))
    }

    /// The newest entry.
    #[must_use]
    pub fn last_change(&self) -> Option<&Entry> {
        self.entries.back()
    }

    /// The newest change of state.
    #[must_use]
    pub fn last(&self) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| matches!(entry.change, Change::State { .. }))
    }
}
