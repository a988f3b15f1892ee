//! A group whose rules are taken away by an update, process by process, while it is about to start some of them again.

use crate::herd::{Herd, with};
use serde_json::json;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

/// Three processes of which `b` ends by the file `go`, whatever it is told; the group has these keys.
fn three(keys: &str) -> String {
    let quiet = "startsecs=0\nautorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
    let stubborn = "/bin/sh -c 'trap \"\" TERM; cd %(here)s; echo > set; \
                    while test -e herd.conf -a ! -e go; do sleep 0.02; done'\nstopwaitsecs=600";
    let program = |(name, command)| format!("[program:{name}]\ncommand={command}\n{quiet}");
    let programs = [("a", "/bin/cat"), ("b", stubborn), ("c", "/bin/cat")].map(program);
    format!("[group:g]\nprograms=a,b,c\n{keys}{}", programs.concat())
}

async fn up(herd: &Herd) {
    herd.until("set", || herd.path("set").exists()).await;
    for name in ["g:a", "g:b", "g:c"] {
        herd.state(name, ProcessState::Running).await;
    }
}

/// The group has no rules from now on, and nothing is restarted for that.
async fn without_rules(herd: &Herd, keys: &str) {
    let text = herd.read("herd.conf");
    assert!(text.contains(keys));
    std::fs::write(herd.path("herd.conf"), text.replace(keys, "")).unwrap();
    herd.call("supervisor.reloadConfig", json!([])).await.unwrap();
    let answer = herd.call("group.update", json!({"name": "g"})).await.unwrap();
    assert_eq!(answer["applied"], true, "{answer}");
}

fn lives(herd: &Herd) -> [(ProcessState, u64); 3] {
    ["g:a", "g:b", "g:c"].map(|name| (herd.status(name).state, herd.status(name).incarnation))
}

const STARTED: &str = "as the group was about to when its strategy was taken away";

#[test]
fn a_restart_that_waits_for_its_delay_is_made() {
    let keys = "strategy=one_for_one\nintensity=5\nbackoff=600,600,1,0\n";
    with(&three(keys), async |herd| {
        up(herd).await;
        for life in 1..=2 {
            herd.until("spawned", || herd.status("g:c").incarnation == life).await;
            herd.state("g:c", ProcessState::Running).await;
            herd.kill("g:c", Signal::KILL);
        }
        herd.until("waits", || herd.logged("starting c in 10 min") == 1).await;
        without_rules(herd, keys).await;
        herd.until("started", || lives(herd)[2] == (ProcessState::Running, 3)).await;
        assert_eq!([lives(herd)[0], lives(herd)[1]], [(ProcessState::Running, 1); 2]);
        assert_eq!(herd.logged(&format!("INFO starting g:c, {STARTED}")), 1, "{:#?}", herd.lines());
        // from now on it goes by its own keys
        herd.kill("g:c", Signal::KILL);
        herd.until("its autorestart", || lives(herd)[2] == (ProcessState::Running, 4)).await;
        std::fs::write(herd.path("go"), "").unwrap();
    });
}

#[test]
fn those_that_go_down_for_others_come_back() {
    let keys = "strategy=rest_for_one\nintensity=5\n";
    with(&three(keys), async |herd| {
        up(herd).await;
        herd.kill("g:a", Signal::KILL);
        herd.until("c is down", || lives(herd)[2] == (ProcessState::Stopped, 1)).await;
        herd.state("g:b", ProcessState::Stopping).await;
        without_rules(herd, keys).await;
        herd.until("started", || [0, 2].map(|at| lives(herd)[at]) == [(ProcessState::Running, 2); 2]).await;
        assert_eq!(lives(herd)[1], (ProcessState::Stopping, 1));
        assert_eq!(
            herd.logged(&format!("INFO starting g:a, g:b, g:c, {STARTED}")),
            1,
            "{:#?}",
            herd.lines()
        );
        std::fs::remove_file(herd.path("set")).unwrap();
        std::fs::write(herd.path("go"), "").unwrap();
        herd.until("down", || lives(herd)[1] != (ProcessState::Stopping, 1)).await;
        herd.until("up again", || lives(herd)[1].1 >= 2).await;
    });
}
