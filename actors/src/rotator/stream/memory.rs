//! The last bytes that went into a log, so that the end of a process can be told with what it said last.

use super::StreamEstate;
use crate::estate::lock;
use std::sync::atomic::Ordering;
use treeherd_domain::cause::Tail;

/// Bytes that are kept.
const KEPT: usize = 2048;

/// The last bytes of one process.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pid: i32,
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Memory {
    fn push(&mut self, pid: i32, bytes: &[u8]) {
        if self.pid != pid {
            (self.pid, self.is_cut) = (pid, false);
            self.bytes.clear();
        }
        let new = &bytes[bytes.len().saturating_sub(KEPT)..];
        let gone = (self.bytes.len() + new.len()).saturating_sub(KEPT);
        self.is_cut |= gone > 0 || new.len() < bytes.len();
        self.bytes.drain(..gone);
        self.bytes.extend_from_slice(new);
    }
}

impl StreamEstate {
    /// Keeps what goes into the log.
    pub(super) fn remember(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            lock(&self.memory).push(self.pid.load(Ordering::Relaxed), bytes);
        }
    }

    /// What the process of this pid wrote last, if it wrote anything.
    pub(crate) fn last_output(&self, pid: i32) -> Option<Tail> {
        let memory = lock(&self.memory);
        let is_its = memory.pid == pid && !memory.bytes.is_empty();
        is_its.then(|| Tail {
            stream: self.stream,
            bytes: memory.bytes.as_slice().into(),
            is_cut: memory.is_cut,
        })
    }
}
