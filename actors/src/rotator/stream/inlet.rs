//! The pipes of a stream: the one that is read, and those of ended processes that still hold something.
//!
//! ```text
//!   attach ─► pipe ─► adopt (the rotator reads) ─► drain (its process has ended) ─► detach
//!              `─ the next one comes before that: left ─► drain_left
//! ```
//!
//! Each knows its process, so that no byte is taken for another one's. Absent: reading and writing (`pump`).

use super::{KEPT, Pumped, StreamEstate};
use crate::estate::lock;
use crate::rotator::copies::Copies;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use treeherd_os::pipe;

/// A pipe, and who writes to it.
#[derive(Clone, Debug)]
pub(super) struct Inlet {
    pipe: Arc<OwnedFd>,
    pid: i32,
}

impl StreamEstate {
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
    pub(in crate::rotator) fn adopt(&self) -> Option<Arc<OwnedFd>> {
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

    /// Whether everything that was in the pipe has been written, and nothing is held back. The order of
    /// the looks matters: bytes that left the pipe before the first are seen as `busy` by the second until
    /// they are written, and as `holding` by the third from then on.
    pub(crate) fn is_quiet(&self) -> bool {
        let Some(pipe) = self.pipe() else { return true };
        pipe::bytes_waiting(&*pipe).is_ok_and(|waiting| waiting == 0)
            && !self.busy.load(Ordering::SeqCst)
            && !self.holding.load(Ordering::SeqCst)
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
}
