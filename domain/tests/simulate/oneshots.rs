//! Oneshots that others wait for: in turn, or by what they require.

use crate::setting::check;
use expect_test::expect;

#[test]
fn the_turn_after_a_oneshot_comes_when_its_work_is_done() {
    check(
        "g:job type=oneshot autorestart=unexpected | g:web | @g strategy=one_for_all intensity=3",
        "g:job: runs 5s, exit 0",
        expect![[r#"
                 0 g:job  STOPPED > STARTING [autostart]
                 1 g:job  STARTING > RUNNING [startsecs]
                 5 g:job  RUNNING > EXITED [exit]
                 5 g:web  STOPPED > STARTING [autostart]
                 6 g:web  STARTING > RUNNING [startsecs]
                 6 group g is up
                 6 -      # shutdown
                 6 g:web  RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 6, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn the_turn_after_a_oneshot_that_tells_when_it_is_ready_comes_then() {
    check(
        "g:job type=oneshot autorestart=unexpected ready=notify | g:web | @g strategy=one_for_all intensity=3",
        "g:job: ready after 2s; runs 5s, exit 0",
        expect![[r#"
                 0 g:job  STOPPED > STARTING [autostart]
                 1 g:job  STARTING > RUNNING [startsecs]
                 2 g:job  ready
                 2 g:web  STOPPED > STARTING [autostart]
                 3 g:web  STARTING > RUNNING [startsecs]
                 3 group g is up
                 5 g:job  RUNNING > EXITED [exit]
                 5 -      # shutdown
                 5 g:web  RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 5, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_oneshot_that_fails_late_is_a_start_that_failed() {
    check(
        "g:job type=oneshot autorestart=unexpected | g:web | @g strategy=rest_for_one intensity=3",
        "g:job: runs 5s, exit 1 then runs 5s, exit 0",
        expect![[r#"
                 0 g:job  STOPPED > STARTING [autostart]
                 1 g:job  STARTING > RUNNING [startsecs]
                 5 g:job  RUNNING > EXITED [exit]
                 5 group g job failed; starting job, web (2 of 3 restarts are left within 5 s)
                 5 g:job  EXITED > STARTING [strategy]
                 6 g:job  STARTING > RUNNING [startsecs]
                10 g:job  RUNNING > EXITED [exit]
                10 g:web  STOPPED > STARTING [strategy]
                11 g:web  STARTING > RUNNING [startsecs]
                11 group g is up
                11 -      # shutdown
                11 g:web  RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 11, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_oneshot_that_is_required_is_there_when_its_work_is_done() {
    check(
        "job type=oneshot | late requires=job autostart=false | web requires=job requires_restart=restart",
        "job: runs 5s, exit 0 | at 9s: start late",
        expect![[r#"
                 0 job    STOPPED > STARTING [autostart]
                 0 web    STOPPED > WAITING [autostart], waits for job
                 1 job    STARTING > RUNNING [startsecs]
                 5 job    RUNNING > EXITED [exit]
                 5 web    WAITING > STARTING [requires]
                 6 web    STARTING > RUNNING [startsecs]
                 9 -      # start late
                 9 late   STOPPED > STARTING [asked]
                10 late   STARTING > RUNNING [startsecs]
                10 -      # shutdown
                10 web    RUNNING > STOPPING [shutdown], SIGTERM
                10 late   RUNNING > STOPPING [shutdown], SIGTERM
                10 web    STOPPING > STOPPED [exit]
                10 late   STOPPING > STOPPED [exit]
            Settled at 10, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn one_that_is_required_as_running_is_so_before_its_work_is_done() {
    check(
        "job type=oneshot | web requires=job/running",
        "job: runs 5s, exit 0",
        expect![[r#"
                 0 job    STOPPED > STARTING [autostart]
                 0 web    STOPPED > WAITING [autostart], waits for job
                 1 job    STARTING > RUNNING [startsecs]
                 1 web    WAITING > STARTING [requires]
                 2 web    STARTING > RUNNING [startsecs]
                 5 job    RUNNING > EXITED [exit]
                 5 -      # shutdown
                 5 web    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 5, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn one_that_tells_when_it_is_ready_is_there_then_and_when_its_work_is_done() {
    check(
        "job type=oneshot ready=notify | late requires=job autostart=false | web requires=job",
        "job: ready after 2s; runs 5s, exit 0 | at 9s: start late",
        expect![[r#"
                 0 job    STOPPED > STARTING [autostart]
                 0 web    STOPPED > WAITING [autostart], waits for job
                 1 job    STARTING > RUNNING [startsecs]
                 2 job    ready
                 2 web    WAITING > STARTING [requires]
                 3 web    STARTING > RUNNING [startsecs]
                 5 job    RUNNING > EXITED [exit]
                 9 -      # start late
                 9 late   STOPPED > STARTING [asked]
                10 late   STARTING > RUNNING [startsecs]
                10 -      # shutdown
                10 web    RUNNING > STOPPING [shutdown], SIGTERM
                10 late   RUNNING > STOPPING [shutdown], SIGTERM
                10 web    STOPPING > STOPPED [exit]
                10 late   STOPPING > STOPPED [exit]
            Settled at 10, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_oneshot_that_has_failed_for_good_is_not_there() {
    check(
        "job type=oneshot autorestart=false | web requires=job",
        "job: runs 5s, exit 1",
        expect![[r#"
                 0 job    STOPPED > STARTING [autostart]
                 0 web    STOPPED > WAITING [autostart], waits for job
                 1 job    STARTING > RUNNING [startsecs]
                 5 job    RUNNING > EXITED [exit]
                 5 web    waits for job: EXITED
                 5 -      # shutdown
                 5 web    WAITING > STOPPED [shutdown]
            Settled at 5, stop Some(0.0), well true
        "#]],
    );
}
