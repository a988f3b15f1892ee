//! Ends on demand: the stop signal, the escalation to KILL, process groups, a stop in every state.
//!
//! ```text
//!   RUNNING | STARTING -> STOPPING --(stopwaitsecs: KILL)--> STOPPED
//!   BACKOFF -> STOPPED at once
//! ```

use crate::harness::{Herd, alive, signal, until};
use std::process::Stdio;

#[test]
fn a_stopped_program_is_sent_its_stopsignal() {
    let herd = Herd::start(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:usr]\ncommand=/bin/sh -c 'trap \"exit 5\" USR1; : > {dir}/%(program_name)s.set; while sleep 0.05; do :; done'\nstartsecs=0\nstopsignal=USR1\n",
    );
    herd.wait_file("usr.set", "");
    herd.ctl("stop cat").is("cat: stopped\n", 0);
    herd.ctl("stop usr").is("usr: stopped\n", 0);
    herd.assert_story(
        &["killing", "stopped: "],
        "DEBG killing cat (pid N) with signal SIGTERM\n\
         WARN stopped: cat (terminated by SIGTERM)\n\
         DEBG killing usr (pid N) with signal SIGUSR1\n\
         WARN stopped: usr (exit status 5)\n",
    );
    let status = herd.ctl("status cat");
    status.has("cat                              STOPPED   ", 3);
    assert!(!status.stdout.contains("Not started"), "{status:?}");
    herd.end();
}

#[test]
fn a_program_that_ignores_its_stopsignal_is_killed_after_stopwaitsecs() {
    let herd = Herd::start(
        "[program:deaf]\ncommand=/bin/sh -c 'trap \"\" TERM && : > {dir}/%(program_name)s.set && exec cat'\nstartsecs=0\nstopwaitsecs=1\n",
    );
    herd.wait_file("deaf.set", "");
    herd.ctl("stop deaf").is("deaf: stopped\n", 0);
    herd.assert_story(
        &["killing", "stopped: "],
        "DEBG killing deaf (pid N) with signal SIGTERM\n\
         WARN killing 'deaf' (N) with SIGKILL\n\
         DEBG killing deaf (pid N) with signal SIGKILL\n\
         WARN stopped: deaf (terminated by SIGKILL)\n",
    );
    herd.end();
}

/// The pid that a program wrote into a file.
fn written(herd: &Herd, name: &str) -> i32 {
    until(name, || std::fs::read_to_string(herd.path(name)).ok()?.trim().parse().ok())
}

#[test]
fn a_grandchild_is_reached_only_through_the_process_group() {
    let parent = "/bin/sh -c 'sleep 600 & echo $! > {dir}/%(program_name)s && wait'";
    let deaf = "/bin/sh -c 'sleep 600 & echo $! > {dir}/%(program_name)s; trap \"\" TERM; while sleep 0.05; do :; done'";
    let herd = Herd::start(&format!(
        "[program:alone]\ncommand={parent}\nstartsecs=0\n\
         [program:together]\ncommand={parent}\nstartsecs=0\nstopasgroup=true\n\
         [program:kills]\ncommand={deaf}\nstartsecs=0\nstopwaitsecs=1\nkillasgroup=true\n"
    ));
    let [alone, together, kills] = ["alone", "together", "kills"].map(|name| written(&herd, name));
    herd.ctl("stop together").is("together: stopped\n", 0);
    herd.wait("DEBG killing together (pid ");
    until("the end of the grandchild", || (!alive(together)).then_some(()));
    herd.ctl("stop alone").is("alone: stopped\n", 0);
    assert!(alive(alone), "the grandchild of a program without stopasgroup is left alone");
    herd.ctl("stop kills").is("kills: stopped\n", 0);
    until("the end of the killed grandchild", || (!alive(kills)).then_some(()));
    herd.assert_story(
        &["DEBG killing"],
        "DEBG killing together (pid N) process group with signal SIGTERM\n\
         DEBG killing alone (pid N) with signal SIGTERM\n\
         DEBG killing kills (pid N) with signal SIGTERM\n\
         DEBG killing kills (pid N) process group with signal SIGKILL\n",
    );
    signal(alone, "KILL");
    until("the end of the stray", || (!alive(alone)).then_some(()));
    herd.end();
}

#[test]
fn a_program_in_backoff_stops_at_once_and_stays_stopped() {
    let herd = Herd::start("[program:fail]\ncommand=/bin/false\nstartsecs=5\nstartretries=50\n");
    herd.wait("exited: fail");
    herd.wait("exited: fail");
    herd.ctl("stop fail").is("fail: stopped\n", 0);
    herd.wait("DEBG Attempted to kill fail, which is in BACKOFF state.");
    let spawns = herd.count("spawned: 'fail'");
    herd.ctl("status fail").has("fail                             STOPPED   ", 3);
    herd.ctl("stop fail").is("fail: ERROR (not running)\n", 0);
    assert_eq!(herd.count("spawned: 'fail'"), spawns);
    herd.end();
}

#[test]
fn a_program_that_is_still_starting_can_be_stopped() {
    let herd = Herd::start("[program:slow]\ncommand=/bin/cat\nstartsecs=60\n");
    herd.wait("spawned: 'slow'");
    herd.ctl("status slow").is("slow                             STARTING  \n", 0);
    herd.ctl("stop slow").is("slow: stopped\n", 0);
    herd.wait("WARN stopped: slow (terminated by SIGTERM)");
    herd.end();
}

#[test]
fn a_clean_end_after_the_stop_signal_is_told_at_info() {
    let herd = Herd::start(
        "[program:polite]\ncommand=/bin/sh -c 'trap \"exit 0\" TERM; : > {dir}/%(program_name)s.set; while sleep 0.05; do :; done'\nstartsecs=0\n",
    );
    herd.wait_file("polite.set", "");
    herd.ctl("stop polite").is("polite: stopped\n", 0);
    herd.wait("INFO stopped: polite (exit status 0)");
    herd.end();
}

#[test]
fn a_restart_waits_for_a_stubborn_program_and_starts_it_again() {
    let herd = Herd::start(
        "[program:deaf]\ncommand=/bin/sh -c 'trap \"\" TERM && : > {dir}/%(program_name)s.set && exec cat'\nstartsecs=0\nstopwaitsecs=1\n",
    );
    herd.wait_file("deaf.set", "");
    let first = herd.pid("deaf");
    herd.ctl("restart deaf").is("deaf: stopped\ndeaf: started\n", 0);
    assert!(!alive(first), "the old one is gone before the new one starts");
    assert_ne!(herd.pid("deaf"), first);
    herd.end();
}

#[test]
fn a_restart_that_the_end_of_the_daemon_calls_off_says_that_it_stopped() {
    let mut herd = Herd::start(
        "[program:deaf]\ncommand=/bin/sh -c 'trap \"\" TERM; : > {dir}/%(program_name)s.set; exec cat'\nstartsecs=0\nstopwaitsecs=600\n",
    );
    herd.wait_file("deaf.set", "");
    let restart = herd
        .ctl_command()
        .args(["restart", "deaf"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    herd.wait("waiting for deaf to stop");
    herd.signal("TERM");
    herd.wait("received SIGTERM");
    signal(herd.spawned("deaf"), "KILL");
    let said = restart.wait_with_output().expect("it ends");
    assert!(said.stdout.starts_with(b"deaf: stopped\n"), "{said:?}");
    assert_eq!(herd.wait_end().code(), Some(0));
}
