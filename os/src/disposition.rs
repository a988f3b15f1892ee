//! What the process does at a signal, taken down to be put back.
//!
//! A library that handles a signal for itself keeps others from it; whoever needs the signal meanwhile puts the
//! earlier disposition back, and the library's afterwards. Absent: dispositions of our own making.

#![allow(unsafe_code, reason = "sigaction(2)")]

use nix::sys::signal::Signal;
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// What the process did at a signal at one moment.
#[derive(Clone, Copy)]
pub struct Disposition {
    signal: Signal,
    action: libc::sigaction,
}

impl fmt::Debug for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disposition").field("signal", &self.signal).finish_non_exhaustive()
    }
}

impl Disposition {
    /// What it does now.
    ///
    /// # Errors
    /// What `sigaction(2)` says.
    pub fn of(signal: Signal) -> io::Result<Self> {
        exchange(signal, ptr::null())
    }

    /// Does this again from now on; gives what was done until now.
    ///
    /// # Errors
    /// What `sigaction(2)` says.
    pub fn restore(&self) -> io::Result<Self> {
        exchange(self.signal, &raw const self.action)
    }
}

fn exchange(signal: Signal, new: *const libc::sigaction) -> io::Result<Disposition> {
    let mut old = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: `new` is null or an action that stood in this process before, whose handler is still there; `old`
    // is written if the call succeeds.
    let action = unsafe {
        nix::errno::Errno::result(libc::sigaction(signal as libc::c_int, new, old.as_mut_ptr()))?;
        old.assume_init()
    };
    Ok(Disposition { signal, action })
}
