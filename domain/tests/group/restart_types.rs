//! Every restart type, way of ending and strategy.

use crate::herd::{check, trace};
use expect_test::expect;

const STRATEGIES: [&str; 3] = ["one_for_one", "one_for_all", "rest_for_one"];

/// The last line of the trace of a group of three in whose middle one ends so.
fn after(strategy: &str, restart: &str, how: &str) -> String {
    let groups = format!("g strategy={strategy} intensity=3: a b:{restart} c");
    let trace = trace(&groups, &format!("0 start | 9 {how}"));
    trace
        .lines()
        .last()
        .expect("a line for each input")
        .trim_start_matches(&format!("9 {how}:"))
        .trim()
        .to_owned()
}

/// What restarting the middle one is by each strategy.
const RESTARTED: [&str; 3] = ["+b", "-c -a +a +b +c", "-c +b +c"];

#[track_caller]
fn is_restarted(restart: &str, how: &str) {
    for (strategy, expected) in STRATEGIES.into_iter().zip(RESTARTED) {
        assert_eq!(after(strategy, restart, how), expected, "{strategy} {restart} {how}");
    }
}

#[track_caller]
fn stays(restart: &str, how: &str, said: &str) {
    for strategy in STRATEGIES {
        assert_eq!(after(strategy, restart, how), said, "{strategy} {restart} {how}");
    }
}

#[test]
fn permanent_normal() {
    is_restarted("permanent", "b ends");
}

#[test]
fn permanent_abnormal() {
    is_restarted("permanent", "b fails");
}

#[test]
fn transient_normal() {
    stays("transient", "b ends", "");
}

#[test]
fn transient_abnormal() {
    is_restarted("transient", "b fails");
}

#[test]
fn temporary_normal() {
    stays("temporary", "b ends", "[g b is over, and not started again]");
}

#[test]
fn temporary_abnormal() {
    stays("temporary", "b fails", "[g b is over, and not started again]");
}

// what was told to stop is not started again, whatever its kind: permanent_shutdown, transient_shutdown and
// temporary_shutdown of OTP are about children that shut themselves down, which a process does by ending well

#[test]
fn permanent_shutdown() {
    stays("permanent", "ask stop b", "-b");
}

#[test]
fn transient_shutdown() {
    stays("transient", "ask stop b", "-b");
}

#[test]
fn temporary_shutdown() {
    stays("temporary", "ask stop b", "-b");
}

#[test]
fn a_stop_by_hand_is_no_failure_however_the_process_ends() {
    for restart in ["permanent", "transient", "temporary"] {
        for how in ["ends", "fails"] {
            let groups = format!("g strategy=one_for_all intensity=0: a b:{restart} c");
            let trace = trace(&groups, &format!("0 start & stubborn b & ask stop b | 3 b {how}"));
            assert!(trace.ends_with(&format!("3 b {how}:\n")), "{restart} {how}: {trace}");
        }
    }
}

#[test]
fn temporary_bystander() {
    check(
        "g strategy=one_for_all intensity=1: a b:temporary",
        "0 start | 1 a fails | 7 a fails",
        expect![[r#"
            0 start: +a +b [g is up]
            1 a fails: [g b is over, and not started again] -b +a
            7 a fails: +a
        "#]],
    );
    check(
        "g strategy=rest_for_one intensity=1: a b:temporary",
        "0 start | 1 a fails | 7 a fails",
        expect![[r#"
            0 start: +a +b [g is up]
            1 a fails: [g b is over, and not started again] -b +a
            7 a fails: +a
        "#]],
    );
}

#[test]
fn do_not_save_child_specs_for_temporary_children() {
    // not even when the group is told to bring up what is down; only its next life has it again
    check(
        "top strategy=one_for_all intensity=9: x @g | g strategy=one_for_all intensity=9: a b:temporary c",
        "0 start | 1 b fails | 2 a fails | 3 x fails | 4 wait",
        expect![[r#"
            0 start: +x +a +b +c [g is up] [top is up]
            1 b fails: [g b is over, and not started again]
            2 a fails: -c +a +c
            3 x fails: -c -a +x +a +b +c [g is up]
            4 wait:
        "#]],
    );
}

#[test]
fn a_transient_child_that_has_ended_well_is_started_with_the_others() {
    check(
        "g strategy=one_for_all intensity=9: a b:transient",
        "0 start | 1 b ends | 2 a fails",
        expect![[r#"
            0 start: +a +b [g is up]
            1 b ends:
            2 a fails: +a +b
        "#]],
    );
}
