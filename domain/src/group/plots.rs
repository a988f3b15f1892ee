//! From configured groups to what they are in the forest, and what news of a process is to its group.

use super::{ChildId, ChildSpec, Fact, GroupPolicy, Plot, Seen};
use crate::lifecycle::{Edge, State};
use crate::name::GroupName;
use crate::spec::GroupSpec;
use crate::strategy::Ending;
use std::collections::BTreeSet;

/// What these groups, in the order of starting, are to be in the forest; `root`: OTP's rules for the groups themselves.
#[must_use]
pub fn plots(groups: &[&GroupSpec], root: Option<&GroupPolicy>) -> Vec<Plot> {
    let below: BTreeSet<&GroupName> = groups.iter().flat_map(|group| &group.rules.groups).collect();
    let plot = |group: &&GroupSpec| {
        let policy = group.rules.policy.clone();
        let policy = policy.or_else(|| root.map(|_| GroupPolicy::plain()))?;
        let processes = group.processes.iter().map(|process| ChildSpec {
            id: ChildId::Process(process.name.clone()),
            restart: process.restart_type(),
            significant: process.child.significant,
            autostart: process.autostart,
        });
        let named = |name: &GroupName| groups.iter().find(|group| group.name == *name);
        let nested = group.rules.groups.iter().filter_map(named).map(|group| group_child(group));
        Some(Plot { name: Some(group.name.clone()), policy, children: processes.chain(nested).collect() })
    };
    let mut plots: Vec<Plot> = groups.iter().filter_map(plot).collect();
    if let Some(policy) = root.cloned() {
        let tops = groups.iter().filter(|group| !below.contains(&group.name));
        plots.push(Plot { name: None, policy, children: tops.map(|group| group_child(group)).collect() });
    }
    plots
}

/// What a group is to the one above it.
fn group_child(group: &GroupSpec) -> ChildSpec {
    let policy = group.rules.policy.as_ref();
    ChildSpec {
        id: ChildId::Group(group.name.clone()),
        restart: policy.map_or(GroupPolicy::default().restart, |policy| policy.restart),
        significant: policy.is_some_and(|policy| policy.significant),
        autostart: true,
    }
}

/// Groups, which are given in the order of starting, with those below each right after it.
#[must_use]
pub fn in_trees<T: Clone>(groups: Vec<T>, spec: impl Fn(&T) -> &GroupSpec) -> Vec<T> {
    if groups.iter().all(|group| spec(group).rules.groups.is_empty()) {
        return groups;
    }
    let below: BTreeSet<&GroupName> = groups.iter().flat_map(|group| &spec(group).rules.groups).collect();
    let mut sorted: Vec<T> = Vec::with_capacity(groups.len());
    let tops = groups.iter().filter(|group| !below.contains(&spec(group).name));
    // one whose group above is not active is a tree of its own
    for group in tops.chain(&groups) {
        put(group, &groups, &mut sorted, &spec);
    }
    sorted
}

/// A group and those below it, each after the one above.
#[must_use]
pub fn tree_of<T: Clone>(group: &T, all: &[T], spec: impl Fn(&T) -> &GroupSpec) -> Vec<T> {
    let mut tree = Vec::new();
    put(group, all, &mut tree, &spec);
    tree
}

fn put<T: Clone>(group: &T, all: &[T], sorted: &mut Vec<T>, spec: &impl Fn(&T) -> &GroupSpec) {
    if sorted.iter().any(|other| spec(other).name == spec(group).name) {
        return;
    }
    sorted.push(group.clone());
    for name in &spec(group).rules.groups {
        if let Some(below) = all.iter().find(|other| spec(other).name == *name) {
            put(below, all, sorted, spec);
        }
    }
}

impl Fact {
    /// What a change of state of a process is to its group; that it is up is told by whoever knows whether it is ready.
    #[must_use]
    pub const fn of(edge: &Edge) -> Option<Self> {
        match edge.to {
            State::Exited { restart_at: None, expected: true, .. } => Some(Self::Ended(Ending::Normal)),
            State::Exited { restart_at: None, expected: false, .. } => Some(Self::Ended(Ending::Abnormal)),
            State::Stopped { start_at: None } => Some(Self::Stopped),
            State::Fatal { .. } => Some(Self::StartFailed),
            State::Unknown => Some(Self::Lost),
            // it comes back by itself: that is no end
            State::Exited { restart_at: Some(_), .. }
            | State::Stopped { start_at: Some(_) }
            | State::Waiting { .. }
            | State::Starting { .. }
            | State::Running { .. }
            | State::Backoff { .. }
            | State::Stopping { .. } => None,
        }
    }
}

impl Seen {
    /// How a process is in the eyes of its group.
    #[must_use]
    pub const fn of(state: &State, is_ready: bool) -> Self {
        match state {
            State::Running { .. } if is_ready => Self::Up,
            State::Unknown => Self::Lost,
            State::Stopping { .. } => Self::Going,
            state if state.is_settled_down() => Self::Down,
            _ => Self::Coming,
        }
    }
}
