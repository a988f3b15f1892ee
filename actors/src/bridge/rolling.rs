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
//! their outcome first. Two of them never have a process in common. Absent: the rules themselves.

mod told;

use super::{Bridge, act};
use crate::clock;
use crate::command::{Outcome, Reply, Verb, Wait};
use crate::estate::{Estate, Mood, lock};
use crate::nudge::Watch;
use crate::program::Do;
use crate::root::Dispatch;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use slog::{info, warn};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};
use treeherd_domain::cause::Cause;
use treeherd_domain::depend::Target;
use treeherd_domain::duration::Shown;
use treeherd_domain::fault::Fault;
use treeherd_domain::health::Check;
use treeherd_domain::name::Namespec;
use treeherd_domain::rolling::{Abort, Heard, Place, Progress, Rolling, Rules, Seen, Wish, progress};
use treeherd_domain::status::ProcessState;
use treeherd_web::caller;

/// What a restart may take beyond the times that the process is configured with.
const MARGIN: Duration = Duration::from_secs(10);
/// How often a command that was lost on its way is given again.
const AGAIN: u8 = 3;

/// The processes that are being restarted by a rolling restart.
pub(super) type Claimed = Arc<Mutex<HashSet<Namespec>>>;

/// What became of one process. A process that falls after it was ready is told of again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Told {
    pub(super) namespec: Namespec,
    /// Whether this restart stopped it.
    pub(super) stopped: bool,
    pub(super) result: Result<(), Fault>,
}

/// A rolling restart that has begun.
#[derive(Debug)]
pub(super) struct Begun {
    /// The processes, in the order of their turns.
    pub(super) targets: Vec<Namespec>,
    /// What becomes of them, as it comes about. Dropping it ends the restart.
    pub(super) told: mpsc::Receiver<Told>,
}

impl Bridge {
    /// Begins to restart these: first those that are down, which costs nothing, then the others in this order.
    pub(super) fn roll(&self, targets: &[Arc<Estate>], alone: bool, wish: &Wish) -> Result<Begun, Fault> {
        self.check_running()?;
        let (up, mut order): (Vec<_>, Vec<_>) =
            targets.iter().cloned().partition(|estate| estate.record().machine.name().is_running());
        order.extend(up);
        let targets: Vec<Namespec> = order.iter().map(|estate| estate.namespec.clone()).collect();
        let claim = Claim::on(&self.0.rolling, &targets)?;
        let rules = wish.over(Rules::together(order.iter().map(|estate| estate.spec.rolling)));
        let patience: Vec<Duration> =
            order.iter().map(|estate| wish.patience.unwrap_or_else(|| patience(estate))).collect();
        let (tell, told) = mpsc::channel(2 * targets.len() + 1);
        let ear = Arc::new(Notify::new());
        let roll = Roll {
            bridge: self.clone(),
            cause: Cause::Asked(act::asked()),
            alone,
            members: order.iter().zip(&patience).map(Member::new).collect(),
            machine: Rolling::new(rules, patience),
            answers: FuturesUnordered::new(),
            tell,
            _watch: self.shared().nudges.hear(targets.iter().cloned().map(Target::Process), &ear),
            ear,
            _claim: claim,
        };
        roll.announce(rules);
        tokio::spawn(caller::carried(roll.run()));
        Ok(Begun { targets, told })
    }
}

/// As long as a process may take by its configuration to end, and to be ready again.
fn patience(estate: &Estate) -> Duration {
    let (policy, health) = (&estate.policy, &estate.spec.health);
    let ready = match &health.ready {
        Check::Startsecs => Duration::ZERO,
        // it may take for ever
        _ if health.ready_timeout.is_zero() => Duration::MAX,
        _ => health.ready_timeout,
    };
    let start = policy.startsecs.max(ready);
    policy.stop_time().saturating_add(start).saturating_add(MARGIN)
}

/// Processes that no other rolling restart may have, until this is dropped.
struct Claim {
    all: Claimed,
    mine: Vec<Namespec>,
}

impl Claim {
    fn on(all: &Claimed, mine: &[Namespec]) -> Result<Self, Fault> {
        let mut claimed = lock(all);
        if let Some(other) = mine.iter().find(|namespec| claimed.contains(*namespec)) {
            return Err(Fault::Failed(format!(
                "{other} is part of a rolling restart that is under way; wait for its end, or end it"
            )));
        }
        claimed.extend(mine.iter().cloned());
        Ok(Self { all: Arc::clone(all), mine: mine.to_vec() })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claimed = lock(&self.all);
        claimed.retain(|namespec| !self.mine.contains(namespec));
    }
}

/// One process of the restart.
struct Member {
    namespec: Namespec,
    /// Whether it was up when the restart began.
    was_up: bool,
    patience: Duration,
    /// The spawn it was at when it was told to restart.
    before: u64,
    heard: Heard,
    stopped: bool,
    /// How often the command was lost.
    lost: u8,
}

impl Member {
    fn new((estate, patience): (&Arc<Estate>, &Duration)) -> Self {
        Self {
            namespec: estate.namespec.clone(),
            was_up: estate.record().machine.name().is_running(),
            patience: *patience,
            before: 0,
            heard: Heard::Nothing,
            stopped: false,
            lost: 0,
        }
    }

    fn not_ready(&self, why: impl Into<String>) -> Fault {
        Fault::NotReady { namespec: self.namespec.clone(), why: why.into() }
    }

    fn not_restarted(&self, why: impl Into<String>) -> Fault {
        Fault::NotRestarted { namespec: self.namespec.clone(), why: why.into() }
    }
}

fn seen(estate: &Estate) -> Seen {
    let is_ready = estate.is_ready();
    let record = estate.record();
    Seen::of(&record.machine.state(), record.incarnation, is_ready)
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
            if self.bridge.shared().arena.mood() != Mood::Running {
                self.machine.end("the daemon is stopping");
            }
            if self.tell.is_closed() {
                self.machine.end("whoever asked for the restart has gone");
            }
            self.look().await;
            let now = clock::now();
            for at in self.machine.late(now) {
                let member = &self.members[at];
                let why = format!("not ready after {}", Shown(member.patience));
                self.tell(at, Err(member.not_ready(why)));
            }
            let batch = self.machine.take(now);
            for at in &batch {
                self.restart(*at, now).await;
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

    /// The turn of one has come.
    async fn restart(&mut self, at: usize, now: Instant) {
        let Some(estate) = self.estate(at) else {
            return self.fail(at, Fault::ProcessNotFound(self.members[at].namespec.to_string()));
        };
        let seen = seen(&estate);
        let member = &mut self.members[at];
        if member.was_up && seen.state == ProcessState::Stopped {
            // a stop wins
            let fault = member.not_restarted("it was stopped meanwhile");
            self.machine.spare(at, now);
            return self.tell(at, Err(fault));
        }
        (member.before, member.stopped) = (seen.incarnation, seen.state.is_running());
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
                let command = Do { verb, wait, cause, alone: self.alone, reply };
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
                Place::Queued | Place::Failed | Place::Spared => {}
            }
        }
    }

    async fn look_at(&mut self, at: usize) {
        let Some(estate) = self.estate(at) else {
            return self.fail(at, Fault::ProcessNotFound(self.members[at].namespec.to_string()));
        };
        let member = &mut self.members[at];
        match progress(member.before, seen(&estate), member.heard) {
            Progress::UnderWay => {}
            Progress::Ready => {
                self.machine.ready(at, clock::now());
                self.tell(at, Ok(()));
            }
            Progress::Fell => {
                let fault = member.not_ready("it ended before it was ready");
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

    /// One that was ready may not be any more. Where somebody stopped it, that is no failure.
    fn look_again_at(&mut self, at: usize) {
        let Some(estate) = self.estate(at) else { return };
        let seen = seen(&estate);
        let is_stopped = matches!(seen.state, ProcessState::Stopping | ProcessState::Stopped);
        let is_another = seen.incarnation != self.members[at].before + 1;
        if !is_stopped && (is_another || !seen.is_ready) {
            let fault = self.members[at].not_ready("it was ready, and did not stay so");
            self.fail(at, fault);
        }
    }

    fn fail(&mut self, at: usize, fault: Fault) {
        let counts = matches!(self.machine.places()[at], Place::UnderWay { .. } | Place::Ready);
        self.machine.failed(at, clock::now());
        if counts {
            self.tell(at, Err(fault));
        }
    }

    fn tell(&self, at: usize, result: Result<(), Fault>) {
        let Member { namespec, stopped, .. } = &self.members[at];
        if let Err(fault) = &result {
            warn!(self.bridge.shared().log, "rolling restart: {fault}");
        }
        // there is room for two of each; whoever does not listen any more has gone
        let _ = self.tell.try_send(Told { namespec: namespec.clone(), stopped: *stopped, result });
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
            let Member { namespec, .. } = &self.members[at];
            let _ =
                self.tell.try_send(Told { namespec: namespec.clone(), stopped: false, result: Err(fault) });
        }
    }

    fn announce(&self, rules: Rules) {
        let Rules { batch, pause, abort_on } = rules;
        let count = self.members.len();
        info!(
            self.bridge.shared().log,
            "rolling restart of {count} processes: {batch} at a time, pause {}, aborted after {abort_on} failed",
            Shown(pause)
        );
    }
}
