//! A restart is a stop and a start, and whoever speaks last wins: one test a rule.

use crate::script::check;
use expect_test::expect;

#[test]
fn a_restart_stops_then_starts() {
    check(
        "",
        "0 start | 5 restart | 6 exit 0 | 8 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      restart        STOPPING !Signal  then start
            6s      exit 0         STOPPED           then start
            6s      (deadline)     STARTING !Spawn   tries 0
            6s      (spawned)      STARTING          tries 0
            7s      (deadline)     RUNNING
            8s      wait           RUNNING
        "#]],
    );
}

#[test]
fn a_restart_waits_for_a_stubborn_process() {
    check(
        "stopwaitsecs=3",
        "0 start | 5 restart | 11.5 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      restart        STOPPING !Signal  then start
            8s      (deadline)     STOPPING !Kill    then start
            11s     (deadline)     STOPPING !Kill    then start
            11.5s   exit SIGKILL   STOPPED           then start
            11.5s   (deadline)     STARTING !Spawn   tries 0
            11.5s   (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn a_restart_of_what_is_down_is_a_start() {
    check(
        "startretries=0",
        "0 restart | 5 exit 0 | 6 restart | 6.5 exit 1 | 8 restart",
        expect![[r#"
            0s      restart        STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      exit 0         EXITED            expected
            6s      restart        STARTING !Spawn   tries 0
            6s      (spawned)      STARTING          tries 0
            6.5s    exit 1         BACKOFF           tries 1
            6.5s    (deadline)     FATAL
            8s      restart        STARTING !Spawn   tries 0
            8s      (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn a_restart_while_starting_begins_anew() {
    check(
        "startsecs=5",
        "0 start | 2 restart | 3 exit 0 | 8 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            2s      restart        STOPPING !Signal  then start
            3s      exit 0         STOPPED           then start
            3s      (deadline)     STARTING !Spawn   tries 0
            3s      (spawned)      STARTING          tries 0
            8s      (deadline)     RUNNING
            8s      wait           RUNNING
        "#]],
    );
}

#[test]
fn a_restart_while_stopping_follows_the_stop() {
    check(
        "stopwaitsecs=3",
        "0 start | 5 stop | 7 restart | 8.5 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            7s      restart        STOPPING          then start
            8s      (deadline)     STOPPING !Kill    then start
            8.5s    exit SIGKILL   STOPPED           then start
            8.5s    (deadline)     STARTING !Spawn   tries 0
            8.5s    (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn stop_during_restart_wins() {
    check(
        "",
        "0 start | 5 restart | 6 stop | 7 exit 0 | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      restart        STOPPING !Signal  then start
            6s      stop           STOPPING
            7s      exit 0         STOPPED
            99s     wait           STOPPED
        "#]],
    );
}

#[test]
fn halt_during_restart_wins() {
    check(
        "",
        "0 start | 5 restart | 6 halt | 7 exit 0 | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      restart        STOPPING !Signal  then start
            6s      halt           STOPPING
            7s      exit 0         STOPPED
            99s     wait           STOPPED
        "#]],
    );
}

#[test]
fn a_stop_between_the_halves_of_a_restart_wins() {
    check(
        "",
        "0 start | 5 restart | 6 exit 0 & stop | 99 wait",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      restart        STOPPING !Signal  then start
            6s      exit 0         STOPPED           then start
            6s      stop           STOPPED
            99s     wait           STOPPED
        "#]],
    );
}

#[test]
fn a_restart_before_the_spawn_is_reported_starts_once_more() {
    check(
        "",
        "0 spawnhang | 0 start | 1 restart | 2 spawned | 3 exit SIGTERM",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            1s      restart        STOPPING          then start
            2s      spawned        STOPPING !Signal  then start
            3s      exit SIGTERM   STOPPED           then start
            3s      (deadline)     STARTING !Spawn   tries 0
        "#]],
    );
}

#[test]
fn a_job_that_ends_at_once_starts_once_a_second() {
    check(
        "startsecs=0 autorestart=true",
        "0 start | 0.1 exit 0 | 1.2 exit 0 | 2.5 exit 0",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0s      (deadline)     RUNNING
            0.1s    exit 0         EXITED            expected
            1s      (deadline)     STARTING !Spawn   tries 0
            1s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            1.2s    exit 0         EXITED            expected
            2s      (deadline)     STARTING !Spawn   tries 0
            2s      (spawned)      STARTING          tries 0
            2s      (deadline)     RUNNING
            2.5s    exit 0         EXITED            expected
        "#]],
    );
}
