//! The [`GroupMachine`]: its inputs, its orders, and how it comes from one phase to the next.

use super::members::{Life, Member};
use super::phase::{Phase, Then};
use super::{
    Aim, ChildId, ChildSpec, Fact, GroupPolicy, Order, Output, Report, Request, Seen, Standing, StartUp,
    Task, Wish,
};
use crate::spec::StopOrder;
use crate::strategy::Window;
use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

/// A group under OTP's rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMachine {
    pub(super) policy: GroupPolicy,
    pub(super) members: Vec<Member>,
    pub(super) phase: Phase,
    pub(super) standing: Standing,
    pub(super) window: Window,
    /// The first start is not over.
    pub(super) starting_up: bool,
    /// It was down as a whole, and is at work because somebody started one of its children: the others are not told to
    /// start before the group is.
    woken: bool,
    /// The parent knows that it is up.
    announced: bool,
    tickets: u64,
    pub(super) outputs: Vec<Output>,
}

impl GroupMachine {
    /// A group with these children, in the order of starting; none of them runs.
    #[must_use]
    pub fn new(policy: GroupPolicy, children: Vec<ChildSpec>) -> Self {
        Self {
            policy,
            members: children.into_iter().map(Member::new).collect(),
            phase: Phase::Idle,
            standing: Standing::New,
            window: Window::default(),
            starting_up: false,
            woken: false,
            announced: false,
            tickets: 0,
            outputs: Vec::new(),
        }
    }

    /// The group as a whole is to do something.
    pub fn request(&mut self, request: Request, now: Instant) -> Vec<Output> {
        match request {
            Request::Start => self.start(now),
            Request::Stop => self.stop(),
            Request::Freeze => self.freeze(),
            Request::Halt => {
                self.freeze();
                let is_process = |at: &usize| matches!(self.members[*at].spec.id, ChildId::Process(_));
                let queue = (0..self.members.len()).rev().filter(is_process).collect();
                self.phase = Phase::Stopping { queue, then: HALTED };
            }
        }
        self.settle(now)
    }

    /// Somebody asks something of one child, which gets it as well.
    pub fn asked(&mut self, child: &ChildId, wish: Wish, now: Instant) -> Vec<Output> {
        let Some(at) = self.position(child) else { return Vec::new() };
        match wish {
            Wish::Start => self.wanted_up(at),
            Wish::Stop => self.wanted_down(at),
        }
        self.settle(now)
    }

    /// Somebody is about to have these stopped, one after the other: until then none of them is started again.
    pub fn hold(&mut self, children: &[ChildId], aim: Aim, now: Instant) -> Vec<Output> {
        for at in children.iter().filter_map(|child| self.position(child)).collect::<Vec<_>>() {
            self.leave_down(at);
            self.members[at].returns = aim == Aim::Restart;
        }
        self.settle(now)
    }

    /// One that was held for a restart is not started again: it could not be.
    pub fn release(&mut self, child: &ChildId, now: Instant) -> Vec<Output> {
        let Some(at) = self.position(child) else { return Vec::new() };
        let member = &mut self.members[at];
        if std::mem::take(&mut member.returns) && member.held && member.life == Life::Down {
            self.if_dynamic_forget(at);
        }
        self.settle(now)
    }

    /// Something has happened to a child.
    pub fn told(&mut self, child: &ChildId, fact: Fact, now: Instant) -> Vec<Output> {
        let Some(at) = self.position(child) else { return Vec::new() };
        match fact {
            Fact::Up => self.came_up(at, now),
            Fact::Ended(ending) => self.ended(at, ending, now),
            Fact::Stopped => self.stopped(at),
            Fact::StartFailed => self.start_failed(at, now),
            Fact::GaveUp => self.gave_up(at),
            Fact::Lost => self.lost(at),
        }
        self.settle(now)
    }

    /// A child refused an order, since it is like this.
    pub fn seen(&mut self, child: &ChildId, seen: Seen, now: Instant) -> Vec<Output> {
        match seen {
            Seen::Down => self.told(child, Fact::Stopped, now),
            Seen::Up => self.told(child, Fact::Up, now),
            Seen::Lost => self.told(child, Fact::Lost, now),
            // what comes of that will be told
            Seen::Coming | Seen::Going => Vec::new(),
        }
    }

    /// The moment of [`deadline`](Self::deadline) has come.
    pub fn due(&mut self, now: Instant) -> Vec<Output> {
        self.settle(now)
    }

    /// When the group must be looked at again. Once the daemon ends, nothing is due any more.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.standing == Standing::Halting {
            return None;
        }
        let alone = self.members.iter().filter_map(|member| match member.life {
            Life::Restarting { due } => Some(due),
            Life::Down | Life::Starting | Life::Up { .. } | Life::Stopping | Life::Lost => None,
        });
        let in_turn = match &self.phase {
            Phase::Starting { queue, due } => {
                due.filter(|_| queue.front().is_some_and(|at| self.members[*at].life == Life::Down))
            }
            Phase::Idle | Phase::Stopping { .. } => None,
        };
        alone.chain(in_turn).min()
    }

    /// What the children were told and have not done yet. One that has a greater ticket than any before is new. While all
    /// are being stopped nobody has to start any more.
    #[must_use]
    pub fn orders(&self) -> Vec<Order> {
        let is_active = self.standing == Standing::Active;
        let orders = self.members.iter().filter_map(Member::order);
        orders.filter(|order| is_active || order.task == Task::Stop).collect()
    }

    /// The children are defined differently. Those that are new are started if they are to start with the group and
    /// it is up; what those that are gone were told is forgotten.
    pub fn reshape(&mut self, policy: GroupPolicy, children: Vec<ChildSpec>, now: Instant) -> Vec<Output> {
        let mut before: Vec<Option<Member>> =
            std::mem::take(&mut self.members).into_iter().map(Some).collect();
        let place = |id: &ChildId, members: &[Option<Member>]| {
            members.iter().position(|member| member.as_ref().is_some_and(|member| member.spec.id == *id))
        };
        let mut numbers = vec![None; before.len()];
        let mut fresh = BTreeSet::new();
        for (at, spec) in children.into_iter().enumerate() {
            let old = place(&spec.id, &before);
            let member = old.and_then(|old| {
                numbers[old] = Some(at);
                before[old].take()
            });
            if member.is_none() {
                fresh.insert(at);
            }
            self.members.push(member.map_or_else(
                || Member::new(spec.clone()),
                |member| Member { spec: spec.clone(), ..member },
            ));
        }
        self.policy = policy;
        self.phase.renumber(|at| numbers.get(at).copied().flatten());
        if self.standing == Standing::Active && self.policy.start_up != StartUp::Never {
            self.bring_up(fresh, now);
        }
        self.settle(now)
    }

    /// The number of the last order.
    #[must_use]
    pub const fn tickets(&self) -> u64 {
        self.tickets
    }

    /// Whether it has children, and somebody wants all of them down.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.members.is_empty() && self.members.iter().all(|member| member.held)
    }

    /// Takes care of processes that ran before the group had rules, which `found` tells of: what is down stays so. Of a
    /// child that it does not know, a group, nothing is known but that it tells of itself when it is told to start.
    pub fn adopt(&mut self, found: impl Fn(&ChildId) -> Option<Seen>, now: Instant) -> Vec<Output> {
        if self.standing != Standing::New {
            return Vec::new();
        }
        self.wake();
        for at in 0..self.members.len() {
            match found(&self.members[at].spec.id) {
                None => self.order(at, Life::Starting),
                Some(Seen::Up) => self.came_up(at, now),
                Some(Seen::Coming) => self.wanted_up(at),
                Some(Seen::Lost) => self.lost(at),
                Some(Seen::Down | Seen::Going) => self.members[at].held = true,
            }
        }
        self.settle(now)
    }

    pub(super) fn position(&self, child: &ChildId) -> Option<usize> {
        self.members.iter().position(|member| member.spec.id == *child)
    }

    fn start(&mut self, now: Instant) {
        match self.standing {
            Standing::Active => {
                self.announced = false;
                if std::mem::take(&mut self.woken) && self.policy.start_up != StartUp::Never {
                    self.bring_up(0..self.members.len(), now);
                }
            }
            Standing::Leaving => {
                if let Phase::Stopping { then, .. } = &mut self.phase {
                    *then = Then::Anew;
                }
            }
            Standing::New | Standing::Stopped | Standing::Ended | Standing::Fatal => self.begin(now),
            Standing::Halting => {}
        }
    }

    /// OTP's `init`: another life of the group, with another budget.
    fn begin(&mut self, now: Instant) {
        self.wake();
        self.starting_up = true;
        for member in &mut self.members {
            member.attempt = 0;
            member.forgotten = false;
        }
        if self.policy.start_up != StartUp::Never {
            self.bring_up(0..self.members.len(), now);
        }
    }

    /// It takes care of its children from now on, with a new budget.
    fn wake(&mut self) {
        self.standing = Standing::Active;
        self.window = Window::default();
        (self.starting_up, self.woken, self.announced) = (false, false, false);
        self.outputs.push(Output::Begun);
    }

    /// Somebody started a child of a group that was down as a whole.
    pub(super) fn wake_if_at_rest(&mut self) {
        if matches!(self.standing, Standing::Stopped | Standing::Ended | Standing::Fatal) {
            self.wake();
            self.woken = true;
        }
    }

    /// These are to be up, as at the first start, but for those that do not start with the group: whoever wants one of
    /// them starts it alone, and nobody's turn waits for it.
    fn bring_up(&mut self, set: impl IntoIterator<Item = usize>, now: Instant) {
        let wanted: Vec<usize> = set.into_iter().filter(|at| self.members[*at].has_turn()).collect();
        if self.policy.start_up == StartUp::InTurn
            && matches!(self.phase, Phase::Idle | Phase::Starting { .. })
        {
            let due = if let Phase::Starting { due, .. } = self.phase { due } else { None };
            let set: BTreeSet<_> = self.phase.to_start().into_iter().chain(wanted).collect();
            self.phase = Phase::Starting { queue: set.into_iter().collect(), due };
            return;
        }
        for at in wanted {
            if self.members[at].life == Life::Down {
                self.members[at].life = Life::Restarting { due: now };
            }
        }
    }

    fn stop(&mut self) {
        let stopped = Then::Rest { standing: Standing::Stopped, report: Some(Report::Stopped) };
        match self.standing {
            Standing::Active => self.stop_all(stopped),
            Standing::Leaving => {
                if let Phase::Stopping { then, .. } = &mut self.phase {
                    *then = stopped;
                }
            }
            Standing::New | Standing::Stopped | Standing::Ended | Standing::Fatal => {
                self.outputs.push(Output::Report(Report::Stopped));
            }
            Standing::Halting => {}
        }
    }

    fn freeze(&mut self) {
        self.standing = Standing::Halting;
        self.call_off();
        self.phase = match std::mem::take(&mut self.phase) {
            Phase::Stopping { queue, .. } => Phase::Stopping { queue, then: HALTED },
            Phase::Idle | Phase::Starting { .. } => Phase::Idle,
        };
    }

    /// Everything down, whatever else was intended.
    pub(super) fn stop_all(&mut self, then: Then) {
        self.call_off();
        let lives = |at: &usize| !self.policy.decides || self.members[*at].may_live();
        let queue = (0..self.members.len()).rev().filter(lives).collect();
        self.phase = Phase::Stopping { queue, then };
        self.standing = Standing::Leaving;
        self.announced = false;
        self.starting_up = false;
    }

    /// Nothing is restarted later.
    fn call_off(&mut self) {
        for member in &mut self.members {
            if matches!(member.life, Life::Restarting { .. }) {
                member.life = Life::Down;
            }
        }
    }

    fn wanted_up(&mut self, at: usize) {
        let member = &mut self.members[at];
        (member.held, member.returns, member.forgotten) = (false, false, false);
        if !matches!(member.life, Life::Starting | Life::Stopping) {
            member.by_hand = true;
        }
        if let Life::Restarting { .. } = member.life {
            member.life = Life::Down;
        }
        if self.standing == Standing::Leaving {
            self.phase.stop_as_well(at);
        }
        self.wake_if_at_rest();
    }

    /// It is not to be started any more.
    fn leave_down(&mut self, at: usize) {
        self.phase.leave_out(at);
        let member = &mut self.members[at];
        member.held = true;
        if matches!(member.life, Life::Restarting { .. }) {
            member.life = Life::Down;
        }
    }

    /// A stop wins.
    fn wanted_down(&mut self, at: usize) {
        self.leave_down(at);
        if self.members[at].may_live() {
            self.order(at, Life::Stopping);
        } else if self.members[at].life != Life::Lost {
            self.members[at].life = Life::Down;
            if !self.members[at].returns {
                self.if_dynamic_forget(at);
            }
        }
    }

    pub(super) fn order(&mut self, at: usize, life: Life) {
        self.tickets += 1;
        let member = &mut self.members[at];
        (member.life, member.ticket, member.by_hand) = (life, self.tickets, false);
    }

    /// Does what follows by itself, and gives what has come of it all.
    fn settle(&mut self, now: Instant) -> Vec<Output> {
        loop {
            match std::mem::take(&mut self.phase) {
                Phase::Idle => break,
                Phase::Stopping { queue, then } if queue.is_empty() => self.after(then, now),
                Phase::Stopping { queue, then } => {
                    self.stop_next(&queue);
                    self.phase = Phase::Stopping { queue, then };
                    break;
                }
                Phase::Starting { mut queue, due } => {
                    self.start_next(&mut queue, due, now);
                    if !queue.is_empty() {
                        self.phase = Phase::Starting { queue, due };
                    }
                    break;
                }
            }
        }
        self.start_alone(now);
        self.announce();
        std::mem::take(&mut self.outputs)
    }

    fn after(&mut self, then: Then, now: Instant) {
        match then {
            Then::Start { set, due } => {
                self.phase = Phase::Starting { queue: set.into_iter().collect(), due: Some(due) };
            }
            Then::Rest { standing, report } => {
                self.standing = standing;
                self.outputs.extend(report.map(Output::Report));
            }
            Then::Anew => self.begin(now),
        }
    }

    fn stop_next(&mut self, queue: &VecDeque<usize>) {
        let at_once = match self.policy.stop_order {
            StopOrder::Sequential => 1,
            StopOrder::Parallel => queue.len(),
        };
        for at in queue.iter().take(at_once) {
            if self.members[*at].life != Life::Stopping {
                self.order(*at, Life::Stopping);
            }
        }
    }

    fn start_next(&mut self, queue: &mut VecDeque<usize>, due: Option<Instant>, now: Instant) {
        while let Some(at) = queue.front().copied() {
            let member = &self.members[at];
            match member.life {
                Life::Starting => return,
                Life::Down if member.is_wanted() => {
                    if due.is_none_or(|due| due <= now) {
                        self.order(at, Life::Starting);
                    }
                    return;
                }
                Life::Down | Life::Restarting { .. } | Life::Up { .. } | Life::Stopping | Life::Lost => {
                    queue.pop_front();
                }
            }
        }
    }

    fn start_alone(&mut self, now: Instant) {
        for at in 0..self.members.len() {
            if matches!(self.members[at].life, Life::Restarting { due } if due <= now) {
                self.order(at, Life::Starting);
            }
        }
    }

    /// Tells the parent, once, that everything is up.
    fn announce(&mut self) {
        let pending = |member: &Member| matches!(member.life, Life::Restarting { .. } | Life::Starting);
        let is_up = self.standing == Standing::Active
            && self.phase == Phase::Idle
            && !self.members.iter().any(pending);
        if is_up && !self.announced {
            self.announced = true;
            self.outputs.push(Output::Report(Report::Up));
        }
        self.starting_up &= !is_up;
    }
}

/// The end of the daemon.
const HALTED: Then = Then::Rest { standing: Standing::Halting, report: None };
