//! The Pool: gives events to the listeners of one `[eventlistener:x]`.
//!
//! ```text
//!   PoolEstate ─┬─ an event waits, a listener is ready ─► stdin queue of its process ─► Flush ──► Program...
//!               └─ a listener broke the protocol, now and then its pause is over ────► Replace ─► Program...
//! ```
//!
//! It owns nothing that matters: all of it stands in the [`PoolEstate`], so no end of an actor loses an event or
//! sends one twice. Absent: the protocol and the rules of the pool (`domain::listener`, `domain::pool`).

use crate::alarm::Alarm;
use crate::clock;
use crate::estate::{GroupEstate, Look, Mood, PoolEstate};
use crate::program::{Flush, Program, Replace};
use crate::rotator::Crash;
use crate::shared::{Shared, Slot};
use crate::supervision::link::{Bid, Link};
use actix::{Actor, Addr, Context, Handler};
use std::fmt;
use std::sync::Arc;
use treeherd_domain::status::ProcessState;

/// The actor.
pub struct Pool {
    group: Arc<GroupEstate>,
    pool: Arc<PoolEstate>,
    shared: Arc<Shared>,
    /// Where the actors of the processes stand, in definition order.
    programs: Vec<Arc<Slot<Addr<Program>>>>,
    alarm: Alarm,
    /// Last, so that the parent hears of the end when all else is gone.
    _link: Link,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("name", &self.pool.name).finish_non_exhaustive()
    }
}

impl Pool {
    /// The pool of this group, whose processes' actors stand in these slots.
    #[must_use]
    pub fn new(
        group: Arc<GroupEstate>,
        pool: Arc<PoolEstate>,
        shared: Arc<Shared>,
        programs: Vec<Arc<Slot<Addr<Program>>>>,
        link: Link,
    ) -> Self {
        Self { group, pool, shared, programs, alarm: Alarm::default(), _link: link }
    }

    fn look(&mut self, context: &mut Context<Self>) {
        self.pool.bell.answered();
        self.dispatch();
        self.restart();
        self.arm(context);
    }

    fn dispatch(&self) {
        let estates = &self.group.estates;
        let up = |at: usize| estates[at].record().machine.name() == ProcessState::Running;
        let mut unwritten = Vec::new();
        self.pool.dispatch(up, |at, notification| {
            let mut record = estates[at].record();
            let taken = record.write_stdin(notification);
            if !record.stdin_queue.is_empty() {
                unwritten.push(at);
            }
            taken
        });
        for at in unwritten {
            self.program(at).inspect(|program| program.do_send(Flush));
        }
    }

    /// Has those restarted that broke the protocol.
    fn restart(&self) {
        if self.shared.arena.mood() != Mood::Running {
            return;
        }
        for at in self.pool.due(clock::now()) {
            let incarnation = self.group.estates[at].record().incarnation;
            self.program(at).inspect(|program| program.do_send(Replace { incarnation }));
        }
    }

    fn program(&self, at: usize) -> Option<Addr<Program>> {
        self.programs.get(at).and_then(|slot| slot.get())
    }

    fn arm(&mut self, context: &mut Context<Self>) {
        let deadline = self.pool.deadline();
        self.alarm.set(deadline, context, |pool| &mut pool.alarm, Self::look);
    }
}

impl Actor for Pool {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        // the predecessor may have ended before it could say so
        for (at, estate) in self.group.estates.iter().enumerate() {
            if !estate.record().stdin_queue.is_empty() {
                self.program(at).inspect(|program| program.do_send(Flush));
            }
        }
        self.look(context);
    }
}

impl Handler<Look> for Pool {
    type Result = ();

    fn handle(&mut self, _: Look, context: &mut Self::Context) {
        self.look(context);
    }
}

impl Handler<Crash> for Pool {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Bid> for Pool {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}
