//! A configuration looked over for known traps, and what of it is different here than below Supervisor.
//!
//! ```text
//! files ─► RawConfig with its trace ─► Patient ─► every rule ─► findings, each with its place
//!             │  ▲                        └────► differences
//!             │  └── texts of the corrected files, round after round, until nothing more can be corrected
//!             └► check::read: the errors, which are told first and of which the rules say nothing
//! ```
//!
//! It reads the same files as the daemon, and nothing else but scripts that a `command` names. Absent: writing
//! anything; whoever asks gets the corrected texts.

mod differences;
mod edit;
mod finding;
pub mod known;
mod patient;
mod rules;

pub use differences::Difference;
pub use finding::{Example, Finding, Rule, Severity};
pub use rules::every as rules;

use crate::check;
use crate::include;
use crate::keys::Faults;
use crate::raw::RawConfig;
use crate::report::Report;
use crate::source::Source;
use crate::{Overrides, World, main_file};
use edit::Edit;
use patient::Patient;
use std::path::{Path, PathBuf};
use treeherd_domain::spec::Notice;

/// What a look at a configuration brings.
#[derive(Debug)]
pub struct Diagnosis {
    /// The files that were read, as they are shown; the main file is the first.
    pub files: Vec<String>,
    /// What the daemon would refuse.
    pub errors: Option<Report>,
    /// The traps, in the order of their places.
    pub findings: Vec<Finding>,
    /// What the files use that is different here.
    pub differences: Vec<Difference>,
}

/// A file that can be corrected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Corrected {
    /// The file, as it is shown.
    pub file: String,
    /// The file, absolute.
    pub path: PathBuf,
    /// Its text.
    pub before: String,
    /// Its text with the corrections.
    pub after: String,
}

/// More rounds than corrections of one line that stand in each other's way.
const ROUNDS: usize = 8;

/// What has been read, and what is known from reading it.
struct Chart {
    raw: RawConfig,
    included: Vec<include::Found>,
    notices: Vec<Notice>,
    faults: Faults,
}

/// Looks over a configuration.
///
/// # Errors
/// [`Report`]: there is no such file, or it cannot be read.
pub fn examine(path: &Path, world: &World<'_>) -> Result<Diagnosis, Report> {
    Ok(diagnose(gather(path, world)?, path, world))
}

/// Corrects what can be corrected, and looks over the result.
///
/// # Errors
/// As those of [`examine`].
pub fn correct(path: &Path, world: &World<'_>) -> Result<(Vec<Corrected>, Diagnosis), Report> {
    let first = gather(path, world)?;
    let before: Vec<String> = first.raw.sources.iter().map(text_of).collect();
    let names: Vec<(String, String)> =
        first.raw.sources.iter().map(|source| (source.shown.clone(), source.here.clone())).collect();
    let mut diagnosis = diagnose(first, path, world);
    let mut after = before.clone();
    for _ in 0..ROUNDS {
        let edits: Vec<Edit> =
            diagnosis.findings.iter().flat_map(|finding| finding.edits.clone()).collect();
        if edits.is_empty() {
            break;
        }
        for (file, text) in after.iter_mut().enumerate() {
            let source = Source::of(text, &names[file].0, names[file].1.clone());
            *text = edit::apply(&source, file, &edits);
        }
        diagnosis = diagnose(again(&names, &after, world), path, world);
    }
    let corrected = names.into_iter().zip(before.into_iter().zip(after));
    let corrected = corrected.filter(|(_, (before, after))| before != after);
    let corrected = corrected.map(|((file, _), (before, after))| {
        let path = crate::path::normalize(Path::new(&file), &world.cwd);
        Corrected { file, path, before, after }
    });
    Ok((corrected.collect(), diagnosis))
}

/// Whether the main file of a configuration would include a file of this path.
#[must_use]
pub fn would_include(path: &Path, world: &World<'_>, candidate: &Path) -> bool {
    let Ok(chart) = gather(path, world) else { return false };
    chart.included.iter().any(|found| include::is_match(&found.pattern, &candidate.to_string_lossy()))
}

fn text_of(source: &Source) -> String {
    let mark = if source.is_marked { "\u{feff}" } else { "" };
    format!("{mark}{}", source.text())
}

fn gather(path: &Path, world: &World<'_>) -> Result<Chart, Report> {
    let faults = Faults::default();
    let mut raw = RawConfig::traced();
    raw.add(main_file(path, world)?).into_iter().for_each(|error| faults.note(None, error));
    let included = include::find(&raw, world, &Faults::default());
    let notices = include::include(&mut raw, world, &faults);
    Ok(Chart { raw, included, notices, faults })
}

/// The same of texts in memory. What is included does not change by a correction.
fn again(names: &[(String, String)], texts: &[String], world: &World<'_>) -> Chart {
    let faults = Faults::default();
    let mut raw = RawConfig::traced();
    let mut included = Vec::new();
    for (number, ((shown, here), text)) in names.iter().zip(texts).enumerate() {
        let errors = raw.add(Source::of(text, shown, here.clone()));
        errors.into_iter().for_each(|error| faults.note(None, error));
        if number == 0 {
            included = include::find(&raw, world, &Faults::default());
        }
    }
    Chart { raw, included, notices: Vec::new(), faults }
}

fn diagnose(chart: Chart, path: &Path, world: &World<'_>) -> Diagnosis {
    let Chart { raw, included, mut notices, faults } = chart;
    let outcome = check::read(&raw, path, &Overrides::default(), world, faults, &mut notices);
    let patient = Patient { raw: &raw, config: outcome.as_ref().ok(), world, included: &included };
    let mut findings: Vec<Finding> = rules::every().flat_map(|rule| found(rule, &patient)).collect();
    findings.sort_by_key(|finding| (finding.at.file, finding.at.line, finding.at.column));
    let differences = differences::of(&patient);
    Diagnosis {
        files: raw.sources.iter().map(|source| source.shown.clone()).collect(),
        errors: outcome.err(),
        findings,
        differences,
    }
}

fn found(rule: &'static Rule, patient: &Patient<'_>) -> Vec<Finding> {
    let place = |span: &crate::source::Span| patient.raw.sources[span.file].place(*span);
    let finding = |found: finding::Found| Finding {
        rule,
        message: found.message,
        places: found.spans.iter().map(place).collect(),
        at: found.spans[0],
        edits: found.edits,
    };
    (rule.find)(patient).into_iter().map(finding).collect()
}
