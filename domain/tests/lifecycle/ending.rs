//! EXITED, STOPPING and UNKNOWN: one test a rule.

use crate::script::check;
use expect_test::expect;

#[test]
fn an_end_with_one_of_exitcodes_is_expected_and_stays() {
    check(
        "exitcodes=0,2",
        "0 start | 5 exit 2 | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit 2         EXITED            expected
            99s     wait           EXITED            expected
        "#]],
    );
}

#[test]
fn an_end_with_another_code_restarts_at_once() {
    check(
        "exitcodes=0,2",
        "0 start | 5 exit 1 | 9 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit 1         EXITED            not expected
            5s      (deadline)     STARTING !Spawn   tries 0
            5s      (spawned)      STARTING          tries 0
            6s      (deadline)     RUNNING
            9s      wait           RUNNING
        "#]],
    );
}

#[test]
fn an_end_by_a_signal_is_never_expected() {
    check(
        "exitcodes=0,9",
        "0 start | 5 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit SIGKILL   EXITED            not expected
            5s      (deadline)     STARTING !Spawn   tries 0
            5s      (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn an_end_by_a_clean_signal_is_expected_and_stays() {
    check(
        "clean_signals=TERM,HUP",
        "0 start | 5 exit SIGHUP | 9 start | 15 exit SIGINT | 16 exit SIGTERM",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit SIGHUP    EXITED            expected
            9s      start          STARTING !Spawn   tries 0
            9s      (spawned)      STARTING          tries 0
            10s     (deadline)     RUNNING
            15s     exit SIGINT    EXITED            not expected
            15s     (deadline)     STARTING !Spawn   tries 0
            15s     (spawned)      STARTING          tries 0
            16s     (deadline)     RUNNING
            16s     exit SIGTERM   EXITED            expected
        "#]],
    );
}

#[test]
fn autorestart_true_restarts_whatever_the_code() {
    check(
        "autorestart=true",
        "0 start | 5 exit 0 | 9 exit 1",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit 0         EXITED            expected
            5s      (deadline)     STARTING !Spawn   tries 0
            5s      (spawned)      STARTING          tries 0
            6s      (deadline)     RUNNING
            9s      exit 1         EXITED            not expected
            9s      (deadline)     STARTING !Spawn   tries 0
            9s      (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn autorestart_false_never_restarts() {
    check(
        "autorestart=false",
        "0 start | 5 exit 1 | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit 1         EXITED            not expected
            99s     wait           EXITED            not expected
        "#]],
    );
}

#[test]
fn restarts_after_running_are_not_counted_against_startretries() {
    check(
        "startretries=0 startsecs=0",
        "0 start | 1 exit 1 | 2 exit 1 | 3 exit 1 | 4 exit 1",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0s      (deadline)     RUNNING
            1s      exit 1         EXITED            not expected
            1s      (deadline)     STARTING !Spawn   tries 0
            1s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            2s      exit 1         EXITED            not expected
            2s      (deadline)     STARTING !Spawn   tries 0
            2s      (spawned)      STARTING          tries 0
            2s      (deadline)     RUNNING
            3s      exit 1         EXITED            not expected
            3s      (deadline)     STARTING !Spawn   tries 0
            3s      (spawned)      STARTING          tries 0
            3s      (deadline)     RUNNING
            4s      exit 1         EXITED            not expected
            4s      (deadline)     STARTING !Spawn   tries 0
            4s      (spawned)      STARTING          tries 0
            4s      (deadline)     RUNNING
        "#]],
    );
}

#[test]
fn exited_starts_again_on_request() {
    check(
        "",
        "0 start | 5 exit 0 | 9 start",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit 0         EXITED            expected
            9s      start          STARTING !Spawn   tries 0
            9s      (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn a_stop_ends_in_stopped_whatever_the_code() {
    check(
        "",
        "0 start | 5 stop | 6 exit 0",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            6s      exit 0         STOPPED
        "#]],
    );
    check(
        "autorestart=true",
        "0 start | 5 stop | 6 exit 1 | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            6s      exit 1         STOPPED
            99s     wait           STOPPED
        "#]],
    );
}

#[test]
fn a_stop_while_starting_ends_in_stopped() {
    check(
        "startsecs=5",
        "0 start | 1 stop | 1.5 exit 1 | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      stop           STOPPING !Signal
            1.5s    exit 1         STOPPED
            99s     wait           STOPPED
        "#]],
    );
}

#[test]
fn startsecs_are_not_looked_at_while_stopping() {
    check(
        "startsecs=5",
        "0 start | 1 stop | 8 wait | 9 exit 0",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      stop           STOPPING !Signal
            8s      wait           STOPPING
            9s      exit 0         STOPPED
        "#]],
    );
}

#[test]
fn sigkill_follows_stopwaitsecs_after_the_stop_signal() {
    check(
        "stopwaitsecs=3",
        "0 start | 5 stop | 7.999 wait | 8 wait | 8.1 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            7.999s  wait           STOPPING
            8s      (deadline)     STOPPING !Kill
            8s      wait           STOPPING
            8.1s    exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn sigkill_is_repeated_every_stopwaitsecs() {
    check(
        "stopwaitsecs=3",
        "0 start | 5 stop | 17 wait | 18 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            8s      (deadline)     STOPPING !Kill
            11s     (deadline)     STOPPING !Kill
            14s     (deadline)     STOPPING !Kill
            17s     (deadline)     STOPPING !Kill
            17s     wait           STOPPING
            18s     exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn with_stopwaitsecs_0_sigkill_comes_at_once_and_once_a_second() {
    check(
        "stopwaitsecs=0",
        "0 start | 5 stop | 7.5 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            5s      (deadline)     STOPPING !Kill
            6s      (deadline)     STOPPING !Kill
            7s      (deadline)     STOPPING !Kill
            7.5s    exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn a_second_stop_does_not_postpone_sigkill() {
    check(
        "stopwaitsecs=3",
        "0 start | 5 stop | 7 stop | 8 halt | 8.5 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            7s      stop           STOPPING refused: not running
            8s      (deadline)     STOPPING !Kill
            8s      halt           STOPPING
            8.5s    exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn a_stop_is_refused_when_nothing_is_up() {
    check(
        "startretries=0",
        "0 stop | 0 start | 5 exit 0 | 6 stop | 7 spawnfail | 7 start | 8 stop",
        expect![[r#"
            0s      stop           STOPPED  refused: not running
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit 0         EXITED            expected
            6s      stop           EXITED   refused: not running
            7s      start          STARTING !Spawn   tries 0
            7s      (spawn failed) BACKOFF           tries 1
            7s      (deadline)     FATAL
            8s      stop           FATAL    refused: not running
        "#]],
    );
}

#[test]
fn start_while_stopping_is_refused() {
    check(
        "",
        "0 start | 5 stop | 6 start | 7 exit 0 | 8 start",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            6s      start          STOPPING refused: stopping
            7s      exit 0         STOPPED
            8s      start          STARTING !Spawn   tries 0
            8s      (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn halt_stops_what_is_up() {
    check(
        "autorestart=true",
        "0 start | 5 halt | 6 exit 1 | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      halt           STOPPING !Signal
            6s      exit 1         STOPPED
            99s     wait           STOPPED
        "#]],
    );
}

#[test]
fn after_halt_an_end_is_not_followed_by_a_start() {
    check(
        "autorestart=true",
        "0 start | 5 exit 1 & halt | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit 1         EXITED            not expected
            5s      halt           EXITED            not expected
            99s     wait           EXITED            not expected
        "#]],
    );
}

#[test]
fn halt_changes_nothing_that_is_down() {
    check(
        "startretries=0",
        "0 halt | 0 start | 5 exit 0 | 6 halt | 7 spawnfail | 7 start | 8 halt",
        expect![[r#"
            0s      halt           STOPPED
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit 0         EXITED            expected
            6s      halt           EXITED            expected
            7s      start          STARTING !Spawn   tries 0
            7s      (spawn failed) BACKOFF           tries 1
            7s      (deadline)     FATAL
            8s      halt           FATAL
        "#]],
    );
}

#[test]
fn a_stop_before_the_spawn_is_reported_signals_the_process_once_it_exists() {
    check(
        "",
        "0 spawnhang | 0 start | 1 stop | 50 spawned | 51 exit SIGTERM",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            1s      stop           STOPPING
            50s     spawned        STOPPING !Signal
            51s     exit SIGTERM   STOPPED
        "#]],
    );
}

#[test]
fn a_stop_before_a_spawn_that_fails_is_over_with_it() {
    check(
        "",
        "0 spawnhang | 0 start | 1 stop | 2 spawnfailed | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            1s      stop           STOPPING
            2s      spawnfailed    STOPPED
            99s     wait           STOPPED
        "#]],
    );
}

#[test]
fn a_signal_that_cannot_be_sent_leads_to_unknown() {
    check(
        "",
        "0 start | 0.5 signalfailed",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    signalfailed   UNKNOWN
        "#]],
    );
    check(
        "",
        "0 start | 5 signalfailed",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      signalfailed   UNKNOWN
        "#]],
    );
    check(
        "",
        "0 start | 5 stop | 5 signalfailed | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            5s      signalfailed   UNKNOWN
            99s     wait           UNKNOWN
        "#]],
    );
}

#[test]
fn only_the_end_of_the_process_leads_out_of_unknown() {
    check(
        "autorestart=true",
        "0 start | 5 signalfailed | 6 start | 6 stop | 6 restart | 6 halt | 7 exit 1 | 8 start",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      signalfailed   UNKNOWN
            6s      start          UNKNOWN  refused: in an unknown process state
            6s      stop           UNKNOWN  refused: not running
            6s      restart        UNKNOWN  refused: in an unknown process state
            6s      halt           UNKNOWN
            7s      exit 1         EXITED            not expected
            8s      start          STARTING !Spawn   tries 0
            8s      (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn stale_facts_change_nothing() {
    check(
        "",
        "0 exit 0 | 0 spawned | 0 spawnfailed | 0 signalfailed | 1 start | 5 spawned | 5 spawnfailed | 6 stop | 7 spawned | 7 spawnfailed | 8 exit 0 | 8 exit 0 | 9 wait",
        expect![[r#"
            0s      exit 0         STOPPED
            0s      spawned        STOPPED
            0s      spawnfailed    STOPPED
            0s      signalfailed   STOPPED
            1s      start          STARTING !Spawn   tries 0
            1s      (spawned)      STARTING          tries 0
            2s      (deadline)     RUNNING
            5s      spawned        RUNNING
            5s      spawnfailed    RUNNING
            6s      stop           STOPPING !Signal
            7s      spawned        STOPPING
            7s      spawnfailed    STOPPING
            8s      exit 0         STOPPED
            8s      exit 0         STOPPED
            9s      wait           STOPPED
        "#]],
    );
}
