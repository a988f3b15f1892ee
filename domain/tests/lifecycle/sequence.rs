//! Stops by `stopsequence`, `stop_command` and after `pre_stop`.

use crate::script::check;
use expect_test::expect;

#[test]
fn each_signal_of_a_sequence_has_its_time_and_sigkill_follows_the_last() {
    check(
        "stopsequence=TERM:3s,INT:2s,KILL",
        "0 start | 5 stop | 7.9 wait | 13 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            7.9s    wait           STOPPING
            8s      (deadline)     STOPPING !Signal1
            10s     (deadline)     STOPPING !Kill
            12s     (deadline)     STOPPING !Kill
            13s     exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn a_process_that_ends_by_the_second_signal_hears_no_third() {
    check(
        "stopsequence=TERM:3s,INT:2s",
        "0 start | 5 restart | 8.5 exit 0",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      restart        STOPPING !Signal  then start
            8s      (deadline)     STOPPING !Signal1 then start
            8.5s    exit 0         STOPPED           then start
            8.5s    (deadline)     STARTING !Spawn   tries 0
            8.5s    (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn with_a_sequence_stopwaitsecs_has_no_say() {
    check(
        "stopsequence=INT:2s stopwaitsecs=100",
        "0 start | 5 stop | 8 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            7s      (deadline)     STOPPING !Kill
            8s      exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn kill_alone_is_sent_at_once_and_once_a_second() {
    check(
        "stopsequence=KILL",
        "0 start | 5 stop | 6.5 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Kill
            6s      (deadline)     STOPPING !Kill
            6.5s    exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn signals_without_time_follow_each_other_at_once() {
    check(
        "stopsequence=TERM:0,INT:0",
        "0 start | 5 stop | 5.5 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !Signal
            5s      (deadline)     STOPPING !Signal1
            5s      (deadline)     STOPPING !Kill
            5.5s    exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn another_request_does_not_begin_the_sequence_anew() {
    check(
        "stopsequence=TERM:3s,INT:2s",
        "0 start | 5 restart | 6 stop | 8.5 restart | 9 halt | 10.5 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      restart        STOPPING !Signal  then start
            6s      stop           STOPPING
            8s      (deadline)     STOPPING !Signal1
            8.5s    restart        STOPPING          then start
            9s      halt           STOPPING
            10s     (deadline)     STOPPING !Kill
            10.5s   exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn a_stop_command_that_ends_well_has_the_first_wait() {
    check(
        "stop_command=x stopsequence=TERM:5s,INT:2s",
        "0 start | 5 stop | 6 commanddone | 14 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !StopCommand
            6s      commanddone    STOPPING
            10s     (deadline)     STOPPING !Signal1
            12s     (deadline)     STOPPING !Kill
            14s     (deadline)     STOPPING !Kill
            14s     exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn a_stop_command_that_fails_is_followed_by_the_first_signal_at_once() {
    check(
        "stop_command=x stopwaitsecs=5",
        "0 start | 5 stop | 6 commandfailed | 12 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !StopCommand
            6s      commandfailed  STOPPING !Signal
            11s     (deadline)     STOPPING !Kill
            12s     exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn a_stop_command_that_hangs_is_followed_by_the_first_signal_after_its_wait() {
    check(
        "stop_command=x stopwaitsecs=5",
        "0 start | 5 stop | 11 commanddone | 12 exit 0",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !StopCommand
            10s     (deadline)     STOPPING !Signal
            11s     commanddone    STOPPING
            12s     exit 0         STOPPED
        "#]],
    );
}

#[test]
fn the_process_is_told_to_end_when_pre_stop_is_over() {
    check(
        "pre_stop=9s stopwaitsecs=5",
        "0 start | 5 restart | 7 hookover | 8 exit 0 | 9 hookover",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      restart        STOPPING !PreStop then start
            7s      hookover       STOPPING !Signal  then start
            8s      exit 0         STOPPED           then start
            8s      (deadline)     STARTING !Spawn   tries 0
            8s      (spawned)      STARTING          tries 0
            9s      (deadline)     RUNNING
            9s      hookover       RUNNING
        "#]],
    );
}

#[test]
fn a_pre_stop_that_hangs_holds_up_nothing_for_longer_than_its_limit() {
    check(
        "pre_stop=3s stop_command=x stopwaitsecs=2",
        "0 start | 5 stop | 13 exit SIGKILL",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !PreStop
            8s      (deadline)     STOPPING !StopCommand
            10s     (deadline)     STOPPING !Signal
            12s     (deadline)     STOPPING !Kill
            13s     exit SIGKILL   STOPPED
        "#]],
    );
}

#[test]
fn a_process_that_ends_during_pre_stop_is_down() {
    check(
        "pre_stop=3s",
        "0 start | 5 stop | 6 exit 0 | 7 hookover",
        expect![[r#"
            0s      start          STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            1s      (deadline)     RUNNING
            5s      stop           STOPPING !PreStop
            6s      exit 0         STOPPED
            7s      hookover       STOPPED
        "#]],
    );
}
