//! What the actor of a process does, without the actor: facts and requests go in, edges are followed.

use super::engine::{Engine, Mail};
use super::report::{Fallen, What, shown};
use crate::cause::{Cause, End, Verdict};
use crate::depend::gate::{relied_on, to_summon};
use crate::depend::{Look, OnLoss, UNHINDERED, end_fact, loss};
use crate::drive::{self, Taken, restart_is_start, sign_of, would_start};
use crate::exit::ExitStatus;
use crate::group::Wish;
use crate::health::Sign;
use crate::hook::Hook;
use crate::lifecycle::{Edge, Effect, Fact, Refusal, Request, State};
use crate::signal::Signal;
use crate::status::View;
use std::sync::Arc;

impl Engine {
    /// Feeds a fact, and whatever it brings about.
    pub(super) fn occur(&mut self, at: usize, fact: Fact, cause: Cause) {
        self.stage.players[at].facts.push_back((fact, cause));
        self.drive(at);
    }

    /// Makes every transition that is due or waits.
    pub(super) fn drive(&mut self, at: usize) {
        if std::mem::replace(&mut self.stage.players[at].driving, true) {
            return;
        }
        while self.step() {
            if let Some(taken) = self.next(at) {
                self.follow(at, &taken);
            } else if let Some(cause) = self.cleared_by(at) {
                self.stage.players[at].facts.push_back((Fact::Cleared, cause));
            } else {
                break;
            }
        }
        self.stage.players[at].driving = false;
    }

    fn next(&mut self, at: usize) -> Option<Taken> {
        let player = &mut self.stage.players[at];
        let ends = self.fall.as_ref().filter(|_| would_start(&player.machine.state()));
        let ends = ends.map(|fall| fall.cause.clone());
        player.begun |= ends.is_some();
        drive::next(&mut player.machine, &mut player.facts, self.now, &player.policy, ends)
    }

    /// Something asks for a transition, after what was due.
    pub(super) fn request(&mut self, at: usize, request: Request, cause: Cause) -> Result<(), Refusal> {
        self.drive(at);
        let player = &mut self.stage.players[at];
        let edge = player.machine.request(request, self.now, &player.policy)?;
        self.take_up(at, edge, cause);
        Ok(())
    }

    /// Somebody asks for a start, a stop or a restart. `wish`: what that is to its group, if it is taken.
    pub(super) fn command(
        &mut self,
        at: usize,
        request: Request,
        alone: bool,
        cause: Cause,
        wish: Option<Wish>,
    ) -> Result<(), Refusal> {
        self.drive(at);
        let player = &mut self.stage.players[at];
        let is_start = request == Request::Restart && restart_is_start(player.machine.name());
        let request = if is_start { Request::Start } else { request };
        let of = (&mut player.machine, &mut player.gate);
        let edge = drive::ask(request, alone, of, self.now, &player.policy)?;
        wish.into_iter().for_each(|wish| self.ask_group(at, wish));
        match edge {
            Some(edge) => self.take_up(at, edge, cause),
            None => self.drive(at),
        }
        Ok(())
    }

    fn take_up(&mut self, at: usize, edge: Edge, cause: Cause) {
        let player = &mut self.stage.players[at];
        (player.begun, player.driving) = (true, true);
        self.follow(at, &Taken { edge, was_due: false, ended: None, cause });
        self.stage.players[at].driving = false;
        self.drive(at);
    }

    /// Starts what starts by itself.
    pub(super) fn autostart(&mut self, at: usize) {
        if self.stage.players[at].spec.autostart {
            // what was never started is STOPPED, from where a start is not refused
            let _ = self.command(at, Request::Start, false, Cause::Autostart(None), None);
        }
    }

    /// The daemon ends: be down.
    pub(super) fn halt(&mut self, at: usize, cause: Cause) {
        // a halt is never refused
        let _ = self.request(at, Request::Halt, cause);
        if self.stage.players[at].machine.state().is_settled_down() {
            self.show_group(at);
        }
    }

    /// Does what a transition says.
    fn follow(&mut self, at: usize, Taken { edge, cause, ended, .. }: &Taken) {
        if cause.kind() == UNHINDERED && self.waited_for_nothing(at) {
            // the line of what led here tells
        } else if edge.is_change() || shown(&edge.from) != shown(&edge.to) {
            let what = What::State { from: shown(&edge.from), to: shown(&edge.to) };
            self.tell(at, what, &words(cause), cause.kind());
            self.note_fall(at, edge, cause);
        }
        self.feel(at, edge, ended.is_some());
        if edge.is_change() {
            self.tell_group(at, edge);
        }
        if edge.from != edge.to {
            self.changed(at);
        }
        self.greet(at);
        self.follow_hooks(at, edge, ended.is_some());
        match edge.effect {
            Some(Effect::Spawn) => self.spawn(at),
            Some(Effect::PreStop) => self.run_stop_hook(at, Hook::PreStop, cause),
            Some(Effect::StopCommand) => self.run_stop_hook(at, Hook::StopCommand, cause),
            Some(Effect::Signal) => {
                let signal = self.stage.players[at].spec.signal_of(&edge.to);
                self.signal(at, signal, "it is to end");
            }
            Some(Effect::Kill) => {
                let now = self.now;
                self.stage.players[at].killed.get_or_insert(now);
                self.signal(at, Signal::KILL, "it did not end in time");
            }
            None => {}
        }
    }

    /// It is started without a wait: so says the last line about its state.
    fn waited_for_nothing(&mut self, at: usize) -> bool {
        let who = self.stage.players[at].namespec.to_string();
        let mut lines = self.report.lines.iter_mut().rev().filter(|line| line.who.as_ref() == Some(&who));
        let state = lines.find_map(|line| match &mut line.what {
            What::State { to, .. } => Some(to),
            _ => None,
        });
        state.filter(|to| **to == "WAITING").map(|to| *to = "STARTING").is_some()
    }

    /// What a transition means for readiness and health.
    fn feel(&mut self, at: usize, edge: &Edge, has_ended: bool) {
        let player = &self.stage.players[at];
        let is_plain = player.vitals.is_plain();
        if View::of(&edge.to, player.policy.oneshot, Vec::new) == View::Completed {
            self.note_ready(at);
        }
        match sign_of(edge, has_ended) {
            Some(Sign::Running) if is_plain && self.stage.players[at].is_there() => self.note_ready(at),
            Some(sign) if !is_plain => self.sign(at, sign),
            _ => {}
        }
    }

    fn note_fall(&mut self, at: usize, edge: &Edge, cause: &Cause) {
        if let (State::Fatal { .. }, Cause::GaveUp { failed }) = (edge.to, cause) {
            let player = &self.stage.players[at];
            let why = format!("{failed} failed attempts, the last one: {}", player.last_end);
            let name = player.namespec.to_string();
            self.report.gave_up.push(Fallen { name, at: self.elapsed(), why });
        }
    }

    /// The process has ended.
    pub(super) fn ended(&mut self, at: usize, status: ExitStatus) {
        // a process that lived longer than startsecs had been RUNNING: that comes first
        self.drive(at);
        let cause = self.cause_of(at, status);
        self.stage.players[at].last_end = cause.to_string();
        self.stage.players[at].body = None;
        let state = self.stage.players[at].machine.state();
        let fact = end_fact(&state, status, || self.missing(at));
        self.occur(at, fact, cause);
    }

    fn cause_of(&self, at: usize, status: ExitStatus) -> Cause {
        let player = &self.stage.players[at];
        let verdict = Verdict::of(player.machine.state(), status, &player.policy);
        let since = |then| self.now.saturating_duration_since(then);
        Cause::Ended(Arc::new(End {
            status,
            verdict,
            lived: player.body.map(|body| since(body.born)),
            killed: player.killed.map(since),
            signalled: None,
        }))
    }

    /// Looks whether the wait is over, and by what.
    fn cleared_by(&mut self, at: usize) -> Option<Cause> {
        if !matches!(self.stage.players[at].machine.state(), State::Waiting { .. }) {
            return None;
        }
        let missing = self.missing(at);
        if !missing.is_empty() {
            self.summon(at);
        }
        match self.stage.players[at].gate.look(missing) {
            Look::Clear { kind, text, .. } => return Some(Cause::rule(kind, text)),
            Look::Waits { is_news, matters } => {
                if is_news {
                    let missing = &self.stage.players[at].gate.missing;
                    let all = missing.iter().map(ToString::to_string).collect();
                    self.tell(at, What::Waits(all), "", "requires");
                }
                if matters {
                    self.changed(at);
                    self.nudge_behind(at);
                }
            }
        }
        None
    }

    /// Brings up what it requires and is down, once for each time that somebody asks for a start.
    fn summon(&mut self, at: usize) {
        if !std::mem::take(&mut self.stage.players[at].gate.calls) {
            return;
        }
        let player = &self.stage.players[at];
        let cause = Cause::rule("requires", format!("{} requires it", player.namespec));
        let called: Vec<_> = to_summon(&player.spec.depend, self);
        let before = self.mail.len();
        for namespec in called {
            if let Some(other) = self.stage.at(&namespec)
                && !self.stage.players[at].returns.share(&self.stage.players[other].returns)
            {
                self.mail.push_back(Mail::Summon(other, cause.clone()));
            }
        }
        if self.mail.len() > before {
            self.stage.players[at].gate.calling = true;
            self.mail.push_back(Mail::Called(at, false));
        }
    }

    /// What it requires has been brought up, as far as that goes.
    pub(super) fn called(&mut self, at: usize) {
        self.stage.players[at].gate.calling = false;
        self.drive(at);
    }

    /// Notes on whom the process relies that is about to be made.
    pub(super) fn note_relied_on(&mut self, at: usize) {
        let player = &self.stage.players[at];
        if player.spec.depend.on_loss != OnLoss::None {
            let waived = player.gate.waived;
            let relied = if waived { Vec::new() } else { relied_on(&player.spec.depend, self) };
            self.stage.players[at].gate.relied_on = relied;
        }
    }

    /// Sees what became of what it requires.
    pub(super) fn look(&mut self, at: usize) {
        self.stage.players[at].nudged = false;
        let player = &self.stage.players[at];
        let (state, depend) = (player.machine.state(), &player.spec.depend);
        let lost = loss(depend, &player.gate.relied_on, &state, self);
        if let Some((request, lost)) = lost.filter(|_| self.fall.is_none()) {
            let word = depend.on_loss;
            let text = format!("{lost} went down, which it requires (requires_restart={word})");
            if let Some(wish) = Wish::of_loss(request) {
                self.ask_group(at, wish);
            }
            // refused only where it is down, and then nothing is left to do
            let _ = self.request(at, request, Cause::rule("requires_restart", text));
        }
        self.drive(at);
    }
}

/// A cause in words; where somebody asked, in those of the script.
pub(super) fn words(cause: &Cause) -> String {
    match cause {
        Cause::Asked(by) => format!("asked for: {}", by.what),
        Cause::Shutdown { by: Some(by), .. } => format!("the daemon ends: {}", by.what),
        cause => cause.to_string(),
    }
}
