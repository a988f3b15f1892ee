//! Actions that ask no daemon: they print what the program knows, or look at a configuration file as the daemon
//! would read it.
//!
//! The file is the one that is named behind the action, else the one that supervisorctl was started with: `-c`, or
//! the first that the search finds. It may be broken, so these actions run before the client's own section is read.
//! From the command line each word is an argument; in the shell words are separated by blanks.

use crate::configtest::{self, Answer};
use crate::ctl::action::find;
use crate::ctl::args::Options;
use crate::ctl::completion;
use crate::ctl::doctor::{self, Wanted};
use crate::ctl::graph;
use crate::ctl::man;
use crate::ctl::options::{Arguments, misused};
use crate::ctl::screen::Screen;
use crate::ctl::simulate;
use crate::daemon::world::Here;
use crate::getopt::UsageError;
use std::path::PathBuf;
use treeherd_config::{Overrides, ctlplugins};

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
        let answer = match *name {
            "configtest" | "doctor" => self.look(name, arguments)?,
            "graph" => self.graph(arguments)?,
            "simulate" => self.simulate(arguments)?,
            "completion" => completion::script(arguments)?,
            "man" => man::answer(arguments)?,
            _ => return None,
        };
        screen.bytes(answer.out.as_bytes());
        screen.error(&answer.err);
        Some(answer.code)
    }

    /// What is to be said of an action that nobody knows, if the file has plug-ins that could have brought it.
    pub(super) fn explain_unknown(&self) -> Option<String> {
        let here = Here::new();
        let file = self.locate(None, &here).ok()?;
        let plugins = ctlplugins(&file, &here.world());
        let listed: Vec<String> = plugins
            .iter()
            .map(|(name, place)| format!("[{name}] ({}:{})", place.file.display(), place.line))
            .collect();
        (!listed.is_empty()).then(|| {
            format!(
                "supervisorctl: actions of plug-ins are not there: {} names a Python object, which cannot be loaded here\n",
                listed.join(", ")
            )
        })
    }

    /// The graph of a file alone; `None` if the daemon is to be asked.
    fn graph(&self, words: &[&str]) -> Option<Answer> {
        let arguments = Arguments::of(find("graph")?, words).ok()?;
        if !arguments.has("configured") {
            return None;
        }
        let arguments = match graph::in_one_form(arguments) {
            Ok(arguments) => arguments,
            Err(error) => return Some(misused(find("graph")?, &error.to_string())),
        };
        let here = Here::new();
        Some(match self.locate(None, &here) {
            Ok(file) => graph::configured(&self.argv0, &file, &here.world(), &arguments),
            Err(error) => Answer::misused(&error, &self.argv0),
        })
    }

    /// What looks at one file.
    fn look(&self, name: &str, words: &[&str]) -> Option<Answer> {
        let action = find(name)?;
        let arguments = match Arguments::of(action, words) {
            Ok(arguments) => arguments,
            Err(error) => return Some(misused(action, &error.to_string())),
        };
        if name == "doctor" && arguments.has("rules") {
            return Some(doctor::list(arguments.has("json")));
        }
        let named = match arguments.words().as_slice() {
            [] => None,
            [file] => Some(PathBuf::from(file)),
            _ => return Some(misused(action, &format!("{name} takes one file at a time"))),
        };
        let here = Here::new();
        let file = match self.locate(named, &here) {
            Ok(file) => file,
            Err(error) => return Some(Answer::misused(&error, &self.argv0)),
        };
        let (json, fix) = (arguments.has("json"), arguments.has("fix"));
        Some(match name {
            "doctor" => doctor::doctor(&self.argv0, &file, &here.world(), Wanted { json, fix }),
            _ => configtest::configtest(&self.argv0, &file, &Overrides::default(), &here.world(), json),
        })
    }

    /// Simulates a file.
    fn simulate(&self, words: &[&str]) -> Option<Answer> {
        let action = find("simulate")?;
        let arguments = match Arguments::of(action, words) {
            Ok(arguments) => arguments,
            Err(error) => return Some(misused(action, &error.to_string())),
        };
        if let [word, ..] = arguments.words().as_slice() {
            return Some(misused(action, &format!("simulate takes no words, but options: '{word}'")));
        }
        let value = |name: &str| arguments.given(name).map(|given| given.value.as_str());
        let here = Here::new();
        let file = match self.locate(value("configuration").map(PathBuf::from), &here) {
            Ok(file) => file,
            Err(error) => return Some(Answer::misused(&error, &self.argv0)),
        };
        let (script, json) = (value("script"), arguments.has("json"));
        Some(simulate::simulate(&self.argv0, &file, script, &here.world(), json))
    }

    fn locate(&self, named: Option<PathBuf>, here: &Here) -> Result<PathBuf, UsageError> {
        match named.or_else(|| self.config.clone()) {
            Some(file) => Ok(file),
            None => treeherd_config::find(&self.argv0, here.cwd())
                .map_err(|error| UsageError::Configuration(error.to_string())),
        }
    }
}
