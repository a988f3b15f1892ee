//! The desired state: which processes an operator has disabled, and which programs have another number of processes
//! than their file says. Apart from what is configured and from what is so.
//!
//! ```text
//! treeherd desired state, format 1
//! disabled shop:web 1763856000000 process.disable over JSON-RPC by uid 0
//! scaled api 8 2 1763856000000 process.scale over JSON-RPC by uid 0            8 processes, where the file said 2
//! end 2                                  a file that was cut off has no such line, or another number
//! ```
//!
//! A name that is no longer configured keeps its line: what is taken out of the configuration for a day is disabled
//! when it comes back, or has as many processes as before. Absent: files (`os`), and who may start what (the programs'
//! actors).

use crate::fault::plain;
use crate::name::{GroupName, Namespec, ProcessName};
use crate::scale::{MOST_PROCESSES, Numprocs, Programs};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

const HEAD: &str = "treeherd desired state, format 1";

/// Since when, and by whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disabled {
    /// Milliseconds since the epoch, for display.
    pub since_ms: u64,
    /// Who asked for it, in one line.
    pub by: String,
}

/// Another number of processes, since when, and by whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scaled {
    /// How many, and over which number of the file.
    pub numprocs: Numprocs,
    /// Milliseconds since the epoch, for display.
    pub since_ms: u64,
    /// Who asked for it, in one line.
    pub by: String,
}

impl Scaled {
    /// That it is over, in words.
    #[must_use]
    pub fn over(&self, program: &str) -> String {
        let Numprocs { written, count } = self.numprocs;
        format!("{program} is not scaled to {count} any more: its numprocs is not {written} any more")
    }
}

/// What operators have asked for, for good.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Desired {
    disabled: BTreeMap<Namespec, Disabled>,
    scaled: BTreeMap<String, Scaled>,
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

    /// Notes that a program has another number of processes; `None`: as many as its file says.
    pub fn scale(&mut self, program: &str, scaled: Option<Scaled>) {
        match scaled {
            Some(scaled) => drop(self.scaled.insert(program.to_owned(), scaled)),
            None => drop(self.scaled.remove(program)),
        }
    }

    /// The programs that have another number of processes than their file said, by name.
    pub fn scaled(&self) -> impl Iterator<Item = (&str, &Scaled)> {
        self.scaled.iter().map(|(program, scaled)| (program.as_str(), scaled))
    }

    /// How many processes one of them has.
    #[must_use]
    pub fn scale_of(&self, program: &str) -> Option<&Scaled> {
        self.scaled.get(program)
    }

    /// How many processes they have.
    #[must_use]
    pub fn programs(&self) -> Programs {
        self.scaled.iter().map(|(program, scaled)| (program.clone(), scaled.numprocs)).collect()
    }

    /// Forgets a number with which the configuration cannot be read any more, and says so.
    pub fn forget_misfit(&mut self, program: &str, fault: &impl fmt::Display) -> String {
        let fault = fault.to_string();
        let fault = plain(&fault);
        self.scale(program, None);
        format!("{program} is not scaled any more, which does not fit its configuration: {fault}")
    }

    /// Forgets the numbers over which the file has another one by now: the file is the last word. Those that are over.
    pub fn settle(&mut self, read: &Programs) -> Vec<(String, Scaled)> {
        let is_over = |(program, scaled): &(String, Scaled)| {
            read.get(program).is_some_and(|read| read.written != scaled.numprocs.written)
        };
        let (over, holds): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.scaled).into_iter().partition(is_over);
        self.scaled = holds.into_iter().collect();
        over
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
                let is_whole = count.parse() == Ok(desired.len()) && lines.next().is_none();
                return if is_whole {
                    Ok(desired)
                } else {
                    Err(wrong(at, "lines are missing or too many"))
                };
            }
            if let Some((name, disabled)) = disabled(line) {
                desired.disabled.insert(name, disabled);
            } else if let Some((program, scaled)) = scaled(line) {
                desired.scale(&program, Some(scaled));
            } else {
                return Err(wrong(at, "not a line of this format"));
            }
        }
        Err(wrong(text.lines().count(), "the end is missing"))
    }

    /// One line for each process.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\n");
        for (Namespec { group, process }, Disabled { since_ms, by }) in &self.disabled {
            let by = one_line(by);
            let _ = writeln!(text, "disabled {group}:{process} {since_ms} {by}"); // a string takes all
        }
        for (program, Scaled { numprocs: Numprocs { written, count }, since_ms, by }) in &self.scaled {
            let by = one_line(by);
            let _ = writeln!(text, "scaled {program} {count} {written} {since_ms} {by}");
        }
        let _ = writeln!(text, "end {}", self.len());
        text
    }

    fn len(&self) -> usize {
        self.disabled.len() + self.scaled.len()
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn scaled(line: &str) -> Option<(String, Scaled)> {
    let mut fields = line.strip_prefix("scaled ")?.splitn(5, ' ');
    let program = fields.next().filter(|program| !program.is_empty())?;
    let (count, written) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let (since, by) = (fields.next()?, fields.next()?);
    let numprocs = Some(Numprocs { written, count }).filter(|_| (0..=MOST_PROCESSES).contains(&count))?;
    Some((program.to_owned(), Scaled { numprocs, since_ms: since.parse().ok()?, by: by.to_owned() }))
}

fn disabled(line: &str) -> Option<(Namespec, Disabled)> {
    let rest = line.strip_prefix("disabled ")?;
    let (name, rest) = rest.split_once(' ')?;
    let (group, process) = name.split_once(':').filter(|(g, p)| !g.is_empty() && !p.is_empty())?;
    let (since, by) = rest.split_once(' ')?;
    let namespec = Namespec::new(GroupName::new(group), ProcessName::new(process));
    Some((namespec, Disabled { since_ms: since.parse().ok()?, by: by.to_owned() }))
}
