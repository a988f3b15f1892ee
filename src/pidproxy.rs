//! `pidproxy`: runs a command and passes signals on to the process that its pid file names.
//!
//! ```text
//! TERM HUP INT USR1 USR2 QUIT --> pid file --> kill(pid, the same signal)   (TERM INT QUIT: then exit 0)
//! SIGCHLD --> has the command ended? --> exit 0
//! ```
//!
//! It is for daemons that put themselves into the background and are therefore no child of the
//! supervisor. All its signals are blocked and taken one by one with `sigwait`, so it sleeps until
//! something happens; the child starts with none blocked. Absent: watching the pid itself.

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::process::CommandExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command};

/// The signals that are passed on.
const FORWARDED: [Signal; 6] =
    [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGQUIT];

/// Runs it with the whole argument vector, the program's name first, and returns the exit status: 0 but
/// for wrong usage (1) and a system that refuses to wait for signals (1).
#[must_use]
pub fn run(argv: &[OsString], out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let [argv0, pidfile, command, args @ ..] = argv else {
        let argv0 = argv.first().map_or("pidproxy".into(), |a| a.to_string_lossy());
        // Nobody is left to tell if stdout is closed.
        let _ = write!(out, "{}", usage(&argv0)).and_then(|()| out.flush());
        return 1;
    };
    let told = |err: &mut dyn Write, what: String| {
        let _ = writeln!(err, "{}: {what}", argv0.to_string_lossy());
    };
    let signals: SigSet = FORWARDED.into_iter().chain([Signal::SIGCHLD]).collect();
    let ready = treeherd_os::signals::hear_of_children().and_then(|()| Ok(signals.thread_block()?));
    if let Err(error) = ready {
        told(err, format!("cannot prepare for signals: {error}"));
        return 1;
    }
    match absolute(command).and_then(|path| start(path, command, args)) {
        Ok(child) => {
            forward_until_gone(child, &signals, Path::new(pidfile), out, &mut |what| told(err, what))
        }
        Err(error) => {
            told(err, format!("cannot run {}: {error}", command.to_string_lossy()));
            0
        }
    }
}

/// Starts the command, which must not begin with the signals blocked that are waited for here.
fn start(path: PathBuf, name: &OsStr, args: &[OsString]) -> io::Result<Child> {
    let mut command = Command::new(path);
    treeherd_os::signals::unblock_all_in(command.arg0(name).args(args));
    command.spawn()
}

fn forward_until_gone(
    mut child: Child,
    signals: &SigSet,
    pidfile: &Path,
    out: &mut dyn Write,
    told: &mut dyn FnMut(String),
) -> u8 {
    loop {
        match signals.wait() {
            Ok(Signal::SIGCHLD) if matches!(child.try_wait(), Ok(None)) => {}
            Ok(Signal::SIGCHLD) => return 0,
            Ok(signal) => {
                let ends = matches!(signal, Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT);
                match forward(signal, pidfile, out) {
                    Ok(true) if ends => return 0,
                    Ok(_) => {}
                    Err(refusal) => {
                        told(refusal);
                        if ends {
                            return 1;
                        }
                    }
                }
            }
            Err(errno) => {
                told(format!("cannot wait for signals: {errno}"));
                return 1;
            }
        }
    }
}

/// Sends the signal to the pid in the file. `Ok(false)`: the file gives no pid, which is said on `out`.
fn forward(signal: Signal, pidfile: &Path, out: &mut dyn Write) -> Result<bool, String> {
    let pid = std::fs::read_to_string(pidfile).ok().and_then(|text| text.trim().parse::<i32>().ok());
    // 0 and below would mean a process group, or everybody.
    let Some(pid) = pid.filter(|pid| *pid > 0) else {
        let _ = writeln!(out, "Can't read child pidfile {}!", pidfile.display()).and_then(|()| out.flush());
        return Ok(false);
    };
    match kill(Pid::from_raw(pid), signal) {
        Ok(()) => Ok(true),
        Err(errno) => Err(format!("cannot send {signal} to pid {pid} of {}: {errno}", pidfile.display())),
    }
}

/// The command's path against the current directory, `.` and `..` resolved by their text; `PATH` is not
/// searched.
fn absolute(command: &OsStr) -> io::Result<PathBuf> {
    let mut path = PathBuf::new();
    for part in std::env::current_dir()?.join(command).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    Ok(path)
}

fn usage(argv0: &str) -> String {
    format!(
        "pidproxy -- run a command and pass signals on to the process in its pidfile.\n\n\
         TERM, HUP, INT, USR1, USR2 and QUIT are sent to the pid that the pidfile holds at that\n\
         moment; after TERM, INT and QUIT pidproxy itself ends. It also ends when the command does.\n\n\
         Usage: {argv0} <pidfile name> <command> [<cmdarg1> ...]\n\n"
    )
}
