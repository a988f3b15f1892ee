//! The steps of a stop: what is sent first, what follows when its time is over, and SIGKILL in the end.
//!
//! ```text
//! stop ─► Signal(0) ─ its wait ─► Signal(1) ─ its wait ─► ... ─► SIGKILL, again and again
//! ```

use super::policy::Policy;
use super::state::{Effect, State, StopStep, Then};
use std::time::Instant;

/// The first step: somebody or something wants it to end.
pub(super) fn stopping(then: Then, now: Instant, policy: &Policy) -> (State, Option<Effect>) {
    signal(0, then, now, policy)
}

/// The stop was faster than the spawn: there is no process yet that could have a signal.
pub(super) const fn unborn(then: Then) -> State {
    State::Stopping { kill_at: None, step: StopStep::FIRST, then }
}

/// The time of a step is over, and the process is there still.
pub(super) fn go_on(step: StopStep, then: Then, now: Instant, policy: &Policy) -> (State, Option<Effect>) {
    match step {
        StopStep::Signal(at) => signal(at.saturating_add(1), then, now, policy),
    }
}

/// The signal of this place; SIGKILL behind the last.
fn signal(at: usize, then: Then, now: Instant, policy: &Policy) -> (State, Option<Effect>) {
    let (wait, effect) = match policy.wait(at) {
        Some(wait) => (wait, Effect::Signal),
        None => (policy.kill_pause(), Effect::Kill),
    };
    (State::Stopping { kill_at: Some(now + wait), step: StopStep::Signal(at), then }, Some(effect))
}
