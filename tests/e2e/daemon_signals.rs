//! Signals to the daemon, and the order in which it ends what it began.

use crate::harness::{Herd, reference, signal, until};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

#[test]
fn term_int_and_quit_end_the_daemon_with_status_zero() {
    for name in ["TERM", "INT", "QUIT"] {
        let mut herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
        herd.wait("success: cat");
        herd.signal(name);
        herd.wait(&format!("WARN received SIG{name} indicating exit request"));
        herd.wait("INFO waiting for cat to die");
        herd.wait("stopped: cat (terminated by SIGTERM)");
        assert_eq!(herd.wait_end().code(), Some(0), "{name}");
        herd.assert_nothing_left();
    }
}

#[test]
fn groups_end_one_after_the_other_highest_priority_number_first() {
    let mut herd = Herd::start(
        "[program:a]\ncommand=/bin/cat\nstartsecs=0\npriority=1\n\
         [program:b]\ncommand=/bin/cat\nstartsecs=0\npriority=2\n\
         [program:c]\ncommand=/bin/sh -c 'trap \"\" TERM; : > {dir}/%(program_name)s.set; exec cat'\nstartsecs=0\npriority=3\nstopwaitsecs=1\n\
         [program:d]\ncommand=/bin/cat\nstartsecs=0\npriority=3\n",
    );
    herd.wait_file("c.set", "");
    for name in ["a", "b", "c", "d"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    herd.signal("TERM");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_story(
        &["received SIGTERM", "killing", "stopped: "],
        "WARN received SIGTERM indicating exit request\n\
         DEBG killing d (pid N) with signal SIGTERM\n\
         WARN stopped: d (terminated by SIGTERM)\n\
         DEBG killing c (pid N) with signal SIGTERM\n\
         WARN killing 'c' (N) with SIGKILL\n\
         DEBG killing c (pid N) with signal SIGKILL\n\
         WARN stopped: c (terminated by SIGKILL)\n\
         DEBG killing b (pid N) with signal SIGTERM\n\
         WARN stopped: b (terminated by SIGTERM)\n\
         DEBG killing a (pid N) with signal SIGTERM\n\
         WARN stopped: a (terminated by SIGTERM)\n",
    );
    herd.wait_anywhere("INFO waiting for a, b, c, d to die");
    herd.assert_nothing_left();
}

#[test]
fn processes_of_one_group_are_ended_together() {
    // each ends only when it is killed
    let deaf = |name: &str| {
        format!(
            "[program:{name}]\ncommand=/bin/sh -c 'trap \"\" TERM; : > {{dir}}/{name}.set; exec cat'\nstartsecs=0\n\
             stopwaitsecs=600\n"
        )
    };
    let mut herd = Herd::start(&(deaf("x") + &deaf("y") + "[group:g]\nprograms=x,y\n"));
    herd.wait_file("x.set", "");
    herd.wait_file("y.set", "");
    herd.signal("TERM");
    for name in ["x", "y"] {
        herd.wait_anywhere(&format!("killing {name} (pid "));
    }
    assert_eq!(herd.count("stopped: "), 0);
    for name in ["x", "y"] {
        signal(herd.spawned(name), "KILL");
    }
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_nothing_left();
}

#[test]
fn nothing_starts_again_while_the_daemon_ends() {
    let mut herd = Herd::start(
        "[program:slow]\ncommand=/bin/sh -c 'trap \"\" TERM; : > {dir}/%(program_name)s.set; exec cat'\nstartsecs=0\nstopwaitsecs=1\npriority=9\n\
         [program:fail]\ncommand=/bin/false\nstartretries=100\nstartsecs=5\npriority=1\n",
    );
    herd.wait_file("slow.set", "");
    herd.wait_anywhere("exited: fail");
    herd.signal("TERM");
    herd.wait("received SIGTERM");
    assert_eq!(herd.wait_end().code(), Some(0));
    let lines = herd.log();
    let term = lines.iter().position(|line| line.contains("received SIGTERM")).expect("it was received");
    assert!(!lines[term..].iter().any(|line| line.contains("spawned: ")), "{lines:#?}");
    herd.assert_nothing_left();
}

#[test]
fn a_restart_asked_for_during_the_end_is_ignored() {
    let mut herd = Herd::start(
        "[program:deaf]\ncommand=/bin/sh -c 'trap \"\" TERM; : > {dir}/%(program_name)s.set; exec cat'\nstartsecs=0\nstopwaitsecs=600\n",
    );
    herd.wait_file("deaf.set", "");
    herd.signal("TERM");
    herd.wait("received SIGTERM");
    let said = herd.ctl("status");
    assert!(said.code == 1 && said.stdout.contains("SHUTDOWN_STATE"), "{said:?}");
    herd.signal("HUP");
    herd.wait("WARN ignored SIGHUP indicating restart request (shutdown in progress)");
    signal(herd.spawned("deaf"), "KILL");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_nothing_left();
}

#[test]
fn usr2_opens_the_main_log_again() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    fs::rename(herd.path("supervisord.log"), herd.path("old.log")).expect("the directory is ours");
    herd.signal("USR2");
    herd.wait("INFO received SIGUSR2 indicating log reopen request");
    herd.wait("INFO supervisord logreopen");
    herd.ctl("stop cat").is("cat: stopped\n", 0);
    herd.wait_file("supervisord.log", "stopped: cat (");
    herd.wait_file("old.log", "received SIGUSR2 indicating log reopen request");
    herd.end();
}

#[test]
fn usr1_is_told_and_ends_nothing() {
    if reference() {
        // It ends, and its programs go on without it.
        return;
    }
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let cat = herd.pid("cat");
    herd.signal("USR1");
    let line = herd.wait("WARN ignored SIGUSR1");
    assert!(line.ends_with(", which means nothing here; SIGUSR2 opens the logs anew"), "{line}");
    if !cfg!(feature = "portable") {
        assert!(line.contains(" from uid "), "{line}");
    }
    // a program has it at its default
    herd.ctl("signal USR1 cat").is("cat: signalled\n", 0);
    herd.wait("exited: cat (terminated by SIGUSR1; not expected)");
    herd.wait("success: cat");
    assert_ne!(herd.pid("cat"), cat);
    herd.end();
}

#[test]
fn stopped_groups_cost_no_time_at_the_end() {
    let programs: String =
        (0..6).map(|n| format!("[program:p{n}]\ncommand=/bin/cat\nautostart=false\n")).collect();
    let mut herd = Herd::start(&programs);
    let lines = herd.log().len();
    herd.signal("TERM");
    herd.wait("received SIGTERM");
    assert_eq!(herd.wait_end().code(), Some(0));
    if reference() {
        // It retires one group a second.
        return;
    }
    assert!(herd.log().len() - lines <= 2, "{:#?}", herd.log());
    herd.assert_nothing_left();
}

#[test]
fn a_standard_output_that_nobody_reads_holds_up_neither_logs_nor_the_end() {
    if reference() {
        // It waits for the reader, with everything.
        return;
    }
    let plan = Herd::of(
        "[program:talk]\ncommand=/bin/sh -c 'yes 0123456789012345678901234567890123456789 | head -c 300000; exec cat'\n\
         startsecs=0\nstdout_logfile={dir}/talk\n",
    );
    let mut daemon = plan.command(&["-n"]).stdout(Stdio::piped()).spawn().expect("it can be started");
    let size = |name: &str| fs::metadata(plan.dir().join(name)).map_or(0, |file| file.len());
    until("the log of the program", || (size("talk") == 300_000).then_some(()));
    until("its copy in the main log", || (size("supervisord.log") > 300_000).then_some(()));
    signal(i32::try_from(daemon.id()).expect("pids are small"), "TERM");
    let ended = until("the end of the daemon", || daemon.try_wait().expect("it is ours"));
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn usr2_at_the_very_start_is_not_lost() {
    for _ in 0..10 {
        let herd = Herd::start("");
        herd.signal("USR2");
        herd.wait("INFO received SIGUSR2 indicating log reopen request");
        herd.wait("INFO supervisord logreopen");
        herd.end();
    }
}

#[test]
fn a_configuration_that_is_never_read_to_its_end_does_not_hold_up_the_end() {
    if reference() {
        return; // it reads where it does everything else
    }
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    let file = herd.path("supervisord.conf");
    fs::remove_file(&file).expect("the file is ours");
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).expect("the directory is ours");
    let mut client = UnixStream::connect(herd.path("s.sock")).expect("it listens");
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"supervisor.reloadConfig","params":[]}"#;
    let head = "POST /rpc HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n";
    write!(client, "{head}Content-Length: {}\r\n\r\n{call}", call.len()).expect("it reads");
    // opened as soon as the daemon reads from it, and never written to
    let held = File::options().write(true).open(&file).expect("there is a reader");
    herd.end();
    drop(held);
}
