//! What happened to a process before an update that replaced its group is still told after it.
//!
//! Ours alone: the reference keeps no causes, so these tests are left out when it is under test.

use crate::harness::{Herd, reference, until};
use serde_json::Value;

const WEB: &str = "[program:web]\ncommand=cat\nstartsecs=0\nautorestart=true\n";

fn entries(herd: &Herd, name: &str) -> Vec<Value> {
    let said = herd.ctl(&format!("history --json {name}"));
    let told: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    told[0]["entries"].as_array().cloned().expect("entries")
}

fn kinds(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["cause"]["kind"].as_str().unwrap_or_default()).collect()
}

#[test]
fn what_happened_before_an_update_is_told_after_it() {
    if reference() {
        return;
    }
    let herd = Herd::start(WEB);
    herd.wait_status("web", "RUNNING");
    let pid = herd.pid("web");
    crate::harness::signal(pid, "KILL");
    until("another process", || (herd.pid("web") != pid && herd.pid("web") > 0).then_some(()));
    herd.wait_status("web", "RUNNING");
    let before = entries(&herd, "web");
    herd.configure(&[], &format!("{WEB}startretries=7\n"));
    herd.ctl("update").is("web: stopped\nweb: updated process group\n", 0);
    herd.wait_status("web", "RUNNING");
    let after = entries(&herd, "web");
    assert_eq!(after[..before.len()], before[..], "nothing is lost");
    let kinds = kinds(&after);
    let wanted = [
        "autostart",
        "startsecs",
        "exit",
        "autorestart",
        "startsecs",
        "asked",
        "exit",
        "autostart",
        "startsecs",
    ];
    assert_eq!(kinds, wanted);
    let numbers: Vec<u64> = after.iter().filter_map(|entry| entry["seq"].as_u64()).collect();
    assert!(numbers.len() == after.len() && numbers.is_sorted(), "{numbers:?}");
    assert!(herd.ctl("history web").stdout.contains("terminated by SIGKILL after "));
    herd.end();
}

#[test]
fn a_process_that_an_update_leaves_stopped_says_how_it_ended() {
    if reference() {
        return;
    }
    let once =
        "[program:once]\ncommand=/bin/sh -c 'echo no disk >&2; exit 3'\nstartsecs=0\nautorestart=false\n";
    let herd = Herd::start(once);
    herd.wait_status("once", "EXITED");
    herd.configure(&[], &format!("{once}autostart=false\n"));
    herd.ctl("update").is("once: stopped\nonce: updated process group\n", 0);
    let after = entries(&herd, "once");
    assert_eq!(kinds(&after), ["autostart", "startsecs", "exit", "removed"]);
    assert_eq!((&after[3]["from"], &after[3]["to"]), (&"EXITED".into(), &"STOPPED".into()));
    let why = herd.ctl("why once").stdout;
    assert!(
        why.starts_with("once is STOPPED: for ") && why.contains("its group is not active any more"),
        "{why}"
    );
    herd.end();
}

#[test]
fn what_happened_to_a_process_that_is_configured_no_more_is_forgotten() {
    if reference() {
        return;
    }
    let herd = Herd::start(WEB);
    herd.wait_status("web", "RUNNING");
    // `remove` alone keeps it, since the file has it still
    herd.ctl("stop web").is("web: stopped\n", 0);
    herd.ctl("remove web").is("web: removed process group\n", 0);
    herd.ctl("add web").is("web: added process group\n", 0);
    herd.wait_status("web", "RUNNING");
    assert_eq!(entries(&herd, "web").len(), 6);
    herd.configure(&[], "");
    herd.ctl("update").is("web: stopped\nweb: removed process group\n", 0);
    herd.configure(&[], WEB);
    herd.ctl("update").is("web: added process group\n", 0);
    herd.wait_status("web", "RUNNING");
    assert_eq!(kinds(&entries(&herd, "web")), ["autostart", "startsecs"]);
    herd.end();
}
