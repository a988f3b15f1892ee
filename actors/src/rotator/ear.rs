//! The standard output of an event listener: the protocol, beside the file.
//!
//! ```text
//!   chunk ─► file (strip_ansi) ─► debug copy, as Python shows bytes ─► the pool, byte for byte
//! ```
//!
//! Captures, syslog and events of output have no meaning here.

use crate::estate::{LogSettings, Seat};
use slog::{Logger, debug};
use treeherd_domain::name::Namespec;
use treeherd_domain::undecodable::python_bytes;

/// Who understands what a listener writes.
#[derive(Debug)]
pub(super) struct Ear {
    seat: Seat,
    copy: Option<Logger>,
}

impl Ear {
    /// For the listener at this place.
    pub(super) fn new(seat: Seat, logs: &LogSettings) -> Self {
        Self { seat, copy: logs.debug.clone() }
    }

    /// Whether no event waits for the listener to be ready.
    pub(super) fn may_gather(&self) -> bool {
        self.seat.pool.is_idle()
    }

    /// Takes what it wrote.
    pub(super) fn hear(&self, namespec: &Namespec, pid: i32, bytes: &[u8]) {
        if let Some(log) = &self.copy {
            debug!(log, "'{}' stdout output:\n{}", namespec.process, python_bytes(bytes));
        }
        self.seat.hear(pid, bytes);
    }
}
