//! The protocol of an event listener: what it writes to its standard output, as bytes in and words out.
//!
//! ```text
//!                  READY LF              (an event is sent)            RESULT 2 LF OK
//!   ACKNOWLEDGED ───────────► READY ──────────────────────► BUSY ───────────────────────► ACKNOWLEDGED
//!        │ anything else        │ anything                    │ no RESULT line
//!        └──────────────────────┴─────────► UNKNOWN ◄─────────┘
//! ```
//!
//! Any division of the bytes gives the same words. What is kept is bounded: of a result only whether it is `OK`.
//! Absent: events, and what becomes of one ([`pool`](crate::pool)).

use std::fmt;

const READY: &[u8] = b"READY\n";
const RESULT: &[u8] = b"RESULT ";
const OK: &[u8] = b"OK";
/// A line that is longer is no `RESULT` line any more.
const LINE: usize = 1024;

/// Where a listener is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ListenerState {
    /// Alive, and not ready for an event yet.
    #[default]
    Acknowledged,
    /// Waits for an event.
    Ready,
    /// Has an event, and has not told its result.
    Busy,
    /// Has broken the protocol.
    Unknown,
}

impl ListenerState {
    /// The name in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Ready => "READY",
            Self::Busy => "BUSY",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for ListenerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What was heard of a listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Word {
    /// It is in another state.
    Changed(ListenerState, ListenerState),
    /// Its event was processed.
    Processed,
    /// It does not take its event: the result was another than `OK`.
    Rejected,
    /// Where a `RESULT` line was to come there is this; its event counts as rejected.
    BadLine(Vec<u8>),
}

/// A result on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Awaited {
    /// Bytes that are still to come.
    left: u64,
    /// Bytes that came.
    seen: usize,
    /// Whether these are those of `OK` so far.
    fits: bool,
}

/// One listener.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listener {
    state: ListenerState,
    /// What is not enough to tell.
    waiting: Vec<u8>,
    result: Option<Awaited>,
}

impl Listener {
    /// Where it is.
    #[must_use]
    pub const fn state(&self) -> ListenerState {
        self.state
    }

    /// An event was sent to it.
    pub const fn sent(&mut self) {
        self.state = ListenerState::Busy;
    }

    /// Takes what it wrote.
    pub fn hear(&mut self, mut bytes: &[u8]) -> Vec<Word> {
        let mut words = Vec::new();
        while !bytes.is_empty() {
            bytes = match self.state {
                ListenerState::Acknowledged => self.greeting(bytes, &mut words),
                ListenerState::Ready => self.broken(&mut words),
                ListenerState::Busy if self.result.is_some() => self.outcome(bytes, &mut words),
                ListenerState::Busy => self.result_line(bytes, &mut words),
                ListenerState::Unknown => &[],
            };
        }
        words
    }

    fn change(&mut self, to: ListenerState, words: &mut Vec<Word>) {
        words.push(Word::Changed(self.state, to));
        self.state = to;
    }

    /// It has broken the protocol, and what it writes counts no more.
    fn broken(&mut self, words: &mut Vec<Word>) -> &'static [u8] {
        self.change(ListenerState::Unknown, words);
        self.waiting = Vec::new();
        self.result = None;
        &[]
    }

    fn greeting<'a>(&mut self, bytes: &'a [u8], words: &mut Vec<Word>) -> &'a [u8] {
        let (more, rest) = bytes.split_at(bytes.len().min(READY.len() - self.waiting.len()));
        self.waiting.extend_from_slice(more);
        if self.waiting.len() < READY.len() {
            return rest;
        }
        if self.waiting != READY {
            return self.broken(words);
        }
        self.waiting.clear();
        self.change(ListenerState::Ready, words);
        rest
    }

    fn result_line<'a>(&mut self, bytes: &'a [u8], words: &mut Vec<Word>) -> &'a [u8] {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let text = &bytes[..end.unwrap_or(bytes.len())];
        // one byte too many is enough to know that it is too long
        let room = (LINE + 1).saturating_sub(self.waiting.len());
        self.waiting.extend_from_slice(&text[..text.len().min(room)]);
        if self.waiting.len() > LINE {
            return self.bad_line(words);
        }
        let Some(end) = end else { return &[] };
        let left = length(&self.waiting).filter(|_| self.waiting.len() < LINE);
        let Some(left) = left else { return self.bad_line(words) };
        self.waiting.clear();
        self.result = Some(Awaited { left, seen: 0, fits: true });
        self.settle(words);
        &bytes[end + 1..]
    }

    fn bad_line(&mut self, words: &mut Vec<Word>) -> &'static [u8] {
        words.push(Word::BadLine(std::mem::take(&mut self.waiting)));
        self.broken(words)
    }

    fn outcome<'a>(&mut self, bytes: &'a [u8], words: &mut Vec<Word>) -> &'a [u8] {
        let Some(awaited) = &mut self.result else { return bytes };
        let take = usize::try_from(awaited.left).unwrap_or(usize::MAX).min(bytes.len());
        let (more, rest) = bytes.split_at(take);
        awaited.fits = awaited.fits && OK[awaited.seen..].starts_with(more);
        if awaited.fits {
            awaited.seen += take;
        }
        awaited.left -= take as u64;
        self.settle(words);
        rest
    }

    /// Says what the result is once all of it is there.
    fn settle(&mut self, words: &mut Vec<Word>) {
        let Some(Awaited { seen, fits, .. }) = self.result.take_if(|awaited| awaited.left == 0) else {
            return;
        };
        words.push(if fits && seen == OK.len() { Word::Processed } else { Word::Rejected });
        self.change(ListenerState::Acknowledged, words);
    }
}

/// The number in a `RESULT` line. Spaces around it do no harm.
fn length(line: &[u8]) -> Option<u64> {
    let number = std::str::from_utf8(line.strip_prefix(RESULT)?).ok()?;
    number.trim().parse().ok()
}
