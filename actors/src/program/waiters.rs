//! Who waits for a process to be up or down, and when their wait is over.
//!
//! ```text
//!   start ─► RUNNING │ BACKOFF (retries go on without the waiter) │ FATAL │ off the way up
//!   stop  ─► down                       restart ─► the one, then the other
//! ```
//!
//! Where BACKOFF is no more than the way to FATAL, that is waited for: it comes with it. Absent: deadlines, which are whose
//! call it is.

use crate::command::{Outcome, Reply};
use treeherd_domain::fault::Fault;
use treeherd_domain::lifecycle::{Edge, Next, State};
use treeherd_domain::name::Namespec;
use treeherd_domain::status::ProcessState;

/// What somebody waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum For {
    /// The process exists, or could not be made.
    Spawned,
    /// It is RUNNING, or will not be by this attempt.
    Up,
    /// Its stop signal is sent.
    Signalled,
    /// It is down.
    Down,
    /// It is down, then what the flag says: up (`true`) or spawned.
    DownThen { settled: bool },
}

#[derive(Debug)]
struct Waiter {
    wants: For,
    /// It waited for an end first: that counts as the stop of a restart.
    stopped: bool,
    reply: Reply,
}

/// The waiters of one process.
#[derive(Debug)]
pub(super) struct Waiters {
    namespec: Namespec,
    waiting: Vec<Waiter>,
    /// Whether `post_stop` is running: who waits for the end waits for that too.
    held: bool,
}

impl Waiters {
    pub(super) const fn new(namespec: Namespec) -> Self {
        Self { namespec, waiting: Vec::new(), held: false }
    }

    /// Adds one.
    pub(super) fn add(&mut self, wants: For, reply: Reply) {
        self.waiting.push(Waiter { wants, stopped: false, reply });
    }

    /// `post_stop` has begun.
    pub(super) fn hold(&mut self) {
        self.held = true;
    }

    /// Whether `post_stop` is running.
    pub(super) fn are_held(&self) -> bool {
        self.held
    }

    /// `post_stop` is over; `is_gone`: there is no process.
    pub(super) fn release(&mut self, is_gone: bool) {
        self.held = false;
        if is_gone {
            self.settle(|wants, _| (wants == For::Down).then_some(Ok(())));
        }
    }

    /// Whether somebody waits for the end of the process.
    pub(super) fn any_for_down(&self) -> bool {
        self.waiting.iter().any(|w| matches!(w.wants, For::Down | For::DownThen { .. }))
    }

    /// The stop signal is sent, or none was needed.
    pub(super) fn signalled(&mut self) {
        self.settle(|wants, _| (wants == For::Signalled).then_some(Ok(())));
    }

    /// A signal that was to end the process cannot be sent.
    pub(super) fn cannot_end(&mut self, fault: &Fault) {
        self.settle(|wants, _| {
            let ends = matches!(wants, For::Signalled | For::Down | For::DownThen { .. });
            ends.then(|| Err(fault.clone()))
        });
    }

    /// The process exists now.
    pub(super) fn spawned(&mut self) {
        self.settle(|wants, _| (wants == For::Spawned).then_some(Ok(())));
    }

    /// It waits for others before it is spawned: whoever did not ask for more than that is content.
    pub(super) fn waits(&mut self) {
        self.spawned();
    }

    /// It waits for something that does not come by itself; it goes on waiting without those who asked for it.
    pub(super) fn stuck(&mut self, why: &str) {
        let namespec = self.namespec.clone();
        self.settle(|wants, _| {
            let fault = || Fault::SpawnError { namespec: namespec.clone(), spawnerr: why.to_owned() };
            (wants == For::Up).then(|| Err(fault()))
        });
    }

    /// A transition was made; `spawnerr` is what went wrong last. A oneshot is up when it has done what it is for.
    pub(super) fn edge(&mut self, edge: &Edge, spawnerr: Option<&str>, oneshot: bool) {
        let held = self.held;
        let (namespec, to) = (self.namespec.clone(), edge.to.name());
        let called_off = to.is_stopped() && edge.to.deadline().is_none();
        for waiter in &mut self.waiting {
            let For::DownThen { settled } = waiter.wants else { continue };
            if to == ProcessState::Starting {
                waiter.wants = if settled { For::Up } else { For::Spawned };
            }
            waiter.stopped |= to == ProcessState::Starting || called_off;
        }
        let completed = oneshot && matches!(edge.to, State::Exited { expected: true, .. });
        // FATAL follows at once: whoever looks after the answer sees that
        let gives_up = matches!(edge.to, State::Backoff { next: Next::GiveUp(_), .. });
        let failed = || Fault::SpawnError {
            namespec: namespec.clone(),
            spawnerr: spawnerr.unwrap_or_default().to_owned(),
        };
        self.settle(|wants, _| match (wants, to) {
            (For::Up | For::Spawned, ProcessState::Exited) if completed => Some(Ok(())),
            (For::Up, ProcessState::Running) if oneshot => None,
            (For::Up | For::Spawned, ProcessState::Running) => Some(Ok(())),
            (For::Up | For::Spawned, ProcessState::Backoff) if gives_up => None,
            (For::Up | For::Spawned, ProcessState::Backoff | ProcessState::Fatal) => Some(Err(failed())),
            (
                For::Up | For::Spawned,
                ProcessState::Stopping
                | ProcessState::Stopped
                | ProcessState::Exited
                | ProcessState::Unknown,
            ) => Some(Err(Fault::AbnormalTermination(namespec.clone()))),
            (For::Down, state) if state.is_stopped() && !held => Some(Ok(())),
            // a restart whose second half was called off
            (For::DownThen { .. }, _) if called_off => {
                Some(Err(Fault::AbnormalTermination(namespec.clone())))
            }
            _ => None,
        });
    }

    fn settle(&mut self, verdict: impl Fn(For, bool) -> Option<Result<(), Fault>>) {
        let mut still = Vec::new();
        for waiter in self.waiting.drain(..) {
            match verdict(waiter.wants, waiter.stopped) {
                None => still.push(waiter),
                Some(result) => {
                    let outcome = Outcome {
                        namespec: self.namespec.clone(),
                        stopped: waiter.stopped.then_some(Ok(())),
                        result,
                    };
                    waiter.reply.send(outcome);
                }
            }
        }
        self.waiting = still;
    }
}
