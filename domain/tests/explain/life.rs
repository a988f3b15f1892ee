//! What happens to a program, as a test tells it.

use super::{NOW_MS, name, now, process};
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::cause::{Cause, Change, Entry, History, Subject, Tail};
use treeherd_domain::lifecycle::{Policy, State};
use treeherd_domain::status::ProcessState;
use treeherd_domain::stream::Stream;

/// What happens to a program in a test, told by how many milliseconds before now.
pub(super) struct Life {
    pub(super) subject: Subject,
    pub(super) seq: u64,
    state: ProcessState,
}

impl Life {
    pub(super) fn of(program: &str) -> Self {
        let policy = Policy::from(&process::process(program));
        let subject = Subject {
            namespec: name(program),
            state: State::STOPPED,
            policy,
            autostart: true,
            disabled: false,
            pid: 0,
            incarnation: 0,
            born: None,
            killed: None,
            history: History::default(),
            group: None,
            requires: Vec::new(),
            probes: Vec::new(),
            says: None,
            waits_for: Vec::new(),
        };
        Self { subject, seq: 0, state: ProcessState::Stopped }
    }

    pub(super) fn push(&mut self, before: u64, change: Change, cause: Cause, attempt: u32) -> &mut Self {
        self.seq += 2;
        let at = now().checked_sub(Duration::from_millis(before)).expect("it is not that long ago");
        self.subject.history.push(Entry {
            seq: self.seq,
            at,
            at_ms: NOW_MS - before,
            change,
            cause: Arc::new(cause),
            pid: 4711,
            incarnation: 1,
            attempt,
            tail: None,
        });
        self
    }

    pub(super) fn to(&mut self, before: u64, to: ProcessState, cause: Cause) -> &mut Self {
        self.try_to(before, to, 0, cause)
    }

    pub(super) fn try_to(
        &mut self,
        before: u64,
        to: ProcessState,
        attempt: u32,
        cause: Cause,
    ) -> &mut Self {
        let from = std::mem::replace(&mut self.state, to);
        self.push(before, Change::State { from, to }, cause, attempt)
    }

    pub(super) fn became(&mut self, before: u64, what: &'static str, cause: Cause) -> &mut Self {
        self.push(
            before,
            Change::Became { what, is_bad: ["unhealthy", "not ready", "failed again"].contains(&what) },
            cause,
            0,
        )
    }

    pub(super) fn said(&mut self, bytes: &[u8]) -> &mut Self {
        let mut entries: Vec<Entry> = self.subject.history.entries().cloned().collect();
        let tail = Tail { stream: Stream::Stderr, bytes: bytes.into(), is_cut: false };
        entries.last_mut().expect("something happened").tail = Some(Arc::new(tail));
        self.subject.history = History::default();
        entries.into_iter().for_each(|entry| self.subject.history.push(entry));
        self
    }

    pub(super) fn subject_in(&self, state: State) -> Subject {
        Subject { state, ..self.subject.clone() }
    }

    pub(super) fn now(&mut self, state: State) -> Subject {
        self.subject_in(state)
    }
}
