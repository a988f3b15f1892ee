//! Processes that wait for each other because of the order in which groups under OTP's rules start: each child comes
//! when the one before it is up.
//!
//! ```text
//!   [group:g] programs=a,b      b's turn comes when a is up ─┐
//!   a requires b                a waits for b              ◄─┘   neither ever starts
//! ```
//!
//! What does not start with its group has no turn: it comes when somebody calls it. Absent: circles of requirements alone
//! ([`Graph::cycle`](super::graph::Graph::cycle)), and states.

use super::{Requirement, Target};
use crate::group::{GroupPolicy, Plot, StartUp, plots, processes_of};
use crate::name::{GroupName, Namespec};
use crate::spec::GroupSpec;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Why one process starts after another one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum After {
    /// By one of its requirements: its place in `requires`.
    Requires(usize),
    /// By its turn in this group; `None`: in the order of the groups themselves.
    Turn(Option<GroupName>),
}

/// One that starts after the next one of a circle, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// Who.
    pub namespec: Namespec,
    /// Why.
    pub after: After,
}

/// A shortest circle of processes that wait for each other, as each requires the next or has its turn after it; `None`
/// if there is none. `root`: OTP's rules for the groups themselves, which are given in the order of starting.
#[must_use]
pub fn circle(groups: &[Arc<GroupSpec>], root: Option<&GroupPolicy>) -> Option<Vec<Wait>> {
    let plain = groups.iter().filter(|group| !group.kind.listens());
    let specs: Vec<&GroupSpec> = plain.map(|group| &**group).collect();
    let in_turn = plots(&specs, root).into_iter().filter(|plot| plot.policy.start_up == StartUp::InTurn);
    let mut waits = Waits::of(groups);
    in_turn.for_each(|plot| waits.take_turns(groups, &plot));
    waits.shortest_circle()
}

/// Who waits for whom. Behind the processes stand the gates between one child of a group and the next.
#[derive(Default)]
struct Waits {
    names: Vec<Namespec>,
    index: HashMap<Namespec, usize>,
    /// Whether it starts by itself; of processes alone.
    begins: Vec<bool>,
    /// What each waits for, and why.
    edges: Vec<Vec<(usize, After)>>,
}

impl Waits {
    /// By what is required alone.
    fn of(groups: &[Arc<GroupSpec>]) -> Self {
        let mut waits = Self::default();
        let all = || groups.iter().flat_map(|group| group.processes.iter().map(move |one| (group, one)));
        for (group, process) in all() {
            waits.index.insert(group.namespec(&process.name), waits.names.len());
            waits.names.push(group.namespec(&process.name));
            waits.begins.push(process.autostart);
        }
        waits.edges.resize(waits.names.len(), Vec::new());
        for (at, (_, process)) in all().enumerate() {
            for (number, requirement) in process.depend.requires.iter().enumerate() {
                let required = waits.required(groups, requirement);
                waits.edges[at].extend(required.into_iter().map(|to| (to, After::Requires(number))));
            }
        }
        waits
    }

    /// Whom a requirement waits for. Where only the order is wanted, nobody waits for what does not come by itself.
    fn required(&self, groups: &[Arc<GroupSpec>], requirement: &Requirement) -> Vec<usize> {
        let all: Vec<Namespec> = match &requirement.on {
            Target::Process(namespec) => vec![namespec.clone()],
            Target::Group(name) => {
                let group = groups.iter().find(|group| group.name == *name);
                group.map(|group| group.namespecs().collect()).unwrap_or_default()
            }
            Target::Probe(_) => Vec::new(),
        };
        self.numbers(all).filter(|at| !requirement.soft || self.begins[*at]).collect()
    }

    fn numbers(&self, all: Vec<Namespec>) -> impl Iterator<Item = usize> {
        all.into_iter().filter_map(|namespec| self.index.get(&namespec).copied())
    }

    /// Adds the order of a group: a gate behind each child, which opens when that and those before it are up.
    fn take_turns(&mut self, groups: &[Arc<GroupSpec>], plot: &Plot) {
        let mut gate: Option<usize> = None;
        for child in &plot.children {
            let members = self.numbers(processes_of(&child.id, plot.name.as_ref(), groups));
            let members: Vec<usize> = members.filter(|at| self.begins[*at]).collect();
            if members.is_empty() {
                continue;
            }
            let turn = || After::Turn(plot.name.clone());
            if let Some(gate) = gate {
                members.iter().for_each(|at| self.edges[*at].push((gate, turn())));
            }
            let before = members.into_iter().chain(gate).map(|at| (at, turn())).collect();
            gate = Some(self.edges.len());
            self.edges.push(before);
        }
    }

    fn shortest_circle(&self) -> Option<Vec<Wait>> {
        let tangled = self.tangled();
        let starts = (0..self.names.len()).filter(|at| tangled[*at]);
        // in each circle somebody requires something
        let requires =
            |at: &usize| self.edges[*at].iter().any(|(_, after)| matches!(after, After::Requires(_)));
        let circles = starts.filter(requires).filter_map(|start| self.way_back(start, &tangled));
        circles.min_by_key(Vec::len)
    }

    /// Those that are in a circle, or wait for one that is.
    fn tangled(&self) -> Vec<bool> {
        let mut missing: Vec<usize> = self.edges.iter().map(Vec::len).collect();
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); self.edges.len()];
        for (at, edges) in self.edges.iter().enumerate() {
            edges.iter().for_each(|(to, _)| dependents[*to].push(at));
        }
        let mut free: Vec<usize> = (0..missing.len()).filter(|at| missing[*at] == 0).collect();
        while let Some(at) = free.pop() {
            for dependent in &dependents[at] {
                missing[*dependent] -= 1;
                if missing[*dependent] == 0 {
                    free.push(*dependent);
                }
            }
        }
        missing.into_iter().map(|missing| missing > 0).collect()
    }

    /// The shortest way from one process back to itself, without the gates on it.
    fn way_back(&self, start: usize, tangled: &[bool]) -> Option<Vec<Wait>> {
        let mut came: HashMap<usize, (usize, &After)> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for (to, after) in self.edges[at].iter().filter(|(to, _)| tangled[*to]) {
                if came.contains_key(to) {
                    continue;
                }
                came.insert(*to, (at, after));
                if *to == start {
                    return Some(self.waits(start, &came));
                }
                queue.push_back(*to);
            }
        }
        None
    }

    fn waits(&self, start: usize, came: &HashMap<usize, (usize, &After)>) -> Vec<Wait> {
        let mut waits = Vec::new();
        let mut at = start;
        loop {
            let (from, after) = came[&at];
            if let Some(namespec) = self.names.get(from) {
                waits.push(Wait { namespec: namespec.clone(), after: after.clone() });
            }
            at = from;
            if at == start {
                waits.reverse();
                return waits;
            }
        }
    }
}
