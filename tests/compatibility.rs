//! docs/compatibility.md against the sources: every feature once, every deviation told, every test named there real.
//!
//! ```text
//!   | F12 | what | same            | `e2e::spawn::a_test` |     a function with #[test] in tests/e2e/spawn.rs
//!   | F13 | what | differs: [D7].. | `config::x::*`       |     at least one in config/.../x.rs
//!   ### D7 ... `differential::subject::scenario`              a scenario of tests/differential/subjects/subject.py
//! ```
//!
//! A test is named by its path: the crate (`treeherd` for `src`, nothing for `tests`), then the directories and the
//! file, without `src`, `tests`, `main`, `mod` and `lib`. Deliberately absent: whether a test proves what it is named
//! for; that is for whoever reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The features of Supervisor 4.3.
const FEATURES: u32 = 329;
/// Where scenarios are written in Python, and as what they are declared there.
const SCENARIOS: [(&str, &str, &str); 3] = [
    ("differential", "tests/differential/subjects", "@"),
    ("guide", "tests/guide", ""),
    ("browser", "tests/browser", ""),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document() -> String {
    fs::read_to_string(root().join("docs/compatibility.md")).expect("the document is there")
}

/// The files below a directory that end so, by their paths from the root.
fn files(directory: &Path, suffix: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory of the workspace can be read").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            files(&path, suffix, found);
        } else if name.ends_with(suffix) {
            found.push(path.strip_prefix(root()).expect("it is below the root").to_owned());
        }
    }
}

/// The path of a source as the document writes it.
fn module(path: &Path) -> String {
    let path = path.with_extension("");
    let mut parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    if parts.first() == Some(&"src") {
        parts[0] = "treeherd";
    }
    parts.retain(|part| !["src", "tests", "main", "mod", "lib"].contains(part));
    // an integration test of a crate is called as the crate is
    parts.dedup();
    parts.join("::")
}

/// The functions of a source that are tests.
fn tests_of(text: &str) -> Vec<String> {
    let mut tests = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            marked |= ["#[test]", "#[tokio::test", "#[actix_rt::test", "#[actix::test"]
                .iter()
                .any(|mark| line.starts_with(mark));
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| marked) {
            tests.extend(rest.split(['(', '<']).next().map(str::to_owned));
            marked = false;
        } else if !line.starts_with("//") {
            marked = false;
        }
    }
    tests
}

/// The functions of a suite in Python; `mark` is what the line above has to begin with.
fn scenarios_of(text: &str, mark: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let name = |at: usize| Some(lines[at].strip_prefix("def ")?.split('(').next()?.to_owned());
    let is_marked = |at: usize| mark.is_empty() || at > 0 && lines[at - 1].starts_with(mark);
    (0..lines.len()).filter(|at| is_marked(*at)).filter_map(name).collect()
}

/// Every test there is, by its name in the document.
fn known() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    let mut note = |module: &str, names: Vec<String>| {
        known.extend(names.into_iter().map(|name| format!("{module}::{name}")));
    };
    let read = |path: &Path| fs::read_to_string(root().join(path)).expect("a source can be read");
    let mut sources = Vec::new();
    files(&root(), ".rs", &mut sources);
    for path in sources {
        note(&module(&path), tests_of(&read(&path)));
    }
    for (suite, directory, mark) in SCENARIOS {
        let mut sources = Vec::new();
        files(&root().join(directory), ".py", &mut sources);
        for path in sources {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            note(&format!("{suite}::{stem}"), scenarios_of(&read(&path), mark));
        }
    }
    known
}

/// What stands between backticks and looks like the name of a test.
fn named(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|word| word.contains("::")).collect()
}

/// The numbers that follow this letter, where it begins a word.
fn numbers(text: &str, letter: char) -> Vec<u32> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| word.strip_prefix(letter)?.parse().ok()).collect()
}

/// The cells of each row of the tables: number, what, status, tests.
fn rows(document: &str) -> Vec<(u32, &str, &str)> {
    let row = |line| {
        let cells: Vec<&str> = str::split(line, " | ").collect();
        let [number, _, status, tests] = cells[..] else { panic!("a row has four cells: {line}") };
        (numbers(number, 'F')[0], status, tests)
    };
    document.lines().filter(|line| line.starts_with("| F")).map(row).collect()
}

/// The text of each deviation, by its number.
fn deviations(document: &str) -> Vec<(u32, &str)> {
    let after = document.split("\n### D").skip(1);
    after
        .map(|text| {
            let text = text.split("\n## ").next().unwrap_or(text);
            let (number, text) = text.split_once('\n').expect("a deviation has a text");
            (number.parse().expect("a deviation has a number"), text)
        })
        .collect()
}

#[test]
fn every_feature_stands_there_once() {
    let document = document();
    let (_, outside) = document.split_once("\n## Not in this table\n").expect("the section is there");
    let mut found: BTreeMap<u32, usize> = BTreeMap::new();
    let all = rows(&document).into_iter().map(|(number, ..)| number).chain(numbers(outside, 'F'));
    all.for_each(|number| *found.entry(number).or_default() += 1);
    let wrong: Vec<u32> = (1..=FEATURES).filter(|number| found.get(number) != Some(&1)).collect();
    assert!(wrong.is_empty(), "not there, or more than once: {wrong:?}");
    assert_eq!(found.len(), FEATURES as usize, "numbers that no feature has: {found:?}");
}

#[test]
fn every_test_that_is_named_exists_and_every_feature_has_one() {
    let (document, known) = (document(), known());
    assert!(known.len() > 500, "the tests were not found");
    let exists = |name: &str| match name.strip_suffix('*') {
        Some(module) => {
            known.range(module.to_owned()..).next().is_some_and(|test| test.starts_with(module))
        }
        None => known.contains(name),
    };
    let missing: Vec<&str> =
        named(&document).into_iter().filter(|name| !name.contains("...") && !exists(name)).collect();
    assert!(missing.is_empty(), "no such tests:\n  {}", missing.join("\n  "));
    for (number, status, tests) in rows(&document) {
        assert!(!named(tests).is_empty(), "F{number} has no test");
        assert!(status == "same" || status.starts_with("differs: [D"), "F{number}: {status}");
    }
}

#[test]
fn every_deviation_is_told_once_and_shown_by_a_test() {
    let document = document();
    let told = deviations(&document);
    let known: Vec<u32> = told.iter().map(|(number, _)| *number).collect();
    assert_eq!(known, (1..=u32::try_from(known.len()).expect("few")).collect::<Vec<_>>());
    for (number, text) in &told {
        for piece in ["Supervisor ", "Here: ", "Why: "] {
            assert!(text.contains(piece), "D{number} does not say {piece:?}");
        }
        assert!(!named(text).is_empty(), "D{number} has no test");
    }
    let referred: BTreeSet<u32> =
        rows(&document).iter().flat_map(|(_, status, _)| numbers(status, 'D')).collect();
    assert_eq!(
        referred.into_iter().collect::<Vec<_>>(),
        known,
        "deviations of rows, and those that are told"
    );
    for number in numbers(&document, 'D') {
        assert!(known.contains(&number), "D{number} is referred to and not told");
    }
}

#[test]
fn names_of_tests_follow_their_paths() {
    for (path, name) in [
        ("tests/e2e/spawn.rs", "e2e::spawn"),
        ("tests/pidproxy.rs", "pidproxy"),
        ("config/tests/config/values.rs", "config::values"),
        ("domain/src/status.rs", "domain::status"),
        ("domain/tests/lifecycle/starting.rs", "domain::lifecycle::starting"),
        ("actors/src/rotator/stream/tests.rs", "actors::rotator::stream"),
        ("src/ctl/action/help.rs", "treeherd::ctl::action::help"),
    ] {
        assert_eq!(module(Path::new(path)), name);
    }
    let text = "#[test]\nfn one() {}\n#[tokio::test]\n// why\nasync fn two() {}\nfn three() {}\n// #[test]\nfn four() {}";
    assert_eq!(tests_of(text), ["one", "two"]);
    assert_eq!(scenarios_of("@scenario\ndef a(s):\ndef b(s):\n", "@"), ["a"]);
}
