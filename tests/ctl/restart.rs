//! `restart`: one call, and the lines of a stop and a start.

use crate::fake::{Fake, Script};
use serde_json::{Value, json};
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_rpc::code::row_error;
use treeherd_rpc::wire::{Operation, Row};

fn target(group: &str, name: &str) -> Namespec {
    Namespec::new(GroupName::new(group), ProcessName::new(name))
}

fn rows() -> Vec<Row> {
    let spawn_error =
        Fault::SpawnError { namespec: target("g", "c"), spawnerr: "Exited too quickly".to_owned() };
    vec![
        Row::ok(&target("g", "b")).with_stopped(false),
        Row::ok(&target("g", "a")).with_stopped(true),
        Row::failed(&target("g", "c"), row_error(&spawn_error)).with_stopped(true),
        Row::failed(&target("g", "d"), row_error(&Fault::Failed("cannot kill".to_owned())))
            .with_stopped(false),
        Row::ok(&target("web", "web")).with_stopped(true),
        Row::ok(&target("idle", "idle")).with_stopped(false),
    ]
}

/// Knows the group `g` and the processes `web` and `idle`; anything else refuses the whole call.
fn answer(params: &Value) -> Result<Value, Fault> {
    let words: Vec<&str> = match &params["selector"] {
        Value::String(word) => vec![word.as_str()],
        words => words.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    };
    if let Some(bad) = words.iter().find(|word| word.starts_with("nope")) {
        return Err(Fault::NothingMatched((*bad).to_owned()));
    }
    let named = |row: &Row| {
        words.iter().any(|word| {
            *word == "all" || *word == row.name || word.strip_suffix(":*") == Some(row.group.as_str())
        })
    };
    let rows = rows().into_iter().filter(named).collect();
    Ok(serde_json::to_value(Operation::done(rows)).unwrap())
}

#[test]
fn rows_of_groups_below_the_one_that_is_named_are_told() {
    let fake = Script::new()
        .on("process.restart", |_| {
            let rows = ["g:a", "web:web", "low:z"].map(|name| {
                let (group, process) = name.split_once(':').unwrap();
                Row::ok(&target(group, process)).with_stopped(true)
            });
            Ok(json!(Operation::done(rows.to_vec())))
        })
        .serve();
    let ended = fake.run(&["restart", "web", "g:*"]);
    assert_eq!(
        ended.out,
        "web: stopped\ng:a: stopped\nlow:z: stopped\nweb: started\ng:a: started\nlow:z: started\n"
    );
}

#[test]
fn what_is_disabled_is_told_in_one_line() {
    let fake = Script::new()
        .on("process.restart", |_| {
            let why = "it is disabled and left as it is; `supervisorctl enable web` comes first".to_owned();
            let (web, idle) = (target("web", "web"), target("idle", "idle"));
            let refused = row_error(&Fault::NotRestarted { namespec: web.clone(), why });
            let rows =
                vec![Row::failed(&web, refused).with_stopped(false), Row::ok(&idle).with_stopped(false)];
            Ok(json!(Operation::done(rows)))
        })
        .serve();
    let ended = fake.run(&["restart", "web", "idle"]);
    assert_eq!(
        (ended.out.as_str(), ended.err.as_str(), ended.code),
        (
            "web: ERROR (not restarted: it is disabled and left as it is; `supervisorctl enable web` comes first)\n\
             idle: ERROR (not running)\nidle: started\n",
            "",
            Some(1)
        )
    );
}

#[test]
fn one_that_was_stopped_meanwhile_is_not_started_again() {
    let fake = Script::new()
        .on("process.restart", |_| {
            let why = "it was stopped meanwhile".to_owned();
            let (a, b) = (target("g", "a"), target("g", "b"));
            let refused = row_error(&Fault::NotRestarted { namespec: b.clone(), why });
            let rows = vec![Row::failed(&b, refused).with_stopped(true), Row::ok(&a).with_stopped(true)];
            Ok(json!(Operation::done(rows)))
        })
        .serve();
    let ended = fake.run(&["restart", "g:*"]);
    assert_eq!(
        (ended.out.as_str(), ended.err.as_str(), ended.code),
        (
            "g:b: stopped\ng:a: stopped\ng:b: ERROR (not restarted: it was stopped meanwhile)\ng:a: started\n",
            "",
            Some(1)
        )
    );
}

fn daemon() -> Fake {
    Script::new().on("process.restart", answer).serve()
}

#[test]
fn a_restart_of_anything_is_one_call() {
    let fake = daemon();
    for words in [&["restart", "g:*"][..], &["restart", "web", "idle"], &["restart", "web", "all"]] {
        assert_eq!(fake.run(words).err.lines().filter(|line| line.contains("error:")).count(), 0);
    }
    let selectors: Vec<Value> = fake
        .calls()
        .iter()
        .map(|call| serde_json::from_str(call.split_once(' ').unwrap().1).unwrap())
        .map(|params: Value| params["selector"].clone())
        .collect();
    assert_eq!(selectors, [json!(["g:*"]), json!(["web", "idle"]), json!(["all"])]);
}

#[test]
fn the_lines_are_those_of_a_stop_and_a_start() {
    let fake = daemon();
    for (words, out, code) in [
        (&["web"][..], "web: stopped\nweb: started\n", 0),
        (&["idle"], "idle: ERROR (not running)\nidle: started\n", 0),
        (&["idle", "web"], "idle: ERROR (not running)\nweb: stopped\nidle: started\nweb: started\n", 0),
        (
            &["g:*"],
            "g:a: stopped\ng:c: stopped\nFAILED: cannot kill\n\
             g:b: started\ng:a: started\ng:c: ERROR (spawn error)\n",
            7,
        ),
        (&["nope"], "nope: ERROR (no such process)\nnope: ERROR (no such process)\n", 1),
        (&["nope:*"], "nope: ERROR (no such group)\nnope: ERROR (no such group)\n", 2),
        (
            &["nope", "web"],
            "nope: ERROR (no such process)\nweb: stopped\nnope: ERROR (no such process)\nweb: started\n",
            1,
        ),
    ] {
        let ended = fake.run(&[&["restart"], words].concat());
        assert_eq!((ended.out.as_str(), ended.code), (out, Some(code)), "{words:?} {}", ended.err);
    }
    let ended = fake.run(&["restart"]);
    assert!(ended.out.starts_with("Error: restart requires a process name\nrestart <name>\t\t"));
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_name_that_is_refused_in_its_row_does_not_hide_the_others() {
    let fake = Script::new()
        .on("process.restart", |_| {
            let refused = row_error(&Fault::ProcessNotFound("nope".to_owned()));
            let rows = vec![
                Row::failed(&target("nope", "nope"), refused),
                Row::ok(&target("web", "web")).with_stopped(true),
            ];
            Ok(serde_json::to_value(Operation::done(rows)).unwrap())
        })
        .serve();
    let ended = fake.run(&["restart", "nope", "web"]);
    assert_eq!(
        ended.out,
        "nope: ERROR (no such process)\nweb: stopped\nnope: ERROR (no such process)\nweb: started\n"
    );
    assert_eq!(fake.calls().len(), 1);
}
