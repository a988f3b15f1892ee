//! Spans of time as they are written in a configuration: `30`, `10s`, `200ms`, `5m`, `1h30m`, `2d`.
//!
//! A bare number is seconds. Units may follow one another, each at most once, the greater first. Nothing is signed,
//! nothing is fractional: half a second is `500ms`.

use std::fmt::{self, Write as _};
use std::time::Duration;

/// The units, the greatest first, with their milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// The longest span that can be written: a hundred years. Adding it to a moment overflows nowhere.
pub const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// Why a text is no span of time. It carries the part of the text that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DurationError {
    /// There is nothing.
    #[error("no span of time is given")]
    Empty,
    /// Something else than digits stands where a number must.
    #[error("not a span of time: '{0}'")]
    Number(String),
    /// There is no such unit.
    #[error("unknown unit of time: '{0}'")]
    Unit(String),
    /// A unit comes twice, or a greater one after a smaller one.
    #[error("units of time out of order: '{0}'")]
    Order(String),
    /// It is more than a hundred years.
    #[error("too long a span of time: '{0}'")]
    Long(String),
}

impl DurationError {
    /// The part of the text that is wrong; empty if there is no text.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::Number(word) | Self::Unit(word) | Self::Order(word) | Self::Long(word) => word,
        }
    }

    /// What would be accepted.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        "write seconds, or a number with a unit, such as 30, 10s, 200ms, 5m, 1h30m"
    }
}

/// Reads a span of time; white space around it does not count.
///
/// # Errors
/// [`DurationError`].
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    let whole = match text {
        "" => return Err(DurationError::Empty),
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => scaled(text, 1000, text)?,
        text => united(text)?,
    };
    let span = Duration::from_millis(whole);
    if span > LONGEST { Err(DurationError::Long(text.to_owned())) } else { Ok(span) }
}

/// The milliseconds of a text with units.
fn united(text: &str) -> Result<u64, DurationError> {
    let (mut rest, mut whole, mut units) = (text, 0_u64, &UNITS[..]);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.chars().take_while(|c| !c.is_ascii_digit()).map(char::len_utf8).sum();
        let (unit, tail) = tail.split_at(letters);
        if number.is_empty() {
            return Err(DurationError::Number(rest.to_owned()));
        }
        if !UNITS.iter().any(|(name, _)| *name == unit) {
            let word = if unit.trim().is_empty() { rest } else { unit };
            return Err(DurationError::Unit(word.trim().to_owned()));
        }
        let Some(at) = units.iter().position(|(name, _)| *name == unit) else {
            return Err(DurationError::Order(format!("{number}{unit}")));
        };
        let part = scaled(number, units[at].1, text)?;
        whole = whole.checked_add(part).ok_or_else(|| DurationError::Long(text.to_owned()))?;
        (rest, units) = (tail, &units[at + 1..]);
    }
    Ok(whole)
}

fn scaled(number: &str, unit: u64, text: &str) -> Result<u64, DurationError> {
    let count = number.parse::<u64>().ok();
    count.and_then(|count| count.checked_mul(unit)).ok_or_else(|| DurationError::Long(text.to_owned()))
}

/// A span of time as [`parse`] reads it: `0s`, `1m30s`, `200ms`. What is below a millisecond is not shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shown(pub Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.pad("0s");
        }
        let mut text = String::new();
        for (unit, size) in UNITS {
            if rest >= size {
                let _ = write!(text, "{}{unit}", rest / size); // a string takes all
                rest %= size;
            }
        }
        f.pad(&text)
    }
}
