//! Intensity: how many restarts in how long a time, whose they are, and what comes after the last.

use crate::toy::{Plan, Quirks, Toys, Way, boss, intensity, paused, quirky, settle, worker};
use std::time::Duration;
use treeherd_actors::supervision::link::Exit;
use treeherd_domain::strategy::Restart::Permanent;
use treeherd_domain::strategy::Strategy::{OneForAll, OneForOne};

fn limited(restarts: usize, seconds: u64, members: Vec<crate::toy::Member>) -> Plan {
    Plan { strategy: OneForOne, intensity: intensity(restarts, seconds), members }
}

fn pair() -> Vec<crate::toy::Member> {
    vec![worker("a", Permanent), worker("b", Permanent)]
}

#[test]
fn a_second_failure_at_the_very_end_of_the_period_is_one_too_many() {
    paused(|| async {
        let mut toys = Toys::start(limited(1, 5, pair()));
        settle().await;
        toys.end("a", Way::Handler);
        toys.diary.until("start a2").await;
        tokio::time::advance(Duration::from_secs(5)).await;
        toys.end("a", Way::Handler);
        let down = toys.down().await;
        let reason = "a ended more than 1 times in 5s, the last time by: toy: a fails";
        assert_eq!(down.exit, Exit::Exhausted(reason.to_owned()));
    });
}

#[test]
fn a_second_failure_after_the_period_is_a_first_one() {
    paused(|| async {
        let toys = Toys::start(limited(1, 5, pair()));
        settle().await;
        for next in 2..7 {
            toys.end("a", Way::Handler);
            toys.diary.until(&format!("start a{next}")).await;
            tokio::time::advance(Duration::from_millis(5001)).await;
        }
        assert_eq!(toys.list().await, "a6 b1");
    });
}

#[test]
fn with_no_restarts_allowed_the_first_failure_is_one_too_many() {
    paused(|| async {
        let mut toys = Toys::start(limited(0, 5, pair()));
        settle().await;
        toys.end("b", Way::Stop);
        assert!(matches!(toys.down().await.exit, Exit::Exhausted(_)));
    });
}

#[test]
fn all_children_use_up_one_budget() {
    paused(|| async {
        let mut toys = Toys::start(limited(2, 60, pair()));
        settle().await;
        for name in ["a", "b"] {
            toys.end(name, Way::Handler);
            settle().await;
        }
        assert_eq!(toys.list().await, "a2 b2");
        toys.end("a", Way::Stop);
        assert!(matches!(toys.down().await.exit, Exit::Exhausted(_)));
    });
}

#[test]
fn a_restart_that_takes_others_along_counts_one() {
    paused(|| async {
        let plan = Plan { strategy: OneForAll, intensity: intensity(2, 60), members: pair() };
        let toys = Toys::start(plan);
        settle().await;
        for _ in 0..2 {
            toys.end("a", Way::Handler);
            settle().await;
        }
        assert_eq!(toys.list().await, "a3 b3");
    });
}

#[test]
fn one_for_all_escalation() {
    paused(|| async {
        let plan = Plan { strategy: OneForAll, intensity: intensity(1, 60), members: pair() };
        let mut toys = Toys::start(plan);
        settle().await;
        for _ in 0..2 {
            toys.end("a", Way::Handler);
            settle().await;
        }
        assert!(matches!(toys.down().await.exit, Exit::Exhausted(_)));
        assert_eq!(toys.diary.count("stop b2"), 1, "a parent that gives up takes its children along");
    });
}

/// A leaf that can never start, below three levels that allow `restarts` each.
async fn hopeless(restarts: usize, quirks: Quirks) -> Toys {
    let lower = limited(restarts, 60, vec![quirky("leaf", Permanent, quirks)]);
    let middle = limited(restarts, 60, vec![boss("lower", lower)]);
    let mut toys = Toys::start(limited(restarts, 60, vec![boss("middle", middle)]));
    assert!(matches!(toys.down().await.exit, Exit::Exhausted(_)));
    toys
}

#[test]
fn three_levels_multiply_what_they_allow() {
    for restarts in [1, 2, 3] {
        let starts = restarts + 1;
        paused(|| async {
            let quirks = Quirks { started_fails: u64::MAX, ..Quirks::default() };
            let toys = hopeless(restarts, quirks).await;
            let gives_up = |boss: &str| {
                toys.diary.lines().iter().filter(|line| line.ends_with(&format!("{boss} gives up"))).count()
            };
            assert_eq!(toys.diary.count_prefix("down leaf"), starts.pow(3));
            assert_eq!(gives_up("lower"), starts.pow(2));
            assert_eq!(gives_up("middle"), starts);
            assert_eq!(gives_up("top"), 1);
        });
    }
}

#[test]
fn what_cannot_even_be_made_escalates_as_well() {
    paused(|| async {
        let quirks = Quirks { factory_fails: u64::MAX, ..Quirks::default() };
        let toys = hopeless(1, quirks).await;
        assert_eq!(toys.diary.count_prefix("down leaf"), 8);
    });
}

#[test]
fn the_reason_of_the_first_bug_is_told_at_every_level() {
    paused(|| async {
        let quirks = Quirks { started_fails: u64::MAX, ..Quirks::default() };
        let toys = hopeless(0, quirks).await;
        let lines = toys.diary.lines();
        let last = lines.iter().rfind(|line| line.starts_with("down middle")).unwrap();
        assert!(last.contains("toy: leaf cannot start"), "{last}");
    });
}
