//! Processes as a supervisord written in Python tells of them, in our terms.
//!
//! | field | from `getAllProcessInfo` |
//! |---|---|
//! | `name`, `group`, `state`, `stateCode`, `description`, `logs` | as they are |
//! | `pid`, `uptimeMs`, `startedAt`, `stoppedAt`, `spawnError` | 0 and empty are none; times are whole seconds |
//! | `exit` | a code if there is one; of an end by a signal nothing but that it was one |
//! | `restarts`, `incarnation`, `attempt`, `seq` | not told ([`UNKNOWN`]) |
//!
//! Nor is `autorestart`: whether something that has EXITED comes back shows by the time that it does not. Absent:
//! asking (see [`news`](crate::ctl::news) and [`survey`](crate::ctl::survey)).

use treeherd_domain::status::ProcessState;
use treeherd_rpc::wire::supervisor::ProcessInfo as Told;
use treeherd_rpc::wire::time::from_seconds;
use treeherd_rpc::wire::{ExitInfo, LogPaths, ProcessInfo};

/// The fields that such a daemon has not; what stands in them is made up.
pub(super) const UNKNOWN: [&str; 4] = ["attempt", "incarnation", "restarts", "seq"];

/// How long such a daemon takes at most to start again what has EXITED and is to be started again: it looks once in a
/// second. Its times are whole seconds.
const RETURN_S: i64 = 3;

/// A process, and whether it may still come back by itself although it has EXITED.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    pub(super) process: ProcessInfo,
    pub(super) may_return: bool,
}

impl From<ProcessInfo> for Seen {
    /// Of our daemon: its configuration tells what returns.
    fn from(process: ProcessInfo) -> Self {
        Self { process, may_return: false }
    }
}

impl From<Told> for Seen {
    /// Of a daemon written in Python.
    fn from(told: Told) -> Self {
        let has_exited = told.state == ProcessState::Exited.code();
        // a clock that was set back says nothing
        let may_return = has_exited && (0..RETURN_S).contains(&(told.now - told.stop));
        Self { process: process(told), may_return }
    }
}

/// The process; every field of [`UNKNOWN`] is 0, but `incarnation` is 1 for what was ever started.
fn process(told: Told) -> ProcessInfo {
    let is_up = told.pid != 0;
    let uptime_s = u64::try_from(told.now - told.start).unwrap_or(0);
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    ProcessInfo {
        exit: exit(&told),
        name: told.name,
        group: told.group,
        view: told.statename.clone(),
        ready: told.statename == "RUNNING",
        health: "unknown".to_owned(),
        has_health: false,
        health_reason: None,
        status_text: None,
        waiting_for: Vec::new(),
        state: told.statename,
        state_code: told.state,
        pid: is_up.then_some(told.pid),
        incarnation: u64::from(told.start > 0),
        restarts: 0,
        attempt: 0,
        started_at: from_seconds(told.start),
        stopped_at: from_seconds(told.stop),
        uptime_ms: is_up.then_some(uptime_s.saturating_mul(1000)),
        spawn_error: some(told.spawnerr),
        logs: LogPaths { stdout: some(told.stdout_logfile), stderr: some(told.stderr_logfile) },
        description: told.description,
        disabled: false,
        seq: 0,
    }
}

/// How it ended. 0 is told of what has not ended too: it counts where there was an end.
fn exit(told: &Told) -> Option<ExitInfo> {
    let has_exited = told.state == ProcessState::Exited.code();
    let was_stopped =
        told.state == ProcessState::Stopped.code() && told.stop > 0 && told.stop >= told.start;
    match told.exitstatus {
        _ if told.pid != 0 => None,
        0 if has_exited || was_stopped => Some(ExitInfo { code: Some(0), ..ExitInfo::default() }),
        0 => None,
        code if code > 0 => Some(ExitInfo { code: Some(code), ..ExitInfo::default() }),
        _ => Some(ExitInfo::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(state: ProcessState, exitstatus: i32, ended_before_s: i64) -> Told {
        Told {
            name: "api".to_owned(),
            group: "shop".to_owned(),
            start: 1_000_000_000,
            stop: 1_000_000_100,
            now: 1_000_000_100 + ended_before_s,
            state: state.code(),
            statename: state.as_str().to_owned(),
            spawnerr: String::new(),
            exitstatus,
            logfile: "/o".to_owned(),
            stdout_logfile: "/o".to_owned(),
            stderr_logfile: String::new(),
            pid: 0,
            description: "d".to_owned(),
        }
    }

    #[test]
    fn a_process_is_told_in_our_terms() {
        let up = Told { pid: 7, spawnerr: "x".to_owned(), ..told(ProcessState::Running, 0, 5) };
        let Seen { process, may_return } = Seen::from(up);
        assert_eq!((process.pid, process.uptime_ms, may_return), (Some(7), Some(105_000), false));
        assert_eq!(process.started_at.as_deref(), Some("2001-09-09T01:46:40.000Z"));
        assert_eq!((process.exit, process.spawn_error.as_deref()), (None, Some("x")));
        assert_eq!(process.logs, LogPaths { stdout: Some("/o".to_owned()), stderr: None });
        let never = Told { start: 0, stop: 0, ..told(ProcessState::Stopped, 0, 0) };
        let never = Seen::from(never).process;
        assert_eq!((never.incarnation, never.started_at, never.stopped_at), (0, None, None));
        assert_eq!((never.pid, never.uptime_ms, never.exit), (None, None, None));
    }

    #[test]
    fn an_end_is_told_where_there_was_one() {
        let code = |code| Some(ExitInfo { code: Some(code), ..ExitInfo::default() });
        for (state, status, expected) in [
            (ProcessState::Exited, 0, code(0)),
            (ProcessState::Exited, 3, code(3)),
            (ProcessState::Exited, -1, Some(ExitInfo::default())),
            (ProcessState::Stopped, 0, code(0)),
            (ProcessState::Stopped, -1, Some(ExitInfo::default())),
            (ProcessState::Fatal, 0, None),
            (ProcessState::Fatal, 1, code(1)),
            (ProcessState::Backoff, 0, None),
        ] {
            assert_eq!(Seen::from(told(state, status, 9)).process.exit, expected, "{state:?} {status}");
        }
    }

    #[test]
    fn what_has_exited_may_return_for_a_moment() {
        for (state, age, expected) in [
            (ProcessState::Exited, 0, true),
            (ProcessState::Exited, 2, true),
            (ProcessState::Exited, 3, false),
            (ProcessState::Exited, -5, false),
            (ProcessState::Stopped, 0, false),
        ] {
            assert_eq!(Seen::from(told(state, 0, age)).may_return, expected, "{state:?} {age}");
        }
    }
}
