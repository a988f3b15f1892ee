//! What `waitid(2)` tells of an end, as a value.
#![allow(unsafe_code, reason = "waitid and the union in its answer")]

use crate::fd::{check, retry};
use std::io;
use std::mem::MaybeUninit;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::signal::Signal;

/// A child that has ended.
pub(crate) struct Ended {
    pub(crate) pid: i32,
    pub(crate) status: ExitStatus,
}

/// Asks for an end, without waiting for one. `options` are added to `WEXITED | WNOHANG`.
pub(crate) fn ask(kind: libc::idtype_t, id: libc::id_t, options: libc::c_int) -> io::Result<Option<Ended>> {
    let options = libc::WEXITED | libc::WNOHANG | options;
    // all-zero is a valid siginfo_t, and what says "nobody" when the call succeeds without an end
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: the pointer is valid for the call.
    retry(|| check(unsafe { libc::waitid(kind, id, info.as_mut_ptr(), options) }))?;
    // SAFETY: zeroed before and filled in by the call.
    let info = unsafe { info.assume_init() };
    // SAFETY: after waitid the fields of a child's signal are the ones in use.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    Ok((pid != 0).then(|| Ended { pid, status: read(info.si_code, status) }))
}

fn read(code: libc::c_int, status: libc::c_int) -> ExitStatus {
    let signaled = |core_dumped| ExitStatus::Signaled { signal: Signal::from_number(status), core_dumped };
    match code {
        libc::CLD_EXITED => ExitStatus::Code(status & 0xff),
        libc::CLD_KILLED => signaled(false),
        libc::CLD_DUMPED => signaled(true),
        _ => ExitStatus::Unknown(status),
    }
}
