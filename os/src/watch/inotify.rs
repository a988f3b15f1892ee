//! The inotify behind the watches, and the task that reads it.

use crate::reactor::{Registered, register};
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::Interest;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Where somebody listens.
pub(super) type Place = WatchDescriptor;

/// Who is rung for what; `name`: only for this entry of a directory.
#[derive(Debug)]
struct Listener {
    name: Option<OsString>,
    bell: Arc<Notify>,
}

type Listeners = HashMap<WatchDescriptor, Vec<Listener>>;

#[derive(Debug)]
struct Ears {
    inotify: Inotify,
    /// The same descriptor, in the reactor.
    readable: Registered,
    listeners: Mutex<Listeners>,
}

/// All watches of one watcher; gone with the last of them.
#[derive(Debug)]
pub(super) struct Hub {
    ears: Arc<Ears>,
    reader: AbortHandle,
}

impl Hub {
    pub(super) fn open() -> io::Result<Arc<Self>> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let descriptor = Arc::new(inotify.as_fd().try_clone_to_owned()?);
        let readable = register(&descriptor, Interest::READABLE)?;
        let ears = Arc::new(Ears { inotify, readable, listeners: Mutex::default() });
        let reader = tokio::spawn(listen(Arc::clone(&ears))).abort_handle();
        Ok(Arc::new(Self { ears, reader }))
    }

    /// Rings `bell` when the file changes that the path names now, and when it names another.
    pub(super) fn enter(&self, path: &Path, bell: &Arc<Notify>) -> io::Result<Vec<Place>> {
        let mut places = Vec::new();
        let entered = self.enter_all(path, bell, &mut places);
        entered.inspect_err(|_| self.leave(&places, bell)).map(|()| places)
    }

    fn enter_all(&self, path: &Path, bell: &Arc<Notify>, places: &mut Vec<Place>) -> io::Result<()> {
        let file = AddWatchFlags::IN_MODIFY;
        let directory = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_ONLYDIR;
        // the names first: what happens to them while the file is entered is not missed
        let target = std::fs::canonicalize(path).ok().filter(|target| target != path);
        for path in [Some(path), target.as_deref()].into_iter().flatten() {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent = parent.unwrap_or(Path::new("."));
            places.push(self.add(parent, directory, path.file_name(), bell)?);
        }
        match self.add(path, file, None, bell) {
            Ok(place) => places.push(place),
            // it has no file for the moment
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn add(
        &self,
        path: &Path,
        events: AddWatchFlags,
        name: Option<&OsStr>,
        bell: &Arc<Notify>,
    ) -> io::Result<Place> {
        let mut listeners = self.ears.listeners();
        let place = self.ears.inotify.add_watch(path, events)?;
        let listener = Listener { name: name.map(OsStr::to_owned), bell: Arc::clone(bell) };
        listeners.entry(place).or_default().push(listener);
        Ok(place)
    }

    /// Takes back one entering.
    pub(super) fn leave(&self, places: &[Place], bell: &Arc<Notify>) {
        let mut listeners = self.ears.listeners();
        for place in places {
            let Some(here) = listeners.get_mut(place) else { continue };
            if let Some(at) = here.iter().position(|listener| Arc::ptr_eq(&listener.bell, bell)) {
                here.swap_remove(at);
            }
            if here.is_empty() {
                listeners.remove(place);
                // the file may be gone, and the watch with it
                _ = self.ears.inotify.rm_watch(*place);
            }
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Ears {
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, event: &InotifyEvent) {
        let listeners = self.listeners();
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            // nobody knows what was missed
            listeners.values().flatten().for_each(|listener| listener.bell.notify_one());
        }
        for listener in listeners.get(&event.wd).into_iter().flatten() {
            if listener.name.is_none() || listener.name == event.name {
                listener.bell.notify_one();
            }
        }
    }
}

async fn listen(ears: Arc<Ears>) {
    while let Ok(mut ready) = ears.readable.readable().await {
        match ears.inotify.read_events() {
            Ok(events) => events.iter().for_each(|event| ears.ring(event)),
            Err(Errno::EAGAIN) => ready.clear_ready(),
            Err(Errno::EINTR) => {}
            Err(_) => return,
        }
    }
}
