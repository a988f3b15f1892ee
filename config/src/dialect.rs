//! Supervisor's INI dialect, line by line: what each line of a file is.
//!
//! ```text
//! line -> comment cut off -> blank?         kept inside a value, dropped elsewhere
//!                         -> indented more than the line that began the option?   its value goes on
//!                         -> [section]?
//!                         -> key = value, key: value
//!                         -> anything else: a syntax error, collected
//! ```
//!
//! What comes out is the same content in the narrow form that every INI parser reads alike, the form in
//! which rust-ini is given it (`raw`), with the place of each header and value beside it. Two guard
//! characters that the text does not hold protect what such a parser would touch: one stands around
//! names and values and after each backslash, the other for `]` in a section's name.

use crate::source::{Source, Span};

/// A file in the narrow form.
#[derive(Debug, Default)]
pub(crate) struct Narrow {
    /// The content.
    pub(crate) text: String,
    /// The place of each header and each option, in order.
    pub(crate) items: Vec<Item>,
    /// Stands around names and values.
    pub(crate) guard: char,
    /// Stands for `]` in a section's name.
    pub(crate) bracket: char,
    /// The syntax errors.
    pub(crate) syntax: Syntax,
}

impl Narrow {
    /// Leaves out every section but these; errors of all are kept.
    pub(crate) fn keep_only(&mut self, sections: &[&str]) {
        let (text, mut items) =
            (std::mem::take(&mut self.text), std::mem::take(&mut self.items).into_iter());
        let mut is_wanted = false;
        for line in text.split_inclusive('\n') {
            // a continuation begins with a blank, and an empty line with nothing: both belong to what is before
            let begins = if line.starts_with('[') {
                let name = line.trim_end().trim_matches(['[', ']', self.guard]);
                is_wanted = sections.contains(&name);
                true
            } else {
                line.starts_with(self.guard)
            };
            let item = if begins { items.next() } else { None };
            if is_wanted {
                self.text.push_str(line);
                self.items.extend(item);
            }
        }
    }
}

/// What a line begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item {
    /// A section; the place of its header.
    Section(Span),
    /// An option; the places of its key and its value.
    Option(Span, Span),
}

/// What is wrong with a file as INI; the numbers are lines, from 1.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Syntax {
    /// The first line before any section. Python stops there; what follows the first header is read all the same,
    /// so that what is wrong further down is told as well.
    pub(crate) headless: Option<usize>,
    /// Lines that are nothing.
    pub(crate) bad: Vec<usize>,
}

/// Python's idea of white space: four control characters more than Unicode's.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Reads a whole file. `file` is its number, for the places.
pub(crate) fn narrow(source: &Source, file: usize) -> Narrow {
    let text = source.text();
    let mut unused = ('\u{e000}'..='\u{f8ff}').filter(|c| !text.contains(*c));
    let mut reader = Reader {
        out: Narrow {
            text: String::with_capacity(text.len() + text.len() / 4),
            guard: unused.next().unwrap_or('\u{e000}'),
            bracket: unused.next().unwrap_or('\u{e001}'),
            ..Narrow::default()
        },
        file,
        in_section: false,
        in_option: false,
        indent: 0,
    };
    for (number, line) in source.lines().enumerate() {
        reader.line(number + 1, line);
    }
    reader.out
}

struct Reader {
    out: Narrow,
    file: usize,
    in_section: bool,
    in_option: bool,
    indent: usize,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        let comment = comment_start(line);
        let content = line[..comment.unwrap_or(line.len())].trim_matches(is_space);
        if content.is_empty() {
            if comment.is_none() && self.in_option {
                self.out.text.push('\n');
            }
            return;
        }
        let indent = line.chars().take_while(|c| is_space(*c)).count();
        let span = |column, width| Span { file: self.file, line: number, column, width, last: number };
        if self.in_option && indent > self.indent {
            self.go_on(content, span(indent, content.chars().count()));
            return;
        }
        self.indent = indent;
        if let Some(name) = section_name(content) {
            self.section(name, span(indent, name.chars().count() + 2));
        } else if !self.in_section {
            self.out.syntax.headless.get_or_insert(number);
        } else if let Some(at) = content.find(['=', ':']) {
            let (key, rest) = (content[..at].trim_end_matches(is_space), &content[at + 1..]);
            let value = rest.trim_matches(is_space);
            let skipped = &content[..content.len() - rest.trim_start_matches(is_space).len()];
            let column = indent + skipped.chars().count();
            self.option(key, value, span(column, value.chars().count()));
        } else {
            self.out.syntax.bad.push(number);
        }
    }

    fn section(&mut self, name: &str, span: Span) {
        self.in_section = true;
        self.in_option = false;
        self.out.items.push(Item::Section(span));
        self.out.text.push('[');
        self.out.text.push(self.out.guard);
        self.guarded(&name.replace(']', self.out.bracket.encode_utf8(&mut [0; 4])));
        self.out.text.push(self.out.guard);
        self.out.text.push_str("]\n");
    }

    fn option(&mut self, key: &str, value: &str, span: Span) {
        self.in_option = !key.is_empty();
        if key.is_empty() {
            self.out.syntax.bad.push(span.line);
            return;
        }
        let start = Span { column: self.indent, width: key.chars().count(), last: span.line, ..span };
        self.out.items.push(Item::Option(start, span));
        self.out.text.push(self.out.guard);
        self.guarded(&key.to_lowercase());
        self.out.text.push('=');
        self.out.text.push(self.out.guard);
        self.guarded(value);
        self.out.text.push('\n');
    }

    /// A further line of a value. The place of a value is its first line that is not empty.
    fn go_on(&mut self, content: &str, span: Span) {
        if let Some(Item::Option(_, place)) = self.out.items.last_mut() {
            if place.width == 0 {
                *place = span;
            }
            place.last = span.line;
        }
        self.out.text.push(' ');
        self.out.text.push(self.out.guard);
        self.guarded(content);
        self.out.text.push('\n');
    }

    fn guarded(&mut self, text: &str) {
        for (number, piece) in text.split('\\').enumerate() {
            if number > 0 {
                self.out.text.extend(['\\', self.out.guard]);
            }
            self.out.text.push_str(piece);
        }
    }
}

/// Between the first `[` and the last `]`; text after it is ignored.
fn section_name(content: &str) -> Option<&str> {
    let inner = content.strip_prefix('[')?;
    let (name, _) = inner.rsplit_once(']')?;
    (!name.is_empty()).then_some(name)
}

/// Where the comment of a line begins: at its first character, or at a `;` or `#` after white space.
///
/// Both characters are searched for in step, as Python does it: as soon as one of them begins a comment
/// the search is over, though an earlier place of the other may not have been reached.
fn comment_start(line: &str) -> Option<usize> {
    if line.trim_start_matches(is_space).starts_with(['#', ';']) {
        return Some(0);
    }
    let mut searched = [(';', 0, true), ('#', 0, true)];
    loop {
        let mut found: Option<usize> = None;
        for (mark, from, going) in &mut searched {
            match line[*from..].find(*mark).filter(|_| *going) {
                None => *going = false,
                Some(offset) => {
                    let at = *from + offset;
                    *from = at + 1;
                    if line[..at].chars().next_back().is_some_and(is_space) {
                        found = Some(found.map_or(at, |other| other.min(at)));
                    }
                }
            }
        }
        if found.is_some() || searched.iter().all(|(_, _, going)| !going) {
            return found;
        }
    }
}
