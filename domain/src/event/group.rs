//! What happens to a group under OTP's rules, as an event.
//!
//! ```text
//!   STARTING ─► UP ─► RESTARTING ─► ... ─► ESCALATED ─► FATAL | DOWN      FINISHED (auto_shutdown) ─► DOWN
//!                                                                         STOPPED, by the group above
//! ```
//!
//! Absent: ends and starts of single processes, which are events of their own.

use crate::cause::Cause;
use crate::group::{Escalate, Output, Report};
use crate::name::GroupName;
use std::sync::Arc;

/// Something that a group did, or that became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupNews {
    /// Which; `None`: all groups, by the rules of `[supervisord]`.
    pub group: Option<GroupName>,
    /// What, as its machine tells it.
    pub output: Output,
    /// Restarts that count now, and `intensity`, if there is one.
    pub used: Option<(usize, usize)>,
    /// What becomes of it when it gives up.
    pub escalate: Escalate,
    /// Why.
    pub cause: Option<Arc<Cause>>,
}

impl GroupNews {
    /// The class of the names of all of them.
    pub const CLASS: &'static str = "GROUP_STATE";

    /// The event's name; `None`: it is no event.
    #[must_use]
    pub const fn name_of(output: &Output) -> Option<&'static str> {
        Some(match output {
            Output::Begun => "GROUP_STATE_STARTING",
            Output::Report(Report::Up) => "GROUP_STATE_UP",
            Output::Restart { .. } => "GROUP_STATE_RESTARTING",
            Output::Escalated { .. } => "GROUP_STATE_ESCALATED",
            Output::AutoShutdown(_) => "GROUP_STATE_FINISHED",
            Output::Report(Report::Ended(_)) => "GROUP_STATE_DOWN",
            Output::Report(Report::Stopped) => "GROUP_STATE_STOPPED",
            Output::Report(Report::Fatal) => "GROUP_STATE_FATAL",
            // the one is told by the end of its process, the other by what the daemon does
            Output::Forgotten(_) | Output::Report(Report::Exit) => return None,
        })
    }

    /// The event's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match Self::name_of(&self.output) {
            Some(name) => name,
            None => Self::CLASS,
        }
    }
}
