//! Groups under OTP's rules.

use crate::setting::{check, run, setting};
use expect_test::expect;
use treeherd_domain::simulate::{End, What};

#[test]
fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    check(
        "g:a | g:b | g:c | @g strategy=one_for_all intensity=3",
        "g:b: runs 9s, exit 1 *1 then runs forever; stops after 1s | g:c: stops after 1s",
        expect![[r#"
                 0 g:a    STOPPED > STARTING [autostart]
                 1 g:a    STARTING > RUNNING [startsecs]
                 1 g:b    STOPPED > STARTING [autostart]
                 2 g:b    STARTING > RUNNING [startsecs]
                 2 g:c    STOPPED > STARTING [autostart]
                 3 g:c    STARTING > RUNNING [startsecs]
                 3 group g is up
                10 g:b    RUNNING > EXITED [exit]
                10 group g b failed; stopping c, a, starting a, b, c (2 of 3 restarts are left within 5 s)
                10 g:c    RUNNING > STOPPING [strategy], SIGTERM
                11 g:c    STOPPING > STOPPED [exit]
                11 g:a    RUNNING > STOPPING [strategy], SIGTERM, STOPPING > STOPPED [exit], STOPPED > STARTING [strategy]
                12 g:a    STARTING > RUNNING [startsecs]
                12 g:b    EXITED > STARTING [strategy]
                13 g:b    STARTING > RUNNING [startsecs]
                13 g:c    STOPPED > STARTING [strategy]
                14 g:c    STARTING > RUNNING [startsecs]
                14 -      # shutdown
                14 g:c    RUNNING > STOPPING [shutdown], SIGTERM
                15 g:c    STOPPING > STOPPED [exit]
                15 g:b    RUNNING > STOPPING [shutdown], SIGTERM
                16 g:b    STOPPING > STOPPED [exit]
                16 g:a    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 14, stop Some(2.0), well true
        "#]],
    );
}

#[test]
fn rest_for_one_leaves_those_before_alone() {
    check(
        "g:a | g:b | g:c | @g strategy=rest_for_one intensity=3",
        "at 8s: kill g:b",
        expect![[r#"
                 0 g:a    STOPPED > STARTING [autostart]
                 1 g:a    STARTING > RUNNING [startsecs]
                 1 g:b    STOPPED > STARTING [autostart]
                 2 g:b    STARTING > RUNNING [startsecs]
                 2 g:c    STOPPED > STARTING [autostart]
                 3 g:c    STARTING > RUNNING [startsecs]
                 3 group g is up
                 8 -      # kill g:b
                 8 g:b    RUNNING > EXITED [exit]
                 8 group g b failed; stopping c, starting b, c (2 of 3 restarts are left within 5 s)
                 8 g:c    RUNNING > STOPPING [strategy], SIGTERM, STOPPING > STOPPED [exit]
                 8 g:b    EXITED > STARTING [strategy]
                 9 g:b    STARTING > RUNNING [startsecs]
                 9 g:c    STOPPED > STARTING [strategy]
                10 g:c    STARTING > RUNNING [startsecs]
                10 -      # shutdown
                10 g:c    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                10 g:b    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                10 g:a    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 10, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_budget_that_is_used_up_escalates_to_the_group_above() {
    check(
        "top:x | low:y autorestart=true startsecs=0 | @low intensity=1 period=60 escalate=parent | @top strategy=one_for_all intensity=1 period=60 groups=low",
        "low:y: runs 2s, exit 1",
        expect![[r#"
                 0 top:x  STOPPED > STARTING [autostart]
                 1 top:x  STARTING > RUNNING [startsecs]
                 1 low:y  STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 1 group low is up
                 1 group top is up
                 3 low:y  RUNNING > EXITED [exit]
                 3 group low y failed; starting y (0 of 1 restarts are left within 1 min)
                 3 low:y  EXITED > STARTING [strategy], STARTING > RUNNING [startsecs]
                 5 low:y  RUNNING > EXITED [exit]
                 5 group low gives up: y failed, that would be restart 2 within 1 min; all it has is stopped, and the one above it decides (escalate=parent), is down
                 5 group top group low failed; stopping x, starting x, group low (0 of 1 restarts are left within 1 min)
                 5 top:x  RUNNING > STOPPING [strategy], SIGTERM, STOPPING > STOPPED [exit], STOPPED > STARTING [strategy]
                 6 top:x  STARTING > RUNNING [startsecs]
                 6 low:y  EXITED > STARTING [strategy], STARTING > RUNNING [startsecs]
                 6 group low is up
                 8 low:y  RUNNING > EXITED [exit]
                 8 group low y failed; starting y (0 of 1 restarts are left within 1 min)
                 8 low:y  EXITED > STARTING [strategy], STARTING > RUNNING [startsecs]
                10 low:y  RUNNING > EXITED [exit]
                10 group low gives up: y failed, that would be restart 2 within 1 min; all it has is stopped, and the one above it decides (escalate=parent), is down
                10 group top gives up: group low failed, that would be restart 2 within 1 min; all it has is stopped (escalate=fatal); see why, then supervisorctl start top:*
                10 top:x  RUNNING > STOPPING [intensity], SIGTERM, STOPPING > STOPPED [exit]
                10 group top is FATAL: it stays down until it is started
                10 -      # shutdown
            Settled at 10, stop Some(0.0), well false
        "#]],
    );
}

#[test]
fn the_success_of_a_oneshot_is_neither_a_failed_start_nor_followed_by_another() {
    for autorestart in ["true", "unexpected", "false"] {
        let text =
            format!("g:a type=oneshot autorestart={autorestart} | g:b | @g start_failure=fail intensity=1");
        let report = run(&setting(&text), "g:a: runs 0.2s | until 90s");
        let told: Vec<&str> = report.lines.iter().filter_map(|line| group_text(&line.what)).collect();
        let expected = match autorestart {
            "false" => vec!["a is over, and not started again", "is up"],
            _ => vec!["is up"],
        };
        assert_eq!(told, expected, "{autorestart}");
        assert!(report.is_well(), "{autorestart}");
    }
}

#[test]
fn a_oneshot_that_fails_is_started_again_by_its_restart_type() {
    for (autorestart, restarts) in [("true", 1), ("unexpected", 1), ("false", 0)] {
        let text = format!("g:a type=oneshot autorestart={autorestart} | @g intensity=1");
        let report = run(&setting(&text), "g:a: runs 0.2s, exit 1 *1 then runs 0.2s");
        assert_eq!(report.started.iter().map(|one| one.restarts).sum::<u64>(), restarts, "{autorestart}");
        assert!(report.is_well(), "{autorestart}");
    }
}

fn group_text(what: &What) -> Option<&str> {
    match what {
        What::Group(text) => Some(text),
        _ => None,
    }
}

#[test]
fn a_group_below_nobody_says_so_when_it_gives_up_to_the_one_above() {
    let report = run(&setting("g:a | @g intensity=0 escalate=parent"), "g:a: runs 3s, exit 1");
    let told: Vec<&str> = report.lines.iter().filter_map(|line| group_text(&line.what)).collect();
    let gives_up = "gives up: a failed, that would be restart 1 within 5 s; all it has is stopped, and nobody is above it \
                    (escalate=parent); see why, then supervisorctl start g:*";
    assert_eq!(told, ["is up", gives_up, "is down"]);
}

#[test]
fn a_group_that_ends_the_daemon_does() {
    let report = run(&setting("g:a | h | @g intensity=0 escalate=exit"), "g:a: runs 3s, exit 1");
    assert_eq!((report.end, report.is_well()), (End::Shutdown, false));
    assert_eq!(report.escalations.len(), 1);
    assert!(report.stop.is_some());
}

#[test]
fn a_stop_of_an_operator_wins() {
    check(
        "g:a | g:b | @g strategy=one_for_all intensity=1",
        "at 3s: stop g:a | at 5s: start g:a",
        expect![[r#"
                 0 g:a    STOPPED > STARTING [autostart]
                 1 g:a    STARTING > RUNNING [startsecs]
                 1 g:b    STOPPED > STARTING [autostart]
                 2 g:b    STARTING > RUNNING [startsecs]
                 2 group g is up
                 3 -      # stop g:a
                 3 g:a    RUNNING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit]
                 5 -      # start g:a
                 5 g:a    STOPPED > STARTING [asked]
                 6 g:a    STARTING > RUNNING [startsecs]
                 6 -      # shutdown
                 6 g:b    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                 6 g:a    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 6, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_stop_of_all_goes_backwards_and_what_ends_meanwhile_is_not_started_again() {
    check(
        "g:a | g:b | g:c | x | @g strategy=one_for_all intensity=3",
        "g:c: stops after 3s | g:b: stops after 2s | at 8s: stop all | at 9s: kill g:b",
        expect![[r#"
                 0 x      STOPPED > STARTING [autostart]
                 0 g:a    STOPPED > STARTING [autostart]
                 1 g:a    STARTING > RUNNING [startsecs]
                 1 g:b    STOPPED > STARTING [autostart]
                 1 x      STARTING > RUNNING [startsecs]
                 2 g:b    STARTING > RUNNING [startsecs]
                 2 g:c    STOPPED > STARTING [autostart]
                 3 g:c    STARTING > RUNNING [startsecs]
                 3 group g is up
                 8 -      # stop all
                 8 x      RUNNING > STOPPING [asked], SIGTERM
                 8 g:c    RUNNING > STOPPING [asked], SIGTERM
                 8 x      STOPPING > STOPPED [exit]
                 9 -      # kill g:b
                 9 g:b    RUNNING > EXITED [exit]
                11 g:c    STOPPING > STOPPED [exit]
                11 g:b    refused: not running
                11 g:a    RUNNING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit]
                11 -      # shutdown
            Settled at 11, stop Some(0.0), well true
        "#]],
    );
    check(
        "g:a | g:b | g:c | @g strategy=one_for_one intensity=3",
        "g:c: stops after 3s | g:b: stops after 2s | at 8s: restart g:*",
        expect![[r#"
                 0 g:a    STOPPED > STARTING [autostart]
                 1 g:a    STARTING > RUNNING [startsecs]
                 1 g:b    STOPPED > STARTING [autostart]
                 2 g:b    STARTING > RUNNING [startsecs]
                 2 g:c    STOPPED > STARTING [autostart]
                 3 g:c    STARTING > RUNNING [startsecs]
                 3 group g is up
                 8 -      # restart g:*
                 8 g:c    RUNNING > STOPPING [asked], SIGTERM
                11 g:c    STOPPING > STOPPED [exit]
                11 g:b    RUNNING > STOPPING [asked], SIGTERM
                13 g:b    STOPPING > STOPPED [exit]
                13 g:a    RUNNING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit], STOPPED > STARTING [asked]
                13 g:b    STOPPED > STARTING [asked]
                13 g:c    STOPPED > STARTING [asked]
                14 g:a    STARTING > RUNNING [startsecs]
                14 g:b    STARTING > RUNNING [startsecs]
                14 g:c    STARTING > RUNNING [startsecs]
                14 -      # shutdown
                14 g:c    RUNNING > STOPPING [shutdown], SIGTERM
                17 g:c    STOPPING > STOPPED [exit]
                17 g:b    RUNNING > STOPPING [shutdown], SIGTERM
                19 g:b    STOPPING > STOPPED [exit]
                19 g:a    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 14, stop Some(5.0), well true
        "#]],
    );
}

#[test]
fn a_stop_of_all_wins_over_the_first_start() {
    check(
        "g:a startsecs=0 | g:b startsecs=5 | g:c startsecs=0 | @g strategy=one_for_one intensity=1",
        "at 2s: stop g:* | until 20s",
        expect![[r#"
                 0 g:a    STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 g:b    STOPPED > STARTING [autostart]
                 2 -      # stop g:*
                 2 g:b    STARTING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit]
                 2 g:a    RUNNING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit]
                 2 -      # shutdown
            Settled at 2, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn what_is_to_stay_down_without_what_it_requires_is_not_started_by_its_group() {
    check(
        "g:a startsecs=0 | g:b startsecs=0 requires=g:a requires_restart=stop | @g strategy=one_for_all intensity=1",
        "g:a: runs 3s | at 9s: start g:b | until 20s",
        expect![[r#"
                 0 g:a    STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 g:b    STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 group g is up
                 3 g:a    RUNNING > EXITED [exit]
                 3 g:b    RUNNING > STOPPING [requires_restart], SIGTERM, STOPPING > STOPPED [exit]
                 9 -      # start g:b
                 9 g:b    STOPPED > WAITING [asked], waits for g:a: EXITED
                 9 g:a    EXITED > STARTING [requires], STARTING > RUNNING [startsecs]
                 9 g:b    WAITING > STARTING [requires], STARTING > RUNNING [startsecs]
                12 g:a    RUNNING > EXITED [exit]
                12 g:b    RUNNING > STOPPING [requires_restart], SIGTERM, STOPPING > STOPPED [exit]
                12 -      # shutdown
            Settled at 12, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn what_is_restarted_with_what_it_requires_brings_that_up_once_for_each_start_that_is_asked_for() {
    check(
        "g:a startsecs=0 | g:b requires=g:a requires_restart=restart | @g strategy=one_for_one intensity=1",
        "g:a: runs 0s | at 9s: start g:b | until 20s",
        expect![[r#"
                 0 g:a    STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 g:b    STOPPED > STARTING [autostart]
                 0 g:a    RUNNING > EXITED [exit]
                 0 g:b    STARTING > STOPPING [requires_restart], SIGTERM, STOPPING > STOPPED [exit], STOPPED > WAITING [restart], waits for g:a: EXITED
                 0 g:a    EXITED > STARTING [requires], STARTING > RUNNING [startsecs]
                 0 g:b    WAITING > STARTING [requires]
                 0 g:a    RUNNING > EXITED [exit]
                 0 g:b    STARTING > STOPPING [requires_restart], SIGTERM, STOPPING > STOPPED [exit], STOPPED > WAITING [restart], waits for g:a: EXITED
                 9 -      # start g:b
                 9 g:a    EXITED > STARTING [requires], STARTING > RUNNING [startsecs]
                 9 g:b    WAITING > STARTING [requires]
                 9 g:a    RUNNING > EXITED [exit]
                 9 g:b    STARTING > STOPPING [requires_restart], SIGTERM, STOPPING > STOPPED [exit], STOPPED > WAITING [restart], waits for g:a: EXITED
                 9 -      # shutdown
                 9 g:b    WAITING > STOPPED [shutdown]
            Settled at 9, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn what_is_to_stay_down_without_what_it_requires_is_not_taken_along_by_its_group() {
    check(
        "db startsecs=0 autorestart=false | g:b startsecs=0 requires=db requires_restart=stop | g:c startsecs=0 \
         | @g strategy=one_for_all intensity=1",
        "db: runs 3s | at 9s: exit 1 g:c | until 20s",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 g:b    STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 g:c    STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 group g is up
                 3 db     RUNNING > EXITED [exit]
                 3 g:b    RUNNING > STOPPING [requires_restart], SIGTERM, STOPPING > STOPPED [exit]
                 9 -      # exit 1 g:c
                 9 g:c    RUNNING > EXITED [exit]
                 9 group g c failed; starting c (0 of 1 restarts are left within 5 s)
                 9 g:c    EXITED > STARTING [strategy], STARTING > RUNNING [startsecs]
                 9 -      # shutdown
                 9 g:c    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 9, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_stop_of_one_that_a_restart_has_brought_down_keeps_it_down() {
    check(
        "g:a | g:b requires=g:a | g:c requires=g:b | @g strategy=one_for_all",
        "g:*: stops after 2s | at 10s: restart g:* | at 15s: stop g:b",
        expect![[r#"
                 0 g:a    STOPPED > STARTING [autostart]
                 1 g:a    STARTING > RUNNING [startsecs]
                 1 g:b    STOPPED > STARTING [autostart]
                 2 g:b    STARTING > RUNNING [startsecs]
                 2 g:c    STOPPED > STARTING [autostart]
                 3 g:c    STARTING > RUNNING [startsecs]
                 3 group g is up
                10 -      # restart g:*
                10 g:c    RUNNING > STOPPING [asked], SIGTERM
                12 g:c    STOPPING > STOPPED [exit]
                12 g:b    RUNNING > STOPPING [asked], SIGTERM
                14 g:b    STOPPING > STOPPED [exit]
                14 g:a    RUNNING > STOPPING [asked], SIGTERM
                15 -      # stop g:b
                16 g:a    STOPPING > STOPPED [exit]
                16 g:b    refused: it was stopped meanwhile
                16 g:a    STOPPED > STARTING [asked]
                16 g:c    STOPPED > WAITING [asked], waits for g:b: STOPPED
                17 g:a    STARTING > RUNNING [startsecs]
                17 -      # shutdown
                17 g:c    WAITING > STOPPED [shutdown]
                17 g:a    RUNNING > STOPPING [shutdown], SIGTERM
                19 g:a    STOPPING > STOPPED [exit]
            Settled at 17, stop Some(2.0), well true
        "#]],
    );
}

#[test]
fn a_stop_of_one_that_its_group_is_about_to_start_is_no_error() {
    check(
        "g:a | g:b | g:c | @g strategy=one_for_all intensity=3",
        "g:*: stops after 2s | at 10s: kill g:a | at 13s: stop g:c | at 13s: stop g:b",
        expect![[r#"
                 0 g:a    STOPPED > STARTING [autostart]
                 1 g:a    STARTING > RUNNING [startsecs]
                 1 g:b    STOPPED > STARTING [autostart]
                 2 g:b    STARTING > RUNNING [startsecs]
                 2 g:c    STOPPED > STARTING [autostart]
                 3 g:c    STARTING > RUNNING [startsecs]
                 3 group g is up
                10 -      # kill g:a
                10 g:a    RUNNING > EXITED [exit]
                10 group g a failed; stopping c, b, starting a, b, c (2 of 3 restarts are left within 5 s)
                10 g:c    RUNNING > STOPPING [strategy], SIGTERM
                12 g:c    STOPPING > STOPPED [exit]
                12 g:b    RUNNING > STOPPING [strategy], SIGTERM
                13 -      # stop g:c
                13 -      # stop g:b
                14 g:b    STOPPING > STOPPED [exit]
                14 g:a    EXITED > STARTING [strategy]
                15 g:a    STARTING > RUNNING [startsecs]
                15 -      # shutdown
                15 g:a    RUNNING > STOPPING [shutdown], SIGTERM
                17 g:a    STOPPING > STOPPED [exit]
            Settled at 15, stop Some(2.0), well true
        "#]],
    );
}
