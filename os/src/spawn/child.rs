//! What the child does between its birth and `execve`.
//!
//! It may run in the parent's memory while the parent's thread is suspended. So: nothing is allocated
//! or freed, nothing can panic, no lock is taken, and the credentials are set by raw system calls
//! (libc's wrappers would tell the parent's other threads to follow). Every failure ends
//! with texts on fd 2, (stage, errno) reported, and `_exit(127)`.
//!
//! Absent: the environment's order of precedence (`prepare`), making the child (`vfork`, `fork`).
#![allow(unsafe_code, reason = "system calls of a child that must not touch the parent's state")]

use super::SetupStage;
use super::listen::ListenPid;
use super::low::Low;
use crate::daemon::FileLimit;
use crate::errno;
use std::os::fd::RawFd;

/// The exit status of a child that did not become its program.
const NOT_SPAWNED: libc::c_int = 127;

/// Whom the child becomes.
pub(super) struct Identity<'a> {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) groups: &'a [u32],
}

/// Everything that the child needs, laid out beforehand.
pub(super) struct Plan<'a> {
    pub(super) program: *const libc::c_char,
    pub(super) argv: &'a [*const libc::c_char],
    pub(super) envp: &'a [*const libc::c_char],
    pub(super) directory: Option<*const libc::c_char>,
    pub(super) umask: Option<u32>,
    pub(super) files: Option<FileLimit>,
    pub(super) identity: Option<Identity<'a>>,
    pub(super) stdio: [RawFd; 3],
    /// What is put at 3, 4, ...; all of it is above that.
    pub(super) sockets: &'a [RawFd],
    pub(super) listen_pid: Option<&'a ListenPid>,
    /// The write end of the line's pipe, and where it is put.
    pub(super) line: Option<(RawFd, RawFd)>,
}

/// A step that failed, and its errno.
type Failed = (SetupStage, i32);

fn done(stage: SetupStage, result: libc::c_long) -> Result<(), Failed> {
    if result < 0 { Err((stage, errno::last())) } else { Ok(()) }
}

impl Plan<'_> {
    /// Becomes the program, or tells why not and ends. `report` must not allocate or panic.
    pub(super) fn run(&self, low: Option<Low>, report: impl FnOnce(SetupStage, i32)) -> ! {
        let (stage, errno) = match self.become_program(low) {
            Err(failed) => failed,
            // execve does not return without an error
            Ok(()) => (SetupStage::Exec, 0),
        };
        if !matches!(stage, SetupStage::ProcessGroup | SetupStage::Stdio) {
            // before Stdio is done, fd 2 is the daemon's own
            self.explain(stage, errno);
        }
        report(stage, errno);
        // SAFETY: ends this process without running anything of the parent's.
        unsafe { libc::_exit(NOT_SPAWNED) }
    }

    fn become_program(&self, low: Option<Low>) -> Result<(), Failed> {
        if let Some(low) = low {
            // until this is done, every descriptor is also the daemon's
            done(SetupStage::ProcessGroup, low.unshare())?;
        }
        let stdio = low.map_or(self.stdio, |low| low.stdio);
        // SAFETY: plain system calls on this process; the pointers and tables of the plan live in the
        // parent, which waits (or in this process's own copy, after a fork).
        unsafe {
            done(SetupStage::ProcessGroup, libc::setpgid(0, 0).into())?;
            for (target, fd) in (0..).zip(stdio) {
                done(SetupStage::Stdio, libc::dup2(fd, target).into())?;
            }
        }
        let first_other = self.place_sockets()?;
        close_from(first_other);
        if let Some((fd, target)) = self.line {
            // the copy is not close-on-exec
            // SAFETY: a plain system call on this process's own table.
            done(SetupStage::Stdio, unsafe { libc::dup2(fd, target) }.into())?;
        }
        self.limit_files();
        default_signals();
        self.take_identity()?;
        // SAFETY: as above.
        unsafe {
            if let Some(directory) = self.directory {
                done(SetupStage::Directory, libc::chdir(directory).into())?;
            }
            if let Some(umask) = self.umask {
                #[allow(clippy::unnecessary_cast, reason = "mode_t is narrower on other systems")]
                libc::umask(umask as libc::mode_t);
            }
            unblock_signals();
            let result = libc::execve(self.program, self.argv.as_ptr(), self.envp.as_ptr());
            done(SetupStage::Exec, result.into())
        }
    }

    /// Puts the sockets behind the streams, which are in place already and may be hit. The first descriptor that is
    /// not for the program.
    fn place_sockets(&self) -> Result<RawFd, Failed> {
        let mut target = 3;
        for &fd in self.sockets {
            // SAFETY: a plain system call on this process's own table.
            done(SetupStage::Sockets, unsafe { libc::dup2(fd, target) }.into())?;
            target += 1;
        }
        if let Some(pid) = self.listen_pid {
            pid.write();
        }
        Ok(target)
    }

    /// The limit of open files that the daemon was given, where it took more for itself. Lowering a soft
    /// limit is always allowed; one that cannot be read back is no reason to refuse the program.
    fn limit_files(&self) {
        let Some(FileLimit { soft, hard }) = self.files else { return };
        let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
        // SAFETY: reads one struct on this stack.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }

    /// Groups, then the group, then the user, each for good; nothing if it is this user already.
    fn take_identity(&self) -> Result<(), Failed> {
        let Some(identity) = &self.identity else { return Ok(()) };
        // SAFETY: getuid cannot fail and takes nothing.
        let current = unsafe { libc::getuid() };
        if current == identity.uid {
            return Ok(());
        }
        if current != 0 {
            return Err((SetupStage::NotRoot, libc::EPERM));
        }
        // to the system calls this id means "leave it as it is"
        if identity.gid == u32::MAX {
            return Err((SetupStage::Gid, libc::EINVAL));
        }
        if identity.uid == u32::MAX {
            return Err((SetupStage::Uid, libc::EINVAL));
        }
        done(SetupStage::Groups, sys::set_groups(identity.groups))?;
        done(SetupStage::Gid, sys::set_gid(identity.gid))?;
        done(SetupStage::Uid, sys::set_uid(identity.uid))
    }

    /// Supervisor's lines, in one write, so that nothing can come between.
    fn explain(&self, stage: SetupStage, errno: i32) {
        let mut digits = [Decimal::default(), Decimal::default()];
        let [uid_digits, errno_digits] = &mut digits;
        let uid = uid_digits.show(self.identity.as_ref().map_or(0, |identity| identity.uid));
        let reason = match errno::name(errno) {
            Some(name) => name.as_bytes(),
            None => errno_digits.show(errno.unsigned_abs()),
        };
        let argv0 = self.argv.first().copied().filter(|argv0| !argv0.is_null()).unwrap_or(self.program);
        let (what, which, reason): (&[u8], &[u8], &[u8]) = match stage {
            SetupStage::NotRoot => (SETUID, uid, b"Can't drop privilege as nonroot user"),
            SetupStage::Groups => (SETUID, uid, b"Could not set groups of effective user"),
            SetupStage::Gid => (SETUID, uid, b"Could not set group id of effective user"),
            SetupStage::Uid => (SETUID, uid, b"Could not set user id of effective user"),
            SetupStage::Directory => {
                (b"supervisor: couldn't chdir to ", bytes(self.directory.unwrap_or(self.program)), reason)
            }
            SetupStage::Sockets => (b"supervisor: couldn't pass sockets to ", bytes(argv0), reason),
            SetupStage::Exec | SetupStage::ProcessGroup | SetupStage::Stdio => {
                (b"supervisor: couldn't exec ", bytes(argv0), reason)
            }
        };
        let pieces = [what, which, b": ", reason, b"\nsupervisor: child process was not spawned\n"];
        let vectors = pieces
            .map(|piece| libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() });
        // SAFETY: writev reads five vectors whose memory outlives the call.
        unsafe { libc::writev(2, vectors.as_ptr(), 5) };
    }
}

const SETUID: &[u8] = b"supervisor: couldn't setuid to ";

/// The bytes of a C string of the plan.
fn bytes<'a>(text: *const libc::c_char) -> &'a [u8] {
    // SAFETY: every string of a plan is NUL-terminated and outlives the child's use of it.
    unsafe { std::ffi::CStr::from_ptr(text) }.to_bytes()
}

/// A number as digits, on the stack.
#[derive(Default)]
pub(super) struct Decimal([u8; 10]);

impl Decimal {
    pub(super) fn show(&mut self, mut number: u32) -> &[u8] {
        let mut used = 0;
        for slot in self.0.iter_mut().rev() {
            // a digit is below 10
            *slot = b'0' + (number % 10) as u8;
            number /= 10;
            used += 1;
            if number == 0 {
                break;
            }
        }
        self.0.get(self.0.len().saturating_sub(used)..).unwrap_or(b"")
    }
}

/// Everything from `first` on is closed by `execve`. A kernel without the call has only our own
/// descriptors, all of which are close-on-exec, and those that the daemon was born with.
#[cfg(target_os = "linux")]
fn close_from(first: RawFd) {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    // SAFETY: marks descriptors of this process, in a table of its own (see `low`).
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, CLOSE_RANGE_CLOEXEC) };
}

#[cfg(not(target_os = "linux"))]
fn close_from(first: RawFd) {
    // SAFETY: marks descriptors of this process; a number that is not open is refused and no harm.
    unsafe {
        for fd in first..libc::getdtablesize() {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

/// Every signal to its default, also those that are ignored: Rust's runtime ignores SIGPIPE, and what is
/// ignored stays so over `execve`.
#[cfg(target_os = "linux")]
fn default_signals() {
    // all zeros is SIG_DFL without flags in every layout of the kernel's sigaction
    let default = [0_u64; 8];
    for signal in 1..=64 {
        // SAFETY: reads 32 bytes or less of a zeroed array; the refusal for KILL and STOP is no harm.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal as libc::c_int,
                default.as_ptr(),
                std::ptr::null::<u64>(),
                size_of::<u64>(),
            )
        };
    }
}

#[cfg(not(target_os = "linux"))]
fn default_signals() {
    for signal in 1..32 {
        // SAFETY: setting a default action installs no code.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

fn unblock_signals() {
    // SAFETY: sigemptyset fills the set that sigprocmask then reads; both are async-signal-safe.
    unsafe {
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Credentials of this thread alone, which is all of the child.
#[cfg(target_os = "linux")]
mod sys {
    use libc::c_long;

    #[cfg(not(any(target_arch = "x86", target_arch = "arm")))]
    use libc::{SYS_setgroups as SETGROUPS, SYS_setresgid as SETRESGID, SYS_setresuid as SETRESUID};
    #[cfg(any(target_arch = "x86", target_arch = "arm"))]
    use libc::{SYS_setgroups32 as SETGROUPS, SYS_setresgid32 as SETRESGID, SYS_setresuid32 as SETRESUID};

    pub(super) fn set_groups(groups: &[u32]) -> c_long {
        // SAFETY: the kernel reads `len` ids from a slice that has as many.
        unsafe { libc::syscall(SETGROUPS, groups.len(), groups.as_ptr()) }
    }

    pub(super) fn set_gid(gid: u32) -> c_long {
        // SAFETY: three integers.
        unsafe { libc::syscall(SETRESGID, gid, gid, gid) }
    }

    pub(super) fn set_uid(uid: u32) -> c_long {
        // SAFETY: three integers.
        unsafe { libc::syscall(SETRESUID, uid, uid, uid) }
    }
}

#[cfg(not(target_os = "linux"))]
mod sys {
    use libc::{c_int, c_long};

    pub(super) fn set_groups(groups: &[u32]) -> c_long {
        // a system with a lower limit takes the first ones, the primary group among them
        let count = groups.len().min(16) as c_int;
        // SAFETY: reads `count` ids from a slice that has as many.
        c_long::from(unsafe { libc::setgroups(count, groups.as_ptr()) })
    }

    pub(super) fn set_gid(gid: u32) -> c_long {
        // SAFETY: an integer; as root it sets all three.
        c_long::from(unsafe { libc::setgid(gid) })
    }

    pub(super) fn set_uid(uid: u32) -> c_long {
        // SAFETY: an integer; as root it sets all three.
        c_long::from(unsafe { libc::setuid(uid) })
    }
}
