//! The desired state: which processes an operator has disabled. Apart from what is configured and from what is so.
//!
//! ```text
//! treeherd desired state, format 1
//! disabled shop:web 1763856000000 process.disable over JSON-RPC by uid 0
//! end 1                                  a file that was cut off has no such line, or another number
//! ```
//!
//! A name that is no longer configured keeps its line: what is taken out of the configuration for a day is disabled
//! when it comes back. Absent: files (`os`), and who may start what (the programs' actors).

use crate::name::{GroupName, Namespec, ProcessName};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const HEAD: &str = "treeherd desired state, format 1";

/// Since when, and by whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disabled {
    /// Milliseconds since the epoch, for display.
    pub since_ms: u64,
    /// Who asked for it, in one line.
    pub by: String,
}

/// What operators have asked for, for good.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Desired {
    disabled: BTreeMap<Namespec, Disabled>,
}

/// Why a text is no desired state.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct DesiredError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Desired {
    /// Whether a process is disabled.
    #[must_use]
    pub fn is_disabled(&self, namespec: &Namespec) -> bool {
        self.disabled.contains_key(namespec)
    }

    /// Notes that a process is disabled. One that is so already keeps since when and by whom.
    pub fn disable(&mut self, namespec: Namespec, disabled: Disabled) {
        self.disabled.entry(namespec).or_insert(disabled);
    }

    /// Notes that it is not any more.
    pub fn enable(&mut self, namespec: &Namespec) {
        self.disabled.remove(namespec);
    }

    /// The processes that are disabled, by name.
    pub fn disabled(&self) -> impl Iterator<Item = (&Namespec, &Disabled)> {
        self.disabled.iter()
    }

    /// Reads what [`to_text`](Self::to_text) has written.
    ///
    /// # Errors
    /// [`DesiredError`] with the first line that is wrong; nothing of the text is to be used then.
    pub fn parse(text: &str) -> Result<Self, DesiredError> {
        let mut desired = Self::default();
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let wrong = |line, reason| DesiredError { line, reason };
        if lines.next().map(|(_, line)| line) != Some(HEAD) {
            return Err(wrong(1, "this is no desired state of format 1"));
        }
        for (at, line) in lines.by_ref() {
            if let Some(count) = line.strip_prefix("end ") {
                let is_whole = count.parse() == Ok(desired.disabled.len()) && lines.next().is_none();
                return if is_whole {
                    Ok(desired)
                } else {
                    Err(wrong(at, "lines are missing or too many"))
                };
            }
            let (namespec, disabled) = entry(line).ok_or_else(|| wrong(at, "not a line of this format"))?;
            desired.disabled.insert(namespec, disabled);
        }
        Err(wrong(text.lines().count(), "the end is missing"))
    }

    /// One line for each process.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\n");
        for (Namespec { group, process }, Disabled { since_ms, by }) in &self.disabled {
            let by = by.replace(['\n', '\r'], " ");
            let _ = writeln!(text, "disabled {group}:{process} {since_ms} {by}"); // a string takes all
        }
        let _ = writeln!(text, "end {}", self.disabled.len());
        text
    }
}

fn entry(line: &str) -> Option<(Namespec, Disabled)> {
    let rest = line.strip_prefix("disabled ")?;
    let (name, rest) = rest.split_once(' ')?;
    let (group, process) = name.split_once(':').filter(|(g, p)| !g.is_empty() && !p.is_empty())?;
    let (since, by) = rest.split_once(' ')?;
    let namespec = Namespec::new(GroupName::new(group), ProcessName::new(process));
    Some((namespec, Disabled { since_ms: since.parse().ok()?, by: by.to_owned() }))
}
