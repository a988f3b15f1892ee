//! Readiness and health of the process: what is seen goes into its [`Vitals`], what changes comes out as events, as a
//! wake-up of those who wait, and as facts for the lifecycle.
//!
//! ```text
//!   probes ── Seen ─► Vitals ─► Ready, Healthy, ... ─► log, event, Shared::changed
//!   transitions ────►   │  └──► Late ─► Fact::NotReady        Act ─► Fact::Unhealthy | a signal | nothing
//!   pulse (one alarm) ──┘
//! ```
//!
//! Nothing of this happens to a program without `ready=`, `health=` or `watchdog=`. Absent: asking (the probes).

use super::Program;
use crate::clock;
use crate::probe::{Due, Seen};
use crate::rotator::stream::{LineWatch, Matches};
use actix::{Context, Handler, MessageResult};
use slog::{info, warn};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;
use treeherd_domain::cause::Cause;
use treeherd_domain::drive::sign_of;
use treeherd_domain::event::EventKind;
use treeherd_domain::health::{
    Action, Ailment, Change, Check, Health, Pattern, Readiness, Side, Sign, Vitals,
};
use treeherd_domain::lifecycle::{Edge, Fact};
use treeherd_os::notify::NotifySocket;
use treeherd_os::process::{Process, Scope};
use treeherd_os::spawn::Launch;

impl Program {
    /// Gives a process that is about to be made what it needs to tell of itself.
    pub(super) fn equip(&self, launch: &mut Launch) -> std::io::Result<Option<NotifySocket>> {
        let spec = &self.estate.spec.health;
        if !spec.listens() {
            return Ok(None);
        }
        let socket = NotifySocket::bind()?;
        launch.overrides.push(("NOTIFY_SOCKET".to_owned(), socket.name().to_owned()));
        if let Some(span) = spec.watchdog {
            launch.overrides.push(("WATCHDOG_USEC".to_owned(), span.as_micros().to_string()));
            // one that the daemon was given itself would say that the watchdog is not for this process
            launch.overrides.retain(|(name, _)| name != "WATCHDOG_PID");
            if let Some(environment) = launch.environment.without("WATCHDOG_PID") {
                launch.environment = Arc::new(environment);
            }
        }
        Ok(Some(socket))
    }

    /// A new process: nothing is known of it yet. Before anything that it writes is read.
    pub(super) fn begin_vitals(&self, pid: i32, line: Option<OwnedFd>, socket: Option<NotifySocket>) {
        let spec = &self.estate.spec.health;
        let matches = self.watch_lines(pid);
        let mut record = self.estate.record();
        record.vitals = if spec.is_plain() { Vitals::default() } else { Vitals::begin(spec, clock::now()) };
        record.told = crate::estate::Told { line: line.map(Arc::new), socket, matches };
        record.ailment = None;
    }

    fn watch_lines(&self, pid: i32) -> Option<Arc<Matches>> {
        let spec = &self.estate.spec.health;
        let checks = [(Side::Ready, Some(&spec.ready)), (Side::Health, spec.health.as_ref())];
        let pattern = |(side, check): (Side, Option<&Check>)| match check {
            Some(Check::Log(pattern)) => Some((side, pattern.clone())),
            _ => None,
        };
        let patterns: Vec<(Side, Pattern)> = checks.into_iter().filter_map(pattern).collect();
        let matches = (!patterns.is_empty()).then(Arc::<Matches>::default);
        for stream in self.estate.streams() {
            let watch = |matches| LineWatch::new(pid, patterns.clone(), matches);
            stream.watch_lines(matches.clone().map(watch));
        }
        matches
    }

    /// Sees what a transition means for readiness and health.
    pub(super) fn follow_vitals(&mut self, edge: &Edge, ended: bool, context: &mut Context<Self>) {
        if self.estate.record().vitals.is_plain() {
            return;
        }
        let Some(sign) = sign_of(edge, ended) else { return };
        if sign != Sign::Running {
            self.probes.end();
        }
        if ended {
            self.estate.record().told = crate::estate::Told::default();
            self.estate.streams().for_each(|stream| stream.watch_lines(None));
        }
        self.see(sign, context);
    }

    /// Takes in what was seen, and does what follows.
    pub(super) fn see(&mut self, sign: Sign, context: &mut Context<Self>) {
        let changes = self.estate.record().vitals.occur(sign, clock::now(), &self.estate.spec.health);
        self.take_changes(changes, context);
        self.beat(context);
    }

    /// Does what is due, and sets the alarm to what is due next.
    pub(super) fn beat(&mut self, context: &mut Context<Self>) {
        loop {
            let now = clock::now();
            let changes = {
                let vitals = &mut self.estate.record().vitals;
                if vitals.deadline().is_none_or(|at| at > now) {
                    break;
                }
                vitals.due(now, &self.estate.spec.health)
            };
            self.take_changes(changes, context);
        }
        let deadline = self.estate.record().vitals.deadline();
        self.pulse.set(deadline, context, |program| &mut program.pulse, Self::beat);
    }

    fn take_changes(&mut self, changes: Vec<Change>, context: &mut Context<Self>) {
        for change in changes {
            match change {
                Change::Ready => {
                    info!(self.shared.log, "{} is ready", self.estate.namespec);
                    self.tell_readiness(Readiness::Ready, String::new());
                    self.start_probes(context);
                    self.greet();
                }
                Change::NotReady(reason) => self.tell_readiness(Readiness::NotReady, reason),
                Change::Healthy => {
                    info!(self.shared.log, "{} is healthy", self.estate.namespec);
                    self.tell_health(Health::Healthy, String::new());
                }
                Change::Unhealthy(reason) => {
                    warn!(self.shared.log, "{} is unhealthy: {reason}", self.estate.namespec);
                    self.tell_health(Health::Unhealthy, reason);
                }
                Change::Late(reason) => {
                    warn!(self.shared.log, "{} is {reason}; it is stopped", self.estate.namespec);
                    self.estate.record().ailment = Some(reason.as_str().into());
                    self.occur(Fact::NotReady, Cause::rule("ready_timeout", reason), context);
                }
                Change::Act(ailment, reason) => self.act(ailment, reason, context),
            }
        }
    }

    fn tell_readiness(&self, readiness: Readiness, reason: String) {
        let (namespec, (pid, incarnation)) = (self.estate.namespec.clone(), self.which());
        let text = if readiness.is_ready() { "its check for readiness passed" } else { &*reason };
        let cause = Cause::rule("ready", text);
        let kind = EventKind::ProcessReadiness { namespec, readiness, reason, pid, incarnation };
        self.tell_change(kind, readiness.as_str(), !readiness.is_ready(), cause);
    }

    fn tell_health(&self, health: Health, reason: String) {
        let (namespec, (pid, incarnation)) = (self.estate.namespec.clone(), self.which());
        let text = if health.is_unhealthy() { &*reason } else { "its check for health passed" };
        let cause = Cause::rule("health", text);
        let kind = EventKind::ProcessHealth { namespec, health, reason, pid, incarnation };
        self.tell_change(kind, health.as_str(), health.is_unhealthy(), cause);
    }

    fn tell_change(&self, kind: EventKind, what: &'static str, is_bad: bool, cause: Cause) {
        let seq = self.shared.announce(kind);
        self.record_change(seq, what, is_bad, cause.into(), None);
        self.shared.changed(&self.estate.namespec);
    }

    fn which(&self) -> (i32, u64) {
        let record = self.estate.record();
        (record.process.as_ref().map_or(self.buried_pid, Process::pid), record.incarnation)
    }

    /// Carries `health_action` out.
    fn act(&mut self, ailment: Ailment, reason: String, context: &mut Context<Self>) {
        let kind = match ailment {
            Ailment::Health => "health",
            Ailment::Watchdog => "watchdog",
        };
        let name = self.estate.namespec.clone();
        match self.estate.spec.health.health_action {
            Action::None => {}
            Action::Restart => {
                warn!(self.shared.log, "{name} is stopped, for it is unhealthy ({kind}: {reason})");
                self.estate.record().ailment = Some(format!("unhealthy: {reason}").into());
                self.occur(Fact::Unhealthy, Cause::rule(kind, format!("unhealthy: {reason}")), context);
            }
            Action::Signal(signal) => {
                let process = self.estate.record().process.clone();
                let Some(process) = process else { return };
                info!(self.shared.log, "sending {name} {signal}, for it is unhealthy ({kind}: {reason})");
                // one that is gone has ended, which is told anyway
                match process.signal(signal, Scope::Process) {
                    Ok(()) => self.note_signal(signal, Cause::rule(kind, format!("unhealthy: {reason}"))),
                    Err(error) => warn!(self.shared.log, "{name}: {error}"),
                }
            }
        }
    }

    /// When the next question of a side is due, of this very process.
    fn next_question(&self, side: Side, incarnation: u64) -> Option<Instant> {
        let record = self.estate.record();
        if record.incarnation == incarnation { record.vitals.next(side) } else { None }
    }
}

impl Handler<Due> for Program {
    type Result = MessageResult<Due>;

    fn handle(&mut self, Due { side, incarnation }: Due, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.next_question(side, incarnation))
    }
}

impl Handler<Seen> for Program {
    type Result = MessageResult<Seen>;

    fn handle(
        &mut self,
        Seen { sign, side, incarnation }: Seen,
        context: &mut Self::Context,
    ) -> Self::Result {
        let is_it = {
            let record = self.estate.record();
            record.incarnation == incarnation && record.process.is_some()
        };
        if !is_it {
            return MessageResult(None); // late news of a process that is gone
        }
        self.see(sign, context);
        MessageResult(self.next_question(side, incarnation))
    }
}
