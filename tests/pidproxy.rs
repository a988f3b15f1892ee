//! `pidproxy` end to end: its messages, its exit statuses, the signals it passes on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn pidproxy(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pidproxy"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str]) -> Output {
    pidproxy(args).output().unwrap()
}

#[test]
fn too_few_arguments_show_the_usage_on_stdout() {
    for args in [&[][..], &["pidfile"]] {
        let output = run(args);
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            out.contains("Usage: ") && out.contains("<pidfile name> <command> [<cmdarg1> ...]"),
            "{out}"
        );
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn the_command_runs_with_and_without_arguments_and_its_status_is_not_passed_on() {
    for (args, out) in [
        (&["none", "/bin/echo"][..], "\n"),
        (&["none", "/bin/echo", "1", "2"], "1 2\n"),
        (&["none", "/bin/sh", "-c", "echo $0; exit 3", "zero"], "zero\n"),
        (&["none", "/bin/../bin/./echo", "x"], "x\n"),
    ] {
        let output = run(args);
        assert_eq!(String::from_utf8_lossy(&output.stdout), out, "{args:?}");
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{args:?}");
    }
}

#[test]
fn the_path_is_not_searched() {
    let dir = tempfile::tempdir().unwrap();
    let output = pidproxy(&["none", "echo", "x"]).current_dir(dir.path()).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot run echo"));
}

/// A shell that tells its pid and every signal it gets, until USR2.
const TELLER: &str = "trap 'echo HUP' HUP; trap 'echo USR1' USR1; trap 'echo TERM' TERM; trap 'echo USR2' USR2; \
                      trap 'echo INT' INT; trap 'echo QUIT' QUIT; echo $$; while :; do read x; done <&3";

/// A process that tells its signals, by itself; its stdin and `<&3` hang on a pipe that never speaks.
struct Teller {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    pid: i32,
}

impl Teller {
    fn start() -> Self {
        let script = format!("exec 3<&0; {TELLER}");
        // a shell cannot trap what was ignored when it began, as in the background of another
        let mut command = Command::new("env");
        let mut child = command
            .args(["--default-signal=HUP,INT,QUIT", "/bin/sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        Self { child, out, pid: line.trim().parse().unwrap() }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `pidproxy` over a command that says when it runs and ends when its stdin does.
fn proxy(pidfile: &Path) -> (Child, BufReader<std::process::ChildStdout>) {
    let script = "echo up; exec cat";
    let mut command = pidproxy(&[pidfile.to_str().unwrap(), "/bin/sh", "-c", script]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "up\n");
    (child, out)
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

#[test]
fn signals_go_to_the_pid_in_the_file() {
    let mut teller = Teller::start();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "  {}\n\n", teller.pid).unwrap();
    let (mut child, _out) = proxy(file.path());
    send(&child, Signal::SIGHUP);
    assert_eq!(teller.line(), "HUP\n");
    send(&child, Signal::SIGUSR1);
    assert_eq!(teller.line(), "USR1\n");
    assert_eq!(child.try_wait().unwrap(), None, "it runs on after HUP and USR1");
    send(&child, Signal::SIGUSR2);
    assert_eq!(teller.line(), "USR2\n");
    assert_eq!(child.try_wait().unwrap(), None, "and after USR2");
    send(&child, Signal::SIGTERM);
    assert_eq!(teller.line(), "TERM\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    for (signal, line) in [(Signal::SIGINT, "INT\n"), (Signal::SIGQUIT, "QUIT\n")] {
        let (mut child, _out) = proxy(file.path());
        send(&child, signal);
        assert_eq!(teller.line(), line);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn the_end_of_the_command_is_heard_where_such_news_were_ignored() {
    let mut command = Command::new("env");
    command.args(["--ignore-signal=CHLD", env!("CARGO_BIN_EXE_pidproxy"), "none", "/bin/echo", "x"]);
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"x\n"[..]), "{output:?}");
}

#[test]
fn a_pid_file_that_gives_no_pid_is_told_and_survived() {
    for text in [None, Some("not a pid"), Some("0"), Some("-1")] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.pid");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let (mut child, mut out) = proxy(&path);
        send(&child, Signal::SIGTERM);
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, format!("Can't read child pidfile {}!\n", path.display()));
        assert_eq!(child.try_wait().unwrap(), None);
        drop(child.stdin.take());
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("", Some(0)));
    }
}

#[test]
fn it_ends_as_soon_as_the_command_does() {
    let mut child = pidproxy(&["none", "/bin/sh", "-c", "exit 3"]).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_target_that_is_gone_is_told() {
    let gone = {
        let mut child = Command::new("/bin/true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "{gone}").unwrap();
    let (mut child, _out) = proxy(file.path());
    send(&child, Signal::SIGUSR1);
    send(&child, Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(err.contains("cannot send SIGTERM to pid"), "{err}");
}

#[test]
fn the_command_begins_with_no_signal_blocked() {
    let output = run(&["none", "/bin/grep", "^SigBlk:", "/proc/self/status"]);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(out.trim_end(), "SigBlk:\t0000000000000000", "{output:?}");
}
