//! What groups tell, in words: the same in the daemon's log and in a simulation.
//!
//! ```text
//!   group shop: api failed; starting api (1 of 2 restarts are left within 1 min)
//!   group shop gives up: api failed, that would be restart 3 within 1 min; the daemon ends (escalate=exit)
//! ```
//!
//! Absent: where it is told.

use super::reasons::{list, named, to_start};
use super::{ChildId, Escalate, Forest, GroupPolicy, Output, Report, Why};
use crate::cause::span;
use crate::level::Level;
use crate::name::GroupName;
use std::fmt;
use std::time::Instant;

/// Something that a group tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct News {
    /// How much it matters.
    pub level: Level,
    /// What it is about, in a word for machines.
    pub kind: &'static str,
    /// Which group.
    pub who: String,
    /// What.
    pub text: String,
    /// Why, if that is that it gives up.
    pub fallen: Option<String>,
}

impl fmt::Display for News {
    /// With the group, as a line of a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_of_a_child = matches!(self.kind, "strategy" | "temporary");
        write!(f, "{}{} {}", self.who, if is_of_a_child { ":" } else { "" }, self.text)
    }
}

impl News {
    /// What comes of an output of a group of this forest; `None`: it is not worth telling.
    #[must_use]
    pub fn of(group: Option<&GroupName>, output: &Output, forest: &Forest, now: Instant) -> Option<Self> {
        let machine = forest.machine(group);
        let policy = machine.map(|machine| machine.policy().clone()).unwrap_or_default();
        let mut fallen = None;
        let (level, kind, text) = match output {
            Output::Begun | Output::Report(Report::Stopped) => return None,
            Output::Restart { child, why, stopped, started, delay } => {
                let left = machine.and_then(|machine| machine.budget_left(now));
                let stops = match stopped.is_empty() {
                    true => String::new(),
                    false => format!("stopping {}, ", list(stopped)),
                };
                let wait = if delay.is_zero() { String::new() } else { format!(" in {}", span(*delay)) };
                let left = budget(left, &policy);
                let text = format!("{child} {why}; {stops}starting {}{wait}{left}", list(started));
                (Level::Info, "strategy", text)
            }
            Output::Forgotten(child) => {
                (Level::Info, "temporary", format!("{child} is over, and not started again"))
            }
            Output::Escalated { child, why, restarts } => {
                let why = verdict(child, *why, *restarts, &policy);
                let is_below = group.is_some_and(|group| forest.parent(group).is_some());
                let text = format!("gives up: {why}; {}", consequence(group, policy.escalate, is_below));
                fallen = Some(why);
                (Level::Critical, "intensity", text)
            }
            Output::AutoShutdown(child) => {
                let word = policy.auto_shutdown.as_str();
                let text = format!("stops: {child}, which is significant, ended (auto_shutdown={word})");
                (Level::Info, "auto_shutdown", text)
            }
            Output::Report(report) => of_report(*report),
        };
        Some(Self { level, kind, who: named(group), text, fallen })
    }
}

fn of_report(report: Report) -> (Level, &'static str, String) {
    let (level, kind, text) = match report {
        Report::Up => (Level::Info, "up", "is up"),
        Report::Ended(_) | Report::Stopped => (Level::Warn, "down", "is down"),
        Report::Fatal => (Level::Error, "intensity", "is FATAL: it stays down until it is started"),
        Report::Exit => (Level::Critical, "intensity", "ends the daemon (escalate=exit)"),
    };
    (level, kind, text.to_owned())
}

/// Why a group gives up.
fn verdict(child: &ChildId, why: Why, restarts: Option<usize>, policy: &GroupPolicy) -> String {
    match restarts {
        Some(number) => {
            format!("{child} {why}, that would be restart {number} within {}", span(policy.period))
        }
        None => format!("{child} {why}, start_failure=fail"),
    }
}

fn budget(left: Option<usize>, policy: &GroupPolicy) -> String {
    match (left, policy.intensity) {
        (Some(left), Some(all)) => {
            format!(" ({left} of {all} restarts are left within {})", span(policy.period))
        }
        _ => String::new(),
    }
}

fn consequence(group: Option<&GroupName>, escalate: Escalate, is_below: bool) -> String {
    match escalate {
        Escalate::Fatal => {
            format!("all it has is stopped (escalate=fatal); see why, then {}", to_start(group))
        }
        Escalate::Parent if is_below => {
            "all it has is stopped, and the one above it decides (escalate=parent)".to_owned()
        }
        Escalate::Parent => format!(
            "all it has is stopped, and nobody is above it (escalate=parent); see why, then {}",
            to_start(group)
        ),
        Escalate::Exit => "the daemon ends (escalate=exit)".to_owned(),
    }
}
