//! A syslog target of an output stream: `udp://logs.example:514?format=rfc5424&facility=local0`.
//!
//! ```text
//!   udp://HOST[:PORT]   tcp://HOST[:PORT]   unix:///PATH          port 514 if none is given
//!     ?format=rfc5424|rfc3164 & facility=user...local7 & severity=emerg...debug & tag=NAME
//! ```
//!
//! Absent: sending, and the bytes of a message; both are the business of whoever has a socket.

use std::fmt;
use std::path::PathBuf;

/// The port of syslog where none is given.
const PORT: u16 = 514;
/// The longest APP-NAME of RFC 5424.
const LONGEST_TAG: usize = 48;

/// How a target is reached.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    /// Datagrams to a unix socket of this machine, as `/dev/log`.
    Unix(PathBuf),
    /// A datagram for each line.
    Udp {
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
    },
    /// One connection for all lines.
    Tcp {
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
    },
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = match self {
            Self::Unix(path) => return write!(f, "unix://{}", path.display()),
            Self::Udp { host, port } => ("udp", host, port),
            Self::Tcp { host, port } => ("tcp", host, port),
        };
        match host.contains(':') {
            true => write!(f, "{scheme}://[{host}]:{port}"),
            false => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

/// The form of a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Format {
    /// The syslog protocol: version, full time stamp, fields.
    #[default]
    Rfc5424,
    /// The BSD form, as `/dev/log` takes it.
    Rfc3164,
}

impl Format {
    /// Its word in a target.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rfc5424 => "rfc5424",
            Self::Rfc3164 => "rfc3164",
        }
    }
}

/// The facilities by name, with their numbers.
const FACILITIES: [(&str, u8); 20] = [
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("cron", 9),
    ("authpriv", 10),
    ("ftp", 11),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

/// The severities, the number of each being its place.
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// One target.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SyslogTarget {
    /// How it is reached.
    pub transport: Transport,
    /// What it is sent.
    pub format: Format,
    /// The facility's number; `user` is 1.
    pub facility: u8,
    /// The severity's number; `info` is 6.
    pub severity: u8,
    /// The name under which lines stand; `None`: the process's.
    pub tag: Option<String>,
}

/// A text that names no target.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a syslog target: '{target}' {reason}")]
pub struct TargetError {
    /// The text.
    pub target: String,
    /// What of it is wrong.
    pub reason: String,
}

impl SyslogTarget {
    /// Reads one target.
    ///
    /// # Errors
    /// [`TargetError`] with what is wrong.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let wrong = |reason| TargetError { target: text.to_owned(), reason };
        let (place, options) = text.split_once('?').unwrap_or((text, ""));
        let transport = transport(place).map_err(wrong)?;
        let (format, facility, severity) = (Format::default(), 1, 6);
        let mut target = Self { transport, format, facility, severity, tag: None };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            target.set(option).map_err(wrong)?;
        }
        Ok(target)
    }

    /// The number before each message.
    #[must_use]
    pub const fn priority(&self) -> u8 {
        self.facility * 8 + self.severity
    }

    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match name {
            "format" => {
                let known = [Format::Rfc5424, Format::Rfc3164];
                let found = known.into_iter().find(|format| format.as_str() == value);
                self.format = found.ok_or("has a format that is neither rfc5424 nor rfc3164")?;
            }
            "facility" => {
                let found = FACILITIES.iter().find(|(name, _)| *name == value);
                self.facility = found.ok_or_else(|| format!("has an unknown facility: {value}"))?.1;
            }
            "severity" => {
                let found = (0_u8..).zip(SEVERITIES).find(|(_, name)| *name == value);
                self.severity = found.ok_or_else(|| format!("has an unknown severity: {value}"))?.0;
            }
            "tag" => {
                let fits = !value.is_empty() && value.len() <= LONGEST_TAG;
                let is_plain =
                    value.bytes().all(|byte| byte.is_ascii_graphic() && !b",[]:".contains(&byte));
                if !fits || !is_plain {
                    return Err(format!(
                        "needs a tag of 1 to {LONGEST_TAG} letters, digits, '-', '_', '.'"
                    ));
                }
                self.tag = Some(value.to_owned());
            }
            name => return Err(format!("has an unknown option: {name}")),
        }
        Ok(())
    }
}

fn transport(place: &str) -> Result<Transport, String> {
    let (scheme, rest) = place.split_once("://").ok_or("has no scheme: udp://, tcp:// or unix://")?;
    if scheme == "unix" {
        let is_path = rest.starts_with('/') && rest.len() > 1;
        return is_path
            .then(|| Transport::Unix(PathBuf::from(rest)))
            .ok_or_else(|| "needs an absolute path, such as unix:///dev/log".to_owned());
    }
    let (host, port) = host_and_port(rest)?;
    match scheme {
        "udp" => Ok(Transport::Udp { host, port }),
        "tcp" => Ok(Transport::Tcp { host, port }),
        _ => Err("has a scheme that is none of udp, tcp, unix".to_owned()),
    }
}

/// `host`, `host:port`, `[::1]`, `[::1]:port`.
fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[').map(|text| text.split_once(']')) {
        Some(Some((host, ""))) => (host, None),
        Some(Some((host, after))) => {
            (host, Some(after.strip_prefix(':').ok_or("has something between ']' and the port")?))
        }
        Some(None) => return Err("has '[' without ']'".to_owned()),
        None => match text.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err("has an IPv6 address without brackets: write [::1]:514".to_owned());
            }
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || "/@[]".contains(c)) {
        return Err("needs a host".to_owned());
    }
    let port = match port {
        None => PORT,
        Some(port) => match port.parse::<u16>() {
            Ok(number @ 1..) if port.bytes().all(|byte| byte.is_ascii_digit()) => number,
            _ => return Err("needs a port from 1 to 65535".to_owned()),
        },
    };
    Ok((host.to_owned(), port))
}

impl fmt::Display for SyslogTarget {
    /// As it would be written, without what is the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.transport)?;
        let mut sign = '?';
        let mut option = |f: &mut fmt::Formatter<'_>, name: &str, value: &str| {
            let sign = std::mem::replace(&mut sign, '&');
            write!(f, "{sign}{name}={value}")
        };
        if self.format != Format::default() {
            option(f, "format", self.format.as_str())?;
        }
        if let Some((name, _)) = FACILITIES.iter().find(|(_, n)| *n == self.facility && *n != 1) {
            option(f, "facility", name)?;
        }
        if let Some(name) = SEVERITIES.get(usize::from(self.severity)).filter(|_| self.severity != 6) {
            option(f, "severity", name)?;
        }
        self.tag.iter().try_for_each(|tag| option(f, "tag", tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_reads_as_it_is_shown() {
        let table = [
            ("udp://logs", "udp://logs:514", 14),
            ("udp://10.0.0.1:1514", "udp://10.0.0.1:1514", 14),
            ("tcp://[::1]", "tcp://[::1]:514", 14),
            ("tcp://[fe80::1]:601?format=rfc3164", "tcp://[fe80::1]:601?format=rfc3164", 14),
            ("unix:///dev/log?format=rfc5424&severity=info&facility=user", "unix:///dev/log", 14),
            (
                "udp://a:1?tag=web&facility=local7&severity=err",
                "udp://a:1?facility=local7&severity=err&tag=web",
                187,
            ),
            ("udp://a:1?facility=kern&severity=emerg", "udp://a:1?facility=kern&severity=emerg", 0),
        ];
        for (text, shown, priority) in table {
            let target = SyslogTarget::parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((target.to_string().as_str(), target.priority()), (shown, priority), "{text}");
            assert_eq!(SyslogTarget::parse(shown), Ok(target), "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_told_with_the_reason() {
        let table = [
            ("logs:514", "has no scheme: udp://, tcp:// or unix://"),
            ("http://logs", "has a scheme that is none of udp, tcp, unix"),
            ("unix://dev/log", "needs an absolute path, such as unix:///dev/log"),
            ("unix:///", "needs an absolute path, such as unix:///dev/log"),
            ("udp://", "needs a host"),
            ("udp://me@logs", "needs a host"),
            ("udp://logs:", "needs a port from 1 to 65535"),
            ("udp://logs:0", "needs a port from 1 to 65535"),
            ("udp://logs:+5", "needs a port from 1 to 65535"),
            ("udp://logs:65536", "needs a port from 1 to 65535"),
            ("tcp://::1", "has an IPv6 address without brackets: write [::1]:514"),
            ("tcp://[::1", "has '[' without ']'"),
            ("tcp://[::1]514", "has something between ']' and the port"),
            ("udp://a?format=json", "has a format that is neither rfc5424 nor rfc3164"),
            ("udp://a?facility=local8", "has an unknown facility: local8"),
            ("udp://a?severity=bad", "has an unknown severity: bad"),
            ("udp://a?tag=", "needs a tag of 1 to 48 letters, digits, '-', '_', '.'"),
            ("udp://a?tag=a:b", "needs a tag of 1 to 48 letters, digits, '-', '_', '.'"),
            ("udp://a?colour=red", "has an unknown option: colour"),
        ];
        for (text, reason) in table {
            let error = SyslogTarget::parse(text).unwrap_err();
            assert_eq!(error.to_string(), format!("not a syslog target: '{text}' {reason}"));
        }
    }
}
