//! The orders of one group on their way to its processes: which of them are to be handed on now, and as what.
//!
//! ```text
//!   orders of the machine ─► next ─► Errand for a process ── it could be told ──► handed(ticket)
//!                              ▲        its actor is not there: it comes again the next time
//!        again, halt: all of them come once more
//! ```
//!
//! An order stands in the machine until it is done, so what was handed on and got lost is handed on again. Absent: who
//! carries it to the process, and its cause.

use super::{ChildId, Order, Task, Wish};
use crate::drive::Verb;
use crate::lifecycle::Request;
use crate::name::ProcessName;
use std::collections::BTreeSet;

/// What was handed on of the orders of one group.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Post {
    sent: BTreeSet<u64>,
    halting: bool,
}

/// What a process is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Errand {
    /// Which process.
    pub process: ProcessName,
    /// The number of the order.
    pub ticket: u64,
    /// What; `None`: the daemon ends, be down.
    pub task: Option<Task>,
}

impl Post {
    /// Processes may have lost what they were told.
    pub fn again(&mut self) {
        self.sent.clear();
    }

    /// The group ends with the daemon, in the order that it has.
    pub fn halt(&mut self) {
        self.sent.clear();
        self.halting = true;
    }

    /// What is to be handed on now of the orders that are not done, in the order in which they were given.
    pub fn next(&mut self, orders: Vec<Order>) -> Vec<Errand> {
        self.sent.retain(|ticket| orders.iter().any(|order| order.ticket == *ticket));
        self.halting &= !orders.is_empty();
        let (sent, halting) = (&self.sent, self.halting);
        let errand = |Order { child, task, ticket }| match (child, task) {
            (ChildId::Process(process), task) if !halting => {
                Some(Errand { process, ticket, task: Some(task) })
            }
            (ChildId::Process(process), Task::Stop) => Some(Errand { process, ticket, task: None }),
            (ChildId::Process(_) | ChildId::Group(_), _) => None,
        };
        let new = orders.into_iter().filter(|order| !sent.contains(&order.ticket));
        let mut errands: Vec<Errand> = new.filter_map(errand).collect();
        errands.sort_by_key(|errand| errand.ticket);
        errands
    }

    /// This order is on its way.
    pub fn handed(&mut self, ticket: u64) {
        self.sent.insert(ticket);
    }
}

impl Task {
    /// What is asked of the process by it.
    #[must_use]
    pub const fn request(self) -> Request {
        match self {
            Self::Start => Request::Start,
            Self::Stop => Request::Stop,
        }
    }
}

impl Wish {
    /// What a command that somebody gives a process is to its group; `None`: it changes nothing about who is to be up. A
    /// start is one only once the process has taken it: one that is refused changes nothing. A stop is one at once, and
    /// again when the process takes it, since a start that came before it may have been taken meanwhile.
    #[must_use]
    pub const fn of(verb: Verb) -> Option<Self> {
        match verb {
            Verb::Start | Verb::Restart => Some(Self::Start),
            Verb::Stop => Some(Self::Stop),
            Verb::Signal(_) | Verb::Reload | Verb::Clear | Verb::Mark { .. } => None,
        }
    }

    /// What the rule of a process that has lost what it requires is to its group: one that is to stay down is not started
    /// again by the rules of the group either.
    #[must_use]
    pub const fn of_loss(request: Request) -> Option<Self> {
        match request {
            Request::Stop => Some(Self::Stop),
            Request::Start | Request::Restart | Request::Halt => None,
        }
    }

    /// What a command for several is to the groups of those that it is not for as they are just now: a stop is a wish all
    /// the same, since a group may be about to start them again by its rules.
    #[must_use]
    pub const fn of_others(verb: Verb) -> Option<Self> {
        match verb {
            Verb::Stop => Some(Self::Stop),
            Verb::Start
            | Verb::Restart
            | Verb::Signal(_)
            | Verb::Reload
            | Verb::Clear
            | Verb::Mark { .. } => None,
        }
    }
}
