//! Stops and restarts of several processes that require each other: dependents go down first.

use super::engine::{Engine, Mail};
use crate::cause::Cause;
use crate::depend::graph::{Descent, Graph};
use crate::drive::Verb;
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
    graph: Graph,
    among: HashSet<Namespec>,
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

    /// These go down, in the order that their requirements ask for.
    pub(super) fn go_down(&mut self, all: &[usize], aim: Aim, cause: Cause) {
        let graph = self.graph();
        let among: HashSet<Namespec> =
            all.iter().map(|at| self.stage.players[*at].namespec.clone()).collect();
        let descent = Descent::new(graph.clone(), among.iter().cloned());
        let (told, stopped, started) = (Vec::new(), Vec::new(), HashSet::new());
        self.ways.push(Way { descent, graph, among, aim, cause, told, stopped, started });
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
            !way.among.contains(namespec)
                || self
                    .stage
                    .at(namespec)
                    .is_none_or(|at| self.stage.players[at].machine.state().is_settled_down())
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

    /// Of those that are down, they start that require nobody who has still to be told.
    fn rise(&mut self, way: &mut Way, alone: bool) {
        loop {
            let may = |at: &usize| {
                let required = way.graph.requires(&self.stage.players[*at].namespec);
                required.into_iter().all(|one| !way.among.contains(one) || way.started.contains(one))
            };
            let Some(place) = way.stopped.iter().position(may) else { return };
            let at = way.stopped.remove(place);
            way.started.insert(self.stage.players[at].namespec.clone());
            self.forward(at, Verb::Start, alone, way.cause.clone());
        }
    }
}
