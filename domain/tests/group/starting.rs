//! The first start, and the stops that come in between.

use crate::herd::check;
use expect_test::expect;

#[test]
fn sup_start_normal() {
    check(
        "g: a b c",
        "0 slow a & slow b & start | 1 a up | 2 b up",
        expect![[r#"
            0 start: +a
            1 a up: +b
            2 b up: +c [g is up]
        "#]],
    );
}

#[test]
fn sup_start_ignore_child() {
    // autostart=false is the nearest to `ignore`
    check(
        "g: a b:manual c",
        "0 start",
        expect![[r#"
            0 start: +a +c [g is up]
        "#]],
    );
}

#[test]
fn sup_start_fail() {
    check(
        "g start_failure=fail: a b c",
        "0 broken c & start",
        expect![[r#"
            0 start: +a +b +c [g gives up: c could not be started, start_failure=fail] -b -a [g is FATAL]
        "#]],
    );
}

#[test]
fn a_child_that_fails_later_on_is_no_failed_start() {
    check(
        "g start_failure=fail intensity=9: a b",
        "0 start | 1 once a & a fails | 2 wait",
        expect![[r#"
            0 start: +a +b [g is up]
            1 a fails: +a +a
            2 wait:
        "#]],
    );
}

#[test]
fn a_failed_first_start_is_tried_again() {
    check(
        "g strategy=rest_for_one backoff=1,9,2,0: a b c",
        "0 broken b & start | 2 sound b | 3.5 wait",
        expect![[r#"
            0 start: +a +b +b
            1 (due): +b
            3 (due): +b +c [g is up]
            3.5 wait:
        "#]],
    );
}

#[test]
fn one_for_one_does_not_wait_for_the_one_that_fails() {
    check(
        "g backoff=1,9,2,0: a b c",
        "0 broken a & start | 0.5 sound a | 2 wait",
        expect![[r#"
            0 start: +a +b +a +c
            1 (due): +a [g is up]
            2 wait:
        "#]],
    );
}

#[test]
fn sup_start_gave_up_within_the_budget_of_the_first_start() {
    check(
        "g intensity=2: a b",
        "0 broken b & start",
        expect![[r#"
            0 start: +a +b +b +b [g gives up: b could not be started, that would be restart 3 within 5 s] -a [g is FATAL]
        "#]],
    );
}

#[test]
fn a_failed_group_is_a_failed_start_of_the_one_above() {
    check(
        "top start_failure=fail: a b @sub | sub start_failure=fail escalate=parent: w",
        "0 broken w & start",
        expect![[r#"
            0 start: +a +b +w [sub gives up: w could not be started, start_failure=fail] [sub is down] [top gives up: group sub failed, start_failure=fail] -b -a [top is FATAL]
        "#]],
    );
}

#[test]
fn a_stop_wins_over_the_first_start() {
    check(
        "g: a b c",
        "0 slow b & start | 1 stop | 5 wait",
        expect![[r#"
            0 start: +a +b
            1 stop: -b -a
            5 wait:
        "#]],
    );
}

#[test]
fn a_stop_wins_over_a_restart_that_waits() {
    check(
        "g period=60 backoff=5,5,1,0: a b",
        "0 start | 1 a fails & a fails | 2 stop | 60 wait",
        expect![[r#"
            0 start: +a +b [g is up]
            1 a fails: +a
            1.001 a fails:
            2 stop: -b
            60 wait:
        "#]],
    );
}

#[test]
fn a_stop_of_the_one_in_turn_lets_the_next_one_have_it() {
    check(
        "g strategy=one_for_all intensity=3: a b c",
        "0 start & slow b | 1 a fails | 2 ask stop b | 3 c fails",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 a fails: -c -b +a +b
            2 ask stop b: -b +c
            3 c fails: -a +a +c
        "#]],
    );
}

#[test]
fn a_stop_wins_over_a_restart_of_all() {
    check(
        "g strategy=one_for_all intensity=3: a b c",
        "0 start & stubborn c | 1 a fails | 2 stop | 3 c down",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 a fails: -c
            2 stop:
            3 c down: -b
        "#]],
    );
}

#[test]
fn the_end_of_the_daemon_comes_before_everything() {
    check(
        "top: a b @sub | sub: w",
        "0 slow w & stubborn b & start | 1 shutdown | 2 ask start w & ask start a | 3 b fails | 4 wait",
        expect![[r#"
            0 start: +a +b +w
            1 shutdown: -w -b
            2 ask start w: (the daemon ends)
            2.001 ask start a: (the daemon ends)
            3 b fails: -a
        "#]],
    );
}

#[test]
fn what_somebody_starts_and_cannot_be_started_is_between_the_two() {
    check(
        "g intensity=0: a b:manual",
        "0 start & broken b | 1 ask start b | 2 wait",
        expect![[r#"
            0 start: +a [g is up]
            1 ask start b: +b
            2 wait:
        "#]],
    );
}
