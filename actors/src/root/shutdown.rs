//! The end of the daemon, and its beginning anew: everything down, in order.
//!
//! ```text
//! End ─► mood ─► batches: groups by descending priority, last added first
//!                  │ one batch: Halt to its groups ─► every process tells when it is down ─► next batch
//!                  ▼ none left
//!                clients are told the last of it ([`farewell`](crate::farewell)) ─► done
//! ```
//!
//! Where a process requires another, the batches are two: everybody but those who listen to events, each as soon as
//! those are down that go before it ([`order`](super::order)), and then the listeners, as ever.
//!
//! A batch is one group, as in Supervisor, or with `stop_order = parallel` all groups of one priority. A
//! batch is over when the arena says that all its processes are down, and that no command is run for them any more
//! (`post_stop`, `reload_command`; each has its limit): a group whose actor died on the way is told again. Event listeners, which are told of the ends before theirs, have a moment to take what is left.
//! An end that is asked for while there is no root is noted in the arena ([`ask`]) and
//! heard by the next one. Nothing starts by itself from the first moment on.

use super::Root;
use super::order::{AGAIN, descend, graph, is_down};
use crate::command::{Outcome, Reply};
use crate::estate::run::over;
use crate::estate::{GroupEstate, Mood, Record};
use crate::group::{Halt, HaltOne};
use crate::mainlog::MainLog;
use crate::shared::{Shared, Slot};
use actix::{ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};
use futures_util::future::{join, join_all};
use slog::{info, warn};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use treeherd_domain::cause::{Asked, Cause};
use treeherd_domain::depend::descent::Descent;
use treeherd_domain::depend::way::Way;
use treeherd_domain::ending::{Batch, Fall};
use treeherd_domain::event::EventKind;
use treeherd_domain::name::Namespec;
use treeherd_domain::status::ProcessState;

/// How often the log says whom the end waits for.
const REPORT: Duration = Duration::from_secs(3);
/// How long listeners may work on what they were told before they are stopped.
const LAST_EVENTS: Duration = Duration::from_secs(1);
/// How long the streams of clients may take to give what they have.
const LAST_ITEMS: Duration = Duration::from_secs(2);
/// How often it is looked whether subscribers have read all there is; nothing tells when a pipe is empty.
const LOOK: Duration = Duration::from_millis(5);

/// Stop everything; then the daemon ends or starts anew. The first end wins, but that a restart may
/// become an end.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub struct End(pub Mood);

/// Asks for the end. It is noted in the arena first: a root that is just being rebuilt hears of it there.
pub fn ask(shared: &Shared, root: &Slot<Addr<Root>>, mood: Mood, by: Asked) {
    shared.arena.ask(mood, by);
    if let Some(root) = root.get() {
        root.do_send(End(mood));
    }
}

/// How far the end has come.
#[derive(Debug, Default)]
pub struct Stopping {
    /// What is left; `None`: the end has not begun.
    fall: Option<Fall<Arc<GroupEstate>>>,
}

impl Handler<End> for Root {
    type Result = ();

    fn handle(&mut self, End(mood): End, context: &mut Self::Context) {
        self.shared.arena.heard(mood);
        match (self.shared.arena.mood(), mood) {
            (Mood::Running, Mood::Restarting | Mood::Shutdown) => {
                self.shared.arena.set_mood(mood);
                self.shared.freeze_groups();
                self.shared.announce(EventKind::SupervisorStopping);
                self.stop_all(context);
            }
            (Mood::Restarting, Mood::Shutdown) => self.shared.arena.set_mood(mood),
            (Mood::Shutdown, Mood::Restarting) => {
                warn!(self.shared.log, "ignored SIGHUP indicating restart request (shutdown in progress)");
            }
            (Mood::Shutdown, Mood::Shutdown)
            | (Mood::Restarting, Mood::Restarting)
            | (Mood::Running | Mood::Restarting | Mood::Shutdown, Mood::Running) => {}
        }
    }
}

impl Root {
    /// Begins the end, or, in a new root, goes on with it.
    pub(super) fn stop_all(&mut self, context: &mut Context<Self>) {
        if self.stopping.fall.is_some() {
            return;
        }
        let order = self.shared.arena.config().daemon.stop_order;
        let (groups, requires) = (self.shared.arena.by_priority(), graph(&self.shared.arena).has_edges());
        self.stopping.fall = Some(Fall::new(groups, order, requires, |group| Arc::clone(&group.spec)));
        self.next_batch(context);
        self.report_waiting(context);
    }

    fn next_batch(&mut self, context: &mut Context<Self>) {
        let Some(fall) = &mut self.stopping.fall else { return };
        fall.pass(|group| is_halted(group));
        let Some(Batch { groups: batch, in_order }) = fall.turn().cloned() else {
            return self.take_leave(context);
        };
        if in_order {
            return self.halt_in_order(&batch, context);
        }
        if !batch.iter().any(|group| listens(group)) {
            return self.halt(batch, context);
        }
        let told = batch.clone();
        let done = async move {
            let pools =
                join_all(told.iter().filter_map(|group| group.pool.as_ref()).map(|pool| pool.is_done()));
            let feeds = join_all(told.iter().map(|group| are_told(group)));
            // whoever is not done by then is stopped all the same
            drop(timeout(LAST_EVENTS, join(pools, feeds)).await);
        };
        context.spawn(done.into_actor(self).map(|(), actor, context| actor.halt(batch, context)));
    }

    /// Nothing runs any more: clients are told the last of it, then the tree ends.
    fn take_leave(&self, context: &mut Context<Self>) {
        let (shared, main_log) = (Arc::clone(&self.shared), Arc::clone(&self.household.main_log));
        let told = async move {
            shared.hooks.are_free().await;
            if shared.farewell.is_wanted() {
                say_farewell(&shared, main_log).await;
            }
        };
        context.spawn(told.into_actor(self).map(|(), actor, context| {
            // nobody listens only if the loop outside is gone, and then nothing is left to tell
            let _ = actor.household.done.send(actor.shared.arena.mood());
            context.stop();
        }));
    }

    /// Everybody of these as soon as those are down that go before it.
    fn halt_in_order(&self, batch: &[Arc<GroupEstate>], context: &mut Context<Self>) {
        let end = Cause::Shutdown { restart: false, by: None };
        let cause = self.shared.arena.cause_of_end().unwrap_or(end);
        let (graph, lines) = (graph(&self.shared.arena), self.shared.arena.lines());
        let all = batch.iter().flat_map(|group| &group.estates).map(|estate| estate.namespec.clone());
        let descent = Descent::new(graph, &lines, all);
        let (groups, shared, batch) = (self.groups.clone(), Arc::clone(&self.shared), batch.to_vec());
        let over = async move {
            let is_down = |namespec: &Namespec| is_down(&shared.arena, namespec);
            let tell = async |namespec: Namespec| loop {
                let (reply, mut end) = Reply::channel(1);
                if let Some(group) = groups.get(&namespec.group).and_then(|slot| slot.get()) {
                    let (process, cause) = (namespec.process.clone(), cause.clone());
                    group.do_send(HaltOne { process, cause, reply });
                }
                match end.recv().await {
                    Some(outcome) => return outcome,
                    None if is_down(&namespec) => return Outcome::new(namespec, Ok(())),
                    // an actor on the way died; it is back in a moment
                    None => tokio::time::sleep(AGAIN).await,
                }
            };
            descend(Way::new(descent, false), is_down, tell, |_| ()).await;
            rest(&batch).await;
        };
        context.spawn(over.into_actor(self).map(|(), actor, context| actor.next_batch(context)));
    }

    fn halt(&self, batch: Vec<Arc<GroupEstate>>, context: &mut Context<Self>) {
        let (reply, mut ends) = Reply::channel(batch.iter().map(|group| group.estates.len()).sum());
        let end = Cause::Shutdown { restart: false, by: None };
        let cause = self.shared.arena.cause_of_end().unwrap_or(end);
        for group in &batch {
            if let Some(address) = self.group(group.name()) {
                address.do_send(Halt { cause: cause.clone(), reply: reply.clone() });
            }
        }
        drop(reply);
        let over = async move {
            while ends.recv().await.is_some() {}
            rest(&batch).await;
        };
        context.spawn(over.into_actor(self).map(|(), actor, context| actor.next_batch(context)));
    }

    fn report_waiting(&mut self, context: &mut Context<Self>) {
        let groups = self.shared.arena.by_priority();
        let estates: Vec<_> = groups.iter().flat_map(|group| &group.estates).collect();
        let names = |fits: fn(&Record) -> bool| {
            let fitting = estates.iter().filter(|estate| fits(&estate.record()));
            fitting.map(|estate| estate.namespec.process.to_string()).collect::<Vec<_>>().join(", ")
        };
        let dying = names(|record| !record.machine.name().is_stopped());
        let busy =
            names(|record| record.machine.name().is_stopped() && !record.hooks.all_running().is_empty());
        if !dying.is_empty() {
            info!(self.shared.log, "waiting for {dying} to die");
        }
        if !busy.is_empty() {
            info!(self.shared.log, "waiting for the commands that are still run for {busy}");
        }
        if !dying.is_empty() || !busy.is_empty() {
            context.run_later(REPORT, Self::report_waiting);
        }
    }
}

/// Has the streams of clients give what they have, and ends them.
async fn say_farewell(shared: &Shared, main_log: Arc<MainLog>) {
    let (written, mut is_written) = mpsc::channel::<()>(1);
    // its thread may wait for a disk
    shared.logs.spawn_fn(move || {
        main_log.flush();
        drop(written);
    });
    drop(timeout(LAST_ITEMS, join(shared.recorded(), is_written.recv())).await);
    let left = shared.farewell.end(LAST_ITEMS).await;
    if left > 0 {
        let seconds = LAST_ITEMS.as_secs();
        warn!(
            shared.log,
            "{left} of the streams of clients were cut off before their last item, for nobody took it within {seconds} s"
        );
    }
}

/// Whether its processes are told of events.
const fn listens(group: &GroupEstate) -> bool {
    group.pool.is_some() || group.feed.is_some()
}

fn is_halted(group: &GroupEstate) -> bool {
    let is_over =
        |record: &Record| record.machine.state().is_settled_down() && record.hooks.all_running().is_empty();
    group.estates.iter().all(|estate| is_over(&estate.record()))
}

/// Waits for what the ends of these have left to be waited for.
async fn rest(batch: &[Arc<GroupEstate>]) {
    let estates = batch.iter().flat_map(|group| &group.estates);
    let errands: Vec<_> = estates.flat_map(|estate| estate.record().hooks.all_running()).collect();
    join_all(errands.into_iter().map(over)).await;
    if !batch.iter().all(|group| is_halted(group)) {
        // an actor on the way died; it is back in a moment
        tokio::time::sleep(AGAIN).await;
    }
}

/// Waits until the subscribers of a group have read what they were told.
async fn are_told(group: &GroupEstate) {
    let Some(feed) = &group.feed else { return };
    for (at, estate) in group.estates.iter().enumerate() {
        let is_up = |record: &Record| record.machine.name() == ProcessState::Running;
        while is_up(&estate.record()) && !feed.is_done(at, &estate.record()) {
            tokio::time::sleep(LOOK).await;
        }
    }
}
