//! Three low descriptors, kept free for the streams of a child that is being made.
//!
//! ```text
//! this process:  0 1 2 [berth] ... sockets, pipes, pidfds, thousands of them
//! the child:     0 1 2 [berth]     all it ever has, however many there are above
//! ```
//!
//! A child that gets a copy of the whole table pays for every file the daemon has open, in the copy and
//! again in `execve`. One that shares the table first and then takes a copy of its low part
//! (`CLOSE_RANGE_UNSHARE`) does not; for that its streams must be low. They lie here between `clone` and
//! its return, and `/dev/null` does at all other times, so that no pipe is held open. Absent: kernels
//! before 5.9, and processes that did not [`reserve`] while they had one thread and few files.
#![allow(unsafe_code, reason = "close_range and dup3 on descriptors of our own")]

use super::low::{CLOSE_RANGE_UNSHARE, Low};
use crate::fd::check;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Above this a berth would not be worth it.
const LOW: RawFd = 64;

struct Berth {
    null: OwnedFd,
    places: [OwnedFd; 3],
}

static BERTH: OnceLock<Mutex<Berth>> = OnceLock::new();

/// Keeps three low descriptors for children. To be called once, before the first thread: later spawns cost
/// the same however many files are open. Without it they work, too.
///
/// # Errors
/// `ENOSYS` and the like where the kernel cannot do it; `EMFILE` if the low descriptors are taken.
pub fn reserve() -> io::Result<()> {
    // SAFETY: closes nothing, as there is no such descriptor; with one thread the table is not shared.
    let probe = unsafe {
        libc::syscall(libc::SYS_close_range, libc::c_uint::MAX, libc::c_uint::MAX, CLOSE_RANGE_UNSHARE)
    };
    check(libc::c_int::try_from(probe).unwrap_or(-1))?;
    let null: OwnedFd = File::options().read(true).write(true).open("/dev/null")?.into();
    let place = || crate::fd::duplicate(null.as_fd(), 3);
    let places = [place()?, place()?, place()?];
    if places.iter().any(|place| place.as_raw_fd() >= LOW) {
        return Err(io::Error::from_raw_os_error(libc::EMFILE));
    }
    // a second call finds the first one's berth, which is as good
    let _ = BERTH.set(Mutex::new(Berth { null, places }));
    Ok(())
}

/// A child's streams in the berth, for as long as this lives.
pub(super) struct Moored(MutexGuard<'static, Berth>);

/// Puts streams into the berth, if there is one.
pub(super) fn moor(stdio: [RawFd; 3]) -> Option<Moored> {
    let berth = BERTH.get()?.lock().unwrap_or_else(PoisonError::into_inner);
    let moored = Moored(berth);
    moored.put(stdio).ok().map(|()| moored)
}

impl Moored {
    fn places(&self) -> [RawFd; 3] {
        [0, 1, 2].map(|place: usize| self.0.places[place].as_raw_fd())
    }

    fn put(&self, stdio: [RawFd; 3]) -> io::Result<()> {
        for (fd, place) in stdio.into_iter().zip(self.places()) {
            // SAFETY: replaces what is in a place of our own.
            check(unsafe { libc::dup3(fd, place, libc::O_CLOEXEC) })?;
        }
        Ok(())
    }

    pub(super) fn low(&self) -> Low {
        let stdio = self.places();
        let highest = stdio.into_iter().max().unwrap_or(LOW);
        Low { stdio, above: libc::c_uint::try_from(highest).unwrap_or(0).saturating_add(1) }
    }
}

impl Drop for Moored {
    /// The child has its own copies now; ours would keep its pipes open.
    fn drop(&mut self) {
        let null = self.0.null.as_raw_fd();
        // dup3 onto an open descriptor of ours fails in no way that could be mended
        let _ = self.put([null; 3]);
    }
}
