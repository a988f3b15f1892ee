//! Groups that give up, and what becomes of those above them.

use crate::herd::check;
use expect_test::expect;

#[test]
fn one_for_one_escalation() {
    check(
        "g strategy=one_for_one intensity=1: a b",
        "0 start | 1 a fails | 2 a fails",
        expect![[r#"
            0 start: +a +b [g is up]
            1 a fails: +a
            2 a fails: [g gives up: a failed, that would be restart 2 within 5 s] -b [g is FATAL]
        "#]],
    );
}

#[test]
fn one_for_all_escalation() {
    check(
        "g strategy=one_for_all intensity=1: a b",
        "0 start | 1 a fails | 2 a fails",
        expect![[r#"
            0 start: +a +b [g is up]
            1 a fails: -b +a +b
            2 a fails: [g gives up: a failed, that would be restart 2 within 5 s] -b [g is FATAL]
        "#]],
    );
}

#[test]
fn rest_for_one_escalation() {
    check(
        "g strategy=rest_for_one intensity=1: a b c",
        "0 start | 1 b fails | 2 b fails",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: -c +b +c
            2 b fails: [g gives up: b failed, that would be restart 2 within 5 s] -c -a [g is FATAL]
        "#]],
    );
}

#[test]
fn nothing_starts_a_fatal_group_but_a_start() {
    check(
        "g intensity=0: a b",
        "0 start | 1 a fails | 900 wait | 901 ask start b | 902 ask start a | 903 b fails",
        expect![[r#"
            0 start: +a +b [g is up]
            1 a fails: [g gives up: a failed, that would be restart 1 within 5 s] -b [g is FATAL]
            900 wait:
            901 ask start b: [g is up] +b
            902 ask start a: +a
            903 b fails: [g gives up: b failed, that would be restart 1 within 5 s] -a [g is FATAL]
        "#]],
    );
}

#[test]
fn the_daemon_ends_with_escalate_exit() {
    check(
        "g intensity=0 escalate=exit: a b",
        "0 start | 1 a fails",
        expect![[r#"
            0 start: +a +b [g is up]
            1 a fails: [g gives up: a failed, that would be restart 1 within 5 s] [g ends the daemon] shutdown: escalate=exit: group g gave up: a failed -b
        "#]],
    );
}

/// Three levels that allow one restart each: 2 x 2 x 2 failures until the top gives up.
#[test]
fn escalation_through_three_levels() {
    check(
        "top intensity=1 period=600: @mid | mid intensity=1 period=600 escalate=parent: m @low | low intensity=1 \
         period=600 escalate=parent: w",
        "0 start | 1 w fails | 2 w fails | 3 w fails | 4 w fails | 5 w fails | 6 w fails | 7 w fails | 8 w fails",
        expect![[r#"
            0 start: +m +w [low is up] [mid is up] [top is up]
            1 w fails: +w
            2 w fails: [low gives up: w failed, that would be restart 2 within 10 min] [low is down] +w [low is up]
            3 w fails: +w
            4 w fails: [low gives up: w failed, that would be restart 2 within 10 min] [low is down] [mid gives up: group low failed, that would be restart 2 within 10 min] -m [mid is down] +m +w [low is up] [mid is up]
            5 w fails: +w
            6 w fails: [low gives up: w failed, that would be restart 2 within 10 min] [low is down] +w [low is up]
            7 w fails: +w
            8 w fails: [low gives up: w failed, that would be restart 2 within 10 min] [low is down] [mid gives up: group low failed, that would be restart 2 within 10 min] -m [mid is down] [top gives up: group mid failed, that would be restart 2 within 10 min] [top is FATAL]
        "#]],
    );
}

#[test]
fn a_transient_group_that_gave_up_is_restarted() {
    check(
        "top intensity=1: a @sub:transient | sub intensity=0 escalate=parent: w",
        "0 start | 1 w fails",
        expect![[r#"
            0 start: +a +w [sub is up] [top is up]
            1 w fails: [sub gives up: w failed, that would be restart 1 within 5 s] [sub is down] +w [sub is up]
        "#]],
    );
}

#[test]
fn a_transient_group_that_gave_up_stays_down_in_otp() {
    check(
        "top intensity=1: a @sub:transient | sub intensity=0 escalate=parent otp_strict=true: w",
        "0 start | 1 w fails",
        expect![[r#"
            0 start: +a +w [sub is up] [top is up]
            1 w fails: [sub gives up: w failed, that would be restart 1 within 5 s] [sub is down]
        "#]],
    );
}

#[test]
fn a_temporary_group_that_gave_up_is_forgotten() {
    check(
        "top intensity=1: a @sub:temporary | sub intensity=0 escalate=parent: w",
        "0 start | 1 w fails | 9 a fails",
        expect![[r#"
            0 start: +a +w [sub is up] [top is up]
            1 w fails: [sub gives up: w failed, that would be restart 1 within 5 s] [sub is down] [top group sub is over, and not started again]
            9 a fails: +a
        "#]],
    );
}

#[test]
fn a_fatal_group_is_left_alone_by_the_one_above() {
    check(
        "top strategy=one_for_all intensity=9: a @sub | sub intensity=0: w",
        "0 start | 1 w fails | 2 a fails | 3 ask start w | 4 a fails",
        expect![[r#"
            0 start: +a +w [sub is up] [top is up]
            1 w fails: [sub gives up: w failed, that would be restart 1 within 5 s] [sub is FATAL]
            2 a fails: +a
            3 ask start w: [sub is up] +w
            4 a fails: -w +a +w [sub is up]
        "#]],
    );
}

#[test]
fn a_group_below_is_stopped_and_started_as_a_child() {
    check(
        "top strategy=rest_for_one intensity=9: db @web | web strategy=one_for_all intensity=9: x y",
        "0 start & stubborn y | 1 db fails | 2 y down | 3 x fails",
        expect![[r#"
            0 start: +db +x +y [web is up] [top is up]
            1 db fails: -y
            2 y down: -x +db +x +y [web is up]
            3 x fails: -y
        "#]],
    );
}

#[test]
fn tree() {
    // a whole tree goes down from its leaves, in the reverse of the order in which it came up
    check(
        "top: a b @left @right | left: c @deep | deep: d e | right: f",
        "0 start | 9 shutdown | 10 wait",
        expect![[r#"
            0 start: +a +b +c +d +e [deep is up] [left is up] +f [right is up] [top is up]
            9 shutdown: -f -e -d -c -b -a
        "#]],
    );
}

#[test]
fn the_root_is_a_level_of_its_own() {
    check(
        "root intensity=1 escalate=exit: @tools @web | tools: t | web intensity=0 escalate=parent: w",
        "0 start | 1 w fails | 2 w fails",
        expect![[r#"
            0 start: +t [tools is up] +w [web is up] [[supervisord] is up]
            1 w fails: [web gives up: w failed, that would be restart 1 within 5 s] [web is down] +w [web is up]
            2 w fails: [web gives up: w failed, that would be restart 1 within 5 s] [web is down] [[supervisord] gives up: group web failed, that would be restart 2 within 5 s] [[supervisord] ends the daemon] shutdown: escalate=exit: [supervisord] gave up: group web failed -t
        "#]],
    );
}

#[test]
fn the_work_of_the_root_may_be_done() {
    check(
        "root auto_shutdown=all_significant: @web @job:transient,significant | web: w | job \
         auto_shutdown=all_significant: j:transient,significant",
        "0 start | 1 j ends",
        expect![[r#"
            0 start: +w [web is up] +j [job is up] [[supervisord] is up]
            1 j ends: [job stops: j, which is significant, ended] [job is down] [[supervisord] stops: group job, which is significant, ended] -w [[supervisord] is down] shutdown: auto_shutdown of [supervisord]: group job ended
        "#]],
    );
}
