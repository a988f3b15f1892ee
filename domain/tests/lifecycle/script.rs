//! Scripts, and the driver that turns one into a trace.
//!
//! ```text
//! policy   "startsecs=0 autorestart=true"        keys of the configuration; the rest is the default
//! script   "0 start | 5 exit 1 & halt | 8 wait"  seconds and an input; `|` is the next line
//! trace    time, input, state, effect, note      one line for each transition or refusal
//! ```
//!
//! Inputs: `start` `stop` `restart` `halt`; `exit 1` `exit SIGSEGV` `spawned` `spawnfailed`
//! `signalfailed` `notready` `unhealthy`; `excused 1` `cleared`; `wait` (nothing happens, time has passed). `spawnok`, `spawnfail` and `spawnhang` say
//! how a spawn ends from then on: at once, in failure, or not before the script says so.
//!
//! The driver does what any driver must: what is due comes first, and after each input everything that
//! is due at once. Inputs joined by `&` follow each other with nothing in between.

use expect_test::Expect;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use treeherd_domain::drive;
use treeherd_domain::duration;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{
    Attempt, Edge, Effect, Fact, Machine, Policy, Request, State, StopStep, Then,
};
use treeherd_domain::restart::{Factor, Percent};
use treeherd_domain::signal::Signal;
use treeherd_domain::spec::Autorestart;
use treeherd_domain::stop::StopSequence;

/// Runs a script and compares its trace.
#[track_caller]
pub(crate) fn check(keys: &str, script: &str, expected: Expect) {
    expected.assert_eq(&trace(keys, script));
}

/// Runs a script and gives its trace.
pub(crate) fn trace(keys: &str, script: &str) -> String {
    let mut driver = Driver::new(policy(keys));
    for line in script.split('|') {
        let (time, inputs) = line.trim().split_once(' ').expect("a line is a time and an input");
        let seconds: f64 = time.parse().expect("a time is a number of seconds");
        driver.sleep_until(Duration::from_secs_f64(seconds));
        for input in inputs.split('&') {
            driver.feed(input.trim());
        }
        driver.drain();
    }
    driver.trace
}

/// The moment at which every script begins.
#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
pub(crate) fn origin() -> Instant {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    *ORIGIN
}

/// The default policy with some keys set.
pub(crate) fn policy(keys: &str) -> Policy {
    let mut policy = Policy::default();
    for (key, value) in keys.split_whitespace().filter_map(|pair| pair.split_once('=')) {
        let number = || value.parse::<u32>().expect("this key is a number");
        match key {
            "startsecs" => policy.startsecs = Duration::from_secs(number().into()),
            "gated" => policy.gated = value == "true",
            "startretries" => policy.startretries = number(),
            "stopwaitsecs" => policy.stopwaitsecs = Duration::from_secs(number().into()),
            "stop_command" => policy.stop.command = Some(value.to_owned()),
            "pre_stop" => policy.pre_stop = Some(span(value)),
            "stopsequence" => policy.stop.sequence = StopSequence::parse(value).ok(),
            "autorestart" => policy.autorestart = autorestart(value),
            "exitcodes" => policy.exitcodes = value.split(',').filter_map(|c| c.parse().ok()).collect(),
            "clean_signals" => {
                policy.clean_signals =
                    value.split(',').filter_map(|name| Signal::parse(name).ok()).collect();
            }
            "restart_delay" => policy.restart.delay = value.split(',').map(span).collect(),
            "restart_delay_max" => policy.restart.delay_max = Some(span(value)),
            "restart_factor" => policy.restart.factor = Factor::parse(value),
            "restart_reset_after" => policy.restart.reset_after = Some(span(value)),
            "restart_jitter" => policy.restart.jitter = Percent::parse(value).expect("it is a percentage"),
            "type" => policy.oneshot = value == "oneshot",
            "fatal_retry" => policy.restart.fatal_retry = Some(span(value)),
            "max_runtime" => policy.restart.max_runtime = Some(span(value)),
            _ => panic!("no such key: {key}"),
        }
    }
    policy
}

fn span(value: &str) -> Duration {
    duration::parse(value).expect("it is a span of time")
}

fn autorestart(value: &str) -> Autorestart {
    match value {
        "true" => Autorestart::Always,
        "unexpected" => Autorestart::Unexpected,
        "false" => Autorestart::Never,
        _ => panic!("no such autorestart: {value}"),
    }
}

/// How a spawn ends.
#[derive(Clone, Copy)]
enum Spawns {
    Succeed,
    Fail,
    Hang,
}

struct Driver {
    machine: Machine,
    policy: Policy,
    spawns: Spawns,
    now: Duration,
    trace: String,
}

impl Driver {
    fn new(policy: Policy) -> Self {
        let spawns = Spawns::Succeed;
        Self { machine: Machine::default(), policy, spawns, now: Duration::ZERO, trace: String::new() }
    }

    fn instant(&self) -> Instant {
        origin() + self.now
    }

    /// Lets time pass, waking at each deadline on the way.
    fn sleep_until(&mut self, until: Duration) {
        assert!(until >= self.now, "scripts run forward");
        while let Some(at) = self.machine.state().deadline().filter(|at| *at <= origin() + until) {
            self.now = at.saturating_duration_since(origin());
            let before = self.trace.len();
            self.drain();
            assert!(self.trace.len() > before, "what is due is not done:\n{}", self.trace);
        }
        self.now = until;
    }

    /// Makes every transition that is due by now.
    fn drain(&mut self) {
        for _ in 0..100 {
            let (mut facts, now) = (VecDeque::new(), self.instant());
            match drive::next(&mut self.machine, &mut facts, now, &self.policy, None) {
                Some(taken) => self.perform("(deadline)", taken.edge),
                None => return,
            }
        }
        panic!("it never comes to rest:\n{}", self.trace);
    }

    fn feed(&mut self, input: &str) {
        match input.split_once(' ') {
            Some(("exit", how)) => self.occur(input, Fact::Exited(status(how))),
            Some(("excused", how)) => self.occur(input, Fact::Excused(status(how))),
            Some(_) => panic!("no such input: {input}"),
            None => self.feed_word(input),
        }
    }

    fn feed_word(&mut self, word: &str) {
        match word {
            "start" => self.request(word, Request::Start),
            "stop" => self.request(word, Request::Stop),
            "restart" => self.request(word, Request::Restart),
            "halt" => self.request(word, Request::Halt),
            "spawned" => self.occur(word, Fact::Spawned),
            "spawnfailed" => self.occur(word, Fact::SpawnFailed),
            "signalfailed" => self.occur(word, Fact::SignalFailed),
            "hookover" => self.occur(word, Fact::PreStopOver),
            "commanddone" => self.occur(word, Fact::StopCommandOver(true)),
            "commandfailed" => self.occur(word, Fact::StopCommandOver(false)),
            "cleared" => self.occur(word, Fact::Cleared),
            "notready" => self.occur(word, Fact::NotReady),
            "unhealthy" => self.occur(word, Fact::Unhealthy),
            "wait" => self.line(word, &noted("", self.machine.state())),
            "spawnok" => self.spawns = Spawns::Succeed,
            "spawnfail" => self.spawns = Spawns::Fail,
            "spawnhang" => self.spawns = Spawns::Hang,
            _ => panic!("no such input: {word}"),
        }
    }

    fn request(&mut self, input: &str, wish: Request) {
        match self.machine.request(wish, self.instant(), &self.policy) {
            Ok(edge) => self.perform(input, edge),
            Err(refusal) => self.line(input, &format!("refused: {refusal}")),
        }
    }

    fn occur(&mut self, input: &str, fact: Fact) {
        let edge = self.machine.occur(fact, self.instant(), &self.policy);
        self.perform(input, edge);
    }

    fn perform(&mut self, input: &str, edge: Edge) {
        let effect = match (edge.effect, edge.to) {
            (None, _) => String::new(),
            // which of a sequence, from the second on
            (Some(Effect::Signal), State::Stopping { step: StopStep::Signal(at @ 1..), .. }) => {
                format!("!Signal{at}")
            }
            (Some(effect), _) => format!("!{effect:?}"),
        };
        self.line(input, &noted(&effect, edge.to));
        if edge.effect == Some(Effect::Spawn) {
            match self.spawns {
                Spawns::Succeed => self.occur("(spawned)", Fact::Spawned),
                Spawns::Fail => self.occur("(spawn failed)", Fact::SpawnFailed),
                Spawns::Hang => {}
            }
        }
    }

    fn line(&mut self, input: &str, rest: &str) {
        let time = format!("{}s", self.now.as_secs_f64());
        let line = format!("{time:<7} {input:<14} {:<8} {rest}", self.machine.name());
        writeln!(self.trace, "{}", line.trim_end()).expect("a String takes every text");
    }
}

/// `7`, or a signal's name.
fn status(how: &str) -> ExitStatus {
    match how.parse() {
        Ok(code) => ExitStatus::Code(code),
        Err(_) => {
            let signal = Signal::parse(how).expect("an end is a code or a signal");
            ExitStatus::Signaled { signal, core_dumped: false }
        }
    }
}

fn veil(attempt: Attempt) -> &'static str {
    if attempt.veiled { "in the background, " } else { "" }
}

/// The effect, and what the state's name does not say.
fn noted(effect: &str, state: State) -> String {
    let note = match state {
        State::Waiting { attempt } => format!("{}waits, tries {}", veil(attempt), attempt.tries),
        State::Starting { attempt, .. } | State::Backoff { attempt, .. } => {
            format!("{}tries {}", veil(attempt), attempt.tries)
        }
        State::Fatal { retry_at: Some(_), .. } => "then retry".to_owned(),
        State::Exited { expected: true, .. } => "expected".to_owned(),
        State::Exited { expected: false, .. } => "not expected".to_owned(),
        State::Stopping { then: Then::Start, .. } | State::Stopped { start_at: Some(_) } => {
            "then start".to_owned()
        }
        State::Stopping { then: Then::Fail(attempt), .. } => format!("then fail, tries {}", attempt.tries),
        State::Stopping { then: Then::Exit(_), .. } => "then exit".to_owned(),
        State::Stopping { then: Then::Stay, .. }
        | State::Stopped { start_at: None }
        | State::Running { .. }
        | State::Fatal { retry_at: None, .. }
        | State::Unknown => String::new(),
    };
    format!("{effect:<8} {note}")
}
