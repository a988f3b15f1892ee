//! Reading the keys of one section: look up, expand, convert, and note what is wrong.
//!
//! ```text
//! RawConfig --option--> text --Vars--> expanded --value::...--> T
//!      missing: the default     |            |
//!                               `-- wrong: an error in Faults, and the default, so that the next
//!                                   key is read as well
//! ```

use crate::expand::Vars;
use crate::raw::{RawConfig, RawOption, RawSection};
use crate::report::{Error, Report};
use crate::source::Span;
use crate::value::ValueError;
use crate::world::{Remembered, World};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::path::PathBuf;
use treeherd_domain::level::Level;
use treeherd_domain::quote::repr;
use treeherd_domain::scale::{Numprocs, Programs};
use treeherd_domain::spec::Notice;

/// What all readers share while a configuration is loaded.
pub(crate) struct Context<'a> {
    pub(crate) raw: &'a RawConfig,
    pub(crate) world: &'a World<'a>,
    /// The users and groups of `world`, each asked for once.
    pub(crate) accounts: Remembered<'a>,
    pub(crate) faults: Faults,
    notices: RefCell<Vec<Notice>>,
    /// Numbers of processes over those of the file.
    scaled: Programs,
    programs: RefCell<Programs>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(raw: &'a RawConfig, world: &'a World<'a>, faults: Faults) -> Self {
        Self {
            raw,
            world,
            accounts: Remembered::new(world.accounts),
            faults,
            notices: RefCell::default(),
            scaled: Programs::new(),
            programs: RefCell::default(),
        }
    }

    /// With these numbers of processes over those of the file.
    pub(crate) fn with_scaled(self, scaled: Programs) -> Self {
        Self { scaled, ..self }
    }

    /// How many processes a program has of which the file says `written`; it is noted.
    pub(crate) fn numprocs(&self, program: &str, written: i64) -> i64 {
        let as_written = Numprocs::as_written(written);
        let numprocs = self.scaled.get(program).map_or(as_written, |scaled| scaled.read_anew(written));
        self.programs.borrow_mut().insert(program.to_owned(), numprocs);
        numprocs.count
    }

    /// The numbers of processes so far.
    pub(crate) fn programs(&self) -> Programs {
        self.programs.borrow().clone()
    }

    /// Leaves a warning for the log; a repeated one counts once.
    pub(crate) fn warn(&self, message: String) {
        let mut notices = self.notices.borrow_mut();
        let notice = Notice { level: Level::Warn, message };
        // The repetitions come from the processes of one program, one right after the other.
        if !notices.iter().rev().take(8).any(|known| *known == notice) {
            notices.push(notice);
        }
    }

    /// The warnings so far.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.notices.borrow().clone()
    }

    /// Notes an error about a value; the caret stands below `word`, if that is in the value.
    pub(crate) fn fail(&self, value: Span, word: &str, message: String, help: impl Into<String>) {
        let source = &self.raw.sources[value.file];
        let place = source.place(source.within(value, word));
        self.faults.note(Some(value), Error::new(message, vec![place], help.into()));
    }
}

/// The errors so far, in the order in which they were met.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    noted: RefCell<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    errors: Vec<Error>,
    own: Vec<Error>,
    values: HashSet<Span>,
    /// The words, and the file and line of the first place.
    known: HashSet<(String, Option<(PathBuf, usize)>)>,
}

impl Noted {
    fn is_new(&mut self, error: &Error) -> bool {
        let place = error.places().first().map(|place| (place.file.clone(), place.line));
        self.known.insert((error.message().to_owned(), place))
    }
}

impl Faults {
    /// Notes an error. Of several about one and the same value only the first counts, since a value may
    /// be read more than once; likewise of several with the same words about the same place.
    pub(crate) fn note(&self, value: Option<Span>, error: Error) {
        let mut noted = self.noted.borrow_mut();
        let again = value.is_some_and(|span| !noted.values.insert(span));
        if noted.is_new(&error) && !again {
            noted.errors.push(error);
        }
    }

    /// Notes an error that only we make: it comes after all that Supervisor makes too.
    pub(crate) fn note_own(&self, error: Error) {
        let mut noted = self.noted.borrow_mut();
        if noted.is_new(&error) {
            noted.own.push(error);
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        let noted = self.noted.borrow();
        noted.errors.len() + noted.own.len()
    }

    /// Whether there are none; if there are, the report.
    pub(crate) fn finish(&self) -> Result<(), Report> {
        let mut noted = std::mem::take(&mut *self.noted.borrow_mut());
        noted.errors.append(&mut noted.own);
        Report::of(noted.errors).map_or(Ok(()), Err)
    }
}

/// One section being read, with the variables of the place.
pub(crate) struct Keys<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) section: &'a RawSection,
    pub(crate) vars: Vars<'a>,
    /// Whether messages end in the section and its file, as those about processes do.
    pub(crate) suffixed: bool,
    /// Whether Supervisor does not read the section, so that all its errors come after Supervisor's.
    pub(crate) is_ours: bool,
}

impl<'a> Keys<'a> {
    pub(crate) const fn new(context: &'a Context<'a>, section: &'a RawSection, vars: Vars<'a>) -> Self {
        Self { context, section, vars, suffixed: false, is_ours: false }
    }

    /// The same section with other variables.
    pub(crate) const fn with(&self, vars: Vars<'a>) -> Self {
        Self { vars, ..*self }
    }

    /// The same section for keys that Supervisor does not read.
    pub(crate) fn ours(&self) -> Self {
        Self { is_ours: true, suffixed: false, ..self.with(self.vars.clone()) }
    }

    /// A key as it is written.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a RawOption> {
        self.context.raw.option(self.section, key)
    }

    /// A key, expanded. `None` if it is missing, or wrong, which is noted.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        self.expanded(key, || format!("{}.{key}", self.section.name))
    }

    /// A key, expanded; messages call it `label`.
    pub(crate) fn expanded(&self, key: &str, label: impl Fn() -> String) -> Option<Cow<'a, str>> {
        let option = self.raw(key)?;
        let here = self.context.raw.here(self.section, option);
        match self.vars.expand(&option.value, here, label) {
            Ok(text) => Some(text),
            Err(error) => {
                self.fail_at(option.span, &error.word(), error.to_string(), error.help());
                None
            }
        }
    }

    /// A key, expanded and converted.
    pub(crate) fn value<T>(
        &self,
        key: &str,
        convert: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match convert(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(key, error.to_string(), error.help());
                None
            }
        }
    }

    /// A key, expanded and converted, or its default.
    pub(crate) fn get<T>(
        &self,
        key: &str,
        default: T,
        convert: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> T {
        self.value(key, convert).unwrap_or(default)
    }

    /// Notes an error about a key; if the key is missing, about the section.
    pub(crate) fn fail(&self, key: &str, message: String, help: impl Into<String>) {
        let value = self.raw(key).map_or(self.section.span, |option| option.span);
        self.fail_at(value, "", self.placed(key, message), help);
    }

    /// Notes an error about one item of a list.
    pub(crate) fn fail_item(&self, key: &str, item: &str, message: String, help: impl Into<String>) {
        let value = self.raw(key).map_or(self.section.span, |option| option.span);
        let place = self.context.raw.sources[value.file].within(value, item);
        self.fail_at(place, "", self.placed(key, message), help);
    }

    /// What is wrong with one of our keys, with its section and its name: Supervisor has no words for it.
    fn placed(&self, key: &str, message: String) -> String {
        let section = format!("[{}]", self.section.name);
        if !self.is_ours || message.contains(&section) {
            return message;
        }
        let key = if message.contains(key) { String::new() } else { format!("{key}: ") };
        format!("{section} {key}{message}")
    }

    /// Notes that a key is missing.
    pub(crate) fn missing(&self, message: String, help: impl Into<String>) {
        self.fail_at(self.section.span, "", message, help);
    }

    /// Notes something about the section that only we refuse.
    pub(crate) fn refuse(&self, span: Span, message: String, help: impl Into<String>) {
        let place = self.context.raw.sources[span.file].place(span);
        self.context.faults.note_own(Error::new(message, vec![place], help.into()));
    }

    /// Notes about one item of a list what only we refuse.
    pub(crate) fn refuse_item(&self, key: &str, item: &str, message: String, help: impl Into<String>) {
        let value = self.raw(key).map_or(self.section.span, |option| option.span);
        self.refuse(self.context.raw.sources[value.file].within(value, item), message, help);
    }

    fn fail_at(&self, span: Span, word: &str, mut message: String, help: impl Into<String>) {
        if self.suffixed {
            let file = self.context.raw.file_of(self.section);
            message.push_str(&format!(" in section {} (file: {})", repr(&self.section.name), repr(file)));
        }
        if self.is_ours {
            self.refuse(self.context.raw.sources[span.file].within(span, word), message, help);
        } else if span == self.section.span {
            let place = self.context.raw.sources[span.file].place(span);
            self.context.faults.note(None, Error::new(message, vec![place], help.into()));
        } else {
            self.context.fail(span, word, message, help);
        }
    }
}
