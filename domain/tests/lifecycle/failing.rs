//! Processes that are ended because they are not ready in time, or not healthy any more.

use crate::script::check;
use expect_test::expect;

#[test]
fn what_is_never_ready_is_a_failed_start_however_long_it_took() {
    check(
        "startretries=1",
        "0 start | 5 notready | 6 exit 0 | 20 notready | 21 exit SIGTERM | 30 wait",
        expect![[r"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        5s      notready       STOPPING !Signal  then fail, tries 0
        6s      exit 0         BACKOFF           tries 1
        7s      (deadline)     STARTING !Spawn   tries 1
        7s      (spawned)      STARTING          tries 1
        8s      (deadline)     RUNNING
        20s     notready       STOPPING !Signal  then fail, tries 1
        21s     exit SIGTERM   BACKOFF           tries 2
        21s     (deadline)     FATAL
        30s     wait           FATAL
    "]],
    );
}

#[test]
fn it_is_tried_again_whatever_autorestart_says() {
    check(
        "autorestart=false startsecs=10",
        "0 start | 3 notready | 4 exit 0 | 5 wait",
        expect![[r"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        3s      notready       STOPPING !Signal  then fail, tries 0
        4s      exit 0         BACKOFF           tries 1
        5s      (deadline)     STARTING !Spawn   tries 1
        5s      (spawned)      STARTING          tries 1
        5s      wait           STARTING          tries 1
    "]],
    );
}

#[test]
fn what_is_not_healthy_ends_unexpectedly_whatever_its_exit_code() {
    check(
        "exitcodes=0",
        "0 start | 9 unhealthy | 10 exit 0 | 20 wait",
        expect![[r"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        9s      unhealthy      STOPPING !Signal  then exit
        10s     exit 0         EXITED            not expected
        10s     (deadline)     STARTING !Spawn   tries 0
        10s     (spawned)      STARTING          tries 0
        11s     (deadline)     RUNNING
        20s     wait           RUNNING
    "]],
    );
    check(
        "autorestart=false",
        "0 start | 9 unhealthy | 10 exit 0 | 20 wait",
        expect![[r"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        9s      unhealthy      STOPPING !Signal  then exit
        10s     exit 0         EXITED            not expected
        20s     wait           EXITED            not expected
    "]],
    );
}

#[test]
fn one_that_does_not_end_is_killed_as_in_any_stop() {
    check(
        "stopwaitsecs=2 startretries=0",
        "0 start | 5 unhealthy | 8 exit SIGKILL | 8.5 wait",
        expect![[r"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        5s      unhealthy      STOPPING !Signal  then exit
        7s      (deadline)     STOPPING !Kill    then exit
        8s      exit SIGKILL   EXITED            not expected
        8s      (deadline)     STARTING !Spawn   tries 0
        8s      (spawned)      STARTING          tries 0
        8.5s    wait           STARTING          tries 0
    "]],
    );
}

#[test]
fn a_stop_wins_and_a_restart_follows_its_own_way() {
    check(
        "",
        "0 start | 5 notready | 6 stop | 7 exit 0 | 30 wait",
        expect![[r"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        5s      notready       STOPPING !Signal  then fail, tries 0
        6s      stop           STOPPING
        7s      exit 0         STOPPED
        30s     wait           STOPPED
    "]],
    );
    check(
        "",
        "0 start | 5 unhealthy | 6 restart | 7 exit 0 | 7.5 halt",
        expect![[r"
        0s      start          STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        5s      unhealthy      STOPPING !Signal  then exit
        6s      restart        STOPPING          then start
        7s      exit 0         STOPPED           then start
        7s      (deadline)     STARTING !Spawn   tries 0
        7s      (spawned)      STARTING          tries 0
        7.5s    halt           STOPPING !Signal
    "]],
    );
}
