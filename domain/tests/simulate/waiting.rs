//! Requirements.

use crate::setting::check;
use expect_test::expect;

#[test]
fn a_chain_starts_in_order_as_each_is_ready() {
    check(
        "c requires=b | b requires=a | a ready=notify",
        "a: ready after 3s",
        expect![[r#"
                 0 a      STOPPED > STARTING [autostart]
                 0 b      STOPPED > WAITING [autostart], waits for a
                 0 c      STOPPED > WAITING [autostart], waits for b
                 1 a      STARTING > RUNNING [startsecs]
                 3 a      ready
                 3 b      WAITING > STARTING [requires]
                 4 b      STARTING > RUNNING [startsecs]
                 4 c      WAITING > STARTING [requires]
                 5 c      STARTING > RUNNING [startsecs]
                 5 -      # shutdown
                 5 c      RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                 5 b      RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                 5 a      RUNNING > STOPPING [shutdown], not ready, SIGTERM, STOPPING > STOPPED [exit]
            Settled at 5, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn while_something_is_missing_an_early_end_does_not_count() {
    check(
        "web requires=db startretries=0 startsecs=5 | db",
        "web: runs 2s, exit 1 then runs forever | at 2s: stop db | at 10s: start db",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart]
                 0 web    STOPPED > WAITING [autostart], waits for db
                 1 db     STARTING > RUNNING [startsecs]
                 1 web    WAITING > STARTING [requires]
                 2 -      # stop db
                 2 db     RUNNING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit]
                 3 web    STARTING > WAITING [exit], waits for db: STOPPED
                10 -      # start db
                10 db     STOPPED > STARTING [asked]
                10 web    waits for db
                11 db     STARTING > RUNNING [startsecs]
                11 web    WAITING > STARTING [requires]
                16 web    STARTING > RUNNING [startsecs]
                16 -      # shutdown
                16 web    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                16 db     RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 16, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_start_brings_up_what_it_requires_unless_it_is_to_be_alone() {
    check(
        "web requires=db autostart=false | db autostart=false",
        "at 1s: start web --no-deps | at 2s: stop web | at 3s: start web",
        expect![[r#"
                 1 -      # start web --no-deps
                 1 web    STOPPED > WAITING [asked], WAITING > STARTING [requires]
                 2 web    STARTING > RUNNING [startsecs]
                 2 -      # stop web
                 2 web    RUNNING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit]
                 3 -      # start web
                 3 web    STOPPED > WAITING [asked], waits for db: STOPPED
                 3 db     STOPPED > STARTING [requires]
                 3 web    waits for db
                 4 db     STARTING > RUNNING [startsecs]
                 4 web    WAITING > STARTING [requires]
                 5 web    STARTING > RUNNING [startsecs]
                 5 -      # shutdown
                 5 web    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                 5 db     RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 5, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_loss_restarts_those_who_say_so() {
    check(
        "web requires=db requires_restart=restart | db",
        "at 3s: kill db",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart]
                 0 web    STOPPED > WAITING [autostart], waits for db
                 1 db     STARTING > RUNNING [startsecs]
                 1 web    WAITING > STARTING [requires]
                 2 web    STARTING > RUNNING [startsecs]
                 3 -      # kill db
                 3 db     RUNNING > EXITED [exit], EXITED > STARTING [autorestart]
                 3 web    RUNNING > STOPPING [requires_restart], SIGTERM, STOPPING > STOPPED [exit], STOPPED > WAITING [restart], waits for db
                 4 db     STARTING > RUNNING [startsecs]
                 4 web    WAITING > STARTING [requires]
                 5 web    STARTING > RUNNING [startsecs]
                 5 -      # shutdown
                 5 web    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                 5 db     RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 5, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn whoever_requires_a_probe_waits_while_it_is_red() {
    check(
        "web requires=probe:mysql startretries=0",
        "web: runs 0.5s, exit 1 *1 then runs forever | at 0s: probe mysql red | at 9s: probe mysql green",
        expect![[r#"
                 0 -      # probe mysql red
                 0 web    STOPPED > WAITING [autostart], waits for probe:mysql: red
                 9 -      # probe mysql green
                 9 web    WAITING > STARTING [requires]
               9.5 web    STARTING > BACKOFF [exit], BACKOFF > FATAL [startretries]
               9.5 -      # shutdown
            Settled at 9.5, stop Some(0.0), well false
        "#]],
    );
}

#[test]
fn what_it_waits_for_is_told_at_each_wait_anew_and_once() {
    check(
        "db ready=notify ready_timeout=0 | web requires=db",
        "db: never ready | at 5s: restart web | at 9s: stop web | at 10s: start web | at 12s: start web",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart]
                 0 web    STOPPED > WAITING [autostart], waits for db
                 1 db     STARTING > RUNNING [startsecs]
                 5 -      # restart web
                 5 web    WAITING > STOPPED [asked], STOPPED > WAITING [restart], waits for db
                 9 -      # stop web
                 9 web    WAITING > STOPPED [asked]
                10 -      # start web
                10 web    STOPPED > WAITING [asked], waits for db
                12 -      # start web
                12 -      # shutdown
                12 web    WAITING > STOPPED [shutdown]
                12 db     RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 12, stop Some(0.0), well true
        "#]],
    );
}
