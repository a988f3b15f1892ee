//! `restart_delay` and what belongs to it: what is read, and what is refused at which place.

use crate::support::Site;
use expect_test::{Expect, expect};
use std::time::Duration;
use treeherd_domain::restart::{Factor, Percent, RestartPolicy};

fn policy(keys: &str) -> RestartPolicy {
    let site = Site::new(&format!("[supervisord]\n[program:a]\ncommand=a\n{keys}"));
    let config = site.load().expect("the file is sound");
    (*config.groups[0].processes[0].restart).clone()
}

#[track_caller]
fn refused(keys: &str, expected: Expect) {
    expected.assert_eq(&Site::new(&format!("[supervisord]\n[program:a]\ncommand=a\n{keys}")).report());
}

#[test]
fn every_key_is_read() {
    let seconds = Duration::from_secs;
    let read = policy(
        "restart_delay=200ms\nrestart_delay_max=1h30m\nrestart_factor=1.5\nrestart_jitter=20%\n\
         restart_reset_after=90\nfatal_retry=5m\nmax_runtime=2d\n",
    );
    let expected = RestartPolicy {
        delay: vec![Duration::from_millis(200)],
        delay_max: Some(seconds(5400)),
        factor: Factor::parse("1.5"),
        jitter: Percent::parse("20%").expect("a percentage"),
        reset_after: Some(seconds(90)),
        fatal_retry: Some(seconds(300)),
        max_runtime: Some(seconds(172_800)),
    };
    assert_eq!(read, expected);
    assert_eq!(policy("restart_delay = 1s, 1s ,5s\n").delay, [1, 1, 5].map(seconds));
    assert_eq!(policy(""), RestartPolicy::default());
    assert_eq!(policy("fatal_retry=1m\nrestart_jitter=5%%\n").jitter.to_string(), "5%");
}

#[test]
fn a_percentage_is_refused_as_one_however_its_sign_is_written() {
    for (written, shown) in [("200%", "200%"), ("200%%", "200%"), ("half%", "half%"), ("7", "7")] {
        let text =
            format!("[supervisord]\n[program:a]\ncommand=a\nfatal_retry=1m\nrestart_jitter={written}\n");
        let report = Site::new(&text).report();
        let expected = format!("error: [program:a] restart_jitter: not a percentage: '{shown}'\n");
        assert!(report.starts_with(&expected), "{written}: {report}");
    }
}

#[test]
fn what_is_wrong_is_shown_at_its_place() {
    refused(
        "restart_delay=1s,soon,5s\nrestart_delay_max=\nrestart_factor=0.5\nrestart_jitter=120%%\n\
         restart_reset_after=5 minutes\nfatal_retry=0\nmax_runtime=500ms\n",
        expect![[r#"
            error: [program:a] restart_delay: not a span of time: 'soon'
             --> s.conf:4
              |
            4 | restart_delay=1s,soon,5s
              |                  ^^^^
              help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m

            error: [program:a] restart_delay_max: no span of time is given
             --> s.conf:5
              |
            5 | restart_delay_max=
              |                   ^
              help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m

            error: [program:a] restart_factor: not a factor from 1 to 100: '0.5'
             --> s.conf:6
              |
            6 | restart_factor=0.5
              |                ^^^
              help: write a number such as 2 or 1.5

            error: [program:a] restart_jitter: not a percentage: '120%'
             --> s.conf:7
              |
            7 | restart_jitter=120%%
              |                ^^^^^
              help: write a whole number from 0 to 100 and a percent sign, such as 20%

            error: [program:a] restart_reset_after: unknown unit of time: 'minutes'
             --> s.conf:8
              |
            8 | restart_reset_after=5 minutes
              |                       ^^^^^^^
              help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m

            error: [program:a] fatal_retry is less than a second: 0s
             --> s.conf:9
              |
            9 | fatal_retry=0
              |             ^
              help: write 1s or more, or leave the key out

            error: [program:a] max_runtime is less than a second: 500ms
              --> s.conf:10
               |
            10 | max_runtime=500ms
               |             ^^^^^
               help: write 1s or more, or leave the key out
        "#]],
    );
}

#[test]
fn what_would_have_no_effect_is_refused() {
    refused(
        "restart_delay_max=1m\nrestart_factor=2\nrestart_jitter=10%\nrestart_reset_after=1m\n",
        expect![[r#"
            error: [program:a] restart_delay_max has no effect without restart_delay
             --> s.conf:4
              |
            4 | restart_delay_max=1m
              |                   ^^
              help: write restart_delay, such as 1s; without it the waits are Supervisor's

            error: [program:a] restart_factor has no effect without restart_delay
             --> s.conf:5
              |
            5 | restart_factor=2
              |                ^
              help: write restart_delay, such as 1s; without it the waits are Supervisor's

            error: [program:a] restart_reset_after has no effect without restart_delay
             --> s.conf:7
              |
            7 | restart_reset_after=1m
              |                     ^^
              help: write restart_delay, such as 1s; without it the waits are Supervisor's

            error: [program:a] restart_jitter has no effect without restart_delay, fatal_retry or max_runtime
             --> s.conf:6
              |
            6 | restart_jitter=10%
              |                ^^^
              help: write restart_delay, such as 1s
        "#]],
    );
    refused(
        "restart_delay=1s,2s\nrestart_factor=2\n",
        expect![[r#"
            error: [program:a] restart_factor has no effect on a list in restart_delay
             --> s.conf:5
              |
            5 | restart_factor=2
              |                ^
              help: leave one of the two out: the list says every wait
        "#]],
    );
}

#[test]
fn a_oneshot_is_neither_ended_by_time_nor_a_listener() {
    refused(
        "type=once\n",
        expect![[r#"
            error: [program:a] not a type of program: 'once'
             --> s.conf:4
              |
            4 | type=once
              |      ^^^^
              help: write simple or oneshot
        "#]],
    );
    refused(
        "type=oneshot\nmax_runtime=1h\n",
        expect![[r#"
            error: [program:a] max_runtime is not for type=oneshot, which is not to be started again
             --> s.conf:5
              |
            5 | max_runtime=1h
              |             ^^
              help: leave it out, or limit the time in the command, as by timeout(1)
        "#]],
    );
    let text = "[supervisord]\n[eventlistener:a]\ncommand=a\nevents=TICK_5\ntype=oneshot\n";
    expect![[r#"
        error: [eventlistener:a] type=oneshot is not for what listens to events
         --> s.conf:5
          |
        5 | type=oneshot
          |      ^^^^^^^
          help: leave type out: it has to run as long as there are events
    "#]]
    .assert_eq(&Site::new(text).report());
}

#[test]
fn a_code_comes_from_one_process_that_there_is() {
    let from = |name: &str| {
        let programs = "[program:web]\ncommand=a\n[program:many]\ncommand=a\nnumprocs=2\n\
                        process_name=m%(process_num)d\n[program:one]\ncommand=a\n[group:a]\nprograms=one\n\
                        [group:b]\nprograms=one\n";
        Site::new(&format!("[supervisord]\nexit_code_from = {name}\n{programs}"))
    };
    let read = |name| from(name).load().expect("it is sound").daemon.exit_code_from.map(|n| n.to_string());
    assert_eq!(read("web").as_deref(), Some("web"));
    assert_eq!(read("many:m1").as_deref(), Some("many:m1"));
    assert_eq!(read("m0").as_deref(), Some("many:m0"));
    assert_eq!(read("b:one").as_deref(), Some("b:one"));
    expect![[r#"
        error: there is no process 'wbe'
         --> s.conf:2
          |
        2 | exit_code_from = wbe
          |                  ^^^
          help: name a process as `supervisorctl status` shows it, such as web or group:web
    "#]]
    .assert_eq(&from("wbe").report());
    expect![[r#"
        error: several processes have the name 'one'
         --> s.conf:2
          |
        2 | exit_code_from = one
          |                  ^^^
          help: write a:one
    "#]]
    .assert_eq(&from("one").report());
}
