//! Start, stop, restart: what a command does to the machine, and what its caller is told.
//!
//! A caller that waits becomes a waiter and is answered by a later transition; nothing here waits.

use super::waiters::For;
use super::{Program, launch};
use crate::command::{Outcome, Reply, Wait};
use actix::{AsyncContext, Context};
use slog::{info, warn};
use std::time::Duration;
use treeherd_domain::cause::Cause;
use treeherd_domain::depend::way::CALLED_OFF;
use treeherd_domain::drive::{Verb, restart_is_start};
use treeherd_domain::fault::Fault;
use treeherd_domain::lifecycle::{Refusal, Request};
use treeherd_domain::status::ProcessState;

/// How often a stop that is waited for is mentioned in the log.
const STOP_REPORT: Duration = Duration::from_secs(2);

impl Program {
    /// Mentions a stop that is waited for, now and every two seconds.
    fn report_stop(&mut self, context: &mut Context<Self>) {
        let stopping = self.estate.record().machine.name() == ProcessState::Stopping;
        self.reporting = stopping && self.waiters.any_for_down();
        if self.reporting {
            info!(self.shared.log, "waiting for {} to stop", self.estate.namespec.process);
            context.run_later(STOP_REPORT, Self::report_stop);
        }
    }

    pub(super) fn start(
        &mut self,
        wait: Wait,
        alone: bool,
        cause: Cause,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let namespec = self.estate.namespec.clone();
        if let Err(fault) = self.check_start(context).and_then(|()| self.check_command()) {
            return reply.send(Outcome::new(namespec, Err(fault)));
        }
        self.drive(context);
        match self.ask_for(Request::Start, alone) {
            Ok(None) => {
                self.tell_wish(Verb::Start);
                self.hurry(wait, reply, context);
            }
            Ok(Some(edge)) => {
                self.tell_wish(Verb::Start);
                self.waiters.add(if wait == Wait::Settled { For::Up } else { For::Spawned }, reply);
                self.take_up(&edge, cause, context);
            }
            Err(Refusal::Stopping) => {
                warn!(self.shared.log, "process '{}' already running", namespec.process);
                let result = match wait {
                    Wait::Settled => Err(Fault::AbnormalTermination(namespec.clone())),
                    Wait::No => Ok(()),
                };
                reply.send(Outcome::new(namespec, result));
            }
            Err(refusal) => reply.send(Outcome::new(namespec, Err(self.fault(refusal)))),
        }
    }

    /// Whether it is to start as part of a restart of several, and somebody has stopped it since that began.
    pub(super) fn is_called_off(&self, restart: Option<u64>) -> bool {
        restart.is_some_and(|restart| !self.estate.record().returns.take(restart))
    }

    /// What the caller of that restart is told.
    pub(super) fn called_off(&self) -> Outcome {
        let namespec = self.estate.namespec.clone();
        let fault = Fault::NotRestarted { namespec: namespec.clone(), why: CALLED_OFF.to_owned() };
        info!(self.shared.log, "{namespec} is not started again: {CALLED_OFF}");
        Outcome::new(namespec, Err(fault))
    }

    /// `annuls`: the stop has called off a start that was to come, and so had something to do where it is down.
    pub(super) fn stop(
        &mut self,
        (wait, annuls): (Wait, bool),
        cause: Cause,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let namespec = self.estate.namespec.clone();
        self.tell_wish(Verb::Stop);
        self.drive(context);
        match self.ask_for(Request::Stop, false) {
            Err(Refusal::NotRunning) if annuls => self.stay_down(wait, reply),
            Err(refusal) => reply.send(Outcome::new(namespec, Err(self.fault(refusal)))),
            Ok(None) => reply.send(Outcome::new(namespec, Ok(()))),
            Ok(Some(edge)) if wait == Wait::Settled => {
                self.waiters.add(For::Down, reply);
                self.take_up(&edge, cause, context);
                if !self.reporting {
                    self.report_stop(context);
                }
            }
            Ok(Some(edge)) => {
                self.waiters.add(For::Signalled, reply);
                self.take_up(&edge, cause, context);
                self.waiters.signalled();
            }
        }
    }

    /// Answers a stop of one that is down, or on its way there, and would have been started again.
    fn stay_down(&mut self, wait: Wait, reply: Reply) {
        let is_down = self.estate.record().machine.name().is_stopped() && !self.waiters.are_held();
        if is_down || wait == Wait::No {
            reply.send(Outcome::new(self.estate.namespec.clone(), Ok(())));
        } else {
            self.waiters.add(For::Down, reply);
        }
    }

    pub(super) fn restart(
        &mut self,
        wait: Wait,
        alone: bool,
        cause: Cause,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let namespec = self.estate.namespec.clone();
        self.drive(context);
        if restart_is_start(self.estate.record().machine.name()) {
            return self.start(wait, alone, cause, reply, context);
        }
        if let Err(fault) = self.check_start(context) {
            return reply.send(Outcome::new(namespec, Err(fault)));
        }
        match self.ask_for(Request::Restart, alone) {
            Err(refusal) => reply.send(Outcome::new(namespec, Err(self.fault(refusal)))),
            Ok(None) => {
                self.tell_wish(Verb::Restart);
                self.hurry(wait, reply, context);
            }
            Ok(Some(edge)) => {
                self.tell_wish(Verb::Restart);
                self.waiters.add(For::DownThen { settled: wait == Wait::Settled }, reply);
                self.take_up(&edge, cause, context);
                if !self.reporting {
                    self.report_stop(context);
                }
            }
        }
    }

    fn check_command(&self) -> Result<(), Fault> {
        launch::command(&self.estate.spec, &self.shared).map(drop).map_err(|error| error.fault())
    }

    fn fault(&self, refusal: Refusal) -> Fault {
        let namespec = self.estate.namespec.clone();
        match refusal {
            Refusal::AlreadyStarted => Fault::AlreadyStarted(namespec),
            Refusal::Stopping | Refusal::NotRunning => Fault::NotRunning(namespec),
            Refusal::Unknown => Fault::Failed(format!("{namespec} is in an unknown process state")),
        }
    }
}
