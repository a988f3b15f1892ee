//! One process, as the native API tells of it.

use crate::wire::time;
use serde::{Deserialize, Serialize};
use std::path::Path;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::status::ProcessStatus;

/// One process at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessInfo {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// `RUNNING` and so on.
    pub state: String,
    /// Supervisor's number of the state.
    pub state_code: i32,
    /// `WAITING` or `COMPLETED`, where that says more than the state; else the state.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub view: String,
    /// WAITING: what it waits for, each with what is the matter with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting_for: Vec<String>,
    /// Whether an operator has disabled it (`process.disable`); absent if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// The process id; absent if there is no process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Which spawn this is, counted from 1; 0 before the first.
    pub incarnation: u64,
    /// Starts so far, less the first.
    pub restarts: u64,
    /// The attempt that BACKOFF waits for, or the current one.
    pub attempt: u32,
    /// The last spawn attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it was last reaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<String>,
    /// How long it has been up; absent if there is no process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_ms: Option<u64>,
    /// How it last ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ExitInfo>,
    /// The last spawn or exit error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spawn_error: Option<String>,
    /// Its log files.
    pub logs: LogPaths,
    /// Supervisor's one-line description.
    pub description: String,
    /// The number of the last event about it.
    pub seq: u64,
    /// Whether it can be used: `ready=`, or without that, whether it is RUNNING.
    #[serde(default)]
    pub ready: bool,
    /// `healthy`, `unhealthy`, or `unknown` where nothing is asked or nothing is known yet.
    #[serde(default)]
    pub health: String,
    /// Whether anything tells of its health: `health=`, `watchdog=`, or the program itself; absent if not, and then it stays
    /// `unknown`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_health: bool,
    /// Why it is not ready or not healthy, or why the last question failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_reason: Option<String>,
    /// What it says of itself (`STATUS=`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
}

/// Where the output goes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LogPaths {
    /// The stdout log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// The stderr log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
}

/// How a process ended.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExitInfo {
    /// Its exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The name of the signal that ended it: `SIGKILL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Whether it left a core dump.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub core: bool,
    /// Whether the end was expected (`exitcodes`); absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<bool>,
}

impl From<ExitStatus> for ExitInfo {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Code(code) => Self { code: Some(code), ..Self::default() },
            ExitStatus::Signaled { signal, core_dumped } => {
                Self { signal: Some(signal.to_string()), core: core_dumped, ..Self::default() }
            }
            ExitStatus::Unknown(_) => Self::default(),
        }
    }
}

impl From<(&ProcessStatus, String)> for ProcessInfo {
    /// Of a status and its description (which needs local time, and so another crate). `has_health` is not in a status.
    fn from((status, description): (&ProcessStatus, String)) -> Self {
        let is_up = status.pid != 0;
        let uptime_s = u64::try_from(status.now - status.start).unwrap_or(0);
        let path = |path: &Path| path.to_string_lossy().into_owned();
        Self {
            name: status.namespec.process.to_string(),
            group: status.namespec.group.to_string(),
            state: status.state.as_str().to_owned(),
            state_code: status.state.code(),
            view: status.view.name(status.state).to_owned(),
            waiting_for: status.view.waiting_for().to_vec(),
            disabled: status.disabled,
            pid: is_up.then_some(status.pid),
            incarnation: status.incarnation,
            restarts: status.restarts,
            attempt: status.attempt,
            started_at: time::from_seconds(status.start),
            stopped_at: time::from_seconds(status.stop),
            uptime_ms: is_up.then_some(uptime_s.saturating_mul(1000)),
            exit: status.exit.map(ExitInfo::from),
            spawn_error: Some(status.spawnerr.clone()).filter(|text| !text.is_empty()),
            logs: LogPaths {
                stdout: status.stdout_logfile.as_deref().map(path),
                stderr: status.stderr_logfile.as_deref().map(path),
            },
            description,
            seq: status.seq,
            ready: status.condition.readiness.is_ready(),
            health: status.condition.health.as_str().to_owned(),
            has_health: false,
            health_reason: some(&status.condition.reason),
            status_text: some(&status.condition.status),
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The answer of `process.list`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProcessList {
    /// The processes, by group, then by name.
    pub items: Vec<ProcessInfo>,
    /// The number of the last event they reflect: subscribe from here and nothing is missed.
    pub seq: u64,
}

/// An item of `process.watch`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ProcessChange {
    /// The first item: all that is watched.
    Snapshot {
        /// The processes.
        items: Vec<ProcessInfo>,
        /// The number of the last event they reflect.
        seq: u64,
    },
    /// A process changed, or came.
    Change {
        /// As it is now.
        item: Box<ProcessInfo>,
        /// The number of the event.
        seq: u64,
    },
    /// A process is no longer part of the tree.
    Gone {
        /// The process.
        name: String,
        /// Its group.
        group: String,
        /// The number of the event.
        seq: u64,
    },
    /// Items were dropped because the reader was too slow.
    Gap {
        /// How many.
        dropped: u64,
        /// The number of the next event that follows.
        resume_from: u64,
    },
    /// The last item.
    End {
        /// Why nothing follows.
        reason: String,
    },
}
