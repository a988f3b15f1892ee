//! Who has a turn in a rolling restart, and who is left out of it.
//!
//! What runs is restarted. A word for many (`group:*`, a pattern, `all`) is about that alone; a name means the process
//! itself, and starts it where it is down. What is disabled has no turn, whatever it is called by.

use crate::drive::would_start;
use crate::lifecycle::{State, Then};
use crate::status::ProcessState;
use std::fmt;

/// A process as it is when the restart begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// Its state.
    pub state: State,
    /// Whether it can be used, or of a oneshot, has done what it is for.
    pub is_ready: bool,
    /// Whether it is a oneshot.
    pub is_oneshot: bool,
    /// Whether somebody has disabled it.
    pub is_disabled: bool,
    /// Whether it is meant by its own name.
    pub is_named: bool,
}

/// What the restart has to do with a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// It has a turn.
    Turn {
        /// Whether it runs: a stop before its turn is respected then.
        runs: bool,
        /// Whether there is something to lose by it: those where there is not come first.
        is_ready: bool,
    },
    /// It has none.
    LeftOut(LeftOut),
}

/// Why a process is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeftOut {
    /// Somebody has disabled it.
    Disabled,
    /// It does not run, and nothing starts it by itself.
    Down(ProcessState),
    /// It is a oneshot that has done what it is for.
    Completed,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => f.write_str("disabled"),
            Self::Down(state) => f.write_str(state.as_str()),
            Self::Completed => f.write_str("COMPLETED"),
        }
    }
}

/// What a rolling restart has to do with a process.
#[must_use]
pub fn part(candidate: Candidate) -> Part {
    let Candidate { state, is_ready, is_oneshot, is_disabled, is_named } = candidate;
    if is_disabled {
        return Part::LeftOut(LeftOut::Disabled);
    }
    match state {
        state if is_named || runs(&state) => Part::Turn { runs: runs(&state), is_ready },
        State::Exited { expected: true, .. } if is_oneshot => Part::LeftOut(LeftOut::Completed),
        state => Part::LeftOut(LeftOut::Down(state.name())),
    }
}

/// Whether it is up, or will be without being asked. What is FATAL has been given up, also where it is tried again in
/// the background.
fn runs(state: &State) -> bool {
    match state {
        _ if state.name() == ProcessState::Fatal => false,
        State::Starting { .. } | State::Running { .. } => true,
        State::Stopping { then, .. } => *then != Then::Stay,
        state => would_start(state),
    }
}
