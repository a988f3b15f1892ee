//! The end of the daemon: everything down, in order.

use super::engine::{Engine, Mail};
use super::stage::Company;
use super::ways::Aim;
use crate::cause::{Asked, Cause};
use crate::ending::batches;
use std::collections::VecDeque;
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
    batches: VecDeque<Vec<usize>>,
    /// Whether the first of them is told.
    is_told: bool,
    /// Whether the first of them goes down by the requirements in it.
    in_order: bool,
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
        let in_order = self.graph().has_edges();
        let batches = if in_order {
            // everybody as soon as whoever requires it is down; those last who are told of that
            let (listeners, others): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|at| companies[*at].spec.kind.listens());
            std::iter::once(others).chain(batches(listeners, order, spec)).collect()
        } else {
            batches(all, order, spec)
        };
        self.fall = Some(Fall { begun: self.now, cause, batches, is_told: false, in_order });
    }

    /// Tells the next ones to end, when those before are down. Whether somebody was told.
    pub(super) fn go_on_down(&mut self) -> bool {
        let Some(fall) = &mut self.fall else { return false };
        let (stage, companies) = (&self.stage, &self.stage.companies);
        let is_halted = |company: &usize| {
            companies[*company]
                .players
                .iter()
                .all(|at| stage.players[*at].machine.state().is_settled_down())
        };
        while fall.batches.front().is_some_and(|batch| batch.iter().all(is_halted)) {
            fall.batches.pop_front();
            (fall.is_told, fall.in_order) = (false, false);
        }
        let Some(batch) = fall.batches.front().filter(|_| !fall.is_told) else { return false };
        let (batch, cause) = (batch.clone(), fall.cause.clone());
        fall.is_told = true;
        let in_order = fall.in_order;
        let of = |company: &usize| self.stage.companies[*company].players.clone().into_iter().rev();
        if in_order {
            let all: Vec<usize> = batch.iter().flat_map(of).collect();
            self.go_down(self.descent(&all), Aim::Halt, cause);
            return true;
        }
        for company in &batch {
            let Company { spec, players } = &self.stage.companies[*company];
            let name = spec.name.clone();
            if self.drives(&name) {
                self.halt_group(name, cause.clone());
            } else {
                self.mail.extend(players.iter().rev().map(|at| Mail::Halt(*at, cause.clone())));
            }
        }
        true
    }

    /// Whether the daemon has ended.
    pub(super) fn is_down(&self) -> bool {
        self.fall.as_ref().is_some_and(|fall| fall.batches.is_empty())
    }
}
