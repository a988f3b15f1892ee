//! Entering a descriptor in the reactor of the current thread's runtime.
#![allow(unsafe_code, reason = "the reactor must be promised that the descriptor stays open")]

use crate::fd::duplicate;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A descriptor in a reactor, shared with its owner.
pub(crate) type Registered = AsyncFd<Arc<OwnedFd>>;

/// Enters `fd`. A reactor takes a descriptor once: while a predecessor is still there, a duplicate is
/// entered.
pub(crate) fn register(fd: &Arc<OwnedFd>, interest: Interest) -> io::Result<Registered> {
    match enter(Arc::clone(fd), interest) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            enter(Arc::new(duplicate(fd.as_fd(), 3)?), interest)
        }
        entered => entered,
    }
}

fn enter(fd: Arc<OwnedFd>, interest: Interest) -> io::Result<Registered> {
    // SAFETY: the `AsyncFd` holds its own share of the descriptor, which nobody can close or replace
    // before it lets go; an Arc<OwnedFd> always answers with the same number.
    unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(io::Error::from)
}
