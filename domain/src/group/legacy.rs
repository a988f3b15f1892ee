//! What a group leaves behind whose rules are taken away while it is at work: whom it was about to start.
//!
//! ```text
//!   waits for its delay ─┐
//!   in turn ─────────────┼─► intends ─► processes: whoever drives starts them
//!   told to start ───────┘          └─► groups below: start, if they have rules of their own
//! ```
//!
//! Such a start stands in the machine alone, and once that is gone nobody else makes it. What it was about to *stop* runs
//! on. Absent: who starts them, and delays: a group without rules has none.

use super::forest::Forest;
use super::machine::GroupMachine;
use super::members::Life;
use super::phase::{Phase, Then};
use super::{ChildId, Standing, StartUp};
use crate::name::{GroupName, Namespec};
use std::collections::BTreeSet;

/// What groups leave behind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Legacy {
    /// Processes that are to be started.
    pub(super) processes: BTreeSet<Namespec>,
    /// Groups that are to be started, and have rules.
    pub(super) groups: BTreeSet<GroupName>,
}

impl GroupMachine {
    /// Whom it is about to start and has not yet.
    fn intends(&self) -> Vec<ChildId> {
        let queued = match (self.standing(), &self.phase) {
            (Standing::Active, phase) => phase.to_start(),
            (Standing::Leaving, Phase::Stopping { then: Then::Anew, .. }) => return self.wants(),
            _ => return Vec::new(),
        };
        let is_meant = |at: usize, life: Life| match life {
            Life::Restarting { .. } | Life::Starting => true,
            Life::Down | Life::Stopping => queued.contains(&at),
            Life::Up { .. } | Life::Lost => false,
        };
        let members = self.members.iter().enumerate().filter(|(_, member)| member.is_wanted());
        members.filter(|(at, member)| is_meant(*at, member.life)).map(|(at, _)| self.id(at)).collect()
    }

    /// Whom it would start at a start of its own.
    fn wants(&self) -> Vec<ChildId> {
        let may = self.policy().start_up != StartUp::Never;
        let members = self.members.iter().filter(|member| may && member.is_wanted());
        members.map(|member| member.spec.id.clone()).collect()
    }
}

impl Forest {
    /// What those groups leave behind that are in the forest and do not stay (`None`: the root).
    pub(super) fn legacy(&self, stay: &BTreeSet<Option<GroupName>>) -> Legacy {
        let mut legacy = Legacy::default();
        for node in self.nodes().filter(|node| !stay.contains(*node)) {
            let intended = self.machine(node.as_ref()).map(GroupMachine::intends);
            self.bequeath(node.as_ref(), intended.unwrap_or_default(), stay, &mut legacy);
        }
        legacy
    }

    fn bequeath(
        &self,
        group: Option<&GroupName>,
        children: Vec<ChildId>,
        stay: &BTreeSet<Option<GroupName>>,
        legacy: &mut Legacy,
    ) {
        for child in children {
            match (child, group) {
                (ChildId::Process(process), Some(group)) => {
                    legacy.processes.insert(Namespec::new(group.clone(), process));
                }
                // the root has groups alone
                (ChildId::Process(_), None) => {}
                (ChildId::Group(below), _) if stay.contains(&Some(below.clone())) => {
                    legacy.groups.insert(below);
                }
                (ChildId::Group(below), _) => {
                    let all = self.machine(Some(&below)).map(GroupMachine::wants).unwrap_or_default();
                    self.bequeath(Some(&below), all, stay, legacy);
                }
            }
        }
    }
}
