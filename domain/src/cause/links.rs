//! Which entries of a history belong together: those that led to the state now, down to the one that began it.
//!
//! ```text
//!   FATAL ◄ attempt 4 ◄ attempt 3 ◄ ... ◄ STARTING: asked for              begun: nothing before that is told
//!   RUNNING ◄ STARTING: autorestart ◄ EXITED                               one end before, as the reason
//!   STOPPED ◄ STOPPING: asked for                                          a stop needs no start
//! ```

use super::{Cause, Change, Entry, History, Subject, Verdict};
use crate::lifecycle::State;
use crate::status::ProcessState;

/// The entries that led to the state now.
pub(super) struct Links<'a> {
    /// The newest first.
    pub(super) entries: Vec<&'a Entry>,
    /// If the one that began it is no longer kept: how many are not.
    pub(super) dropped: Option<u64>,
}

/// What an entry is to the chain that comes down to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// What was before led to it.
    Middle,
    /// It follows from the end before it, and that is all that is to be told.
    Follows,
    /// It began.
    Begins,
}

/// The entries that led here, the newest first, down to the one that began it.
pub(super) fn links(subject: &Subject) -> Links<'_> {
    let mut entries: Vec<&Entry> = Vec::new();
    let (mut is_stop, mut is_last) = (matches!(subject.state, State::Stopping { .. }), false);
    for entry in subject.history.entries().rev() {
        entries.push(entry);
        let Change::State { from, to } = entry.change else { continue };
        // an end by a stop that stands for a failure, and giving up: what failed lies before that
        if is_last && (from == ProcessState::Stopping || matches!(*entry.cause, Cause::GaveUp { .. })) {
            continue;
        }
        let part = part(subject, to, &entry.cause, is_stop);
        is_stop |= to == ProcessState::Stopped;
        if part == Part::Begins || is_last {
            return Links { entries, dropped: None };
        }
        is_last = part == Part::Follows;
    }
    let dropped = subject.history.dropped();
    Links { entries, dropped: (dropped > 0).then_some(dropped) }
}

/// `is_stop`: what is told is a stop.
fn part(subject: &Subject, to: ProcessState, cause: &Cause, is_stop: bool) -> Part {
    let begins = |begins| if begins { Part::Begins } else { Part::Middle };
    match (to, cause) {
        // its group, after its own end; and what was tried in the background is up
        (ProcessState::Starting, Cause::Rule { of: Some(of), .. }) if of.name == subject.namespec => {
            Part::Follows
        }
        (ProcessState::Starting, Cause::Autorestart) => Part::Follows,
        (ProcessState::Starting, Cause::Retry { .. } | Cause::Again | Cause::Up(_)) => Part::Middle,
        (ProcessState::Starting, Cause::Rule { kind: "fatal_retry", .. }) => Part::Middle,
        (ProcessState::Starting, _) => Part::Begins,
        // a stop that somebody asked for; one that stands for a failure has something before it
        (ProcessState::Stopping, _) => begins(is_stop),
        (ProcessState::Stopped, Cause::Rule { kind: "disabled", .. }) => Part::Follows,
        (ProcessState::Stopped, cause) => {
            begins(!matches!(cause, Cause::Ended(_) | Cause::NotSpawned { .. }))
        }
        (ProcessState::Fatal, cause) => begins(!matches!(cause, Cause::GaveUp { .. })),
        _ => Part::Middle,
    }
}

/// Of an entry that is only the outcome of another one in the same history: that one. An end is that of the stop
/// before it, giving up that of the last failed attempt, and what ends is not ready any more.
pub(super) fn reason_behind<'a>(history: &'a History, entry: &Entry) -> Option<&'a Entry> {
    let mut before = history.entries().rev().filter(|other| other.seq < entry.seq);
    let before = before.find(|other| other.change.to().is_some());
    if entry.change.word() == "not ready" {
        return before.filter(|other| other.change.is_bad());
    }
    let of =
        |all: &[ProcessState]| before.filter(|other| other.change.to().is_some_and(|to| all.contains(&to)));
    match &*entry.cause {
        Cause::Ended(end) if end.verdict == Verdict::Stopped => of(&[ProcessState::Stopping]),
        Cause::GaveUp { .. } => of(&[ProcessState::Backoff, ProcessState::Exited]),
        _ => None,
    }
}

/// Whether a process ended there.
pub(super) fn is_end(entry: &Entry) -> bool {
    matches!(*entry.cause, Cause::Ended(_))
}

/// Whether it ended in a way that makes its last words worth reading: not by a stop that it obeyed.
pub(super) fn is_telling_end(entry: &Entry) -> bool {
    match &*entry.cause {
        Cause::Ended(end) => end.verdict != Verdict::Stopped || end.killed.is_some(),
        _ => false,
    }
}

/// Whether it ended without anybody having asked for it.
pub(super) fn is_own_end(entry: &Entry) -> bool {
    match &*entry.cause {
        Cause::Ended(end) => end.verdict != Verdict::Stopped,
        _ => false,
    }
}

/// Whether a later change is the end of the trouble that an earlier one was.
pub(super) fn is_recovery(bad: &Change, later: &Change) -> bool {
    match (bad, later) {
        (_, Change::State { to: ProcessState::Running, .. }) => true,
        (Change::Became { what: bad, .. }, Change::Became { what, is_bad: false }) => matches!(
            (*bad, *what),
            ("unhealthy", "healthy") | ("not ready", "ready") | ("red", "green") | ("disabled", "enabled")
        ),
        _ => false,
    }
}
