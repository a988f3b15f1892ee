//! Hooks: they take the time that the script says, and hold up what waits for them.
//!
//! ```text
//! Spawn ─► (post_stop of the one before is over) ─► pre_start ─► the process is made      SpawnFailed, if it fails
//! ready ─► post_start          PreStop ─► pre_stop          StopCommand ─► stop_command ─► it is told to end
//! its end ─► post_stop: whoever waits for the end waits for this too
//! ```
//!
//! When each is run, for how long at most and what cuts it short is decided in [`hook`](crate::hook).

use super::engine::{Due, Engine};
use super::report::What;
use crate::cause::Cause;
use crate::duration::Shown;
use crate::exit::ExitStatus;
use crate::hook::{self, Hook};
use crate::lifecycle::{Edge, Fact};

/// A hook that runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Errand {
    pub(super) hook: Hook,
    pub(super) number: u64,
    /// How it will end.
    ends: Result<(), String>,
}

impl Engine {
    /// Runs a hook, if there is one. Whether there is.
    fn run_hook(&mut self, at: usize, hook: Hook) -> bool {
        let player = &self.stage.players[at];
        let Some((_, limit)) = hook.of(&player.spec, &player.policy) else { return false };
        let (takes, code) = player.behaviour.hooks.get(&hook).copied().unwrap_or_default();
        let ends = match code {
            _ if takes > limit => Err(format!("did not end within {} and was killed", Shown(limit))),
            0 => Ok(()),
            code => Err(ExitStatus::Code(code).to_string()),
        };
        self.errands += 1;
        let number = self.errands;
        self.stage.players[at].errands.push(Errand { hook, number, ends });
        self.tell(at, What::Hook { hook: hook.key(), failed: false }, "", "hook");
        self.put(takes.min(limit), Due::Hook { at, number });
        true
    }

    fn abort_hook(&mut self, at: usize, hook: Hook, why: &str) {
        if self.stage.players[at].runs(hook) {
            self.stage.players[at].errands.retain(|errand| errand.hook != hook);
            self.tell(at, What::Hook { hook: hook.key(), failed: true }, &format!("killed: {why}"), "hook");
        }
    }

    /// Waits for `post_stop` of the process before, runs `pre_start`, then has the process made.
    pub(super) fn spawn(&mut self, at: usize) {
        let player = &mut self.stage.players[at];
        player.incarnation += 1;
        player.killed = None;
        player.is_preparing = true;
        self.note_relied_on(at);
        self.prepare(at);
    }

    fn prepare(&mut self, at: usize) {
        let waits = self.stage.players[at].runs(Hook::PostStop);
        if !waits && !self.run_hook(at, Hook::PreStart) {
            self.stage.players[at].is_preparing = false;
            self.make(at);
        }
    }

    /// A hook is over.
    pub(super) fn hook_over(&mut self, at: usize, number: u64) {
        let errands = &mut self.stage.players[at].errands;
        let Some(place) = errands.iter().position(|errand| errand.number == number) else { return };
        let Errand { hook, ends, .. } = errands.remove(place);
        if let Err(reason) = &ends {
            self.tell(at, What::Hook { hook: hook.key(), failed: true }, reason, "hook");
        }
        let cause = Cause::rule("hook", "a command of its stop is over");
        match hook {
            Hook::PreStart => self.prepared(at, ends),
            Hook::PostStart | Hook::Reload => {}
            Hook::PreStop => self.occur(at, Fact::PreStopOver, cause),
            Hook::StopCommand => {
                self.occur(at, Fact::StopCommandOver(ends.is_ok()), cause);
                if ends.is_ok() {
                    self.heeds_command(at);
                }
            }
            Hook::PostStop if self.stage.players[at].is_preparing => self.prepare_on(at),
            Hook::PostStop => {}
        }
    }

    fn prepare_on(&mut self, at: usize) {
        self.prepare(at);
        self.drive(at);
    }

    fn prepared(&mut self, at: usize, ends: Result<(), String>) {
        if !std::mem::take(&mut self.stage.players[at].is_preparing) {
            return; // called off
        }
        match ends {
            Ok(()) => self.make(at),
            Err(reason) => {
                let text = format!("pre_start: {reason}");
                let player = &mut self.stage.players[at];
                player.last_end = format!("not spawned: {text}");
                player.facts.push_back((Fact::SpawnFailed, Cause::not_spawned(text)));
            }
        }
        self.drive(at);
    }

    /// What a transition means for the hooks.
    pub(super) fn follow_hooks(&mut self, at: usize, edge: &Edge, has_ended: bool) {
        if hook::calls_off(edge) && std::mem::take(&mut self.stage.players[at].is_preparing) {
            self.abort_hook(at, Hook::PreStart, "the process is to be stopped");
            self.stage.players[at].facts.push_back((Fact::SpawnFailed, Cause::unborn()));
        }
        if let Some(hook) = Hook::cut_short_by(edge) {
            let why = if has_ended { "the process has ended" } else { "its time is over" };
            self.abort_hook(at, hook, why);
        }
        if has_ended {
            self.abort_hook(at, Hook::PostStart, "the process has ended");
            self.run_hook(at, Hook::PostStop);
        }
    }

    /// Runs `post_start` once for each spawn that gets ready.
    pub(super) fn greet(&mut self, at: usize) {
        let player = &mut self.stage.players[at];
        if player.is_ready()
            && hook::may_greet(&player.machine.state())
            && player.greeted != player.incarnation
        {
            player.greeted = player.incarnation;
            self.run_hook(at, Hook::PostStart);
        }
    }

    /// Runs `pre_stop` or `stop_command`.
    pub(super) fn run_stop_hook(&mut self, at: usize, hook: Hook, cause: &Cause) {
        if self.run_hook(at, hook) {
            return;
        }
        let fact = match hook {
            Hook::StopCommand => Fact::StopCommandOver(false),
            Hook::PreStart | Hook::PostStart | Hook::PreStop | Hook::PostStop | Hook::Reload => {
                Fact::PreStopOver
            }
        };
        self.occur(at, fact, cause.clone());
    }
}
