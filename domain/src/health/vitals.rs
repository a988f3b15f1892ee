//! Readiness and health of one incarnation of a process, as a value that is told what was seen and when.
//!
//! ```text
//!   begin ──► seeking readiness ── Ready ──► watched ── Stopping ──► at rest
//!               │ ready_by passed              │ health_failures in a row, or watchdog_by passed
//!               ▼                              ▼
//!             Late                           Act (health_action), as often as it fails so
//! ```
//!
//! It asks nothing itself: [`next`](Vitals::next) says when a question is due, and whoever asked tells the answer. A
//! moment that must be looked at is [`deadline`](Vitals::deadline). What was configured as kind of check at the start
//! holds until the end of the process; intervals, thresholds and the action are those of the configuration now.
//! Deliberately absent: states of the lifecycle, which a late or unhealthy process changes only through its machine.

use super::check::Check;
use super::notice::Notice;
use super::spec::HealthSpec;
use super::tally::{Tally, Thresholds};
use super::{Condition, Health, Readiness};
use crate::duration::Shown;
use crate::seldom::Seldom;
use std::time::{Duration, Instant};

/// Which of the two questions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// `ready=`.
    Ready,
    /// `health=`.
    Health,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Ready, Self::Health];

    /// The key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Health => "health",
        }
    }
}

/// What was seen of a process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sign {
    /// It is up for `startsecs`.
    Running,
    /// A question was answered well, or a line of its output matched.
    Passed(Side),
    /// A question was answered badly, or not in time.
    Failed(Side, String),
    /// It wrote a line to its descriptor.
    Line,
    /// It closed its descriptor.
    Closed,
    /// It said something to its `NOTIFY_SOCKET`.
    Notice(Notice),
    /// It is told to end.
    Stopping,
    /// It has ended.
    Ended,
}

/// Why something is to be done about an unhealthy process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ailment {
    /// Its health check failed.
    Health,
    /// Its watchdog was not fed.
    Watchdog,
}

/// What became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// It can be used.
    Ready,
    /// It cannot be used any more, and why.
    NotReady(String),
    /// It does its work.
    Healthy,
    /// It does not do its work, and why.
    Unhealthy(String),
    /// It was not ready in time, and why not: its start has failed.
    Late(String),
    /// `health_action` is to be carried out.
    Act(Ailment, String),
}

/// Readiness and health of a process. The default is that of one that nothing is asked about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Vitals {
    ready: Seldom<Check>,
    health: Option<Box<Check>>,
    watchdog: Option<Duration>,
    is_watched: bool,
    readiness: Readiness,
    ready_by: Option<Instant>,
    ready_next: Option<Instant>,
    ready_reason: Option<Box<str>>,
    tally: Tally,
    /// Of a check that is asked: the next question. Of one that is told: by when it must have been told.
    health_next: Option<Instant>,
    watchdog_by: Option<Instant>,
    /// Whether the watchdog was fed, at last.
    fed: Option<bool>,
    status: Option<Box<str>>,
}

impl Vitals {
    /// Those of a process that was spawned just now.
    #[must_use]
    pub fn begin(spec: &HealthSpec, now: Instant) -> Self {
        let sought = spec.ready != Check::Startsecs;
        let limit = spec.ready_timeout;
        Self {
            ready: spec.ready.clone().into(),
            health: spec.health.clone().map(Box::new),
            watchdog: spec.watchdog,
            is_watched: true,
            ready_by: (sought && !limit.is_zero()).then(|| now + limit),
            ready_next: spec.ready.is_asked().then_some(now),
            ..Self::default()
        }
    }

    /// Whether it can be used. With `ready=startsecs` that is for the lifecycle to say.
    #[must_use]
    pub const fn readiness(&self) -> Readiness {
        self.readiness
    }

    /// Whether readiness is RUNNING, and nothing else.
    #[must_use]
    pub fn is_ready_by_startsecs(&self) -> bool {
        *self.ready == Check::Startsecs
    }

    /// Whether nothing is asked or listened for.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.is_ready_by_startsecs() && self.health.is_none() && self.watchdog.is_none()
    }

    /// Whether anything is still asked or listened for: not any more once it is on its way out.
    #[must_use]
    pub const fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Whether it does its work.
    #[must_use]
    pub fn health(&self) -> Health {
        match (self.fed, self.tally.health()) {
            (Some(false), _) => Health::Unhealthy,
            (Some(true), Health::Unknown) => Health::Healthy,
            (_, health) => health,
        }
    }

    /// Why it is not ready, or not healthy, or why the last question failed; `None` if there is nothing to say.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        if self.fed == Some(false) {
            return Some(self.hungry());
        }
        let own = if self.readiness.is_ready() { None } else { self.ready_reason.as_deref() };
        own.or_else(|| self.tally.reason()).map(str::to_owned)
    }

    /// What it said of itself (`STATUS=`).
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// What is to be shown of it, of a process in a lifecycle that says whether it is RUNNING.
    #[must_use]
    pub fn condition(&self, is_running: bool) -> Condition {
        let readiness = match (self.is_ready_by_startsecs(), is_running) {
            (true, true) => Readiness::Ready,
            (true, false) => Readiness::NotReady,
            (false, _) => self.readiness,
        };
        Condition {
            is_watched: !self.is_plain(),
            readiness,
            health: self.health(),
            reason: self.reason().filter(|_| !self.is_plain()).unwrap_or_default(),
            status: self.status.as_deref().unwrap_or_default().to_owned(),
        }
    }

    /// The check of a side, as at its start.
    #[must_use]
    pub fn check(&self, side: Side) -> Option<&Check> {
        match side {
            Side::Ready => Some(&self.ready),
            Side::Health => self.health.as_deref(),
        }
    }

    /// When the next question of a side is to be asked; `None` while there is none, or it is being asked.
    #[must_use]
    pub fn next(&self, side: Side) -> Option<Instant> {
        let next = match side {
            Side::Ready => self.ready_next,
            Side::Health => self.health_next,
        };
        next.filter(|_| self.check(side).is_some_and(Check::is_asked))
    }

    /// A question is being asked from now on.
    pub fn asked(&mut self, side: Side) {
        match side {
            Side::Ready => self.ready_next = None,
            Side::Health => self.health_next = None,
        }
    }

    /// Whoever asked is gone, and the answer with it: the question is due now, if one was out.
    pub fn ask_again(&mut self, side: Side, now: Instant) {
        let is_asked = self.is_watched && self.check(side).is_some_and(Check::is_asked);
        match side {
            Side::Ready if is_asked && !self.readiness.is_ready() && self.ready_next.is_none() => {
                self.ready_next = Some(now);
            }
            Side::Health if is_asked && self.readiness.is_ready() && self.health_next.is_none() => {
                self.health_next = Some(now);
            }
            Side::Ready | Side::Health => {}
        }
    }

    /// When it must be looked at again by [`due`](Self::due).
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let told = self.health_next.filter(|_| self.is_told());
        [self.ready_by, told, self.watchdog_by].into_iter().flatten().min()
    }

    /// Takes in what was seen.
    pub fn occur(&mut self, sign: Sign, now: Instant, spec: &HealthSpec) -> Vec<Change> {
        self.compared(|vitals| vitals.take(sign, now, spec))
    }

    /// Does what is due. To be called until it gives nothing.
    pub fn due(&mut self, now: Instant, spec: &HealthSpec) -> Vec<Change> {
        let is_due = |at: &Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(&self.ready_by) {
            let reason = format!("not ready within {}: {}", Shown(spec.ready_timeout), self.missing());
            return self.give_up(reason);
        }
        if is_due(&self.watchdog_by) {
            return self.compared(|vitals| vitals.hunger(now, spec));
        }
        if self.is_told() && is_due(&self.health_next) {
            let span = Shown(spec.health_interval);
            let reason = match &self.health {
                Some(check) => format!("nothing from {} within {span}", check.subject()),
                None => String::new(),
            };
            let sign = Sign::Failed(Side::Health, reason);
            return self.occur(sign, now, spec);
        }
        Vec::new()
    }
}

impl Vitals {
    /// Whether health is something that the process tells by itself.
    fn is_told(&self) -> bool {
        self.health.as_deref().is_some_and(|check| !check.is_asked() && *check != Check::Startsecs)
    }

    /// What changed, beside what is to be done.
    fn compared(&mut self, act: impl FnOnce(&mut Self) -> Option<Change>) -> Vec<Change> {
        let before = (self.readiness, self.health());
        let act = act(self);
        let after = (self.readiness, self.health());
        let reason = || self.reason().unwrap_or_default();
        let mut changes = Vec::new();
        match (before.0, after.0) {
            (Readiness::NotReady, Readiness::Ready) => changes.push(Change::Ready),
            (Readiness::Ready, Readiness::NotReady) => {
                changes.push(Change::NotReady(self.ready_reason.as_deref().unwrap_or_default().to_owned()));
            }
            (Readiness::NotReady, Readiness::NotReady) | (Readiness::Ready, Readiness::Ready) => {}
        }
        match after.1 {
            health if health == before.1 => {}
            Health::Healthy => changes.push(Change::Healthy),
            Health::Unhealthy => changes.push(Change::Unhealthy(reason())),
            Health::Unknown => {}
        }
        changes.extend(act);
        changes
    }

    fn take(&mut self, sign: Sign, now: Instant, spec: &HealthSpec) -> Option<Change> {
        if sign == Sign::Ended {
            self.rest("it has ended");
            (self.tally, self.fed, self.status) = (Tally::default(), None, None);
        }
        if !self.is_watched {
            return None; // late news of a process that is on its way out
        }
        match sign {
            Sign::Running => {
                if *self.ready == Check::Startsecs {
                    self.become_ready(now, spec);
                }
                if self.health.as_deref() == Some(&Check::Startsecs) {
                    self.tally.pass(thresholds(spec));
                }
            }
            Sign::Passed(Side::Ready) => self.become_ready(now, spec),
            Sign::Passed(Side::Health) => self.pass(now, spec),
            Sign::Failed(Side::Ready, _) if self.readiness.is_ready() => {}
            Sign::Failed(Side::Ready, reason) => {
                self.ready_reason = Some(reason.into());
                self.ready_next = Some(now + spec.ready_interval);
            }
            Sign::Failed(Side::Health, reason) => return self.fail(&reason, now, spec),
            Sign::Line => self.line(now, spec),
            Sign::Closed => return self.closed(),
            Sign::Notice(notice) => return self.hear(notice, now, spec),
            Sign::Stopping => self.rest("it is being stopped"),
            Sign::Ended => {}
        }
        None
    }

    fn become_ready(&mut self, now: Instant, spec: &HealthSpec) {
        if self.readiness.is_ready() {
            return;
        }
        self.readiness = Readiness::Ready;
        (self.ready_by, self.ready_next, self.ready_reason) = (None, None, None);
        let first = now + spec.health_delay;
        self.health_next = match self.health.as_deref() {
            None | Some(Check::Startsecs) => None,
            Some(check) if check.is_asked() => Some(first),
            Some(_) => Some(first + spec.health_interval),
        };
        self.watchdog_by = self.watchdog.map(|span| now + span);
    }

    fn pass(&mut self, now: Instant, spec: &HealthSpec) {
        if self.readiness.is_ready() {
            self.tally.pass(thresholds(spec));
            self.health_next = Some(now + spec.health_interval);
        }
    }

    fn fail(&mut self, reason: &str, now: Instant, spec: &HealthSpec) -> Option<Change> {
        if !self.readiness.is_ready() {
            return None;
        }
        self.health_next = Some(now + spec.health_interval);
        let is_full = self.tally.fail(reason, thresholds(spec));
        is_full.then(|| Change::Act(Ailment::Health, reason.to_owned()))
    }

    fn line(&mut self, now: Instant, spec: &HealthSpec) {
        match (&*self.ready, self.health.as_deref()) {
            (Check::Fd(_), _) if !self.readiness.is_ready() => self.become_ready(now, spec),
            (_, Some(Check::Fd(_))) => self.pass(now, spec),
            _ => {}
        }
    }

    /// The descriptor is closed. A process that is not ready by then can never be.
    fn closed(&mut self) -> Option<Change> {
        let Check::Fd(fd) = *self.ready else { return None };
        if self.readiness.is_ready() {
            return None;
        }
        let reason = format!("not ready: it closed fd {fd} without writing a line");
        self.give_up(reason).pop()
    }

    fn hear(&mut self, notice: Notice, now: Instant, spec: &HealthSpec) -> Option<Change> {
        match notice {
            Notice::Ready if *self.ready == Check::Notify => self.become_ready(now, spec),
            Notice::Ready | Notice::Reloading | Notice::MainPid(_) | Notice::Odd(_) => {}
            Notice::Stopping => self.rest("it says that it stops"),
            Notice::Status(text) => self.status = (!text.is_empty()).then(|| text.into()),
            Notice::Watchdog => {
                if self.readiness.is_ready()
                    && let Some(span) = self.watchdog
                {
                    (self.fed, self.watchdog_by) = (Some(true), Some(now + span));
                }
                if self.health.as_deref() == Some(&Check::Notify) {
                    self.pass(now, spec);
                }
            }
            Notice::Trigger if self.watchdog.is_some() => return self.hunger(now, spec),
            Notice::Trigger => {}
            Notice::WatchdogTime(span) => {
                self.watchdog =
                    Some(span).filter(|span| !span.is_zero() && *span <= crate::duration::LONGEST);
                let armed = self.watchdog.filter(|_| self.readiness.is_ready());
                self.watchdog_by = armed.map(|span| now + span);
                // who speaks lives
                self.fed = self.fed.map(|_| true);
            }
            Notice::Extend(span) => {
                let until = now + span.min(crate::duration::LONGEST);
                self.ready_by = self.ready_by.map(|by| by.max(until));
            }
        }
        None
    }

    /// The watchdog was not fed.
    fn hunger(&mut self, now: Instant, spec: &HealthSpec) -> Option<Change> {
        self.fed = Some(false);
        // only told: no more of it until it is fed again
        let again = spec.health_action != super::Action::None;
        self.watchdog_by = self.watchdog.filter(|_| again).map(|span| now + span);
        Some(Change::Act(Ailment::Watchdog, self.hungry()))
    }

    fn hungry(&self) -> String {
        match self.watchdog {
            Some(span) => format!("no WATCHDOG=1 within {}", Shown(span)),
            None => "WATCHDOG=trigger".to_owned(),
        }
    }

    /// It never gets ready.
    fn give_up(&mut self, reason: String) -> Vec<Change> {
        self.rest(&reason);
        vec![Change::Late(reason)]
    }

    /// Nothing is asked or awaited any more. What was found out of its health stays, to be shown.
    fn rest(&mut self, reason: &str) {
        self.is_watched = false;
        self.readiness = Readiness::NotReady;
        self.ready_reason = Some(reason.into());
        (self.ready_by, self.ready_next, self.health_next, self.watchdog_by) = (None, None, None, None);
    }

    /// What it waited for in vain.
    fn missing(&self) -> String {
        let subject = self.ready.subject();
        match (&self.ready_reason, &*self.ready) {
            (Some(reason), _) => reason.to_string(),
            (None, Check::Notify) => "no READY=1 came".to_owned(),
            (None, Check::Fd(fd)) => format!("no line came on fd {fd}"),
            (None, Check::Log(pattern)) => format!("no line of its output matches {pattern}"),
            (None, Check::Startsecs | Check::Tcp(_) | Check::Http(_) | Check::Exec(_)) => {
                format!("{subject} gave no answer")
            }
        }
    }
}

const fn thresholds(spec: &HealthSpec) -> Thresholds {
    Thresholds { failures: spec.health_failures, successes: spec.health_successes }
}
