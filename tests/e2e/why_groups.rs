//! `why` of processes whose groups gave up, take turns, or are disabled; and what it says when the beginning is gone.

use crate::harness::{Herd, reference};
use serde_json::json;
use std::fmt::Write as _;

/// What `why` prints of a process, without the times and the numbers that differ.
fn why(herd: &Herd, name: &str) -> Vec<String> {
    let said = herd.ctl(&format!("why {name}"));
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    said.stdout.lines().map(|line| line.trim_start().to_owned()).collect()
}

#[track_caller]
fn has(lines: &[String], part: &str) {
    assert!(lines.iter().any(|line| line.contains(part)), "{part:?} is not in {lines:#?}");
}

#[test]
fn a_member_that_was_never_started_says_that_its_group_gave_up_and_why() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[program:db]\ncommand=sh -c 'echo no disk >&2; exit 3'\nstartretries=0\nstartsecs=9\n\
         [program:api]\ncommand=cat\n\
         [group:shop]\nprograms=db,api\nintensity=0\n",
    );
    herd.wait("group shop is FATAL");
    let api = why(&herd, "shop:api");
    assert_eq!(
        api[0],
        "shop:api is STOPPED: it was not started yet: group shop gave up, and stays down: mend the reason, then \
         supervisorctl start shop:*"
    );
    assert!(api[1].contains("group shop gave up: db could not be started (shop:db #"), "{api:#?}");
    assert!(api[2].contains("shop:db became FATAL: given up after 1 failed attempt"), "{api:#?}");
    assert!(
        api[3].contains("shop:db became BACKOFF: exit status 3 after ")
            && api[3].ends_with("it wrote last: no disk"),
        "{api:#?}"
    );
    let db = why(&herd, "shop:db");
    assert!(db[0].contains("given up; group shop gave up, and stays down"), "{db:#?}");
    assert!(db[1].contains("group shop gave up: db could not be started"), "{db:#?}");
    herd.end();
}

#[test]
fn three_levels_of_groups_are_told_down_to_the_process() {
    if reference() {
        return;
    }
    let mut config = String::new();
    for name in ["w", "v", "y"] {
        _ = writeln!(config, "[program:{name}]\ncommand=cat\nstartsecs=0");
    }
    config.push_str(
        "[program:x]\ncommand=sh -c 'until test -e {dir}/end; do sleep 0.05; done; echo oops >&2; exit 3'\nstartsecs=0\n\
         [group:low]\nprograms=x,y\nintensity=0\nescalate=parent\n\
         [group:mid]\nprograms=v\ngroups=low\nintensity=0\nescalate=parent\n\
         [group:top]\nprograms=w\ngroups=mid\nintensity=0\n",
    );
    let herd = Herd::start(&config);
    herd.wait_status("low:y", "RUNNING");
    herd.put("end", "");
    herd.wait("group top is FATAL");
    let web = why(&herd, "top:w");
    let start = "supervisorctl start top:*";
    assert!(web[0].ends_with(&format!("group top gave up, and stays down: mend the reason, then {start}")));
    assert!(web[2].contains("STOPPING: group top gave up: group mid failed (low:x #"), "{web:#?}");
    assert!(web[3].starts_with("group mid gave up: group low failed (low:x #"), "{web:#?}");
    assert!(web[4].starts_with("group low gave up: x failed (low:x #"), "{web:#?}");
    assert!(
        web[5].contains("low:x became EXITED: exit status 3 after ")
            && web[5].ends_with("it wrote last: oops"),
        "{web:#?}"
    );
    // whoever was stopped by the lowest has it in its own history, and the rest once
    let other = why(&herd, "low:y");
    assert_eq!(other.iter().filter(|line| line.contains("group low gave up")).count(), 1, "{other:#?}");
    let own = why(&herd, "low:x");
    assert!(own[0].contains("not started again: group top gave up, and stays down"), "{own:#?}");
    // by its history too
    let history = herd.ctl("history top:w").stdout;
    assert!(history.contains("  group top gave up: group mid failed (low:x #"), "{history}");

    std::fs::remove_file(herd.path("end")).expect("it is there");
    herd.wait_anywhere(&format!("all it has is stopped (escalate=fatal); see why, then {start}"));
    herd.ctl(start.trim_start_matches("supervisorctl "));
    herd.wait_status("low:x", "RUNNING");
    assert!(why(&herd, "top:w").iter().all(|line| !line.contains("gave up")), "another life of the group");
    herd.end();
}

#[test]
fn a_turn_that_has_not_come_names_whom_it_waits_for() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[program:db]\ncommand=cat\nready=exec:test -e {dir}/go\nready_interval=100ms\nstartsecs=0\n\
         [program:api]\ncommand=cat\nstartsecs=0\n[group:shop]\nprograms=db,api\nstrategy=rest_for_one\n",
    );
    herd.wait_status("shop:db", "RUNNING");
    let api = why(&herd, "shop:api");
    assert_eq!(api[0], "shop:api is STOPPED: it was not started yet: group shop starts it once db is up");
    assert!(api[1].starts_with("waits for shop:db, which is RUNNING: pid "), "{api:#?}");
    herd.put("go", "");
    herd.wait_status("shop:api", "RUNNING");
    herd.end();
}

#[test]
fn what_is_disabled_says_by_whom() {
    if reference() {
        return;
    }
    let herd = Herd::start("[program:web]\ncommand=cat\nstartsecs=0\n");
    herd.wait_status("web", "RUNNING");
    herd.ctl("disable --now web");
    let web = why(&herd, "web");
    assert!(web[0].ends_with("; it is disabled: supervisorctl enable web comes first"), "{web:#?}");
    has(
        &web,
        &format!(
            "became disabled: asked for: process.disable over JSON-RPC by uid {}",
            nix::unistd::getuid()
        ),
    );
    herd.end();
}

#[test]
fn a_beginning_that_is_no_longer_kept_is_told_as_that() {
    if reference() {
        return;
    }
    let herd = Herd::start("[program:web]\ncommand=cat\nstartsecs=0\n");
    herd.wait_status("web", "RUNNING");
    for _ in 0..65 {
        for method in ["process.disable", "process.enable"] {
            herd.call(method, json!({"selector": "web"})).expect("it is marked");
        }
    }
    let history = herd.ctl("history web").stdout;
    assert!(history.starts_with("web\n  (4 older changes are no longer kept)\n"), "{history}");
    let told = why(&herd, "web");
    assert!(told[0].starts_with("web is RUNNING: pid "), "{told:#?}");
    assert_eq!(told.last().expect("lines"), "how it came to that is no longer kept: 4 older changes");
    herd.end();
}
