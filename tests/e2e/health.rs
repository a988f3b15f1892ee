//! Readiness and health as a user meets them: `status`, `status --check`, `wait --for`, and what a restart looks like.
//!
//! Ours alone: the reference ignores the keys. Every kind of check is tried in `actors/tests/supervision/health.rs`.

use crate::harness::{Herd, reference};

const PROGRAMS: &str = "[program:web]\ncommand=/bin/sh -c 'while ! test -e go; do sleep 0.05; done; echo up >&3; exec sleep 1000'\n\
     directory=%(here)s\nstartsecs=0\nready=fd:3\nhealth=exec:test -e go\nhealth_interval=100ms\nhealth_failures=2\n\
     [program:plain]\ncommand=/bin/sleep 1000\nstartsecs=0\n";

#[test]
fn a_program_is_running_long_before_it_is_ready_and_is_started_anew_when_it_is_unhealthy() {
    if reference() {
        return;
    }
    let herd = Herd::start(PROGRAMS);
    herd.wait_status("web", "RUNNING");
    herd.wait_status("plain", "RUNNING");
    let status = herd.ctl("status web");
    assert!(
        status.stdout.contains("RUNNING") && status.stdout.ends_with(", not ready\n"),
        "{}",
        status.stdout
    );
    assert_eq!(status.code, 0, "RUNNING is Supervisor's");
    let plain = herd.ctl("status plain");
    assert!(!plain.stdout.contains("ready"), "{}", plain.stdout);
    assert_eq!(herd.ctl("status --check").code, 3);
    assert_eq!(herd.ctl("wait web --for ready --timeout 0").code, 1);
    herd.ctl("wait web plain").is("web: running\nplain: running\n", 0);
    herd.put("go", "");
    herd.ctl("wait web plain --for ready --timeout 50").is("web: ready\nplain: ready\n", 0);
    herd.ctl("wait web --for healthy --timeout 50").is("web: healthy\n", 0);
    let never = herd.ctl("wait plain --for healthy");
    never.has("plain: ERROR (will not be healthy: it has neither health= nor watchdog=", 7);
    herd.ctl("status --check").is("", 0);
    let first = herd.pid("web");
    std::fs::remove_file(herd.path("go")).expect("it is there");
    herd.wait_anywhere("web is unhealthy: exec test: exit status 1");
    herd.wait_anywhere("exited: web (terminated by SIGTERM; not expected)");
    herd.wait_status("web", "RUNNING");
    assert_ne!(herd.pid("web"), first);
    herd.end();
}
