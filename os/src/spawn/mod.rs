//! Starting a process: pipes, user, directory, umask, exec, in Supervisor's order.
//!
//! ```text
//! parent                              child (its own stack, the parent's memory, all signals blocked)
//! make pipes, lay out C strings
//! clone(VM|VFORK|PIDFD) ------------> setpgid, dup2 to 0, 1, 2 and of sockets to 3, 4, ..., LISTEN_PID,
//!                                     close-on-exec for the rest, dup2 of the line's pipe, signals to default,
//!   (waits)                           groups gid uid, chdir, umask, empty mask, execve
//!                                       | a step failed: text on fd 2, _exit(127)
//! reads (stage, errno) <----------------'
//! ```
//!
//! No step of the child allocates, so the cost does not grow with the daemon's memory. On the portable
//! path the child is a `fork` and reports through a close-on-exec pipe; all else is the same.
//! Absent: deciding what to run ([`resolve`](crate::resolve)), waiting for it ([`Process`]).

#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod berth;
mod child;
mod listen;
mod low;
mod prepare;
#[cfg_attr(all(target_os = "linux", not(feature = "portable")), path = "vfork.rs")]
#[cfg_attr(not(all(target_os = "linux", not(feature = "portable"))), path = "fork.rs")]
mod start;
mod stdio;

#[cfg(all(target_os = "linux", not(feature = "portable")))]
pub use berth::reserve;

/// Keeps low descriptors for children, where that is of use; here it is not.
///
/// # Errors
/// `ENOTSUP`, always.
#[cfg(not(all(target_os = "linux", not(feature = "portable"))))]
pub fn reserve() -> std::io::Result<()> {
    Err(std::io::Error::from_raw_os_error(libc::ENOTSUP))
}

use crate::environment::BaseEnvironment;
use crate::errno;
use crate::process::Process;
use prepare::Prepared;
use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;
use std::sync::Arc;
use treeherd_domain::account::Account;

/// What the child's standard input is.
#[derive(Clone, Debug, Default)]
pub enum StdinFrom {
    /// A pipe whose write end the parent keeps.
    #[default]
    Pipe,
    /// This descriptor: the listening socket of an `[fcgi-program:x]`.
    Descriptor(Arc<OwnedFd>),
}

/// What the child's standard error is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StderrTo {
    /// A pipe of its own.
    #[default]
    Pipe,
    /// The pipe of standard output (`redirect_stderr`).
    Stdout,
}

/// A listening socket that the child inherits.
#[derive(Clone, Debug)]
pub struct Inherited {
    /// What `LISTEN_FDNAMES` calls it; without a colon.
    pub name: String,
    /// The socket. Close-on-exec on this side.
    pub fd: Arc<OwnedFd>,
}

/// A process to be started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The file to execute, as [`resolve`](crate::resolve::resolve) found it.
    pub program: PathBuf,
    /// The words of the command, the first one included.
    pub argv: Vec<String>,
    /// The environment to start from.
    pub environment: Arc<BaseEnvironment>,
    /// Variables laid over it; a later one wins.
    pub overrides: Vec<(String, String)>,
    /// `directory`: where to run, entered as the new user.
    pub directory: Option<String>,
    /// `umask`.
    pub umask: Option<u32>,
    /// `user`: who to run as; nothing is changed if the daemon already is that user.
    pub credentials: Option<Account>,
    /// What standard input is.
    pub stdin: StdinFrom,
    /// What it finds at 3, 4, ..., and is told of by `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES` as
    /// `sd_listen_fds(3)` wants it. Without any, these variables are as in `environment` and `overrides`.
    pub sockets: Vec<Inherited>,
    /// Where it finds the write end of a pipe of its own, behind all sockets, to tell by a line that it is up.
    pub line: Option<RawFd>,
    /// Where standard error goes.
    pub stderr: StderrTo,
    /// Bytes that the output pipes shall hold; `None` leaves the system's default.
    pub pipe_size: Option<u32>,
}

impl Launch {
    /// A process with nothing set but what it must have.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, argv: Vec<String>, environment: Arc<BaseEnvironment>) -> Self {
        Self {
            program: program.into(),
            argv,
            environment,
            overrides: Vec::new(),
            directory: None,
            umask: None,
            credentials: None,
            stdin: StdinFrom::Pipe,
            sockets: Vec::new(),
            line: None,
            stderr: StderrTo::Pipe,
            pipe_size: None,
        }
    }
}

/// A process that was started, and this side's ends of its pipes (non-blocking, close-on-exec).
#[derive(Debug)]
pub struct Spawned {
    /// The process; its status is to be waited for even after a [`failure`](Self::failure).
    pub process: Process,
    /// The write end of its standard input; `None` if that is no pipe.
    pub stdin: Option<OwnedFd>,
    /// The read end of its standard output.
    pub stdout: OwnedFd,
    /// The read end of its standard error; `None` if that goes to standard output.
    pub stderr: Option<OwnedFd>,
    /// The read end of the pipe of [`Launch::line`].
    pub line: Option<OwnedFd>,
    /// What the child could not do. Its words are in its standard error, and it ends with status 127.
    pub failure: Option<SetupFailure>,
    /// Why [`Launch::pipe_size`] was not granted (an errno); the pipes then have the default size.
    pub pipe_size_refused: Option<i32>,
}

/// A step of the child before it becomes the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetupStage {
    /// Becoming a process group of its own.
    ProcessGroup,
    /// Putting the pipes in place.
    Stdio,
    /// Putting the inherited sockets in place.
    Sockets,
    /// Changing the user, when the daemon is not root.
    NotRoot,
    /// Setting the supplementary groups.
    Groups,
    /// Setting the group.
    Gid,
    /// Setting the user.
    Uid,
    /// Entering `directory`.
    Directory,
    /// Executing the program.
    Exec,
}

impl SetupStage {
    const ALL: [Self; 9] = [
        Self::ProcessGroup,
        Self::Stdio,
        Self::Sockets,
        Self::NotRoot,
        Self::Groups,
        Self::Gid,
        Self::Uid,
        Self::Directory,
        Self::Exec,
    ];

    /// What crosses the shared memory or the status pipe; 0 means no failure.
    const fn number(self) -> i32 {
        self as i32 + 1
    }

    fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.number() == number)
    }
}

/// Why a child did not become its program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{stage:?}: {}", errno::describe(*.errno))]
pub struct SetupFailure {
    /// The step that failed.
    pub stage: SetupStage,
    /// How.
    pub errno: i32,
}

/// What there was no child for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpawnStage {
    /// A NUL byte in the program, a word, the environment or the directory.
    Argument,
    /// Making the pipes.
    Pipe,
    /// Making the process.
    Fork,
}

/// Why there is no child.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{stage:?}: {}", errno::describe(*.errno))]
pub struct SpawnError {
    /// What failed.
    pub stage: SpawnStage,
    /// How.
    pub errno: i32,
}

impl SpawnError {
    /// Supervisor's words for it, for the process `name`.
    #[must_use]
    pub fn message(&self, name: &str) -> String {
        let reason = errno::describe(self.errno);
        match self.stage {
            SpawnStage::Argument => {
                format!("a NUL byte in the command, environment or directory of '{name}': remove it")
            }
            _ if self.errno == libc::EMFILE => format!("too many open files to spawn '{name}'"),
            SpawnStage::Pipe => format!("unknown error making dispatchers for '{name}': {reason}"),
            SpawnStage::Fork if self.errno == libc::EAGAIN => {
                format!("Too many processes in process table to spawn '{name}'")
            }
            SpawnStage::Fork => format!("unknown error during fork for '{name}': {reason}"),
        }
    }
}

/// Starts a process and returns when it has become its program or failed to.
///
/// The calling thread waits for the child's `execve`: a directory or program on a dead network file
/// system holds it.
///
/// # Errors
/// [`SpawnError`] if there is no child at all. What goes wrong inside the child is
/// [`Spawned::failure`].
pub fn spawn(launch: &Launch) -> Result<Spawned, SpawnError> {
    let prepared =
        Prepared::new(launch).ok_or(SpawnError { stage: SpawnStage::Argument, errno: libc::EINVAL })?;
    let stdio = stdio::make(launch)
        .map_err(|error| SpawnError { stage: SpawnStage::Pipe, errno: errno::of(&error) })?;
    let plan = prepared.plan(launch, &stdio.child);
    let started = Process::enrol(|| start::start(&plan));
    let (process, failure) =
        started.map_err(|error| SpawnError { stage: SpawnStage::Fork, errno: errno::of(&error) })?;
    let stdio::Stdio { stdin, stdout, stderr, line, pipe_size_refused, .. } = stdio;
    Ok(Spawned { process, stdin, stdout, stderr, line, failure, pipe_size_refused })
}
