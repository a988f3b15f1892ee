//! `restart_delay`, `fatal_retry`, `max_runtime`: one test a rule.

use crate::script::check;
use expect_test::expect;

#[test]
fn a_delay_comes_before_each_start_that_follows_an_end() {
    check(
        "restart_delay=5s startretries=1",
        "0 start | 3 exit 1 | 8.5 exit 1 | 20 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            3s      exit 1         EXITED            not expected
            8s      (deadline)     STARTING !Spawn   tries 0
            8s      (spawned)      STARTING          tries 0
            8.5s    exit 1         BACKOFF           tries 1
            13.5s   (deadline)     STARTING !Spawn   tries 1
            13.5s   (spawned)      STARTING          tries 1
            14.5s   (deadline)     RUNNING
            20s     wait           RUNNING
        "#]],
    );
}

#[test]
fn a_delay_grows_over_running_until_it_was_up_for_long_enough() {
    check(
        "restart_delay=2s restart_delay_max=20s restart_reset_after=30s",
        "0 start | 2 exit 1 | 6 exit 1 | 12 exit 1 | 60 exit 1 | 63 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            2s      exit 1         EXITED            not expected
            4s      (deadline)     STARTING !Spawn   tries 0
            4s      (spawned)      STARTING          tries 0
            5s      (deadline)     RUNNING
            6s      exit 1         EXITED            not expected
            10s     (deadline)     STARTING !Spawn   tries 0
            10s     (spawned)      STARTING          tries 0
            11s     (deadline)     RUNNING
            12s     exit 1         EXITED            not expected
            20s     (deadline)     STARTING !Spawn   tries 0
            20s     (spawned)      STARTING          tries 0
            21s     (deadline)     RUNNING
            60s     exit 1         EXITED            not expected
            62s     (deadline)     STARTING !Spawn   tries 0
            62s     (spawned)      STARTING          tries 0
            63s     (deadline)     RUNNING
            63s     wait           RUNNING
        "#]],
    );
}

#[test]
fn failed_starts_and_ends_from_running_are_counted_together_for_the_delay_only() {
    check(
        "restart_delay=1s,2s,3s,4s startretries=1",
        "0 start | 0.5 exit 1 | 3 exit 1 | 5.5 exit 1 | 9 exit 1 | 20 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            1.5s    (deadline)     STARTING !Spawn   tries 1
            1.5s    (spawned)      STARTING          tries 1
            2.5s    (deadline)     RUNNING
            3s      exit 1         EXITED            not expected
            5s      (deadline)     STARTING !Spawn   tries 0
            5s      (spawned)      STARTING          tries 0
            5.5s    exit 1         BACKOFF           tries 1
            8.5s    (deadline)     STARTING !Spawn   tries 1
            8.5s    (spawned)      STARTING          tries 1
            9s      exit 1         BACKOFF           tries 2
            9s      (deadline)     FATAL
            20s     wait           FATAL
        "#]],
    );
}

#[test]
fn an_end_that_was_expected_begins_the_count_anew() {
    check(
        "restart_delay=2s restart_factor=10 autorestart=true",
        "0 start | 2 exit 1 | 6 exit 0 | 10 exit 1 | 31 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            2s      exit 1         EXITED            not expected
            4s      (deadline)     STARTING !Spawn   tries 0
            4s      (spawned)      STARTING          tries 0
            5s      (deadline)     RUNNING
            6s      exit 0         EXITED            expected
            8s      (deadline)     STARTING !Spawn   tries 0
            8s      (spawned)      STARTING          tries 0
            9s      (deadline)     RUNNING
            10s     exit 1         EXITED            not expected
            30s     (deadline)     STARTING !Spawn   tries 0
            30s     (spawned)      STARTING          tries 0
            31s     (deadline)     RUNNING
            31s     wait           RUNNING
        "#]],
    );
}

#[test]
fn a_request_forgets_all_ends() {
    check(
        "restart_delay=2s restart_factor=10",
        "0 start | 2 exit 1 | 6 exit 1 | 7 start | 9 exit 1 | 11 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            2s      exit 1         EXITED            not expected
            4s      (deadline)     STARTING !Spawn   tries 0
            4s      (spawned)      STARTING          tries 0
            5s      (deadline)     RUNNING
            6s      exit 1         EXITED            not expected
            7s      start          STARTING !Spawn   tries 0
            7s      (spawned)      STARTING          tries 0
            8s      (deadline)     RUNNING
            9s      exit 1         EXITED            not expected
            11s     (deadline)     STARTING !Spawn   tries 0
            11s     (spawned)      STARTING          tries 0
            11s     wait           STARTING          tries 0
        "#]],
    );
}

#[test]
fn no_delay_at_all_is_a_tenth_of_a_second_after_a_failed_start() {
    check(
        "restart_delay=0s startretries=1",
        "0 spawnfail & start | 1 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawn failed) BACKOFF           tries 1
            0.1s    (deadline)     STARTING !Spawn   tries 1
            0.1s    (spawn failed) BACKOFF           tries 2
            0.1s    (deadline)     FATAL
            1s      wait           FATAL
        "#]],
    );
}

#[test]
fn fatal_is_tried_again_in_the_background() {
    check(
        "fatal_retry=5m startretries=0",
        "0 start | 0.1 exit 1 | 300.5 exit 1 | 700 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.1s    exit 1         BACKOFF           tries 1
            0.1s    (deadline)     FATAL             then retry
            300.1s  (deadline)     FATAL    !Spawn   in the background, tries 1
            300.1s  (spawned)      FATAL             in the background, tries 1
            300.5s  exit 1         FATAL             then retry
            600.5s  (deadline)     FATAL    !Spawn   in the background, tries 2
            600.5s  (spawned)      FATAL             in the background, tries 2
            601.5s  (deadline)     STARTING          tries 2
            601.5s  (deadline)     RUNNING
            700s    wait           RUNNING
        "#]],
    );
}

#[test]
fn a_stop_ends_what_is_tried_in_the_background() {
    check(
        "fatal_retry=5m startretries=0",
        "0 start | 0.1 exit 1 | 10 stop | 400 start | 400.1 exit 1 | 700.5 stop | 701 exit SIGTERM | 2000 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.1s    exit 1         BACKOFF           tries 1
            0.1s    (deadline)     FATAL             then retry
            10s     stop           STOPPED
            400s    start          STARTING !Spawn   tries 0
            400s    (spawned)      STARTING          tries 0
            400.1s  exit 1         BACKOFF           tries 1
            400.1s  (deadline)     FATAL             then retry
            700.1s  (deadline)     FATAL    !Spawn   in the background, tries 1
            700.1s  (spawned)      FATAL             in the background, tries 1
            700.5s  stop           STOPPING !Signal
            701s    exit SIGTERM   STOPPED
            2000s   wait           STOPPED
        "#]],
    );
}

#[test]
fn a_start_takes_over_what_is_tried_in_the_background() {
    check(
        "fatal_retry=5m startretries=0",
        "0 start | 0.1 exit 1 | 300.5 start | 302 exit 0",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.1s    exit 1         BACKOFF           tries 1
            0.1s    (deadline)     FATAL             then retry
            300.1s  (deadline)     FATAL    !Spawn   in the background, tries 1
            300.1s  (spawned)      FATAL             in the background, tries 1
            300.5s  start          STARTING          tries 0
            301.1s  (deadline)     RUNNING
            302s    exit 0         EXITED            expected
        "#]],
    );
}

#[test]
fn a_halt_ends_what_is_tried_and_what_would_be() {
    check(
        "fatal_retry=1m startretries=0",
        "0 start | 0.1 exit 1 | 60.5 halt | 61 exit 0 | 70 start | 70.1 exit 1 | 80 halt | 300 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.1s    exit 1         BACKOFF           tries 1
            0.1s    (deadline)     FATAL             then retry
            60.1s   (deadline)     FATAL    !Spawn   in the background, tries 1
            60.1s   (spawned)      FATAL             in the background, tries 1
            60.5s   halt           STOPPING !Signal
            61s     exit 0         STOPPED
            70s     start          STARTING !Spawn   tries 0
            70s     (spawned)      STARTING          tries 0
            70.1s   exit 1         BACKOFF           tries 1
            70.1s   (deadline)     FATAL             then retry
            80s     halt           FATAL
            300s    wait           FATAL
        "#]],
    );
}

#[test]
fn a_try_in_the_background_that_cannot_be_spawned_is_another_failure() {
    check(
        "fatal_retry=1m startretries=0",
        "0 spawnfail & start | 130 spawnok | 182 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawn failed) BACKOFF           tries 1
            0s      (deadline)     FATAL             then retry
            60s     (deadline)     FATAL    !Spawn   in the background, tries 1
            60s     (spawn failed) FATAL             then retry
            120s    (deadline)     FATAL    !Spawn   in the background, tries 2
            120s    (spawn failed) FATAL             then retry
            180s    (deadline)     FATAL    !Spawn   in the background, tries 3
            180s    (spawned)      FATAL             in the background, tries 3
            181s    (deadline)     STARTING          tries 3
            181s    (deadline)     RUNNING
            182s    wait           RUNNING
        "#]],
    );
}

#[test]
fn what_has_run_for_long_enough_is_stopped_and_started() {
    check(
        "max_runtime=1h",
        "0 start | 3602 exit SIGTERM | 3605 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            3601s   (deadline)     STOPPING !Signal  then start
            3602s   exit SIGTERM   STOPPED           then start
            3602s   (deadline)     STARTING !Spawn   tries 0
            3602s   (spawned)      STARTING          tries 0
            3603s   (deadline)     RUNNING
            3605s   wait           RUNNING
        "#]],
    );
}

#[test]
fn a_stop_during_the_restart_after_max_runtime_wins() {
    check(
        "max_runtime=10s stopwaitsecs=3",
        "0 start | 12 stop | 14.5 exit SIGKILL | 60 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            11s     (deadline)     STOPPING !Signal  then start
            12s     stop           STOPPING
            14s     (deadline)     STOPPING !Kill
            14.5s   exit SIGKILL   STOPPED
            60s     wait           STOPPED
        "#]],
    );
}
