//! How a process is told to end: `stopsequence`; and which signals it may end by: `clean_signals`.

use crate::support::Site;
use expect_test::{Expect, expect};

#[track_caller]
fn specs(text: &str, expected: Expect) {
    expected.assert_eq(&Site::new(text).shown());
}

#[track_caller]
fn reports(text: &str, expected: Expect) {
    expected.assert_eq(&Site::new(text).report());
}

#[test]
fn a_stopsequence_is_read_with_its_times_and_ends_with_kill() {
    specs(
        "[supervisord]\n[program:a]\ncommand=a\nstopsequence=TERM:30s, INT\n\
         [program:b]\ncommand=b\nenvironment=S=USR1\nstopsequence=%(ENV_S)s:1m, KILL\nstopwaitsecs=3\n",
        expect![[r#"
            program a priority 999
              process a: "a"
                stopsequence TERM:30s, INT:10s, KILL
            program b priority 999
              process b: "b"
                stopwaitsecs 3
                stopsequence USR1:1m, KILL
                environment {"S": "USR1"}
        "#]],
    );
}

#[test]
fn a_stopsequence_that_is_none_is_shown_with_the_word_that_is_wrong() {
    reports(
        "[supervisord]\n[program:a]\ncommand=a\nstopsequence = TERM:30s, TREM:10s\n\
         [program:b]\ncommand=b\nstopsequence = TERM:30x, KILL\n\
         [program:c]\ncommand=c\nstopsequence = KILL, TERM\n\
         [program:d]\ncommand=d\nstopsequence =\n",
        expect![[r#"
            error: [program:a] stopsequence: value 'TREM' is not a valid signal name
             --> s.conf:4
              |
            4 | stopsequence = TERM:30s, TREM:10s
              |                          ^^^^
              help: write signals with the time that each has, such as TERM:30s, INT:10s, KILL

            error: [program:b] stopsequence: unknown unit of time: 'x'
             --> s.conf:7
              |
            7 | stopsequence = TERM:30x, KILL
              |                       ^
              help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m

            error: [program:c] stopsequence: nothing can follow KILL: 'TERM'
              --> s.conf:10
               |
            10 | stopsequence = KILL, TERM
               |                      ^^^^
               help: end the sequence with KILL, or leave KILL out: it always comes last

            error: [program:d] stopsequence: a signal is missing
              --> s.conf:13
               |
            13 | stopsequence =
               |               ^
               help: write signals with the time that each has, such as TERM:30s, INT:10s, KILL
        "#]],
    );
}

#[test]
fn clean_signals_are_read_once_each_and_in_any_spelling() {
    specs(
        "[supervisord]\n[program:a]\ncommand=a\nclean_signals = term, SIGINT,1, TERM\n\
         [program:b]\ncommand=b\nclean_signals=\n",
        expect![[r#"
            program a priority 999
              process a: "a"
                clean_signals SIGTERM, SIGINT, SIGHUP
            program b priority 999
              process b: "b"
        "#]],
    );
}

#[test]
fn a_signal_that_cannot_be_clean_is_shown_at_its_word() {
    reports(
        "[supervisord]\n[program:a]\ncommand=a\nclean_signals = TERM, KILL, TREM, 0\n",
        expect![[r#"
            error: [program:a] clean_signals: no end by KILL is clean: it is what a lack of memory ends by
             --> s.conf:4
              |
            4 | clean_signals = TERM, KILL, TREM, 0
              |                       ^^^^
              help: write signals that programs end by on purpose, such as TERM, INT, HUP, PIPE

            error: [program:a] clean_signals: value 'TREM' is not a valid signal name
             --> s.conf:4
              |
            4 | clean_signals = TERM, KILL, TREM, 0
              |                             ^^^^
              help: write signals that programs end by on purpose, such as TERM, INT, HUP, PIPE

            error: [program:a] clean_signals: signal 0 ends nothing
             --> s.conf:4
              |
            4 | clean_signals = TERM, KILL, TREM, 0
              |                                   ^
              help: write signals that programs end by on purpose, such as TERM, INT, HUP, PIPE
        "#]],
    );
}
