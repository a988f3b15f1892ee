//! `[template:x]`: a program of which instances are made on request, each with arguments of its own (OTP's
//! `simple_one_for_one`).
//!
//! ```text
//! command = /usr/bin/worker --queue=%(arg_queue)s     pattern: words with marks in them
//! spawn x queue='two words; rm -rf /'                 the marks become values, after the command was split
//! ```
//!
//! A command is split into words before a value is put in, so a value is part of one word whatever is in it: no quote,
//! blank or semicolon of it means anything. Absent: shells (no value gets into a script), and who may spawn.

use crate::command;
use crate::name::{Namespec, ProcessName};
use crate::spec::{GroupKind, GroupSpec, ProcessSpec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands around the name of an argument in a pattern; no configuration has a use for these characters.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// The longest value, in bytes.
pub const LONGEST: usize = 4096;
/// What a template allows without `max_children`.
pub const MAX_CHILDREN: usize = 50;
/// Programs that run a word as a script, and the letter of the option before it.
const INTERPRETERS: &[(&str, char)] = &[
    ("sh", 'c'),
    ("bash", 'c'),
    ("dash", 'c'),
    ("ash", 'c'),
    ("ksh", 'c'),
    ("mksh", 'c'),
    ("zsh", 'c'),
    ("fish", 'c'),
    ("csh", 'c'),
    ("tcsh", 'c'),
    ("busybox", 'c'),
    ("su", 'c'),
    ("runuser", 'c'),
    ("python", 'c'),
    ("perl", 'e'),
    ("ruby", 'e'),
    ("node", 'e'),
    ("lua", 'e'),
    ("php", 'r'),
];

/// A program of which instances are made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateSpec {
    /// Its process, with marks where arguments stand.
    pub process: Arc<ProcessSpec>,
    /// The names of the arguments, sorted.
    pub args: Vec<String>,
    /// `max_children`.
    pub max_children: usize,
}

/// Why no instance can be made of some arguments.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ArgError {
    /// One that the template has is not given.
    #[error("argument {0} is missing")]
    Missing(String),
    /// One is given that the template does not have; and those that it has.
    #[error("there is no argument {0}; the template has: {1}")]
    Unknown(String, String),
    /// A value is too long.
    #[error("the value of {0} is longer than {LONGEST} bytes")]
    Long(String),
    /// A value holds a character that no word should.
    #[error("the value of {0} holds a control character")]
    Control(String),
    /// The command cannot be split.
    #[error("command cannot be split: {0}")]
    Command(#[from] command::SplitError),
}

/// Why a group gets no further instance.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GrowError {
    /// It is not made by a `[template:x]`.
    #[error("{0} is no [template:...]")]
    NoTemplate(String),
    /// Its arguments do not fit.
    #[error(transparent)]
    Args(#[from] ArgError),
    /// It has as many as it may have.
    #[error("{0} has max_children={1} instances; stop one, or raise max_children")]
    Full(String, usize),
}

/// Why a pattern is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatternError {
    /// An argument would choose the program.
    #[error("{0} is part of the program's name: whoever spawns would choose what is run")]
    Program(String),
    /// An argument would be part of a shell's script.
    #[error("{0} is part of a shell script: whoever spawns would choose what it does")]
    Script(String),
}

/// The mark of an argument.
#[must_use]
pub fn mark(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// Whether a text has a mark in it.
#[must_use]
pub fn is_marked(text: &str) -> bool {
    text.contains(OPEN)
}

/// A text with its marks as they stand in a file: `%(arg_queue)s`.
#[must_use]
pub fn as_written(text: &str) -> String {
    text.replace(OPEN, "%(arg_").replace(CLOSE, ")s")
}

/// Whether this can be the name of an argument.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Refuses a pattern in which an argument could do more than be an argument. A command that cannot be split is let
/// pass: it fails at the spawn, as every such one does.
///
/// # Errors
/// [`PatternError`].
pub fn check(pattern: &str) -> Result<(), PatternError> {
    let Ok(words) = command::split(pattern) else { return Ok(()) };
    let named = |word: &str| as_written(&mark(first_name(word)));
    if let Some(program) = words.first().filter(|word| is_marked(word)) {
        return Err(PatternError::Program(named(program)));
    }
    // also below env, nice, sudo and the like
    let Some((at, letter)) = words.iter().enumerate().find_map(|(at, word)| Some((at, script_flag(word)?)))
    else {
        return Ok(());
    };
    let is_flag = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.contains(letter);
    let rest = &words[at + 1..];
    let Some(flag) = rest.iter().position(is_flag) else { return Ok(()) };
    match rest.get(flag + 1).filter(|script| is_marked(script)) {
        Some(script) => Err(PatternError::Script(named(script))),
        None => Ok(()),
    }
}

/// The option after which this program takes a script.
fn script_flag(word: &str) -> Option<char> {
    let name = word.rsplit('/').next().unwrap_or_default();
    // python3.12
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.iter().find(|(known, _)| *known == name).map(|(_, letter)| *letter)
}

fn first_name(word: &str) -> &str {
    let after = word.split(OPEN).nth(1).unwrap_or_default();
    after.split(CLOSE).next().unwrap_or_default()
}

/// Whether a group may have one instance more.
///
/// # Errors
/// [`GrowError::Full`].
pub fn room(group: &GroupSpec) -> Result<(), GrowError> {
    match &group.kind {
        GroupKind::Template(template) if group.processes.len() >= template.max_children => {
            Err(GrowError::Full(group.name.to_string(), template.max_children))
        }
        _ => Ok(()),
    }
}

/// A group with one instance more, and the full name of that. `number` gives the next number of an instance; wrong
/// arguments and a full group cost none.
///
/// # Errors
/// [`GrowError`].
pub fn grown(
    group: &GroupSpec,
    args: &BTreeMap<String, String>,
    number: impl FnOnce() -> u64,
) -> Result<(GroupSpec, Namespec), GrowError> {
    let GroupKind::Template(template) = &group.kind else {
        return Err(GrowError::NoTemplate(group.name.to_string()));
    };
    // wrong arguments are told first
    template.instance(0, args)?;
    room(group)?;
    let process = template.instance(number(), args)?;
    let namespec = group.namespec(&process.name);
    let mut grown = GroupSpec::clone(group);
    grown.processes.push(process);
    Ok((grown, namespec))
}

impl TemplateSpec {
    /// An instance with these arguments.
    ///
    /// # Errors
    /// [`ArgError`].
    pub fn instance(
        &self,
        number: u64,
        args: &BTreeMap<String, String>,
    ) -> Result<Arc<ProcessSpec>, ArgError> {
        for (name, value) in args {
            if !self.args.contains(name) {
                return Err(ArgError::Unknown(name.clone(), self.known()));
            }
            if value.len() > LONGEST {
                return Err(ArgError::Long(name.clone()));
            }
            if value.chars().any(|c| c.is_control() || c == OPEN || c == CLOSE) {
                return Err(ArgError::Control(name.clone()));
            }
        }
        if let Some(missing) = self.args.iter().find(|name| !args.contains_key(*name)) {
            return Err(ArgError::Missing(missing.clone()));
        }
        let mut process = ProcessSpec::clone(&self.process);
        let words = command::split(&process.command)?;
        let words: Vec<String> = words.iter().map(|word| command::quote(&filled(word, args))).collect();
        process.command = words.join(" ");
        for value in process.environment.values_mut() {
            *value = filled(value, args);
        }
        process.name = ProcessName::new(&number.to_string());
        Ok(Arc::new(process))
    }

    fn known(&self) -> String {
        if self.args.is_empty() { "none".to_owned() } else { self.args.join(", ") }
    }
}

/// The values in the place of the marks; what a value brings in is not looked at again.
fn filled(text: &str, args: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split(OPEN);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        match part.split_once(CLOSE) {
            Some((name, rest)) => {
                out.push_str(args.get(name).map_or("", String::as_str));
                out.push_str(rest);
            }
            None => out.push_str(part),
        }
    }
    out
}
