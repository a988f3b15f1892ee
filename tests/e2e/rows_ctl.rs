//! The control program: every help text, credentials that are asked for, text of any language, followers of logs.
//!
//! Each action's answers to each fault are tested without a daemon, in `tests/ctl`.

use crate::harness::{Herd, MARK, free_port, program, reference, run};
use std::io::Read;
use std::process::{Command, Stdio};

/// What `help <action>` prints.
const HELP: [(&str, &str); 24] = [
    (
        "start",
        "start <name>\t\tStart a process\nstart <gname>:*\t\tStart all processes in a group\nstart <name> <name>\tStart multiple processes or groups\nstart all\t\tStart all processes\n",
    ),
    (
        "stop",
        "stop <name>\t\tStop a process\nstop <gname>:*\t\tStop all processes in a group\nstop <name> <name>\tStop multiple processes or groups\nstop all\t\tStop all processes\n",
    ),
    (
        "restart",
        "restart <name>\t\tRestart a process\nrestart <gname>:*\tRestart all processes in a group\nrestart <name> <name>\tRestart multiple processes or groups\nrestart all\t\tRestart all processes\nNote: restart does not reread config files. For that, see reread and update.\n",
    ),
    (
        "signal",
        "signal <signal name> <name>\t\tSignal a process\nsignal <signal name> <gname>:*\t\tSignal all processes in a group\nsignal <signal name> <name> <name>\tSignal multiple processes or groups\nsignal <signal name> all\t\tSignal all processes\n",
    ),
    (
        "status",
        "status <name>\t\tGet status for a single process\nstatus <gname>:*\tGet status for all processes in a group\nstatus <name> <name>\tGet status for multiple named processes\nstatus\t\t\tGet all process status info\n",
    ),
    (
        "pid",
        "pid\t\t\tGet the PID of supervisord.\npid <name>\t\tGet the PID of a single child process by name.\npid all\t\t\tGet the PID of every child process, one per line.\n",
    ),
    (
        "clear",
        "clear <name>\t\tClear a process' log files.\nclear <name> <name>\tClear multiple process' log files\nclear all\t\tClear all process' log files\n",
    ),
    (
        "tail",
        "tail [-f] <name> [stdout|stderr] (default stdout)\nEx:\ntail -f <name>\t\tContinuous tail of named process stdout\n\t\t\tCtrl-C to exit.\ntail -100 <name>\tlast 100 *bytes* of process stdout\ntail <name> stderr\tlast 1600 *bytes* of process stderr\n",
    ),
    (
        "maintail",
        "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)\nmaintail -100\tlast 100 *bytes* of supervisord main log file\nmaintail\tlast 1600 *bytes* of supervisor main log file\n\n",
    ),
    ("reread", "reread \t\t\tReload the daemon's configuration files without add/remove\n"),
    (
        "update",
        "update\t\t\tReload config and add/remove as necessary, and will restart affected programs\nupdate all\t\tReload config and add/remove as necessary, and will restart affected programs\nupdate <gname> [...]\tUpdate specific groups\n",
    ),
    ("add", "add <name> [...]\tActivates any updates in config for process/group\n"),
    ("remove", "remove <name> [...]\tRemoves process/group from active config\n"),
    ("avail", "avail\t\t\tDisplay all configured processes\n"),
    ("version", "version\t\t\tShow the version of the remote supervisord process\n"),
    ("reload", "reload \t\tRestart the remote supervisord.\n"),
    ("shutdown", "shutdown \tShut the remote supervisord down.\n"),
    (
        "open",
        "open <url>\tConnect to a remote supervisord process.\n\t\t(for UNIX domain socket, use unix:///socket/path)\n",
    ),
    ("fg", "fg <process>\tConnect to a process in foreground mode\n\t\tCtrl-C to exit\n"),
    ("quit", "quit\tExit the supervisor shell.\n"),
    ("exit", "exit\tExit the supervisor shell.\n"),
    ("help", "help\t\tPrint a list of available actions\nhelp <action>\tPrint help for <action>\n"),
    ("nope", "*** No help on nope\n"),
    (
        "",
        "\ndefault commands (type help <topic>):\n=====================================\nadd    exit      open  reload  restart   start   tail   \navail  fg        pid   remove  shutdown  status  update \nclear  maintail  quit  reread  signal    stop    version\n\n",
    ),
];

#[test]
fn help_is_supervisors_to_the_byte() {
    for (action, text) in HELP {
        let mut command = Command::new(program("supervisorctl"));
        command.args(["-s", "unix:///no/such/socket", "help"]);
        if !action.is_empty() {
            command.arg(action);
        }
        let said = run(&mut command, "");
        if action.is_empty() && !reference() {
            // Our own actions stand in a block of their own below, as those of plug-ins do.
            assert!(said.stdout.starts_with(text) && said.code == 0, "{said:?}");
        } else {
            said.is(text, 0);
        }
    }
}

#[test]
fn interactive_sessions_ask_for_credentials() {
    let port = free_port();
    let herd = Herd::start(&format!(
        "[program:cat]\ncommand=/bin/cat\nautostart=false\n[inet_http_server]\nport=127.0.0.1:{port}\nusername=u\npassword=p:q\n"
    ));
    let url = format!("http://127.0.0.1:{port}");
    let ctl = |words: &[&str], input: &str| {
        let mut command = Command::new(program("supervisorctl"));
        run(command.args(["-s", &url]).args(words).current_dir(herd.path("/")), input)
    };
    let told = ctl(&["pid"], "");
    assert!(told.stdout.starts_with("Server requires authentication\n") && told.code == 1, "{told:?}");
    ctl(&["-u", "u", "-p", "p:q", "pid"], "").is(&format!("{}\n", herd.daemon()), 0);
    if reference() {
        // It asks the terminal, and there is none.
        return herd.end();
    }
    let said = ctl(&["-i", "pid"], "u\np:q\n");
    assert!(said.stdout.starts_with("Server requires authentication\nUsername:"), "{said:?}");
    assert!(
        said.stdout.contains("Password:") && said.stdout.ends_with(&format!("\n{}\n", herd.daemon())),
        "{said:?}"
    );
    assert_eq!(said.code, 0);
    herd.end();
}

#[test]
fn names_and_logs_of_any_language_pass_whatever_the_locale() {
    let herd = Herd::of("[program:test_öäü]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/log\n")
        .file("log", "Malmö …\n")
        .start();
    herd.wait("INFO success: test_öäü entered RUNNING state");
    for (name, value) in [("LANG", "C"), ("LC_ALL", "C"), ("LANG", "oops"), ("LC_ALL", "C.UTF-8")] {
        let mut command = herd.ctl_command();
        run(command.args(["tail", "test_öäü"]).env(name, value), "").is("Malmö …\n\n", 0);
    }
    herd.ctl("status").has("test_öäü                         RUNNING   pid ", 0);
    herd.ctl("status test_öäü").has("test_öäü                         RUNNING   pid ", 0);
    herd.ctl("stop test_öäü").is("test_öäü: stopped\n", 0);
    herd.end();
}

/// Reads until it has this, or the end.
fn read_to(from: &mut impl Read, piece: &str) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&text).contains(piece)
        && from.read(&mut byte).is_ok_and(|read| read == 1)
    {
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn followers_begin_with_the_last_kilobyte_and_go_on_over_a_rotation() {
    let herd = Herd::of(
        "[program:say]\ncommand=/bin/sh -c 'trap \"echo second >&2\" USR1; : > {dir}/say.set; while sleep 0.05; do :; done'\nstartsecs=0\n\
         stderr_logfile={dir}/say.err\nstderr_logfile_maxbytes=0\n",
    )
    .file("say.err", &format!("{}first\n", "0123456789abcde\n".repeat(100)))
    .start();
    herd.wait_file("say.set", "");
    let follow = |words: &[&str]| {
        let mut command = herd.ctl_command();
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).env(MARK, herd.dir());
        command.spawn().expect("supervisorctl is there")
    };
    let mut tail = follow(&["tail", "-f", "say", "stderr"]);
    let mut out = tail.stdout.take().expect("it is piped");
    let begun = read_to(&mut out, "first\n");
    let shown = begun.strip_prefix("==> Press Ctrl-C to exit <==\n").unwrap_or_else(|| panic!("{begun}"));
    assert_eq!(shown.len(), 1024, "{shown}");
    std::fs::rename(herd.path("say.err"), herd.path("say.err.1")).expect("it is there");
    herd.signal("USR2");
    herd.wait("INFO received SIGUSR2 indicating log reopen request");
    crate::harness::until("the new log", || herd.path("say.err").exists().then_some(()));
    herd.ctl("signal USR1 say").is("say: signalled\n", 0);
    assert_eq!(read_to(&mut out, "second\n"), "second\n");
    tail.kill().expect("it runs");
    tail.wait().expect("it is ours");
    let mut tail = follow(&["maintail", "-f"]);
    let mut out = tail.stdout.take().expect("it is piped");
    read_to(&mut out, "==> Press Ctrl-C to exit <==\n");
    read_to(&mut out, "indicating log reopen request\n");
    herd.ctl("stop say").is("say: stopped\n", 0);
    let text = read_to(&mut out, "stopped: say (terminated by SIGTERM)\n");
    assert!(text.ends_with(" WARN stopped: say (terminated by SIGTERM)\n"), "{text}");
    tail.kill().expect("it runs");
    tail.wait().expect("it is ours");
    herd.end();
}

#[test]
fn a_follower_that_cannot_read_says_so_on_standard_error() {
    let herd = Herd::start("[program:none]\ncommand=/bin/cat\nautostart=false\nstdout_logfile=NONE\n");
    for (words, path) in [
        ("tail -f nope", "/logtail/nope/stdout"),
        ("tail -f none", "/logtail/none/stdout"),
        ("tail -f none:*", "/logtail/none:*/stdout"),
    ] {
        let said = herd.ctl(words);
        let first = format!("unix://{}{path} Cannot read, status code 404", herd.path("s.sock").display());
        assert_eq!(said.stdout, "==> Press Ctrl-C to exit <==\n", "{words}");
        assert_eq!((said.stderr.lines().next(), said.code), (Some(first.as_str()), 0), "{words}: {said:?}");
    }
    herd.end();
}

#[test]
fn a_server_without_the_namespace_is_told_at_length() {
    let herd = Herd::exactly(
        "[unix_http_server]\nfile={dir}/s.sock\n[supervisorctl]\nserverurl=unix://{dir}/s.sock\n\
         [supervisord]\nlogfile={dir}/supervisord.log\npidfile={dir}/supervisord.pid\nchildlogdir={dir}\n",
    )
    .start();
    let sorry = "Sorry, supervisord responded but did not recognize the supervisor namespace commands that supervisorctl \
                 uses to control it.  Please check that the [rpcinterface:supervisor] section is enabled in the \
                 configuration file (see sample.conf).\n";
    herd.ctl("pid").is(sorry, 3);
    herd.ctl("status").is(sorry, 4);
    for line in ["reread", "update"] {
        let refused = herd.ctl(line);
        assert!(
            refused.stdout.contains("<Fault 1: 'UNKNOWN_METHOD'>") && refused.code == 1,
            "{line}: {refused:?}"
        );
    }
    assert_eq!(
        herd.call("supervisor.getState", serde_json::json!([])),
        Err((1, "UNKNOWN_METHOD".to_owned()))
    );
    assert_eq!(herd.count("RPC interface"), 0);
    herd.end();
}

#[test]
fn the_status_of_the_last_failure_that_counts_is_the_programs() {
    let herd = Herd::start(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n[program:off]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\n\
         [program:none]\ncommand=no-such-word\nautostart=false\nstartretries=0\n",
    );
    herd.wait("success: cat");
    for (words, code) in [
        ("status cat", 0),
        ("status", 3),
        ("status nope", 4),
        ("status nope off", 3),
        ("status nope cat", 4),
        ("start", 2),
        ("start nope:*", 2),
        ("start nope", 1),
        ("start cat", 0),
        ("start none", 1),
        ("start none cat", 1),
        ("stop off", 0),
        ("stop nope off", 1),
        ("restart", 1),
        ("signal HUP off", 7),
        ("signal BOGUS cat", 1),
        ("pid off", 7),
        ("pid nope", 1),
        ("pid all", 0),
        ("add cat", 0),
        ("clear nope", 1),
        ("fg off", 1),
        ("tail nope", 1),
        ("help nope", 0),
        ("bogus", 1),
        ("quit", 0),
    ] {
        let said = herd.ctl(words);
        assert_eq!(said.code, code, "{words}: {said:?}");
    }
    let mut command = herd.ctl_command();
    run(command.arg(""), "").is("", 0);
    herd.end();
}
