//! The sockets of a process, had before each spawn: in the place of its standard input (`[fcgi-program:x]`), and those
//! that it inherits (`sockets`).
//!
//! The first is let go when the process is down and nothing follows by itself, so a restart finds it as it was, with
//! whoever waits in its backlog. The others are there without a process, and only made here if they could not be had
//! before.

use super::Program;
use crate::sockets::{Listening, refusal};
use std::sync::Arc;
use treeherd_os::spawn::{Inherited, StdinFrom};

/// Why there is no socket, and what to do.
pub(super) type Refused = (String, &'static str);

impl Program {
    /// The sockets, if one has to be had first. Made elsewhere, since a name may have to be looked up.
    pub(super) fn binding(
        &self,
    ) -> Option<impl Future<Output = Result<Option<Arc<Listening>>, Refused>> + 'static> {
        let spec = Arc::clone(&self.estate.spec);
        let stdin = spec.socket.clone().filter(|_| self.estate.record().socket.is_none());
        if stdin.is_none() && self.inherited().is_some() {
            return None;
        }
        let shared = Arc::clone(&self.shared);
        Some(async move {
            let take = move || {
                let (sockets, log) = (&shared.arena.sockets, &shared.log);
                spec.sockets.iter().try_for_each(|socket| sockets.inherited().make(socket, log))?;
                let Some(stdin) = stdin else { return Ok(None) };
                let taken = sockets.take(&stdin, log);
                taken.map(Some).map_err(|error| (refusal(&stdin, &error), error.hint()))
            };
            let taken = tokio::task::spawn_blocking(take).await;
            taken.unwrap_or_else(|error| Err((format!("an internal task failed: {error}"), "try again")))
        })
    }

    /// What it inherits at 3, 4, ...; `None` if one of them has to be had first.
    pub(super) fn inherited(&self) -> Option<Vec<Inherited>> {
        match &self.estate.spec.sockets[..] {
            [] => Some(Vec::new()),
            sockets => self.shared.arena.sockets.inherited().have(sockets),
        }
    }

    /// What the process gets as its standard input.
    pub(super) fn stdin(&self) -> StdinFrom {
        let record = self.estate.record();
        let socket = record.socket.as_ref().map(|socket| Arc::clone(socket.fd()));
        socket.map_or(StdinFrom::Pipe, StdinFrom::Descriptor)
    }

    /// Lets the socket go; the last to do so closes it.
    pub(super) fn release_socket(&self) {
        let socket = self.estate.record().socket.take();
        drop(socket);
    }
}
