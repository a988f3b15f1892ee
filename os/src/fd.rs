//! Small things one does with a file descriptor.
//!
//! Absent: everything that a type of its own stands for (pipes, log files, sockets).
#![allow(unsafe_code, reason = "fcntl and ioctl on descriptors that the caller owns")]

use nix::poll::{PollFd, PollFlags, poll};
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Runs a system call again for as long as a signal interrupts it.
pub(crate) fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// The result of a call that answers -1 for an error.
pub(crate) fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Sets or clears close-on-exec.
///
/// # Errors
/// What `fcntl(2)` says.
pub fn set_cloexec(fd: impl AsFd, on: bool) -> io::Result<()> {
    let flags = if on { libc::FD_CLOEXEC } else { 0 };
    // SAFETY: fcntl with an integer argument on a descriptor that is borrowed for the call.
    check(unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_SETFD, flags) }).map(drop)
}

/// Sets or clears `O_NONBLOCK` of the open file, for everyone who shares it.
///
/// # Errors
/// What `fcntl(2)` says.
pub fn set_nonblocking(fd: impl AsFd, on: bool) -> io::Result<()> {
    let raw = fd.as_fd().as_raw_fd();
    // SAFETY: as above.
    let flags = check(unsafe { libc::fcntl(raw, libc::F_GETFL) })?;
    let flags = if on { flags | libc::O_NONBLOCK } else { flags & !libc::O_NONBLOCK };
    // SAFETY: as above.
    check(unsafe { libc::fcntl(raw, libc::F_SETFL, flags) }).map(drop)
}

/// A second descriptor of the same open file, close-on-exec, not below `least`.
///
/// # Errors
/// What `fcntl(2)` says: `EBADF`, `EMFILE`.
pub fn duplicate(fd: BorrowedFd<'_>, least: i32) -> io::Result<OwnedFd> {
    // SAFETY: as above; the new descriptor is ours alone.
    let new = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, least) })?;
    // SAFETY: fcntl has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(new) })
}

/// Writes what a descriptor takes at once that others share, so that `O_NONBLOCK` is not ours to set.
///
/// # Errors
/// `WouldBlock` if it takes nothing now; else what `write(2)` says.
pub(crate) fn write_now(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    /// What a pipe that is ready is sure to take (`PIPE_BUF`).
    const SURE: usize = 4096;
    if !has_room(fd, 0)? {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    retry(|| Ok(nix::unistd::write(fd, &bytes[..bytes.len().min(SURE)])?))
}

/// Whether a descriptor takes bytes now, or does within so many milliseconds.
pub(crate) fn has_room(fd: BorrowedFd<'_>, milliseconds: u16) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd, PollFlags::POLLOUT)];
    Ok(retry(|| Ok(poll(&mut fds, milliseconds)?))? > 0)
}

/// How many descriptors this process has open.
///
/// # Errors
/// If the system shows no `/proc/self/fd` or `/dev/fd`.
pub fn count_open() -> io::Result<usize> {
    let list = fs::read_dir("/proc/self/fd").or_else(|_| fs::read_dir("/dev/fd"))?;
    // one of them is the listing's own
    Ok(list.count().saturating_sub(1))
}
