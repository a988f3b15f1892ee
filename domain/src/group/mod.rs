//! A group under OTP's rules: who is stopped and started again when one of its children ends, as a value.
//!
//! ```text
//!                 restart: stop the others        queue empty
//!   ┌── Idle ───────────────────────────► Stopping ───────────► Starting ──┐ queue empty
//!   │    ▲                                    │ then: rest         │  │    │ (the group is up)
//!   │    └────────────────────────────────────┴────────────────────┘  │    │
//!   │ one_for_one: a child alone, after its delay                     ▼    ▼
//!   └──────────────────────────────► Idle ◄── a stop of the child in turn, or of all
//! ```
//!
//! [`GroupMachine`] is OTP's `supervisor` without its waiting: every call takes what has happened and comes back at
//! once. What the children have to do stands in the machine as [`Order`]s until it is done; whoever drives it
//! carries out those that it has not carried out yet, so an order that was lost on the way is simply given again. What
//! the group's own parent has to know, and what a log has to tell, comes back as [`Output`]s.
//!
//! A child is a process or another group; how processes are spawned, retried (`startretries`) and killed is the
//! business of their own lifecycle, whose outcome alone is a [`Fact`] here. Time is a parameter. Absent: clocks,
//! processes, logging, and the first start of a plain group, which has no machine at all.

mod ahead;
mod backoff;
mod decide;
mod forest;
mod legacy;
mod lines;
mod machine;
mod members;
mod news;
mod outlook;
mod phase;
mod plots;
mod policy;
mod post;
mod reasons;
mod view;

pub use backoff::Backoff;
pub use forest::{Changes, End, Forest, Plot};
pub(crate) use lines::processes_of;
pub use lines::{Line, lines};
pub use machine::GroupMachine;
pub use members::{ChildId, ChildSpec, Standing};
pub use news::News;
pub use outlook::Outlook;
pub use plots::{in_trees, plots, tree_of};
pub use policy::{AutoShutdown, Escalate, GroupPolicy, StartFailure, StartUp};
pub use post::{Errand, Post};
pub use reasons::{Acted, Reasons};
pub(crate) use reasons::{list, named, to_start};

use crate::strategy::Ending;
use std::fmt;
use std::time::Duration;

/// What has happened to a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// It is up: a process is ready, a group has all its children up.
    Up,
    /// It ended by itself.
    Ended(Ending),
    /// It is down because somebody told it to be.
    Stopped,
    /// It could not be started, and its own retries are used up.
    StartFailed,
    /// A group gave up, and is to stay down until somebody starts it.
    GaveUp,
    /// It can neither be stopped nor watched (UNKNOWN).
    Lost,
}

/// What a child turns out to be when an order is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Not running, and nothing follows.
    Down,
    /// On its way up.
    Coming,
    /// Up.
    Up,
    /// On its way down.
    Going,
    /// UNKNOWN.
    Lost,
}

/// What the group as a whole is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// Start the children, as at the first start; a new budget.
    Start,
    /// Stop them all, and stay so.
    Stop,
    /// The daemon ends: nothing is started or decided any more.
    Freeze,
    /// The daemon ends: stop them all.
    Halt,
}

/// What somebody asks of one child, as it passes the group on its way there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Start.
    Start,
    /// Stop: it wins over whatever the group had in mind.
    Stop,
}

/// What several are about to be stopped for, one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aim {
    /// To stay down.
    Stop,
    /// To be started again: an instance of a template is not over by that.
    Restart,
}

/// What a child is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Task {
    /// Be up.
    Start,
    /// Be down.
    Stop,
}

/// A task that a child has not done yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// Whose.
    pub child: ChildId,
    /// What.
    pub task: Task,
    /// The number of the order: later ones have greater ones.
    pub ticket: u64,
}

/// Why the group acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// A child ended by itself.
    Ended(Ending),
    /// A child could not be started.
    StartFailed,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended(Ending::Normal) => "ended",
            Self::Ended(Ending::Abnormal) => "failed",
            Self::StartFailed => "could not be started",
        })
    }
}

/// What comes of an input, besides orders.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// It takes care of its children from now on, with a new budget.
    Begun,
    /// Restarts follow.
    Restart {
        /// The child that brought it about.
        child: ChildId,
        /// How.
        why: Why,
        /// Who is stopped for it, in this order.
        stopped: Vec<ChildId>,
        /// Who is started then, in this order.
        started: Vec<ChildId>,
        /// How long that waits at least.
        delay: Duration,
    },
    /// A temporary child is not taken care of any more.
    Forgotten(ChildId),
    /// The group gives up.
    Escalated {
        /// The child that brought it about.
        child: ChildId,
        /// How.
        why: Why,
        /// Restarts that count, the refused one included; `None` if `start_failure=fail` was the reason.
        restarts: Option<usize>,
    },
    /// A significant child ended: the group stops (`auto_shutdown`).
    AutoShutdown(ChildId),
    /// News for the group's parent.
    Report(Report),
}

/// What a group is to its parent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Report {
    /// Every child that is to be up is up.
    Up,
    /// It is down by itself.
    Ended(Ending),
    /// It is down because it was told to be.
    Stopped,
    /// It gave up and is down until somebody starts it (`escalate=fatal`).
    Fatal,
    /// It gave up, and the daemon is to end (`escalate=exit`).
    Exit,
}
