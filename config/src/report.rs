//! What is wrong with a configuration: all of it at once, each error with its line and a caret.
//!
//! ```text
//! error: invalid literal for int() with base 10: 'soon' in section 'program:a' (file: '/etc/s.conf')
//!  --> /etc/s.conf:7
//!   |
//! 7 | startsecs = soon
//!   |             ^^^^
//!   help: write a whole number, such as 10
//! ```
//!
//! The message of the first error is what Supervisor would have said, byte for byte; Supervisor stops
//! there.

use std::fmt;
use std::path::PathBuf;

/// Why a configuration was refused. There is at least one error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    errors: Vec<Error>,
}

/// One error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    message: String,
    places: Vec<Place>,
    help: String,
}

/// A place in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file, as it is shown.
    pub file: PathBuf,
    /// The line, from 1; 0 is the file as a whole.
    pub line: usize,
    /// The first character of what is meant, from 0.
    pub column: usize,
    /// How many characters are meant.
    pub width: usize,
    /// The line's text.
    pub text: String,
}

impl Report {
    /// Of errors in the order in which they were met; `None` if there are none.
    pub(crate) fn of(errors: Vec<Error>) -> Option<Self> {
        (!errors.is_empty()).then_some(Self { errors })
    }

    /// All errors, in the order in which Supervisor would meet them.
    #[must_use]
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// The error that Supervisor would have stopped at.
    #[must_use]
    pub fn first(&self) -> &Error {
        self.errors.first().expect("a report has at least one error")
    }
}

impl From<Error> for Report {
    fn from(error: Error) -> Self {
        Self { errors: vec![error] }
    }
}

impl Error {
    /// An error with its message, the places it is about, and what to do.
    pub(crate) const fn new(message: String, places: Vec<Place>, help: String) -> Self {
        Self { message, places, help }
    }

    /// What is wrong, in Supervisor's words where it has any. May be of several lines.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where. Empty for a file that is not there.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// What to do about it; may be empty.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.errors.iter().enumerate() {
            if number > 0 {
                writeln!(f, "\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        let gutter = self.places.iter().map(|place| place.line).max().unwrap_or(0).to_string().len();
        for place in &self.places {
            place.show(f, gutter)?;
        }
        if !self.help.is_empty() {
            write!(f, "\n{:gutter$} help: {}", "", self.help)?;
        }
        Ok(())
    }
}

impl Place {
    pub(crate) fn show(&self, f: &mut fmt::Formatter<'_>, gutter: usize) -> fmt::Result {
        write!(f, "\n{:gutter$}--> {}", "", self.file.display())?;
        if self.line == 0 {
            return Ok(());
        }
        // Tabs stay tabs, so that the caret stands below its text however wide a tab is.
        let lead: String =
            self.text.chars().take(self.column).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let carets = "^".repeat(self.width.max(1));
        write!(f, ":{}\n{:gutter$} |", self.line, "")?;
        write!(f, "\n{:>gutter$} | {}", self.line, self.text.trim_end())?;
        write!(f, "\n{:gutter$} | {lead}{carets}", "")
    }
}

impl std::error::Error for Report {}
impl std::error::Error for Error {}
