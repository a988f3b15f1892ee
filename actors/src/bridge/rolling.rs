//! Rolling restarts: the value of `domain::rolling`, driven.
//!
//! ```text
//!   process.restart rolling ─┐            ┌── take ──► Restart to each ──► Root ... Program
//!                            ├─► Roll ────┤◄─ answers, nudges, its own deadline ── look at each
//!   process.roll ────────────┘            └── Told ──► rows, each as it settles
//! ```
//!
//! It is a task beside the tree and nobody's child: a restart whose answer is lost with an actor is judged by what is
//! seen of the process, and asked for again if it never arrived. It ends, with a row for each process, when all have had
//! their turn, when too many failed, when whoever asked for it has gone, and when the daemon stops; those under way have
//! their outcome first. What somebody stopped, disabled or replaced before its turn is left as it is. Absent: the rules
//! themselves (`domain`), and who takes part (`begin`).

mod begin;
mod told;

pub(super) use begin::Claimed;
pub(super) use told::kept;

use super::Bridge;
use crate::clock;
use crate::command::{Outcome, Reply, Verb, Wait};
use crate::estate::{Estate, Kin, Mood};
use crate::nudge::Watch;
use crate::program::Do;
use crate::root::Dispatch;
use begin::{Claim, Left};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use slog::{info, warn};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};
use treeherd_domain::cause::Cause;
use treeherd_domain::duration::Shown;
use treeherd_domain::fault::Fault;
use treeherd_domain::lifecycle::{State, Then};
use treeherd_domain::name::Namespec;
use treeherd_domain::rolling::{Abort, Heard, Place, Progress, Rolling, Rules, Seen, progress};
use treeherd_domain::status::View;

/// Why it ends with the daemon.
const STOPPING: &str = "the daemon is stopping";
/// How often a command that was lost on its way is given again.
const AGAIN: u8 = 3;

/// What is told of one process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// Its turn has come.
    Turn(Namespec),
    /// What became of it. A process that falls after it was ready is told of again.
    Outcome(Became),
}

/// What became of one process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Became {
    pub(super) namespec: Namespec,
    /// Whether this restart stopped it.
    pub(super) stopped: bool,
    pub(super) how: How,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum How {
    /// It is there again.
    Ready,
    /// It is not, or had no turn.
    Not(Fault),
    /// Its turn passed it by.
    LeftOut(&'static str),
}

/// One process of the restart.
struct Member {
    namespec: Namespec,
    kin: Kin,
    /// Whether it ran when the restart began.
    ran: bool,
    patience: Duration,
    /// The spawn it was at when it was told to restart.
    before: u64,
    heard: Heard,
    stopped: bool,
    /// How often the command was lost.
    lost: u8,
}

impl Member {
    fn not_ready(&self, why: impl Into<String>) -> Fault {
        Fault::NotReady { namespec: self.namespec.clone(), why: why.into() }
    }

    fn not_restarted(&self, why: impl Into<String>) -> Fault {
        Fault::NotRestarted { namespec: self.namespec.clone(), why: why.into() }
    }

    /// Why its turn passes it by, if it does.
    fn passed_by(&self, estate: Option<&Arc<Estate>>) -> Option<&'static str> {
        let Some(estate) = estate else { return Some("removed meanwhile") };
        if !estate.is_of(&self.kin) {
            return Some("replaced by an update meanwhile");
        }
        if estate.record().disabled {
            return Some("disabled meanwhile");
        }
        // a stop wins
        (self.ran && is_stopped(estate)).then_some("stopped meanwhile")
    }
}

/// Whether it can be used; of a oneshot, whether it has done what it is for.
fn is_ready(estate: &Estate) -> bool {
    match estate.policy.oneshot {
        true => estate.status().view == View::Completed,
        false => estate.is_ready(),
    }
}

fn seen(estate: &Estate) -> Seen {
    let is_ready = is_ready(estate);
    let record = estate.record();
    Seen::of(&record.machine.state(), record.incarnation, is_ready)
}

/// Whether somebody has stopped it, or is about to.
fn is_stopped(estate: &Estate) -> bool {
    let state = estate.record().machine.state();
    matches!(state, State::Stopped { start_at: None } | State::Stopping { then: Then::Stay, .. })
}

type Answer = (usize, Option<Outcome>);

struct Roll {
    bridge: Bridge,
    cause: Cause,
    /// Whether each starts without what it requires.
    alone: bool,
    machine: Rolling,
    members: Vec<Member>,
    answers: FuturesUnordered<BoxFuture<'static, Answer>>,
    tell: mpsc::Sender<Told>,
    ear: Arc<Notify>,
    _watch: Watch,
    _claim: Claim,
}

impl Roll {
    async fn run(mut self) {
        loop {
            if !self.is_running() {
                self.machine.end(STOPPING);
            }
            if self.tell.is_closed() {
                self.machine.end("whoever asked for the restart has gone");
            }
            self.look().await;
            let now = clock::now();
            for at in self.machine.late(now) {
                let member = &self.members[at];
                let why = format!("not ready after {}", Shown(member.patience));
                self.tell(at, How::Not(member.not_ready(why)));
            }
            let batch = self.machine.take(now);
            for at in &batch {
                self.restart(*at).await;
            }
            if batch.is_empty() {
                if self.machine.is_over() {
                    break;
                }
                self.wait().await;
            }
        }
        self.finish();
    }

    /// Until something has happened, or a time has come.
    async fn wait(&mut self) {
        let ended = self.machine.abort().is_some();
        let alarm = self.machine.wakes_at().map(Instant::into);
        let time = async {
            match alarm {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.ear.notified() => {}
            Some((at, outcome)) = self.answers.next(), if !self.answers.is_empty() => self.answered(at, outcome),
            () = self.tell.closed(), if !ended => {}
            () = time => {}
        }
    }

    fn estate(&self, at: usize) -> Option<Arc<Estate>> {
        self.bridge.shared().arena.estate(&self.members[at].namespec)
    }

    fn is_running(&self) -> bool {
        self.bridge.shared().arena.mood() == Mood::Running
    }

    /// How it came that it is not there.
    fn ended(&self, estate: &Estate) -> String {
        if is_stopped(estate) {
            return if self.is_running() { "it was stopped meanwhile" } else { STOPPING }.to_owned();
        }
        let record = estate.record();
        // the last end of one that is still there is that of the process before it
        let status = record.last_end.filter(|_| record.process.is_none());
        match (&record.ailment, status) {
            (Some(ailment), _) => ailment.to_string(),
            (None, Some(status)) => format!("it ended before it was ready: {status}"),
            (None, None) => "it ended before it was ready".to_owned(),
        }
    }

    /// Whether the turn of one passes it by, which is told then.
    fn passes_by(&mut self, at: usize) -> bool {
        let Some(why) = self.members[at].passed_by(self.estate(at).as_ref()) else { return false };
        if !self.is_running() {
            // that is why
            return false;
        }
        self.machine.spare(at, clock::now());
        self.tell(at, How::LeftOut(why));
        true
    }

    /// The turn of one has come.
    async fn restart(&mut self, at: usize) {
        if self.passes_by(at) {
            return;
        }
        let Some(seen) = self.estate(at).map(|estate| seen(&estate)) else { return };
        let member = &mut self.members[at];
        (member.before, member.stopped) = (seen.incarnation, seen.state.is_running());
        let turn = Told::Turn(member.namespec.clone());
        self.send(turn);
        self.command(at).await;
    }

    /// Tells one to restart; the root may have to come back first.
    async fn command(&mut self, at: usize) {
        let member = &mut self.members[at];
        member.heard = Heard::Nothing;
        let (reply, mut outcomes) = Reply::channel(1);
        let namespec = member.namespec.clone();
        let (verb, wait, cause) = (Verb::Restart, Wait::Settled, self.cause.clone());
        match self.bridge.root().await {
            Ok(root) => {
                let command = Do::new(verb, wait, cause, self.alone, reply);
                root.do_send(Dispatch { namespec, command });
                self.answers.push(Box::pin(async move { (at, outcomes.recv().await) }));
            }
            Err(fault) => self.fail(at, fault),
        }
    }

    /// An answer has come, or will not come any more.
    fn answered(&mut self, at: usize, outcome: Option<Outcome>) {
        let member = &mut self.members[at];
        match outcome {
            None => member.heard = Heard::Lost,
            Some(Outcome { result: Ok(()), stopped, .. }) => {
                member.heard = Heard::Done;
                member.stopped = matches!(stopped, Some(Ok(())));
            }
            Some(Outcome { result: Err(fault), stopped, .. }) => {
                member.stopped = matches!(stopped, Some(Ok(())));
                let fault = match (fault, self.estate(at)) {
                    (Fault::AbnormalTermination(_), Some(estate)) => {
                        self.members[at].not_ready(self.ended(&estate))
                    }
                    (fault, _) => fault,
                };
                self.fail(at, fault);
            }
        }
    }

    /// Sees how those are that were restarted.
    async fn look(&mut self) {
        for at in 0..self.members.len() {
            match self.machine.places()[at] {
                Place::UnderWay { .. } => self.look_at(at).await,
                Place::Ready => self.look_again_at(at),
                Place::Queued => drop(self.passes_by(at)),
                Place::Failed | Place::Spared => {}
            }
        }
    }

    async fn look_at(&mut self, at: usize) {
        let kin = &self.members[at].kin;
        let Some(estate) = self.estate(at).filter(|estate| estate.is_of(kin)) else {
            let fault = self.members[at].not_ready("it was removed, or replaced by an update, meanwhile");
            return self.fail(at, fault);
        };
        let member = &mut self.members[at];
        match progress(member.before, seen(&estate), member.heard) {
            Progress::UnderWay => {}
            Progress::Ready => {
                self.machine.ready(at, clock::now());
                self.tell(at, How::Ready);
            }
            Progress::Fell => {
                let ended = self.ended(&estate);
                let fault = self.members[at].not_ready(ended);
                self.fail(at, fault);
            }
            Progress::Again if member.lost < AGAIN => {
                member.lost += 1;
                self.command(at).await;
            }
            Progress::Again => {
                let fault = self.bridge.crashed();
                self.fail(at, fault);
            }
        }
    }

    /// One that was ready may not be any more. Where somebody stopped or replaced it, that is no failure; and what a
    /// oneshot has done is done.
    fn look_again_at(&mut self, at: usize) {
        let member = &self.members[at];
        let Some(estate) = self.estate(at).filter(|estate| estate.is_of(&member.kin)) else { return };
        if estate.policy.oneshot || is_stopped(&estate) {
            return;
        }
        let seen = seen(&estate);
        if seen.incarnation != member.before + 1 || !seen.is_ready {
            let fault = member.not_ready("it was ready, and did not stay so");
            self.fail(at, fault);
        }
    }

    fn fail(&mut self, at: usize, fault: Fault) {
        let counts = matches!(self.machine.places()[at], Place::UnderWay { .. } | Place::Ready);
        if !self.is_running() {
            // that is why
            self.machine.end(STOPPING);
        }
        self.machine.failed(at, clock::now());
        if counts {
            self.tell(at, How::Not(fault));
        }
    }

    fn tell(&self, at: usize, how: How) {
        let (Member { namespec, stopped, .. }, log) = (&self.members[at], &self.bridge.shared().log);
        match &how {
            How::Ready => {}
            How::Not(Fault::SpawnError { spawnerr, .. }) => {
                warn!(log, "rolling restart: SPAWN_ERROR: {namespec}: {spawnerr}");
            }
            How::Not(fault) => warn!(log, "rolling restart: {fault}"),
            How::LeftOut(why) => info!(log, "rolling restart: {namespec} is left out ({why})"),
        }
        self.send(Told::Outcome(Became { namespec: namespec.clone(), stopped: *stopped, how }));
    }

    fn send(&self, told: Told) {
        // there is room for all; whoever does not listen any more has gone
        let _ = self.tell.try_send(told);
    }

    /// Tells of those that had no turn.
    fn finish(&self) {
        let why = match self.machine.abort() {
            None => None,
            Some(Abort::Ended(why)) => Some((*why).to_owned()),
            Some(Abort::Failed(at)) => Some(format!("aborted after {} failed", self.members[*at].namespec)),
        };
        let places = self.machine.places();
        let count = |which: Place| places.iter().filter(|place| **place == which).count();
        let (ready, failed, left) = (count(Place::Ready), count(Place::Failed), count(Place::Queued));
        let ending = why.as_ref().map_or(String::new(), |why| format!(": {why}"));
        info!(
            self.bridge.shared().log,
            "rolling restart ended{ending}; {ready} restarted, {failed} failed, {left} left as they were"
        );
        for at in (0..places.len()).filter(|at| places[*at] == Place::Queued) {
            let fault = self.members[at].not_restarted(why.clone().unwrap_or_default());
            let namespec = self.members[at].namespec.clone();
            self.send(Told::Outcome(Became { namespec, stopped: false, how: How::Not(fault) }));
        }
    }

    fn announce(&self, rules: Rules, left: &[Left]) {
        let Rules { batch, pause, abort_on } = rules;
        let (count, log) = (self.members.len(), &self.bridge.shared().log);
        info!(
            log,
            "rolling restart of {count} processes: {batch} at a time, pause {}, aborted after {abort_on} failed",
            Shown(pause)
        );
        for Left { namespec, why, .. } in left {
            info!(log, "rolling restart: {namespec} is left out ({why})");
        }
    }
}
