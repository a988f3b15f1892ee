//! Another configuration for a process: taken over while it runs, or once it is down.
//!
//! ```text
//! Adopt(heir) ─► same streams? ── yes ─► drive the heir: policy, signals, sizes hold at once,
//!                     │                  command and its like at the next spawn
//!                     └── no ─► down? ── yes ─► other rotators, then the same
//!                                 └── no ─► wait for the end: pipes cannot change below a process
//! ```
//!
//! The heir has the record of the estate before, so the process does not notice, and neither does who watches it.
//! Absent: bringing the process down (whoever asks for the change does that).

use super::{Adopt, Program};
use crate::estate::{Estate, Mood};
use actix::{Context, Handler};
use slog::warn;
use std::sync::Arc;
use treeherd_domain::cause::Cause;
use treeherd_domain::fault::Fault;
use treeherd_domain::lifecycle::Request;

impl Program {
    /// Starts a process that has never been started, if it is to start by itself. Whether it does.
    pub(super) fn autostart(&mut self, context: &mut Context<Self>) -> bool {
        let is_fresh = {
            let record = self.estate.record();
            record.incarnation == 0 && !record.begun && !record.disabled
        };
        let is_due = is_fresh && self.estate.spec.autostart && self.shared.arena.mood() == Mood::Running;
        // a program that was never started is STOPPED, from where a start is not refused
        if !is_due || !self.is_active() || self.shared.arena.grove.drives(&self.estate.namespec.group) {
            return false;
        }
        let by = self.shared.arena.changed_by(&self.estate.namespec.group);
        self.open_gate(false);
        self.request(Request::Start, Cause::Autostart(by), context).is_ok()
    }

    /// Whether the process is one of an active group still, by whatever definition. The news that it is not may
    /// stand in the mailbox behind a start, whose process nobody would look after.
    pub(super) fn is_active(&self) -> bool {
        let current = self.shared.arena.estate(&self.estate.namespec);
        current.is_some_and(|current| current.is_of_one_process_with(&self.estate))
    }

    /// What stands against a start at this moment, of which whoever asked for it could not know. One that is
    /// configured differently since then starts by that.
    pub(super) fn check_start(&mut self, context: &mut Context<Self>) -> Result<(), Fault> {
        if self.shared.arena.mood() != Mood::Running {
            return Err(Fault::ShutdownState);
        }
        if self.estate.record().disabled {
            let name = &self.estate.namespec;
            // Supervisor's own clients do not show why a start is refused
            warn!(self.shared.log, "{name} is not started: it is disabled (supervisorctl enable {name})");
            return Err(Fault::disabled(name));
        }
        let current = self.shared.arena.estate(&self.estate.namespec);
        match current.filter(|current| current.is_of_one_process_with(&self.estate)) {
            None => Err(Fault::ProcessNotFound(self.estate.namespec.to_string())),
            Some(current) if Arc::ptr_eq(&current, &self.estate) => Ok(()),
            Some(heir) => {
                self.heir = Some(heir);
                self.come_into(context);
                Ok(())
            }
        }
    }

    /// Drives the heir, if there is one and nothing stands against it.
    pub(super) fn come_into(&mut self, context: &mut Context<Self>) {
        let estate = &self.estate;
        let may = |heir: &mut Arc<Estate>| estate.has_streams_of(heir) || estate.is_down();
        let Some(heir) = self.heir.take_if(may) else { return };
        if self.estate.has_streams_of(&heir) {
            self.streams.resize(&heir.spec);
        } else {
            self.streams.rewire(&heir, &self.shared, context);
        }
        self.estate = heir;
        self.watch_required(context);
        // whoever asks, asks by the new configuration
        self.probes.end();
        self.start_probes(context);
        if !self.autostart(context) && self.is_waiting() {
            self.drive(context);
        }
    }
}

impl Handler<Adopt> for Program {
    type Result = ();

    fn handle(&mut self, Adopt(heir): Adopt, context: &mut Self::Context) {
        self.heir = Some(heir);
        self.come_into(context);
    }
}
