//! Stops and restarts of several processes that require each other: dependents go down first.
//!
//! ```text
//! InOrder ─► Descent ── whom to stop now ──► Group ──► Program
//!               ▲                                        │ down
//!               └────────────────────────────────────────┘
//!            restart: whoever is down is started as soon as what it requires of the others has been told to start;
//!            its gate does the rest
//! ```
//!
//! It runs beside the root, in its context. A root that ends by a bug takes it along: callers are told so, and who was
//! not told to stop yet goes on. Absent: the end of the daemon, which begins anew after that ([`shutdown`](super::shutdown)).

use super::Root;
use crate::command::{Outcome, Reply, Verb, Wait};
use crate::estate::Arena;
use crate::group;
use crate::program::Do;
use crate::shared::Slot;
use actix::{Addr, AsyncContext, Context, Handler, Message, WrapFuture};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use treeherd_domain::cause::Cause;
use treeherd_domain::depend::graph::{Descent, Graph};
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{GroupName, Namespec};

/// Stop or restart these, in the order that their requirements ask for.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct InOrder {
    /// Which; each once.
    pub namespecs: Vec<Namespec>,
    /// Whether they start again.
    pub restart: bool,
    /// When each counts as done.
    pub wait: Wait,
    /// Why, and who asks.
    pub cause: Cause,
    /// Of a restart: whether they wait for nothing that they require.
    pub alone: bool,
    /// Where the outcomes go.
    pub reply: Reply,
}

/// The graph of the active groups.
pub(crate) fn graph(arena: &Arena) -> Graph {
    let groups: Vec<_> = arena.by_priority().iter().map(|group| Arc::clone(&group.spec)).collect();
    Graph::of(&groups)
}

/// Whether a process is down for good.
pub(super) fn is_down(arena: &Arena, namespec: &Namespec) -> bool {
    arena.estate(namespec).is_none_or(|estate| estate.record().machine.state().is_settled_down())
}

/// How long an actor that died on the way has to come back before its process is told again.
const AGAIN: Duration = Duration::from_millis(10);

/// Has everybody told to go down whose turn it is, until all were; `tell` says where the end of one is told, and is
/// called again for one whose actor died on the way. What became of each is given to `done`.
pub(super) async fn descend(
    mut descent: Descent,
    is_down: impl Fn(&Namespec) -> bool,
    tell: impl Fn(&Namespec) -> mpsc::Receiver<Outcome>,
    mut done: impl FnMut(Namespec, Outcome),
) {
    let mut ends = FuturesUnordered::new();
    loop {
        for namespec in descent.next(&is_down, !ends.is_empty()) {
            ends.push(end(tell(&namespec), namespec));
        }
        match ends.next().await {
            Some((namespec, Some(outcome))) => done(namespec, outcome),
            Some((namespec, None)) if is_down(&namespec) => {
                done(namespec.clone(), Outcome::new(namespec, Ok(())));
            }
            Some((namespec, None)) => {
                tokio::time::sleep(AGAIN).await;
                ends.push(end(tell(&namespec), namespec));
            }
            None if descent.is_over() => return,
            None => {}
        }
    }
}

/// Who goes down, and how that went; `None` if nobody could say.
async fn end(mut told: mpsc::Receiver<Outcome>, namespec: Namespec) -> (Namespec, Option<Outcome>) {
    let outcome = told.recv().await;
    (namespec, outcome)
}

/// What one [`InOrder`] is about.
struct Order {
    arena: Arc<Arena>,
    groups: HashMap<GroupName, Arc<Slot<Addr<group::Group>>>>,
    among: HashSet<Namespec>,
    graph: Graph,
    asked: InOrder,
}

impl Order {
    fn command(&self, namespec: &Namespec, verb: Verb, wait: Wait, reply: Reply) {
        let (cause, alone) = (self.asked.cause.clone(), self.asked.alone);
        let command = Do { verb, wait, cause, alone, reply };
        match self.groups.get(&namespec.group).and_then(|slot| slot.get()) {
            Some(group) => group.do_send(group::Forward { process: namespec.process.clone(), command }),
            None => {
                let fault = Fault::ProcessNotFound(namespec.to_string());
                command.reply.send(Outcome::new(namespec.clone(), Err(fault)));
            }
        }
    }

    fn stop(&self, namespec: &Namespec) -> mpsc::Receiver<Outcome> {
        let (reply, end) = Reply::channel(1);
        self.command(namespec, Verb::Stop, Wait::Settled, reply);
        end
    }

    async fn carry_out(self) {
        if self.asked.wait == Wait::No && !self.asked.restart {
            // the first of them are told now, the others after them, and nobody waits for that
            for namespec in &self.asked.namespecs {
                self.asked.reply.clone().send(Outcome::new(namespec.clone(), Ok(())));
            }
        }
        let descent = Descent::new(self.graph.clone(), self.among.iter().cloned());
        let is_down =
            |namespec: &Namespec| !self.among.contains(namespec) || is_down(&self.arena, namespec);
        let mut rise = Rise { order: &self, stopped: HashMap::new(), started: HashSet::new() };
        descend(
            descent,
            is_down,
            |namespec| self.stop(namespec),
            |namespec, outcome| {
                if self.asked.restart {
                    rise.stopped(namespec, outcome.result);
                } else if self.asked.wait == Wait::Settled {
                    self.asked.reply.clone().send(outcome);
                }
            },
        )
        .await;
    }
}

/// The second half of a restart.
struct Rise<'a> {
    order: &'a Order,
    /// Down, and how their stop went, but not told to start yet.
    stopped: HashMap<Namespec, Result<(), Fault>>,
    started: HashSet<Namespec>,
}

impl Rise<'_> {
    /// One is down, or was: it starts when what it requires of the others has been told to.
    fn stopped(&mut self, namespec: Namespec, stopped: Result<(), Fault>) {
        self.stopped.insert(namespec, stopped);
        loop {
            let order = self.order;
            let may = |namespec: &Namespec| {
                let required = order.graph.requires(namespec);
                required.into_iter().all(|one| !order.among.contains(one) || self.started.contains(one))
            };
            let Some(next) = self.stopped.keys().find(|namespec| may(namespec)).cloned() else { return };
            let stopped = self.stopped.remove(&next);
            self.start(next, stopped);
        }
    }

    fn start(&mut self, namespec: Namespec, stopped: Option<Result<(), Fault>>) {
        self.started.insert(namespec.clone());
        let (reply, mut up) = Reply::channel(1);
        self.order.command(&namespec, Verb::Start, self.order.asked.wait, reply);
        let answer = self.order.asked.reply.clone();
        // what did not run has not been stopped
        let stopped = stopped.filter(Result::is_ok);
        actix_rt::spawn(async move {
            if let Some(outcome) = up.recv().await {
                answer.send(Outcome { stopped, ..outcome });
            }
        });
    }
}

impl Handler<InOrder> for Root {
    type Result = ();

    fn handle(&mut self, asked: InOrder, context: &mut Context<Self>) {
        let arena = Arc::clone(&self.shared.arena);
        let order = Order {
            groups: self.groups.clone(),
            graph: graph(&arena),
            among: asked.namespecs.iter().cloned().collect(),
            arena,
            asked,
        };
        context.spawn(order.carry_out().into_actor(self));
    }
}
