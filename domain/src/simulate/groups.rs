//! Groups under OTP's rules: news goes into their machines, orders come out and are carried out.

use super::engine::{Engine, Mail};
use super::report::{Fallen, Line, What};
use crate::cause::{Asked, Cause, span};
use crate::drive::Verb;
use crate::group::{
    Changes, ChildId, End, Fact, Forest, Order, Output, Reasons, Report, Request, Seen, Standing, Task,
    Wish, list, named, plots,
};
use crate::lifecycle::{self, Edge};
use crate::name::{GroupName, Namespec};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Instant;

/// The machines, and what was told of their orders.
#[derive(Debug, Default)]
pub(super) struct Grove {
    forest: Forest,
    is_planted: bool,
    reasons: Reasons,
    /// The orders that were sent and are not done.
    sent: BTreeSet<(GroupName, u64)>,
    /// The groups that end with the daemon.
    halting: BTreeMap<GroupName, Cause>,
}

impl Grove {
    /// When a group must be looked at again; while the daemon ends, what is due and not done is so for good.
    pub(super) fn deadline(&self, now: Instant, ends: bool) -> Option<Instant> {
        self.forest.deadline().filter(|at| !ends || *at > now)
    }
}

impl Engine {
    /// The groups come to be; what is at the top is started.
    pub(super) fn plant(&mut self) {
        let specs: Vec<_> = self.stage.companies.iter().map(|company| Arc::clone(&company.spec)).collect();
        let plain: Vec<_> = specs.iter().map(|spec| &**spec).filter(|spec| !spec.kind.listens()).collect();
        let plots = plots(&plain, self.setting.rules.as_ref());
        if plots.is_empty() {
            return;
        }
        self.grove.is_planted = true;
        self.feed_groups(|forest, now| forest.plant(plots, now));
        for top in self.grove.forest.tops() {
            let machine = self.grove.forest.machine(top.as_ref());
            if machine.is_some_and(|machine| machine.standing() == Standing::New) {
                self.feed_groups(|forest, now| forest.request(top.as_ref(), Request::Start, now));
            }
        }
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
        if player.is_ready() && self.drives(&player.namespec.group) {
            let name = player.namespec.clone();
            self.feed_groups(|forest, now| forest.told(&name, Fact::Up, now));
        }
    }

    /// Tells the group of a process how that is.
    pub(super) fn show_group(&mut self, at: usize) {
        if self.grove.is_planted {
            let player = &self.stage.players[at];
            let seen = Seen::of(&player.machine.state(), player.is_ready());
            let name = player.namespec.clone();
            self.feed_groups(|forest, now| forest.seen(&name, seen, now));
        }
    }

    /// Passes a command on to a process, and tells its group.
    pub(super) fn forward(&mut self, at: usize, verb: Verb, alone: bool, cause: Cause) {
        self.mail.push_back(Mail::Do(at, verb, alone, cause));
        let wish = match verb {
            Verb::Start | Verb::Restart => Wish::Start,
            Verb::Stop => Wish::Stop,
            Verb::Signal(_) | Verb::Reload | Verb::Clear | Verb::Mark { .. } => return,
        };
        if self.grove.is_planted {
            let name = self.stage.players[at].namespec.clone();
            self.feed_groups(|forest, now| forest.asked(&name, wish, now));
        }
    }

    /// Tells the groups of these that they are about to be stopped.
    pub(super) fn hold(&mut self, all: &HashSet<Namespec>) {
        if self.grove.is_planted {
            self.feed_groups(|forest, now| forest.hold(all, now));
        }
    }

    /// The daemon ends: nothing is started or decided any more.
    pub(super) fn freeze_groups(&mut self) {
        if self.grove.is_planted {
            self.feed_groups(Forest::freeze);
        }
    }

    /// A group ends with the daemon, in the order that it has.
    pub(super) fn halt_group(&mut self, group: GroupName, cause: Cause) {
        self.grove.sent.retain(|(other, _)| *other != group);
        self.grove.halting.insert(group.clone(), cause);
        self.feed_groups(|forest, now| forest.request(Some(&group), Request::Halt, now));
        self.mail.push_back(Mail::Orders(group));
    }

    /// Carries out what a group's processes were told and have not done.
    pub(super) fn orders(&mut self, group: &GroupName) {
        let orders = self.grove.forest.orders(group);
        let is_open = |ticket: &u64| orders.iter().any(|order| order.ticket == *ticket);
        self.grove.sent.retain(|(other, ticket)| other != group || is_open(ticket));
        let halting = self.grove.halting.get(group).cloned();
        let cause = self.grove.reasons.get(group).cloned().unwrap_or(Cause::Autostart(None));
        for Order { child, task, ticket } in orders {
            let ChildId::Process(process) = child else { continue };
            let name = Namespec::new(group.clone(), process);
            let Some(at) = self.stage.at(&name) else { continue };
            if self.grove.sent.insert((group.clone(), ticket)) {
                match (&halting, task) {
                    (Some(cause), Task::Stop) => self.mail.push_back(Mail::Halt(at, cause.clone())),
                    (Some(_), Task::Start) => {}
                    (None, task) => self.mail.push_back(Mail::Take(at, task, ticket, cause.clone())),
                }
            }
        }
    }

    /// A process gets an order, unless its group has changed its mind.
    pub(super) fn take(&mut self, at: usize, task: Task, ticket: u64, cause: Cause) {
        let name = &self.stage.players[at].namespec;
        let child = ChildId::Process(name.process.clone());
        let orders = self.grove.forest.orders(&name.group);
        if !orders.iter().any(|order| order.child == child && order.ticket == ticket) {
            return;
        }
        let request = match task {
            Task::Start if self.fall.is_some() => return,
            Task::Start => lifecycle::Request::Start,
            Task::Stop => lifecycle::Request::Stop,
        };
        if self.command(at, request, false, cause).is_err() {
            self.show_group(at);
        }
    }

    /// Feeds the machines, tells what comes of it, and sees to it that it is carried out.
    fn feed_groups(&mut self, input: impl FnOnce(&mut Forest, Instant) -> Changes) {
        let changes = input(&mut self.grove.forest, self.now);
        self.grove.reasons.note(&changes, &self.grove.forest, |_| Cause::Autostart(None), |_| None);
        for (group, output) in &changes.news {
            self.news(group.as_ref(), output);
        }
        self.mail.extend(changes.touched.into_iter().map(Mail::Orders));
        if let Some(end) = changes.end.filter(|_| self.fall.is_none()) {
            let why = match end {
                End::Done => "auto_shutdown".to_owned(),
                End::Escalated(group) => format!("escalate=exit of {}", named(group.as_ref())),
            };
            self.script_line("shutdown", &why);
            self.shut_down(Arc::new(Asked::inside(&why)));
        }
    }

    fn news(&mut self, group: Option<&GroupName>, output: &Output) {
        let (text, kind) = match output {
            Output::Begun | Output::Report(Report::Stopped) => return,
            Output::Restart { child, why, stopped, started, delay } => {
                let stops =
                    if stopped.is_empty() { String::new() } else { format!("stops {}, ", list(stopped)) };
                let wait = if delay.is_zero() { String::new() } else { format!(" in {}", span(*delay)) };
                (format!("{child} {why}: {stops}starts {}{wait}", list(started)), "strategy")
            }
            Output::Forgotten(child) => (format!("{child} is temporary, and over"), "temporary"),
            Output::Escalated { child, why, restarts } => {
                let what = restarts.map_or("start_failure=fail".to_owned(), |number| {
                    format!("that would be restart {number}")
                });
                let why = format!("{child} {why}, {what}");
                let (name, at) = (named(group), self.elapsed());
                self.report.escalations.push(Fallen { name, at, why: why.clone() });
                (format!("gives up: {why}"), "intensity")
            }
            Output::AutoShutdown(child) => {
                (format!("stops: {child}, which is significant, ended"), "auto_shutdown")
            }
            Output::Report(Report::Up) => ("is up".to_owned(), "up"),
            Output::Report(Report::Ended(_)) => ("is down".to_owned(), "down"),
            Output::Report(Report::Fatal) => ("is FATAL".to_owned(), "intensity"),
            Output::Report(Report::Exit) => ("ends the daemon".to_owned(), "intensity"),
        };
        let line = Line {
            at: self.elapsed(),
            who: Some(named(group)),
            what: What::Group(text),
            cause: String::new(),
            kind,
        };
        self.report.lines.push(line);
    }
}
