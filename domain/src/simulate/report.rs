//! What a simulation tells: its lines, and what they come to.

use crate::lifecycle::{Next, State};
use crate::name::Namespec;
use crate::status::View;
use std::time::Duration;

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// When, counted from the start of the daemon.
    pub at: Duration,
    /// To whom; `None`: to the daemon as a whole.
    pub who: Option<String>,
    /// What.
    pub what: What,
    /// Why, in words; empty where the line says it itself.
    pub cause: String,
    /// The same in a word for machines.
    pub kind: &'static str,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Another state.
    State {
        /// The one before.
        from: &'static str,
        /// The one now.
        to: &'static str,
    },
    /// It waits for these.
    Waits(Vec<String>),
    /// It became `ready`, `not ready`, `healthy`, `unhealthy`.
    Became(&'static str),
    /// A hook is run, or has failed.
    Hook {
        /// Its key.
        hook: &'static str,
        /// Whether it is over, and not well.
        failed: bool,
    },
    /// A signal was sent; whether it is obeyed.
    Signal(String, bool),
    /// A line of the script.
    Script(String),
    /// A command was refused.
    Refused(String),
    /// A group does something.
    Group(String),
}

/// A process that was started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Started {
    /// Which.
    pub name: Namespec,
    /// When it was first spawned.
    pub at: Duration,
    /// When it was first ready, or of a oneshot, had first done what it is for.
    pub ready: Option<Duration>,
    /// How often it was started again.
    pub restarts: u64,
}

/// Somebody who gave up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fallen {
    /// A process, or a group.
    pub name: String,
    /// When.
    pub at: Duration,
    /// Why.
    pub why: String,
}

/// How a simulation came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum End {
    /// Nothing followed by itself any more.
    #[default]
    Settled,
    /// It was looked until the time that the script says.
    Until,
    /// The daemon ended.
    Shutdown,
    /// Things went on and on, and the patience was over.
    Unsettled,
    /// More steps than are allowed were made.
    TooMany,
}

/// All that a simulation tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// What of the script comes to nothing.
    pub notes: Vec<String>,
    /// What happened, in order.
    pub lines: Vec<Line>,
    /// Who was started, in the order of the first spawns.
    pub started: Vec<Started>,
    /// Processes that gave up.
    pub gave_up: Vec<Fallen>,
    /// Groups that gave up.
    pub escalations: Vec<Fallen>,
    /// How each process stood before the daemon ended, in the order of starting.
    pub states: Vec<(Namespec, String)>,
    /// How it came to its end.
    pub end: End,
    /// When that was.
    pub lasted: Duration,
    /// When the stop of everything began and how long it took; `None` if it did not end.
    pub stop: Option<(Duration, Duration)>,
}

impl Report {
    /// Whether nothing gave up, and it came to an end.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let came_to_an_end =
            matches!(self.end, End::Settled | End::Until | End::Shutdown) && self.stop.is_some();
        came_to_an_end && self.gave_up.is_empty() && self.escalations.is_empty()
    }
}

/// A state by its name, and WAITING where that is what it is.
pub(super) const fn shown(state: &State) -> &'static str {
    match state {
        State::Waiting { .. } => "WAITING",
        state => state.name().as_str(),
    }
}

/// A state as the status of a process says it, with what follows by itself.
pub(super) fn standing(state: &State, is_oneshot: bool) -> String {
    let follows = match state {
        State::Backoff { next: Next::Retry(_), .. } => " (tried again)",
        State::Exited { restart_at: Some(_), .. } => " (started again)",
        State::Fatal { retry_at: Some(_), .. } => " (tried again)",
        _ => "",
    };
    let view = View::of(state, is_oneshot, Vec::new);
    format!("{}{follows}", view.name(state.name()))
}
