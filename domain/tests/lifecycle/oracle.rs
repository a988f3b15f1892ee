//! A second model of the same life, written from Supervisor's rules and in another way, and compared.
//!
//! The machine keeps its data in its states and is told of one deadline. The model is what a polling
//! supervisor is: a few variables, and a look at all of them four times a second. Scripts act on the same
//! quarters of a second, so that both must agree to the millisecond on every state, spawn and signal. The machine is
//! driven by the simulation, which does so as the daemon does.
//!
//! Where the rule says "longer than", the model says "as long as": that is what ever finer ticks come to.
//! The model's counter forgets at a start by hand, as ours does; [`Model::keeps_counter`] is the original.
//! Absent: UNKNOWN and restart, for which Supervisor has no rule of its own.

use crate::process::process;
use crate::properties::policies;
use crate::script::{origin, policy};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Effect, Policy};
use treeherd_domain::name::GroupName;
use treeherd_domain::signal::Signal;
use treeherd_domain::simulate::{self, Cast, Line, Setting, What};
use treeherd_domain::spec::{Autorestart, GroupKind, GroupRules, GroupSpec};
use treeherd_domain::status::ProcessState;

const TICK: u64 = 250;
const KILLED: ExitStatus = ExitStatus::Signaled { signal: Signal::KILL, core_dumped: false };

/// What can be seen from outside, at a time in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Seen {
    State(u64, ProcessState),
    Effect(u64, Effect),
    Refused(u64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Input {
    Start,
    Stop,
    /// Ignored when nothing runs.
    Exit(ExitStatus),
    /// The daemon ends; nobody asks anything any more.
    Halt,
}

/// Ticks since the line before, and the input.
type Script = Vec<(u64, Input)>;

/// How many ticks it is looked after the last line.
const REST: u64 = 60;

/// Supervisor's variables.
struct Model<'a> {
    policy: &'a Policy,
    spawns: std::iter::Cycle<std::slice::Iter<'a, bool>>,
    state: ProcessState,
    alive: bool,
    laststart: u64,
    delay: u64,
    backoff: u32,
    killing: bool,
    exitstatus: Option<ExitStatus>,
    ending: bool,
    keeps_counter: bool,
    seen: Vec<Seen>,
}

impl<'a> Model<'a> {
    fn new(policy: &'a Policy, spawns: &'a [bool]) -> Self {
        Self {
            policy,
            spawns: spawns.iter().cycle(),
            state: ProcessState::Stopped,
            alive: false,
            laststart: 0,
            delay: 0,
            backoff: 0,
            killing: false,
            exitstatus: None,
            ending: false,
            keeps_counter: false,
            seen: Vec::new(),
        }
    }

    fn change(&mut self, state: ProcessState, now: u64) {
        self.state = state;
        self.seen.push(Seen::State(now, state));
        if state == ProcessState::Backoff {
            self.backoff += 1;
            self.delay = now + u64::from(self.backoff) * 1000;
        }
    }

    fn spawn(&mut self, now: u64) {
        self.laststart = now;
        self.exitstatus = None;
        self.change(ProcessState::Starting, now);
        self.seen.push(Seen::Effect(now, Effect::Spawn));
        self.alive = *self.spawns.next().expect("a cycle of at least one does not end");
        if !self.alive {
            self.change(ProcessState::Backoff, now);
        }
    }

    fn kill(&mut self, effect: Effect, now: u64) {
        self.killing = true;
        self.delay = now + millis(self.policy.stopwaitsecs);
        if self.state != ProcessState::Stopping {
            self.change(ProcessState::Stopping, now);
        }
        self.seen.push(Seen::Effect(now, effect));
        if effect == Effect::Kill {
            // nothing survives that
            self.reap(KILLED, now);
        }
    }

    fn stop(&mut self, now: u64) {
        match self.state {
            ProcessState::Backoff => self.change(ProcessState::Stopped, now),
            _ => self.kill(Effect::Signal, now),
        }
    }

    fn reap(&mut self, status: ExitStatus, now: u64) {
        self.alive = false;
        let too_quickly = now - self.laststart < millis(self.policy.startsecs);
        if self.killing {
            self.killing = false;
            self.change(ProcessState::Stopped, now);
        } else if too_quickly {
            self.change(ProcessState::Backoff, now);
        } else {
            self.backoff = 0;
            self.exitstatus = Some(status);
            self.change(ProcessState::Exited, now);
        }
    }

    fn wants_another_run(&self) -> bool {
        let expected = self.exitstatus.is_some_and(|status| self.policy.exitcodes.contains(&status.code()));
        match self.policy.autorestart {
            Autorestart::Always => true,
            Autorestart::Never => false,
            Autorestart::Unexpected => !expected,
        }
    }

    fn will_run_again(&self) -> bool {
        self.state == ProcessState::Exited && !self.ending && self.wants_another_run()
    }

    /// One look at all variables.
    fn look(&mut self, now: u64) {
        let gives_up = self.backoff > self.policy.startretries;
        match self.state {
            // The tick of a second that lies between an end and the start after it, for a run that was shorter.
            ProcessState::Exited if self.will_run_again() && now >= self.laststart + 1000 => {
                self.spawn(now)
            }
            ProcessState::Backoff if gives_up => {
                self.backoff = 0;
                self.change(ProcessState::Fatal, now);
            }
            ProcessState::Backoff if !self.ending && now >= self.delay => self.spawn(now),
            ProcessState::Starting if now - self.laststart >= millis(self.policy.startsecs) => {
                self.backoff = 0;
                self.change(ProcessState::Running, now);
            }
            ProcessState::Stopping if now >= self.delay => self.kill(Effect::Kill, now),
            _ => {}
        }
    }
}

impl Model<'_> {
    /// Lives through a script.
    fn live(&mut self, script: &Script) {
        let mut now = 0;
        for (ticks, input) in script {
            for _ in 0..*ticks {
                now += TICK;
                self.tick(now);
            }
            self.feed(*input, now);
            self.tick(now);
        }
        for _ in 0..REST {
            now += TICK;
            self.tick(now);
        }
    }

    fn tick(&mut self, now: u64) {
        let mut before = usize::MAX;
        while before != self.seen.len() {
            before = self.seen.len();
            self.look(now);
        }
    }

    fn feed(&mut self, input: Input, now: u64) {
        match input {
            Input::Start if self.state.is_running() || self.state == ProcessState::Stopping => {
                self.seen.push(Seen::Refused(now));
            }
            Input::Start => {
                self.backoff = if self.keeps_counter { self.backoff } else { 0 };
                self.spawn(now);
            }
            Input::Stop if self.state.is_running() => self.stop(now),
            // Supervisor refuses this one and starts the process all the same; see docs/lifecycle.md.
            Input::Stop if self.will_run_again() => self.change(ProcessState::Stopped, now),
            Input::Stop => self.seen.push(Seen::Refused(now)),
            Input::Exit(status) if self.alive => self.reap(status, now),
            Input::Exit(_) => {}
            Input::Halt => {
                self.ending = true;
                match self.state {
                    ProcessState::Starting | ProcessState::Running => self.stop(now),
                    ProcessState::Backoff => self.change(ProcessState::Fatal, now),
                    _ => {}
                }
            }
        }
    }
}

/// The same life in the simulation, which is driven as the daemon is, and has left the same record.
fn simulated(policy: &Policy, spawns: &[bool], script: &Script) -> Vec<Seen> {
    let setting = setting(policy);
    let text = text(spawns, script);
    let read = simulate::Script::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    let cast = Cast::of(&setting, &read).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    let report = simulate::simulate(&setting, cast, origin());
    let lines = report.lines.iter().take_while(|line| !line.cause.starts_with("the script is over"));
    lines.flat_map(seen).collect()
}

/// A configuration of one process.
fn setting(policy: &Policy) -> Setting {
    let mut spec = process("p");
    spec.autostart = false;
    spec.startsecs = seconds(policy.startsecs);
    spec.stopwaitsecs = seconds(policy.stopwaitsecs);
    spec.startretries = policy.startretries.into();
    spec.autorestart = policy.autorestart;
    spec.exitcodes.clone_from(&policy.exitcodes);
    let group = GroupSpec {
        name: GroupName::new("p"),
        kind: GroupKind::Program,
        priority: 999,
        processes: vec![Arc::new(spec)],
        rules: GroupRules::default(),
    };
    Setting { groups: vec![Arc::new(group)], ..Setting::default() }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).expect("a test's waits are short")
}

/// A life as a script of the simulation.
fn text(spawns: &[bool], script: &Script) -> String {
    let lives =
        spawns.iter().map(|succeeds| if *succeeds { "runs forever *1" } else { "fails to start *1" });
    let lives: Vec<&str> = lives.cycle().take(600).collect();
    let mut text = format!("p: {}; ignores TERM\n", lives.join(" then "));
    let mut now = 0;
    for (ticks, input) in script {
        now += ticks * TICK;
        let what = match input {
            Input::Start => "start".to_owned(),
            Input::Stop => "stop".to_owned(),
            Input::Halt => "shutdown".to_owned(),
            Input::Exit(ExitStatus::Code(code)) => format!("exit {code}"),
            Input::Exit(_) => "kill".to_owned(),
        };
        let whom = if *input == Input::Halt { "" } else { " p" };
        text.push_str(&format!("at {now}ms: {what}{whom}\n"));
    }
    text + &format!("until {}ms\n", now + REST * TICK)
}

/// What a line of the simulation is in the record.
fn seen(line: &Line) -> Vec<Seen> {
    let now = millis(line.at);
    match &line.what {
        What::State { to: "STARTING", .. } => {
            vec![Seen::State(now, ProcessState::Starting), Seen::Effect(now, Effect::Spawn)]
        }
        What::State { to, .. } => vec![Seen::State(now, state(to))],
        What::Signal(signal, _) => {
            vec![Seen::Effect(now, if signal == "SIGKILL" { Effect::Kill } else { Effect::Signal })]
        }
        What::Refused(why) if why != "there is no process" => vec![Seen::Refused(now)],
        _ => Vec::new(),
    }
}

fn state(name: &str) -> ProcessState {
    use ProcessState::{Backoff, Exited, Fatal, Running, Starting, Stopped, Stopping, Unknown};
    let all = [Stopped, Starting, Running, Backoff, Stopping, Exited, Fatal, Unknown];
    all.into_iter().find(|state| state.as_str() == name).unwrap_or_else(|| panic!("no such state: {name}"))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("a test's waits are short")
}

fn exits() -> impl Strategy<Value = Input> {
    prop_oneof![4 => (0..3).prop_map(ExitStatus::Code), 1 => Just(KILLED)].prop_map(Input::Exit)
}

fn scripts() -> impl Strategy<Value = Script> {
    let input = prop_oneof![3 => Just(Input::Start), 1 => Just(Input::Stop), 5 => exits()];
    let tail = prop::collection::vec((0..16_u64, exits()), 0..3);
    (prop::collection::vec((0..14_u64, input), 1..30), any::<bool>(), tail).prop_map(
        |(script, halts, tail)| {
            let halt = halts.then_some((1, Input::Halt));
            script.into_iter().chain(halt).chain(tail).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_lives_as_supervisors_rules_say(
        mut policy in policies(),
        spawns in prop::collection::vec(prop::bool::weighted(0.8), 1..6),
        script in scripts(),
    ) {
        // with 0 the original sends SIGKILL at every tick, the machine once a second
        policy.stopwaitsecs = policy.stopwaitsecs.max(Duration::from_secs(1));
        let mut model = Model::new(&policy, &spawns);
        model.live(&script);
        prop_assert_eq!(model.seen, simulated(&policy, &spawns, &script));
    }
}

#[test]
fn the_model_tells_a_counter_that_survives_a_stop_in_backoff() {
    let policy = policy("startretries=1");
    let script = vec![(0, Input::Start), (2, Input::Stop), (2, Input::Start)];
    let launches = |keeps_counter| {
        let mut model = Model { keeps_counter, ..Model::new(&policy, &[false]) };
        model.live(&script);
        model.seen.iter().filter(|seen| matches!(seen, Seen::Effect(_, Effect::Spawn))).count()
    };
    assert_eq!((launches(true), launches(false)), (2, 3));
}
