//! Rolling restarts of real processes: what stays up, what is told, and who may die meanwhile.

use crate::herd::{Herd, with};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use treeherd_actors::bus::Item;
use treeherd_domain::event::EventKind;
use treeherd_domain::status::ProcessState;

/// Four that are up at once; `fail_N` makes the next life of number N end at once, `slow` makes it take a second.
const WEB: &str = "[program:web]\nnumprocs=4\nprocess_name=%(process_num)d\nstartsecs=0\nautorestart=false\n\
    command=/bin/sh -c 'exec cat'\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
const FRAGILE: &str = "[program:web]\nnumprocs=4\nprocess_name=%(process_num)d\nstartsecs=1\nautorestart=false\n\
    startretries=0\ndirectory=%(here)s\ncommand=/bin/sh -c 'test -e fail_%(process_num)d && exit 3; exec cat'\n\
    stdout_logfile=NONE\nstderr_logfile=NONE\n";
const NAMES: [&str; 4] = ["web:0", "web:1", "web:2", "web:3"];

async fn ready(herd: &Herd) {
    for name in NAMES {
        herd.state(name, ProcessState::Running).await;
    }
}

fn pids(herd: &Herd) -> [i32; 4] {
    NAMES.map(|name| herd.pid(name))
}

fn incarnations(herd: &Herd) -> [u64; 4] {
    NAMES.map(|name| herd.status(name).incarnation)
}

async fn roll(herd: &Herd, rolling: Value) -> Result<Value, Value> {
    herd.call("process.restart", json!({"selector": "web:*", "rolling": rolling})).await
}

/// `0 ok`, `1 NotReady`, ... for each row of an answer.
fn rows(answer: &Value) -> Vec<String> {
    let row = |row: &Value| {
        let what = if row["ok"] == true { "ok" } else { row["error"]["data"]["kind"].as_str().unwrap() };
        format!("{} {what}", row["name"].as_str().unwrap())
    };
    answer["rows"].as_array().unwrap().iter().map(row).collect()
}

fn why(answer: &Value, at: usize) -> String {
    answer["rows"][at]["error"]["data"]["details"]["why"].as_str().unwrap_or_default().to_owned()
}

/// The most processes that were not RUNNING at the same time, as their events tell.
async fn most_down(herd: &Herd, restart: impl Future<Output = Result<Value, Value>>) -> (usize, Value) {
    let mut events = herd.shared.journal.subscribe(None, false);
    let answer = restart.await.unwrap();
    // the bus has recorded what it was told before it tells of itself
    assert!(herd.incarnations("root/bus").await.is_some());
    let (mut down, mut most) = (BTreeSet::new(), 0);
    while let Some(item) = events.items.try_recv() {
        let Item::Event(event) = item else { panic!("a gap") };
        if let EventKind::ProcessState { namespec, to, .. } = &event.kind {
            if *to == ProcessState::Running {
                down.remove(namespec)
            } else {
                down.insert(namespec.clone())
            };
            most = most.max(down.len());
        }
    }
    (most, answer)
}

#[test]
fn one_after_the_other_is_restarted_once_and_the_others_stay_up() {
    with(WEB, async |herd| {
        ready(herd).await;
        let before = pids(herd);
        let (most, answer) = most_down(herd, roll(herd, json!({}))).await;
        assert_eq!(rows(&answer), ["0 ok", "1 ok", "2 ok", "3 ok"]);
        assert_eq!((most, incarnations(herd)), (1, [2; 4]));
        assert!(pids(herd).iter().all(|pid| *pid > 0 && !before.contains(pid)));
        let stopped = answer["rows"].as_array().unwrap().iter().all(|row| row["stopped"] == true);
        assert!(stopped, "{answer}");
    });
}

#[test]
fn a_batch_is_down_together_and_never_more() {
    // each takes a second to be up again, in which the others of its batch are told
    with(FRAGILE, async |herd| {
        ready(herd).await;
        let (most, answer) = most_down(herd, roll(herd, json!({"batch": 3}))).await;
        assert_eq!(answer["rows"].as_array().unwrap().len(), 4);
        assert_eq!(most, 3);
        assert_eq!(incarnations(herd), [2; 4]);
    });
}

#[test]
fn the_first_failure_leaves_the_rest_alone() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        let before = pids(herd);
        std::fs::write(herd.path("fail_1"), "").unwrap();
        let answer = roll(herd, json!({})).await.unwrap();
        assert_eq!(rows(&answer), ["0 ok", "1 SpawnError", "2 NotRestarted", "3 NotRestarted"]);
        assert_eq!(why(&answer, 2), "aborted after web:1 failed");
        assert_eq!(pids(herd)[2..], before[2..], "the same processes");
        assert_eq!(
            herd.logged("rolling restart ended: aborted after web:1 failed; 1 restarted, 1 failed, 2 left"),
            1
        );
    });
}

#[test]
fn as_many_failures_as_are_allowed_are_passed_over() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        std::fs::write(herd.path("fail_0"), "").unwrap();
        let answer = roll(herd, json!({"batch": 2, "abortOn": 2})).await.unwrap();
        let mut all = rows(&answer);
        all.sort();
        assert_eq!(all, ["0 SpawnError", "1 ok", "2 ok", "3 ok"]);
    });
}

#[test]
fn what_falls_in_the_pause_is_told_and_ends_it() {
    with(WEB, async |herd| {
        ready(herd).await;
        let restart = roll(herd, json!({"pauseMs": 600_000}));
        let fall = async {
            herd.until("restarted", || herd.status("web:0").incarnation == 2).await;
            herd.state("web:0", ProcessState::Running).await;
            herd.kill("web:0", treeherd_domain::signal::Signal::KILL);
        };
        let (answer, ()) = tokio::join!(restart, fall);
        let answer = answer.unwrap();
        let all: BTreeMap<_, _> = rows(&answer).into_iter().map(|row| (row, ())).collect();
        assert_eq!(all.len(), 4, "one row each");
        assert!(all.contains_key("0 NotReady") && all.contains_key("1 NotRestarted"), "{all:?}");
    });
}

#[test]
fn those_that_are_down_come_first_and_one_that_is_stopped_meanwhile_stays_so() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        herd.call("process.stop", json!({"selector": "web:3"})).await.unwrap();
        let restart = roll(herd, json!({}));
        let stop = async {
            herd.until("begun", || herd.status("web:3").incarnation == 2).await;
            herd.call("process.stop", json!({"selector": "web:1"})).await.unwrap();
        };
        let (answer, _) = tokio::join!(restart, stop);
        let answer = answer.unwrap();
        assert_eq!(rows(&answer), ["3 ok", "0 ok", "1 NotRestarted", "2 ok"]);
        assert_eq!(why(&answer, 2), "it was stopped meanwhile");
        assert_eq!(herd.status("web:1").state, ProcessState::Stopped);
        assert_eq!(answer["rows"][0]["stopped"], json!(false));
    });
}

#[test]
fn a_stop_of_one_that_is_under_way_wins() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        let stop = async {
            herd.until("begun", || herd.status("web:0").incarnation == 2).await;
            herd.call("process.stop", json!({"selector": "web:0"})).await.unwrap();
        };
        let (answer, ()) = tokio::join!(roll(herd, json!({})), stop);
        assert_eq!(rows(&answer.unwrap())[0], "0 AbnormalTermination");
        assert_eq!(incarnations(herd), [2, 1, 1, 1]);
    });
}

#[test]
fn two_never_have_a_process_in_common() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        let other = async {
            herd.until("begun", || herd.status("web:0").incarnation == 2).await;
            let refused = herd.call("process.restart", json!({"selector": "web:3", "rolling": {}})).await;
            let error = refused.unwrap_err();
            assert_eq!(error["data"]["kind"], "Failed", "{error}");
            assert!(
                error["message"].as_str().unwrap().contains("web:3 is part of a rolling restart"),
                "{error}"
            );
        };
        let (answer, ()) = tokio::join!(roll(herd, json!({"batch": 2})), other);
        assert_eq!(answer.unwrap()["rows"].as_array().unwrap().len(), 4);
        let again = roll(herd, json!({"batch": 4})).await.unwrap();
        assert_eq!(rows(&again).len(), 4, "the first one is over: it holds nobody up");
    });
}

#[test]
fn whoever_leaves_ends_it_after_those_under_way() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        let begun = herd.until("begun", || herd.status("web:0").incarnation == 2);
        tokio::select! {
            answer = roll(herd, json!({})) => panic!("{answer:?}"),
            () = begun => {}
        }
        herd.until("told", || herd.logged("rolling restart ended: whoever asked") == 1).await;
        herd.state("web:0", ProcessState::Running).await;
        assert_eq!(incarnations(herd), [2, 1, 1, 1]);
        assert_eq!(herd.logged("1 restarted, 0 failed, 3 left as they were"), 1, "{:#?}", herd.lines());
    });
}

#[test]
fn the_end_of_the_daemon_ends_it_with_an_answer() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        let end = async {
            herd.until("begun", || herd.status("web:0").incarnation == 2).await;
            herd.call("supervisor.shutdown", json!([])).await.unwrap();
        };
        let (answer, ()) = tokio::join!(roll(herd, json!({"pauseMs": 1})), end);
        let answer = answer.unwrap();
        assert_eq!(answer["rows"].as_array().unwrap().len(), 4);
        assert_eq!(rows(&answer)[1..], ["1 NotRestarted", "2 NotRestarted", "3 NotRestarted"]);
        assert_eq!(why(&answer, 3), "the daemon is stopping");
    });
}

#[test]
fn actors_that_die_meanwhile_neither_stop_it_nor_make_it_do_things_twice() {
    for path in
        ["root", "root/group:web", "root/group:web/program:0", "root/group:web/program:1", "root/bus"]
    {
        with(FRAGILE, async |herd| {
            ready(herd).await;
            let crash = async {
                herd.until("begun", || herd.status("web:0").state != ProcessState::Running).await;
                herd.crash(path, "panic").await;
                herd.until("next", || herd.status("web:1").incarnation == 2).await;
                herd.crash(path, "stop").await;
            };
            let (answer, ()) = tokio::join!(roll(herd, json!({})), crash);
            let answer = answer.unwrap();
            assert_eq!(rows(&answer), ["0 ok", "1 ok", "2 ok", "3 ok"], "{path}");
            assert_eq!(incarnations(herd), [2; 4], "{path}: each once");
        });
    }
}

#[test]
fn senseless_wishes_are_refused() {
    with(WEB, async |herd| {
        ready(herd).await;
        for (wish, message) in [
            (json!({"batch": 0}), "batch is 0"),
            (json!({"abortOn": 0}), "abortOn is 0"),
            (json!({"bunch": 2}), "unknown field"),
        ] {
            let error = roll(herd, wish).await.unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        let params = json!({"selector": "web:*", "wait": "none", "rolling": {}});
        let error = herd.call("process.restart", params).await.unwrap_err();
        assert_eq!(error["data"]["kind"], "BadArguments", "{error}");
        assert_eq!(incarnations(herd), [1; 4]);
    });
}
