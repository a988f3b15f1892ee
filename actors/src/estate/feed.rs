//! What outlives the actor of a `[subscriber:x]`: what waits for each of its processes, and what each may not have read.
//!
//! ```text
//!   Shared::announce ── accept ──►┐
//!   Program ── spawned, ended ───►├─ FeedEstate ── Look ──► the Feeder: write
//!   Program ── its pipe is empty ►┘
//! ```
//!
//! Every process is told every event. Lines are in the queue of their process before they count as written, and both
//! happen in one go. Absent: the rules of the buffer (`domain::feed`), and the text of an event (`rpc::wire`).

use super::bell::Bell;
use super::{Record, lock, note};
use crate::feeder::Feeder;
use slog::{Logger, warn};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use treeherd_domain::event::Event;
use treeherd_domain::event::types::EventSet;
use treeherd_domain::feed::{Feed, Piece, Tally};
use treeherd_domain::name::GroupName;
use treeherd_domain::spec::{GroupSpec, SubscriberSpec};
use treeherd_domain::status::ProcessState;
use treeherd_rpc::wire::{EventItem, Mark};

/// Bytes of lines that are made at a time: what a pipe holds.
const AT_ONCE: usize = 64 * 1024;

/// The subscribers of a section, as they outlive their actor.
pub struct FeedEstate {
    /// The group's name.
    pub name: GroupName,
    /// What its processes are told.
    pub events: EventSet,
    /// `buffer_size`.
    pub buffer_size: usize,
    /// One for each process, in definition order.
    feeds: Vec<Mutex<Feed>>,
    /// Their records. A record's lock is taken before that of its feed.
    records: OnceLock<Vec<Arc<Mutex<Record>>>>,
    log: Logger,
    /// The actor's.
    pub(crate) bell: Bell<Feeder>,
}

impl fmt::Debug for FeedEstate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedEstate").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a subscriber shows of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedStatus {
    /// The process's name.
    pub name: String,
    /// How many events wait.
    pub waiting: usize,
    /// What it was told so far.
    pub tally: Tally,
}

/// The line of a piece, the same that `event.subscribe` has as an item.
fn text(piece: &Piece) -> Vec<u8> {
    let item = match piece {
        Piece::Begin { seq } => EventItem::Mark(Mark::Snapshot { seq: *seq }),
        Piece::Gap { dropped, resume_from } => {
            EventItem::Mark(Mark::Gap { dropped: *dropped, resume_from: *resume_from })
        }
        Piece::Event(event) => EventItem::from(&**event),
    };
    item.line().into_bytes()
}

impl FeedEstate {
    /// Empty buffers for the processes of this group.
    #[must_use]
    pub fn new(group: &GroupSpec, spec: &SubscriberSpec, log: &Logger) -> Arc<Self> {
        let SubscriberSpec { events, buffer_size } = spec;
        let feed = |name: &str| Mutex::new(Feed::new(name, *buffer_size));
        Arc::new(Self {
            name: group.name.clone(),
            events: events.clone(),
            buffer_size: *buffer_size,
            feeds: group.processes.iter().map(|process| feed(process.name.as_str())).collect(),
            records: OnceLock::new(),
            log: log.clone(),
            bell: Bell::default(),
        })
    }

    /// What its processes show of themselves now, in definition order.
    #[must_use]
    pub fn status(&self) -> Vec<FeedStatus> {
        let status = |feed: &Mutex<Feed>| {
            let feed = lock(feed);
            FeedStatus { name: feed.name().to_owned(), waiting: feed.waiting(), tally: feed.tally() }
        };
        self.feeds.iter().map(status).collect()
    }

    /// Events after this number come.
    pub(crate) fn listen(&self, seq: u64) {
        self.feeds.iter().for_each(|feed| lock(feed).listen(seq));
    }

    /// Takes an event, if it is one of those that are wanted. Nobody is told of the output of its own group: what it
    /// writes about that would be output again.
    pub(crate) fn accept(&self, event: &Arc<Event>) {
        let is_own = event.kind.output().is_some_and(|output| output.namespec.group == self.name);
        if is_own || !self.events.includes(&event.kind) {
            return;
        }
        for (at, feed) in self.feeds.iter().enumerate() {
            if lock(feed).is_full() {
                self.write_now(at);
            }
            note(&self.log, lock(feed).accept(event));
        }
        self.bell.ring();
    }

    /// These are the records of its processes, in definition order.
    pub(super) fn found(&self, records: Vec<Arc<Mutex<Record>>>) {
        // an estate is made once
        let _ = self.records.set(records);
    }

    /// Events may come faster than the actor has its turn: nothing is dropped while the pipe has room.
    fn write_now(&self, at: usize) {
        if let Some(record) = self.records.get().and_then(|records| records.get(at)) {
            self.write(at, &mut lock(record));
        }
    }

    /// Gives one process what waits for it, as far as its pipe takes it. Whether some of that waits for the pipe. One
    /// that may not stay up yet is not told: it would take events with it.
    pub(crate) fn write(&self, at: usize, record: &mut Record) -> bool {
        if record.machine.name() != ProcessState::Running {
            return false;
        }
        let mut feed = lock(&self.feeds[at]);
        while record.stdin.is_some() && record.stdin_queue.is_empty() && feed.has_more() {
            let lines = feed.write(AT_ONCE, text);
            record.stdin_queue.extend(lines);
            record.flush_stdin();
            if record.stdin.is_none() {
                warn!(
                    self.log,
                    "{}: has closed its standard input; it is told nothing more until it is started again",
                    feed.name()
                );
            }
        }
        note(&self.log, feed.unread(record.unread()));
        !record.stdin_queue.is_empty()
    }

    /// Whether one process has read all that there is for it.
    pub(crate) fn is_done(&self, at: usize, record: &Record) -> bool {
        record.stdin.is_none() || (record.unread() == 0 && lock(&self.feeds[at]).waiting() == 0)
    }
}

/// The place of one process among the subscribers of its section.
#[derive(Clone, Debug)]
pub struct Place {
    /// They.
    pub feed: Arc<FeedEstate>,
    /// The how-manieth of the definition.
    pub at: usize,
}

impl Place {
    /// There is no process, or not the one that there was: of what was written to it, so many bytes were not read.
    pub(crate) fn ended(&self, unread: usize) {
        note(&self.feed.log, lock(&self.feed.feeds[self.at]).ended(unread));
        self.feed.bell.ring();
    }
}
