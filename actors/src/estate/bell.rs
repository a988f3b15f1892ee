//! How an actor that works from what stands in an estate learns that there is something to do.
//!
//! ```text
//!   any thread ── ring ──► Look ──► the actor: answered, then looks at everything        one Look at a time is under way
//! ```
//!
//! What is put into the estate before a ring is seen by the look that follows it. An actor that takes another one's place
//! looks when it starts, so a ring that nobody was there for is not lost. Absent: what there is to do.

use crate::shared::Slot;
use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};
use std::sync::atomic::{AtomicBool, Ordering};

/// Something has changed: see what there is to do.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub struct Look;

/// The bell of one actor and its successors.
#[derive(Debug)]
pub(crate) struct Bell<A: Actor> {
    actor: Slot<Addr<A>>,
    /// Whether it was rung and not answered yet.
    rung: AtomicBool,
}

impl<A: Actor> Default for Bell<A> {
    fn default() -> Self {
        Self { actor: Slot::default(), rung: AtomicBool::new(false) }
    }
}

impl<A> Bell<A>
where
    A: Actor + Handler<Look>,
    A::Context: ToEnvelope<A, Look>,
{
    /// Where the actor of the moment stands.
    pub(crate) const fn actor(&self) -> &Slot<Addr<A>> {
        &self.actor
    }

    /// Lets the actor look, unless it is about to.
    pub(crate) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel)
            && let Some(actor) = self.actor.get()
        {
            actor.do_send(Look);
        }
    }

    /// The actor looks: whatever happens from here on rings once more.
    pub(crate) fn answered(&self) {
        self.rung.store(false, Ordering::Release);
    }
}
