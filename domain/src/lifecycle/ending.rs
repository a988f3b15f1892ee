//! The steps of a stop: what is done first, what follows when its time is over, and SIGKILL in the end.
//!
//! ```text
//! stop ─► Hook ─ it is over, or its time ─► Command ─ ended well ─► Command, done ─ the first wait ─┐
//!          (pre_stop)                          (stop_command) │ failed, or the first wait           │
//!                                                             ▼                                     ▼
//!                                                      Signal(0) ─ its wait ─► Signal(1) ─ its wait ─► ... ─► SIGKILL,
//!                                                                                                        again and again
//! ```
//!
//! A step that is not configured is left out.

use super::policy::Policy;
use super::state::{Effect, State, StopStep, Then};
use std::time::Instant;

type Step = (State, Option<Effect>);

/// The first step: somebody or something wants it to end.
pub(super) fn stopping(then: Then, now: Instant, policy: &Policy) -> Step {
    match policy.pre_stop {
        Some(limit) => (
            State::Stopping { kill_at: Some(now + limit), step: StopStep::Hook, then },
            Some(Effect::PreStop),
        ),
        None => tell(then, now, policy),
    }
}

/// The stop was faster than the spawn: there is no process yet that could have a signal.
pub(super) const fn unborn(then: Then) -> State {
    State::Stopping { kill_at: None, step: StopStep::FIRST, then }
}

/// The time of a step is over, and the process is there still.
pub(super) fn go_on(step: StopStep, then: Then, now: Instant, policy: &Policy) -> Step {
    match step {
        StopStep::Hook => tell(then, now, policy),
        StopStep::Command { done: false } => signal(0, then, now, policy),
        StopStep::Command { done: true } => signal(1, then, now, policy),
        StopStep::Signal(at) => signal(at.saturating_add(1), then, now, policy),
    }
}

/// `pre_stop` is over.
pub(super) fn hook_over(state: State, now: Instant, policy: &Policy) -> Step {
    match state {
        State::Stopping { kill_at: Some(_), step: StopStep::Hook, then } => tell(then, now, policy),
        state => (state, None),
    }
}

/// `stop_command` has ended, well or not.
pub(super) fn command_over(state: State, is_done: bool, now: Instant, policy: &Policy) -> Step {
    match state {
        State::Stopping { kill_at: kill_at @ Some(_), step: StopStep::Command { done: false }, then } => {
            if is_done {
                return (State::Stopping { kill_at, step: StopStep::Command { done: true }, then }, None);
            }
            signal(0, then, now, policy)
        }
        state => (state, None),
    }
}

/// It is told to end, by `stop_command` or by the first signal.
fn tell(then: Then, now: Instant, policy: &Policy) -> Step {
    match policy.command_wait() {
        Some(wait) => {
            let step = StopStep::Command { done: false };
            (State::Stopping { kill_at: Some(now + wait), step, then }, Some(Effect::StopCommand))
        }
        None => signal(0, then, now, policy),
    }
}

/// The signal of this place; SIGKILL behind the last.
fn signal(at: usize, then: Then, now: Instant, policy: &Policy) -> Step {
    let (wait, effect) = match policy.wait(at) {
        Some(wait) => (wait, Effect::Signal),
        None => (policy.kill_pause(), Effect::Kill),
    };
    (State::Stopping { kill_at: Some(now + wait), step: StopStep::Signal(at), then }, Some(effect))
}
