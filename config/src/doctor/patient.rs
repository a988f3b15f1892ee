//! A configuration as the rules look at it: what is written, and what it comes to.

use super::edit::Edit;
use super::finding::Found;
use crate::expand::Vars;
use crate::include;
use crate::raw::{RawConfig, RawSection, Trace};
use crate::source::Span;
use crate::{World, value};
use treeherd_domain::spec::Config;

/// All that the rules may ask.
pub(super) struct Patient<'a> {
    /// What is written.
    pub(super) raw: &'a RawConfig,
    /// What it comes to; `None` if it has errors.
    pub(super) config: Option<&'a Config>,
    pub(super) world: &'a World<'a>,
    /// What the main file includes.
    pub(super) included: &'a [include::Found],
}

/// The kinds of sections that run something.
pub(super) const PROGRAMS: [&str; 4] = ["program:", "fcgi-program:", "eventlistener:", "subscriber:"];

impl<'a> Patient<'a> {
    pub(super) fn trace(&self) -> &'a Trace {
        self.raw.trace.as_ref().expect("what the doctor looks at is read with its trace")
    }

    /// All sections, in the order of their first headers.
    pub(super) fn sections(&'a self) -> impl Iterator<Item = Section<'a>> {
        self.raw.sections.iter().map(|raw| Section { patient: self, raw })
    }

    pub(super) fn section(&'a self, name: &str) -> Option<Section<'a>> {
        self.raw.section(name).map(|raw| Section { patient: self, raw })
    }

    /// The sections of a kind.
    pub(super) fn of_kind(&'a self, prefix: &'a str) -> impl Iterator<Item = Section<'a>> {
        self.sections().filter(move |section| section.raw.name.starts_with(prefix))
    }

    /// Everything that runs something.
    pub(super) fn programs(&'a self) -> impl Iterator<Item = Section<'a>> {
        self.sections().filter(|section| PROGRAMS.iter().any(|kind| section.raw.name.starts_with(kind)))
    }

    /// The control endpoints.
    pub(super) fn servers(&'a self) -> impl Iterator<Item = Section<'a>> {
        let kinds = ["inet_http_server", "unix_http_server"];
        self.sections().filter(move |section| kinds.iter().any(|kind| section.raw.name.starts_with(kind)))
    }

    /// What every rule of one section finds in all of them.
    pub(super) fn each(
        sections: impl Iterator<Item = Section<'a>>,
        find: impl Fn(Section<'a>) -> Option<Found>,
    ) -> Vec<Found> {
        sections.filter_map(find).collect()
    }
}

/// A section being looked at.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    pub(super) patient: &'a Patient<'a>,
    pub(super) raw: &'a RawSection,
}

/// A key that is written.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) value: &'a str,
    pub(super) span: Span,
}

impl<'a> Section<'a> {
    /// `[program:web]`.
    pub(super) fn title(&self) -> String {
        format!("[{}]", self.raw.name)
    }

    /// What stands after the colon.
    pub(super) fn name(&self) -> &'a str {
        self.raw.name.split_once(':').map_or("", |(_, name)| name.trim())
    }

    /// A key, `[DEFAULT]`'s included.
    pub(super) fn get(&self, key: &str) -> Option<Written<'a>> {
        let option = self.patient.raw.option(self.raw, key)?;
        Some(Written { value: &option.value, span: option.span })
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A value as it is written.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).map(|written| written.value)
    }

    /// A value with `here` and the environment in its place; as it is written, where that does not do.
    pub(super) fn expanded(&self, key: &str) -> Option<String> {
        let option = self.patient.raw.option(self.raw, key)?;
        let here = self.patient.raw.here(self.raw, option);
        let vars = Vars::new(Vec::new(), vec![&self.patient.world.environment]);
        let expanded = vars.expand(&option.value, here, String::new);
        Some(expanded.map_or_else(|_| option.value.clone(), std::borrow::Cow::into_owned))
    }

    /// A truth value; what cannot be read counts as the default.
    pub(super) fn is(&self, key: &str, default: bool) -> bool {
        self.text(key).and_then(|text| value::boolean(text).ok()).unwrap_or(default)
    }

    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        value::integer(self.text(key)?).ok()
    }

    /// A size in bytes.
    pub(super) fn size(&self, key: &str) -> Option<i64> {
        value::byte_size(self.text(key)?).ok()
    }

    /// Something found at a key; at the header, if the key is not written.
    pub(super) fn found(&self, key: &str, message: String) -> Found {
        Found::new(self.get(key).map_or(self.raw.span, |written| written.span), message)
    }

    /// Something found at a word of a value.
    pub(super) fn found_word(&self, key: &str, word: &str, message: String) -> Found {
        let span = self.get(key).map_or(self.raw.span, |written| {
            self.patient.raw.sources[written.span.file].within(written.span, word)
        });
        Found::new(span, message)
    }

    /// A key with another value, in its place if it is written here, else below the key that it belongs to.
    pub(super) fn set(&self, key: &str, value: &str, below: &str) -> Option<Edit> {
        match self.patient.raw.own(self.raw, key) {
            Some(option) => Edit::replace(self.patient.raw, option.span, value),
            None => self.insert(key, value, below),
        }
    }

    /// A line `key = value`, written as its neighbour is.
    fn insert(&self, key: &str, value: &str, below: &str) -> Option<Edit> {
        let trace = self.patient.trace();
        let own = |key: &&crate::raw::Key| trace.headers[key.header].name == self.raw.name;
        let neighbour = trace.keys.iter().filter(own).find(|known| known.name == below);
        let Some(neighbour) = neighbour.or_else(|| trace.keys.iter().find(own)) else {
            let line = format!("{key} = {value}");
            return Some(Edit::insert(self.raw.span.file, self.raw.span.line, line));
        };
        let line = self.patient.raw.sources[neighbour.span.file].line(neighbour.span.line).0;
        let indent: String = line.chars().take(neighbour.span.column).collect();
        let rest: String = line.chars().skip(neighbour.span.column + neighbour.span.width).collect();
        let equals = if rest.starts_with(' ') { " = " } else { "=" };
        let last = neighbour.value.last.max(neighbour.span.line);
        Some(Edit::insert(neighbour.span.file, last, format!("{indent}{key}{equals}{value}")))
    }

    /// The lines of a key, gone from wherever it is written in this section.
    pub(super) fn without(&self, key: &str) -> Vec<Edit> {
        let trace = self.patient.trace();
        let here = trace
            .keys
            .iter()
            .filter(|known| known.name == key && trace.headers[known.header].name == self.raw.name);
        here.map(|known| Edit::remove(known.span, known.value.last.max(known.span.line))).collect()
    }
}

impl Patient<'_> {
    /// The text of a line of a file.
    pub(super) fn line(&self, file: usize, number: usize) -> &str {
        self.raw.sources[file].line(number).0
    }
}
