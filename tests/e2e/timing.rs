//! Times, by the stamps of the log: never earlier than the rule, and soon after it.
//!
//! The rules themselves are tested with a time of their own (`domain/tests/lifecycle`). The reference looks at its
//! children once a second, so it may be that much later.

use crate::harness::{Herd, reference};

/// The time of day of a line, in milliseconds.
#[track_caller]
fn millis(line: &str) -> i64 {
    let number = |from: usize, to: usize| line[from..to].parse::<i64>().expect("a stamp is digits");
    ((number(11, 13) * 60 + number(14, 16)) * 60 + number(17, 19)) * 1000 + number(20, 23)
}

/// The stamps of the lines that hold this.
#[track_caller]
fn stamps(herd: &Herd, piece: &str) -> Vec<i64> {
    herd.log().iter().filter(|line| line.contains(piece)).map(|line| millis(line)).collect()
}

/// Asserts that so much time passed; a busy machine may be late.
#[track_caller]
fn check(what: &str, from: i64, to: i64, rule: i64) {
    let passed = (to - from).rem_euclid(24 * 3600 * 1000);
    let late = if reference() { 3_000 } else { 900 };
    // stamps are cut to whole milliseconds
    assert!(passed >= rule - 1 && passed <= rule + late, "{what}: {passed} ms, the rule is {rule} ms");
}

#[test]
fn a_start_is_a_success_after_startsecs() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=2\n");
    let spawned = millis(&herd.wait("spawned: 'cat'"));
    check("startsecs", spawned, millis(&herd.wait("success: cat")), 2_000);
    herd.end();
}

#[test]
fn retries_wait_one_second_more_each_time() {
    let herd = Herd::start("[program:fail]\ncommand=/bin/false\nstartsecs=5\nstartretries=2\n");
    herd.wait("gave up: fail");
    let (spawned, ended) = (stamps(&herd, "spawned: 'fail'"), stamps(&herd, "exited: fail"));
    assert_eq!((spawned.len(), ended.len()), (3, 3));
    for at in 1..3 {
        check("backoff", ended[at - 1], spawned[at], 1_000 * i64::try_from(at).expect("few"));
    }
    herd.end();
}

/// A program that does not end by TERM.
fn stubborn(stopwaitsecs: u32) -> Herd {
    let herd = Herd::start(&format!(
        "[program:slow]\ncommand=/bin/sh -c 'trap \"\" TERM; echo set; while sleep 0.05; do :; done'\nstartsecs=0\n\
         stopwaitsecs={stopwaitsecs}\nstdout_logfile={{dir}}/slow.log\n"
    ));
    herd.wait_file("slow.log", "set\n");
    herd.wait("success: slow");
    herd
}

#[test]
fn a_stop_says_that_it_waits_at_once_and_every_two_seconds() {
    let herd = stubborn(5);
    herd.ctl("stop slow").is("slow: stopped\n", 0);
    let asked = stamps(&herd, "killing slow (pid");
    check("stopwaitsecs", asked[0], asked[1], 5_000);
    let told = stamps(&herd, "INFO waiting for slow to stop");
    // the reference may have said it once only: it looks when the call is asked
    assert!(told.len() == 3 || reference(), "{told:?}");
    check("the first", asked[0], told[0], 0);
    for pair in told.windows(2) {
        check("the next", pair[0], pair[1], 2_000);
    }
    herd.end();
}

#[test]
fn the_end_says_whom_it_waits_for_at_once_and_every_three_seconds() {
    let mut herd = stubborn(7);
    herd.signal("TERM");
    assert_eq!(herd.wait_end().code(), Some(0));
    let asked = stamps(&herd, "received SIGTERM");
    let told = stamps(&herd, "INFO waiting for slow to die");
    assert!(told.len() == 3 || reference(), "{told:?}");
    check("the first", asked[0], told[0], 0);
    for pair in told.windows(2) {
        check("the next", pair[0], pair[1], 3_000);
    }
    check("SIGKILL", asked[0], stamps(&herd, "killing 'slow'")[0], 7_000);
    herd.assert_nothing_left();
}
