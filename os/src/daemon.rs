//! Becoming a daemon: session, standard streams, umask, directory, resource limits.
//!
//! ```text
//! main: become_user, raise_limits, sockets -> daemonize -> chdir, set_umask -> threads, runtime
//! ```
//!
//! Each of these is of the whole process; call them from `main`, before there is any other thread.
//! Absent: telling the launcher that the daemon is ready (Supervisor's parent exits at once).
#![allow(unsafe_code, reason = "fork and dup2")]

use crate::errno;
use crate::fd::check;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::stat::{Mode, umask};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

/// Why this process did not become a daemon.
#[derive(Debug, thiserror::Error)]
pub enum DaemonizeError {
    /// Threads do not survive a fork.
    #[error("cannot daemonize: {0} threads run already (daemonize before starting any)")]
    Threads(usize),
    /// A system call failed.
    #[error("cannot daemonize: {step}: {source}")]
    Failed {
        /// Which one.
        step: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Goes on in a child, in a session of its own, with `/dev/null` for standard streams; the parent exits
/// with 0 at once.
///
/// # Errors
/// [`DaemonizeError`]; before the fork, so in the process that was started.
pub fn daemonize() -> Result<(), DaemonizeError> {
    match threads() {
        Some(count) if count > 1 => return Err(DaemonizeError::Threads(count)),
        _ => {}
    }
    let failed = |step| move |source| DaemonizeError::Failed { step, source };
    let null = OpenOptions::new().read(true).write(true).open("/dev/null").map_err(failed("/dev/null"))?;
    // SAFETY: there is one thread, so the child has everything that the parent had.
    let pid = check(unsafe { libc::fork() }).map_err(failed("fork"))?;
    if pid > 0 {
        // SAFETY: ends the parent without running what belongs to the child now.
        unsafe { libc::_exit(0) };
    }
    for target in 0..=2 {
        // SAFETY: puts an open file in the place of a standard stream.
        check(unsafe { libc::dup2(null.as_raw_fd(), target) }).map_err(failed("dup2"))?;
    }
    nix::unistd::setsid().map_err(|error| failed("setsid")(error.into()))?;
    Ok(())
}

fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

/// Sets the umask and returns the one before.
pub fn set_umask(mask: u32) -> u32 {
    let before = umask(Mode::from_bits_truncate(mask as libc::mode_t));
    #[allow(clippy::useless_conversion, reason = "mode_t is narrower on other systems")]
    before.bits().into()
}

/// Goes to a directory.
///
/// # Errors
/// What `chdir(2)` says.
pub fn chdir(directory: &Path) -> io::Result<()> {
    std::env::set_current_dir(directory)
}

/// One of the two limits that the configuration names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Limit {
    Files,
    Processes,
}

impl Limit {
    const fn resource(self) -> Resource {
        match self {
            Self::Files => Resource::RLIMIT_NOFILE,
            Self::Processes => Resource::RLIMIT_NPROC,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Files => "RLIMIT_NOFILE",
            Self::Processes => "RLIMIT_NPROC",
        }
    }
}

/// A limit that is too low and cannot be raised. The text is Supervisor's, with the real hard limit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LimitError {
    limit: Limit,
    wanted: i64,
    hard: u64,
    errno: i32,
}

impl std::error::Error for LimitError {}

impl std::fmt::Display for LimitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { limit, wanted, hard, .. } = self;
        match limit {
            Limit::Files => write!(
                f,
                "The minimum number of file descriptors required to run this process is {wanted} as per \
                 the \"minfds\" command-line argument or config file setting. The current environment \
                 will only allow you to open {hard} file descriptors.  Either raise the number of usable \
                 file descriptors in your environment (see README.rst) or lower the minfds setting in \
                 the config file to allow the process to start."
            ),
            Limit::Processes => write!(
                f,
                "The minimum number of available processes required to run this program is {wanted} as \
                 per the \"minprocs\" command-line argument or config file setting. The current \
                 environment will only allow you to open {hard} processes.  Either raise the number of \
                 usable processes in your environment (see README.rst) or lower the minprocs setting in \
                 the config file to allow the program to start."
            ),
        }
    }
}

impl LimitError {
    /// What to do about it, with the numbers of this machine.
    #[must_use]
    pub fn hint(&self) -> String {
        let Self { limit, wanted, hard, errno } = self;
        let (key, shell, unit, container) = match limit {
            Limit::Files => ("minfds", "ulimit -n", "LimitNOFILE", "nofile"),
            Limit::Processes => ("minprocs", "ulimit -u", "LimitNPROC", "nproc"),
        };
        format!(
            "the hard limit {} is {hard} and may not be raised here ({}): set {key}={hard} or lower, or \
             start with a higher one: `{shell} {wanted}` as root, {unit}={wanted} in a systemd unit, \
             `--ulimit {container}={wanted}` for a container",
            limit.name(),
            errno::describe(*errno)
        )
    }
}

/// Sees to it that this process may open `minfds` files and have `minprocs` processes. Returns what was
/// raised, as lines for the log (`Increased RLIMIT_NOFILE limit to 1024`).
///
/// # Errors
/// [`LimitError`] at the first limit that cannot be had.
pub fn raise_limits(minfds: i64, minprocs: i64) -> Result<Vec<String>, LimitError> {
    let wanted = [(Limit::Files, minfds), (Limit::Processes, minprocs)];
    let raised = wanted.into_iter().map(|(limit, wanted)| raise(limit, wanted));
    raised.filter_map(Result::transpose).collect()
}

/// The limits of open files (`RLIMIT_NOFILE`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileLimit {
    pub(crate) soft: rlim_t,
    pub(crate) hard: rlim_t,
}

impl FileLimit {
    /// How many files may be open.
    #[must_use]
    #[allow(clippy::useless_conversion, reason = "rlim_t is signed on other systems")]
    pub fn soft(self) -> u64 {
        self.soft.try_into().unwrap_or(u64::MAX)
    }
}

/// Lets this process itself open as many files as the hard limit allows: it needs some for each program.
/// Gives the limits before, which its programs are to have.
///
/// # Errors
/// What `setrlimit(2)` says; nothing has changed then. Off Linux nothing is changed either, as descriptors
/// are closed one by one there.
pub fn use_all_files() -> io::Result<FileLimit> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if cfg!(target_os = "linux") && soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(FileLimit { soft, hard })
}

fn raise(limit: Limit, wanted: i64) -> Result<Option<String>, LimitError> {
    let failed = |hard, error: nix::Error| LimitError { limit, wanted, hard, errno: error as i32 };
    let Ok(least) = rlim_t::try_from(wanted) else { return Ok(None) };
    let (soft, hard) = getrlimit(limit.resource()).map_err(|error| failed(0, error))?;
    if soft == RLIM_INFINITY || soft >= least {
        return Ok(None);
    }
    let new_hard = if hard == RLIM_INFINITY { hard } else { hard.max(least) };
    setrlimit(limit.resource(), least, new_hard).map_err(|error| failed(hard, error))?;
    Ok(Some(format!("Increased {} limit to {wanted}", limit.name())))
}
