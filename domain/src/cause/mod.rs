//! Why a process is in the state it is in: each transition with its cause, and the chain of them as text.
//!
//! ```text
//!   request, fact ─► (machine) ─► Entry { number, moment, change, Cause } ─► History (the last ones)
//!                                                                              │
//!   explain(subject, moment) ◄── histories of what it depends on ◄─────────────┘
//!        `─► a headline, reasons with moments and references, the last output
//! ```
//!
//! A transition that came by itself has a cause that follows from the states alone ([`Cause::of_deadline`]); one
//! that somebody asked for carries who asked ([`Asked`]). A cause that lies in another process refers to it by name
//! and number ([`Ref`]). Entries are numbered with the events, so that one number means one moment everywhere.
//! Absent: where histories are kept, clocks, the wire, and what local time it is.

mod asked;
mod chain;
mod entry;
mod explain;
mod headline;
mod history;
mod lines;
mod links;
mod plan;
mod told;
mod words;

pub use asked::{Asked, Peer, Via};
pub use entry::{Change, End, Entry, Signalled, Tail, Verdict};
pub use explain::{Explanation, InGroup, Others, Outside, Reason, Subject, Waited, explain};
pub use history::{History, KEPT, TAILS};
pub use words::{age, span};

use crate::duration::Shown as Span;
use crate::lifecycle::{Next, Policy, State};
use crate::name::Namespec;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A place in the history of another process, or of something else that has a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ref {
    /// Whose.
    pub name: Namespec,
    /// The number of the entry.
    pub seq: u64,
}

/// Why a transition took place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// Somebody asked for it.
    Asked(Arc<Asked>),
    /// `autostart`: the daemon came up, or the group was made active by whoever that says.
    Autostart(Option<Arc<Asked>>),
    /// The daemon ends (or, with `restart`, starts anew), and stops everything.
    Shutdown {
        /// Whether it starts anew.
        restart: bool,
        /// Who asked for that.
        by: Option<Arc<Asked>>,
    },
    /// The group it was in is not active any more.
    Removed,
    /// It has been up for `startsecs`.
    Up(Duration),
    /// The process was made.
    Spawned,
    /// It could not be made.
    NotSpawned {
        /// Why not.
        error: Arc<str>,
        /// What to do about it.
        hint: Option<Arc<str>>,
    },
    /// It ended.
    Ended(Arc<End>),
    /// Another attempt after a failed one, whose pause is over.
    Retry {
        /// Failed attempts before this one.
        failed: u32,
    },
    /// No attempt is left.
    GaveUp {
        /// How many failed.
        failed: u32,
    },
    /// The second half of a restart.
    Again,
    /// `autorestart`.
    Autorestart,
    /// It does not end by the stop signal: SIGKILL.
    Kill,
    /// A signal could not be sent, or its end cannot be watched.
    OutOfReach(Arc<str>),
    /// An event listener that did not do what it had to: its pool has it started anew.
    Listener,
    /// Another rule of the configuration or of the tree. The way for everything that has no variant of its own.
    Rule {
        /// One word for machines, that of the key: `max_runtime`, `strategy`, `requires`.
        kind: &'static str,
        /// What happened, for people: `max_runtime=3600s is over`.
        text: Arc<str>,
        /// Where that happened, if it was not here.
        of: Option<Ref>,
        /// What brought it about, where that is no entry of a process: why a group below gave up.
        because: Option<Arc<Self>>,
    },
}

impl Cause {
    /// A spawn that was called off.
    #[must_use]
    pub fn unborn() -> Self {
        Self::not_spawned("it was to be stopped before it had been spawned")
    }

    /// A rule that has no variant of its own.
    #[must_use]
    pub fn rule(kind: &'static str, text: impl Into<Arc<str>>) -> Self {
        Self::Rule { kind, text: text.into(), of: None, because: None }
    }

    /// The same because of something in the history of another.
    #[must_use]
    pub fn rule_of(kind: &'static str, text: impl Into<Arc<str>>, of: Ref) -> Self {
        Self::Rule { kind, text: text.into(), of: Some(of), because: None }
    }

    /// It could not be made, and nobody can do anything about that.
    #[must_use]
    pub fn not_spawned(error: impl Into<Arc<str>>) -> Self {
        Self::NotSpawned { error: error.into(), hint: None }
    }

    /// What a transition that came by itself, at its deadline, says of its cause.
    #[must_use]
    pub fn of_deadline(from: State, policy: &Policy) -> Self {
        let after = |span: Option<Duration>| span.map_or_else(String::new, |span| Span(span).to_string());
        let retried = || {
            let pause = after(policy.restart.fatal_retry);
            Self::rule("fatal_retry", format!("fatal_retry={pause} is over"))
        };
        match from {
            // what was tried in the background is shown once it is up
            State::Starting { attempt, .. } if attempt.veiled => retried(),
            State::Starting { .. } => Self::Up(policy.startsecs),
            State::Backoff { attempt, next: Next::Retry(_) } => Self::Retry { failed: attempt.tries },
            State::Backoff { attempt, next: Next::GiveUp(_) } => Self::GaveUp { failed: attempt.tries },
            State::Running { .. } => {
                let limit = after(policy.restart.max_runtime);
                Self::rule("max_runtime", format!("max_runtime={limit} is over"))
            }
            State::Fatal { .. } => retried(),
            State::Stopping { .. } => Self::Kill,
            State::Stopped { .. } => Self::Again,
            State::Exited { .. } | State::Waiting { .. } | State::Unknown => Self::Autorestart,
        }
    }

    /// One word for machines.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Asked(_) => "asked",
            Self::Autostart(_) => "autostart",
            Self::Shutdown { .. } => "shutdown",
            Self::Removed => "removed",
            Self::Up(_) => "startsecs",
            Self::Spawned => "spawned",
            Self::NotSpawned { .. } => "spawnerr",
            Self::Ended(_) => "exit",
            Self::Retry { .. } => "retry",
            Self::GaveUp { .. } => "startretries",
            Self::Again => "restart",
            Self::Autorestart => "autorestart",
            Self::Kill => "stopwaitsecs",
            Self::OutOfReach(_) => "unknown",
            Self::Listener => "listener",
            Self::Rule { kind, .. } => kind,
        }
    }

    /// Who asked for it, if somebody did.
    #[must_use]
    pub const fn by(&self) -> Option<&Arc<Asked>> {
        match self {
            Self::Asked(by) => Some(by),
            Self::Autostart(by) | Self::Shutdown { by, .. } => by.as_ref(),
            _ => None,
        }
    }

    /// Where it lies, if not in the process itself.
    #[must_use]
    pub const fn of(&self) -> Option<&Ref> {
        match self {
            Self::Rule { of, .. } => of.as_ref(),
            _ => None,
        }
    }

    /// What brought it about, if that is no entry of a process.
    #[must_use]
    pub const fn because(&self) -> Option<&Arc<Self>> {
        match self {
            Self::Rule { because, .. } => because.as_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    /// Words that follow a time and a change of state: `exit status 1 after 3.2 s, not expected`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::cause(self, f)
    }
}
