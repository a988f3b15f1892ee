//! What one subscriber is told: the events that wait for it, and the lines that it may not have read yet.
//!
//! ```text
//!   accept ─► [oldest ... newest] ─ write ─► [lines in its pipe] ─ reads ─► gone
//!      full: the oldest goes, counted ▲            │ ended: what it did not read
//!                                     └────────────┘
//! ```
//!
//! What was dropped is told before the event that follows it. A line goes back whole, however much of it was read, so
//! that whoever comes next begins with a whole one. Absent: the text of a line (whoever drives makes it), pipes,
//! processes, and the log (what is to be said there is told as [`Line`]s).

use crate::event::Event;
use crate::level::Level;
use crate::pool::Line;
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes of output that may wait for one subscriber, whatever `buffer_size` is.
pub const OUTPUT: usize = 4 * 1024 * 1024;

/// A line that a subscriber is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// The first one of each process.
    Begin {
        /// Events after this number follow.
        seq: u64,
    },
    /// Events were dropped.
    Gap {
        /// How many.
        dropped: u64,
        /// The number of the next one that follows.
        resume_from: u64,
    },
    /// An event.
    Event(Arc<Event>),
}

/// What one subscriber was told so far. `accepted + returned = delivered + dropped` and what waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Events that were for it.
    pub accepted: u64,
    /// Events that were written to it, each time.
    pub delivered: u64,
    /// Events that were written to a process that ended before it read them: they wait again.
    pub returned: u64,
    /// Events that were dropped, as the buffer was full.
    pub dropped: u64,
}

/// An event that waits.
#[derive(Clone, Debug)]
struct Entry {
    /// How many were dropped right before it.
    missed: u64,
    event: Arc<Event>,
}

/// What waits for one process, and what was written to it.
#[derive(Clone, Debug)]
pub struct Feed {
    name: String,
    size: usize,
    waiting: VecDeque<Entry>,
    /// Bytes of output among them.
    output: usize,
    /// Lines that may not have been read yet, with their lengths.
    written: VecDeque<(Piece, usize)>,
    /// The sum of the lengths.
    length: usize,
    begun: bool,
    /// The number of the last event that was told and is not to be told again.
    last: u64,
    /// Events that were dropped since it last had none waiting.
    episode: u64,
    tally: Tally,
}

fn output_of(event: &Event) -> usize {
    event.kind.output().map_or(0, |output| output.data.len())
}

impl Feed {
    /// A feed for the process of this name, of `size` events at most.
    #[must_use]
    pub fn new(name: &str, size: usize) -> Self {
        Self {
            name: name.to_owned(),
            size: size.max(1),
            waiting: VecDeque::new(),
            output: 0,
            written: VecDeque::new(),
            length: 0,
            begun: false,
            last: 0,
            episode: 0,
            tally: Tally::default(),
        }
    }

    /// Events after this number will be accepted.
    pub const fn listen(&mut self, seq: u64) {
        self.last = seq;
    }

    /// Takes an event. Tells what the log is to say.
    pub fn accept(&mut self, event: &Arc<Event>) -> Option<Line> {
        self.tally.accepted += 1;
        self.output += output_of(event);
        self.waiting.push_back(Entry { missed: 0, event: Arc::clone(event) });
        self.make_room()
    }

    /// Drops the oldest as long as there are too many.
    fn make_room(&mut self) -> Option<Line> {
        let (before, mut first) = (self.episode, None);
        while self.waiting.len() > self.size || (self.output > OUTPUT && self.waiting.len() > 1) {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.output -= output_of(&oldest.event);
            self.tally.dropped += 1;
            self.episode += 1;
            first.get_or_insert(oldest.event.seq);
            if let Some(next) = self.waiting.front_mut() {
                next.missed += oldest.missed + 1;
            }
        }
        let first = first.filter(|_| before == 0)?;
        let text = format!(
            "{}: takes no events, and {} of them wait (buffer_size={}): the oldest are dropped, beginning with event \
             {first}; it will be told how many",
            self.name,
            self.waiting.len(),
            self.size
        );
        Some(Line { level: Level::Warn, text })
    }

    /// Takes lines from what waits until their text, made by `text`, has this many bytes or nothing waits.
    pub fn write(&mut self, bytes: usize, text: impl Fn(&Piece) -> Vec<u8>) -> Vec<u8> {
        let mut all = Vec::new();
        let mut add = |feed: &mut Self, piece: Piece| {
            let line = text(&piece);
            all.extend_from_slice(&line);
            feed.length += line.len();
            feed.written.push_back((piece, line.len()));
            all.len()
        };
        let mut length = 0;
        if !self.begun {
            self.begun = true;
            length = add(self, Piece::Begin { seq: self.last });
        }
        while length < bytes
            && let Some(Entry { missed, event }) = self.waiting.pop_front()
        {
            self.output -= output_of(&event);
            if missed > 0 {
                add(self, Piece::Gap { dropped: missed, resume_from: event.seq });
            }
            self.last = event.seq;
            self.tally.delivered += 1;
            length = add(self, Piece::Event(event));
        }
        all
    }

    /// All but so many of the bytes that were written has been read. Tells what the log is to say.
    pub fn unread(&mut self, bytes: usize) -> Option<Line> {
        while let Some((_, length)) = self.written.front().filter(|(_, first)| self.length - first >= bytes)
        {
            self.length -= length;
            self.written.pop_front();
        }
        if !self.waiting.is_empty() || self.episode == 0 {
            return None;
        }
        let text = format!(
            "{}: takes its events again; {} were dropped meanwhile, {} since it is configured",
            self.name, self.episode, self.tally.dropped
        );
        self.episode = 0;
        Some(Line { level: Level::Warn, text })
    }

    /// The process has ended, and has not read so many of the bytes that were written: the next one is told of them.
    pub fn ended(&mut self, unread: usize) -> Option<Line> {
        let mut left = unread;
        while left > 0
            && let Some((piece, length)) = self.written.pop_back()
        {
            left = left.saturating_sub(length);
            self.take_back(piece);
        }
        self.written.clear();
        self.length = 0;
        self.begun = false;
        self.make_room()
    }

    fn take_back(&mut self, piece: Piece) {
        match piece {
            Piece::Begin { .. } => {}
            // it was written right before the event that is in front now
            Piece::Gap { dropped, .. } => {
                self.waiting.front_mut().into_iter().for_each(|next| next.missed += dropped)
            }
            Piece::Event(event) => {
                self.tally.returned += 1;
                self.last = self.last.min(event.seq - 1);
                self.output += output_of(&event);
                self.waiting.push_front(Entry { missed: 0, event });
            }
        }
    }

    /// The process's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many events wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the next event has the oldest one dropped.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= self.size || self.output >= OUTPUT
    }

    /// Whether there is something to write.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.begun || !self.waiting.is_empty()
    }

    /// What it was told so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }
}
