//! From a process at a moment to the chain of reasons why it is so.
//!
//! ```text
//!   state now ─► headline       BACKOFF: attempt 4 of 10 failed, next in 23 s
//!   history, the newest first ─► reasons, down to who or what began it
//!        an end by itself ─► what went bad shortly before in what the process requires ─► and there, why
//!        a reference      ─► that entry, in the history of the other
//!   the newest end ─► what was written last
//! ```
//!
//! Absent: how it is laid out ([`lines`](super::lines)).

use super::entry::harmless;
use super::headline::headline;
use super::{Asked, Cause, Change, Entry, History, Ref, Tail, Verdict, span};
use crate::lifecycle::{Policy, State};
use crate::name::Namespec;
use crate::status::ProcessState;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long before an end something else may have gone bad to be told as its reason.
const BEFORE: Duration = Duration::from_secs(10);
/// Reasons in one chain; attempts beyond them are only counted.
const MOST: usize = 16;
/// How deep a chain goes into other processes.
const DEEPEST: usize = 4;
/// Ends by itself within this time are counted.
const OFTEN: Duration = Duration::from_secs(600);

/// A process at one moment.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its full name.
    pub namespec: Namespec,
    /// Its state.
    pub state: State,
    /// What of its configuration decides transitions.
    pub policy: Policy,
    /// `autostart`.
    pub autostart: bool,
    /// The process id; 0 if there is no process.
    pub pid: i32,
    /// How often it was spawned.
    pub incarnation: u64,
    /// When the process that is there was made.
    pub born: Option<Instant>,
    /// When SIGKILL was first sent, of a process that is being stopped.
    pub killed: Option<Instant>,
    /// What happened to it.
    pub history: History,
    /// What it cannot do without: their trouble may be its.
    pub requires: Vec<Namespec>,
    /// The same of the world outside.
    pub probes: Vec<Outside>,
    /// What the process says of itself (`STATUS=`).
    pub says: Option<Box<str>>,
    /// What it waits for before it is spawned.
    pub waits_for: Vec<Waited>,
}

/// A `[probe:x]`, and how it changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outside {
    /// `x`.
    pub name: Box<str>,
    /// Its changes of colour.
    pub history: History,
}

impl Outside {
    /// The change that made it red, if it was so at this end, or shortly before in the life that ended.
    fn trouble(&self, end: &Entry) -> Option<&Entry> {
        let lived = match &*end.cause {
            Cause::Ended(end) => end.lived.unwrap_or(BEFORE).min(BEFORE),
            _ => Duration::ZERO,
        };
        let mut before = self.history.entries().rev().filter(|entry| entry.at <= end.at).peekable();
        let is_red = before.peek().is_some_and(|newest| newest.change.is_bad());
        before.find(|entry| entry.change.is_bad()).filter(|entry| is_red || end.at - entry.at <= lived)
    }
}

/// Something that is waited for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waited {
    /// As it is shown: `db`, `shop:*`, `probe:internet (unhealthy)`.
    pub what: Box<str>,
    /// The processes of it that are not there.
    pub processes: Vec<Namespec>,
    /// The probe that is meant, if it is one.
    pub probe: Option<Box<str>>,
}

/// The other processes of the daemon at that moment.
pub type Others<'a> = dyn Fn(&Namespec) -> Option<Subject> + 'a;

/// Why a process is as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// Whose.
    pub namespec: Namespec,
    /// Its state now.
    pub state: ProcessState,
    /// In one line: the state, and what follows when.
    pub headline: String,
    /// The chain, the newest first.
    pub reasons: Vec<Reason>,
    /// What the process wrote last that ended last, and its pid.
    pub output: Option<(i32, Arc<Tail>)>,
    /// Whether such a process ended and had written nothing.
    pub is_silent: bool,
}

/// One link of the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// One word for machines: that of the cause, or `before`, `waits`, `often`, `earlier`.
    pub kind: &'static str,
    /// For people.
    pub text: String,
    /// Which entry it is; `None` for what is told of the moment or of several.
    pub entry: Option<Ref>,
    /// When, in milliseconds since the epoch.
    pub at_ms: Option<u64>,
    /// Who asked for it.
    pub by: Option<Arc<Asked>>,
    /// 0 for the process itself, 1 for what lies in another one, and so on.
    pub depth: usize,
}

/// Explains a process.
#[must_use]
pub fn explain(subject: &Subject, others: &Others<'_>, now: Instant) -> Explanation {
    let mut chain = Chain { others, now, reasons: Vec::new(), seen: vec![subject.namespec.clone()] };
    chain.says(subject);
    chain.waits(subject, 0);
    let links = links(subject);
    chain.links(subject, &links, 0);
    chain.often(subject);
    let end = links.iter().find(|entry| is_telling_end(entry));
    Explanation {
        namespec: subject.namespec.clone(),
        state: subject.state.name(),
        headline: headline(subject, now),
        reasons: chain.reasons,
        output: end.and_then(|entry| Some((entry.pid, Arc::clone(entry.tail.as_ref()?)))),
        is_silent: end.is_some_and(|end| {
            let has_tail = |entry: &&Entry| entry.tail.is_some();
            // where the output of an older end is not kept, nobody knows
            end.tail.is_none()
                && subject.history.entries().rev().find(has_tail).is_none_or(|e| e.seq < end.seq)
        }),
    }
}

struct Chain<'a> {
    others: &'a Others<'a>,
    now: Instant,
    reasons: Vec<Reason>,
    /// Processes whose chains are being told: a circle ends here.
    seen: Vec<Namespec>,
}

impl Chain<'_> {
    /// What the process itself says of what it does.
    fn says(&mut self, subject: &Subject) {
        if let Some(says) = subject.says.as_deref().filter(|_| subject.pid > 0) {
            let text = format!("it says: {}", harmless(says));
            self.reasons.push(Reason { kind: "says", text, entry: None, at_ms: None, by: None, depth: 0 });
        }
    }

    /// What it waits for, and why that is not there.
    fn waits(&mut self, subject: &Subject, depth: usize) {
        let mut others = Vec::new();
        for waited in &subject.waits_for {
            let processes = waited.processes.iter().filter_map(|name| (self.others)(name));
            let before = others.len();
            others.extend(processes);
            if others.len() == before {
                let text = format!("waits for {}", waited.what);
                self.reasons.push(Reason {
                    kind: "waits",
                    text,
                    entry: None,
                    at_ms: None,
                    by: None,
                    depth,
                });
            }
            let is_meant = |probe: &&Outside| waited.probe.as_deref() == Some(&*probe.name);
            if let Some(probe) = subject.probes.iter().find(is_meant) {
                self.reasons.extend(
                    probe.history.last_change().map(|entry| told_of_probe(probe, entry, depth + 1)),
                );
            }
        }
        for other in others {
            let shown = headline(&other, self.now).replacen(" is ", ", which is ", 1);
            let reason = Reason {
                kind: "waits",
                text: format!("waits for {shown}"),
                entry: None,
                at_ms: None,
                by: None,
                depth,
            };
            self.reasons.push(reason);
            self.follow_other(&other, depth + 1);
        }
    }

    fn follow_other(&mut self, other: &Subject, depth: usize) {
        if depth < DEEPEST && !self.seen.contains(&other.namespec) {
            self.seen.push(other.namespec.clone());
            self.waits(other, depth);
            self.links(other, &links(other), depth);
            self.seen.pop();
        }
    }

    fn links(&mut self, subject: &Subject, links: &[&Entry], depth: usize) {
        // a spawn that only follows from the failure before it says nothing new
        let telling = |entry: &&&Entry| !matches!(*entry.cause, Cause::Retry { .. });
        let all: Vec<&&Entry> = links.iter().filter(telling).collect();
        let begin = all.last().filter(|_| all.len() > MOST);
        let told = if begin.is_some() { MOST - 1 } else { all.len() };
        for entry in &all[..told] {
            self.link(subject, entry, depth);
        }
        if let Some(begin) = begin {
            let text = format!("and {} more before that", all.len() - MOST);
            self.reasons.push(Reason { kind: "earlier", text, entry: None, at_ms: None, by: None, depth });
            self.link(subject, begin, depth);
        }
    }

    fn link(&mut self, subject: &Subject, entry: &Entry, depth: usize) {
        self.reasons.push(reason(
            &subject.namespec,
            entry,
            told(subject, entry),
            entry.cause.kind(),
            depth,
        ));
        if depth + 1 >= DEEPEST {
            return;
        }
        if let Some(of) = entry.cause.of() {
            self.referred(of, depth + 1);
        } else if is_own_end(entry) {
            self.before(subject, entry, depth + 1);
        }
    }

    /// The entry that a cause names.
    fn referred(&mut self, of: &Ref, depth: usize) {
        let Some(other) = (self.others)(&of.name).filter(|other| !self.seen.contains(&other.namespec))
        else {
            return;
        };
        if let Some(entry) = other.history.entry(of.seq) {
            self.seen.push(other.namespec.clone());
            let text = format!("{} {}", other.namespec, told_of_other(entry));
            self.reasons.push(reason(&other.namespec, entry, text, entry.cause.kind(), depth));
            self.deeper(&other, entry, depth);
            self.seen.pop();
        }
    }

    /// What went bad in what the process requires, shortly before it ended.
    fn before(&mut self, subject: &Subject, end: &Entry, depth: usize) {
        for probe in &subject.probes {
            let Some(entry) = probe.trouble(end) else { continue };
            let ago = span(end.at.saturating_duration_since(entry.at));
            let mut reason = told_of_probe(probe, entry, depth);
            reason.text = format!("{ago} before that, {}", reason.text);
            self.reasons.push(reason);
        }
        for name in &subject.requires {
            let Some(other) = (self.others)(name).filter(|other| !self.seen.contains(&other.namespec))
            else {
                continue;
            };
            let shortly =
                |entry: &&Entry| entry.change.is_bad() && entry.at <= end.at && end.at - entry.at <= BEFORE;
            let Some(entry) = other.history.entries().rev().find(shortly) else { continue };
            let ago = span(end.at.saturating_duration_since(entry.at));
            let text = format!("{ago} before that, {} {}", other.namespec, told_of_other(entry));
            self.seen.push(other.namespec.clone());
            self.reasons.push(reason(&other.namespec, entry, text, "before", depth));
            self.deeper(&other, entry, depth);
            self.seen.pop();
        }
    }

    fn deeper(&mut self, subject: &Subject, entry: &Entry, depth: usize) {
        if depth + 1 >= DEEPEST {
            return;
        }
        match entry.cause.of() {
            Some(of) => self.referred(of, depth + 1),
            None if is_own_end(entry) => self.before(subject, entry, depth + 1),
            None => {}
        }
    }

    /// How often it ended by itself of late.
    fn often(&mut self, subject: &Subject) {
        let recent =
            |entry: &&Entry| is_own_end(entry) && self.now.saturating_duration_since(entry.at) <= OFTEN;
        let count = subject.history.entries().filter(recent).count();
        let told = self.reasons.iter().filter(|reason| reason.depth == 0 && reason.kind == "exit").count();
        if count > told.max(1) {
            let text = format!("it ended by itself {count} times in the last {}", span(OFTEN));
            let reason = Reason { kind: "often", text, entry: None, at_ms: None, by: None, depth: 0 };
            self.reasons.push(reason);
        }
    }
}

fn reason(name: &Namespec, entry: &Entry, text: String, kind: &'static str, depth: usize) -> Reason {
    let place = Ref { name: name.clone(), seq: entry.seq };
    let by = entry.cause.by().cloned();
    Reason { kind, text, entry: Some(place), at_ms: Some(entry.at_ms), by, depth }
}

/// The entries that led here, the newest first, down to the one that began it.
fn links(subject: &Subject) -> Vec<&Entry> {
    let mut links: Vec<&Entry> = Vec::new();
    let (mut is_stop, mut is_last) = (matches!(subject.state, State::Stopping { .. }), false);
    for entry in subject.history.entries().rev() {
        links.push(entry);
        let Change::State { from, to } = entry.change else { continue };
        // an end by a stop that stands for a failure: what failed lies before that
        if is_last && from == ProcessState::Stopping {
            continue;
        }
        let begins = match (to, &*entry.cause) {
            (ProcessState::Starting, Cause::Retry { .. } | Cause::Again) => false,
            (ProcessState::Starting, Cause::Autorestart) => {
                is_last = true;
                continue;
            }
            (ProcessState::Starting, _) => true,
            // a stop that somebody asked for; one that stands for a failure has something before it
            (ProcessState::Stopping, _) => is_stop,
            (ProcessState::Stopped, cause) => {
                is_stop = true;
                !matches!(cause, Cause::Ended(_) | Cause::NotSpawned(_))
            }
            (ProcessState::Fatal, cause) => !matches!(cause, Cause::GaveUp { .. }),
            _ => false,
        };
        if begins || is_last {
            break;
        }
    }
    links
}

/// Whether a process ended there.
fn is_end(entry: &Entry) -> bool {
    matches!(*entry.cause, Cause::Ended(_))
}

/// Whether it ended in a way that makes its last words worth reading: not by a stop that it obeyed.
fn is_telling_end(entry: &Entry) -> bool {
    match &*entry.cause {
        Cause::Ended(end) => end.verdict != Verdict::Stopped || end.killed.is_some(),
        _ => false,
    }
}

/// Whether it ended, or could not be made, without anybody having asked for it.
fn is_own_end(entry: &Entry) -> bool {
    match &*entry.cause {
        Cause::Ended(end) => end.verdict != Verdict::Stopped,
        _ => false,
    }
}

/// An entry of the process itself.
fn told(subject: &Subject, entry: &Entry) -> String {
    let pid = if entry.pid > 0 && is_end(entry) { format!(" (pid {})", entry.pid) } else { String::new() };
    match &entry.change {
        Change::State { to: ProcessState::Backoff, .. } => {
            let of = subject.policy.startretries.saturating_add(1);
            format!("attempt {} of {of} failed: {}{pid}", entry.attempt, entry.cause)
        }
        Change::State { to, .. } => format!("{to}: {}{pid}", entry.cause),
        Change::Became { what, .. } => format!("became {what}: {}", entry.cause),
    }
}

/// An entry of another process, after its name.
fn told_of_other(entry: &Entry) -> String {
    match &entry.change {
        Change::State { to, .. } => format!("became {to}: {}", entry.cause),
        Change::Became { what, .. } => format!("became {what}: {}", entry.cause),
    }
}

/// A change of a probe.
fn told_of_probe(probe: &Outside, entry: &Entry, depth: usize) -> Reason {
    let text = format!("probe {} {}", probe.name, told_of_other(entry));
    Reason { kind: "before", text, entry: None, at_ms: Some(entry.at_ms), by: None, depth }
}
