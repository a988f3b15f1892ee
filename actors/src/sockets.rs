//! The listening sockets that programs share, each made once and kept as long as a process needs it.
//!
//! ```text
//!   Program, about to spawn ── take ──► Sockets ─┬─ there already: the same
//!                                                `─ made, with a line in the log
//!   Record of a process ── holds it until nothing follows by itself; the last one to let go closes it
//! ```
//!
//! What is held stands in the records, so no end of an actor closes a socket. Making one may block on DNS: not for
//! the tree's thread. Those of `[socket:x]` stand in a table of their own (`inherited`).

mod inherited;

use crate::estate::lock;
use inherited::Inherited;
use slog::{Logger, info};
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, Weak};
use treeherd_domain::socket::{SocketAddress, SocketSpec};
use treeherd_os::socket::{ShareError, share};

/// A socket that is held.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddress,
    fd: Arc<OwnedFd>,
    log: Logger,
}

impl Listening {
    fn new(spec: &SocketSpec, log: &Logger) -> Result<Self, ShareError> {
        info!(log, "Creating socket {}", spec.address);
        let fd = Arc::new(share(spec)?);
        Ok(Self { address: spec.address.clone(), fd, log: log.clone() })
    }

    /// The descriptor, to be lent to a process that is made.
    #[must_use]
    pub const fn fd(&self) -> &Arc<OwnedFd> {
        &self.fd
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        info!(self.log, "Closing socket {}", self.address);
    }
}

/// Tries whether a socket can be had, and closes it.
///
/// # Errors
/// What is wrong with it, in Supervisor's words, and what to do.
pub fn probe(spec: &SocketSpec, log: &Logger) -> Result<(), (String, &'static str)> {
    match Listening::new(spec, log) {
        Ok(_) => Ok(()),
        Err(error) => Err((refusal(spec, &error), error.hint())),
    }
}

/// What is said of a socket that cannot be had.
pub(crate) fn refusal(spec: &SocketSpec, error: &ShareError) -> String {
    format!("Could not create FastCGI socket {}: {error}", spec.address)
}

/// The place of one socket, locked while it is made.
type Place = Arc<Mutex<Weak<Listening>>>;

/// The sockets that somebody holds.
#[derive(Debug, Default)]
pub struct Sockets {
    places: Mutex<HashMap<SocketSpec, Place>>,
    inherited: Inherited,
}

impl Sockets {
    /// The socket of this specification; made, if nobody holds it. Blocks, but for nobody who wants another one.
    pub(crate) fn take(&self, spec: &SocketSpec, log: &Logger) -> Result<Arc<Listening>, ShareError> {
        let place = self.place(spec);
        let mut held = lock(&place);
        if let Some(listening) = held.upgrade() {
            return Ok(listening);
        }
        let listening = Arc::new(Listening::new(spec, log)?);
        *held = Arc::downgrade(&listening);
        Ok(listening)
    }

    /// Those of `[socket:x]`.
    pub(crate) const fn inherited(&self) -> &Inherited {
        &self.inherited
    }

    fn place(&self, spec: &SocketSpec) -> Place {
        let mut places = lock(&self.places);
        // one that is being made, or taken, has another owner than this table
        places.retain(|_, place| Arc::strong_count(place) > 1 || lock(place).strong_count() > 0);
        Arc::clone(places.entry(spec.clone()).or_default())
    }
}
