//! Times, by the stamps of the log: not before the rule, and not long after it.
//!
//! The rules themselves are tested to the millisecond, with a time of their own (`domain/tests/lifecycle`). A line is
//! stamped when it is written, which on a busy machine is a while after what it tells of.

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

/// How late the first of two lines may be stamped, so that less time seems to have passed.
const EARLY: i64 = 500;
/// How late the second may be.
const LATE: i64 = 15_000;

/// Asserts that so much time passed.
#[track_caller]
fn check(what: &str, from: i64, to: i64, rule: i64) {
    let day = 24 * 3600 * 1000;
    // whichever side of midnight
    let passed = (to - from + EARLY).rem_euclid(day) - EARLY;
    assert!((rule - EARLY..=rule + LATE).contains(&passed), "{what}: {passed} ms, the rule is {rule} ms");
}

/// Asserts that this was told at once, and again each time that so much more had passed.
#[track_caller]
fn check_each(from: i64, told: &[i64], rule: i64) {
    assert!(told.len() >= 2 || reference(), "{told:?}");
    for (count, at) in (0..).zip(told) {
        check(&format!("time {count}"), from, *at, rule * count);
    }
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
    assert_eq!((spawned.len(), ended.len()), (3, 3), "{:?}", herd.log());
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
    herd.wait("stopped: slow (");
    let asked = stamps(&herd, "killing slow (pid");
    check("stopwaitsecs", asked[0], asked[1], 5_000);
    // the reference may have said it once only: it looks when the call is asked
    check_each(asked[0], &stamps(&herd, "INFO waiting for slow to stop"), 2_000);
    herd.end();
}

#[test]
fn the_end_says_whom_it_waits_for_at_once_and_every_three_seconds() {
    let mut herd = stubborn(7);
    herd.signal("TERM");
    assert_eq!(herd.wait_end().code(), Some(0));
    let asked = stamps(&herd, "received SIGTERM");
    check_each(asked[0], &stamps(&herd, "INFO waiting for slow to die"), 3_000);
    check("SIGKILL", asked[0], stamps(&herd, "killing 'slow'")[0], 7_000);
    herd.assert_nothing_left();
}
