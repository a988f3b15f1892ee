//! The Group: the programs of one group, as one.
//!
//! ```text
//!   Root ── Forward, Halt, Reopen ──► Group ── Do, Halt, … ──► Program...
//!                                       ▲                         │ Down
//!                                       └──── Children ◄──────────┘
//! ```
//!
//! A group of event listeners has a Pool as well, which gives them their events ([`pool`](crate::pool)), and one of
//! subscribers a Feeder ([`feeder`](crate::feeder)).
//! It owns the supervision of its programs' actors, nothing else: the processes stand in the
//! [`GroupEstate`]. When it dies, its programs' actors end with it, the processes do not notice, and the
//! next incarnation starts new ones on the same estates. Processes are started in definition order and
//! halted in descending priority. Under OTP's rules its machine, which stands in the arena, says what the processes
//! have to do (`orders`).

mod orders;

use crate::alarm::Alarm;
use crate::clock;
use crate::command::{Outcome, Reply, Verb};
use crate::estate::{Estate, FeedEstate, GroupEstate, PoolEstate};
use crate::feeder::Feeder;
use crate::grove::Orders;
use crate::pool::Pool;
use crate::program::{self, Inventory, Program, Strike};
use crate::shared::{Shared, Slot};
use crate::supervision::children::{ChildInfo, Children, Start, Verdict};
use crate::supervision::guard;
use crate::supervision::link::{Bid, Down, Exit, Link, Round};
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message, ResponseFuture};
use futures_util::future::join_all;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::cause::Cause;
use treeherd_domain::fault::Fault;
use treeherd_domain::group::Post;
use treeherd_domain::name::{Namespec, ProcessName};
use treeherd_domain::strategy::{Intensity, Restart, Strategy};

/// Restarts of program actors that one group allows; with those of the root they multiply.
pub const INTENSITY: Intensity = Intensity { restarts: 5, period: Duration::from_secs(30) };
/// The name of a pool's actor among those of its group.
const POOL: &str = "pool";
/// The name of a feeder among those of its group.
const FEEDER: &str = "feeder";
/// How long a program may take to tell of its children.
const PATIENCE: Duration = Duration::from_secs(2);

/// Do something to one process.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Forward {
    /// Which.
    pub process: ProcessName,
    /// What.
    pub command: program::Do,
}

/// Be down with all processes; each tells when it is.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Halt {
    /// Why, and who asks.
    pub cause: Cause,
    /// Where the ends go.
    pub reply: Reply,
}

/// Be down with one process; it tells when it is.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct HaltOne {
    /// Which.
    pub process: ProcessName,
    /// Why.
    pub cause: Cause,
    /// Where the end goes.
    pub reply: Reply,
}

/// The group is defined differently: take care of these estates from now on.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Reshape(pub Arc<GroupEstate>);

/// Write to the standard input of one process.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), Fault>")]
pub struct Write {
    /// Which.
    pub namespec: Namespec,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Tell which actors are below, with theirs.
#[derive(Message, Debug)]
#[rtype(result = "Vec<(ChildInfo, Vec<ChildInfo>)>")]
pub struct Census(pub Round);

/// The actor.
pub struct Group {
    estate: Arc<GroupEstate>,
    shared: Arc<Shared>,
    programs: HashMap<ProcessName, Arc<Slot<Addr<Program>>>>,
    children: Children,
    /// The orders that were handed on and are not done.
    post: Post,
    alarm: Alarm,
    /// The daemon ends: why, and where the ends go.
    halting: Option<(Cause, Reply)>,
    /// Last, so that the parent hears of the end when all else is gone.
    link: Link,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("name", self.estate.name()).finish_non_exhaustive()
    }
}

impl Group {
    /// A group over this estate.
    #[must_use]
    pub fn new(
        estate: Arc<GroupEstate>,
        shared: Arc<Shared>,
        context: &mut Context<Self>,
        link: Link,
    ) -> Self {
        let up = context.address().downgrade().recipient();
        let children = Children::new(up, link.clone(), Strategy::OneForOne, INTENSITY);
        Self {
            estate,
            shared,
            programs: HashMap::new(),
            children,
            post: Post::default(),
            alarm: Alarm::default(),
            halting: None,
            link,
        }
    }

    fn program(&self, process: &ProcessName) -> Option<Addr<Program>> {
        self.programs.get(process).and_then(|slot| slot.get())
    }

    fn start_program(&mut self, estate: &Arc<Estate>) {
        let slot = Arc::new(Slot::default());
        self.programs.insert(estate.namespec.process.clone(), Arc::clone(&slot));
        let name = Self::child_name(&estate.namespec.process);
        let (first, shared) = (Arc::clone(estate), Arc::clone(&self.shared));
        let start: Start = Box::new(move |link| {
            // its estate of this moment: it may have been reshaped since the last start
            let estate = shared.arena.estate(&first.namespec).unwrap_or_else(|| Arc::clone(&first));
            let shared = Arc::clone(&shared);
            let address =
                guard::start(link, move |context, link| Program::new(estate, shared, context, link));
            slot.set(address.clone());
            address.recipient()
        });
        self.children.start(name, Restart::Permanent, start);
    }

    fn start_pool(&mut self, pool: &Arc<PoolEstate>) {
        let (estate, shared, pool) = (Arc::clone(&self.estate), Arc::clone(&self.shared), Arc::clone(pool));
        let slots = self.slots();
        let start: Start = Box::new(move |link| {
            let (estate, shared, slots) = (Arc::clone(&estate), Arc::clone(&shared), slots.clone());
            let its = Arc::clone(&pool);
            let address = guard::start(link, move |_, link| Pool::new(estate, its, shared, slots, link));
            pool.bell.actor().set(address.clone());
            address.recipient()
        });
        self.children.start(POOL, Restart::Permanent, start);
    }

    fn start_feeder(&mut self, feed: &Arc<FeedEstate>) {
        let (estate, feed, slots) = (Arc::clone(&self.estate), Arc::clone(feed), self.slots());
        let start: Start = Box::new(move |link| {
            let (estate, its, slots) = (Arc::clone(&estate), Arc::clone(&feed), slots.clone());
            let address = guard::start(link, move |_, link| Feeder::new(estate, its, slots, link));
            feed.bell.actor().set(address.clone());
            address.recipient()
        });
        self.children.start(FEEDER, Restart::Permanent, start);
    }

    /// Where the actors of the processes stand, in definition order.
    fn slots(&self) -> Vec<Arc<Slot<Addr<Program>>>> {
        let estates = self.estate.estates.iter();
        estates.filter_map(|estate| self.programs.get(&estate.namespec.process).cloned()).collect()
    }

    fn child_name(process: &ProcessName) -> String {
        format!("program:{process}")
    }
}

impl Actor for Group {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        for estate in &self.estate.by_priority() {
            self.start_program(estate);
        }
        if let Some(pool) = &self.estate.pool.clone() {
            self.start_pool(pool);
        }
        if let Some(feed) = &self.estate.feed.clone() {
            self.start_feeder(feed);
        }
        self.take_orders(context);
    }
}

impl Handler<Forward> for Group {
    type Result = ();

    fn handle(&mut self, Forward { process, command }: Forward, _: &mut Self::Context) {
        match self.program(&process) {
            Some(program) => {
                let (verb, namespec) = (command.verb, self.estate.spec.namespec(&process));
                let calls_off = verb == Verb::Stop && command.part_of.is_none();
                let annuls = command.annuls || calls_off && self.shared.call_off(&namespec);
                program.do_send(program::Do { annuls, ..command });
                // after the process itself: what the group does about it comes second
                self.ask_machine(&namespec, verb);
            }
            None => {
                let namespec = self.estate.spec.namespec(&process);
                let fault = Fault::ProcessNotFound(namespec.to_string());
                command.reply.send(Outcome::new(namespec, Err(fault)));
            }
        }
    }
}

impl Handler<Halt> for Group {
    type Result = ();

    fn handle(&mut self, Halt { cause, reply }: Halt, context: &mut Self::Context) {
        if self.is_driven() {
            return self.halt_in_order(cause, reply, context);
        }
        for estate in self.estate.by_priority().iter().rev() {
            if let Some(program) = self.program(&estate.namespec.process) {
                program.do_send(program::Halt { cause: cause.clone(), reply: reply.clone() });
            }
        }
    }
}

impl Handler<HaltOne> for Group {
    type Result = ();

    fn handle(&mut self, HaltOne { process, cause, reply }: HaltOne, _: &mut Self::Context) {
        if let Some(program) = self.program(&process) {
            program.do_send(program::Halt { cause, reply });
        }
    }
}

impl Handler<Reshape> for Group {
    type Result = ();

    fn handle(&mut self, Reshape(estate): Reshape, context: &mut Self::Context) {
        let before = std::mem::replace(&mut self.estate, Arc::clone(&estate));
        for gone in before.estates.iter().map(|old| &old.namespec.process) {
            if estate.estate(gone).is_none() {
                self.children.forget(&Self::child_name(gone));
                self.programs.remove(gone);
            }
        }
        for estate in &estate.by_priority() {
            match before.estate(&estate.namespec.process) {
                None => self.start_program(estate),
                Some(old) if Arc::ptr_eq(old, estate) => {}
                Some(_) => {
                    if let Some(program) = self.program(&estate.namespec.process) {
                        program.do_send(program::Adopt(Arc::clone(estate)));
                    }
                }
            }
        }
        context.notify(Orders);
    }
}

impl Handler<Write> for Group {
    type Result = ResponseFuture<Result<(), Fault>>;

    fn handle(&mut self, Write { namespec, bytes }: Write, _: &mut Self::Context) -> Self::Result {
        let (program, shared) = (self.program(&namespec.process), Arc::clone(&self.shared));
        Box::pin(async move {
            let program = program.ok_or_else(|| Fault::ProcessNotFound(namespec.to_string()))?;
            let written = program.send(program::Write { bytes }).await;
            written.unwrap_or_else(|_| Err(shared.unanswered()))
        })
    }
}

impl Handler<program::Reopen> for Group {
    type Result = ();

    fn handle(&mut self, _: program::Reopen, _: &mut Self::Context) {
        for program in self.programs.values().filter_map(|slot| slot.get()) {
            program.do_send(program::Reopen);
        }
    }
}

impl Handler<Down> for Group {
    type Result = ();

    fn handle(&mut self, down: Down, context: &mut Self::Context) {
        match self.children.down(&down, clock::now()) {
            Verdict::Stale => {}
            Verdict::Noted => self.shared.report(self.link.path(), &down, "it stays down"),
            Verdict::Restarted(_) => {
                self.shared.report(self.link.path(), &down, "restarted on the same process");
                self.send_again(context);
            }
            Verdict::Escalate(reason) => {
                self.shared.report(self.link.path(), &down, "its group's actor gives up");
                self.link.ended(Exit::Exhausted(reason));
                context.stop();
            }
        }
    }
}

impl Handler<Strike> for Group {
    type Result = ResponseFuture<bool>;

    fn handle(&mut self, Strike { path, how }: Strike, context: &mut Self::Context) -> Self::Result {
        if path.is_empty() {
            how.strike(context);
            return Box::pin(async { true });
        }
        let (child, rest) = path.split_once('/').unwrap_or((&path, ""));
        if let Some(pool) = self.estate.pool.as_ref().filter(|_| (child, rest) == (POOL, "")) {
            let struck = pool.bell.actor().get().inspect(|pool| pool.do_send(how)).is_some();
            return Box::pin(async move { struck });
        }
        if let Some(feed) = self.estate.feed.as_ref().filter(|_| (child, rest) == (FEEDER, "")) {
            let struck = feed.bell.actor().get().inspect(|feeder| feeder.do_send(how)).is_some();
            return Box::pin(async move { struck });
        }
        let program = child.strip_prefix("program:").map(ProcessName::new);
        let program = program.and_then(|process| self.program(&process));
        let strike = Strike { path: rest.to_owned(), how };
        Box::pin(async move {
            match program {
                // an actor that was struck by a panic does not answer any more
                Some(program) => program.send(strike).await.unwrap_or(true),
                None => false,
            }
        })
    }
}

impl Handler<Census> for Group {
    type Result = ResponseFuture<Vec<(ChildInfo, Vec<ChildInfo>)>>;

    fn handle(&mut self, Census(round): Census, _: &mut Self::Context) -> Self::Result {
        let ask = |info: ChildInfo| {
            let process = info.name.strip_prefix("program:").map(ProcessName::new);
            let program = process.and_then(|process| self.program(&process));
            let round = round.clone();
            async move {
                let below = match program {
                    Some(program) => {
                        program.send(Inventory(round)).timeout(PATIENCE).await.unwrap_or_default()
                    }
                    None => Vec::new(),
                };
                (info, below)
            }
        };
        let asks: Vec<_> = self.children.knock(&round).into_iter().map(ask).collect();
        Box::pin(join_all(asks))
    }
}

impl Handler<Bid> for Group {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}
