//! What a process requires of others before it is spawned, as a value and as questions about it.
//!
//! ```text
//!   requires = db:ready, migrate:exited(0), cache:running?, probe:mysql
//!              │  └ condition (ready)       │            └ soft: order only
//!              └ target: process, group, probe
//! ```
//!
//! A process with a hard requirement that is missing is [`Waiting`](crate::lifecycle::State::Waiting). What is
//! missing is said by [`gate`], from the [`Standing`](gate::Standing)s of the others at one moment; nothing here
//! remembers. Absent: who looks when (the driver, which is nudged whenever a standing changes).

pub mod descent;
pub mod gate;
pub mod graph;
mod hold;
pub mod parse;
mod returns;
pub mod turns;
pub mod way;

pub use hold::{Gate, Look, UNHINDERED, end_fact, loss};
pub use returns::Returns;

use crate::name::{GroupName, Namespec};
use std::fmt;
use std::sync::Arc;

/// `requires` and `requires_restart` of one process; those of its group included.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Depend {
    /// `requires`, in the order of the file.
    pub requires: Vec<Requirement>,
    /// `requires_restart`.
    pub on_loss: OnLoss,
}

impl Depend {
    /// Whether anything may hold a spawn back.
    #[must_use]
    pub const fn is_gated(&self) -> bool {
        !self.requires.is_empty()
    }
}

/// `requires_restart`: what follows for a process that runs when something that it requires goes down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnLoss {
    /// Nothing (the default).
    #[default]
    None,
    /// It is stopped, and started again as soon as what it requires is back.
    Restart,
    /// It is stopped, and stays so.
    Stop,
}

impl OnLoss {
    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Restart => "restart",
            Self::Stop => "stop",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Restart, Self::Stop].into_iter().find(|value| value.as_str() == text)
    }
}

impl fmt::Display for OnLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that is required.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// Of whom.
    pub on: Target,
    /// What must be so.
    pub condition: Condition,
    /// Whether it only orders: it is waited for while it is on its way up, and not brought up for this.
    pub soft: bool,
}

impl fmt::Display for Requirement {
    /// As in the file, the condition always written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.on {
            Target::Probe(_) => write!(f, "{}", self.on)?,
            Target::Process(_) | Target::Group(_) => write!(f, "{}:{}", self.on, self.condition)?,
        }
        f.write_str(if self.soft { "?" } else { "" })
    }
}

/// Who is required.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// One process.
    Process(Namespec),
    /// Every process of a group.
    Group(GroupName),
    /// A `[probe:x]`: the world outside.
    Probe(Arc<str>),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(namespec) => write!(f, "{namespec}"),
            Self::Group(group) => write!(f, "{group}:*"),
            Self::Probe(name) => write!(f, "probe:{name}"),
        }
    }
}

/// What must be so of whoever is required.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Condition {
    /// There is a process.
    Started,
    /// RUNNING.
    Running,
    /// Ready, by its own `ready` key: without one, RUNNING. Of a oneshot, also [`Completed`](Self::Completed), and
    /// without such a key nothing else.
    #[default]
    Ready,
    /// Ready, and healthy by its own `health` key.
    Healthy,
    /// EXITED, with one of these codes; with any if there are none.
    Exited(Vec<i32>),
    /// EXITED, with one of its own `exitcodes`.
    Completed,
}

impl Condition {
    /// Whether it is about a process that is up, and so is lost when that goes down.
    #[must_use]
    pub const fn is_of_the_living(&self) -> bool {
        match self {
            Self::Started | Self::Running | Self::Ready | Self::Healthy => true,
            Self::Exited(_) | Self::Completed => false,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Running => f.write_str("running"),
            Self::Ready => f.write_str("ready"),
            Self::Healthy => f.write_str("healthy"),
            Self::Completed => f.write_str("completed"),
            Self::Exited(codes) if codes.is_empty() => f.write_str("exited"),
            Self::Exited(codes) => {
                let codes: Vec<String> = codes.iter().map(i32::to_string).collect();
                write!(f, "exited({})", codes.join(","))
            }
        }
    }
}
