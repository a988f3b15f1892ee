//! `hup`: a process reads its configuration anew, by `reload_signal` or by `reload_command`.
//!
//! The command is run as a hook is: it goes on over the end of this actor, and there are never two of it.

use super::Program;
use crate::command::{Outcome, Reply};
use crate::estate::run::over;
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use slog::{info, warn};
use treeherd_domain::cause::{Cause, span};
use treeherd_domain::fault::Fault;
use treeherd_domain::hook::Hook;
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
        match (refusal, way.signal) {
            (Some(fault), _) => reply.send(Outcome::new(namespec, Err(fault))),
            (None, Some(signal)) => {
                let result = self.reload_by_signal(signal, cause, context);
                reply.send(Outcome::new(namespec, result));
            }
            (None, None) => self.reload_by_command(cause, reply, context),
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

    fn reload_by_command(&self, cause: &Cause, reply: Reply, context: &mut Context<Self>) {
        let namespec = self.estate.namespec.clone();
        let is_running = self.estate.record().hooks.running(Hook::Reload).is_some();
        let errand = self.errand(Hook::Reload, cause, Vec::new());
        let Some(errand) = errand.filter(|_| !is_running) else {
            let fault = Fault::Failed(format!("{namespec}: its reload_command is running already"));
            return reply.send(Outcome::new(namespec, Err(fault)));
        };
        info!(self.shared.log, "reloading {namespec} (reload_command)");
        let name = namespec.clone();
        let ended = self.run(Hook::Reload, errand, move |log, ended, took| match ended {
            Ok(()) => info!(log, "reloaded {name} in {} (reload_command)", span(took)),
            Err(failure) => {
                let told = Hook::Reload.failed(&failure.reason, failure.is_silent);
                warn!(log, "{name} is not reloaded, reload_command: {told}");
            }
        });
        context.spawn(over(ended).into_actor(self).map(move |ended, _, _| {
            let failed = |reason| Fault::Failed(format!("{namespec}: reload_command: {reason}"));
            let result = ended.map_err(failed);
            reply.send(Outcome::new(namespec, result));
        }));
    }
}
