//! The ways to find out about a process: the values of `ready=`, `health=` and of a probe's `check=`.
//!
//! ```text
//! startsecs | fd:N | notify | log:/regex/ | tcp:HOST:PORT | http:URL | exec:CMD
//! '--- told by the process, or by time ---' '------- asked again and again -------'
//! ```
//!
//! `tcp://host:5432` and `http://host/path` mean the same as `tcp:` and `http:`. A missing host is this machine. Absent:
//! asking (`actors`), and how often ([`HealthSpec`](super::HealthSpec)).

use regex::bytes::{Regex, RegexBuilder};
use std::fmt;

/// The longest line that a pattern sees; of a longer one it sees the beginning.
pub const LONGEST_LINE: usize = 16 * 1024;
/// What a compiled pattern may take up, so that no configuration fills the memory.
const PATTERN_SIZE: usize = 1 << 20;
/// The greatest descriptor that may be asked for.
pub const GREATEST_FD: i32 = 255;

/// A way to find out about a process.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Check {
    /// It is up for `startsecs`.
    #[default]
    Startsecs,
    /// It writes a line to this descriptor, which it inherits.
    Fd(i32),
    /// It says so to its `NOTIFY_SOCKET`.
    Notify,
    /// A line of its output matches.
    Log(Pattern),
    /// It accepts a connection.
    Tcp(HostPort),
    /// It answers a GET with a status from 200 to 399.
    Http(HttpUrl),
    /// This command ends with status 0.
    Exec(String),
}

/// Why a text is no check. It carries the part of the text that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CheckError {
    /// No kind of check begins so.
    #[error("unknown kind of check: '{0}'")]
    Kind(String),
    /// `fd:` without a descriptor that can be inherited.
    #[error("not a descriptor from 3 to {GREATEST_FD}: '{0}'")]
    Fd(String),
    /// `log:` without slashes around the pattern.
    #[error("a pattern stands between slashes: '{0}'")]
    Slashes(String),
    /// The pattern is no regular expression, or too large a one.
    #[error("not a regular expression: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it, in one line.
        reason: String,
    },
    /// `tcp:` without a port.
    #[error("not a host and a port: '{0}'")]
    HostPort(String),
    /// `http:` without a URL.
    #[error("not a URL that can be asked for: '{0}'")]
    Url(String),
    /// `https`: there is no TLS here.
    #[error("https is not supported: '{0}'")]
    Https(String),
    /// `exec:` without a command.
    #[error("exec: has no command")]
    Command,
}

impl CheckError {
    /// The part of the text that is wrong; empty if something is missing.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Kind(word)
            | Self::Fd(word)
            | Self::Slashes(word)
            | Self::Pattern { pattern: word, .. }
            | Self::HostPort(word)
            | Self::Url(word)
            | Self::Https(word) => word,
            Self::Command => "",
        }
    }

    /// What would be accepted.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Kind(_) => {
                "write startsecs, notify, fd:3, log:/listening on/, tcp:127.0.0.1:5432, http://127.0.0.1:8080/healthz \
                 or exec:command"
            }
            Self::Fd(_) => "write the descriptor that the program writes its line to, such as fd:3",
            Self::Slashes(_) => "write log:/listening on/, or log:/listening on/i for any case",
            Self::Pattern { .. } => "mend the pattern; a percent sign is written as %%",
            Self::HostPort(_) => "write tcp:127.0.0.1:5432, tcp:[::1]:5432 or tcp:5432",
            Self::Url(_) => "write http://host:port/path without a user, a password or blanks",
            Self::Https(_) => {
                "ask a plain port of the program, or write exec:curl --fail --silent --max-time 4 URL"
            }
            Self::Command => "write the command, such as exec:pg_isready -q",
        }
    }
}

impl Check {
    /// Reads a check; white space around it does not count.
    ///
    /// # Errors
    /// [`CheckError`].
    pub fn parse(text: &str) -> Result<Self, CheckError> {
        let text = text.trim();
        let (kind, rest) = text.split_once(':').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
        match (kind.to_ascii_lowercase().as_str(), rest) {
            ("startsecs", None) => Ok(Self::Startsecs),
            ("notify", None) => Ok(Self::Notify),
            ("fd", Some(fd)) => descriptor(fd).map(Self::Fd),
            ("log", Some(pattern)) => Pattern::parse(pattern).map(Self::Log),
            ("tcp", Some(address)) => {
                let bare = address.strip_prefix("//").unwrap_or(address);
                HostPort::parse(bare).map(Self::Tcp).ok_or_else(|| CheckError::HostPort(address.to_owned()))
            }
            ("http", Some(url)) => HttpUrl::parse(url).map(Self::Http),
            ("https", Some(_)) => Err(CheckError::Https(text.to_owned())),
            ("exec", Some(command)) => match command.trim() {
                "" => Err(CheckError::Command),
                command => Ok(Self::Exec(command.to_owned())),
            },
            _ => Err(CheckError::Kind(kind.to_owned())),
        }
    }

    /// Whether somebody has to ask, again and again; the other kinds are told by the process, or by time.
    #[must_use]
    pub const fn is_asked(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Http(_) | Self::Exec(_) => true,
            Self::Startsecs | Self::Fd(_) | Self::Notify | Self::Log(_) => false,
        }
    }

    /// What it is about, for messages: `tcp 127.0.0.1:5432`, `http http://127.0.0.1:8080/healthz`, `exec pg_isready`.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Startsecs => "startsecs".to_owned(),
            Self::Fd(fd) => format!("fd {fd}"),
            Self::Notify => "notify".to_owned(),
            Self::Log(pattern) => format!("log {pattern}"),
            Self::Tcp(address) => format!("tcp {address}"),
            Self::Http(url) => format!("http {url}"),
            Self::Exec(command) => {
                let word = command.split_whitespace().next().unwrap_or_default();
                format!("exec {}", word.rsplit('/').next().unwrap_or_default())
            }
        }
    }
}

impl fmt::Display for Check {
    /// As [`Check::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Startsecs => f.pad("startsecs"),
            Self::Fd(fd) => write!(f, "fd:{fd}"),
            Self::Notify => f.pad("notify"),
            Self::Log(pattern) => write!(f, "log:{pattern}"),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Http(url) => write!(f, "{url}"),
            Self::Exec(command) => write!(f, "exec:{command}"),
        }
    }
}

fn descriptor(text: &str) -> Result<i32, CheckError> {
    let number = text.trim().parse().ok().filter(|fd| (3..=GREATEST_FD).contains(fd));
    number.ok_or_else(|| CheckError::Fd(text.to_owned()))
}

/// A regular expression over the bytes of a line.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Reads `/regex/`, or `/regex/i` for any case.
    fn parse(text: &str) -> Result<Self, CheckError> {
        let text = text.trim();
        let (inner, any_case) = match text.strip_suffix("/i") {
            Some(inner) if inner.len() > 1 => (inner, true),
            _ => (text.strip_suffix('/').unwrap_or_default(), false),
        };
        let inner = inner.strip_prefix('/').filter(|inner| !inner.is_empty());
        let Some(inner) = inner else { return Err(CheckError::Slashes(text.to_owned())) };
        let built = RegexBuilder::new(inner).case_insensitive(any_case).size_limit(PATTERN_SIZE).build();
        let refused = |error: regex::Error| CheckError::Pattern {
            pattern: inner.to_owned(),
            reason: reason_of(&error),
        };
        Ok(Self { text: text.to_owned(), regex: built.map_err(refused)? })
    }

    /// Whether a line matches, its end not included.
    #[must_use]
    pub fn matches(&self, line: &[u8]) -> bool {
        self.regex.is_match(line)
    }
}

/// What the library says, without the drawing around it.
fn reason_of(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => {
            let text = error.to_string();
            let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
            line.trim().strip_prefix("error: ").unwrap_or(line).to_owned()
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A host, by name or number, and a port.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HostPort {
    /// The host; an IPv6 address without its brackets.
    pub host: String,
    /// The port, above 0.
    pub port: u16,
}

impl HostPort {
    /// Reads `host:port`, `[::1]:port`, `:port` or `port`.
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port),
            None => ("", text),
        };
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port > 0)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match (bare, host) {
            (Some(bare), _) => bare,
            (None, "") => "127.0.0.1",
            (None, host) if host.contains(':') => return None,
            (None, host) => host,
        };
        let sound = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        (!host.is_empty() && host.chars().all(sound)).then(|| Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// What a GET asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HttpUrl {
    /// Whom it asks.
    pub address: HostPort,
    /// The path with its query, from its slash on.
    pub path: String,
}

impl HttpUrl {
    /// Reads what stands behind `http:`, which may be the whole URL once more.
    fn parse(text: &str) -> Result<Self, CheckError> {
        let text = text.trim();
        if text.to_ascii_lowercase().starts_with("https:") {
            return Err(CheckError::Https(text.to_owned()));
        }
        let refused = || CheckError::Url(text.to_owned());
        let rest = text.strip_prefix("http:").unwrap_or(text);
        let rest = rest.strip_prefix("//").ok_or_else(refused)?;
        let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let has_port = authority.rsplit_once(':').is_some_and(|(host, port)| {
            !port.contains(']') && (!host.contains(':') || host.ends_with(']'))
        });
        let with_port = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        let sound = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let address = HostPort::parse(&with_port).filter(|_| sound && !authority.is_empty());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { address: address.ok_or_else(refused)?, path })
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.address, self.path)
    }
}
