//! Making a child on Linux: `clone` in the parent's memory, which waits until `execve`.
//!
//! ```text
//! this thread: block all signals, clone, ........ suspended ........ restore the mask
//! the child:                        \-- on a stack of its own -- execve or _exit --/
//! ```
//!
//! One stack a thread, made at its first spawn and used again: the thread is suspended while a child
//! uses it. Absent: kernels without pidfds (before 5.4).
#![allow(unsafe_code, reason = "clone on a mapped stack")]

use super::berth;
use super::child::Plan;
use super::low::Low;
use super::{SetupFailure, SetupStage};
use crate::fd::check;
use std::cell::OnceCell;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

/// Far more than the child's few frames need.
const STACK: usize = 64 * 1024;
/// Below the stack, so that an overflow faults instead of writing elsewhere.
const GUARD: usize = 64 * 1024;

/// A mapped stack with an inaccessible part below it.
struct Stack(*mut libc::c_void);

impl Stack {
    fn map() -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let base = unsafe { libc::mmap(ptr::null_mut(), GUARD + STACK, libc::PROT_NONE, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self(base);
        // SAFETY: the upper part of the mapping just made.
        check(unsafe { libc::mprotect(base.byte_add(GUARD), STACK, libc::PROT_READ | libc::PROT_WRITE) })?;
        Ok(stack)
    }

    fn top(&self) -> *mut libc::c_void {
        // SAFETY: one past the end of the mapping; page-aligned, hence aligned for any stack.
        unsafe { self.0.byte_add(GUARD + STACK) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: our own mapping, which no child uses: its thread is running this.
        unsafe { libc::munmap(self.0, GUARD + STACK) };
    }
}

thread_local! {
    static OWN_STACK: OnceCell<Stack> = const { OnceCell::new() };
}

/// All signals blocked for as long as it lives, glibc's internal ones included: a handler that ran in
/// the child would run in the parent's memory.
struct Blocked(u64);

impl Blocked {
    fn all() -> Self {
        let mut before = 0;
        set_mask(u64::MAX, &raw mut before);
        Self(before)
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        set_mask(self.0, ptr::null_mut());
    }
}

fn set_mask(mask: u64, before: *mut u64) {
    // SAFETY: the kernel reads and writes sets of eight bytes, which both pointers have (or null).
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            before,
            size_of::<u64>(),
        )
    };
}

/// What both sides see: the plan, and how it failed.
struct Shared<'a> {
    plan: &'a Plan<'a>,
    /// Set if the child shares our descriptors until it has copies of the low ones.
    low: Option<Low>,
    /// 0 until a step fails.
    stage: AtomicI32,
    errno: AtomicI32,
}

impl Shared<'_> {
    fn failure(&self) -> Option<SetupFailure> {
        let stage = SetupStage::from_number(self.stage.load(Ordering::Acquire))?;
        Some(SetupFailure { stage, errno: self.errno.load(Ordering::Relaxed) })
    }
}

extern "C" fn enter(shared: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `clone` below passes a pointer to it, and its thread waits while this runs.
    let shared = unsafe { &*shared.cast::<Shared<'_>>() };
    shared.plan.run(shared.low, |stage, errno| {
        shared.errno.store(errno, Ordering::Relaxed);
        shared.stage.store(stage.number(), Ordering::Release);
    })
}

/// Makes the child and returns when it has executed its program or ended.
pub(super) fn start(plan: &Plan<'_>) -> io::Result<(i32, OwnedFd, Option<SetupFailure>)> {
    // the berth has room for streams alone: a child with more pays for a copy of the whole table
    let moored =
        if plan.sockets.is_empty() && plan.line.is_none() { berth::moor(plan.stdio) } else { None };
    let low = moored.as_ref().map(berth::Moored::low);
    let shared = Shared { plan, low, stage: AtomicI32::new(0), errno: AtomicI32::new(0) };
    OWN_STACK.with(|own| {
        let stack = match own.get() {
            Some(stack) => stack,
            None => {
                let mapped = Stack::map()?;
                own.get_or_init(|| mapped)
            }
        };
        let (pid, pidfd) = clone(&shared, stack)?;
        Ok((pid, pidfd, shared.failure()))
    })
}

fn clone(shared: &Shared<'_>, stack: &Stack) -> io::Result<(i32, OwnedFd)> {
    let files = if shared.low.is_some() { libc::CLONE_FILES } else { 0 };
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD | files;
    let mut pidfd: libc::c_int = -1;
    let argument = ptr::from_ref(shared).cast_mut().cast();
    let blocked = Blocked::all();
    // SAFETY: the child runs `enter` on a stack of its own and only reads the plan; this thread is
    // suspended until it has left both by execve or _exit.
    let pid = check(unsafe { libc::clone(enter, stack.top(), flags, argument, &raw mut pidfd) });
    drop(blocked);
    let pid = pid?;
    if pidfd < 0 {
        // SAFETY: a kernel that ignores CLONE_PIDFD may still open one for a child not yet reaped.
        let opened = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        pidfd = check(libc::c_int::try_from(opened).unwrap_or(-1))?;
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok((pid, unsafe { OwnedFd::from_raw_fd(pidfd) }))
}
