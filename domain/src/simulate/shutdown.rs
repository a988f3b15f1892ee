//! The end of the daemon: everything down, in order.

use super::engine::{Engine, Mail};
use super::stage::Company;
use super::ways::Aim;
use crate::cause::{Asked, Cause};
use crate::ending::{self, Batch};
use std::sync::Arc;
use std::time::Instant;

/// The end under way.
#[derive(Debug)]
pub(super) struct Fall {
    /// When it began.
    pub(super) begun: Instant,
    /// Who asked for it.
    pub(super) cause: Cause,
    /// Groups by their numbers, in the order of their end.
    batches: ending::Fall<usize>,
    /// Whether the first of them is told.
    is_told: bool,
}

impl Engine {
    /// Somebody wants the daemon to end; the first one counts.
    pub(super) fn shut_down(&mut self, by: Arc<Asked>) {
        if self.fall.is_some() {
            return;
        }
        self.freeze_groups();
        let (order, companies) = (self.setting.stop_order, &self.stage.companies);
        let all: Vec<usize> = (0..companies.len()).collect();
        let cause = Cause::Shutdown { restart: false, by: Some(by) };
        let spec = |at: &usize| Arc::clone(&companies[*at].spec);
        let batches = ending::Fall::new(all, order, self.graph().has_edges(), spec);
        self.fall = Some(Fall { begun: self.now, cause, batches, is_told: false });
    }

    /// Tells the next ones to end, when those before are down. Whether somebody was told.
    pub(super) fn go_on_down(&mut self) -> bool {
        let Some(fall) = &mut self.fall else { return false };
        let (stage, companies) = (&self.stage, &self.stage.companies);
        let is_halted =
            |company: &usize| companies[*company].players.iter().all(|at| stage.players[*at].is_at_rest());
        if fall.batches.pass(is_halted) > 0 {
            fall.is_told = false;
        }
        let Some(Batch { groups, in_order }) = fall.batches.turn().filter(|_| !fall.is_told).cloned()
        else {
            return false;
        };
        let cause = fall.cause.clone();
        fall.is_told = true;
        let of = |company: &usize| self.stage.companies[*company].players.clone().into_iter().rev();
        if in_order {
            let all: Vec<usize> = groups.iter().flat_map(of).collect();
            self.go_down(self.descent(&all), Aim::Halt, cause);
            return true;
        }
        for company in &groups {
            let Company { spec, players } = &self.stage.companies[*company];
            let name = spec.name.clone();
            if self.drives(&name) {
                self.halt_group(name);
            } else {
                self.mail.extend(players.iter().rev().map(|at| Mail::Halt(*at, cause.clone())));
            }
        }
        true
    }

    /// Whether the daemon has ended.
    pub(super) fn is_down(&self) -> bool {
        self.fall.as_ref().is_some_and(|fall| fall.batches.turn().is_none())
    }
}
