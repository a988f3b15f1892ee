//! Hooks: commands that are run beside a process, around its start and its stop.
//!
//! ```text
//! Spawn ─► (post_stop of the one before is over) ─► pre_start ─► the process is made      SpawnFailed, if it fails
//! ready ─► post_start
//! PreStop ─► pre_stop ─► PreStopOver          StopCommand ─► stop_command ─► StopCommandOver
//! its end ─► post_stop                        whoever waits for the end waits for this too
//! ```
//!
//! Each is an errand in a task of its own, whose end stands in the record: the successor of an actor that ended by a bug
//! waits for the same run. Nothing is waited for in a handler, and each has a limit. Absent: when a step of a stop is
//! over by its time (the machine).

use super::Program;
use crate::clock;
use crate::errand::Errand;
use crate::estate::run::{Ended, Failure, over};
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use slog::{Logger, debug, info, warn};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use treeherd_domain::cause::Cause;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::hook::{self, Hook};
use treeherd_domain::lifecycle::{Edge, Fact, State, StopStep};

impl Program {
    /// Runs a hook for the present spawn, unless that has been begun. Where its end is told; `None`: there is none.
    fn run_hook(&self, hook: Hook, more: Vec<(String, String)>) -> Option<watch::Receiver<Option<Ended>>> {
        let (cause, begun) = {
            let record = self.estate.record();
            let cause = record.history.last().map(|entry| Arc::clone(&entry.cause));
            (cause, record.hooks.of(hook, record.incarnation))
        };
        if begun.is_some() {
            return begun;
        }
        let cause = cause.unwrap_or_else(|| Arc::new(Cause::Spawned));
        let errand = self.errand(hook, &cause, more)?;
        let name = errand.name.clone();
        debug!(self.shared.log, "running {name}");
        let told = move |log: &Logger, ended: &Ended, _| {
            if let Err(failure) = ended {
                warn!(log, "{name} failed: {}", hook.failed(&failure.reason, failure.is_silent));
            }
        };
        Some(self.run(hook, errand, told))
    }

    /// Runs an errand of the present spawn, whatever becomes of this actor. Where its end is told, after the log has
    /// been told of it, and how long it took.
    pub(super) fn run(
        &self,
        hook: Hook,
        errand: Errand,
        tell: impl FnOnce(&Logger, &Ended, Duration) + 'static,
    ) -> watch::Receiver<Option<Ended>> {
        let (sender, outcome) = watch::channel(None);
        let shared = Arc::clone(&self.shared);
        let task = actix_rt::spawn(async move {
            let begun = clock::now();
            let ended = match errand.run_in(&shared, &shared.hooks).await {
                Ok(done) if done.is_success() => Ok(()),
                Ok(done) => Err(Failure { reason: done.reason(), is_silent: done.is_silent() }),
                Err(error) => Err(Failure::of(error.to_string())),
            };
            tell(&shared.log, &ended, clock::now().saturating_duration_since(begun));
            let _ = sender.send(Some(ended)); // nobody may wait for it
        });
        let mut record = self.estate.record();
        let incarnation = record.incarnation;
        record.hooks.begin(hook, incarnation, outcome.clone(), task.abort_handle());
        outcome
    }

    /// A command that is run for the process, with what it may want to know in its environment; `None`: there is none.
    pub(super) fn errand(&self, hook: Hook, cause: &Cause, more: Vec<(String, String)>) -> Option<Errand> {
        let (command, limit) = hook.of(&self.estate.spec, &self.estate.policy)?;
        let (key, name) = (hook.key(), format!("{} of {}", hook.key(), self.estate.namespec));
        let pid = self.estate.record().process.as_ref().map(|process| process.pid().to_string());
        let own = |name: &str, value: String| (name.to_owned(), value);
        let mut extra = vec![
            own("SUPERVISOR_HOOK", key.to_owned()),
            own("SUPERVISOR_REASON", cause.to_string().replace(char::is_control, " ")),
            own("SUPERVISOR_CAUSE", cause.kind().to_owned()),
        ];
        extra.extend(pid.map(|pid| own("SUPERVISOR_PID", pid)));
        extra.extend(more);
        Some(Errand::of(&self.estate, &self.shared, name, command, limit, extra))
    }

    /// Ends a hook that is running, with its process group.
    fn abort_hook(&self, hook: Hook, why: &str) {
        if self.estate.record().hooks.abort(hook) {
            info!(self.shared.log, "{} of {} is killed: {why}", hook.key(), self.estate.namespec);
        }
    }

    /// Whether something has to be run, or to end, before the process is made.
    pub(super) fn is_to_be_prepared(&self) -> bool {
        self.estate.spec.hooks.pre_start.is_some()
            || self.estate.record().hooks.running(Hook::PostStop).is_some()
    }

    /// Waits for `post_stop` of the process before, runs `pre_start`, then has the process made.
    pub(super) fn prepare(&mut self, incarnation: u64, context: &mut Context<Self>) {
        self.preparing = Some(incarnation);
        let before = self.estate.record().hooks.running(Hook::PostStop);
        let wait = async move {
            if let Some(before) = before {
                let _ = over(before).await; // it is told, and no start fails by it
            }
        };
        context.spawn(wait.into_actor(self).map(move |(), actor, context| {
            if actor.preparing == Some(incarnation) {
                actor.run_pre_start(incarnation, context);
            }
        }));
    }

    fn run_pre_start(&mut self, incarnation: u64, context: &mut Context<Self>) {
        let Some(outcome) = self.run_hook(Hook::PreStart, Vec::new()) else {
            self.preparing = None;
            return self.make(incarnation, context);
        };
        context.spawn(over(outcome).into_actor(self).map(move |ended, actor, context| {
            if actor.preparing.take_if(|preparing| *preparing == incarnation).is_none() {
                return; // called off
            }
            match ended {
                Ok(()) => actor.make(incarnation, context),
                Err(reason) => {
                    let hint = "mend what pre_start needs, or leave pre_start out";
                    actor.spawn_failed(&format!("pre_start: {reason}"), hint, context);
                }
            }
        }));
    }

    /// What a transition means for the hooks.
    pub(super) fn follow_hooks(
        &mut self,
        edge: &Edge,
        ended: Option<ExitStatus>,
        context: &mut Context<Self>,
    ) {
        if hook::calls_off(edge) && self.preparing.take().is_some() {
            self.abort_hook(Hook::PreStart, "the process is to be stopped");
            self.facts.push_back((Fact::SpawnFailed, Cause::unborn()));
        }
        if let Some(hook) = Hook::cut_short_by(edge) {
            let why = if ended.is_some() { "the process has ended" } else { "its time is over" };
            self.abort_hook(hook, why);
        }
        if let Some(status) = ended {
            self.abort_hook(Hook::PostStart, "the process has ended");
            self.run_post_stop(status, context);
        }
    }

    /// Runs `post_start` once for each spawn that gets ready.
    pub(super) fn greet(&self) {
        let is_up = {
            let record = self.estate.record();
            hook::may_greet(&record.machine.state())
        };
        if !is_up || !self.estate.is_ready() {
            return;
        }
        let is_due = {
            let mut record = self.estate.record();
            let incarnation = record.incarnation;
            std::mem::replace(&mut record.hooks.greeted, incarnation) != incarnation
        };
        if is_due {
            self.run_hook(Hook::PostStart, Vec::new());
        }
    }

    pub(super) fn run_pre_stop(&mut self, context: &mut Context<Self>) {
        let outcome = self.run_hook(Hook::PreStop, Vec::new());
        self.tell_when_over(outcome, |_| Fact::PreStopOver, context);
    }

    pub(super) fn run_stop_command(&mut self, context: &mut Context<Self>) {
        let outcome = self.run_hook(Hook::StopCommand, Vec::new());
        self.tell_when_over(outcome, |ended| Fact::StopCommandOver(ended.is_ok()), context);
    }

    /// Feeds the fact that a hook of this spawn is over.
    fn tell_when_over(
        &mut self,
        outcome: Option<watch::Receiver<Option<Ended>>>,
        fact: fn(&Ended) -> Fact,
        context: &mut Context<Self>,
    ) {
        let cause = || Cause::rule("hook", "a command of its stop is over");
        let Some(outcome) = outcome else {
            // an update has taken it away meanwhile
            return self.occur(fact(&Err(Failure::default())), cause(), context);
        };
        let incarnation = self.estate.record().incarnation;
        context.spawn(over(outcome).into_actor(self).map(move |ended, actor, context| {
            if actor.estate.record().incarnation == incarnation {
                actor.occur(fact(&ended), cause(), context);
            }
        }));
    }

    fn run_post_stop(&mut self, status: ExitStatus, context: &mut Context<Self>) {
        let own = |name: &str, value: String| (name.to_owned(), value);
        let how = match status {
            ExitStatus::Unknown(_) => own("SUPERVISOR_EXIT_CODE", "-1".to_owned()),
            ExitStatus::Code(code) => own("SUPERVISOR_EXIT_CODE", code.to_string()),
            ExitStatus::Signaled { signal, .. } => own("SUPERVISOR_EXIT_SIGNAL", signal.to_string()),
        };
        let more = vec![own("SUPERVISOR_PID", self.buried_pid.to_string()), how];
        match self.run_hook(Hook::PostStop, more) {
            Some(outcome) => self.release_when_over(outcome, context),
            None => self.release(),
        }
    }

    /// Whoever waits for the end of the process waits for this too.
    fn release_when_over(&mut self, outcome: watch::Receiver<Option<Ended>>, context: &mut Context<Self>) {
        self.waiters.hold();
        context.spawn(over(outcome).into_actor(self).map(|_, actor, _| {
            if actor.estate.record().hooks.running(Hook::PostStop).is_none() {
                actor.release();
            }
        }));
    }

    fn release(&mut self) {
        let is_gone = self.estate.record().process.is_none();
        self.waiters.release(is_gone);
    }

    /// Goes on with what the predecessor of this actor had begun: no hook is run a second time.
    pub(super) fn resume_hooks(&mut self, context: &mut Context<Self>) {
        let (state, running) = {
            let record = self.estate.record();
            (record.machine.state(), record.hooks.running(Hook::PostStop))
        };
        match state {
            State::Stopping { kill_at: Some(_), step: StopStep::Hook, .. } => self.run_pre_stop(context),
            State::Stopping { kill_at: Some(_), step: StopStep::Command { done: false }, .. } => {
                self.run_stop_command(context);
            }
            State::Stopping { kill_at: None, .. } => {
                self.abort_hook(Hook::PreStart, "the process is to be stopped");
            }
            _ => {}
        }
        if let Some(outcome) = running {
            self.release_when_over(outcome, context);
        }
    }

    /// Makes the process that the predecessor of this actor was about to make.
    pub(super) fn resume_spawn(&mut self, context: &mut Context<Self>) {
        let making = self.estate.record().hooks.making;
        match making {
            Some(incarnation) => self.begin(incarnation, context),
            None => self.spawn(context),
        }
    }
}
