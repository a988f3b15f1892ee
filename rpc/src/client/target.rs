//! The address of a daemon, as `serverurl` spells it.

use super::PATH;
use std::fmt;
use std::path::PathBuf;

/// Where a daemon listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// `unix:///run/supervisor.sock`.
    Unix(PathBuf),
    /// `http://host:port`.
    Http {
        /// A name or an address; an IPv6 address without its brackets.
        host: String,
        /// The port; 80 if the URL has none.
        port: u16,
    },
}

/// A text that is no address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "serverurl {url:?} is not an address: {reason}; write unix:///path/to/supervisor.sock or http://host:port"
)]
pub struct TargetError {
    /// The text as given.
    pub url: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Target {
    /// Reads a `serverurl`.
    ///
    /// # Errors
    /// [`TargetError`] for any scheme but `unix` and `http`, and for an empty path, host or bad port.
    pub fn parse(serverurl: &str) -> Result<Self, TargetError> {
        let fail = |reason| TargetError { url: serverurl.to_owned(), reason };
        if let Some(path) = serverurl.strip_prefix("unix://") {
            return match path {
                "" => Err(fail("the path is empty")),
                path => Ok(Self::Unix(PathBuf::from(path))),
            };
        }
        let rest = serverurl.strip_prefix("http://").ok_or_else(|| fail("the scheme is unknown"))?;
        let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
        if authority.contains('@') {
            return Err(fail("credentials go into username and password"));
        }
        let (host, port) = match authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
            Some((host, after)) => (host, after.strip_prefix(':')),
            None => authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            None => 80,
            Some(port) => port.parse().map_err(|_| fail("the port is not a number from 1 to 65535"))?,
        };
        match (host, port) {
            ("", _) => Err(fail("the host is empty")),
            (_, 0) => Err(fail("the port is not a number from 1 to 65535")),
            (host, port) => Ok(Self::Http { host: host.to_owned(), port }),
        }
    }

    /// What stands in the `Host` header.
    pub(super) fn authority(&self) -> String {
        match self {
            Self::Unix(_) => "localhost".to_owned(),
            Self::Http { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Http { host, port } => format!("{host}:{port}"),
        }
    }

    pub(super) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}{PATH}", self.authority())
    }
}

impl fmt::Display for Target {
    /// As `serverurl` spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Http { .. } => write!(f, "http://{}", self.authority()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_urls_are_read() {
        let http = |host: &str, port| Ok(Target::Http { host: host.to_owned(), port });
        assert_eq!(Target::parse("unix:///run/s.sock"), Ok(Target::Unix("/run/s.sock".into())));
        assert_eq!(Target::parse("http://localhost:9001"), http("localhost", 9001));
        assert_eq!(Target::parse("http://localhost:9001/"), http("localhost", 9001));
        assert_eq!(Target::parse("http://example.org"), http("example.org", 80));
        assert_eq!(Target::parse("http://[::1]:9001"), http("::1", 9001));
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        let table = [
            ("https://x:1", "the scheme is unknown"),
            ("/run/x.sock", "the scheme is unknown"),
            ("unix://", "the path is empty"),
            ("http://:9001", "the host is empty"),
            ("http://x:port", "the port is not a number from 1 to 65535"),
            ("http://x:0", "the port is not a number from 1 to 65535"),
            ("http://u:p@x:1", "credentials go into username and password"),
        ];
        for (url, reason) in table {
            assert_eq!(Target::parse(url).map_err(|e| e.reason), Err(reason), "{url}");
        }
    }

    #[test]
    fn a_target_reads_back_from_its_text() {
        for url in ["unix:///run/s.sock", "http://localhost:9001", "http://[::1]:9001"] {
            assert_eq!(Target::parse(url).map(|t| t.to_string()).as_deref(), Ok(url));
        }
    }
}
