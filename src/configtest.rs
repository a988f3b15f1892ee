//! The outcome of a check of a configuration file, as text and as JSON.
//!
//! ```text
//! sound    stdout  /etc/s.conf: OK (3 programs, 5 processes, 3 groups, 2 files read, 1 warning)      status 0
//!          stderr  warning: No file matches via include "/etc/none/*.conf"
//! errors   stderr  Supervisor's two lines, then each error with its line and a caret                 status 2
//! --json   stdout  one object, whatever the outcome
//! ```
//!
//! `supervisord --configtest` and `supervisorctl configtest` say the same. Nothing is opened but the files of the
//! configuration. Absent: what only shows when the daemon starts (a port in use, a log that cannot be written).

use crate::getopt::UsageError;
use serde_json::{Value, json};
use std::path::Path;
use treeherd_config::{Check, Error, Overrides, Place, World};
use treeherd_domain::spec::Config;

/// What a program that only looks says, and its exit status.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// For its standard output.
    pub out: String,
    /// For its standard error.
    pub err: String,
    /// Its exit status.
    pub code: u8,
}

impl Answer {
    /// The answer to a command line, or a file, that cannot be used.
    #[must_use]
    pub fn misused(error: &UsageError, argv0: &str) -> Self {
        Self { out: String::new(), err: error.report(argv0), code: UsageError::EXIT }
    }
}

/// Checks a file.
#[must_use]
pub fn configtest(
    argv0: &str,
    file: &Path,
    overrides: &Overrides,
    world: &World<'_>,
    as_json: bool,
) -> Answer {
    let check = treeherd_config::check(file, overrides, world);
    let code = if check.outcome.is_ok() { 0 } else { UsageError::EXIT };
    if as_json {
        return Answer { out: format!("{:#}\n", object(file, &check)), err: String::new(), code };
    }
    let warnings: String = check.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    match &check.outcome {
        Ok(config) => Answer { out: format!("{}\n", line(file, &check, config)), err: warnings, code },
        Err(report) => Answer { out: String::new(), err: warnings + &explain(argv0, report), code },
    }
}

/// What is wrong with a configuration: the two lines of every usage error, then the whole report.
#[must_use]
pub fn explain(argv0: &str, report: &treeherd_config::Report) -> String {
    let usage = UsageError::Configuration(report.first().message().to_owned()).report(argv0);
    format!("{usage}\n{report}\n")
}

fn line(file: &Path, check: &Check, config: &Config) -> String {
    let mut counts = vec![
        count(check.programs, "program"),
        count(processes(config), "process"),
        count(config.groups.len(), "group"),
        format!("{} read", count(check.files.len(), "file")),
    ];
    if !check.warnings.is_empty() {
        counts.push(count(check.warnings.len(), "warning"));
    }
    format!("{}: OK ({})", file.display(), counts.join(", "))
}

fn processes(config: &Config) -> usize {
    config.groups.iter().map(|group| group.processes.len()).sum()
}

/// `1 program`, `2 processes`.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    let ending = match (number, what.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{number} {what}{ending}")
}

fn object(file: &Path, check: &Check) -> Value {
    let config = check.outcome.as_ref().ok();
    let errors = check.outcome.as_ref().err().map_or(&[][..], |report| report.errors());
    json!({
        "ok": config.is_some(),
        "file": file.display().to_string(),
        "files": check.files,
        "errors": errors.iter().map(error).collect::<Vec<_>>(),
        "warnings": check.warnings.iter().map(|message| json!({ "message": message })).collect::<Vec<_>>(),
        "programs": check.programs,
        "processes": config.map_or(0, processes),
        "groups": config.map_or(0, |config| config.groups.len()),
    })
}

/// An error as JSON.
#[must_use]
pub fn error(error: &Error) -> Value {
    json!({
        "message": error.message(),
        "places": error.places().iter().map(place).collect::<Vec<_>>(),
        "help": error.help(),
    })
}

/// A place as JSON: line and column are counted from 1, and 0 where the file as a whole is meant.
#[must_use]
pub fn place(place: &Place) -> Value {
    json!({
        "file": place.file.display().to_string(),
        "line": place.line,
        "column": if place.line == 0 { 0 } else { place.column + 1 },
        "width": place.width,
        "text": place.text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_their_plural() {
        let told = [(1, "program"), (0, "group"), (2, "process"), (1, "process")];
        assert_eq!(
            told.map(|(n, what)| count(n, what)),
            ["1 program", "0 groups", "2 processes", "1 process"]
        );
    }
}
