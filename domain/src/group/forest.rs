//! All groups under OTP's rules, with those above and below each: what one reports is a fact for the next.
//!
//! ```text
//!   [supervisord]            the root, if it has rules of its own
//!      ├── group shop        told Up, Ended, … by shop's machine; its orders are requests to it
//!      │     ├── db-tier
//!      │     └── web-tier
//!      └── group tools
//! ```
//!
//! Every call gives what is to be logged, and which groups may have other orders for their processes than before. Absent: groups without rules, of which nothing is known here.

use super::{
    Aim, ChildId, ChildSpec, Fact, GroupMachine, GroupPolicy, Order, Output, Report, Request, Seen,
    Standing, Task, Wish,
};
use crate::name::{GroupName, Namespec, ProcessName};
use crate::strategy::Ending;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

/// A place in the forest; `None` is the root.
type Node = Option<GroupName>;

/// What a group is to be in the forest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plot {
    /// Its name; `None`: the root.
    pub name: Option<GroupName>,
    /// Its rules.
    pub policy: GroupPolicy,
    /// Its children, in the order of starting.
    pub children: Vec<ChildSpec>,
}

/// What came of a call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// What is worth telling, and in which group it was (`None`: in the root).
    pub news: Vec<(Option<GroupName>, Output)>,
    /// The groups that may have other orders, or another deadline.
    pub touched: BTreeSet<GroupName>,
    /// Processes that a group was about to start when its rules were taken away: nobody else starts them.
    pub left: BTreeSet<Namespec>,
    /// The daemon is to end.
    pub end: Option<End>,
}

impl Changes {
    /// The groups that gave up, ended or were stopped (`None`: all): what they had still to start does not come any more.
    pub fn rested(&self) -> impl Iterator<Item = Option<&GroupName>> {
        let is_rest = |output: &Output| match output {
            Output::Escalated { .. } | Output::AutoShutdown(_) => true,
            Output::Report(report) => *report != Report::Up,
            Output::Begun | Output::Restart { .. } | Output::Forgotten(_) => false,
        };
        self.news.iter().filter(move |(_, output)| is_rest(output)).map(|(group, _)| group.as_ref())
    }
}

/// Why the daemon is to end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// `escalate=exit`, of this group or of the root.
    Escalated(Option<GroupName>),
    /// `auto_shutdown` of the root: the work is done.
    Done,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Tree {
    machine: GroupMachine,
    parent: Option<Node>,
    /// The last order that went to a group below.
    handed: u64,
}

enum Input {
    Request(Request),
    Asked(ChildId, Wish),
    Hold(Vec<ChildId>, Aim),
    Release(ChildId),
    Told(ChildId, Fact),
    Seen(ChildId, Seen),
    Due,
}

/// All groups under OTP's rules.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Forest {
    trees: BTreeMap<Node, Tree>,
}

impl Forest {
    /// These are the groups from now on. Those that stay keep what they are in the middle of; what the others were about to
    /// start is left to whoever asks.
    pub fn plant(&mut self, plots: Vec<Plot>, now: Instant) -> Changes {
        let mut changes = Changes::default();
        let names: BTreeSet<Node> = plots.iter().map(|plot| plot.name.clone()).collect();
        let legacy = self.legacy(&names);
        self.trees.retain(|node, _| names.contains(node));
        for plot in &plots {
            let new = || Tree {
                machine: GroupMachine::new(plot.policy.clone(), plot.children.clone()),
                parent: None,
                handed: 0,
            };
            self.trees.entry(plot.name.clone()).or_insert_with(new).parent = None;
        }
        for plot in &plots {
            for child in &plot.children {
                if let ChildId::Group(group) = &child.id
                    && let Some(tree) = self.trees.get_mut(&Some(group.clone()))
                {
                    tree.parent = Some(plot.name.clone());
                }
            }
        }
        for Plot { name, policy, children } in plots {
            let Some(tree) = self.trees.get_mut(&name) else { continue };
            let outputs = tree.machine.reshape(policy, children, now);
            let inputs = self.take_in(&name, outputs, &mut changes);
            self.run(inputs, now, &mut changes);
        }
        let starts = legacy.groups.into_iter().map(|group| (Some(group), Input::Request(Request::Start)));
        self.run(starts.collect(), now, &mut changes);
        changes.left = legacy.processes;
        changes
    }

    /// A group that had no rules before takes care of its processes, which are as `found` says. One that had some has
    /// done so all the time.
    pub fn adopt(
        &mut self,
        group: &GroupName,
        found: impl Fn(&ProcessName) -> Option<Seen>,
        now: Instant,
    ) -> Changes {
        let mut changes = Changes::default();
        let node = Some(group.clone());
        if let Some(tree) = self.trees.get_mut(&node) {
            let found = |child: &ChildId| match child {
                ChildId::Process(process) => Some(found(process).unwrap_or(Seen::Down)),
                ChildId::Group(_) => None,
            };
            let outputs = tree.machine.adopt(found, now);
            let inputs = self.take_in(&node, outputs, &mut changes);
            self.run(inputs, now, &mut changes);
        }
        changes
    }

    /// A group is to do something as a whole (`None`: the root).
    pub fn request(&mut self, group: Option<&GroupName>, request: Request, now: Instant) -> Changes {
        self.begin(group.cloned(), Input::Request(request), now)
    }

    /// The daemon ends: nothing is started or decided any more.
    pub fn freeze(&mut self, now: Instant) -> Changes {
        let mut changes = Changes::default();
        let all = self.trees.keys().map(|node| (node.clone(), Input::Request(Request::Freeze))).collect();
        self.run(all, now, &mut changes);
        changes
    }

    /// Somebody asks something of a process, which gets it as well.
    pub fn asked(&mut self, process: &Namespec, wish: Wish, now: Instant) -> Changes {
        self.begin(Some(process.group.clone()), Input::Asked(child(process), wish), now)
    }

    /// Somebody is about to have these stopped, one after the other: until then none of them is started again.
    pub fn hold<'a>(
        &mut self,
        processes: impl IntoIterator<Item = &'a Namespec>,
        aim: Aim,
        now: Instant,
    ) -> Changes {
        let mut held: BTreeMap<GroupName, Vec<ChildId>> = BTreeMap::new();
        for process in processes {
            held.entry(process.group.clone()).or_default().push(child(process));
        }
        let mut changes = Changes::default();
        let inputs = held.into_iter().map(|(group, children)| (Some(group), Input::Hold(children, aim)));
        self.run(inputs.collect(), now, &mut changes);
        changes
    }

    /// One that was held for a restart is not started again: it could not be.
    pub fn release(&mut self, process: &Namespec, now: Instant) -> Changes {
        self.begin(Some(process.group.clone()), Input::Release(child(process)), now)
    }

    /// Something has happened to a process.
    pub fn told(&mut self, process: &Namespec, fact: Fact, now: Instant) -> Changes {
        self.begin(Some(process.group.clone()), Input::Told(child(process), fact), now)
    }

    /// A process refused an order, since it is like this.
    pub fn seen(&mut self, process: &Namespec, seen: Seen, now: Instant) -> Changes {
        self.begin(Some(process.group.clone()), Input::Seen(child(process), seen), now)
    }

    /// Does what is due.
    pub fn due(&mut self, now: Instant) -> Changes {
        let mut changes = Changes::default();
        let is_due = |tree: &Tree| tree.machine.deadline().is_some_and(|at| at <= now);
        let due: Vec<Node> =
            self.trees.iter().filter(|(_, tree)| is_due(tree)).map(|(node, _)| node.clone()).collect();
        for node in due {
            self.run(VecDeque::from([(node, Input::Due)]), now, &mut changes);
        }
        changes
    }

    /// When something is due next in a group (`None`: in the root).
    #[must_use]
    pub fn deadline_of(&self, group: Option<&GroupName>) -> Option<Instant> {
        self.machine(group)?.deadline()
    }

    /// When something is due next.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.trees.values().filter_map(|tree| tree.machine.deadline()).min()
    }

    /// What the processes of a group were told and have not done yet.
    #[must_use]
    pub fn orders(&self, group: &GroupName) -> Vec<Order> {
        let orders = self.machine(Some(group)).map(GroupMachine::orders).unwrap_or_default();
        orders.into_iter().filter(|order| matches!(order.child, ChildId::Process(_))).collect()
    }

    /// The machine of a group (`None`: of the root), if it has one.
    #[must_use]
    pub fn machine(&self, group: Option<&GroupName>) -> Option<&GroupMachine> {
        self.trees.get(&group.cloned()).map(|tree| &tree.machine)
    }

    /// The group above another: `None` if there is none, `Some(None)` if it is the root.
    #[must_use]
    pub fn parent(&self, group: &GroupName) -> Option<Option<&GroupName>> {
        self.trees.get(&Some(group.clone()))?.parent.as_ref().map(Option::as_ref)
    }

    /// Whether a process has still to carry out this order of its group.
    #[must_use]
    pub fn is_ordered(&self, process: &Namespec, ticket: u64) -> bool {
        let child = child(process);
        self.orders(&process.group).iter().any(|order| order.child == child && order.ticket == ticket)
    }

    /// The groups that nobody starts but the daemon itself and that were never started; where there is a root, none
    /// but that.
    #[must_use]
    pub fn unstarted(&self) -> Vec<Option<GroupName>> {
        let is_new = |tree: &Tree| tree.parent.is_none() && tree.machine.standing() == Standing::New;
        self.trees.iter().filter(|(_, tree)| is_new(tree)).map(|(node, _)| node.clone()).collect()
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &Option<GroupName>> {
        self.trees.keys()
    }

    fn begin(&mut self, node: Node, input: Input, now: Instant) -> Changes {
        let mut changes = Changes::default();
        self.run(VecDeque::from([(node, input)]), now, &mut changes);
        changes
    }

    /// Feeds inputs, and whatever they bring about above and below.
    fn run(&mut self, mut inputs: VecDeque<(Node, Input)>, now: Instant, changes: &mut Changes) {
        while let Some((node, input)) = inputs.pop_front() {
            let Some(tree) = self.trees.get_mut(&node) else { continue };
            let outputs = match input {
                Input::Request(request) => tree.machine.request(request, now),
                Input::Asked(child, wish) => tree.machine.asked(&child, wish, now),
                Input::Hold(children, aim) => tree.machine.hold(&children, aim, now),
                Input::Release(child) => tree.machine.release(&child, now),
                Input::Told(child, fact) => tree.machine.told(&child, fact, now),
                Input::Seen(child, seen) => tree.machine.seen(&child, seen, now),
                Input::Due => tree.machine.due(now),
            };
            inputs.extend(self.take_in(&node, outputs, changes));
        }
    }

    /// Notes what came of an input, and gives what that is to the groups above and below.
    fn take_in(
        &mut self,
        node: &Node,
        outputs: Vec<Output>,
        changes: &mut Changes,
    ) -> VecDeque<(Node, Input)> {
        let mut inputs = VecDeque::new();
        let Some(tree) = self.trees.get_mut(node) else { return inputs };
        for output in outputs {
            if let Output::Report(report) = output {
                match (&tree.parent, fact(report), node) {
                    (Some(above), Some(fact), Some(name)) => {
                        let child = ChildId::Group(name.clone());
                        inputs.push_back((above.clone(), Input::Told(child, fact)));
                    }
                    (_, fact, _) => changes.end = end(node, fact).or(changes.end.take()),
                }
            }
            // nobody of it is to be up: no news to anybody but the group above
            if output != Output::Report(Report::Up) || !tree.machine.is_held() {
                changes.news.push((node.clone(), output));
            }
        }
        inputs.extend(tree.requests());
        changes.touched.extend(node.clone());
        inputs
    }
}

impl Tree {
    /// What the groups below have to do by orders that did not go to them yet.
    fn requests(&mut self) -> Vec<(Node, Input)> {
        let handed = std::mem::replace(&mut self.handed, self.machine.tickets());
        let new = self.machine.orders().into_iter().filter(|order| order.ticket > handed);
        let request = |Order { child, task, .. }| match (child, task) {
            (ChildId::Group(group), Task::Start) => Some((Some(group), Input::Request(Request::Start))),
            (ChildId::Group(group), Task::Stop) => Some((Some(group), Input::Request(Request::Stop))),
            (ChildId::Process(_), _) => None,
        };
        new.filter_map(request).collect()
    }
}

/// What a report that no group above takes in is to the daemon; `None`: nothing.
fn end(node: &Node, fact: Option<Fact>) -> Option<End> {
    match (node, fact) {
        (_, None) => Some(End::Escalated(node.clone())),
        (None, Some(Fact::Ended(Ending::Normal))) => Some(End::Done),
        (None, Some(Fact::Ended(Ending::Abnormal))) => Some(End::Escalated(None)),
        (_, Some(_)) => None,
    }
}

/// What a report is to the group above; `None`: it is not for that one.
const fn fact(report: Report) -> Option<Fact> {
    match report {
        Report::Up => Some(Fact::Up),
        Report::Ended(ending) => Some(Fact::Ended(ending)),
        Report::Stopped => Some(Fact::Stopped),
        Report::Fatal => Some(Fact::GaveUp),
        Report::Exit => None,
    }
}

fn child(process: &Namespec) -> ChildId {
    ChildId::Process(process.process.clone())
}
