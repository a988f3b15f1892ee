//! A child process: signal it, and learn once and for all how it ended.
//!
//! ```text
//! Process (cheap clones) --> Inner { pid, handle, status: set once }
//!                              ^ weak
//! census: pid -> Inner, under one lock that every reaping takes, so a pid is never used after its end
//! ```
//!
//! The status is taken from the kernel exactly once and remembered; whoever asks later, on whatever
//! thread, gets the same. Waiting holds no state: a wait may be dropped and begun anew elsewhere.
//! Absent: what an end means (domain), processes that are not children.
#![allow(unsafe_code, reason = "kill(2) on a process group")]

#[cfg_attr(all(target_os = "linux", not(feature = "portable")), path = "pidfd.rs")]
#[cfg_attr(not(all(target_os = "linux", not(feature = "portable"))), path = "sigchld.rs")]
mod handle;
pub(crate) mod status;

use crate::errno;
use crate::fd::check;
use crate::spawn::SetupFailure;
use handle::{Handle, Token, Watch};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::signal::Signal;

/// Whom a signal is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// The process alone.
    Process,
    /// Its process group (`stopasgroup`, `killasgroup`).
    Group,
}

/// Why a signal was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignalError {
    /// There is no such process any more, or it has been reaped.
    #[error("no process {pid}")]
    NoSuchProcess {
        /// The process id.
        pid: i32,
    },
    /// The system refused.
    #[error("cannot send {signal} to process {pid}: {}", errno::describe(*.errno))]
    Refused {
        /// The process id.
        pid: i32,
        /// What was to be sent.
        signal: Signal,
        /// Why not: `EPERM`, `EINVAL`.
        errno: i32,
    },
}

/// A child that this daemon spawned. Clones are the same process.
#[derive(Clone)]
pub struct Process {
    inner: Arc<Inner>,
}

struct Inner {
    pid: i32,
    handle: Handle,
    status: OnceLock<ExitStatus>,
    start_time: OnceLock<Option<u64>>,
}

/// The children not yet reaped. Its lock covers every reaping and every use of a pid as such.
static CENSUS: Mutex<Option<HashMap<i32, Weak<Inner>>>> = Mutex::new(None);

/// Held for reading from before a birth until the child is in the census: who takes it for writing sees
/// every child there.
static BIRTHS: RwLock<()> = RwLock::new(());

fn census() -> MutexGuard<'static, Option<HashMap<i32, Weak<Inner>>>> {
    CENSUS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Process {
    /// Makes a child by `start` and enters it in the census before anyone could take its status.
    pub(crate) fn enrol(
        start: impl FnOnce() -> io::Result<(i32, Token, Option<SetupFailure>)>,
    ) -> io::Result<(Self, Option<SetupFailure>)> {
        let _birth = BIRTHS.read().unwrap_or_else(PoisonError::into_inner);
        let (pid, token, failure) = start()?;
        let inner = Arc::new(Inner {
            pid,
            handle: Handle::new(token),
            status: OnceLock::new(),
            start_time: OnceLock::new(),
        });
        census().get_or_insert_default().insert(pid, Arc::downgrade(&inner));
        Ok((Self { inner }, failure))
    }

    /// The process id, above 0.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.inner.pid
    }

    /// When it started, in clock ticks since the boot; with the pid and the boot id it names the process
    /// for ever. Read from `/proc` at the first call; `None` if that came after its end, or off Linux.
    #[must_use]
    pub fn start_time(&self) -> Option<u64> {
        *self.inner.start_time.get_or_init(|| {
            let _census = census();
            if self.inner.status.get().is_some() { None } else { start_time_of(self.inner.pid) }
        })
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// [`SignalError::NoSuchProcess`] also once the process has been reaped: its pid, which is also
    /// its group's id, may by then be another's.
    pub fn signal(&self, signal: Signal, scope: Scope) -> Result<(), SignalError> {
        let pid = self.inner.pid;
        // no reaping can happen while this is held, so the pid stays this process's
        let _census = census();
        if self.inner.status.get().is_some() {
            return Err(SignalError::NoSuchProcess { pid });
        }
        let sent = match scope {
            Scope::Process => self.inner.handle.kill(pid, signal.number()),
            // SAFETY: a system call with two integers; pid is above 1, so -pid is a group.
            Scope::Group => check(unsafe { libc::kill(-pid, signal.number()) }).map(drop),
        };
        sent.map_err(|error| match errno::of(&error) {
            libc::ESRCH => SignalError::NoSuchProcess { pid },
            errno => SignalError::Refused { pid, signal, errno },
        })
    }

    /// How it ended; `None` while it runs.
    ///
    /// # Errors
    /// `ECHILD` if something outside this crate took the status.
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        match self.inner.status.get() {
            Some(status) => Ok(Some(*status)),
            None => self.inner.reap(&mut census()),
        }
    }

    /// Waits for its end. May be dropped and called again, also on another thread or runtime, and by
    /// several at once.
    ///
    /// # Errors
    /// As [`try_wait`](Self::try_wait); `EMFILE` or `ENOSPC` if the reactor takes no more descriptors.
    ///
    /// # Panics
    /// Outside a runtime with I/O enabled, unless the status is known already.
    pub async fn wait(&self) -> io::Result<ExitStatus> {
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        let mut watch = Watch::new(&self.inner.handle)?;
        loop {
            // the watch was there before this look, so an end after it is seen
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            watch.changed(|| Ok(self.try_wait()?.is_some())).await?;
        }
    }
}

impl Inner {
    fn reap(&self, census: &mut Option<HashMap<i32, Weak<Self>>>) -> io::Result<Option<ExitStatus>> {
        if let Some(status) = self.status.get() {
            return Ok(Some(*status));
        }
        let status = self.handle.reap(self.pid)?;
        if let Some(status) = status {
            // nobody else can have set it: the census is locked
            let _ = self.status.set(status);
            if let Some(census) = census {
                census.remove(&self.pid);
            }
        }
        Ok(status)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.status.get().is_none()
            && let Some(census) = census().as_mut()
        {
            // from now on it is a stranger, and the reaper's
            census.remove(&self.pid);
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { pid, status, .. } = &*self.inner;
        f.debug_struct("Process").field("pid", pid).field("status", &status.get()).finish_non_exhaustive()
    }
}

/// What a dead child is to us.
pub(crate) enum Known {
    /// Ours; its status is now remembered.
    Delivered,
    /// Not ours.
    Stranger,
    /// A child is being born, so nobody can tell.
    Busy,
}

/// If the dead child `pid` is one of ours, takes its status for it. For a stranger, `take` is called
/// while no child can be born.
pub(crate) fn deliver(pid: i32, take: impl FnOnce()) -> io::Result<Known> {
    let Ok(_no_births) = BIRTHS.try_write() else { return Ok(Known::Busy) };
    let mut census = census();
    let ours = census.as_ref().and_then(|census| census.get(&pid)).cloned();
    match ours {
        Some(weak) => match weak.upgrade() {
            Some(inner) => {
                let reaped = inner.reap(&mut census);
                // `inner` may be the last one, and its drop takes the lock
                drop(census);
                reaped.map(|_| Known::Delivered)
            }
            // being dropped on another thread, which will take it out of the census
            None => Ok(Known::Busy),
        },
        None => {
            take();
            Ok(Known::Stranger)
        }
    }
}

/// Field 22 of `/proc/<pid>/stat`; the name in field 2 may hold anything but ends at the last `)`.
fn start_time_of(pid: i32) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let after_name = memchr::memrchr(b')', &stat)? + 1;
    let rest = std::str::from_utf8(stat.get(after_name..)?).ok()?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}
