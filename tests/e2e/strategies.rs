//! Groups under OTP's rules, as a user sees them; and that their files are files of Supervisor still.

use crate::harness::{Herd, reference, run, signal, until};
use serde_json::{Value, json};

/// Every key there is for groups, in every place.
const FILE: &str = "\
    [group:shop]\nprograms=db,api\ngroups=tools\nstrategy=rest_for_one\nintensity=5\nperiod=60\nescalate=parent\n\
    auto_shutdown=all_significant\nrestart=permanent\nsignificant=false\nstart_failure=retry\nstop_order=sequential\n\
    backoff=1,60,2.0,0.2\notp_strict=false\n\
    [group:tools]\nprograms=job\nrestart=transient\nescalate=fatal\n\
    [program:db]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\nsignificant=false\n\
    [program:api]\ncommand=/bin/cat\nstartsecs=0\nrestart=transient\nsignificant=true\n\
    [program:job]\ncommand=/bin/cat\nstartsecs=0\n\
    [template:worker]\ncommand=/bin/cat %(arg_file)s\nmax_children=5\nintensity=10\nperiod=60\n";

const SETTINGS: &str = "strategy=one_for_one\nintensity=3\nperiod=60\nescalate=exit\nauto_shutdown=never\n\
                        start_failure=retry\nbackoff=1,60\notp_strict=false";

#[test]
fn a_file_with_every_key_starts_under_both() {
    let herd = Herd::of(FILE).setting(SETTINGS).start();
    for name in ["shop:db", "shop:api", "tools:job"] {
        herd.wait_anywhere(&format!(
            "success: {} entered RUNNING",
            name.split(':').nth(1).unwrap_or_default()
        ));
        let said = herd.ctl(&format!("status {name}"));
        assert!(said.stdout.contains("RUNNING"), "{name}: {said:?}");
    }
    let said = herd.ctl("status");
    assert_eq!(said.stdout.lines().count(), 3, "a template shows nothing: {said:?}");
    herd.end();
}

#[test]
fn instances_are_spawned_shown_and_stopped() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[template:worker]\ncommand=/bin/sh -c 'echo \"got <$1>\"; exec cat' sh %(arg_queue)s\nstartsecs=0\n\
         max_children=2\n",
    );
    let said = herd.ctl("spawn worker queue=mail");
    assert_eq!((said.code, said.stdout.as_str()), (0, "worker:1: started\n"), "{said:?}");
    // as a login shell hands it on: one word
    let mut command = herd.ctl_command();
    command.args(["spawn", "worker", "queue=two  words; 'x' $(y)"]);
    let said = run(&mut command, "");
    assert_eq!(said.stdout, "worker:2: started\n", "{said:?}");
    until("the words are there", || {
        herd.ctl("tail worker:2").stdout.contains("got <two  words; 'x' $(y)>\n").then_some(())
    });
    let said = herd.ctl("status");
    assert_eq!(said.stdout.matches("RUNNING").count(), 2, "{said:?}");
    for (words, expected) in [
        ("spawn worker queue=x", "worker: ERROR (worker has max_children=2 instances"),
        ("spawn worker", "worker: ERROR (argument queue is missing)"),
        ("spawn nope", "nope: ERROR (no such template)"),
    ] {
        let said = herd.ctl(words);
        assert!(said.code == 1 && said.stdout.starts_with(expected), "{words}: {said:?}");
    }
    assert_eq!(herd.ctl("stop worker:1").stdout, "worker:1: stopped\n");
    until("it is gone", || (!herd.ctl("status").stdout.contains("worker:1")).then_some(()));
    herd.end();
}

#[test]
fn a_group_that_gave_up_is_fatal_and_why_says_so() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[group:g]\nprograms=bad,good\nintensity=1\nperiod=600\nbackoff=0,0\n\
         [program:bad]\ncommand=/bin/sh -c 'test -e %(here)s/broken || exec cat; exit 3'\nstartsecs=0\n\
         [program:good]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    // what is never started is not there for the group to stop
    herd.wait_status("g:good", "RUNNING");
    herd.put("broken", "");
    herd.ctl("signal KILL g:bad");
    herd.wait("group g gives up: bad failed, that would be restart 2 within 10 min");
    herd.wait("group g is FATAL");
    let said = herd.ctl("why g:good");
    assert!(said.stdout.contains("group g gave up: bad failed"), "{said:?}");
    let info = herd.call("group.get", json!({"name": "g"})).expect("there is such a group");
    assert_eq!((&info["rules"]["standing"], &info["rules"]["escalated"]), (&json!("fatal"), &json!(true)));
    assert_eq!(herd.ctl("start g:good").stdout, "g:good: started\n");
    herd.end();
}

#[test]
fn what_the_log_says_brings_back_a_group_that_gave_up_with_those_below_it() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[group:top]\nprograms=web\ngroups=low\nintensity=0\nperiod=600\n\
         [group:low]\nprograms=api\nintensity=0\nperiod=600\nescalate=parent\n\
         [program:web]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:api]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\n",
    );
    herd.wait_status("low:api", "RUNNING");
    herd.ctl("signal KILL low:api");
    herd.wait("see why, then supervisorctl start top:*");
    herd.wait("group top is FATAL");
    let said = herd.ctl("start top:*");
    assert_eq!((said.code, said.stdout.as_str()), (0, "top:web: started\nlow:api: started\n"), "{said:?}");
    let said = herd.ctl("restart top:*");
    for row in ["top:web: stopped", "low:api: stopped", "top:web: started", "low:api: started"] {
        assert!(said.stdout.contains(row), "{row}: {said:?}");
    }
    let mut stopped: Vec<String> = herd.ctl("stop top:*").stdout.lines().map(str::to_owned).collect();
    stopped.sort();
    assert_eq!(stopped, ["low:api: stopped", "top:web: stopped"]);
    herd.end();
}

#[test]
fn the_daemon_ends_with_a_status_if_a_group_says_so() {
    if reference() {
        return;
    }
    let mut herd = Herd::start(
        "[group:g]\nprograms=bad,good\nintensity=0\nescalate=exit\n[program:bad]\ncommand=/bin/sh -c 'read x; exit 3'\n\
         startsecs=0\n[program:good]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    herd.wait("success: good");
    herd.call("supervisor.sendProcessStdin", json!(["g:bad", "\n"])).expect("it reads");
    assert_eq!(herd.wait_end().code(), Some(70));
    herd.assert_nothing_left();
}

#[test]
fn a_group_that_is_started_with_the_one_above_it_tells_of_the_rule() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[group:outer]\nprograms=a,b\ngroups=inner\nstrategy=one_for_all\n[group:inner]\nprograms=c\n\
         [program:a]\ncommand=/bin/cat\nstartsecs=0\n[program:b]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:c]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    herd.wait_status("inner:c", "RUNNING");
    let boot = herd.ctl("why inner:c").stdout;
    assert!(boot.contains("STARTING: autostart=true, the daemon had come up\n"), "{boot}");
    let first = herd.pid("inner:c");
    herd.ctl("signal KILL outer:a");
    until("the group below is up again", || (![0, first].contains(&herd.pid("inner:c"))).then_some(()));
    let why = herd.ctl("why inner:c").stdout;
    assert!(why.contains("STARTING: strategy=one_for_all of group outer: a failed (outer:a #"), "{why}");
    let pid = herd.pid("inner:c");
    herd.ctl("stop inner:c");
    herd.ctl("start inner:c");
    until("it is started by hand", || (![0, pid].contains(&herd.pid("inner:c"))).then_some(()));
    let why = herd.ctl("why inner:c").stdout;
    assert!(!why.contains("strategy="), "{why}");
}

#[test]
fn a_stop_of_the_group_wins_over_a_restart_that_is_under_way() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[group:g]\nprograms=a,b\nstrategy=one_for_all\n[program:a]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:b]\ncommand=/bin/sh -c 'trap \"\" TERM; : > {dir}/b.set; exec cat'\nstartsecs=0\nstopwaitsecs=600\n",
    );
    herd.wait_status("g:b", "RUNNING");
    herd.wait_file("b.set", "");
    herd.ctl("signal KILL g:a");
    herd.wait("group g: a failed");
    herd.call("supervisor.stopProcessGroup", json!(["g", false])).expect("it is told to stop");
    signal(herd.spawned("b"), "KILL");
    herd.wait("stopped: b (");
    herd.ctl("start g:b").is("g:b: started\n", 0);
    let said = herd.ctl("status g:a");
    assert!(said.stdout.contains("EXITED"), "it was to be down as well: {said:?}");
    herd.assert_count("spawned: 'a'", 1);
}

#[test]
fn a_stop_of_a_group_goes_backwards_and_is_told_in_that_order() {
    if reference() {
        return;
    }
    let slow = "trap 'sleep 0.3; exit 0' TERM\n: > {dir}/set$SUPERVISOR_PROCESS_NAME\nwhile :; do sleep 0.05; done\n";
    let program = |name: &str| format!("[program:{name}]\ncommand=/bin/sh {{dir}}/slow\nstartsecs=0\n");
    let programs: String = ["a", "b", "c"].into_iter().map(program).collect();
    let herd = Herd::of(&format!("[group:g]\nprograms=a,b,c\nstrategy=one_for_one\n{programs}"))
        .script("slow", slow)
        .start();
    let stops = "INFO stopped: c (exit status 0)\nINFO stopped: b (exit status 0)\nINFO stopped: a (exit status 0)\n";
    for (round, words) in ["g:*", "all"].into_iter().enumerate() {
        for name in ["a", "b", "c"] {
            herd.wait_file(&format!("set{name}"), "");
            herd.wait_status(&format!("g:{name}"), "RUNNING");
        }
        herd.ctl(&format!("stop {words}")).is("g:c: stopped\ng:b: stopped\ng:a: stopped\n", 0);
        herd.assert_story(&["stopped: "], &stops.repeat(round + 1));
        for name in ["a", "b", "c"] {
            std::fs::remove_file(herd.path(&format!("set{name}"))).expect("it was there");
        }
        herd.ctl("start g:*");
    }
    herd.end();
}

#[test]
fn a_restart_that_the_end_of_the_daemon_calls_off_is_no_second_exit() {
    if reference() {
        return;
    }
    let mut herd = Herd::start(
        "[program:web]\ncommand=/bin/sh -c 'sleep 0.2; exit 3'\nstartsecs=0\nautorestart=true\nrestart_delay=1h\n",
    );
    herd.wait("exited: web (exit status 3; not expected)");
    herd.ctl("shutdown");
    herd.wait_end();
    herd.assert_count("exited: web", 1);
}

#[test]
fn status_tells_programs_what_a_group_is_about() {
    if reference() {
        return;
    }
    let herd = Herd::of(
        "[program:api]\ncommand=/bin/cat\nstartsecs=0\n[program:alone]\ncommand=/bin/cat\nstartsecs=0\n\
         [group:shop]\nprograms=api\nintensity=1\nperiod=600\nbackoff=0,0\n",
    )
    .setting("strategy=one_for_one\nintensity=3\nperiod=60")
    .start();
    let rules = |name: &str| {
        let said = herd.ctl(&format!("status --json {name}"));
        let all: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|e| panic!("{e}: {said:?}"));
        all[0]["groupRules"].clone()
    };
    herd.wait_status("shop:api", "RUNNING");
    let of_shop = |standing: &str, phase: &str, used: u64| {
        json!({
            "strategy": "one_for_one", "standing": standing, "phase": phase, "escalated": standing == "fatal",
            "intensity": 1, "periodMs": 600_000, "used": used, "budgetLeft": 1_u64.saturating_sub(used),
            "escalate": "fatal",
        })
    };
    until("it is idle", || (rules("shop:api") == of_shop("active", "idle", 0)).then_some(()));
    herd.wait_status("alone", "RUNNING");
    assert_eq!(rules("alone"), Value::Null, "a group without rules of its own");
    let plain = herd.ctl("status").stdout;
    assert!(plain.lines().all(|line| line.split_whitespace().count() == 6), "{plain}");

    let first = herd.pid("shop:api");
    signal(first, "KILL");
    until("it is there again", || {
        (herd.pid("shop:api") != first && herd.pid("shop:api") > 0).then_some(())
    });
    until("one is used", || (rules("shop:api") == of_shop("active", "idle", 1)).then_some(()));
    signal(herd.pid("shop:api"), "KILL");
    herd.wait("group shop is FATAL");
    let listed = herd.call("group.get", json!({"name": "shop"})).expect("it is there");
    let given_up = of_shop("fatal", "idle", 2);
    assert_eq!((&listed["rules"], rules("shop:api")), (&given_up, given_up.clone()));

    let state = herd.call("system.state", json!({})).expect("a state");
    assert_eq!(
        state["rules"],
        json!({
            "strategy": "one_for_one", "standing": "active", "phase": "idle", "escalated": false, "intensity": 3,
            "periodMs": 60_000, "used": 0, "budgetLeft": 3, "escalate": "exit",
        })
    );
    herd.end();
}
