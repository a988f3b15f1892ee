//! Hooks and `stop_command`: how long they take, and what they hold up.

use crate::setting::check;
use expect_test::expect;

#[test]
fn pre_start_comes_before_the_process_and_post_start_once_it_is_ready() {
    check(
        "db pre_start=x post_start=x ready=notify startsecs=0 | web requires=db",
        "db: pre_start takes 2s; ready after 3s; post_start takes 4s, exit 1",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], runs pre_start
                 0 web    STOPPED > WAITING [autostart], waits for db
                 2 db     STARTING > RUNNING [startsecs]
                 5 db     ready, runs post_start
                 5 web    WAITING > STARTING [requires]
                 6 web    STARTING > RUNNING [startsecs]
                 9 db     post_start failed: exit status 1
                 9 -      # shutdown
                 9 web    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                 9 db     RUNNING > STOPPING [shutdown], not ready, SIGTERM, STOPPING > STOPPED [exit]
            Settled at 9, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_pre_start_that_fails_is_a_failed_start() {
    check(
        "db pre_start=x startretries=1",
        "db: pre_start takes 1s, exit 3",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], runs pre_start
                 1 db     pre_start failed: exit status 3, STARTING > BACKOFF [spawnerr]
                 2 db     BACKOFF > STARTING [retry], runs pre_start
                 3 db     pre_start failed: exit status 3, STARTING > BACKOFF [spawnerr], BACKOFF > FATAL [startretries]
                 3 -      # shutdown
            Settled at 3, stop Some(0.0), well false
        "#]],
    );
}

#[test]
fn a_hook_that_takes_too_long_is_killed() {
    check(
        "db pre_start=x startretries=0 hook_timeout=2",
        "db: pre_start takes 1m",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], runs pre_start
                 2 db     pre_start failed: did not end within 2s and was killed, STARTING > BACKOFF [spawnerr], BACKOFF > FATAL [startretries]
                 2 -      # shutdown
            Settled at 2, stop Some(0.0), well false
        "#]],
    );
}

#[test]
fn a_stop_calls_off_a_pre_start() {
    check(
        "db pre_start=x",
        "db: pre_start takes 9s | at 1s: stop db | until 20s",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], runs pre_start
                 1 -      # stop db
                 1 db     STARTING > STOPPING [asked], pre_start failed: killed: the process is to be stopped, STOPPING > STOPPED [spawnerr]
                 1 -      # shutdown
            Settled at 1, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_stop_runs_pre_stop_then_the_command_and_waits_for_post_stop() {
    check(
        "db pre_stop=x stop_command=x post_stop=x startsecs=0 | web requires=db startsecs=0 post_stop=x",
        "db: pre_stop takes 1s; stop_command takes 2s; stops after 3s; post_stop takes 4s | web: post_stop takes 5s",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 web    STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 -      # shutdown
                 0 web    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit], runs post_stop
                 5 db     RUNNING > STOPPING [shutdown], runs pre_stop
                 6 db     runs stop_command
                11 db     STOPPING > STOPPED [exit], runs post_stop
            Settled at 0, stop Some(15.0), well true
        "#]],
    );
}

#[test]
fn a_stop_command_that_fails_is_followed_by_the_signal() {
    check(
        "db stop_command=x startsecs=0",
        "db: stop_command takes 2s, exit 1; stops after 1s | at 5s: stop db",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 5 -      # stop db
                 5 db     RUNNING > STOPPING [asked], runs stop_command
                 7 db     stop_command failed: exit status 1, SIGTERM
                 8 db     STOPPING > STOPPED [exit]
                 8 -      # shutdown
            Settled at 8, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_stop_command_in_vain_is_followed_by_sigkill() {
    check(
        "db stop_command=x startsecs=0 stopwaitsecs=3",
        "db: stop_command takes 1s; ignores TERM, stop_command | at 5s: stop db",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 5 -      # stop db
                 5 db     RUNNING > STOPPING [asked], runs stop_command
                 8 db     SIGKILL, STOPPING > STOPPED [exit]
                 8 -      # shutdown
            Settled at 8, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn the_next_start_waits_for_post_stop_of_the_one_before() {
    check(
        "db post_stop=x startsecs=0 autorestart=true",
        "db: runs 2s, exit 1 *1 then runs forever; post_stop takes 3s | until 9s",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 2 db     RUNNING > EXITED [exit], runs post_stop, EXITED > STARTING [autorestart]
                 5 db     STARTING > RUNNING [startsecs]
                 5 -      # shutdown
                 5 db     RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit], runs post_stop
            Settled at 5, stop Some(3.0), well true
        "#]],
    );
}

#[test]
fn what_is_out_of_reach_is_left_as_it_is() {
    check(
        "db startsecs=0",
        "db: out of reach | at 2s: stop db",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 2 -      # stop db
                 2 db     RUNNING > STOPPING [asked], STOPPING > UNKNOWN [unknown]
                 2 -      # shutdown
            Settled at 2, stop Some(0.0), well true
        "#]],
    );
}
