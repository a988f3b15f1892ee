//! Entries of histories as words of a chain.

use super::links::{is_end, is_own_end};
use super::{Cause, Change, Entry, Outside, Reason, Subject};
use crate::status::ProcessState;

impl Change {
    /// The word for what it led to: `RUNNING`, `unhealthy`.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::State { to, .. } => to.as_str(),
            Self::Became { what, .. } => what,
        }
    }

    /// What is said of whom it happened to: `became FATAL`, `was tried again`.
    fn verb(&self) -> String {
        match self.word() {
            word @ "failed again" => word.to_owned(),
            word @ "tried again" => format!("was {word}"),
            word => format!("became {word}"),
        }
    }
}

/// An entry of the process itself; `with_hint`: what to do about it as well.
pub(super) fn told(subject: &Subject, entry: &Entry, with_hint: bool) -> String {
    let pid = if entry.pid > 0 && is_end(entry) { format!(" (pid {})", entry.pid) } else { String::new() };
    let hint = match &*entry.cause {
        Cause::NotSpawned { hint: Some(hint), .. } if with_hint => format!("; {hint}"),
        _ => String::new(),
    };
    match &entry.change {
        Change::State { to: ProcessState::Backoff, .. } => {
            let of = subject.policy.startretries.saturating_add(1);
            format!("attempt {} of {of} failed: {}{pid}{hint}", entry.attempt, entry.cause)
        }
        Change::State { to, .. } => format!("{to}: {}{pid}{hint}", entry.cause),
        change @ Change::Became { .. } => format!("{}: {}{pid}{hint}", change.verb(), entry.cause),
    }
}

/// An entry of another process, after its name; of an end by itself with the last words.
pub(super) fn told_of_other(entry: &Entry) -> String {
    let last = entry.tail.as_ref().filter(|_| is_own_end(entry));
    let last = last.and_then(|tail| tail.lines(usize::MAX).into_iter().rfind(|line| !line.is_empty()));
    let last = last.map_or_else(String::new, |line| format!("; it wrote last: {}", line.trim()));
    format!("{}: {}{last}", entry.change.verb(), entry.cause)
}

/// A change of a probe.
pub(super) fn told_of_probe(probe: &Outside, entry: &Entry, depth: usize) -> Reason {
    let text = format!("probe {} {}", probe.name, told_of_other(entry));
    Reason { kind: "before", text, entry: None, at_ms: Some(entry.at_ms), by: None, depth }
}
