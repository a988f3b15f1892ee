//! Who is stopped and started when a child ends, in what order, and what follows if that fails.

use crate::herd::check;
use expect_test::expect;

#[test]
fn one_for_one() {
    check(
        "g strategy=one_for_one intensity=2: a b c",
        "0 start | 1 b fails | 2 a ends",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: +b
            2 a ends: +a
        "#]],
    );
}

#[test]
fn one_for_all() {
    check(
        "g strategy=one_for_all intensity=2: a b c",
        "0 start | 1 b fails | 2 a ends",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: -c -a +a +b +c
            2 a ends: -c -b +a +b +c
        "#]],
    );
}

#[test]
fn rest_for_one() {
    check(
        "g strategy=rest_for_one intensity=3: a b c",
        "0 start | 1 b fails | 2 a ends | 3 c fails",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: -c +b +c
            2 a ends: -c -b +a +b +c
            3 c fails: +c
        "#]],
    );
}

#[test]
fn each_is_awaited_on_the_way_down_and_up() {
    check(
        "g strategy=one_for_all intensity=2: a b c",
        "0 start & stubborn a & stubborn c | 1 slow b & b fails | 2 c down | 3 slow a & slow c & a down | 4 a up \
         | 5 b up | 6 c up",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: -c
            2 c down: -a
            3 a down: +a
            4 a up: +b
            5 b up: +c
            6 c up:
        "#]],
    );
}

#[test]
fn parallel_stops_are_awaited_together() {
    check(
        "g strategy=one_for_all intensity=2 stop_order=parallel: a b c",
        "0 start & stubborn a & stubborn c | 1 b fails | 2 a down | 3 c down",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: -c -a
            2 a down:
            3 c down: +a +b +c
        "#]],
    );
}

#[test]
fn one_for_all_other_child_fails_restart() {
    // c cannot be started: that counts, those that are up already are stopped, and everything begins again
    check(
        "g strategy=one_for_all intensity=5: a b c",
        "0 start | 1 once c & b fails | 3 wait",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: -c -a +a +b +c -b -a +a +b +c
            3 wait:
        "#]],
    );
}

#[test]
fn rest_for_one_other_child_fails_restart() {
    // c cannot be started: b, which is before it, stays up
    check(
        "g strategy=rest_for_one intensity=5: a b c d",
        "0 start | 1 once c & b fails | 3 wait",
        expect![[r#"
            0 start: +a +b +c +d [g is up]
            1 b fails: -d -c +b +c +c +d
            3 wait:
        "#]],
    );
}

#[test]
fn what_ends_while_it_waits_to_be_stopped_is_done() {
    check(
        "g strategy=one_for_all intensity=1: a b c d",
        "0 start & stubborn d | 1 b fails | 2 a fails | 3 c ends | 4 d fails",
        expect![[r#"
            0 start: +a +b +c +d [g is up]
            1 b fails: -d
            2 a fails:
            3 c ends:
            4 d fails: +a +b +c +d
        "#]],
    );
}

#[test]
fn an_earlier_child_that_ends_meanwhile_takes_the_restart_over() {
    check(
        "g strategy=rest_for_one intensity=5: a b c d",
        "0 start & stubborn d | 1 c fails | 2 a fails | 3 d down",
        expect![[r#"
            0 start: +a +b +c +d [g is up]
            1 c fails: -d
            2 a fails:
            3 d down: -b +a +b +c +d
        "#]],
    );
}

#[test]
fn what_ends_on_the_way_up_is_a_failed_start() {
    check(
        "g strategy=one_for_all intensity=5: a b c",
        "0 start & slow b | 1 b fails | 2 b fails & sound b | 3 a fails",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: -c -a +a +b
            2 b fails: -a +a +b
            3 a fails: -b +a +b +c
        "#]],
    );
}

#[test]
fn children_alone_do_not_wait_for_each_other() {
    check(
        "g strategy=one_for_one intensity=9: a b c",
        "0 start & slow a | 1 a fails | 2 b fails | 3 a up",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 a fails: +a
            2 b fails: +b
            3 a up:
        "#]],
    );
}

#[test]
fn what_is_held_down_is_left_out() {
    check(
        "g strategy=one_for_all intensity=9: a b c:manual d",
        "0 start | 1 ask stop b | 2 a fails | 3 ask start b & ask start c | 4 a fails",
        expect![[r#"
            0 start: +a +b +d [g is up]
            1 ask stop b: -b
            2 a fails: -d +a +d
            3 ask start b: +b
            3.001 ask start c: +c
            4 a fails: -d -c -b +a +b +c +d
        "#]],
    );
}

#[test]
fn what_cannot_be_reached_holds_up_nobody() {
    check(
        "g strategy=one_for_all intensity=9: a b c",
        "0 start & lone c | 1 a fails | 8 sound c | 9 c fails",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 a fails: -c c UNKNOWN -b +a +b
            9 c fails: -b -a +a +b +c
        "#]],
    );
}

#[test]
fn a_start_that_is_refused_wants_nothing() {
    check(
        "g strategy=one_for_all intensity=2: a b c",
        "0 start & stubborn b | 1 ask stop b & ask start b | 2 b down | 3 a fails",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 ask stop b: -b
            1.001 ask start b: (stopping)
            2 b down:
            3 a fails: -c +a +c
        "#]],
    );
}
