//! What the kernel says of processes: memory, CPU time, wake-ups, who is left; and the little unsafe that it takes.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The share of memory that is the process's own (PSS), in MB of 10^6 bytes.
pub fn pss(pid: i32) -> io::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kib = text.lines().find_map(|line| line.strip_prefix("Pss:")).and_then(number);
    kib.map(|kib| kib * 1024.0 / 1e6).ok_or_else(|| io::Error::other("smaps_rollup without Pss"))
}

/// CPU time of all threads of a process, also of those that have ended, to the nanosecond.
pub fn cpu(pid: i32) -> io::Result<Duration> {
    // The kernel's clock id of a process's scheduler time: the pid inverted, and 2 in the low three bits.
    let clock = (!pid << 3) | 2;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives through the call.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// Voluntary context switches of all threads of a process so far.
pub fn wakeups(pid: i32) -> io::Result<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("status"))?;
        sum += text
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
            .and_then(number)
            .unwrap_or(0.0);
    }
    Ok(sum)
}

fn number(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

/// Every process, zombies too, of session `session` or with us as its parent (orphans come to us: [`adopt_orphans`]).
pub fn left(session: i32) -> Vec<i32> {
    let us = std::process::id().to_string();
    let session = session.to_string();
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // After the name, which may hold anything but ends at the last parenthesis: state, parent, group, session.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(1);
        let parent = fields.next();
        parent == Some(&us) || fields.nth(1) == Some(&session)
    })
    .collect()
}

/// Makes us the parent of every orphan below us, so that none can hide.
pub fn adopt_orphans() {
    // SAFETY: takes no pointer; changes only who adopts orphans.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
}

/// Waits for every child that has died. Call it when none is waited for elsewhere.
pub fn reap() {
    // SAFETY: a null status is allowed.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
}

/// Sends a signal; a pid that is gone is no error.
pub fn kill(pid: i32, signal: i32) {
    // SAFETY: takes no pointer.
    unsafe { libc::kill(pid, signal) };
}

/// Kills all of [`left`] until none is, for at most `patience`; whether none is.
pub fn sweep(session: i32, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    loop {
        reap();
        let pids = left(session);
        if pids.is_empty() || Instant::now() > end {
            return pids.is_empty();
        }
        pids.iter().for_each(|&pid| kill(pid, libc::SIGKILL));
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until a child of ours has died, for at most `patience`; whether it has. Does not reap it.
pub fn died(pid: i32, patience: Duration) -> io::Result<bool> {
    // SAFETY: takes no pointer.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made, and is nobody else's.
    let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    readable(fd.as_raw_fd(), patience)
}

/// Waits until a descriptor is readable, for at most `patience`; whether it is.
pub fn readable(fd: i32, patience: Duration) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let time =
        libc::timespec { tv_sec: patience.as_secs() as i64, tv_nsec: i64::from(patience.subsec_nanos()) };
    // SAFETY: one pollfd, a time, no mask; all live through the call.
    match unsafe { libc::ppoll(&raw mut poll, 1, &raw const time, std::ptr::null()) } {
        0 => Ok(false),
        1.. => Ok(true),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Makes a FIFO.
pub fn fifo(path: &std::path::Path) -> io::Result<()> {
    let name = std::ffi::CString::new(path.as_os_str().as_encoded_bytes())?;
    // SAFETY: `name` ends in NUL and lives through the call.
    if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes a pipe hold as much as the kernel lets it, up to 1 MB.
pub fn widen(fd: i32) {
    // SAFETY: takes no pointer; refused, the pipe stays as it was.
    unsafe { libc::fcntl(fd, libc::F_SETPIPE_SZ, 1 << 20) };
}

/// Raises the limit of open files to the hard limit, for us and all we start; the limit.
pub fn raise_files() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives through both calls.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
    }
    limit.rlim_max
}

/// Puts a command in a session of its own, and ends it should we die.
pub fn apart(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: two system calls, both safe between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM, 0, 0, 0);
            Ok(())
        });
    }
}

/// Whether a signal has told us to end.
static TOLD: AtomicBool = AtomicBool::new(false);

extern "C" fn tell(_: libc::c_int) {
    TOLD.store(true, Ordering::Relaxed);
}

/// From now on INT, TERM and HUP end the current wait and are noted for [`told_to_end`], so that what runs is cleared away.
pub fn note_signals() {
    // SAFETY: the handler does one atomic store; without SA_RESTART it interrupts the wait under way.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = tell as *const () as usize;
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

/// Whether a signal has told us to end.
pub fn told_to_end() -> bool {
    TOLD.load(Ordering::Relaxed)
}

/// A line about the machine: kernel, processors, load.
pub fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let (kernel, load) = (read("/proc/sys/kernel/osrelease"), read("/proc/loadavg"));
    let load = load.split_whitespace().next().unwrap_or("?");
    format!(
        "Linux {}, {cpus} x {}, load at the start {load}",
        kernel.trim(),
        model.trim_start_matches([' ', '\t', ':'])
    )
}
