//! `[subscriber:x]`: programs that are told of events as lines of JSON. Ours; Supervisor passes the section by.

use crate::harness::{Herd, reference, until};
use crate::listening::{LISTEN, listener};
use serde_json::Value;
use std::fs;

/// A section that notes what it is told in `NAME.told`.
fn subscriber(name: &str, events: &str, more: &str) -> String {
    format!(
        "[subscriber:{name}]\ncommand=/bin/sh -c 'exec cat >>{{dir}}/{name}.told'\nevents={events}\nstartsecs=0\n{more}\n"
    )
}

const CAT: &str = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n";

/// What it was told, without a line that is not all there yet.
fn told(herd: &Herd, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(herd.path(&format!("{name}.told"))).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let value = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    whole.lines().map(value).collect()
}

/// `kind` and `name` of each line, once there are so many.
#[track_caller]
fn wait_kinds(herd: &Herd, name: &str, count: usize) -> Vec<String> {
    let kind = |line: &Value| {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("kind"), text("name")).trim_end().to_owned()
    };
    until(&format!("{count} lines for {name}: {:?}", told(herd, name)), || {
        let kinds: Vec<String> = told(herd, name).iter().map(kind).collect();
        Some(kinds).filter(|kinds| kinds.len() >= count)
    })
}

#[test]
fn a_file_with_a_subscriber_runs_below_supervisor_without_it() {
    let herd = Herd::start(&(CAT.to_owned() + &subscriber("sub", "EVENT", "buffer_size=9\npriority=5")));
    herd.wait("success: cat");
    let said = herd.ctl("status cat");
    assert!(said.stdout.contains("RUNNING"), "{said:?}");
    let is_run = herd.ctl("status").stdout.lines().any(|line| line.starts_with("sub "));
    assert_eq!(is_run, !reference());
    herd.end();
}

#[test]
fn a_subscriber_is_up_before_the_programs_and_sees_the_end_of_all() {
    if reference() {
        return;
    }
    let sections = CAT.to_owned() + &subscriber("sub", "PROCESS_STATE,SUPERVISOR_STATE_CHANGE", "");
    let mut herd = Herd::start(&sections);
    let kinds = wait_kinds(&herd, "sub", 6);
    assert_eq!(kinds[..3], ["snapshot", "SUPERVISOR_STATE_CHANGE_RUNNING", "PROCESS_STATE_STARTING sub"]);
    herd.signal("TERM");
    herd.wait_end();
    let kinds = wait_kinds(&herd, "sub", 9);
    let last =
        ["SUPERVISOR_STATE_CHANGE_STOPPING", "PROCESS_STATE_STOPPING cat", "PROCESS_STATE_STOPPED cat"];
    assert_eq!(kinds[6..], last);
    let log = herd.log();
    let spawned = |name: &str| log.iter().position(|line| line.contains(&format!("spawned: '{name}'")));
    assert!(spawned("sub") < spawned("cat"), "{log:#?}");
    herd.assert_nothing_left();
}

#[test]
fn a_subscriber_is_told_the_very_lines_that_supervisorctl_prints() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        &(CAT.to_owned() + &subscriber("sub", "process_state_stopped, PROCESS_STATE_STOPPING", "")),
    );
    herd.wait("success: cat");
    herd.ctl("stop cat").is("cat: stopped\n", 0);
    wait_kinds(&herd, "sub", 3);
    let lines = fs::read_to_string(herd.path("sub.told")).expect("it was told");
    let (first, events) = lines.split_once('\n').expect("there are lines");
    assert!(first.starts_with(r#"{"kind":"snapshot","seq":"#), "{first}");
    let printed = herd.ctl("events --json --kind PROCESS_STATE_STOPPED,PROCESS_STATE_STOPPING");
    let printed: String = printed.stdout.lines().skip(1).map(|line| format!("{line}\n")).collect();
    assert_eq!(events, printed);
    herd.end();
}

#[test]
fn a_subscriber_goes_on_after_a_reload_with_greater_numbers() {
    if reference() {
        return;
    }
    let herd = Herd::start(&subscriber("sub", "SUPERVISOR_STATE_CHANGE_RUNNING", ""));
    wait_kinds(&herd, "sub", 2);
    herd.ctl("reload").is("Restarted supervisord\n", 0);
    wait_kinds(&herd, "sub", 4);
    let told = told(&herd, "sub");
    let numbers: Vec<u64> = told.iter().filter_map(|line| line["seq"].as_u64()).collect();
    assert!(numbers.is_sorted() && numbers[2] > numbers[1] + 1, "{told:?}");
    herd.end();
}

#[test]
fn subscribers_change_as_a_whole_and_the_plan_says_why() {
    if reference() {
        return;
    }
    let more = "numprocs=2\nprocess_name=%(program_name)s_%(process_num)d";
    let herd = Herd::start(&subscriber("sub", "TICK_3600", more));
    for number in 0..2 {
        herd.wait_anywhere(&format!("success: sub_{number} "));
    }
    let before = herd.pid("sub:sub_0");
    herd.configure(&[], &subscriber("sub", "GROUP_CHANGED", &format!("{more}\nbuffer_size=7")));
    let plan = herd.ctl("plan --per-process");
    for piece in [
        "group sub: changed: it is stopped, removed and added as a whole\n",
        "events: TICK_3600 -> GROUP_CHANGED (restart)\n",
        "buffer_size: 1024 -> 7 (restart)\n",
    ] {
        assert!(plan.stdout.contains(piece), "{piece:?}: {plan:?}");
    }
    herd.ctl("reread").is("sub: changed\n", 0);
    herd.ctl("update").is("sub: stopped\nsub: updated process group\n", 0);
    herd.wait_status("sub:sub_0", "RUNNING");
    assert_ne!(herd.pid("sub:sub_0"), before);
    herd.ctl("update").is("", 0);
    herd.configure(&[], CAT);
    herd.ctl("update").has("sub: removed process group\n", 0);
    herd.end();
}

#[test]
fn what_listeners_and_subscribers_were_told_is_shown() {
    if reference() {
        return;
    }
    let sections = subscriber("sub", "REMOTE_COMMUNICATION", "buffer_size=2")
        + &listener("lis", "REMOTE_COMMUNICATION", "startsecs=0")
        + CAT;
    let herd = Herd::of(&sections).script("listen.sh", LISTEN).start();
    wait_kinds(&herd, "sub", 1);
    herd.wait("success: cat");
    let send =
        || herd.call("supervisor.sendRemoteCommEvent", serde_json::json!(["t", "x"])).expect("it is sent");
    send();
    wait_kinds(&herd, "sub", 2);
    herd.ctl("stop sub").is("sub: stopped\n", 0);
    (0..5).for_each(|_| drop(send()));
    let expected = "lis  eventlistener  waiting 0/10  accepted 6  processed 6  rejected 0  dropped 0  (lis READY)\n\
                    sub  subscriber     waiting 2/2  accepted 6  delivered 1  returned 0  dropped 3\n";
    until("the listener is done", || (herd.ctl("events --pools").stdout == expected).then_some(()));
    herd.ctl("events --pools sub").is(expected.split_inclusive('\n').nth(1).expect("two lines"), 0);
    let said = herd.ctl("events --pools cat");
    assert_eq!(
        (said.stdout.as_str(), said.code),
        ("cat: ERROR (no such eventlistener or subscriber)\n", 1)
    );
    let groups: Value =
        serde_json::from_str(&herd.ctl("events --pools --json all").stdout).expect("it is JSON");
    assert_eq!((&groups[0]["kind"], &groups[0]["pool"]["processed"]), (&"eventlistener".into(), &6.into()));
    assert_eq!(groups[0]["pool"]["listeners"][0], serde_json::json!({"name": "lis", "state": "READY"}));
    assert_eq!((&groups[1]["name"], &groups[1]["subscribers"][0]["dropped"]), (&"sub".into(), &3.into()));
    assert!(groups[2].is_null() && groups[1]["pool"].is_null(), "{groups}");
    let all = herd.call("group.list", serde_json::json!({})).expect("it answers");
    let cat =
        all.as_array().into_iter().flatten().find(|group| group["name"] == "cat").expect("it is there");
    assert!(cat["pool"].is_null() && cat["subscribers"].is_null(), "{cat}");
    herd.end();
}

#[test]
fn what_groups_do_is_told_to_subscribers_and_never_to_listeners() {
    if reference() {
        return;
    }
    let sections = "[program:api]\ncommand=/bin/cat\nstartsecs=0\n[program:web]\ncommand=/bin/cat\nstartsecs=0\n\
                    [group:shop]\nprograms=api,web\nstrategy=rest_for_one\nintensity=1\nperiod=600\nbackoff=0,0\n"
        .to_owned()
        + &subscriber("sub", "GROUP_STATE", "")
        + &listener("lis", "EVENT", "startsecs=0\nbuffer_size=200");
    let herd = Herd::of(&sections).script("listen.sh", LISTEN).start();
    herd.wait("group shop is up");
    for round in 0..2 {
        let pid = herd.pid("shop:api");
        herd.ctl("signal KILL shop:api").is("shop:api: signalled\n", 0);
        if round == 0 {
            until("another life", || (![0, pid].contains(&herd.pid("shop:api"))).then_some(()));
            herd.wait_status("shop:web", "RUNNING");
        }
    }
    herd.wait("group shop is FATAL");
    let is_over = |line: &Value| line["kind"] == "GROUP_STATE_FATAL";
    let lines = until("all is told", || Some(told(&herd, "sub")).filter(|lines| lines.iter().any(is_over)));
    let kinds: Vec<&str> = lines.iter().skip(1).filter_map(|line| line["kind"].as_str()).collect();
    assert!(kinds.ends_with(&["GROUP_STATE_ESCALATED", "GROUP_STATE_FATAL"]), "{kinds:?}");
    let of = |kind: &str| lines.iter().find(|line| line["kind"] == kind).cloned().unwrap_or_default();
    let restarting = of("GROUP_STATE_RESTARTING");
    assert_eq!(
        (&restarting["group"], &restarting["data"]),
        (
            &serde_json::json!("shop"),
            &serde_json::json!({
                "child": "shop:api", "why": "failed", "stopped": ["shop:web"], "started": ["shop:api", "shop:web"],
                "delayMs": 0, "used": 1, "intensity": 1,
            })
        )
    );
    let cause = of("GROUP_STATE_ESCALATED")["cause"].clone();
    assert_eq!(
        (&cause["kind"], &cause["ref"]["name"]),
        (&"intensity".into(), &"shop:api".into()),
        "{cause}"
    );

    // the same of the API; by the name of the group, and not by that of one process
    let shown = herd.ctl("events --kind GROUP_STATE_ESCALATED shop:*").stdout;
    assert!(
        shown.ends_with(
            " GROUP_STATE_ESCALATED shop child=\"shop:api\" escalate=\"fatal\" intensity=1 used=2 why=\"failed\"\n"
        ),
        "{shown}"
    );
    herd.ctl("events --kind GROUP_STATE shop:api").is("", 0);
    // what came before and after is told to the listener
    until("the listener is told", || {
        let told = fs::read_to_string(herd.path("lis.told")).unwrap_or_default();
        told.matches("eventname:PROCESS_STATE_EXITED").nth(1).map(|_| ())
    });
    let told = fs::read_to_string(herd.path("lis.told")).expect("it was told");
    assert!(!told.contains("GROUP_STATE"), "{told}");
    herd.end();
}
