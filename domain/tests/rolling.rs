//! A rolling restart: batches, pauses, failures, ends; at hand and over random herds.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Attempt, Next, State, StopStep, Then};
use treeherd_domain::rolling::{
    Abort, Candidate, Heard, LeftOut, Part, Place, Progress, Rolling, Rules, Seen, Wish, part, progress,
};
use treeherd_domain::status::ProcessState;

const SECOND: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
fn origin() -> Instant {
    Instant::now()
}

fn rules(batch: usize, pause: u64, abort_on: usize) -> Rules {
    Rules { batch, pause: Duration::from_secs(pause), abort_on }
}

fn rolling(rules: Rules, members: usize) -> Rolling {
    Rolling::new(rules, vec![SECOND * 10; members])
}

#[test]
fn one_batch_after_the_other_and_all_of_it_ready_first() {
    let (now, mut roll) = (origin(), rolling(rules(2, 0, 1), 5));
    assert_eq!(roll.take(now), [0, 1]);
    assert_eq!(roll.take(now), [0_usize; 0], "they are under way");
    roll.ready(1, now);
    assert_eq!(roll.take(now), [0_usize; 0], "one of them is");
    roll.ready(0, now);
    assert_eq!(roll.take(now), [2, 3]);
    roll.ready(2, now);
    roll.ready(3, now);
    assert_eq!(roll.take(now), [4]);
    assert!(!roll.is_over());
    roll.ready(4, now);
    assert!(roll.is_over() && roll.abort().is_none() && roll.wakes_at().is_none());
    assert_eq!(roll.places(), [Place::Ready; 5]);
}

#[test]
fn a_pause_separates_batches_and_follows_none() {
    let (now, mut roll) = (origin(), rolling(rules(1, 3, 1), 2));
    assert_eq!(roll.take(now), [0]);
    roll.ready(0, now + SECOND);
    assert_eq!(roll.wakes_at(), Some(now + SECOND * 4));
    assert_eq!(roll.take(now + SECOND * 3), [0_usize; 0]);
    assert_eq!(roll.take(now + SECOND * 4), [1]);
    roll.ready(1, now + SECOND * 5);
    assert!(roll.is_over() && roll.wakes_at().is_none());
}

#[test]
fn what_falls_in_the_pause_counts() {
    let (now, mut roll) = (origin(), rolling(rules(1, 3, 1), 3));
    roll.take(now);
    roll.ready(0, now);
    roll.failed(0, now + SECOND);
    assert_eq!(roll.abort(), Some(&Abort::Failed(0)));
    assert!(roll.is_over());
    assert_eq!(roll.take(now + SECOND * 9), [0_usize; 0]);
    assert_eq!(roll.places(), [Place::Failed, Place::Queued, Place::Queued]);
}

#[test]
fn those_under_way_have_their_outcome_after_the_end() {
    let (now, mut roll) = (origin(), rolling(rules(3, 0, 1), 6));
    roll.take(now);
    roll.failed(1, now);
    assert!(!roll.is_over(), "two are under way");
    roll.ready(0, now);
    roll.failed(2, now);
    assert!(roll.is_over());
    assert_eq!(roll.abort(), Some(&Abort::Failed(1)), "the one that brought it about");
}

#[test]
fn who_is_late_has_failed() {
    let (now, mut roll) = (origin(), rolling(rules(2, 0, 2), 3));
    roll.take(now);
    roll.ready(0, now);
    assert_eq!(roll.wakes_at(), Some(now + SECOND * 10));
    assert_eq!(roll.late(now + SECOND * 9), [0_usize; 0]);
    assert_eq!(roll.late(now + SECOND * 10), [1]);
    assert_eq!(roll.take(now + SECOND * 10), [2], "one failure is allowed");
}

#[test]
fn an_end_that_is_asked_for_takes_no_more() {
    let (now, mut roll) = (origin(), rolling(Rules::default(), 3));
    roll.take(now);
    roll.end("asked for");
    roll.end("asked for again");
    assert!(!roll.is_over());
    roll.ready(0, now);
    assert!(roll.is_over());
    assert_eq!(roll.abort(), Some(&Abort::Ended("asked for")));
    roll.failed(2, now);
    assert_eq!(roll.places()[2], Place::Queued, "what was never told to restart cannot fail");
}

#[test]
fn who_is_spared_is_no_failure_and_holds_up_nobody() {
    let (now, mut roll) = (origin(), rolling(Rules::default(), 2));
    roll.take(now);
    roll.spare(0, now);
    assert_eq!(roll.take(now), [1]);
}

#[test]
fn who_is_spared_before_its_turn_has_none_and_the_last_of_them_ends_it() {
    let (now, mut roll) = (origin(), rolling(rules(1, 600, 1), 4));
    assert_eq!(roll.take(now), [0]);
    roll.spare(2, now);
    roll.ready(0, now);
    assert_eq!(roll.take(now + SECOND * 600), [1]);
    roll.ready(1, now + SECOND * 600);
    assert!(!roll.is_over(), "one is to come, after the pause");
    roll.spare(3, now + SECOND * 601);
    assert!(roll.is_over() && roll.abort().is_none() && roll.wakes_at().is_none());
    assert_eq!(roll.places(), [Place::Ready, Place::Ready, Place::Spared, Place::Spared]);
}

#[test]
fn of_nobody_it_is_over_at_once() {
    let roll = rolling(Rules::default(), 0);
    assert!(roll.is_over() && roll.wakes_at().is_none());
}

#[test]
fn the_longest_times_are_no_trouble() {
    let rules = Rules { pause: Duration::MAX, ..Rules::default() };
    let (now, mut roll) = (origin(), Rolling::new(rules, vec![Duration::MAX; 2]));
    assert_eq!(roll.take(now), [0]);
    roll.ready(0, now);
    assert_eq!(roll.take(now + SECOND * 1_000_000), [0_usize; 0]);
}

#[test]
fn the_most_careful_rules_hold_and_a_wish_is_over_them() {
    let together = Rules::together([rules(4, 1, 3), rules(2, 5, 9)]);
    assert_eq!(together, rules(2, 5, 3));
    assert_eq!(Rules::together([]), Rules::default());
    let wish = Wish { batch: Some(0), pause: Some(SECOND), ..Wish::default() };
    assert_eq!(wish.over(together), rules(1, 1, 3));
}

/// Each state, whether it runs, and as what it is left out otherwise.
fn states() -> Vec<(State, Option<ProcessState>)> {
    use ProcessState::{Exited, Fatal, Stopped, Stopping, Unknown};
    let (at, first) = (origin(), Attempt::FIRST);
    let veiled = Attempt { veiled: true, ..first };
    let stopping = |then| State::Stopping { kill_at: Some(at), step: StopStep::FIRST, then };
    let exited = |restart_at| State::Exited {
        status: ExitStatus::Code(0),
        expected: true,
        restart_at,
        attempt: first,
    };
    vec![
        (State::Starting { ready_at: None, attempt: first }, None),
        (State::Waiting { attempt: first }, None),
        (State::Running { since: at, attempt: first, end_at: None }, None),
        (State::Backoff { attempt: first, next: Next::Retry(at) }, None),
        (State::Stopped { start_at: Some(at) }, None),
        (stopping(Then::Start), None),
        (stopping(Then::Exit(first)), None),
        (exited(Some(at)), None),
        (State::STOPPED, Some(Stopped)),
        (stopping(Then::Stay), Some(Stopping)),
        (exited(None), Some(Exited)),
        (State::FATAL, Some(Fatal)),
        // given up, though it is tried in the background
        (State::Fatal { retry_at: Some(at), attempt: first }, Some(Fatal)),
        (State::Starting { ready_at: None, attempt: veiled }, Some(Fatal)),
        (State::Unknown, Some(Unknown)),
    ]
}

#[test]
fn what_runs_has_a_turn_and_the_rest_only_by_its_name() {
    for (state, left_out) in states() {
        let candidate =
            Candidate { state, is_ready: false, is_oneshot: false, is_disabled: false, is_named: false };
        let runs = left_out.is_none();
        let expected = match left_out {
            None => Part::Turn { runs, is_ready: false },
            Some(state) => Part::LeftOut(LeftOut::Down(state)),
        };
        assert_eq!(part(candidate), expected, "{state:?}");
        let named = part(Candidate { is_named: true, ..candidate });
        assert_eq!(named, Part::Turn { runs, is_ready: false }, "{state:?}");
        let ready = part(Candidate { is_named: true, is_ready: true, ..candidate });
        assert_eq!(ready, Part::Turn { runs, is_ready: true }, "{state:?}");
        for is_named in [false, true] {
            let disabled = part(Candidate { is_disabled: true, is_named, ..candidate });
            assert_eq!(disabled, Part::LeftOut(LeftOut::Disabled), "{state:?}");
        }
        let oneshot = part(Candidate { is_oneshot: true, ..candidate });
        match left_out {
            Some(ProcessState::Exited) => assert_eq!(oneshot, Part::LeftOut(LeftOut::Completed)),
            _ => assert_eq!(oneshot, expected, "{state:?}"),
        }
    }
    let shown = [LeftOut::Disabled, LeftOut::Completed, LeftOut::Down(ProcessState::Fatal)];
    assert_eq!(shown.map(|left| left.to_string()), ["disabled", "COMPLETED", "FATAL"]);
}

#[test]
fn what_is_seen_of_a_restart() {
    use {Heard::*, ProcessState::*, Progress::*};
    let rows = [
        // the old process, and nothing heard
        (Running, 7, true, Nothing, UnderWay),
        (Stopping, 7, false, Nothing, UnderWay),
        (Starting, 8, false, Nothing, UnderWay),
        (Running, 8, true, Nothing, Ready),
        (Starting, 8, true, Nothing, Ready),
        // its answer tells of a first attempt that failed
        (Backoff, 8, false, Nothing, UnderWay),
        (Running, 8, false, Done, UnderWay),
        (Running, 8, true, Done, Ready),
        (Exited, 8, false, Done, Fell),
        (Stopping, 8, false, Done, Fell),
        (Stopped, 8, false, Done, Fell),
        // another spawn than the one that was heard of
        (Starting, 9, false, Done, Fell),
        (Running, 9, false, Done, Fell),
        // the command is lost: was it carried out?
        (Running, 7, true, Lost, Again),
        (Stopping, 7, false, Lost, UnderWay),
        (Starting, 7, false, Lost, UnderWay),
        (Exited, 7, false, Lost, Again),
        (Running, 8, false, Lost, UnderWay),
        (Running, 8, true, Lost, Ready),
        (Backoff, 8, false, Lost, Fell),
        (Fatal, 8, false, Lost, Fell),
        (Stopping, 8, false, Lost, Fell),
    ];
    for (state, incarnation, is_ready, heard, expected) in rows {
        let seen = Seen { state, incarnation, is_ready };
        assert_eq!(progress(7, seen, heard), expected, "{seen:?} {heard:?}");
    }
}

#[test]
fn what_is_down_to_be_started_again_is_not_told_to_a_second_time() {
    let between = State::Stopped { start_at: Some(origin()) };
    assert_eq!(progress(7, Seen::of(&between, 7, false), Heard::Lost), Progress::UnderWay);
    // down for good, it did not hear of the restart, or somebody stopped it since
    assert_eq!(progress(7, Seen::of(&State::STOPPED, 7, false), Heard::Lost), Progress::Again);
}

/// What a process of a random herd will do once it is told to restart.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Ready(u64),
    Fails(u64),
    /// Never says anything.
    Hangs,
    /// Ready, and down again so much later.
    Falls(u64, u64),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => (0..9_u64).prop_map(Fate::Ready),
        1 => (0..9_u64).prop_map(Fate::Fails),
        1 => Just(Fate::Hangs),
        1 => (0..9_u64, 0..6_u64).prop_map(|(ready, more)| Fate::Falls(ready, more)),
    ]
}

/// What a run looked like.
#[derive(Debug, Default)]
struct Run {
    /// How often each was told to restart.
    told: Vec<usize>,
    /// The most that were under way at once.
    most: usize,
    /// The most that were down for the restart at once: under way, or failed.
    most_down: usize,
    /// The failures at the moment of the last command.
    failures_at_last: usize,
    failures: usize,
    seconds: u64,
}

fn failures(roll: &Rolling) -> usize {
    roll.places().iter().filter(|place| **place == Place::Failed).count()
}

/// Runs it second by second; of the times at which it wants to be looked at none may be later than needed.
fn run(rules: Rules, fates: &[Fate], stop_at: u64) -> (Rolling, Run) {
    let (start, mut roll) = (origin(), rolling(rules, fates.len()));
    let mut run = Run { told: vec![0; fates.len()], ..Run::default() };
    let mut due: BTreeMap<u64, Vec<(usize, bool)>> = BTreeMap::new();
    let mut second = 0;
    while !roll.is_over() {
        assert!(second < 10_000, "it does not end: {roll:?}");
        let now = start + Duration::from_secs(second);
        for (at, is_ready) in due.remove(&second).unwrap_or_default() {
            if is_ready { roll.ready(at, now) } else { roll.failed(at, now) }
        }
        roll.late(now);
        if second == stop_at {
            roll.end("asked for");
        }
        run.failures = failures(&roll);
        let taken = roll.take(now);
        for at in &taken {
            run.told[*at] += 1;
            run.failures_at_last = run.failures;
            let mut at_second =
                |after, is_ready| due.entry(second + after).or_default().push((*at, is_ready));
            match fates[*at] {
                Fate::Ready(after) => at_second(after + 1, true),
                Fate::Fails(after) => at_second(after + 1, false),
                Fate::Hangs => {}
                Fate::Falls(after, more) => {
                    at_second(after + 1, true);
                    at_second(after + more + 2, false);
                }
            }
        }
        let under_way =
            roll.places().iter().filter(|place| matches!(place, Place::UnderWay { .. })).count();
        run.most = run.most.max(under_way);
        run.most_down = run.most_down.max(under_way + run.failures);
        let next = due.keys().next().copied();
        let wakes = roll.wakes_at().map(|at| (at - start).as_secs());
        assert!(roll.is_over() || next.is_some() || wakes.is_some(), "nothing will ever happen: {roll:?}");
        assert!(wakes.is_none_or(|wakes| wakes > second), "it is looked at for nothing");
        second += 1;
    }
    run.seconds = second;
    run.failures = failures(&roll);
    (roll, run)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn capacity_is_kept_and_everyone_has_an_outcome(
        batch in 1..5_usize,
        pause in 0..4_u64,
        abort_on in 1..4_usize,
        fates in prop::collection::vec(fate(), 0..12),
        stop_at in prop_oneof![Just(u64::MAX), 0..60_u64],
    ) {
        let (roll, run) = run(rules(batch, pause, abort_on), &fates, stop_at);
        // never more than the batch at once, and with those that failed before less than what is allowed to fail more
        prop_assert!(run.most <= batch);
        prop_assert!(run.most_down < batch + abort_on || run.failures >= abort_on);
        prop_assert!(run.failures_at_last < abort_on, "nobody is told after too many failures");
        prop_assert!(run.told.iter().all(|told| *told <= 1), "nobody is told twice");
        match roll.abort() {
            None => {
                prop_assert!(run.told.iter().all(|told| *told == 1));
                prop_assert!(run.failures < abort_on);
            }
            Some(Abort::Failed(at)) => {
                prop_assert_eq!(roll.places()[*at], Place::Failed);
                prop_assert!(run.failures >= abort_on);
            }
            Some(Abort::Ended(_)) => prop_assert!(run.seconds > stop_at),
        }
        for (place, told) in roll.places().iter().zip(&run.told) {
            prop_assert_eq!(*place == Place::Queued, *told == 0, "whoever was told has an outcome");
        }
    }

    #[test]
    fn a_herd_in_which_nobody_fails_is_restarted_whole(
        batch in 1..5_usize,
        pause in 0..4_u64,
        times in prop::collection::vec(0..9_u64, 1..12),
    ) {
        let fates: Vec<Fate> = times.iter().copied().map(Fate::Ready).collect();
        let (roll, run) = run(rules(batch, pause, 1), &fates, u64::MAX);
        prop_assert_eq!(roll.places(), vec![Place::Ready; fates.len()]);
        let batches = times.chunks(batch).map(|chunk| chunk.iter().max().unwrap_or(&0) + 1);
        let pauses = (times.len().div_ceil(batch) as u64 - 1) * pause;
        prop_assert_eq!(run.seconds - 1, batches.sum::<u64>() + pauses, "not a second longer than needed");
    }
}
