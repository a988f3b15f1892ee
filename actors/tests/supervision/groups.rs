//! Groups under OTP's rules over real processes: what a strategy does, that it goes on over the ends of actors, and
//! that the end of the daemon comes first.

use crate::herd::{Herd, over, with};
use serde_json::json;
use std::time::Duration;
use treeherd_actors::clock;
use treeherd_actors::estate::Mood;
use treeherd_domain::group::Standing;
use treeherd_domain::name::GroupName;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

/// A process that ends when it is told to.
fn program(name: &str, keys: &str) -> String {
    format!(
        "[program:{name}]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\nstdout_logfile=NONE\n\
         stderr_logfile=NONE\n{keys}\n"
    )
}

/// Three processes in a group with these keys.
fn three(keys: &str) -> String {
    let programs: String = ["a", "b", "c"].into_iter().map(|name| program(name, "")).collect();
    format!("[group:g]\nprograms=a,b,c\n{keys}\n{programs}")
}

fn standing(herd: &Herd, group: &str) -> Option<Standing> {
    let trees = herd.shared.arena.grove.trees();
    trees.forest.machine(Some(&GroupName::new(group))).map(|machine| machine.standing())
}

/// What was started and what was stopped so far, as the log has it.
fn order(herd: &Herd) -> String {
    let step = |line: &String| {
        let line = line.strip_prefix("INFO ").or(line.strip_prefix("WARN "))?;
        let started = line.strip_prefix("spawned: '").and_then(|rest| rest.split('\'').next());
        let stopped = line.strip_prefix("stopped: ").and_then(|rest| rest.split(' ').next());
        started.map(|name| format!("+{name}")).or(stopped.map(|name| format!("-{name}")))
    };
    herd.lines().iter().filter_map(step).collect::<Vec<_>>().join(" ")
}

/// Waits until exactly this was begun and ended, in this order.
async fn done(herd: &Herd, expected: &str) {
    herd.until(expected, || order(herd) == expected).await;
}

async fn all_up(herd: &Herd, names: &[&str]) {
    for name in names {
        herd.state(name, ProcessState::Running).await;
    }
}

#[test]
fn one_for_all_stops_and_starts_all_in_order() {
    with(&three("strategy=one_for_all\nintensity=5"), async |herd| {
        done(herd, "+a +b +c").await;
        herd.kill("g:b", Signal::KILL);
        done(herd, "+a +b +c -c -a +a +b +c").await;
        all_up(herd, &["g:a", "g:b", "g:c"]).await;
        assert_eq!(herd.status("g:a").incarnation, 2);
        assert!(
            herd.logged("group g: b failed; stopping c, a, starting a, b, c") == 1,
            "{:#?}",
            herd.lines()
        );
    });
}

#[test]
fn rest_for_one_leaves_those_before_alone() {
    with(&three("strategy=rest_for_one\nintensity=5"), async |herd| {
        done(herd, "+a +b +c").await;
        let before = herd.pid("g:a");
        herd.kill("g:b", Signal::KILL);
        done(herd, "+a +b +c -c +b +c").await;
        assert_eq!(herd.pid("g:a"), before);
    });
}

#[test]
fn a_group_over_its_budget_is_fatal_until_it_is_started() {
    with(&three("strategy=one_for_one\nintensity=1\nperiod=600\nbackoff=0,0"), async |herd| {
        done(herd, "+a +b +c").await;
        herd.kill("g:b", Signal::KILL);
        done(herd, "+a +b +c +b").await;
        herd.state("g:b", ProcessState::Running).await;
        herd.kill("g:b", Signal::KILL);
        done(herd, "+a +b +c +b -c -a").await;
        herd.until("fatal", || standing(herd, "g") == Some(Standing::Fatal)).await;
        assert_eq!(herd.logged("group g gives up: b failed, that would be restart 2 within"), 1);
        assert!(herd.shared.arena.mood() == Mood::Running);
        herd.call("supervisor.startProcess", json!(["g:a"])).await.unwrap();
        assert_eq!(standing(herd, "g"), Some(Standing::Active));
        // another life, another budget; what is down stays down
        herd.kill("g:a", Signal::KILL);
        done(herd, "+a +b +c +b -c -a +a +a").await;
        assert_eq!(herd.status("g:b").state, ProcessState::Exited);
    });
}

#[test]
fn what_is_stopped_by_hand_stays_so() {
    with(&three("strategy=one_for_all\nintensity=5"), async |herd| {
        done(herd, "+a +b +c").await;
        herd.call("supervisor.stopProcess", json!(["g:b"])).await.unwrap();
        herd.kill("g:c", Signal::KILL);
        done(herd, "+a +b +c -b -a +a +c").await;
        herd.call("supervisor.startProcess", json!(["g:b"])).await.unwrap();
        herd.kill("g:a", Signal::KILL);
        done(herd, "+a +b +c -b -a +a +c +b -c -b +a +b +c").await;
    });
}

#[test]
fn groups_below_are_started_after_and_stopped_before() {
    let programs: String = ["a", "b", "c"].into_iter().map(|name| program(name, "")).collect();
    let text = format!(
        "[group:top]\nprograms=a\ngroups=sub\nstrategy=rest_for_one\nintensity=3\n\
         [group:sub]\nprograms=b,c\nintensity=0\nescalate=parent\nstop_order=sequential\n{programs}"
    );
    with(&text, async |herd| {
        done(herd, "+a +b +c").await;
        all_up(herd, &["top:a", "sub:b", "sub:c"]).await;
        // sub gives up, and its parent starts it anew
        herd.kill("sub:b", Signal::KILL);
        done(herd, "+a +b +c -c +b +c").await;
        all_up(herd, &["sub:b", "sub:c"]).await;
        herd.kill("top:a", Signal::KILL);
        done(herd, "+a +b +c -c +b +c -c -b +a +b +c").await;
        assert_eq!(standing(herd, "sub"), Some(Standing::Active));
    });
}

#[test]
fn the_daemon_ends_if_that_is_the_consequence() {
    let herd = Herd::start(&three("intensity=0\nescalate=exit"), |_, doors| doors);
    over(herd, async |herd| {
        done(herd, "+a +b +c").await;
        herd.kill("g:b", Signal::KILL);
        herd.until("ending", || herd.shared.arena.mood() == Mood::Shutdown).await;
        assert_eq!(herd.shared.arena.exit_status(), 70);
        assert_eq!(herd.logged("group g ends the daemon (escalate=exit)"), 1);
    });
}

#[test]
fn a_restart_goes_on_over_the_end_of_actors() {
    for path in ["root/group:g", "root/group:g/program:c", "root/group:g/program:a", "root"] {
        let stubborn = "command=/bin/sh -c 'trap \"\" TERM; echo up > %(here)s/deaf; while :; do sleep 0.02; done'\n\
                        stopwaitsecs=1\n";
        let a_b: String = ["a", "b"].into_iter().map(|name| program(name, "")).collect();
        let text = format!(
            "[group:g]\nprograms=a,b,c\nstrategy=one_for_all\nintensity=5\n{a_b}[program:c]\n{stubborn}startsecs=0\n\
             autorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
        );
        with(&text, async |herd| {
            done(herd, "+a +b +c").await;
            herd.until("deaf", || herd.read("deaf") == "up\n").await;
            herd.kill("g:b", Signal::KILL);
            herd.state("g:c", ProcessState::Stopping).await;
            herd.crash(path, "panic").await;
            done(herd, "+a +b +c -c -a +a +b +c").await;
            all_up(herd, &["g:a", "g:b", "g:c"]).await;
            let all: Vec<u64> =
                ["g:a", "g:b", "g:c"].iter().map(|name| herd.status(name).incarnation).collect();
            assert_eq!(all, [2, 2, 2], "{path}: {:#?}", herd.lines());
        });
    }
}

#[test]
fn a_delay_goes_on_over_the_end_of_actors() {
    for path in ["root/group:g", "root/group:g/program:b"] {
        with(&three("strategy=one_for_one\nperiod=60\nbackoff=700ms,1s,1,0"), async |herd| {
            done(herd, "+a +b +c").await;
            herd.kill("g:b", Signal::KILL);
            done(herd, "+a +b +c +b").await;
            herd.state("g:b", ProcessState::Running).await;
            // the second one in a row waits
            let killed = clock::now();
            herd.kill("g:b", Signal::KILL);
            herd.state("g:b", ProcessState::Exited).await;
            herd.crash(path, "panic").await;
            done(herd, "+a +b +c +b +b").await;
            let waited = clock::now() - killed;
            assert!(waited >= Duration::from_millis(700), "{path}: {waited:?}");
        });
    }
}

#[test]
fn why_tells_of_the_strategy() {
    with(&three("strategy=one_for_all\nintensity=5"), async |herd| {
        done(herd, "+a +b +c").await;
        herd.kill("g:b", Signal::KILL);
        done(herd, "+a +b +c -c -a +a +b +c").await;
        all_up(herd, &["g:a", "g:b", "g:c"]).await;
        let estate = herd.estate("g:a");
        let causes: Vec<String> =
            estate.record().history.entries().map(|entry| entry.cause.to_string()).collect();
        let told =
            causes.iter().filter(|cause| cause.contains("strategy=one_for_all of group g: b failed"));
        assert_eq!(told.count(), 2, "its stop and its start: {causes:#?}");
    });
}

const WORKER: &str = "[template:worker]\ncommand=/bin/sh -c 'printf %%s \"$1\" > \"$2\"; exec cat' sh %(arg_text)s \
                      %(arg_file)s\nstartsecs=0\nmax_children=2\nintensity=1\nperiod=600\nbackoff=0,0\n\
                      autorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n";

async fn spawn(herd: &Herd, text: &str, file: &str) -> Result<String, String> {
    let args = json!({"text": text, "file": herd.path(file).to_string_lossy()});
    let spawned = herd.call("group.spawn", json!({"name": "worker", "args": args})).await;
    match spawned {
        Ok(operation) => Ok(operation["rows"][0]["name"].as_str().unwrap().to_owned()),
        Err(error) => Err(error["message"].as_str().unwrap().to_owned()),
    }
}

fn instances(herd: &Herd) -> Vec<String> {
    herd.snapshot().into_iter().map(|(name, ..)| name).collect()
}

#[test]
fn instances_of_a_template_come_and_go() {
    with(WORKER, async |herd| {
        let bad = "a' \"b\"; touch pwned `x` $(y)";
        assert_eq!(spawn(herd, bad, "one").await, Ok("1".to_owned()));
        assert_eq!(spawn(herd, "two", "two").await, Ok("2".to_owned()));
        herd.until("written", || herd.read("one") == bad && herd.read("two") == "two").await;
        let refused = spawn(herd, "three", "three").await.unwrap_err();
        assert!(refused.contains("max_children=2"), "{refused}");
        // restarted with its own arguments, over the end of the actor of its group too
        std::fs::remove_file(herd.path("two")).unwrap();
        herd.crash("root/group:worker", "panic").await;
        herd.kill("worker:2", Signal::KILL);
        herd.until("again", || herd.read("two") == "two").await;
        // one that is stopped is gone, and its number with it
        herd.call("supervisor.stopProcess", json!(["worker:1"])).await.unwrap();
        herd.until("gone", || instances(herd) == ["worker:2"]).await;
        assert_eq!(spawn(herd, "three", "three").await, Ok("3".to_owned()));
        let info = herd.call("group.get", json!({"name": "worker"})).await.unwrap();
        assert_eq!(info["kind"], "template");
        assert_eq!(info["members"], json!(["2", "3"]));
        assert_eq!(info["template"], json!({"args": ["file", "text"], "maxChildren": 2}));
        assert_eq!(
            (&info["rules"]["budgetLeft"], &info["rules"]["standing"]),
            (&json!(0), &json!("active"))
        );
    });
}

#[test]
fn a_template_over_its_budget_loses_its_instances() {
    with(WORKER, async |herd| {
        spawn(herd, "one", "one").await.unwrap();
        spawn(herd, "two", "two").await.unwrap();
        herd.state("worker:2", ProcessState::Running).await;
        herd.kill("worker:2", Signal::KILL);
        herd.until("started again", || herd.status("worker:2").incarnation == 2).await;
        herd.state("worker:2", ProcessState::Running).await;
        assert_eq!(standing(herd, "worker"), Some(Standing::Active));
        herd.kill("worker:2", Signal::KILL);
        herd.until("fatal", || standing(herd, "worker") == Some(Standing::Fatal)).await;
        // the one that failed can be looked at
        herd.until("gone", || instances(herd) == ["worker:2"]).await;
        // to spawn is to start
        spawn(herd, "three", "three").await.unwrap();
        assert_eq!(standing(herd, "worker"), Some(Standing::Active));
    });
}

#[test]
fn no_more_instances_than_allowed_are_made_at_the_same_time() {
    with(WORKER, async |herd| {
        let (a, b, c, d, e) = tokio::join!(
            spawn(herd, "a", "a"),
            spawn(herd, "b", "b"),
            spawn(herd, "c", "c"),
            spawn(herd, "d", "d"),
            spawn(herd, "e", "e")
        );
        let (made, refused): (Vec<_>, Vec<_>) = [a, b, c, d, e].into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 2, "{made:?} {refused:?}");
        for told in refused {
            assert!(told.as_ref().is_err_and(|told| told.contains("max_children=2")), "{told:?}");
        }
        assert_eq!(instances(herd).len(), 2);
    });
}

#[test]
fn an_instance_that_cannot_be_started_is_not_there() {
    let text = "[template:worker]\ncommand=/nope/none %(arg_text)s %(arg_file)s\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
    with(text, async |herd| {
        let args = json!({"text": "x", "file": "y"});
        let spawned = herd.call("group.spawn", json!({"name": "worker", "args": args})).await.unwrap();
        assert_eq!(spawned["rows"][0]["ok"], false, "{spawned}");
        herd.until("gone", || instances(herd).is_empty()).await;
    });
}

#[test]
fn what_is_left_of_a_template_that_gave_up_goes_by_a_stop() {
    with(WORKER, async |herd| {
        spawn(herd, "one", "one").await.unwrap();
        for spawned in 1..=2 {
            herd.until("spawned", || herd.status("worker:1").incarnation == spawned).await;
            herd.state("worker:1", ProcessState::Running).await;
            herd.kill("worker:1", Signal::KILL);
        }
        herd.until("fatal", || standing(herd, "worker") == Some(Standing::Fatal)).await;
        assert_eq!(instances(herd), ["worker:1"]);
        herd.call("group.stop", json!({"name": "worker"})).await.unwrap();
        herd.until("gone", || instances(herd).is_empty()).await;
    });
}

#[test]
fn wrong_arguments_are_refused() {
    with(WORKER, async |herd| {
        for (args, expected) in [
            (json!({"text": "x"}), "argument file is missing"),
            (json!({"text": "x", "file": "y", "user": "root"}), "there is no argument user"),
            (json!({"text": "x\n", "file": "y"}), "control character"),
        ] {
            let error =
                herd.call("group.spawn", json!({"name": "worker", "args": args})).await.unwrap_err();
            assert!(error["message"].as_str().unwrap().contains(expected), "{error}");
        }
        let error = herd.call("group.spawn", json!({"name": "nope"})).await.unwrap_err();
        assert_eq!(error["data"]["kind"], "GroupNotFound");
        assert!(instances(herd).is_empty());
    });
}

#[test]
fn groups_tell_what_they_are_about_and_are_started_with_those_below() {
    let programs: String = ["a", "b"].into_iter().map(|name| program(name, "")).collect();
    let text = format!(
        "[group:top]\nprograms=a\ngroups=sub\n[group:sub]\nprograms=b\nintensity=3\nescalate=parent\n{programs}"
    );
    with(&text, async |herd| {
        done(herd, "+a +b").await;
        let info = herd.call("group.get", json!({"name": "sub"})).await.unwrap();
        let rules = &info["rules"];
        assert_eq!((&rules["parent"], &rules["strategy"]), (&json!("top"), &json!("one_for_one")));
        assert_eq!((&rules["intensity"], &rules["budgetLeft"]), (&json!(3), &json!(3)));
        assert_eq!((&rules["phase"], &rules["escalated"]), (&json!("idle"), &json!(false)));
        let stopped = herd.call("process.stop", json!({"selector": "top:*"})).await.unwrap();
        assert_eq!(stopped["total"], 2);
        assert!(herd.snapshot().iter().all(|(_, state, ..)| *state == ProcessState::Stopped));
        // an old client's group is the group alone
        herd.call("supervisor.startProcessGroup", json!(["top"])).await.unwrap();
        assert_eq!(herd.status("sub:b").state, ProcessState::Stopped);
    });
}

#[test]
fn the_turn_after_a_oneshot_comes_when_its_work_is_done_and_so_does_what_requires_it() {
    let job = "[program:job]\ntype=oneshot\nstartsecs=0\nautorestart=unexpected\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
               command=/bin/sh -c 'cd %(here)s; while test -e herd.conf -a ! -e go; do sleep 0.02; done'\n";
    let cat = |name: &str, keys: &str| {
        format!(
            "[program:{name}]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n{keys}\n"
        )
    };
    let group = "[group:g]\nprograms=job,next\nstrategy=one_for_all\n";
    let text = format!("{group}{job}{}{}", cat("next", ""), cat("other", "requires=g:job"));
    with(&text, async |herd| {
        herd.state("g:job", ProcessState::Running).await;
        // whoever was told of it has heard by then
        herd.call("process.list", json!({})).await.unwrap();
        for name in ["g:next", "other"] {
            assert_eq!(herd.status(name).incarnation, 0, "{name}: {:#?}", herd.lines());
        }
        std::fs::write(herd.path("go"), "").unwrap();
        for name in ["g:next", "other"] {
            herd.state(name, ProcessState::Running).await;
        }
        assert_eq!(
            (herd.status("g:job").state, herd.status("g:job").incarnation),
            (ProcessState::Exited, 1)
        );
    });
}
