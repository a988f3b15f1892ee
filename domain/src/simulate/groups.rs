//! Groups under OTP's rules: news goes into their machines, orders come out and are carried out.

use super::engine::{Command, Engine, Mail};
use super::report::{Fallen, Line, What};
use super::stage::Player;
use crate::cause::{Asked, Cause};
use crate::drive::Verb;
use crate::group::{
    Aim, Changes, Errand, Fact, Forest, News, Plot, Post, Reasons, Request, Seen, Task, Wish, plots,
};
use crate::lifecycle::{Edge, State};
use crate::name::{GroupName, Namespec};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

/// The machines, and what was told of their orders.
#[derive(Debug, Default)]
pub(super) struct Grove {
    forest: Forest,
    is_planted: bool,
    reasons: Reasons,
    /// What was handed on of the orders of each group.
    posts: BTreeMap<GroupName, Post>,
}

impl Grove {
    /// When a group must be looked at again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.forest.deadline()
    }

    /// Whether a process that was never started will be by itself, should it start with its group.
    pub(super) fn will_begin(&self, process: &Namespec) -> bool {
        !self.is_planted || self.forest.will_begin(process)
    }

    /// Before whose being up the turn of a process does not come.
    pub(super) fn ahead(&self, process: &Namespec) -> Vec<Namespec> {
        self.forest.ahead(process)
    }
}

impl Engine {
    /// The groups come to be; what is at the top is started.
    pub(super) fn plant(&mut self) {
        let plots = self.plots();
        if plots.is_empty() {
            return;
        }
        self.grove.is_planted = true;
        self.feed_groups(|forest, now| forest.plant(plots, now));
        for top in self.grove.forest.unstarted() {
            self.feed_groups(|forest, now| forest.request(top.as_ref(), Request::Start, now));
        }
    }

    /// A group has other processes than before.
    pub(super) fn replant(&mut self) {
        let plots = self.plots();
        self.feed_groups(|forest, now| forest.plant(plots, now));
    }

    fn plots(&self) -> Vec<Plot> {
        let specs: Vec<_> = self.stage.companies.iter().map(|company| Arc::clone(&company.spec)).collect();
        let plain: Vec<_> = specs.iter().map(|spec| &**spec).filter(|spec| !spec.kind.listens()).collect();
        plots(&plain, self.setting.rules.as_ref())
    }

    /// Whether a group has a machine, which starts its processes.
    pub(super) fn drives(&self, group: &GroupName) -> bool {
        self.grove.is_planted && self.grove.forest.machine(Some(group)).is_some()
    }

    /// What is due in the groups is done.
    pub(super) fn groups_due(&mut self) {
        self.step();
        self.feed_groups(Forest::due);
    }

    /// Tells the group of a process of a change.
    pub(super) fn tell_group(&mut self, at: usize, edge: &Edge) {
        let Some(fact) = Fact::of(edge).filter(|_| self.grove.is_planted) else { return };
        let name = self.stage.players[at].namespec.clone();
        self.feed_groups(|forest, now| forest.told(&name, fact, now));
    }

    /// A process may have become ready.
    pub(super) fn tell_if_ready(&mut self, at: usize) {
        let player = &self.stage.players[at];
        let is_up = matches!(player.machine.state(), State::Running { .. });
        if is_up && player.is_there() && self.drives(&player.namespec.group) {
            let name = player.namespec.clone();
            self.feed_groups(|forest, now| forest.told(&name, Fact::Up, now));
        }
    }

    /// Tells the group of a process how that is.
    pub(super) fn show_group(&mut self, at: usize) {
        if self.grove.is_planted {
            let player = &self.stage.players[at];
            let seen = Seen::of(&player.machine.state(), player.is_there());
            let name = player.namespec.clone();
            self.feed_groups(|forest, now| forest.seen(&name, seen, now));
        }
    }

    /// Passes a command on to a process, and tells its group of a stop.
    pub(super) fn forward(&mut self, at: usize, verb: Verb, alone: bool, cause: Cause) {
        let annuls = verb == Verb::Stop && self.call_off(at);
        self.pass(at, Command { verb, alone, annuls, cause });
    }

    /// The same of a command that is part of a way.
    pub(super) fn pass(&mut self, at: usize, command: Command) {
        let wish = Wish::of(command.verb);
        self.mail.push_back(Mail::Do(at, command));
        if let Some(wish @ Wish::Stop) = wish {
            self.ask_group(at, wish);
        }
    }

    /// A stop calls off what would start a process again. Whether there was something.
    pub(super) fn call_off(&mut self, at: usize) -> bool {
        let is_due = self.is_due(at);
        self.stage.players[at].returns.call_off();
        is_due
    }

    /// One that was held for a restart is not started again.
    pub(super) fn release(&mut self, at: usize) {
        let name = self.stage.players[at].namespec.clone();
        self.feed_groups(|forest, now| forest.release(&name, now));
    }

    /// Whether a restart of several, or its groups, are about to start it.
    pub(super) fn is_due(&self, at: usize) -> bool {
        let player = &self.stage.players[at];
        let outlook = self.grove.forest.outlook(&player.namespec).filter(|_| self.grove.is_planted);
        player.returns.is_due() || outlook.is_some_and(|outlook| outlook.is_start())
    }

    /// Somebody asks something of a process.
    pub(super) fn ask_group(&mut self, at: usize, wish: Wish) {
        if self.grove.is_planted {
            let name = self.stage.players[at].namespec.clone();
            self.feed_groups(|forest, now| forest.asked(&name, wish, now));
            self.nudge_of(at);
        }
    }

    /// Tells the groups of these that they are about to be stopped.
    pub(super) fn hold(&mut self, all: &HashSet<Namespec>, aim: Aim) {
        if self.grove.is_planted {
            self.feed_groups(|forest, now| forest.hold(all, aim, now));
            self.nudge_for(|player| all.contains(&player.namespec));
        }
    }

    /// Those look who wait for one whose turn is behind this one.
    pub(super) fn nudge_behind(&mut self, at: usize) {
        let behind = self.grove.forest.behind(&self.stage.players[at].namespec);
        let behind: Vec<usize> = behind.iter().filter_map(|name| self.stage.at(name)).collect();
        behind.into_iter().for_each(|at| self.nudge_of(at));
    }

    /// The daemon ends: nothing is started or decided any more.
    pub(super) fn freeze_groups(&mut self) {
        if self.grove.is_planted {
            self.feed_groups(Forest::freeze);
        }
    }

    /// A group ends with the daemon, in the order that it has.
    pub(super) fn halt_group(&mut self, group: GroupName) {
        self.grove.posts.entry(group.clone()).or_default().halt();
        self.feed_groups(|forest, now| forest.request(Some(&group), Request::Halt, now));
        self.mail.push_back(Mail::Orders(group));
    }

    /// Carries out what a group's processes were told and have not done.
    pub(super) fn orders(&mut self, group: &GroupName) {
        let post = self.grove.posts.entry(group.clone()).or_default();
        let errands = post.next(self.grove.forest.orders(group));
        errands.iter().for_each(|errand| post.handed(errand.ticket));
        let acted = self.grove.reasons.get(group);
        let cause = acted.map_or(Cause::Autostart(None), |acted| Cause::clone(&acted.cause));
        let end = self.fall.as_ref().map(|fall| fall.cause.clone());
        for Errand { process, ticket, task } in errands {
            let Some(at) = self.stage.at(&Namespec::new(group.clone(), process)) else { continue };
            self.mail.push_back(match task {
                Some(task) => Mail::Take(at, task, ticket, cause.clone()),
                None => Mail::Halt(at, end.clone().unwrap_or_else(|| cause.clone())),
            });
        }
    }

    /// A process gets an order, unless its group has changed its mind.
    pub(super) fn take(&mut self, at: usize, task: Task, ticket: u64, cause: Cause) {
        let is_late = task == Task::Start && self.fall.is_some();
        if is_late || !self.grove.forest.is_ordered(&self.stage.players[at].namespec, ticket) {
            return;
        }
        if self.command(at, task.request(), false, cause, None).is_err() {
            self.show_group(at);
        }
    }

    /// Feeds the machines, tells what comes of it, and sees to it that it is carried out.
    fn feed_groups(&mut self, input: impl FnOnce(&mut Forest, Instant) -> Changes) {
        let changes = input(&mut self.grove.forest, self.now);
        self.grove.reasons.note(&changes, &self.grove.forest, 0, |_| Cause::Autostart(None), |_| None);
        for (group, output) in &changes.news {
            if let Some(news) = News::of(group.as_ref(), output, &self.grove.forest, self.now) {
                self.news(news);
            }
            self.is_over(group.as_ref(), output);
        }
        if changes.rested().next().is_some() {
            // what these groups had still to start does not come by itself any more
            self.nudge_for(|player| !player.begun);
        }
        self.mail.extend(changes.touched.into_iter().map(Mail::Orders));
        if let Some(end) = changes.end.filter(|_| self.fall.is_none()) {
            let why = self.grove.reasons.words(&end);
            self.script_line("shutdown", &why);
            self.shut_down(Arc::new(Asked::inside(&why)));
        }
    }

    /// Those who watch such processes look soon.
    fn nudge_for(&mut self, is_meant: impl Fn(&Player) -> bool) {
        let all = (0..self.stage.players.len()).filter(|at| is_meant(&self.stage.players[*at]));
        all.collect::<Vec<_>>().into_iter().for_each(|at| self.nudge_of(at));
    }

    fn news(&mut self, News { kind, who, text, fallen, .. }: News) {
        let at = self.elapsed();
        self.report.escalations.extend(fallen.map(|why| Fallen { name: who.clone(), at, why }));
        let (what, cause) = (What::Group(text), String::new());
        self.report.lines.push(Line { at, who: Some(who), what, cause, kind });
    }
}
