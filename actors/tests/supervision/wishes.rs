//! What somebody asks of the processes of a group under OTP's rules, and what that group makes of it.

use crate::herd::{Herd, with};
use serde_json::{Value, json};
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

const QUIET: &str = "startsecs=0\nautorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n";

/// Three processes of which `b` ends by the file `go`, whatever it is told.
fn three(keys: &str) -> String {
    let stubborn = "/bin/sh -c 'trap \"\" TERM; cd %(here)s; echo > set; \
                    while test -e herd.conf -a ! -e go; do sleep 0.02; done'\nstopwaitsecs=600";
    let program = |(name, command)| format!("[program:{name}]\ncommand={command}\n{QUIET}");
    let programs = [("a", "/bin/cat"), ("b", stubborn), ("c", "/bin/cat")].map(program);
    format!("[group:g]\nprograms=a,b,c\n{keys}\n{}", programs.concat())
}

fn lives(herd: &Herd) -> Vec<(ProcessState, u64)> {
    herd.snapshot().into_iter().map(|(_, state, .., life)| (state, life)).collect()
}

fn names(herd: &Herd) -> Vec<String> {
    herd.snapshot().into_iter().map(|(name, ..)| name).collect()
}

async fn up(herd: &Herd) {
    herd.until("set", || herd.path("set").exists()).await;
    for name in ["g:a", "g:b", "g:c"] {
        herd.state(name, ProcessState::Running).await;
    }
}

/// `a` fails, and whoever is to be up is started anew with it; `b` is down and stays so.
async fn without_b(herd: &Herd) {
    herd.kill("g:a", Signal::KILL);
    let (up, down) = ((ProcessState::Running, 2), (ProcessState::Stopped, 1));
    herd.until("anew", || [0, 2].map(|at| lives(herd)[at]) == [up; 2]).await;
    assert_eq!(lives(herd), [up, down, up], "{:#?}", herd.lines());
}

#[test]
fn a_start_that_is_refused_wants_nothing() {
    with(&three("strategy=one_for_all\nintensity=5"), async |herd| {
        up(herd).await;
        herd.call("supervisor.stopProcess", json!(["g:b", false])).await.unwrap();
        herd.state("g:b", ProcessState::Stopping).await;
        let refused = herd.call("supervisor.startProcess", json!(["g:b"])).await.unwrap_err();
        assert_eq!(refused["data"]["kind"], "AbnormalTermination", "{refused}");
        std::fs::write(herd.path("go"), "").unwrap();
        herd.state("g:b", ProcessState::Stopped).await;
        without_b(herd).await;
    });
}

#[test]
fn the_last_of_a_start_and_a_stop_counts() {
    with(&three("strategy=one_for_all\nintensity=5"), async |herd| {
        up(herd).await;
        std::fs::write(herd.path("go"), "").unwrap();
        herd.call("supervisor.stopProcess", json!(["g:b"])).await.unwrap();
        std::fs::remove_file(herd.path("go")).unwrap();
        // the stop is sent before the start has come to the process
        let (start, stop) = tokio::join!(
            herd.call("supervisor.startProcess", json!(["g:b", false])),
            herd.call("supervisor.stopProcess", json!(["g:b", false]))
        );
        assert!(start.is_ok() && stop.is_ok(), "{start:?} {stop:?}");
        std::fs::write(herd.path("go"), "").unwrap();
        herd.until("down again", || lives(herd)[1].0 == ProcessState::Stopped).await;
        herd.kill("g:a", Signal::KILL);
        herd.until("anew", || [0, 2].map(|at| lives(herd)[at]) == [(ProcessState::Running, 2); 2]).await;
        assert_eq!(lives(herd)[1], (ProcessState::Stopped, 2), "{:#?}", herd.lines());
    });
}

/// A template, and what makes a restart of its instances go in an order.
const WORKERS: [&str; 2] = [
    "[template:worker]\nstop_order=sequential\n",
    "[program:base]\ncommand=/bin/cat\nautostart=false\n[program:top]\ncommand=/bin/cat\nautostart=false\nrequires=base\n\
     [template:worker]\n",
];

async fn spawn(herd: &Herd, text: &str) {
    let spawned =
        herd.call("group.spawn", json!({"name": "worker", "args": {"text": text}})).await.unwrap();
    assert_eq!(spawned["rows"][0]["ok"], true, "{spawned}");
}

fn well(answer: &Value) -> Vec<(&str, bool)> {
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["name"].as_str().unwrap(), row["ok"] == true)).collect()
}

fn instances(herd: &Herd) -> Vec<String> {
    names(herd).into_iter().filter(|name| name.starts_with("worker:")).collect()
}

#[test]
fn a_restart_in_order_keeps_the_instances_of_a_template() {
    for keys in WORKERS {
        let text = format!(
            "{keys}command=/bin/sh -c 'echo \"$1\" >> ran; exec cat' sh %(arg_text)s\ndirectory=%(here)s\n{QUIET}"
        );
        with(&text, async |herd| {
            for text in ["one", "two"] {
                spawn(herd, text).await;
                herd.until("ran", || herd.read("ran").contains(text)).await;
            }
            let answer = herd.call("process.restart", json!({"selector": "worker:*"})).await.unwrap();
            let mut rows = well(&answer);
            rows.sort_unstable();
            assert_eq!(rows, [("1", true), ("2", true)], "{answer}");
            herd.until("again", || herd.read("ran").len() == 4 * 4).await;
            for (name, text) in [("worker:1", "one"), ("worker:2", "two")] {
                assert_eq!(herd.status(name).incarnation, 2, "{keys}");
                assert_eq!(herd.read("ran").matches(text).count(), 2, "{keys}: its own argument");
            }
            // and they are instances still, which are started again by their rule and go by a stop
            herd.kill("worker:1", Signal::KILL);
            herd.until("by its rule", || herd.status("worker:1").incarnation == 3).await;
            herd.call("process.stop", json!({"selector": "worker:*"})).await.unwrap();
            herd.until("gone", || instances(herd).is_empty()).await;
        });
    }
}

#[test]
fn an_instance_that_cannot_be_started_again_is_taken_out() {
    for keys in WORKERS {
        let text = format!("{keys}command=%(here)s/tool %(arg_text)s\n{QUIET}");
        with(&text, async |herd| {
            std::os::unix::fs::symlink("/bin/sleep", herd.path("tool")).unwrap();
            spawn(herd, "1000").await;
            spawn(herd, "1001").await;
            std::fs::remove_file(herd.path("tool")).unwrap();
            let answer = herd.call("process.restart", json!({"selector": "worker:*"})).await.unwrap();
            assert!(well(&answer).iter().all(|(_, is_well)| !is_well), "{answer}");
            herd.until("gone", || instances(herd).is_empty()).await;
        });
    }
}

#[test]
fn a_restart_of_a_group_does_not_stop_what_it_could_not_start() {
    let program = |name| format!("[program:{name}]\ncommand=/bin/cat\n{QUIET}");
    let programs = ["a", "b", "c"].map(program).concat();
    for keys in ["", "strategy=one_for_all\nintensity=5\n"] {
        with(&format!("[group:g]\nprograms=a,b,c\n{keys}{programs}"), async |herd| {
            for name in ["g:a", "g:b", "g:c"] {
                herd.state(name, ProcessState::Running).await;
            }
            herd.call("process.disable", json!({"selector": "g:c"})).await.unwrap();
            let answer = herd.call("group.restart", json!({"name": "g"})).await.unwrap();
            let mut rows = well(&answer);
            rows.sort_unstable();
            assert_eq!(rows, [("a", true), ("b", true)], "{answer}");
            let (anew, kept) = ((ProcessState::Running, 2), (ProcessState::Running, 1));
            assert_eq!(lives(herd), [anew, anew, kept]);
        });
    }
}

#[test]
fn what_its_own_rule_stops_is_not_wanted_up() {
    let program = |name, keys| format!("[program:{name}]\ncommand=/bin/cat\n{QUIET}{keys}\n");
    let programs = program("b", "requires=db\nrequires_restart=stop") + &program("c", "");
    let db = program("db", "").replace("autorestart=true", "autorestart=false");
    let text = format!("[group:g]\nprograms=b,c\nstrategy=one_for_all\nintensity=5\n{programs}{db}");
    with(&text, async |herd| {
        for name in ["db", "g:b", "g:c"] {
            herd.state(name, ProcessState::Running).await;
        }
        herd.kill("db", Signal::KILL);
        herd.state("g:b", ProcessState::Stopped).await;
        herd.kill("g:c", Signal::KILL);
        herd.until("anew", || herd.status("g:c").incarnation == 2).await;
        herd.state("g:c", ProcessState::Running).await;
        let (state, life) = (herd.status("g:b").state, herd.status("g:b").incarnation);
        assert_eq!((state, life), (ProcessState::Stopped, 1), "{:#?}", herd.lines());
    });
}
