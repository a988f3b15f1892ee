//! Who holds up whose turn: for those that ask whether something comes by itself.
//!
//! ```text
//!   Starting: [front, b, c]    ahead(b) = those of front that were told to start     behind(front) = b, c
//!       └── so at each level: what holds up a group holds up all below it
//! ```
//!
//! A turn that waits for what does not come by itself does not come either. Absent: whether somebody comes (asked of how
//! processes stand).

use super::members::Life;
use super::phase::Phase;
use super::{ChildId, Forest, GroupMachine};
use crate::name::{GroupName, Namespec};
use std::collections::VecDeque;

impl Forest {
    /// The processes that were told to start, and before whose being up the turn of this one does not come.
    #[must_use]
    pub fn ahead(&self, process: &Namespec) -> Vec<Namespec> {
        let mut told = Vec::new();
        for (group, child) in self.path(process) {
            let Some(machine) = self.machine(group.as_ref()) else { continue };
            let Some((queue, at)) = machine.turns().zip(machine.position(&child)) else { continue };
            if let Some(front) = queue.front().filter(|front| **front != at && queue.contains(&at)) {
                self.awaited(group.as_ref(), machine, *front, &mut told);
            }
        }
        told
    }

    /// The processes whose turn does not come before this one is up.
    #[must_use]
    pub fn behind(&self, process: &Namespec) -> Vec<Namespec> {
        let mut behind = Vec::new();
        for (group, child) in self.path(process) {
            let Some(machine) = self.machine(group.as_ref()) else { continue };
            let Some((queue, at)) = machine.turns().zip(machine.position(&child)) else { continue };
            if queue.front() == Some(&at) {
                queue.iter().skip(1).for_each(|at| self.all_of(group.as_ref(), machine, *at, &mut behind));
            }
        }
        behind
    }

    /// Those of a child that were told to start and are not up.
    fn awaited(
        &self,
        group: Option<&GroupName>,
        machine: &GroupMachine,
        at: usize,
        told: &mut Vec<Namespec>,
    ) {
        let member = &machine.members[at];
        match (&member.spec.id, group) {
            (ChildId::Process(process), Some(group)) if member.life == Life::Starting => {
                told.push(Namespec::new(group.clone(), process.clone()));
            }
            (ChildId::Process(_), _) => {}
            (ChildId::Group(below), _) => {
                let Some(machine) = self.machine(Some(below)) else { return };
                (0..machine.members.len()).for_each(|at| self.awaited(Some(below), machine, at, told));
            }
        }
    }

    /// The processes of a child.
    fn all_of(
        &self,
        group: Option<&GroupName>,
        machine: &GroupMachine,
        at: usize,
        all: &mut Vec<Namespec>,
    ) {
        match (&machine.members[at].spec.id, group) {
            (ChildId::Process(process), Some(group)) => {
                all.push(Namespec::new(group.clone(), process.clone()));
            }
            (ChildId::Process(_), None) => {}
            (ChildId::Group(below), _) => {
                let Some(machine) = self.machine(Some(below)) else { return };
                (0..machine.members.len()).for_each(|at| self.all_of(Some(below), machine, at, all));
            }
        }
    }
}

impl GroupMachine {
    /// Those that are started in turn, the one whose turn it is first.
    const fn turns(&self) -> Option<&VecDeque<usize>> {
        match &self.phase {
            Phase::Starting { queue, .. } => Some(queue),
            Phase::Idle | Phase::Stopping { .. } => None,
        }
    }
}
