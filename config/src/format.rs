//! Python's `%` formatting of a text with a table of names: the engine below every expanded value.
//!
//! ```text
//! %(name)<flags><width><.precision><length>type     flags: - + space # 0     length: h l L, ignored
//! %%                                                 a percent sign
//! ```
//!
//! Only named conversions mean anything: a bare `%s`, which Python answers with the whole table, is
//! refused. Absent: where the names come from (`expand`), and what is said of a failure.

use std::borrow::Cow;
use treeherd_domain::quote;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A whole number (`process_num`, `numprocs`).
    Number(i64),
}

/// Why a text cannot be formatted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum FormatError {
    /// A name that the table does not have.
    Unknown(String),
    /// A conversion without a name that Python would answer with the whole table: its letter.
    Unnamed(char),
    /// Anything else, in Python's words.
    Malformed(String),
}

/// More than any real value needs; keeps a slip from filling the memory.
const WIDEST: usize = 65_535;

const NO_VALUE: &str = "not enough arguments for format string";

/// Formats `text`; `look_up` is the table.
pub(crate) fn format<'t, 'v>(
    text: &'t str,
    look_up: impl Fn(&str) -> Option<Value<'v>>,
) -> Result<Cow<'t, str>, FormatError> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut any = false;
    let mut unnamed = None;
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let mut scan = Scan { text, at: text.len() - rest.len() + at + 1 };
        if scan.eat('%') {
            out.push('%');
        } else {
            let value = match scan.name()? {
                Some(name) => Some(look_up(name).ok_or_else(|| FormatError::Unknown(name.to_owned()))?),
                None => None,
            };
            let conversion = scan.conversion(value, any)?;
            match conversion.write(&mut out, value) {
                // Only we refuse it, so whatever else is wrong comes first.
                Err(error @ FormatError::Unnamed(_)) => unnamed = unnamed.or(Some(error)),
                written => written?,
            }
            any = true;
        }
        rest = &text[scan.at..];
    }
    out.push_str(rest);
    unnamed.map_or(Ok(Cow::Owned(out)), Err)
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, FormatError> {
    Err(FormatError::Malformed(reason.into()))
}

/// A place in the text.
struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// `(name)`; parentheses inside are balanced.
    fn name(&mut self) -> Result<Option<&'t str>, FormatError> {
        if !self.eat('(') {
            return Ok(None);
        }
        let mut depth = 1;
        for (offset, c) in self.text[self.at..].char_indices() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let name = &self.text[self.at..self.at + offset];
                self.at += offset + 1;
                return Ok(Some(name));
            }
        }
        malformed("incomplete format key")
    }

    fn number(&mut self, what: &str) -> Result<Option<usize>, FormatError> {
        let digits = self.text[self.at..].bytes().take_while(u8::is_ascii_digit).count();
        let text = &self.text[self.at..self.at + digits];
        self.at += digits;
        match text.parse() {
            _ if text.is_empty() => Ok(None),
            Ok(number) if number <= WIDEST => Ok(Some(number)),
            _ => malformed(format!("{what} too big")),
        }
    }

    /// `any`: whether a conversion stood before this one.
    fn conversion(&mut self, value: Option<Value<'_>>, any: bool) -> Result<Conversion, FormatError> {
        // A `*` takes the only value that there is, and leaves none for what it is the width of; so does a
        // conversion for one without a name behind it.
        let mut taken = any && value.is_none();
        let mut made = Conversion::default();
        loop {
            let flag = match self.peek() {
                Some('-') => &mut made.left,
                Some('+') => &mut made.plus,
                Some(' ') => &mut made.space,
                Some('#') => &mut made.alternate,
                Some('0') => &mut made.zero,
                _ => break,
            };
            *flag = true;
            self.at += 1;
        }
        made.width = self.width(value, &mut taken)?;
        if self.eat('.') {
            made.precision = Some(self.width(value, &mut taken)?);
        }
        let _ = ['h', 'l', 'L'].into_iter().any(|length| self.eat(length));
        let Some(letter) = self.peek() else {
            return malformed("incomplete format");
        };
        if taken {
            return malformed(NO_VALUE);
        }
        made.letter = letter;
        made.index = self.text[..self.at].chars().count();
        self.at += letter.len_utf8();
        Ok(made)
    }

    fn width(&mut self, value: Option<Value<'_>>, taken: &mut bool) -> Result<usize, FormatError> {
        if self.eat('*') {
            return match value {
                _ if std::mem::replace(taken, true) => malformed(NO_VALUE),
                Some(Value::Number(_)) => Ok(0),
                Some(Value::Text(_)) | None => malformed("* wants int"),
            };
        }
        Ok(self.number("width")?.unwrap_or(0))
    }
}

/// One conversion, all but its value.
#[derive(Default)]
struct Conversion {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    letter: char,
    index: usize,
}

impl Conversion {
    fn write(&self, out: &mut String, value: Option<Value<'_>>) -> Result<(), FormatError> {
        let letter = self.letter;
        if !"sradiuoxXeEfFgGc".contains(letter) {
            let code = u32::from(letter);
            let shown = if (' '..='~').contains(&letter) { letter } else { '?' };
            let at = self.index;
            return malformed(format!("unsupported format character '{shown}' (0x{code:x}) at index {at}"));
        }
        let Some(value) = value else {
            return self.unnamed();
        };
        match (letter, value) {
            ('s', Value::Text(text)) => self.text(out, text),
            ('r', Value::Text(text)) => self.text(out, &quote::repr(text)),
            ('a', Value::Text(text)) => self.text(out, &quote::ascii(text)),
            ('s' | 'r' | 'a', Value::Number(number)) => self.text(out, &number.to_string()),
            ('c', value) => self.character(out, value)?,
            (_, Value::Text(_)) => return malformed(self.wants_a_number("str")),
            (_, Value::Number(number)) => self.number(out, number),
        }
        Ok(())
    }

    fn unnamed(&self) -> Result<(), FormatError> {
        match self.letter {
            's' | 'r' | 'a' => Err(FormatError::Unnamed(self.letter)),
            'c' => malformed("%c requires int or char"),
            _ => malformed(self.wants_a_number("dict")),
        }
    }

    fn wants_a_number(&self, got: &str) -> String {
        match self.letter {
            c @ ('d' | 'i' | 'u') => format!("%{c} format: a real number is required, not {got}"),
            c @ ('x' | 'X' | 'o') => format!("%{c} format: an integer is required, not {got}"),
            _ => format!("must be real number, not {got}"),
        }
    }

    fn character(&self, out: &mut String, value: Value<'_>) -> Result<(), FormatError> {
        let mut buffer = [0; 4];
        let text = match value {
            Value::Text(text) if text.chars().nth(1).is_none() && !text.is_empty() => text,
            Value::Text(_) => return malformed("%c requires int or char"),
            Value::Number(number) => match u32::try_from(number).ok().and_then(char::from_u32) {
                Some(c) => c.encode_utf8(&mut buffer),
                None => return malformed("%c arg not in range(0x110000)"),
            },
        };
        self.pad(out, "", text, false);
        Ok(())
    }

    fn text(&self, out: &mut String, text: &str) {
        let end = match self.precision {
            Some(precision) => text.char_indices().nth(precision).map_or(text.len(), |(at, _)| at),
            None => text.len(),
        };
        self.pad(out, "", &text[..end], false);
    }

    fn number(&self, out: &mut String, number: i64) {
        let size = number.unsigned_abs();
        let digits = match self.letter {
            'd' | 'i' | 'u' => size.to_string(),
            'o' => format!("{size:o}"),
            'x' => format!("{size:x}"),
            'X' => format!("{size:X}"),
            _ => self.float(size),
        };
        let sign = match number {
            ..0 => "-",
            _ if self.plus => "+",
            _ if self.space => " ",
            _ => "",
        };
        let base = match self.letter {
            'o' if self.alternate => "0o",
            'x' if self.alternate => "0x",
            'X' if self.alternate => "0X",
            _ => "",
        };
        let least = if "diuoxX".contains(self.letter) { self.precision.unwrap_or(0) } else { 0 };
        self.pad(out, &format!("{sign}{base}"), &format!("{digits:0>least$}"), self.zero && !self.left);
    }

    /// A whole number as `%e`, `%f`, `%g` write it.
    fn float(&self, size: u64) -> String {
        let point = |text: String| if self.alternate && !text.contains('.') { text + "." } else { text };
        let precision = self.precision.unwrap_or(6);
        let text = match self.letter.to_ascii_lowercase() {
            'f' => format!("{size}.{:0<precision$}", "").trim_end_matches('.').to_owned(),
            'e' => exponential(size, precision),
            _ => {
                let precision = precision.max(1);
                let short = exponential(size, precision - 1);
                let exponent = size.checked_ilog10().unwrap_or(0) as usize;
                let fixed = || match precision.saturating_sub(1 + exponent) {
                    0 => size.to_string(),
                    zeros => format!("{size}.{:0<zeros$}", ""),
                };
                let text = if exponent < precision { fixed() } else { short };
                if self.alternate { text } else { stripped(&text) }
            }
        };
        let text = if self.alternate && !text.contains('e') { point(text) } else { text };
        if self.letter.is_ascii_uppercase() { text.to_uppercase() } else { text }
    }

    fn pad(&self, out: &mut String, sign: &str, body: &str, zeros: bool) {
        let missing = self.width.saturating_sub(sign.len() + body.chars().count());
        let fill = |out: &mut String, with: char| out.extend(std::iter::repeat_n(with, missing));
        if !self.left && !zeros {
            fill(out, ' ');
        }
        out.push_str(sign);
        if zeros {
            fill(out, '0');
        }
        out.push_str(body);
        if self.left {
            fill(out, ' ');
        }
    }
}

/// `1.5e+03`: the exponent has a sign and two digits at least.
#[expect(clippy::cast_precision_loss, reason = "Python converts to a float here as well")]
fn exponential(size: u64, precision: usize) -> String {
    let text = format!("{:.precision$e}", size as f64);
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{mantissa}e+{exponent:0>2}"),
        None => text,
    }
}

/// Without the zeros at the end of a fraction.
fn stripped(text: &str) -> String {
    let (mantissa, exponent) = text.split_at(text.find('e').unwrap_or(text.len()));
    if !mantissa.contains('.') {
        return text.to_owned();
    }
    format!("{}{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'))
}
