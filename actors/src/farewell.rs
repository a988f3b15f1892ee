//! The last items of the streams of clients: what was told before the end of the daemon goes out before the endpoints do.
//!
//! ```text
//!   event.subscribe, process.watch, process.roll, log.follow ── join ─► Stay, for as long as the stream goes
//!   Root, when all is down ── end(limit) ─► each stream gives what it has, then its end, and drops its Stay
//! ```
//!
//! A stream that has not come to its end within the limit, since nobody reads it, is cut off with its connection; how many
//! those are is told. One that joins later is told to end at once, with what is kept for it. Absent: what is streamed.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Tells all streams of the end.
#[derive(Debug)]
pub(crate) struct Farewell(watch::Sender<bool>);

impl Default for Farewell {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Farewell {
    /// One more stream.
    pub(crate) fn join(&self) -> Stay {
        Stay(self.0.subscribe())
    }

    /// Whether there is any stream.
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Has all streams come to their end, and waits for that, no longer than `limit`. How many have not.
    pub(crate) async fn end(&self, limit: Duration) -> usize {
        self.0.send_replace(true);
        let _ = timeout(limit, self.0.closed()).await; // those that are left are counted
        self.0.receiver_count()
    }
}

/// The part of a stream in it: held until its last item has been given.
#[derive(Debug)]
pub(crate) struct Stay(watch::Receiver<bool>);

impl Stay {
    /// Waits until nothing more will come than what is there already.
    pub(crate) async fn over(&mut self) {
        // whoever tells of the end outlives its streams; were it gone, that would be the end as well
        let _ = self.0.wait_for(|is_over| *is_over).await;
    }
}
