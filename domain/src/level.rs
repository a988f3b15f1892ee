//! The levels of the daemon's log.

use std::fmt;

/// A log level, from the least to the most talkative; the order is that of the file's threshold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// `critical`, `CRIT`.
    Critical,
    /// `error`, `ERRO`.
    Error,
    /// `warn`, `WARN`.
    Warn,
    /// `info`, `INFO`.
    Info,
    /// `debug`, `DEBG`.
    Debug,
    /// `trace`, `TRAC`.
    Trace,
    /// `blather`, `BLAT`.
    Blather,
}

/// Why a text is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad logging level name '{0}'")]
pub struct LevelError(pub String);

impl Level {
    /// All, least talkative first.
    pub const ALL: [Self; 7] =
        [Self::Critical, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace, Self::Blather];

    /// The word of the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
            Self::Blather => "blather",
        }
    }

    /// The four letters of a log line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Critical => "CRIT",
            Self::Error => "ERRO",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBG",
            Self::Trace => "TRAC",
            Self::Blather => "BLAT",
        }
    }

    /// Reads the word of the configuration, in any case. `warning` is not one.
    ///
    /// # Errors
    /// [`LevelError`] with the text as given.
    pub fn parse(text: &str) -> Result<Self, LevelError> {
        let lower = text.to_lowercase();
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == lower)
            .ok_or_else(|| LevelError(text.to_owned()))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
