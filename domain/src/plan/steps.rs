//! What an update does to each process, and why.
//!
//! ```text
//! Plan --steps(Unit::Group)-->    a changed group is stopped, removed and added: each of its processes restarts
//!      --steps(Unit::Process)-->  of a changed group only the processes that changed are touched, each by the
//!                                 class of its keys
//! ```
//!
//! Absent: the state of the processes, and so whether one that restarts is up afterwards.

use super::{Change, Plan};
use crate::event::types::EventSet;
use crate::group::GroupPolicy;
use crate::name::{GroupName, Namespec};
use crate::reload::{self, KeyChange, Reload};
use crate::spec::{GroupKind, GroupRules, GroupSpec, ListenerSpec, ProcessSpec, SubscriberSpec};
use crate::template::{TemplateSpec, as_written};
use std::collections::HashMap;
use std::sync::Arc;

/// What is replaced as one when a group has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unit {
    /// The group (Supervisor's way, the default).
    #[default]
    Group,
    /// The process.
    Process,
}

/// What happens to a group or a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// It becomes active.
    Add,
    /// It is stopped and no longer active.
    Remove,
    /// It is stopped, and what comes after it is by the new configuration.
    Restart,
    /// It takes over its new configuration without a stop.
    Update,
    /// Nothing.
    None,
}

impl Action {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Restart => "restart",
            Self::Update => "update",
            Self::None => "none",
        }
    }
}

/// What happens to one process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Which.
    pub namespec: Namespec,
    /// What.
    pub action: Action,
    /// The keys of its own that differ.
    pub changes: Vec<KeyChange>,
    /// As it is configured; `None` if it no longer is.
    pub spec: Option<Arc<ProcessSpec>>,
}

impl Step {
    /// What its changed keys ask for together.
    #[must_use]
    pub fn reload(&self) -> Option<Reload> {
        reload::together(&self.changes)
    }
}

/// What happens to one group and its processes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupSteps {
    /// Which.
    pub group: GroupName,
    /// What.
    pub action: Action,
    /// The keys of the group itself that differ: `priority`, those of a pool or a template, and `programs` for another
    /// order or kind.
    pub changes: Vec<KeyChange>,
    /// Its processes: those that are configured in their order, then those that go.
    pub processes: Vec<Step>,
}

impl Plan {
    /// What is done to which process, in the order of an update: what goes, what changes, what comes.
    #[must_use]
    pub fn steps(&self, unit: Unit) -> Vec<GroupSteps> {
        let removed = self.remove.iter().map(|group| whole(group, Action::Remove));
        let changed = self.change.iter().map(|change| change.steps(unit));
        let added = self.add.iter().map(|group| whole(group, Action::Add));
        removed.chain(changed).chain(added).collect()
    }
}

/// A group that comes or goes with all it has.
fn whole(group: &GroupSpec, action: Action) -> GroupSteps {
    let step = |process: &Arc<ProcessSpec>| Step {
        namespec: group.namespec(&process.name),
        action,
        changes: Vec::new(),
        spec: (action == Action::Add).then(|| Arc::clone(process)),
    };
    GroupSteps {
        group: group.name.clone(),
        action,
        changes: Vec::new(),
        processes: group.processes.iter().map(step).collect(),
    }
}

impl Change {
    /// Whether its processes can be replaced one by one: they have nothing in common but the group.
    #[must_use]
    pub fn is_divisible(&self) -> bool {
        self.old.kind.is_plain() && self.new.kind.is_plain()
    }

    /// What is done to the group and each process.
    #[must_use]
    pub fn steps(&self, unit: Unit) -> GroupSteps {
        let unit = if self.is_divisible() { unit } else { Unit::Group };
        let before: HashMap<_, _> = self.old.processes.iter().map(|p| (&p.name, p)).collect();
        let after: HashMap<_, _> = self.new.processes.iter().map(|p| (&p.name, p)).collect();
        let configured = self.new.processes.iter().map(|new| {
            let changes = before.get(&new.name).map(|old| reload::changes(old, new));
            Step {
                namespec: self.new.namespec(&new.name),
                action: changes.as_deref().map_or(Action::Add, |changes| action(changes, unit)),
                changes: changes.unwrap_or_default(),
                spec: Some(Arc::clone(new)),
            }
        });
        let gone = self.old.processes.iter().filter(|old| !after.contains_key(&old.name)).map(|old| Step {
            namespec: self.old.namespec(&old.name),
            action: Action::Remove,
            changes: Vec::new(),
            spec: None,
        });
        GroupSteps {
            group: self.new.name.clone(),
            action: if unit == Unit::Group { Action::Restart } else { Action::Update },
            changes: self.group_changes(),
            processes: configured.chain(gone).collect(),
        }
    }

    /// The keys of the group itself that differ.
    pub(super) fn group_changes(&self) -> Vec<KeyChange> {
        let (old, new) = (&self.old, &self.new);
        let priority = (old.priority != new.priority)
            .then(|| change("priority", Reload::Hot, &old.priority, &new.priority));
        let (pool, is_other) = match (&old.kind, &new.kind) {
            (GroupKind::Listener(old), GroupKind::Listener(new)) => (pool_changes(old, new), false),
            (GroupKind::Subscriber(old), GroupKind::Subscriber(new)) => (feed_changes(old, new), false),
            (GroupKind::Template(old), GroupKind::Template(new)) => (template_changes(old, new), false),
            (old, new) => (Vec::new(), !old.runs_as(new)),
        };
        let programs = (self.is_reordered() || is_other)
            .then(|| change("programs", Reload::Hot, &order(old), &order(new)));
        let rules = rules_changes(&old.rules, &new.rules);
        priority.into_iter().chain(programs).chain(pool).chain(rules).collect()
    }
}

fn change(key: &'static str, reload: Reload, old: &impl ToString, new: &impl ToString) -> KeyChange {
    KeyChange { key, reload, old: old.to_string(), new: new.to_string() }
}

/// The keys of OTP's rules that differ. They hold from the next end of a child on.
fn rules_changes(old: &GroupRules, new: &GroupRules) -> Vec<KeyChange> {
    let below =
        |rules: &GroupRules| rules.groups.iter().map(GroupName::as_str).collect::<Vec<_>>().join(",");
    let keys = differing_rules(old.policy.as_ref(), new.policy.as_ref());
    let groups = Some(("groups", below(old), below(new))).filter(|(_, old, new)| old != new);
    keys.chain(groups).map(|(key, old, new)| change(key, Reload::Hot, &old, &new)).collect()
}

/// The keys of two policies that differ, with the value in each.
pub(super) fn differing_rules(
    old: Option<&GroupPolicy>,
    new: Option<&GroupPolicy>,
) -> impl Iterator<Item = (&'static str, String, String)> {
    let both = rules_texts(old).into_iter().zip(rules_texts(new));
    both.map(|((key, old), (_, new))| (key, old, new)).filter(|(_, old, new)| old != new)
}

/// Every key of a policy with its value. A new field does not compile here until it has its row.
fn rules_texts(policy: Option<&GroupPolicy>) -> Vec<(&'static str, String)> {
    let is_set = policy.is_some();
    let policy = policy.cloned().unwrap_or_default();
    let GroupPolicy {
        strategy,
        intensity,
        period,
        escalate,
        auto_shutdown,
        restart,
        significant,
        start_failure,
        stop_order,
        backoff,
        otp_strict,
        start_up: _,
        decides: _,
    } = policy;
    let strategy = if is_set { strategy.as_str() } else { "none" };
    vec![
        ("strategy", strategy.to_owned()),
        ("intensity", intensity.map_or_else(|| "none".to_owned(), |number| number.to_string())),
        ("period", crate::duration::Shown(period).to_string()),
        ("escalate", escalate.as_str().to_owned()),
        ("auto_shutdown", auto_shutdown.as_str().to_owned()),
        ("restart", restart.as_str().to_owned()),
        ("significant", significant.to_string()),
        ("start_failure", start_failure.as_str().to_owned()),
        ("stop_order", stop_order.as_str().to_owned()),
        ("backoff", backoff.to_string()),
        ("otp_strict", otp_strict.to_string()),
    ]
}

/// The keys of a pool that differ. A pool is made anew, and so are its listeners.
fn pool_changes(old: &ListenerSpec, new: &ListenerSpec) -> Vec<KeyChange> {
    let ListenerSpec { events, buffer_size, protocol_error } = old;
    differing([
        change("events", Reload::Restart, &listed(events), &listed(&new.events)),
        change("buffer_size", Reload::Restart, buffer_size, &new.buffer_size),
        change("protocol_error", Reload::Restart, protocol_error, &new.protocol_error),
    ])
}

/// The keys of subscribers that differ. What waits for them goes with the old ones, and so do their processes.
fn feed_changes(old: &SubscriberSpec, new: &SubscriberSpec) -> Vec<KeyChange> {
    let SubscriberSpec { events, buffer_size } = old;
    differing([
        change("events", Reload::Restart, &listed(events), &listed(&new.events)),
        change("buffer_size", Reload::Restart, buffer_size, &new.buffer_size),
    ])
}

/// The keys of a template that differ. Its instances are stopped, whichever they are.
fn template_changes(old: &TemplateSpec, new: &TemplateSpec) -> Vec<KeyChange> {
    // the arguments are those that stand in the keys of the process
    let TemplateSpec { process, args: _, max_children } = old;
    let keys = reload::changes(process, &new.process).into_iter();
    let keys = keys.map(|KeyChange { key, old, new, .. }| {
        change(key, Reload::Restart, &as_written(&old), &as_written(&new))
    });
    let most = change("max_children", Reload::Restart, max_children, &new.max_children);
    keys.chain(differing([most])).collect()
}

fn listed(events: &EventSet) -> String {
    events.names().join(",")
}

fn differing<const N: usize>(changes: [KeyChange; N]) -> Vec<KeyChange> {
    changes.into_iter().filter(|change| change.old != change.new).collect()
}

/// What becomes of a process that is in both.
fn action(changes: &[KeyChange], unit: Unit) -> Action {
    match (unit, reload::together(changes)) {
        (Unit::Group, _) | (Unit::Process, Some(Reload::Restart)) => Action::Restart,
        (Unit::Process, Some(Reload::Hot | Reload::NextStart)) => Action::Update,
        (Unit::Process, None) => Action::None,
    }
}

/// The processes of a group in their order, as far as a line has room for them.
fn order(group: &GroupSpec) -> String {
    const SHOWN: usize = 8;
    let names = group.processes.iter().map(|process| process.name.as_str());
    let mut shown: Vec<&str> = names.take(SHOWN).collect();
    if group.processes.len() > SHOWN {
        shown.push("...");
    }
    shown.join(",")
}
