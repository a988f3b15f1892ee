//! The sockets of `[socket:x]`: made before the first program that names them starts, and there until none is
//! configured that does.
//!
//! ```text
//!   start of the daemon, Add, Reshape ── prepare ──► make, or give it another backlog, owner, mode
//!   Program, about to spawn ── have ──► the descriptors; one that could not be had is made now
//!   Reread, Add, Remove, Reshape ── keep ──► whose address no group has any more: closed
//! ```
//!
//! They belong to addresses, not to processes or groups: while a group is taken out and put in again by an update,
//! who connects waits in the backlog. Making one may block on DNS, so `have` never waits for that.

use super::lock;
use slog::{Logger, info, warn};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, TryLockError};
use treeherd_domain::socket::{Socket, SocketAddress, SocketSpec};
use treeherd_os::socket::{ShareError, SharedSocket};
use treeherd_os::spawn;

/// A socket that listens, and by which keys.
#[derive(Debug)]
struct Listening {
    socket: SharedSocket,
    spec: SocketSpec,
    log: Logger,
}

impl Listening {
    fn new(socket: &Socket, log: &Logger) -> Result<Self, ShareError> {
        info!(log, "Creating socket {}", socket.spec.address);
        let made = SharedSocket::make(&socket.spec)?;
        Ok(Self { socket: made, spec: socket.spec.clone(), log: log.clone() })
    }

    /// Gives it another backlog, owner and mode.
    fn fit(&mut self, to: &Socket) {
        if self.spec == to.spec {
            return;
        }
        match self.socket.fit(&to.spec) {
            Ok(()) => {
                info!(self.log, "Socket {} is now {}", to.name, to.spec);
                self.spec = to.spec.clone();
            }
            Err(error) => {
                let hint = error.hint();
                warn!(self.log, "Socket {} stays {}: {error}; {hint}", to.name, self.spec);
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        info!(self.log, "Closing socket {}", self.spec.address);
    }
}

/// The place of one socket, locked while it is made.
type Place = Arc<Mutex<Option<Listening>>>;

/// The sockets that are there, by address.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    places: Mutex<HashMap<SocketAddress, Place>>,
}

impl Inherited {
    /// Has a socket listen. One that does stays as it is. Blocks, but for nobody who wants another one.
    pub(crate) fn make(&self, socket: &Socket, log: &Logger) -> Result<(), (String, &'static str)> {
        self.with(socket, log, |_| ())
    }

    /// Has several listen as they are configured, before their programs start. What fails is told; what is not there
    /// then, every start tries for.
    pub(crate) fn prepare<'a>(&self, sockets: impl IntoIterator<Item = &'a Arc<Socket>>, log: &Logger) {
        for socket in sockets {
            if let Err((message, hint)) = self.with(socket, log, |listening| listening.fit(socket)) {
                warn!(log, "{message}; {hint}; every start of a program that inherits it tries again");
            }
        }
    }

    /// Does something with a socket, which is made if it is not there.
    fn with(
        &self,
        socket: &Socket,
        log: &Logger,
        act: impl FnOnce(&mut Listening),
    ) -> Result<(), (String, &'static str)> {
        let place = Arc::clone(lock(&self.places).entry(socket.spec.address.clone()).or_default());
        let mut place = lock(&place);
        let listening = match place.take() {
            Some(listening) => listening,
            None => Listening::new(socket, log).map_err(|error| (refusal(socket, &error), error.hint()))?,
        };
        act(place.insert(listening));
        Ok(())
    }

    /// The descriptors in their order; `None` if one is not there, or just being made.
    pub(crate) fn have(&self, sockets: &[Arc<Socket>]) -> Option<Vec<spawn::Inherited>> {
        let places = lock(&self.places);
        let one = |socket: &Arc<Socket>| {
            let listening = match places.get(&socket.spec.address)?.try_lock() {
                Ok(listening) => listening,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return None,
            };
            let fd = Arc::clone(listening.as_ref()?.socket.fd());
            Some(spawn::Inherited { name: socket.name.clone(), fd })
        };
        sockets.iter().map(one).collect()
    }

    /// Closes those of other addresses.
    pub(crate) fn keep(&self, wanted: &HashSet<SocketAddress>) {
        let mut places = lock(&self.places);
        let gone: Vec<Place> =
            places.extract_if(|address, _| !wanted.contains(address)).map(|(_, place)| place).collect();
        // closing them is not for this lock to wait for
        drop(places);
        drop(gone);
    }
}

fn refusal(socket: &Socket, error: &ShareError) -> String {
    format!("Could not create socket {} at {}: {error}", socket.name, socket.spec.address)
}
