//! `disable` and `enable`: what is not to be started, for good.

use crate::harness::{Herd, until};

const PROGRAMS: &str =
    "[program:web]\ncommand=/bin/cat\nstartsecs=0\n[program:db]\ncommand=/bin/cat\nstartsecs=0\n";

fn plan(programs: &str) -> crate::harness::Plan {
    Herd::of(programs).setting("state_file=%(here)s/state")
}

#[test]
fn what_is_disabled_stays_down_whatever_starts_others() {
    let herd = plan(PROGRAMS).start();
    herd.wait("success: web");
    herd.ctl("disable --now web").is("web: disabled\nweb: stopped\n", 0);
    let refused = herd.ctl("start web");
    refused.has("web: ERROR (spawn error)", 7);
    assert!(refused.stderr.contains("`supervisorctl enable web` comes first"), "{refused:?}");
    herd.ctl("restart web").has("web: ERROR", 7);
    herd.ctl("stop db").has("db: stopped", 0);
    herd.ctl("start all").is("db: started\n", 0);
    herd.ctl("restart all").has("db: started", 0);
    herd.assert_count("spawned: 'web'", 1);
    herd.ctl("status --json web").has("\"disabled\":true", 3);
    herd.ctl("history web").has("disabled", 0);

    // over the end of the daemon
    herd.ctl("reload").has("", 0);
    herd.wait_anywhere("web is disabled (process.disable over JSON-RPC by uid");
    until("the others are up", || (herd.count("spawned: 'db'") >= 4).then_some(()));
    herd.ctl("status web").has("STOPPED   Not started", 3);
    herd.ctl("enable --now web").is("web: enabled\nweb: started\n", 0);
    herd.ctl("reload").has("", 0);
    until("it starts by itself again", || (herd.count("spawned: 'web'") >= 3).then_some(()));
    herd.end();
}

#[test]
fn what_runs_runs_on_and_is_not_started_again() {
    let herd = plan("[program:web]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\n").start();
    herd.wait("success: web");
    herd.ctl("disable web").is("web: disabled\n", 0);
    herd.ctl("status web").has("RUNNING", 0);
    herd.ctl("signal KILL web").has("web: signalled", 0);
    herd.wait("exited: web (terminated by SIGKILL; not expected)");
    herd.wait_status("web", "STOPPED");
    herd.assert_count("spawned: 'web'", 1);
    herd.ctl("disable nobody").has("nobody: ERROR (no such process)", 1);
    herd.end();
}

#[test]
fn a_state_that_cannot_be_kept_changes_nothing() {
    let herd = Herd::of(PROGRAMS).setting("state_file=/proc/state").start();
    herd.wait("success: web");
    let refused = herd.ctl("disable --now web");
    assert_ne!(refused.code, 0, "{refused:?}");
    let told = format!("{}{}", refused.stdout, refused.stderr);
    assert!(
        told.contains("/proc/state cannot be written") && told.contains("nothing is changed"),
        "{told}"
    );
    herd.ctl("status web").has("RUNNING", 0);
    herd.ctl("restart web").has("web: started", 0);
    herd.end();
}

#[test]
fn a_state_of_no_use_is_put_aside_and_the_daemon_starts() {
    let plan = Herd::of(PROGRAMS).setting("state_file=%(here)s/state").file("state", "disabled web");
    let herd = plan.start();
    herd.wait_anywhere("the state file is kept as");
    herd.wait("success: web");
    herd.assert_count("cannot use the state file", 1);
    assert_eq!(std::fs::read_to_string(herd.path("state.bad")).expect("it is kept"), "disabled web");
    herd.end();
}
