//! A pool of event listeners: events wait in its buffer, and each goes to one listener.
//!
//! ```text
//!   accept ─► [oldest ... newest] ─ dispatch ─► the first that is RUNNING and READY; it is BUSY then
//!      full: the oldest goes ▲                     │ OK: done
//!                            └────────────────────-┴ FAIL, broken protocol, its end: back to the head
//! ```
//!
//! An event keeps its numbers however often it is sent. Whatever is done tells the lines that it leaves in the
//! daemon's log, in Supervisor's words. Absent: processes (whoever drives says which are up, and writes to them),
//! and time but as a parameter.

use crate::event::Event;
use crate::level::Level;
use crate::listener::{Listener, ListenerState, Word};
use crate::undecodable::text_or_undecodable;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest pause before a listener that breaks the protocol again and again is restarted.
const LONGEST: Duration = Duration::from_secs(60);
/// How long a restart may take before it is asked for again.
const AGAIN: Duration = Duration::from_secs(10);

/// What becomes of a listener that breaks the protocol (`protocol_error`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProtocolError {
    /// Its process is restarted.
    #[default]
    Restart,
    /// It gets no more events, until somebody restarts it (Supervisor's way).
    Unknown,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Restart => "restart",
            Self::Unknown => "unknown",
        })
    }
}

/// A line for the daemon's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its level.
    pub level: Level,
    /// Its text.
    pub text: String,
}

/// An event in a pool, with its numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its number among the events that any pool has taken.
    pub serial: u64,
    /// Its number in this pool.
    pub pool_serial: u64,
    /// The event.
    pub event: Arc<Event>,
}

impl Entry {
    /// What is written to a listener: a header line, and the payload. `len` counts bytes.
    #[must_use]
    pub fn notification(&self, server: &str, pool: &str) -> Vec<u8> {
        let Self { serial, pool_serial, event } = self;
        let (name, payload) = (event.kind.name(), event.kind.payload());
        let length = payload.len();
        let header = format!(
            "ver:3.0 server:{server} serial:{serial} pool:{pool} poolserial:{pool_serial} eventname:{name} \
             len:{length}\n"
        );
        (header + &payload).into_bytes()
    }
}

/// What a pool has done so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Events that it took.
    pub accepted: u64,
    /// Events that a listener has processed.
    pub processed: u64,
    /// Events that were given back: by a result, a broken protocol, or an end.
    pub rejected: u64,
    /// Events that were dropped, as the buffer was full.
    pub dropped: u64,
}

/// One process of the pool.
#[derive(Clone, Debug, Default)]
struct Seat {
    name: String,
    listener: Listener,
    /// What it is busy with.
    entry: Option<Entry>,
    /// How often it has broken the protocol since it last processed an event.
    breaches: u32,
    /// When it is to be restarted.
    restart_at: Option<Instant>,
}

/// The pool.
#[derive(Clone, Debug)]
pub struct Pool {
    name: String,
    size: usize,
    protocol_error: ProtocolError,
    buffer: VecDeque<Entry>,
    serials: u64,
    seats: Vec<Seat>,
    tally: Tally,
}

fn line(level: Level, text: String) -> Line {
    Line { level, text }
}

/// The number after this one.
#[must_use]
pub const fn next_serial(serial: u64) -> u64 {
    if serial == i64::MAX as u64 { 0 } else { serial + 1 }
}

impl Pool {
    /// A pool of these processes, in definition order, that keeps `size` events at most.
    #[must_use]
    pub fn new(name: &str, size: usize, protocol_error: ProtocolError, processes: &[&str]) -> Self {
        let seat = |name: &&str| Seat { name: (*name).to_owned(), ..Seat::default() };
        Self {
            name: name.to_owned(),
            size: size.max(1),
            protocol_error,
            buffer: VecDeque::new(),
            serials: 0,
            seats: processes.iter().map(seat).collect(),
            tally: Tally::default(),
        }
    }

    /// Takes an event with this number.
    pub fn accept(&mut self, serial: u64, event: &Arc<Event>) -> Vec<Line> {
        let mut lines = Vec::new();
        self.make_room(&mut lines);
        let pool_serial = self.serials;
        self.serials = next_serial(pool_serial);
        self.tally.accepted += 1;
        self.buffer.push_back(Entry { serial, pool_serial, event: Arc::clone(event) });
        lines
    }

    fn make_room(&mut self, lines: &mut Vec<Line>) {
        while self.buffer.len() >= self.size {
            let Some(oldest) = self.buffer.pop_front() else { return };
            self.tally.dropped += 1;
            let text =
                format!("pool {} event buffer overflowed, discarding event {}", self.name, oldest.serial);
            lines.push(line(Level::Error, text));
        }
    }

    /// Puts an event back, to be sent before all others.
    fn put_back(&mut self, entry: Entry, lines: &mut Vec<Line>) {
        lines.push(self.rebuffering(&entry, self.buffer.len()));
        self.make_room(lines);
        self.buffer.push_front(entry);
    }

    fn rebuffering(&self, entry: &Entry, waiting: usize) -> Line {
        let (serial, name, size) = (entry.serial, &self.name, self.size);
        let text = format!("rebuffering event {serial} for pool {name} (buf size={waiting}, max={size})");
        line(Level::Debug, text)
    }

    /// Takes back what a listener was busy with.
    fn reject(&mut self, at: usize, lines: &mut Vec<Line>) {
        if let Some(entry) = self.seats[at].entry.take() {
            self.tally.rejected += 1;
            self.put_back(entry, lines);
        }
    }

    /// A process has been made: its protocol begins anew.
    pub fn spawned(&mut self, at: usize) -> Vec<Line> {
        self.ended(at)
    }

    /// A process has ended: what it had not processed goes to another.
    pub fn ended(&mut self, at: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        let seat = &mut self.seats[at];
        seat.listener = Listener::default();
        seat.restart_at = None;
        self.reject(at, &mut lines);
        lines
    }

    /// Takes what a listener wrote.
    pub fn hear(&mut self, at: usize, bytes: &[u8], now: Instant) -> Vec<Line> {
        let mut lines = Vec::new();
        for word in self.seats[at].listener.hear(bytes) {
            self.word(at, word, now, &mut lines);
        }
        lines
    }

    fn word(&mut self, at: usize, word: Word, now: Instant, lines: &mut Vec<Line>) {
        let name = &self.seats[at].name;
        match word {
            Word::Processed => {
                lines.push(line(Level::Debug, format!("{name}: event was processed")));
                self.tally.processed += 1;
                self.seats[at].entry = None;
                self.seats[at].breaches = 0;
            }
            Word::Rejected => lines.push(line(Level::Warn, format!("{name}: event was rejected"))),
            Word::BadLine(text) => {
                let text = text_or_undecodable(&text);
                lines.push(line(Level::Warn, format!("{name}: bad result line: '{text}'")));
            }
            Word::Changed(from, to) => {
                lines.push(line(Level::Debug, format!("{name}: {from} -> {to}")));
                if to == ListenerState::Unknown {
                    let text = format!(
                        "{name}: has entered the UNKNOWN state and will no longer receive events, this usually \
                         indicates the process violated the eventlistener protocol"
                    );
                    lines.push(line(Level::Warn, text));
                    self.breach(at, now, lines);
                }
                if from == ListenerState::Busy {
                    self.reject(at, lines);
                }
            }
        }
    }

    /// A listener has broken the protocol: the more often it does, the longer it is left alone before its restart.
    fn breach(&mut self, at: usize, now: Instant, lines: &mut Vec<Line>) {
        if self.protocol_error == ProtocolError::Unknown {
            return;
        }
        let seat = &mut self.seats[at];
        let pause = Duration::from_secs(u64::from(seat.breaches)).min(LONGEST);
        seat.breaches = seat.breaches.saturating_add(1);
        seat.restart_at = Some(now + pause);
        let when = match pause.as_secs() {
            0 => "now".to_owned(),
            seconds => format!("in {seconds} s"),
        };
        let text = format!(
            "{}: is restarted {when} and receives events again after that; write nothing to stdout but READY and \
             RESULT lines (protocol_error=unknown leaves such a listener as it is)",
            seat.name
        );
        lines.push(line(Level::Warn, text));
    }

    /// When [`due`](Self::due) has something next.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.seats.iter().filter_map(|seat| seat.restart_at).min()
    }

    /// The listeners to be restarted now. Until it is heard that one has ended, it is due again after a while.
    pub fn due(&mut self, now: Instant) -> Vec<usize> {
        let mut due = Vec::new();
        for (at, seat) in self.seats.iter_mut().enumerate() {
            if seat.restart_at.is_some_and(|when| when <= now) {
                seat.restart_at = Some(now + AGAIN);
                due.push(at);
            }
        }
        due
    }

    /// Sends what waits, the oldest first, as long as a listener is ready whose process is `up`. `send` writes a
    /// notification to one, and says whether that was taken.
    pub fn dispatch(
        &mut self,
        up: impl Fn(usize) -> bool,
        mut send: impl FnMut(usize, &Entry) -> bool,
    ) -> Vec<Line> {
        let mut lines = Vec::new();
        let is_free = |seat: &Seat, at| seat.listener.state() == ListenerState::Ready && up(at);
        if !self.seats.iter().enumerate().any(|(at, seat)| is_free(seat, at)) {
            return lines;
        }
        while let Some(entry) = self.buffer.front().cloned() {
            let mut free = (0..self.seats.len()).filter(|at| is_free(&self.seats[*at], *at));
            let taken = free.find(|at| {
                let taken = send(*at, &entry);
                if !taken {
                    let text = format!(
                        "epipe occurred while sending event {} to listener {}, listener state unchanged",
                        entry.serial, self.seats[*at].name
                    );
                    lines.push(line(Level::Debug, text));
                }
                taken
            });
            let Some(at) = taken else {
                lines.push(self.rebuffering(&entry, self.buffer.len() - 1));
                break;
            };
            self.buffer.pop_front();
            let seat = &mut self.seats[at];
            let text = format!("event {} sent to listener {}", entry.serial, seat.name);
            lines.push(line(Level::Debug, text));
            seat.listener.sent();
            seat.entry = Some(entry);
        }
        lines
    }

    /// What it has done.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// How many events wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// Where each listener is, in definition order.
    #[must_use]
    pub fn states(&self) -> Vec<ListenerState> {
        self.seats.iter().map(|seat| seat.listener.state()).collect()
    }
}
