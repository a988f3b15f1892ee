//! The actions of `supervisorctl`: their names, what they take, their options, their help.
//!
//! ```text
//! supervisor::ACTIONS --.           .--> help, and the usage shown after an error
//!                       +-- BLOCKS --+--> TAB completion, completion scripts
//! ours::ACTIONS      --'            '--> the options that a line may have, the manual
//! ```
//!
//! One table serves them all. Absent: carrying the actions out (`control`, `inspect`, `reconfigure`,
//! `daemon`, `logs`, `foreground`, ...), and reading a line's options by the table (`options`).

mod help;
mod ours;
mod supervisor;

pub use help::{described, help, usage};

use crate::getopt::Rule;

/// What the words behind an action are completed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completes {
    /// Names of actions.
    Actions,
    /// Names of groups.
    Groups,
    /// Names of processes, and `group:*`.
    Processes,
    /// One of these.
    Words(&'static [&'static str]),
    /// Nothing.
    Nothing,
}

/// An option of an action; what it is known by is its long name.
pub type Opt = Rule<&'static str>;

/// One action.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// The word to type.
    pub name: &'static str,
    /// The words behind it: `<name>|<group>:*|all ...`.
    pub synopsis: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What its words are completed to.
    pub completes: Completes,
    /// Its options.
    pub options: &'static [Opt],
    /// Supervisor's help for it, lines, each ended; empty for an action of ours.
    pub classic: &'static str,
    /// What its exit statuses mean, where it has its own.
    pub exits: &'static [(u8, &'static str)],
    /// Lines to type, and what they are good for.
    pub examples: &'static [(&'static str, &'static str)],
}

impl Action {
    const fn new(name: &'static str, synopsis: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            synopsis,
            summary,
            completes: Completes::Nothing,
            options: &[],
            classic: "",
            exits: &[],
            examples: &[],
        }
    }

    const fn completing(self, completes: Completes) -> Self {
        Self { completes, ..self }
    }

    const fn with_options(self, options: &'static [Opt]) -> Self {
        Self { options, ..self }
    }

    const fn with_help(self, classic: &'static str) -> Self {
        Self { classic, ..self }
    }

    const fn with_exits(self, exits: &'static [(u8, &'static str)]) -> Self {
        Self { exits, ..self }
    }

    const fn with_examples(self, examples: &'static [(&'static str, &'static str)]) -> Self {
        Self { examples, ..self }
    }

    /// The whole form: `wait [options] <name>|<group>:*|all ...`.
    #[must_use]
    pub fn form(&self) -> String {
        let options = if self.options.is_empty() { "" } else { "[options]" };
        let words = [self.name, options, self.synopsis];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Actions that `help` lists below one heading.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// `default` for Supervisor's own; what a plug-in of Supervisor would show its name for.
    pub heading: &'static str,
    /// The actions, by name.
    pub actions: &'static [Action],
}

/// All actions.
pub const BLOCKS: &[Block] = &[
    Block { heading: "default", actions: supervisor::ACTIONS },
    Block { heading: "treeherd", actions: ours::ACTIONS },
];

/// All actions, block by block.
pub fn every() -> impl Iterator<Item = &'static Action> {
    BLOCKS.iter().flat_map(|block| block.actions)
}

/// Whether an action is one that Supervisor does not have.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    ours::ACTIONS.iter().any(|action| action.name == name)
}

/// Looks an action up by its exact name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Action> {
    every().find(|action| action.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_is_sorted_and_no_name_stands_twice() {
        assert!(BLOCKS.iter().all(|block| block.actions.is_sorted_by_key(|action| action.name)));
        let mut names: Vec<&str> = every().map(|action| action.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn options_are_known_by_their_long_names_and_explained() {
        for option in every().flat_map(|action| action.options) {
            assert_eq!(option.long, [option.id]);
            assert!(!option.meaning.is_empty());
        }
    }
}
