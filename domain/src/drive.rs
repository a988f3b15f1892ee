//! What drives the machine of one process, as far as it is decided and not done.
//!
//! ```text
//!   nothing may start any more? ── Halt ─┐
//!   something due? ──────────────────────┼──► Taken: an edge, its cause ──► whoever drives does what it says
//!   a fact that waits? ──────────────────┘                                  and asks for the next one
//! ```
//!
//! The actor of a process and the simulation go by the same rules: [`next`] says which transition is made first,
//! [`ask`] what a command comes to. Absent: what follows an edge (spawns, signals, logs, events), clocks, queues.

use crate::cause::Cause;
use crate::depend::Gate;
use crate::exit::ExitStatus;
use crate::health::Sign;
use crate::lifecycle::{Edge, Fact, Machine, Policy, Refusal, Request, State};
use crate::signal::Signal;
use crate::status::ProcessState;
use std::collections::VecDeque;
use std::time::Instant;

/// What is to be done to a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Stop it if it is active, and start it.
    Restart,
    /// Send it a signal.
    Signal(Signal),
    /// Empty its logs.
    Clear,
    /// Have it read its configuration anew, by `reload_signal` or `reload_command`.
    Reload,
    /// Take note that it is disabled, or is not any more.
    Mark {
        /// Which of the two.
        disable: bool,
    },
}

impl Verb {
    /// Whether a collective command is for a process in this state.
    #[must_use]
    pub const fn is_for(self, state: &State) -> bool {
        let name = state.name();
        match self {
            Self::Start => !name.is_running(),
            Self::Stop => state.is_to_be_up(),
            Self::Signal(_) => name.is_signallable(),
            Self::Restart | Self::Clear | Self::Mark { .. } => true,
            Self::Reload => matches!(state, State::Running { .. }),
        }
    }
}

/// A transition that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// It.
    pub edge: Edge,
    /// Whether its time had come, and nothing else brought it.
    pub was_due: bool,
    /// The end of the process that brought it, if one did.
    pub ended: Option<ExitStatus>,
    /// Why.
    pub cause: Cause,
}

/// Whether a start may follow by itself.
#[must_use]
pub const fn would_start(state: &State) -> bool {
    match state {
        State::Starting { .. } | State::Running { .. } | State::Stopping { .. } => false,
        State::Waiting { .. } => true,
        state => state.deadline().is_some(),
    }
}

/// Makes the one transition that comes first: nothing starts by itself where all is to end (`ends` says why), what is
/// due comes before what has happened, and that in its order. To be called, doing what each says, until there is none.
pub fn next(
    machine: &mut Machine,
    facts: &mut VecDeque<(Fact, Cause)>,
    now: Instant,
    policy: &Policy,
    ends: Option<Cause>,
) -> Option<Taken> {
    if let Some(cause) = ends.filter(|_| would_start(&machine.state()))
        && let Ok(edge) = machine.request(Request::Halt, now, policy)
    {
        return Some(Taken { edge, was_due: false, ended: None, cause });
    }
    if let Some(edge) = machine.due(now, policy) {
        let cause = Cause::of_deadline(edge.from, policy);
        return Some(Taken { edge, was_due: true, ended: None, cause });
    }
    let (fact, cause) = facts.pop_front()?;
    let ended = match fact {
        Fact::Exited(status) | Fact::Excused(status) => Some(status),
        Fact::Spawned
        | Fact::SpawnFailed
        | Fact::Cleared
        | Fact::PreStopOver
        | Fact::StopCommandOver(_)
        | Fact::SignalFailed
        | Fact::DeadlinePassed
        | Fact::NotReady
        | Fact::Unhealthy => None,
    };
    Some(Taken { edge: machine.occur(fact, now, policy), was_due: false, ended, cause })
}

/// What a start, a stop or a restart comes to; `alone`: it waits for nothing that it requires. `None`: it waits
/// already, and what it waits for is looked at anew. What is due has been done before.
///
/// # Errors
/// [`Refusal`] of the machine; nothing has changed then.
pub fn ask(
    request: Request,
    alone: bool,
    (machine, gate): (&mut Machine, &mut Gate),
    now: Instant,
    policy: &Policy,
) -> Result<Option<Edge>, Refusal> {
    let waits = matches!(machine.state(), State::Waiting { .. });
    if request == Request::Start && waits {
        gate.open(alone);
        return Ok(None);
    }
    let edge = machine.request(request, now, policy)?;
    if waits {
        gate.forget();
    }
    match request {
        Request::Start | Request::Restart => gate.open(alone),
        Request::Stop | Request::Halt => gate.close(),
    }
    Ok(Some(edge))
}

/// Whether a restart is no more than a start: there is nothing to stop first.
#[must_use]
pub const fn restart_is_start(state: ProcessState) -> bool {
    !state.is_running() && !matches!(state, ProcessState::Stopping)
}

/// What a transition means for readiness and health; `has_ended`: it is the end of the process.
#[must_use]
pub const fn sign_of(edge: &Edge, has_ended: bool) -> Option<Sign> {
    match edge.to {
        _ if has_ended => Some(Sign::Ended),
        State::Running { .. } => Some(Sign::Running),
        State::Stopping { .. } | State::Unknown => Some(Sign::Stopping),
        State::Stopped { .. }
        | State::Waiting { .. }
        | State::Starting { .. }
        | State::Backoff { .. }
        | State::Exited { .. }
        | State::Fatal { .. } => None,
    }
}
