//! What somebody asks of the processes of a group under OTP's rules, and what that group makes of it.

use crate::herd::{Herd, with};
use serde_json::json;
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
