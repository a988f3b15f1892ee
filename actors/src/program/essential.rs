//! The end of an essential process: the daemon ends with it.
//!
//! ```text
//! edge that is for good, essential=true ─► what it is about, into the arena ─► End to the root: all stop, in order
//!                                                        `─► the daemon's exit code, when all is down
//! ```
//!
//! A stop or restart that somebody asks for is no end, nor is what follows by itself, nor the success of a oneshot.
//! Absent: what exit code that comes to (`estate::ending`).

use super::Program;
use crate::estate::{Ending, Mood};
use slog::{error, info};
use treeherd_domain::cause::Asked;
use treeherd_domain::lifecycle::{Edge, Policy, State};
use treeherd_domain::spec::Autorestart;

impl Program {
    /// Lets the daemon end, if this is the end of an essential process.
    pub(super) fn end_with(&self, edge: &Edge) {
        let is_end = self.estate.spec.essential && edge.is_for_good(&self.estate.policy);
        if !is_end || self.shared.arena.mood() != Mood::Running || self.goes_on_by_its_group(edge) {
            return;
        }
        let name = &self.estate.namespec;
        let last = self.estate.record().last_end;
        let expected = matches!(edge.to, State::Exited { expected: true, .. });
        let how = match (edge.to, last) {
            (State::Exited { status, .. }, _) => status.to_string(),
            (_, Some(status)) => format!("FATAL, last: {status}"),
            (_, None) => "FATAL, it could not be spawned".to_owned(),
        };
        let ending = Ending { namespec: name.clone(), status: last, expected };
        if !self.shared.arena.end_by(ending) {
            return; // another one was first
        }
        if expected {
            info!(self.shared.log, "essential program {name} has ended ({how}); supervisord ends with it");
        } else {
            error!(
                self.shared.log,
                "essential program {name} has failed ({how}); supervisord ends with it"
            );
        }
        self.shared.end(Mood::Shutdown, Asked::inside(&format!("the end of the essential program {name}")));
    }

    /// Whether a group under OTP's rules may start it again: its machine knows only that it does not do so itself.
    /// What becomes of it when the group gives up is that group's `escalate`.
    fn goes_on_by_its_group(&self, edge: &Edge) -> bool {
        let spec = &self.estate.spec;
        let by_autorestart = Policy { autorestart: spec.autorestart, ..self.estate.policy.clone() };
        spec.child.supervised
            && match edge.to {
                State::Exited { expected, .. } => by_autorestart.restarts(expected),
                _ => spec.autorestart != Autorestart::Never,
            }
    }
}
