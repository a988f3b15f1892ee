//! The one timer of an actor that waits for a deadline.
//!
//! It is armed anew only if the deadline is another one, so an actor may set it after everything it does. Absent:
//! what the deadline is, and reading the clock while it rings.

use crate::clock;
use actix::{Actor, AsyncContext, Context, SpawnHandle};
use std::time::Instant;

/// The timer.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<(Instant, SpawnHandle)>);

impl Alarm {
    /// Rings at the deadline, if there is one, and no more at an earlier one. `own` is where the actor has its alarm.
    pub(crate) fn set<A: Actor<Context = Context<A>>>(
        &mut self,
        deadline: Option<Instant>,
        context: &mut Context<A>,
        own: fn(&mut A) -> &mut Self,
        ring: fn(&mut A, &mut Context<A>),
    ) {
        if self.0.map(|(at, _)| at) == deadline {
            return;
        }
        if let Some((_, handle)) = self.0.take() {
            context.cancel_future(handle);
        }
        self.0 = deadline.map(|at| {
            let wait = at.saturating_duration_since(clock::now());
            let handle = context.run_later(wait, move |actor, context| {
                own(actor).0 = None;
                ring(actor, context);
            });
            (at, handle)
        });
    }
}
