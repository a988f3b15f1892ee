//! The Program: drives the lifecycle of one process.
//!
//! ```text
//!   Group ── Do, Halt, Write ──► Program ── Open, Attach, Drain ──► Rotator x 2
//!                                  │  ▲ process ended, deadline passed, pipe opened
//!                                  ▼  │
//!                 facts and requests ─► Machine ─► edges: log, event, effect (spawn, signal, kill)
//! ```
//!
//! It owns nothing that matters: machine, pid and pipes stand in the [`Estate`]; when it dies, its
//! successor finds the living process there and drives on; callers that wait are told so. It never waits in
//! a handler. One timer is armed to the machine's deadline; what an earlier process brings is dropped.
//!
//! Absent: other programs (the group's business), bytes (the rotators'), what comes next (the machine's).

mod adopt;
mod ending;
mod essential;
mod gate;
mod hooks;
mod journal;
pub(crate) mod launch;
mod listener;
mod order;
mod output;
mod probes;
mod process;
mod reload;
mod report;
mod socket;
mod stdin;
mod streams;
mod verbs;
mod vitals;
mod waiters;

pub use listener::{Flush, Replace};
pub use order::Take;
pub use streams::INTENSITY;

use crate::alarm::Alarm;
use crate::clock;
use crate::command::{Outcome, Reply, Verb, Wait};
use crate::estate::{Estate, Mood, Record};
use crate::nudge::Watch;
use crate::program::probes::Probes;
use crate::rotator::Crash;
use crate::shared::Shared;
use crate::supervision::children::{ChildInfo, Verdict};
use crate::supervision::link::{Bid, Down, Exit, Link, Round};
use actix::{Actor, ActorContext, Context, Handler, Message};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use streams::Streams;
use treeherd_domain::cause::Cause;
use treeherd_domain::drive::{self, Taken, would_start};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::fault::Fault;
use treeherd_domain::lifecycle::{Edge, Effect, Fact, Refusal, Request, State};
use treeherd_domain::name::Namespec;
use waiters::{For, Waiters};

/// Do this, and answer when it is done.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Do {
    /// What.
    pub verb: Verb,
    /// When it is done.
    pub wait: Wait,
    /// Why, and who asks.
    pub cause: Cause,
    /// Of a start or restart: whether it waits for nothing that it requires, and brings nothing of that up.
    pub alone: bool,
    /// Of a stop or start: the number of the restart of several that it is part of.
    pub part_of: Option<u64>,
    /// Of a stop: whether it has called off a start that was to come; noted on the way down.
    pub annuls: bool,
    /// Where the outcome goes.
    pub reply: Reply,
}

impl Do {
    /// This, of one process for itself.
    #[must_use]
    pub const fn new(verb: Verb, wait: Wait, cause: Cause, alone: bool, reply: Reply) -> Self {
        Self { verb, wait, cause, alone, part_of: None, annuls: false, reply }
    }
}

/// Bring these up: somebody who starts requires them, or their group was about to start them.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Summon {
    /// Which.
    pub namespecs: Vec<Namespec>,
    /// How: by a start, or by a restart of what is on its way down.
    pub verb: Verb,
    /// Why.
    pub cause: Cause,
    /// Told when each is spawned, or waits in its turn, or cannot be started.
    pub reply: Reply,
}

/// The daemon ends: be down, and stay so. Answers when it is.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Halt {
    /// Why, and who asks.
    pub cause: Cause,
    /// Where the end goes.
    pub reply: Reply,
}

/// Write to the standard input of the process.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), Fault>")]
pub struct Write {
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The process is configured differently: drive this estate from now on, which has the record of the one before.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Adopt(pub Arc<Estate>);

/// Reopen the log files.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Reopen;

/// End one of the actors at or below this one by a bug, on purpose.
#[derive(Message, Debug)]
#[rtype(result = "bool")]
pub struct Strike {
    /// Which: a path below the receiver; empty: the receiver.
    pub path: String,
    /// How.
    pub how: Crash,
}

/// Tell which actors are below.
#[derive(Message, Debug)]
#[rtype(result = "Vec<ChildInfo>")]
pub struct Inventory(pub Round);

/// The actor.
#[derive(Debug)]
pub struct Program {
    estate: Arc<Estate>,
    /// The estate to adopt when the process is down.
    heir: Option<Arc<Estate>>,
    shared: Arc<Shared>,
    streams: Streams,
    probes: Probes,
    alarm: Alarm,
    /// Rings when readiness, a heartbeat or the watchdog is due.
    pulse: Alarm,
    facts: VecDeque<(Fact, Cause)>,
    driving: bool,
    waiters: Waiters,
    reporting: bool,
    writing: bool,
    /// Told when what it requires changes.
    watch: Option<Watch>,
    /// Calls for what it requires that are not answered yet.
    summoning: usize,
    /// The process that ended last.
    buried_pid: i32,
    /// Whether losses of output events are about to be told.
    counting: bool,
    /// The spawn that is being prepared for: a hook is waited for.
    preparing: Option<u64>,
    /// Last, so that the parent hears of the end when all else is gone.
    link: Link,
}

impl Program {
    /// A program that drives this estate.
    #[must_use]
    pub fn new(estate: Arc<Estate>, shared: Arc<Shared>, context: &mut Context<Self>, link: Link) -> Self {
        let streams = Streams::new(&estate, &shared, context, &link);
        let waiters = Waiters::new(estate.namespec.clone());
        Self {
            estate,
            heir: None,
            shared,
            streams,
            probes: Probes::default(),
            alarm: Alarm::default(),
            pulse: Alarm::default(),
            facts: VecDeque::new(),
            driving: false,
            waiters,
            reporting: false,
            writing: false,
            watch: None,
            summoning: 0,
            buried_pid: 0,
            counting: false,
            preparing: None,
            link,
        }
    }

    /// Feeds a fact, and whatever it brings about, until nothing is due any more.
    fn occur(&mut self, fact: Fact, cause: Cause, context: &mut Context<Self>) {
        self.facts.push_back((fact, cause));
        self.drive(context);
    }

    fn drive(&mut self, context: &mut Context<Self>) {
        if self.driving {
            return; // an effect brought a fact: the loop that performed it takes it next
        }
        self.driving = true;
        loop {
            if let Some(Taken { edge, was_due, ended, cause }) = self.next() {
                if was_due {
                    report::due(&self.shared.log, &self.estate, &edge);
                }
                self.follow(&edge, ended, cause, context);
            } else if let Some(cause) = self.cleared_by(context) {
                self.facts.push_back((Fact::Cleared, cause));
            } else {
                break;
            }
        }
        self.driving = false;
        // mostly there is nothing for a long time then
        self.facts = VecDeque::new();
        self.greet();
        self.arm(context);
        self.come_into(context);
    }

    /// The transition that comes first. Once the daemon stops, or its group is removed, nothing starts by itself any
    /// more.
    fn next(&mut self) -> Option<Taken> {
        let state = self.estate.record().machine.state();
        let is_over = || self.shared.arena.mood() != Mood::Running || !self.is_active();
        let ends = (would_start(&state) && is_over())
            .then(|| self.shared.arena.cause_of_end().unwrap_or(Cause::Removed));
        let mut record = self.estate.record();
        record.begun |= ends.is_some();
        if ends.is_none() && record.disabled && would_start(&state) {
            let stop = record.machine.request(Request::Stop, clock::now(), &self.estate.policy);
            let cause = Cause::rule("disabled", "it is disabled");
            let taken = |edge| Taken { edge, was_due: false, ended: None, cause };
            return stop.ok().map(taken);
        }
        drive::next(&mut record.machine, &mut self.facts, clock::now(), &self.estate.policy, ends)
    }

    fn step<T>(
        &self,
        make: impl FnOnce(
            &mut treeherd_domain::lifecycle::Machine,
            Instant,
            &treeherd_domain::lifecycle::Policy,
        ) -> T,
    ) -> T {
        make(&mut self.estate.record().machine, clock::now(), &self.estate.policy)
    }

    /// Makes the transition that somebody asks for, after what was due.
    fn request(
        &mut self,
        request: Request,
        cause: Cause,
        context: &mut Context<Self>,
    ) -> Result<(), Refusal> {
        self.drive(context);
        let edge = self.ask(request)?;
        self.take_up(&edge, cause, context);
        Ok(())
    }

    /// What the machine and the gate make of a start, stop or restart; the edge is to be taken up. None: it waits
    /// already.
    fn ask_for(&self, request: Request, alone: bool) -> Result<Option<Edge>, Refusal> {
        let (now, mut record) = (clock::now(), self.estate.record());
        let Record { machine, gate, begun, .. } = &mut *record;
        let edge = drive::ask(request, alone, (machine, gate), now, &self.estate.policy)?;
        *begun = true;
        Ok(edge)
    }

    /// What the machine makes of a request; the edge is to be taken up.
    fn ask(&self, request: Request) -> Result<Edge, Refusal> {
        let edge = self.step(|machine, now, policy| machine.request(request, now, policy))?;
        self.estate.record().begun = true;
        Ok(edge)
    }

    /// Follows the edge of a request, and whatever it brings about.
    fn take_up(&mut self, edge: &Edge, cause: Cause, context: &mut Context<Self>) {
        self.driving = true;
        self.follow(edge, None, cause, context);
        self.driving = false;
        self.drive(context);
    }

    /// Does what a transition says: log, record, event, waiters, effect. `ended`: the end that brought it.
    fn follow(
        &mut self,
        edge: &Edge,
        ended: Option<ExitStatus>,
        cause: Cause,
        context: &mut Context<Self>,
    ) {
        if ended.is_some() && self.estate.spec.hooks.post_stop.is_some() {
            self.waiters.hold();
        }
        self.note(edge, ended);
        report::edge(&self.shared.log, &self.estate, edge, ended);
        if edge.is_change() {
            self.announce(edge, ended, cause);
            let spawnerr = self.estate.record().spawnerr.clone();
            let oneshot = self.estate.policy.oneshot;
            self.waiters.edge(edge, spawnerr.as_deref(), oneshot);
            self.nudge_pool();
        } else {
            self.announce_unseen(edge, ended, cause);
        }
        if edge.is_change() {
            self.tell_group(edge);
        }
        if edge.from != edge.to {
            self.shared.changed(&self.estate.namespec);
        }
        if ended.is_some() {
            self.leave_seat();
        }
        self.follow_vitals(edge, ended.is_some(), context);
        self.end_with(edge);
        self.follow_hooks(edge, ended, context);
        match edge.effect {
            Some(Effect::Spawn) => self.spawn(context),
            Some(Effect::PreStop) => self.run_pre_stop(context),
            Some(Effect::StopCommand) => self.run_stop_command(context),
            Some(Effect::Signal) => self.tell_to_end(edge.to, context),
            Some(Effect::Kill) => self.kill(context),
            None => {}
        }
    }

    /// Sets the alarm to the machine's deadline.
    fn arm(&mut self, context: &mut Context<Self>) {
        let deadline = self.estate.record().machine.state().deadline();
        self.alarm.set(deadline, context, |program| &mut program.alarm, Self::drive);
    }
}

impl Actor for Program {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let (state, process) = {
            let record = self.estate.record();
            (record.machine.state(), record.process.clone())
        };
        self.resume_hooks(context);
        match process {
            Some(process) => {
                self.watch(process, context);
                self.start_probes(context);
            }
            // the predecessor ended between the decision to spawn and the spawn
            None if matches!(state, State::Starting { ready_at: None, .. }) => self.resume_spawn(context),
            None if matches!(state, State::Stopping { .. }) => {
                self.occur(Fact::SpawnFailed, Cause::unborn(), context);
            }
            None => {}
        }
        // what the rotators put there while there was no program, and what the predecessor had not written yet
        self.announce_output(context);
        self.write_what_waits(context);
        self.watch_required(context);
        if !self.autostart(context) {
            self.look(context);
        }
    }
}

impl Handler<Do> for Program {
    type Result = ();

    fn handle(&mut self, command: Do, context: &mut Self::Context) {
        let Do { verb, wait, cause, alone, part_of, annuls, reply } = command;
        match verb {
            Verb::Start if self.is_called_off(part_of) => reply.send(self.called_off()),
            Verb::Start => self.start(wait, alone, cause, reply, context),
            Verb::Stop => self.stop((wait, annuls), cause, reply, context),
            Verb::Restart => self.restart(wait, alone, cause, reply, context),
            Verb::Signal(signal) => {
                let result = self.send_signal(signal, &cause, context);
                reply.send(Outcome::new(self.estate.namespec.clone(), result));
            }
            Verb::Clear => self.clear(reply, context),
            Verb::Reload => self.reload(&cause, reply, context),
            Verb::Mark { disable } => {
                self.became(if disable { "disabled" } else { "enabled" }, disable, cause, None);
                self.drive(context);
                reply.send(Outcome::new(self.estate.namespec.clone(), Ok(())));
            }
        }
    }
}

impl Handler<Halt> for Program {
    type Result = ();

    fn handle(&mut self, Halt { cause, reply }: Halt, context: &mut Self::Context) {
        // a halt is never refused
        let _ = self.request(Request::Halt, cause, context);
        let is_down = self.estate.record().machine.state().is_settled_down();
        if is_down {
            // it goes on to the next one, and who ends everything waits for post_stop
            self.show_group();
        }
        if is_down && !self.waiters.are_held() {
            reply.send(Outcome::new(self.estate.namespec.clone(), Ok(())));
        } else {
            self.waiters.add(For::Down, reply);
        }
    }
}

impl Handler<Reopen> for Program {
    type Result = ();

    fn handle(&mut self, _: Reopen, context: &mut Self::Context) {
        self.reopen(context);
    }
}

impl Handler<Down> for Program {
    type Result = ();

    fn handle(&mut self, down: Down, context: &mut Self::Context) {
        match self.child_down(&down) {
            Verdict::Stale => {}
            Verdict::Noted => self.shared.report(self.link.path(), &down, "it stays down"),
            Verdict::Restarted(_) => {
                self.shared.report(self.link.path(), &down, "restarted, no output is lost");
            }
            Verdict::Escalate(reason) => {
                self.shared.report(self.link.path(), &down, "its program's actor gives up");
                self.link.ended(Exit::Exhausted(reason));
                context.stop();
            }
        }
    }
}

impl Handler<Bid> for Program {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}
