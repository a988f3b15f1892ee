//! `plan` and `update --per-process`: what is asked of the daemon, and what is made of its answers.

use crate::fake::{Script, process};
use crate::table::check;
use serde_json::{Value, json};
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_rpc::code::row_error;

/// The file differs in the groups `web` and `pool`; `old` is gone and `new` is there.
fn daemon() -> Script {
    Script::new()
        .on("supervisor.reloadConfig", |_| Ok(json!([[["new"], ["web", "pool"], ["old"]]])))
        .on("supervisor.stopProcessGroup", |_| Ok(json!([])))
        .on("supervisor.removeProcessGroup", |_| Ok(json!(true)))
        .on("supervisor.addProcessGroup", |_| Ok(json!(true)))
        .on("supervisor.getAllProcessInfo", |_| Ok(json!([process("web", "a", 20, "RUNNING", 11)])))
        .on("group.update", updated)
}

fn row(name: &str, action: &str, reload: Option<&str>, stopped: bool, fault: Option<&Fault>) -> Value {
    let mut row = json!({ "name": name, "group": "web", "action": action, "stopped": stopped });
    if let Some(reload) = reload {
        row["reload"] = json!(reload);
    }
    if let Some(fault) = fault {
        row["error"] = serde_json::to_value(row_error(fault)).unwrap();
    }
    row
}

/// `pool` cannot be divided; of `web` every kind of process changes, and one of them cannot be started.
fn updated(params: &Value) -> Result<Value, Fault> {
    let answer = |divisible: bool, rows: Vec<Value>| {
        Ok(json!({ "name": "web", "divisible": divisible, "applied": true, "keys": [], "rows": rows }))
    };
    match params["name"].as_str() {
        Some("pool") => answer(false, Vec::new()),
        _ => answer(
            true,
            vec![
                row("a", "restart", Some("restart"), true, None),
                row("b", "restart", Some("restart"), false, None),
                row("c", "update", Some("hot"), false, None),
                row("d", "update", Some("next start"), false, None),
                row("e", "add", None, false, None),
                row("f", "remove", None, true, None),
                row(
                    "g",
                    "restart",
                    Some("restart"),
                    true,
                    Some(&Fault::NoFile("can't find command".to_owned())),
                ),
            ],
        ),
    }
}

#[test]
fn every_process_that_is_touched_has_its_line() {
    let fake = daemon().serve();
    let ended = fake.run(&["update", "--per-process"]);
    let expected = "\
old: stopped
old: removed process group
web:a: stopped
web:a: updated process
web:b: updated process
web:c: updated process, without a restart
web:d: updated process, from its next start on
web:e: added process
web:f: stopped
web:f: removed process
web:g: stopped
web:g: updated process
web:g: ERROR (no such file)
web: updated process group
pool: stopped
pool: updated process group
new: added process group
";
    assert_eq!((ended.out.as_str(), ended.code), (expected, Some(1)), "{}", ended.err);
}

#[test]
fn without_the_option_nothing_is_asked_per_process() {
    let fake = daemon().without("group.update").serve();
    let ended = fake.run(&["update", "web"]);
    assert_eq!(
        (ended.out.as_str(), ended.code),
        ("web: stopped\nweb: updated process group\n", Some(0)),
        "{}",
        ended.err
    );
}

#[test]
fn a_group_that_cannot_be_stopped_is_not_updated() {
    let stuck = |_: &Value| {
        let name = Namespec::new(GroupName::new("web"), ProcessName::new("a"));
        let fault = Fault::WaitTimeout { namespec: name, waited: std::time::Duration::from_secs(70) };
        let rows = [row("a", "restart", Some("restart"), true, Some(&fault))];
        Ok(json!({ "name": "web", "divisible": true, "applied": false, "keys": [], "rows": rows }))
    };
    let fake = daemon().on("group.update", stuck).serve();
    let ended = fake.run(&["update", "--per-process", "web"]);
    let last = ended.out.lines().last().unwrap_or_default();
    assert_eq!((last, ended.code), ("web: has problems; not updating", Some(1)), "{}", ended.out);
    assert!(!ended.out.contains("updated process"), "{}", ended.out);
}

#[test]
fn refusals_are_told_as_those_of_update_and_reread_are() {
    check(
        daemon()
            .on("group.update", |_| Err(Fault::StillRunning(GroupName::new("web"))))
            .on("config.plan", |_| Err(Fault::ShutdownState)),
        &[
            (
                "update --per-process web nope",
                "ERROR: no such group: nope\nweb: ERROR (web still has processes that run; stop them, and say it again)\n",
                1,
            ),
            ("plan", "ERROR: supervisor shutting down\n", 1),
            ("plan web", "ERROR: supervisor shutting down\n", 1),
        ],
    );
}

#[test]
fn a_plan_asks_for_the_groups_that_are_named_and_for_all_with_all() {
    let script = Script::new().on("config.plan", |params| {
        let groups = params["groups"].as_array().map_or(0, Vec::len);
        let added: Vec<Value> = (0..groups).map(|_| json!("x")).collect();
        Ok(json!({ "added": added, "changed": [], "removed": [], "perProcess": params["perProcess"], "groups": [] }))
    });
    let fake = script.serve();
    for (words, groups, per_process) in [
        (&["plan", "--json"][..], 0, false),
        (&["plan", "--json", "a", "b"], 2, false),
        (&["plan", "a", "all", "--per-process", "--json"], 0, true),
    ] {
        let ended = fake.run(words);
        let told: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(told["added"].as_array().map(Vec::len), Some(groups), "{words:?}");
        assert_eq!(told["perProcess"], per_process, "{words:?}");
    }
}

#[test]
fn a_program_that_is_scaled_in_some_of_its_groups_alone_is_told_so() {
    let script = daemon().on("process.scale", |_| {
        let group = |name: &str, applied: bool| json!({"name": name, "divisible": true, "applied": applied, "rows": []});
        let groups = [group("a", true), group("b", true), group("c", false)];
        Ok(json!({"name": "web", "before": 2, "count": 4, "numprocs": 2, "applied": false, "groups": groups}))
    });
    let ended = script.serve().run(&["scale", "web=4"]);
    assert_eq!((ended.out.as_str(), ended.code), ("web: has problems; not scaled\n", Some(1)));
    let told = "supervisorctl: changed before that: a b (`supervisorctl update a b` takes it back)\n";
    assert_eq!(ended.err, told);
}
