//! Stops and restarts of several processes that go down one before the other: those that require others first, and in a
//! group under OTP's rules the last one first (`stop_order`).
//!
//! ```text
//! InOrder ─► Way: domain::depend ── whom to stop, or to start again, now ──► Root ──► Group ──► Program
//!               ▲                                                                        │ down
//!               └────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! It runs beside the root, and no actor's end ends it: whoever was told, and whose answer was lost with an actor, is
//! looked at until it is down, and told again if it never heard. Whose turn has not come is not started again meanwhile.
//! Absent: the end of the daemon ([`shutdown`](super::shutdown)).

use super::{Dispatch, Root};
use crate::command::{Outcome, Reply, Verb, Wait};
use crate::estate::run::over;
use crate::estate::{Arena, Mood};
use crate::program::Do;
use crate::shared::{Shared, Slot};
use actix::{Addr, Context, Handler, Message};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use treeherd_domain::cause::Cause;
use treeherd_domain::depend::Target;
use treeherd_domain::depend::descent::Descent;
use treeherd_domain::depend::graph::Graph;
use treeherd_domain::depend::way::{Step, Way};
use treeherd_domain::fault::Fault;
use treeherd_domain::group::Aim;
use treeherd_domain::hook::Hook;
use treeherd_domain::name::Namespec;
use treeherd_domain::status::ProcessState;

/// Stop or restart these, in their order.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct InOrder {
    /// Which, and who goes before whom.
    pub descent: Descent,
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

/// Whether a process is down for good, and its `post_stop` is over.
pub(super) fn is_down(arena: &Arena, namespec: &Namespec) -> bool {
    arena.estate(namespec).is_none_or(|estate| {
        let record = estate.record();
        record.machine.state().is_settled_down() && record.hooks.running(Hook::PostStop).is_none()
    })
}

/// How long an actor that died on the way has to come back before its process is told again.
pub(super) const AGAIN: Duration = Duration::from_millis(10);

/// What became of one on a [`Way`].
pub(super) enum News {
    /// It is down, or could not be stopped.
    Down(Outcome),
    /// It is its turn to start.
    Up(Namespec),
}

/// Has everybody told to go down whose turn it is, until all are down that can be; `tell` comes back with the end of one.
/// What became of each, and whose turn it is to start again, is given to `news`.
pub(super) async fn descend<F: Future<Output = Outcome>>(
    mut way: Way,
    is_down: impl Fn(&Namespec) -> bool,
    tell: impl Fn(Namespec) -> F,
    mut news: impl FnMut(News),
) {
    let mut ends = FuturesUnordered::new();
    loop {
        for step in way.next(&is_down) {
            match step {
                Step::Down(namespec) => ends.push(tell(namespec)),
                Step::Up(namespec) => news(News::Up(namespec)),
            }
        }
        match ends.next().await {
            Some(outcome) => {
                way.over(&outcome.namespec);
                news(News::Down(outcome));
            }
            None if way.is_over() => return,
            None => {}
        }
    }
}

/// What one [`InOrder`] is about, but for where the outcomes go.
struct Order {
    shared: Arc<Shared>,
    root: Arc<Slot<Addr<Root>>>,
    descent: Descent,
    wait: Wait,
    cause: Cause,
    alone: bool,
    /// Of a restart: its number.
    number: Option<u64>,
    /// Of a stop: those that would have been started again.
    annulled: HashSet<Namespec>,
}

impl Drop for Order {
    /// Nobody has anything in mind with them any more.
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let estates = self.descent.among().iter().filter_map(|one| self.shared.arena.estate(one));
        estates.for_each(|estate| estate.record().returns.end(number));
    }
}

impl Order {
    /// From now on none of them is started by others, and each is known to come back if they do.
    fn begin(&mut self) {
        let (all, shared) = (self.descent.among(), &self.shared);
        let aim = if let Some(number) = self.number {
            let estates = all.iter().filter_map(|one| shared.arena.estate(one));
            estates.for_each(|estate| estate.record().returns.promise(number));
            Aim::Restart
        } else {
            self.annulled = all.iter().filter(|one| shared.call_off(one)).cloned().collect();
            Aim::Stop
        };
        shared.hold(all, aim);
    }

    fn command(&self, namespec: &Namespec, verb: Verb, wait: Wait) -> mpsc::Receiver<Outcome> {
        let (reply, outcome) = Reply::channel(1);
        let annuls = verb == Verb::Stop && self.annulled.contains(namespec);
        let command = Do::new(verb, wait, self.cause.clone(), self.alone, reply);
        let command = Do { part_of: self.number, annuls, ..command };
        if let Some(root) = self.root.get() {
            root.do_send(Dispatch { namespec: namespec.clone(), command });
        }
        outcome
    }

    /// Stops one, and waits until it is down.
    async fn stop(&self, namespec: Namespec) -> Outcome {
        let ear = Arc::new(Notify::new());
        let _watch = self.shared.nudges.hear([Target::Process(namespec.clone())], &ear);
        loop {
            if let Some(outcome) = self.command(&namespec, Verb::Stop, Wait::Settled).recv().await {
                return outcome;
            }
            // an actor on the way ended: whether it was told is seen when there is one again
            tokio::time::sleep(AGAIN).await;
            self.gone(&namespec, &ear).await;
            if is_down(&self.shared.arena, &namespec) {
                return Outcome::new(namespec, Ok(()));
            }
        }
    }

    /// Waits until one that is on its way down is no more; `ear`: told of its changes.
    async fn gone(&self, namespec: &Namespec, ear: &Notify) {
        while let Some(estate) = self.shared.arena.estate(namespec) {
            let (state, post_stop) = {
                let record = estate.record();
                (record.machine.name(), record.hooks.running(Hook::PostStop))
            };
            match post_stop {
                _ if state == ProcessState::Stopping => ear.notified().await,
                Some(post_stop) => drop(over(post_stop).await),
                None => return,
            }
        }
    }

    /// Starts one again that was stopped. If an actor on the way ended before it was told, it is told again.
    async fn start(self: Rc<Self>, namespec: Namespec, stopped: Option<Result<(), Fault>>, reply: Reply) {
        loop {
            if let Some(outcome) = self.command(&namespec, Verb::Start, self.wait).recv().await {
                self.shared.release(&namespec);
                return reply.send(Outcome { stopped, ..outcome });
            }
            tokio::time::sleep(AGAIN).await;
            if !is_down(&self.shared.arena, &namespec) || self.shared.arena.mood() != Mood::Running {
                // it was told, and what became of it nobody can say any more
                return self.shared.release(&namespec);
            }
        }
    }

    async fn carry_out(mut self, restart: bool, reply: Reply) {
        self.begin();
        let order = Rc::new(self);
        let way = Way::new(order.descent.clone(), restart);
        if restart {
            let mut stops: HashMap<Namespec, Result<(), Fault>> = HashMap::new();
            let news = |news| match news {
                News::Down(outcome) => drop(stops.insert(outcome.namespec, outcome.result)),
                News::Up(namespec) => {
                    // what did not run has not been stopped
                    let stopped = stops.remove(&namespec).filter(Result::is_ok);
                    actix_rt::spawn(Rc::clone(&order).start(namespec, stopped, reply.clone()));
                }
            };
            return order.descend(way, news).await;
        }
        if order.wait == Wait::Settled {
            let news = |news| {
                if let News::Down(outcome) = news {
                    reply.clone().send(outcome);
                }
            };
            return order.descend(way, news).await;
        }
        // the first of them are told now, the others after them, and nobody waits for that
        for namespec in order.descent.among() {
            reply.clone().send(Outcome::new(namespec.clone(), Ok(())));
        }
        drop(reply);
        order.descend(way, |_| ()).await;
    }

    async fn descend(&self, way: Way, news: impl FnMut(News)) {
        let is_down = |namespec: &Namespec| is_down(&self.shared.arena, namespec);
        descend(way, is_down, |namespec| self.stop(namespec), news).await;
    }
}

impl Handler<InOrder> for Root {
    type Result = ();

    fn handle(&mut self, asked: InOrder, _: &mut Context<Self>) {
        let InOrder { descent, restart, wait, cause, alone, reply } = asked;
        let (shared, root) = (Arc::clone(&self.shared), Arc::clone(&self.household.slot));
        let (number, annulled) = (restart.then(|| self.shared.next_restart()), HashSet::new());
        let order = Order { shared, root, descent, wait, cause, alone, number, annulled };
        actix_rt::spawn(order.carry_out(restart, reply));
    }
}
