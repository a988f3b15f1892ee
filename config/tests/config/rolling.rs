//! `rolling_batch` and what belongs to it: what is read, and what is refused at which place.

use crate::support::Site;
use expect_test::expect;
use std::time::Duration;
use treeherd_domain::rolling::Rules;

fn site(keys: &str) -> Site {
    Site::new(&format!("[supervisord]\n[program:a]\ncommand=a\n{keys}"))
}

fn rules(keys: &str) -> Rules {
    site(keys).load().expect("the file is sound").groups[0].processes[0].rolling
}

#[test]
fn every_key_is_read_and_none_means_one_by_one() {
    let read = rules("rolling_batch=3\nrolling_pause=1m30s\nrolling_abort_on=2\n");
    assert_eq!(read, Rules { batch: 3, pause: Duration::from_secs(90), abort_on: 2 });
    assert_eq!(rules(""), Rules { batch: 1, pause: Duration::ZERO, abort_on: 1 });
    assert_eq!(rules("rolling_pause=0\n").pause, Duration::ZERO);
}

#[test]
fn what_is_wrong_is_shown_at_its_place() {
    let report = site("rolling_batch=0\nrolling_pause=a while\nrolling_abort_on=-1\n").report();
    expect![[r#"
        error: [program:a] rolling_batch: 0 is below lower bound (1)
         --> s.conf:4
          |
        4 | rolling_batch=0
          |               ^
          help: write a number within the bounds

        error: [program:a] rolling_pause: not a span of time: 'a while'
         --> s.conf:5
          |
        5 | rolling_pause=a while
          |               ^^^^^^^
          help: write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m

        error: [program:a] rolling_abort_on: -1 is below lower bound (1)
         --> s.conf:6
          |
        6 | rolling_abort_on=-1
          |                  ^^
          help: write a number within the bounds
    "#]]
    .assert_eq(&report);
}
