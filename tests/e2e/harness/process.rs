//! What the harness knows of processes: which programs are under test, how one is run to its end, which live,
//! which belong to a test.
//!
//! A process belongs to a test by one variable of its environment, which every descendant inherits: so a
//! daemon that left its parent's session is found, and so is what it forgot. Deliberately absent: process
//! groups and sessions, which the supervised programs change.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::iter;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use tokio::net::TcpSocket;
use treeherd_actors::clock;

/// How long a condition may take before the test fails: long, since it costs nothing when all is well.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
/// What is to be gone by itself has so long: shorter than what a test leaves running by mistake would last.
pub(crate) const MOMENT: Duration = Duration::from_secs(15);
/// How often something that cannot wake us is looked at again.
const LOOK: Duration = Duration::from_millis(15);
/// The environment variable by which the processes of one test are known.
pub(crate) const MARK: &str = "TREEHERD_E2E";

/// The program under test: ours, or the one that `TREEHERD_<NAME>` names.
pub(crate) fn program(name: &str) -> PathBuf {
    let ours = match name {
        "supervisord" => env!("CARGO_BIN_EXE_supervisord"),
        "supervisorctl" => env!("CARGO_BIN_EXE_supervisorctl"),
        "echo_supervisord_conf" => env!("CARGO_BIN_EXE_echo_supervisord_conf"),
        "pidproxy" => env!("CARGO_BIN_EXE_pidproxy"),
        other => panic!("no program is called {other}"),
    };
    std::env::var_os(format!("TREEHERD_{}", name.to_uppercase())).map_or_else(|| ours.into(), PathBuf::from)
}

/// Whether another supervisord than ours is under test.
pub(crate) fn reference() -> bool {
    std::env::var_os("TREEHERD_SUPERVISORD").is_some()
}

/// Whether the tests run as root; what needs it is left out otherwise.
pub(crate) fn root() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).expect("a process has a uid");
    ids.split_whitespace().nth(1) == Some("0")
}

/// Asks until the answer is there or the time is over; once more after that.
pub(crate) fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = clock::now() + limit;
    loop {
        let is_last = clock::now() >= end;
        let answer = ask();
        if answer.is_some() || is_last {
            return answer;
        }
        thread::sleep(LOOK);
    }
}

/// Asks until the answer is there, which it has to be before the deadline.
#[track_caller]
pub(crate) fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(DEADLINE, ask).unwrap_or_else(|| panic!("not within {DEADLINE:?}: {what}"))
}

/// Sends a signal, by its name without `SIG`, to a process (or, negative, to a process group).
pub(crate) fn signal(pid: i32, name: &str) {
    let sent = Command::new("/bin/sh").args(["-c", &format!("kill -s {name} -- {pid}")]).output();
    drop(sent);
}

/// Whether a process lives (a zombie does not).
pub(crate) fn alive(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| !rest.starts_with(['Z', 'X'])))
}

/// Shows that a process comes to rest: that it does nothing for as long as a loop without rest would take to use forty
/// ticks of the clock.
#[track_caller]
pub(crate) fn assert_at_rest(pid: i32) {
    let ticks = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let after = stat.rsplit(") ").next().expect("it has a name");
        after.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>()
    };
    let rested = within(MOMENT, || {
        let before = ticks();
        thread::sleep(Duration::from_millis(400));
        (ticks() - before <= 10).then_some(())
    });
    assert!(rested.is_some(), "it is busy");
}

/// A port of the loopback that was free a moment ago, and that no other test of this run is given.
///
/// It lies below those that the system gives to clients, and the socket that tries it does not listen and lets others
/// have its address: a process that is just being started may hold a copy of it for a moment, and is in nobody's way.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u32 = 10_000;
    let of_this_run = (std::process::id() % 340) * 64;
    let is_free = |port: u16| {
        let probe = TcpSocket::new_v4()?;
        probe.set_reuseaddr(true)?;
        probe.bind((Ipv4Addr::LOCALHOST, port).into())
    };
    iter::repeat_with(|| NEXT.fetch_add(1, Ordering::Relaxed) % 1024)
        .filter_map(|step| u16::try_from(FIRST + of_this_run + u32::from(step)).ok())
        .find(|&port| is_free(port).is_ok())
        .expect("there is no end to the ports")
}

/// What a program run to its end said.
#[derive(Debug)]
pub(crate) struct Said {
    /// What it wrote to its standard output.
    pub(crate) stdout: String,
    /// What it wrote to its standard error.
    pub(crate) stderr: String,
    /// Its exit status.
    pub(crate) code: i32,
}

impl Said {
    /// Asserts the whole standard output and the exit status.
    #[track_caller]
    pub(crate) fn is(&self, stdout: &str, code: i32) {
        assert_eq!((self.stdout.as_str(), self.code), (stdout, code), "stderr: {}", self.stderr);
    }

    /// Asserts a piece of the standard output and the exit status.
    #[track_caller]
    pub(crate) fn has(&self, piece: &str, code: i32) {
        assert!(
            self.stdout.contains(piece) && self.code == code,
            "wanted {piece:?}, status {code}: {self:?}"
        );
    }

    /// Asserts a usage error on standard error: its first two lines (a longer report may follow), status 2.
    #[track_caller]
    pub(crate) fn is_usage_error(&self, message: &str, program: &Path) {
        let wanted = format!("Error: {message}\nFor help, use {} -h\n", program.display());
        assert!(self.stderr.starts_with(&wanted) && self.code == 2, "wanted {wanted:?}: {self:?}");
    }
}

/// Runs a command to its end with this text as its standard input; kills it at the deadline.
#[track_caller]
pub(crate) fn run(command: &mut Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let input = input.to_owned();
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let pid = i32::try_from(child.id()).expect("a pid fits");
    let (done, watched) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if watched.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) {
            signal(pid, "KILL");
        }
    });
    let output = child.wait_with_output().expect("a child can be waited for");
    drop(done);
    watch.join().expect("the watch does not panic");
    drop(writer.join());
    Said {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// Asserts that nothing runs for a directory; what a shell of a test left behind has a moment to end.
#[track_caller]
pub(crate) fn assert_no_process(dir: &Path) {
    let gone = within(MOMENT, || marked(dir).is_empty().then_some(()));
    assert!(gone.is_some(), "processes are left: {:?}", marked(dir));
}

/// Kills every process that was started for a directory.
pub(crate) fn sweep(dir: &Path) {
    for (pid, _) in marked(dir) {
        signal(pid, "KILL");
    }
}

/// The living processes that carry the mark of this directory: pid and command line.
fn marked(dir: &Path) -> Vec<(i32, String)> {
    let mark = format!("{MARK}={}", dir.display());
    let numbers = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        environment.split(|byte| *byte == 0).find(|one| *one == mark.as_bytes())?;
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        alive(pid).then(|| (pid, String::from_utf8_lossy(&line).replace('\0', " ")))
    })
    .collect()
}

/// The names in a directory, sorted.
#[track_caller]
pub(crate) fn names(dir: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("the directory can be read").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| OsStr::to_string_lossy(&entry.file_name()).into_owned()).collect();
    names.sort();
    names
}
