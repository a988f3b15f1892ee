//! Changes of a file, line by line: everything that is not touched stays as it is written.
//!
//! ```text
//! line 12: `priority = ten   ; first`    value replaced, comment kept
//! after 12: `stopasgroup = true`         written as its neighbour is
//! ```

use crate::raw::RawConfig;
use crate::source::{Source, Span};

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Edit {
    /// These lines (none, if `last` is before `first`) become those.
    Lines { file: usize, first: usize, last: usize, new: Vec<String> },
    /// The byte order mark goes.
    Mark { file: usize },
}

impl Edit {
    fn file(&self) -> usize {
        match self {
            Self::Lines { file, .. } | Self::Mark { file } => *file,
        }
    }

    /// Other text at a place of one line.
    pub(super) fn replace(raw: &RawConfig, at: Span, text: &str) -> Option<Self> {
        if at.line == 0 || at.last != at.line {
            return None;
        }
        let line = raw.sources[at.file].line(at.line).0;
        let before: String = line.chars().take(at.column).collect();
        let after: String = line.chars().skip(at.column + at.width).collect();
        let new = vec![format!("{before}{text}{after}")];
        Some(Self::Lines { file: at.file, first: at.line, last: at.line, new })
    }

    /// The lines of a key, without them.
    pub(super) const fn remove(key: Span, last: usize) -> Self {
        Self::Lines { file: key.file, first: key.line, last, new: Vec::new() }
    }

    /// A line more.
    pub(super) fn insert(file: usize, after: usize, line: String) -> Self {
        Self::Lines { file, first: after + 1, last: after, new: vec![line] }
    }

    /// Lines at the end of a file.
    pub(super) fn append(raw: &RawConfig, file: usize, lines: &[&str]) -> Self {
        let last = raw.sources[file].count();
        let new = lines.iter().map(|line| (*line).to_owned()).collect();
        Self::Lines { file, first: last + 1, last, new }
    }
}

/// The text of a file with these changes, as far as they do not stand in each other's way.
pub(super) fn apply(source: &Source, file: usize, edits: &[Edit]) -> String {
    let mut lines: Vec<(usize, usize, &[String])> = Vec::new();
    for edit in edits.iter().filter(|edit| edit.file() == file) {
        let Edit::Lines { first, last, new, .. } = edit else { continue };
        let is_known = lines.contains(&(*first, *last, new.as_slice()));
        // one line at a time: what else is to be done to it is done in the next round
        let is_free = lines.iter().all(|(f, l, _)| *first > *l.max(f) || *last.max(first) < *f);
        if !is_known && is_free {
            lines.push((*first, *last, new));
        }
    }
    lines.sort_unstable_by_key(|(first, last, _)| (*first, *last));
    let keeps_mark = source.is_marked && !edits.contains(&Edit::Mark { file });
    let mut text = if keeps_mark { "\u{feff}".to_owned() } else { String::new() };
    let mut next = 1;
    for (first, last, new) in lines {
        copy(source, next..first, &mut text);
        if !text.is_empty() && !text.ends_with(['\n', '\r']) && !new.is_empty() && first > 1 {
            text.push_str(source.ending(0));
        }
        for line in new {
            text.push_str(line);
            text.push_str(source.ending(first.min(source.count())));
        }
        next = last + 1;
    }
    copy(source, next..source.count() + 1, &mut text);
    text
}

fn copy(source: &Source, lines: std::ops::Range<usize>, text: &mut String) {
    for number in lines {
        let (line, ended) = source.line(number);
        text.push_str(line);
        if ended {
            text.push_str(source.ending(number));
        }
    }
}
