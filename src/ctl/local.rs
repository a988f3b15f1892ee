//! Actions that ask no daemon: they look at a configuration file, as the daemon would read it.
//!
//! The file is the one that is named behind the action, else the one that supervisorctl was started with: `-c`, or
//! the first that the search finds. It may be broken, so these actions run before the client's own section is read.
//! From the command line each word is an argument; in the shell words are separated by blanks.

use crate::configtest::{self, Answer};
use crate::ctl::action;
use crate::ctl::args::Options;
use crate::ctl::screen::Screen;
use crate::daemon::world::Here;
use crate::getopt::UsageError;
use std::path::PathBuf;
use treeherd_config::{Overrides, find};

/// The names of the actions.
const NAMES: &[&str] = &["configtest"];

/// What such an action works with.
#[derive(Clone, Debug, Default)]
pub struct Local {
    argv0: String,
    config: Option<PathBuf>,
}

impl Local {
    /// What the command line says of it.
    #[must_use]
    pub fn new(argv0: &str, options: &Options) -> Self {
        Self { argv0: argv0.to_owned(), config: options.config.clone() }
    }

    /// Runs an action if it is one of these, and gives its exit status.
    pub(super) fn run(&self, screen: &mut Screen, words: &[&str]) -> Option<u8> {
        let (name, arguments) = words.split_first()?;
        NAMES.contains(name).then(|| {
            let answer = self.answer(name, arguments);
            screen.bytes(answer.out.as_bytes());
            screen.error(&answer.err);
            answer.code
        })
    }

    fn answer(&self, name: &str, arguments: &[&str]) -> Answer {
        let wanted = match Wanted::read(arguments, &["--json"]) {
            Ok(wanted) => wanted,
            Err(message) => return misused(name, &message),
        };
        let here = Here::new();
        let file = match self.locate(wanted.file, &here) {
            Ok(file) => file,
            Err(error) => return Answer::misused(&error, &self.argv0),
        };
        let as_json = wanted.has("--json");
        configtest::configtest(&self.argv0, &file, &Overrides::default(), &here.world(), as_json)
    }

    fn locate(&self, named: Option<&str>, here: &Here) -> Result<PathBuf, UsageError> {
        match named.map(PathBuf::from).or_else(|| self.config.clone()) {
            Some(file) => Ok(file),
            None => {
                find(&self.argv0, here.cwd()).map_err(|error| UsageError::Configuration(error.to_string()))
            }
        }
    }
}

/// An error about the words, and the usage.
fn misused(name: &str, message: &str) -> Answer {
    let out = format!("Error: {name}: {message}\n{}", action::usage(name));
    Answer { out, err: String::new(), code: UsageError::EXIT }
}

/// The words behind an action: flags it knows, in any place, and at most one file.
struct Wanted<'a> {
    file: Option<&'a str>,
    flags: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(words: &[&'a str], known: &[&str]) -> Result<Self, String> {
        let (flags, files): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.starts_with("--"));
        if let Some(flag) = flags.iter().find(|flag| !known.contains(flag)) {
            return Err(format!("no such option: {flag}"));
        }
        match files[..] {
            [] => Ok(Self { file: None, flags }),
            [file] => Ok(Self { file: Some(file), flags }),
            _ => Err("one file at a time".to_owned()),
        }
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }
}
