//! A program that is an event listener or a subscriber: what its pool or feeder asks of it, and what they hear of it.

use super::Program;
use actix::{Context, Handler, Message};
use treeherd_domain::cause::Cause;
use treeherd_domain::lifecycle::Request;

/// Something waits to be written to the standard input.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub struct Flush;

/// Start the process anew, if it is still this one.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub struct Replace {
    /// Which spawn of it.
    pub incarnation: u64,
}

impl Program {
    /// Tells the pool that the process has been made.
    pub(super) fn take_seat(&self, pid: i32) {
        self.estate.seat.iter().for_each(|seat| seat.spawned(pid));
        self.leave_place();
    }

    /// Tells the pool that the process has ended.
    pub(super) fn leave_seat(&self) {
        self.estate.seat.iter().for_each(|seat| seat.ended());
        self.leave_place();
    }

    /// Has what a subscriber's last process did not read told to the next one.
    fn leave_place(&self) {
        if let Some(place) = &self.estate.place {
            let unread = self.estate.record().unread();
            place.ended(unread);
        }
    }

    /// Lets the pool see that the state is another.
    pub(super) fn nudge_pool(&self) {
        self.estate.seat.iter().for_each(|seat| seat.pool.bell.ring());
        self.nudge_feeder();
    }

    /// Lets the feeder see whether there is something to write.
    pub(super) fn nudge_feeder(&self) {
        self.estate.place.iter().for_each(|place| place.feed.bell.ring());
    }
}

impl Handler<Flush> for Program {
    type Result = ();

    fn handle(&mut self, _: Flush, context: &mut Self::Context) {
        self.write_what_waits(context);
    }
}

impl Handler<Replace> for Program {
    type Result = ();

    fn handle(&mut self, Replace { incarnation }: Replace, context: &mut Context<Self>) {
        self.drive(context);
        let is_it = {
            let record = self.estate.record();
            record.incarnation == incarnation && record.machine.name().is_running()
        };
        if is_it {
            // one that is just being stopped is let go
            let _ = self.request(Request::Restart, Cause::Listener, context);
        }
    }
}
