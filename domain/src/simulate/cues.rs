//! What the operator of the script does, and the world outside.

use super::cast::{Deed, To, What as Doing, templates};
use super::drive::words;
use super::engine::{Command, Engine};
use super::report::{Line, What};
use super::script::Behaviour;
use super::ways::Aim;
use crate::cause::{Asked, Cause};
use crate::depend::Target;
use crate::drive::Verb;
use crate::exit::ExitStatus;
use crate::group::Wish;
use crate::health::Health;
use crate::lifecycle::{Refusal, Request};
use crate::signal::Signal;
use std::sync::Arc;

impl Engine {
    /// Does what the script says now.
    pub(super) fn cue(&mut self, number: usize) {
        let Some(Deed { text, what, .. }) = self.cast.deeds.get(number).cloned() else { return };
        self.script_line(&text, "");
        let by = Arc::new(Asked::inside(&text));
        match what {
            Doing::Do { verb, alone, to } => {
                // whom a command is for is seen before anybody does anything
                let mut all: Vec<usize> = Vec::new();
                for to in &to {
                    let meant = self.meant(to, verb);
                    all.extend(meant.into_iter().filter(|at| !all.contains(at)).collect::<Vec<_>>());
                }
                self.order(&all, verb, alone, Cause::Asked(by));
            }
            Doing::Kill(names) => {
                let killed = ExitStatus::Signaled { signal: Signal::KILL, core_dumped: false };
                self.each(&names, |engine, at| engine.end(at, killed));
            }
            Doing::Exit(code, names) => {
                self.each(&names, |engine, at| engine.end(at, ExitStatus::Code(code)));
            }
            Doing::Ready(names) => self.each(&names, Self::make_ready),
            Doing::Behave(to, behaviour) => self.behave(&to, &behaviour),
            Doing::Spawn(template, args) => self.spawn_instance(&template, &args, by),
            Doing::Health(names, is_well) => {
                self.each(&names, |engine, at| engine.stage.players[at].is_well = Some(is_well));
            }
            Doing::Probe(name, is_green) => {
                let says = if is_green { Health::Healthy } else { Health::Unhealthy };
                if self.stage.probes.insert(name.clone(), says) != Some(says) {
                    self.nudge(&[Target::Probe(name.as_str().into())]);
                }
            }
            Doing::Shutdown => self.shut_down(by),
        }
    }

    /// Does something with each of these, once.
    fn each(&mut self, all: &[To], what: impl Fn(&mut Self, usize)) {
        let mut players: Vec<usize> = all.iter().flat_map(|to| self.players_of(to)).collect();
        players.sort_unstable();
        players.dedup();
        players.into_iter().for_each(|at| what(self, at));
    }

    /// The numbers of these; it is told if there is nobody of that name just now.
    fn players_of(&mut self, to: &To) -> Vec<usize> {
        match to {
            To::One(name) => {
                let at = self.stage.at(name);
                if at.is_none() {
                    self.refuse_name(name.to_string(), "there is no such process");
                }
                at.into_iter().collect()
            }
            To::Group(name) => {
                let company = self.stage.company(name);
                company.map(|company| company.players.clone()).unwrap_or_default()
            }
            To::All => self.stage.companies.iter().flat_map(|company| &company.players).copied().collect(),
        }
    }

    /// Whether there is a process; it is told if there is none.
    fn is_there(&mut self, at: usize) -> bool {
        let is_there = self.body(at).is_some();
        if !is_there {
            self.refuse(at, "there is no process");
        }
        is_there
    }

    /// It ends, and the daemon has nothing to do with it.
    fn end(&mut self, at: usize, status: ExitStatus) {
        if self.is_there(at) {
            self.ended(at, status);
        }
    }

    /// It is ready from now on, until it ends.
    fn make_ready(&mut self, at: usize) {
        if self.is_there(at) {
            if let Some(body) = &mut self.stage.players[at].body {
                body.is_ready = true;
            }
            self.says_ready(at);
        }
    }

    /// These behave so from now on, and those that come to be later.
    fn behave(&mut self, to: &To, behaviour: &Behaviour) {
        self.cast.play_instances(&templates(&self.setting, to), behaviour);
        self.each(std::slice::from_ref(to), |engine, at| {
            let player = &mut engine.stage.players[at];
            (player.behaviour, player.lives) = (behaviour.clone(), 0);
        });
    }

    /// Those that a command is for, in the order in which they get it. The groups of the others hear of it, if they have
    /// to.
    fn meant(&mut self, to: &To, verb: Verb) -> Vec<usize> {
        let players = self.players_of(to);
        if matches!(to, To::One(_)) {
            return players;
        }
        let is_due = |at: usize| verb == Verb::Stop && self.is_due(at);
        let fits = |at: &usize| verb.is_for(&self.stage.players[*at].machine.state()) || is_due(*at);
        let (meant, others): (Vec<_>, Vec<_>) = players.into_iter().partition(fits);
        if let Some(wish) = Wish::of_others(verb) {
            others.into_iter().for_each(|at| self.ask_group(at, wish));
        }
        meant
    }

    /// Passes a command on, in their order where there is one.
    fn order(&mut self, all: &[usize], verb: Verb, alone: bool, cause: Cause) {
        let aim = match verb {
            Verb::Stop => Some(Aim::Stop),
            Verb::Restart => Some(Aim::Restart { alone }),
            Verb::Start | Verb::Signal(_) | Verb::Clear | Verb::Reload | Verb::Mark { .. } => None,
        };
        let way = aim.filter(|_| all.len() > 1).map(|aim| (aim, self.descent(all)));
        match way.filter(|(_, descent)| descent.is_ordered()) {
            Some((aim, descent)) => self.go_down(descent, aim, cause),
            None => all.iter().for_each(|at| self.forward(*at, verb, alone, cause.clone())),
        }
    }

    /// Somebody asks something of a process.
    pub(super) fn carry_out(&mut self, at: usize, command: Command) {
        let Command { verb, alone, annuls, cause } = command;
        let request = match verb {
            Verb::Start => Request::Start,
            Verb::Stop => Request::Stop,
            Verb::Restart => Request::Restart,
            Verb::Signal(signal) => return self.send(at, signal, &cause),
            // neither its reload_command nor what is kept for good is simulated
            Verb::Clear | Verb::Reload | Verb::Mark { .. } => return,
        };
        if self.fall.is_some() && verb != Verb::Stop {
            return self.refuse(at, "the daemon ends");
        }
        if verb == Verb::Stop {
            self.ask_group(at, Wish::Stop);
        }
        let wish = Wish::of(verb).filter(|wish| *wish == Wish::Start);
        match self.command(at, request, alone, cause, wish) {
            // it is down, or will be, and what would have started it again does not
            Err(Refusal::NotRunning) if annuls => {}
            Err(refusal) => self.refuse(at, &refusal.to_string()),
            Ok(()) => {}
        }
    }

    /// Sends a signal that somebody asks for.
    fn send(&mut self, at: usize, signal: Signal, cause: &Cause) {
        self.drive(at);
        if !self.stage.players[at].machine.name().is_signallable() || self.body(at).is_none() {
            return self.refuse(at, "not running");
        }
        let is_stop = signal == self.stage.players[at].spec.stopsignal;
        let obeys = self.feels(at, signal, is_stop);
        self.tell(at, What::Signal(signal.to_string(), obeys), &words(cause), "asked");
    }

    /// Refuses something that is asked of who is not a process.
    pub(super) fn refuse_name(&mut self, who: String, why: &str) {
        let (at, what) = (self.elapsed(), What::Refused(why.to_owned()));
        self.report.lines.push(Line { at, who: Some(who), what, cause: String::new(), kind: "refused" });
    }

    pub(super) fn refuse(&mut self, at: usize, why: &str) {
        self.tell(at, What::Refused(why.to_owned()), "", "refused");
    }
}
