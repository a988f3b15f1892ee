//! Single processes.

use crate::setting::{check, run, setting};
use expect_test::expect;
use treeherd_domain::simulate::End;

#[test]
fn a_crash_loop_ends_in_fatal() {
    check(
        "web startretries=1",
        "web: runs 0.2s, exit 1",
        expect![[r#"
                 0 web    STOPPED > STARTING [autostart]
               0.2 web    STARTING > BACKOFF [exit]
               1.2 web    BACKOFF > STARTING [retry]
               1.4 web    STARTING > BACKOFF [exit], BACKOFF > FATAL [startretries]
               1.4 -      # shutdown
            Settled at 1.4, stop Some(0.0), well false
        "#]],
    );
}

#[test]
fn each_start_takes_the_next_run() {
    check(
        "web",
        "web: runs 2s, exit 1 *2 then fails to start then runs 3s, killed by SEGV then runs forever | until 20s",
        expect![[r#"
                 0 web    STOPPED > STARTING [autostart]
                 1 web    STARTING > RUNNING [startsecs]
                 2 web    RUNNING > EXITED [exit], EXITED > STARTING [autorestart]
                 3 web    STARTING > RUNNING [startsecs]
                 4 web    RUNNING > EXITED [exit], EXITED > STARTING [autorestart], STARTING > BACKOFF [spawnerr]
                 5 web    BACKOFF > STARTING [retry]
                 6 web    STARTING > RUNNING [startsecs]
                 8 web    RUNNING > EXITED [exit], EXITED > STARTING [autorestart]
                 9 web    STARTING > RUNNING [startsecs]
                 9 -      # shutdown
                 9 web    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 9, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_stop_that_is_not_obeyed_ends_with_sigkill() {
    check(
        "web stopwaitsecs=3",
        "web: ignores TERM | at 5s: stop web | at 9s: start web",
        expect![[r#"
                 0 web    STOPPED > STARTING [autostart]
                 1 web    STARTING > RUNNING [startsecs]
                 5 -      # stop web
                 5 web    RUNNING > STOPPING [asked], (SIGTERM)
                 8 web    SIGKILL, STOPPING > STOPPED [exit]
                 9 -      # start web
                 9 web    STOPPED > STARTING [asked]
                10 web    STARTING > RUNNING [startsecs]
                10 -      # shutdown
                10 web    RUNNING > STOPPING [shutdown], (SIGTERM)
                13 web    SIGKILL, STOPPING > STOPPED [exit]
            Settled at 10, stop Some(3.0), well true
        "#]],
    );
}

#[test]
fn a_slow_stop_takes_its_time() {
    check(
        "web",
        "web: stops after 2.5s, exit 0 | at 5s: restart web | at 6s: signal HUP web",
        expect![[r#"
                 0 web    STOPPED > STARTING [autostart]
                 1 web    STARTING > RUNNING [startsecs]
                 5 -      # restart web
                 5 web    RUNNING > STOPPING [asked], SIGTERM
                 6 -      # signal HUP web
                 6 web    (SIGHUP)
               7.5 web    STOPPING > STOPPED [exit], STOPPED > STARTING [restart]
               8.5 web    STARTING > RUNNING [startsecs]
               8.5 -      # shutdown
               8.5 web    RUNNING > STOPPING [shutdown], SIGTERM
                11 web    STOPPING > STOPPED [exit]
            Settled at 8.5, stop Some(2.5), well true
        "#]],
    );
}

#[test]
fn a_kill_from_outside_is_an_end_like_any() {
    check(
        "web",
        "at 2s: kill web | at 2s: stop web | at 3s: kill web",
        expect![[r#"
                 0 web    STOPPED > STARTING [autostart]
                 1 web    STARTING > RUNNING [startsecs]
                 2 -      # kill web
                 2 web    RUNNING > EXITED [exit], EXITED > STARTING [autorestart]
                 2 -      # stop web
                 2 web    STARTING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit]
                 3 -      # kill web
                 3 web    refused: there is no process
                 3 -      # shutdown
            Settled at 3, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn an_unready_start_fails_and_an_unhealthy_process_is_started_again() {
    check(
        "db ready=notify ready_timeout=4 startretries=0",
        "db: never ready",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart]
                 1 db     STARTING > RUNNING [startsecs]
                 4 db     RUNNING > STOPPING [ready_timeout], SIGTERM, STOPPING > BACKOFF [exit], BACKOFF > FATAL [startretries]
                 4 -      # shutdown
            Settled at 4, stop Some(0.0), well false
        "#]],
    );
    check(
        "db health=tcp:1 health_interval=2",
        "at 5s: unhealthy db | at 12s: healthy db",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart]
                 1 db     STARTING > RUNNING [startsecs], healthy
                 5 -      # unhealthy db
                11 db     unhealthy, RUNNING > STOPPING [health], SIGTERM, STOPPING > EXITED [exit], EXITED > STARTING [autorestart]
                12 db     STARTING > RUNNING [startsecs]
                12 -      # healthy db
                14 db     healthy
                14 -      # shutdown
                14 db     RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 14, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_watchdog_bites_whoever_does_not_feed_it() {
    check(
        "db watchdog=3",
        "db: unhealthy after 7s for 5s | until 20s",
        expect![[r#"
                 0 db     STOPPED > STARTING [autostart]
                 1 db     STARTING > RUNNING [startsecs]
                 4 db     healthy
                 7 db     unhealthy, RUNNING > STOPPING [watchdog], SIGTERM, STOPPING > EXITED [exit], EXITED > STARTING [autorestart]
                 8 db     STARTING > RUNNING [startsecs]
                11 db     healthy
                14 db     unhealthy, RUNNING > STOPPING [watchdog], SIGTERM, STOPPING > EXITED [exit], EXITED > STARTING [autorestart]
                15 db     STARTING > RUNNING [startsecs]
                18 db     healthy
                20 -      # shutdown
                20 db     RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Until at 20, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn the_daemon_ends_group_by_group_in_reverse_order() {
    let script = "all: stops after 1s | at 3s: shutdown | at 4s: start a";
    check(
        "a priority=1 | b priority=2 | c priority=2",
        script,
        expect![[r#"
                 0 a      STOPPED > STARTING [autostart]
                 0 b      STOPPED > STARTING [autostart]
                 0 c      STOPPED > STARTING [autostart]
                 1 a      STARTING > RUNNING [startsecs]
                 1 b      STARTING > RUNNING [startsecs]
                 1 c      STARTING > RUNNING [startsecs]
                 3 -      # shutdown
                 3 c      RUNNING > STOPPING [shutdown], SIGTERM
                 4 c      STOPPING > STOPPED [exit]
                 4 b      RUNNING > STOPPING [shutdown], SIGTERM
                 4 -      # start a
                 4 a      refused: the daemon ends
                 5 b      STOPPING > STOPPED [exit]
                 5 a      RUNNING > STOPPING [shutdown], SIGTERM
                 6 a      STOPPING > STOPPED [exit]
            Shutdown at 6, stop Some(3.0), well true
        "#]],
    );
    let together = run(
        &setting("[supervisord] stop_order=parallel | a priority=1 | b priority=2 | c priority=2"),
        script,
    );
    assert_eq!(together.stop.map(|(_, took)| took.as_secs()), Some(2));
}

#[test]
fn a_oneshot_that_ended_well_is_completed_in_the_end() {
    let report = run(
        &setting("job type=oneshot | done type=oneshot | web"),
        "job: runs 3s, exit 1 | done: runs 0.5s | web: runs 2s",
    );
    let states: Vec<&str> = report.states.iter().map(|(_, state)| state.as_str()).collect();
    assert_eq!(states, ["COMPLETED", "FATAL", "EXITED"]);
    let ready: Vec<_> =
        report.started.iter().map(|one| one.ready.map(|ready| ready.as_secs_f64())).collect();
    assert_eq!(ready, [Some(0.5), None, Some(1.0)]);
}

#[test]
fn what_is_said_of_whom_nobody_asks_about_it_is_noted() {
    let setting = setting("web | db ready=notify | c health=tcp:1 ready=notify | w watchdog=3");
    let script = "web: never ready; unhealthy after 3s | at 1s: unhealthy db c w | at 2s: ready web c | at 3s: healthy all \
                  | at 4s: db: ready after 2s; unhealthy after 1s | at 5s: kill all | db: unhealthy after 1s";
    expect![[r#"
        web has no ready=: it is ready as soon as it is RUNNING (line 1)
        web has neither health= nor watchdog=: nobody sees that it is unhealthy (line 1)
        db has neither health= nor watchdog=: nobody sees that it is unhealthy (line 7)
        db has neither health= nor watchdog=: nobody sees that it is unhealthy (line 2)
        web has no ready=: it is ready as soon as it is RUNNING (line 3)
        db has neither health= nor watchdog=: nobody sees that it is unhealthy (line 5)
    "#]]
    .assert_eq(&(run(&setting, script).notes.join("\n") + "\n"));
}

#[test]
fn what_never_settles_is_looked_at_for_so_long_and_no_longer() {
    let report = run(&setting("web startsecs=0 autorestart=true"), "web: runs 0s");
    assert_eq!((report.end, report.is_well()), (End::Unsettled, false));
    assert_eq!(report.lasted.as_secs(), 600);
    let report = run(&setting("web startsecs=0 autorestart=true"), "web: runs 0s | until 99d");
    assert_eq!((report.end, report.is_well(), report.stop), (End::TooMany, false, None));
}

#[test]
fn checks_that_go_on_for_ever_do_not_keep_it_from_settling() {
    let report = run(&setting("db ready=tcp:1 health=tcp:1 watchdog=5"), "");
    assert_eq!(report.end, End::Settled);
    assert!(report.is_well());
}

#[test]
fn the_same_script_gives_the_same_lines() {
    let setting = setting("db ready=notify | web requires=db | c health=tcp:1");
    let script = "web: runs 0.3s, exit 1 *2 then runs forever | at 7s: kill db | c: unhealthy after 5s for 20s | until 90s";
    assert_eq!(run(&setting, script), run(&setting, script));
}
