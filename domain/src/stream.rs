//! The two output streams of a process, and where their bytes go.

use crate::rotation::Rotation;
use crate::syslog::SyslogTarget;
use std::fmt;
use std::path::PathBuf;

/// Standard output or standard error.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Stream {
    /// File descriptor 1.
    Stdout,
    /// File descriptor 2.
    Stderr,
}

impl Stream {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// The word of the configuration and the wire: `stdout`, `stderr`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    /// Reads `stdout` or `stderr`, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|s| s.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// `stdout_logfile` / `stderr_logfile`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Logfile {
    /// `AUTO`: a file that the daemon names, in `childlogdir`.
    #[default]
    Auto,
    /// `NONE`, `OFF`, or empty: no file.
    None,
    /// This file, absolute.
    Path(PathBuf),
    /// Several files, absolute.
    List {
        /// The log, as if it stood alone.
        log: PathBuf,
        /// Files that get the same.
        also: Vec<PathBuf>,
    },
}

impl Logfile {
    /// The log, if it is a file that the configuration names.
    #[must_use]
    pub const fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Auto | Self::None => None,
            Self::Path(log) | Self::List { log, .. } => Some(log),
        }
    }

    /// The files beside it.
    #[must_use]
    pub fn also(&self) -> &[PathBuf] {
        match self {
            Self::List { also, .. } => also,
            Self::Auto | Self::None | Self::Path(_) => &[],
        }
    }
}

impl fmt::Display for Logfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("AUTO"),
            Self::None => f.write_str("NONE"),
            Self::Path(log) => write!(f, "{}", log.display()),
            Self::List { log, also } => {
                write!(f, "{}", log.display())?;
                also.iter().try_for_each(|path| write!(f, ", {}", path.display()))
            }
        }
    }
}

/// All that the configuration says of one stream (the keys `stdout_*` or `stderr_*`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StreamSpec {
    /// `*_logfile`.
    pub logfile: Logfile,
    /// `*_logfile_maxbytes`, `*_logfile_backups`.
    pub rotation: Rotation,
    /// `*_capture_maxbytes`, in bytes; 0 is off.
    pub capture_maxbytes: u64,
    /// `*_events_enabled`.
    pub events_enabled: bool,
    /// `*_syslog`.
    pub syslog: bool,
    /// `*_syslog_target`.
    pub syslog_target: Vec<SyslogTarget>,
}

impl StreamSpec {
    /// The same log file, and nothing else.
    #[must_use]
    pub fn file_only(&self) -> Self {
        Self { logfile: self.logfile.clone(), rotation: self.rotation, ..Self::default() }
    }
}
