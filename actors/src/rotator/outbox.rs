//! Output on its way from the logs' thread to the bus: bounded, and what does not fit is counted.
//!
//! ```text
//!   Rotator ── push ──► Outbox ── News (once) ──► Program ── take ──► Bus ── recorded: Held is dropped
//!                         `-- no room: counted, told a second later
//! ```
//!
//! What is on its way is bounded in bytes, from the read until the bus has recorded the event: each
//! event has a [`Held`] with it that gives its room back, wherever it ends up. Mailboxes carry the news
//! that something waits here, once until it is taken. The outbox stands in the stream's estate: what
//! waits when an actor dies is taken by its successor.

use crate::estate::lock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use treeherd_domain::event::EventKind;

/// Bytes of one stream that may be on their way, beside one whole capture.
const ROOM: usize = 1024 * 1024;
/// What an event takes beside its bytes.
const OVERHEAD: usize = 512;

/// Room for an event, given back when this is dropped.
#[derive(Debug)]
pub struct Held {
    used: Arc<AtomicUsize>,
    size: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.used.fetch_sub(self.size, Ordering::AcqRel);
    }
}

/// Events that did not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lost {
    /// How many.
    pub events: u64,
    /// With how many bytes.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: Vec<(EventKind, Held)>,
    lost: Lost,
    told: bool,
}

/// The events of one stream that wait to be announced.
#[derive(Debug)]
pub struct Outbox {
    room: usize,
    used: Arc<AtomicUsize>,
    /// Whether a look inside is worth it.
    fresh: AtomicBool,
    inner: Mutex<Inner>,
}

impl Outbox {
    /// An outbox that has room for a capture of this size, and the usual.
    pub(super) fn new(capture: usize) -> Self {
        Self {
            room: ROOM.saturating_add(capture),
            used: Arc::default(),
            fresh: AtomicBool::new(false),
            inner: Mutex::default(),
        }
    }

    /// Puts in an event with this many bytes, if there is room for it.
    pub(super) fn push(&self, bytes: usize, event: impl FnOnce() -> EventKind) {
        match self.hold(bytes.saturating_add(OVERHEAD)) {
            Some(held) => {
                let event = event();
                lock(&self.inner).waiting.push((event, held));
            }
            None => {
                let lost = &mut lock(&self.inner).lost;
                lost.events += 1;
                lost.bytes += bytes as u64;
            }
        }
        self.fresh.store(true, Ordering::Release);
    }

    fn hold(&self, size: usize) -> Option<Held> {
        let fits = |used: usize| used.checked_add(size).filter(|sum| *sum <= self.room || used == 0);
        self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).ok()?;
        Some(Held { used: Arc::clone(&self.used), size })
    }

    /// Whether somebody is to be told that there is something; true once until it is taken.
    pub(super) fn is_news(&self) -> bool {
        if !self.fresh.load(Ordering::Acquire) {
            return false;
        }
        self.fresh.store(false, Ordering::Release);
        !std::mem::replace(&mut lock(&self.inner).told, true)
    }

    /// What waits, in order.
    pub(crate) fn take(&self) -> Vec<(EventKind, Held)> {
        let mut inner = lock(&self.inner);
        inner.told = false;
        std::mem::take(&mut inner.waiting)
    }

    /// Whether there are losses to be told.
    pub(crate) fn has_lost(&self) -> bool {
        lock(&self.inner).lost.events > 0
    }

    /// The losses since they were last asked for.
    pub(crate) fn take_lost(&self) -> Lost {
        std::mem::take(&mut lock(&self.inner).lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_until_there_is_room() {
        let outbox = Outbox::new(0);
        let big = ROOM - OVERHEAD;
        assert!(!outbox.is_news());
        outbox.push(big, || EventKind::SupervisorRunning);
        outbox.push(1, || EventKind::SupervisorRunning);
        outbox.push(2, || EventKind::SupervisorRunning);
        assert!(outbox.is_news() && !outbox.is_news());
        let taken = outbox.take();
        assert_eq!((taken.len(), outbox.take_lost()), (1, Lost { events: 2, bytes: 3 }));
        // taken is not yet delivered
        outbox.push(1, || EventKind::SupervisorRunning);
        assert!(outbox.is_news() && outbox.has_lost() && outbox.take().is_empty());
        drop(taken);
        outbox.push(1, || EventKind::SupervisorStopping);
        assert!(outbox.is_news());
        assert_eq!((outbox.take().len(), outbox.take_lost().events), (1, 1));
    }

    #[test]
    fn one_event_always_fits() {
        let outbox = Outbox::new(10);
        outbox.push(ROOM * 5, || EventKind::SupervisorRunning);
        assert_eq!((outbox.take().len(), outbox.has_lost()), (1, false));
    }
}
