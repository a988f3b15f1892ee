//! Stops and restarts of several processes that go down one before the other: dependents first, and in a group the last.

use super::engine::{Engine, Mail};
use crate::cause::Cause;
use crate::depend::descent::Descent;
use crate::depend::graph::Graph;
use crate::drive::Verb;
use crate::group::lines;
use crate::name::Namespec;
use std::collections::HashSet;
use std::sync::Arc;

/// What those on a way do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Aim {
    /// They stop.
    Stop,
    /// They stop, and start again; `alone`: without what they require.
    Restart { alone: bool },
    /// The daemon ends.
    Halt,
}

/// Several processes on their way down.
#[derive(Debug)]
pub(super) struct Way {
    descent: Descent,
    aim: Aim,
    cause: Cause,
    /// Told, and not down yet.
    told: Vec<usize>,
    /// Of a restart: down, and not told to start yet.
    stopped: Vec<usize>,
    /// Of a restart: told to start.
    started: HashSet<Namespec>,
}

impl Engine {
    /// Who requires whom.
    pub(super) fn graph(&self) -> Graph {
        let specs: Vec<_> = self.stage.companies.iter().map(|company| Arc::clone(&company.spec)).collect();
        Graph::of(&specs)
    }

    /// The way down of these.
    pub(super) fn descent(&self, all: &[usize]) -> Descent {
        let companies = self.stage.companies.iter().filter(|company| !company.spec.kind.listens());
        let specs: Vec<_> = companies.map(|company| Arc::clone(&company.spec)).collect();
        let lines = lines(&specs, self.setting.rules.as_ref());
        let all = all.iter().map(|at| self.stage.players[*at].namespec.clone());
        Descent::new(self.graph(), &lines, all)
    }

    /// These go down, in their order.
    pub(super) fn go_down(&mut self, descent: Descent, aim: Aim, cause: Cause) {
        if aim != Aim::Halt {
            self.hold(descent.among());
        }
        let (told, stopped, started) = (Vec::new(), Vec::new(), HashSet::new());
        self.ways.push(Way { descent, aim, cause, told, stopped, started });
    }

    /// Tells those whose turn it is. Whether somebody was told.
    pub(super) fn go_on_ways(&mut self) -> bool {
        let mut ways = std::mem::take(&mut self.ways);
        let before = self.mail.len();
        for way in &mut ways {
            self.go_on(way);
        }
        let is_over = |way: &Way| way.descent.is_over() && way.told.is_empty() && way.stopped.is_empty();
        ways.retain(|way| !is_over(way));
        self.ways.append(&mut ways);
        self.mail.len() > before
    }

    fn go_on(&mut self, way: &mut Way) {
        let (down, told): (Vec<usize>, Vec<usize>) =
            way.told.drain(..).partition(|at| self.stage.players[*at].machine.name().is_stopped());
        way.told = told;
        if let Aim::Restart { alone } = way.aim {
            way.stopped.extend(down);
            self.rise(way, alone);
        }
        let is_down = |namespec: &Namespec| {
            let at = self.stage.at(namespec);
            at.is_none_or(|at| self.stage.players[at].machine.state().is_settled_down())
        };
        let next = way.descent.next(is_down, !way.told.is_empty());
        let next: Vec<usize> = next.iter().filter_map(|namespec| self.stage.at(namespec)).collect();
        for at in next {
            way.told.push(at);
            match way.aim {
                Aim::Halt => self.mail.push_back(Mail::Halt(at, way.cause.clone())),
                Aim::Stop | Aim::Restart { .. } => self.forward(at, Verb::Stop, false, way.cause.clone()),
            }
        }
    }

    /// Of those that are down, they start before whom nobody has still to be told.
    fn rise(&mut self, way: &mut Way, alone: bool) {
        loop {
            let may = |at: &usize| {
                let namespec = &self.stage.players[*at].namespec;
                way.descent.may_rise(namespec, |one| way.started.contains(one))
            };
            let Some(place) = way.stopped.iter().position(may) else { return };
            let at = way.stopped.remove(place);
            way.started.insert(self.stage.players[at].namespec.clone());
            self.forward(at, Verb::Start, alone, way.cause.clone());
        }
    }
}
