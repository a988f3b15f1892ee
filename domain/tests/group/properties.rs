//! What holds for every history, whatever is asked, whatever fails, and whenever. (Random groups, too, are in the tests
//! of the simulation.)

use crate::budget::overspent;
use crate::herd::{run, setting};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::simulate::{Report, Setting, What};

/// Groups of one, two and three levels, in each strategy.
const FORESTS: [&str; 7] = [
    "g strategy=one_for_one intensity=2 period=10 backoff=1,4,2,0.2: a b:transient c:temporary d:manual",
    "g strategy=one_for_all intensity=3 period=20 backoff=1,4,2,0.2: a b:transient c:temporary d:manual",
    "g strategy=rest_for_one intensity=3 period=20: a b:transient c:temporary d:manual",
    "g strategy=rest_for_one stop_order=parallel auto_shutdown=any_significant intensity=5 period=5: a \
     b:transient,significant c d:temporary,significant",
    "top strategy=rest_for_one intensity=2 period=30: a b @sub | sub strategy=one_for_all intensity=1 period=20 \
     escalate=parent: c d",
    "root strategy=one_for_all intensity=2 period=60: @x @y:transient | x intensity=1 escalate=parent: a b | y \
     strategy=one_for_all intensity=1 escalate=parent start_failure=fail: c d:temporary",
    "top strategy=one_for_one intensity=2 period=60 escalate=exit: a @mid | mid strategy=rest_for_one intensity=1 \
     period=30 escalate=parent: b @low | low strategy=one_for_all intensity=1 period=9 escalate=parent \
     backoff=1,2,2,0.1: c d",
];

/// What happens to one; `$` is its name.
const DOINGS: [&str; 13] = [
    "exit 0 $",
    "exit 1 $",
    "exit 1 $",
    "exit 1 $",
    "ready $",
    "kill $",
    "start $",
    "stop $",
    "$: never ready",
    "$: fails to start",
    "$: ignores TERM",
    "$: out of reach",
    "$: runs forever",
];

/// Who does what, and how long after the one before, in milliseconds.
type Input = (usize, usize, u64);

fn histories() -> impl Strategy<Value = (usize, Vec<Input>)> {
    let wait = prop_oneof![2 => Just(0), 1 => 0..12_000_u64];
    (0..FORESTS.len(), prop::collection::vec((0..DOINGS.len(), 0..4_usize, wait), 0..60))
}

/// The groups, whose processes are killed a while after they were told to end, and the script of a history with its end.
fn told(forest: usize, inputs: &[Input]) -> (Setting, String, u64) {
    let mut setting = setting(FORESTS[forest]);
    for group in &mut setting.groups {
        for process in &mut Arc::make_mut(group).processes {
            Arc::make_mut(process).stopwaitsecs = 30;
        }
    }
    let names: Vec<String> = setting
        .groups
        .iter()
        .flat_map(|group| group.processes.iter().map(|one| group.namespec(&one.name).to_string()))
        .collect();
    let (mut script, mut now) = (String::new(), 0);
    for (doing, who, wait) in inputs {
        now += wait;
        let _ = writeln!(script, "at {now}ms: {}", DOINGS[*doing].replace('$', &names[*who]));
    }
    (setting, script, now)
}

/// The lines about states after a moment, up to the end of the script.
fn changes_after(report: &Report, from: Duration) -> usize {
    let lines = report.lines.iter().take_while(|line| !line.cause.starts_with("the script is over"));
    lines.filter(|line| line.at > from && matches!(line.what, What::State { .. })).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_budget_is_ever_exceeded((forest, inputs) in histories()) {
        let (setting, script, _) = told(forest, &inputs);
        let overspent = overspent(&setting, &run(&setting, &script));
        prop_assert!(overspent.is_empty(), "{:#?}\n{}\n{}", overspent, FORESTS[forest], script);
    }

    #[test]
    fn a_stop_of_all_ends_with_nothing_running((forest, inputs) in histories()) {
        let (setting, mut script, now) = told(forest, &inputs);
        let _ = writeln!(script, "at {now}ms: all: runs forever\nat {now}ms: stop all\nuntil {}ms", now + 1_000_000);
        let report = run(&setting, &script);
        let is_down = |state: &str| matches!(state, "STOPPED" | "EXITED" | "FATAL" | "UNKNOWN");
        let up: Vec<_> = report.states.iter().filter(|(_, state)| !is_down(state)).collect();
        prop_assert!(up.is_empty(), "{:?}\n{}\n{}", up, FORESTS[forest], script);
    }

    #[test]
    fn once_all_is_sound_all_comes_to_rest((forest, inputs) in histories()) {
        let (setting, mut script, now) = told(forest, &inputs);
        let _ = writeln!(script, "at {now}ms: all: runs forever\nat {now}ms: ready all\nuntil {}ms", now + 1_000_000);
        let report = run(&setting, &script);
        let late = changes_after(&report, Duration::from_millis(now + 500_000));
        prop_assert_eq!(late, 0, "{}\n{}\n{:#?}", FORESTS[forest], script, report.lines);
        let moves = |state: &str| matches!(state, "STARTING" | "STOPPING" | "WAITING" | "BACKOFF");
        let moving: Vec<_> = report.states.iter().filter(|(_, state)| moves(state)).collect();
        prop_assert!(moving.is_empty(), "{:?}\n{}\n{}", moving, FORESTS[forest], script);
    }
}
