//! The options of one action, read from its argument by the table.
//!
//! ```text
//! "--json web --timeout=5" --split at white space--> getopt (options anywhere, until `--`)--> Arguments
//! ```
//!
//! An option may be given once. The messages are those of the programs' own command lines, printed as an
//! action prints an error: with its usage, on stdout, exit status 2. Absent: quoting; no name has a blank.

use crate::configtest::Answer;
use crate::ctl::action::{Action, described, find};
use crate::ctl::session::Session;
use crate::ctl::status;
use crate::getopt::{Given, UsageError, tokenize_mixed};

/// What an action is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arguments {
    options: Vec<Given<&'static str>>,
    /// The words that are no options.
    pub words: Vec<String>,
}

impl Arguments {
    /// Reads an argument by the table of the action.
    ///
    /// # Errors
    /// [`UsageError`]: an option that is unknown, ambiguous, given twice, or has a value too few or too many.
    pub fn read(action: &Action, argument: &str) -> Result<Self, UsageError> {
        Self::of(action, &argument.split_whitespace().collect::<Vec<_>>())
    }

    /// Reads words that have been told apart already.
    ///
    /// # Errors
    /// As those of [`read`](Self::read).
    pub fn of(action: &Action, words: &[&str]) -> Result<Self, UsageError> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let line = tokenize_mixed(action.options, &words)?;
        for (at, given) in line.options.iter().enumerate() {
            let mut slot = line.options[..at].iter().any(|earlier| earlier.id == given.id).then_some(());
            given.store(&mut slot, ())?;
        }
        Ok(Self { options: line.options, words: line.words })
    }

    /// An argument in a form of old: words, and no options.
    #[must_use]
    pub fn plain(argument: &str) -> Self {
        let words = argument.split_whitespace().map(str::to_owned).collect();
        Self { options: Vec::new(), words }
    }

    /// Whether an option is given.
    #[must_use]
    pub fn has(&self, long: &str) -> bool {
        self.given(long).is_some()
    }

    /// An option as given.
    #[must_use]
    pub fn given(&self, long: &str) -> Option<&Given<&'static str>> {
        self.options.iter().find(|given| given.id == long)
    }

    /// The words as an action of old takes them.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }
}

/// Whether an argument of one of Supervisor's actions is in a form that Supervisor does not know: only then
/// are options looked for.
#[must_use]
pub fn is_new_form(argument: &str) -> bool {
    argument.split_whitespace().any(|word| word.starts_with("--"))
}

/// What an action that asks no daemon says of words that make no sense: the error and its usage.
#[must_use]
pub fn misused(action: &Action, message: &str) -> Answer {
    let out = format!("Error: {message}\n{}", described(action));
    Answer { out, err: String::new(), code: status::BAD_ARGUMENTS }
}

impl Session {
    /// Reads the argument of an action by its row of the table, and makes of it what the action wants; `None` is
    /// told.
    pub fn arguments<T>(
        &mut self,
        name: &str,
        argument: &str,
        wanted: impl FnOnce(Arguments) -> Result<T, UsageError>,
    ) -> Option<T> {
        let action = find(name)?;
        Arguments::read(action, argument).and_then(wanted).map_err(|error| self.refuse(action, &error)).ok()
    }

    /// Says what is wrong with the options of an action.
    fn refuse(&mut self, action: &Action, error: &UsageError) {
        self.screen.line(format!("Error: {error}"));
        self.screen.bytes(described(action).as_bytes());
        self.status.set(status::BAD_ARGUMENTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(argument: &str) -> Result<String, String> {
        let action = find("status").expect("it is in the table");
        let arguments = Arguments::read(action, argument).map_err(|error| error.to_string())?;
        let options: Vec<String> =
            arguments.options.iter().map(|g| format!("{}={}", g.spelled, g.value)).collect();
        Ok(format!("{} | {}", options.join(" "), arguments.words().join(" ")))
    }

    #[test]
    fn options_of_an_action_stand_anywhere_and_once() {
        for (argument, expected) in [
            ("--json web shop:*", Ok("--json= | web shop:*")),
            ("web --js --check", Ok("--json= --check= | web")),
            ("--json -- --check", Ok("--json= | --check")),
            ("--json web --json", Err("conflicting command line option '--json'")),
            ("--json=1", Err("option --json must not have an argument")),
            ("--nope", Err("option --nope not recognized")),
            ("--", Ok(" | ")),
        ] {
            assert_eq!(read(argument).as_deref().map_err(String::as_str), expected, "{argument:?}");
        }
    }

    #[test]
    fn old_forms_have_no_options() {
        assert!(!is_new_form("") && !is_new_form("web -x shop:*"));
        assert!(is_new_form("--json") && is_new_form("web --json"));
    }
}
