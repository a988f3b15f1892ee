//! Results as lines: pure functions, byte for byte Supervisor's.

use crate::ctl::fault;
use std::borrow::Cow;
use treeherd_rpc::wire::supervisor::{ConfigInfo, ProcessInfo};

/// What is being done to processes, as far as the wording of its results goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// `start`.
    Start,
    /// `stop`.
    Stop,
    /// `signal`.
    Signal,
    /// `clear`.
    Clear,
}

impl Deed {
    fn past(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Signal => "signalled",
            Self::Clear => "cleared",
        }
    }

    /// The fault that is told but does not count as a failure.
    #[must_use]
    pub fn ignored(self) -> Option<i32> {
        match self {
            Self::Start => Some(fault::ALREADY_STARTED),
            Self::Stop => Some(fault::NOT_RUNNING),
            Self::Signal | Self::Clear => None,
        }
    }
}

/// The full name as it is shown: `web`, `shop:api`.
#[must_use]
pub fn namespec(group: &str, name: &str) -> String {
    if group == name { name.to_owned() } else { format!("{group}:{name}") }
}

/// The line for one result: a fault number (80 is success) and the fault string.
#[must_use]
pub fn result(deed: Deed, namespec: &str, code: i32, description: &str) -> String {
    let reason = match (code, deed) {
        (fault::SUCCESS, _) => return format!("{namespec}: {}", deed.past()),
        (fault::BAD_NAME, _) => "no such process",
        (fault::NO_FILE, Deed::Start) => "no such file",
        (fault::NOT_EXECUTABLE, Deed::Start) => "file is not executable",
        (fault::ALREADY_STARTED, Deed::Start) => "already started",
        (fault::SPAWN_ERROR, Deed::Start) => "spawn error",
        (fault::ABNORMAL_TERMINATION, Deed::Start) => "abnormal termination",
        (fault::BAD_SIGNAL, Deed::Stop | Deed::Signal) => "bad signal name",
        (fault::NOT_RUNNING, Deed::Stop | Deed::Signal) => "not running",
        (fault::FAILED, Deed::Clear) => "failed",
        (fault::FAILED, _) => return description.to_owned(),
        // Supervisor dies of these with a traceback; the fault says what it is.
        _ => description,
    };
    format!("{namespec}: ERROR ({reason})")
}

/// One line of the table of `status`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row<'a> {
    /// The full name.
    pub namespec: String,
    /// The state's name.
    pub state: Cow<'a, str>,
    /// What is told of it.
    pub description: &'a str,
}

impl<'a> From<&'a ProcessInfo> for Row<'a> {
    fn from(process: &'a ProcessInfo) -> Self {
        let namespec = namespec(&process.group, &process.name);
        Self { namespec, state: Cow::Borrowed(&process.statename), description: &process.description }
    }
}

impl<'a> From<&'a treeherd_rpc::wire::ProcessInfo> for Row<'a> {
    fn from(process: &'a treeherd_rpc::wire::ProcessInfo) -> Self {
        let namespec = namespec(&process.group, &process.name);
        match process.waiting_for.as_slice() {
            [] => {
                Self { namespec, state: Cow::Borrowed(&process.state), description: &process.description }
            }
            missing => {
                let state = Cow::Owned(format!("WAITING({})", missing.join(", ")));
                Self { namespec, state, description: "" }
            }
        }
    }
}

/// The table of `status`.
#[must_use]
pub fn table(rows: &[Row<'_>]) -> String {
    let width = rows.iter().map(|row| row.namespec.chars().count()).max().unwrap_or(0).max(30) + 3;
    let line = |row: &Row<'_>| format!("{:width$}{:10}{}\n", row.namespec, row.state, row.description);
    rows.iter().map(line).collect()
}

/// One line of `avail`.
#[must_use]
pub fn avail(config: &ConfigInfo) -> String {
    let name = namespec(&config.group, &config.name);
    let inuse = if config.inuse { "in use" } else { "avail" };
    let autostart = if config.autostart { "auto" } else { "manual" };
    format!("{name:32} {inuse:9} {autostart:9} {}:{}", config.group_prio, config.process_prio)
}

/// The lines of `reread`: what differs, by group name.
#[must_use]
pub fn changes(added: &[String], changed: &[String], removed: &[String]) -> String {
    let mut lines: Vec<(&String, &str)> = added.iter().map(|name| (name, "available")).collect();
    lines.extend(changed.iter().map(|name| (name, "changed")));
    lines.extend(removed.iter().map(|name| (name, "disappeared")));
    if lines.is_empty() {
        return "No config updates to processes\n".to_owned();
    }
    lines.sort_unstable();
    lines.iter().map(|(name, what)| format!("{name}: {what}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn process(group: &str, name: &str, statename: &str, description: &str) -> ProcessInfo {
        ProcessInfo {
            name: name.to_owned(),
            group: group.to_owned(),
            start: 0,
            stop: 0,
            now: 0,
            state: 0,
            statename: statename.to_owned(),
            spawnerr: String::new(),
            exitstatus: 0,
            logfile: String::new(),
            stdout_logfile: String::new(),
            stderr_logfile: String::new(),
            pid: 0,
            description: description.to_owned(),
        }
    }

    fn shown(processes: &[ProcessInfo]) -> String {
        table(&processes.iter().map(Row::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_status_table_is_supervisors() {
        let rows = [
            process("cat", "cat", "RUNNING", "pid 23691, uptime 0:00:19"),
            process("exit0", "exit0", "EXITED", "Nov 22 02:52 PM"),
            process("grp", "a", "STOPPED", "Not started"),
        ];
        expect![[r"
            cat                              RUNNING   pid 23691, uptime 0:00:19
            exit0                            EXITED    Nov 22 02:52 PM
            grp:a                            STOPPED   Not started
        "]]
        .assert_eq(&shown(&rows));
        assert_eq!(shown(&[]), "");
    }

    #[test]
    fn the_first_column_grows_with_the_longest_name_by_characters() {
        let long = "x".repeat(35);
        let rows = [process(&long, &long, "STARTING", ""), process("öäü", "öäü", "RUNNING", "d")];
        let table = shown(&rows);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], format!("{long}   STARTING  "));
        assert_eq!(lines[1], format!("öäü{}RUNNING   d", " ".repeat(35)));
    }

    #[test]
    fn results_are_worded_by_deed() {
        for (deed, code, expected) in [
            (Deed::Start, 80, "g:a: started"),
            (Deed::Start, 10, "g:a: ERROR (no such process)"),
            (Deed::Start, 20, "g:a: ERROR (no such file)"),
            (Deed::Start, 21, "g:a: ERROR (file is not executable)"),
            (Deed::Start, 60, "g:a: ERROR (already started)"),
            (Deed::Start, 50, "g:a: ERROR (spawn error)"),
            (Deed::Start, 40, "g:a: ERROR (abnormal termination)"),
            (Deed::Start, 30, "TEXT"),
            (Deed::Stop, 80, "g:a: stopped"),
            (Deed::Stop, 10, "g:a: ERROR (no such process)"),
            (Deed::Stop, 70, "g:a: ERROR (not running)"),
            (Deed::Stop, 30, "TEXT"),
            (Deed::Signal, 80, "g:a: signalled"),
            (Deed::Signal, 11, "g:a: ERROR (bad signal name)"),
            (Deed::Signal, 70, "g:a: ERROR (not running)"),
            (Deed::Signal, 30, "TEXT"),
            (Deed::Clear, 80, "g:a: cleared"),
            (Deed::Clear, 10, "g:a: ERROR (no such process)"),
            (Deed::Clear, 30, "g:a: ERROR (failed)"),
            (Deed::Clear, 6, "g:a: ERROR (TEXT)"),
        ] {
            assert_eq!(result(deed, "g:a", code, "TEXT"), expected, "{deed:?} {code}");
        }
    }

    #[test]
    fn changes_are_sorted_by_name() {
        let names = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            changes(&names("newone a"), &names("quick"), &names("manual")),
            "a: available\nmanual: disappeared\nnewone: available\nquick: changed\n"
        );
        assert_eq!(changes(&[], &[], &[]), "No config updates to processes\n");
    }
}
