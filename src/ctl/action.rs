//! The actions of `supervisorctl`: their names, what they take, their help.
//!
//! One table serves the command line, `help`, the usage shown after an error, and TAB completion.
//! Absent: carrying them out (`control`, `inspect`, `reconfigure`, `daemon`, `logs`, `foreground`).

/// What the words behind an action are completed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completes {
    /// Names of actions.
    Actions,
    /// Names of groups.
    Groups,
    /// Names of processes, and `group:*`.
    Processes,
    /// Nothing.
    Nothing,
}

/// One action.
#[derive(Debug)]
pub struct Action {
    /// The word to type.
    pub name: &'static str,
    /// What its words are completed to.
    pub completes: Completes,
    /// Its help, which is also its usage; lines, each ended.
    pub help: &'static str,
}

macro_rules! lines {
    ($($line:literal)*) => { concat!($($line, "\n"),*) };
}

/// Every action that Supervisor has, in the order of `help`.
pub const ACTIONS: &[Action] = &[
    Action {
        name: "add",
        completes: Completes::Groups,
        help: lines!("add <name> [...]\tActivates any updates in config for process/group"),
    },
    Action {
        name: "avail",
        completes: Completes::Nothing,
        help: lines!("avail\t\t\tDisplay all configured processes"),
    },
    Action {
        name: "clear",
        completes: Completes::Processes,
        help: lines!(
            "clear <name>\t\tClear a process' log files."
            "clear <name> <name>\tClear multiple process' log files"
            "clear all\t\tClear all process' log files"
        ),
    },
    Action {
        name: "exit",
        completes: Completes::Nothing,
        help: lines!("exit\tExit the supervisor shell."),
    },
    Action {
        name: "fg",
        completes: Completes::Processes,
        help: lines!("fg <process>\tConnect to a process in foreground mode" "\t\tCtrl-C to exit"),
    },
    Action {
        name: "maintail",
        completes: Completes::Nothing,
        help: lines!(
            "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)"
            "maintail -100\tlast 100 *bytes* of supervisord main log file"
            "maintail\tlast 1600 *bytes* of supervisor main log file"
            ""
        ),
    },
    Action {
        name: "open",
        completes: Completes::Nothing,
        help: lines!(
            "open <url>\tConnect to a remote supervisord process."
            "\t\t(for UNIX domain socket, use unix:///socket/path)"
        ),
    },
    Action {
        name: "pid",
        completes: Completes::Processes,
        help: lines!(
            "pid\t\t\tGet the PID of supervisord."
            "pid <name>\t\tGet the PID of a single child process by name."
            "pid all\t\t\tGet the PID of every child process, one per line."
        ),
    },
    Action {
        name: "quit",
        completes: Completes::Nothing,
        help: lines!("quit\tExit the supervisor shell."),
    },
    Action {
        name: "reload",
        completes: Completes::Nothing,
        help: lines!("reload \t\tRestart the remote supervisord."),
    },
    Action {
        name: "remove",
        completes: Completes::Groups,
        help: lines!("remove <name> [...]\tRemoves process/group from active config"),
    },
    Action {
        name: "reread",
        completes: Completes::Nothing,
        help: lines!("reread \t\t\tReload the daemon's configuration files without add/remove"),
    },
    Action {
        name: "restart",
        completes: Completes::Processes,
        help: lines!(
            "restart <name>\t\tRestart a process"
            "restart <gname>:*\tRestart all processes in a group"
            "restart <name> <name>\tRestart multiple processes or groups"
            "restart all\t\tRestart all processes"
            "Note: restart does not reread config files. For that, see reread and update."
        ),
    },
    Action {
        name: "shutdown",
        completes: Completes::Nothing,
        help: lines!("shutdown \tShut the remote supervisord down."),
    },
    Action {
        name: "signal",
        completes: Completes::Processes,
        help: lines!(
            "signal <signal name> <name>\t\tSignal a process"
            "signal <signal name> <gname>:*\t\tSignal all processes in a group"
            "signal <signal name> <name> <name>\tSignal multiple processes or groups"
            "signal <signal name> all\t\tSignal all processes"
        ),
    },
    Action {
        name: "start",
        completes: Completes::Processes,
        help: lines!(
            "start <name>\t\tStart a process"
            "start <gname>:*\t\tStart all processes in a group"
            "start <name> <name>\tStart multiple processes or groups"
            "start all\t\tStart all processes"
        ),
    },
    Action {
        name: "status",
        completes: Completes::Processes,
        help: lines!(
            "status <name>\t\tGet status for a single process"
            "status <gname>:*\tGet status for all processes in a group"
            "status <name> <name>\tGet status for multiple named processes"
            "status\t\t\tGet all process status info"
        ),
    },
    Action {
        name: "stop",
        completes: Completes::Processes,
        help: lines!(
            "stop <name>\t\tStop a process"
            "stop <gname>:*\t\tStop all processes in a group"
            "stop <name> <name>\tStop multiple processes or groups"
            "stop all\t\tStop all processes"
        ),
    },
    Action {
        name: "tail",
        completes: Completes::Processes,
        help: lines!(
            "tail [-f] <name> [stdout|stderr] (default stdout)"
            "Ex:"
            "tail -f <name>\t\tContinuous tail of named process stdout"
            "\t\t\tCtrl-C to exit."
            "tail -100 <name>\tlast 100 *bytes* of process stdout"
            "tail <name> stderr\tlast 1600 *bytes* of process stderr"
        ),
    },
    Action {
        name: "update",
        completes: Completes::Groups,
        help: lines!(
            "update\t\t\tReload config and add/remove as necessary, and will restart affected programs"
            "update all\t\tReload config and add/remove as necessary, and will restart affected programs"
            "update <gname> [...]\tUpdate specific groups"
        ),
    },
    Action {
        name: "version",
        completes: Completes::Nothing,
        help: lines!("version\t\t\tShow the version of the remote supervisord process"),
    },
];

/// Every action that is ours, in the order of `help`; it lists them in a block of their own.
pub const OURS: &[Action] = &[Action {
    name: "configtest",
    completes: Completes::Nothing,
    help: lines!(
        "configtest\t\t\tCheck the configuration file that supervisorctl was started with, as the daemon would"
        "configtest <file>\t\tCheck this file"
        "configtest [<file>] --json\tTell the outcome as JSON"
        "Nothing is asked of the daemon, and nothing is touched. Exit status 2 if there are errors."
    ),
}];

const HELP_OF_HELP: &str =
    lines!("help\t\tPrint a list of available actions" "help <action>\tPrint help for <action>");

/// Looks an action up by its exact name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Action> {
    every().find(|action| action.name == name)
}

/// Every action there is.
pub fn every() -> impl Iterator<Item = &'static Action> {
    ACTIONS.iter().chain(OURS)
}

/// The usage lines of an action that exists.
#[must_use]
pub fn usage(name: &str) -> &'static str {
    find(name).map_or("", |action| action.help)
}

/// What `help <topic>` prints, lines ended; `help` alone prints the list of the actions.
#[must_use]
pub fn help(topic: &str) -> String {
    match topic {
        "" => list(),
        "help" => HELP_OF_HELP.to_owned(),
        topic => {
            find(topic).map_or_else(|| format!("*** No help on {topic}\n"), |action| action.help.to_owned())
        }
    }
}

/// One block each, as Supervisor lists the actions of a plug-in.
fn list() -> String {
    [("default", ACTIONS), ("treeherd", OURS)].map(|(whose, actions)| block(whose, actions)).concat()
}

fn block(whose: &str, actions: &[Action]) -> String {
    let header = format!("{whose} commands (type help <topic>):");
    let names: Vec<&str> = actions.iter().map(|action| action.name).collect();
    format!("\n{header}\n{}\n{}\n", "=".repeat(header.len()), columns(&names, 79))
}

/// Names in as few rows as fit the width: down, then across; every column as wide as its widest name,
/// two blanks between columns.
fn columns(names: &[&str], width: usize) -> String {
    let layout = |rows: usize| -> Vec<usize> {
        names.chunks(rows).map(|column| column.iter().map(|n| n.len()).max().unwrap_or(0)).collect()
    };
    let fits = |rows: &usize| {
        let widths = layout(*rows);
        widths.iter().sum::<usize>() + 2 * (widths.len() - 1) <= width
    };
    let rows = (1..names.len()).find(fits).unwrap_or(names.len().max(1));
    let widths = layout(rows);
    let mut text = String::new();
    for row in 0..rows {
        let cells: Vec<String> = (row..names.len())
            .step_by(rows)
            .zip(&widths)
            .map(|(at, width)| format!("{:width$}", names[at]))
            .collect();
        text.push_str(&cells.join("  "));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_the_actions_in_columns() {
        let expected = [
            "",
            "default commands (type help <topic>):",
            "=====================================",
            "add    exit      open  reload  restart   start   tail   ",
            "avail  fg        pid   remove  shutdown  status  update ",
            "clear  maintail  quit  reread  signal    stop    version",
            "",
            "",
        ];
        let listed = help("");
        let ours = listed.strip_prefix(&expected.join("\n")).expect("the block of Supervisor comes first");
        assert!(ours.starts_with("\ntreeherd commands (type help <topic>):\n===="), "{ours}");
        assert!(OURS.iter().all(|action| ours.contains(action.name)), "{ours}");
    }

    #[test]
    fn help_of_a_topic_is_its_usage() {
        assert_eq!(help("reload"), "reload \t\tRestart the remote supervisord.\n");
        assert_eq!(help("nope"), "*** No help on nope\n");
        assert!(help("help").starts_with("help\t\tPrint a list"));
        assert!(help("maintail").ends_with("main log file\n\n"));
    }

    #[test]
    fn the_table_is_sorted_and_every_help_names_its_action() {
        assert!(ACTIONS.is_sorted_by_key(|action| action.name));
        assert!(OURS.is_sorted_by_key(|action| action.name));
        for action in every() {
            assert!(action.help.starts_with(action.name) && action.help.ends_with('\n'), "{}", action.name);
        }
    }

    #[test]
    fn columns_fall_back_to_one_name_a_row() {
        assert_eq!(columns(&["aaaa", "bb"], 5), "aaaa\nbb  \n");
        assert_eq!(columns(&["a", "bb", "c"], 9), "a  bb  c\n");
    }
}
