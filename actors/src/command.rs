//! What more than one actor understands: verbs, waits, outcomes.
//!
//! A command goes down once and its outcome comes up once, through a [`Reply`]: it is carried out even
//! if nobody waits for the answer any more. The channel has room for one outcome of each target; when it
//! ends early, an actor on the way ended by a bug.

use tokio::sync::mpsc;
pub use treeherd_domain::drive::Verb;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::Namespec;

/// When a command counts as done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// When the process is up (or failed), or down.
    Settled,
    /// When the process is spawned, or its signal is sent.
    No,
}

/// What became of a command for one process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Which process.
    pub namespec: Namespec,
    /// For a restart: how its stop went; `None` if there was nothing to stop.
    pub stopped: Option<Result<(), Fault>>,
    /// How it went.
    pub result: Result<(), Fault>,
}

impl Outcome {
    /// An outcome without a stop before it.
    #[must_use]
    pub const fn new(namespec: Namespec, result: Result<(), Fault>) -> Self {
        Self { namespec, stopped: None, result }
    }
}

/// Where one outcome goes.
#[derive(Clone, Debug)]
pub struct Reply(mpsc::Sender<Outcome>);

impl Reply {
    /// A place for `targets` outcomes, in the order in which they come.
    #[must_use]
    pub fn channel(targets: usize) -> (Self, mpsc::Receiver<Outcome>) {
        let (sender, receiver) = mpsc::channel(targets.max(1));
        (Self(sender), receiver)
    }

    /// Tells the outcome. Who does not listen any more has gone; that is no error here.
    pub fn send(self, outcome: Outcome) {
        let _ = self.0.try_send(outcome);
    }
}
