//! A configuration file as text, and places in it.
//!
//! A line ends as in Python's text files: at LF, CR LF, or CR. Absent: what the lines mean (`dialect`).

use crate::report::{Error, Place};
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::Utf8Error;

/// One file that has been read.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path as it is shown: as given on the command line, or as an `[include]` found it.
    pub(crate) shown: String,
    /// The directory that the file is in, absolute: its `%(here)s`.
    pub(crate) here: String,
    /// What it holds, without a byte order mark.
    text: String,
    /// Where each line is in `text`, without its end; and whether it has one.
    lines: Vec<(Range<usize>, bool)>,
    /// Whether a byte order mark stands before the text.
    pub(crate) is_marked: bool,
}

/// Where something stands in one of the files.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Span {
    /// Which file, by the order of reading.
    pub(crate) file: usize,
    /// The line, from 1; 0 is the file as a whole.
    pub(crate) line: usize,
    /// The first character, from 0.
    pub(crate) column: usize,
    /// How many characters.
    pub(crate) width: usize,
    /// The last line of a value of several lines.
    pub(crate) last: usize,
}

/// The largest configuration, in bytes: what is larger is no configuration (`/dev/zero`, a disk image).
const MOST: u64 = 64 << 20;

/// The whole file, if it is one that could be a configuration.
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    // a directory has a size, too, and is told as one by the read
    let known = file.metadata()?.len().min(MOST);
    let mut bytes = Vec::with_capacity(usize::try_from(known).unwrap_or(0));
    file.by_ref().take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other("it is larger than 64 MB, which no configuration is"));
    }
    Ok(bytes)
}

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The operating system says no.
    Io(io::Error),
    /// It is not UTF-8.
    Encoding(Box<Error>),
}

impl Source {
    /// A text that is in memory already.
    pub(crate) fn of(text: &str, shown: &str, here: String) -> Self {
        let bare = text.strip_prefix('\u{feff}');
        let text = bare.unwrap_or(text).to_owned();
        let lines = lines(&text);
        Self { shown: shown.to_owned(), here, text, lines, is_marked: bare.is_some() }
    }

    /// Reads `path`, which is `shown` so in messages.
    pub(crate) fn read(path: &Path, shown: &str, here: String) -> Result<Self, Unreadable> {
        let bytes = bounded(path).map_err(Unreadable::Io)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::of(&text, shown, here)),
            Err(error) => {
                Err(Unreadable::Encoding(Box::new(not_utf8(shown, error.as_bytes(), error.utf8_error()))))
            }
        }
    }

    /// The place, with the line it is on.
    pub(crate) fn place(&self, span: Span) -> Place {
        let text = match span.line {
            0 => String::new(),
            line => self.line(line).0.to_owned(),
        };
        let file = PathBuf::from(&self.shown);
        Place { file, line: span.line, column: span.column, width: span.width, text }
    }

    /// The place of a word inside a value; of the value if the word is not in it as written.
    pub(crate) fn within(&self, value: Span, word: &str) -> Span {
        let mut skip = value.column;
        for line in value.line.max(1)..=value.last {
            let text = self.line(line).0;
            let start = text.char_indices().nth(skip).map_or(text.len(), |(at, _)| at);
            if let Some(at) = text[start..].find(word).filter(|_| !word.is_empty()) {
                let column = skip + text[start..start + at].chars().count();
                return Span { line, column, width: word.chars().count(), ..value };
            }
            skip = 0;
        }
        value
    }

    /// A line by its number, from 1, and whether it has an end.
    pub(crate) fn line(&self, number: usize) -> (&str, bool) {
        self.lines.get(number - 1).map_or(("", false), |(range, ended)| (&self.text[range.clone()], *ended))
    }

    /// All lines.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(range, _)| &self.text[range.clone()])
    }

    /// How many lines there are.
    pub(crate) fn count(&self) -> usize {
        self.lines.len()
    }

    /// What ends a line: its own end, or that of the first line.
    pub(crate) fn ending(&self, number: usize) -> &str {
        let end_of = |at: usize| {
            let next = self.lines.get(at + 1).map_or(self.text.len(), |(range, _)| range.start);
            self.lines.get(at).map_or("", |(range, _)| &self.text[range.end..next])
        };
        match number.checked_sub(1).map(end_of) {
            Some("") | None => Some(end_of(0)).filter(|end| !end.is_empty()).unwrap_or("\n"),
            Some(end) => end,
        }
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// In the words of Python's decoder.
fn undecodable(bytes: &[u8], error: Utf8Error) -> String {
    let at = error.valid_up_to();
    let reason = match (error.error_len(), bytes[at]) {
        (None, _) => "unexpected end of data",
        (Some(_), 0xc2..=0xf4) => "invalid continuation byte",
        (Some(_), _) => "invalid start byte",
    };
    match error.error_len().unwrap_or(bytes.len() - at) {
        1 => format!("'utf-8' codec can't decode byte 0x{:02x} in position {at}: {reason}", bytes[at]),
        many => format!("'utf-8' codec can't decode bytes in position {at}-{}: {reason}", at + many - 1),
    }
}

fn not_utf8(shown: &str, bytes: &[u8], error: Utf8Error) -> Error {
    let at = error.valid_up_to();
    let start = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |lf| lf + 1);
    let end = bytes[at..].iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(bytes.len(), |n| at + n);
    let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&bytes[start..at]).chars().count();
    let place = Place {
        file: PathBuf::from(shown),
        line,
        column,
        width: 1,
        text: String::from_utf8_lossy(&bytes[start..end]).into_owned(),
    };
    Error::new(undecodable(bytes, error), vec![place], "save the file as UTF-8".to_owned())
}

fn lines(text: &str) -> Vec<(Range<usize>, bool)> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let Some(length) = text[start..].find(['\n', '\r']) else {
            found.push((start..text.len(), false));
            break;
        };
        let end = start + length;
        found.push((start..end, true));
        start = end + if text[end..].starts_with("\r\n") { 2 } else { 1 };
    }
    found
}
