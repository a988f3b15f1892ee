//! How a process ended.

use crate::signal::Signal;
use std::fmt;

/// The end of a process as `wait(2)` tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitStatus {
    /// It called `exit`, with this code (0 to 255).
    Code(i32),
    /// A signal ended it.
    Signaled {
        /// Which one.
        signal: Signal,
        /// Whether the kernel wrote a core file.
        core_dumped: bool,
    },
    /// A raw status that is neither (kept, so that nothing is lost).
    Unknown(i32),
}

impl ExitStatus {
    /// Supervisor's number for it: the code, or -1 where there is none.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signaled { .. } | Self::Unknown(_) => -1,
        }
    }

    /// What a shell makes of it: the code, or 128 and the signal's number.
    #[must_use]
    pub fn shell_code(self) -> u8 {
        match self {
            Self::Code(code) => u8::try_from(code & 0xff).unwrap_or(1),
            Self::Signaled { signal, .. } => u8::try_from(128 + signal.number()).unwrap_or(255),
            Self::Unknown(_) => 255,
        }
    }

    /// Whether one of these signals (`clean_signals`) ended it, and left no core behind.
    #[must_use]
    pub fn is_clean(self, signals: &[Signal]) -> bool {
        match self {
            Self::Signaled { signal, core_dumped: false } => signals.contains(&signal),
            Self::Signaled { .. } | Self::Code(_) | Self::Unknown(_) => false,
        }
    }

    /// Whether the code is one of `exitcodes`; a signal never is.
    #[must_use]
    pub fn is_expected(self, exitcodes: &[i32]) -> bool {
        match self {
            Self::Code(code) => exitcodes.contains(&code),
            Self::Signaled { .. } | Self::Unknown(_) => false,
        }
    }
}

impl fmt::Display for ExitStatus {
    /// Supervisor's `<how>`: `exit status 1`, `terminated by SIGSEGV (core dumped)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signaled { signal, core_dumped } => {
                let core = if *core_dumped { " (core dumped)" } else { "" };
                write!(f, "terminated by {signal}{core}")
            }
            Self::Unknown(raw) => write!(f, "unknown termination cause 0x{raw:04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_worded_as_supervisor_words_them() {
        let killed = ExitStatus::Signaled { signal: Signal::KILL, core_dumped: false };
        let dumped = ExitStatus::Signaled { signal: Signal::from_number(11), core_dumped: true };
        assert_eq!(ExitStatus::Code(3).to_string(), "exit status 3");
        assert_eq!(killed.to_string(), "terminated by SIGKILL");
        assert_eq!(dumped.to_string(), "terminated by SIGSEGV (core dumped)");
        assert_eq!(ExitStatus::Unknown(0x7f).to_string(), "unknown termination cause 0x007f");
    }

    #[test]
    fn a_signal_is_never_expected() {
        let killed = ExitStatus::Signaled { signal: Signal::KILL, core_dumped: false };
        assert!(ExitStatus::Code(2).is_expected(&[0, 2]));
        assert!(!killed.is_expected(&[-1]));
        assert_eq!(killed.code(), -1);
    }

    #[test]
    fn a_clean_signal_is_one_that_is_named_and_leaves_no_core() {
        let ended = |signal, core_dumped| ExitStatus::Signaled { signal, core_dumped };
        let clean = [Signal::TERM, Signal::HUP];
        assert!(ended(Signal::TERM, false).is_clean(&clean) && ended(Signal::HUP, false).is_clean(&clean));
        assert!(!ended(Signal::INT, false).is_clean(&clean) && !ended(Signal::TERM, true).is_clean(&clean));
        assert!(!ExitStatus::Code(15).is_clean(&clean) && !ended(Signal::TERM, false).is_clean(&[]));
    }
}
