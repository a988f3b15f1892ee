//! Stops and restarts of several processes that go down one before the other: dependents first, and in a group the last.

use super::engine::{Engine, Mail};
use crate::cause::Cause;
use crate::depend::descent::Descent;
use crate::depend::graph::Graph;
use crate::depend::way::{self, Step};
use crate::drive::Verb;
use crate::group::{self, lines};
use crate::hook::Hook;
use crate::name::Namespec;
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
    way: way::Way,
    aim: Aim,
    cause: Cause,
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
        let way = way::Way::new(descent, matches!(aim, Aim::Restart { .. }));
        match aim {
            Aim::Stop => self.hold(way.among(), group::Aim::Stop),
            Aim::Restart { .. } => self.hold(way.among(), group::Aim::Restart),
            Aim::Halt => {}
        }
        self.ways.push(Way { way, aim, cause });
    }

    /// Tells those whose turn it is. Whether somebody was told.
    pub(super) fn go_on_ways(&mut self) -> bool {
        let mut ways = std::mem::take(&mut self.ways);
        let before = self.mail.len();
        for way in &mut ways {
            self.go_on(way);
        }
        ways.retain(|way| !way.way.is_over());
        self.ways.append(&mut ways);
        self.mail.len() > before
    }

    fn go_on(&mut self, Way { way, aim, cause }: &mut Way) {
        let is_down = |namespec: &&Namespec| {
            let is_over = |at: usize| {
                let player = &self.stage.players[at];
                player.machine.name().is_stopped() && !player.runs(Hook::PostStop)
            };
            self.stage.at(namespec).is_none_or(is_over)
        };
        for namespec in way.told().filter(is_down).cloned().collect::<Vec<_>>() {
            way.over(&namespec);
        }
        let is_settled = |namespec: &Namespec| {
            self.stage
                .at(namespec)
                .is_none_or(|at| self.stage.players[at].machine.state().is_settled_down())
        };
        for step in way.next(is_settled) {
            let (Step::Down(namespec) | Step::Up(namespec)) = &step;
            let Some(at) = self.stage.at(namespec) else { continue };
            match (step, *aim) {
                (Step::Down(_), Aim::Halt) => self.mail.push_back(Mail::Halt(at, cause.clone())),
                (Step::Down(_), _) => self.forward(at, Verb::Stop, false, cause.clone()),
                (Step::Up(_), aim) => {
                    let alone = aim == Aim::Restart { alone: true };
                    self.forward(at, Verb::Start, alone, cause.clone());
                }
            }
        }
    }
}
