//! Readiness and health of the processes: who asks gets the answer that the script gives.

use super::engine::Engine;
use super::report::What;
use super::script::Ready;
use super::stage::Player;
use crate::cause::Cause;
use crate::health::{Action, Ailment, Change, Check, Health, Notice, Side, Sign};
use crate::lifecycle::Fact;
use std::time::Instant;

impl Player {
    /// Whether the process does its work, by the script.
    fn is_sound(&self, now: Instant) -> bool {
        let Some(body) = self.body else { return false };
        self.is_well.unwrap_or_else(|| match self.behaviour.sick {
            None => true,
            Some((from, span)) => {
                let age = now.saturating_duration_since(body.born);
                age < from || span.is_some_and(|span| age >= from.saturating_add(span))
            }
        })
    }

    /// Whether it can be used, by the script.
    fn is_up(&self, now: Instant) -> bool {
        match (self.body, self.behaviour.ready) {
            (Some(body), _) if body.is_ready => true,
            (Some(body), Ready::After(span)) => now.saturating_duration_since(body.born) >= span,
            (None, _) | (_, Ready::Never) => false,
        }
    }

    /// When its vitals must be looked at.
    fn check_at(&self) -> Option<Instant> {
        let asked = Side::BOTH.into_iter().filter_map(|side| self.vitals.next(side));
        asked.chain(self.vitals.deadline()).min()
    }

    /// Whether the next check goes as the one before, and nothing follows from it.
    fn is_quiet(&self, now: Instant) -> bool {
        let is_told_only = self.spec.health.health_action == Action::None;
        match (self.vitals.readiness().is_ready(), self.is_sound(now), self.vitals.health()) {
            (false, _, _) => {
                let may_be =
                    self.behaviour.ready != Ready::Never || self.body.is_some_and(|body| body.is_ready);
                !may_be && self.vitals.deadline().is_none()
            }
            (true, true, Health::Healthy) => true,
            (true, false, Health::Unhealthy) => is_told_only,
            (true, _, _) => false,
        }
    }
}

impl Engine {
    /// When the next check is due that may bring news, and when any other.
    pub(super) fn checks(&self) -> (Option<Instant>, Option<Instant>) {
        let (mut loud, mut quiet): (Option<Instant>, Option<Instant>) = (None, None);
        for player in &self.stage.players {
            let Some(at) = player.check_at() else { continue };
            let soonest = if player.is_quiet(self.now) { &mut quiet } else { &mut loud };
            *soonest = Some(soonest.map_or(at, |other| other.min(at)));
        }
        (loud, quiet)
    }

    /// Whose check is due.
    pub(super) fn check_due(&self) -> Option<usize> {
        self.stage.players.iter().position(|player| player.check_at().is_some_and(|at| at <= self.now))
    }

    /// Does the check that is due.
    pub(super) fn check(&mut self, at: usize) {
        self.step();
        let now = self.now;
        let player = &mut self.stage.players[at];
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(player.vitals.deadline()) {
            // whoever has to say something says it in the last moment
            if player.vitals.readiness().is_ready() && player.is_sound(now) {
                return self.feed(at);
            }
            let spec = &player.spec;
            let changes = player.vitals.due(now, &spec.health);
            return self.become_(at, changes);
        }
        let Some(side) = Side::BOTH.into_iter().find(|side| is_due(player.vitals.next(*side))) else {
            return;
        };
        player.vitals.asked(side);
        let passes = match side {
            Side::Ready => player.is_up(now),
            Side::Health => player.is_sound(now),
        };
        let subject = player.vitals.check(side).map(Check::subject).unwrap_or_default();
        let sign = if passes {
            Sign::Passed(side)
        } else {
            Sign::Failed(side, format!("{subject}: no, by the script"))
        };
        self.sign(at, sign);
    }

    /// It says that it lives, by all ways that it has.
    fn feed(&mut self, at: usize) {
        let by_fd = matches!(self.stage.players[at].vitals.check(Side::Health), Some(Check::Fd(_)));
        let by_log = matches!(self.stage.players[at].vitals.check(Side::Health), Some(Check::Log(_)));
        self.sign(at, Sign::Notice(Notice::Watchdog));
        if by_fd {
            self.sign(at, Sign::Line);
        }
        if by_log {
            self.sign(at, Sign::Passed(Side::Health));
        }
    }

    /// Takes in what is seen of a process.
    pub(super) fn sign(&mut self, at: usize, sign: Sign) {
        let player = &mut self.stage.players[at];
        let changes = player.vitals.occur(sign, self.now, &player.spec.health);
        self.become_(at, changes);
    }

    fn become_(&mut self, at: usize, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Ready => {
                    self.note_ready(at);
                    self.became(at, "ready", "");
                    self.greet(at);
                }
                Change::NotReady(why) => self.became(at, "not ready", &why),
                Change::Healthy => self.became(at, "healthy", ""),
                Change::Unhealthy(why) => self.became(at, "unhealthy", &why),
                Change::Late(why) => self.occur(at, Fact::NotReady, Cause::rule("ready_timeout", why)),
                Change::Act(ailment, why) => self.act(at, ailment, why),
            }
        }
    }

    /// Something beside the state is different. What goes without saying is not told.
    fn became(&mut self, at: usize, what: &'static str, why: &str) {
        let player = &self.stage.players[at];
        let says_itself = player.vitals.is_ready_by_startsecs() && matches!(what, "ready" | "not ready");
        if !says_itself && (player.body.is_some() || what != "not ready") {
            self.tell(at, What::Became(what), why, "health");
        }
        self.changed(at);
    }

    fn act(&mut self, at: usize, ailment: Ailment, why: String) {
        let kind = match ailment {
            Ailment::Health => "health",
            Ailment::Watchdog => "watchdog",
        };
        match self.stage.players[at].spec.health.health_action {
            Action::Restart => self.occur(at, Fact::Unhealthy, Cause::rule(kind, why)),
            Action::Signal(signal) => {
                let obeys = self.feels(at, signal, false);
                self.tell(at, What::Signal(signal.to_string(), obeys), &why, kind);
            }
            Action::None => {}
        }
    }
}
