//! One output stream of a process, as it outlives its rotator: pipe end, file, followers, counters.
//!
//! ```text
//!   pipe ──read──► capture, strip_ansi ──► file (rolled by size) ──► followers
//!                                            │ error: keep the bytes, stop reading, try again, tell
//!                                            ▼
//!                                         pending
//! ```
//!
//! Where else bytes go, when that is configured, is the business of `outlets`.
//! Bytes in, bytes out. All of this runs on the logs' thread, but for joining as a follower and the
//! look whether anything is left (`StreamEstate::is_quiet`). What was read and not yet written when a
//! rotator panics is kept in `pending`; its successor writes it first: nothing is lost and nothing
//! comes twice. While the file cannot be written, the pipe is not read: the process waits, nobody else.

mod file;
mod inlet;
mod lines;
mod memory;
mod passage;
mod place;
mod resize;

use super::copies::Copies;
use super::ear::Ear;
use super::outbox::Outbox;
use super::outlets::{Divider, Origin, Outlets, Part, log_text};
use super::tap::{Joined, Tap};
use crate::estate::{LogSettings, Seat, lock};
use inlet::Inlet;
pub(crate) use lines::{LineWatch, Matches};
use memory::Memory;
use passage::{Busy, Unwritten};
use place::place;
use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use treeherd_domain::name::Namespec;
use treeherd_domain::rotation::Rotation;
use treeherd_domain::stream::{Stream, StreamSpec};
use treeherd_os::logfile::LogFile;
use treeherd_os::pipe::{self, Read};

/// One read, and so one chunk between two looks at the size: that of a full pipe.
const CHUNK: usize = 64 * 1024;
/// The largest buffer, for pipes made larger by `pipe_size`.
const LARGEST: usize = 1024 * 1024;
/// What is kept of a stream whose file cannot be written, once its process is gone.
const KEPT: usize = 1024 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a look at the pipe brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pumped {
    /// This many bytes went through.
    Bytes(usize),
    /// There is nothing to read now.
    Empty,
    /// Nobody holds the other end any more.
    Eof,
    /// The file cannot be written; `Some` the first time.
    Stuck(Option<String>),
}

#[derive(Debug, Default)]
struct Sink {
    file: Option<LogFile>,
    divider: Divider,
    pending: Vec<u8>,
    failing: bool,
}

/// A stream with what must not be lost of it.
#[derive(Debug)]
pub struct StreamEstate {
    /// Whose stream it is.
    pub namespec: Namespec,
    /// Which one.
    pub stream: Stream,
    path: Option<PathBuf>,
    rotation: Mutex<Rotation>,
    pipe: Mutex<Option<Inlet>>,
    /// Pipes of ended processes that still hold something, the oldest first.
    left: Mutex<Vec<Inlet>>,
    /// The process whose bytes are being read.
    pid: AtomicI32,
    busy: AtomicBool,
    /// Whether bytes are held back until more come or the stream ends.
    holding: AtomicBool,
    open: AtomicBool,
    /// The file was opened for the very spawn that comes: it need not be looked at again.
    fresh: AtomicBool,
    lost: AtomicU64,
    sink: Mutex<Sink>,
    tap: Mutex<Tap>,
    memory: Mutex<Memory>,
    /// Who wants to know of lines that match.
    lines: Mutex<Option<Box<LineWatch>>>,
    trouble: Mutex<Option<String>>,
    outlets: Option<Box<Outlets>>,
    outbox: Outbox,
    /// Of a listener's standard output: who understands it.
    ear: Option<Ear>,
}

impl StreamEstate {
    /// A stream without a pipe yet. Creates its AUTO file.
    pub(crate) fn new(
        namespec: Namespec,
        stream: Stream,
        spec: &StreamSpec,
        logs: &LogSettings,
        seat: Option<Seat>,
    ) -> Self {
        let ear = seat.map(|seat| Ear::new(seat, logs));
        // what a listener writes is no output: it goes to its log and to the pool
        let plain = ear.is_some().then(|| spec.file_only());
        let spec = plain.as_ref().unwrap_or(spec);
        let (path, trouble) = place(&namespec, stream, spec, logs);
        let divider = Divider::new(spec, logs.strip_ansi);
        Self {
            namespec,
            stream,
            path,
            rotation: Mutex::new(spec.rotation),
            pipe: Mutex::default(),
            left: Mutex::default(),
            pid: AtomicI32::new(0),
            busy: AtomicBool::new(false),
            holding: AtomicBool::new(false),
            open: AtomicBool::new(false),
            fresh: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            sink: Mutex::new(Sink { divider, ..Sink::default() }),
            tap: Mutex::default(),
            memory: Mutex::default(),
            lines: Mutex::default(),
            trouble: Mutex::new(trouble),
            outlets: Outlets::new(spec, logs).filter(|_| ear.is_none()).map(Box::new),
            outbox: Outlets::outbox(spec),
            ear,
        }
    }

    /// The file, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Bytes that could not be kept, ever.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// What went wrong when the stream was made or rolled over, to be logged once.
    pub(crate) fn take_trouble(&self) -> Option<String> {
        lock(&self.trouble).take()
    }

    /// Events that wait to be announced.
    pub(crate) const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The files beside the log.
    fn copies(&self) -> impl Iterator<Item = &Copies> {
        self.outlets.as_deref().and_then(Outlets::copies).into_iter()
    }

    /// Joins as a follower.
    #[must_use]
    pub fn follow(&self) -> Joined {
        lock(&self.tap).join()
    }

    /// Reads once from the pipe and writes what came.
    pub(crate) fn pump(&self, pipe: &OwnedFd, large: bool) -> io::Result<Pumped> {
        if let Some(stuck) = self.write_pending() {
            return Ok(stuck);
        }
        BUFFER.with_borrow_mut(|buffer| {
            let size = if large { LARGEST } else { CHUNK };
            if buffer.len() < size {
                buffer.resize(size, 0);
            }
            let busy = Busy::new(&self.busy);
            let pumped = match pipe::read_now(pipe, &mut buffer[..size])? {
                Read::Empty => Pumped::Empty,
                Read::Closed => self.finish().unwrap_or(Pumped::Eof),
                Read::Bytes(count) => self.take(&buffer[..count]),
            };
            drop(busy);
            Ok(pumped)
        })
    }

    /// Whether bytes wait for a file that cannot be written.
    pub(crate) fn has_pending(&self) -> bool {
        !lock(&self.sink).pending.is_empty()
    }

    /// Tries the bytes again that could not be written. `None`: nothing is pending any more.
    pub(crate) fn write_pending(&self) -> Option<Pumped> {
        let mut sink = lock(&self.sink);
        if sink.pending.is_empty() {
            return None;
        }
        let pending = std::mem::take(&mut sink.pending);
        match self.write(sink, &pending) {
            Pumped::Stuck(message) => Some(Pumped::Stuck(message)),
            Pumped::Bytes(_) | Pumped::Empty | Pumped::Eof => None,
        }
    }

    /// Reads into memory what cannot be written, up to a bound; the rest is counted as lost.
    fn keep(&self, pipe: &OwnedFd) -> usize {
        BUFFER.with_borrow_mut(|buffer| {
            let Ok(Read::Bytes(count)) = pipe::read_now(pipe, buffer) else { return 0 };
            let mut sink = lock(&self.sink);
            let parts = self.divide(&mut sink, &buffer[..count]);
            let text = log_text(&parts);
            let room = KEPT.saturating_sub(sink.pending.len()).min(text.len());
            sink.pending.extend_from_slice(&text[..room]);
            self.remember(&text);
            self.lost.fetch_add((text.len() - room) as u64, Ordering::Relaxed);
            drop((sink, text));
            self.hand_out(parts);
            self.hear(&buffer[..count]);
            count
        })
    }

    fn take(&self, bytes: &[u8]) -> Pumped {
        let mut sink = lock(&self.sink);
        let pumped = if self.outlets.is_none() {
            let stripped = sink.divider.plain(bytes);
            self.holding.store(sink.divider.holds(), Ordering::SeqCst);
            self.remember(&stripped);
            self.write(sink, &stripped)
        } else {
            let parts = self.divide(&mut sink, bytes);
            self.put(sink, parts)
        };
        self.hear(bytes);
        match pumped {
            Pumped::Bytes(_) => Pumped::Bytes(bytes.len()),
            other => other,
        }
    }

    /// Writes what was held back, at the end of the stream; `Some` if it cannot be written.
    fn finish(&self) -> Option<Pumped> {
        let mut sink = lock(&self.sink);
        let parts = sink.divider.finish();
        let put = self.put(sink, parts);
        self.outlets.iter().for_each(|outlets| outlets.end(self.origin()));
        self.holding.store(false, Ordering::SeqCst);
        Some(put).filter(|put| matches!(put, Pumped::Stuck(_)))
    }

    fn divide<'a>(&self, sink: &mut Sink, bytes: &'a [u8]) -> Vec<Part<'a>> {
        let parts = sink.divider.divide(bytes);
        self.holding.store(sink.divider.holds(), Ordering::SeqCst);
        parts
    }

    /// Parts to the file, then to the outlets, which need not wait for a file that cannot be written.
    fn put(&self, sink: MutexGuard<'_, Sink>, parts: Vec<Part<'_>>) -> Pumped {
        let text = log_text(&parts);
        self.remember(&text);
        let pumped = if text.is_empty() { Pumped::Bytes(0) } else { self.write(sink, &text) };
        drop(text);
        self.hand_out(parts);
        pumped
    }

    fn hand_out(&self, parts: Vec<Part<'_>>) {
        let Some(outlets) = &self.outlets else { return };
        if let Some(trouble) = outlets.hand_out(parts, self.origin(), &self.outbox) {
            lock(&self.trouble).get_or_insert(trouble);
        }
        if outlets.holds() {
            self.holding.store(true, Ordering::SeqCst);
        }
    }

    fn origin(&self) -> Origin<'_> {
        let pid = self.pid.load(Ordering::Relaxed);
        Origin { namespec: &self.namespec, stream: self.stream, pid }
    }

    /// Whether nobody waits for what comes next.
    pub(super) fn may_gather(&self) -> bool {
        self.ear.as_ref().is_some_and(Ear::may_gather)
    }

    fn hear(&self, bytes: &[u8]) {
        self.look_for_lines(bytes);
        self.ear.iter().for_each(|ear| ear.hear(&self.namespec, self.pid.load(Ordering::Relaxed), bytes));
    }

    fn write(&self, sink: MutexGuard<'_, Sink>, bytes: &[u8]) -> Pumped {
        let mut unwritten = Unwritten { sink, bytes, written: 0 };
        let Some(file) = unwritten.sink.file.as_mut() else {
            unwritten.written = bytes.len();
            lock(&self.tap).pass(bytes, 0);
            return Pumped::Bytes(bytes.len());
        };
        let result = file.write(bytes);
        let size = file.size();
        let written = result.as_ref().map_or_else(|error| error.written, |()| bytes.len());
        unwritten.written = written;
        lock(&self.tap).pass(&bytes[..written], size);
        match result {
            Err(error) if written < bytes.len() => {
                let first = !std::mem::replace(&mut unwritten.sink.failing, true);
                Pumped::Stuck(first.then(|| error.to_string()))
            }
            // all bytes are in a file; only the rollover failed, which is tried again at the next write
            Err(error) => {
                if !std::mem::replace(&mut unwritten.sink.failing, true) {
                    *lock(&self.trouble) = Some(error.to_string());
                }
                Pumped::Bytes(bytes.len())
            }
            Ok(()) => {
                unwritten.sink.failing = false;
                Pumped::Bytes(bytes.len())
            }
        }
    }
}

#[cfg(test)]
mod tests;
