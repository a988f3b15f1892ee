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
pub(crate) use lines::{LineWatch, Matches};
use memory::Memory;
use passage::{Busy, Unwritten};
use place::place;
use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use treeherd_domain::name::Namespec;
use treeherd_domain::rotation::Rotation;
use treeherd_domain::stream::{Stream, StreamSpec};
use treeherd_os::logfile::{self, LogFile, OpenError};
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

/// A pipe, and who writes to it.
#[derive(Clone, Debug)]
struct Inlet {
    pipe: Arc<OwnedFd>,
    pid: i32,
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

    /// Lends the read end of a new pipe that this process writes to. What still stands in the one before
    /// is written first: its rotator ended, or has not come to it yet.
    pub(crate) fn attach(&self, pipe: OwnedFd, pid: i32) {
        let before = lock(&self.pipe).replace(Inlet { pipe: Arc::new(pipe), pid });
        let holds_something = |inlet: &Inlet| pipe::bytes_waiting(&*inlet.pipe).is_ok_and(|n| n > 0);
        lock(&self.left).extend(before.filter(holds_something));
    }

    /// The read end, if there is one.
    pub(crate) fn pipe(&self) -> Option<Arc<OwnedFd>> {
        lock(&self.pipe).as_ref().map(|inlet| Arc::clone(&inlet.pipe))
    }

    /// The read end, to be read from now on: what comes is of its process.
    pub(super) fn adopt(&self) -> Option<Arc<OwnedFd>> {
        let inlet = lock(&self.pipe).clone()?;
        self.turn_to(inlet.pid);
        Some(inlet.pipe)
    }

    /// What comes is of this process; what was held back of another is not mistaken for its own.
    fn turn_to(&self, pid: i32) {
        if self.pid.load(Ordering::Relaxed) != pid {
            self.finish();
            self.pid.store(pid, Ordering::Relaxed);
        }
    }

    /// Gives a read end up; with `close`, the file too if no other pipe is there.
    pub(crate) fn detach(&self, pipe: Option<&Arc<OwnedFd>>, close: bool) {
        let is_it = |other: &Arc<OwnedFd>| pipe.is_some_and(|pipe| Arc::ptr_eq(pipe, other));
        lock(&self.left).retain(|other| !is_it(&other.pipe));
        let is_last = {
            let mut current = lock(&self.pipe);
            current.take_if(|current| is_it(&current.pipe));
            current.is_none()
        };
        if close && is_last {
            let mut sink = lock(&self.sink);
            if sink.pending.is_empty() {
                self.open.store(false, Ordering::Release);
                sink.file = None;
                self.copies().for_each(Copies::close);
            }
        }
    }

    /// The files beside the log.
    fn copies(&self) -> impl Iterator<Item = &Copies> {
        self.outlets.as_deref().and_then(Outlets::copies).into_iter()
    }

    /// Whether the file is open (or none is wanted), so that a spawn need not wait for it.
    pub(crate) fn is_open(&self) -> bool {
        self.path.is_none() || self.open.load(Ordering::Acquire)
    }

    /// Whether everything that was in the pipe has been written, and nothing is held back. The order of
    /// the looks matters: bytes that left the pipe before the first are seen as `busy` by the second until
    /// they are written, and as `holding` by the third from then on.
    pub(crate) fn is_quiet(&self) -> bool {
        let Some(pipe) = self.pipe() else { return true };
        pipe::bytes_waiting(&*pipe).is_ok_and(|waiting| waiting == 0)
            && !self.busy.load(Ordering::SeqCst)
            && !self.holding.load(Ordering::SeqCst)
    }

    /// Opens the file for a spawn that is about to come.
    pub(crate) fn open_for_spawn(&self) -> Result<(), OpenError> {
        self.open()?;
        self.fresh.store(true, Ordering::Release);
        Ok(())
    }

    /// Sees to it that the file of a process that was spawned just now is open and stands at its path.
    pub(crate) fn open_for_pipe(&self) -> Result<(), OpenError> {
        if self.fresh.swap(false, Ordering::AcqRel) { Ok(()) } else { self.open() }
    }

    /// Opens the file if it is not open or no longer stands at its path.
    pub(crate) fn open(&self) -> Result<(), OpenError> {
        let Some(path) = &self.path else { return Ok(()) };
        self.copies().for_each(Copies::look_again);
        let rotation = *lock(&self.rotation);
        let mut sink = lock(&self.sink);
        match sink.file.as_mut().filter(|file| file.is_current()) {
            Some(file) => file.roll_by(rotation),
            None => {
                let file = LogFile::open(path, rotation)?;
                lock(&self.tap).resized(file.size());
                sink.file = Some(file);
            }
        }
        self.open.store(true, Ordering::Release);
        Ok(())
    }

    /// Closes the file and opens it by its name (`SIGUSR2`). A stream whose file is not open stays so.
    pub(crate) fn reopen(&self) -> Result<(), OpenError> {
        self.copies().for_each(Copies::look_again);
        let mut sink = lock(&self.sink);
        let Some(file) = sink.file.as_mut() else { return Ok(()) };
        file.reopen()?;
        lock(&self.tap).resized(file.size());
        Ok(())
    }

    /// Empties the log. An open file is deleted and made anew; a closed one is truncated.
    /// What was captured so far goes as well.
    pub(crate) fn clear(&self) -> Result<(), String> {
        lock(&self.sink).divider.clear();
        let Some(path) = &self.path else { return Ok(()) };
        match lock(&self.sink).file.as_mut() {
            Some(file) => file.clear().map_err(|error| error.to_string())?,
            None => logfile::clear_path(path)
                .map_err(|error| format!("cannot empty {}: {error}", path.display()))?,
        }
        lock(&self.tap).resized(0);
        self.copies().try_for_each(Copies::clear)
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

    /// Everything that earlier processes left in their pipes.
    pub(crate) fn drain_left(&self) -> Option<String> {
        let mut told = None;
        loop {
            let Some(Inlet { pipe, pid }) = lock(&self.left).first().cloned() else { return told };
            self.turn_to(pid);
            told = self.drain(Some(&pipe)).or(told);
            lock(&self.left).retain(|other| !Arc::ptr_eq(&other.pipe, &pipe));
        }
    }

    /// Everything that is in this pipe now, after the end of the process, so that no new byte of it
    /// can come; bytes of a grandchild are read up to the same bound.
    pub(crate) fn drain(&self, pipe: Option<&OwnedFd>) -> Option<String> {
        let mut told = None;
        if let Some(pipe) = pipe {
            let mut budget = KEPT;
            while budget > 0 {
                match self.pump(pipe, false) {
                    Ok(Pumped::Bytes(count)) => budget = budget.saturating_sub(count),
                    Ok(Pumped::Stuck(message)) => {
                        told = message.or(told);
                        budget = budget.saturating_sub(self.keep(pipe).max(1));
                        if pipe::bytes_waiting(pipe).unwrap_or(0) == 0 {
                            break;
                        }
                    }
                    Ok(Pumped::Empty | Pumped::Eof) | Err(_) => break,
                }
            }
        }
        match self.finish() {
            Some(Pumped::Stuck(message)) => message.or(told),
            _ => told,
        }
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
