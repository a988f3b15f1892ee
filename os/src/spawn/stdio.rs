//! The pipes of a child, and the sockets that it inherits: made close-on-exec, the parent's ends non-blocking.
//!
//! ```text
//! stdin   parent writes --> child 0
//! stdout  parent reads  <-- child 1 (and 2, with redirect_stderr)
//! stderr  parent reads  <-- child 2
//! sockets                   child 3, 4, ...
//! line    parent reads  <-- child, at the number that it wants
//! ```
//!
//! The child's ends are kept above 2, and its sockets above all that are put in place, so that putting one in place
//! cannot hit another. Absent: the putting in place (the child does it).
#![allow(unsafe_code, reason = "pipe2 and fcntl; the descriptors are ours alone")]

use super::{Launch, StderrTo, StdinFrom};
use crate::fd;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

/// Both sides of a child's standard streams.
pub(super) struct Stdio {
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: Option<OwnedFd>,
    pub(super) line: Option<OwnedFd>,
    pub(super) child: ChildEnds,
    pub(super) pipe_size_refused: Option<i32>,
}

/// What becomes the child's 0, 1, 2 and, for sockets, 3, 4, ...; closed on this side when dropped.
pub(super) struct ChildEnds {
    stdin: Kept,
    stdout: OwnedFd,
    stderr: Option<OwnedFd>,
    #[expect(dead_code, reason = "keeps open what `raw_sockets` names")]
    sockets: Vec<Kept>,
    raw_sockets: Vec<RawFd>,
    line: Option<OwnedFd>,
}

enum Kept {
    Own(OwnedFd),
    Lent(Arc<OwnedFd>),
}

impl Kept {
    /// A descriptor of somebody's, or a copy of it that is not below `least`.
    fn above(fd: &Arc<OwnedFd>, least: RawFd) -> io::Result<Self> {
        match fd.as_raw_fd() >= least {
            true => Ok(Self::Lent(Arc::clone(fd))),
            false => fd::duplicate(fd.as_fd(), least).map(Self::Own),
        }
    }

    fn raw(&self) -> RawFd {
        match self {
            Self::Own(fd) => fd.as_raw_fd(),
            Self::Lent(fd) => fd.as_raw_fd(),
        }
    }
}

/// The first descriptor that a child with so many sockets does not have.
pub(super) fn end(sockets: usize) -> RawFd {
    RawFd::try_from(sockets).map_or(RawFd::MAX, |sockets| sockets.saturating_add(3))
}

impl ChildEnds {
    /// The sockets, none of them where one is to be put.
    pub(super) fn sockets(&self) -> &[RawFd] {
        &self.raw_sockets
    }

    /// The write end of the line's pipe, above where it is to be put.
    pub(super) fn line(&self) -> Option<RawFd> {
        self.line.as_ref().map(AsRawFd::as_raw_fd)
    }

    pub(super) fn raw(&self) -> [RawFd; 3] {
        let stdin = self.stdin.raw();
        [stdin, self.stdout.as_raw_fd(), self.stderr.as_ref().unwrap_or(&self.stdout).as_raw_fd()]
    }
}

/// Makes the pipes that a launch needs.
pub(super) fn make(launch: &Launch) -> io::Result<Stdio> {
    let (child_stdin, stdin) = match &launch.stdin {
        StdinFrom::Pipe => {
            let (read, write) = pipe()?;
            nonblocking(&write)?;
            (Kept::Own(read), Some(write))
        }
        StdinFrom::Descriptor(fd) => (Kept::above(fd, 3)?, None),
    };
    let (stdout, child_stdout) = output()?;
    let (stderr, child_stderr) = match launch.stderr {
        StderrTo::Pipe => output().map(|(read, write)| (Some(read), Some(write)))?,
        StderrTo::Stdout => (None, None),
    };
    let least = end(launch.sockets.len());
    let sockets: Vec<Kept> =
        launch.sockets.iter().map(|socket| Kept::above(&socket.fd, least)).collect::<io::Result<_>>()?;
    let (line, child_line) = match launch.line {
        Some(target) => {
            let (read, write) = output()?;
            // no descriptor may stand where it is put, nor be put in place onto itself
            let write = fd::duplicate(write.as_fd(), target.max(least).saturating_add(1))?;
            (Some(read), Some(write))
        }
        None => (None, None),
    };
    let refused = launch.pipe_size.and_then(|size| {
        [Some(&stdout), stderr.as_ref()].into_iter().flatten().find_map(|fd| resize(fd, size).err())
    });
    Ok(Stdio {
        stdin,
        stdout,
        stderr,
        line,
        child: ChildEnds {
            stdin: child_stdin,
            stdout: child_stdout,
            stderr: child_stderr,
            raw_sockets: sockets.iter().map(Kept::raw).collect(),
            sockets,
            line: child_line,
        },
        pipe_size_refused: refused.map(|error| crate::errno::of(&error)),
    })
}

fn output() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe()?;
    nonblocking(&read)?;
    Ok((read, write))
}

/// A pipe whose ends are both above 2 and close-on-exec.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    #[cfg(target_os = "linux")]
    let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    #[cfg(not(target_os = "linux"))]
    let (read, write) = {
        let (read, write) = nix::unistd::pipe()?;
        fd::set_cloexec(&read, true)?;
        fd::set_cloexec(&write, true)?;
        (read, write)
    };
    Ok((above_two(read)?, above_two(write)?))
}

fn above_two(end: OwnedFd) -> io::Result<OwnedFd> {
    if end.as_raw_fd() > 2 { Ok(end) } else { fd::duplicate(end.as_fd(), 3) }
}

fn nonblocking(end: &OwnedFd) -> io::Result<()> {
    // SAFETY: fcntl with an integer argument on our own descriptor; a new pipe has no other flag to keep.
    fd::check(unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) }).map(drop)
}

#[cfg(target_os = "linux")]
fn resize(end: &OwnedFd, size: u32) -> io::Result<()> {
    let size = libc::c_int::try_from(size).unwrap_or(libc::c_int::MAX);
    // SAFETY: fcntl with an integer argument on our own descriptor.
    fd::check(unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETPIPE_SZ, size) }).map(drop)
}

#[cfg(not(target_os = "linux"))]
fn resize(_end: &OwnedFd, _size: u32) -> io::Result<()> {
    Err(io::Error::from_raw_os_error(libc::ENOTSUP))
}
