//! Signals by number and by name, as Supervisor's `stopsignal` and `signal` accept them.
//!
//! The numbers are this platform's; the tables are here and not in `libc` because this crate has no
//! dependency on the system. Absent: sending one (`os`).

use std::fmt;

/// A signal number that the platform knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(i32);

/// Why a text is no signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// A name that the platform does not know.
    #[error("value '{0}' is not a valid signal name")]
    Name(String),
    /// A number that the platform does not know.
    #[error("value '{0}' is not a valid signal number")]
    Number(String),
}

#[cfg(target_os = "macos")]
const NAMES: &[(i32, &str)] = &[
    (1, "HUP"),
    (2, "INT"),
    (3, "QUIT"),
    (4, "ILL"),
    (5, "TRAP"),
    (6, "ABRT"),
    (7, "EMT"),
    (8, "FPE"),
    (9, "KILL"),
    (10, "BUS"),
    (11, "SEGV"),
    (12, "SYS"),
    (13, "PIPE"),
    (14, "ALRM"),
    (15, "TERM"),
    (16, "URG"),
    (17, "STOP"),
    (18, "TSTP"),
    (19, "CONT"),
    (20, "CHLD"),
    (21, "TTIN"),
    (22, "TTOU"),
    (23, "IO"),
    (24, "XCPU"),
    (25, "XFSZ"),
    (26, "VTALRM"),
    (27, "PROF"),
    (28, "WINCH"),
    (29, "INFO"),
    (30, "USR1"),
    (31, "USR2"),
    // aliases, after the names that are shown
    (6, "IOT"),
];

#[cfg(not(target_os = "macos"))]
const NAMES: &[(i32, &str)] = &[
    (1, "HUP"),
    (2, "INT"),
    (3, "QUIT"),
    (4, "ILL"),
    (5, "TRAP"),
    (6, "ABRT"),
    (7, "BUS"),
    (8, "FPE"),
    (9, "KILL"),
    (10, "USR1"),
    (11, "SEGV"),
    (12, "USR2"),
    (13, "PIPE"),
    (14, "ALRM"),
    (15, "TERM"),
    (16, "STKFLT"),
    (17, "CHLD"),
    (18, "CONT"),
    (19, "STOP"),
    (20, "TSTP"),
    (21, "TTIN"),
    (22, "TTOU"),
    (23, "URG"),
    (24, "XCPU"),
    (25, "XFSZ"),
    (26, "VTALRM"),
    (27, "PROF"),
    (28, "WINCH"),
    (29, "IO"),
    (30, "PWR"),
    (31, "SYS"),
    (34, "RTMIN"),
    (64, "RTMAX"),
    // aliases, after the names that are shown
    (17, "CLD"),
    (29, "POLL"),
    (6, "IOT"),
];

impl Signal {
    /// Ask to end.
    pub const TERM: Self = Self(15);
    /// End at once; cannot be caught.
    pub const KILL: Self = Self(9);
    /// Interrupt from the terminal.
    pub const INT: Self = Self(2);
    /// Hang-up.
    pub const HUP: Self = Self(1);
    /// Quit from the terminal.
    pub const QUIT: Self = Self(3);

    /// A signal by its number; any number that a process may have died of is allowed here.
    #[must_use]
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// The number, as `kill(2)` wants it. 0 is the null signal, which only tests for existence.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The name without `SIG`, if the platform has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name)
    }

    /// Reads a number, or a name in any case with or without `SIG`.
    ///
    /// # Errors
    /// [`SignalError`], worded as Supervisor words it. 0, the null signal, is accepted as there.
    pub fn parse(text: &str) -> Result<Self, SignalError> {
        let trimmed = text.trim();
        if let Ok(number) = trimmed.parse::<i32>() {
            return if number == 0 || Self(number).name().is_some() {
                Ok(Self(number))
            } else {
                Err(SignalError::Number(text.to_owned()))
            };
        }
        let upper = trimmed.to_ascii_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        NAMES
            .iter()
            .find(|(_, name)| *name == bare)
            .map(|(number, _)| Self(*number))
            .ok_or_else(|| SignalError::Name(text.to_owned()))
    }
}

impl fmt::Display for Signal {
    /// `SIGTERM`; `signal 42` for a number without a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "SIG{name}"),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read_in_every_form() {
        for text in ["TERM", "term", " SIGTERM ", "sigterm", "15"] {
            assert_eq!(Signal::parse(text), Ok(Signal::TERM), "{text}");
        }
        assert_eq!(Signal::parse("0").map(Signal::number), Ok(0));
        assert_eq!(Signal::parse("FOO").unwrap_err().to_string(), "value 'FOO' is not a valid signal name");
        assert_eq!(
            Signal::parse("999").unwrap_err().to_string(),
            "value '999' is not a valid signal number"
        );
    }

    #[test]
    fn aliases_are_read_but_not_shown() {
        assert_eq!(Signal::parse("IOT").map(|s| s.to_string()), Ok("SIGABRT".to_owned()));
        assert_eq!(Signal::from_number(42).to_string(), "signal 42");
    }
}
