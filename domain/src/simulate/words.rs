//! A line of a script in words, each with its place; and the readers of single words.

use super::script::{ScriptError, Spot};
use crate::signal::Signal;
use std::time::Duration;

/// A word, `,`, `;`, or the end of the line (empty).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) spot: Spot,
}

/// A line: what stands before its colon, if it has one, and the rest.
pub(super) struct Lexed<'a> {
    pub(super) head: Vec<Word<'a>>,
    pub(super) words: Words<'a>,
}

/// Words that are read one after the other.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    /// The line without its comment.
    line: &'a str,
    all: Vec<Word<'a>>,
    at: usize,
    end: Spot,
}

/// Takes a line apart. The head ends at the first colon that white space or the end of the line follows.
pub(super) fn lex(number: usize, line: &str) -> Lexed<'_> {
    let line = without_comment(line);
    let mut all = split(number, line);
    let end = Spot { line: number, column: line.trim_end().chars().count(), width: 0 };
    let colon = all.iter().position(|word| word.text.len() > 1 && word.text.ends_with(':'));
    let head = match colon {
        None => Vec::new(),
        Some(at) => {
            let rest = all.split_off(at + 1);
            let mut head = std::mem::replace(&mut all, rest);
            if let Some(last) = head.last_mut() {
                last.text = &last.text[..last.text.len() - 1];
                last.spot.width -= 1;
            }
            head
        }
    };
    Lexed { head, words: Words { line, all, at: 0, end } }
}

/// A `#` begins a comment at the start of a word.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return &line[..at];
        }
        before = c;
    }
    line
}

fn split(number: usize, line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let spot = |column, width| Spot { line: number, column, width };
    for (column, (at, c)) in line.char_indices().chain([(line.len(), ' ')]).enumerate() {
        let ends = c.is_whitespace() || matches!(c, ',' | ';');
        match open {
            Some((from, first)) if ends => {
                words.push(Word { text: &line[from..at], spot: spot(first, column - first) });
                open = None;
            }
            None if !ends => open = Some((at, column)),
            _ => {}
        }
        if matches!(c, ',' | ';') {
            words.push(Word { text: &line[at..at + 1], spot: spot(column, 1) });
        }
    }
    words
}

impl<'a> Words<'a> {
    /// The text from the first word that is left to the end.
    pub(super) fn rest(&self) -> &'a str {
        let column = self.peek().spot.column;
        let from = self.line.char_indices().nth(column).map_or(self.line.len(), |(at, _)| at);
        self.line[from..].trim_end()
    }

    /// The next word, which stays.
    pub(super) fn peek(&self) -> Word<'a> {
        self.all.get(self.at).copied().unwrap_or(Word { text: "", spot: self.end })
    }

    /// The next word; behind the last one, empty ones.
    pub(super) fn next(&mut self) -> Word<'a> {
        let word = self.peek();
        self.at += 1;
        word
    }

    /// Takes the next word if it is this one.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let is_it = self.peek().text == text;
        self.at += usize::from(is_it);
        is_it
    }

    /// The next word has to be this one.
    pub(super) fn expect(&mut self, text: &str, help: &str) -> Result<(), ScriptError> {
        match self.next() {
            word if word.text == text => Ok(()),
            word => Err(word.wrong(&format!("'{text}'"), help)),
        }
    }

    /// Nothing may be left.
    pub(super) fn finish(&mut self, help: &str) -> Result<(), ScriptError> {
        match self.next() {
            Word { text: "", .. } => Ok(()),
            word => Err(word.wrong("the end of the line", help)),
        }
    }
}

impl Word<'_> {
    /// Something else was to stand here.
    pub(super) fn wrong(&self, expected: &str, help: &str) -> ScriptError {
        let found = match self.text {
            "" => "the line ends".to_owned(),
            text => format!("'{}' stands", text.escape_debug()),
        };
        ScriptError::new(self.spot, format!("{found} where {expected} is expected"), help)
    }

    /// A span of time, which may have a fraction: `3.2s`.
    pub(super) fn span(&self) -> Result<Duration, ScriptError> {
        let help = "write a number with a unit, such as 10s, 3.2s, 200ms, 5m, 1h30m";
        if self.text.is_empty() {
            return Err(self.wrong("a span of time", help));
        }
        if let Some(span) = fractional(self.text) {
            return Ok(span);
        }
        crate::duration::parse(self.text)
            .map_err(|error| ScriptError::new(self.spot, error.to_string(), help))
    }

    /// A signal by its name or number.
    pub(super) fn signal(&self) -> Result<Signal, ScriptError> {
        let help = "write a signal, such as TERM, INT or SEGV";
        match Signal::parse(self.text) {
            Ok(signal) if !self.text.is_empty() && signal.number() > 0 => Ok(signal),
            _ => Err(self.wrong("a signal", help)),
        }
    }

    /// An exit code.
    pub(super) fn code(&self) -> Result<i32, ScriptError> {
        let digits = self.text.bytes().all(|byte| byte.is_ascii_digit());
        let code = self.text.parse().ok().filter(|code| digits && (0..=255).contains(code));
        code.ok_or_else(|| self.wrong("an exit code", "write a number from 0 to 255"))
    }
}

/// `3.2s`, `0.5m`: one unit, up to six decimals.
fn fractional(text: &str) -> Option<Duration> {
    let letters = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(letters);
    let (whole, fraction) = number.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let micros: u64 = match unit {
        "ms" => 1000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return None,
    };
    let parts: u64 = format!("{fraction:0<6}").parse().ok()?;
    let whole = whole.parse::<u64>().ok()?.checked_mul(micros)?;
    let part = u128::from(parts) * u128::from(micros) / 1_000_000;
    let span = Duration::from_micros(whole.checked_add(u64::try_from(part).ok()?)?);
    (span <= crate::duration::LONGEST).then_some(span)
}
