//! Commands that are run beside a program, and how it is told to end or to reload: what is wrong with each of their keys,
//! with file, line and caret. All of them come after what Supervisor has to say.

use crate::support::Site;
use expect_test::{Expect, expect};

/// The report of a program with these keys.
#[track_caller]
fn check(keys: &str, expected: Expect) {
    expected.assert_eq(&Site::new(&format!("[supervisord]\n[program:web]\ncommand=c\n{keys}")).report());
}

#[test]
fn a_hook_that_is_no_command_is_shown_where_it_stands() {
    check(
        "pre_start =\npost_start = /bin/sh -c 'open\npre_stop=%(nope)s\npost_stop=   \n",
        expect![[r#"
            error: [program:web] pre_start is empty
             --> s.conf:4
              |
            4 | pre_start =
              |            ^
              help: write the command with its arguments, or leave the key out

            error: [program:web] post_start cannot be split: No closing quotation
             --> s.conf:5
              |
            5 | post_start = /bin/sh -c 'open
              |              ^^^^^^^^^^^^^^^^
              help: write the command with its arguments, or leave the key out

            error: Format string '%(nope)s' for 'program:web.pre_stop' contains names ('nope') which cannot be expanded. Available names: ENV_HOST, ENV_PERCENT, group_name, here, host_node_name, numprocs, process_num, program_name
             --> s.conf:6
              |
            6 | pre_stop=%(nope)s
              |          ^^^^^^^
              help: use one of the available names, or write %% for a percent sign

            error: [program:web] post_stop is empty
             --> s.conf:7
              |
            7 | post_stop=
              |           ^
              help: write the command with its arguments, or leave the key out
        "#]],
    );
}

#[test]
fn stop_command_and_reload_command_are_commands_too() {
    check(
        "stop_command=\"a\nreload_command =\n",
        expect![[r#"
            error: [program:web] stop_command cannot be split: No closing quotation
             --> s.conf:4
              |
            4 | stop_command="a
              |              ^^
              help: write the command with its arguments, or leave the key out

            error: [program:web] reload_command is empty
             --> s.conf:5
              |
            5 | reload_command =
              |                 ^
              help: write the command with its arguments, or leave the key out
        "#]],
    );
    check(
        "reload_signal=HUP\nreload_command=nginx -s reload\n",
        expect![[r#"
            error: [program:web] reload_signal and reload_command are both given
             --> s.conf:5
              |
            5 | reload_command=nginx -s reload
              |                ^^^^^^^^^^^^^^^
              help: leave one of the two out: a command can send signals too
        "#]],
    );
}

#[test]
fn a_reload_signal_is_one_that_reloads() {
    check(
        "reload_signal = HPU\n",
        expect![[r#"
            error: [program:web] reload_signal: value 'HPU' is not a valid signal name
             --> s.conf:4
              |
            4 | reload_signal = HPU
              |                 ^^^
              help: write a signal such as TERM, HUP, INT, QUIT, KILL, USR1 or USR2
        "#]],
    );
    check(
        "reload_signal=KILL\n",
        expect![[r#"
            error: [program:web] reload_signal: KILL ends a process, and reloads none
             --> s.conf:4
              |
            4 | reload_signal=KILL
              |               ^^^^
              help: write the signal that the program reads its files by: HUP
        "#]],
    );
    check(
        "reload_signal=0\n",
        expect![[r#"
            error: [program:web] reload_signal: signal 0 tells nothing to anybody
             --> s.conf:4
              |
            4 | reload_signal=0
              |               ^
              help: write the signal that the program reads its files by: HUP
        "#]],
    );
}

#[test]
fn hook_timeout_is_a_span_of_time() {
    check(
        "pre_start=a\nhook_timeout = 5 parsecs\n",
        expect![[r#"
            error: [program:web] hook_timeout: unknown unit of time: 'parsecs'
             --> s.conf:5
              |
            5 | hook_timeout = 5 parsecs
              |                  ^^^^^^^
              help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m
        "#]],
    );
    check(
        "pre_start=a\nhook_timeout=20ms\n",
        expect![[r#"
            error: [program:web] hook_timeout is less than a tenth of a second
             --> s.conf:5
              |
            5 | hook_timeout=20ms
              |              ^^^^
              help: write 100ms or more
        "#]],
    );
    check(
        "pre_start=a\nhook_timeout=\n",
        expect![[r#"
            error: [program:web] hook_timeout: no span of time is given
             --> s.conf:5
              |
            5 | hook_timeout=
              |              ^
              help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m
        "#]],
    );
}

#[test]
fn a_stopsequence_is_shown_at_its_word_in_each_of_its_lines() {
    check(
        "stopsequence = TERM:30s,\n    INTT:10s,\n    KILL\n",
        expect![[r#"
        error: [program:web] stopsequence: value 'INTT' is not a valid signal name
         --> s.conf:5
          |
        5 |     INTT:10s,
          |     ^^^^
          help: write signals with the time that each has, such as TERM:30s, INT:10s, KILL
    "#]],
    );
    check(
        "stopsequence=TERM:, KILL\n",
        expect![[r#"
        error: [program:web] stopsequence: no span of time is given
         --> s.conf:4
          |
        4 | stopsequence=TERM:, KILL
          |              ^^^^^
          help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m
    "#]],
    );
    check(
        "stopsequence=TERM 30s\n",
        expect![[r#"
        error: [program:web] stopsequence: value 'TERM 30s' is not a valid signal name
         --> s.conf:4
          |
        4 | stopsequence=TERM 30s
          |              ^^^^^^^^
          help: write signals with the time that each has, such as TERM:30s, INT:10s, KILL
    "#]],
    );
}

#[test]
fn every_span_and_number_of_readiness_and_health_is_shown() {
    check(
        "ready=tcp:127.0.0.1:1\nready_probe_timeout=0\nhealth=tcp:127.0.0.1:1\nhealth_delay=1x\nhealth_interval=10\n\
         health_timeout=soon\nhealth_successes=many\nhealth_failures=2000000\nhealth_action=signal:\nwatchdog=1ms\n",
        expect![[r#"
            error: [program:web] ready_probe_timeout is below its lower bound: 0s < 1ms
             --> s.conf:5
              |
            5 | ready_probe_timeout=0
              |                     ^
              help: write 1ms or more

            error: [program:web] health_delay: unknown unit of time: 'x'
             --> s.conf:7
              |
            7 | health_delay=1x
              |               ^
              help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m

            error: [program:web] health_timeout: not a span of time: 'soon'
             --> s.conf:9
              |
            9 | health_timeout=soon
              |                ^^^^
              help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m

            error: [program:web] health_failures: 2000000 is above upper bound (1000000)
              --> s.conf:11
               |
            11 | health_failures=2000000
               |                 ^^^^^^^
               help: write a number within the bounds

            error: [program:web] health_successes: invalid literal for int() with base 10: 'many'
              --> s.conf:10
               |
            10 | health_successes=many
               |                  ^^^^
               help: write a whole number, such as 10

            error: [program:web] health_action: no signal ''
              --> s.conf:12
               |
            12 | health_action=signal:
               |               ^^^^^^^
               help: write restart, none, or signal: and a signal, such as signal:HUP

            error: [program:web] watchdog is below its lower bound: 1ms < 100ms
              --> s.conf:13
               |
            13 | watchdog=1ms
               |          ^^^
               help: write 100ms or more
        "#]],
    );
    check(
        "ready=fd:2\nhealth=exec:\n",
        expect![[r#"
            error: [program:web] ready: not a descriptor from 3 to 255: '2'
             --> s.conf:4
              |
            4 | ready=fd:2
              |          ^
              help: write the descriptor that the program writes its line to, such as fd:3

            error: [program:web] health: exec: has no command
             --> s.conf:5
              |
            5 | health=exec:
              |        ^^^^^
              help: write the command, such as exec:pg_isready -q
        "#]],
    );
    check(
        "ready=log:/up\nhealth=tcp:host:99999\n",
        expect![[r#"
            error: [program:web] ready: a pattern stands between slashes: '/up'
             --> s.conf:4
              |
            4 | ready=log:/up
              |           ^^^
              help: write log:/listening on/, or log:/listening on/i for any case

            error: [program:web] health: not a host and a port: 'host:99999'
             --> s.conf:5
              |
            5 | health=tcp:host:99999
              |            ^^^^^^^^^^
              help: write tcp:127.0.0.1:5432, tcp:[::1]:5432 or tcp:5432
        "#]],
    );
    check(
        "ready=http://\nhealth=startsecs\n",
        expect![[r#"
            error: [program:web] ready: not a URL that can be asked for: '//'
             --> s.conf:4
              |
            4 | ready=http://
              |            ^^
              help: write http://host:port/path without a user, a password or blanks
        "#]],
    );
}

#[test]
fn a_key_of_another_file_is_shown_in_that_file() {
    let site = Site::new("[supervisord]\n[include]\nfiles=more/*.conf\n");
    site.write(
        "more/web.conf",
        "; web\n[program:web]\ncommand=c\n  \npost_stop = rm 'x\nhealth_interval=x\n",
    );
    expect![[r#"
        error: [program:web] post_stop cannot be split: No closing quotation
         --> DIR/more/web.conf:5
          |
        5 | post_stop = rm 'x
          |             ^^^^^
          help: write the command with its arguments, or leave the key out

        error: [program:web] health_interval: not a span of time: 'x'
         --> DIR/more/web.conf:6
          |
        6 | health_interval=x
          |                 ^
          help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m
    "#]]
    .assert_eq(&site.report());
}

#[test]
fn a_probe_that_asks_for_nothing_is_shown() {
    let report = |keys: &str| Site::new(&format!("[supervisord]\n[probe:db]\n{keys}")).report();
    let all = [
        report(""),
        report("check=notify\n"),
        report("check = tcp:x\n"),
        report(
            "check=tcp:1\ninterval=1ms\ntimeout=never\nfailures=0\nsuccesses=x\nuser=nobody-of-that-name\n",
        ),
    ];
    expect![[r#"
        error: [probe:db] has no check
         --> s.conf:2
          |
        2 | [probe:db]
          | ^^^^^^^^^^
          help: write check = tcp:db.example:5432, http://host:port/path or exec:command

        error: [probe:db] check: notify is for programs: nothing outside tells of itself
         --> s.conf:3
          |
        3 | check=notify
          |       ^^^^^^
          help: write check = tcp:db.example:5432, http://host:port/path or exec:command

        error: [probe:db] check: not a host and a port: 'x'
         --> s.conf:3
          |
        3 | check = tcp:x
          |             ^
          help: write tcp:127.0.0.1:5432, tcp:[::1]:5432 or tcp:5432

        error: [probe:db] interval is below its lower bound: 1ms < 100ms
         --> s.conf:4
          |
        4 | interval=1ms
          |          ^^^
          help: write 100ms or more

        error: [probe:db] timeout: not a span of time: 'never'
         --> s.conf:5
          |
        5 | timeout=never
          |         ^^^^^
          help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m

        error: [probe:db] failures: 0 is below lower bound (1)
         --> s.conf:6
          |
        6 | failures=0
          |          ^
          help: write a number within the bounds

        error: [probe:db] successes: invalid literal for int() with base 10: 'x'
         --> s.conf:7
          |
        7 | successes=x
          |           ^
          help: write a whole number, such as 10

        error: [probe:db] Invalid user name nobody-of-that-name
         --> s.conf:8
          |
        8 | user=nobody-of-that-name
          |      ^^^^^^^^^^^^^^^^^^^
          help: name a user of this system (see `getent passwd`)
    "#]]
    .assert_eq(&all.join("\n"));
}

#[test]
fn what_supervisor_has_to_say_comes_first() {
    let text = "[supervisord]\n[program:a]\ncommand=c\npre_start=\nstop_command='\nrestart_delay=x\nessential=perhaps\n\
                pipe_size=x\ntype=odd\nrestart=ever\nrolling_batch=x\nready=log:/(/\nreload_signal=x\n\
                [program:b]\ncommand=c\nstartsecs=soon\n";
    let report = Site::new(text).report();
    assert!(report.starts_with("error: invalid literal for int() with base 10: 'soon'"), "{report}");
    assert_eq!(report.matches("error: ").count(), 11, "{report}");
}
