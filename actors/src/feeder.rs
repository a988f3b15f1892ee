//! The Feeder: writes events to the processes of one `[subscriber:x]`.
//!
//! ```text
//!   FeedEstate ── an event waits, a pipe has room ─► stdin queue of the process ─► Flush ──► Program...
//! ```
//!
//! It owns nothing that matters: all of it stands in the [`FeedEstate`], so no end of an actor loses an event or tells
//! one twice. Nobody waits for it: who announces an event puts it into the estate and goes on. Absent: the rules of the
//! buffer (`domain::feed`), and waiting for a pipe that is full (the Program does that, and wakes whoever has more).

use crate::estate::{FeedEstate, GroupEstate, Look};
use crate::program::{Flush, Program};
use crate::rotator::Crash;
use crate::shared::Slot;
use crate::supervision::link::{Bid, Link};
use actix::{Actor, Addr, Context, Handler};
use std::fmt;
use std::sync::Arc;

/// The actor.
pub struct Feeder {
    group: Arc<GroupEstate>,
    feed: Arc<FeedEstate>,
    /// Where the actors of the processes stand, in definition order.
    programs: Vec<Arc<Slot<Addr<Program>>>>,
    /// Last, so that the parent hears of the end when all else is gone.
    _link: Link,
}

impl fmt::Debug for Feeder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeder").field("name", &self.feed.name).finish_non_exhaustive()
    }
}

impl Feeder {
    /// The feeder of this group, whose processes' actors stand in these slots.
    #[must_use]
    pub const fn new(
        group: Arc<GroupEstate>,
        feed: Arc<FeedEstate>,
        programs: Vec<Arc<Slot<Addr<Program>>>>,
        link: Link,
    ) -> Self {
        Self { group, feed, programs, _link: link }
    }

    /// Writes to every process that is up.
    fn look(&self) {
        self.feed.bell.answered();
        for (at, estate) in self.group.estates.iter().enumerate() {
            let waits = self.feed.write(at, &mut estate.record());
            if waits && let Some(program) = self.programs.get(at).and_then(|slot| slot.get()) {
                program.do_send(Flush);
            }
        }
    }
}

impl Actor for Feeder {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        // the predecessor may have ended before it could say that something waits for a pipe
        self.look();
    }
}

impl Handler<Look> for Feeder {
    type Result = ();

    fn handle(&mut self, _: Look, _: &mut Self::Context) {
        self.look();
    }
}

impl Handler<Crash> for Feeder {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Bid> for Feeder {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}
