//! `hup`: a process reads its configuration anew, by `reload_signal` or by `reload_command`.

use super::Program;
use crate::command::{Outcome, Reply};
use crate::errand::{Done, Errand, ErrandError};
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use slog::{info, warn};
use std::sync::Arc;
use treeherd_domain::cause::{Cause, span};
use treeherd_domain::fault::Fault;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

impl Program {
    /// Has the process read its configuration anew; answers when the signal is sent, or when the command has ended.
    pub(super) fn reload(&mut self, cause: &Cause, reply: Reply, context: &mut Context<Self>) {
        self.drive(context);
        let namespec = self.estate.namespec.clone();
        let way = self.estate.spec.reload.clone();
        let refusal = match (way.is_known(), self.estate.record().machine.name()) {
            (false, _) => Some(Fault::NoReload(namespec.to_string())),
            (true, ProcessState::Running) => None,
            (true, _) => Some(Fault::NotRunning(namespec.clone())),
        };
        match (refusal, way.signal, way.command) {
            (Some(fault), ..) => reply.send(Outcome::new(namespec, Err(fault))),
            (None, Some(signal), _) => {
                let result = self.reload_by_signal(signal, cause, context);
                reply.send(Outcome::new(namespec, result));
            }
            (None, None, command) => {
                self.reload_by_command(&command.unwrap_or_default(), cause, reply, context)
            }
        }
    }

    fn reload_by_signal(
        &mut self,
        signal: Signal,
        cause: &Cause,
        context: &mut Context<Self>,
    ) -> Result<(), Fault> {
        info!(self.shared.log, "reloading {} by {signal} (reload_signal)", self.estate.namespec);
        self.send_signal(signal, cause, context)
    }

    fn reload_by_command(
        &mut self,
        command: &str,
        cause: &Cause,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let namespec = self.estate.namespec.clone();
        if std::mem::replace(&mut self.reloading, true) {
            let fault = Fault::Failed(format!("{namespec}: its reload_command is running already"));
            return reply.send(Outcome::new(namespec, Err(fault)));
        }
        info!(self.shared.log, "reloading {namespec} (reload_command)");
        let errand = self.errand("reload_command", command, cause, Vec::new());
        let shared = Arc::clone(&self.shared);
        let run = async move { errand.run_in(&shared, &shared.hooks).await };
        context.spawn(run.into_actor(self).map(move |ended, actor, _| {
            actor.reloading = false;
            let result = actor.reloaded(ended);
            reply.send(Outcome::new(namespec, result));
        }));
    }

    fn reloaded(&self, ended: Result<Done, ErrandError>) -> Result<(), Fault> {
        let name = &self.estate.namespec;
        let reason = match ended {
            Ok(done) if done.is_success() => {
                info!(self.shared.log, "reloaded {name} in {} (reload_command)", span(done.took));
                return Ok(());
            }
            Ok(done) => done.reason(),
            Err(error) => error.to_string(),
        };
        warn!(self.shared.log, "{name} is not reloaded, reload_command: {reason}");
        Err(Fault::Failed(format!("{name}: reload_command: {reason}")))
    }

    /// A command that is run for the process, with what it may want to know in its environment.
    pub(super) fn errand(
        &self,
        key: &str,
        command: &str,
        cause: &Cause,
        more: Vec<(String, String)>,
    ) -> Errand {
        let name = format!("{key} of {}", self.estate.namespec);
        let pid = self.estate.record().process.as_ref().map(|process| process.pid().to_string());
        let own = |name: &str, value: String| (name.to_owned(), value);
        let mut extra = vec![
            own("SUPERVISOR_HOOK", key.to_owned()),
            own("SUPERVISOR_REASON", cause.to_string().replace(char::is_control, " ")),
            own("SUPERVISOR_CAUSE", cause.kind().to_owned()),
        ];
        extra.extend(pid.map(|pid| own("SUPERVISOR_PID", pid)));
        extra.extend(more);
        Errand::of(&self.estate, &self.shared, name, command, self.estate.spec.hooks.timeout, extra)
    }
}
