//! Making a child anywhere: `fork`, and a pipe that closes at `execve` or carries (stage, errno).
//!
//! ```text
//! parent: read the status pipe ... end of file: the program runs | eight bytes: the failure
//! ```
//!
//! Its cost grows with the daemon's memory; where Linux is the system, `vfork` is used instead.
#![allow(unsafe_code, reason = "fork; the child makes async-signal-safe calls only")]

use super::child::Plan;
use super::{SetupFailure, SetupStage, stdio};
use crate::fd::{check, retry};
use std::fs::File;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::ptr;

/// Makes the child and returns when it has executed its program or reported a failure.
pub(super) fn start(plan: &Plan<'_>) -> io::Result<(i32, (), Option<SetupFailure>)> {
    let (read, write) = stdio::pipe()?;
    let above_line = plan.line.map_or(0, |(_, target)| target.saturating_add(1));
    let write = out_of_the_way(write, stdio::end(plan.sockets.len()).max(above_line))?;
    let blocked = Blocked::all();
    // SAFETY: the child calls nothing but `run`, which is async-signal-safe, and never returns.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let pipe = write.as_raw_fd();
        plan.run(None, |stage, errno| {
            let report = [stage.number(), errno];
            // SAFETY: writes eight bytes of a local array; less than PIPE_BUF, so all or nothing.
            unsafe { libc::write(pipe, report.as_ptr().cast(), size_of_val(&report)) };
        });
    }
    drop(blocked);
    let pid = check(pid)?;
    drop(write);
    Ok((pid, (), report(File::from(read))))
}

/// The same pipe, and no other end of it, not where a socket or the line is put.
fn out_of_the_way(pipe: OwnedFd, end: RawFd) -> io::Result<OwnedFd> {
    if pipe.as_raw_fd() < end { crate::fd::duplicate(pipe.as_fd(), end) } else { Ok(pipe) }
}

fn report(mut pipe: File) -> Option<SetupFailure> {
    let mut bytes = [0; 8];
    retry(|| pipe.read_exact(&mut bytes)).ok()?;
    let [a, b, c, d, rest @ ..] = bytes;
    let stage = SetupStage::from_number(i32::from_ne_bytes([a, b, c, d]))?;
    Some(SetupFailure { stage, errno: i32::from_ne_bytes(rest) })
}

/// All signals blocked for as long as it lives, so that no handler of ours runs in the child.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn all() -> Self {
        let mut all = MaybeUninit::<libc::sigset_t>::zeroed();
        let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: sigfillset fills the set that pthread_sigmask reads; the other is written to.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            Self(before.assume_init())
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: restores the set that `all` was given.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}
