//! What holds for every configuration and every script.

use crate::budget::overspent;
use crate::random::LIVES;
use crate::setting::{is_up, names, run, setting};
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::Duration;
use treeherd_domain::simulate::{End, MOST_STEPS, Report, Script, What};

/// Configurations: Supervisor's way, requirements, groups under rules, and all of it.
const SETTINGS: [&str; 7] = [
    "a startretries=1 | b startsecs=0 autorestart=true | c stopwaitsecs=2",
    "[supervisord] stop_order=parallel | a priority=1 | b priority=2 requires=a/running | c priority=2 requires=b?",
    "a ready=notify ready_timeout=6 | b requires=a requires_restart=restart | c requires=b requires_restart=stop",
    "a health=tcp:1 health_interval=2 | b requires=a/healthy startretries=1 | c requires=probe:p",
    "g:a | g:b | g:c startretries=0 | @g strategy=one_for_all intensity=2 period=20",
    "g:a autorestart=true | g:b | h:c autorestart=true | @h intensity=1 period=30 escalate=parent | @g strategy=rest_for_one \
     intensity=1 period=60 groups=h",
    "g:a startretries=0 | g:b requires=g:a watchdog=4 | c requires=g:* | @g intensity=2 period=20 escalate=exit",
];

const MANNERS: [&str; 6] = [
    "",
    "; ignores TERM",
    "; stops after 3s",
    "; never ready",
    "; ready after 4s",
    "; unhealthy after 5s for 9s",
];

const DEEDS: [&str; 9] = [
    "start",
    "stop",
    "restart",
    "kill",
    "unhealthy",
    "healthy",
    "signal HUP",
    "start all --no-deps #",
    "restart all #",
];

fn scripts() -> impl Strategy<Value = (usize, String)> {
    let line = (0..LIVES.len(), 0..MANNERS.len());
    let deed = (0..60_000_u32, 0..DEEDS.len(), 0..3_usize);
    (0..SETTINGS.len(), prop::array::uniform3(line), prop::collection::vec(deed, 0..8), any::<bool>())
        .prop_map(|(at, lines, deeds, ends)| {
            let names = names(&setting(SETTINGS[at]));
            let mut script = String::new();
            for (name, (life, manner)) in names.iter().zip(lines) {
                script.push_str(&format!("{name}: {}{}\n", LIVES[life], MANNERS[manner]));
            }
            for (ms, deed, who) in deeds {
                script.push_str(&format!("at {ms}ms: {} {}\n", DEEDS[deed], names[who]));
            }
            script.push_str(if ends { "at 70s: shutdown\n" } else { "until 100s\n" });
            (at, script)
        })
}

/// The states of each process as they follow each other.
fn lives(report: &Report) -> HashMap<&str, Vec<(Duration, &'static str, &'static str)>> {
    let mut lives: HashMap<&str, Vec<_>> = HashMap::new();
    for line in &report.lines {
        if let (Some(who), What::State { from, to }) = (&line.who, &line.what) {
            lives.entry(who.as_str()).or_default().push((line.at, *from, *to));
        }
    }
    lives
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_lives_twice_and_time_never_goes_back((at, script) in scripts()) {
        let report = run(&setting(SETTINGS[at]), &script);
        prop_assert!(report.lines.is_sorted_by_key(|line| line.at), "{}", script);
        for (name, life) in lives(&report) {
            let mut state = "STOPPED";
            for (_, from, to) in life {
                prop_assert_eq!(from, state, "{} of\n{}", name, script);
                // a new process only where there was none
                prop_assert!(to != "STARTING" || !is_up(from), "{} is spawned over itself\n{}", name, script);
                state = to;
            }
        }
    }

    #[test]
    fn the_end_of_the_daemon_ends_everybody((at, script) in scripts()) {
        let report = run(&setting(SETTINGS[at]), &script);
        prop_assert_ne!(report.end, End::TooMany, "{} steps of\n{}", MOST_STEPS, script);
        prop_assert!(report.stop.is_some(), "not everybody came down\n{}", script);
        let (begun, _) = report.stop.unwrap_or_default();
        for (name, life) in lives(&report) {
            let last = life.last().map_or("STOPPED", |(_, _, to)| to);
            prop_assert!(!is_up(last), "{} is {}\n{}", name, last, script);
            let starts = life.iter().any(|(when, _, to)| *when > begun && *to == "STARTING");
            prop_assert!(!starts, "{} started after the end had begun\n{}", name, script);
        }
    }

    #[test]
    fn nobody_starts_before_what_it_requires((_, script) in scripts()) {
        // b requires that a is ready; nobody may wave that through
        let script: String = script.lines().filter(|line| !line.contains("--no-deps")).map(|l| format!("{l}\n")).collect();
        let names = names(&setting(SETTINGS[2]));
        let mut mine = String::new();
        for line in script.lines() {
            let of_others = line.split([' ', ':']).any(|word| word == "g" || word == "h");
            if !of_others {
                mine.push_str(line);
                mine.push('\n');
            }
        }
        let report = run(&setting(SETTINGS[2]), &mine);
        let mut ready = false;
        for line in &report.lines {
            match (line.who.as_deref(), &line.what) {
                (Some("a"), What::Became("ready")) => ready = true,
                (Some("a"), What::Became("not ready") | What::State { from: "RUNNING" | "STARTING", to: "STOPPING" | "EXITED" | "BACKOFF" }) => ready = false,
                (Some("b"), What::State { to: "STARTING", .. }) => {
                    prop_assert!(ready, "{:?} before a is ready\n{}\n{:?}", line, mine, names);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn no_budget_is_ever_exceeded((at, script) in scripts()) {
        let setting = setting(SETTINGS[at]);
        let overspent = overspent(&setting, &run(&setting, &script));
        prop_assert!(overspent.is_empty(), "{:#?}\n{}", overspent, script);
    }

    #[test]
    fn the_same_script_gives_the_same_report((at, script) in scripts()) {
        let setting = setting(SETTINGS[at]);
        prop_assert_eq!(run(&setting, &script), run(&setting, &script));
    }

    #[test]
    fn every_text_is_a_script_or_is_refused_with_a_place(words in prop::collection::vec((0..WORDS.len(), 0..3_usize), 0..60)) {
        let gaps = [" ", "", "\n"];
        let text: String = words.iter().map(|(word, gap)| format!("{}{}", WORDS[*word], gaps[*gap])).collect();
        if let Err(errors) = Script::parse(&text) {
            for error in errors {
                let line = text.lines().nth(error.spot.line - 1).unwrap_or_default();
                prop_assert!(error.spot.column + error.spot.width <= line.chars().count(), "{:?} in {:?}", error, text);
                prop_assert!(!error.help.is_empty() && error.show("s", &text).contains('^'));
            }
        }
    }
}

/// What scripts are made of, and what they are not.
const WORDS: [&str; 36] = [
    "web:",
    "all:",
    "at",
    "5s:",
    "until",
    "settled",
    "runs",
    "forever",
    "3.2s",
    "1h30m",
    ",",
    ";",
    "exit",
    "1",
    "999",
    "killed",
    "by",
    "SEGV",
    "then",
    "*3",
    "*0",
    "always",
    "ready",
    "after",
    "never",
    "ignores",
    "TERM",
    "stops",
    "stop",
    "web",
    "probe",
    "red",
    "#",
    ":",
    "\u{e4}\u{1f40e}",
    "\t",
];
