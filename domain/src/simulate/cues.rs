//! What the operator of the script does, and the world outside.

use super::cast::{Deed, To, What as Doing};
use super::drive::words;
use super::engine::Engine;
use super::report::What;
use super::ways::Aim;
use crate::cause::{Asked, Cause};
use crate::depend::Target;
use crate::drive::Verb;
use crate::health::Health;
use crate::lifecycle::Request;
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
                for at in to.iter().flat_map(|to| self.meant(to, verb)) {
                    if !all.contains(&at) {
                        all.push(at);
                    }
                }
                self.order(&all, verb, alone, Cause::Asked(by));
            }
            Doing::Kill(names) => {
                for at in names.iter().filter_map(|name| self.stage.at(name)).collect::<Vec<_>>() {
                    if self.body(at).is_some() {
                        self.feels(at, Signal::KILL, false);
                    } else {
                        self.refuse(at, "there is no process");
                    }
                }
            }
            Doing::Health(names, is_well) => {
                for at in names.iter().filter_map(|name| self.stage.at(name)).collect::<Vec<_>>() {
                    self.stage.players[at].is_well = Some(is_well);
                }
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

    /// Those that a command is for, in the order in which they get it.
    fn meant(&self, to: &To, verb: Verb) -> Vec<usize> {
        let fits = |at: &usize| verb.is_for(&self.stage.players[*at].machine.state());
        match to {
            To::One(name) => self.stage.at(name).into_iter().collect(),
            To::Group(group) => {
                let players = self.stage.company(group).map(|company| company.players.clone());
                players.unwrap_or_default().into_iter().filter(fits).collect()
            }
            To::All => (0..self.stage.players.len()).filter(fits).collect(),
        }
    }

    /// Passes a command on, in their order where there is one.
    fn order(&mut self, all: &[usize], verb: Verb, alone: bool, cause: Cause) {
        let aim = match verb {
            Verb::Stop => Some(Aim::Stop),
            Verb::Restart => Some(Aim::Restart { alone }),
            Verb::Start | Verb::Signal(_) | Verb::Clear | Verb::Reload | Verb::Mark { .. } => None,
        };
        let descent = self.descent(all);
        match aim {
            Some(aim) if all.len() > 1 && descent.is_ordered() => self.go_down(descent, aim, cause),
            _ => {
                all.iter().for_each(|at| self.forward(*at, verb, alone, cause.clone()));
            }
        }
    }

    /// Somebody asks something of a process.
    pub(super) fn carry_out(&mut self, at: usize, verb: Verb, alone: bool, cause: Cause) {
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
        if let Err(refusal) = self.command(at, request, alone, cause) {
            self.refuse(at, &refusal.to_string());
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

    fn refuse(&mut self, at: usize, why: &str) {
        self.tell(at, What::Refused(why.to_owned()), "", "refused");
    }
}
