//! The keys of readiness and health: what they come to, and what is wrong with them, each with its caret.

use crate::support::Site;
use expect_test::{Expect, expect};
use std::time::Duration;
use treeherd_domain::health::{Action, Check, HealthSpec};
use treeherd_domain::signal::Signal;

const PROGRAM: &str = "[supervisord]\n[program:web]\ncommand=c\n";

fn specs(keys: &str) -> Vec<HealthSpec> {
    let config = Site::new(&format!("{PROGRAM}{keys}")).load().unwrap();
    config.groups[0].processes.iter().map(|process| (*process.health).clone()).collect()
}

#[track_caller]
fn check(keys: &str, expected: Expect) {
    expected.assert_eq(&Site::new(&format!("{PROGRAM}{keys}")).report());
}

#[test]
fn without_a_key_everything_is_supervisors() {
    assert_eq!(specs(""), [HealthSpec::default()]);
    assert_eq!(specs("ready=startsecs\nhealth=none\nwatchdog=off\n"), [HealthSpec::default()]);
    assert!(specs("")[0].is_plain());
}

#[test]
fn every_key_has_its_place_and_is_read_for_each_process() {
    let keys = "numprocs=2\nprocess_name=%(process_num)d\nready=tcp:127.0.0.1:800%(process_num)d\n\
                ready_interval=500ms\nready_probe_timeout=2\nready_timeout=0\nhealth=log:/^beat [0-9]+%%/\n\
                health_delay=1m\nhealth_interval=1m30s\nhealth_timeout=3s\nhealth_failures=5\nhealth_successes=2\n\
                health_action=signal:usr1\nwatchdog=30s\n";
    let wanted = |port: u16| HealthSpec {
        ready: Check::parse(&format!("tcp:127.0.0.1:{port}")).unwrap(),
        ready_interval: Duration::from_millis(500),
        ready_probe_timeout: Duration::from_secs(2),
        ready_timeout: Duration::ZERO,
        health: Some(Check::parse("log:/^beat [0-9]+%/").unwrap()),
        health_delay: Duration::from_secs(60),
        health_interval: Duration::from_secs(90),
        health_timeout: Duration::from_secs(3),
        health_failures: 5,
        health_successes: 2,
        health_action: Action::Signal(Signal::parse("USR1").unwrap()),
        watchdog: Some(Duration::from_secs(30)),
    };
    assert_eq!(specs(keys), [wanted(8000), wanted(8001)]);
}

#[test]
fn what_is_wrong_is_shown_at_its_word() {
    check(
        "ready=log:/(up/\nready_timeout=1m5\nready_interval=50ms\nhealth=https://127.0.0.1/\nhealth_action=signal:NONE\n\
         health_failures=0\nwatchdog=soon\n",
        expect![[r#"
            error: [program:web] ready: not a regular expression: unclosed group
             --> s.conf:4
              |
            4 | ready=log:/(up/
              |            ^^^
              help: mend the pattern; a percent sign is written as %%

            error: [program:web] ready_interval is below its lower bound: 50ms < 100ms
             --> s.conf:6
              |
            6 | ready_interval=50ms
              |                ^^^^
              help: write 100ms or more

            error: [program:web] ready_timeout: unknown unit of time: '5'
             --> s.conf:5
              |
            5 | ready_timeout=1m5
              |                 ^
              help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m

            error: [program:web] health: https is not supported: 'https://127.0.0.1/'
             --> s.conf:7
              |
            7 | health=https://127.0.0.1/
              |        ^^^^^^^^^^^^^^^^^^
              help: ask a plain port of the program, or write exec:curl --fail --silent --max-time 4 URL

            error: [program:web] health_failures: 0 is below lower bound (1)
             --> s.conf:9
              |
            9 | health_failures=0
              |                 ^
              help: write a number within the bounds

            error: [program:web] health_action: no signal 'NONE'
             --> s.conf:8
              |
            8 | health_action=signal:NONE
              |                      ^^^^
              help: write restart, none, or signal: and a signal, such as signal:HUP

            error: [program:web] watchdog: not a span of time: 'soon'
              --> s.conf:10
               |
            10 | watchdog=soon
               |          ^^^^
               help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m
        "#]],
    );
    check(
        "ready=tcp:127.0.0.1\nhealth=true\nhealth_action=reboot\n",
        expect![[r#"
            error: [program:web] ready: not a host and a port: '127.0.0.1'
             --> s.conf:4
              |
            4 | ready=tcp:127.0.0.1
              |           ^^^^^^^^^
              help: write tcp:127.0.0.1:5432, tcp:[::1]:5432 or tcp:5432

            error: [program:web] health: unknown kind of check: 'true'
             --> s.conf:5
              |
            5 | health=true
              |        ^^^^
              help: write startsecs, notify, fd:3, log:/listening on/, tcp:127.0.0.1:5432, http://127.0.0.1:8080/healthz or exec:command

            error: [program:web] not a valid health_action: 'reboot'
             --> s.conf:6
              |
            6 | health_action=reboot
              |               ^^^^^^
              help: write restart, none, or signal: and a signal, such as signal:HUP
        "#]],
    );
    check(
        "ready=fd:3\nhealth=fd:4\n",
        expect![[r#"
            error: [program:web] health=fd:4 beside ready=fd:3: a process has one such descriptor
             --> s.conf:5
              |
            5 | health=fd:4
              |        ^^^^
              help: write health=fd:3, and the program one line for each beat
        "#]],
    );
}

#[test]
fn a_descriptor_is_not_one_of_the_sockets() {
    let text = "[supervisord]\n[socket:w]\nsocket=tcp://127.0.0.1:1\n[program:web]\ncommand=c\nsockets=w\nready=fd:3\n";
    let error = Site::new(text).report();
    assert!(
        error.contains("ready=fd:3: descriptor 3 is one of its sockets=")
            && error.contains("write ready=fd:4"),
        "{error}"
    );
    Site::new(&text.replace("fd:3", "fd:4")).load().unwrap();
}

#[test]
fn all_kinds_of_programs_have_them() {
    let text = "[supervisord]\n[fcgi-program:f]\ncommand=c\nsocket=unix:///tmp/s\nready=notify\n[eventlistener:e]\ncommand=c\n\
                events=TICK_5\nwatchdog=5s\n";
    let config = Site::new(text).load().unwrap();
    let of = |name: &str| {
        let group = config.groups.iter().find(|group| group.name.as_str() == name).unwrap();
        group.processes[0].health.clone()
    };
    assert_eq!(of("f").ready, Check::Notify);
    assert_eq!(of("e").watchdog, Some(Duration::from_secs(5)));
    assert!(of("e").listens() && of("f").listens());
}

#[test]
fn a_probe_is_read_and_asks_what_can_be_asked() {
    let text = "[supervisord]\n[probe:db]\ncheck=tcp://db.example:3306\ninterval=2s\nfailures=5\nuser=chrism\n\
                [program:web]\ncommand=c\nrequires=probe:db\n";
    let config = Site::new(text).load().unwrap();
    let probe = &config.probes[0];
    assert_eq!((probe.name.as_str(), probe.check.to_string().as_str()), ("db", "tcp:db.example:3306"));
    assert_eq!((probe.interval, probe.timeout), (Duration::from_secs(2), Duration::from_secs(5)));
    assert_eq!(
        (probe.failures, probe.successes, probe.user.as_ref().map(|user| user.uid)),
        (5, 1, Some(1000))
    );
    for (keys, message) in [
        ("", "[probe:db] has no check"),
        ("check=notify\n", "check: notify is for programs: nothing outside tells of itself"),
        ("check=fd:3\n", "check: fd 3 is for programs"),
        ("check=tcp:x\n", "check: not a host and a port: 'x'"),
        ("check=tcp:1\ninterval=1ms\n", "interval is below its lower bound: 1ms < 100ms"),
    ] {
        let report = Site::new(&format!("[supervisord]\n[probe:db]\n{keys}")).report();
        assert!(report.contains(message), "{report}");
    }
}
