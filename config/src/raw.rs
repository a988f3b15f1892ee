//! The files of a configuration merged: sections and options as text, with their places. Nothing is
//! decided here.
//!
//! ```text
//! Source -> dialect (narrow form, places) -> rust-ini (sections, options) -> merged into RawConfig
//! ```
//!
//! Sections of one name are one section; of options of one name the last counts, across files too.
//! `[DEFAULT]` is no section: its options stand in for those that a section lacks.

use crate::dialect::{Item, Narrow, Syntax, is_space, narrow};
use crate::report::Error;
use crate::source::{Source, Span};
use ini::{Ini, ParseOption};
use std::collections::{BTreeMap, HashMap};
use treeherd_domain::quote::repr;

/// All files of a configuration.
#[derive(Debug, Default)]
pub(crate) struct RawConfig {
    /// The files, in the order of reading; the main file is the first.
    pub(crate) sources: Vec<Source>,
    /// The sections, in the order of their first headers.
    pub(crate) sections: Vec<RawSection>,
    defaults: BTreeMap<String, RawOption>,
    index: HashMap<String, usize>,
    /// Every header and every key as it stands in the files, for who asks for it (`traced`).
    pub(crate) trace: Option<Trace>,
}

/// What stands in the files, in order, before it is merged.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub(crate) headers: Vec<Header>,
    pub(crate) keys: Vec<Key>,
}

impl Trace {
    /// Notes a header; gives its place in the trace.
    fn begin(&mut self, name: &str, span: Span) -> usize {
        self.headers.push(Header { name: name.to_owned(), span });
        self.headers.len() - 1
    }
}

/// A section's header.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) span: Span,
}

/// A key below a header.
#[derive(Debug)]
pub(crate) struct Key {
    /// Which header, by its place in the trace.
    pub(crate) header: usize,
    /// In lower case.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) span: Span,
    /// Where its value stands.
    pub(crate) value: Span,
}

/// A section.
#[derive(Debug)]
pub(crate) struct RawSection {
    /// Its name as written between the brackets.
    pub(crate) name: String,
    /// Its first header.
    pub(crate) span: Span,
    options: BTreeMap<String, RawOption>,
}

/// The value of an option.
#[derive(Clone, Debug)]
pub(crate) struct RawOption {
    /// Its text.
    pub(crate) value: String,
    /// Where it stands.
    pub(crate) span: Span,
}

impl RawConfig {
    /// One that keeps a trace of what is added.
    pub(crate) fn traced() -> Self {
        Self { trace: Some(Trace::default()), ..Self::default() }
    }

    /// Adds a file; its syntax errors are returned, and what is sound of it is there all the same.
    pub(crate) fn add(&mut self, source: Source) -> Vec<Error> {
        self.add_narrowed(source, |_| ())
    }

    /// The same, but that of its sections only these are there: for a reader that wants no more of a large
    /// file.
    pub(crate) fn add_only(&mut self, source: Source, sections: &[&str]) -> Vec<Error> {
        self.add_narrowed(source, |narrowed| narrowed.keep_only(sections))
    }

    fn add_narrowed(&mut self, source: Source, change: impl FnOnce(&mut Narrow)) -> Vec<Error> {
        let file = self.sources.len();
        let mut narrowed = narrow(&source, file);
        change(&mut narrowed);
        self.merge(&narrowed);
        let errors = syntax_errors(&source, file, std::mem::take(&mut narrowed.syntax));
        self.sources.push(source);
        errors
    }

    fn merge(&mut self, narrowed: &Narrow) {
        let options = ParseOption {
            enabled_quote: false,
            enabled_escape: false,
            enabled_indented_mutiline_value: true,
            ..ParseOption::default()
        };
        let ini = Ini::load_from_str_opt(&narrowed.text, options)
            .expect("the narrow form has only headers, options and continuations");
        let bare = |text: &str| unguarded(text, narrowed.guard);
        let mut items = narrowed.items.iter().copied();
        let parsed = ini.iter().filter_map(|(name, options)| name.map(|name| (name, options)));
        for (name, options) in parsed {
            let Some(Item::Section(span)) = items.next() else { break };
            let name = bare(name).replace(narrowed.bracket, "]");
            let header = self.trace.as_mut().map(|trace| trace.begin(&name, span));
            let section = self.section_mut(name, span);
            let mut keys = Vec::new();
            for ((key, value), item) in options.iter().zip(&mut items) {
                let Item::Option(start, span) = item else { break };
                let key = bare(key);
                if let Some(header) = header {
                    keys.push(Key { header, name: key.clone(), span: start, value: span });
                }
                section.insert(key, RawOption { value: trimmed(bare(value)), span });
            }
            if let Some(trace) = &mut self.trace {
                trace.keys.append(&mut keys);
            }
        }
    }

    fn section_mut(&mut self, name: String, span: Span) -> &mut BTreeMap<String, RawOption> {
        if name == "DEFAULT" {
            return &mut self.defaults;
        }
        let next = self.sections.len();
        let index = *self.index.entry(name.clone()).or_insert(next);
        if index == next {
            self.sections.push(RawSection { name, span, options: BTreeMap::new() });
        }
        &mut self.sections[index].options
    }

    /// A section by name.
    pub(crate) fn section(&self, name: &str) -> Option<&RawSection> {
        self.index.get(name).map(|index| &self.sections[*index])
    }

    /// The sections whose names begin so, in order.
    pub(crate) fn sections_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a RawSection> {
        self.sections.iter().filter(move |section| section.name.starts_with(prefix))
    }

    /// An option of a section, or of `[DEFAULT]`.
    pub(crate) fn option<'a>(&'a self, section: &'a RawSection, key: &str) -> Option<&'a RawOption> {
        section.options.get(key).or_else(|| self.defaults.get(key))
    }

    /// An option that a section has itself.
    pub(crate) fn own<'a>(&'a self, section: &'a RawSection, key: &str) -> Option<&'a RawOption> {
        section.options.get(key)
    }

    /// All options of a section, `[DEFAULT]`'s included.
    pub(crate) fn options<'a>(
        &'a self,
        section: &'a RawSection,
    ) -> impl Iterator<Item = (&'a str, &'a RawOption)> {
        let inherited = self.defaults.iter().filter(|(key, _)| !section.options.contains_key(*key));
        section.options.iter().chain(inherited).map(|(key, option)| (key.as_str(), option))
    }

    /// The file that a section was first seen in.
    pub(crate) fn file_of(&self, section: &RawSection) -> &str {
        &self.sources[section.span.file].shown
    }

    /// `%(here)s` of an option: the directory of its file; of one that `[DEFAULT]` lends, the directory
    /// of the file that completes the section.
    pub(crate) fn here(&self, section: &RawSection, option: &RawOption) -> &str {
        let file = option.span.file.max(section.span.file);
        &self.sources[file].here
    }
}

/// A name or a value without its guards.
fn unguarded(text: &str, guard: char) -> String {
    let inner = text.trim_matches(guard);
    // Most have no guard but the outer ones.
    if inner.contains(guard) { inner.replace(guard, "") } else { inner.to_owned() }
}

/// White space at the end of a whole value goes, as at the end of each of its lines.
fn trimmed(mut value: String) -> String {
    let end = value.trim_end_matches(is_space).len();
    value.truncate(end);
    value
}

/// Python's words for what is wrong.
fn syntax_errors(source: &Source, file: usize, syntax: Syntax) -> Vec<Error> {
    let raw = |number: usize| {
        let (line, ended) = source.line(number);
        repr(&if ended { format!("{line}\n") } else { line.to_owned() })
    };
    let place = |number: usize| {
        let text = source.line(number).0;
        let column = text.chars().take_while(|c| is_space(*c)).count();
        let width = text.trim_matches(is_space).chars().count();
        source.place(Span { file, line: number, column, width, last: number })
    };
    let shown = repr(&source.shown);
    let headless = syntax.headless.map(|line| {
        Error::new(
            format!("File contains no section headers.\nfile: {shown}, line: {line}\n{}", raw(line)),
            vec![place(line)],
            "begin the file with a section header such as [supervisord]".to_owned(),
        )
    });
    let bad = (!syntax.bad.is_empty()).then(|| {
        let mut message = format!("Source contains parsing errors: {shown}");
        for number in &syntax.bad {
            message.push_str(&format!("\n\t[line {number:>2}]: {}", raw(*number)));
        }
        let help = "write key=value; a line that goes on with a value is indented more than its key; a comment \
                    begins with ; or #";
        Error::new(message, syntax.bad.into_iter().map(place).collect(), help.to_owned())
    });
    headless.into_iter().chain(bad).collect()
}
