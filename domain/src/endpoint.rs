//! A configured control endpoint: `[unix_http_server]` or `[inet_http_server]`.

use crate::account::Owner;
use std::fmt;
use std::path::PathBuf;

/// Where an endpoint listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// A unix socket.
    Unix {
        /// `file`, absolute.
        file: PathBuf,
        /// `chmod`, default 0700.
        chmod: u32,
        /// `chown`.
        chown: Option<Owner>,
    },
    /// A TCP port.
    Inet {
        /// The host, lower-cased; empty means every interface.
        host: String,
        /// 1 to 65535.
        port: u16,
    },
}

impl fmt::Display for Address {
    /// As `SUPERVISOR_SERVER_URL` spells it: `unix:///run/x.sock`, `http://localhost:9001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix { file, .. } => write!(f, "unix://{}", file.display()),
            Self::Inet { host, port } => {
                let host = if host.is_empty() { "localhost" } else { host };
                write!(f, "http://{host}:{port}")
            }
        }
    }
}

/// `username` and `password` of an endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The Basic auth user, compared exactly.
    pub username: String,
    /// Clear text, or `{SHA}` and the 40 lower-case hex digits of the SHA-1.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// One control endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndpointSpec {
    /// The section as written: `unix_http_server`, `inet_http_server:second`.
    pub section: String,
    /// Where it listens.
    pub address: Address,
    /// Who may use it; `None`: whoever can reach it.
    pub credentials: Option<Credentials>,
}
