//! What groups have in mind with one of their processes: for whoever tells why it is not up.
//!
//! ```text
//!   top ── active ──► the group below ── active ──► the process: due, in turn, told, held, over
//!    │ new, stopped, gave up, ...  │
//!    └─────────────────────────────┴──► that is why
//! ```
//!
//! The highest group that is not at work tells: those below it can do nothing. Absent: why a group came to that
//! ([`Reasons`](super::Reasons)).

use super::members::Life;
use super::phase::{Phase, Then};
use super::{ChildId, Forest, GroupMachine, Standing};
use crate::name::{GroupName, Namespec};
use std::time::Instant;

/// What is to become of a process, by its groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outlook {
    /// Nothing: it is up, or ended in a way that no restart follows.
    Nothing,
    /// It is started at that moment.
    Due(Instant),
    /// It was told to start.
    Told,
    /// It is started when others have come to what they are told first.
    InTurn {
        /// These.
        first: Vec<ChildId>,
        /// In which group they are; `None`: groups below `[supervisord]`.
        of: Option<GroupName>,
        /// Whether they have to be down first; else up.
        down: bool,
    },
    /// Somebody wants it down.
    Held,
    /// It is temporary, and over.
    Over,
    /// A group that it is in or below is not at work.
    Rests {
        /// Which; `None`: `[supervisord]`.
        group: Option<GroupName>,
        /// What it is about.
        standing: Standing,
    },
}

impl Outlook {
    /// Whether its groups are about to start it.
    #[must_use]
    pub const fn is_start(&self) -> bool {
        matches!(self, Self::Due(_) | Self::Told | Self::InTurn { .. })
    }
}

impl Forest {
    /// What is to become of a process; `None` if its group has no machine.
    #[must_use]
    pub fn outlook(&self, process: &Namespec) -> Option<Outlook> {
        self.machine(Some(&process.group))?;
        let levels = self.path(process).into_iter().rev();
        let mut outlooks = levels.filter_map(|(group, child)| {
            let machine = self.machine(group.as_ref())?;
            let of = group.clone();
            match machine.standing() {
                Standing::Active => machine.fate(&child, of),
                standing => Some(Outlook::Rests { group, standing }),
            }
        });
        Some(outlooks.next().unwrap_or(Outlook::Nothing))
    }

    /// Its group and those above that, each with the child that it is in.
    pub(super) fn path(&self, process: &Namespec) -> Vec<(Option<GroupName>, ChildId)> {
        let mut path = vec![(Some(process.group.clone()), ChildId::Process(process.process.clone()))];
        while let Some((Some(group), _)) = path.last()
            && let Some(above) = self.parent(group)
        {
            path.push((above.cloned(), ChildId::Group(group.clone())));
        }
        path
    }

    /// Whether a process that was never started will be by itself, should it start with its group. One whose group has
    /// no machine will.
    #[must_use]
    pub fn will_begin(&self, process: &Namespec) -> bool {
        match self.outlook(process) {
            None | Some(Outlook::Due(_) | Outlook::Told | Outlook::InTurn { .. }) => true,
            // the daemon starts what is at the top
            Some(Outlook::Rests { group, standing: Standing::New }) => {
                group.is_none_or(|group| self.parent(&group).is_none())
            }
            Some(Outlook::Nothing | Outlook::Held | Outlook::Over | Outlook::Rests { .. }) => false,
        }
    }
}

impl GroupMachine {
    /// What it has in mind with a child; `None`: nothing that stands in its way. What holds a group down is told by
    /// that group.
    fn fate(&self, child: &ChildId, of: Option<GroupName>) -> Option<Outlook> {
        let at = self.position(child)?;
        let member = &self.members[at];
        let is_process = matches!(child, ChildId::Process(_));
        if self.phase.is_to_start(at) {
            return self.turn_of(at, of);
        }
        match member.life {
            Life::Restarting { due } => Some(Outlook::Due(due)),
            Life::Starting => is_process.then_some(Outlook::Told),
            Life::Down if member.forgotten => is_process.then_some(Outlook::Over),
            Life::Down if member.held => is_process.then_some(Outlook::Held),
            Life::Down | Life::Up { .. } | Life::Stopping | Life::Lost => None,
        }
    }

    /// What comes before a child that the phase is to start.
    fn turn_of(&self, at: usize, of: Option<GroupName>) -> Option<Outlook> {
        let ids = |all: &mut dyn Iterator<Item = usize>| all.map(|at| self.id(at)).collect::<Vec<_>>();
        match &self.phase {
            Phase::Stopping { queue, then: Then::Start { .. } } => {
                let first = ids(&mut queue.iter().copied().filter(|other| *other != at));
                Some(Outlook::InTurn { first, of, down: true })
            }
            Phase::Starting { queue, due } => match queue.front().copied().filter(|front| *front != at) {
                Some(front) => {
                    Some(Outlook::InTurn { first: ids(&mut [front].into_iter()), of, down: false })
                }
                None if self.members[at].life == Life::Starting => {
                    matches!(self.members[at].spec.id, ChildId::Process(_)).then_some(Outlook::Told)
                }
                None => due.map(Outlook::Due),
            },
            Phase::Idle | Phase::Stopping { .. } => None,
        }
    }
}
