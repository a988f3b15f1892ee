//! The Bus: every event goes through it, into the journal and out to subscribers.
//!
//! ```text
//!   Program, Group, Root ── Event ──► Bus ──► journal (the last ones)
//!                                      `────► subscribers (bounded; a slow one is told what it missed)
//! ```
//!
//! Journal and subscribers stand in an estate of their own, so that a new Bus after a bug goes on with
//! both. Numbers are given by the sender (see [`Shared::announce`](crate::shared::Shared::announce)):
//! they have no holes unless a Bus died with events in its mailbox, and then subscribers see a gap.

use crate::estate::lock;
use crate::rotator::Crash;
use crate::supervision::link::{Link, Stop};
use actix::{Actor, ActorContext, Context, Handler, Message};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use treeherd_domain::event::Event;

/// Events that the journal keeps.
const JOURNAL: usize = 1024;
/// Events that wait for one subscriber.
const WAITING: usize = 1024;

/// What a subscriber gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// An event.
    Event(Arc<Event>),
    /// Events were not delivered.
    Gap {
        /// How many.
        dropped: u64,
        /// The number of the next one that is.
        resume_from: u64,
    },
}

#[derive(Debug)]
struct Subscriber {
    sender: mpsc::Sender<Item>,
    dropped: u64,
}

/// The last events, and who wants the next ones.
#[derive(Debug, Default)]
pub struct Journal {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Arc<Event>>,
    subscribers: Vec<Subscriber>,
    last: u64,
}

/// A new subscription.
#[derive(Debug)]
pub struct Subscription {
    /// The number of the last event before the live ones.
    pub seq: u64,
    /// Events after `since` that the journal still has, with a gap mark first if some are gone.
    pub missed: Vec<Item>,
    /// The live ones.
    pub items: mpsc::Receiver<Item>,
}

impl Journal {
    /// A journal whose first event comes after `seq`.
    #[must_use]
    pub fn new(seq: u64) -> Self {
        Self { inner: Mutex::new(Inner { last: seq, ..Inner::default() }) }
    }

    /// Subscribes to all that comes, and replays what came after `since`.
    #[must_use]
    pub fn subscribe(&self, since: Option<u64>) -> Subscription {
        let mut inner = lock(&self.inner);
        let (sender, items) = mpsc::channel(WAITING);
        let missed = since.map_or_else(Vec::new, |since| inner.after(since));
        inner.subscribers.push(Subscriber { sender, dropped: 0 });
        Subscription { seq: inner.last, missed, items }
    }

    fn record(&self, event: Event) {
        let mut inner = lock(&self.inner);
        let skipped = event.seq.saturating_sub(inner.last + 1);
        inner.last = event.seq;
        let event = Arc::new(event);
        if inner.events.len() == JOURNAL {
            inner.events.pop_front();
        }
        inner.events.push_back(Arc::clone(&event));
        inner.subscribers.retain_mut(|subscriber| {
            subscriber.dropped += skipped;
            subscriber.pass(&event)
        });
    }
}

impl Inner {
    fn after(&self, since: u64) -> Vec<Item> {
        let oldest = self.events.front().map_or(self.last + 1, |event| event.seq);
        let gap =
            (oldest > since + 1).then(|| Item::Gap { dropped: oldest - since - 1, resume_from: oldest });
        let kept = self.events.iter().filter(|event| event.seq > since);
        gap.into_iter().chain(kept.map(|event| Item::Event(Arc::clone(event)))).collect()
    }
}

impl Subscriber {
    /// Whether it still listens.
    fn pass(&mut self, event: &Arc<Event>) -> bool {
        if self.dropped > 0 {
            let gap = Item::Gap { dropped: self.dropped, resume_from: event.seq };
            match self.sender.try_send(gap) {
                Ok(()) => self.dropped = 0,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.dropped += 1;
                    return true;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return false,
            }
        }
        match self.sender.try_send(Item::Event(Arc::clone(event))) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.dropped += 1;
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

/// Something happened.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Announce(pub Event);

/// The actor.
#[derive(Debug)]
pub struct Bus {
    journal: Arc<Journal>,
    _link: Link,
}

impl Bus {
    /// A bus over this journal.
    #[must_use]
    pub const fn new(journal: Arc<Journal>, link: Link) -> Self {
        Self { journal, _link: link }
    }
}

impl Actor for Bus {
    type Context = Context<Self>;
}

impl Handler<Announce> for Bus {
    type Result = ();

    fn handle(&mut self, Announce(event): Announce, _: &mut Self::Context) {
        self.journal.record(event);
    }
}

impl Handler<Crash> for Bus {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Stop> for Bus {
    type Result = ();

    fn handle(&mut self, _: Stop, context: &mut Self::Context) {
        context.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use treeherd_domain::event::EventKind;

    fn record(journal: &Journal, seq: u64) {
        journal.record(Event { seq, at_ms: 0, kind: EventKind::SupervisorRunning });
    }

    #[test]
    fn a_subscriber_gets_what_it_missed_and_what_comes() {
        let journal = Journal::default();
        (1..=3).for_each(|seq| record(&journal, seq));
        let mut subscription = journal.subscribe(Some(1));
        assert_eq!((subscription.seq, subscription.missed.len()), (3, 2));
        record(&journal, 4);
        let Ok(Item::Event(event)) = subscription.items.try_recv() else { panic!("no event") };
        assert_eq!(event.seq, 4);
    }

    #[test]
    fn what_the_journal_no_longer_has_is_a_gap() {
        let journal = Journal::default();
        (1..=JOURNAL as u64 + 5).for_each(|seq| record(&journal, seq));
        let missed = journal.subscribe(Some(2)).missed;
        assert_eq!(missed[0], Item::Gap { dropped: 3, resume_from: 6 });
        assert_eq!(missed.len(), JOURNAL + 1);
    }

    #[test]
    fn a_slow_subscriber_is_told_how_many_it_missed() {
        let journal = Journal::default();
        let mut subscription = journal.subscribe(None);
        let end = WAITING as u64 + 2;
        (1..=end).for_each(|seq| record(&journal, seq));
        (0..WAITING).for_each(|_| assert!(subscription.items.try_recv().is_ok()));
        record(&journal, end + 1);
        assert_eq!(subscription.items.try_recv(), Ok(Item::Gap { dropped: 2, resume_from: end + 1 }));
    }
}
