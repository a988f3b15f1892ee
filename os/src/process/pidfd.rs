//! A child on Linux: a descriptor that names it, is readable once it has ended, and takes signals.
#![allow(unsafe_code, reason = "pidfd_send_signal has no wrapper")]

use super::status::ask;
use crate::fd::check;
use crate::reactor::{Registered, register};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use tokio::io::Interest;
use treeherd_domain::exit::ExitStatus;

/// What makes a handle.
pub(super) type Token = OwnedFd;

/// The pidfd of a child.
pub(super) struct Handle(Arc<OwnedFd>);

impl Handle {
    pub(super) fn new(pidfd: OwnedFd) -> Self {
        Self(Arc::new(pidfd))
    }

    pub(super) fn kill(&self, _pid: i32, signal: i32) -> io::Result<()> {
        let none = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: our own descriptor, integers, and no information to read.
        let sent =
            unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), signal, none, 0) };
        check(libc::c_int::try_from(sent).unwrap_or(-1)).map(drop)
    }

    pub(super) fn reap(&self, _pid: i32) -> io::Result<Option<ExitStatus>> {
        let id = libc::id_t::try_from(self.0.as_raw_fd()).unwrap_or(libc::id_t::MAX);
        Ok(ask(libc::P_PIDFD, id, 0)?.map(|ended| ended.status))
    }
}

/// The pidfd in this thread's reactor.
pub(super) struct Watch(Registered);

impl Watch {
    pub(super) fn new(handle: &Handle) -> io::Result<Self> {
        register(&handle.0, Interest::READABLE).map(Self)
    }

    /// Waits until the child may have ended; `ended` looks, and tells whether to stop waiting.
    pub(super) async fn changed(&mut self, ended: impl Fn() -> io::Result<bool>) -> io::Result<()> {
        let mut ready = self.0.readable().await?;
        if !ended()? {
            ready.clear_ready();
        }
        Ok(())
    }
}
