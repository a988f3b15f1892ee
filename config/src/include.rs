//! `[include] files`: further files, found by patterns.
//!
//! Only the main file includes. Patterns are taken in the order written, the files of one pattern sorted
//! by name; a relative pattern begins at the directory of the main file. `*` and `?` stop at `/` and do not
//! begin a hidden name. What cannot be opened is skipped, with a warning.

use crate::World;
use crate::expand::Vars;
use crate::format::Value;
use crate::keys::Faults;
use crate::path::normalize;
use crate::raw::RawConfig;
use crate::report::Error;
use crate::source::{Source, Span, Unreadable};
use glob::Pattern;
use std::io::Error as IoError;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use treeherd_domain::level::Level;
use treeherd_domain::quote;
use treeherd_domain::spec::Notice;

/// Reads all that the main file includes, and says what was done: warnings first.
pub(crate) fn include(raw: &mut RawConfig, world: &World<'_>, faults: &Faults) -> Vec<Notice> {
    let (mut warnings, mut infos) = (Vec::new(), Vec::new());
    for Found { pattern, files, .. } in find(raw, world, faults) {
        if files.is_empty() {
            warnings.push(format!("No file matches via include \"{pattern}\""));
        }
        for file in files {
            infos.push(format!("Included extra file \"{file}\" during parsing"));
            match read(&file, world) {
                Ok(source) => {
                    raw.add(source).into_iter().for_each(|error| faults.note(None, error));
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

/// One word of `files`, and what it stands for.
#[derive(Debug)]
pub(crate) struct Found {
    /// The word.
    pub(crate) word: String,
    /// The same, absolute.
    pub(crate) pattern: String,
    /// The files.
    pub(crate) files: Vec<String>,
}

/// All that the main file includes. Errors are noted.
pub(crate) fn find(raw: &RawConfig, world: &World<'_>, faults: &Faults) -> Vec<Found> {
    let Some(patterns) = patterns(raw, world, faults) else { return Vec::new() };
    let base = raw.sources[0].here.clone();
    let words = patterns.split(crate::dialect::is_space).filter(|word| !word.is_empty());
    let found = words.map(|word| {
        let pattern = Path::new(&base).join(word).to_string_lossy().into_owned();
        Found { word: word.to_owned(), files: matches(&pattern), pattern }
    });
    found.collect()
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
    // whoever opens one waits for a writer, and so would all that wait for whoever does
    if path.metadata().is_ok_and(|found| found.file_type().is_fifo()) {
        return Err(Unreadable::Io(IoError::other("it is a FIFO, which may have no writer")));
    }
    Source::read(path, file, here.to_string_lossy().into_owned())
}

/// The files of an absolute pattern, sorted by name. Each part of the path is matched by itself, so that
/// the rest of the path stays as it is written.
fn matches(pattern: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let below =
            |path: &String| names(path, part).into_iter().map(|name| format!("{path}/{name}")).collect();
        paths = paths.iter().flat_map(|path| -> Vec<String> { below(path) }).collect();
    }
    paths.retain(|path| Path::new(path).symlink_metadata().is_ok());
    paths.sort_unstable();
    paths
}

/// What one part of a pattern stands for in a directory. A part without a wildcard is not looked up.
fn names(directory: &str, part: &str) -> Vec<String> {
    if !part.contains(['*', '?', '[']) {
        return vec![part.to_owned()];
    }
    let root = if directory.is_empty() { "/" } else { directory };
    let (Some(pattern), Ok(entries)) = (compiled(part), std::fs::read_dir(root)) else { return Vec::new() };
    let names = entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| fits(&pattern, part, name)).collect()
}

/// `**` means no more than `*` here, and a bracket that is not closed is a bracket.
fn compiled(part: &str) -> Option<Pattern> {
    let mut single = part.to_owned();
    while single.contains("**") {
        single = single.replace("**", "*");
    }
    Pattern::new(&single).or_else(|_| Pattern::new(&single.replace('[', "[[]"))).ok()
}

fn fits(pattern: &Pattern, part: &str, name: &str) -> bool {
    (part.starts_with('.') || !name.starts_with('.')) && pattern.matches(name)
}

/// Whether an absolute path, there or not, is one that an absolute pattern stands for.
pub(crate) fn is_match(pattern: &str, path: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (pattern, path) = (parts(pattern), parts(path));
    let is_part = |(part, name): (&String, &String)| {
        part == name || compiled(part).is_some_and(|pattern| fits(&pattern, part, name))
    };
    pattern.len() == path.len() && pattern.iter().zip(&path).all(is_part)
}
