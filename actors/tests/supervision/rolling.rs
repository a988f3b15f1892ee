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

/// `0 ok`, `1 NotReady`, `2 left out (STOPPED)`, ... for each row of an answer.
fn rows(answer: &Value) -> Vec<String> {
    let row = |row: &Value| {
        let what = match (row["ok"] == true, row["leftOut"].as_str()) {
            (true, None) => "ok".to_owned(),
            (true, Some(why)) => format!("left out ({why})"),
            (false, _) => row["error"]["data"]["kind"].as_str().unwrap().to_owned(),
        };
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
fn what_does_not_run_is_left_out_and_one_that_is_stopped_meanwhile_stays_so() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        herd.call("process.stop", json!({"selector": "web:3"})).await.unwrap();
        herd.call("process.disable", json!({"selector": "web:2"})).await.unwrap();
        let before = pids(herd);
        let restart = roll(herd, json!({}));
        let stop = async {
            herd.until("begun", || herd.status("web:0").incarnation == 2).await;
            herd.call("process.stop", json!({"selector": "web:1"})).await.unwrap();
        };
        let (answer, _) = tokio::join!(restart, stop);
        // it is told at once
        let expected =
            ["2 left out (disabled)", "3 left out (STOPPED)", "1 left out (stopped meanwhile)", "0 ok"];
        assert_eq!(rows(&answer.unwrap()), expected);
        assert_eq!(herd.status("web:1").state, ProcessState::Stopped);
        assert_eq!((pids(herd)[2], incarnations(herd)), (before[2], [2, 1, 1, 1]));
        assert_eq!(herd.logged("rolling restart: web:2 is left out (disabled)"), 1);
        let ended = "rolling restart ended; 1 restarted, 0 failed, 0 left as they were";
        herd.until("the end", || herd.logged(ended) == 1).await;
    });
}

#[test]
fn who_is_named_is_started_where_it_is_down_and_refused_where_it_is_disabled() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        herd.call("process.stop", json!({"selector": "web:3"})).await.unwrap();
        herd.call("process.disable", json!({"selector": "web:2"})).await.unwrap();
        let named = json!({"selector": ["web:0", "web:2", "web:3"], "rolling": {}});
        let answer = herd.call("process.restart", named).await.unwrap();
        // one that is down comes first: there is nothing to lose by it
        assert_eq!(rows(&answer), ["2 NotRestarted", "3 ok", "0 ok"]);
        assert_eq!(
            why(&answer, 0),
            "it is disabled and left as it is; `supervisorctl enable web:2` comes first"
        );
        assert_eq!(
            (&answer["rows"][1]["stopped"], &answer["rows"][2]["stopped"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(incarnations(herd), [2, 1, 1, 2]);
    });
}

#[test]
fn one_that_is_disabled_before_its_turn_runs_on() {
    with(FRAGILE, async |herd| {
        ready(herd).await;
        let before = pids(herd);
        let disable = async {
            herd.until("begun", || herd.status("web:0").incarnation == 2).await;
            herd.call("process.disable", json!({"selector": "web:3"})).await.unwrap();
        };
        let (answer, ()) = tokio::join!(roll(herd, json!({"batch": 2})), disable);
        let answer = rows(&answer.unwrap());
        assert!(answer.contains(&"3 left out (disabled meanwhile)".to_owned()), "{answer:?}");
        assert_eq!((pids(herd)[3], incarnations(herd)), (before[3], [2, 2, 2, 1]));
    });
}

/// Four oneshots, of which the group keeps running what has not been let go yet: `go_N` does.
const JOBS: &str = "[program:web]\nnumprocs=4\nprocess_name=%(process_num)d\ntype=oneshot\nautostart=false\n\
    startsecs=0\nstartretries=0\nautorestart=false\ndirectory=%(here)s\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
    command=/bin/sh -c 'while test ! -e go_%(process_num)d; do sleep 0.02; done; test ! -e fail_%(process_num)d'\n";

#[test]
fn a_oneshot_is_there_when_it_has_completed_and_not_before() {
    with(JOBS, async |herd| {
        // two run, one has completed, one was never started
        std::fs::write(herd.path("go_2"), "").unwrap();
        let start = json!({"selector": ["web:0", "web:1", "web:2"], "wait": "none"});
        herd.call("process.start", start).await.unwrap();
        herd.state("web:2", ProcessState::Exited).await;
        herd.state("web:0", ProcessState::Running).await;
        herd.state("web:1", ProcessState::Running).await;
        let restart = roll(herd, json!({"pauseMs": 100}));
        let go = async {
            herd.until("begun", || herd.status("web:0").incarnation == 2).await;
            herd.state("web:0", ProcessState::Running).await;
            assert_eq!(herd.status("web:1").incarnation, 1, "RUNNING is not enough");
            std::fs::write(herd.path("go_0"), "").unwrap();
            herd.until("next", || herd.status("web:1").incarnation == 2).await;
            assert_eq!(herd.status("web:0").state, ProcessState::Exited);
            std::fs::write(herd.path("fail_1"), "").unwrap();
            std::fs::write(herd.path("go_1"), "").unwrap();
        };
        let (answer, ()) = tokio::join!(restart, go);
        let (answer, expected) =
            (answer.unwrap(), ["2 left out (COMPLETED)", "3 left out (STOPPED)", "0 ok", "1 NotReady"]);
        assert_eq!(rows(&answer), expected);
        assert_eq!(why(&answer, 3), "it ended before it was ready: exit status 1");
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
        let answer = answer.unwrap();
        assert_eq!(
            (rows(&answer)[0].as_str(), why(&answer, 0).as_str()),
            ("0 NotReady", "it was stopped meanwhile")
        );
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
                error["message"]
                    .as_str()
                    .unwrap()
                    .contains("web:3 is part of a rolling restart that is under way ("),
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
fn one_that_does_not_get_ready_in_time_says_what_was_missing() {
    let keys = "ready=exec:test ! -e bad\nready_interval=100ms\nready_timeout=3s\ndirectory=%(here)s\nstartretries=0\n";
    with(&format!("{WEB}{keys}"), async |herd| {
        for name in NAMES {
            herd.until("ready", || herd.estate(name).is_ready()).await;
        }
        std::fs::write(herd.path("bad"), "").unwrap();
        let answer = roll(herd, json!({})).await.unwrap();
        assert_eq!(rows(&answer)[0], "0 NotReady");
        assert!(why(&answer, 0).starts_with("not ready within 3s: "), "{answer}");
    });
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
