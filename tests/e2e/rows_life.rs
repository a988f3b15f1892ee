//! The daemon's own life: what it says while it waits, signals that come together, a restart that reads everything
//! anew, children that are nobody's, kills that fail.

use crate::harness::{Herd, MARK, names, program, reference, root, signal, until};
use serde_json::json;
use std::fs;
use std::process::{Command, Stdio};

/// A program that does not react to TERM; `{name}.set` says when.
fn deaf(name: &str, more: &str) -> String {
    format!(
        "[program:{name}]\ncommand=/bin/sh -c 'trap \"\" TERM; : > {{dir}}/{name}.set; exec cat'\nstartsecs=0\n{more}\n"
    )
}

#[test]
fn a_stop_that_is_waited_for_is_mentioned_every_two_seconds() {
    let herd = Herd::start(&deaf("deaf", "stopwaitsecs=600"));
    herd.wait_file("deaf.set", "");
    let stop = herd.follow("stop deaf");
    herd.wait("DEBG killing deaf (pid ");
    for _ in 0..3 {
        herd.wait("INFO waiting for deaf to stop");
    }
    signal(herd.spawned("deaf"), "KILL");
    stop.wait("deaf: stopped\n");
    herd.wait("WARN stopped: deaf (terminated by SIGKILL)");
    herd.end();
}

#[test]
fn the_end_says_whom_it_waits_for_every_three_seconds() {
    let mut herd = Herd::start(
        &(deaf("b", "stopwaitsecs=600")
            + &deaf("a", "priority=7\nautostart=false")
            + "[program:c]\ncommand=/bin/cat\nstartsecs=0\npriority=1\n"),
    );
    herd.wait_file("b.set", "");
    herd.wait_anywhere("success: c ");
    herd.signal("TERM");
    for _ in 0..2 {
        herd.wait("INFO waiting for c, b to die");
    }
    assert_eq!(herd.count("stopped: "), 0);
    signal(herd.spawned("b"), "KILL");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_story(
        &["stopped: "],
        "WARN stopped: b (terminated by SIGKILL)\nWARN stopped: c (terminated by SIGTERM)\n",
    );
    herd.assert_nothing_left();
}

#[test]
fn signals_that_come_together_are_one() {
    let mut herd = Herd::start(&deaf("deaf", "stopwaitsecs=1"));
    herd.wait_file("deaf.set", "");
    herd.signal("STOP");
    until("the daemon at rest", || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", herd.daemon())).ok()?;
        stat.rsplit(") ").next()?.starts_with('T').then_some(())
    });
    for _ in 0..3 {
        herd.signal("USR2");
        herd.signal("TERM");
    }
    herd.signal("CONT");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_count("WARN received SIGTERM indicating exit request", 1);
    herd.assert_count("INFO received SIGUSR2 indicating log reopen request", 1);
    herd.assert_nothing_left();
}

#[test]
fn the_end_of_a_child_is_told_at_the_debug_level() {
    let herd = Herd::start("[program:short]\ncommand=/bin/true\nstartsecs=0\nautorestart=false\n");
    herd.wait_anywhere("exited: short (exit status 0; expected)");
    herd.wait_anywhere("DEBG received SIGCHLD indicating a child quit");
    herd.end();
}

#[test]
fn an_end_that_is_asked_for_during_a_restart_wins_if_it_is_a_signal() {
    let mut herd = Herd::start(&deaf("deaf", "stopwaitsecs=600"));
    herd.wait_file("deaf.set", "");
    herd.signal("HUP");
    herd.wait("WARN received SIGHUP indicating restart request");
    herd.wait("killing deaf (pid ");
    assert_eq!(herd.call("supervisor.shutdown", json!([])), Err((6, "SHUTDOWN_STATE".to_owned())));
    herd.signal("TERM");
    herd.wait("WARN received SIGTERM indicating exit request");
    signal(herd.spawned("deaf"), "KILL");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_count("supervisord started with pid", 1);
    herd.assert_nothing_left();
}

#[test]
fn a_restart_reads_everything_anew_and_makes_everything_anew() {
    let text = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n";
    let herd = Herd::of(text).setting("identifier=one").start();
    herd.wait("success: cat");
    let logs = |identifier: &str| {
        let prefix = format!("cat-stdout---{identifier}-");
        let mut names = names(herd.dir());
        names.retain(|name| name.starts_with(&prefix));
        names
    };
    let first = logs("one");
    assert_eq!(first.len(), 1);
    herd.ctl("reload").is("Restarted supervisord\n", 0);
    herd.wait("supervisord started with pid ");
    herd.wait("success: cat");
    let second = logs("one");
    assert!(second.len() == 1 && second != first, "{first:?} {second:?}");
    herd.configure(&["identifier=two", "logfile={dir}/another.log"], text);
    herd.signal("HUP");
    herd.wait("supervisord started with pid ");
    herd.wait("success: cat");
    assert_eq!((logs("one"), logs("two").len()), (second, 1));
    herd.wait_file("another.log", "success: cat");
    assert_eq!(herd.call("supervisor.getIdentification", json!([])), Ok(json!("two")));
    assert_eq!(herd.wait_file("supervisord.pid", "\n"), format!("{}\n", herd.daemon()));
    herd.end();
}

#[test]
fn a_child_that_is_nobodys_is_reaped_and_told() {
    if !root() {
        return;
    }
    // The daemon is the first process of a namespace of its own, so that orphans come to it.
    let plan = Herd::of(
        "[program:parent]\ncommand=/bin/sh -c '(sleep 0.3; exit 7) & sleep 0.1; exec cat'\nstartsecs=0\n\
         [program:gone]\ncommand=/bin/sh -c '(sleep 1; exit 7) & exit 0'\nstartsecs=0\nautorestart=false\n",
    );
    let daemon = plan.command(&["-n"]);
    let mut command = Command::new("unshare");
    command
        .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg(daemon.get_program())
        .args(daemon.get_args());
    command.current_dir(plan.dir()).env(MARK, plan.dir()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().expect("unshare is there");
    let log = plan.dir().join("supervisord.log");
    let text = until("the orphan", || {
        fs::read_to_string(&log).ok().filter(|text| text.contains("INFO reaped unknown pid "))
    });
    assert!(
        text.lines()
            .any(|line| line.contains("INFO reaped unknown pid ") && line.ends_with(" (exit status 7)")),
        "{text}"
    );
    child.kill().expect("it runs");
    child.wait().expect("it is ours");
}

#[test]
fn a_process_that_may_not_be_killed_is_in_an_unknown_state() {
    if !root() {
        return;
    }
    // Root without the right to signal others' processes.
    let other = |name: &str| format!("[program:{name}]\ncommand=/bin/cat\nuser=nobody\nstartsecs=0\n");
    let plan = Herd::of(&(other("other") + &other("third")));
    let daemon = plan.command(&["-n"]);
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set=-kill", "--inh-caps=-kill"])
        .arg(daemon.get_program())
        .args(daemon.get_args());
    command.current_dir(plan.dir()).env(MARK, plan.dir()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().expect("setpriv is there");
    let log = || fs::read_to_string(plan.dir().join("supervisord.log")).unwrap_or_default();
    until("the programs", || {
        (log().contains("success: other ") && log().contains("success: third ")).then_some(())
    });
    let ctl = |words: &[&str]| {
        let mut command = Command::new(program("supervisorctl"));
        crate::harness::run(command.arg("-c").arg(plan.dir().join("supervisord.conf")).args(words), "")
    };
    let said = ctl(&["signal", "HUP", "other"]);
    assert!(said.stdout.starts_with("FAILED: ") && said.code == 1, "{said:?}");
    until("the line", || log().contains("CRIT unknown problem sending sig other (").then_some(()));
    ctl(&["status", "other"]).is("other                            UNKNOWN   \n", 3);
    let said = ctl(&["start", "other"]);
    if reference() {
        // Its client does not expect this fault.
        assert!(
            said.stdout.starts_with("error: <class 'ValueError'>, Unknown result code 30 for other"),
            "{said:?}"
        );
    } else {
        said.is("FAILED: other is in an unknown process state\n", 1);
    }
    ctl(&["stop", "other"]).is("other: ERROR (not running)\n", 0);
    let said = ctl(&["stop", "third"]);
    assert!(said.stdout.starts_with("FAILED: ") && said.code == 1, "{said:?}");
    until("the line", || log().contains("CRIT unknown problem killing third (").then_some(()));
    ctl(&["status", "third"]).is("third                            UNKNOWN   \n", 3);
    child.kill().expect("it runs");
    child.wait().expect("it is ours");
}

#[test]
fn too_many_open_files_fail_a_spawn_and_nothing_else() {
    let programs: String = (0..30)
        .map(|n| {
            format!("[program:p{n:02}]\ncommand=/bin/cat\nstartsecs=0\nautostart=false\nstartretries=0\n")
        })
        .collect();
    let plan = Herd::of(&programs).setting("minfds=60");
    let daemon = plan.command(&["-n"]);
    let mut command = Command::new("prlimit");
    command.arg("--nofile=60:60").arg(daemon.get_program()).args(daemon.get_args());
    command.current_dir(plan.dir()).env(MARK, plan.dir()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().expect("prlimit is there");
    until("the socket", || plan.dir().join("supervisord.pid").exists().then_some(()));
    let mut ctl = Command::new(program("supervisorctl"));
    ctl.arg("-c").arg(plan.dir().join("supervisord.conf")).args(["start", "all"]);
    let said = crate::harness::run(&mut ctl, "");
    assert!(said.stdout.contains("p00: started\n"), "{said:?}");
    let log = || fs::read_to_string(plan.dir().join("supervisord.log")).unwrap_or_default();
    let text = until("the last one", || {
        Some(log()).filter(|text| text.contains("to spawn 'p29'") || text.contains("for 'p29'"))
    });
    let told = text.contains("INFO spawnerr: too many open files to spawn 'p")
        || text.contains("INFO spawnerr: unknown error making dispatchers for 'p");
    assert!(told, "{text}");
    signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
    assert_eq!(until("the end", || child.try_wait().expect("it is ours")).code(), Some(0));
}
