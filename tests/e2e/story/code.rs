//! What the page shows of the code: the tree of actors, the example of embedding, commands of cargo.
//!
//! None of these is run from here, since each has a test of its own beside the code; that the page speaks of what is
//! there is what is seen to. Deliberately absent: whether a piece of Rust compiles. Its words are those of the example.

use crate::harness::Herd;
use regex::Regex;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// A daemon that has one of each kind of actor has those that the page draws, and no other.
pub(super) fn tree(drawn: &str) {
    let herd = Herd::start(
        "[program:web]\ncommand=/bin/cat\n\
         [eventlistener:ear]\ncommand=/bin/cat\nevents=TICK_60\n\
         [subscriber:eye]\ncommand=/bin/cat\nevents=TICK_60\n",
    );
    let living = herd.call("tree.get", json!({})).expect("the tree is told").to_string();
    herd.end();
    let kinds = |path: Regex, text: &str| {
        let mut kinds: Vec<String> = path.captures_iter(text).map(|found| found[1].to_owned()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    let drawn = kinds(pattern(r"\u{2500} [A-Z]\w+ +(\w+)"), drawn);
    assert!(drawn.len() > 5, "the page draws actors: {drawn:?}");
    assert_eq!(drawn, kinds(pattern(r#""kind":"(\w+)""#), &living), "{living}");
}

/// Each word of a piece of Rust is one of the example.
pub(super) fn embedding(piece: &str) {
    let example = text(&source("actors/examples/embed.rs"));
    let comment = pattern("//.*");
    let words = pattern(r"\w+");
    for word in words.find_iter(&comment.replace_all(piece, "")) {
        let word = pattern(&format!(r"\b{}\b", word.as_str()));
        assert!(word.is_match(&example), "actors/examples/embed.rs has no {word}");
    }
}

/// A command of cargo names an example, or a test with a function, that is there.
pub(super) fn cargo(command: &str) {
    let words: Vec<&str> = command.split(' ').collect();
    let behind = |option: &str| {
        words.iter().position(|word| *word == option).and_then(|at| words.get(at + 1).copied())
    };
    assert_eq!(behind("-p"), Some("treeherd-actors"), "{command}");
    if let Some(example) = behind("--example") {
        assert!(source(&format!("actors/examples/{example}.rs")).exists(), "{command}");
        return;
    }
    let suite = source("actors/tests").join(behind("--test").unwrap_or_else(|| panic!("{command}")));
    let name = format!("fn {}", words.last().expect("a word"));
    let mut files = fs::read_dir(&suite).expect("the tests are there");
    assert!(files.any(|file| text(&file.expect("a file").path()).contains(&name)), "{command}");
}
