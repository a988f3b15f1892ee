//! What `group.list` tells of a group: its definition, and what its listeners or subscribers were told.

use super::Bridge;
use crate::clock;
use crate::estate::{FeedEstate, FeedStatus, GroupEstate, PoolEstate};
use std::sync::Arc;
use treeherd_domain::event::types::EventSet;
use treeherd_domain::group::Standing;
use treeherd_domain::listener::ListenerState;
use treeherd_domain::name::GroupName;
use treeherd_domain::spec::{GroupKind, ProcessSpec};
use treeherd_domain::{feed, pool};
use treeherd_rpc::wire::{GroupInfo, ListenerInfo, PoolInfo, RulesInfo, SubscriberInfo, TemplateInfo};

impl Bridge {
    /// A group as it is now.
    pub(super) fn group_info(&self, group: &GroupEstate) -> GroupInfo {
        let below = group.spec.rules.groups.iter().map(ToString::to_string).collect();
        let rules = self.rules(Some(group.name())).map(|rules| RulesInfo { groups: below, ..rules });
        GroupInfo { rules, ..info(group) }
    }

    /// What a group under OTP's rules is about; `None` is the root.
    pub(super) fn rules(&self, group: Option<&GroupName>) -> Option<RulesInfo> {
        let grove = &self.shared().arena.grove;
        if !grove.is_planted() {
            return None;
        }
        let trees = grove.trees();
        let machine = trees.forest.machine(group).filter(|machine| machine.policy().decides)?;
        let policy = machine.policy();
        let parent = group.and_then(|group| trees.forest.parent(group).flatten());
        Some(RulesInfo {
            strategy: policy.strategy.as_str().to_owned(),
            standing: machine.standing().as_str().to_owned(),
            phase: machine.phase().to_owned(),
            escalated: machine.standing() == Standing::Fatal,
            intensity: policy.intensity.map(count),
            period_ms: u64::try_from(policy.period.as_millis()).unwrap_or(u64::MAX),
            used: machine.budget_used(clock::now()).map(count),
            budget_left: machine.budget_left(clock::now()).map(count),
            escalate: policy.escalate.as_str().to_owned(),
            parent: parent.map(ToString::to_string),
            groups: Vec::new(),
        })
    }
}

fn info(group: &GroupEstate) -> GroupInfo {
    let template = match &group.spec.kind {
        GroupKind::Template(template) => {
            Some(TemplateInfo { args: template.args.clone(), max_children: count(template.max_children) })
        }
        _ => None,
    };
    let size = match &group.spec.kind {
        GroupKind::Listener(spec) => spec.buffer_size,
        GroupKind::Subscriber(spec) => spec.buffer_size,
        GroupKind::Program | GroupKind::Group | GroupKind::Fcgi | GroupKind::Template(_) => 0,
    };
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    GroupInfo {
        pool: group.pool.as_ref().map(|pool| of_pool(group, pool, size)),
        subscribers: group.feed.as_ref().map(|feed| of_feed(feed, size)),
        template,
        ..GroupInfo::from(&*group.spec)
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn names(events: &EventSet) -> Vec<String> {
    events.names().into_iter().map(str::to_owned).collect()
}

fn of_pool(group: &GroupEstate, pool: &PoolEstate, buffer_size: u64) -> PoolInfo {
    let status = pool.status();
    let pool::Tally { accepted, processed, rejected, dropped } = status.tally;
    let processes = group.spec.processes.iter().zip(status.listeners);
    let listener = |(process, state): (&Arc<ProcessSpec>, ListenerState)| ListenerInfo {
        name: process.name.to_string(),
        state: state.to_string(),
    };
    PoolInfo {
        events: names(&pool.events),
        buffer_size,
        waiting: count(status.waiting),
        accepted,
        processed,
        rejected,
        dropped,
        listeners: processes.map(listener).collect(),
    }
}

fn of_feed(feed: &FeedEstate, buffer_size: u64) -> Vec<SubscriberInfo> {
    let one = |FeedStatus { name, waiting, tally }: FeedStatus| {
        let feed::Tally { accepted, delivered, returned, dropped } = tally;
        SubscriberInfo {
            name,
            events: names(&feed.events),
            buffer_size,
            waiting: count(waiting),
            accepted,
            delivered,
            returned,
            dropped,
        }
    };
    feed.status().into_iter().map(one).collect()
}
