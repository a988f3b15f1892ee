//! A child anywhere: known by its pid, its end told by `SIGCHLD`.
//!
//! Every wait is woken by every child's end and looks for its own: quadratic in the number of children
//! that end at once, which is why Linux does it by pidfd.
#![allow(unsafe_code, reason = "kill(2)")]

use super::status::ask;
use crate::fd::check;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use treeherd_domain::exit::ExitStatus;

/// What makes a handle.
pub(super) type Token = ();

/// Nothing: the pid says it all.
pub(super) struct Handle;

impl Handle {
    pub(super) fn new((): Token) -> Self {
        Self
    }

    pub(super) fn kill(&self, pid: i32, signal: i32) -> io::Result<()> {
        // SAFETY: a system call with two integers; the caller holds off its reaping.
        check(unsafe { libc::kill(pid, signal) }).map(drop)
    }

    pub(super) fn reap(&self, pid: i32) -> io::Result<Option<ExitStatus>> {
        let id = libc::id_t::try_from(pid).unwrap_or(libc::id_t::MAX);
        Ok(ask(libc::P_PID, id, 0)?.map(|ended| ended.status))
    }
}

/// Every `SIGCHLD` from now on.
pub(super) struct Watch(Signal);

impl Watch {
    pub(super) fn new(_handle: &Handle) -> io::Result<Self> {
        signal(SignalKind::child()).map(Self)
    }

    /// Waits until some child has ended.
    pub(super) async fn changed(&mut self, _ended: impl Fn() -> io::Result<bool>) -> io::Result<()> {
        self.0.recv().await.ok_or_else(|| io::Error::other("the runtime's signal driver has ended"))
    }
}
