//! The listening sockets of the control endpoints, (`shared`) those of programs, and what is asked of sockets.
//!
//! ```text
//! unix: bind <file>.<pid> -> chmod, chown, listen -> link to <file>  --+-- done
//!         ^                                                           `-- taken: who is there?
//!         `-- unlink -- stale: nobody answers  <---------------------------'--> someone: in use
//! ```
//!
//! The file appears complete: with its mode and owner, and listening. Every part is bounded; nothing
//! but a socket is ever removed. Absent: accepting, and printing the notice about a stale file.

mod file;
mod inet;
mod shared;
mod unix;

use crate::errno;
pub use inet::bind_inet;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
pub use shared::{ShareError, SharedSocket, share};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use treeherd_domain::account::Owner;
pub use unix::{BoundUnix, UnixEndpointFile, bind_unix};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How long what was sent on a connection may stay unacknowledged, in milliseconds.
#[cfg(target_os = "linux")]
const UNANSWERED_MS: u32 = 30_000;

/// Ends a TCP connection whose other side is silent, so that it is not written to for a quarter of an hour.
///
/// # Errors
/// What `setsockopt(2)` says.
pub fn end_when_unanswered(stream: &impl AsFd) -> io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};
    setsockopt(stream, sockopt::KeepAlive, &true)?;
    #[cfg(target_os = "linux")]
    setsockopt(stream, sockopt::TcpUserTimeout, &UNANSWERED_MS)?;
    Ok(())
}

/// A stream socket that programs do not inherit by accident.
fn stream(family: AddressFamily) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    return Ok(socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?);
    #[cfg(not(target_os = "linux"))]
    {
        let fd = socket(family, SockType::Stream, SockFlag::empty(), None)?;
        crate::fd::set_cloexec(&fd, true)?;
        Ok(fd)
    }
}

/// Why an endpoint cannot listen. The texts are Supervisor's.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process listens there.
    #[error(
        "Another program is already listening on a port that one of our HTTP servers is configured to \
         use.  Shut this program down first before starting supervisord."
    )]
    InUse {
        /// The file, or host and port.
        place: String,
    },
    /// Something that is no socket has the file's name; it is left alone.
    #[error(
        "Cannot open an HTTP server: socket.error reported errno.{} ({})",
        errno::describe(libc::ENOTSOCK),
        libc::ENOTSOCK
    )]
    NotASocket {
        /// The file.
        file: PathBuf,
    },
    /// The path does not fit into a socket address.
    #[error("Cannot open an HTTP server: socket.error reported AF_UNIX path too long")]
    PathTooLong {
        /// The file.
        file: PathBuf,
        /// The most bytes that such a path may have.
        most: usize,
    },
    /// The socket may not be given to its owner.
    #[error(
        "Not permitted to chown {} to uid/gid {}; adjust \"sockchown\" value in config file or on \
         command line to values that the current user ({user}) can successfully chown",
        file.display(), ids(*owner)
    )]
    Chown {
        /// The file.
        file: PathBuf,
        /// Who was to have it.
        owner: Owner,
        /// Who we are.
        user: String,
    },
    /// The host has no address.
    #[error("Cannot open an HTTP server: socket.error reported -2")]
    UnknownHost {
        /// The host as configured.
        host: String,
        /// What the resolver says.
        source: io::Error,
    },
    /// Anything else.
    #[error(
        "Cannot open an HTTP server: socket.error reported errno.{} ({})",
        errno::describe(errno::of(source)),
        errno::of(source)
    )]
    Failed {
        /// The file, or host and port.
        place: String,
        /// Why.
        source: io::Error,
    },
}

/// A pair of ids as Python shows it; -1 leaves one as it is.
fn ids(owner: Owner) -> String {
    let id = |id: Option<u32>| id.map_or(-1, i64::from);
    format!("({}, {})", id(owner.uid), id(owner.gid))
}

impl BindError {
    /// Where, why, and what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::InUse { place } => {
                format!("{place} is in use: stop that daemon, or give this one another port or file")
            }
            Self::NotASocket { file } => {
                let file = file.display();
                format!("{file} exists and is no socket: move it away, or change `file`")
            }
            Self::PathTooLong { file, most } => {
                let (file, length) = (file.display(), file.as_os_str().len());
                format!("{file} has {length} bytes and {most} is the most for a socket: shorten `file`")
            }
            Self::Chown { file, .. } => {
                format!("only root may give {} away: change `chown`, or start as root", file.display())
            }
            Self::UnknownHost { host, source } => {
                format!("host {host} has no address ({source}): write an IP address into `port`")
            }
            Self::Failed { place, source } => match source.raw_os_error() {
                Some(libc::EACCES) => {
                    format!(
                        "{place}: {source}: check the directory's owner and mode, or use a port above 1023"
                    )
                }
                Some(libc::ENOENT) => format!("{place}: {source}: create the directory"),
                Some(libc::EADDRNOTAVAIL) => {
                    format!("{place}: {source}: this machine does not have that address")
                }
                _ => format!("{place}: {source}"),
            },
        }
    }
}
