//! Who requires whom, process by process: cycles, the order of starting, the order of stopping.
//!
//! ```text
//!   groups ─► Graph: nodes by (group's priority, group, priority, definition), an edge for each process required
//!               ├─ cycle          the shortest way from one back to itself, if there is one
//!               └─ boot_order     requirements first; among those that may start, the first node
//! ```
//!
//! Soft requirements order as hard ones do. What is not in the groups is not in the graph. Absent: states, and the way down ([`descent`](super::descent)).

use super::{Requirement, Target};
use crate::name::Namespec;
use crate::spec::GroupSpec;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// One process.
#[derive(Clone, Debug)]
struct Node {
    namespec: Namespec,
    /// Each process that it requires, by its number, with the number of the requirement.
    requires: Vec<(usize, usize)>,
    /// Each that requires it.
    dependents: Vec<usize>,
}

/// All processes, in the order in which they start where nothing is required.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    index: HashMap<Namespec, usize>,
    has_edges: bool,
}

/// A step of a cycle: who, by which of its requirements, requires the next one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Who.
    pub namespec: Namespec,
    /// The place of the requirement in its `requires`.
    pub requirement: usize,
}

impl Graph {
    /// The graph of these groups, which are in the order of their starts among equal priorities.
    #[must_use]
    pub fn of(groups: &[Arc<GroupSpec>]) -> Self {
        let mut ordered: Vec<&Arc<GroupSpec>> = groups.iter().collect();
        ordered.sort_by_key(|group| group.priority);
        let all = ordered.iter().flat_map(|group| {
            let member = |process: &Arc<_>| (Arc::clone(group), Arc::clone(process));
            group.by_priority().into_iter().map(member).collect::<Vec<_>>()
        });
        let all: Vec<_> = all.collect();
        let node = |namespec| Node { namespec, requires: Vec::new(), dependents: Vec::new() };
        let nodes: Vec<Node> =
            all.iter().map(|(group, process)| node(group.namespec(&process.name))).collect();
        let index: HashMap<_, _> =
            nodes.iter().enumerate().map(|(at, node)| (node.namespec.clone(), at)).collect();
        let mut graph = Self { nodes, index, has_edges: false };
        let mut members: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, (group, _)) in all.iter().enumerate() {
            members.entry(group.name.as_str()).or_default().push(at);
        }
        for (at, (_, process)) in all.iter().enumerate() {
            for (number, requirement) in process.depend.requires.iter().enumerate() {
                graph.link(at, number, requirement, &members);
            }
        }
        graph
    }

    fn link(
        &mut self,
        at: usize,
        number: usize,
        requirement: &Requirement,
        members: &HashMap<&str, Vec<usize>>,
    ) {
        let required: Vec<usize> = match &requirement.on {
            Target::Process(namespec) => self.index.get(namespec).copied().into_iter().collect(),
            Target::Group(group) => members.get(group.as_str()).cloned().unwrap_or_default(),
            Target::Probe(_) => Vec::new(),
        };
        for to in required {
            self.has_edges = true;
            self.nodes[at].requires.push((to, number));
            self.nodes[to].dependents.push(at);
        }
    }

    /// Whether any process requires another.
    #[must_use]
    pub const fn has_edges(&self) -> bool {
        self.has_edges
    }

    /// Where a process stands among all; those that are not there come last.
    pub(super) fn place(&self, namespec: &Namespec) -> usize {
        self.index.get(namespec).copied().unwrap_or(usize::MAX)
    }

    /// The processes that one requires, itself, in the order of its `requires`.
    #[must_use]
    pub fn requires(&self, namespec: &Namespec) -> Vec<&Namespec> {
        let node = self.index.get(namespec).map(|at| &self.nodes[*at]);
        let edges = node.map_or(&[][..], |node| &node.requires);
        edges.iter().map(|(to, _)| &self.nodes[*to].namespec).collect()
    }

    /// The processes that require one.
    #[must_use]
    pub fn dependents(&self, namespec: &Namespec) -> Vec<&Namespec> {
        let node = self.index.get(namespec).map(|at| &self.nodes[*at]);
        let edges = node.map_or(&[][..], |node| &node.dependents);
        edges.iter().map(|to| &self.nodes[*to].namespec).collect()
    }

    /// The longest time that one of these may take, by what each takes itself and by chains of those that require
    /// each other, upwards and downwards.
    #[must_use]
    pub fn longest<'a>(
        &self,
        of: impl IntoIterator<Item = &'a Namespec>,
        own: impl Fn(&Namespec) -> Duration,
    ) -> Duration {
        let order = self.order();
        let mut takes: Vec<Duration> = self.nodes.iter().map(|node| own(&node.namespec)).collect();
        for at in &order {
            let before = self.nodes[*at].requires.iter().map(|(to, _)| takes[*to]).max();
            takes[*at] = takes[*at].saturating_add(before.unwrap_or_default());
        }
        let each = of.into_iter().map(|namespec| match self.index.get(namespec) {
            Some(at) => takes[*at],
            None => own(namespec),
        });
        each.max().unwrap_or_default()
    }

    /// A shortest cycle, from the first process that is in one; `None` if there is none.
    #[must_use]
    pub fn cycle(&self) -> Option<Vec<Link>> {
        let ordered: HashSet<usize> = self.order().into_iter().collect();
        let tangled = (0..self.nodes.len()).filter(|at| !ordered.contains(at));
        tangled.filter_map(|start| self.way_back(start)).min_by_key(Vec::len)
    }

    /// The shortest way from one process back to itself.
    fn way_back(&self, start: usize) -> Option<Vec<Link>> {
        let mut came: HashMap<usize, (usize, usize)> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for (to, requirement) in &self.nodes[at].requires {
                if *to == start {
                    return Some(self.links(start, at, *requirement, &came));
                }
                if !came.contains_key(to) {
                    came.insert(*to, (at, *requirement));
                    queue.push_back(*to);
                }
            }
        }
        None
    }

    fn links(
        &self,
        start: usize,
        last: usize,
        requirement: usize,
        came: &HashMap<usize, (usize, usize)>,
    ) -> Vec<Link> {
        let link = |at: usize, requirement| Link { namespec: self.nodes[at].namespec.clone(), requirement };
        let mut links = vec![link(last, requirement)];
        let mut at = last;
        while at != start {
            let (from, requirement) = came[&at];
            links.push(link(from, requirement));
            at = from;
        }
        links.reverse();
        links
    }

    /// All processes, each after everything that it requires; ties as where nothing is required. What is in a cycle, or
    /// behind one, is left out.
    #[must_use]
    pub fn boot_order(&self) -> Vec<&Namespec> {
        self.order().into_iter().map(|at| &self.nodes[at].namespec).collect()
    }

    fn order(&self) -> Vec<usize> {
        let mut missing: Vec<usize> = self.nodes.iter().map(|node| node.requires.len()).collect();
        let mut free: BTreeSet<usize> = (0..missing.len()).filter(|at| missing[*at] == 0).collect();
        let mut order = Vec::with_capacity(missing.len());
        while let Some(at) = free.pop_first() {
            order.push(at);
            for dependent in &self.nodes[at].dependents {
                missing[*dependent] -= 1;
                if missing[*dependent] == 0 {
                    free.insert(*dependent);
                }
            }
        }
        order
    }
}
