//! Stops and restarts of several processes that go down one before the other: dependents first, and in a group the last.

use super::engine::{Command, Engine, Mail};
use crate::cause::Cause;
use crate::depend::descent::Descent;
use crate::depend::graph::Graph;
use crate::depend::way::{self, CALLED_OFF, Step};
use crate::drive::Verb;
use crate::group::{self, lines};
use crate::hook::Hook;
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
    way: way::Way,
    number: u64,
    aim: Aim,
    /// Of a stop: those that would have been started again.
    annulled: HashSet<Namespec>,
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
        self.ways_begun += 1;
        let number = self.ways_begun;
        let mut annulled = HashSet::new();
        let players: Vec<usize> = way.among().iter().filter_map(|name| self.stage.at(name)).collect();
        match aim {
            Aim::Stop => {
                let due = players.into_iter().filter(|at| self.call_off(*at)).collect::<Vec<_>>();
                annulled.extend(due.into_iter().map(|at| self.stage.players[at].namespec.clone()));
                self.hold(way.among(), group::Aim::Stop);
            }
            Aim::Restart { .. } => {
                players.into_iter().for_each(|at| self.stage.players[at].returns.promise(number));
                self.hold(way.among(), group::Aim::Restart);
            }
            Aim::Halt => {}
        }
        self.ways.push(Way { way, number, aim, annulled, cause });
    }

    /// Tells those whose turn it is. Whether somebody was told.
    pub(super) fn go_on_ways(&mut self) -> bool {
        let mut ways = std::mem::take(&mut self.ways);
        let before = self.mail.len();
        // by now everybody has taken what those that are over had to tell
        for over in ways.extract_if(.., |way| way.way.is_over()) {
            self.stage.players.iter_mut().for_each(|player| player.returns.end(over.number));
        }
        for way in &mut ways {
            self.go_on(way);
        }
        self.ways.append(&mut ways);
        self.mail.len() > before
    }

    fn go_on(&mut self, Way { way, number, aim, annulled, cause }: &mut Way) {
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
                (Step::Down(namespec), _) => {
                    let (annuls, cause) = (annulled.contains(&namespec), cause.clone());
                    self.pass(at, Command { verb: Verb::Stop, alone: false, annuls, cause });
                }
                (Step::Up(_), _) if !self.stage.players[at].returns.take(*number) => {
                    self.refuse(at, CALLED_OFF);
                    self.release(at);
                }
                (Step::Up(_), aim) => {
                    let alone = aim == Aim::Restart { alone: true };
                    self.forward(at, Verb::Start, alone, cause.clone());
                }
            }
        }
    }
}
