//! Slips of the pen that nobody tells: unknown names, what is written twice, values cut by a comment.

use super::{Example, Found, Rule, Severity};
use crate::doctor::edit::Edit;
use crate::doctor::known;
use crate::doctor::patient::Patient;
use crate::raw::Key;
use crate::source::Span;
use std::collections::HashMap;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "key-unknown",
        severity: Severity::Warning,
        summary: "a key that nobody reads",
        reason: "unknown keys are ignored without a word, so the default holds and not what is written",
        fix: "correct its name, or take it out",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nautorestrat=true\n",
            good: "[program:web]\ncommand=/bin/cat\nautorestart=true\n",
        },
        find: key_unknown,
    },
    Rule {
        id: "section-unknown",
        severity: Severity::Warning,
        summary: "a section that nobody reads",
        reason: "unknown sections are ignored without a word, with all that is in them",
        fix: "correct its name, or take it out",
        is_fixable: true,
        example: Example {
            bad: "[programs:web]\ncommand=/bin/cat\n",
            good: "[program:web]\ncommand=/bin/cat\n",
        },
        find: section_unknown,
    },
    Rule {
        id: "key-twice",
        severity: Severity::Warning,
        summary: "a key that is written twice",
        reason: "the last one counts, across all files, and the first one misleads whoever reads it",
        fix: "keep the last one",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\npriority=1\npriority=2\n",
            good: "[program:web]\ncommand=/bin/cat\npriority=2\n",
        },
        find: key_twice,
    },
    Rule {
        id: "section-twice",
        severity: Severity::Hint,
        summary: "a section with two headers",
        reason: "sections of one name are one section: a program that was copied and not renamed is no second \
                 program, but changes the first",
        fix: "rename one, or put both together",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n[program:web]\nautostart=false\n",
            good: "[program:web]\ncommand=/bin/cat\nautostart=false\n",
        },
        find: section_twice,
    },
    Rule {
        id: "comment-cuts-value",
        severity: Severity::Warning,
        summary: "a value that ends at a ; or # inside quotes",
        reason: "after a blank, ; and # begin a comment anywhere in a line, and quotes do not protect from it",
        fix: "take away the blank before the ;, or put the command into a script",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/echo \"a ; b\"\n",
            good: "[program:web]\ncommand=/bin/echo \"a; b\"\n",
        },
        find: comment_cuts_value,
    },
    Rule {
        id: "continued-by-accident",
        severity: Severity::Warning,
        summary: "a line that goes on with the value above it, and looks like a key",
        reason: "a line that is indented more than the key above it belongs to the value of that key: the key that it \
                 looks like is not set, and the value above is another one",
        fix: "indent keys alike",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n  autostart=false\n",
            good: "[program:web]\ncommand=/bin/cat\nautostart=false\n",
        },
        find: continued_by_accident,
    },
];

fn key_unknown(patient: &Patient<'_>) -> Vec<Found> {
    let trace = patient.trace();
    let find = |key: &Key| {
        let section = &trace.headers[key.header].name;
        let known = known::keys(section).filter(|keys| !keys.contains(&key.name.as_str()))?;
        let meant = known::nearest(&key.name, known);
        let hint = meant.map(|meant| format!("; {meant} is near")).unwrap_or_default();
        let found = Found::new(key.span, format!("[{section}] nobody reads {}{hint}", key.name));
        let is_free = |meant: &&str| {
            !trace.keys.iter().any(|other| other.header == key.header && other.name == **meant)
        };
        let edit = meant.filter(is_free).and_then(|meant| Edit::replace(patient.raw, key.span, meant));
        Some(found.edit(edit))
    };
    trace.keys.iter().filter_map(find).collect()
}

fn section_unknown(patient: &Patient<'_>) -> Vec<Found> {
    let trace = patient.trace();
    let unknown = trace.headers.iter().filter(|header| !known::is_section(&header.name));
    let find = |header: &crate::raw::Header| {
        let meant = known::nearest_section(&header.name);
        let hint = meant.as_ref().map(|meant| format!("; [{meant}] is near")).unwrap_or_default();
        let is_free = |meant: &String| !trace.headers.iter().any(|other| other.name == *meant);
        let edit = meant
            .filter(is_free)
            .and_then(|meant| Edit::replace(patient.raw, header.span, &format!("[{meant}]")));
        Found::new(header.span, format!("nobody reads [{}]{hint}", header.name)).edit(edit)
    };
    unknown.map(find).collect()
}

fn key_twice(patient: &Patient<'_>) -> Vec<Found> {
    let trace = patient.trace();
    let mut last: HashMap<(&str, &str), &Key> = HashMap::new();
    let mut found = Vec::new();
    for key in trace.keys.iter().filter(|key| !is_nested_include(&trace.headers[key.header])) {
        let section = trace.headers[key.header].name.as_str();
        let Some(before) = last.insert((section, &key.name), key) else { continue };
        let message = format!("[{section}] {} is written again, and this one counts", key.name);
        let edit = Edit::remove(before.span, before.value.last.max(before.span.line));
        found.push(Found::new(key.span, message).and(before.span).edit([edit]));
    }
    found
}

/// An `[include]` in an included file, which has a rule of its own.
fn is_nested_include(header: &crate::raw::Header) -> bool {
    header.span.file > 0 && header.name == "include"
}

fn section_twice(patient: &Patient<'_>) -> Vec<Found> {
    let mut first: HashMap<&str, Span> = HashMap::new();
    let mut found = Vec::new();
    for header in patient.trace().headers.iter().filter(|header| !is_nested_include(header)) {
        match first.get(header.name.as_str()) {
            None => drop(first.insert(&header.name, header.span)),
            Some(span) => {
                let message = format!("[{}] goes on here", header.name);
                found.push(Found::new(header.span, message).and(*span));
            }
        }
    }
    found
}

/// Whether quotes are open at the end of a text.
fn open_quote(text: &str) -> Option<char> {
    text.chars().fold(None, |open, c| match (open, c) {
        (None, '"' | '\'') => Some(c),
        (Some(quote), c) if c == quote => None,
        (open, _) => open,
    })
}

fn comment_cuts_value(patient: &Patient<'_>) -> Vec<Found> {
    let trace = patient.trace();
    let is_quoted = |key: &&Key| ["command", "environment"].contains(&key.name.as_str());
    let find = |key: &Key| {
        let span = key.value;
        if span.last != span.line || span.width == 0 {
            return None;
        }
        let line = patient.line(span.file, span.line);
        let value: String = line.chars().skip(span.column).take(span.width).collect();
        let rest: String = line.chars().skip(span.column + span.width).collect();
        let quote = open_quote(&value)?;
        let mark = rest.trim_start().chars().next().filter(|c| matches!(c, ';' | '#'))?;
        // the quote is closed behind the mark: that is how it was meant
        let is_meant = rest.contains(quote);
        let blanks = rest.chars().take_while(|c| c.is_whitespace()).count();
        let at = Span { column: span.column + span.width + blanks, width: 1, ..span };
        let section = &trace.headers[key.header].name;
        let message = format!("[{section}] {} ends before the {mark}", key.name);
        let gap = Span { column: span.column + span.width, width: blanks, ..span };
        let edit = Edit::replace(patient.raw, gap, "").filter(|_| mark == ';');
        is_meant.then(|| Found::new(at, message).edit(edit))
    };
    trace.keys.iter().filter(is_quoted).filter_map(find).collect()
}

fn continued_by_accident(patient: &Patient<'_>) -> Vec<Found> {
    let trace = patient.trace();
    let mut found = Vec::new();
    for key in &trace.keys {
        let section = &trace.headers[key.header].name;
        // the lines of an environment do look like keys
        let Some(known) = known::keys(section).filter(|_| key.name != "environment") else { continue };
        for number in key.span.line + 1..=key.value.last {
            let line = patient.line(key.span.file, number);
            let text = line.trim();
            let Some((name, _)) = text.split_once(['=', ':']) else { continue };
            let name = name.trim().to_lowercase();
            if !known.contains(&name.as_str()) {
                continue;
            }
            let column = line.chars().take_while(|c| c.is_whitespace()).count();
            let span = Span { line: number, last: number, column, width: text.chars().count(), ..key.span };
            let message = format!("[{section}] {name} is part of the value of {}", key.name);
            let indent: String =
                patient.line(key.span.file, key.span.line).chars().take(key.span.column).collect();
            let edit = Edit::Lines {
                file: span.file,
                first: number,
                last: number,
                new: vec![format!("{indent}{}", line.trim_start())],
            };
            found.push(Found::new(span, message).and(key.span).edit([edit]));
        }
    }
    found
}
