//! Hears of changes to files: one inotify for all who look, for as long as somebody does.
//!
//! ```text
//!   inode (what the path names now): written, truncated  ─┐
//!   its directory: this name appeared                     ├─► inotify ─► bell ─► Watch::changed
//!   a link's own directory: the same                     ─┘
//! ```
//!
//! A bell says that something may have happened, not what: who hears it looks. Rings that nobody waited for
//! are one. Absent: reading the files; other systems than Linux, where watching is refused.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::Notify;

#[cfg(target_os = "linux")]
#[path = "watch/inotify.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "watch/none.rs"]
mod system;

/// Makes [`Watch`]es.
#[derive(Debug, Default)]
pub struct Watcher(Mutex<Weak<system::Hub>>);

/// Somebody who wants to hear of a file.
#[derive(Debug)]
pub struct Watch {
    hub: Arc<system::Hub>,
    bell: Arc<Notify>,
    places: Vec<system::Place>,
}

impl Watcher {
    /// Watches a file and the name it has. To be called in a runtime, in which all watches of this watcher
    /// live.
    ///
    /// # Errors
    /// What `inotify_init1(2)` and `inotify_add_watch(2)` say: `ENOSPC` and `EMFILE` are limits of the system.
    pub fn watch(&self, path: &Path) -> io::Result<Watch> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hub = match current.upgrade() {
            Some(hub) => hub,
            None => {
                let hub = system::Hub::open()?;
                *current = Arc::downgrade(&hub);
                hub
            }
        };
        let mut watch = Watch { hub, bell: Arc::new(Notify::new()), places: Vec::new() };
        watch.renew(path)?;
        Ok(watch)
    }
}

impl Watch {
    /// Watches what the path names now instead of what it named before.
    ///
    /// # Errors
    /// As [`Watcher::watch`]; then what was watched before still is.
    pub fn renew(&mut self, path: &Path) -> io::Result<()> {
        let places = self.hub.enter(path, &self.bell)?;
        let before = std::mem::replace(&mut self.places, places);
        self.hub.leave(&before, &self.bell);
        Ok(())
    }

    /// Waits until something may have changed since it was last waited for.
    pub async fn changed(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.hub.leave(&self.places, &self.bell);
    }
}
