//! A group that is configured differently while it runs: who keeps its process, and who looks after it then.
//!
//! ```text
//!   group:web ─┬─ program:keep     not changed
//!              |- program:hot      autorestart=true, then false: hot
//!              |- program:other    another command and another log: restart
//!              |- program:idle     autostart=false, never started
//!              `- program:gone     no longer configured; program:new comes
//! ```

use crate::herd::{Herd, with};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use treeherd_actors::command::{Reply, Verb, Wait};
use treeherd_actors::program::Do;
use treeherd_actors::root::Dispatch;
use treeherd_actors::root::update::Remove;
use treeherd_domain::cause::Cause;
use treeherd_domain::fault::Fault;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

const CAT: &str = "command=/bin/cat\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n";

fn before() -> String {
    format!(
        "[group:web]\nprograms=keep,hot,other,idle,gone\n[program:keep]\n{CAT}[program:hot]\n{CAT}autorestart=true\n\
         [program:other]\ncommand=/bin/sh -c 'echo before; exec cat'\nstartsecs=0\nstdout_logfile=%(here)s/before.log\n\
         stderr_logfile=NONE\n[program:idle]\n{CAT}autostart=false\n[program:gone]\n{CAT}"
    )
}

fn after() -> String {
    before()
        .replace("programs=keep,hot,other,idle,gone", "priority=5\nprograms=new,keep,hot,other,idle")
        .replace("[program:gone]", "[program:new]")
        .replace("autorestart=true", "autorestart=false\nstopsignal=INT")
        .replace("before", "after")
}

/// Writes other programs into the file, and has them read.
async fn configure(herd: &Herd, from: &str, to: &str) {
    let text = herd.read("herd.conf");
    assert!(text.ends_with(from));
    std::fs::write(herd.path("herd.conf"), text.replace(from, to)).unwrap();
    herd.call("supervisor.reloadConfig", json!([])).await.unwrap();
}

async fn ready(herd: &Herd) {
    for name in ["web:keep", "web:hot", "web:other", "web:gone"] {
        herd.state(name, ProcessState::Running).await;
    }
}

fn pids(herd: &Herd) -> BTreeMap<String, i32> {
    herd.snapshot().into_iter().map(|(name, _, pid, ..)| (name, pid)).collect()
}

/// `web:keep restart stopped` for each row of an answer.
fn rows(answer: &Value) -> Vec<String> {
    let row = |row: &Value| {
        let stopped = if row["stopped"] == true { " stopped" } else { "" };
        format!("{} {}{stopped}", row["name"].as_str().unwrap(), row["action"].as_str().unwrap())
    };
    answer["rows"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn only_the_processes_that_changed_are_touched() {
    with(&before(), async |herd| {
        ready(herd).await;
        let (old, seq) = (pids(herd), herd.status("web:other").incarnation);
        configure(herd, &before(), &after()).await;
        let answer = herd.call("group.update", json!({"name": "web"})).await.unwrap();
        assert_eq!((&answer["divisible"], &answer["applied"]), (&json!(true), &json!(true)));
        assert_eq!(
            rows(&answer),
            ["new add", "hot update", "other restart stopped", "gone remove stopped"]
        );
        herd.state("web:new", ProcessState::Running).await;
        herd.state("web:other", ProcessState::Running).await;
        let now = pids(herd);
        assert!(!now.contains_key("web:gone"), "{now:?}");
        for name in ["web:keep", "web:hot", "web:idle"] {
            assert_eq!(old[name], now[name], "{name}");
        }
        assert_ne!(old["web:other"], now["web:other"]);
        assert_eq!(
            herd.status("web:other").incarnation,
            seq + 1,
            "it is the next process of the same program"
        );
        herd.until("written to the other log", || herd.read("after.log") == "after\n").await;
        assert_eq!(herd.read("before.log"), "before\n");
        // a second time there is nothing to do
        let answer = herd.call("group.update", json!({"name": "web"})).await.unwrap();
        assert_eq!((rows(&answer), &answer["applied"]), (vec![], &json!(true)));
    });
}

#[test]
fn what_is_hot_holds_for_the_process_that_runs() {
    with(&before(), async |herd| {
        ready(herd).await;
        configure(herd, &before(), &after()).await;
        herd.call("group.update", json!(["web"])).await.unwrap();
        herd.kill("web:hot", Signal::KILL);
        herd.state("web:hot", ProcessState::Exited).await;
        // it was autorestart=true when the process was spawned
        herd.call("process.start", json!({"selector": "web:hot"})).await.unwrap();
        herd.call("process.stop", json!({"selector": "web:hot"})).await.unwrap();
        assert_eq!(herd.logged("stopped: hot (terminated by SIGINT)"), 1, "{:#?}", herd.lines());
    });
}

#[test]
fn what_is_down_stays_down_unless_it_is_new() {
    with(&before(), async |herd| {
        ready(herd).await;
        herd.call("process.stop", json!({"selector": ["web:other", "web:hot"]})).await.unwrap();
        configure(herd, &before(), &after()).await;
        let answer = herd.call("group.update", json!(["web"])).await.unwrap();
        assert_eq!(rows(&answer), ["new add", "hot update", "other restart", "gone remove stopped"]);
        herd.state("web:new", ProcessState::Running).await;
        for name in ["web:other", "web:hot", "web:idle"] {
            assert_eq!(herd.status(name).state, ProcessState::Stopped, "{name}");
        }
        // with autostart turned on, what was never started is started
        let on = after().replace("autostart=false\n", "");
        configure(herd, &after(), &on).await;
        herd.call("group.update", json!(["web"])).await.unwrap();
        herd.state("web:idle", ProcessState::Running).await;
        assert_eq!(herd.status("web:other").state, ProcessState::Stopped);
    });
}

#[test]
fn after_a_bug_the_new_configuration_is_looked_after() {
    with(&before(), async |herd| {
        ready(herd).await;
        configure(herd, &before(), &after()).await;
        herd.call("group.update", json!(["web"])).await.unwrap();
        for name in ["web:new", "web:other"] {
            herd.state(name, ProcessState::Running).await;
        }
        let now = pids(herd);
        let paths = [
            "root/group:web/program:hot",
            "root/group:web/program:other/rotator:stdout",
            "root/group:web",
            "root",
        ];
        for path in paths {
            herd.crash(path, "panic").await;
            assert_eq!(pids(herd), now, "{path}");
        }
        herd.kill("web:hot", Signal::KILL);
        herd.state("web:hot", ProcessState::Exited).await;
        herd.call("process.restart", json!({"selector": "web:other"})).await.unwrap();
        herd.until("in the new log again", || herd.read("after.log") == "after\nafter\n").await;
    });
}

#[test]
fn a_plan_tells_what_the_update_then_does_and_changes_nothing() {
    with(&before(), async |herd| {
        ready(herd).await;
        let text = herd.read("herd.conf").replace(&before(), &after());
        std::fs::write(herd.path("herd.conf"), text).unwrap();
        let old = pids(herd);
        let plan = herd.call("config.plan", json!({"perProcess": true})).await.unwrap();
        assert_eq!(pids(herd), old);
        let missing = herd.call("group.update", json!(["web"])).await.unwrap();
        assert_eq!(rows(&missing), Vec::<String>::new(), "what was planned is not what is stored");
        let told: Vec<String> = plan["groups"][0]["processes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|process| process["action"] != "none")
            .map(|process| {
                let up = process["state"] == "RUNNING" && process["action"] != "update";
                let stopped = if up { " stopped" } else { "" };
                format!(
                    "{} {}{stopped}",
                    process["name"].as_str().unwrap(),
                    process["action"].as_str().unwrap()
                )
            })
            .collect();
        herd.call("supervisor.reloadConfig", json!([])).await.unwrap();
        let done = herd.call("group.update", json!(["web"])).await.unwrap();
        assert_eq!(rows(&done), told);
        let whole = herd.call("config.plan", json!({"groups": ["nope"]})).await.unwrap_err();
        assert_eq!(whole["data"]["kind"], "GroupNotFound");
    });
}

#[test]
fn of_two_updates_at_once_the_second_finds_it_done() {
    let slow = |number| {
        format!(
            "[program:slow]\ncommand=/bin/sh -c 'trap \"sleep 0.3; exit 0\" TERM; while :; do sleep 0.05; done'\n\
             startsecs=0\nenvironment=N=\"{number}\"\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
        )
    };
    with(&slow(1), async |herd| {
        herd.state("slow", ProcessState::Running).await;
        configure(herd, &slow(1), &slow(2)).await;
        let update = || herd.call("group.update", json!(["slow"]));
        let (one, other) = futures_util::join!(update(), update());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((&one["applied"], &other["applied"]), (&json!(true), &json!(true)));
        assert_eq!((rows(&one), rows(&other)), (vec!["slow restart stopped".to_owned()], vec![]));
        herd.until("in the second process", || herd.status("slow").incarnation == 2).await;
    });
}

#[test]
fn a_start_that_meets_the_removal_of_its_process_leaves_none_behind() {
    let program = format!("[program:gone]\n{CAT}autostart=false\n");
    with(&program, async |herd| {
        let (mut removed, root) = (0, herd.slot.get().unwrap());
        for round in 0..200 {
            let namespec = herd.estate("gone").namespec.clone();
            let (reply, mut outcome) = Reply::channel(1);
            let command = Do::new(Verb::Start, Wait::No, Cause::Again, false, reply);
            root.do_send(Dispatch { namespec, command });
            let removal = root.send(Remove("gone".to_owned())).await.unwrap();
            let started = outcome.recv().await.map(|outcome| outcome.result);
            if removal.is_err() {
                // the start was the first of the two
                assert_eq!(started, Some(Ok(())), "round {round}");
                herd.call("supervisor.stopProcess", json!(["gone"])).await.unwrap();
                continue;
            }
            removed += 1;
            assert_eq!(started, Some(Err(Fault::ProcessNotFound("gone".to_owned()))), "round {round}");
            herd.call("supervisor.addProcessGroup", json!(["gone"])).await.unwrap();
        }
        assert!(removed > 0, "they never met");
    });
}

#[test]
fn a_program_between_two_of_its_starts_can_be_removed_and_replaced() {
    let brief = |text: &str| {
        format!(
            "[program:brief]\ncommand=/bin/echo {text}\nstartsecs=0\nautorestart=true\n\
             stdout_logfile=%(here)s/{text}.log\nstderr_logfile=NONE\n"
        )
    };
    with(&brief("one"), async |herd| {
        herd.state("brief", ProcessState::Exited).await;
        configure(herd, &brief("one"), &brief("two")).await;
        let answer = herd.call("group.update", json!(["brief"])).await.unwrap();
        assert_eq!((rows(&answer), &answer["applied"]), (vec!["brief restart".to_owned()], &json!(true)));
        herd.until("in the other log", || herd.read("two.log").starts_with("two\n")).await;
        herd.state("brief", ProcessState::Exited).await;
        herd.call("supervisor.removeProcessGroup", json!(["brief"])).await.unwrap();
        let spawned = herd.logged("spawned: 'brief'");
        herd.call("supervisor.addProcessGroup", json!(["brief"])).await.unwrap();
        herd.until("started anew", || herd.logged("spawned: 'brief'") == spawned + 1).await;
    });
}

#[test]
fn who_watches_hears_of_processes_that_come_and_go() {
    with(&before(), async |herd| {
        ready(herd).await;
        let methods = herd.bridge.methods(true);
        let mut watch = methods.subscribe_unbounded("process.watch", [(); 0]).await.unwrap();
        configure(herd, &before(), &after()).await;
        herd.call("group.update", json!(["web"])).await.unwrap();
        let (mut come, mut gone) = (false, false);
        while !(come && gone) {
            let item = tokio::time::timeout(crate::herd::DEADLINE, watch.next::<Value>()).await;
            let (item, _) = item.expect("the items come in time").expect("there is one").unwrap();
            come |= item["kind"] == "change" && item["item"]["name"] == "new";
            gone |= item["kind"] == "gone" && item["name"] == "gone";
        }
    });
}
