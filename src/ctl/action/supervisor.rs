//! Supervisor's own actions. Their help is Supervisor's to the byte; options that we added to one of them
//! are told by `help options`, the manual and the completion scripts.

use super::{Action, Completes, Opt};

macro_rules! lines {
    ($($line:literal)*) => { concat!($($line, "\n"),*) };
}

/// They, in the order of `help`.
pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "add",
        "<group> ...",
        "Activates groups of the configuration read last that are not active yet.",
    )
    .completing(Completes::Groups)
    .with_help(lines!("add <name> [...]\tActivates any updates in config for process/group")),
    Action::new(
        "avail",
        "",
        "Displays all configured processes: in use or not, started automatically or by hand, priorities.",
    )
    .with_help(lines!("avail\t\t\tDisplay all configured processes")),
    Action::new("clear", "<name>|all ...", "Empties the log files of processes.")
        .completing(Completes::Processes)
        .with_help(lines!(
            "clear <name>\t\tClear a process' log files."
            "clear <name> <name>\tClear multiple process' log files"
            "clear all\t\tClear all process' log files"
        )),
    Action::new("exit", "", "Leaves the shell.").with_help(lines!("exit\tExit the supervisor shell.")),
    Action::new("fg", "<name>", "Shows the output of a process and sends it what is typed, until Ctrl-C.")
        .completing(Completes::Processes)
        .with_help(lines!("fg <process>\tConnect to a process in foreground mode" "\t\tCtrl-C to exit")),
    Action::new("maintail", "[-f|-<bytes>]", "Shows the end of the daemon's log, or follows it.")
        .with_help(lines!(
            "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)"
            "maintail -100\tlast 100 *bytes* of supervisord main log file"
            "maintail\tlast 1600 *bytes* of supervisor main log file"
            ""
        )),
    Action::new("open", "<url>", "Talks to another daemon from now on.").with_help(lines!(
        "open <url>\tConnect to a remote supervisord process."
        "\t\t(for UNIX domain socket, use unix:///socket/path)"
    )),
    Action::new("pid", "[<name>|all ...]", "Shows the process id of the daemon, or of processes.")
        .completing(Completes::Processes)
        .with_help(lines!(
            "pid\t\t\tGet the PID of supervisord."
            "pid <name>\t\tGet the PID of a single child process by name."
            "pid all\t\t\tGet the PID of every child process, one per line."
        )),
    Action::new("quit", "", "Leaves the shell.").with_help(lines!("quit\tExit the supervisor shell.")),
    Action::new("reload", "", "Restarts the daemon: stops all processes, reads the configuration, starts.")
        .with_help(lines!("reload \t\tRestart the remote supervisord.")),
    Action::new("remove", "<group> ...", "Makes stopped groups inactive.")
        .completing(Completes::Groups)
        .with_help(lines!("remove <name> [...]\tRemoves process/group from active config")),
    Action::new("reread", "", "Reads the configuration and tells what differs; applies nothing.")
        .with_help(lines!("reread \t\t\tReload the daemon's configuration files without add/remove")),
    Action::new(
        "restart",
        "<name>|<group>:*|all ...",
        "Stops processes and starts them again; does not read the configuration.",
    )
    .completing(Completes::Processes)
    .with_options(RESTART_OPTIONS)
    .with_exits(RESTART_EXITS)
    .with_examples(RESTART_EXAMPLES)
    .with_help(lines!(
        "restart <name>\t\tRestart a process"
        "restart <gname>:*\tRestart all processes in a group"
        "restart <name> <name>\tRestart multiple processes or groups"
        "restart all\t\tRestart all processes"
        "Note: restart does not reread config files. For that, see reread and update."
    )),
    Action::new("shutdown", "", "Stops all processes, then the daemon.")
        .with_help(lines!("shutdown \tShut the remote supervisord down.")),
    Action::new("signal", "<signal> <name>|<group>:*|all ...", "Sends a signal to processes.")
        .completing(Completes::Processes)
        .with_help(lines!(
            "signal <signal name> <name>\t\tSignal a process"
            "signal <signal name> <gname>:*\t\tSignal all processes in a group"
            "signal <signal name> <name> <name>\tSignal multiple processes or groups"
            "signal <signal name> all\t\tSignal all processes"
        )),
    Action::new("start", "<name>|<group>:*|all ...", "Starts processes and waits until they run.")
        .completing(Completes::Processes)
        .with_options(&[NO_DEPS])
        .with_help(lines!(
            "start <name>\t\tStart a process"
            "start <gname>:*\t\tStart all processes in a group"
            "start <name> <name>\tStart multiple processes or groups"
            "start all\t\tStart all processes"
        )),
    Action::new("status", "[<name>|<group>:*|all ...]", "Shows what processes do.")
        .completing(Completes::Processes)
        .with_options(STATUS_OPTIONS)
        .with_exits(CHECK_EXITS)
        .with_examples(STATUS_EXAMPLES)
        .with_help(lines!(
            "status <name>\t\tGet status for a single process"
            "status <gname>:*\tGet status for all processes in a group"
            "status <name> <name>\tGet status for multiple named processes"
            "status\t\t\tGet all process status info"
        )),
    Action::new("stop", "<name>|<group>:*|all ...", "Stops processes and waits until they have.")
        .completing(Completes::Processes)
        .with_help(lines!(
            "stop <name>\t\tStop a process"
            "stop <gname>:*\t\tStop all processes in a group"
            "stop <name> <name>\tStop multiple processes or groups"
            "stop all\t\tStop all processes"
        )),
    Action::new(
        "tail",
        "[-f|-<bytes>] <name> [stdout|stderr]",
        "Shows the end of the log of a process, or follows it.",
    )
    .completing(Completes::Processes)
    .with_help(lines!(
        "tail [-f] <name> [stdout|stderr] (default stdout)"
        "Ex:"
        "tail -f <name>\t\tContinuous tail of named process stdout"
        "\t\t\tCtrl-C to exit."
        "tail -100 <name>\tlast 100 *bytes* of process stdout"
        "tail <name> stderr\tlast 1600 *bytes* of process stderr"
    )),
    Action::new(
        "update",
        "[<group>|all ...]",
        "Reads the configuration and adds, replaces and removes groups as it says.",
    )
    .completing(Completes::Groups)
    .with_options(&[Opt::flag(
        "per-process",
        None,
        &["per-process"],
        "of a changed group touch only the processes that changed, each by the class of its keys",
    )])
    .with_help(lines!(
        "update\t\t\tReload config and add/remove as necessary, and will restart affected programs"
        "update all\t\tReload config and add/remove as necessary, and will restart affected programs"
        "update <gname> [...]\tUpdate specific groups"
    )),
    Action::new("version", "", "Shows the version of Supervisor that the daemon stands in for.")
        .with_help(lines!("version\t\t\tShow the version of the remote supervisord process")),
];

/// What `start` and `restart` have beside their old forms.
const NO_DEPS: Opt = Opt::flag(
    "no-deps",
    None,
    &["no-deps"],
    "without what it requires: neither bring that up nor wait for it (requires=)",
);

const RESTART_OPTIONS: &[Opt] = &[
    NO_DEPS,
    Opt::flag(
        "rolling",
        None,
        &["rolling"],
        "a few at a time, and the next ones when these are ready; Ctrl-C ends it after those that are under way",
    ),
    Opt::valued(
        "batch",
        None,
        &["batch"],
        "N",
        "with --rolling: how many at a time (default: rolling_batch, 1)",
    ),
    Opt::valued(
        "pause",
        None,
        &["pause"],
        "TIME",
        "with --rolling: how long to watch those that are ready before the next: 2s, 500ms, 1m (default: \
         rolling_pause, 0)",
    ),
    Opt::valued(
        "abort-on",
        None,
        &["abort-on"],
        "N",
        "with --rolling: after how many failures nothing more is restarted (default: rolling_abort_on, 1)",
    ),
    Opt::valued(
        "timeout",
        None,
        &["timeout"],
        "TIME",
        "with --rolling: how long each may take to be ready (default: as long as its configuration lets it take)",
    ),
];

const RESTART_EXITS: &[(u8, &str)] = &[
    (0, "with --rolling: all that run are restarted and ready; what is down or disabled is left out"),
    (1, "with --rolling: some are not, or nothing runs; each is told with the reason, and how to go on"),
    (2, "the options make no sense"),
];

const RESTART_EXAMPLES: &[(&str, &str)] = &[
    ("restart --rolling web:*", "one after the other, each ready before the next"),
    ("restart --rolling --batch 2 --pause 5s --abort-on 2 web:*", "two at a time, and one may fail"),
];

const STATUS_OPTIONS: &[Opt] = &[
    Opt::flag(
        "check",
        None,
        &["check"],
        "tell by the exit status whether all is well, and print only what is not",
    ),
    Opt::flag("json", None, &["json"], "print one JSON document instead of the table"),
];

const CHECK_EXITS: &[(u8, &str)] = &[
    (0, "with --check: all is well"),
    (3, "with --check: something is not well; else: something is STOPPED, EXITED, FATAL or UNKNOWN"),
    (4, "a name that does not exist, or a daemon that cannot be asked"),
];

const STATUS_EXAMPLES: &[(&str, &str)] =
    &[("status --check", "as the health check of a container"), ("status --json shop:*", "for a script")];
