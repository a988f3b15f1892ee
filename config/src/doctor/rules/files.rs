//! The files themselves: what is included, and how they are saved.

use super::{Example, Found, Rule, Severity};
use crate::doctor::edit::Edit;
use crate::doctor::patient::Patient;
use crate::source::Span;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "include-catches-backups",
        severity: Severity::Warning,
        summary: "an include pattern that catches backups",
        reason: "editors, package managers and version control leave copies beside the files, which are read like the \
                 others: an old version comes back, or a program runs twice",
        fix: "let the pattern end in .conf or .ini, or remove the copy",
        is_fixable: false,
        example: Example { bad: "[include]\nfiles=backups/*\n", good: "[include]\nfiles=backups/*.conf\n" },
        find: include_catches_backups,
    },
    Rule {
        id: "include-finds-nothing",
        severity: Severity::Warning,
        summary: "an include pattern that finds nothing",
        reason: "it is no error: what was to be included is simply not there",
        fix: "correct the pattern; a relative one begins beside the main file, and ~ means nothing in it",
        is_fixable: false,
        example: Example {
            bad: "[include]\nfiles=none/*.conf\n",
            good: "[include]\nfiles=backups/*.conf\n",
        },
        find: include_finds_nothing,
    },
    Rule {
        id: "include-in-included",
        severity: Severity::Warning,
        summary: "[include] in an included file",
        reason: "only the main file includes: the section has no effect, or is taken for the main file's",
        fix: "list the files in the main file",
        is_fixable: false,
        example: Example {
            bad: "[include]\nfiles=nested/*.conf\n",
            good: "[include]\nfiles=backups/*.conf\n",
        },
        find: include_in_included,
    },
    Rule {
        id: "byte-order-mark",
        severity: Severity::Warning,
        summary: "a byte order mark before the text",
        reason: "Supervisor takes it for part of the first line, and refuses the file: it contains no section headers",
        fix: "save the file as UTF-8 without a mark",
        is_fixable: true,
        example: Example {
            bad: "\u{feff}[program:web]\ncommand=/bin/cat\n",
            good: "[program:web]\ncommand=/bin/cat\n",
        },
        find: byte_order_mark,
    },
];

/// How the names of copies end.
const ENDINGS: [&str; 17] = [
    "~",
    ".bak",
    ".backup",
    ".old",
    ".orig",
    ".save",
    ".swp",
    ".swo",
    ".tmp",
    ".disabled",
    ".rpmnew",
    ".rpmsave",
    ".rpmorig",
    ".dpkg-old",
    ".dpkg-new",
    ".dpkg-dist",
    ".fixed",
];

fn is_backup(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file).to_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || name.starts_with('#') || name.contains(".bak.")
}

/// Something about a word of the main file's `files`.
fn at_word(patient: &Patient<'_>, word: &str, message: String) -> Option<Found> {
    Some(patient.section("include")?.found_word("files", word, message))
}

fn include_catches_backups(patient: &Patient<'_>) -> Vec<Found> {
    let find = |found: &crate::include::Found| {
        let backups: Vec<&String> = found.files.iter().filter(|file| is_backup(file)).collect();
        let more =
            if backups.len() > 1 { format!(" and {} more", backups.len() - 1) } else { String::new() };
        let first = backups.first()?;
        at_word(patient, &found.word, format!("{} catches {first}{more}", found.word))
    };
    patient.included.iter().filter_map(find).collect()
}

fn include_finds_nothing(patient: &Patient<'_>) -> Vec<Found> {
    let empty = patient.included.iter().filter(|found| found.files.is_empty());
    empty
        .filter_map(|found| at_word(patient, &found.word, format!("nothing is at {}", found.pattern)))
        .collect()
}

fn include_in_included(patient: &Patient<'_>) -> Vec<Found> {
    let headers = patient.trace().headers.iter();
    let nested = headers.filter(|header| header.span.file > 0 && header.name == "include");
    nested.map(|header| Found::new(header.span, "[include] has no effect here".to_owned())).collect()
}

fn byte_order_mark(patient: &Patient<'_>) -> Vec<Found> {
    let marked = patient.raw.sources.iter().enumerate().filter(|(_, source)| source.is_marked);
    let find = |(file, source): (usize, &crate::source::Source)| {
        let width = source.line(1).0.chars().count();
        let span = Span { file, line: 1, column: 0, width, last: 1 };
        let message = format!("{} begins with a byte order mark", source.shown);
        Found::new(span, message).edit([Edit::Mark { file }])
    };
    marked.map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_known_by_their_names() {
        for name in
            ["/etc/a.conf~", "a.conf.SAVE", "a.conf.bak", "a.conf.dpkg-dist", "#a.conf#", "a.bak.conf"]
        {
            assert!(is_backup(name), "{name}");
        }
        for name in ["/etc/backup/a.conf", "a.ini", "old.conf"] {
            assert!(!is_backup(name), "{name}");
        }
    }
}
