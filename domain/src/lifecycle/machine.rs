//! The transitions: [`request`], [`occur`], and the [`Machine`] that holds a state.
//!
//! Every cell of state × input is written; there is no wildcard over our own enums. A cell that keeps
//! the state is stale or harmless, and says so by returning it.

#![deny(clippy::wildcard_enum_match_arm)]

use super::ending::{command_over, go_on, hook_over, stopping, unborn};
use super::policy::Policy;
use super::state::{Attempt, Effect, Fact, Next, Request, State, Then};
use crate::exit::ExitStatus;
use crate::status::ProcessState;
use std::time::{Duration, Instant};

/// Why a request cannot be met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// It is STARTING, RUNNING or BACKOFF.
    #[error("already started")]
    AlreadyStarted,
    /// It is STOPPING; it will be down first.
    #[error("stopping")]
    Stopping,
    /// There is nothing to stop.
    #[error("not running")]
    NotRunning,
    /// Its state is UNKNOWN: only an end of the process leads out.
    #[error("in an unknown process state")]
    Unknown,
}

type Step = (State, Option<Effect>);

/// Makes the transition that `request` asks for.
///
/// # Errors
/// [`Refusal`] when the state does not allow it; nothing has changed then.
pub fn request(state: State, request: Request, now: Instant, policy: &Policy) -> Result<Step, Refusal> {
    match request {
        Request::Start => start(state, policy),
        Request::Stop => stop(state, now, policy),
        Request::Restart => restart(state, now, policy),
        Request::Halt => Ok(halt(state, now, policy)),
    }
}

/// Makes the transition that `fact` brings. A fact that does not fit the state is stale: nothing changes.
#[must_use]
pub fn occur(state: State, fact: Fact, now: Instant, policy: &Policy) -> Step {
    match fact {
        Fact::Spawned => spawned(state, now, policy),
        Fact::SpawnFailed => spawn_failed(state, now, policy),
        Fact::Exited(status) => exited(state, status, now, policy),
        Fact::Excused(status) => excused(state, status, now, policy),
        Fact::Cleared => cleared(state),
        Fact::PreStopOver => hook_over(state, now, policy),
        Fact::StopCommandOver(is_done) => command_over(state, is_done, now, policy),
        Fact::SignalFailed => signal_failed(state),
        Fact::DeadlinePassed => deadline_passed(state, now, policy),
        Fact::NotReady => not_ready(state, now, policy),
        Fact::Unhealthy => unhealthy(state, now, policy),
    }
}

/// The one way to a spawn: at once, or as soon as what is required is there.
const fn launch(attempt: Attempt, policy: &Policy) -> Step {
    if policy.gated { (State::Waiting { attempt }, None) } else { spawn(attempt) }
}

const fn spawn(attempt: Attempt) -> Step {
    (State::Starting { ready_at: None, attempt }, Some(Effect::Spawn))
}

fn start(state: State, policy: &Policy) -> Result<Step, Refusal> {
    match state {
        State::Stopped { .. } | State::Exited { .. } | State::Fatal { .. } => {
            Ok(launch(Attempt::FIRST, policy))
        }
        // what was tried in the background is what is asked for now
        State::Starting { ready_at, attempt: Attempt { veiled: true, .. } } => {
            Ok((State::Starting { ready_at, attempt: Attempt::FIRST }, None))
        }
        State::Waiting { attempt: Attempt { veiled: true, .. } } => {
            Ok((State::Waiting { attempt: Attempt::FIRST }, None))
        }
        State::Waiting { .. } | State::Starting { .. } | State::Running { .. } | State::Backoff { .. } => {
            Err(Refusal::AlreadyStarted)
        }
        State::Stopping { .. } => Err(Refusal::Stopping),
        State::Unknown => Err(Refusal::Unknown),
    }
}

fn stop(state: State, now: Instant, policy: &Policy) -> Result<Step, Refusal> {
    match state {
        State::Starting { ready_at: None, .. } => Ok((unborn(Then::Stay), None)),
        State::Starting { ready_at: Some(_), .. } | State::Running { .. } => {
            Ok(stopping(Then::Stay, now, policy))
        }
        State::Waiting { .. } | State::Backoff { .. } => Ok((State::STOPPED, None)),
        // a stop that comes while something is to follow the end wins
        State::Stopping { kill_at, step, then: Then::Start | Then::Fail(_) | Then::Exit(_) } => {
            Ok((State::Stopping { kill_at, step, then: Then::Stay }, None))
        }
        State::Stopped { start_at: Some(_) }
        | State::Exited { restart_at: Some(_), .. }
        | State::Fatal { retry_at: Some(_), .. } => Ok((State::STOPPED, None)),
        State::Stopping { then: Then::Stay, .. }
        | State::Stopped { start_at: None }
        | State::Exited { restart_at: None, .. }
        | State::Fatal { retry_at: None, .. }
        | State::Unknown => Err(Refusal::NotRunning),
    }
}

fn restart(state: State, now: Instant, policy: &Policy) -> Result<Step, Refusal> {
    match state {
        State::Stopped { .. } | State::Exited { .. } | State::Fatal { .. } => {
            Ok(launch(Attempt::FIRST, policy))
        }
        State::Starting { ready_at: None, .. } => Ok((unborn(Then::Start), None)),
        State::Starting { ready_at: Some(_), .. } | State::Running { .. } => {
            Ok(stopping(Then::Start, now, policy))
        }
        State::Waiting { .. } | State::Backoff { .. } => Ok((State::Stopped { start_at: Some(now) }, None)),
        State::Stopping { kill_at, step, .. } => {
            Ok((State::Stopping { kill_at, step, then: Then::Start }, None))
        }
        State::Unknown => Err(Refusal::Unknown),
    }
}

fn halt(state: State, now: Instant, policy: &Policy) -> Step {
    match state {
        State::Starting { ready_at: None, .. } => (unborn(Then::Stay), None),
        State::Starting { ready_at: Some(_), .. } | State::Running { .. } => {
            stopping(Then::Stay, now, policy)
        }
        State::Backoff { .. } => (State::FATAL, None),
        State::Stopping { kill_at, step, .. } => {
            (State::Stopping { kill_at, step, then: Then::Stay }, None)
        }
        State::Waiting { attempt: Attempt { veiled: true, .. } } => (State::FATAL, None),
        State::Stopped { .. } | State::Waiting { .. } => (State::STOPPED, None),
        State::Exited { status, expected, attempt, .. } => {
            (State::Exited { status, expected, restart_at: None, attempt }, None)
        }
        State::Fatal { attempt, .. } => (State::Fatal { retry_at: None, attempt }, None),
        State::Unknown => (State::Unknown, None),
    }
}

fn spawned(state: State, now: Instant, policy: &Policy) -> Step {
    match state {
        State::Starting { ready_at: None, attempt } => {
            (State::Starting { ready_at: Some(now + policy.startsecs), attempt }, None)
        }
        State::Stopping { kill_at: None, then, .. } => stopping(then, now, policy),
        State::Starting { ready_at: Some(_), .. }
        | State::Stopping { kill_at: Some(_), .. }
        | State::Stopped { .. }
        | State::Waiting { .. }
        | State::Running { .. }
        | State::Backoff { .. }
        | State::Exited { .. }
        | State::Fatal { .. }
        | State::Unknown => (state, None),
    }
}

fn spawn_failed(state: State, now: Instant, policy: &Policy) -> Step {
    match state {
        State::Starting { ready_at: None, attempt } => (failed(attempt, now, policy), None),
        State::Stopping { kill_at: None, then, .. } => (stopped(then, now), None),
        State::Starting { ready_at: Some(_), .. }
        | State::Stopping { kill_at: Some(_), .. }
        | State::Stopped { .. }
        | State::Waiting { .. }
        | State::Running { .. }
        | State::Backoff { .. }
        | State::Exited { .. }
        | State::Fatal { .. }
        | State::Unknown => (state, None),
    }
}

fn exited(state: State, status: ExitStatus, now: Instant, policy: &Policy) -> Step {
    match state {
        State::Starting { attempt, .. } if policy.oneshot => {
            (attempted(attempt, status, policy).unwrap_or_else(|| failed(attempt, now, policy)), None)
        }
        State::Running { attempt, .. } if policy.oneshot => {
            let again = || failed_late(attempt, status, now, policy);
            (attempted(attempt, status, policy).unwrap_or_else(again), None)
        }
        State::Starting { attempt, .. } => (failed(attempt, now, policy), None),
        State::Running { since, attempt, .. } => {
            let expected = policy.expects(status);
            let attempt = policy.after_running(attempt, now.saturating_duration_since(since), expected);
            let restart_at = policy.restarts(expected).then(|| policy.restart_at(since, now, attempt));
            (State::Exited { status, expected, restart_at, attempt }, None)
        }
        State::Stopping { then: Then::Fail(attempt), .. } => (failed(attempt, now, policy), None),
        State::Stopping { then: Then::Exit(attempt), .. } => {
            let restart_at = policy.restarts(false).then(|| policy.restart_at(now, now, attempt));
            (State::Exited { status, expected: false, restart_at, attempt }, None)
        }
        State::Stopping { then: then @ (Then::Stay | Then::Start), .. } => (stopped(then, now), None),
        State::Unknown => {
            let attempt = Attempt::FIRST;
            (State::Exited { status, expected: false, restart_at: None, attempt }, None)
        }
        State::Stopped { .. }
        | State::Waiting { .. }
        | State::Backoff { .. }
        | State::Exited { .. }
        | State::Fatal { .. } => (state, None),
    }
}

/// What is over with the end of a oneshot: it is completed, or has failed and is not tried again.
fn attempted(attempt: Attempt, status: ExitStatus, policy: &Policy) -> Option<State> {
    let (expected, restart_at) = (policy.completes(status), None);
    let is_over = expected || !policy.restarts(false) && !attempt.veiled;
    is_over.then_some(State::Exited { status, expected, restart_at, attempt: Attempt::FIRST })
}

/// A oneshot failed that was up for `startsecs`: an attempt like any other, but EXITED and not BACKOFF.
fn failed_late(attempt: Attempt, status: ExitStatus, now: Instant, policy: &Policy) -> State {
    let (tries, ends) = (attempt.tries.saturating_add(1), attempt.ends.saturating_add(1));
    let attempt = Attempt { tries, ends, ..attempt };
    let wait = if policy.is_out_of_tries(attempt) { Duration::ZERO } else { policy.backoff(attempt) };
    State::Exited { status, expected: false, restart_at: Some(now + wait), attempt }
}

/// Before it was up, what was missing has to come first, and the attempt does not count.
fn excused(state: State, status: ExitStatus, now: Instant, policy: &Policy) -> Step {
    match state {
        _ if policy.completes(status) => exited(state, status, now, policy),
        State::Starting { attempt, .. } | State::Stopping { then: Then::Fail(attempt), .. } => {
            (State::Waiting { attempt }, None)
        }
        State::Stopped { .. }
        | State::Waiting { .. }
        | State::Running { .. }
        | State::Backoff { .. }
        | State::Stopping { .. }
        | State::Exited { .. }
        | State::Fatal { .. }
        | State::Unknown => exited(state, status, now, policy),
    }
}

fn cleared(state: State) -> Step {
    match state {
        State::Waiting { attempt } => spawn(attempt),
        State::Stopped { .. }
        | State::Starting { .. }
        | State::Running { .. }
        | State::Backoff { .. }
        | State::Stopping { .. }
        | State::Exited { .. }
        | State::Fatal { .. }
        | State::Unknown => (state, None),
    }
}

fn signal_failed(state: State) -> Step {
    match state {
        State::Starting { ready_at: Some(_), .. }
        | State::Running { .. }
        | State::Stopping { kill_at: Some(_), .. } => (State::Unknown, None),
        State::Starting { ready_at: None, .. }
        | State::Stopping { kill_at: None, .. }
        | State::Stopped { .. }
        | State::Waiting { .. }
        | State::Backoff { .. }
        | State::Exited { .. }
        | State::Fatal { .. }
        | State::Unknown => (state, None),
    }
}

fn deadline_passed(state: State, now: Instant, policy: &Policy) -> Step {
    match state {
        State::Starting { ready_at: Some(_), attempt } => (up(attempt, now, policy), None),
        State::Exited { restart_at: Some(_), attempt, .. } if policy.is_out_of_tries(attempt) => {
            (given_up(attempt, now, policy), None)
        }
        State::Backoff { attempt, next: Next::Retry(_) }
        | State::Exited { restart_at: Some(_), attempt, .. } => launch(attempt, policy),
        State::Backoff { attempt, next: Next::GiveUp(_) } => (given_up(attempt, now, policy), None),
        State::Fatal { retry_at: Some(_), attempt } => launch(Attempt { veiled: true, ..attempt }, policy),
        State::Running { end_at: Some(_), .. } => stopping(Then::Start, now, policy),
        State::Stopping { kill_at: Some(_), step, then } => go_on(step, then, now, policy),
        State::Stopped { start_at: Some(_) } => launch(Attempt::FIRST, policy),
        State::Starting { ready_at: None, .. }
        | State::Stopping { kill_at: None, .. }
        | State::Stopped { start_at: None }
        | State::Waiting { .. }
        | State::Exited { restart_at: None, .. }
        | State::Running { end_at: None, .. }
        | State::Fatal { retry_at: None, .. }
        | State::Unknown => (state, None),
    }
}

/// Its readiness never came: a start that failed, however long it took.
fn not_ready(state: State, now: Instant, policy: &Policy) -> Step {
    match state {
        State::Starting { ready_at: Some(_), attempt } | State::Running { attempt, .. } => {
            stopping(Then::Fail(attempt), now, policy)
        }
        State::Starting { ready_at: None, .. }
        | State::Stopping { .. }
        | State::Stopped { .. }
        | State::Waiting { .. }
        | State::Backoff { .. }
        | State::Exited { .. }
        | State::Fatal { .. }
        | State::Unknown => (state, None),
    }
}

/// It does not do its work any more: ended as if it had ended by itself.
fn unhealthy(state: State, now: Instant, policy: &Policy) -> Step {
    match state {
        State::Starting { ready_at: Some(_), attempt } => stopping(Then::Fail(attempt), now, policy),
        State::Running { since, attempt, .. } => {
            let up = now.saturating_duration_since(since);
            stopping(Then::Exit(policy.after_running(attempt, up, false)), now, policy)
        }
        State::Starting { ready_at: None, .. }
        | State::Stopping { .. }
        | State::Stopped { .. }
        | State::Waiting { .. }
        | State::Backoff { .. }
        | State::Exited { .. }
        | State::Fatal { .. }
        | State::Unknown => (state, None),
    }
}

/// It was up for `startsecs`. What was tried in the background is shown first.
fn up(attempt: Attempt, now: Instant, policy: &Policy) -> State {
    if attempt.veiled {
        return State::Starting { ready_at: Some(now), attempt: Attempt { veiled: false, ..attempt } };
    }
    State::Running { since: now, attempt, end_at: policy.end_at(now, attempt) }
}

fn failed(attempt: Attempt, now: Instant, policy: &Policy) -> State {
    let (tries, ends) = (attempt.tries.saturating_add(1), attempt.ends.saturating_add(1));
    let attempt = Attempt { tries, ends, ..attempt };
    let next = match () {
        () if attempt.veiled => return given_up(attempt, now, policy),
        () if tries > policy.startretries => Next::GiveUp(now),
        () => Next::Retry(now + policy.backoff(attempt)),
    };
    State::Backoff { attempt, next }
}

fn given_up(attempt: Attempt, now: Instant, policy: &Policy) -> State {
    let attempt = Attempt { veiled: false, ..attempt };
    State::Fatal { retry_at: policy.retry_at(now, attempt), attempt }
}

fn stopped(then: Then, now: Instant) -> State {
    match then {
        // without a process nothing has failed
        Then::Stay | Then::Fail(_) | Then::Exit(_) => State::STOPPED,
        Then::Start => State::Stopped { start_at: Some(now) },
    }
}

/// One transition that was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// What is to be done.
    pub effect: Option<Effect>,
}

impl Edge {
    /// Whether the process is down for good, and not because somebody wants it so: it ended by itself and is not
    /// started again, or no attempt is left. The success of a oneshot is no such end.
    #[must_use]
    pub fn is_for_good(&self, policy: &Policy) -> bool {
        match self.to {
            State::Exited { expected, restart_at: None, .. } => {
                !(matches!(self.from, State::Exited { .. }) || policy.oneshot && expected)
            }
            State::Fatal { retry_at: None, .. } => {
                matches!(self.from, State::Backoff { next: Next::GiveUp(_), .. } | State::Exited { .. })
            }
            State::Exited { restart_at: Some(_), .. }
            | State::Fatal { retry_at: Some(_), .. }
            | State::Stopped { .. }
            | State::Waiting { .. }
            | State::Starting { .. }
            | State::Running { .. }
            | State::Backoff { .. }
            | State::Stopping { .. }
            | State::Unknown => false,
        }
    }

    /// Whether clients see another state now (a repeated SIGKILL, say, is an edge and no change).
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.from.name() != self.to.name()
    }
}

/// A state, and the rule that what is due comes first: a process that ends after `startsecs` had been
/// RUNNING, even if nobody looked in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    state: State,
}

impl Default for Machine {
    fn default() -> Self {
        Self { state: State::STOPPED }
    }
}

impl Machine {
    /// The state now.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The state as clients know it.
    #[must_use]
    pub const fn name(&self) -> ProcessState {
        self.state.name()
    }

    /// Makes the one transition that is due at `now`, if one is. Call it until it gives `None`, doing
    /// what each edge says before the next call.
    pub fn due(&mut self, now: Instant, policy: &Policy) -> Option<Edge> {
        let due = self.state.deadline().is_some_and(|at| at <= now);
        due.then(|| self.take(occur(self.state, Fact::DeadlinePassed, now, policy)))
    }

    /// Makes the transition that a fact brings. Feed [`due`](Self::due) first.
    pub fn occur(&mut self, fact: Fact, now: Instant, policy: &Policy) -> Edge {
        self.take(occur(self.state, fact, now, policy))
    }

    /// Makes the transition that somebody asks for. Feed [`due`](Self::due) first.
    ///
    /// # Errors
    /// [`Refusal`]; nothing has changed then.
    pub fn request(&mut self, wish: Request, now: Instant, policy: &Policy) -> Result<Edge, Refusal> {
        request(self.state, wish, now, policy).map(|step| self.take(step))
    }

    fn take(&mut self, (to, effect): Step) -> Edge {
        let from = std::mem::replace(&mut self.state, to);
        Edge { from, to, effect }
    }
}
