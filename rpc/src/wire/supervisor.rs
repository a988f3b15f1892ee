//! Supervisor's own shapes: field names and types are its, to the letter.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::path::Path;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::Namespec;
use treeherd_domain::plan::Plan;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessStatus;

/// The answer of `getState`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct State {
    /// 2 FATAL, 1 RUNNING, 0 RESTARTING, -1 SHUTDOWN.
    pub statecode: i32,
    /// Its name.
    pub statename: String,
}

/// The latest time that Supervisor tells: XML-RPC's integers have 32 bits.
const LATEST: i64 = i32::MAX as i64;

/// The answer of `getProcessInfo`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProcessInfo {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// Seconds since the epoch of the last spawn attempt; 0 never.
    pub start: i64,
    /// Seconds since the epoch of its last end; 0 never.
    pub stop: i64,
    /// Seconds since the epoch, by the daemon's clock.
    pub now: i64,
    /// The number of its state.
    pub state: i32,
    /// The name of its state.
    pub statename: String,
    /// The last spawn or exit error, or empty.
    pub spawnerr: String,
    /// The exit code; -1 for a signal; 0 if there is none.
    pub exitstatus: i32,
    /// As `stdout_logfile`.
    pub logfile: String,
    /// The stdout log, or empty.
    pub stdout_logfile: String,
    /// The stderr log, or empty.
    pub stderr_logfile: String,
    /// The process id; 0 if there is none.
    pub pid: i32,
    /// One line about it.
    pub description: String,
}

impl From<(&ProcessStatus, String)> for ProcessInfo {
    /// Of a status and its description (which needs local time, and so another crate).
    fn from((status, description): (&ProcessStatus, String)) -> Self {
        let text = |path: &Option<std::path::PathBuf>| {
            path.as_deref().map(Path::to_string_lossy).unwrap_or_default().into_owned()
        };
        let stdout_logfile = text(&status.stdout_logfile);
        Self {
            name: status.namespec.process.to_string(),
            group: status.namespec.group.to_string(),
            start: status.start.min(LATEST),
            stop: status.stop.min(LATEST),
            now: status.now.min(LATEST),
            state: status.state.code(),
            statename: status.state.as_str().to_owned(),
            spawnerr: status.spawnerr.clone(),
            exitstatus: status.exitstatus(),
            logfile: stdout_logfile.clone(),
            stdout_logfile,
            stderr_logfile: text(&status.stderr_logfile),
            pid: status.pid,
            description,
        }
    }
}

/// A value, or the text `none` or `auto`, or a boolean: Supervisor's loosely typed fields.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Loose {
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text, among them `none` and `auto`.
    Text(String),
}

impl Loose {
    /// The text that stands for an unset value.
    #[must_use]
    pub fn none() -> Self {
        Self::Text("none".to_owned())
    }

    /// The text that stands for a value that the daemon chooses.
    #[must_use]
    pub fn auto() -> Self {
        Self::Text("auto".to_owned())
    }
}

fn none() -> String {
    "none".to_owned()
}

/// One row of `getAllConfigInfo`, in Supervisor's order. What 4.3 and older daemons do not tell has a default.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the key of that name in the configuration file")]
pub struct ConfigInfo {
    pub autostart: bool,
    #[serde(default = "Loose::none")]
    pub autorestart: Loose,
    #[serde(default = "none")]
    pub directory: String,
    /// The user id, or `none`.
    #[serde(default = "Loose::none")]
    pub uid: Loose,
    pub command: String,
    pub exitcodes: Vec<i32>,
    pub group: String,
    pub group_prio: i64,
    /// Whether a group of that name is active.
    pub inuse: bool,
    pub killasgroup: bool,
    pub name: String,
    pub process_prio: i64,
    pub redirect_stderr: bool,
    pub startretries: i64,
    pub startsecs: i64,
    pub stdout_capture_maxbytes: u64,
    pub stdout_events_enabled: bool,
    pub stdout_logfile: String,
    pub stdout_logfile_backups: i64,
    pub stdout_logfile_maxbytes: i64,
    #[serde(default)]
    pub stdout_syslog: bool,
    pub stopsignal: i32,
    pub stopwaitsecs: i64,
    pub stderr_capture_maxbytes: u64,
    pub stderr_events_enabled: bool,
    pub stderr_logfile: String,
    pub stderr_logfile_backups: i64,
    pub stderr_logfile_maxbytes: i64,
    #[serde(default)]
    pub stderr_syslog: bool,
    #[serde(default = "none")]
    pub serverurl: String,
}

/// One row of the group and "all" methods.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusRow {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// 80 for success, else the fault number.
    pub status: i32,
    /// `OK`, or the fault string.
    pub description: String,
}

impl StatusRow {
    /// Supervisor's number for success.
    pub const SUCCESS: i32 = 80;

    /// The row of an outcome.
    #[must_use]
    pub fn new(target: &Namespec, outcome: &Result<(), Fault>) -> Self {
        let (status, description) = match outcome {
            Ok(()) => (Self::SUCCESS, "OK".to_owned()),
            Err(fault) => (fault.code(), fault.to_string()),
        };
        Self { name: target.process.to_string(), group: target.group.to_string(), status, description }
    }

    /// Whether it did what was asked.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.status == Self::SUCCESS
    }
}

/// `true` for one process, rows for a whole group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TrueOrStatuses {
    /// The answer for one process; always `true`, a failure is an error.
    True(bool),
    /// The answer for a whole group.
    Statuses(Vec<StatusRow>),
}

/// A number as a client writes it: `5` or, as Supervisor takes it too, `"5"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Number(pub i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match SignalName::deserialize(deserializer)? {
            SignalName::Number(number) => Ok(Self(number)),
            SignalName::Name(text) => text.trim().parse().map(Self).map_err(D::Error::custom),
        }
    }
}

/// A yes or no as a client writes it: `true` or, as Supervisor takes it too, `1`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Bool(bool),
            Number(i64),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Bool(flag) => Self(flag),
            Written::Number(number) => Self(number != 0),
        })
    }
}

/// A signal as a client names it: `"TERM"`, `"SIGTERM"`, `"15"` or `15`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SignalName {
    /// By number.
    Number(i64),
    /// By name, or by number in a text.
    Name(String),
}

impl SignalName {
    /// What it means.
    ///
    /// # Errors
    /// [`Fault::BadSignal`] with the text as given.
    pub fn parse(&self) -> Result<Signal, Fault> {
        let text = self.to_string();
        Signal::parse(&text).map_err(|_| Fault::BadSignal(text))
    }
}

impl fmt::Display for SignalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl From<&str> for SignalName {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

/// `[data, offset, overflow]`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tail(
    /// The text.
    pub String,
    /// The file's size: the offset for the next call.
    pub i64,
    /// Whether there was more than was asked for.
    pub bool,
);

/// `[[added, changed, removed]]`, three lists of group names in a list of one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reread([(Vec<String>, Vec<String>, Vec<String>); 1]);

impl Reread {
    /// The three lists.
    #[must_use]
    pub const fn new(added: Vec<String>, changed: Vec<String>, removed: Vec<String>) -> Self {
        Self([(added, changed, removed)])
    }

    /// Added, changed, removed.
    #[must_use]
    pub fn into_lists(self) -> (Vec<String>, Vec<String>, Vec<String>) {
        let [lists] = self.0;
        lists
    }
}

impl From<&Plan> for Reread {
    fn from(plan: &Plan) -> Self {
        Self::new(
            plan.add.iter().map(|g| g.name.to_string()).collect(),
            plan.change.iter().map(|c| c.new.name.to_string()).collect(),
            plan.remove.iter().map(|g| g.name.to_string()).collect(),
        )
    }
}
