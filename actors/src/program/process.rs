//! The process of a program: made, watched, signalled, buried.
//!
//! ```text
//! spawn: command ─► files open? ─► os::spawn ─► Fact::Spawned, rotators attached, end watched
//!           │             │            │
//!           └─────────────┴────────────┴─► spawnerr, Fact::SpawnFailed
//! end:   status ─► pipes empty? ─(no)─► rotators drain ─► record ─► Fact::Exited
//! ```

use super::socket::Refused;
use super::{Program, launch, report};
use crate::clock;
use crate::command::{Outcome, Reply};
use crate::estate::Signs;
use crate::shared::Shared;
use crate::sockets::Listening;
use crate::turns::Turn;
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use slog::{Logger, debug, error, info, warn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::cause::Cause;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::fault::Fault;
use treeherd_domain::lifecycle::{Fact, Machine, Next, State};
use treeherd_domain::name::Namespec;
use treeherd_domain::signal::Signal;
use treeherd_os::errno;
use treeherd_os::logfile::OpenError;
use treeherd_os::notify::NotifySocket;
use treeherd_os::process::{Process, Scope, SignalError};
use treeherd_os::spawn::{SetupFailure, SetupStage, Spawned};

/// How long opening its files may hold up those that are spawned next.
const HOLD: Duration = Duration::from_millis(100);

impl Program {
    /// Makes the process, or feeds why it could not be made.
    pub(super) fn spawn(&mut self, context: &mut Context<Self>) {
        let incarnation = {
            let mut record = self.estate.record();
            record.incarnation += 1;
            record.start_ms = clock::wall_ms();
            if !record.machine.state().is_retried() {
                record.spawnerr = None;
            }
            record.exit = None;
            record.signs = Signs::default();
            record.hooks.making = Some(record.incarnation);
            record.incarnation
        };
        self.note_relied_on();
        self.begin(incarnation, context);
    }

    /// Prepares what has to be prepared, and makes the process.
    pub(super) fn begin(&mut self, incarnation: u64, context: &mut Context<Self>) {
        if self.is_to_be_prepared() {
            return self.prepare(incarnation, context);
        }
        self.make(incarnation, context);
    }

    /// Makes the process: nothing has to be run before it any more.
    pub(super) fn make(&mut self, incarnation: u64, context: &mut Context<Self>) {
        let binding = self.binding();
        if binding.is_none() && self.streams.are_kept() {
            return self.try_launch(context);
        }
        let mut turn = self.shared.turns.take();
        if binding.is_none() && turn.has_come() {
            return self.open_and_launch(turn, incarnation, context);
        }
        let wait = come(binding, turn, Arc::clone(&self.shared));
        context.spawn(wait.into_actor(self).map(move |(bound, turn), actor, context| match bound {
            Err((message, hint)) if actor.is_wanted(incarnation) => {
                actor.spawn_failed(&message, hint, context);
            }
            Ok(socket) => {
                if socket.is_some() {
                    actor.estate.record().socket = socket;
                }
                actor.open_and_launch(turn, incarnation, context);
            }
            Err(_) => actor.occur(Fact::SpawnFailed, Cause::unborn(), context),
        }));
    }

    /// Whether this very spawn is still to be made.
    fn is_wanted(&self, incarnation: u64) -> bool {
        self.estate.record().incarnation == incarnation && self.awaits_spawn()
    }

    /// Its turn has come: opens the files that are not open, then makes the process.
    fn open_and_launch(&mut self, turn: Turn, incarnation: u64, context: &mut Context<Self>) {
        if !self.is_wanted(incarnation) {
            return self.occur(Fact::SpawnFailed, Cause::unborn(), context);
        }
        // a command that cannot be run needs no files
        if self.streams.are_open() || launch::command(&self.estate.spec, &self.shared).is_err() {
            return self.try_launch(context);
        }
        let opening = self.streams.open();
        let held = async move {
            let mut opening = pin!(opening);
            // whoever comes next waits for this one, but not for a slow disk
            match tokio::time::timeout(HOLD, opening.as_mut()).await {
                Ok(opened) => (opened, Some(turn)),
                Err(_) => {
                    drop(turn);
                    (opening.await, None)
                }
            }
        };
        context.spawn(held.into_actor(self).map(move |(opened, turn), actor, context| {
            if !actor.is_wanted(incarnation) {
                return actor.occur(Fact::SpawnFailed, Cause::unborn(), context);
            }
            match opened {
                Ok(()) => actor.try_launch(context),
                Err(error) => actor.cannot_open(&error, context),
            }
            drop(turn);
        }));
    }

    fn cannot_open(&mut self, error: &OpenError, context: &mut Context<Self>) {
        let message = error.message(self.estate.namespec.process.as_str());
        self.spawn_failed(&message, &hint_of_log(error), context);
    }

    /// Whether a spawn is still wanted: a stop may have come while files were being opened.
    fn awaits_spawn(&self) -> bool {
        matches!(self.estate.record().machine.state(), State::Starting { ready_at: None, .. })
    }

    fn try_launch(&mut self, context: &mut Context<Self>) {
        match launch::command(&self.estate.spec, &self.shared) {
            Ok(command) => self.launch(command, context),
            Err(error) => self.spawn_failed(&error.to_string(), error.hint(), context),
        }
    }

    fn launch(&mut self, command: launch::Command, context: &mut Context<Self>) {
        let Some(sockets) = self.inherited() else {
            // an update has closed it since it was had
            let message = "one of its sockets was closed meanwhile";
            return self.spawn_failed(message, "start it again", context);
        };
        let mut launch = launch::launch(&self.estate, &self.shared, command, (self.stdin(), sockets));
        let socket = match self.equip(&mut launch) {
            Ok(socket) => socket,
            Err(error) => {
                let message = format!("no NOTIFY_SOCKET can be made: {error}");
                return self.spawn_failed(
                    &message,
                    "free descriptors, or take notify and watchdog out",
                    context,
                );
            }
        };
        match treeherd_os::spawn::spawn(&launch) {
            Ok(spawned) => self.spawned(spawned, socket, context),
            Err(error) => {
                let message = error.message(self.estate.namespec.process.as_str());
                let hint = "raise the limits (minfds, minprocs) or free resources";
                self.spawn_failed(&message, hint, context);
            }
        }
    }

    fn spawned(&mut self, spawned: Spawned, socket: Option<NotifySocket>, context: &mut Context<Self>) {
        let Spawned { process, stdin, stdout, stderr, line, failure, .. } = spawned;
        note_spawn(&self.shared.log, &self.estate.namespec, process.pid(), failure);
        // before anything that it writes can be read
        self.take_seat(process.pid());
        self.begin_vitals(process.pid(), line, socket);
        self.estate.stdout.attach(stdout, process.pid());
        if let (Some(stream), Some(pipe)) = (&self.estate.stderr, stderr) {
            stream.attach(pipe, process.pid());
        }
        {
            let mut record = self.estate.record();
            record.process = Some(process.clone());
            record.signs.born = Some(clock::now());
            record.open_stdin(stdin);
        }
        self.writing = false;
        self.streams.attach();
        self.watch(process, context);
        self.waiters.spawned();
        self.occur(Fact::Spawned, Cause::Spawned, context);
        self.start_probes(context);
    }

    pub(super) fn spawn_failed(&mut self, message: &str, hint: &str, context: &mut Context<Self>) {
        info!(self.shared.log, "spawnerr: {message}");
        warn!(self.shared.log, "{} was not spawned: {hint}", self.estate.namespec);
        self.estate.record().spawnerr = Some(message.into());
        // while descriptors are short, those of its logs may be what another program needs
        self.streams.release();
        let cause = Cause::NotSpawned { error: message.into(), hint: Some(hint.into()) };
        self.occur(Fact::SpawnFailed, cause, context);
    }

    /// Waits for the end of the process, without waiting here.
    pub(super) fn watch(&mut self, process: Process, context: &mut Context<Self>) {
        let incarnation = self.estate.record().incarnation;
        let end = async move { process.wait().await };
        context.spawn(end.into_actor(self).map(move |status, actor, context| match status {
            Ok(status) => actor.end(status, incarnation, context),
            Err(error) => {
                let name = &actor.estate.namespec;
                error!(actor.shared.log, "cannot watch {name}: {error}; its end will not be noticed");
                let cause = Cause::OutOfReach(format!("its end cannot be watched: {error}").into());
                actor.occur(Fact::SignalFailed, cause, context);
            }
        }));
    }

    /// The process has ended: first its output, then the news.
    fn end(&mut self, status: ExitStatus, incarnation: u64, context: &mut Context<Self>) {
        if self.estate.record().incarnation != incarnation {
            return;
        }
        if self.streams.are_quiet() {
            return self.buried(status, context);
        }
        let close = !self.goes_on(status);
        let drained = self.streams.drain(close).into_actor(self);
        context.spawn(drained.map(move |(), actor, context| {
            if actor.estate.record().incarnation == incarnation {
                actor.buried(status, context);
            }
        }));
    }

    /// Whether the machine will make another process by itself, so that files are better left open.
    fn goes_on(&self, status: ExitStatus) -> bool {
        let now = clock::now();
        let mut machine: Machine = self.estate.record().machine.clone();
        while machine.due(now, &self.estate.policy).is_some() {}
        match machine.occur(Fact::Exited(status), now, &self.estate.policy).to {
            State::Backoff { next: Next::GiveUp(_), .. } => false,
            state => state.deadline().is_some(),
        }
    }

    fn buried(&mut self, status: ExitStatus, context: &mut Context<Self>) {
        // a process that lived longer than startsecs had been RUNNING: that comes first
        self.drive(context);
        self.announce_output(context);
        {
            let mut record = self.estate.record();
            self.buried_pid = record.process.take().map_or(0, |process| process.pid());
            record.close_stdin();
            record.stop_ms = clock::wall_ms();
            record.last_end = Some(status);
        }
        let cause = self.cause_of(status);
        let fact = self.end_fact(status);
        self.occur(fact, cause, context);
    }

    /// Sends a signal that the machine asks for.
    pub(super) fn signal(
        &mut self,
        signal: Signal,
        as_group: bool,
        escalated: bool,
        context: &mut Context<Self>,
    ) {
        let Some(process) = self.estate.record().process.clone() else {
            // the machine knows of no process either: a signal before the spawn is not asked for
            return self.occur(Fact::SpawnFailed, Cause::unborn(), context);
        };
        report::signal(&self.shared.log, &self.estate, process.pid(), signal, as_group, escalated);
        let scope = if as_group { Scope::Group } else { Scope::Process };
        match process.signal(signal, scope) {
            Ok(()) => {}
            Err(SignalError::NoSuchProcess { .. }) => {
                let name = &self.estate.namespec.process;
                debug!(
                    self.shared.log,
                    "unable to signal {name} (pid {}), it probably just exited on its own: [Errno 3] No such \
                     process",
                    process.pid()
                );
            }
            Err(error) => {
                let name = &self.estate.namespec.process;
                slog::crit!(self.shared.log, "unknown problem killing {name} ({}):{error}", process.pid());
                self.waiters.cannot_end(&Fault::Failed(format!("{}: {error}", self.estate.namespec)));
                let cause = Cause::OutOfReach(error.to_string().into());
                self.occur(Fact::SignalFailed, cause, context);
            }
        }
    }

    /// Sends a signal that somebody asks for; it changes no state.
    pub(super) fn send_signal(
        &mut self,
        signal: Signal,
        cause: &Cause,
        context: &mut Context<Self>,
    ) -> Result<(), Fault> {
        self.drive(context);
        let namespec = self.estate.namespec.clone();
        let (state, process) = {
            let record = self.estate.record();
            (record.machine.name(), record.process.clone())
        };
        let process = process.filter(|_| state.is_signallable());
        let process = process.ok_or_else(|| Fault::NotRunning(namespec.clone()))?;
        let (name, pid) = (&namespec.process, process.pid());
        debug!(self.shared.log, "sending {name} (pid {pid}) sig {signal}");
        match process.signal(signal, Scope::Process) {
            Ok(()) => {
                self.note_signal(signal, cause.clone());
                Ok(())
            }
            Err(SignalError::NoSuchProcess { .. }) => {
                debug!(
                    self.shared.log,
                    "unable to signal {name} (pid {pid}), it probably just now exited on its own: [Errno 3] No \
                     such process"
                );
                Ok(())
            }
            Err(error) => {
                slog::crit!(self.shared.log, "unknown problem sending sig {name} ({pid}):{error}");
                let cause = Cause::OutOfReach(error.to_string().into());
                self.occur(Fact::SignalFailed, cause, context);
                Err(Fault::Failed(format!("{namespec}: {error}")))
            }
        }
    }

    /// Empties the logs, and answers.
    pub(super) fn clear(&mut self, reply: Reply, context: &mut Context<Self>) {
        let namespec = self.estate.namespec.clone();
        let cleared = self.streams.clear().into_actor(self).map(move |cleared, _, _| {
            let result = cleared.map_err(|error| Fault::Failed(format!("{namespec}: {error}")));
            reply.send(Outcome::new(namespec, result));
        });
        context.spawn(cleared);
    }

    /// Reopens the logs.
    pub(super) fn reopen(&mut self, context: &mut Context<Self>) {
        let reopened = self.streams.reopen().into_actor(self).map(|failed, actor, _| {
            for message in failed {
                error!(actor.shared.log, "cannot reopen a log of {}: {message}", actor.estate.namespec);
            }
        });
        context.spawn(reopened);
    }
}

/// Waits for the sockets, if one has to be had, and for the turn.
async fn come(
    binding: Option<impl Future<Output = Result<Option<Arc<Listening>>, Refused>>>,
    mut turn: Turn,
    shared: Arc<Shared>,
) -> (Result<Option<Arc<Listening>>, Refused>, Turn) {
    let bound = match binding {
        Some(binding) => {
            let mut binding = pin!(binding);
            match tokio::time::timeout(HOLD, binding.as_mut()).await {
                Ok(bound) => bound,
                Err(_) => {
                    // whoever comes next does not wait for a name to be looked up
                    turn = shared.turns.take();
                    binding.await
                }
            }
        }
        None => Ok(None),
    };
    turn.come().await;
    (bound, turn)
}

/// Logs a spawn, and what its set-up did not get done in the child.
fn note_spawn(log: &Logger, namespec: &Namespec, pid: i32, failure: Option<SetupFailure>) {
    info!(log, "spawned: '{}' with pid {pid}", namespec.process);
    if let Some(failure) = failure {
        warn!(log, "{namespec} (pid {pid}) could not be set up: {failure}; {}", hint(failure.stage));
    }
}

/// What to do about a log file that cannot be opened.
fn hint_of_log(error: &OpenError) -> String {
    match error.errno() {
        _ if error.is_refusal() => error.to_string(),
        errno::EMFILE => format!("{error}; raise minfds"),
        _ => format!("{error}; make it writable (see *_logfile)"),
    }
}

/// What to do about a step that failed in the child.
const fn hint(stage: SetupStage) -> &'static str {
    match stage {
        SetupStage::ProcessGroup | SetupStage::Stdio | SetupStage::Sockets => "raise the daemon's limits",
        SetupStage::NotRoot | SetupStage::Groups | SetupStage::Gid | SetupStage::Uid => {
            "run the daemon as root, or remove user= from the program"
        }
        SetupStage::Directory => "make directory= exist and let the program's user enter it",
        SetupStage::Exec => {
            "check that the file is a program for this machine, or a script that begins with #!"
        }
    }
}
