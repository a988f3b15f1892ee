//! `wait`, `status --json` and `status --check` on a live herd; Supervisor has none of them.

use crate::harness::{Herd, reference};

#[test]
fn wait_ends_when_what_starts_is_up_or_cannot_come_up() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[program:slow]\ncommand=/bin/cat\nstartsecs=1\n\
         [program:one]\ncommand=/bin/cat\nstartsecs=0\n[program:two]\ncommand=/bin/cat\nstartsecs=1\n\
         [group:g]\nprograms=one,two\n\
         [program:broken]\ncommand=/nope\nstartretries=0\n\
         [program:job]\ncommand=/bin/true\nstartsecs=0\nautostart=false\n",
    );
    herd.ctl("wait slow g:* --timeout 50").is("slow: running\ng:one: running\ng:two: running\n", 0);
    herd.ctl("wait --for ready broken")
        .is("broken: ERROR (will not be ready: FATAL, can't find command '/nope')\n", 7);
    herd.ctl("start job");
    herd.wait_anywhere("exited: job");
    herd.ctl("wait job").is("job: ERROR (will not be running: EXITED, exit status 0)\n", 7);
    herd.ctl("wait job broken --for stopped").is("job: stopped\nbroken: stopped\n", 0);
    let look = herd.ctl("wait slow --for stopped --timeout 0");
    assert!(
        look.stdout.starts_with("slow: ERROR (not stopped: RUNNING, pid ") && look.code == 1,
        "{look:?}"
    );
    herd.end();
}

#[test]
fn wait_for_completed_ends_with_the_work_or_with_its_failure() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[program:gate]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:job]\ntype=oneshot\nautorestart=true\nautostart=false\n\
         command=/bin/sh -c 'while test ! -e {dir}/go; do sleep 0.02; done'\n\
         [program:plain]\ncommand=/bin/true\nstartsecs=0\n\
         [program:bad]\ntype=oneshot\nstartretries=0\nautorestart=false\ncommand=/bin/sh -c 'exit 3'\n",
    );
    herd.ctl("wait plain --for completed").is("plain: completed\n", 0);
    let bad = herd.ctl("wait bad --for completed");
    assert!(bad.stdout.starts_with("bad: ERROR (will not be completed: ") && bad.code == 7, "{bad:?}");
    // a start of a oneshot waits for its end by itself
    let start = herd.ctl_command().args(["start", "job"]).spawn().expect("supervisorctl can be started");
    herd.wait_status("job", "RUNNING");
    let look = herd.ctl("wait job --for completed --timeout 0");
    assert!(look.stdout.starts_with("job: ERROR (not completed: RUNNING") && look.code == 1, "{look:?}");
    herd.put("go", "");
    herd.ctl("wait job --for completed").is("job: completed\n", 0);
    assert_eq!(start.wait_with_output().expect("it ends").status.code(), Some(0));
    herd.ctl("wait job").is("job: ERROR (will not be running: COMPLETED, exit status 0)\n", 7);
    herd.end();
}

#[test]
fn wait_sees_a_stop_that_somebody_else_asks_for() {
    if reference() {
        return;
    }
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let waiting = herd
        .ctl_command()
        .args(["wait", "cat", "--for", "stopped"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("supervisorctl can be started");
    herd.ctl("stop cat").is("cat: stopped\n", 0);
    let ended = waiting.wait_with_output().expect("it ends");
    assert_eq!((ended.stdout.as_slice(), ended.status.code()), (&b"cat: stopped\n"[..], Some(0)));
    herd.end();
}

#[test]
fn a_check_tells_what_is_to_run_from_what_is_at_rest() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:manual]\ncommand=/bin/cat\nautostart=false\n\
         [program:done]\ncommand=/bin/true\nstartsecs=0\n\
         [program:failed]\ncommand=/bin/false\nstartsecs=0\nautorestart=false\n\
         [program:broken]\ncommand=/nope\nstartretries=0\n",
    );
    herd.wait_anywhere("success: cat");
    herd.wait_anywhere("gave up: broken");
    herd.wait_anywhere("exited: failed");
    herd.wait_anywhere("exited: done");
    let check = herd.ctl("status --check");
    let bad: Vec<&str> = check.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!((bad, check.code), (vec!["broken", "failed"], 3), "{check:?}");
    herd.ctl("status --check cat manual done").is("", 0);
    herd.ctl("stop cat");
    herd.ctl("status --check cat").is("", 0);
    let json = herd.ctl("status --json cat nope");
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("a document");
    assert_eq!(
        (document[0]["state"].as_str(), document[0]["stateCode"].as_i64()),
        (Some("STOPPED"), Some(0))
    );
    assert_eq!(
        (document[1]["name"].as_str(), document[1]["error"].as_str()),
        (Some("nope"), Some("no such process"))
    );
    herd.end();
}
