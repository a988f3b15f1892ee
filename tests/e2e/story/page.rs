//! The page as a play: its scripts, the head of the configuration, its scenes with their blocks.
//!
//! What stands before the first scene belongs to all of them. A script is a block that begins with `#!`, and the first
//! word of its second line is its name. No block is passed over: one of a language that is not known here is an error.
//! Deliberately absent: Markdown beyond headings and fences.

use crate::harness::{Herd, Plan};
use regex::Regex;
use std::fs;
use std::sync::LazyLock;

pub(super) const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/supervision.md");
/// Where the play begins; it ends with the page.
const BEGIN: &str = "\n# Part 1: ";
/// Programs that a chapter's fragment names and does not have, with its title.
const STAND_INS: [(&str, &str); 2] = [
    (
        "Strategies for your processes",
        "[program:db]\ncommand=/bin/cat\n[program:cache]\ncommand=/bin/cat\n[program:api]\ncommand=/bin/cat\n",
    ),
    // whose change frees web is in its history: db's, as the others are there long before
    (
        "Dependencies",
        "[program:db]\ncommand=/bin/cat\nstartsecs=5\n[program:cache]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:migrate]\ncommand=/bin/true\nstartsecs=0\nautorestart=false\n",
    ),
];

/// A block of a scene.
#[derive(Debug)]
pub(super) enum Block {
    /// Sections of a configuration.
    Ini(String),
    /// What is typed at a terminal, with the answers.
    Console(String),
    /// Lines of the daemon's log.
    Log(String),
    /// A script of `supervisorctl simulate`.
    Simulation(String),
    /// The tree of the daemon's actors.
    Tree(String),
    /// A piece of the example of embedding.
    Rust(String),
}

/// The page.
#[derive(Debug)]
pub(super) struct Page {
    /// Blocks of all kinds that were taken.
    pub(super) blocks: usize,
    scripts: Vec<(String, String)>,
    head: String,
    scenes: Vec<(String, Vec<Block>)>,
}

impl Page {
    /// The page as it is.
    pub(super) fn read() -> Self {
        let text = fs::read_to_string(PAGE).expect("the page is there");
        let begin = text.find(BEGIN).expect("the page has a first part");
        let mut page = Self { blocks: 0, scripts: Vec::new(), head: String::new(), scenes: Vec::new() };
        let mut lines = text[begin..].lines();
        while let Some(line) = lines.next() {
            if let Some(title) = line.strip_prefix("## ") {
                page.scenes.push((title.to_owned(), Vec::new()));
            } else if let Some(language) = line.strip_prefix("```") {
                let block = lines.by_ref().take_while(|line| *line != "```");
                page.take(language, block.map(|line| format!("{line}\n")).collect());
            }
        }
        // chapters without a block are no scenes
        page.scenes.retain(|(_, blocks)| !blocks.is_empty());
        page
    }

    fn take(&mut self, language: &str, text: String) {
        self.blocks += 1;
        let block = match language {
            "sh" => {
                let name = text.lines().nth(1).and_then(|line| line.split([' ', ':']).nth(1));
                let name = name.unwrap_or_else(|| panic!("a script without a name: {text}")).to_owned();
                return self.scripts.push((name, text));
            }
            "ini" if self.scenes.is_empty() => return self.head.push_str(&text),
            "ini" => Block::Ini(text),
            "console" => Block::Console(text),
            "text" => Block::Log(text),
            "sim" => Block::Simulation(text),
            "tree" => Block::Tree(text),
            "rust" => Block::Rust(text),
            other => panic!("nothing is known about a block of {other:?}: {text}"),
        };
        let (_, blocks) = self.scenes.last_mut().expect("a block stands in a scene");
        blocks.push(block);
    }

    /// The titles of the scenes.
    pub(super) fn titles(&self) -> Vec<&str> {
        self.scenes.iter().map(|(title, _)| title.as_str()).collect()
    }

    /// The blocks of a scene.
    #[track_caller]
    pub(super) fn scene(&self, title: &str) -> &[Block] {
        let scene = self.scenes.iter().find(|(name, _)| name == title);
        scene.map_or_else(|| panic!("the page has no scene {title:?}"), |(_, blocks)| blocks.as_slice())
    }

    /// The sections that every file of this scene begins with.
    pub(super) fn head(&self, title: &str) -> Sections {
        let mut sections = Sections(Vec::new());
        sections.replace(&self.head);
        for (_, programs) in STAND_INS.iter().filter(|(name, _)| *name == title) {
            sections.replace(programs);
        }
        sections
    }

    /// A daemon with these sections, and the scripts of the page beside its file.
    pub(super) fn plan(&self, sections: &Sections) -> Plan {
        let plan = Herd::exactly(&sections.text());
        self.scripts.iter().fold(plan, |plan, (name, text)| plan.script(name, text))
    }
}

/// The sections of a file, each with its header.
#[derive(Debug)]
pub(super) struct Sections(Vec<(String, String)>);

impl Sections {
    /// Puts each section of a text in the place of the one with its header, or behind all others.
    pub(super) fn replace(&mut self, text: &str) {
        let mut fresh: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            match fresh.last_mut() {
                _ if line.starts_with('[') => fresh.push((line.to_owned(), String::new())),
                Some((_, body)) => *body += &format!("{line}\n"),
                None => panic!("a line without a section: {line}"),
            }
        }
        for (header, body) in fresh {
            match self.0.iter_mut().find(|(name, _)| *name == header) {
                Some(old) => old.1 = body,
                None => self.0.push((header, body)),
            }
        }
    }

    fn text(&self) -> String {
        self.0.iter().map(|(header, body)| format!("{header}\n{body}")).collect()
    }
}

/// A line without what differs from run to run: moments, measured spans, pids, incidents, places in the code, the numbers
/// of events, the directory, and how wide a column is.
pub(super) fn plain(line: &str, dir: &str) -> String {
    if line.trim() == "..." {
        return "...".to_owned();
    }
    let line = line.replace(dir, "/srv/shop");
    let plain = RULES.iter().fold(line, |line, (pattern, by)| pattern.replace_all(&line, *by).into_owned());
    plain.trim_end().to_owned()
}

/// What differs from run to run, and what stands for it.
static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        (r"\d{4}-\d\d-\d\d ", ""),
        (r"\b\d\d:\d\d:\d\d[.,]\d{3}\b", "TIME"),
        (r"\b[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M\b", "TIME"),
        (r"\b\d+(\.\d+)? (ms|s|min|h)\b( \d+ (s|min)\b)?", "SPAN"),
        (r"\buptime \d+:\d\d:\d\d", "uptime SPAN"),
        (r"\bpid \d+", "pid PID"),
        (r"\buid \d+", "uid UID"),
        (r"^( *TIME .*?[a-zA-Z]) +\d+  ", "$1 PID "),
        (r"('\S+' )\(\d+\)", "$1(PID)"),
        (r"\bincident [0-9a-f]+-\d+", "incident ID"),
        (r"(\.rs):\d+:\d+", "$1:PLACE"),
        (r" #\d+\)", " #SEQ)"),
        (r"\s+", " "),
    ];
    rules.into_iter().map(|(pattern, by)| (Regex::new(pattern).expect("a pattern"), by)).collect()
});
