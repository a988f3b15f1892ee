//! Every restart type, way of ending and strategy.

use crate::herd::{check, trace};
use expect_test::expect;

const STRATEGIES: [&str; 3] = ["one_for_one", "one_for_all", "rest_for_one"];

/// The last line of the trace of a group of three in whose middle one ends so.
fn after(strategy: &str, restart: &str, how: &str) -> String {
    let groups = format!("g strategy={strategy} intensity=3: a b:{restart} c");
    let trace = trace(&groups, &format!("0 start | 9 b {how}"));
    trace
        .lines()
        .last()
        .expect("a line for each input")
        .trim_start_matches(&format!("9 b {how}:"))
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
    is_restarted("permanent", "ends");
}

#[test]
fn permanent_abnormal() {
    is_restarted("permanent", "fails");
}

#[test]
fn transient_normal() {
    stays("transient", "ends", "");
}

#[test]
fn transient_abnormal() {
    is_restarted("transient", "fails");
}

#[test]
fn temporary_normal() {
    stays("temporary", "ends", "forget b");
}

#[test]
fn temporary_abnormal() {
    stays("temporary", "fails", "forget b");
}

// what was told to stop is not started again, whatever its kind: permanent_shutdown, transient_shutdown and
// temporary_shutdown of OTP are about children that shut themselves down, which a process does by ending well

#[test]
fn permanent_shutdown() {
    stays("permanent", "down", "");
}

#[test]
fn transient_shutdown() {
    stays("transient", "down", "");
}

#[test]
fn temporary_shutdown() {
    stays("temporary", "down", "");
}

#[test]
fn a_stop_by_hand_is_no_failure_however_the_process_ends() {
    for restart in ["permanent", "transient", "temporary"] {
        for how in ["ends", "fails", "down"] {
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
            0 start: +a +b [g up]
            1 a fails: forget b -b +a
            7 a fails: +a
        "#]],
    );
    check(
        "g strategy=rest_for_one intensity=1: a b:temporary",
        "0 start | 1 a fails | 7 a fails",
        expect![[r#"
            0 start: +a +b [g up]
            1 a fails: forget b -b +a
            7 a fails: +a
        "#]],
    );
}

#[test]
fn do_not_save_child_specs_for_temporary_children() {
    // not even when the group is told to bring up what is down; only its next life has it again
    check(
        "g strategy=one_for_all intensity=9: a b:temporary c",
        "0 start | 1 b fails | 2 a fails | 3 stop | 4 start",
        expect![[r#"
            0 start: +a +b +c [g up]
            1 b fails: forget b
            2 a fails: -c +a +c
            3 stop: -c -a [g stopped]
            4 start: +a +b +c [g up]
        "#]],
    );
}

#[test]
fn a_transient_child_that_has_ended_well_is_started_with_the_others() {
    check(
        "g strategy=one_for_all intensity=9: a b:transient",
        "0 start | 1 b ends | 2 a fails",
        expect![[r#"
            0 start: +a +b [g up]
            1 b ends:
            2 a fails: +a +b
        "#]],
    );
}
