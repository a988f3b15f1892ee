//! What holds for every history, whatever is asked and whatever happens.
//!
//! A [`Walk`] is a random history in a world that either has no process, or is making one, or has one.
//! Facts that do not fit the world are fed all the same: they are stale, and must change nothing.

use crate::script::origin;
use proptest::prelude::*;
use std::time::{Duration, Instant};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Attempt, Edge, Effect, Fact, Machine, Policy, Request, State};
use treeherd_domain::restart::{Factor, Percent, RestartPolicy};
use treeherd_domain::signal::Signal;
use treeherd_domain::spec::Autorestart;
use treeherd_domain::stop::{StopSequence, StopSpec};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum World {
    Empty,
    Spawning,
    Alive,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Input {
    Ask(Request),
    Tell(Fact),
    /// Time passes, and nobody wakes in between.
    Sleep(Duration),
}

struct Walk {
    machine: Machine,
    policy: Policy,
    now: Instant,
    world: World,
    /// Each effect, and the world in which it came.
    effects: Vec<(Effect, World)>,
    /// Every edge that nobody asked for.
    edges: Vec<Edge>,
    /// Each fact that did not fit the world and yet had a consequence.
    taken_in: Vec<(Fact, Edge)>,
}

impl Walk {
    fn new(policy: Policy) -> Self {
        let (machine, now, world) = (Machine::default(), origin(), World::Empty);
        let (effects, edges, taken_in) = (Vec::new(), Vec::new(), Vec::new());
        Self { machine, policy, now, world, effects, edges, taken_in }
    }

    fn through(policy: Policy, inputs: &[Input]) -> Self {
        let mut walk = Self::new(policy);
        for input in inputs {
            walk.step(*input);
        }
        walk
    }

    fn step(&mut self, input: Input) {
        match input {
            Input::Ask(request) => self.ask(request),
            Input::Tell(fact) => self.tell(fact),
            Input::Sleep(duration) => self.now += duration,
        }
        self.drain();
    }

    fn drain(&mut self) {
        for _ in 0..100 {
            match self.machine.due(self.now, &self.policy) {
                Some(edge) => {
                    self.edges.push(edge);
                    self.perform(edge);
                }
                None => return,
            }
        }
        panic!("it never comes to rest: {:?}", self.machine.state());
    }

    fn ask(&mut self, request: Request) {
        if let Ok(edge) = self.machine.request(request, self.now, &self.policy) {
            self.perform(edge);
        }
    }

    fn tell(&mut self, fact: Fact) {
        let after = match (self.world, fact) {
            (World::Spawning, Fact::Spawned) => Some(World::Alive),
            (World::Spawning, Fact::SpawnFailed) => Some(World::Empty),
            (World::Spawning | World::Alive, Fact::Exited(_) | Fact::Excused(_)) => Some(World::Empty),
            (World::Alive, Fact::PreStopOver | Fact::StopCommandOver(_)) if self.is_being_stopped() => {
                Some(World::Alive)
            }
            (World::Alive, Fact::SignalFailed | Fact::NotReady | Fact::Unhealthy) => Some(World::Alive),
            (World::Empty, Fact::Cleared) if self.waits() => Some(World::Empty),
            _ => None,
        };
        self.world = after.unwrap_or(self.world);
        let edge = self.machine.occur(fact, self.now, &self.policy);
        if after.is_none() && (edge.from != edge.to || edge.effect.is_some()) {
            self.taken_in.push((fact, edge));
        }
        self.edges.push(edge);
        self.perform(edge);
    }

    fn is_being_stopped(&self) -> bool {
        matches!(self.machine.state(), State::Stopping { .. })
    }

    fn waits(&self) -> bool {
        matches!(self.machine.state(), State::Waiting { .. })
    }

    fn perform(&mut self, edge: Edge) {
        if let Some(effect) = edge.effect {
            self.effects.push((effect, self.world));
            if effect == Effect::Spawn {
                self.world = World::Spawning;
            }
        }
    }

    /// What the state says of the world.
    fn believed(&self) -> World {
        match self.machine.state() {
            State::Stopped { .. }
            | State::Waiting { .. }
            | State::Backoff { .. }
            | State::Exited { .. }
            | State::Fatal { .. } => World::Empty,
            State::Starting { ready_at: None, .. } | State::Stopping { kill_at: None, .. } => {
                World::Spawning
            }
            State::Starting { ready_at: Some(_), .. }
            | State::Stopping { kill_at: Some(_), .. }
            | State::Running { .. }
            | State::Unknown => World::Alive,
        }
    }

    /// Lets the spawn end, lets some deadlines pass, then lets the process end.
    fn end(&mut self, spawn: Fact, status: ExitStatus) {
        if self.world == World::Spawning {
            self.tell(spawn);
        }
        for _ in 0..6 {
            self.now = self.machine.state().deadline().unwrap_or(self.now);
            self.drain();
        }
        if self.world == World::Alive {
            self.tell(Fact::Exited(status));
        }
        self.drain();
    }
}

/// Any policy, with times short enough that walks meet their deadlines.
pub(crate) fn policies() -> impl Strategy<Value = Policy> {
    let autorestart =
        prop_oneof![Just(Autorestart::Always), Just(Autorestart::Unexpected), Just(Autorestart::Never)];
    let exitcodes = prop_oneof![Just(vec![0]), Just(vec![0, 1]), Just(Vec::new())];
    (0..4_u64, 0..4_u32, 0..4_u64, autorestart, exitcodes).prop_map(
        |(startsecs, startretries, stopwaitsecs, autorestart, exitcodes)| Policy {
            gated: false,
            startsecs: Duration::from_secs(startsecs),
            startretries,
            stopwaitsecs: Duration::from_secs(stopwaitsecs),
            autorestart,
            exitcodes,
            ..Policy::default()
        },
    )
}

/// The same, with requirements or without, and with any policy of restarts and any way to stop.
fn all_policies() -> impl Strategy<Value = Policy> {
    let span = |range: std::ops::Range<u64>| range.prop_map(Duration::from_millis);
    let delay = prop::collection::vec(span(0..3000), 0..4);
    let keys = (
        prop::option::of(span(0..4000)),
        prop::option::of(prop_oneof![Just("1"), Just("1.5"), Just("100")]),
        prop_oneof![Just("0%"), Just("20%"), Just("100%")],
        prop::option::of(span(0..5000)),
        prop::option::of(span(1000..4000)),
        prop::option::of(span(1000..4000)),
    );
    (policies(), (any::<[bool; 2]>(), stops(), prop::option::of(span(0..3000))), delay, keys, any::<u64>())
        .prop_map(|(policy, ([gated, oneshot], stop, pre_stop), delay, keys, seed)| {
            let (delay_max, factor, jitter, reset_after, fatal_retry, max_runtime) = keys;
            let factor = factor.and_then(Factor::parse);
            let jitter = Percent::parse(jitter).expect("it is a percentage");
            let restart =
                RestartPolicy { delay, delay_max, factor, jitter, reset_after, fatal_retry, max_runtime };
            let (restart, stop) = (restart.into(), stop.into());
            Policy { gated, oneshot, restart, seed, stop, pre_stop, ..policy }
        })
}

fn stops() -> impl Strategy<Value = StopSpec> {
    let sequence = prop::collection::vec(0..4_u64, 0..4).prop_map(|waits| {
        let words = waits.iter().map(|wait| format!("INT:{wait}, ")).collect::<String>();
        StopSequence::parse(&(words + "KILL")).expect("it is a sequence")
    });
    (prop::option::of(sequence), any::<bool>()).prop_map(|(sequence, has_command)| {
        let command = has_command.then(|| "/bin/stop".to_owned());
        StopSpec { sequence, command }
    })
}

fn statuses() -> impl Strategy<Value = ExitStatus> {
    let killed = ExitStatus::Signaled { signal: Signal::KILL, core_dumped: false };
    prop_oneof![(0..3).prop_map(ExitStatus::Code), Just(killed)]
}

fn histories() -> impl Strategy<Value = Vec<Input>> {
    let request = prop_oneof![
        4 => Just(Request::Start),
        1 => Just(Request::Stop),
        1 => Just(Request::Restart),
        1 => Just(Request::Halt)
    ];
    let fact = prop_oneof![
        6 => Just(Fact::Spawned),
        2 => Just(Fact::SpawnFailed),
        4 => statuses().prop_map(Fact::Exited),
        2 => statuses().prop_map(Fact::Excused),
        4 => Just(Fact::Cleared),
        1 => Just(Fact::SignalFailed),
        2 => prop_oneof![Just(Fact::PreStopOver), any::<bool>().prop_map(Fact::StopCommandOver)],
        1 => prop_oneof![Just(Fact::NotReady), Just(Fact::Unhealthy)]
    ];
    let sleep = (0..5000_u64).prop_map(Duration::from_millis);
    let input = prop_oneof![1 => request.prop_map(Input::Ask), 2 => fact.prop_map(Input::Tell), 1 => sleep.prop_map(Input::Sleep)];
    prop::collection::vec(input, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_two_spawns_without_an_end_between(policy in all_policies(), history in histories()) {
        let walk = Walk::through(policy, &history);
        for (effect, world) in walk.effects {
            prop_assert!(effect != Effect::Spawn || world == World::Empty, "spawned while {:?}", world);
        }
    }

    #[test]
    fn signals_go_only_to_a_process_that_exists(policy in all_policies(), history in histories()) {
        let walk = Walk::through(policy, &history);
        for (effect, world) in walk.effects {
            prop_assert!(effect == Effect::Spawn || world == World::Alive, "{:?} while {:?}", effect, world);
        }
    }

    #[test]
    fn a_fact_that_does_not_fit_changes_nothing(policy in all_policies(), history in histories()) {
        let walk = Walk::through(policy, &history);
        prop_assert!(walk.taken_in.is_empty(), "{:?}", walk.taken_in);
    }

    #[test]
    fn a_stop_is_refused_where_nothing_is_up_or_follows(policy in all_policies(), history in histories()) {
        let mut walk = Walk::new(policy);
        for input in history {
            walk.step(input);
            let state = walk.machine.state();
            let is_taken = walk.machine.clone().request(Request::Stop, walk.now, &walk.policy).is_ok();
            prop_assert_eq!(state.is_to_be_up(), is_taken, "{:?}", state);
        }
    }

    #[test]
    fn what_is_gated_is_spawned_when_it_is_cleared_and_never_else(
        policy in policies(),
        history in histories(),
    ) {
        let mut walk = Walk::new(Policy { gated: true, ..policy });
        for input in history {
            let (before, waits) = (walk.effects.len(), walk.waits());
            walk.step(input);
            let spawns = walk.effects[before..].iter().filter(|(effect, _)| *effect == Effect::Spawn).count();
            let is_clear = waits && input == Input::Tell(Fact::Cleared);
            prop_assert_eq!(spawns, usize::from(is_clear), "{:?}", input);
        }
    }

    #[test]
    fn an_excused_end_is_no_attempt(policy in policies(), ends in 1..40_u32) {
        let mut walk = Walk::new(Policy { gated: true, startsecs: Duration::from_secs(1), ..policy });
        walk.step(Input::Ask(Request::Start));
        for _ in 0..ends {
            for fact in [Fact::Cleared, Fact::Spawned, Fact::Excused(ExitStatus::Code(1))] {
                walk.step(Input::Tell(fact));
            }
            prop_assert_eq!(walk.machine.state(), State::Waiting { attempt: Attempt::FIRST });
        }
    }

    #[test]
    fn the_state_knows_whether_there_is_a_process(policy in all_policies(), history in histories()) {
        let mut walk = Walk::new(policy);
        for input in history {
            walk.step(input);
            prop_assert_eq!(walk.believed(), walk.world, "{:?}", walk.machine.state());
        }
    }

    #[test]
    fn no_deadline_lies_in_the_past_when_what_is_due_is_done(policy in all_policies(), history in histories()) {
        let mut walk = Walk::new(policy);
        for input in history {
            walk.step(input);
            let state = walk.machine.state();
            prop_assert!(state.deadline().is_none_or(|at| at > walk.now), "{:?}", state);
        }
    }

    #[test]
    fn a_stop_and_one_end_bring_every_state_to_rest(
        policy in all_policies(),
        history in histories(),
        request in prop_oneof![Just(Request::Stop), Just(Request::Halt)],
        spawn in prop_oneof![Just(Fact::Spawned), Just(Fact::SpawnFailed)],
        status in statuses(),
    ) {
        let mut walk = Walk::through(policy, &history);
        walk.effects.clear();
        walk.ask(request);
        walk.end(spawn, status);
        prop_assert_eq!(walk.world, World::Empty);
        prop_assert!(walk.machine.state().is_settled_down(), "{:?}", walk.machine.state());
        prop_assert!(walk.effects.iter().all(|(effect, _)| *effect != Effect::Spawn), "{:?}", walk.effects);
    }

    #[test]
    fn what_is_tried_in_the_background_is_fatal_until_it_is_up_or_done(
        policy in all_policies(),
        history in histories(),
    ) {
        let oneshot = policy.oneshot;
        let walk = Walk::through(policy, &history);
        for edge in walk.edges.iter().filter(|edge| edge.from.is_retried() && edge.is_change()) {
            let is_up = matches!(edge.from, State::Starting { ready_at: Some(_), .. })
                && matches!(edge.to, State::Starting { ready_at: Some(_), .. });
            let is_done = oneshot && matches!(edge.to, State::Exited { expected: true, .. });
            prop_assert!(is_up || is_done || edge.to == State::Unknown, "{:?}", edge);
        }
    }

    #[test]
    fn no_wait_is_shorter_than_its_rule_nor_longer_than_its_jitter_allows(
        policy in all_policies(),
        ends in 1..60_u32,
    ) {
        let attempt = Attempt { tries: ends, ends, veiled: false };
        let rule = policy.restart.delay(ends).unwrap_or(Duration::from_secs(ends.into()));
        let (wait, most) = (policy.backoff(attempt), rule * 2);
        prop_assert!(wait >= rule && wait <= most.max(Policy::RETRY_PAUSE), "{:?} for {:?}", wait, rule);
        prop_assert!(rule <= policy.restart.longest().max(Duration::from_secs(ends.into())));
        if let Some(end_at) = policy.end_at(origin(), attempt) {
            prop_assert!(end_at - origin() <= policy.restart.max_runtime.unwrap_or_default());
        }
    }

    #[test]
    fn whatever_ignores_its_stop_is_killed_within_the_time_of_it(
        policy in all_policies(),
        history in histories(),
    ) {
        // it may have begun to be killed before
        let limit = policy.stop_time().max(policy.kill_pause());
        let mut walk = Walk::through(policy, &history);
        let begun = walk.now;
        walk.effects.clear();
        if walk.world == World::Spawning {
            walk.tell(Fact::Spawned);
        }
        walk.ask(Request::Halt);
        let is_told = matches!(walk.machine.state(), State::Stopping { .. });
        while is_told && walk.effects.iter().all(|(effect, _)| *effect != Effect::Kill) {
            let next = walk.machine.state().deadline().expect("what is to end has a deadline");
            prop_assert!(next <= begun + limit, "{:?}", walk.machine.state());
            walk.now = next;
            walk.drain();
        }
    }

    #[test]
    fn launches_before_fatal_are_startretries_and_one(
        startretries in 0..9_u32,
        failures in prop::collection::vec(prop::option::of(0..1000_u64), 10),
    ) {
        let policy = Policy { startretries, ..crate::script::policy("startsecs=1") };
        let mut walk = Walk::new(policy);
        walk.step(Input::Ask(Request::Start));
        for failure in failures {
            if walk.world == World::Spawning {
                if let Some(millis) = failure {
                    walk.step(Input::Tell(Fact::Spawned));
                    walk.step(Input::Sleep(Duration::from_millis(millis)));
                    walk.step(Input::Tell(Fact::Exited(ExitStatus::Code(0))));
                } else {
                    walk.step(Input::Tell(Fact::SpawnFailed));
                }
            }
            walk.now = walk.machine.state().deadline().unwrap_or(walk.now);
            walk.drain();
        }
        let is_fatal = matches!(walk.machine.state(), State::Fatal { retry_at: None, .. });
        prop_assert!(is_fatal, "{:?}", walk.machine.state());
        prop_assert_eq!(walk.effects.len(), startretries as usize + 1);
    }
}
