//! Who asked for something, by which way, and in which words.

use std::fmt;
use std::net::SocketAddr;

/// Somebody's request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Who was at the other end.
    pub peer: Peer,
    /// The user whose name and password were given; `None` where none are asked for.
    pub user: Option<Box<str>>,
    /// The way.
    pub via: Via,
    /// What was called, sent or pressed: `supervisor.stopProcess`, `SIGTERM`, `stop`.
    pub what: Box<str>,
}

/// Who is at the other end, as the kernel tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// A process on this machine (`SO_PEERCRED`, or the sender of a signal).
    Local {
        /// Its process id, where the kernel tells it.
        pid: Option<i32>,
        /// Its user.
        uid: u32,
    },
    /// An address.
    Inet(SocketAddr),
    /// The kernel does not tell.
    Unknown,
}

/// The way by which something was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// XML-RPC.
    XmlRpc,
    /// JSON-RPC, by a POST or over a WebSocket.
    JsonRpc,
    /// A button of the status page.
    Page,
    /// A signal to the daemon.
    Signal,
    /// A call from inside the daemon's own process.
    Inside,
}

impl Via {
    /// One word for machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XmlRpc => "xmlrpc",
            Self::JsonRpc => "jsonrpc",
            Self::Page => "page",
            Self::Signal => "signal",
            Self::Inside => "inside",
        }
    }
}

impl Asked {
    /// A request that came by no wire.
    #[must_use]
    pub fn inside(what: &str) -> Self {
        Self { peer: Peer::Unknown, user: None, via: Via::Inside, what: what.into() }
    }

    /// A signal to the daemon.
    #[must_use]
    pub fn signal(name: &str, peer: Peer) -> Self {
        Self { peer, user: None, via: Via::Signal, what: name.into() }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { pid: Some(pid), uid } => write!(f, "uid {uid} (pid {pid})"),
            Self::Local { pid: None, uid } => write!(f, "uid {uid}"),
            Self::Inet(address) => write!(f, "{address}"),
            Self::Unknown => f.write_str("somebody unknown"),
        }
    }
}

impl fmt::Display for Asked {
    /// `supervisor.stopProcess over XML-RPC by uid 1000 (pid 4242)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, user, via, what } = self;
        match via {
            Via::XmlRpc => write!(f, "{what} over XML-RPC by ")?,
            Via::JsonRpc => write!(f, "{what} over JSON-RPC by ")?,
            Via::Page => write!(f, "{what} on the status page by ")?,
            Via::Signal => write!(f, "{what} to the daemon by ")?,
            Via::Inside => return write!(f, "{what}, from inside the daemon"),
        }
        match user {
            Some(user) => write!(f, "{} as user {}", peer, user.escape_debug()),
            None => write!(f, "{peer}"),
        }
    }
}
