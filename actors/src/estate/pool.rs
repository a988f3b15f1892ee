//! What outlives the actor of a pool: buffer, numbers, and what each listener is busy with.
//!
//! ```text
//!   Shared::announce ── accept ──►┐
//!   Program ── spawned, ended ───►├─ PoolEstate ── Look ──► the Pool: dispatch, due
//!   Rotator of stdout ── hear ───►┘
//! ```
//!
//! Events are put here by whoever announces them, and results by whoever reads them. A notification is in the queue of
//! its process before the listener counts as busy, and both happen in one go. Absent: the protocol and the rules of the
//! pool (`domain::listener`, `domain::pool`).

use super::bell::Bell;
use super::{lock, note};
use crate::clock;
use crate::pool::Pool;
use slog::Logger;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::Notify;
use treeherd_domain::event::Event;
use treeherd_domain::event::types::EventSet;
use treeherd_domain::listener::ListenerState;
use treeherd_domain::name::GroupName;
use treeherd_domain::pool::{self, Entry, Line, Tally};
use treeherd_domain::spec::{GroupSpec, ListenerSpec};

#[derive(Debug)]
struct Inner {
    pool: pool::Pool,
    /// The processes whose words count, in definition order.
    pids: Vec<i32>,
}

impl Inner {
    fn is_at_work(&self) -> bool {
        let waits = self.pool.waiting() > 0;
        let mut there = self.pool.states().into_iter().zip(&self.pids).filter(|(_, pid)| **pid != 0);
        there.any(|(state, _)| match state {
            ListenerState::Busy => true,
            ListenerState::Ready | ListenerState::Acknowledged => waits,
            ListenerState::Unknown => false,
        })
    }
}

/// A pool, as it outlives its actor.
pub struct PoolEstate {
    /// The group's name.
    pub name: GroupName,
    /// What its listeners are told.
    pub events: EventSet,
    server: String,
    inner: Mutex<Inner>,
    log: Logger,
    /// The actor's.
    pub(crate) bell: Bell<Pool>,
    /// Told of every change, for who waits for an end of the work.
    changed: Notify,
}

impl fmt::Debug for PoolEstate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolEstate").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a pool shows of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolStatus {
    /// How many events wait.
    pub waiting: usize,
    /// What it has done so far.
    pub tally: Tally,
    /// Where each listener is, in definition order.
    pub listeners: Vec<ListenerState>,
}

impl PoolEstate {
    /// An empty pool for the processes of this group. `server` is what its listeners are told of the daemon.
    #[must_use]
    pub fn new(group: &GroupSpec, spec: &ListenerSpec, server: &str, log: &Logger) -> Arc<Self> {
        let names: Vec<&str> = group.processes.iter().map(|process| process.name.as_str()).collect();
        let pool = pool::Pool::new(group.name.as_str(), spec.buffer_size, spec.protocol_error, &names);
        Arc::new(Self {
            name: group.name.clone(),
            events: spec.events.clone(),
            server: server.to_owned(),
            inner: Mutex::new(Inner { pool, pids: vec![0; names.len()] }),
            log: log.clone(),
            bell: Bell::default(),
            changed: Notify::new(),
        })
    }

    /// What it shows of itself now.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let Inner { pool, .. } = &*lock(&self.inner);
        PoolStatus { waiting: pool.waiting(), tally: pool.tally(), listeners: pool.states() }
    }

    /// Whether no event waits.
    pub(crate) fn is_idle(&self) -> bool {
        lock(&self.inner).pool.waiting() == 0
    }

    /// Waits until no listener is at work and no event waits for one that is there.
    pub(crate) async fn is_done(&self) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if !lock(&self.inner).is_at_work() {
                return;
            }
            changed.await;
        }
    }

    /// Takes an event.
    pub(crate) fn accept(&self, serial: u64, event: &Arc<Event>) {
        self.tell(|inner| inner.pool.accept(serial, event));
    }

    /// Gives what waits to listeners that are ready and `up`. `send` has a notification written to one, and says
    /// whether it was taken.
    pub(crate) fn dispatch(&self, up: impl Fn(usize) -> bool, mut send: impl FnMut(usize, &[u8]) -> bool) {
        let mut inner = lock(&self.inner);
        let lines = inner.pool.dispatch(up, |at, entry: &Entry| {
            send(at, &entry.notification(&self.server, self.name.as_str()))
        });
        note(&self.log, lines);
    }

    /// The listeners to be restarted now.
    pub(crate) fn due(&self, now: Instant) -> Vec<usize> {
        lock(&self.inner).pool.due(now)
    }

    /// When [`due`](Self::due) has something next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        lock(&self.inner).pool.deadline()
    }

    /// Changes something, logs what it led to, and lets the actor look.
    fn tell(&self, change: impl FnOnce(&mut Inner) -> Vec<Line>) {
        let mut inner = lock(&self.inner);
        let lines = change(&mut inner);
        note(&self.log, lines);
        drop(inner);
        self.changed.notify_waiters();
        self.bell.ring();
    }
}

/// The place of one process in its pool.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The pool.
    pub pool: Arc<PoolEstate>,
    /// The how-manieth of the definition.
    pub at: usize,
}

impl Seat {
    /// The process has been made.
    pub(crate) fn spawned(&self, pid: i32) {
        self.pool.tell(|inner| {
            inner.pids[self.at] = pid;
            inner.pool.spawned(self.at)
        });
    }

    /// The process has ended, and nothing that it wrote is unread.
    pub(crate) fn ended(&self) {
        self.pool.tell(|inner| {
            inner.pids[self.at] = 0;
            inner.pool.ended(self.at)
        });
    }

    /// Takes what the process wrote to its standard output; what an earlier process wrote counts no more.
    pub(crate) fn hear(&self, pid: i32, bytes: &[u8]) {
        self.pool.tell(|inner| match inner.pids[self.at] == pid {
            true => inner.pool.hear(self.at, bytes, clock::now()),
            false => Vec::new(),
        });
    }
}
