//! The simulation and the daemon tell the same: one configuration, and a script that says what its programs do.
//!
//! ```text
//!   file, script --> supervisorctl simulate --json  --> steps --\
//!   file         --> supervisord, tiny programs     --> steps --+--> equal for each process; and between processes
//!                      events -f --json --since 0                    where one waits for the other
//! ```
//!
//! A step is a change of the state, or of readiness. The simulation calls WAITING what the daemon calls STARTING until
//! the process is free to start, so that is one step in both; that it had nothing to wait for is told by the simulation
//! only. Who is stopped when the daemon ends is read in its log.
//! Deliberately absent: times, and the order of what happens side by side.

use crate::harness::{Follower, Herd, Plan, reference, run, signal, until};
use serde_json::Value;
use std::collections::BTreeMap;

/// What happened to whom: `STARTING RUNNING`, `ready`.
type Step = (String, String);
/// One process and its step, as a test writes them.
type Mark<'a> = (&'a str, &'a str);
/// The steps of each process.
type Ways = BTreeMap<String, Vec<String>>;

/// The same world, told twice.
struct Twice {
    herd: Herd,
    follower: Follower,
    simulated: Vec<Step>,
    /// How many of them are before the end of the daemon.
    before: usize,
    /// How each stood before the daemon ended, by the simulation.
    states: BTreeMap<String, String>,
}

impl Twice {
    /// Simulates a plan by a script; then starts its daemon and listens.
    #[track_caller]
    fn of(plan: Plan, script: &str) -> Self {
        plan.write();
        let herd = plan.file("script.sim", script).start();
        let mut command = herd.ctl_command();
        command.args(["simulate", "-c", "supervisord.conf", "--script", "script.sim", "--json"]);
        let said = run(&mut command, "");
        assert!(said.code < 2, "{said:?}");
        let told: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|e| panic!("{e}: {said:?}"));
        assert_eq!((&told["end"], told["notes"].as_array().map(Vec::len)), (&"settled".into(), Some(0)));
        let lines = told["lines"].as_array().expect("lines");
        let simulated: Vec<Step> = lines.iter().filter_map(simulated).collect();
        let end = lines.iter().position(|line| line["script"] == "shutdown").expect("it ends");
        let before = lines[..end].iter().filter_map(self::simulated).count();
        let state = |entry: &Value| (text(&entry["name"]), text(&entry["state"]));
        let states = told["states"].as_array().expect("states").iter().map(state).collect();
        let follower = herd.follow("events -f --json --since 0");
        follower.wait("\"kind\":\"live\"");
        Self { herd, follower, simulated, before, states }
    }

    /// What the daemon has told so far.
    fn lived(&self) -> Vec<Step> {
        let text = self.follower.text();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let read = |line: &str| -> Value {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        whole.lines().map(read).filter_map(|event| lived(&event)).collect()
    }

    /// Waits until a process has taken a step so often.
    #[track_caller]
    fn wait(&self, (who, what): Mark<'_>, times: usize) {
        until(&format!("{who} {what}, {times} times; so far {:?}", self.lived()), || {
            let lived = self.lived();
            let found = lived.iter().filter(|(a, b)| a == who && b == what).count();
            (found >= times).then_some(())
        });
    }

    /// Each process went the same way and stands the same in both, and what is ordered was in that order.
    #[track_caller]
    fn assert_same(&self, orders: &[(Mark<'_>, Mark<'_>)]) -> Ways {
        let simulated = &self.simulated[..self.before];
        until(&format!("as many steps as {simulated:?}; there are {:?}", self.lived()), || {
            (self.lived().len() >= simulated.len()).then_some(())
        });
        let lived = self.lived();
        let (simulated_ways, lived_ways) = (ways(simulated), ways(&lived));
        assert!(simulated_ways == lived_ways, "simulated: {simulated_ways:#?}\nlived: {lived_ways:#?}");
        for (first, then) in orders {
            for (of, steps) in [("the simulation", simulated), ("the daemon", &lived)] {
                let last = |(who, what): &Mark<'_>| steps.iter().rposition(|(a, b)| a == who && b == what);
                let (a, b) = (last(first), last(then));
                assert!(a.is_some() && a < b, "{first:?} is not before {then:?} in {of}: {steps:?}");
            }
        }
        for (name, state) in &self.states {
            let shown = self.herd.ctl(&format!("status {name}")).stdout;
            let view = shown.split_whitespace().nth(1).and_then(|word| word.split('(').next());
            assert_eq!(view, Some(state.as_str()), "{shown}");
        }
        lived_ways
    }

    /// Ends the daemon: the same processes are stopped in both, and the ordered ones in this order. Of the last events
    /// some are not sent any more, so the log tells who was stopped.
    #[track_caller]
    fn end(mut self, order: &[&str]) {
        self.herd.signal("TERM");
        assert_eq!(self.herd.wait_end().code(), Some(0));
        self.herd.assert_nothing_left();
        let (simulated, lived) = (ways(&self.simulated), ways(&self.lived()));
        for (name, way) in &lived {
            assert!(
                simulated[name].starts_with(way),
                "{name}: simulated {:?}, lived {way:?}",
                simulated[name]
            );
        }
        let of_simulation =
            self.simulated[self.before..].iter().filter(|(_, what)| what == "STOPPING STOPPED");
        let of_simulation: Vec<String> =
            of_simulation.map(|(who, _)| who.rsplit(':').next().unwrap_or(who).to_owned()).collect();
        let last = format!("stopped: {} (", of_simulation.last().expect("somebody is stopped"));
        self.herd.wait("indicating exit request");
        self.herd.wait_anywhere(&last);
        let log = self.herd.log();
        let after = log.iter().skip_while(|line| !line.contains("indicating exit request"));
        let stopped = after.filter_map(|line| line.split_once("stopped: ")?.1.split(' ').next());
        let of_daemon: Vec<String> = stopped.map(str::to_owned).collect();
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort();
            names
        };
        assert_eq!(sorted(&of_simulation), sorted(&of_daemon));
        for names in [of_simulation, of_daemon] {
            let ordered: Vec<&str> =
                names.iter().map(String::as_str).filter(|name| order.contains(name)).collect();
            assert_eq!(ordered, order, "{names:?}");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

/// A line of the simulation, if it is a step.
fn simulated(line: &Value) -> Option<Step> {
    let what = match (&line["state"], &line["became"]) {
        (Value::Null, Value::Null) => return None,
        (Value::Null, became) => text(became),
        (state, _) => match (text(&state["from"]).as_str(), text(&state["to"]).as_str()) {
            ("WAITING", "STARTING") => "free to start".to_owned(),
            (from, to) => format!("{from} {to}").replace("WAITING", "STARTING"),
        },
    };
    Some((text(&line["name"]), what))
}

/// An event of the daemon, if it is a step.
fn lived(event: &Value) -> Option<Step> {
    let what = match event["kind"].as_str()? {
        "gap" => panic!("events were lost: {event}"),
        "PROCESS_READY" => "ready".to_owned(),
        "PROCESS_NOT_READY" => "not ready".to_owned(),
        "PROCESS_BECAME" => text(&event["data"]["what"]),
        kind if kind.starts_with("PROCESS_STATE_") => {
            format!("{} {}", text(&event["from"]), text(&event["to"]))
        }
        _ => return None,
    };
    let (group, name) = (text(&event["group"]), text(&event["name"]));
    Some((if group == name { name } else { format!("{group}:{name}") }, what))
}

/// The steps of each process.
fn ways(steps: &[Step]) -> Ways {
    let mut ways = Ways::new();
    for (who, what) in steps {
        ways.entry(who.clone()).or_default().push(what.clone());
    }
    ways
}

#[test]
fn a_crash_loop_ends_as_it_was_simulated() {
    if reference() {
        return;
    }
    let plan = Herd::of(
        "[program:bad]\ncommand=/bin/sh -c 'exit 1'\nstartretries=1\nstartsecs=1\n\
         [program:again]\ncommand=/bin/sh -c 'test -e {dir}/once && exec cat; : >{dir}/once; exit 1'\nstartsecs=1\n\
         [program:done]\ncommand=/bin/sh -c 'read x; exit 0'\nstartsecs=0\nautorestart=unexpected\n\
         [program:odd]\ncommand=/bin/sh -c 'test -e {dir}/odd && exec cat; : >{dir}/odd; exit 3'\nstartsecs=0\n\
         autorestart=unexpected\n\
         [program:none]\ncommand=/bin/cat\nautostart=false\n[program:nobody]\ncommand=/bin/cat\nrequires=bad\n",
    );
    let twice = Twice::of(
        plan,
        "bad: runs 0.1s, exit 1\nagain: runs 0.1s, exit 1 *1 then runs forever\ndone: runs 0.2s\n\
         odd: runs 0s, exit 3 *1 then runs forever\n",
    );
    twice.wait(("done", "STARTING RUNNING"), 1);
    twice.herd.call("supervisor.sendProcessStdin", serde_json::json!(["done", "\n"])).expect("it reads");
    twice.wait(("done", "RUNNING EXITED"), 1);
    twice.wait(("again", "STARTING RUNNING"), 1);
    twice.wait(("odd", "STARTING RUNNING"), 2);
    twice.wait(("bad", "BACKOFF FATAL"), 1);
    let ways = twice.assert_same(&[]);
    let attempt = ["STARTING BACKOFF", "BACKOFF STARTING", "STARTING BACKOFF", "BACKOFF FATAL"];
    assert_eq!(ways["bad"], [&["STOPPED STARTING"][..], &attempt].concat());
    twice.end(&[]);
}

#[test]
fn a_group_whose_member_is_killed_goes_the_simulated_way() {
    if reference() {
        return;
    }
    let cat = |name| format!("[program:{name}]\ncommand=/bin/cat\nstartsecs=0\n");
    let group = "[group:g]\nprograms=a,b,c\nstrategy=one_for_all\nintensity=3\nperiod=60\nbackoff=0,0\n";
    let plan = Herd::of(&(group.to_owned() + &cat("a") + &cat("b") + &cat("c") + &cat("d")));
    let twice = Twice::of(plan, "at 3s: kill g:b\n");
    for name in ["g:a", "g:b", "g:c", "d"] {
        twice.wait((name, "STARTING RUNNING"), 1);
    }
    signal(twice.herd.pid("g:b"), "KILL");
    for name in ["g:a", "g:b", "g:c"] {
        twice.wait((name, "STARTING RUNNING"), 2);
    }
    let stopped = |name| (name, "STOPPED STARTING");
    let ways = twice.assert_same(&[
        (stopped("g:a"), ("g:b", "EXITED STARTING")),
        (("g:b", "EXITED STARTING"), stopped("g:c")),
        (("g:b", "RUNNING EXITED"), stopped("g:a")),
    ]);
    assert_eq!(ways["g:b"][2..4], ["RUNNING EXITED", "EXITED STARTING"]);
    assert_eq!(ways["g:c"].iter().filter(|step| *step == "STOPPING STOPPED").count(), 1);
    assert_eq!(ways["d"].len(), 2);
    twice.end(&[]);
}

#[test]
fn a_chain_of_requirements_starts_and_ends_in_the_simulated_order() {
    if reference() {
        return;
    }
    // the names and the priorities would have it the other way round
    let plan = Herd::of(
        "[program:z]\ncommand=/bin/sh -c 'until test -e {dir}/go; do sleep 0.02; done; echo >&3; exec cat'\n\
         ready=fd:3\nstartsecs=0\npriority=9\n\
         [program:m]\ncommand=/bin/cat\nstartsecs=0\nrequires=z:ready\npriority=5\n\
         [program:a]\ncommand=/bin/sh -c 'trap \"\" TERM; echo up; while :; do sleep 0.05; done'\nstartsecs=0\n\
         requires=m\npriority=1\nstopwaitsecs=1\nstdout_logfile={dir}/a.out\nstopasgroup=false\nkillasgroup=true\n",
    );
    let twice = Twice::of(plan, "z: ready after 300ms\na: ignores TERM\n");
    twice.wait(("z", "STARTING RUNNING"), 1);
    assert!(twice.lived().iter().all(|(_, what)| what != "free to start"), "{:?}", twice.lived());
    twice.herd.put("go", "");
    twice.wait(("a", "STARTING RUNNING"), 1);
    twice.herd.wait_file("a.out", "up");
    let up = "STARTING RUNNING";
    let ways =
        twice.assert_same(&[(("z", "ready"), ("m", "free to start")), (("m", up), ("a", "free to start"))]);
    assert_eq!(ways["a"], ["STOPPED STARTING", "free to start", up]);
    assert_eq!(ways["z"], ["STOPPED STARTING", up, "ready"]);
    twice.end(&["a", "m", "z"]);
}

#[test]
fn what_is_to_stay_down_is_not_started_by_its_group_in_either() {
    if reference() {
        return;
    }
    let plan = Herd::of(
        "[group:g]\nprograms=a,b\nstrategy=one_for_one\nintensity=3\nperiod=60\nbackoff=0,0\n\
         [program:a]\ncommand=/bin/sh -c 'read x; exit 0'\nstartsecs=0\nautorestart=unexpected\n\
         [program:b]\ncommand=/bin/cat\nstartsecs=60\nrequires=g:a\nrequires_restart=stop\n\
         [program:d]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    let twice = Twice::of(plan, "g:a: runs 2s\n");
    twice.wait(("g:b", "STOPPED STARTING"), 1);
    twice.herd.call("supervisor.sendProcessStdin", serde_json::json!(["g:a", "\n"])).expect("it reads");
    twice.wait(("g:b", "STOPPING STOPPED"), 1);
    let ways = twice.assert_same(&[(("g:a", "RUNNING EXITED"), ("g:b", "STARTING STOPPING"))]);
    assert_eq!(ways["g:a"].len(), 3, "nobody brings it up again: {ways:?}");
    twice.end(&[]);
}
