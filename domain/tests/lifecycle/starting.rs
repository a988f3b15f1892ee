//! From STOPPED to RUNNING, or by way of BACKOFF to FATAL: one test a rule.

use crate::script::check;
use expect_test::expect;

#[test]
fn a_new_process_is_stopped_and_nothing_follows_by_itself() {
    check(
        "",
        "0 wait | 99 wait",
        expect![[r#"
            0s      wait           STOPPED
            99s     wait           STOPPED
        "#]],
    );
}

#[test]
fn a_start_spawns_and_startsecs_later_it_runs() {
    check(
        "startsecs=5",
        "0 start | 4.999 wait | 5 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            4.999s  wait           STARTING          tries 0
            5s      (deadline)     RUNNING
            5s      wait           RUNNING
        "#]],
    );
}

#[test]
fn startsecs_count_from_the_moment_the_process_exists() {
    check(
        "startsecs=2",
        "0 spawnhang | 0 start | 3 spawned | 4.9 wait | 6 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            3s      spawned        STARTING          tries 0
            4.9s    wait           STARTING          tries 0
            5s      (deadline)     RUNNING
            6s      wait           RUNNING
        "#]],
    );
}

#[test]
fn startsecs_0_runs_at_once() {
    check(
        "startsecs=0",
        "0 start",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0s      (deadline)     RUNNING
        "#]],
    );
}

#[test]
fn startsecs_0_runs_at_once_then_exits() {
    check(
        "startsecs=0",
        "0 start | 0 exit 0",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0s      (deadline)     RUNNING
            0s      exit 0         EXITED            expected
        "#]],
    );
}

#[test]
fn a_quick_exit_is_never_expected() {
    check(
        "startsecs=2",
        "0 start | 1.999 exit 0",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1.999s  exit 0         BACKOFF           tries 1
        "#]],
    );
}

#[test]
fn a_quick_exit_does_not_ask_autorestart() {
    check(
        "autorestart=false startretries=1",
        "0 start | 0.5 exit 0 | 1.5 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 0         BACKOFF           tries 1
            1.5s    (deadline)     STARTING !Spawn   tries 1
            1.5s    (spawned)      STARTING          tries 1
            1.5s    wait           STARTING          tries 1
        "#]],
    );
}

#[test]
fn an_exit_exactly_at_startsecs_counts_as_running() {
    check(
        "startsecs=2",
        "0 start | 2 exit 0",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            2s      (deadline)     RUNNING
            2s      exit 0         EXITED            expected
        "#]],
    );
}

#[test]
fn an_end_before_the_spawn_is_reported_is_a_quick_exit() {
    check(
        "",
        "0 spawnhang | 0 start | 0.1 exit 0 | 0.2 spawned | 0.3 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0.1s    exit 0         BACKOFF           tries 1
            0.2s    spawned        BACKOFF           tries 1
            0.3s    wait           BACKOFF           tries 1
        "#]],
    );
}

#[test]
fn a_failed_spawn_goes_to_backoff_at_once() {
    check(
        "",
        "0 spawnfail | 0 start",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawn failed) BACKOFF           tries 1
        "#]],
    );
}

#[test]
fn failed_spawns_and_quick_exits_count_as_one() {
    check(
        "startretries=2",
        "0 spawnfail | 0 start | 0.5 spawnok | 1.5 exit 1 | 3.4 spawnfail | 4 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawn failed) BACKOFF           tries 1
            1s      (deadline)     STARTING !Spawn   tries 1
            1s      (spawned)      STARTING          tries 1
            1.5s    exit 1         BACKOFF           tries 2
            3.5s    (deadline)     STARTING !Spawn   tries 2
            3.5s    (spawn failed) BACKOFF           tries 3
            3.5s    (deadline)     FATAL
            4s      wait           FATAL
        "#]],
    );
}

#[test]
fn four_failures_with_startretries_3_are_fatal() {
    check(
        "startretries=3",
        "0 start | 0.5 exit 1 | 2 exit 1 | 4.5 exit 1 | 8 exit 1 | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            1.5s    (deadline)     STARTING !Spawn   tries 1
            1.5s    (spawned)      STARTING          tries 1
            2s      exit 1         BACKOFF           tries 2
            4s      (deadline)     STARTING !Spawn   tries 2
            4s      (spawned)      STARTING          tries 2
            4.5s    exit 1         BACKOFF           tries 3
            7.5s    (deadline)     STARTING !Spawn   tries 3
            7.5s    (spawned)      STARTING          tries 3
            8s      exit 1         BACKOFF           tries 4
            8s      (deadline)     FATAL
            99s     wait           FATAL
        "#]],
    );
}

#[test]
fn the_waits_before_retries_are_1_2_3_seconds() {
    check(
        "startretries=4",
        "0 spawnfail | 0 start | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawn failed) BACKOFF           tries 1
            1s      (deadline)     STARTING !Spawn   tries 1
            1s      (spawn failed) BACKOFF           tries 2
            3s      (deadline)     STARTING !Spawn   tries 2
            3s      (spawn failed) BACKOFF           tries 3
            6s      (deadline)     STARTING !Spawn   tries 3
            6s      (spawn failed) BACKOFF           tries 4
            10s     (deadline)     STARTING !Spawn   tries 4
            10s     (spawn failed) BACKOFF           tries 5
            10s     (deadline)     FATAL
            99s     wait           FATAL
        "#]],
    );
}

#[test]
fn startretries_0_is_fatal_after_the_first_failure() {
    check(
        "startretries=0",
        "0 start | 0.5 exit 1",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            0.5s    (deadline)     FATAL
        "#]],
    );
}

#[test]
fn fatal_stays_until_somebody_asks() {
    check(
        "startretries=0",
        "0 spawnfail | 0 start | 999 wait | 999 spawnok | 999 start | 1000 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawn failed) BACKOFF           tries 1
            0s      (deadline)     FATAL
            999s    wait           FATAL
            999s    start          STARTING !Spawn   tries 0
            999s    (spawned)      STARTING          tries 0
            1000s   (deadline)     RUNNING
            1000s   wait           RUNNING
        "#]],
    );
}

#[test]
fn a_start_from_fatal_has_all_its_retries_again() {
    check(
        "startretries=1",
        "0 spawnfail | 0 start | 5 start | 9 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawn failed) BACKOFF           tries 1
            1s      (deadline)     STARTING !Spawn   tries 1
            1s      (spawn failed) BACKOFF           tries 2
            1s      (deadline)     FATAL
            5s      start          STARTING !Spawn   tries 0
            5s      (spawn failed) BACKOFF           tries 1
            6s      (deadline)     STARTING !Spawn   tries 1
            6s      (spawn failed) BACKOFF           tries 2
            6s      (deadline)     FATAL
            9s      wait           FATAL
        "#]],
    );
}

#[test]
fn reaching_running_resets_the_retry_counter() {
    check(
        "startretries=1 autorestart=true",
        "0 start | 0.5 exit 1 | 5 exit 1 | 5.5 exit 1 | 9 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            1.5s    (deadline)     STARTING !Spawn   tries 1
            1.5s    (spawned)      STARTING          tries 1
            2.5s    (deadline)     RUNNING
            5s      exit 1         EXITED            not expected
            5s      (deadline)     STARTING !Spawn   tries 0
            5s      (spawned)      STARTING          tries 0
            5.5s    exit 1         BACKOFF           tries 1
            6.5s    (deadline)     STARTING !Spawn   tries 1
            6.5s    (spawned)      STARTING          tries 1
            7.5s    (deadline)     RUNNING
            9s      wait           RUNNING
        "#]],
    );
}

#[test]
fn a_stop_in_backoff_is_done_at_once() {
    check(
        "",
        "0 start | 0.5 exit 1 | 1 stop | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            1s      stop           STOPPED
            99s     wait           STOPPED
        "#]],
    );
}

// Supervisor keeps the old counter here, and so gives up sooner than `startretries` says.
#[test]
fn a_stop_in_backoff_resets_the_retry_counter() {
    check(
        "startretries=1",
        "0 spawnfail | 0 start | 0.5 stop | 1 start | 9 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawn failed) BACKOFF           tries 1
            0.5s    stop           STOPPED
            1s      start          STARTING !Spawn   tries 0
            1s      (spawn failed) BACKOFF           tries 1
            2s      (deadline)     STARTING !Spawn   tries 1
            2s      (spawn failed) BACKOFF           tries 2
            2s      (deadline)     FATAL
            9s      wait           FATAL
        "#]],
    );
}

#[test]
fn a_stop_while_starting_resets_the_retry_counter() {
    check(
        "startretries=1",
        "0 start | 0.5 exit 1 | 1.6 stop | 1.7 exit 0 | 2 start | 2.5 exit 1",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            1.5s    (deadline)     STARTING !Spawn   tries 1
            1.5s    (spawned)      STARTING          tries 1
            1.6s    stop           STOPPING !Signal
            1.7s    exit 0         STOPPED
            2s      start          STARTING !Spawn   tries 0
            2s      (spawned)      STARTING          tries 0
            2.5s    exit 1         BACKOFF           tries 1
        "#]],
    );
}

#[test]
fn a_restart_in_backoff_does_not_wait_for_the_retry() {
    check(
        "",
        "0 spawnfail | 0 start | 2 spawnok | 2.5 restart",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawn failed) BACKOFF           tries 1
            1s      (deadline)     STARTING !Spawn   tries 1
            1s      (spawn failed) BACKOFF           tries 2
            2.5s    restart        STOPPED           then start
            2.5s    (deadline)     STARTING !Spawn   tries 0
            2.5s    (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn halt_in_backoff_is_fatal() {
    check(
        "",
        "0 start | 0.5 exit 1 | 1 halt | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            1s      halt           FATAL
            99s     wait           FATAL
        "#]],
    );
}

#[test]
fn start_is_refused_in_starting_running_and_backoff() {
    check(
        "",
        "0 start | 0 start | 1 start | 2 exit 1 | 2.5 exit 1 | 2.6 start",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0s      start          STARTING refused: already started
            1s      (deadline)     RUNNING
            1s      start          RUNNING  refused: already started
            2s      exit 1         EXITED            not expected
            2s      (deadline)     STARTING !Spawn   tries 0
            2s      (spawned)      STARTING          tries 0
            2.5s    exit 1         BACKOFF           tries 1
            2.6s    start          BACKOFF  refused: already started
        "#]],
    );
}
