//! `doctor`: a configuration looked over for known traps, and corrected copies beside it.
//!
//! ```text
//! error: ...                          what the daemon would refuse, as it tells it
//! warning[key-twice]: ...             each trap with its place, why it is one, and what to do
//! different under treeherd: ...       what this very file uses
//! /etc/s.conf: 1 error, 2 warnings, 1 hint; --fix corrects 2 of them
//! ```
//!
//! Absent: the rules (`treeherd_config::doctor`), and writing over anything.

use crate::configtest::{self, Answer, count};
use crate::ctl::diff;
use serde_json::{Value, json};
use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use treeherd_config::doctor::{
    Corrected, Diagnosis, Difference, Finding, Rule, Severity, correct, examine, rules, would_include,
};
use treeherd_config::{Error, World};

/// The exit status if there are warnings.
const WARNINGS: u8 = 1;
/// The exit status if the file cannot be read, or has errors; or a copy cannot be written.
const ERRORS: u8 = 2;

/// What is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Wanted {
    /// As JSON.
    pub(super) json: bool,
    /// Corrected copies.
    pub(super) fix: bool,
}

/// A copy that was written, and what is different in it.
struct Copy {
    file: String,
    path: PathBuf,
    changes: String,
}

/// Looks over a file.
pub(super) fn doctor(argv0: &str, file: &Path, world: &World<'_>, wanted: Wanted) -> Answer {
    let (copies, diagnosis) = match wanted.fix {
        false => (Ok(Vec::new()), examine(file, world)),
        true => match correct(file, world) {
            Ok((corrected, after)) => (write(file, world, &corrected), Ok(after)),
            Err(report) => (Ok(Vec::new()), Err(report)),
        },
    };
    let diagnosis = match diagnosis {
        Ok(diagnosis) => diagnosis,
        Err(report) => {
            let err = configtest::explain(argv0, &report);
            return Answer { out: String::new(), err, code: ERRORS };
        }
    };
    let (copies, err, failed) = match copies {
        Ok(copies) => (copies, String::new(), 0),
        Err(message) => (Vec::new(), format!("supervisorctl: {message}\n"), ERRORS),
    };
    let code = status(&diagnosis).max(failed);
    let out = match wanted.json {
        true => format!("{:#}\n", object(file, &diagnosis, &copies)),
        false => shown_copies(&copies, wanted) + &shown(file, &diagnosis, wanted),
    };
    Answer { out, err, code }
}

fn status(diagnosis: &Diagnosis) -> u8 {
    let has_warning = diagnosis.findings.iter().any(|finding| finding.rule.severity == Severity::Warning);
    match (&diagnosis.errors, has_warning) {
        (Some(_), _) => ERRORS,
        (None, true) => WARNINGS,
        (None, false) => 0,
    }
}

fn errors(diagnosis: &Diagnosis) -> &[Error] {
    diagnosis.errors.as_ref().map_or(&[], |report| report.errors())
}

fn shown(file: &Path, diagnosis: &Diagnosis, wanted: Wanted) -> String {
    let mut parts: Vec<String> = errors(diagnosis).iter().map(Error::to_string).collect();
    parts.extend(diagnosis.findings.iter().map(Finding::to_string));
    parts.extend(diagnosis.differences.iter().map(difference));
    let all = parts.join("\n\n");
    let gap = if parts.is_empty() { "" } else { "\n\n" };
    format!("{all}{gap}{}\n", summary(file, diagnosis, wanted))
}

fn difference(difference: &Difference) -> String {
    let mut text = format!("different under treeherd: {}", difference.message);
    for place in &difference.places {
        text.push_str(&format!("\n --> {}:{}", place.file.display(), place.line));
    }
    text
}

fn summary(file: &Path, diagnosis: &Diagnosis, wanted: Wanted) -> String {
    let of = |severity| diagnosis.findings.iter().filter(|f| f.rule.severity == severity).count();
    let counts = [
        count(errors(diagnosis).len(), "error"),
        count(of(Severity::Warning), "warning"),
        count(of(Severity::Hint), "hint"),
    ];
    let fixable = diagnosis.findings.iter().filter(|finding| finding.is_fixable()).count();
    let offer = match (fixable, wanted.fix) {
        (1.., false) => format!("; --fix corrects {fixable} of them"),
        _ => String::new(),
    };
    let whose = if wanted.fix { " as corrected" } else { "" };
    format!("{}{whose}: {}{offer}", file.display(), counts.join(", "))
}

fn shown_copies(copies: &[Copy], wanted: Wanted) -> String {
    let one =
        |copy: &Copy| format!("{}: corrected in {}\n{}\n", copy.file, copy.path.display(), copy.changes);
    match (copies, wanted.fix) {
        ([], true) => "nothing to be corrected\n\n".to_owned(),
        (copies, _) => copies.iter().map(one).collect(),
    }
}

/// Writes the copies; those that are written before one that cannot be stay.
fn write(main: &Path, world: &World<'_>, corrected: &[Corrected]) -> Result<Vec<Copy>, String> {
    let one = |corrected: &Corrected| {
        let path = create(main, world, corrected)?;
        let changes = diff::unified(
            &corrected.file,
            &path.display().to_string(),
            corrected.before.trim_start_matches('\u{feff}'),
            corrected.after.trim_start_matches('\u{feff}'),
        );
        Ok(Copy { file: corrected.file.clone(), path, changes })
    };
    corrected.iter().map(one).collect()
}

/// A new file of the first free name, with the mode of the one that it is a copy of.
fn create(main: &Path, world: &World<'_>, corrected: &Corrected) -> Result<PathBuf, String> {
    let failed =
        |path: &Path, error| format!("cannot write {}: {error}; nothing is changed", path.display());
    let permissions = std::fs::metadata(&corrected.path)
        .map_or_else(|_| Permissions::from_mode(0o600), |file| file.permissions());
    for path in names(&corrected.path) {
        // the daemon shall not read it together with the original
        let path = if would_include(main, world, &path) { hidden(&path) } else { path };
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&path, error)),
            Ok(mut copy) => {
                let written = copy.write_all(corrected.after.as_bytes()).and_then(|()| {
                    copy.set_permissions(Permissions::from_mode(permissions.mode() & 0o777))
                });
                return match written {
                    Ok(()) => Ok(path),
                    Err(error) => {
                        // part of a configuration is not to be taken for one; what it was is told below
                        let _ = std::fs::remove_file(&path);
                        Err(failed(&path, error))
                    }
                };
            }
        }
    }
    Err(format!("there are too many corrected copies beside {}: remove some", corrected.path.display()))
}

/// `s.conf.fixed`, `s.conf.fixed.1`, ...
fn names(path: &Path) -> impl Iterator<Item = PathBuf> {
    let first = format!("{}.fixed", path.display());
    let more = (1..1000).map({
        let first = first.clone();
        move |number| PathBuf::from(format!("{first}.{number}"))
    });
    std::iter::once(PathBuf::from(first)).chain(more)
}

/// The same name with a dot before it.
fn hidden(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}"))
}

fn object(file: &Path, diagnosis: &Diagnosis, copies: &[Copy]) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "id": finding.rule.id,
            "severity": finding.rule.severity.as_str(),
            "message": finding.message,
            "places": finding.places.iter().map(configtest::place).collect::<Vec<_>>(),
            "why": finding.rule.reason,
            "fix": finding.rule.fix,
            "fixable": finding.is_fixable(),
        })
    };
    let difference = |difference: &Difference| {
        json!({
            "message": difference.message,
            "places": difference.places.iter().map(configtest::place).collect::<Vec<_>>(),
        })
    };
    let copy = |copy: &Copy| json!({ "file": copy.file, "copy": copy.path.display().to_string(), "diff": copy.changes });
    json!({
        "file": file.display().to_string(),
        "files": diagnosis.files,
        "errors": errors(diagnosis).iter().map(configtest::error).collect::<Vec<_>>(),
        "findings": diagnosis.findings.iter().map(finding).collect::<Vec<_>>(),
        "differences": diagnosis.differences.iter().map(difference).collect::<Vec<_>>(),
        "corrected": copies.iter().map(copy).collect::<Vec<_>>(),
    })
}

/// All rules, a line each; or as JSON with all that is known of them.
pub(super) fn list(as_json: bool) -> Answer {
    let out = if as_json {
        let rule = |rule: &Rule| {
            json!({
                "id": rule.id,
                "severity": rule.severity.as_str(),
                "summary": rule.summary,
                "why": rule.reason,
                "fix": rule.fix,
                "fixable": rule.is_fixable,
                "example": { "bad": rule.example.bad, "good": rule.example.good },
            })
        };
        format!("{:#}\n", Value::from(rules().map(rule).collect::<Vec<_>>()))
    } else {
        let width = rules().map(|rule| rule.id.len()).max().unwrap_or(0);
        let line = |rule: &Rule| {
            let mark = if rule.is_fixable { "fix" } else { "" };
            format!("{:width$}  {:7}  {mark:3}  {}\n", rule.id, rule.severity, rule.summary)
        };
        rules().map(line).collect()
    };
    Answer { out, ..Answer::default() }
}
