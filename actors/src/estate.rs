//! Estates: what must outlive the actors that drive it.
//!
//! ```text
//!   Arena ── GroupEstate ─┬─ PoolEstate, of listeners    (see pool)
//!                         |- FeedEstate, of subscribers  (see feed)
//!                         `─ Estate (one process)        written by its Program actor alone,
//!                              |- Record: machine, pid,   read by anyone for a moment
//!                              |          times, error
//!                              `- StreamEstate x 2: pipe end, file, followers   (see rotator)
//! ```
//!
//! A process is not its actor. Pid, pipes and lifecycle state stand here; a Program, Group or Root that ends by a bug is
//! started again and finds them. The loop outside the tree hands the arena to each Root. Any thread reads status here.
//!
//! Locks are held for a moment, never across an await or a system call that may block. A poisoned lock
//! is used all the same: every write to a record is one assignment after the other, each valid.

mod arena;
mod bell;
mod ending;
mod feed;
mod group;
mod grove;
mod kin;
mod outside;
mod past;
mod pool;
pub(crate) mod run;
mod standing;

pub use arena::{Arena, Mood};
pub use bell::Look;
pub use ending::Ending;
pub use feed::{FeedEstate, FeedStatus, Place};
pub use group::GroupEstate;
pub use grove::{Grove, Trees};
pub(crate) use kin::Kin;
pub use pool::{PoolEstate, PoolStatus, Seat};
pub use standing::Gate;

use crate::clock;
use crate::forward::Forwards;
use crate::rotator::stream::{Matches, StreamEstate};
use crate::sockets::Listening;
use slog::{Logger, debug, error, info, warn};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use treeherd_domain::cause::{History, Signalled, Tail};
use treeherd_domain::depend::Returns;
use treeherd_domain::depend::gate::is_there;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::health::{Check, Condition, Health, Readiness, Vitals};
use treeherd_domain::level::Level;
use treeherd_domain::lifecycle::{Machine, Policy, State};
use treeherd_domain::name::Namespec;
use treeherd_domain::pool::Line;
use treeherd_domain::reload::same_streams;
use treeherd_domain::restart;
use treeherd_domain::spec::ProcessSpec;
use treeherd_domain::status::{ProcessStatus, View};
use treeherd_domain::stream::Stream;
use treeherd_os::host::nodename;
use treeherd_os::notify::NotifySocket;
use treeherd_os::pipe::{bytes_waiting, write_now};
use treeherd_os::process::Process;
use treeherd_os::syslog::{DEV_LOG, Syslog};

/// Locks, also after a panic of another holder.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Logs what a pool or a feed has to say, while its lock is held, so that the lines are in the order of what they tell.
fn note(log: &Logger, lines: impl IntoIterator<Item = Line>) {
    for Line { level, text } in lines {
        match level {
            Level::Critical | Level::Error => error!(log, "{text}"),
            Level::Warn => warn!(log, "{text}"),
            Level::Info => info!(log, "{text}"),
            Level::Debug | Level::Trace | Level::Blather => debug!(log, "{text}"),
        }
    }
}

/// What is known of one process, apart from its configuration.
#[derive(Debug, Default)]
pub struct Record {
    /// Its lifecycle.
    pub machine: Machine,
    /// Which spawn it is at, counted from 1.
    pub incarnation: u64,
    /// The living process.
    pub process: Option<Process>,
    /// The write end of its standard input.
    pub stdin: Option<Arc<OwnedFd>>,
    /// Bytes for its standard input that the pipe did not take yet.
    pub stdin_queue: VecDeque<u8>,
    /// Bytes for its standard input that nobody has read, now that it is closed.
    lost: usize,
    /// The socket that is its standard input, from before its spawn until nothing follows its end by itself.
    pub socket: Option<Arc<Listening>>,
    /// Milliseconds since the epoch of the last spawn attempt; 0 never.
    pub start_ms: u64,
    /// Milliseconds since the epoch when it was last reaped; 0 never.
    pub stop_ms: u64,
    /// The last spawn or exit error (`spawnerr`).
    pub spawnerr: Option<Box<str>>,
    /// How it last ended, as Supervisor tells it: a quick end is not.
    pub exit: Option<ExitStatus>,
    /// Whether an operator has disabled it: a copy of the arena's desired state.
    pub disabled: bool,
    /// How it last ended.
    pub last_end: Option<ExitStatus>,
    /// The number of its last event.
    pub seq: u64,
    /// Whether anything was ever asked of it.
    pub begun: bool,
    /// What it waits for, and on whom it relies.
    pub gate: Gate,
    /// What restarts of several have in mind with it.
    pub returns: Returns,
    /// What happened to the process that is there, or was there last.
    pub signs: Signs,
    /// What is run beside it, or was.
    pub hooks: run::Runs,
    /// What happened to it, and why.
    pub history: History,
    /// Its readiness and health.
    pub vitals: Vitals,
    /// How it tells of itself.
    pub(crate) told: Told,
    /// Why it was ended by us: never ready, or unhealthy.
    pub ailment: Option<Box<str>>,
}

/// How the process tells of itself, for as long as it lives.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The read end of the pipe that it writes lines to.
    pub(crate) line: Option<Arc<OwnedFd>>,
    /// Its notify socket.
    pub(crate) socket: Option<NotifySocket>,
    /// Lines of its output that match.
    pub(crate) matches: Option<Arc<Matches>>,
}

/// What happened to one process of a program that its end may be due to.
#[derive(Clone, Debug, Default)]
pub struct Signs {
    /// When it was made.
    pub born: Option<Instant>,
    /// When the first SIGKILL was sent after `stopwaitsecs`.
    pub killed: Option<Instant>,
    /// The last signal that was sent, but for those of a stop.
    pub signalled: Option<Signalled>,
}

/// Bytes that may wait for a process that does not read.
pub(crate) const WAITING: usize = 1024 * 1024;

impl Record {
    /// Writes a whole message to the standard input: at once what the pipe takes, the rest waits, behind what waits
    /// already. `false`, and nothing of it is written, if nobody reads or too much waits.
    pub(crate) fn write_stdin(&mut self, bytes: &[u8]) -> bool {
        let waiting = self.stdin_queue.len();
        if self.stdin.is_none() || (waiting > 0 && waiting + bytes.len() > WAITING) {
            return false;
        }
        self.stdin_queue.extend(bytes);
        self.flush_stdin();
        self.stdin.is_some()
    }

    /// Writes what the pipe takes now. A pipe that nobody reads any more is given up.
    pub(crate) fn flush_stdin(&mut self) {
        while let Some(stdin) = &self.stdin
            && !self.stdin_queue.is_empty()
        {
            match write_now(&**stdin, self.stdin_queue.make_contiguous()) {
                Ok(0) => return,
                Ok(count) => drop(self.stdin_queue.drain(..count)),
                Err(_) => self.close_stdin(),
            }
        }
    }

    /// Nothing more is written, and what is not read will not be.
    pub(crate) fn close_stdin(&mut self) {
        self.lost = self.unread();
        self.stdin = None;
        self.stdin_queue.clear();
    }

    /// A new process reads from this pipe.
    pub(crate) fn open_stdin(&mut self, stdin: Option<OwnedFd>) {
        self.stdin = stdin.map(Arc::new);
        self.stdin_queue.clear();
        self.lost = 0;
    }

    /// Bytes for its standard input that it has not read.
    pub(crate) fn unread(&self) -> usize {
        let Some(stdin) = &self.stdin else { return self.lost };
        // a pipe can always be asked; were it not so, what is in it would count as read
        self.stdin_queue.len() + bytes_waiting(&**stdin).unwrap_or(0)
    }
}

/// One process: its configuration, its record, its streams.
#[derive(Debug)]
pub struct Estate {
    /// Its full name.
    pub namespec: Namespec,
    /// Its configuration.
    pub spec: Arc<ProcessSpec>,
    /// What of that decides transitions.
    pub policy: Policy,
    /// Standard output.
    pub stdout: Arc<StreamEstate>,
    /// Standard error; `None` with `redirect_stderr`.
    pub stderr: Option<Arc<StreamEstate>>,
    /// Its place in a pool of event listeners.
    pub seat: Option<Seat>,
    /// Its place among subscribers.
    pub place: Option<Place>,
    /// Shared with the estate that comes after this one, if the process is configured differently.
    record: Arc<Mutex<Record>>,
}

impl Estate {
    /// The estate of a process that is new.
    fn new(namespec: Namespec, spec: &Arc<ProcessSpec>, logs: &LogSettings, seat: Option<Seat>) -> Self {
        let stream = |which, seat| {
            Arc::new(StreamEstate::new(namespec.clone(), which, spec.stream(which), logs, seat))
        };
        // of its own in every daemon, so that the same programs on many machines do not start as one
        let seed = restart::seed(&namespec.to_string(), clock::wall_ms());
        Self {
            policy: Policy { seed, ..Policy::from(&**spec) },
            stdout: stream(Stream::Stdout, seat.clone()),
            stderr: (!spec.redirect_stderr).then(|| stream(Stream::Stderr, None)),
            seat,
            place: None,
            record: Arc::default(),
            spec: Arc::clone(spec),
            namespec,
        }
    }

    /// The estate of the same process by another configuration. It has the record of this one, and its streams
    /// unless they are configured differently.
    fn heir(&self, spec: &Arc<ProcessSpec>, logs: &LogSettings) -> Self {
        let mut heir = if same_streams(&self.spec, spec) {
            Self {
                namespec: self.namespec.clone(),
                spec: Arc::clone(spec),
                policy: Policy { seed: self.policy.seed, ..Policy::from(&**spec) },
                stdout: Arc::clone(&self.stdout),
                stderr: self.stderr.clone(),
                seat: self.seat.clone(),
                place: None,
                record: Arc::default(),
            }
        } else {
            Self::new(self.namespec.clone(), spec, logs, self.seat.clone())
        };
        heir.record = Arc::clone(&self.record);
        heir
    }

    /// Whether another estate has the very streams of this one.
    pub(crate) fn has_streams_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.stdout, &other.stdout)
    }

    /// Whether there is no process, and none was asked for.
    pub(crate) fn is_down(&self) -> bool {
        let record = self.record();
        record.process.is_none() && record.machine.state().is_down()
    }

    /// Whether it can be used now.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.condition().readiness
    }

    /// Its readiness and health, to be shown.
    #[must_use]
    pub fn condition(&self) -> Condition {
        condition(&self.record())
    }

    /// Whether it is ready now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.readiness().is_ready()
    }

    /// Whether it can be used now: what others that need it wait for.
    #[must_use]
    pub fn is_there(&self) -> bool {
        let record = self.record();
        let (state, is_ready) = (record.machine.state(), condition(&record).readiness.is_ready());
        is_there(&state, is_ready, self.policy.oneshot, self.spec.health.ready != Check::Startsecs)
    }

    /// Whether it is known to do its work.
    #[must_use]
    pub fn health(&self) -> Health {
        self.record().vitals.health()
    }

    /// What `NOTIFY_SOCKET` says to the process, if it has one.
    #[must_use]
    pub fn notify_name(&self) -> Option<String> {
        self.record().told.socket.as_ref().map(|socket| socket.name().to_owned())
    }

    /// The record, for a moment.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        lock(&self.record)
    }

    /// The streams that have a pipe of their own.
    pub fn streams(&self) -> impl Iterator<Item = &Arc<StreamEstate>> {
        std::iter::once(&self.stdout).chain(&self.stderr)
    }

    /// What the process of this pid wrote last: to its standard error, or else to its standard output.
    pub(crate) fn last_output(&self, pid: i32) -> Option<Tail> {
        let stderr = self.stderr.as_ref().and_then(|stream| stream.last_output(pid));
        stderr.or_else(|| self.stdout.last_output(pid))
    }

    /// A stream by name; standard error is `None` with `redirect_stderr`.
    #[must_use]
    pub fn stream(&self, stream: Stream) -> Option<&Arc<StreamEstate>> {
        match stream {
            Stream::Stdout => Some(&self.stdout),
            Stream::Stderr => self.stderr.as_ref(),
        }
    }

    /// What is told of it now.
    #[must_use]
    pub fn status(&self) -> ProcessStatus {
        let record = self.record();
        let seconds = |ms: u64| i64::try_from(ms / 1000).unwrap_or(i64::MAX);
        let state = record.machine.state();
        ProcessStatus {
            namespec: self.namespec.clone(),
            state: state.name(),
            view: view(&record, self.policy.oneshot),
            disabled: record.disabled,
            start: seconds(record.start_ms),
            stop: seconds(record.stop_ms),
            now: seconds(clock::wall_ms()),
            spawnerr: record.spawnerr.as_deref().unwrap_or_default().to_owned(),
            exit: record.exit,
            stdout_logfile: self.stdout.path().map(ToOwned::to_owned),
            stderr_logfile: self.stderr.as_ref().and_then(|s| s.path()).map(ToOwned::to_owned),
            pid: record.process.as_ref().map_or(0, Process::pid),
            incarnation: record.incarnation,
            restarts: record.incarnation.saturating_sub(1),
            attempt: state.attempt(),
            seq: record.seq,
            condition: condition(&record),
        }
    }
}

fn condition(record: &Record) -> Condition {
    record.vitals.condition(matches!(record.machine.state(), State::Running { .. }))
}

/// What of a record Supervisor's states do not say.
fn view(record: &Record, oneshot: bool) -> View {
    let missing = || record.gate.missing.iter().map(ToString::to_string).collect();
    View::of(&record.machine.state(), oneshot, missing)
}

/// What of `[supervisord]` the child logs need.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// `childlogdir`.
    pub childlogdir: PathBuf,
    /// `identifier`.
    pub identifier: String,
    /// `strip_ansi`.
    pub strip_ansi: bool,
    /// The daemon's log.
    pub log: Logger,
    /// The daemon's log, if its level is debug or lower: it gets a copy of all output.
    pub debug: Option<Logger>,
    /// Where streams with `*_syslog` send their lines.
    pub syslog: Arc<Syslog>,
    /// The ways to what `*_syslog_target` names.
    pub forwards: Arc<Forwards>,
}

impl LogSettings {
    /// AUTO logs in this directory under this identifier, and nothing else; no log of the daemon's.
    #[must_use]
    pub fn new(childlogdir: PathBuf, identifier: String) -> Self {
        let syslog = Arc::new(Syslog::new(Path::new(DEV_LOG)));
        let log = Logger::root(slog::Discard, slog::o!());
        let forwards = Arc::new(Forwards::new(&nodename()));
        Self { childlogdir, identifier, strip_ansi: false, log, debug: None, syslog, forwards }
    }
}
