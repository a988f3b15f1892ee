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
//!
//! Ticks are made here, by one timer that is armed only while somebody wants them. They are kept nowhere.
//!
//! Events that carry output come as fast as a process writes, and are large. They are kept apart from the
//! others, bounded in bytes as well as in number, and go only to who wants them: however much a process
//! writes, a change of state is neither pushed out of the journal nor out of a subscriber's queue by it.

use crate::clock;
use crate::estate::lock;
use crate::rotator::Crash;
use crate::rotator::outbox::Held;
use crate::shared::Shared;
use crate::supervision::link::{Bid, Link};
use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use treeherd_domain::event::tick::Ticks;
use treeherd_domain::event::types::EventSet;
use treeherd_domain::event::{Event, EventKind};

/// Events that the journal keeps.
const JOURNAL: usize = 1024;
/// Events that wait for one subscriber.
const WAITING: usize = 1024;
/// Bytes of output that the journal keeps, and that wait for one subscriber.
const OUTPUT: usize = 4 * 1024 * 1024;

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

/// Bytes of output that an event holds.
fn size(event: &Event) -> usize {
    event.kind.output().map_or(0, |output| output.data.len())
}

#[derive(Debug)]
struct Subscriber {
    sender: mpsc::Sender<Item>,
    /// Bytes of output on their way to it.
    waiting: Arc<AtomicUsize>,
    output: bool,
    ticks: EventSet,
    /// It knows of all up to this number, though the bus may still have some of them in its mailbox.
    since: u64,
    dropped: u64,
}

/// The live items of a subscription.
#[derive(Debug)]
pub struct Items {
    items: mpsc::Receiver<Item>,
    waiting: Arc<AtomicUsize>,
}

impl Items {
    /// The next item, once there is one; `None` when the bus is gone for good.
    pub async fn recv(&mut self) -> Option<Item> {
        let item = self.items.recv().await;
        item.inspect(|item| self.taken(item))
    }

    /// The next item, if there is one.
    pub fn try_recv(&mut self) -> Option<Item> {
        let item = self.items.try_recv().ok();
        item.inspect(|item| self.taken(item))
    }

    fn taken(&self, item: &Item) {
        if let Item::Event(event) = item {
            self.waiting.fetch_sub(size(event), Ordering::AcqRel);
        }
    }
}

/// The last events, and who wants the next ones.
#[derive(Debug, Default)]
pub struct Journal {
    inner: Mutex<Inner>,
}

/// The last events of a kind.
#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// The number of the newest one that is no longer kept.
    gone: u64,
}

impl Kept {
    fn push(&mut self, event: Arc<Event>) {
        self.bytes += size(&event);
        self.events.push_back(event);
        while self.events.len() > JOURNAL || self.bytes > OUTPUT {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= size(&oldest);
            self.gone = oldest.seq;
        }
    }

    fn after(&self, since: u64) -> impl Iterator<Item = &Arc<Event>> {
        self.events.iter().skip(self.events.partition_point(|event| event.seq <= since))
    }
}

#[derive(Debug, Default)]
struct Inner {
    events: Kept,
    output: Kept,
    subscribers: Vec<Subscriber>,
    last: u64,
}

/// A new subscription.
#[derive(Debug)]
pub struct Subscription {
    /// The number of the last event before the live ones.
    pub seq: u64,
    /// Events after `since` that the journal still has, with gap marks where some are gone.
    pub missed: Vec<Item>,
    /// The live ones.
    pub items: Items,
}

impl Journal {
    /// A journal whose first event comes after `seq`.
    #[must_use]
    pub fn new(seq: u64) -> Self {
        let events = Kept { gone: seq, ..Kept::default() };
        Self { inner: Mutex::new(Inner { events, last: seq, ..Inner::default() }) }
    }

    /// Subscribes to all that comes, and replays what came after `since`. Without `output`, events that
    /// carry output are left out, and are no gap.
    #[must_use]
    pub fn subscribe(&self, since: Option<u64>, output: bool) -> Subscription {
        self.subscribe_to(since, output, EventSet::default())
    }

    /// The same with these ticks; the bus is to be told ([`Tune`]).
    pub(crate) fn subscribe_to(&self, since: Option<u64>, output: bool, ticks: EventSet) -> Subscription {
        let mut inner = lock(&self.inner);
        let (sender, items) = mpsc::channel(WAITING);
        let waiting = Arc::<AtomicUsize>::default();
        let missed = since.map_or_else(Vec::new, |since| inner.after(since, output));
        inner.subscribers.push(Subscriber {
            sender,
            waiting: Arc::clone(&waiting),
            output,
            ticks,
            since: since.unwrap_or(0),
            dropped: 0,
        });
        Subscription { seq: inner.last, missed, items: Items { items, waiting } }
    }

    /// The ticks that subscribers want.
    pub(crate) fn wanted_ticks(&self) -> EventSet {
        let inner = lock(&self.inner);
        let subscribers = inner.subscribers.iter().filter(|subscriber| !subscriber.sender.is_closed());
        subscribers.fold(EventSet::default(), |set, subscriber| set.and(&subscriber.ticks))
    }

    fn record(&self, event: Arc<Event>) {
        let mut inner = lock(&self.inner);
        let before = std::mem::replace(&mut inner.last, event.seq);
        if event.seq > before + 1 {
            inner.events.gone = event.seq - 1; // whatever it was
        }
        if !matches!(event.kind, EventKind::Tick { .. }) {
            let kept = if event.kind.output().is_some() { &mut inner.output } else { &mut inner.events };
            kept.push(Arc::clone(&event));
        }
        inner.subscribers.retain_mut(|subscriber| {
            subscriber.dropped += event.seq.saturating_sub(before.max(subscriber.since) + 1);
            event.seq <= subscriber.since || subscriber.pass(&event)
        });
    }
}

impl Inner {
    /// What is kept of what came after `since`, in order, with a mark for each gap in it.
    fn after(&self, since: u64, output: bool) -> Vec<Item> {
        let mut kept: Vec<&Arc<Event>> = self.events.after(since).chain(self.output.after(since)).collect();
        kept.sort_unstable_by_key(|event| event.seq);
        let gone = if output { self.events.gone.max(self.output.gone) } else { self.events.gone };
        let (mut items, mut next) = (Vec::new(), since + 1);
        for event in kept {
            if event.seq > next && gone >= next {
                items.push(Item::Gap {
                    dropped: gone.min(event.seq - 1) - next + 1,
                    resume_from: event.seq,
                });
            }
            next = event.seq + 1;
            if output || event.kind.output().is_none() {
                items.push(Item::Event(Arc::clone(event)));
            }
        }
        if self.last >= next && gone >= next {
            items.push(Item::Gap { dropped: gone.min(self.last) - next + 1, resume_from: self.last + 1 });
        }
        items
    }
}

impl Subscriber {
    /// Whether it still listens.
    fn pass(&mut self, event: &Arc<Event>) -> bool {
        let size = size(event);
        let is_tick = matches!(event.kind, EventKind::Tick { .. });
        if (event.kind.output().is_some() && !self.output) || (is_tick && !self.ticks.includes(&event.kind))
        {
            return !self.sender.is_closed();
        }
        let waiting = self.waiting.load(Ordering::Acquire);
        if size > 0 && waiting > 0 && waiting + size > OUTPUT {
            self.dropped += 1;
            return !self.sender.is_closed();
        }
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
        // before it can be received, so that the sum is never below zero
        self.waiting.fetch_add(size, Ordering::AcqRel);
        let sent = self.sender.try_send(Item::Event(Arc::clone(event)));
        if sent.is_err() {
            self.waiting.fetch_sub(size, Ordering::AcqRel);
        }
        match sent {
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
pub struct Announce {
    /// What.
    pub event: Arc<Event>,
    /// The room that it takes until it is recorded.
    pub held: Option<Held>,
}

/// Somebody may want other ticks than before.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub struct Tune;

/// The actor.
#[derive(Debug)]
pub struct Bus {
    shared: Arc<Shared>,
    timer: Option<SpawnHandle>,
    _link: Link,
}

impl Bus {
    /// A bus over the journal of this tree.
    #[must_use]
    pub const fn new(shared: Arc<Shared>, link: Link) -> Self {
        Self { shared, timer: None, _link: link }
    }

    /// Announces the ticks that are due, and waits for the next.
    fn tick(&mut self, context: &mut Context<Self>) {
        if let Some(handle) = self.timer.take() {
            context.cancel_future(handle);
        }
        let (now, wanted) = (clock::wall_ms(), self.shared.wanted_ticks());
        let Some(wait) = Ticks::wait(now, &wanted) else { return lock(&self.shared.ticks).forget() };
        let due = lock(&self.shared.ticks).look(now, &wanted);
        for tick in due {
            self.shared.announce(tick);
        }
        self.timer = Some(context.run_later(wait, |actor, context| actor.tick(context)));
    }
}

impl Actor for Bus {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.tick(context);
    }
}

impl Handler<Tune> for Bus {
    type Result = ();

    fn handle(&mut self, _: Tune, context: &mut Self::Context) {
        self.tick(context);
    }
}

impl Handler<Announce> for Bus {
    type Result = ();

    fn handle(&mut self, Announce { event, held }: Announce, _: &mut Self::Context) {
        self.shared.journal.record(event);
        drop(held);
    }
}

impl Handler<Crash> for Bus {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Bid> for Bus {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(journal: &Journal, seq: u64) {
        journal.record(Arc::new(Event { seq, at_ms: 0, kind: EventKind::SupervisorRunning }));
    }

    #[test]
    fn a_subscriber_gets_what_it_missed_and_what_comes() {
        let journal = Journal::default();
        (1..=3).for_each(|seq| record(&journal, seq));
        let mut subscription = journal.subscribe(Some(1), true);
        assert_eq!((subscription.seq, subscription.missed.len()), (3, 2));
        record(&journal, 4);
        let Some(Item::Event(event)) = subscription.items.try_recv() else { panic!("no event") };
        assert_eq!(event.seq, 4);
    }

    #[test]
    fn what_the_journal_no_longer_has_is_a_gap() {
        let journal = Journal::default();
        (1..=JOURNAL as u64 + 5).for_each(|seq| record(&journal, seq));
        let missed = journal.subscribe(Some(2), true).missed;
        assert_eq!(missed[0], Item::Gap { dropped: 3, resume_from: 6 });
        assert_eq!(missed.len(), JOURNAL + 1);
    }

    #[test]
    fn what_came_before_the_journal_is_a_gap() {
        let journal = Journal::new(7);
        assert_eq!(journal.subscribe(Some(7), false).missed, []);
        let gap = Item::Gap { dropped: 2, resume_from: 8 };
        assert_eq!(journal.subscribe(Some(5), false).missed, [gap]);
    }

    #[test]
    fn a_slow_subscriber_is_told_how_many_it_missed() {
        let journal = Journal::default();
        let mut subscription = journal.subscribe(None, true);
        let end = WAITING as u64 + 2;
        (1..=end).for_each(|seq| record(&journal, seq));
        (0..WAITING).for_each(|_| assert!(subscription.items.try_recv().is_some()));
        record(&journal, end + 1);
        assert_eq!(subscription.items.try_recv(), Some(Item::Gap { dropped: 2, resume_from: end + 1 }));
    }

    fn write(journal: &Journal, seq: u64, bytes: usize) {
        use treeherd_domain::event::Output;
        use treeherd_domain::name::{GroupName, Namespec, ProcessName};
        use treeherd_domain::stream::Stream;
        let namespec = Namespec::new(GroupName::new("g"), ProcessName::new("p"));
        let output = Output { namespec, pid: 1, stream: Stream::Stdout, data: vec![b'x'; bytes] };
        journal.record(Arc::new(Event { seq, at_ms: 0, kind: EventKind::ProcessLog(output) }));
    }

    #[test]
    fn ticks_come_to_who_wants_them_and_are_no_gap_to_others() {
        use treeherd_domain::event::tick::Period;
        let journal = Journal::new(0);
        let mut other = journal.subscribe(None, true);
        let mut ticking = journal.subscribe_to(None, false, EventSet::of(["tick_5"]));
        assert!(journal.wanted_ticks().has("TICK_5") && !journal.wanted_ticks().has("TICK_60"));
        for (seq, period) in [(1, Period::Five), (2, Period::Minute)] {
            journal.record(Arc::new(Event { seq, at_ms: 0, kind: EventKind::Tick { period, when: 60 } }));
        }
        record(&journal, 3);
        let live = |items: &mut Items| std::iter::from_fn(|| items.try_recv()).collect::<Vec<_>>();
        assert_eq!(numbers(&live(&mut ticking.items)), [1, 3]);
        assert_eq!(numbers(&live(&mut other.items)), [3]);
        assert_eq!(numbers(&journal.subscribe(Some(0), true).missed), [3]);
        drop(ticking);
        assert_eq!(journal.wanted_ticks(), EventSet::default());
    }

    #[test]
    fn what_a_client_knows_of_before_the_journal_is_neither_told_again_nor_missing() {
        let journal = Journal::default();
        record(&journal, 1);
        let mut early = journal.subscribe(Some(3), true);
        assert!(early.missed.is_empty());
        // the third got lost in a mailbox, and the fifth
        [2, 4, 6].into_iter().for_each(|seq| record(&journal, seq));
        let live: Vec<Item> = std::iter::from_fn(|| early.items.try_recv()).collect();
        assert_eq!(
            (numbers(&live), live[1].clone()),
            (vec![4, 0, 6], Item::Gap { dropped: 1, resume_from: 6 })
        );
    }

    fn numbers(items: &[Item]) -> Vec<u64> {
        let number = |item: &Item| match item {
            Item::Event(event) => event.seq,
            Item::Gap { .. } => 0,
        };
        items.iter().map(number).collect()
    }

    #[test]
    fn output_pushes_nothing_else_out_and_is_bounded_in_bytes() {
        let journal = Journal::default();
        let mut other = journal.subscribe(None, false);
        record(&journal, 1);
        (2..=9).for_each(|seq| write(&journal, seq, OUTPUT / 4));
        record(&journal, 10);
        assert_eq!(numbers(&journal.subscribe(Some(0), false).missed), [1, 10]);
        assert_eq!(numbers(&journal.subscribe(Some(0), true).missed), [1, 0, 6, 7, 8, 9, 10]);
        assert_eq!(numbers(&journal.subscribe(Some(6), true).missed), [7, 8, 9, 10]);
        write(&journal, 11, OUTPUT + 1);
        let gap = Item::Gap { dropped: 1, resume_from: 12 };
        assert_eq!(journal.subscribe(Some(10), true).missed, [gap]);
        let live: Vec<Item> = std::iter::from_fn(|| other.items.try_recv()).collect();
        assert_eq!(numbers(&live), [1, 10]);
    }

    #[test]
    fn a_slow_subscriber_holds_a_bounded_number_of_bytes() {
        let journal = Journal::default();
        let mut slow = journal.subscribe(None, true);
        (1..=9).for_each(|seq| write(&journal, seq, OUTPUT / 4));
        let live: Vec<Item> = std::iter::from_fn(|| slow.items.try_recv()).collect();
        assert_eq!(numbers(&live), [1, 2, 3, 4]);
        write(&journal, 10, OUTPUT / 4);
        assert_eq!(slow.items.try_recv(), Some(Item::Gap { dropped: 5, resume_from: 10 }));
        assert_eq!(numbers(&[slow.items.try_recv().unwrap()]), [10]);
    }
}
