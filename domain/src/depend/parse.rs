//! `requires` as it is written: `db:ready, migrate:exited(0), cache:running?`.
//!
//! ```text
//! requires  = clause [, clause]...            a line feed is a comma
//! clause    = name [:condition] [?]
//! condition = started | running | ready | healthy | completed | exited | exited(CODE...)
//! ```
//!
//! What follows the last colon of a name is a condition if it reads like one, else part of the name. Absent: whom a
//! name means (the configuration knows).

use super::Condition;

/// One thing that is required, by the name that is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clause<'a> {
    /// The whole of it, as it is written.
    pub written: &'a str,
    /// Of whom.
    pub name: &'a str,
    /// What must be so; `None`: nothing is written.
    pub condition: Option<Condition>,
    /// Whether it ends in `?`.
    pub soft: bool,
}

/// Why a clause was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClauseError {
    /// It begins with a colon, or is a `?` alone.
    #[error("'{0}' names nobody")]
    Nobody(String),
    /// A parenthesis is open or closed alone.
    #[error("'{0}' has a parenthesis without its other half")]
    Parenthesis(String),
    /// Something other than `exited` has codes.
    #[error("'{0}' takes no codes, only 'exited' does")]
    Codes(String),
    /// A code that no process can end with.
    #[error("'{0}' is no exit code")]
    Code(String),
}

impl ClauseError {
    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Nobody(_) => "write a name before it, such as db:ready",
            Self::Parenthesis(_) => "write the codes between two parentheses, such as migrate:exited(0)",
            Self::Codes(_) => "write exited(0), or leave the codes out",
            Self::Code(_) => "write whole numbers from 0 to 255, such as exited(0, 2)",
        }
    }

    /// The part that is wrong, as it is written.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Nobody(word) | Self::Parenthesis(word) | Self::Codes(word) | Self::Code(word) => word,
        }
    }
}

/// The words of all conditions.
pub const CONDITIONS: [&str; 6] = ["started", "running", "ready", "healthy", "exited", "completed"];

/// Reads the whole key.
///
/// # Errors
/// [`ClauseError`] of the first clause that is wrong.
pub fn clauses(text: &str) -> Result<Vec<Clause<'_>>, ClauseError> {
    let mut clauses = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                let whole = text[start..=at].trim();
                depth = depth.checked_sub(1).ok_or_else(|| ClauseError::Parenthesis(whole.to_owned()))?;
            }
            ',' | '\n' if depth == 0 => {
                clauses.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = &text[start..];
    if depth > 0 {
        return Err(ClauseError::Parenthesis(last.trim().to_owned()));
    }
    clauses.push(last);
    let written = clauses.into_iter().map(str::trim).filter(|clause| !clause.is_empty());
    written.map(clause).collect()
}

fn clause(written: &str) -> Result<Clause<'_>, ClauseError> {
    let (text, soft) = match written.strip_suffix('?') {
        Some(text) => (text.trim_end(), true),
        None => (written, false),
    };
    let (name, condition) = match text.rsplit_once(':') {
        Some((name, word)) => match condition(word.trim())? {
            Some(condition) => (name.trim_end(), Some(condition)),
            None => (text, None),
        },
        None => (text, None),
    };
    match name {
        "" => Err(ClauseError::Nobody(written.to_owned())),
        name if name.contains(['(', ')']) => Err(ClauseError::Codes(written.to_owned())),
        name => Ok(Clause { written, name, condition, soft }),
    }
}

/// A condition; `None` if it is something else.
fn condition(word: &str) -> Result<Option<Condition>, ClauseError> {
    let (word, codes) = match word.split_once('(') {
        Some((word, codes)) => (word.trim_end(), Some(codes.trim_end_matches(')'))),
        None => (word, None),
    };
    let condition = match (word, codes) {
        ("exited", Some(text)) => Condition::Exited(exit_codes(text)?),
        ("exited", None) => Condition::Exited(Vec::new()),
        (_, Some(_)) => return Err(ClauseError::Codes(word.to_owned())),
        ("started", None) => Condition::Started,
        ("running", None) => Condition::Running,
        ("ready", None) => Condition::Ready,
        ("healthy", None) => Condition::Healthy,
        ("completed", None) => Condition::Completed,
        (_, None) => return Ok(None),
    };
    Ok(Some(condition))
}

fn exit_codes(text: &str) -> Result<Vec<i32>, ClauseError> {
    let words = text.split([',', ' ', '\n', '\t']).filter(|word| !word.is_empty());
    let code =
        |word: &str| word.parse::<u8>().map(i32::from).map_err(|_| ClauseError::Code(word.to_owned()));
    let codes: Vec<i32> = words.map(code).collect::<Result<_, _>>()?;
    if codes.is_empty() { Err(ClauseError::Code(format!("({text})"))) } else { Ok(codes) }
}
