//! Requirements of real processes: who waits, for what, and what ends a wait, also over bugs.
//!
//! ```text
//!   job   ends by itself once the file `go` is there: whoever requires job:exited(0) waits until then
//! ```

use crate::herd::{Herd, with};
use serde_json::{Value, json};
use treeherd_actors::estate::Mood;
use treeherd_actors::root::shutdown;
use treeherd_domain::cause::Asked;
use treeherd_domain::health::Health;
use treeherd_domain::lifecycle::State;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::{ProcessState, View};

const JOB: &str = "[program:job]\nstartsecs=0\nautorestart=false\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
    command=/bin/sh -c 'until [ -e %(here)s/go ]; do sleep 0.01; done'\n";

/// A program that is up at once and stays up, with other keys.
fn cat(name: &str, keys: &str) -> String {
    format!(
        "[program:{name}]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n{keys}\n"
    )
}

fn waits_for(herd: &Herd, name: &str) -> Option<Vec<String>> {
    match herd.status(name).view {
        View::Waiting(missing) => Some(missing),
        View::State | View::Completed => None,
    }
}

#[track_caller]
fn waiting<'a>(herd: &'a Herd, name: &'a str, missing: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
    herd.until("waiting for that", move || waits_for(herd, name).is_some_and(|all| all == missing))
}

async fn go(herd: &Herd) {
    std::fs::write(herd.path("go"), "").unwrap();
    herd.state("job", ProcessState::Exited).await;
}

/// The outcome of an operation on one process.
async fn outcome(herd: &Herd, method: &str, name: &str) -> Value {
    let operation = herd.call(method, json!({"selector": name})).await.unwrap();
    operation["rows"][0].clone()
}

#[test]
fn who_requires_something_waits_for_it_and_starts_at_once_when_it_is_there() {
    let web = cat("web", "requires=job:exited(0), db\npriority=1");
    with(&format!("{JOB}{web}{}", cat("db", "priority=5")), async |herd| {
        waiting(herd, "web", &["job"]).await;
        assert_eq!(herd.status("web").state, ProcessState::Starting);
        assert_eq!((herd.pid("web"), herd.status("web").incarnation), (0, 0));
        go(herd).await;
        herd.state("web", ProcessState::Running).await;
        let starts: Vec<String> =
            herd.lines().into_iter().filter(|line| line.contains("spawned: ")).collect();
        assert!(starts[2].contains("'web'"), "{starts:?}");
        assert!(herd.logged("waiting: web requires job") >= 1);
    });
}

#[test]
fn what_is_stopped_while_it_waits_is_stopped_and_never_spawned_later() {
    with(&format!("{JOB}{}", cat("web", "requires=job:completed")), async |herd| {
        waiting(herd, "web", &["job"]).await;
        assert_eq!(outcome(herd, "process.stop", "web").await["ok"], true);
        assert_eq!(herd.status("web").state, ProcessState::Stopped);
        for path in ["root/group:web/program:web", "root/group:web", "root"] {
            herd.crash(path, "panic").await;
        }
        go(herd).await;
        // whoever had been nudged by that end has had its turn when it tells of its actors
        assert!(herd.incarnations("root/group:web/program:web").await.is_some());
        assert_eq!((herd.status("web").state, herd.status("web").incarnation), (ProcessState::Stopped, 0));
    });
}

#[test]
fn who_waits_waits_on_whatever_actor_ends_by_a_bug() {
    for path in ["root/group:web/program:web", "root/group:job/program:job", "root/group:web", "root"] {
        with(&format!("{JOB}{}", cat("web", "requires=job:exited(0)")), async |herd| {
            waiting(herd, "web", &["job"]).await;
            for how in ["panic", "stop"] {
                herd.crash(path, how).await;
                assert_eq!(waits_for(herd, "web"), Some(vec!["job".to_owned()]), "{path}");
            }
            go(herd).await;
            herd.state("web", ProcessState::Running).await;
            assert_eq!(herd.status("web").incarnation, 1);
        });
    }
}

#[test]
fn what_requires_something_that_is_fatal_says_so_and_starts_when_that_is_mended() {
    let db = "[program:db]\ncommand=%(here)s/db\nstartsecs=0\nstartretries=0\nstdout_logfile=NONE\n";
    with(&format!("{db}{}{}", cat("web", "requires=db"), cat("top", "requires=web, db?")), async |herd| {
        waiting(herd, "web", &["db: FATAL"]).await;
        waiting(herd, "top", &["web: WAITING"]).await;
        let row = outcome(herd, "process.start", "web").await;
        assert_eq!(row["ok"], false, "{row}");
        waiting(herd, "web", &["db: FATAL"]).await;
        std::os::unix::fs::symlink("/bin/cat", herd.path("db")).unwrap();
        assert_eq!(outcome(herd, "process.start", "db").await["ok"], true);
        for name in ["web", "top"] {
            herd.state(name, ProcessState::Running).await;
        }
    });
}

#[test]
fn a_start_brings_up_what_is_required_and_what_that_requires() {
    let programs = [
        cat("db", "autostart=false"),
        cat("cache", "autostart=false\nrequires=db"),
        cat("extra", "autostart=false"),
        cat("web", "autostart=false\nrequires=cache, extra?"),
    ];
    with(&programs.concat(), async |herd| {
        let row = outcome(herd, "process.start", "web").await;
        assert_eq!(row["ok"], true, "{row}");
        for name in ["db", "cache", "web"] {
            assert_eq!(herd.status(name).state, ProcessState::Running, "{name}");
        }
        assert_eq!(herd.status("extra").state, ProcessState::Stopped, "what is soft is not brought up");
    });
}

#[test]
fn a_start_alone_waits_for_nothing_until_the_next_stop() {
    let web = cat("web", "autostart=false\nautorestart=true\nrequires=db");
    with(&format!("{}{web}", cat("db", "autostart=false")), async |herd| {
        let alone = json!({"selector": "web", "noDeps": true});
        let operation = herd.call("process.start", alone).await.unwrap();
        assert_eq!(operation["rows"][0]["ok"], true, "{operation}");
        assert_eq!(herd.status("db").state, ProcessState::Stopped);
        herd.kill("web", Signal::KILL);
        herd.until("up again", || herd.status("web").incarnation == 2 && herd.pid("web") != 0).await;
        assert_eq!(herd.status("db").state, ProcessState::Stopped);
        outcome(herd, "process.stop", "web").await;
        assert_eq!(outcome(herd, "process.start", "web").await["ok"], true);
        assert_eq!(herd.status("db").state, ProcessState::Running);
    });
}

#[test]
fn a_start_alone_lets_go_what_waits() {
    with(&format!("{JOB}{}", cat("web", "requires=job:exited")), async |herd| {
        waiting(herd, "web", &["job"]).await;
        let alone = json!({"selector": "web", "noDeps": true});
        assert!(herd.call("process.start", alone).await.is_ok());
        herd.state("web", ProcessState::Running).await;
        assert_eq!(herd.status("job").state, ProcessState::Running);
    });
}

#[test]
fn a_loss_is_followed_by_what_requires_restart_says() {
    let programs = [
        cat("db", "autorestart=true"),
        cat("none", "requires=db"),
        cat("again", "requires=db\nrequires_restart=restart"),
        cat("stop", "requires=db\nrequires_restart=stop"),
        cat("soft", "requires=db?\nrequires_restart=stop"),
    ];
    with(&programs.concat(), async |herd| {
        for name in ["db", "none", "again", "stop", "soft"] {
            herd.state(name, ProcessState::Running).await;
        }
        herd.kill("db", Signal::KILL);
        herd.until("again again", || herd.status("again").incarnation == 2 && herd.pid("again") != 0).await;
        herd.state("stop", ProcessState::Stopped).await;
        assert_eq!(herd.status("db").incarnation, 2);
        for name in ["none", "soft"] {
            assert_eq!(
                (herd.status(name).incarnation, herd.status(name).state),
                (1, ProcessState::Running)
            );
        }
        // and one that is stopped is waited for
        outcome(herd, "process.stop", "db").await;
        waiting(herd, "again", &["db: STOPPED"]).await;
        outcome(herd, "process.start", "db").await;
        herd.state("again", ProcessState::Running).await;
    });
}

#[test]
fn a_loss_is_seen_by_the_successor_of_an_actor_that_ended_meanwhile() {
    let web = cat("web", "requires=db\nrequires_restart=restart");
    with(&format!("{}{web}", cat("db", "")), async |herd| {
        herd.state("web", ProcessState::Running).await;
        for _ in 0..3 {
            let before = herd.status("web").incarnation;
            herd.strike("root/group:web/program:web", "panic").await;
            outcome(herd, "process.restart", "db").await;
            herd.until("restarted", || herd.status("web").incarnation > before && herd.pid("web") != 0)
                .await;
        }
    });
}

#[test]
fn an_end_while_a_probe_is_red_is_no_attempt_and_green_starts_at_once() {
    let web = "[program:web]\nstartsecs=600\nstartretries=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
               requires=probe:mysql\n\
               command=/bin/sh -c 'until [ -e %(here)s/end ]; do sleep 0.01; done; exit 1'\n";
    // what the probe finds itself does not matter
    with(&format!("[probe:mysql]\ncheck=tcp:127.0.0.1:9\ninterval=1h\nfailures=9\n{web}"), async |herd| {
        let says = |health| herd.shared.probe_changed("mysql", Some(health), "");
        says(Health::Unhealthy);
        for round in 1..=4 {
            waiting(herd, "web", &["probe:mysql: red"]).await;
            let state = herd.estate("web").record().machine.state();
            assert!(matches!(state, State::Waiting { attempt } if attempt.tries == 0), "{state:?}");
            says(Health::Healthy);
            herd.until("spawned", || herd.status("web").incarnation == round && herd.pid("web") != 0).await;
            says(Health::Unhealthy);
            std::fs::write(herd.path("end"), "").unwrap();
            herd.until("ended", || herd.pid("web") == 0).await;
            std::fs::remove_file(herd.path("end")).unwrap();
        }
        waiting(herd, "web", &["probe:mysql: red"]).await;
        assert_eq!(herd.logged("exited: web (exit status 1; not expected)"), 4);
        says(Health::Healthy);
        herd.until("spawned", || herd.pid("web") != 0).await;
        // with a green light the same end is a failed attempt, and there is no other
        std::fs::write(herd.path("end"), "").unwrap();
        herd.state("web", ProcessState::Fatal).await;
    });
}

/// Programs that write their names when they are told to end; each takes its time.
fn chain() -> String {
    let program = |name: &str, keys: &str| {
        format!(
            "[program:{name}]\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n{keys}\ncommand=/bin/sh -c \
             'trap \"sleep 0.1; echo {name} >> %(here)s/ends; exit\" TERM; touch %(here)s/{name}.up; \
             while :; do sleep 0.01; done'\n"
        )
    };
    [
        program("db", "priority=900"),
        program("api", "requires=db\npriority=500"),
        program("web", "requires=api\npriority=1"),
        program("other", "priority=2"),
    ]
    .concat()
}

async fn all_up(herd: &Herd) {
    for name in ["db", "api", "web", "other"] {
        herd.until("up", || herd.path(&format!("{name}.up")).exists()).await;
        herd.state(name, ProcessState::Running).await;
    }
}

/// Who of the chain ended, in order.
fn ends(herd: &Herd) -> Vec<String> {
    herd.read("ends").lines().filter(|line| *line != "other").map(str::to_owned).collect()
}

#[test]
fn at_the_end_whoever_requires_another_goes_first_whatever_the_priorities() {
    for crash in [None, Some("root"), Some("root/group:api")] {
        with(&chain(), async |herd| {
            all_up(herd).await;
            shutdown::ask(&herd.shared, &herd.slot, Mood::Shutdown, Asked::inside("shutdown"));
            herd.state("web", ProcessState::Stopping).await;
            assert_eq!(herd.status("db").state, ProcessState::Running);
            if let Some(path) = crash {
                herd.strike(path, "panic").await;
            }
            herd.until("down", || {
                ["db", "other"].iter().all(|n| herd.status(n).state == ProcessState::Stopped)
            })
            .await;
            assert_eq!(ends(herd), ["web", "api", "db"]);
        });
    }
}

#[test]
fn a_stop_of_all_goes_down_in_order_and_a_restart_of_all_comes_up_in_order() {
    with(&chain(), async |herd| {
        all_up(herd).await;
        let stopped = herd.call("supervisor.stopAllProcesses", json!([])).await.unwrap();
        assert_eq!(stopped.as_array().map(Vec::len), Some(4), "{stopped}");
        assert_eq!(ends(herd), ["web", "api", "db"]);
        let forget = || {
            for name in ["db", "api", "web", "other"] {
                std::fs::remove_file(herd.path(&format!("{name}.up"))).unwrap();
            }
        };
        forget();
        herd.call("supervisor.startAllProcesses", json!([])).await.unwrap();
        // RUNNING comes before the trap that tells of the end
        all_up(herd).await;
        forget();
        std::fs::remove_file(herd.path("ends")).unwrap();
        herd.call("process.restart", json!({"selector": "all"})).await.unwrap();
        all_up(herd).await;
        assert_eq!(ends(herd), ["web", "api", "db"]);
        let spawned: Vec<u64> = ["db", "api", "web"].map(|name| herd.status(name).incarnation).to_vec();
        assert_eq!(spawned, [3, 3, 3]);
    });
}

#[test]
fn a_stop_that_nobody_waits_for_goes_down_in_order_too() {
    with(&chain(), async |herd| {
        all_up(herd).await;
        let answered = herd.call("supervisor.stopAllProcesses", json!([false])).await.unwrap();
        assert_eq!(answered.as_array().map(Vec::len), Some(4));
        herd.state("db", ProcessState::Stopped).await;
        assert_eq!(ends(herd), ["web", "api", "db"]);
    });
}

#[test]
fn a_stop_of_one_stops_that_alone() {
    with(&format!("{}{}", cat("db", ""), cat("web", "requires=db")), async |herd| {
        herd.state("web", ProcessState::Running).await;
        assert_eq!(outcome(herd, "process.stop", "db").await["ok"], true);
        assert_eq!(herd.status("web").state, ProcessState::Running);
        outcome(herd, "process.stop", "web").await;
        outcome(herd, "process.start", "db").await;
        outcome(herd, "process.start", "web").await;
        outcome(herd, "process.stop", "web").await;
        assert_eq!(herd.status("db").state, ProcessState::Running);
    });
}

#[test]
fn a_changed_requirement_lets_go_what_waits_for_it() {
    with(&format!("{JOB}{}", cat("web", "requires=job:exited")), async |herd| {
        waiting(herd, "web", &["job"]).await;
        let file = herd.path("herd.conf");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("requires=job:exited\n", "")).unwrap();
        herd.call("supervisor.reloadConfig", json!([])).await.unwrap();
        herd.call("group.update", json!({"name": "web"})).await.unwrap();
        herd.state("web", ProcessState::Running).await;
        assert_eq!(herd.status("job").state, ProcessState::Running);
    });
}

#[test]
fn what_is_ready_later_than_running_is_waited_for_until_it_is() {
    let db = cat("db", "ready=exec:test -e %(here)s/go\nready_interval=100ms");
    with(
        &format!("{db}{}{}", cat("web", "requires=db"), cat("early", "requires=db:running")),
        async |herd| {
            herd.state("early", ProcessState::Running).await;
            waiting(herd, "web", &["db"]).await;
            std::fs::write(herd.path("go"), "").unwrap();
            herd.state("web", ProcessState::Running).await;
        },
    );
}

/// A group whose second process never has its turn: the first one is on its way up for an hour, or fails.
fn in_turn(first: &str, keys: &str) -> String {
    let of_group = |name: &str, keys: &str| cat(name, keys).replace("startsecs=0\n", "");
    let first = of_group("a", first);
    format!("[group:g]\nprograms=a,b\nstrategy=one_for_one\n{keys}\n{first}{}", of_group("b", ""))
}

#[test]
fn nobody_waits_for_what_its_group_does_not_start_any_more() {
    let x = cat("x", "requires=g:b?");
    with(&format!("{}{x}", in_turn("startsecs=3600", "")), async |herd| {
        herd.state("g:a", ProcessState::Starting).await;
        waiting(herd, "x", &["g:b"]).await;
        assert_eq!(outcome(herd, "process.stop", "g:*").await["ok"], true);
        herd.state("x", ProcessState::Running).await;
    });
    let fails = "startretries=0\ndirectory=/nowhere";
    with(&format!("{}{x}", in_turn(fails, "start_failure=fail")), async |herd| {
        herd.state("x", ProcessState::Running).await;
        assert_eq!(herd.status("g:b").incarnation, 0);
    });
}

#[test]
fn what_it_waits_for_is_logged_once_for_each_wait() {
    with(&format!("{JOB}{}", cat("web", "requires=job:completed")), async |herd| {
        let told = || herd.logged("waiting: web requires job");
        waiting(herd, "web", &["job"]).await;
        assert_eq!(told(), 1, "{:#?}", herd.lines());
        assert_eq!(outcome(herd, "process.stop", "web").await["ok"], true);
        for _ in 0..2 {
            // the second one asks for what is under way
            herd.call("process.start", json!({"selector": "web", "wait": "none"})).await.unwrap();
            waiting(herd, "web", &["job"]).await;
        }
        assert_eq!(told(), 2, "{:#?}", herd.lines());
        go(herd).await;
        herd.state("web", ProcessState::Running).await;
        assert_eq!(told(), 2, "{:#?}", herd.lines());
    });
}

#[test]
fn whose_turn_is_behind_one_that_waits_in_vain_is_not_waited_for_by_who_wants_the_order_alone() {
    let (a, b) = (cat("a", "requires=job:exited(3)"), cat("b", ""));
    let group = "[group:g]\nprograms=a,b\nstrategy=one_for_one\n";
    let text = format!("{JOB}{group}{a}{b}{}{}", cat("soft", "requires=g:b?"), cat("hard", "requires=g:b"));
    with(&text, async |herd| {
        waiting(herd, "g:a", &["job"]).await;
        for name in ["soft", "hard"] {
            waiting(herd, name, &["g:b"]).await;
        }
        go(herd).await;
        herd.state("soft", ProcessState::Running).await;
        waiting(herd, "hard", &["g:b: STOPPED"]).await;
        assert_eq!(herd.status("g:b").incarnation, 0, "{:#?}", herd.lines());
        // who was in the way goes, and the next one's turn comes
        assert_eq!(outcome(herd, "process.stop", "g:a").await["ok"], true);
        herd.state("g:b", ProcessState::Running).await;
        herd.state("hard", ProcessState::Running).await;
    });
}
