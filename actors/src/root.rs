//! The Root: owns the tree, the configuration and what the daemon as a whole does.
//!
//! ```text
//!                 ┌── Bus
//!  bridge ──► Root┼── Scribe, Endpoint...
//!  signals ──►    └── Group...      groups in the order of the arena
//! ```
//!
//! It resolves nothing and decides nothing about a process: a command names its target and is forwarded.
//! It makes groups active and inactive, reads the configuration anew, reopens logs, and ends the daemon
//! in the right order ([`shutdown`]). When it dies, the loop outside the tree starts a new one on the same
//! arena; processes do not notice. Absent: the wire (the bridge's), sockets and files at start-up (the
//! composition's).

pub mod order;
mod probes;
pub mod scale;
pub mod shutdown;
pub mod spawn;
pub mod update;

use crate::bus::Bus;
use crate::clock;
use crate::command::{Outcome, Wait};
use crate::endpoint::{Door, Endpoint};
use crate::estate::{GroupEstate, Mood};
use crate::group::{self, Group};
use crate::mainlog::{MainLog, Scribe};
use crate::program::{self, Strike};
use crate::rotator::Crash;
use crate::shared::{Shared, Slot};
use crate::supervision::children::{ChildInfo, Children, Start, Verdict};
use crate::supervision::guard;
use crate::supervision::link::{Bid, Down, Exit, Link, Round};
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message, ResponseFuture};
use slog::{error, info};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use treeherd_domain::event::EventKind;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{GroupName, Namespec};
use treeherd_domain::scale::Programs;
use treeherd_domain::spec::Config;
use treeherd_domain::strategy::{Intensity, Restart, Strategy};

/// Restarts of groups, endpoints and the bus that the root allows before it is rebuilt itself.
pub const INTENSITY: Intensity = Intensity { restarts: 3, period: Duration::from_secs(60) };

/// Reads the configuration file anew, with these numbers of processes over it; blocks.
pub type Load = Arc<dyn Fn(&Programs) -> Result<Config, Fault> + Send + Sync>;

/// What the root needs besides the common part.
#[derive(Clone)]
pub struct Household {
    /// The sockets.
    pub doors: Vec<Arc<Door>>,
    /// How the configuration is read.
    pub load: Load,
    /// The daemon's own log.
    pub main_log: Arc<MainLog>,
    /// Where the root of the moment stands.
    pub slot: Arc<Slot<Addr<Root>>>,
    /// Told once, when everything is down.
    pub done: mpsc::UnboundedSender<Mood>,
}

impl fmt::Debug for Household {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Household").field("doors", &self.doors).finish_non_exhaustive()
    }
}

/// Do something to one process.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Dispatch {
    /// Which.
    pub namespec: Namespec,
    /// What.
    pub command: program::Do,
}

/// Write to the standard input of a process.
pub use crate::group::Write;

/// Send an event to whoever listens.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Emit(pub EventKind);

/// Reopen the daemon's log and every child log.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct ReopenLogs;

/// The actor.
pub struct Root {
    shared: Arc<Shared>,
    household: Household,
    groups: HashMap<GroupName, Arc<Slot<Addr<Group>>>>,
    scribe: Arc<Slot<Addr<Scribe>>>,
    endpoints: Vec<(String, Arc<Slot<Addr<Endpoint>>>)>,
    probes: probes::Probes,
    children: Children,
    stopping: shutdown::Stopping,
    /// Last, so that the loop hears of the end when all else is gone.
    link: Link,
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("groups", &self.groups.len()).finish_non_exhaustive()
    }
}

impl Root {
    /// A root over the arena of `shared`.
    #[must_use]
    pub fn new(shared: Arc<Shared>, household: Household, context: &mut Context<Self>, link: Link) -> Self {
        let up = context.address().downgrade().recipient();
        let children = Children::new(up, link.clone(), Strategy::OneForOne, INTENSITY);
        Self {
            shared,
            household,
            groups: HashMap::new(),
            scribe: Arc::default(),
            endpoints: Vec::new(),
            probes: probes::Probes::new(),
            children,
            stopping: shutdown::Stopping::default(),
            link,
        }
    }

    fn start_bus(&mut self) {
        let shared = Arc::clone(&self.shared);
        let start: Start = Box::new(move |link| {
            let its = Arc::clone(&shared);
            let address = guard::start(link, move |_, link| Bus::new(its, link));
            shared.bus.set(address.clone());
            address.recipient()
        });
        self.children.start("bus", Restart::Permanent, start);
    }

    fn start_scribe(&mut self) {
        let (log, shared) = (Arc::clone(&self.household.main_log), Arc::clone(&self.shared));
        let slot = Arc::clone(&self.scribe);
        let start: Start = Box::new(move |link| {
            let log = Arc::clone(&log);
            let address = guard::start_on(&shared.logs, link, move |_, link| Scribe::new(log, link));
            slot.set(address.clone());
            address.recipient()
        });
        self.children.start("scribe", Restart::Permanent, start);
    }

    fn start_endpoint(&mut self, door: &Arc<Door>) {
        let name = format!("endpoint:{}", door.spec.section);
        let slot = Arc::new(Slot::default());
        self.endpoints.push((name.clone(), Arc::clone(&slot)));
        let (door, shared) = (Arc::clone(door), Arc::clone(&self.shared));
        let start: Start = Box::new(move |link| {
            let (door, parts) = (Arc::clone(&door), Arc::clone(&shared));
            let address =
                guard::start_on(&shared.control, link, move |_, link| Endpoint::new(door, parts, link));
            slot.set(address.clone());
            address.recipient()
        });
        self.children.start(name, Restart::Permanent, start);
    }

    fn start_group(&mut self, estate: &Arc<GroupEstate>) {
        let slot = Arc::new(Slot::default());
        self.groups.insert(estate.name().clone(), Arc::clone(&slot));
        let (name, shared) = (format!("group:{}", estate.name()), Arc::clone(&self.shared));
        let first = Arc::clone(estate);
        let start: Start = Box::new(move |link| {
            // its estate of this moment: it may have been reshaped since the last start
            let estate = shared.arena.group(first.name().as_str()).unwrap_or_else(|| Arc::clone(&first));
            let shared = Arc::clone(&shared);
            let address =
                guard::start(link, move |context, link| Group::new(estate, shared, context, link));
            slot.set(address.clone());
            address.recipient()
        });
        self.children.start(name, Restart::Permanent, start);
    }

    fn group(&self, name: &GroupName) -> Option<Addr<Group>> {
        self.groups.get(name).and_then(|slot| slot.get())
    }
}

impl Actor for Root {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.household.slot.set(context.address());
        self.shared.root.set(context.address().recipient());
        self.shared.summons.set(context.address().recipient());
        self.shared.posts.dismissals.set(context.address().recipient());
        self.start_scribe();
        self.start_bus();
        let groups = self.shared.arena.by_priority();
        let is_first = self.link.incarnation() == 1;
        if is_first {
            for group in &groups {
                // a pool hears of its own group, and of those that come after it
                self.shared.arena.listen(group);
                self.shared.announce(EventKind::GroupAdded(group.name().clone()));
            }
        }
        self.shared.tune();
        for door in self.household.doors.clone() {
            self.start_endpoint(&door);
        }
        if is_first && self.shared.arena.mood() == Mood::Running {
            self.shared.announce(EventKind::SupervisorRunning);
        }
        self.settle_probes();
        self.shared.plant();
        for group in &groups {
            self.start_group(group);
        }
        self.shared.start_groups();
        if self.shared.arena.mood() != Mood::Running {
            self.stop_all(context);
        }
        if let Some(mood) = self.shared.arena.asked() {
            context.notify(shutdown::End(mood));
        }
    }
}

impl Handler<Dispatch> for Root {
    type Result = ();

    fn handle(&mut self, Dispatch { namespec, command }: Dispatch, _: &mut Self::Context) {
        match self.group(&namespec.group) {
            Some(group) => group.do_send(group::Forward { process: namespec.process, command }),
            None => {
                let fault = Fault::ProcessNotFound(namespec.to_string());
                command.reply.send(Outcome::new(namespec, Err(fault)));
            }
        }
    }
}

impl Handler<program::Summon> for Root {
    type Result = ();

    fn handle(&mut self, summon: program::Summon, context: &mut Self::Context) {
        for namespec in summon.namespecs {
            let reply = summon.reply.clone();
            let cause = summon.cause.clone();
            let command = program::Do::new(summon.verb, Wait::No, cause, false, reply);
            self.handle(Dispatch { namespec, command }, context);
        }
    }
}

impl Handler<Write> for Root {
    type Result = ResponseFuture<Result<(), Fault>>;

    fn handle(&mut self, write: Write, _: &mut Self::Context) -> Self::Result {
        let (group, shared) = (self.group(&write.namespec.group), Arc::clone(&self.shared));
        Box::pin(async move {
            let group = group.ok_or_else(|| Fault::ProcessNotFound(write.namespec.to_string()))?;
            group.send(write).await.unwrap_or_else(|_| Err(shared.unanswered()))
        })
    }
}

impl Handler<Emit> for Root {
    type Result = ();

    fn handle(&mut self, Emit(kind): Emit, _: &mut Self::Context) {
        self.shared.announce(kind);
    }
}

impl Handler<ReopenLogs> for Root {
    type Result = ();

    fn handle(&mut self, _: ReopenLogs, _: &mut Self::Context) {
        info!(self.shared.log, "supervisord logreopen");
        let (main_log, log) = (Arc::clone(&self.household.main_log), self.shared.log.clone());
        // its thread may wait for a disk, this one may not
        self.shared.logs.spawn_fn(move || {
            if let Err(error) = main_log.reopen() {
                error!(log, "{error}");
            }
        });
        for group in self.groups.values().filter_map(|slot| slot.get()) {
            group.do_send(program::Reopen);
        }
    }
}

impl Handler<Down> for Root {
    type Result = ();

    fn handle(&mut self, down: Down, context: &mut Self::Context) {
        match self.children.down(&down, clock::now()) {
            Verdict::Stale => {}
            Verdict::Noted => self.shared.report(self.link.path(), &down, "it stays down"),
            Verdict::Restarted(_) => {
                self.shared.report(self.link.path(), &down, "restarted on the same estates");
            }
            Verdict::Escalate(reason) => {
                self.shared.report(self.link.path(), &down, "the root is rebuilt");
                self.link.ended(Exit::Exhausted(reason));
                context.stop();
            }
        }
    }
}

impl Handler<Strike> for Root {
    type Result = ResponseFuture<bool>;

    fn handle(&mut self, Strike { path, how }: Strike, context: &mut Self::Context) -> Self::Result {
        if path.is_empty() {
            how.strike(context);
            return Box::pin(async { true });
        }
        let (child, rest) = path.split_once('/').unwrap_or((&path, ""));
        let struck = match (child, rest) {
            ("bus", "") => self.shared.bus.get().inspect(|bus| bus.do_send(how)).is_some(),
            ("scribe", "") => self.scribe.get().inspect(|scribe| scribe.do_send(how)).is_some(),
            (probe, "") => self.strike_probe(probe, how),
            _ => false,
        };
        if struck {
            return Box::pin(async { true });
        }
        if let Some((_, slot)) = self.endpoints.iter().find(|(name, _)| name == child) {
            slot.get().inspect(|endpoint| endpoint.do_send(how));
            return Box::pin(async { true });
        }
        let group = child.strip_prefix("group:").map(GroupName::new);
        let group = group.and_then(|name| self.group(&name));
        let strike = Strike { path: rest.to_owned(), how };
        Box::pin(async move {
            match group {
                // an actor that was struck by a panic does not answer any more
                Some(group) => group.send(strike).await.unwrap_or(true),
                None => false,
            }
        })
    }
}

/// The actors below the root, as a tree, with a knock at each mailbox.
#[derive(Message, Debug)]
#[rtype(result = "Vec<Branch>")]
pub struct Survey(pub Round);

/// One child of the root and what is below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Branch {
    /// The child.
    pub info: ChildInfo,
    /// For a group: its programs, each with its rotators.
    pub below: Vec<(ChildInfo, Vec<ChildInfo>)>,
}

impl Handler<Survey> for Root {
    type Result = ResponseFuture<Vec<Branch>>;

    fn handle(&mut self, Survey(round): Survey, _: &mut Self::Context) -> Self::Result {
        let ask = |info: ChildInfo| {
            let group = info.name.strip_prefix("group:").map(GroupName::new);
            let group = group.and_then(|name| self.group(&name));
            let round = round.clone();
            async move {
                let below = match group {
                    Some(group) => group.send(group::Census(round)).await.unwrap_or_default(),
                    None => Vec::new(),
                };
                Branch { info, below }
            }
        };
        let asks: Vec<_> = self.children.knock(&round).into_iter().map(ask).collect();
        Box::pin(futures_util::future::join_all(asks))
    }
}

impl Handler<Crash> for Root {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Bid> for Root {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}
