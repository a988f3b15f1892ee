//! Never earlier than a supervisor that looks at its children once a second, and never later than its rule.
//!
//! ```text
//!   rule: more than L after an event       looks at phase p, p+1, p+2, ... of the second
//!   ours:       event + L                  theirs: the first look later than event + L
//!               `------------ at most a second ------------'
//! ```
//!
//! For every rule with a time in it, and for looks at any phase: the machine acts no earlier than the rule allows,
//! and no later than the look. Absent: what happens at the same instant (the oracle), and real clocks.

use crate::script::{origin, policy};
use proptest::prelude::*;
use std::time::{Duration, Instant};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Edge, Effect, Fact, Machine, Policy, Request, State};

/// When one that looks at `phase` and every second after it sees that more than `limit` has passed since `event`.
fn polled(event: Duration, limit: Duration, phase: Duration) -> Duration {
    let mut look = phase;
    while look <= event + limit {
        look += Duration::from_secs(1);
    }
    look
}

/// The machine of a process, driven by its own deadlines alone.
struct Driven {
    machine: Machine,
    policy: Policy,
    now: Duration,
}

impl Driven {
    /// A process that was started at `now`; its spawn succeeds.
    fn started(policy: Policy, now: Duration) -> Self {
        let mut driven = Self { machine: Machine::default(), policy, now };
        driven.request(Request::Start);
        driven.occur(Fact::Spawned);
        driven
    }

    fn instant(&self) -> Instant {
        origin() + self.now
    }

    fn request(&mut self, request: Request) {
        let now = self.instant();
        self.machine.request(request, now, &self.policy).expect("the request fits the state");
    }

    fn occur(&mut self, fact: Fact) -> Edge {
        let now = self.instant();
        self.machine.occur(fact, now, &self.policy)
    }

    /// Waits for the next deadline and crosses it; nothing happens a nanosecond before.
    fn next(&mut self) -> Edge {
        let deadline = self.machine.state().deadline().expect("something is to come");
        let before = deadline - Duration::from_nanos(1);
        assert!(before < self.instant() || self.machine.due(before, &self.policy).is_none());
        self.now = (deadline - origin()).max(self.now);
        let now = self.instant();
        self.machine.due(now, &self.policy).expect("the deadline has come")
    }
}

/// Asserts that what came at `ours` is as early as the rule allows, and as late as a look at most.
fn check(rule: &str, event: Duration, limit: Duration, ours: Duration, phase: Duration) {
    let theirs = polled(event, limit, phase);
    assert!(ours >= event + limit, "{rule}: too early, {ours:?} after {event:?}");
    assert!(ours <= theirs, "{rule}: {ours:?}, and a look had seen it at {theirs:?}");
    assert!(theirs - ours <= Duration::from_secs(1), "{rule}: {ours:?} and {theirs:?}");
}

fn at(seconds: u64, millis: u64) -> Duration {
    Duration::from_millis(seconds * 1000 + millis)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn running_comes_when_more_than_startsecs_have_passed(
        startsecs in 1..20_u64, begun in 0..5_000_u64, phase in 0..1_000_u64,
    ) {
        let begun = at(0, begun);
        let mut driven = Driven::started(policy(&format!("startsecs={startsecs}")), begun);
        let running = matches!(driven.next().to, State::Running { .. });
        prop_assert!(running);
        check("startsecs", begun, at(startsecs, 0), driven.now, at(0, phase));
    }

    #[test]
    fn the_retry_after_k_failures_comes_when_more_than_k_seconds_have_passed(
        lives in prop::collection::vec(0..900_u64, 1..6), phase in 0..1_000_u64,
    ) {
        let mut driven = Driven::started(policy("startretries=9 startsecs=1"), at(1, 0));
        for (failures, life) in (1..).zip(lives) {
            driven.now += at(0, life);
            let failed = driven.now;
            driven.occur(Fact::Exited(ExitStatus::Code(1)));
            prop_assert_eq!(driven.next().effect, Some(Effect::Spawn));
            check("backoff", failed, at(failures, 0), driven.now, at(0, phase));
            driven.occur(Fact::Spawned);
        }
    }

    #[test]
    fn sigkill_comes_after_stopwaitsecs_and_again_each_time(
        stopwaitsecs in 1..15_u64, ran in 2_000..9_000_u64, phase in 0..1_000_u64,
    ) {
        let mut driven = Driven::started(policy(&format!("stopwaitsecs={stopwaitsecs}")), at(0, 0));
        driven.next();
        driven.now = at(0, ran);
        driven.request(Request::Stop);
        let (asked, mut theirs) = (driven.now, driven.now);
        for kills in 1..=4 {
            prop_assert_eq!(driven.next().effect, Some(Effect::Kill));
            // they count anew from each SIGKILL, which came late already
            theirs = polled(theirs, at(stopwaitsecs, 0), at(0, phase));
            let limit = at(kills * stopwaitsecs, 0);
            prop_assert!(driven.now == asked + limit && driven.now <= theirs, "{:?}, {theirs:?}", driven.now);
        }
    }

    #[test]
    fn an_end_is_too_quick_before_startsecs_and_not_from_then_on(
        startsecs in 1..10_u64, life in 0..12_000_u64,
    ) {
        let mut driven = Driven::started(policy(&format!("startsecs={startsecs} autorestart=false")), at(0, 0));
        if at(0, life) >= at(startsecs, 0) {
            driven.next();
        }
        driven.now = at(0, life);
        let to = driven.occur(Fact::Exited(ExitStatus::Code(0))).to;
        let too_quick = life < startsecs * 1000;
        prop_assert_eq!(matches!(to, State::Backoff { .. }), too_quick, "{:?}", to);
        prop_assert_eq!(matches!(to, State::Exited { .. }), !too_quick, "{:?}", to);
    }
}
