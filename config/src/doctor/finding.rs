//! What a rule is, and what it finds.

use super::edit::Edit;
use super::patient::Patient;
use crate::report::Place;
use crate::source::Span;
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// It may be meant so.
    Hint,
    /// It does not do what it looks like.
    Warning,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A known trap.
#[derive(Clone, Copy)]
pub struct Rule {
    /// What it is called, for good.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The trap, in a few words.
    pub summary: &'static str,
    /// Why it is one.
    pub reason: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// Whether a corrected copy can be written.
    pub is_fixable: bool,
    /// A file that falls into it, and the same without; sections that are not shown are sound.
    pub example: Example,
    pub(super) find: fn(&Patient<'_>) -> Vec<Found>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.id).finish()
    }
}

/// What falls into a trap, and what does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Example {
    /// What does.
    pub bad: &'static str,
    /// What does not.
    pub good: &'static str,
}

/// One place where a rule applies.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What is so here.
    pub message: String,
    /// Where; the first is the main one.
    pub places: Vec<Place>,
    pub(super) at: Span,
    pub(super) edits: Vec<Edit>,
}

impl Finding {
    /// Whether a corrected copy can be written of this one.
    #[must_use]
    pub const fn is_fixable(&self) -> bool {
        !self.edits.is_empty()
    }
}

/// A finding before its rule and its lines are added.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) message: String,
    pub(super) spans: Vec<Span>,
    pub(super) edits: Vec<Edit>,
}

impl Found {
    pub(super) fn new(span: Span, message: String) -> Self {
        Self { message, spans: vec![span], edits: Vec::new() }
    }

    /// The same with one more place.
    pub(super) fn and(mut self, span: Span) -> Self {
        self.spans.push(span);
        self
    }

    /// The same with something to be done about it.
    pub(super) fn edit(mut self, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.edits.extend(edits);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule { id, severity, reason, fix, .. } = self.rule;
        write!(f, "{severity}[{id}]: {}", self.message)?;
        let gutter = self.places.iter().map(|place| place.line).max().unwrap_or(0).to_string().len();
        for place in &self.places {
            place.show(f, gutter)?;
        }
        write!(f, "\n{:gutter$} why: {reason}\n{:gutter$} fix: {fix}", "", "")
    }
}
