//! The processes themselves: they live, get signals and end as the script says.

use super::engine::{Due, Engine};
use super::report::What;
use super::script::{Life, Ready};
use crate::cause::Cause;
use crate::exit::ExitStatus;
use crate::health::{Check, Notice, Side, Sign, Vitals};
use crate::lifecycle::Fact;
use crate::signal::Signal;
use std::time::{Duration, Instant};

/// A process that lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Body {
    pub(super) born: Instant,
    /// Whether it is about to end because of a signal.
    pub(super) is_ending: bool,
    /// Whether the script has said since that it is ready.
    pub(super) is_ready: bool,
}

impl Engine {
    /// Makes the process, or feeds why it cannot be made.
    pub(super) fn make(&mut self, at: usize) {
        let now = self.now;
        let player = &mut self.stage.players[at];
        let life = player.behaviour.life(player.lives);
        player.lives += 1;
        self.note_start(at);
        let player = &mut self.stage.players[at];
        if life == Life::Unborn {
            let text = "the script says that it fails to start";
            player.last_end = format!("not spawned: {text}");
            player.facts.push_back((Fact::SpawnFailed, Cause::not_spawned(text)));
            return;
        }
        let spec = &player.spec.health;
        player.vitals = if spec.is_plain() { Vitals::default() } else { Vitals::begin(spec, now) };
        debug_assert!(player.body.is_none(), "{} is made over itself", player.namespec);
        player.body = Some(Body { born: now, is_ending: false, is_ready: false });
        player.facts.push_back((Fact::Spawned, Cause::Spawned));
        let (incarnation, ready, sick) =
            (player.incarnation, player.behaviour.ready, player.behaviour.sick);
        if let Life::For(span, status) = life {
            self.put(span, Due::Exit { at, incarnation, status });
        }
        if let Ready::After(span) = ready {
            self.put(span, Due::Says { at, incarnation });
        }
        if let Some((from, span)) = sick {
            self.put(from, Due::Health { at, incarnation });
            if let Some(span) = span {
                self.put(from + span, Due::Health { at, incarnation });
            }
        }
    }

    /// It says that it is ready, if that is something that it says.
    pub(super) fn says_ready(&mut self, at: usize) {
        let sign = match self.stage.players[at].spec.health.ready {
            Check::Notify => Sign::Notice(Notice::Ready),
            Check::Fd(_) => Sign::Line,
            Check::Log(_) => Sign::Passed(Side::Ready),
            Check::Startsecs | Check::Tcp(_) | Check::Http(_) | Check::Exec(_) => return,
        };
        self.sign(at, sign);
    }

    /// Sends a signal of the daemon's. What the process makes of it follows.
    pub(super) fn signal(&mut self, at: usize, signal: Signal, cause: &str) {
        if self.stage.players[at].behaviour.out_of_reach {
            let why = "it cannot be signalled: it is out of reach";
            return self.occur(at, Fact::SignalFailed, Cause::OutOfReach(why.into()));
        }
        let obeys = self.feels(at, signal, true);
        self.tell(at, What::Signal(signal.to_string(), obeys), cause, "signal");
    }

    /// What a process makes of a signal: whether it ends by it.
    pub(super) fn feels(&mut self, at: usize, signal: Signal, is_stop: bool) -> bool {
        let player = &mut self.stage.players[at];
        let (incarnation, behaviour) = (player.incarnation, &player.behaviour);
        let Some(body) = &mut player.body else { return false };
        let died = ExitStatus::Signaled { signal, core_dumped: false };
        if signal == Signal::KILL {
            self.put(Duration::ZERO, Due::Exit { at, incarnation, status: died });
            return true;
        }
        let ends = is_stop || matches!(signal, Signal::TERM | Signal::INT | Signal::QUIT);
        if !ends || behaviour.ignores.contains(&signal) {
            return false;
        }
        if !std::mem::replace(&mut body.is_ending, true) {
            let status = behaviour.stops_with.map_or(died, ExitStatus::Code);
            let after = behaviour.stops_after;
            self.put(after, Due::Exit { at, incarnation, status });
        }
        true
    }

    /// `stop_command` has told it to end.
    pub(super) fn heeds_command(&mut self, at: usize) {
        let player = &mut self.stage.players[at];
        let (incarnation, behaviour) = (player.incarnation, &player.behaviour);
        let Some(body) = &mut player.body else { return };
        if behaviour.ignores_command || std::mem::replace(&mut body.is_ending, true) {
            return;
        }
        let status = ExitStatus::Code(behaviour.stops_with.unwrap_or(0));
        let after = behaviour.stops_after;
        self.put(after, Due::Exit { at, incarnation, status });
    }
}
