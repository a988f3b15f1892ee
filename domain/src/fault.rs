//! What a caller may be told when a call cannot be carried out.
//!
//! [`Fault`] is the one list of refusals. Supervisor's fault numbers are its [`code`](Fault::code);
//! the wire's codes and kinds stand in one table in `rpc`. Absent: errors of our own making (a bug is
//! reported as [`Fault::Crashed`] with an incident id, and logged).

use crate::name::{GroupName, Namespec};

/// A refusal or failure, with what it is about.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// The daemon is shutting down or restarting.
    #[error("SHUTDOWN_STATE")]
    ShutdownState,
    /// Parameters that make no sense together, and why; empty where Supervisor says no more.
    #[error("BAD_ARGUMENTS{}", detail(.0))]
    BadArguments(String),
    /// No such process, or a group where a process is needed; the name as given.
    #[error("BAD_NAME: {0}")]
    ProcessNotFound(String),
    /// No such group; the name as given.
    #[error("BAD_NAME: {0}")]
    GroupNotFound(String),
    /// A selector that is well formed and matches nothing.
    #[error("BAD_NAME: {0}")]
    NothingMatched(String),
    /// A text that is no selector, and why.
    #[error("BAD_NAME: {0}")]
    BadSelector(String),
    /// Not a signal; as given.
    #[error("BAD_SIGNAL: {0}")]
    BadSignal(String),
    /// A program or log file that is missing; empty where none is configured.
    #[error("NO_FILE{}", detail(.0))]
    NoFile(String),
    /// A command that cannot be executed, and why.
    #[error("NOT_EXECUTABLE: {0}")]
    NotExecutable(String),
    /// The system refused (a kill, a file operation), and why.
    #[error("FAILED: {0}")]
    Failed(String),
    /// It ended while its start was being waited for.
    #[error("ABNORMAL_TERMINATION: {0}")]
    AbnormalTermination(Namespec),
    /// It could not be spawned or ended before `startsecs`.
    #[error("SPAWN_ERROR: {namespec}")]
    SpawnError {
        /// Which process.
        namespec: Namespec,
        /// The message of the failed attempt (`spawnerr`).
        spawnerr: String,
    },
    /// It is STARTING, RUNNING or BACKOFF already.
    #[error("ALREADY_STARTED: {0}")]
    AlreadyStarted(Namespec),
    /// It is in a state in which that cannot be done.
    #[error("NOT_RUNNING: {0}")]
    NotRunning(Namespec),
    /// There is no way to have it read its configuration anew; the name as given.
    #[error("NO_RELOAD: {0}")]
    NoReload(String),
    /// The group is active already.
    #[error("ALREADY_ADDED: {0}")]
    AlreadyAdded(GroupName),
    /// The group still has processes that are not stopped.
    #[error("STILL_RUNNING: {0}")]
    StillRunning(GroupName),
    /// The configuration is invalid; Supervisor's message, then the whole report.
    #[error("CANT_REREAD: {message}")]
    CantReread {
        /// The first error, as Supervisor words it.
        message: String,
        /// Every error with file, line and caret.
        report: String,
    },
    /// The wait ended; the work goes on.
    #[error("TIMEOUT: {namespec} is not done after {waited:?}; it goes on")]
    WaitTimeout {
        /// Which process.
        namespec: Namespec,
        /// How long the call waited.
        waited: std::time::Duration,
    },
    /// It was restarted, and does not become ready.
    #[error("NOT_READY: {namespec}: {why}")]
    NotReady {
        /// Which process.
        namespec: Namespec,
        /// What was seen of it.
        why: String,
    },
    /// It was left as it is: the rolling restart that it belongs to came to no turn of it.
    #[error("NOT_RESTARTED: {namespec}: {why}")]
    NotRestarted {
        /// Which process.
        namespec: Namespec,
        /// Why it had no turn.
        why: String,
    },
    /// A part of the daemon failed while it was asked; it restarts by itself.
    #[error("FAILED: internal error, incident {incident}; see the daemon's log")]
    Crashed {
        /// The id under which the daemon's log tells more.
        incident: String,
    },
}

/// A message without the word that it begins with for clients of Supervisor: `FAILED: it is gone` is `it is gone`. A word
/// alone is left.
#[must_use]
pub fn plain(message: &str) -> &str {
    let is_word = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    match message.split_once(": ") {
        Some((word, rest)) if is_word(word) => rest,
        _ => message,
    }
}

fn detail(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

impl Fault {
    /// A start of a process that somebody has disabled.
    #[must_use]
    pub fn disabled(namespec: &Namespec) -> Self {
        let spawnerr = format!("{namespec} is disabled; `supervisorctl enable {namespec}` comes first");
        Self::SpawnError { namespec: namespec.clone(), spawnerr }
    }

    /// An instance of a template is to be disabled.
    #[must_use]
    pub fn passing(namespec: &Namespec) -> Self {
        Self::Failed(format!(
            "{namespec} is an instance of a template: it is gone once it is stopped, and no other has its name; \
             `supervisorctl stop {namespec}` does that"
        ))
    }

    /// The message to whoever asked for one process by this name: Supervisor shows a name as it is given.
    #[must_use]
    pub fn message_for(&self, name: &str) -> String {
        let word = match self {
            Self::AbnormalTermination(_) => "ABNORMAL_TERMINATION",
            Self::SpawnError { .. } => "SPAWN_ERROR",
            Self::AlreadyStarted(_) => "ALREADY_STARTED",
            Self::NotRunning(_) => "NOT_RUNNING",
            other => return other.to_string(),
        };
        format!("{word}: {name}")
    }

    /// Supervisor's fault number.
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::BadArguments(_) => 3,
            Self::ShutdownState => 6,
            Self::ProcessNotFound(_)
            | Self::GroupNotFound(_)
            | Self::NothingMatched(_)
            | Self::BadSelector(_) => 10,
            Self::BadSignal(_) => 11,
            Self::NoFile(_) => 20,
            Self::NotExecutable(_) => 21,
            Self::Failed(_)
            | Self::NoReload(_)
            | Self::WaitTimeout { .. }
            | Self::NotReady { .. }
            | Self::NotRestarted { .. }
            | Self::Crashed { .. } => 30,
            Self::AbnormalTermination(_) => 40,
            Self::SpawnError { .. } => 50,
            Self::AlreadyStarted(_) => 60,
            Self::NotRunning(_) => 70,
            Self::AlreadyAdded(_) => 90,
            Self::StillRunning(_) => 91,
            Self::CantReread { .. } => 92,
        }
    }
}
