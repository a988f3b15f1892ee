//! The budget: what counts, its edge, and the delays.

use crate::herd::{check, origin, trace};
use crate::rules::policy;
use expect_test::expect;
use std::time::Duration;
use treeherd_domain::group::{Backoff, ChildId, ChildSpec, Fact, GroupMachine, Request};
use treeherd_domain::name::ProcessName;
use treeherd_domain::strategy::{Ending, Restart};

#[test]
fn the_edge_of_the_period_is_inclusive() {
    check(
        "g intensity=1 period=5: a",
        "0 start | 10 a fails | 15 a fails",
        expect![[r#"
            0 start: +a [g is up]
            10 a fails: +a
            15 a fails: [g gives up: a failed, that would be restart 2 within 5 s] [g is FATAL]
        "#]],
    );
    check(
        "g intensity=1 period=5: a",
        "0 start | 10 a fails | 15.001 a fails",
        expect![[r#"
            0 start: +a [g is up]
            10 a fails: +a
            15.001 a fails: +a
        "#]],
    );
}

#[test]
fn the_first_failure_is_the_last_with_an_intensity_of_0() {
    check(
        "g intensity=0: a b",
        "0 start | 1 a fails",
        expect![[r#"
            0 start: +a +b [g is up]
            1 a fails: [g gives up: a failed, that would be restart 1 within 5 s] -b [g is FATAL]
        "#]],
    );
}

#[test]
fn all_children_have_one_budget() {
    check(
        "g intensity=2: a b c",
        "0 start | 1 a fails | 2 b ends | 3 c fails",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 a fails: +a
            2 b ends: +b
            3 c fails: [g gives up: c failed, that would be restart 3 within 5 s] -b -a [g is FATAL]
        "#]],
    );
}

#[test]
fn one_event_counts_one_however_many_it_takes_along() {
    check(
        "g strategy=one_for_all intensity=2: a b c d e",
        "0 start | 1 a fails | 2 b fails | 3 c fails",
        expect![[r#"
            0 start: +a +b +c +d +e [g is up]
            1 a fails: -e -d -c -b +a +b +c +d +e
            2 b fails: -e -d -c -a +a +b +c +d +e
            3 c fails: [g gives up: c failed, that would be restart 3 within 5 s] -e -d -b -a [g is FATAL]
        "#]],
    );
}

#[test]
fn hanging_restart_loop() {
    // OTP tries again without a pause until the budget is used up: so does a group whose delays are 0
    let one = |strategy: &str| {
        trace(&format!("g strategy={strategy} intensity=3: a"), "0 start & broken a | 1 a fails")
    };
    assert_eq!(one("one_for_one"), one("one_for_all"));
    check(
        "g strategy=one_for_all intensity=3: a",
        "0 start & broken a | 1 a fails",
        expect![[r#"
            0 start: +a [g is up]
            1 a fails: +a +a +a [g gives up: a could not be started, that would be restart 4 within 5 s] [g is FATAL]
        "#]],
    );
}

#[test]
fn hanging_restart_loop_rest_for_one() {
    check(
        "g strategy=rest_for_one intensity=3: a b c",
        "0 start & broken b | 1 b fails",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: -c +b +b +b [g gives up: b could not be started, that would be restart 4 within 5 s] -a [g is FATAL]
        "#]],
    );
}

#[test]
fn ends_that_are_not_followed_by_a_restart_cost_nothing() {
    check(
        "g intensity=0: a:transient b:temporary c",
        "0 start | 1 a ends | 2 b fails | 3 ask stop c",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 a ends:
            2 b fails: [g b is over, and not started again]
            3 ask stop c: -c
        "#]],
    );
}

#[test]
fn without_an_intensity_there_is_no_limit() {
    let fails: String = (1..200).map(|at| format!(" | {at} a fails")).collect();
    let trace = trace("g: a", &format!("0 start{fails}"));
    assert_eq!(trace.lines().filter(|line| line.ends_with("a fails: +a")).count(), 199);
}

#[test]
fn restarts_in_a_row_are_further_and_further_apart() {
    // the first at once, since it was up for the period
    check(
        "g period=5 backoff=1,6,2,0: a",
        "0 start & broken a | 9 a fails | 40 sound a | 50 wait | 56 broken a & a fails | 57 wait",
        expect![[r#"
            0 start: +a [g is up]
            9 a fails: +a
            10 (due): +a
            12 (due): +a
            16 (due): +a
            22 (due): +a
            28 (due): +a
            34 (due): +a
            40 (due): +a
            46 (due): +a
            50 wait:
            56 a fails: +a
            57 (due): +a
            57 wait:
        "#]],
    );
}

#[test]
fn delays_come_before_the_first_start_of_a_restart_of_many() {
    check(
        "g strategy=one_for_all period=5 backoff=2,60,2,0: a b",
        "0 start & broken b | 1 b fails | 4 wait",
        expect![[r#"
            0 start: +a +b [g is up]
            1 b fails: -a +a +b -a
            3 (due): +a +b -a
            4 wait:
        "#]],
    );
}

#[test]
fn jitter_spreads_the_delays_and_is_the_same_for_the_same_child() {
    let backoff = Backoff { jitter: 0.2, ..Backoff::default() };
    let delays: Vec<Duration> = (0..200).map(|seed| backoff.delay(4, seed)).collect();
    assert!(delays.iter().all(|delay| (6.4..=9.6).contains(&delay.as_secs_f64())), "{delays:?}");
    assert!(delays.iter().any(|delay| delay.as_secs_f64() < 7.0));
    assert!(delays.iter().any(|delay| delay.as_secs_f64() > 9.0));
    assert_eq!(backoff.delay(4, 7), backoff.delay(4, 7));
    assert_eq!(backoff.base(0), Duration::ZERO);
    assert_eq!(backoff.base(u32::MAX), Duration::from_secs(60));
}

#[test]
fn the_budget_that_is_left_is_told() {
    let spec = ChildSpec {
        id: ChildId::Process(ProcessName::new("a")),
        restart: Restart::Permanent,
        significant: false,
        autostart: true,
    };
    let id = spec.id.clone();
    let mut machine = GroupMachine::new(policy("intensity=3 period=5"), vec![spec]);
    machine.request(Request::Start, origin());
    machine.told(&id, Fact::Up, origin());
    assert_eq!(machine.budget_left(origin()), Some(3));
    machine.told(&id, Fact::Ended(Ending::Abnormal), origin());
    assert_eq!(machine.budget_left(origin()), Some(2));
    assert_eq!(machine.budget_left(origin() + Duration::from_secs(6)), Some(3));
}

#[test]
fn a_child_that_fails_at_once_uses_the_budget_up_in_the_shortest_time_or_never() {
    let needs = |keys: &str, failing| policy(keys).shortest_end(Duration::from_secs(failing));
    let keys = "intensity=5 backoff=1,60,2,0";
    assert_eq!(needs(keys, 0), Some(Duration::from_secs(15)));
    assert_eq!(needs(keys, 6), Some(Duration::from_secs(45)));
    assert_eq!(needs("intensity=5 backoff=1,60,2,0.2", 0), Some(Duration::from_secs(12)));
    assert_eq!(needs("intensity=0 backoff=1,60,2,0", 6), Some(Duration::ZERO));
    assert_eq!(needs("intensity=100000 backoff=1,60,2,0", 0).map(|time| time.as_secs()), Some(5_999_643));
    assert_eq!(needs("backoff=1,60,2,0", 6), None);
    let gives_up =
        |period: u64| trace(&format!("g {keys} period={period}: a"), "0 broken a & start | 900 wait");
    let is_end = |line: &str| line.starts_with("15 ") && line.contains("g gives up");
    assert!(gives_up(15).lines().any(is_end), "{}", gives_up(15));
    assert!(!gives_up(14).contains("gives up"));
}
