//! From a process at a moment to the chain of reasons why it is so.
//!
//! ```text
//!   state now ─► headline       BACKOFF: attempt 4 of 10 failed, next in 23 s
//!   history, the newest first ─► reasons, down to who or what began it
//!        an end by itself ─► what went bad shortly before in what the process requires ─► and there, why
//!        a reference      ─► that entry, in the history of the other
//!        a group          ─► why it gave up, and why the one below it did
//!   the newest end ─► what was written last
//! ```
//!
//! Absent: how it is laid out ([`lines`](super::lines)).

use super::chain::Chain;
use super::headline::headline;
use super::links::{is_telling_end, links};
use super::{Asked, Cause, Entry, History, Ref, Tail};
use crate::group::{Acted, Outlook};
use crate::lifecycle::{Policy, State};
use crate::name::Namespec;
use crate::status::ProcessState;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long before an end something else may have gone bad to be told as its reason.
pub(super) const BEFORE: Duration = Duration::from_secs(10);

/// A process at one moment.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its full name.
    pub namespec: Namespec,
    /// Its state.
    pub state: State,
    /// What of its configuration decides transitions; with the `autorestart` that is written, also where its group
    /// starts it again.
    pub policy: Policy,
    /// `autostart`.
    pub autostart: bool,
    /// Whether an operator has disabled it.
    pub disabled: bool,
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
    /// What its groups have in mind, under OTP's rules.
    pub group: Option<InGroup>,
    /// What it cannot do without: their trouble may be its.
    pub requires: Vec<Namespec>,
    /// The same of the world outside.
    pub probes: Vec<Outside>,
    /// What the process says of itself (`STATUS=`).
    pub says: Option<Box<str>>,
    /// What it waits for before it is spawned.
    pub waits_for: Vec<Waited>,
}

/// A process in the eyes of its groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InGroup {
    /// What is to become of it.
    pub outlook: Outlook,
    /// Why the group acted last that this is due to.
    pub acted: Option<Acted>,
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
    pub(super) fn trouble(&self, end: &Entry) -> Option<&Entry> {
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
    /// One word for machines: that of the cause, or `before`, `waits`, `says`, `often`, `earlier`, `dropped`, `more`.
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
    let end = links(subject).entries.into_iter().find(|entry| is_telling_end(entry));
    Explanation {
        namespec: subject.namespec.clone(),
        state: subject.state.name(),
        headline: headline(subject, now),
        reasons: Chain::new(others, now).of(subject),
        output: end.and_then(|entry| Some((entry.pid, Arc::clone(entry.tail.as_ref()?)))),
        is_silent: end.is_some_and(|end| {
            let has_tail = |entry: &&Entry| entry.tail.is_some();
            // where the output of an older end is not kept, nobody knows
            end.tail.is_none()
                && subject.history.entries().rev().find(has_tail).is_none_or(|e| e.seq < end.seq)
        }),
    }
}
