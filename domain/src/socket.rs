//! A listening socket that programs share: `socket=` of an `[fcgi-program:x]`, and a `[socket:x]`.
//!
//! ```text
//! [fcgi-program:x] socket=          its processes have it as their standard input
//! [socket:x] <- sockets=x           the processes of every program that names it have it at 3, 4, ...
//! ```
//!
//! The daemon makes it, its processes accept from it, and a process that is restarted finds it as it was. Absent:
//! making it (`os`), and how long it is kept (`actors`).

use crate::account::Owner;
use std::fmt;
use std::path::PathBuf;

/// Where a socket listens.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SocketAddress {
    /// `tcp://host:port`.
    Tcp {
        /// The host, lower-cased.
        host: String,
        /// 1 to 65535.
        port: u16,
    },
    /// `unix:///path`, absolute.
    Unix(PathBuf),
    /// `unix://@name` (ours): a name of the kernel's, without a file. Linux only.
    Abstract(String),
}

impl fmt::Display for SocketAddress {
    /// As it is written in the log and compared.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Abstract(name) => write!(f, "unix://@{name}"),
        }
    }
}

/// A `[socket:x]` (ours): a socket that the programs inherit which name it in `sockets`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Socket {
    /// `x`: what `LISTEN_FDNAMES` calls it. Without a colon.
    pub name: String,
    /// Its keys; it has no `user`.
    pub spec: SocketSpec,
}

impl fmt::Display for Socket {
    /// Its name and where it listens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.spec.address)
    }
}

/// A socket as it is configured.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SocketSpec {
    /// `socket`.
    pub address: SocketAddress,
    /// `socket_backlog`; `None` is as many as the system allows.
    pub backlog: Option<u16>,
    /// `socket_owner`, of a file.
    pub owner: Option<Owner>,
    /// Whose the file is without `socket_owner`, unless the daemon is that user: that of `user`.
    pub user: Option<Owner>,
    /// `socket_mode`, of a file.
    pub mode: u32,
}

impl fmt::Display for SocketSpec {
    /// All of it in one line: the address, then what differs from the defaults.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if let Some(backlog) = self.backlog {
            write!(f, " backlog {backlog}")?;
        }
        if matches!(self.address, SocketAddress::Unix(_)) {
            if let Some(owner) = self.owner.or(self.user) {
                write!(f, " owner {owner}")?;
            }
            write!(f, " mode {:o}", self.mode)?;
        }
        Ok(())
    }
}
