//! Who goes down before whom in a group under OTP's rules, whoever asks for it: the last one first, each awaited.
//!
//! ```text
//!   a, b, c   processes that end once there is a file NAME.go, whatever they are told, and when the test is over
//! ```

use crate::herd::{Herd, with};
use serde_json::{Value, json};
use std::time::Duration;
use treeherd_actors::estate::Mood;
use treeherd_actors::root::shutdown;
use treeherd_domain::cause::Asked;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

const RULES: &str = "strategy=one_for_all\nintensity=3";

/// A process of these tests.
fn slow(name: &str, keys: &str) -> String {
    format!(
        "[program:{name}]\nstartsecs=0\nstopwaitsecs=600\nautorestart=true\ndirectory=%(here)s\nstdout_logfile=NONE\n\
         stderr_logfile=NONE\n{keys}\ncommand=/bin/sh -c 'trap \"\" TERM; echo > {name}.set; \
         while test -e herd.conf -a ! -e over -a ! -e {name}.go; do sleep 0.02; done; rm -f {name}.go {name}.set'\n"
    )
}

/// Three of them in a group with these keys.
fn three(keys: &str) -> String {
    let programs: String = ["a", "b", "c"].iter().map(|name| slow(name, "")).collect();
    format!("[group:g]\nprograms=a,b,c\n{keys}\n{programs}")
}

/// Runs a test over such processes, and lets them end with it.
fn play(programs: &str, test: impl AsyncFnOnce(&Herd)) {
    with(programs, async |herd| {
        test(herd).await;
        std::fs::write(herd.path("over"), "").unwrap();
    });
}

fn state(herd: &Herd, name: &str) -> ProcessState {
    herd.status(&full(herd, name)).state
}

/// `a` is `g:a`, or that of the group which has it.
fn full(herd: &Herd, name: &str) -> String {
    let all = herd.snapshot();
    let all: Vec<&String> = all.iter().map(|(full, ..)| full).collect();
    let is_it = |full: &&&String| full.split(':').next_back() == Some(name);
    (*all.iter().find(is_it).unwrap_or_else(|| panic!("no {name}"))).clone()
}

/// Waits until they do not end by a signal any more.
async fn all_set(herd: &Herd, names: &[&str]) {
    for name in names {
        herd.until("set", || herd.path(&format!("{name}.set")).exists()).await;
        herd.until("up", || state(herd, name) == ProcessState::Running).await;
    }
}

/// Lets them end one after the other: each is told to when those before it are down, and not before.
async fn goes_down(herd: &Herd, names: &[&str]) {
    for (at, name) in names.iter().enumerate() {
        herd.until("being stopped", || state(herd, name) == ProcessState::Stopping).await;
        for other in &names[at + 1..] {
            assert_eq!(state(herd, other), ProcessState::Running, "{other} before {name}");
        }
        let life = herd.status(&full(herd, name)).incarnation;
        std::fs::write(herd.path(&format!("{name}.go")), "").unwrap();
        let is_down = || {
            let status = herd.status(&full(herd, name));
            status.state == ProcessState::Stopped || status.incarnation > life
        };
        herd.until("down", is_down).await;
    }
}

/// The names in the order of the rows, those that went well.
fn rows(answer: &Value) -> Vec<String> {
    let rows = answer.get("rows").unwrap_or(answer).as_array().unwrap();
    let is_well = |row: &&Value| row["ok"] == true || row["status"] == 80;
    rows.iter().filter(is_well).map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_stop_of_a_group_goes_backwards_and_each_is_awaited() {
    for (method, params) in [
        ("supervisor.stopProcessGroup", json!(["g"])),
        ("supervisor.stopProcess", json!(["g:*"])),
        ("supervisor.stopAllProcesses", json!([])),
        ("process.stop", json!({"selector": "g:*"})),
        ("process.stop", json!({"selector": ["g:a", "g:c", "g:b"]})),
        ("group.stop", json!({"name": "g"})),
    ] {
        play(&three(RULES), async |herd| {
            all_set(herd, &["a", "b", "c"]).await;
            let (answer, ()) =
                tokio::join!(herd.call(method, params.clone()), goes_down(herd, &["c", "b", "a"]));
            let answer = answer.unwrap();
            let mut told = rows(&answer);
            told.sort();
            assert_eq!(told, ["a", "b", "c"], "{method}: {answer}");
            assert!(
                herd.snapshot().iter().all(|(_, state, ..)| *state == ProcessState::Stopped),
                "{method}"
            );
        });
    }
}

#[test]
fn a_stop_that_nobody_waits_for_is_answered_at_once_and_goes_backwards() {
    play(&three(RULES), async |herd| {
        all_set(herd, &["a", "b", "c"]).await;
        let answer = herd.call("supervisor.stopProcessGroup", json!(["g", false])).await.unwrap();
        assert_eq!(rows(&answer).len(), 3, "{answer}");
        goes_down(herd, &["c", "b", "a"]).await;
    });
}

#[test]
fn a_restart_of_a_group_goes_down_backwards_and_then_comes_up() {
    play(&three(RULES), async |herd| {
        all_set(herd, &["a", "b", "c"]).await;
        let restart = herd.call("process.restart", json!({"selector": "g:*"}));
        let (answer, ()) = tokio::join!(restart, goes_down(herd, &["c", "b", "a"]));
        assert_eq!(rows(&answer.unwrap()).len(), 3);
        all_set(herd, &["a", "b", "c"]).await;
        let lives: Vec<u64> =
            ["g:a", "g:b", "g:c"].iter().map(|name| herd.status(name).incarnation).collect();
        assert_eq!(lives, [2, 2, 2]);
    });
}

#[test]
fn the_end_of_the_daemon_goes_backwards_also_where_something_else_is_required() {
    let other = "[program:other]\ncommand=/bin/cat\nstartsecs=0\nrequires=base\n\
                 [program:base]\ncommand=/bin/cat\nstartsecs=0\n";
    for more in ["", other] {
        play(&format!("{}{more}", three(RULES)), async |herd| {
            all_set(herd, &["a", "b", "c"]).await;
            shutdown::ask(&herd.shared, &herd.slot, Mood::Shutdown, Asked::inside("shutdown"));
            goes_down(herd, &["c", "b", "a"]).await;
        });
    }
}

#[test]
fn where_no_order_is_asked_for_all_are_told_at_once() {
    for keys in ["", "strategy=one_for_all\nstop_order=parallel"] {
        play(&three(keys), async |herd| {
            all_set(herd, &["a", "b", "c"]).await;
            let stop = herd.call("supervisor.stopProcessGroup", json!(["g"]));
            let told = async {
                for name in ["a", "b", "c"] {
                    herd.until("being stopped", || state(herd, name) == ProcessState::Stopping).await;
                }
                for name in ["a", "b", "c"] {
                    std::fs::write(herd.path(&format!("{name}.go")), "").unwrap();
                }
            };
            let (answer, ()) = tokio::join!(stop, told);
            assert_eq!(rows(&answer.unwrap()).len(), 3, "{keys}");
        });
    }
}

#[test]
fn groups_below_go_before_those_that_stand_before_them() {
    let programs: String = ["a", "b", "c", "d"].iter().map(|name| slow(name, "")).collect();
    let text = format!(
        "[group:top]\nprograms=a\ngroups=sub\nstrategy=rest_for_one\nintensity=3\n\
         [group:sub]\nprograms=b,c\nstop_order=sequential\n[group:alone]\nprograms=d\n{programs}"
    );
    for (method, params) in [
        ("group.stop", json!({"name": "top"})),
        ("process.stop", json!({"selector": "top:*"})),
        ("supervisor.stopAllProcesses", json!([])),
    ] {
        play(&text, async |herd| {
            all_set(herd, &["a", "b", "c", "d"]).await;
            let stop = herd.call(method, params.clone());
            let down = async {
                if method == "supervisor.stopAllProcesses" {
                    // it waits for nobody
                    goes_down(herd, &["d"]).await;
                }
                goes_down(herd, &["c", "b", "a"]).await;
            };
            let (answer, ()) = tokio::join!(stop, down);
            assert!(answer.is_ok(), "{method}: {answer:?}");
        });
    }
}

#[test]
fn what_ends_before_its_turn_is_not_started_again() {
    play(&three(RULES), async |herd| {
        all_set(herd, &["a", "b", "c"]).await;
        let stop = herd.call("supervisor.stopProcessGroup", json!(["g"]));
        let meanwhile = async {
            herd.until("being stopped", || state(herd, "c") == ProcessState::Stopping).await;
            herd.kill("g:b", Signal::KILL);
            herd.until("noticed", || state(herd, "b") == ProcessState::Exited).await;
            std::fs::remove_file(herd.path("b.set")).unwrap();
            goes_down(herd, &["c", "a"]).await;
        };
        let (answer, ()) = tokio::join!(stop, meanwhile);
        let answer = answer.unwrap();
        assert_eq!(answer.as_array().map(Vec::len), Some(3), "{answer}");
        let lives: Vec<_> =
            herd.snapshot().into_iter().map(|(_, state, _, _, life)| (state, life)).collect();
        let (stopped, exited) = ((ProcessState::Stopped, 1), (ProcessState::Exited, 1));
        assert_eq!(lives, [stopped, exited, stopped]);
        // nor did that cost anything of the budget; and a start is a start
        assert_eq!(herd.logged("group g: b"), 0, "{:#?}", herd.lines());
        herd.call("supervisor.startProcess", json!(["g:b"])).await.unwrap();
        all_set(herd, &["b"]).await;
        herd.kill("g:b", Signal::KILL);
        herd.until("started again", || herd.status("g:b").incarnation == 3).await;
    });
}

#[test]
fn a_stop_and_a_restart_go_on_in_order_whatever_actor_ends_by_a_bug() {
    for path in ["root", "root/group:g", "root/group:g/program:c", "root/group:g/program:a"] {
        for restart in [false, true] {
            play(&three(RULES), async |herd| {
                all_set(herd, &["a", "b", "c"]).await;
                let method = if restart { "process.restart" } else { "process.stop" };
                let call = herd.call(method, json!({"selector": "g:*"}));
                let meanwhile = async {
                    herd.until("being stopped", || state(herd, "c") == ProcessState::Stopping).await;
                    herd.crash(path, "panic").await;
                    goes_down(herd, &["c", "b", "a"]).await;
                };
                let (answer, ()) = tokio::join!(call, meanwhile);
                let answer = answer.unwrap();
                assert_eq!(rows(&answer).len(), 3, "{path}: {answer}");
                let lives: Vec<_> =
                    herd.snapshot().into_iter().map(|(_, state, .., life)| (state, life)).collect();
                let expected =
                    if restart { (ProcessState::Running, 2) } else { (ProcessState::Stopped, 1) };
                assert_eq!(lives, [expected; 3], "{path}: {:#?}", herd.lines());
            });
        }
    }
}

#[test]
fn the_next_one_waits_for_a_post_stop_also_if_an_actor_ends_by_a_bug() {
    let after = "post_stop=/bin/sh -c 'cd %(here)s; echo > after; while test -e herd.conf -a ! -e go.on; do sleep 0.02; done'";
    let programs = slow("a", "") + &slow("b", after);
    for path in ["root/group:g/program:b", "root/group:g", "root"] {
        play(&format!("[group:g]\nprograms=a,b\n{RULES}\n{programs}"), async |herd| {
            all_set(herd, &["a", "b"]).await;
            let stop = herd.call("process.stop", json!({"selector": "g:*"}));
            let down = async {
                goes_down(herd, &["b"]).await;
                herd.until("post_stop runs", || herd.path("after").exists()).await;
                herd.crash(path, "panic").await;
                // whoever looks after it has looked by then, more than once
                tokio::time::sleep(Duration::from_millis(200)).await;
                assert_eq!(state(herd, "a"), ProcessState::Running, "{path}: {:#?}", herd.lines());
                std::fs::write(herd.path("go.on"), "").unwrap();
                goes_down(herd, &["a"]).await;
            };
            let (answer, ()) = tokio::join!(stop, down);
            assert_eq!(rows(&answer.unwrap()).len(), 2, "{path}");
        });
    }
}

/// The rows of an answer: names and what went wrong.
fn faults(answer: &Value) -> Vec<(String, String)> {
    let rows = answer.get("rows").unwrap_or(answer).as_array().unwrap();
    let fault = |row: &Value| row["error"]["data"]["kind"].as_str().unwrap_or("ok").to_owned();
    let mut faults: Vec<_> =
        rows.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), fault(row))).collect();
    faults.sort();
    faults
}

fn lives(herd: &Herd) -> Vec<(ProcessState, u64)> {
    herd.snapshot().into_iter().map(|(_, state, .., life)| (state, life)).collect()
}

const UP_AGAIN: (ProcessState, u64) = (ProcessState::Running, 2);
const STAYED_DOWN: (ProcessState, u64) = (ProcessState::Stopped, 1);

fn fates<const N: usize>(all: [(&str, &str); N]) -> Vec<(String, String)> {
    all.into_iter().map(|(name, fate)| (name.to_owned(), fate.to_owned())).collect()
}

#[test]
fn a_stop_of_one_that_a_restart_has_brought_down_keeps_it_down() {
    play(&three(RULES), async |herd| {
        all_set(herd, &["a", "b", "c"]).await;
        let restart = herd.call("process.restart", json!({"selector": "g:*"}));
        let meanwhile = async {
            goes_down(herd, &["c"]).await;
            let stopped = herd.call("supervisor.stopProcess", json!(["g:c"])).await;
            assert_eq!(stopped, Ok(json!(true)));
            // by now it is just down
            let again = herd.call("supervisor.stopProcess", json!(["g:c"])).await.unwrap_err();
            assert_eq!(again["data"]["kind"], "NotRunning", "{again}");
            goes_down(herd, &["b", "a"]).await;
        };
        let (answer, ()) = tokio::join!(restart, meanwhile);
        let answer = answer.unwrap();
        assert_eq!(faults(&answer), fates([("a", "ok"), ("b", "ok"), ("c", "NotRestarted")]));
        assert!(answer.to_string().contains("it was stopped meanwhile"), "{answer}");
        assert_eq!(lives(herd), [UP_AGAIN, UP_AGAIN, STAYED_DOWN]);
        // it is a process like any other then
        let again = herd.call("supervisor.stopProcess", json!(["g:c"])).await.unwrap_err();
        assert_eq!(again["data"]["kind"], "NotRunning", "{again}");
        herd.call("supervisor.startProcess", json!(["g:c"])).await.unwrap();
    });
}

#[test]
fn a_stop_of_one_that_a_restart_has_not_come_to_keeps_it_down() {
    play(&three(RULES), async |herd| {
        all_set(herd, &["a", "b", "c"]).await;
        let restart = herd.call("process.restart", json!({"selector": "g:*"}));
        let meanwhile = async {
            herd.until("being stopped", || state(herd, "c") == ProcessState::Stopping).await;
            let stop = herd.call("supervisor.stopProcess", json!(["g:a"]));
            let (stopped, ()) = tokio::join!(stop, goes_down_alone(herd, "a"));
            assert_eq!(stopped, Ok(json!(true)));
            goes_down(herd, &["c", "b"]).await;
        };
        let (answer, ()) = tokio::join!(restart, meanwhile);
        let answer = answer.unwrap();
        assert_eq!(faults(&answer), fates([("a", "NotRestarted"), ("b", "ok"), ("c", "ok")]));
        assert_eq!(lives(herd), [STAYED_DOWN, UP_AGAIN, UP_AGAIN]);
    });
}

/// One ends that was told to.
async fn goes_down_alone(herd: &Herd, name: &str) {
    herd.until("being stopped", || state(herd, name) == ProcessState::Stopping).await;
    std::fs::write(herd.path(&format!("{name}.go")), "").unwrap();
}

#[test]
fn a_stop_of_all_ends_a_restart_of_all() {
    play(&three(RULES), async |herd| {
        all_set(herd, &["a", "b", "c"]).await;
        let restart = herd.call("process.restart", json!({"selector": "g:*"}));
        let meanwhile = async {
            goes_down(herd, &["c"]).await;
            let stop = herd.call("supervisor.stopProcessGroup", json!(["g"]));
            let (stopped, ()) = tokio::join!(stop, goes_down(herd, &["b", "a"]));
            let mut stopped = rows(&stopped.unwrap());
            stopped.sort();
            assert_eq!(stopped, ["a", "b", "c"]);
        };
        let (answer, ()) = tokio::join!(restart, meanwhile);
        let none = "NotRestarted";
        assert_eq!(faults(&answer.unwrap()), fates([("a", none), ("b", none), ("c", none)]));
        assert_eq!(lives(herd), [STAYED_DOWN; 3]);
    });
}

#[test]
fn who_requires_one_that_was_stopped_in_a_restart_waits_for_it() {
    let programs = [("a", ""), ("b", "requires=a"), ("c", "requires=b")];
    let programs: String = programs.iter().map(|(name, keys)| slow(name, keys)).collect();
    play(&programs, async |herd| {
        all_set(herd, &["a", "b", "c"]).await;
        let restart = herd.call("process.restart", json!({"selector": ["a", "b", "c"]}));
        let meanwhile = async {
            goes_down(herd, &["c", "b"]).await;
            assert_eq!(herd.call("supervisor.stopProcess", json!(["b"])).await, Ok(json!(true)));
            goes_down(herd, &["a"]).await;
        };
        let (answer, ()) = tokio::join!(restart, meanwhile);
        let answer = answer.unwrap();
        assert_eq!(faults(&answer), fates([("a", "ok"), ("b", "NotRestarted"), ("c", "SpawnError")]));
        assert!(answer.to_string().contains("waits for b: STOPPED"), "{answer}");
        assert_eq!(lives(herd), [UP_AGAIN, STAYED_DOWN, (ProcessState::Starting, 1)]);
        herd.call("supervisor.startProcess", json!(["b"])).await.unwrap();
        all_set(herd, &["b", "c"]).await;
    });
}

#[test]
fn a_stop_of_one_that_its_group_is_about_to_start_is_no_error() {
    play(&three(RULES), async |herd| {
        all_set(herd, &["a", "b", "c"]).await;
        herd.kill("g:a", Signal::KILL);
        goes_down(herd, &["c"]).await;
        assert_eq!(herd.call("supervisor.stopProcess", json!(["g:c"])).await, Ok(json!(true)));
        let again = herd.call("supervisor.stopProcess", json!(["g:c"])).await.unwrap_err();
        assert_eq!(again["data"]["kind"], "NotRunning", "{again}");
        goes_down_alone(herd, "b").await;
        herd.until("anew", || lives(herd)[..2] == [UP_AGAIN; 2]).await;
        assert_eq!(lives(herd)[2], STAYED_DOWN, "{:#?}", herd.lines());
    });
}
