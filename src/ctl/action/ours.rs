//! Our own actions; they read their options as the programs do (see `options`).

use super::{Action, Completes, Opt};
use crate::ctl::completion::SHELLS;
use crate::ctl::man::NAMES;

/// They, in the order of `help`.
pub(super) const ACTIONS: &[Action] = &[
    Action::new(
        "completion",
        "bash|zsh|fish",
        "Prints a script that completes actions, options and the names of processes in a login shell. The names \
         are asked of the daemon when they are needed.",
    )
    .completing(Completes::Words(SHELLS))
    .with_exits(&[(0, "the script is printed"), (2, "the words make no sense")])
    .with_examples(&[("completion bash", "source <(supervisorctl completion bash) loads it")]),
    Action::new(
        "configtest",
        "[<file>]",
        "Checks a configuration file as the daemon would read it: the one that is named, else the one that \
         supervisorctl was started with. Nothing is asked of the daemon, and nothing is touched.",
    )
    .with_options(&[Opt::flag("json", None, &["json"], "tell the outcome as JSON")])
    .with_exits(&[(0, "nothing is wrong"), (2, "there are errors, all of them told")]),
    Action::new(
        "disable",
        "<name>|<group>:*|all ...",
        "Has nothing start these processes any more until they are enabled: not the daemon when it comes up, not \
         autorestart, not a start of their group, nor one by their name. What runs runs on. The daemon keeps it in its \
         state_file, also over its own end.",
    )
    .completing(Completes::Processes)
    .with_options(&[Opt::flag("now", None, &["now"], "then stop them")])
    .with_exits(&[
        (0, "they are disabled"),
        (1, "a name does not exist, or the state cannot be kept: then nothing is changed"),
        (2, "the words make no sense"),
    ])
    .with_examples(&[("disable --now web:*", "down, also after the next boot")]),
    Action::new(
        "doctor",
        "[<file>]",
        "Looks over a configuration file, of Supervisor or of treeherd, for known traps, and tells what of it is \
         different under treeherd. It takes the file that is named, else the one that supervisorctl was started with. \
         Nothing is asked of the daemon, and no file is changed.",
    )
    .with_options(&[
        Opt::flag("fix", None, &["fix"], "write corrected copies beside the files: FILE.fixed, never over anything"),
        Opt::flag("json", None, &["json"], "tell it as JSON"),
        Opt::flag("rules", None, &["rules"], "list all rules"),
    ])
    .with_exits(&[
        (0, "nothing worse than hints"),
        (1, "there are warnings"),
        (2, "the file cannot be read, or has errors; or a copy cannot be written"),
    ])
    .with_examples(&[
        ("doctor /etc/supervisor/supervisord.conf", "before a Supervisor is replaced"),
        ("doctor --fix", "and read the differences"),
    ]),
    Action::new(
        "enable",
        "<name>|<group>:*|all ...",
        "Takes back a disable: the processes can be started again, and start by themselves as they are configured.",
    )
    .completing(Completes::Processes)
    .with_options(&[Opt::flag("now", None, &["now"], "then start them")])
    .with_exits(&[
        (0, "they are enabled"),
        (1, "a name does not exist, or the state cannot be kept: then nothing is changed"),
        (2, "the words make no sense"),
    ])
    .with_examples(&[("enable --now web:*", "up again")]),
    Action::new(
        "events",
        "[<name>|<group>:*|all ...]",
        "Shows the last events, of all or of some processes; with -f those that come as well. One line each, or one \
         JSON object each.",
    )
    .completing(Completes::Processes)
    .with_options(&[
        Opt::flag("follow", Some('f'), &["follow"], "show what happens from now on (with --since: what was, and that)"),
        Opt::valued("since", None, &["since"], "SEQ", "begin after the event of this number"),
        Opt::valued(
            "kind",
            None,
            &["kind"],
            "NAMES",
            "only these, with commas between: PROCESS_STATE, TICK_60, ...; ticks come only by their names",
        ),
        Opt::flag("json", None, &["json"], "tell each as a JSON object in a line, marks included"),
        Opt::flag(
            "pools",
            None,
            &["pools"],
            "show no events, but of each event listener and subscriber how many it was told, and how many were dropped",
        ),
    ])
    .with_exits(&[
        (0, "they are shown"),
        (1, "the daemon refuses, or a name names nothing and has no events"),
        (2, "the words make no sense"),
    ])
    .with_examples(&[
        ("events -f", "what is going on"),
        ("events --pools", "does every listener keep up?"),
        ("events --kind PROCESS_STATE_EXITED,PROCESS_STATE_FATAL web:*", "what ended lately"),
    ]),
    Action::new(
        "graph",
        "[<name>|<group>:*|all ...]",
        "Shows which processes require which, from those that nobody requires downwards, how each stands, and what is \
         missing. With names, these and all that they require.",
    )
    .completing(Completes::Processes)
    .with_options(&[
        Opt::flag("dot", None, &["dot"], "for Graphviz: soft requirements are dashed, what is missing is red"),
        Opt::flag("json", None, &["json"], "tell it as JSON"),
        Opt::flag("configured", None, &["configured"], "of the configuration file alone: no daemon is asked"),
    ])
    .with_exits(&[
        (0, "it is shown"),
        (1, "a name does not exist, or the daemon cannot tell"),
        (2, "the words make no sense, or the file has errors"),
    ])
    .with_examples(&[
        ("graph web", "what is web waiting for?"),
        ("graph --dot", "| dot -Tsvg > graph.svg draws it"),
    ]),
    Action::new(
        "history",
        "<name>|<group>:*|all ...",
        "Shows what happened to processes, and why: each change of state with the local time, the process id and the \
         cause. The daemon keeps the last 128 of each process, for as long as it runs and the process is configured.",
    )
    .completing(Completes::Processes)
    .with_options(&[
        Opt::valued("number", Some('n'), &["number"], "N", "only the newest N of each (default: all that are kept)"),
        Opt::valued(
            "since",
            None,
            &["since"],
            "TIME|SEQ",
            "only those of the last 30s, 10m, 2h, ...; a bare number is that of an event: those after it",
        ),
        Opt::flag("json", None, &["json"], "tell it as JSON"),
    ])
    .with_exits(&[
        (0, "it is shown"),
        (1, "a name does not exist, or the daemon cannot tell"),
        (2, "the words make no sense"),
    ])
    .with_examples(&[("history web -n 20", "its last changes"), ("history all --since 1h", "what went on lately")]),
    Action::new(
        "hup",
        "<name>|<group>:*|all ...",
        "Has processes read their configuration anew without a restart: sends reload_signal, or runs reload_command and \
         waits for its end. Of a group or all, those that run and have one of the two keys. (reload is another thing: it \
         starts the daemon anew.)",
    )
    .completing(Completes::Processes)
    .with_exits(&[
        (0, "the signal is sent, or the command has succeeded"),
        (1, "a name does not exist, a process has neither key, or its command failed"),
        (2, "the words make no sense"),
        (7, "a process is not running"),
    ])
    .with_examples(&[("hup nginx", "after its configuration has changed")]),
    Action::new(
        "man",
        "[<page>]",
        "Prints a page of the manual: supervisorctl, supervisord, supervisord.conf, echo_supervisord_conf or pidproxy.",
    )
    .completing(Completes::Words(NAMES))
    .with_exits(&[(0, "the page is printed"), (2, "there is no such page")])
    .with_examples(&[("man supervisord.conf", "| man -l - shows it")]),
    Action::new(
        "plan",
        "[<group>|all ...]",
        "Tells what an update would do to which process, and why. The daemon reads its file for it; nothing is \
         changed, and what reread keeps is not replaced. Each changed key has a class: hot, next start or restart.",
    )
    .completing(Completes::Groups)
    .with_options(&[
        Opt::flag("per-process", None, &["per-process"], "what update --per-process would do"),
        Opt::flag("json", None, &["json"], "tell it as JSON"),
        Opt::flag("check", None, &["check"], "exit with status 2 if an update would do something"),
    ])
    .with_exits(&[
        (0, "the plan is told"),
        (1, "there is none: the file has errors, or a group does not exist"),
        (2, "with --check: an update would do something"),
    ])
    .with_examples(&[
        ("plan", "before an update"),
        ("plan --check", "in a script: is the daemon what its file says?"),
    ]),
    Action::new(
        "probes",
        "[<name> ...]",
        "Shows the probes of the world outside ([probe:x]): what each asks, whether it is green, red or not known yet, \
         since when, why its last answer was a no, and which processes require it.",
    )
    .with_options(&[Opt::flag("json", None, &["json"], "tell it as JSON")])
    .with_exits(&[(0, "they are shown"), (1, "there is no probe of that name"), (2, "the words make no sense")])
    .with_examples(&[("probes", "what is wrong outside?")]),
    Action::new(
        "scale",
        "[<program>=<number>|default ...]",
        "Has programs have so many processes, or with the word default as many as the file says; without words, tells how \
         many each has, and who scaled it. Only the difference is \
         touched: the highest numbers are stopped and go, new ones come and start by autostart. The daemon keeps it in its \
         state_file, also over its own end; it holds until numprocs changes in the file.",
    )
    .with_exits(&[
        (0, "they have so many, or it is told"),
        (
            1,
            "one has not, and why: another file than it runs with, no %(process_num) in process_name, or the state cannot be \
             kept: then nothing is changed",
        ),
        (2, "the words make no sense"),
    ])
    .with_examples(&[
        ("scale", "what is scaled?"),
        ("scale web=8", "for the busy hours"),
        ("scale web=2 worker=0", "and no worker at all"),
        ("scale web=default", "as many as the file says"),
    ]),
    Action::new(
        "simulate",
        "",
        "Shows what a configuration comes to if its processes behave as a script says: the real machines of \
         lifecycles, groups and requirements, on a clock that is not real. Without a script every process runs, and \
         obeys its stop signal at once. In the end everything is stopped, to see how long that takes. Nothing is \
         started, opened or asked of the daemon.",
    )
    .with_options(&[
        Opt::valued(
            "configuration",
            Some('c'),
            &["configuration"],
            "FILENAME",
            "the configuration (default: the one that supervisorctl was started with)",
        ),
        Opt::valued("script", None, &["script"], "FILENAME", "how the processes behave; - is standard input"),
        Opt::flag("json", None, &["json"], "tell it as JSON"),
    ])
    .with_exits(&[
        (0, "nothing gave up, and all came to an end"),
        (1, "a process or a group gave up, or it went on and on"),
        (2, "the configuration or the script has errors, or the words make no sense"),
    ])
    .with_examples(&[
        ("simulate -c s.conf", "in which order does everything start, how long does a stop take?"),
        ("simulate -c s.conf --script crash.sim", "web: runs 3.2s, exit 1; what follows?"),
    ]),
    Action::new(
        "spawn",
        "<template> [<name>=<value> ...]",
        "Makes an instance of a [template:x] with these arguments, starts it, and tells its name: x:1, x:2, ... A value \
         stays one word of the instance's command, whatever is in it. What is down for good is taken out; stop ends one.",
    )
    .completing(Completes::Groups)
    .with_exits(&[
        (0, "it is started"),
        (1, "the daemon refuses: no such template, wrong arguments, or max_children are there"),
        (2, "the words make no sense"),
    ])
    .with_examples(&[
        ("spawn worker queue=mail", "one more worker"),
        ("spawn worker 'queue=two words'", "in the shell of supervisorctl, quoted like this as well"),
    ]),
    Action::new(
        "wait",
        "<name>|<group>:*|all ...",
        "Waits until all of the processes are running (or stopped, or completed) at the same time, and says how each stands. \
         Ends at once if one cannot get there by itself any more.",
    )
    .completing(Completes::Processes)
    .with_options(WAIT_OPTIONS)
    .with_exits(&[
        (0, "all are there"),
        (1, "the time is up"),
        (2, "the words make no sense"),
        (4, "a name that does not exist, or a daemon that cannot be asked"),
        (
            7,
            "one of them will not get there: it is FATAL, has ended and is not started again, or is to be healthy and has nothing \
             that tells of its health",
        ),
    ])
    .with_examples(&[
        ("wait all --timeout 2m", "after an update, before traffic is let in"),
        ("wait shop:* --for stopped", "before the files they use are replaced"),
        ("wait migrate --for completed --timeout 10m", "until a job has done its work, or has failed"),
    ]),
    Action::new(
        "why",
        "<name>|<group>:*|all ...",
        "Tells why processes are as they are: how the last one ended and what follows when, what went wrong before it \
         in what it needs, who asked for what, and the last lines of its log before the end.",
    )
    .completing(Completes::Processes)
    .with_options(&[Opt::flag("json", None, &["json"], "tell it as JSON")])
    .with_exits(&[
        (0, "it is told"),
        (1, "a name does not exist, or the daemon cannot tell"),
        (2, "the words make no sense"),
    ])
    .with_examples(&[("why web", "at three in the morning"), ("why shop:*", "each of a group")]),
];

const WAIT_OPTIONS: &[Opt] = &[
    Opt::valued(
        "for",
        None,
        &["for"],
        "running|stopped|ready|healthy|completed",
        "what to wait for (default: running); stopped is STOPPED, FATAL, or EXITED for good; ready is what ready= \
         says, without it running; healthy is ready, and what health= or watchdog= says; completed is EXITED for good \
         as exitcodes allow",
    ),
    Opt::valued(
        "timeout",
        None,
        &["timeout"],
        "TIME",
        "how long to wait, in seconds or with a unit: 500ms, 30s, 2m, 1h (default: 60s); 0 looks once",
    ),
];
