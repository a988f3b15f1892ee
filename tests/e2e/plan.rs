//! `plan`: what an update would do, told beforehand and without touching anything.
//!
//! Ours alone: the reference has no such command, so these tests are left out when it is under test.

use crate::harness::{Herd, Said, reference};

fn cat(name: &str, more: &str) -> String {
    format!("[program:{name}]\ncommand=/bin/cat\nstartsecs=0\n{more}")
}

fn numbered(count: u32, more: &str) -> String {
    format!(
        "[program:web]\ncommand=/bin/cat\nstartsecs=0\nnumprocs={count}\nprocess_name=web_%(process_num)d\n{more}"
    )
}

/// `keep`, `edit`, `gone` and three of `web`, all running.
fn herd() -> Herd {
    let herd = Herd::start(&before());
    for name in ["keep", "edit", "gone", "web_0", "web_1", "web_2"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    herd
}

fn before() -> String {
    [
        cat("keep", ""),
        cat("edit", "environment=OLD=\"hush1\",SAME=\"hush2\"\n"),
        cat("gone", ""),
        numbered(3, ""),
    ]
    .concat()
}

fn after() -> String {
    let edit = cat("edit", "environment=NEW=\"hush3\",SAME=\"hush2\"\nstartretries=5\n");
    [cat("keep", ""), edit, numbered(2, "autorestart=true\n"), cat("new", "autostart=false\n")].concat()
}

fn json(said: &Said) -> serde_json::Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[test]
fn a_plan_tells_what_update_does_and_changes_nothing() {
    if reference() {
        return;
    }
    let herd = herd();
    herd.ctl("plan").is("No config updates to processes\n", 0);
    herd.ctl("plan --check").is("No config updates to processes\n", 0);
    herd.configure(&[], &after());
    let names = ["keep", "edit", "gone", "web:web_0", "web:web_2"];
    let pids = names.map(|name| herd.pid(name));
    let expected = "\
group gone: stopped and removed
  gone       remove
group edit: changed: it is stopped, removed and added as a whole
  edit       restart  startretries: 3 -> 5 (hot)
                      environment: OLD -> NEW (restart) (values are not shown)
group web: changed: it is stopped, removed and added as a whole
  web:web_0  restart  autorestart: unexpected -> true (hot)
  web:web_1  restart  autorestart: unexpected -> true (hot)
  web:web_2  remove
group new: added
  new        add      stays down (autostart is off)
Plan: 1 to add, 3 to restart, 0 to update, 2 to remove.
";
    herd.ctl("plan").is(expected, 0);
    herd.ctl("plan --check").is(expected, 2);
    assert_eq!(names.map(|name| herd.pid(name)), pids);
    // what was read for the plan is not kept
    herd.ctl("add new").is("ERROR: no such process/group: new\n", 1);
    herd.ctl("update").is(
        "gone: stopped\ngone: removed process group\nedit: stopped\nedit: updated process group\nweb: stopped\n\
         web: updated process group\nnew: added process group\n",
        0,
    );
    herd.ctl("plan --check").is("No config updates to processes\n", 0);
    herd.end();
}

#[test]
fn a_plan_per_process_tells_what_that_update_touches() {
    if reference() {
        return;
    }
    let herd = herd();
    herd.configure(&[], &after());
    herd.ctl("plan --per-process web edit").is(
        "\
group edit: changed: only the processes that changed are touched
  edit       restart  startretries: 3 -> 5 (hot)
                      environment: OLD -> NEW (restart) (values are not shown)
group web: changed: only the processes that changed are touched
  web:web_0  update   autorestart: unexpected -> true (hot)
  web:web_1  update   autorestart: unexpected -> true (hot)
  web:web_2  remove
Plan: 0 to add, 1 to restart, 2 to update, 1 to remove.
",
        0,
    );
    herd.ctl("plan --per-process keep").is("No config updates to processes\n", 0);
    herd.ctl("plan nope").is("ERROR: no such group: nope\n", 1);
    let said = herd.ctl("plan --json --per-process edit");
    let plan = json(&said);
    let edit = &plan["groups"][0]["processes"][0];
    assert_eq!(
        (&edit["action"], &edit["reload"], &edit["state"]),
        (&"restart".into(), &"restart".into(), &"RUNNING".into())
    );
    assert_eq!(edit["keys"][1]["key"], "environment");
    assert_eq!((&edit["starts"], &plan["perProcess"]), (&true.into(), &true.into()));
    assert!(!said.stdout.contains("hush"), "a secret is shown: {said:?}");
    herd.end();
}

#[test]
fn a_file_with_errors_has_no_plan_and_all_errors_are_told() {
    if reference() {
        return;
    }
    let herd = Herd::start(&cat("keep", ""));
    herd.wait("success: keep");
    herd.configure(&[], "[program:bad]\ncommand=/bin/cat\nstartsecs=soon\n[program:worse]\n");
    let said = herd.ctl("plan --check");
    assert!(
        said.stdout.starts_with("ERROR: the configuration file has an error: ") && said.code == 1,
        "{said:?}"
    );
    for piece in ["startsecs=soon", "   ^^^^", "program section program:worse does not specify a command"] {
        assert!(said.stderr.contains(piece), "no {piece:?}: {said:?}");
    }
    let said = herd.ctl("plan --bogus");
    assert!(
        said.stdout.starts_with("Error: option --bogus not recognized\nplan [options]") && said.code == 2,
        "{said:?}"
    );
    herd.configure(&[], &cat("keep", ""));
    herd.ctl("plan").is("No config updates to processes\n", 0);
    herd.end();
}
