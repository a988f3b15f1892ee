//! `stopsequence`: the signals that tell a process to end, one after the other, each with a wait of its own.
//!
//! ```text
//! stopsequence = TERM:30s, INT:10s, KILL
//!                  │   │     │       `─ the end of every sequence, written or not: SIGKILL until it is gone
//!                  │   │     `─ sent if it is still there after 30 s
//!                  │   `─ how long it has; without one ten seconds
//!                  `─ sent at once
//! ```
//!
//! Absent: when a step is due (`lifecycle`), who sends it (the actor), the place of an error in a file (`config`).

use crate::duration::{self, DurationError, Shown};
use crate::signal::{Signal, SignalError};
use std::fmt;
use std::time::Duration;

/// The most signals of one sequence.
pub const MOST_SIGNALS: usize = 16;

/// How a process is told to end, beside `stopsignal` and `stopwaitsecs`. The default is: by those.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StopSpec {
    /// `stopsequence`; `None`: `stopsignal` with `stopwaitsecs`.
    pub sequence: Option<StopSequence>,
    /// `stop_command`, run in the place of the first signal.
    pub command: Option<String>,
}

impl StopSpec {
    /// How long a signal has that says nothing of it, as with `stopwaitsecs`.
    pub const WAIT: Duration = Duration::from_secs(10);
}

/// What is sent before SIGKILL. It may be nothing: then SIGKILL comes first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StopSequence(Vec<StopSignal>);

/// One signal of a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopSignal {
    /// Which.
    pub signal: Signal,
    /// How long it has before the next one follows.
    pub wait: Duration,
}

/// Why a text is no sequence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SequenceError {
    /// Nothing stands where a signal must.
    #[error("a signal is missing")]
    Missing,
    /// No such signal.
    #[error("{error}")]
    Signal {
        /// As it is written.
        word: String,
        /// What is wrong with it.
        error: SignalError,
    },
    /// The null signal, which tells nothing to anybody.
    #[error("signal 0 ends nothing: '{0}'")]
    Null(String),
    /// No span of time behind the colon.
    #[error("{error}")]
    Wait {
        /// The signal with what stands behind it.
        word: String,
        /// What is wrong with it.
        error: DurationError,
    },
    /// KILL in the middle.
    #[error("nothing can follow KILL: '{0}'")]
    AfterKill(String),
    /// KILL with a wait.
    #[error("KILL has no wait: '{0}'")]
    KillWait(String),
    /// More than [`MOST_SIGNALS`].
    #[error("more than {MOST_SIGNALS} signals")]
    Many,
}

impl SequenceError {
    /// The part of the text that is wrong; empty if it is the text as a whole.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Missing | Self::Many => "",
            Self::Wait { word, error } => match error.word() {
                "" => word,
                part => part,
            },
            Self::Signal { word, .. } | Self::Null(word) | Self::AfterKill(word) | Self::KillWait(word) => {
                word
            }
        }
    }

    /// What would be accepted.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Wait { error, .. } => error.help(),
            Self::AfterKill(_) => "end the sequence with KILL, or leave KILL out: it always comes last",
            Self::KillWait(_) => "write KILL alone: it is sent until the process is gone",
            Self::Missing | Self::Signal { .. } | Self::Null(_) | Self::Many => {
                "write signals with the time that each has, such as TERM:30s, INT:10s, KILL"
            }
        }
    }
}

impl StopSequence {
    /// Reads `TERM:30s, INT:10s, KILL`.
    ///
    /// # Errors
    /// [`SequenceError`].
    pub fn parse(text: &str) -> Result<Self, SequenceError> {
        let mut signals = Vec::new();
        let mut is_over = false;
        for word in text.split(',').map(str::trim) {
            if is_over {
                return Err(SequenceError::AfterKill(word.to_owned()));
            }
            match step(word)? {
                Some(_) if signals.len() == MOST_SIGNALS => return Err(SequenceError::Many),
                Some(signal) => signals.push(signal),
                None => is_over = true,
            }
        }
        Ok(Self(signals))
    }

    /// What is sent at this place, counted from 0; `None`: SIGKILL.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<StopSignal> {
        self.0.get(at).copied()
    }

    /// The signals before SIGKILL.
    pub fn signals(&self) -> impl Iterator<Item = StopSignal> {
        self.0.iter().copied()
    }
}

/// One item; `None` is KILL.
fn step(word: &str) -> Result<Option<StopSignal>, SequenceError> {
    let (name, wait) = match word.split_once(':') {
        Some((name, wait)) => (name.trim(), Some(wait)),
        None => (word, None),
    };
    if name.is_empty() {
        return Err(SequenceError::Missing);
    }
    let signal = Signal::parse(name);
    let signal = signal.map_err(|error| SequenceError::Signal { word: name.to_owned(), error })?;
    match (signal.number(), wait) {
        (0, _) => Err(SequenceError::Null(name.to_owned())),
        (number, None) if number == Signal::KILL.number() => Ok(None),
        (number, Some(_)) if number == Signal::KILL.number() => {
            Err(SequenceError::KillWait(word.to_owned()))
        }
        (_, None) => Ok(Some(StopSignal { signal, wait: StopSpec::WAIT })),
        (_, Some(wait)) => match duration::parse(wait) {
            Ok(wait) => Ok(Some(StopSignal { signal, wait })),
            Err(error) => Err(SequenceError::Wait { word: word.to_owned(), error }),
        },
    }
}

impl fmt::Display for StopSequence {
    /// As it could be written: `TERM:30s, INT:10s, KILL`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for StopSignal { signal, wait } in &self.0 {
            match signal.name() {
                Some(name) => write!(f, "{name}:{}, ", Shown(*wait))?,
                None => write!(f, "{}:{}, ", signal.number(), Shown(*wait))?,
            }
        }
        f.write_str("KILL")
    }
}
