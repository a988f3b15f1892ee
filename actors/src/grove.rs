//! Groups under OTP's rules at work: news goes into their machines, what comes of it is logged and carried out.
//!
//! ```text
//!   told, asked, due, request ─► Forest ─► Changes ─► log
//!                                             ├─► Orders to the groups that have new ones ─► Take to programs
//!                                             └─► the end of the daemon (escalate=exit)
//! ```
//!
//! An order stands in the machine until it is done. [`Orders`] says only that it is worth looking, and a group's
//! actor that is new looks by itself. Absent: the decisions (`domain::group`).

use crate::clock;
use crate::command::{Reply, Verb};
use crate::estate::{Estate, GroupEstate, Mood, Trees, lock};
use crate::program::Summon;
use crate::root::spawn::Dismiss;
use crate::shared::{Shared, Slot};
use actix::{Message, Recipient};
use slog::{crit, error, info, warn};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use treeherd_domain::cause::{Asked, Cause};
use treeherd_domain::event::{EventKind, GroupNews};
use treeherd_domain::group::{
    Aim, Changes, ChildId, End, Fact, Forest, News, Order, Output, Request, Seen, Wish,
};
use treeherd_domain::level::Level;
use treeherd_domain::lifecycle::State;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::status::ProcessState;

/// The status with which the daemon ends when a group gave up and that is what it is told (`EX_SOFTWARE`).
pub const ESCALATED: u8 = 70;

/// There may be orders for your processes, or another deadline.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub struct Orders;

/// Where the actors of groups are told of orders, and the root of instances that are over.
#[derive(Default)]
pub(crate) struct Posts {
    groups: Mutex<HashMap<GroupName, Recipient<Orders>>>,
    pub(crate) dismissals: Slot<Recipient<Dismiss>>,
}

impl fmt::Debug for Posts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Posts").field("groups", &lock(&self.groups).len()).finish_non_exhaustive()
    }
}

impl Shared {
    /// From now on this actor carries out the orders of a group.
    pub(crate) fn take_orders_for(&self, group: &GroupName, recipient: Recipient<Orders>) {
        lock(&self.posts.groups).insert(group.clone(), recipient);
    }

    /// The groups that are active now are those of the forest; what is new at the top is started.
    pub(crate) fn plant(&self) {
        let plots = self.arena.plots();
        if plots.is_empty() && !self.arena.grove.is_planted() {
            return;
        }
        self.arena.set_planted(true);
        lock(&self.posts.groups).retain(|group, _| self.arena.group(group.as_str()).is_some());
        self.feed(|forest, now| forest.plant(plots, now));
    }

    /// A group that has been given rules takes care of what runs in it.
    pub(crate) fn adopt(&self, group: &GroupEstate) {
        if !self.arena.grove.is_planted() {
            return;
        }
        // looked at while nothing can be told: whatever changes after that is told to a group that listens
        let found = |process: &ProcessName| {
            let estate = group.estate(process)?;
            let state = estate.record().machine.state();
            Some(Seen::of(&state, estate.is_there()))
        };
        self.feed(|forest, now| forest.adopt(group.name(), found, now));
    }

    /// Starts what was never started.
    pub(crate) fn start_groups(&self) {
        if !self.arena.grove.is_planted() || self.arena.mood() != Mood::Running {
            return;
        }
        let unstarted = self.arena.grove.trees().forest.unstarted();
        for top in unstarted {
            self.feed(|forest, now| forest.request(top.as_ref(), Request::Start, now));
        }
    }

    /// Something has happened to a process.
    pub(crate) fn tell_group(&self, process: &Namespec, fact: Fact) {
        if self.arena.grove.is_planted() {
            self.feed(|forest, now| forest.told(process, fact, now));
        }
    }

    /// A process refused an order, since it is like this.
    pub(crate) fn show_group(&self, process: &Namespec, seen: Seen) {
        if self.arena.grove.is_planted() {
            self.feed(|forest, now| forest.seen(process, seen, now));
        }
    }

    /// Somebody asks something of a process, which has been told.
    pub(crate) fn ask_group(&self, process: &Namespec, wish: Wish) {
        if self.arena.grove.is_planted() {
            self.feed(|forest, now| forest.asked(process, wish, now));
            self.nudges.process(process);
        }
    }

    /// Somebody is about to have these stopped, one after the other.
    pub(crate) fn hold(&self, processes: &HashSet<Namespec>, aim: Aim) {
        if self.arena.grove.is_planted() {
            self.feed(|forest, now| forest.hold(processes, aim, now));
            processes.iter().for_each(|process| self.nudges.process(process));
        }
    }

    /// One that was held for a restart is not started again, if it was not: it could not be.
    pub(crate) fn release(&self, process: &Namespec) {
        if self.arena.grove.is_planted() {
            self.feed(|forest, now| forest.release(process, now));
        }
    }

    /// A stop calls off what would start a process again. Whether there was something.
    pub(crate) fn call_off(&self, process: &Namespec) -> bool {
        let is_due = self.is_due(process);
        if let Some(estate) = self.arena.estate(process) {
            estate.record().returns.call_off();
        }
        is_due
    }

    /// Whether a restart of several, or its groups, are about to start it.
    pub(crate) fn is_due(&self, process: &Namespec) -> bool {
        let returns = self.arena.estate(process).is_some_and(|estate| estate.record().returns.is_due());
        let outlook = || self.arena.grove.trees().forest.outlook(process);
        let is_planted = self.arena.grove.is_planted();
        returns || is_planted && outlook().is_some_and(|outlook| outlook.is_start())
    }

    /// A process may have become ready.
    pub(crate) fn tell_if_ready(&self, process: &Namespec) {
        if self.arena.grove.drives(&process.group)
            && self.arena.estate(process).is_some_and(|estate| {
                matches!(estate.record().machine.state(), State::Running { .. }) && estate.is_there()
            })
        {
            self.tell_group(process, Fact::Up);
        }
    }

    /// Those look who wait for one whose turn is behind this one.
    pub(crate) fn nudge_behind(&self, process: &Namespec) {
        if self.arena.grove.is_planted() {
            let behind = self.arena.grove.trees().forest.behind(process);
            behind.iter().for_each(|process| self.nudges.process(process));
        }
    }

    /// The daemon ends: nothing is started or decided any more.
    pub(crate) fn freeze_groups(&self) {
        if self.arena.grove.is_planted() {
            self.feed(Forest::freeze);
        }
    }

    /// Feeds the machines, logs what comes of it, and sees to it that it is carried out.
    pub(crate) fn feed(&self, input: impl FnOnce(&mut Forest, Instant) -> Changes) {
        let (changes, causes) = {
            let mut trees = self.arena.grove.trees();
            let Trees { forest, reasons, .. } = &mut *trees;
            let changes = input(forest, clock::now());
            let begun = |group: Option<&GroupName>| {
                Cause::Autostart(group.and_then(|group| self.arena.changed_by(group)))
            };
            let seq = |name: &Namespec| self.arena.estate(name).map(|estate| estate.record().seq);
            let causes = reasons.note(&changes, forest, clock::wall_ms(), begun, seq);
            (changes, causes)
        };
        for ((group, output), cause) in changes.news.iter().zip(causes) {
            self.log_news(group.as_ref(), output);
            self.tell_news(group.as_ref(), output, cause);
            self.dismiss(group.as_ref(), output);
        }
        changes.rested().for_each(|group| self.nudge_waiters(group));
        let posts: Vec<_> = {
            let posts = lock(&self.posts.groups);
            changes.touched.iter().filter_map(|group| posts.get(group).cloned()).collect()
        };
        posts.into_iter().for_each(|post| post.do_send(Orders));
        self.bring_up(changes.left);
        if let Some(end) = &changes.end {
            self.end_by_rule(end);
        }
    }

    /// Those look who wait for what a group and those below it do not start any more.
    fn nudge_waiters(&self, group: Option<&GroupName>) {
        let groups = match group.map(|group| self.arena.group(group.as_str())) {
            None => self.arena.groups(),
            Some(group) => group.map(|group| self.arena.tree_of(&group)).unwrap_or_default(),
        };
        groups.iter().for_each(|group| self.nudges.group(group.name()));
    }

    /// Has these brought up that a group was about to start when its rules were taken away.
    fn bring_up(&self, left: BTreeSet<Namespec>) {
        let estates: Vec<_> = left.iter().filter_map(|name| self.arena.estate(name)).collect();
        let Some(root) = self.summons.get().filter(|_| !estates.is_empty()) else { return };
        let names: Vec<String> = estates.iter().map(|estate| estate.namespec.to_string()).collect();
        let names = names.join(", ");
        info!(self.log, "starting {names}, as the group was about to when its strategy was taken away");
        let is_going = |estate: &Arc<Estate>| estate.record().machine.name() == ProcessState::Stopping;
        let (going, down): (Vec<_>, Vec<_>) = estates.into_iter().partition(is_going);
        for (estates, verb) in [(down, Verb::Start), (going, Verb::Restart)] {
            let namespecs = estates.iter().map(|estate| estate.namespec.clone()).collect();
            let cause =
                Cause::rule("strategy", "its group was about to start it when its strategy was taken away");
            // nobody waits for what becomes of it
            let (reply, _) = Reply::channel(estates.len());
            root.do_send(Summon { namespecs, verb, cause, reply });
        }
    }

    /// Has an instance of a template taken out that is down for good.
    fn dismiss(&self, group: Option<&GroupName>, output: &Output) {
        let (Output::Forgotten(ChildId::Process(process)), Some(group)) = (output, group) else { return };
        let is_template = self.arena.group(group.as_str()).is_some_and(|group| group.is_template());
        if is_template && let Some(root) = self.posts.dismissals.get() {
            root.do_send(Dismiss(Namespec::new(group.clone(), process.clone())));
        }
    }

    /// What the processes of a group were told and have not done, and why.
    pub(crate) fn orders(&self, group: &GroupName) -> (Vec<Order>, Cause) {
        let by = self.arena.changed_by(group);
        let trees = self.arena.grove.trees();
        let acted = trees.reasons.get(group);
        let cause = acted.map_or(Cause::Autostart(by), |acted| Cause::clone(&acted.cause));
        (trees.forest.orders(group), cause)
    }

    /// Tells subscribers what a group did.
    fn tell_news(&self, group: Option<&GroupName>, output: &Output, cause: Option<Arc<Cause>>) {
        if GroupNews::name_of(output).is_none() {
            return;
        }
        let (used, escalate) = {
            let trees = self.arena.grove.trees();
            let Some(machine) = trees.forest.machine(group) else { return };
            let used = machine.budget_used(clock::now());
            (used.zip(machine.policy().intensity), machine.policy().escalate)
        };
        let news = GroupNews { group: group.cloned(), output: output.clone(), used, escalate, cause };
        self.announce(EventKind::GroupState(Box::new(news)));
    }

    fn log_news(&self, group: Option<&GroupName>, output: &Output) {
        let news = {
            let trees = self.arena.grove.trees();
            News::of(group, output, &trees.forest, clock::now())
        };
        let (Some(news), log) = (news, &self.log) else { return };
        match news.level {
            Level::Critical => crit!(log, "{news}"),
            Level::Error => error!(log, "{news}"),
            Level::Warn => warn!(log, "{news}"),
            Level::Info | Level::Debug | Level::Trace | Level::Blather => info!(log, "{news}"),
        }
    }

    /// The groups themselves want the daemon to end.
    fn end_by_rule(&self, end: &End) {
        if self.arena.mood() != Mood::Running {
            return;
        }
        if let End::Escalated(_) = end {
            self.arena.set_exit_status(ESCALATED);
        }
        let why = self.arena.grove.trees().reasons.words(end);
        self.end(Mood::Shutdown, Asked::inside(&why));
    }
}
