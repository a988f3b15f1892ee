//! Bugs in actors while a command runs beside a process: the process keeps its pid, the command goes on, is run once, has
//! its limit all the same, and leaves nothing.
//!
//! ```text
//!   gated   writes its name into `ran` and its pid into `NAME.pid`, then waits for `NAME.go`
//!   endless the same, but that it never ends; it has a child in its process group, whose pid is in `NAME.child`
//! ```

use crate::herd::{Herd, with};
use crate::proc::{is_alive, is_reaped};
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::Duration;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

/// Who ends by a bug while a command runs, and how.
const BUGS: [(&str, &str); 4] = [
    ("root/group:web/program:web", "panic"),
    ("root/group:web/program:web", "stop"),
    ("root/group:web", "panic"),
    ("root", "panic"),
];

/// A command that runs until it may end, and then does something.
fn gated(name: &str, then: &str) -> String {
    format!(
        "/bin/sh -c 'cd %(here)s; echo {name} >> ran; echo $$ > {name}.pid; \
         while test -e herd.conf -a ! -e {name}.go; do sleep 0.02; done; {then}'"
    )
}

/// A command that ends by its limit alone, with a child in its process group.
fn endless(name: &str) -> String {
    format!(
        "/bin/sh -c 'cd %(here)s; echo {name} >> ran; sleep 1000 & echo $! > {name}.child; echo $$ > {name}.pid; wait'"
    )
}

/// A program that is up at once, with these keys.
fn web(keys: &str) -> String {
    format!(
        "[program:web]\ncommand=/bin/cat\nstartsecs=0\nautorestart=false\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
         {keys}\n"
    )
}

fn go(herd: &Herd, name: &str) {
    std::fs::write(herd.path(&format!("{name}.go")), "").unwrap();
}

/// The pid of a command that has begun.
async fn running(herd: &Herd, name: &str) -> i32 {
    let file = format!("{name}.pid");
    herd.until("the command runs", || herd.read(&file).ends_with('\n')).await;
    herd.read(&file).trim().parse().unwrap()
}

/// Waits until a process is gone, and its status taken.
async fn gone(herd: &Herd, pid: i32) {
    herd.until("gone", || is_reaped(pid)).await;
}

/// Waits until an endless command is gone, and its child has ended, whoever takes the status of that.
async fn killed(herd: &Herd, name: &str) {
    gone(herd, running(herd, name).await).await;
    let child = herd.read(&format!("{name}.child"));
    herd.until("its child has ended", || !is_alive(&child)).await;
}

/// A stop that nobody waits for.
async fn tell_to_stop(herd: &Herd) {
    let stop = herd.call("supervisor.stopProcess", json!(["web", false])).await;
    assert_eq!(stop, Ok(json!(true)));
}

/// The commands that were begun so far, one a line.
fn ran(herd: &Herd) -> String {
    herd.read("ran")
}

#[test]
fn a_pre_start_outlives_the_actors_and_is_run_once() {
    for (path, how) in BUGS {
        with(&web(&format!("pre_start={}", gated("begin", ":"))), async |herd| {
            let hook = running(herd, "begin").await;
            herd.crash(path, how).await;
            assert_eq!((herd.status("web").state, herd.pid("web")), (ProcessState::Starting, 0));
            go(herd, "begin");
            herd.state("web", ProcessState::Running).await;
            gone(herd, hook).await;
            assert_eq!(
                (ran(herd).as_str(), herd.status("web").incarnation),
                ("begin\n", 1),
                "{path} {how}"
            );
        });
    }
}

#[test]
fn a_post_start_outlives_the_actors_and_is_run_once() {
    for (path, how) in BUGS {
        with(&web(&format!("post_start={}", gated("greet", "echo greeted >> ran"))), async |herd| {
            let hook = running(herd, "greet").await;
            let before = herd.snapshot();
            herd.crash(path, how).await;
            assert_eq!(herd.snapshot(), before, "{path} {how}");
            go(herd, "greet");
            gone(herd, hook).await;
            assert_eq!(ran(herd), "greet\ngreeted\n", "{path} {how}");
            // nor is it run by whoever comes then
            herd.crash(path, how).await;
            assert_eq!((herd.snapshot(), ran(herd).as_str()), (before, "greet\ngreeted\n"), "{path} {how}");
        });
    }
}

#[test]
fn a_pre_stop_outlives_the_actors_and_is_run_once() {
    for (path, how) in BUGS {
        with(&web(&format!("pre_stop={}", gated("drain", ":"))), async |herd| {
            herd.state("web", ProcessState::Running).await;
            tell_to_stop(herd).await;
            let hook = running(herd, "drain").await;
            let before = herd.snapshot();
            herd.crash(path, how).await;
            assert_eq!(herd.snapshot(), before, "{path} {how}");
            go(herd, "drain");
            herd.state("web", ProcessState::Stopped).await;
            gone(herd, hook).await;
            herd.until("told", || herd.logged("stopped: web") == 1).await;
            assert_eq!(ran(herd), "drain\n", "{path} {how}");
        });
    }
}

#[test]
fn a_stop_command_outlives_the_actors_and_is_run_once() {
    for (path, how) in BUGS {
        let keys = format!("stopwaitsecs=600\nstop_command={}", gated("end", "kill -USR1 $SUPERVISOR_PID"));
        with(&web(&keys), async |herd| {
            herd.state("web", ProcessState::Running).await;
            tell_to_stop(herd).await;
            let hook = running(herd, "end").await;
            let before = herd.snapshot();
            herd.crash(path, how).await;
            assert_eq!(herd.snapshot(), before, "{path} {how}");
            go(herd, "end");
            herd.state("web", ProcessState::Stopped).await;
            gone(herd, hook).await;
            herd.until("told", || herd.logged("stopped: web (terminated by SIGUSR1)") == 1).await;
            assert_eq!(ran(herd), "end\n", "{path} {how}");
        });
    }
}

#[test]
fn a_post_stop_outlives_the_actors_and_the_next_start_waits_for_it() {
    for (path, how) in BUGS {
        let keys = format!("autorestart=true\npost_stop={}", gated("after", ":"));
        with(&web(&keys), async |herd| {
            herd.state("web", ProcessState::Running).await;
            herd.kill("web", Signal::KILL);
            let hook = running(herd, "after").await;
            herd.state("web", ProcessState::Starting).await;
            herd.crash(path, how).await;
            assert_eq!((herd.status("web").state, herd.pid("web")), (ProcessState::Starting, 0), "{path}");
            go(herd, "after");
            herd.state("web", ProcessState::Running).await;
            gone(herd, hook).await;
            let spawned = (herd.status("web").incarnation, herd.logged("spawned: 'web'"));
            assert_eq!((ran(herd).as_str(), spawned), ("after\n", (2, 2)), "{path} {how}");
        });
    }
}

#[test]
fn a_start_waits_for_the_post_stop_that_a_successor_goes_on_with() {
    with(&web(&format!("post_stop={}", gated("after", ":"))), async |herd| {
        herd.state("web", ProcessState::Running).await;
        herd.kill("web", Signal::KILL);
        let hook = running(herd, "after").await;
        herd.state("web", ProcessState::Exited).await;
        herd.crash("root/group:web/program:web", "panic").await;
        let started = herd.call("supervisor.startProcess", json!(["web", false]));
        let start = async {
            herd.state("web", ProcessState::Starting).await;
            // what it was told before it tells of itself is done
            assert!(herd.incarnations("root/group:web/program:web").await.is_some());
            assert_eq!(herd.pid("web"), 0, "it waits for the hook");
            go(herd, "after");
        };
        let (started, ()) = tokio::join!(started, start);
        assert_eq!(started, Ok(json!(true)));
        gone(herd, hook).await;
    });
}

/// A reload that somebody waits for, while something else happens.
async fn reload(herd: &Herd, meanwhile: impl Future<Output = ()>) -> Value {
    let reload = herd.call("process.reload", json!({"selector": "web"}));
    let (answer, ()) = tokio::join!(reload, meanwhile);
    answer.unwrap()["rows"][0].clone()
}

#[test]
fn a_reload_command_outlives_the_actors_and_there_are_never_two() {
    for (path, how) in BUGS {
        let keys = format!("reload_command={}", gated("again", "echo done >> ran"));
        with(&web(&keys), async |herd| {
            herd.state("web", ProcessState::Running).await;
            let before = herd.snapshot();
            let row = reload(herd, async {
                running(herd, "again").await;
                herd.crash(path, how).await;
            })
            .await;
            assert_eq!(row["error"]["data"]["kind"], "ActorCrashed", "{path} {how}: {row}");
            let row = reload(herd, async {}).await;
            let message = row["error"]["message"].as_str().unwrap_or_default();
            assert!(message.contains("its reload_command is running already"), "{path} {how}: {row}");
            let hook = running(herd, "again").await;
            go(herd, "again");
            herd.until("told", || herd.logged("reloaded web in ") == 1).await;
            gone(herd, hook).await;
            assert_eq!((ran(herd).as_str(), herd.snapshot()), ("again\ndone\n", before), "{path} {how}");
            // and the next one is run
            assert_eq!(reload(herd, async {}).await["ok"], true, "{path} {how}");
            assert_eq!(ran(herd), "again\ndone\nagain\ndone\n");
        });
    }
}

#[test]
fn the_limit_of_a_hook_before_a_start_holds_over_a_bug() {
    for (path, how) in [BUGS[0], BUGS[3]] {
        let keys = format!("startretries=0\nhook_timeout=3s\npre_start={}", endless("begin"));
        with(&web(&keys), async |herd| {
            running(herd, "begin").await;
            herd.crash(path, how).await;
            herd.state("web", ProcessState::Fatal).await;
            killed(herd, "begin").await;
            assert_eq!(
                (ran(herd).as_str(), herd.status("web").spawnerr.as_str()),
                ("begin\n", "pre_start: did not end within 3s and was killed"),
                "{path} {how}"
            );
        });
    }
}

#[test]
fn the_limit_of_a_hook_beside_a_process_holds_over_a_bug() {
    for (path, how) in [BUGS[0], BUGS[3]] {
        let keys = format!(
            "hook_timeout=3s\npost_start={}\nreload_command={}",
            endless("greet"),
            endless("again")
        );
        with(&web(&keys), async |herd| {
            herd.state("web", ProcessState::Running).await;
            let before = herd.snapshot();
            reload(herd, async {
                running(herd, "greet").await;
                running(herd, "again").await;
                herd.crash(path, how).await;
            })
            .await;
            for name in ["greet", "again"] {
                killed(herd, name).await;
            }
            herd.until("told", || herd.logged("did not end within 3s and was killed") == 2).await;
            assert_eq!(herd.snapshot(), before, "{path} {how}");
        });
    }
}

#[test]
fn the_limit_of_each_hook_of_a_stop_holds_over_a_bug() {
    for (path, how) in [BUGS[0], BUGS[3]] {
        let names = ["drain", "end", "after"];
        let [drain, end, after] = names.map(endless);
        let keys = format!(
            "hook_timeout=3s\nstopwaitsecs=3\npre_stop={drain}\nstop_command={end}\npost_stop={after}"
        );
        with(&web(&keys), async |herd| {
            herd.state("web", ProcessState::Running).await;
            tell_to_stop(herd).await;
            for name in names {
                running(herd, name).await;
                herd.crash(path, how).await;
                killed(herd, name).await;
            }
            herd.state("web", ProcessState::Stopped).await;
            herd.until("told", || herd.logged("post_stop of web failed: did not end within 3s") == 1).await;
            assert_eq!(ran(herd), "drain\nend\nafter\n", "{path} {how}");
            herd.until("told", || herd.logged("stopped: web (terminated by SIGTERM)") == 1).await;
        });
    }
}

#[test]
fn a_spawn_that_waits_for_its_turn_is_made_once_whoever_goes_on_with_it() {
    use crate::bytes::block_logs;
    let log = "[program:web]\ncommand=/bin/cat\nstartsecs=0\nautostart=false\nstderr_logfile=NONE\n\
               stdout_logfile=%(here)s/web.log\n";
    for (path, how) in BUGS {
        with(log, async |herd| {
            let blocked = block_logs(herd);
            let started = herd.call("supervisor.startProcess", json!(["web", false]));
            let crash = async {
                herd.state("web", ProcessState::Starting).await;
                let before = herd.here(path).await;
                herd.strike(path, how).await;
                // its rotators are where the log is opened: nobody follows before they are free
                drop(blocked);
                herd.after(path, &before).await;
            };
            let (_, ()) = tokio::join!(started, crash);
            herd.state("web", ProcessState::Running).await;
            assert_eq!(
                (herd.status("web").incarnation, herd.logged("spawned: 'web'")),
                (1, 1),
                "{path} {how}: {:#?}",
                herd.lines()
            );
        });
    }
}

#[test]
fn who_waits_for_a_stop_waits_for_its_post_stop() {
    with(&web(&format!("post_stop={}", gated("after", ":"))), async |herd| {
        herd.state("web", ProcessState::Running).await;
        let is_over = Cell::new(false);
        let stop = async {
            let answer = herd.call("supervisor.stopProcess", json!(["web"])).await;
            is_over.set(true);
            answer
        };
        let meanwhile = async {
            running(herd, "after").await;
            assert_eq!(herd.status("web").state, ProcessState::Stopped);
            // the answer would have been here by then
            herd.call("supervisor.getState", json!([])).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(!is_over.get(), "its post_stop runs");
            go(herd, "after");
        };
        let (answer, ()) = tokio::join!(stop, meanwhile);
        assert_eq!(answer, Ok(json!(true)));
        assert_eq!(ran(herd), "after\n");
    });
}
