//! Errands: commands that are run beside the processes and come to an end, such as the check of `ready=exec:`.
//!
//! ```text
//! run ─► a place (at most PLACES at once) ─► split, found, spawned on the blocking pool ─► output read, end awaited
//!            │ none in time                      │ cannot be                                  │ limit passed
//!            ▼                                   ▼                                            ▼
//!         Crowded                             NotRun                             SIGKILL to its group, TimedOut
//! ```
//!
//! An errand has a process group of its own, an empty standard input, one pipe for both outputs, and the program's user,
//! directory, umask and environment. It never runs on the tree's thread, and never longer than its limit. Of what it
//! writes the last [`KEPT`] bytes are kept; the rest is read and dropped, so that it never blocks in a write. Whoever
//! drops the future ends the errand: its group is killed and its status taken all the same. What an errand leaves
//! running in the background after its own end is let be.
//!
//! Absent: shells (write `sh -c '...'`), and what an exit status means.

use crate::clock;
use crate::estate::Estate;
use crate::program::launch;
use crate::shared::Shared;
use slog::{Logger, warn};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use treeherd_domain::account::Account;
use treeherd_domain::duration::Shown;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::signal::Signal;
use treeherd_domain::undecodable::text_or_undecodable;
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::pipe::{PipeReader, Read, read_now};
use treeherd_os::process::{Process, Scope, SignalError};
use treeherd_os::spawn::{Launch, SetupFailure, Spawned, StderrTo, StdinFrom, spawn};

/// How many errands run at once in one daemon.
pub const PLACES: usize = 32;
/// How many names are looked up at once for probes.
const LOOKUPS: usize = 8;
/// How much of the output of an errand is kept: its last bytes.
pub const KEPT: usize = 4096;
/// How long a killed errand may take to be gone before its end is left to the background.
const GONE: Duration = Duration::from_secs(1);
/// What is read at most after the end of an errand whose pipe somebody else still fills.
const REST: usize = 64 * 1024;

/// The places for errands, and for looking up names.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    errands: Arc<Semaphore>,
    /// Of a name server that does not answer no more threads than these wait.
    pub(crate) lookups: Arc<Semaphore>,
    /// Each errand has a receiver of it until it is over.
    busy: Arc<watch::Sender<()>>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            errands: Arc::new(Semaphore::new(PLACES)),
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            busy: Arc::new(watch::Sender::new(())),
        }
    }
}

impl Places {
    /// Waits until no errand runs here, or waits for a place; each has its limit.
    pub(crate) async fn are_free(&self) {
        self.busy.closed().await;
    }
}

/// A command to be run once.
#[derive(Clone, Debug)]
pub struct Errand {
    /// What it is, for messages: `health check of shop:web`.
    pub name: String,
    /// The command, split as `command=` is.
    pub command: String,
    /// `user`: who runs it; `None`: the daemon's user.
    pub user: Option<Account>,
    /// Where it runs; `None`: the daemon's directory.
    pub directory: Option<String>,
    /// Its umask; `None`: the daemon's.
    pub umask: Option<u32>,
    /// Variables laid over the daemon's environment; a later one wins.
    pub variables: Vec<(String, String)>,
    /// How long it may wait for a place, and then how long it may run.
    pub limit: Duration,
}

impl Errand {
    /// A command run as a program is: with its user, directory, umask and environment. What is in `extra` wins.
    #[must_use]
    pub fn of(
        estate: &Estate,
        shared: &Shared,
        name: String,
        command: &str,
        limit: Duration,
        extra: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut variables = launch::environment(estate, shared);
        variables.extend(extra);
        let spec = &estate.spec;
        Self {
            name,
            command: command.to_owned(),
            user: spec.user.clone(),
            directory: spec.directory.clone(),
            umask: spec.umask,
            variables,
            limit,
        }
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// [`ErrandError`] if it did not come to an end of its own. A bad exit status is none.
    pub async fn run(self, shared: &Shared) -> Result<Done, ErrandError> {
        self.run_in(shared, &shared.errands).await
    }

    /// Runs it to its end, in one of these places.
    ///
    /// # Errors
    /// [`ErrandError`], as of [`run`](Self::run).
    pub(crate) async fn run_in(self, shared: &Shared, places: &Places) -> Result<Done, ErrandError> {
        let _busy = places.busy.subscribe();
        let asked = clock::now();
        let limit = self.limit;
        let place = timeout(limit, Arc::clone(&places.errands).acquire_owned());
        // the semaphore is never closed
        let Ok(Ok(place)) = place.await else { return Err(ErrandError::Crowded { waited: limit }) };
        let begun = clock::now();
        let name = self.name.clone();
        let mut running = self.leave(shared, place).await?;
        let mut output = Tail::default();
        let rest = limit.saturating_sub(clock::now().saturating_duration_since(begun));
        match timeout(rest, running.end(&mut output)).await {
            Ok(Ok(status)) => {
                running.is_over = true;
                running.read_rest(&mut output);
                let took = clock::now().saturating_duration_since(asked);
                Ok(Done { status, output: output.0, took, begun, failure: running.failure })
            }
            Ok(Err(error)) => Err(ErrandError::NotRun(format!("{name} cannot be watched: {error}"))),
            Err(_) => {
                running.kill();
                let _ = timeout(GONE, running.process.wait()).await; // the drop looks after one that is not gone
                running.read_rest(&mut output);
                Err(ErrandError::TimedOut { limit, output: output.0 })
            }
        }
    }
}

impl Errand {
    /// Has the process made.
    async fn leave(self, shared: &Shared, place: OwnedSemaphorePermit) -> Result<Running, ErrandError> {
        let limit = self.limit;
        let outing = Outing {
            errand: self,
            environment: Arc::clone(&shared.environment),
            path: shared.path.clone(),
            log: shared.log.clone(),
            runtime: Handle::current(),
            place,
        };
        let left = tokio::task::spawn_blocking(move || outing.leave());
        // a directory or a program on a dead file system holds the thread of the pool, and nobody else
        match timeout(limit, left).await {
            Ok(Ok(running)) => running,
            Ok(Err(panic)) => Err(ErrandError::NotRun(format!("internal error: {panic}"))),
            Err(_) => Err(ErrandError::NotRun(format!(
                "it was not started within {}: its directory or program is on a file system that does not answer",
                Shown(limit)
            ))),
        }
    }
}

/// How an errand ended by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// Its end.
    pub status: ExitStatus,
    /// The last [`KEPT`] bytes that it wrote.
    pub output: Vec<u8>,
    /// How long it took, the wait for a place included.
    pub took: Duration,
    /// When it began to run.
    pub begun: Instant,
    /// Why it did not become its program; its status is 127 then.
    pub failure: Option<SetupFailure>,
}

impl Done {
    /// Whether it ended with status 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == ExitStatus::Code(0)
    }

    /// The last line of its output that is not empty, for a message.
    #[must_use]
    pub fn last_line(&self) -> String {
        last_line(&self.output)
    }

    /// Whether nothing says why it ended as it did but its status.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.failure.is_none() && self.last_line().is_empty()
    }

    /// How it ended, with its last words: `exit status 3: no route to host`.
    #[must_use]
    pub fn reason(&self) -> String {
        match (self.failure, self.last_line()) {
            (Some(failure), _) => format!("could not be set up: {failure}"),
            (None, line) if line.is_empty() => self.status.to_string(),
            (None, line) => format!("{}: {line}", self.status),
        }
    }
}

/// Why an errand has no end of its own.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ErrandError {
    /// It was never run.
    #[error("{0}")]
    NotRun(String),
    /// All places were taken for as long as it may run.
    #[error("waited {} for one of {PLACES} places to run commands", Shown(*.waited))]
    Crowded {
        /// How long it waited.
        waited: Duration,
    },
    /// It ran too long; it and its process group were killed.
    #[error("did not end within {} and was killed", Shown(*.limit))]
    TimedOut {
        /// How long it may run.
        limit: Duration,
        /// The last bytes that it wrote.
        output: Vec<u8>,
    },
}

/// The last line of an output that is not empty, as text, at most 200 characters of it.
#[must_use]
pub fn last_line(output: &[u8]) -> String {
    let mut lines = output.rsplit(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    text_or_undecodable(line).chars().filter(|c| !c.is_control()).take(200).collect()
}

/// An errand that has a place.
struct Outing {
    errand: Errand,
    environment: Arc<BaseEnvironment>,
    path: Option<String>,
    log: Logger,
    runtime: Handle,
    place: OwnedSemaphorePermit,
}

impl Outing {
    /// Makes the process. Blocks.
    fn leave(self) -> Result<Running, ErrandError> {
        let Self { errand, environment, path, log, runtime, place } = self;
        let own = errand.variables.iter().rev().find(|(name, _)| name == "PATH");
        let path = own.map(|(_, value)| value).or(path.as_ref());
        let found = launch::find(&errand.command, path.map(String::as_str));
        let (program, argv) =
            found.map_err(|error| ErrandError::NotRun(format!("{error}; {}", error.hint())))?;
        let launch = launch_of(&errand, program, argv, environment);
        let spawned = spawn(&launch);
        let spawned = spawned.map_err(|error| ErrandError::NotRun(error.message(&errand.name)))?;
        let Spawned { process, stdout, failure, .. } = spawned;
        let name = errand.name;
        Ok(Running {
            name,
            process,
            pipe: Arc::new(stdout),
            failure,
            log,
            runtime,
            is_over: false,
            _place: place,
        })
    }
}

fn launch_of(errand: &Errand, program: PathBuf, argv: Vec<String>, base: Arc<BaseEnvironment>) -> Launch {
    let mut launch = Launch::new(program, argv, base);
    launch.overrides.clone_from(&errand.variables);
    launch.directory.clone_from(&errand.directory);
    launch.umask = errand.umask;
    launch.credentials.clone_from(&errand.user);
    launch.stdin = StdinFrom::Pipe;
    launch.stderr = StderrTo::Stdout;
    launch
}

/// An errand that runs; ended when dropped.
#[derive(Debug)]
struct Running {
    name: String,
    process: Process,
    pipe: Arc<OwnedFd>,
    failure: Option<SetupFailure>,
    log: Logger,
    runtime: Handle,
    /// Whether its status has been taken.
    is_over: bool,
    _place: OwnedSemaphorePermit,
}

impl Running {
    /// Reads what it writes until it has ended, whoever else may have its pipe.
    async fn end(&self, output: &mut Tail) -> std::io::Result<ExitStatus> {
        let reader = PipeReader::new(&self.pipe)?;
        let read = async {
            let mut buffer = [0; KEPT];
            loop {
                reader.readable().await?;
                match reader.try_read(&mut buffer)? {
                    Read::Bytes(count) => output.take(&buffer[..count]),
                    Read::Empty => {}
                    Read::Closed => return Ok::<_, std::io::Error>(()),
                }
            }
        };
        tokio::select! {
            // the end first: output that never ends must not hold it up
            biased;
            status = self.process.wait() => status,
            closed = read => { closed?; self.process.wait().await }
        }
    }

    /// Reads what stands in the pipe now.
    fn read_rest(&self, output: &mut Tail) {
        let mut buffer = [0; KEPT];
        let mut left = REST;
        while left > 0
            && let Ok(Read::Bytes(count)) = read_now(&self.pipe, &mut buffer)
        {
            output.take(&buffer[..count]);
            left = left.saturating_sub(count);
        }
    }

    fn kill(&self) {
        match self.process.signal(Signal::KILL, Scope::Group) {
            Ok(()) | Err(SignalError::NoSuchProcess { .. }) => {}
            Err(error) => warn!(self.log, "{} cannot be killed: {error}", self.name),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_over || matches!(self.process.try_wait(), Ok(Some(_))) {
            return;
        }
        self.kill();
        // its status is taken wherever there is a runtime still; in the end it is a stranger's
        let process = self.process.clone();
        drop(self.runtime.spawn(async move { process.wait().await }));
    }
}

/// The last bytes of an output.
#[derive(Debug, Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn take(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        let excess = self.0.len().saturating_sub(KEPT);
        self.0.drain(..excess);
    }
}
