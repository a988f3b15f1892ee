//! `disable` and `enable`: what is not to be started, for good.

use crate::harness::http::Server;
use crate::harness::{Herd, until};
use serde_json::json;

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
    herd.ctl("restart web").has("web: ERROR (not restarted: it is disabled and left as it is; ", 1);
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

const SHOP: &str = "[group:shop]\nprograms=api,till\n\
    [program:api]\nnumprocs=2\nprocess_name=api_%(process_num)d\ncommand=/bin/cat\nstartsecs=0\n\
    [program:till]\ncommand=/bin/cat\nstartsecs=0\n";

fn shop(more: &str) -> String {
    format!("{PROGRAMS}{SHOP}{more}")
}

#[test]
fn words_name_processes_as_everywhere_and_each_unknown_one_is_told() {
    let herd = plan(&shop("")).start();
    herd.ctl("wait all");
    for (line, out, code) in [
        ("disable shop:*", "shop:api_0: disabled\nshop:api_1: disabled\nshop:till: disabled\n", 0),
        ("enable shop:api_*", "shop:api_0: enabled\nshop:api_1: enabled\n", 0),
        ("enable shop:", "shop:api_0: enabled\nshop:api_1: enabled\nshop:till: enabled\n", 0),
        ("disable web web", "web: disabled\nweb: disabled\n", 0),
        ("enable db", "db: enabled\n", 0),
        ("disable nobody", "nobody: ERROR (no such process)\n", 1),
        ("enable no:*", "no: ERROR (no such group)\n", 1),
        ("enable shop:no", "shop:no: ERROR (no such process)\n", 1),
        ("disable x*", "x*: ERROR (no such process)\n", 1),
        (
            "disable --now nobody shop:till no:* db",
            "nobody: ERROR (no such process)\nshop:till: disabled\nno: ERROR (no such group)\ndb: disabled\n\
             shop:till: stopped\ndb: stopped\n",
            1,
        ),
        (
            "enable --now all",
            "db: enabled\nshop:api_0: enabled\nshop:api_1: enabled\nshop:till: enabled\nweb: enabled\n\
             db: started\nshop:till: started\n",
            0,
        ),
    ] {
        herd.ctl(line).is(out, code);
    }
    let usage = herd.ctl("disable");
    assert!(
        usage.stdout.starts_with("Error: disable requires a process name\n") && usage.code == 2,
        "{usage:?}"
    );
    assert_eq!(herd.ctl("enable --later web").code, 2);
    herd.ctl("disable --now all");
    assert_eq!(herd.ctl("start all").stdout, "");
    herd.ctl("enable all");
    herd.end();
}

#[test]
fn a_group_is_started_and_restarted_without_those_that_are_disabled() {
    let herd = plan(&shop("")).start();
    herd.ctl("wait all");
    herd.ctl("disable --now shop:api_0 shop:till");
    let runs = herd.pid("shop:api_1");
    herd.ctl("start shop:*").is("", 0);
    herd.ctl("restart shop:*").is("shop:api_1: stopped\nshop:api_1: started\n", 0);
    assert_ne!(herd.pid("shop:api_1"), runs);
    // a name is meant, and refused
    let refused = herd.ctl("start shop:till shop:api_1");
    refused.is("shop:till: ERROR (spawn error)\nshop:api_1: ERROR (already started)\n", 7);
    let hint = "shop:till: shop:till is disabled; `supervisorctl enable shop:till` comes first\n";
    assert_eq!(refused.stderr, hint);
    assert_eq!(herd.count("spawned: 'till'"), 1);
    // one that runs is not taken down by a restart that could not start it again
    herd.ctl("disable shop:api_1");
    let runs = herd.pid("shop:api_1");
    let kept = "shop:api_1: ERROR (not restarted: it is disabled and left as it is; `supervisorctl enable shop:api_1` comes \
                first)\n";
    herd.ctl("restart shop:api_1").is(kept, 1);
    herd.ctl("restart all").has("web: started", 0);
    assert_eq!(herd.pid("shop:api_1"), runs);
    herd.end();
}

#[test]
fn a_restart_in_order_leaves_what_is_disabled_as_it_is() {
    let herd =
        plan(&format!("{PROGRAMS}[program:app]\ncommand=/bin/cat\nstartsecs=0\nrequires=db\n")).start();
    herd.ctl("wait all");
    herd.ctl("disable db").is("db: disabled\n", 0);
    let (db, app) = (herd.pid("db"), herd.pid("app"));
    herd.ctl("restart app db").is(
        "app: stopped\n\
         db: ERROR (not restarted: it is disabled and left as it is; `supervisorctl enable db` comes first)\n\
         app: started\n",
        1,
    );
    assert!(herd.pid("db") == db && herd.pid("app") != app);
    herd.end();
}

#[test]
fn what_is_disabled_stays_so_over_updates_and_the_end_of_the_daemon() {
    let mut herd = plan(&shop("")).start();
    herd.ctl("wait all");
    let setting = ["state_file=%(here)s/state"];
    let state = |herd: &Herd| std::fs::read_to_string(herd.path("state")).expect("it is there");
    herd.ctl("disable web shop:till").is("web: disabled\nshop:till: disabled\n", 0);
    let (kept, runs) = (state(&herd), herd.pid("web"));
    // nothing has changed
    herd.ctl("update").is("", 0);
    assert_eq!(herd.pid("web"), runs);
    // what an update replaces is not started again if it is disabled
    let other = "environment=A=1\n";
    herd.configure(&setting, &shop("").replace("[program:till]\n", &format!("[program:till]\n{other}")));
    herd.ctl("update").is("shop: stopped\nshop: updated process group\n", 0);
    herd.ctl("wait shop:api_0 shop:api_1");
    herd.ctl("status shop:till").has("STOPPED", 3);
    assert_eq!((herd.count("spawned: 'till'"), herd.pid("web")), (1, runs));
    // a group that is taken out and comes back
    herd.configure(&setting, PROGRAMS);
    herd.ctl("update").has("shop: removed process group\n", 0);
    herd.configure(&setting, &shop(""));
    herd.ctl("update").is("shop: added process group\n", 0);
    herd.ctl("wait shop:api_0 shop:api_1");
    herd.ctl("status shop:till").has("Not started", 3);
    // nobody but the commands has written it: not the end of a daemon, and not the next one
    assert_eq!(state(&herd), kept);
    herd.again();
    herd.ctl("wait db shop:api_0 shop:api_1");
    herd.ctl("status web shop:till").has("shop:till", 3);
    assert_eq!((herd.pid("web"), herd.pid("shop:till")), (0, 0));
    assert_eq!(
        (herd.count("web is disabled (process.disable over JSON-RPC by uid"), state(&herd)),
        (1, kept)
    );
    herd.ctl("enable --now web shop:till")
        .is("web: enabled\nshop:till: enabled\nweb: started\nshop:till: started\n", 0);
    herd.again();
    herd.ctl("wait all").has("web: running", 0);
    herd.end();
}

#[test]
fn an_update_by_process_takes_down_what_it_cannot_start_again() {
    let herd = plan(&shop("")).start();
    herd.ctl("wait all");
    herd.ctl("disable shop:till").is("shop:till: disabled\n", 0);
    let runs = [herd.pid("shop:till"), herd.pid("shop:api_0")];
    let setting = ["state_file=%(here)s/state"];
    // a hot key is taken over while it runs
    let text = |keys: &str| shop("").replace("[program:till]\n", &format!("[program:till]\n{keys}"));
    herd.configure(&setting, &text("stopwaitsecs=3\n"));
    herd.ctl("update --per-process").has("shop: updated process group\n", 0);
    assert_eq!([herd.pid("shop:till"), herd.pid("shop:api_0")], runs);
    // for another one it would have to be restarted
    herd.configure(&setting, &text("stopwaitsecs=3\nenvironment=A=1\n"));
    let said = herd.ctl("update --per-process");
    assert!(said.stdout.ends_with("shop: updated process group\n"), "{said:?}");
    herd.ctl("status shop:till").has("STOPPED", 3);
    assert_eq!((herd.pid("shop:api_0"), herd.count("spawned: 'till'")), (runs[1], 1));
    herd.end();
}

#[test]
fn programs_and_pages_are_told() {
    let herd = plan(PROGRAMS).start();
    herd.ctl("wait all");
    herd.ctl("disable --now web");
    herd.ctl("disable db");
    let rows = herd.call("process.start", json!({"selector": ["web", "db"]})).expect("an answer");
    assert_eq!(rows["rows"].as_array().map(Vec::len), Some(2), "{rows}");
    let web = rows["rows"].as_array().and_then(|rows| rows.iter().find(|row| row["name"] == "web"));
    let spawnerr = &web.expect("its row")["error"]["data"]["details"]["spawnerr"];
    assert_eq!(spawnerr, "web is disabled; `supervisorctl enable web` comes first");
    assert_eq!(
        herd.call("process.start", json!({"selector": "all"})).expect("an answer")["rows"],
        json!([])
    );
    let list = herd.call("process.list", json!({})).expect("an answer");
    let disabled: Vec<_> =
        list["items"].as_array().expect("a list").iter().map(|item| &item["disabled"]).collect();
    assert_eq!(disabled, [&json!(true), &json!(true)]);
    herd.ctl("status").has("web                              STOPPED   ", 3);
    let shown = herd.ctl("status web");
    assert!(shown.stdout.ends_with(", disabled\n"), "{shown:?}");
    let shown = page(&herd);
    for (name, buttons) in [("web", 0), ("db", 1)] {
        let row =
            shown.lines().find(|line| line.contains(&format!("processname={name}\""))).expect("a row");
        let count = ["start", "restart", "stop"]
            .iter()
            .filter(|action| row.contains(&format!("value=\"{action}\"")))
            .count();
        assert!(row.contains(", disabled</td>") && count == buttons, "{row}");
    }
    // "Restart All" leaves it as it is
    let runs = herd.pid("db");
    press(&herd, "action=restartall");
    let told = press(&herd, "processname=db&action=restart");
    assert!(told.contains("ERROR") && told.contains("disabled"), "{told}");
    assert_eq!(herd.pid("db"), runs);
    herd.ctl("enable db web");
    assert_eq!(page(&herd).matches(", disabled").count(), 0);
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

#[test]
fn an_instance_of_a_template_is_not_disabled() {
    // what an earlier daemon kept of another one of that name
    let kept = "treeherd desired state, format 1\ndisabled worker:1 1763856000000 somebody\nend 1\n";
    let worker = "[template:worker]\ncommand=/bin/sleep %(arg_time)s\nstartsecs=0\n";
    let herd = plan(&format!("{PROGRAMS}{worker}")).file("state", kept).start();
    herd.ctl("wait all");
    herd.ctl("spawn worker time=1000").is("worker:1: started\n", 0);
    let runs = herd.pid("worker:1");
    for word in ["worker:1", "worker:*"] {
        let line = format!(
            "{word}: ERROR (worker:1 is an instance of a template: it is gone once it is stopped, and no other \
             has its name; `supervisorctl stop worker:1` does that)\n"
        );
        herd.ctl(&format!("disable --now {word}")).is(&line, 1);
    }
    herd.ctl("disable all").is("db: disabled\nweb: disabled\n", 0);
    assert_eq!(herd.pid("worker:1"), runs);
    let shown = herd.ctl("status worker:1");
    assert!(shown.stdout.contains("RUNNING") && !shown.stdout.contains("disabled"), "{shown:?}");
    herd.end();
}

#[test]
fn another_state_file_is_that_of_the_next_daemon() {
    let mut herd = plan(PROGRAMS).start();
    herd.ctl("wait all");
    herd.ctl("disable --now web").is("web: disabled\nweb: stopped\n", 0);
    herd.configure(&["state_file=%(here)s/other"], PROGRAMS);
    let told = "[supervisord] state_file: taken over once the daemon is started anew (reload)\n";
    herd.ctl("plan").is(&format!("No config updates to processes\n{told}"), 0);
    herd.assert_count("started anew", 0);
    for action in ["reread", "update"] {
        let said = herd.ctl(action);
        assert_eq!(said.stderr, format!("supervisorctl: {told}"), "{action}");
        // Supervisor's own words are as ever
        assert_eq!((said.stdout.contains("[supervisord]"), said.code), (false, 0), "{action}");
    }
    herd.wait_anywhere(
        "WARN [supervisord] state_file: changed, and taken over once the daemon is started anew (reload)",
    );
    let paths = ["state", "other"].map(|name| herd.path(name).display().to_string());
    herd.wait_anywhere(&format!(
        "WARN what is disabled and scaled is kept in {} until then, and looked for in {} after that: move the file before",
        paths[0], paths[1]
    ));
    // what is said from now on stands beside what was
    herd.ctl("disable db").is("db: disabled\n", 0);
    let kept = std::fs::read_to_string(herd.path("state")).expect("it is there");
    assert!(kept.contains("disabled web:web ") && kept.contains("disabled db:db "), "{kept}");
    assert!(!herd.path("other").exists());
    std::fs::rename(herd.path("state"), herd.path("other")).expect("it is there");
    herd.again();
    for name in ["web", "db"] {
        herd.wait_anywhere(&format!("{name} is disabled (process.disable over JSON-RPC by uid"));
    }
    assert_eq!(herd.ctl("reread").stderr, "");
    herd.end();
}

fn server(herd: &Herd) -> Server {
    Server::Unix(herd.path("s.sock"))
}

fn page(herd: &Herd) -> String {
    server(herd).get("/").body
}

/// A button of the page; what the page says of it then.
fn press(herd: &Herd, form: &str) -> String {
    let answer =
        server(herd).send("POST", "/", "Content-Type: application/x-www-form-urlencoded\r\n", form);
    answer.header("Location").unwrap_or_default().to_owned()
}
