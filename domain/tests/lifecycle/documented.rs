//! The worked example of `docs/lifecycle.md`, run.

use crate::script::trace;

const MANUAL: &str = include_str!("../../../docs/lifecycle.md");

#[test]
fn the_worked_example_of_the_manual_is_what_happens() {
    let (keys, script) =
        ("startretries=1 stopwaitsecs=3", "0 start | 0.4 exit 1 | 5 restart | 9 exit SIGKILL | 12 exit 0");
    let trace = trace(keys, script);
    for part in [keys, script, &trace] {
        assert!(MANUAL.contains(part), "docs/lifecycle.md is out of date; paste this:\n\n{part}");
    }
}
