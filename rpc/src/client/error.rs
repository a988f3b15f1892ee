//! Why a daemon could not be reached, or is none of ours.

use super::target::Target;
use jsonrpsee::core::ClientError;
use jsonrpsee_core::http_helpers::HttpError;
use jsonrpsee_http_client::transport;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the HTTP server inside a supervisord written in Python calls itself.
const PYTHON: &str = "Medusa/";

/// Why there is no connection.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing is at the socket's path.
    #[error("{path} no such file: supervisord is not running, or serverurl names another socket", path = path.display())]
    NoSuchSocket {
        /// The path.
        path: PathBuf,
    },
    /// Nobody listens there.
    #[error(
        "{target} refused connection: supervisord is not running there; start it, or correct serverurl"
    )]
    Refused {
        /// The address.
        target: Target,
    },
    /// The socket's mode forbids it.
    #[error("{path}: permission denied ({0}); run as its owner or root, or widen chmod in [unix_http_server]", Who { mode, owner_uid, our_uid }, path = path.display())]
    PermissionDenied {
        /// The path.
        path: PathBuf,
        /// Its permission bits; `None` if a directory above forbids to look.
        mode: Option<u32>,
        /// Its owner.
        owner_uid: Option<u32>,
        /// Who asks.
        our_uid: Option<u32>,
    },
    /// User or password are missing or wrong.
    #[error(
        "{target} requires authentication: the server answered 401; set username and password as in its [unix_http_server] or [inet_http_server]"
    )]
    Unauthorized {
        /// The address.
        target: Target,
    },
    /// A supervisord written in Python answers, and does not have what was asked for.
    #[error(
        "{target} is a supervisord written in Python ({answer}): it has Supervisor's own methods alone, by XML-RPC"
    )]
    XmlRpcOnly {
        /// The address.
        target: Target,
        /// What it said.
        answer: String,
    },
    /// It answers, and does not speak JSON-RPC: another program.
    #[error("{target} answers, but does not speak JSON-RPC ({answer}); it is another program")]
    NotOurs {
        /// The address.
        target: Target,
        /// What it said.
        answer: String,
    },
    /// It has too many connections.
    #[error("{target} is busy: the server answered 503; try again later")]
    Busy {
        /// The address.
        target: Target,
    },
    /// It did not answer in time.
    #[error("{target} did not answer within {after:?}; is it stopped or overloaded?")]
    Timeout {
        /// The address.
        target: Target,
        /// How long was waited.
        after: Duration,
    },
    /// Anything else.
    #[error("{target}: {message}")]
    Other {
        /// The address.
        target: Target,
        /// What happened.
        message: String,
    },
}

struct Who<'a> {
    mode: &'a Option<u32>,
    owner_uid: &'a Option<u32>,
    our_uid: &'a Option<u32>,
}

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.mode, self.owner_uid) {
            (Some(mode), Some(owner)) => write!(f, "its mode is {mode:04o}, its owner uid {owner}")?,
            _ => f.write_str("a directory above it cannot be searched")?,
        }
        match self.our_uid {
            Some(uid) => write!(f, ", ours {uid}"),
            None => Ok(()),
        }
    }
}

impl ConnectError {
    /// The cause of a failed `connect(2)` to a unix socket.
    pub(super) fn of_unix(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoSuchSocket { path: path.to_owned() },
            io::ErrorKind::PermissionDenied => Self::permission_denied(path),
            _ => Self::of_io(&Target::Unix(path.to_owned()), error),
        }
    }

    /// The cause of any other failed `connect(2)`.
    pub(super) fn of_io(target: &Target, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused { target: target.clone() },
            _ => Self::Other { target: target.clone(), message: error.to_string() },
        }
    }

    fn permission_denied(path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;
        let socket = std::fs::metadata(path).ok();
        // A process's directory below /proc belongs to its effective user: no system call of our own.
        let this = std::fs::metadata("/proc/self").ok();
        Self::PermissionDenied {
            path: path.to_owned(),
            mode: socket.as_ref().map(|m| m.mode() & 0o7777),
            owner_uid: socket.as_ref().map(MetadataExt::uid),
            our_uid: this.as_ref().map(MetadataExt::uid),
        }
    }

    /// Whether it is another program than ours that answers.
    pub(super) const fn is_of_another(&self) -> bool {
        matches!(self, Self::XmlRpcOnly { .. } | Self::NotOurs { .. })
    }

    /// What an HTTP status means that is not the answer to a call; `None` for success.
    pub(super) fn of_status(target: &Target, status: u16, server: Option<&str>) -> Option<Self> {
        let target = target.clone();
        match status {
            200..=299 => None,
            401 => Some(Self::Unauthorized { target }),
            503 => Some(Self::Busy { target }),
            413 => {
                let message = "the request is larger than the server accepts (413)".to_owned();
                Some(Self::Other { target, message })
            }
            _ => {
                let shown = server.map(|name| format!(", server {name}")).unwrap_or_default();
                let answer = format!("HTTP status {status}{shown}");
                Some(match server {
                    Some(name) if name.starts_with(PYTHON) => Self::XmlRpcOnly { target, answer },
                    _ => Self::NotOurs { target, answer },
                })
            }
        }
    }
}

/// The connection's error inside the error of a call, if that is why the call failed.
#[must_use]
pub fn connect_error(error: &ClientError) -> Option<&ConnectError> {
    let ClientError::Transport(cause) = error else { return None };
    let cause: &(dyn std::error::Error + 'static) = cause.as_ref();
    if let Some(found) = cause.downcast_ref() {
        return Some(found);
    }
    match cause.downcast_ref::<transport::Error>()? {
        transport::Error::Http(HttpError::Stream(inner)) => inner.downcast_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(mode: Option<u32>, owner_uid: Option<u32>, our_uid: Option<u32>) -> String {
        let path = PathBuf::from("/run/s.sock");
        ConnectError::PermissionDenied { path, mode, owner_uid, our_uid }.to_string()
    }

    #[test]
    fn a_refused_socket_says_whose_it_is() {
        assert_eq!(
            denied(Some(0o700), Some(0), Some(1000)),
            "/run/s.sock: permission denied (its mode is 0700, its owner uid 0, ours 1000); \
             run as its owner or root, or widen chmod in [unix_http_server]"
        );
        assert!(denied(None, None, None).contains("(a directory above it cannot be searched)"));
    }

    #[test]
    fn a_refused_connect_is_told_with_what_is_known_of_the_file() {
        let file = std::env::current_exe().expect("a test has a file");
        let error = ConnectError::of_unix(&file, &io::ErrorKind::PermissionDenied.into());
        let ConnectError::PermissionDenied { mode, owner_uid, our_uid, .. } = error else {
            panic!("{error}")
        };
        assert!(mode.is_some_and(|mode| mode & 0o400 != 0) && owner_uid.is_some() && our_uid.is_some());
    }

    #[test]
    fn statuses_are_told_apart() {
        let target = Target::Unix("/s".into());
        let told = |status| ConnectError::of_status(&target, status, Some("Medusa/1.12"));
        assert!(told(200).is_none());
        assert!(matches!(told(401), Some(ConnectError::Unauthorized { .. })));
        assert!(matches!(told(503), Some(ConnectError::Busy { .. })));
        assert!(matches!(told(413), Some(ConnectError::Other { .. })));
        let python = told(404).map(|e| e.to_string()).unwrap_or_default();
        assert!(python.contains("written in Python (HTTP status 404, server Medusa/1.12)"), "{python}");
        let other = ConnectError::of_status(&target, 404, Some("nginx"));
        assert!(matches!(other, Some(ConnectError::NotOurs { .. })));
    }
}
