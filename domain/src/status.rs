//! What is told of a process: its state by name and code, and Supervisor's one-line description.

use crate::exit::ExitStatus;
use crate::health::Condition;
use crate::lifecycle::State;
use crate::name::Namespec;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A process state as clients know it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ProcessState {
    /// Not running, by request or never started.
    Stopped,
    /// Spawned, or about to be; not yet up for `startsecs`.
    Starting,
    /// Up for more than `startsecs`.
    Running,
    /// Ended too soon; waits for its next attempt.
    Backoff,
    /// Told to end.
    Stopping,
    /// Ended from RUNNING.
    Exited,
    /// Could not be started.
    Fatal,
    /// A system call failed in a way that leaves its state unknown.
    Unknown,
}

impl ProcessState {
    /// All of them, by code.
    pub const ALL: [Self; 8] = [
        Self::Stopped,
        Self::Starting,
        Self::Running,
        Self::Backoff,
        Self::Stopping,
        Self::Exited,
        Self::Fatal,
        Self::Unknown,
    ];

    /// The upper-case name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Backoff => "BACKOFF",
            Self::Stopping => "STOPPING",
            Self::Exited => "EXITED",
            Self::Fatal => "FATAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Supervisor's number.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Stopped => 0,
            Self::Starting => 10,
            Self::Running => 20,
            Self::Backoff => 30,
            Self::Stopping => 40,
            Self::Exited => 100,
            Self::Fatal => 200,
            Self::Unknown => 1000,
        }
    }

    /// Reads the upper-case name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The "stopped" set: STOPPED, EXITED, FATAL, UNKNOWN.
    #[must_use]
    pub const fn is_stopped(self) -> bool {
        matches!(self, Self::Stopped | Self::Exited | Self::Fatal | Self::Unknown)
    }

    /// The "running" set: STARTING, RUNNING, BACKOFF.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Backoff)
    }

    /// The states in which a signal can be sent: STARTING, RUNNING, STOPPING.
    #[must_use]
    pub const fn is_signallable(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Stopping)
    }
}

impl fmt::Display for ProcessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A moment of local wall time, broken down: for display only, never for a decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LocalTime {
    /// The year, as written.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// 0 to 999.
    pub millis: u16,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl LocalTime {
    /// `%b %d %I:%M %p`, in English: `Nov 22 02:52 PM`.
    #[must_use]
    pub fn short(&self) -> String {
        let month = MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or("???");
        let hour = match self.hour % 12 {
            0 => 12,
            hour => hour,
        };
        let half = if self.hour < 12 { "AM" } else { "PM" };
        format!("{month} {:02} {hour:02}:{:02} {half}", self.day, self.minute)
    }
}

impl LocalTime {
    /// C's `ctime`, without its line feed: `Sun Nov  2 15:14:27 2026`.
    #[must_use]
    pub fn ctime(&self) -> String {
        const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
        // Sakamoto's rule: what each month adds, with the year beginning in March
        const SHIFTS: [i32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
        let month = usize::from(self.month).wrapping_sub(1);
        let year = self.year - i32::from(self.month < 3);
        let shift = SHIFTS.get(month).copied().unwrap_or_default();
        let day = year + year / 4 - year / 100 + year / 400 + shift + i32::from(self.day);
        let name = usize::try_from(day.rem_euclid(7)).ok().and_then(|day| DAYS.get(day)).copied();
        format!("{} {} {:04}", name.unwrap_or("???"), self.syslog(), self.year)
    }

    /// The stamp of the system's log: `Nov  2 15:14:27`.
    #[must_use]
    pub fn syslog(&self) -> String {
        let month = MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or("???");
        format!("{month} {:>2} {:02}:{:02}:{:02}", self.day, self.hour, self.minute, self.second)
    }
}

impl fmt::Display for LocalTime {
    /// The stamp of a log line: `2026-11-22 14:52:16,363`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, millis } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02},{millis:03}")
    }
}

/// `0:00:05`, `18:03:42`, `1 day, 0:00:01`, `12 days, 3:04:05`.
#[must_use]
pub fn uptime(up: Duration) -> String {
    let seconds = up.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        n => format!("{n} days, {clock}"),
    }
}

/// What a state is to clients of ours, where Supervisor's states do not say it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum View {
    /// What the state says.
    #[default]
    State,
    /// STARTING, but not spawned yet: it waits for this, each with what is the matter with it (`db`, `db: FATAL`).
    Waiting(Vec<String>),
    /// EXITED, having done what it was for.
    Completed,
}

impl View {
    /// What a state is; `missing` is what it waits for, should it do so.
    #[must_use]
    pub fn of(state: &State, is_oneshot: bool, missing: impl FnOnce() -> Vec<String>) -> Self {
        match state {
            State::Exited { expected: true, .. } if is_oneshot => Self::Completed,
            State::Waiting { .. } => Self::Waiting(missing()),
            _ => Self::State,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn name(&self, state: ProcessState) -> &'static str {
        match self {
            Self::State => state.as_str(),
            Self::Waiting(_) => "WAITING",
            Self::Completed => "COMPLETED",
        }
    }

    /// What is waited for.
    #[must_use]
    pub fn waiting_for(&self) -> &[String] {
        match self {
            Self::Waiting(missing) => missing,
            Self::State | Self::Completed => &[],
        }
    }

    /// How the state is shown: `WAITING(db, cache: FATAL)`.
    #[must_use]
    pub fn shown(&self, state: ProcessState) -> String {
        match self.waiting_for() {
            [] => self.name(state).to_owned(),
            missing => format!("WAITING({})", missing.join(", ")),
        }
    }
}

/// One process at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessStatus {
    /// Its full name.
    pub namespec: Namespec,
    /// Its state.
    pub state: ProcessState,
    /// The state as clients of ours see it.
    pub view: View,
    /// Whether an operator has disabled it.
    pub disabled: bool,
    /// Seconds since the epoch of the last spawn attempt; 0 never.
    pub start: i64,
    /// Seconds since the epoch when it was last reaped; 0 never.
    pub stop: i64,
    /// Seconds since the epoch of this reading.
    pub now: i64,
    /// The last spawn or exit error, or empty.
    pub spawnerr: String,
    /// How it last ended; `None` while it runs, before its first end, and after a quick exit.
    pub exit: Option<ExitStatus>,
    /// The stdout log, as configured or generated.
    pub stdout_logfile: Option<PathBuf>,
    /// The stderr log.
    pub stderr_logfile: Option<PathBuf>,
    /// The process id; 0 if there is no process.
    pub pid: i32,
    /// Which spawn this is, counted from 1; 0 before the first.
    pub incarnation: u64,
    /// Automatic and requested starts so far, less the first.
    pub restarts: u64,
    /// The attempt that BACKOFF waits for, or the current one.
    pub attempt: u32,
    /// The sequence number of the last event about it.
    pub seq: u64,
    /// Its readiness and health.
    pub condition: Condition,
}

impl ProcessStatus {
    /// Supervisor's `exitstatus`: the code, -1 for a signal, 0 for none.
    #[must_use]
    pub fn exitstatus(&self) -> i32 {
        self.exit.map_or(0, ExitStatus::code)
    }

    /// Supervisor's `description`, and that it is disabled where somebody has done that. `stopped_at` is
    /// [`stop`](Self::stop) in local time.
    #[must_use]
    pub fn description(&self, stopped_at: LocalTime) -> String {
        let description = self.supervisors(stopped_at);
        match (self.disabled, description.is_empty()) {
            (false, _) => description,
            (true, true) => "disabled".to_owned(),
            (true, false) => description + ", disabled",
        }
    }

    fn supervisors(&self, stopped_at: LocalTime) -> String {
        match self.state {
            ProcessState::Running => {
                let up = u64::try_from(self.now - self.start).unwrap_or(0);
                let up = uptime(Duration::from_secs(up));
                match self.condition.complaint() {
                    // only of a program whose configuration asks for more than Supervisor knows
                    Some(complaint) => format!("pid {}, uptime {up}, {complaint}", self.pid),
                    None => format!("pid {}, uptime {up}", self.pid),
                }
            }
            ProcessState::Fatal | ProcessState::Backoff if self.spawnerr.is_empty() => {
                format!("unknown error (try \"tail {}\")", self.namespec.process)
            }
            ProcessState::Fatal | ProcessState::Backoff => self.spawnerr.clone(),
            ProcessState::Stopped | ProcessState::Exited if self.start == 0 => "Not started".to_owned(),
            ProcessState::Stopped | ProcessState::Exited => stopped_at.short(),
            ProcessState::Starting => match self.view.waiting_for() {
                [] => String::new(),
                missing => format!("waits for {}", missing.join(", ")),
            },
            ProcessState::Stopping | ProcessState::Unknown => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptimes_read_as_supervisors() {
        let shown = [5, 65_022, 86_401, 12 * 86_400 + 11_045].map(|s| uptime(Duration::from_secs(s)));
        assert_eq!(shown, ["0:00:05", "18:03:42", "1 day, 0:00:01", "12 days, 3:04:05"]);
    }

    #[test]
    fn local_times_read_as_supervisors() {
        let time = LocalTime { year: 2026, month: 11, day: 2, hour: 14, minute: 5, second: 9, millis: 7 };
        assert_eq!(time.short(), "Nov 02 02:05 PM");
        assert_eq!(time.to_string(), "2026-11-02 14:05:09,007");
        assert_eq!(LocalTime { hour: 0, ..time }.short(), "Nov 02 12:05 AM");
        assert_eq!(time.ctime(), "Mon Nov  2 14:05:09 2026");
        assert_eq!(LocalTime { month: 2, day: 29, year: 2024, ..time }.ctime(), "Thu Feb 29 14:05:09 2024");
        assert_eq!(LocalTime { month: 1, day: 1, year: 2000, ..time }.ctime(), "Sat Jan  1 14:05:09 2000");
    }

    #[test]
    fn descriptions_read_as_supervisors() {
        let then = LocalTime { month: 11, day: 22, hour: 14, minute: 52, ..LocalTime::default() };
        let shown = |state, (start, stop, now), spawnerr: &str| {
            let status = ProcessStatus {
                namespec: Namespec::new(
                    crate::name::GroupName::new("g"),
                    crate::name::ProcessName::new("p"),
                ),
                state,
                view: View::State,
                disabled: false,
                start,
                stop,
                now,
                spawnerr: spawnerr.to_owned(),
                exit: None,
                stdout_logfile: None,
                stderr_logfile: None,
                pid: 42,
                incarnation: 1,
                restarts: 0,
                attempt: 0,
                seq: 0,
                condition: Condition::default(),
            };
            status.description(then)
        };
        use ProcessState::{Backoff, Exited, Fatal, Running, Starting, Stopped, Stopping, Unknown};
        let table = [
            (Running, (100, 0, 100), "", "pid 42, uptime 0:00:00"),
            (Running, (100, 0, 105), "old", "pid 42, uptime 0:00:05"),
            (Running, (100, 0, 65_122), "", "pid 42, uptime 18:03:42"),
            (Running, (0, 0, 86_400), "", "pid 42, uptime 1 day, 0:00:00"),
            (Running, (0, 0, 190_000), "", "pid 42, uptime 2 days, 4:46:40"),
            // the clock was set back
            (Running, (100, 0, 99), "", "pid 42, uptime 0:00:00"),
            (
                Fatal,
                (1, 2, 3),
                "Exited too quickly (process log may have details)",
                "Exited too quickly (process log may have details)",
            ),
            (Backoff, (1, 2, 3), "can't find command 'x'", "can't find command 'x'"),
            (Fatal, (1, 2, 3), "", "unknown error (try \"tail p\")"),
            (Backoff, (1, 2, 3), "", "unknown error (try \"tail p\")"),
            (Stopped, (0, 0, 3), "", "Not started"),
            (Exited, (0, 0, 3), "", "Not started"),
            (Stopped, (1, 2, 3), "", "Nov 22 02:52 PM"),
            (Exited, (1, 2, 3), "Bad exit code 3", "Nov 22 02:52 PM"),
            (Starting, (1, 2, 3), "x", ""),
            (Stopping, (1, 2, 3), "x", ""),
            (Unknown, (1, 2, 3), "x", ""),
        ];
        for (state, times, spawnerr, description) in table {
            assert_eq!(shown(state, times, spawnerr), description, "{state} {times:?}");
        }
    }

    #[test]
    fn states_have_supervisors_names_codes_and_sets() {
        let table = [
            ("STOPPED", 0, true, false, false),
            ("STARTING", 10, false, true, true),
            ("RUNNING", 20, false, true, true),
            ("BACKOFF", 30, false, true, false),
            ("STOPPING", 40, false, false, true),
            ("EXITED", 100, true, false, false),
            ("FATAL", 200, true, false, false),
            ("UNKNOWN", 1000, true, false, false),
        ];
        for (state, (name, code, stopped, running, signallable)) in ProcessState::ALL.into_iter().zip(table)
        {
            assert_eq!((state.as_str(), state.code()), (name, code));
            assert_eq!(ProcessState::parse(name), Some(state));
            assert_eq!(
                (state.is_stopped(), state.is_running(), state.is_signallable()),
                (stopped, running, signallable)
            );
        }
    }
}
