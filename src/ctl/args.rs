//! The command line of `supervisorctl`, and its `-h` text.

use crate::getopt::{Rule, UsageError, list, tokenize};
use std::path::PathBuf;

/// What the command line says; `None` where it says nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// `-c`.
    pub config: Option<PathBuf>,
    /// `-i`.
    pub interactive: bool,
    /// `-s`.
    pub serverurl: Option<String>,
    /// `-u`.
    pub username: Option<String>,
    /// `-p`.
    pub password: Option<String>,
    /// `-r`.
    pub history_file: Option<PathBuf>,
    /// The words of the action; none: the shell.
    pub words: Vec<String>,
}

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Invocation {
    /// Print the help and end.
    Help,
    /// Run an action, or the shell.
    Run(Options),
}

/// Which option.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is the option of that name")]
pub enum Id {
    Help,
    Config,
    Interactive,
    Serverurl,
    Username,
    Password,
    History,
}

/// The options, in the order in which help shows them.
pub const RULES: &[Rule<Id>] = &[
    Rule::valued(
        Id::Config,
        Some('c'),
        &["configuration"],
        "FILENAME",
        "read this configuration file (default: search)",
    ),
    Rule::flag(Id::Help, Some('h'), &["help"], "print this text and exit"),
    Rule::flag(Id::Help, Some('?'), &[], ""),
    Rule::flag(
        Id::Interactive,
        Some('i'),
        &["interactive"],
        "start an interactive shell; with an action: ask before shutdown and reload, and ask for a password \
         where one is needed",
    ),
    Rule::valued(
        Id::Serverurl,
        Some('s'),
        &["serverurl"],
        "URL",
        "where supervisord listens: unix:///path or http://host:port (default \"http://localhost:9001\")",
    ),
    Rule::valued(Id::Username, Some('u'), &["username"], "USERNAME", "user name for the server"),
    Rule::valued(Id::Password, Some('p'), &["password"], "PASSWORD", "password for the server"),
    Rule::valued(
        Id::History,
        Some('r'),
        &["history_file", "history-file"],
        "FILENAME",
        "keep the history of the shell in this file",
    ),
];

/// Reads the arguments (without the program's name).
///
/// # Errors
/// [`UsageError`], worded as Supervisor words it.
pub fn parse(args: &[String]) -> Result<Invocation, UsageError> {
    let line = tokenize(RULES, args)?;
    let mut options = Options::default();
    let mut interactive = None;
    for given in &line.options {
        let value = || given.value.clone();
        match given.id {
            Id::Help => return Ok(Invocation::Help),
            Id::Config => given.store(&mut options.config, PathBuf::from(value()))?,
            Id::Interactive => given.store(&mut interactive, ())?,
            Id::Serverurl => {
                let url = treeherd_config::value::url(&given.value).map_err(|why| given.invalid(why))?;
                given.store(&mut options.serverurl, url.to_owned())?;
            }
            Id::Username => given.store(&mut options.username, value())?,
            Id::Password => given.store(&mut options.password, value())?,
            Id::History => given.store(&mut options.history_file, PathBuf::from(value()))?,
        }
    }
    options.words = line.words;
    options.interactive = interactive.is_some() || options.words.is_empty();
    Ok(Invocation::Run(options))
}

/// The text of `-h`.
#[must_use]
pub fn help(argv0: &str) -> String {
    let options = list(RULES);
    format!(
        "\
supervisorctl -- control applications that supervisord runs, from the command line.

Usage: {argv0} [options] [action [arguments]]

Options:
{options}
An action is a word like \"status\" or \"restart\" and what it is about. Without one
a shell is started in which actions are typed. \"help\" lists the actions, and
\"help <action>\" tells what one does.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, String> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match parse(&args) {
            Ok(Invocation::Run(options)) => Ok(options),
            Ok(Invocation::Help) => Err("help".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn every_option_is_stored() {
        let options = read("-c f -i -s unix:///x -u me -p pw -r h tail -f web").expect("a good line");
        assert_eq!(options.config, Some(PathBuf::from("f")));
        assert!(options.interactive);
        assert_eq!(options.serverurl.as_deref(), Some("unix:///x"));
        assert_eq!((options.username.as_deref(), options.password.as_deref()), (Some("me"), Some("pw")));
        assert_eq!(options.history_file, Some(PathBuf::from("h")));
        assert_eq!(options.words, ["tail", "-f", "web"]);
        assert!(!read("status").expect("a good line").interactive);
        assert!(read("").expect("a good line").interactive);
        assert_eq!(read("--history-file h").expect("a good line").history_file, Some(PathBuf::from("h")));
    }

    #[test]
    fn options_act_in_their_order() {
        for (line, expected) in [
            ("-h", "help"),
            ("-?", "help"),
            ("--help -s foo", "help"),
            ("-s foo -h", "invalid value for -s 'foo': value 'foo' is not a URL"),
            ("--server foo", "invalid value for --serverurl 'foo': value 'foo' is not a URL"),
            ("-c a -c b", "conflicting command line option '-c'"),
            ("-c a --configuration b -h", "conflicting command line option '--configuration'"),
            ("-i -i", "conflicting command line option '-i'"),
            ("-h -v", "option -v not recognized"),
        ] {
            assert_eq!(read(line), Err(expected.to_owned()), "{line}");
        }
    }

    #[test]
    fn the_help_names_the_program_as_called() {
        let help = help("/opt/bin/supervisorctl");
        assert!(help.contains("supervisorctl -- control applications"));
        assert!(help.contains("-i/--interactive -- start an interactive"));
        assert!(help.contains("Usage: /opt/bin/supervisorctl [options]"));
    }
}
