//! What holds for every history, whatever is asked, whatever fails, and whenever.
//!
//! That a process is never told to start while it lives is checked by the herd itself, in every test.

use crate::herd::Herd;
use proptest::prelude::*;
use std::time::Duration;
use treeherd_domain::group::{ChildId, Standing};
use treeherd_domain::name::GroupName;

/// Groups of one, two and three levels, in each strategy.
const FORESTS: [&str; 7] = [
    "g strategy=one_for_one intensity=2 period=10 backoff=1,4,2,0.2: a b:transient c:temporary d:manual",
    "g strategy=one_for_all intensity=3 period=20 backoff=1,4,2,0.2: a b:transient c:temporary d:manual",
    "g strategy=rest_for_one intensity=3 period=20: a b:transient c:temporary d:manual",
    "g strategy=rest_for_one stop_order=parallel auto_shutdown=any_significant intensity=5 period=5: a \
     b:transient,significant c d:temporary,significant",
    "top strategy=rest_for_one intensity=2 period=30: a @sub b | sub strategy=one_for_all intensity=1 period=20 \
     escalate=parent: c d",
    "root strategy=one_for_all intensity=2 period=60: @x @y:transient | x intensity=1 escalate=parent: a b | y \
     strategy=one_for_all intensity=1 escalate=parent start_failure=fail: c d:temporary",
    "top strategy=one_for_one intensity=2 period=60 escalate=exit: a @mid | mid strategy=rest_for_one intensity=1 \
     period=30 escalate=parent: b @low | low strategy=one_for_all intensity=1 period=9 escalate=parent \
     backoff=1,2,2,0.1: c d",
];

const DOINGS: [&str; 14] = [
    "ends",
    "fails",
    "fails",
    "fails",
    "up",
    "down",
    "startfails",
    "lost",
    "ask start",
    "ask stop",
    "slow",
    "broken",
    "stubborn",
    "sound",
];

#[derive(Clone, Debug)]
enum Input {
    One(usize, usize),
    Start,
    Stop,
    Sleep(u64),
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        12 => (0..DOINGS.len(), 0..4_usize).prop_map(|(doing, process)| Input::One(doing, process)),
        1 => Just(Input::Start),
        1 => Just(Input::Stop),
        4 => (0..12_000_u64).prop_map(Input::Sleep),
    ]
}

fn walk(forest: usize, inputs: &[Input]) -> Herd {
    let mut herd = Herd::new(FORESTS[forest]);
    herd.feed("start");
    let processes = herd.processes();
    for input in inputs {
        match input {
            Input::One(doing, at) => {
                let (doing, name) = (DOINGS[*doing], &processes[*at]);
                let lives = herd.alive.contains(name);
                match doing {
                    // only what lives can end or come up
                    "ends" | "fails" | "up" | "down" | "startfails" | "lost" if !lives => {}
                    "ask start" if lives => {}
                    "ask start" | "ask stop" | "slow" | "broken" | "stubborn" | "sound" => {
                        herd.feed(&format!("{doing} {name}"));
                    }
                    _ => herd.feed(&format!("{name} {doing}")),
                }
            }
            Input::Start => herd.feed("start"),
            Input::Stop => herd.feed("stop"),
            Input::Sleep(ms) => herd.sleep(Duration::from_millis(*ms)),
        }
    }
    herd
}

/// Children do as they are told from now on, and what they were told is done.
fn make_sound(herd: &mut Herd) {
    for name in herd.processes() {
        let stubborn = herd
            .forest
            .orders(&herd.process(&name).group)
            .into_iter()
            .find(|order| order.child == ChildId::Process(herd.process(&name).process));
        herd.feed(&format!("sound {name}"));
        match stubborn.map(|order| order.task) {
            Some(treeherd_domain::group::Task::Stop) => herd.feed(&format!("{name} down")),
            Some(treeherd_domain::group::Task::Start) => herd.feed(&format!("{name} up")),
            None => {}
        }
    }
}

fn histories() -> impl Strategy<Value = (usize, Vec<Input>)> {
    (0..FORESTS.len(), prop::collection::vec(input(), 0..60))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_budget_is_ever_exceeded((forest, inputs) in histories()) {
        let herd = walk(forest, &inputs);
        prop_assert!(herd.overspent.is_empty(), "{:?}\n{}", herd.overspent, herd.trace);
    }

    #[test]
    fn a_stop_of_all_ends_with_nothing_running((forest, inputs) in histories()) {
        let mut herd = walk(forest, &inputs);
        make_sound(&mut herd);
        herd.feed("stop");
        make_sound(&mut herd);
        make_sound(&mut herd);
        let alive: Vec<&String> = herd.alive.iter().filter(|name| !herd.lost.contains(*name)).collect();
        prop_assert!(alive.is_empty(), "{alive:?} run still\n{}", herd.trace);
        let started = herd.started.len();
        herd.sleep(Duration::from_secs(1000));
        prop_assert_eq!(herd.started.len(), started, "something was started\n{}", herd.trace);
    }

    #[test]
    fn nothing_is_started_once_the_daemon_ends((forest, inputs) in histories(), more in prop::collection::vec(input(), 0..30)) {
        let mut herd = walk(forest, &inputs);
        herd.feed("freeze");
        let started = herd.started.len();
        let processes = herd.processes();
        for input in more {
            match input {
                Input::One(doing, at) if doing < 4 && herd.alive.contains(&processes[at]) => {
                    herd.feed(&format!("{} {}", processes[at], DOINGS[doing]));
                }
                Input::Start => herd.feed("start"),
                Input::Sleep(ms) => herd.sleep(Duration::from_millis(ms)),
                _ => {}
            }
        }
        prop_assert_eq!(herd.started.len(), started, "{}", herd.trace);
    }

    #[test]
    fn once_all_is_sound_a_group_is_up_or_says_why_not((forest, inputs) in histories()) {
        let mut herd = walk(forest, &inputs);
        make_sound(&mut herd);
        make_sound(&mut herd);
        make_sound(&mut herd);
        herd.sleep(Duration::from_secs(1000));
        for group in ["g", "top", "sub", "mid", "low", "x", "y"] {
            let group = GroupName::new(group);
            let Some(machine) = herd.forest.machine(Some(&group)) else { continue };
            prop_assert_ne!(machine.standing(), Standing::Leaving, "{}\n{}", group, herd.trace);
            prop_assert_eq!(machine.phase(), "idle", "{}\n{}", group, herd.trace);
            prop_assert!(herd.forest.orders(&group).is_empty(), "{}\n{}", group, herd.trace);
        }
    }
}
