//! The groups under OTP's rules, in the arena: their machines, and what each has in mind.
//!
//! ```text
//!   Program ── told ──► Grove: Forest, reasons ◄── asked, requests ── Group, Root
//!                          └── orders ──► Group ──► Program
//! ```
//!
//! The machines stand here and not in an actor, so that the end of one by a bug loses nothing: its successor finds
//! the orders that are still to be carried out. Absent: what is decided (`domain::group`), and who carries it out.

use super::{Arena, Estate, GroupEstate, lock};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use treeherd_domain::group::{Forest, GroupPolicy, Line, Plot, Reasons, lines, plots, tree_of};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::spec::GroupSpec;

/// The groups under OTP's rules.
#[derive(Debug, Default)]
pub struct Grove {
    /// Whether there are any: where there are none nobody looks further.
    is_planted: AtomicBool,
    /// OTP's rules for the groups themselves, since the daemon runs.
    root: Option<GroupPolicy>,
    trees: Mutex<Trees>,
}

/// The machines, and why each group last acted.
#[derive(Debug, Default)]
pub struct Trees {
    /// The machines.
    pub forest: Forest,
    /// Why a group acted last.
    pub reasons: Reasons,
    /// The number of the last instance of each template; none comes twice while the daemon runs.
    instances: BTreeMap<GroupName, u64>,
}

impl Grove {
    /// None yet; `root` are the rules for the groups themselves.
    #[must_use]
    pub fn new(root: Option<GroupPolicy>) -> Self {
        Self { root, ..Self::default() }
    }

    /// Whether there are groups under OTP's rules.
    #[must_use]
    pub fn is_planted(&self) -> bool {
        self.is_planted.load(Ordering::Acquire)
    }

    /// The machines, for a moment.
    pub fn trees(&self) -> MutexGuard<'_, Trees> {
        lock(&self.trees)
    }

    /// Whether a group has a machine, which starts its processes.
    #[must_use]
    pub fn drives(&self, group: &GroupName) -> bool {
        self.is_planted() && self.trees().forest.machine(Some(group)).is_some()
    }

    /// Whether a process that was never started will be by itself, should it start with its group.
    pub(crate) fn will_begin(&self, process: &Namespec) -> bool {
        !self.is_planted() || self.trees().forest.will_begin(process)
    }

    /// Before whose being up the turn of a process does not come.
    pub(super) fn ahead(&self, process: &Namespec) -> Vec<Namespec> {
        if self.is_planted() { self.trees().forest.ahead(process) } else { Vec::new() }
    }

    /// The number of the next instance of a template.
    pub(crate) fn next_instance(&self, template: &GroupName) -> u64 {
        let mut trees = self.trees();
        let number = trees.instances.entry(template.clone()).or_default();
        *number += 1;
        *number
    }

    /// Whether a process has still to carry out this order.
    #[must_use]
    pub fn is_ordered(&self, process: &Namespec, ticket: u64) -> bool {
        self.trees().forest.is_ordered(process, ticket)
    }
}

impl Arena {
    /// What the active groups are to be in the forest.
    pub(crate) fn plots(&self) -> Vec<Plot> {
        let groups: Vec<_> = self.by_priority().into_iter().filter(|group| group.is_plain()).collect();
        let specs: Vec<&GroupSpec> = groups.iter().map(|group| &*group.spec).collect();
        plots(&specs, self.grove.root.as_ref())
    }

    /// Who goes down before whom by the order of a group.
    pub(crate) fn lines(&self) -> Vec<Line> {
        if !self.grove.is_planted() {
            return Vec::new();
        }
        let groups = self.by_priority().into_iter().filter(|group| group.is_plain());
        let specs: Vec<_> = groups.map(|group| Arc::clone(&group.spec)).collect();
        lines(&specs, self.grove.root.as_ref())
    }

    /// A group and those below it, each after the one above.
    #[must_use]
    pub fn tree_of(&self, group: &Arc<GroupEstate>) -> Vec<Arc<GroupEstate>> {
        if group.spec.rules.groups.is_empty() {
            return vec![Arc::clone(group)];
        }
        tree_of(group, &self.groups(), |group| &group.spec)
    }

    /// Notes whether there is anything in the forest.
    pub(crate) fn set_planted(&self, is_planted: bool) {
        self.grove.is_planted.store(is_planted, Ordering::Release);
    }
}

impl GroupEstate {
    /// The same group with one process more; `None` if it has one of that name.
    pub(crate) fn with(&self, estate: &Arc<Estate>) -> Option<Arc<Self>> {
        if self.estate(&estate.namespec.process).is_some() {
            return None;
        }
        let estates = self.estates.iter().chain([estate]).cloned().collect();
        Some(self.of_estates(estates))
    }

    /// The same group without one of its processes.
    pub(crate) fn without(&self, process: &ProcessName) -> Arc<Self> {
        let others = self.estates.iter().filter(|estate| estate.namespec.process != *process);
        self.of_estates(others.cloned().collect())
    }

    fn of_estates(&self, estates: Vec<Arc<Estate>>) -> Arc<Self> {
        let processes = estates.iter().map(|estate| Arc::clone(&estate.spec)).collect();
        let spec = Arc::new(GroupSpec { processes, ..GroupSpec::clone(&self.spec) });
        Self::of(&spec, (None, None), |at, _| Arc::clone(&estates[at]))
    }

    /// Whether it is one of programs, and not of listeners or subscribers.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.pool.is_none() && self.feed.is_none()
    }
}
