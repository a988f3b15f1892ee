//! What comes from outside, mutated: seeds of a corpus are changed by chance for a bounded time, and no reader may
//! panic, hang or disagree with itself.
//!
//! ```text
//!   corpus/<target>/* --mutate--> bytes --> the target's check     1 s each; FUZZ_SECONDS=60 for more
//!   a failure: the bytes go to a file, whose path is told; FUZZ_SEED repeats the run
//! ```
//!
//! A target is a function of bytes in [`targets`], a directory with seeds, and a line in [`TARGETS`]; it runs on the
//! stable compiler. Chance is a generator of numbers that is the same in every run. Deliberately absent: coverage,
//! which needs a compiler of its own.

mod dialect;
mod http;
mod mutate;
mod simulation;
mod streams;
mod targets;

use mutate::Mutator;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs, thread};

/// What is fuzzed.
#[derive(Clone, Copy)]
struct Target {
    /// The directory of its seeds, and its name.
    name: &'static str,
    /// Words that its mutations are made of, besides bytes.
    words: &'static [&'static str],
    /// Panics if something is wrong with these bytes.
    check: fn(&[u8]),
}

const TARGETS: &[Target] = &[
    Target { name: "xml_rpc", words: targets::XML_WORDS, check: targets::xml_rpc },
    Target { name: "environment", words: targets::ENVIRONMENT_WORDS, check: targets::environment },
    Target { name: "command", words: targets::COMMAND_WORDS, check: targets::command },
    Target { name: "selector", words: targets::SELECTOR_WORDS, check: targets::selector },
    Target { name: "syslog_target", words: targets::SYSLOG_WORDS, check: targets::syslog_target },
    Target { name: "listener", words: targets::LISTENER_WORDS, check: targets::listener },
    Target { name: "configuration", words: targets::CONFIGURATION_WORDS, check: targets::configuration },
    Target { name: "dialect", words: dialect::WORDS, check: dialect::dialect },
    Target { name: "capture", words: streams::CAPTURE_WORDS, check: streams::capture },
    Target { name: "ansi", words: streams::ANSI_WORDS, check: streams::ansi },
    Target { name: "http", words: http::WORDS, check: http::http },
    Target { name: "http_browser", words: http::BROWSER_WORDS, check: http::http_browser },
    Target { name: "simulation", words: simulation::WORDS, check: simulation::simulation },
];

/// No input may take longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory).expect("a target has seeds").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let seeds: Vec<_> = paths.iter().map(|path| fs::read(path).expect("a seed can be read")).collect();
    assert!(!seeds.is_empty(), "{name} has no seeds");
    seeds
}

/// What the fuzzing thread is at, for whoever watches it.
#[derive(Default)]
struct Progress {
    input: Mutex<Vec<u8>>,
    done: AtomicU64,
    is_over: AtomicBool,
}

impl Progress {
    fn input(&self) -> Vec<u8> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the input that showed a fault, and tells where.
    fn keep(&self, target: Target) -> String {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
        fs::write(&path, self.input()).expect("the target directory can be written");
        format!(
            "{} at input {}: it is in {}",
            target.name,
            self.done.load(Ordering::Relaxed),
            path.display()
        )
    }
}

/// Checks one input after the other until it is told to stop; `false` at the first that fails.
fn run(target: Target, progress: &Progress) -> bool {
    let mut mutator = Mutator::new(setting("FUZZ_SEED", 1), seeds(target.name), target.words);
    while !progress.is_over.load(Ordering::Relaxed) {
        let input = mutator.next();
        input.clone_into(&mut progress.input.lock().unwrap_or_else(PoisonError::into_inner));
        if catch_unwind(|| (target.check)(&input)).is_err() {
            return false;
        }
        progress.done.fetch_add(1, Ordering::Relaxed);
    }
    true
}

/// Waits for a condition for so long at most; whether it came true.
fn wait(limit: Duration, holds: impl Fn() -> bool) -> bool {
    let step = Duration::from_millis(50);
    let mut left = limit;
    while !holds() && !left.is_zero() {
        thread::sleep(step);
        left = left.saturating_sub(step);
    }
    holds()
}

fn fuzz(name: &str) {
    let target = *TARGETS.iter().find(|target| target.name == name).expect("it stands in the list");
    for seed in seeds(name) {
        (target.check)(&seed);
    }
    let progress = Arc::<Progress>::default();
    let worker = thread::spawn({
        let progress = Arc::clone(&progress);
        move || run(target, &progress)
    });
    let has_begun = || progress.done.load(Ordering::Relaxed) > 100;
    wait(Duration::from_secs(setting("FUZZ_SECONDS", 1)), || worker.is_finished());
    wait(PATIENCE, || has_begun() || worker.is_finished());
    progress.is_over.store(true, Ordering::Relaxed);
    assert!(wait(PATIENCE, || worker.is_finished()), "takes for ever: {}", progress.keep(target));
    let is_good = worker.join().expect("failures are caught");
    assert!(is_good, "{}", progress.keep(target));
    assert!(has_begun(), "it has hardly begun");
}

#[test]
fn xml_rpc() {
    fuzz("xml_rpc");
}

#[test]
fn environment() {
    fuzz("environment");
}

#[test]
fn command() {
    fuzz("command");
}

#[test]
fn selector() {
    fuzz("selector");
}

#[test]
fn syslog_target() {
    fuzz("syslog_target");
}

#[test]
fn listener() {
    fuzz("listener");
}

#[test]
fn configuration() {
    fuzz("configuration");
}

#[test]
fn dialect() {
    fuzz("dialect");
}

#[test]
fn capture() {
    fuzz("capture");
}

#[test]
fn ansi() {
    fuzz("ansi");
}

#[test]
fn http() {
    fuzz("http");
}

#[test]
fn http_browser() {
    fuzz("http_browser");
}

#[test]
fn simulation() {
    fuzz("simulation");
}

#[test]
fn every_target_is_fuzzed_and_has_seeds() {
    let source = include_str!("main.rs");
    for target in TARGETS {
        assert!(source.contains(&format!("fuzz(\"{}\");", target.name)), "{}", target.name);
        assert!(!seeds(target.name).is_empty());
    }
}

#[test]
fn the_same_seed_gives_the_same_inputs() {
    let inputs = |seed| {
        let mut mutator = Mutator::new(seed, seeds("xml_rpc"), targets::XML_WORDS);
        (0..50).map(|_| mutator.next()).collect::<Vec<_>>()
    };
    assert_eq!(inputs(7), inputs(7));
    assert_ne!(inputs(7), inputs(8));
}
