//! The FIFO by which children say that they run: twelve bytes each, written at once (see the child's documentation).

use crate::machine;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a child said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It runs.
    Runs,
    /// All that it had to write is in the pipe.
    Written,
}

/// One announcement.
#[derive(Clone, Copy)]
pub struct Mark {
    /// The program's number.
    pub id: usize,
    /// The child's pid.
    pub pid: i32,
    /// What it said.
    pub kind: Kind,
}

/// The reading end.
pub struct Announcements {
    fifo: File,
    /// A writer of our own, so that the last child's end is not an end of file.
    _writer: File,
    ready: VecDeque<Mark>,
    partial: Vec<u8>,
}

impl Announcements {
    /// Makes the FIFO at `path` and opens it.
    pub fn new(path: &Path) -> io::Result<Self> {
        machine::fifo(path)?;
        let fifo = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        let _writer = OpenOptions::new().write(true).open(path)?;
        machine::widen(fifo.as_raw_fd());
        Ok(Self { fifo, _writer, ready: VecDeque::new(), partial: Vec::new() })
    }

    /// The next announcement, or `None` at the deadline.
    pub fn next(&mut self, deadline: Instant) -> io::Result<Option<Mark>> {
        loop {
            if let Some(mark) = self.ready.pop_front() {
                return Ok(Some(mark));
            }
            let patience = deadline.saturating_duration_since(Instant::now());
            if !machine::readable(self.fifo.as_raw_fd(), patience)? {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0; 48 * 1024];
        let got = match self.fifo.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            got => got?,
        };
        self.partial.extend_from_slice(&buffer[..got]);
        let whole = self.partial.len() / 12 * 12;
        for record in self.partial[..whole].chunks_exact(12) {
            let word = |at: usize| {
                u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
            };
            let kind = if word(8) == 0 { Kind::Runs } else { Kind::Written };
            self.ready.push_back(Mark { id: word(0) as usize, pid: word(4) as i32, kind });
        }
        self.partial.drain(..whole);
        Ok(())
    }

    /// Waits until each of `count` programs has said `kind`; their pids. Many are awaited in naps of half a millisecond, so
    /// that the waiting costs the daemon little of its processor; the last few are awaited one by one.
    pub fn all(&mut self, count: usize, kind: Kind, patience: Duration) -> io::Result<Vec<i32>> {
        let deadline = Instant::now() + patience;
        let mut pids = vec![0; count];
        let mut missing = count;
        while missing > 0 {
            if missing > 50 && self.ready.is_empty() {
                std::thread::sleep(Duration::from_micros(500));
            }
            let Some(mark) = self.next(deadline)? else {
                return Err(io::Error::other(format!(
                    "{missing} of {count} programs did not come within {patience:?}"
                )));
            };
            if mark.kind == kind && mark.id < count {
                missing -= usize::from(pids[mark.id] == 0);
                pids[mark.id] = mark.pid;
            }
        }
        Ok(pids)
    }
}
