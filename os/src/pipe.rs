//! This side's ends of a child's pipes: readiness, and reads and writes that never block.
//!
//! ```text
//! estate owns Arc<OwnedFd> --lends--> PipeReader / StdinWriter, registered with one thread's reactor;
//!                                     dropped with its actor, made anew on the same descriptor
//! ```
//!
//! Bytes that were not read stay in the pipe for the next reader. Absent: buffering, and deciding when
//! to read.
#![allow(unsafe_code, reason = "FIONREAD")]

use crate::fd::{check, retry};
use crate::reactor::{Registered, register};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFdReadyGuard;

/// What a read brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Read {
    /// So many bytes, at least one.
    Bytes(usize),
    /// Nothing now.
    Empty,
    /// Nothing ever again: every writer has closed.
    Closed,
}

/// The read end of a pipe in this thread's reactor. The descriptor must be non-blocking.
#[derive(Debug)]
pub struct PipeReader {
    registered: Registered,
}

impl PipeReader {
    /// Registers a descriptor with the reactor of the current runtime.
    ///
    /// # Errors
    /// What `epoll_ctl(2)` says.
    ///
    /// # Panics
    /// Outside a runtime with I/O enabled.
    pub fn new(fd: &Arc<OwnedFd>) -> io::Result<Self> {
        Ok(Self { registered: register(fd, Interest::READABLE)? })
    }

    /// Waits until a read may bring something (or tell that the pipe is closed). Cancel-safe.
    ///
    /// # Errors
    /// If the runtime is shutting down.
    pub async fn readable(&self) -> io::Result<()> {
        self.registered.readable().await.map(|mut ready| ready.retain_ready())
    }

    /// The same, with a hold on what was reported: whoever knows that the pipe is empty (a read brought
    /// less than was asked for) says so without another read.
    ///
    /// # Errors
    /// If the runtime is shutting down.
    pub async fn ready(&self) -> io::Result<Ready<'_>> {
        self.registered.readable().await.map(Ready)
    }

    /// Reads once, into a buffer that is not empty.
    ///
    /// # Errors
    /// What `read(2)` says.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<Read> {
        let mut asked = false;
        let through = self.registered.try_io(Interest::READABLE, |fd| {
            asked = true;
            retry(|| Ok(nix::unistd::read(fd, buffer)?))
        });
        match through {
            // the reactor has seen nothing yet, which does not say that there is nothing
            Err(error) if !asked && error.kind() == io::ErrorKind::WouldBlock => {
                read_now(self.registered.get_ref(), buffer)
            }
            answer => read_of(answer),
        }
    }
}

/// A readiness that the reactor reported.
#[derive(Debug)]
pub struct Ready<'a>(AsyncFdReadyGuard<'a, Arc<OwnedFd>>);

impl Ready<'_> {
    /// The pipe is empty: the next [`PipeReader::ready`] waits for what comes after this report.
    pub fn spent(mut self) {
        self.0.clear_ready();
    }

    /// There may be more.
    pub fn keep(mut self) {
        self.0.retain_ready();
    }
}

/// Reads once, without a reactor: for the last drain after an exit.
///
/// # Errors
/// What `read(2)` says.
pub fn read_now(fd: impl AsFd, buffer: &mut [u8]) -> io::Result<Read> {
    read_of(retry(|| Ok(nix::unistd::read(fd.as_fd(), buffer)?)))
}

fn read_of(answer: io::Result<usize>) -> io::Result<Read> {
    match answer {
        Ok(0) => Ok(Read::Closed),
        Ok(count) => Ok(Read::Bytes(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Read::Empty),
        Err(error) => Err(error),
    }
}

/// How many bytes wait in a pipe.
///
/// # Errors
/// What `ioctl(2)` says.
pub fn bytes_waiting(fd: impl AsFd) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int.
    check(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::FIONREAD, &raw mut count) })?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// The write end of a child's standard input. The descriptor must be non-blocking.
#[derive(Debug)]
pub struct StdinWriter {
    registered: Registered,
}

impl StdinWriter {
    /// Registers a descriptor with the reactor of the current runtime.
    ///
    /// # Errors
    /// What `epoll_ctl(2)` says.
    ///
    /// # Panics
    /// Outside a runtime with I/O enabled.
    pub fn new(fd: &Arc<OwnedFd>) -> io::Result<Self> {
        Ok(Self { registered: register(fd, Interest::WRITABLE)? })
    }

    /// Waits until a write may be taken (or tell that the reader is gone). Cancel-safe.
    ///
    /// # Errors
    /// If the runtime is shutting down.
    pub async fn writable(&self) -> io::Result<()> {
        self.registered.writable().await.map(|mut ready| ready.retain_ready())
    }

    /// Writes once; tells how much was taken, 0 if the pipe is full.
    ///
    /// # Errors
    /// `EPIPE` if the child has closed it; else what `write(2)` says.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut asked = false;
        let through = self.registered.try_io(Interest::WRITABLE, |fd| {
            asked = true;
            retry(|| Ok(nix::unistd::write(fd, bytes)?))
        });
        match through {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if asked {
                    Ok(0)
                } else {
                    write_now(self.registered.get_ref(), bytes)
                }
            }
            answer => answer,
        }
    }
}

/// Writes once, without a reactor; tells how much was taken, 0 if the pipe is full.
///
/// # Errors
/// `EPIPE` if the reader has closed it (`SIGPIPE` is ignored in a Rust program); else what `write(2)`
/// says.
pub fn write_now(fd: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    match retry(|| Ok(nix::unistd::write(fd.as_fd(), bytes)?)) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        answer => answer,
    }
}
