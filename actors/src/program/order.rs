//! Orders of a group under OTP's rules: what the process has to do by them, and what its group is told of it.

use super::Program;
use actix::{Handler, Message};
use treeherd_domain::cause::Cause;
use treeherd_domain::drive::Verb;
use treeherd_domain::group::{Fact, Seen, Task, Wish};
use treeherd_domain::lifecycle::Edge;

/// Do this, unless the group has changed its mind. What becomes of it is told by the change of state.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Take {
    /// What.
    pub task: Task,
    /// The number of the order.
    pub ticket: u64,
    /// Why.
    pub cause: Cause,
}

impl Handler<Take> for Program {
    type Result = ();

    fn handle(&mut self, Take { task, ticket, cause }: Take, context: &mut Self::Context) {
        if !self.shared.arena.grove.is_ordered(&self.estate.namespec, ticket) {
            return;
        }
        if task == Task::Start && self.estate.record().disabled {
            // the group goes on without it
            return self.shared.ask_group(&self.estate.namespec, Wish::Stop);
        }
        if task == Task::Start && self.check_start(context).is_err() {
            return; // the daemon ends, or it is not there any more: its group hears of that elsewhere
        }
        self.drive(context);
        match self.ask_for(task.request(), false) {
            Ok(Some(edge)) => self.take_up(&edge, cause, context),
            Ok(None) => self.drive(context),
            Err(_) => self.show_group(),
        }
    }
}

impl Program {
    /// Tells its group how it is.
    pub(super) fn show_group(&self) {
        let state = self.estate.record().machine.state();
        let seen = Seen::of(&state, self.estate.is_there());
        self.shared.show_group(&self.estate.namespec, seen);
    }

    /// Tells its group of a command that it takes.
    pub(super) fn tell_wish(&self, verb: Verb) {
        if let Some(wish) = Wish::of(verb) {
            self.shared.ask_group(&self.estate.namespec, wish);
        }
    }

    /// Tells its group of a change. That it is up is told by whoever knows whether it is ready.
    pub(super) fn tell_group(&self, edge: &Edge) {
        let Some(fact) = Fact::of(edge) else { return };
        self.shared.tell_group(&self.estate.namespec, fact);
    }
}
