//! A program that is an event listener: what its pool asks of it, and what the pool hears of it.

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
    }

    /// Tells the pool that the process has ended.
    pub(super) fn leave_seat(&self) {
        self.estate.seat.iter().for_each(|seat| seat.ended());
    }

    /// Lets the pool see that the state is another.
    pub(super) fn nudge_pool(&self) {
        self.estate.seat.iter().for_each(|seat| seat.pool.wake());
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
