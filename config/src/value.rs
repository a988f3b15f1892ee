//! The types of values: text to value, for the file and for the command line.
//!
//! Each converter takes the text after expansion. What it refuses it names in Supervisor's words;
//! [`ValueError::help`] says what would be accepted. Values that name files come out absolute.

pub use crate::path::{existing_directory, existing_dirpath, expand_user, main_log, normalize};

use crate::Accounts;
use crate::dialect::is_space;
use treeherd_domain::account::{Account, Owner};
use treeherd_domain::level::Level;
use treeherd_domain::quote::repr;
use treeherd_domain::signal::{Signal, SignalError};
use treeherd_domain::spec::Autorestart;
use treeherd_domain::syslog::{SyslogTarget, TargetError};

/// Why a text is no value of its type. The words are Supervisor's; the texts inside are quoted already
/// where it quotes them.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum ValueError {
    #[error("invalid literal for int() with base 10: {0}")]
    Integer(String),
    #[error("invalid literal for int() with base 10: {0}")]
    ByteSize(String),
    #[error("{0} is out of range")]
    Range(String),
    #[error("not a valid boolean value: {0}")]
    Boolean(String),
    #[error("{0} can not be converted to an octal type")]
    Octal(String),
    #[error("value {0} is not a valid signal name")]
    SignalName(String),
    #[error("value {0} is not a valid signal number")]
    SignalNumber(String),
    #[error("not a valid list of exit codes: {0}")]
    ExitCodes(String),
    #[error("invalid 'autorestart' value {0}")]
    Autorestart(String),
    #[error("bad logging level name {0}")]
    Level(String),
    #[error("{0} is not an existing directory")]
    Directory(String),
    #[error("The directory named as part of the path {0} does not exist")]
    Dirpath(String),
    #[error("Invalid user name {0}")]
    UserName(String),
    #[error("Invalid user id {0}")]
    UserId(String),
    #[error("Invalid user:group definition {0}")]
    UserGroup(String),
    #[error("Invalid name: {name} because of character: '{character}'")]
    Name { name: String, character: char },
    #[error("not a valid port number: {0} ")]
    Port(String),
    #[error("no port number specified in ''")]
    NoPort,
    #[error("{0} is above upper bound ({1})")]
    Above(i64, i64),
    #[error("{0} is below lower bound ({1})")]
    Below(i64, i64),
    #[error("value {0} is not a URL")]
    Url(String),
    #[error("not a valid stop order: {0}")]
    StopOrder(String),
    #[error("not a valid answer to a protocol error: {0}")]
    ProtocolError(String),
    #[error("not a factor from 1 to 100: {0}")]
    Factor(String),
    #[error("not a type of program: {0}")]
    ProcessType(String),
    #[error("not a percentage: {0}")]
    Percent(String),
    #[error("not a valid requires_restart: {0}")]
    RequiresRestart(String),
    #[error(transparent)]
    SyslogTarget(#[from] TargetError),
    #[error("not a valid {what}: {text}")]
    Word { what: &'static str, text: String, help: &'static str },
}

impl ValueError {
    /// What would be accepted.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Integer(_) => "write a whole number, such as 10",
            Self::ByteSize(_) => "write bytes, or a whole number of KB, MB or GB, such as 50MB",
            Self::Range(_) => "write a smaller number",
            Self::Boolean(_) => "write true or false (yes, no, on, off, 1, 0 do as well)",
            Self::Octal(_) => "write the digits 0 to 7 only, such as 022 or 0700",
            Self::SignalName(_) => "write a signal such as TERM, HUP, INT, QUIT, KILL, USR1 or USR2",
            Self::SignalNumber(_) => "write the number of a signal, or better its name, such as TERM",
            Self::ExitCodes(_) => "write numbers from 0 to 255 with commas between, such as 0,2",
            Self::Autorestart(_) => "write true, false or unexpected",
            Self::Level(_) => "write critical, error, warn, info, debug, trace or blather",
            Self::Directory(_) => "create the directory, or name one that exists",
            Self::Dirpath(_) => "create the directory, or name a file in one that exists",
            Self::UserName(_) | Self::UserId(_) => "name a user of this system (see `getent passwd`)",
            Self::UserGroup(_) => "write user or user:group, both known to this system",
            Self::Name { .. } => "a name has no space, colon or slash in it",
            Self::Port(_) | Self::NoPort => "write a port, or host:port, such as 127.0.0.1:9001",
            Self::Above(..) | Self::Below(..) => "write a number within the bounds",
            Self::Url(_) => "write a URL such as http://localhost:9001 or unix:///run/supervisor.sock",
            Self::StopOrder(_) => "write sequential or parallel",
            Self::Word { help, .. } => help,
            Self::ProtocolError(_) => "write restart or unknown",
            Self::ProcessType(_) => "write simple or oneshot",
            Self::Factor(_) => "write a number such as 2 or 1.5",
            Self::Percent(_) => "write a whole number from 0 to 100 and a percent sign, such as 20%",
            Self::RequiresRestart(_) => "write none, restart or stop",
            Self::SyslogTarget(_) => {
                "write udp://host:514, tcp://host:601 or unix:///dev/log, with ?format=rfc3164&facility=local0 if need be"
            }
        }
    }
}

/// A whole number, as Python reads one: a sign, white space around it, `_` between digits.
///
/// # Errors
/// [`ValueError::Integer`]; [`ValueError::Range`] beyond 64 bits.
pub fn integer(text: &str) -> Result<i64, ValueError> {
    let refused = || ValueError::Integer(repr(text));
    let (negative, digits) = digits(text, 10).ok_or_else(refused)?;
    let sign = if negative { "-" } else { "" };
    format!("{sign}{digits}").parse().map_err(|_| ValueError::Range(text.trim().to_owned()))
}

/// Whether there is a minus, and the bare digits of a number of `base`; `None` if it is none.
fn digits(text: &str, base: u32) -> Option<(bool, String)> {
    let text = text.trim_matches(is_space);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let unsigned = match unsigned.strip_prefix("0o").or_else(|| unsigned.strip_prefix("0O")) {
        Some(rest) if base == 8 => rest.strip_prefix('_').unwrap_or(rest),
        _ => unsigned,
    };
    let sound = unsigned.split('_').all(|run| !run.is_empty() && run.chars().all(|c| c.is_digit(base)));
    sound.then(|| (text.starts_with('-'), unsigned.replace('_', "")))
}

/// `yes true on 1` or `no false off 0`, in any case.
///
/// # Errors
/// [`ValueError::Boolean`].
pub fn boolean(text: &str) -> Result<bool, ValueError> {
    truth(&text.to_lowercase()).ok_or_else(|| ValueError::Boolean(repr(text)))
}

fn truth(lower: &str) -> Option<bool> {
    match lower {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Bytes: a whole number, or one with `KB`, `MB` or `GB` (of 1024) behind it, in any case.
///
/// # Errors
/// [`ValueError::ByteSize`] with the number part, lower-cased; [`ValueError::Range`].
pub fn byte_size(text: &str) -> Result<i64, ValueError> {
    let lower = text.to_lowercase();
    let units = [("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30)];
    let (number, unit) = units
        .into_iter()
        .find_map(|(suffix, unit)| lower.strip_suffix(suffix).map(|number| (number, unit)))
        .unwrap_or((&lower, 1));
    let number = integer(number).map_err(|error| match error {
        ValueError::Integer(text) => ValueError::ByteSize(text),
        error => error,
    })?;
    number.checked_mul(unit).ok_or_else(|| ValueError::Range(text.to_owned()))
}

/// Octal digits, with or without `0o`.
///
/// # Errors
/// [`ValueError::Octal`], also for a negative number.
pub fn octal(text: &str) -> Result<u32, ValueError> {
    let refused = || ValueError::Octal(text.to_owned());
    match digits(text, 8).ok_or_else(refused)? {
        (false, digits) => u32::from_str_radix(&digits, 8).map_err(|_| refused()),
        (true, _) => Err(refused()),
    }
}

/// A signal by number, or by name in any case, with or without `SIG`.
///
/// # Errors
/// [`ValueError::SignalName`], [`ValueError::SignalNumber`].
pub fn signal(text: &str) -> Result<Signal, ValueError> {
    Signal::parse(text).map_err(|error| match error {
        SignalError::Name(text) => ValueError::SignalName(repr(&text)),
        SignalError::Number(text) => ValueError::SignalNumber(repr(&text)),
    })
}

/// Numbers from 0 to 255 with commas between, as written. Empty is no code at all.
///
/// # Errors
/// [`ValueError::ExitCodes`].
pub fn exit_codes(text: &str) -> Result<Vec<i32>, ValueError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let code = |item| integer(item).ok().and_then(|n| u8::try_from(n).ok()).map(i32::from);
    let codes: Option<Vec<i32>> = text.split(',').map(code).collect();
    codes.ok_or_else(|| ValueError::ExitCodes(repr(text)))
}

/// A boolean word, or `unexpected`.
///
/// # Errors
/// [`ValueError::Autorestart`].
pub fn autorestart(text: &str) -> Result<Autorestart, ValueError> {
    let lower = text.to_lowercase();
    match truth(&lower) {
        Some(true) => Ok(Autorestart::Always),
        Some(false) => Ok(Autorestart::Never),
        None if lower == "unexpected" => Ok(Autorestart::Unexpected),
        None => Err(ValueError::Autorestart(repr(&lower))),
    }
}

/// A log level by its word, in any case.
///
/// # Errors
/// [`ValueError::Level`].
pub fn level(text: &str) -> Result<Level, ValueError> {
    Level::parse(text).map_err(|_| ValueError::Level(repr(text)))
}

/// The name of a group or process: stripped; no space, colon or slash.
///
/// # Errors
/// [`ValueError::Name`].
pub fn name(text: &str) -> Result<&str, ValueError> {
    let stripped = text.trim_matches(is_space);
    match [' ', ':', '/'].into_iter().find(|c| stripped.contains(*c)) {
        Some(character) => Err(ValueError::Name { name: repr(text), character }),
        None => Ok(stripped),
    }
}

/// Items with commas between, each stripped. Empty is no item at all.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    let items = (!text.is_empty()).then(|| text.split(','));
    items.into_iter().flatten().map(|item| item.trim_matches(is_space))
}

/// `port`, `:port`, `*:port`, `host:port`: the host, lower-cased, empty for every interface; and the port.
///
/// # Errors
/// [`ValueError::Port`], [`ValueError::NoPort`], [`ValueError::Above`], [`ValueError::Below`],
/// [`ValueError::Integer`].
pub fn inet_address(text: &str) -> Result<(String, u16), ValueError> {
    let Some((host, port)) = text.rsplit_once(':') else {
        return port_number(text)
            .map(|port| (String::new(), port))
            .map_err(|_| ValueError::Port(repr(text)));
    };
    if port.is_empty() {
        return Err(ValueError::NoPort);
    }
    let port = port_number(port)?;
    let host = if host == "*" { String::new() } else { host.to_lowercase() };
    Ok((host, port))
}

fn port_number(text: &str) -> Result<u16, ValueError> {
    match integer(text)? {
        number @ ..1 => Err(ValueError::Below(number, 1)),
        number => u16::try_from(number).map_err(|_| ValueError::Above(number, 65_535)),
    }
}

/// A URL: a scheme, and something after it. Which schemes there are is not asked.
///
/// # Errors
/// [`ValueError::Url`].
pub fn url(text: &str) -> Result<&str, ValueError> {
    let sound = text.split_once(':').is_some_and(|(scheme, rest)| {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(letter)
            && !rest.is_empty()
            && !rest.starts_with(['?', '#'])
    });
    if sound { Ok(text) } else { Err(ValueError::Url(repr(text))) }
}

/// A user by name or number.
///
/// # Errors
/// [`ValueError::UserName`], [`ValueError::UserId`].
pub fn user(text: &str, accounts: &dyn Accounts) -> Result<Account, ValueError> {
    match integer(text) {
        Ok(uid) => accounts.user(&uid.to_string()).ok_or_else(|| ValueError::UserId(text.to_owned())),
        Err(_) => accounts.user(text).ok_or_else(|| ValueError::UserName(text.to_owned())),
    }
}

/// `user` or `user:group`, each by name or number.
///
/// # Errors
/// [`ValueError::UserGroup`].
pub fn owner(text: &str, accounts: &dyn Accounts) -> Result<Owner, ValueError> {
    let refused = || ValueError::UserGroup(text.to_owned());
    let (name, group) = match text.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (text, None),
    };
    let uid = user(name, accounts).map_err(|_| refused())?.uid;
    let gid = match group {
        None => None,
        Some(group) => {
            let number = integer(group).map_or_else(|_| group.to_owned(), |gid| gid.to_string());
            Some(accounts.group(&number).ok_or_else(refused)?)
        }
    };
    Ok(Owner { uid: Some(uid), gid })
}

/// Syslog targets, with commas or blanks between.
///
/// # Errors
/// [`ValueError::SyslogTarget`].
pub fn syslog_targets(text: &str) -> Result<Vec<SyslogTarget>, ValueError> {
    let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    words.map(|word| SyslogTarget::parse(word).map_err(ValueError::from)).collect()
}
