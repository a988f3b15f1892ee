//! `type=oneshot`: one test a rule.

use crate::script::check;
use expect_test::expect;

#[test]
fn an_end_before_startsecs_is_a_success() {
    check(
        "type=oneshot startsecs=10",
        "0 start | 0.2 exit 0 | 60 wait",
        expect![[r#"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        0.2s    exit 0         EXITED            expected
        60s     wait           EXITED            expected
    "#]],
    );
}

#[test]
fn a_success_is_not_repeated() {
    check(
        "type=oneshot autorestart=true",
        "0 start | 5 exit 0 | 60 wait",
        expect![[r#"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        5s      exit 0         EXITED            expected
        60s     wait           EXITED            expected
    "#]],
    );
}

#[test]
fn a_failure_is_tried_again_as_often_as_startretries_say_however_long_it_ran() {
    check(
        "type=oneshot startretries=2",
        "0 start | 0.5 exit 1 | 5 exit 1 | 9 exit 1 | 30 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            1.5s    (deadline)     STARTING !Spawn   tries 1
            1.5s    (spawned)      STARTING          tries 1
            2.5s    (deadline)     RUNNING
            5s      exit 1         EXITED            not expected
            7s      (deadline)     STARTING !Spawn   tries 2
            7s      (spawned)      STARTING          tries 2
            8s      (deadline)     RUNNING
            9s      exit 1         EXITED            not expected
            9s      (deadline)     FATAL
            30s     wait           FATAL
        "#]],
    );
}

#[test]
fn a_failure_is_final_without_autorestart() {
    check(
        "type=oneshot autorestart=false",
        "0 start | 0.5 exit 1 | 30 wait",
        expect![[r#"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        0.5s    exit 1         EXITED            not expected
        30s     wait           EXITED            not expected
    "#]],
    );
    check(
        "type=oneshot autorestart=false",
        "0 start | 5 exit 1 | 30 wait",
        expect![[r#"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        5s      exit 1         EXITED            not expected
        30s     wait           EXITED            not expected
    "#]],
    );
}

#[test]
fn a_stop_is_no_failure() {
    check(
        "type=oneshot",
        "0 start | 5 stop | 5.5 exit SIGTERM | 30 wait",
        expect![[r#"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        5s      stop           STOPPING !Signal
        5.5s    exit SIGTERM   STOPPED
        30s     wait           STOPPED
    "#]],
    );
}

#[test]
fn a_success_in_the_background_ends_what_is_fatal() {
    check(
        "type=oneshot startretries=0 fatal_retry=1m",
        "0 start | 0.5 exit 1 | 61 exit 0 | 300 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            0.5s    (deadline)     FATAL             then retry
            60.5s   (deadline)     FATAL    !Spawn   in the background, tries 1
            60.5s   (spawned)      FATAL             in the background, tries 1
            61s     exit 0         EXITED            expected
            300s    wait           EXITED            expected
        "#]],
    );
}
