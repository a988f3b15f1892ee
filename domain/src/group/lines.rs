//! Who of several groups goes down before whom, where `stop_order` is sequential.

use super::policy::GroupPolicy;
use super::{ChildId, plots, tree_of};
use crate::name::{GroupName, Namespec};
use crate::spec::{GroupSpec, StopOrder};
use std::collections::HashMap;
use std::sync::Arc;

/// The children of one group, one behind the other: whoever has a greater place goes down before those with a smaller
/// one. All processes of a group below have the place of that group.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line(HashMap<Namespec, usize>);

impl Line {
    /// The place of a process; `None`: it is not in the line.
    #[must_use]
    pub fn place(&self, namespec: &Namespec) -> Option<usize> {
        self.0.get(namespec).copied()
    }

    /// All who are in it, with their places.
    pub fn places(&self) -> impl Iterator<Item = (&Namespec, usize)> {
        self.0.iter().map(|(namespec, place)| (namespec, *place))
    }

    /// The line of these alone; `None` if there is nobody who goes before another one.
    pub(crate) fn among(&self, is_among: impl Fn(&Namespec) -> bool) -> Option<Self> {
        let some: HashMap<_, _> = self.0.iter().filter(|(namespec, _)| is_among(namespec)).collect();
        let first = *some.values().next()?;
        let is_line = some.values().any(|place| *place != first);
        is_line
            .then(|| Self(some.into_iter().map(|(namespec, place)| (namespec.clone(), *place)).collect()))
    }
}

/// The lines of these groups, which are given in the order of starting; `root`: OTP's rules for the groups themselves.
#[must_use]
pub fn lines(groups: &[Arc<GroupSpec>], root: Option<&GroupPolicy>) -> Vec<Line> {
    let specs: Vec<&GroupSpec> = groups.iter().map(|group| &**group).collect();
    let in_turn = |policy: &GroupPolicy| policy.stop_order == StopOrder::Sequential;
    let plots = plots(&specs, root).into_iter().filter(|plot| in_turn(&plot.policy));
    plots
        .map(|plot| line(plot.name.as_ref(), plot.children.iter().map(|child| &child.id), groups))
        .collect()
}

fn line<'a>(
    group: Option<&GroupName>,
    children: impl Iterator<Item = &'a ChildId>,
    groups: &[Arc<GroupSpec>],
) -> Line {
    let mut places = HashMap::new();
    for (place, child) in children.enumerate() {
        places.extend(processes_of(child, group, groups).into_iter().map(|namespec| (namespec, place)));
    }
    Line(places)
}

/// The processes of a child: itself, or all of a group and those below it.
pub(crate) fn processes_of(
    child: &ChildId,
    group: Option<&GroupName>,
    groups: &[Arc<GroupSpec>],
) -> Vec<Namespec> {
    match (child, group) {
        (ChildId::Process(process), Some(group)) => vec![Namespec::new(group.clone(), process.clone())],
        // the root has groups alone
        (ChildId::Process(_), None) => Vec::new(),
        (ChildId::Group(below), _) => {
            let below = groups.iter().find(|group| group.name == *below);
            let tree = below.map(|group| tree_of(group, groups, |group| group)).unwrap_or_default();
            tree.iter().flat_map(|group| group.namespecs()).collect()
        }
    }
}
