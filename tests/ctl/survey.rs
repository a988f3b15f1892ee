//! `status --json` and `status --check`.

use crate::fake::{Fake, Script, config, info};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use treeherd_domain::fault::Fault;

fn with(mut entry: Value, field: &str, value: Value) -> Value {
    entry[field] = value;
    entry
}

fn processes() -> Value {
    let failed = with(info("failed", "failed", "EXITED"), "spawnError", json!("Bad exit code 1"));
    let pending = with(info("pending", "pending", "STOPPED"), "incarnation", json!(0));
    let manual = with(info("manual", "manual", "STOPPED"), "incarnation", json!(0));
    json!([
        info("done", "done", "EXITED"),
        failed,
        info("fatal", "fatal", "FATAL"),
        manual,
        pending,
        info("shop", "api", "RUNNING"),
        info("shop", "db", "BACKOFF"),
        info("slow", "slow", "STARTING"),
        info("stopped", "stopped", "STOPPED"),
        info("stopping", "stopping", "STOPPING"),
        info("strange", "strange", "UNKNOWN"),
        info("web", "web", "RUNNING"),
    ])
}

/// What a group under OTP's rules is about.
fn rules() -> Value {
    json!({"strategy": "one_for_all", "standing": "active", "phase": "idle", "escalated": false, "intensity": 5,
           "periodMs": 60_000, "used": 2, "budgetLeft": 3, "escalate": "fatal"})
}

fn daemon() -> Fake {
    Script::new()
        .on("process.list", |_| Ok(json!({"items": processes(), "seq": 9})))
        .on("group.list", |_| {
            let group = |name: &str| json!({"name": name, "kind": "group", "priority": 999, "members": []});
            Ok(json!([group("web"), with(group("shop"), "rules", rules())]))
        })
        .on("supervisor.getAllConfigInfo", |_| {
            Ok(json!([
                config("manual", "manual", true, false, 999),
                config("pending", "pending", true, true, 999),
                config("stopped", "stopped", true, true, 999),
                config("web", "web", true, true, 999),
            ]))
        })
        .serve()
}

#[test]
fn the_document_holds_what_the_api_tells() {
    let fake = daemon();
    let ended = fake.run(&["status", "--json"]);
    let mut expected = processes();
    for entry in expected.as_array_mut().into_iter().flatten().filter(|entry| entry["group"] == "shop") {
        entry["groupRules"] = rules();
    }
    assert_eq!(serde_json::from_str::<Value>(&ended.out).unwrap(), expected);
    assert_eq!((ended.err.as_str(), ended.code), ("", Some(3)));
    for (words, names, code) in [
        (&["web", "shop:*"][..], json!(["web", "api", "db"]), 0),
        (&["stopped", "nope"], json!(["stopped", "nope"]), 3),
        (&["web", "nope", "no:*"], json!(["web", "nope", "no"]), 4),
        (&["--", "web"], json!(["web"]), 0),
    ] {
        let ended = fake.run(&[&["status", "--json"], words].concat());
        let document: Vec<Value> = serde_json::from_str(&ended.out).unwrap();
        let found: Vec<&Value> = document.iter().map(|entry| &entry["name"]).collect();
        assert_eq!((json!(found), ended.code), (names, Some(code)), "{words:?}");
    }
    let ended = fake.run(&["status", "no:*", "--json"]);
    assert_eq!(ended.out, "[{\"error\":\"no such group\",\"name\":\"no\"}]\n");
}

#[test]
fn the_check_shows_what_is_not_well_and_says_so_by_its_status() {
    let fake = daemon();
    let row = |name: &str, state: &str, about: &str| format!("{name:33}{state:10}about {about}\n");
    for (line, out, code) in [
        ("web shop:api", String::new(), 0),
        ("done manual stopped", String::new(), 0),
        ("web slow", row("slow", "STARTING", "slow"), 3),
        ("shop:*", row("shop:db", "BACKOFF", "db"), 3),
        ("web nope", "nope: ERROR (no such process)\n".to_owned(), 4),
        ("pending", row("pending", "STOPPED", "pending"), 3),
        ("fatal nope", format!("nope: ERROR (no such process)\n{}", row("fatal", "FATAL", "fatal")), 4),
    ] {
        let words: Vec<&str> = ["status", "--check"].into_iter().chain(line.split(' ')).collect();
        let ended = fake.run(&words);
        assert_eq!((ended.out, ended.err.as_str(), ended.code), (out, "", Some(code)), "{line}");
    }
    let ended = fake.run(&["status", "--check"]);
    let shown: Vec<&str> = ended.out.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(shown, ["failed", "fatal", "pending", "shop:db", "slow", "stopping", "strange"]);
    assert_eq!(ended.code, Some(3));
}

#[test]
fn the_document_of_a_check_says_of_each_whether_it_is_well() {
    let ended = daemon().run(&["status", "--check", "--json", "web", "fatal"]);
    let document: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&document[0]["healthy"], &document[1]["healthy"]), (&json!(true), &json!(false)));
    assert_eq!(ended.code, Some(3));
}

#[test]
fn a_daemon_that_cannot_be_asked_leaves_stdout_empty_and_gives_4() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("unix://{}/none.sock", dir.path().display());
    for option in ["--json", "--check"] {
        let mut ctl = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
        let ended = ctl.args(["-s", &url, "status", option]).stdin(Stdio::null()).output().unwrap();
        let err = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.stdout.is_empty() && err.starts_with("error: <class 'FileNotFoundError'>"), "{err}");
        assert_eq!(ended.status.code(), Some(4));
    }
    let down = Script::new().on("process.list", |_| Err(Fault::ShutdownState)).serve();
    let ended = down.run(&["status", "--check"]);
    assert_eq!((ended.out.as_str(), ended.code), ("", Some(4)));
    assert!(ended.err.contains("SHUTDOWN_STATE"), "{}", ended.err);
}

#[test]
fn options_that_make_no_sense_are_told_with_the_usage() {
    let fake = daemon();
    for (words, message) in [
        (&["--nope"][..], "option --nope not recognized"),
        (&["--json=1"], "option --json must not have an argument"),
        (&["--check", "web", "--check"], "conflicting command line option '--check'"),
    ] {
        let ended = fake.run(&[&["status"], words].concat());
        let usage = fake.run(&["help", "options"]).out;
        assert!(usage.contains(ended.out.strip_prefix(&format!("Error: {message}\n")).unwrap()));
        assert_eq!((ended.err.as_str(), ended.code), ("", Some(2)));
    }
}
