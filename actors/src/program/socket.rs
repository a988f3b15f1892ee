//! A program with a socket in the place of its standard input (`[fcgi-program:x]`): had before each spawn, and let go
//! when the process is down and nothing follows by itself. So a restart finds the socket as it was, with whoever waits
//! in its backlog.

use super::Program;
use crate::sockets::{Listening, refusal};
use std::sync::Arc;
use treeherd_os::spawn::StdinFrom;

/// Why there is no socket, and what to do.
pub(super) type Refused = (String, &'static str);

impl Program {
    /// The socket, if it has to be had first. Made elsewhere, since a name may have to be looked up.
    pub(super) fn binding(
        &self,
    ) -> Option<impl Future<Output = Result<Arc<Listening>, Refused>> + 'static> {
        let spec = self.estate.spec.socket.clone()?;
        if self.estate.record().socket.is_some() {
            return None;
        }
        let shared = Arc::clone(&self.shared);
        Some(async move {
            let take = move || {
                let taken = shared.arena.sockets.take(&spec, &shared.log);
                taken.map_err(|error| (refusal(&spec, &error), error.hint()))
            };
            let taken = tokio::task::spawn_blocking(take).await;
            taken.unwrap_or_else(|error| Err((format!("an internal task failed: {error}"), "try again")))
        })
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
