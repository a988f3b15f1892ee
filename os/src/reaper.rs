//! Processes that are not ours but became our children: of a container's pid 1, or of a subreaper.
//!
//! ```text
//! SIGCHLD --> who is dead? (looked at, not taken) --+-- ours: its Process remembers the status
//!                                                   `-- a stranger: reaped and told
//! ```
//!
//! Absent: the waiting for SIGCHLD (the caller's), and the log line `reaped unknown pid`.

use crate::process::status::{Ended, ask};
use crate::process::{Known, deliver};
use std::io;
use treeherd_domain::exit::ExitStatus;

/// How many strangers one call reaps, so that a flood of them does not hold the caller.
const AT_ONCE: usize = 100;

/// What one call found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Strangers {
    /// Who was reaped, and how each ended.
    pub reaped: Vec<(i32, ExitStatus)>,
    /// Whether it stopped early: at a managed child whose status only its owner may take, at a spawn
    /// under way, or at the limit of one call. Call again soon.
    pub blocked: bool,
}

/// Makes this process the parent of its orphaned descendants.
///
/// # Errors
/// `ENOTSUP` off Linux.
pub fn become_subreaper() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(nix::sys::prctl::set_child_subreaper(true)?);
    #[cfg(not(target_os = "linux"))]
    return Err(io::Error::from_raw_os_error(libc::ENOTSUP));
}

/// Reaps every dead child that neither this crate spawned nor `is_managed` claims.
///
/// A child of this crate that is met on the way has its status remembered in its
/// [`Process`](crate::process::Process), where its owner finds it.
///
/// # Errors
/// What `waitid(2)` says, other than that there are no children.
pub fn reap_strangers(is_managed: &dyn Fn(i32) -> bool) -> io::Result<Strangers> {
    let mut strangers = Strangers::default();
    for _ in 0..AT_ONCE {
        let Some(Ended { pid, .. }) = none_if_childless(ask(libc::P_ALL, 0, libc::WNOWAIT))? else {
            return Ok(strangers);
        };
        let mut taken = None;
        let known = deliver(pid, || taken = (!is_managed(pid)).then(|| take(pid)))?;
        match (known, taken) {
            (Known::Delivered, _) => {}
            (Known::Stranger, Some(end)) => {
                strangers.reaped.extend(end?.map(|Ended { pid, status }| (pid, status)));
            }
            (Known::Stranger, None) | (Known::Busy, _) => break,
        }
    }
    strangers.blocked = true;
    Ok(strangers)
}

fn take(pid: i32) -> io::Result<Option<Ended>> {
    let id = libc::id_t::try_from(pid).unwrap_or(libc::id_t::MAX);
    none_if_childless(ask(libc::P_PID, id, 0))
}

fn none_if_childless(answer: io::Result<Option<Ended>>) -> io::Result<Option<Ended>> {
    match answer {
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        answer => answer,
    }
}
