//! Restart intensity: the window against a record of everything, over random times.

use proptest::prelude::*;
use std::ops::Range;
use std::time::{Duration, Instant};
use treeherd_domain::strategy::{Intensity, Strategy as Supervision, Window};

#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
fn origin() -> Instant {
    Instant::now()
}

/// The answers to restarts at these seconds.
fn answers(restarts: usize, period: u64, seconds: &[u64]) -> Vec<bool> {
    let intensity = Intensity { restarts, period: Duration::from_secs(period) };
    let (start, mut window) = (origin(), Window::default());
    seconds.iter().map(|at| window.allows(start + Duration::from_secs(*at), intensity)).collect()
}

#[test]
fn one_more_than_the_intensity_within_the_period_is_too_much() {
    assert_eq!(answers(3, 5, &[0, 1, 2, 3]), [true, true, true, false]);
}

#[test]
fn restarts_that_are_far_enough_apart_go_on_for_ever() {
    assert!(answers(1, 5, &[0, 6, 12, 18, 24, 30]).into_iter().all(|allowed| allowed));
}

#[test]
fn after_too_many_it_is_allowed_again_once_they_are_old() {
    assert_eq!(answers(1, 5, &[0, 1, 2, 20]), [true, false, false, true]);
}

#[test]
fn an_intensity_of_0_allows_nothing() {
    assert_eq!(answers(0, 5, &[0, 100]), [false, false]);
}

#[test]
fn what_is_taken_along_at_the_ends_of_the_row() {
    let rows: [(Supervision, usize, Range<usize>); 6] = [
        (Supervision::OneForOne, 0, 0..1),
        (Supervision::OneForOne, 2, 2..3),
        (Supervision::OneForAll, 0, 0..3),
        (Supervision::OneForAll, 2, 0..3),
        (Supervision::RestForOne, 0, 0..3),
        (Supervision::RestForOne, 2, 2..3),
    ];
    for (strategy, failed, affected) in rows {
        assert_eq!(strategy.affected(failed, 3), affected, "{strategy:?} {failed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_window_answers_as_a_record_of_everything_would(
        restarts in 0..5_usize,
        period in 0..8_u64,
        gaps in prop::collection::vec(0..5_u64, 0..40),
    ) {
        let intensity = Intensity { restarts, period: Duration::from_secs(period) };
        let (start, mut window, mut now, mut record) = (origin(), Window::default(), 0, Vec::new());
        for gap in gaps {
            now += gap;
            record.push(now);
            let recent = record.iter().filter(|at| now - **at <= period).count();
            let allowed = window.allows(start + Duration::from_secs(now), intensity);
            prop_assert_eq!(allowed, recent <= restarts, "{:?}", record);
            prop_assert!(window.used() <= restarts + 1, "it remembers {}", window.used());
        }
    }
}
