//! A child's own small table of descriptors, taken out of one that it shares with the daemon.
#![allow(unsafe_code, reason = "close_range on the table of a child")]

use std::os::fd::RawFd;

#[cfg(target_os = "linux")]
pub(super) const CLOSE_RANGE_UNSHARE: libc::c_uint = 2;

/// What a child that shares the table is to do first.
#[derive(Clone, Copy)]
pub(super) struct Low {
    /// Where its streams are.
    pub(super) stdio: [RawFd; 3],
    /// The first descriptor that is not for it.
    pub(super) above: libc::c_uint,
}

impl Low {
    /// Goes on with a copy of what is below [`above`](Self::above); the result is that of the system call.
    #[cfg(target_os = "linux")]
    pub(super) fn unshare(self) -> libc::c_long {
        // SAFETY: takes this process's share of the table away from it; the daemon keeps all of it.
        unsafe { libc::syscall(libc::SYS_close_range, self.above, libc::c_uint::MAX, CLOSE_RANGE_UNSHARE) }
    }

    /// Nothing is shared where there is no way to part.
    #[cfg(not(target_os = "linux"))]
    pub(super) const fn unshare(self) -> libc::c_long {
        -1
    }
}
