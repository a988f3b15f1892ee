//! What the documentation says of supervision is so: its numbers, and its example.

use std::io::Write;
use std::sync::{Arc, Mutex};
use treeherd_actors::estate::Mood;
use treeherd_actors::{group, program, root, tree};
use treeherd_domain::strategy::Intensity;

#[path = "../../examples/embed.rs"]
pub(crate) mod embed;

const DOCUMENT: &str = include_str!("../../../docs/supervision.md");

/// The document in one line, so that it may be wrapped anywhere.
fn document() -> String {
    DOCUMENT.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_says(text: &str) {
    assert!(document().contains(text), "docs/supervision.md does not say {text:?}");
}

#[test]
fn the_numbers_in_the_document_are_those_of_the_code() {
    let levels = [
        ("program", "its rotators", program::INTENSITY),
        ("group", "its programs, its pool, its feeder", group::INTENSITY),
        ("root", "groups, endpoints, bus, scribe", root::INTENSITY),
        ("loop", "the root", tree::INTENSITY),
    ];
    for (who, whom, Intensity { restarts, period }) in levels {
        assert_says(&format!("| {who} | {whom} | {restarts} | {} s |", period.as_secs()));
    }
    let product = [program::INTENSITY, group::INTENSITY, root::INTENSITY].map(|i| i.restarts + 1);
    let [program, group, root] = product;
    assert_says(&format!("{program} x {group} x {root} = {}", program * group * root));
    assert_says(&format!("a pause of {} s", tree::PAUSE.as_secs()));
}

#[test]
fn every_actor_of_the_tree_is_in_the_document() {
    for name in ["Root", "Bus", "Scribe", "Endpoint", "Group", "Pool", "Feeder", "Program", "Rotator"] {
        assert_says(name);
    }
}

/// A writer that can be read.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_example_of_embedding_runs_a_tree_beside_its_own_actor() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("shop.conf");
    let text = "[supervisord]\nlogfile=%(here)s/main.log\npidfile=%(here)s/pid\nchildlogdir=%(here)s\n\
        [program:till]\ncommand=/bin/cat\nstartsecs=0\n[program:oven]\ncommand=/bin/cat\nstartsecs=0\n";
    std::fs::write(&file, text).unwrap();
    let page = Page::default();
    let mood = embed::run(&file, Box::new(page.clone())).unwrap();
    assert_eq!(mood, Mood::Shutdown);
    let seen = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = seen.lines().map(|line| line.split_once(" pid ").unwrap().0).collect();
    assert_eq!(lines, ["oven RUNNING", "till RUNNING"]);
}
