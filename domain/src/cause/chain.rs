//! The chain of reasons: the process itself, its group, what it waits for, and from there into others.
//!
//! ```text
//!   depth 0   says, waits ─► depth 1: the other, as a whole
//!             its group ──► depth 1: why the group below gave up ─► ... ─► the process that did it
//!             links, the newest first; each may lead to ─► depth 1: what its cause names, what went bad before
//! ```
//!
//! It ends at [`DEEPEST`], after [`ALL`] reasons, and where a process is told of already.

use super::explain::BEFORE;
use super::headline::headline;
use super::links::{Links, is_own_end, is_recovery, links, reason_behind};
use super::told::{told, told_of_other, told_of_probe};
use super::{Cause, Entry, History, Others, Outside, Reason, Ref, Subject, span};
use crate::name::Namespec;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Links of one process that are told; attempts beyond them are only counted.
const MOST: usize = 16;
/// How deep a chain goes into other processes and groups.
const DEEPEST: usize = 8;
/// Reasons in all.
const ALL: usize = 48;
/// Ends by itself within this time are counted.
const OFTEN: Duration = Duration::from_secs(600);

pub(super) struct Chain<'a> {
    others: &'a Others<'a>,
    now: Instant,
    reasons: Vec<Reason>,
    /// How many were left out.
    more: usize,
    /// Processes whose chains are being told: a circle ends here.
    seen: Vec<Namespec>,
}

impl<'a> Chain<'a> {
    pub(super) const fn new(others: &'a Others<'a>, now: Instant) -> Self {
        Self { others, now, reasons: Vec::new(), more: 0, seen: Vec::new() }
    }

    /// Tells all of a process.
    pub(super) fn of(mut self, subject: &Subject) -> Vec<Reason> {
        self.says(subject);
        self.whole(subject, 0);
        self.often(subject);
        if self.more > 0 {
            self.reasons.push(bare("more", format!("and {} more that are not told here", self.more), 0));
        }
        self.reasons
    }

    fn push(&mut self, reason: Reason) {
        if self.reasons.len() < ALL {
            self.reasons.push(reason);
        } else {
            self.more += 1;
        }
    }

    /// What the process itself says of what it does.
    fn says(&mut self, subject: &Subject) {
        if let Some(says) = subject.says.as_deref().filter(|_| subject.pid > 0) {
            self.push(bare("says", format!("it says: {}", super::entry::harmless(says)), 0));
        }
    }

    fn whole(&mut self, subject: &Subject, depth: usize) {
        if depth >= DEEPEST || self.reasons.len() >= ALL || self.seen.contains(&subject.namespec) {
            return;
        }
        self.seen.push(subject.namespec.clone());
        self.waits(subject, depth);
        self.group(subject, depth);
        let links = links(subject);
        self.links(subject, &links, depth);
        self.disabled(subject, &links.entries, depth);
        self.seen.pop();
    }

    /// What it waits for, and why that is not there.
    fn waits(&mut self, subject: &Subject, depth: usize) {
        let mut others = Vec::new();
        for waited in &subject.waits_for {
            let processes = waited.processes.iter().filter_map(|name| (self.others)(name));
            let before = others.len();
            others.extend(processes);
            if others.len() == before {
                self.push(bare("waits", format!("waits for {}", waited.what), depth));
            }
            let is_meant = |probe: &&Outside| waited.probe.as_deref() == Some(&*probe.name);
            let probe = subject.probes.iter().find(is_meant);
            if let Some((probe, entry)) =
                probe.and_then(|probe| Some((probe, probe.history.last_change()?)))
            {
                self.push(told_of_probe(probe, entry, depth + 1));
            }
        }
        for other in others {
            let shown = headline(&other, self.now).replacen(" is ", ", which is ", 1);
            self.push(bare("waits", format!("waits for {shown}"), depth));
            self.whole(&other, depth + 1);
        }
    }

    /// Why its group did what keeps it down, where no entry of its own says so.
    fn group(&mut self, subject: &Subject, depth: usize) {
        let Some(acted) = super::plan::act(subject) else { return };
        let (text, by) = (acted.cause.to_string(), acted.cause.by().cloned());
        let (kind, at_ms) = (acted.cause.kind(), Some(acted.at_ms));
        self.push(Reason { kind, text, entry: None, at_ms, by, depth });
        // what its own entries tell is not told twice
        let is_own = |cause: &Cause| subject.history.entries().any(|entry| *entry.cause == *cause);
        let (mut cause, mut depth) = (&*acted.cause, depth + 1);
        while let Some(because) = cause.because().filter(|because| !is_own(because) && depth < DEEPEST) {
            self.push(bare(because.kind(), because.to_string(), depth));
            (cause, depth) = (because, depth + 1);
        }
        if cause.because().is_none() {
            self.behind(cause, depth);
        }
    }

    /// Who disabled it, where the links do not say so.
    fn disabled(&mut self, subject: &Subject, links: &[&Entry], depth: usize) {
        let is_it = |entry: &&Entry| entry.change.word() == "disabled";
        if !subject.disabled || links.iter().any(is_it) {
            return;
        }
        match subject.history.entries().rev().find(is_it) {
            Some(entry) => self.link(subject, entry, false, depth),
            None => {
                self.push(bare("disabled", "it was disabled before this daemon began".to_owned(), depth))
            }
        }
    }

    fn links(&mut self, subject: &Subject, links: &Links<'_>, depth: usize) {
        // a spawn that only follows from the failure before it says nothing new, and readiness that ends with the process
        let newest = links.entries.first().map(|entry| entry.seq);
        let telling = |entry: &&&Entry| {
            let is_next = match entry.change.word() {
                "tried again" => newest != Some(entry.seq),
                "not ready" => reason_behind(&subject.history, entry).is_some(),
                _ => false,
            };
            !is_next && !matches!(*entry.cause, Cause::Retry { .. })
        };
        let all: Vec<&&Entry> = links.entries.iter().filter(telling).collect();
        let begin = all.last().filter(|_| all.len() > MOST);
        let told = if begin.is_some() { MOST - 1 } else { all.len() };
        // what to do is told once
        let failed = |entry: &&&&Entry| matches!(*entry.cause, Cause::NotSpawned { .. });
        let newest = all.iter().find(failed).map(|entry| entry.seq);
        for entry in &all[..told] {
            self.link(subject, entry, newest == Some(entry.seq), depth);
        }
        if let Some(begin) = begin {
            self.push(bare("earlier", format!("and {} more before that", all.len() - MOST), depth));
            self.link(subject, begin, false, depth);
        }
        if let Some(dropped) = links.dropped {
            let text = format!("how it came to that is no longer kept: {dropped} older changes");
            self.push(bare("dropped", text, depth));
        }
    }

    fn link(&mut self, subject: &Subject, entry: &Entry, with_hint: bool, depth: usize) {
        let text = told(subject, entry, with_hint);
        self.push(reason(&subject.namespec, entry, text, entry.cause.kind(), depth));
        if entry.cause.of().is_some() || entry.cause.because().is_some() {
            self.behind(&entry.cause, depth + 1);
        } else if is_own_end(entry) {
            self.before(subject, entry, depth + 1);
        }
    }

    /// What a cause names: why the group below gave up, or the entry of another process.
    fn behind(&mut self, cause: &Cause, depth: usize) {
        if depth >= DEEPEST {
            return;
        }
        match (cause.because(), cause.of()) {
            (Some(because), _) => {
                let (kind, by) = (because.kind(), because.by().cloned());
                self.push(Reason { by, ..bare(kind, because.to_string(), depth) });
                self.behind(because, depth + 1);
            }
            (None, Some(of)) => self.referred(of, depth),
            (None, None) => {}
        }
    }

    /// The entry that a cause names.
    fn referred(&mut self, of: &Ref, depth: usize) {
        if self.seen.contains(&of.name) {
            return;
        }
        let Some(other) = (self.others)(&of.name) else {
            return self.push(bare("dropped", format!("{} is not there any more", of.name), depth));
        };
        match other.history.entry(of.seq) {
            Some(entry) => self.of_other(&other, entry, entry.cause.kind(), "", depth),
            None => {
                let text = format!("what happened to {} then is no longer kept", of.name);
                self.push(bare("dropped", text, depth));
            }
        }
    }

    /// What went bad in what the process requires, shortly before it ended.
    fn before(&mut self, subject: &Subject, end: &Entry, depth: usize) {
        if depth >= DEEPEST {
            return;
        }
        let ago =
            |entry: &Entry| format!("{} before that, ", span(end.at.saturating_duration_since(entry.at)));
        for probe in &subject.probes {
            let Some(entry) = probe.trouble(end) else { continue };
            let told = told_of_probe(probe, entry, depth);
            let text = format!("{}{}{}", ago(entry), told.text, recovery(&probe.history, entry));
            self.push(Reason { text, ..told });
        }
        for name in &subject.requires {
            let Some(other) = (self.others)(name).filter(|other| !self.seen.contains(&other.namespec))
            else {
                continue;
            };
            let shortly =
                |entry: &&Entry| entry.change.is_bad() && entry.at <= end.at && end.at - entry.at <= BEFORE;
            if let Some(entry) = other.history.entries().rev().find(shortly) {
                self.of_other(&other, entry, "before", &ago(entry), depth);
            }
        }
    }

    /// An entry of another process, and what lies behind that.
    fn of_other(&mut self, other: &Subject, entry: &Entry, kind: &'static str, ago: &str, depth: usize) {
        let back = if ago.is_empty() { String::new() } else { recovery(&other.history, entry) };
        let text = format!("{ago}{} {}{back}", other.namespec, told_of_other(entry));
        self.push(reason(&other.namespec, entry, text, kind, depth));
        self.seen.push(other.namespec.clone());
        let mut entry = entry;
        // what was stopped or given up: because of what
        while let Some(behind) = reason_behind(&other.history, entry) {
            let text = format!("{} {}", other.namespec, told_of_other(behind));
            self.push(reason(&other.namespec, behind, text, behind.cause.kind(), depth));
            entry = behind;
        }
        if entry.cause.of().is_some() || entry.cause.because().is_some() {
            self.behind(&entry.cause, depth + 1);
        } else if is_own_end(entry) {
            self.before(other, entry, depth + 1);
        }
        self.seen.pop();
    }

    /// How often it ended by itself of late.
    fn often(&mut self, subject: &Subject) {
        let recent =
            |entry: &&Entry| is_own_end(entry) && self.now.saturating_duration_since(entry.at) <= OFTEN;
        let count = subject.history.entries().filter(recent).count();
        let told = self.reasons.iter().filter(|reason| reason.depth == 0 && reason.kind == "exit").count();
        let oldest = subject.history.entries().next();
        let is_all = subject.history.dropped() == 0
            || oldest.is_none_or(|entry| self.now.saturating_duration_since(entry.at) > OFTEN);
        if count > told.max(1) {
            let least = if is_all { "" } else { "at least " };
            let text = format!("it ended by itself {least}{count} times in the last {}", span(OFTEN));
            self.push(bare("often", text, 0));
        }
    }
}

/// Words for the end of trouble: of what was well again afterwards nobody shall think that it still is not.
fn recovery(history: &History, bad: &Entry) -> String {
    let later =
        history.entries().find(|entry| entry.seq > bad.seq && is_recovery(&bad.change, &entry.change));
    later.map_or_else(String::new, |entry| {
        let after = span(entry.at.saturating_duration_since(bad.at));
        format!("; it was {} again after {after}", entry.change.word())
    })
}

/// A reason that is no entry.
const fn bare(kind: &'static str, text: String, depth: usize) -> Reason {
    Reason { kind, text, entry: None, at_ms: None, by: None, depth }
}

fn reason(name: &Namespec, entry: &Entry, text: String, kind: &'static str, depth: usize) -> Reason {
    let place = Ref { name: name.clone(), seq: entry.seq };
    let by = entry.cause.by().map(Arc::clone);
    Reason { kind, text, entry: Some(place), at_ms: Some(entry.at_ms), by, depth }
}
