//! `[include] files`: further files, found by patterns (spec §2.2).
//!
//! Only the main file includes. Patterns are taken in the order written, the files of one pattern sorted
//! by name; a relative pattern begins at the directory of the main file. What cannot be opened is
//! skipped, with a warning.

use crate::expand::Vars;
use crate::format::Value;
use crate::keys::Faults;
use crate::path::normalize;
use crate::raw::RawConfig;
use crate::report::Error;
use crate::source::{Source, Span, Unreadable};
use crate::{World, quote};
use glob::MatchOptions;
use std::path::Path;
use treeherd_domain::level::Level;
use treeherd_domain::spec::Notice;

/// As a shell matches: `*` and `?` stop at `/` and do not begin a hidden name.
const SHELL: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Reads all that the main file includes, and says what was done: warnings first.
pub(crate) fn include(raw: &mut RawConfig, world: &World<'_>, faults: &Faults) -> Vec<Notice> {
    let Some(patterns) = patterns(raw, world, faults) else { return Vec::new() };
    let base = raw.sources[0].here.clone();
    let (mut warnings, mut infos) = (Vec::new(), Vec::new());
    for word in patterns.split(crate::dialect::is_space).filter(|word| !word.is_empty()) {
        let pattern = Path::new(&base).join(word).to_string_lossy().into_owned();
        let files = matches(&pattern);
        if files.is_empty() {
            warnings.push(format!("No file matches via include \"{pattern}\""));
        }
        for file in files {
            infos.push(format!("Included extra file \"{file}\" during parsing"));
            match read(&file, world) {
                Ok(source) => {
                    if let Some(error) = raw.add(source) {
                        faults.note(None, error);
                    }
                }
                Err(Unreadable::Encoding(error)) => faults.note(None, *error),
                Err(Unreadable::Io(error)) => {
                    warnings.push(format!("could not read included file {}: {error}", quote::repr(&file)));
                }
            }
        }
    }
    let notice = |level| move |message| Notice { level, message };
    let warnings = warnings.into_iter().map(notice(Level::Warn));
    warnings.chain(infos.into_iter().map(notice(Level::Info))).collect()
}

/// `files`, expanded; `None` if there is nothing to include, or it is wrong, which is noted.
fn patterns(raw: &RawConfig, world: &World<'_>, faults: &Faults) -> Option<String> {
    let section = raw.section("include")?;
    let note = |span: Span, message: String, help: String| {
        faults.note(Some(span), Error::new(message, vec![raw.sources[span.file].place(span)], help));
    };
    let Some(files) = raw.option(section, "files") else {
        let message = ".ini file has [include] section, but no files setting";
        note(section.span, message.to_owned(), "write files = conf.d/*.conf".to_owned());
        return None;
    };
    let names = vec![("host_node_name", Value::Text(&world.hostname))];
    let vars = Vars::new(names, vec![&world.environment]);
    match vars.expand(&files.value, raw.here(section, files), || "include.files".to_owned()) {
        Ok(text) => Some(text.into_owned()),
        Err(error) => {
            note(files.span, error.to_string(), error.help());
            None
        }
    }
}

fn read(file: &str, world: &World<'_>) -> Result<Source, Unreadable> {
    let path = Path::new(file);
    let here = normalize(path.parent().unwrap_or(path), &world.cwd);
    Source::read(path, file, here.to_string_lossy().into_owned())
}

/// The files of a pattern, sorted by name. A word without a wildcard is a file that may be there.
fn matches(pattern: &str) -> Vec<String> {
    let literal = || {
        let there = Path::new(pattern).symlink_metadata().is_ok();
        if there { vec![pattern.to_owned()] } else { Vec::new() }
    };
    if !pattern.contains(['*', '?', '[']) {
        return literal();
    }
    // `**` means no more than `*` here.
    let mut single = pattern.to_owned();
    while single.contains("**") {
        single = single.replace("**", "*");
    }
    let Ok(paths) = glob::glob_with(&single, SHELL) else { return literal() };
    let mut files: Vec<String> =
        paths.filter_map(Result::ok).map(|path| path.to_string_lossy().into_owned()).collect();
    files.sort_unstable();
    files
}
