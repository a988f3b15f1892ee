//! One line of a history.

use super::Cause;
use crate::exit::ExitStatus;
use crate::lifecycle::{Policy, State};
use crate::signal::Signal;
use crate::status::ProcessState;
use crate::stream::Stream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Something that happened to a process, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its number, that of its event.
    pub seq: u64,
    /// When, for arithmetic.
    pub at: Instant,
    /// When, in milliseconds since the epoch, for display.
    pub at_ms: u64,
    /// What.
    pub change: Change,
    /// Why.
    pub cause: Arc<Cause>,
    /// The process id, also of a process that has just ended; 0 if there is none.
    pub pid: i32,
    /// Which spawn it belongs to.
    pub incarnation: u64,
    /// Failed attempts so far.
    pub attempt: u32,
    /// Of an end: what the process wrote last. Only the newest ends have it.
    pub tail: Option<Arc<Tail>>,
}

/// What became different.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// The state.
    State {
        /// The one it left.
        from: ProcessState,
        /// The one it is in now.
        to: ProcessState,
    },
    /// Something beside the state.
    Became {
        /// In a word: `ready`, `unhealthy`, `disabled`.
        what: &'static str,
        /// Whether others may suffer from it.
        is_bad: bool,
    },
}

impl Change {
    /// The state it led to, if it is a change of state.
    #[must_use]
    pub const fn to(&self) -> Option<ProcessState> {
        match self {
            Self::State { to, .. } => Some(*to),
            Self::Became { .. } => None,
        }
    }

    /// Whether others may suffer from it: it went down by itself, cannot come up, or became something bad.
    #[must_use]
    pub const fn is_bad(&self) -> bool {
        match self {
            Self::State { to, .. } => !matches!(to, ProcessState::Starting | ProcessState::Running),
            Self::Became { is_bad, .. } => *is_bad,
        }
    }
}

/// The end of a process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct End {
    /// How.
    pub status: ExitStatus,
    /// What that means where it happened.
    pub verdict: Verdict,
    /// How long it had lived; `None` where that is not known.
    pub lived: Option<Duration>,
    /// The first SIGKILL after `stopwaitsecs`, and how long before the end that was.
    pub killed: Option<Duration>,
    /// The last signal that was sent to it through the daemon, but for those of a stop.
    pub signalled: Option<Signalled>,
}

/// What an end means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It was told to end.
    Stopped,
    /// By itself, with one of `exitcodes`.
    Expected,
    /// By itself, with none of them.
    Unexpected,
    /// By itself, before it had been up for `startsecs`.
    TooSoon(Duration),
}

impl Verdict {
    /// What an end means to a process in this state: one of a oneshot may come as soon as it likes.
    #[must_use]
    pub fn of(state: State, status: ExitStatus, policy: &Policy) -> Self {
        let expected = policy.expects(status);
        match state {
            State::Stopping { .. } => Self::Stopped,
            State::Starting { .. } if !policy.completes(status) => Self::TooSoon(policy.startsecs),
            _ if expected => Self::Expected,
            _ => Self::Unexpected,
        }
    }
}

/// A signal that had been sent to a process: somebody asked for it, or `health_action` did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signalled {
    /// Which.
    pub signal: Signal,
    /// Who asked for it, or what brought it about.
    pub why: Arc<Cause>,
    /// When.
    pub at: Instant,
}

/// The last bytes that a process wrote, as they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tail {
    /// To which stream.
    pub stream: Stream,
    /// The bytes; perhaps from the middle of a line on.
    pub bytes: Box<[u8]>,
    /// Whether there was more before them.
    pub is_cut: bool,
}

impl Tail {
    /// Its last lines, at most `most`: bytes that are no text, and characters that a terminal would obey, are escaped.
    #[must_use]
    pub fn lines(&self, most: usize) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut lines: Vec<&str> = text.lines().collect();
        if self.is_cut && lines.len() > 1 {
            lines.remove(0); // the rest of a line whose beginning is not kept
        }
        let from = lines.len().saturating_sub(most);
        lines[from..].iter().map(|line| harmless(line.trim_end())).collect()
    }
}

/// Text that a terminal shows and does not obey.
pub(super) fn harmless(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => shown.push(c),
            c if c.is_control() || is_invisible(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Marks that turn the direction of writing: what stands behind them would be read as something else.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
