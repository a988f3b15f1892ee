//! What the pages and log streams ask of the daemon.
//!
//! ```text
//!   page, stream ──► dyn Control ──► (the caller's) bridge ──► processes, log files
//! ```
//!
//! The trait is the whole border: names are texts as a person wrote them, refusals are the domain's faults,
//! bytes of a log come by a bounded channel. Absent: how any of it is done.

use bytes::Bytes;
use jsonrpsee::core::async_trait;
use std::fmt;
use tokio::sync::mpsc;
use treeherd_domain::fault::Fault;
use treeherd_domain::status::LocalTime;

/// What may be done with one process or with all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Start, and wait until it runs or has failed to.
    Start,
    /// Stop, and wait until it is down.
    Stop,
    /// The same before a start: what somebody has disabled is left as it is, and by its name refused.
    StopToStart,
    /// Empty its logs.
    Clear,
}

/// A log by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Log<'a> {
    /// The daemon's own.
    Main,
    /// A stream of a process.
    Process {
        /// The process, as given.
        name: &'a str,
        /// `stdout` or `stderr`, as given.
        channel: &'a str,
    },
}

/// A log that is being followed.
#[derive(Debug)]
pub struct Followed {
    /// When the file was written last, in milliseconds since the epoch.
    pub modified_ms: u64,
    /// Its last bytes, then all that come. It is followed for as long as this is held.
    pub bytes: mpsc::Receiver<Bytes>,
}

/// Why a log is not followed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FollowError {
    /// There is no such process, no such log, or no file.
    #[error("there is no such log")]
    Missing,
    /// There is one, and the system does not let it be followed; why, and what to do.
    #[error("{0}")]
    Refused(String),
}

/// The daemon, as pages and streams know it.
#[async_trait]
pub trait Control: Send + Sync {
    /// Whether this names one process.
    fn is_process(&self, name: &str) -> bool;

    /// Has one process do something and waits for the outcome.
    async fn one(&self, name: &str, verb: Verb) -> Result<(), Fault>;

    /// Has all processes do something and waits for the outcomes, whatever they are.
    async fn all(&self, verb: Verb) -> Result<(), Fault>;

    /// Why a process is as it is, in lines for people; must not block.
    fn why(&self, name: &str) -> Result<Vec<String>, Fault>;

    /// The last bytes of a process's standard output, as text.
    async fn tail(&self, name: &str, bytes: u32) -> Result<String, Fault>;

    /// Follows a log, from `last` bytes before its end.
    async fn follow(&self, log: Log<'_>, last: u64) -> Result<Followed, FollowError>;

    /// The local time of this moment.
    fn local_time(&self) -> LocalTime;
}

impl fmt::Debug for dyn Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Control")
    }
}

/// A daemon without processes and logs: what a [`Site`](crate::Site) has until it is given another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nobody;

#[async_trait]
impl Control for Nobody {
    fn is_process(&self, _: &str) -> bool {
        false
    }

    async fn one(&self, name: &str, _: Verb) -> Result<(), Fault> {
        Err(Fault::ProcessNotFound(name.to_owned()))
    }

    async fn all(&self, _: Verb) -> Result<(), Fault> {
        Ok(())
    }

    fn why(&self, name: &str) -> Result<Vec<String>, Fault> {
        Err(Fault::ProcessNotFound(name.to_owned()))
    }

    async fn tail(&self, name: &str, _: u32) -> Result<String, Fault> {
        Err(Fault::ProcessNotFound(name.to_owned()))
    }

    async fn follow(&self, _: Log<'_>, _: u64) -> Result<Followed, FollowError> {
        Err(FollowError::Missing)
    }

    fn local_time(&self) -> LocalTime {
        LocalTime::default()
    }
}
