//! The shell on a terminal: TAB, history, Ctrl-C and Ctrl-D.
//!
//! What a line became is read from what the daemon was asked, not from the screen.

use crate::fake::{Fake, Script, config, info, process};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;
use treeherd_rpc::wire::Operation;

/// What the editor draws when the line is empty: the prompt, and the cursor behind it.
const PROMPT: &str = "fake> \r\x1b[6C";

const DEADLINE: Duration = Duration::from_secs(20);

/// `supervisorctl` on a terminal, and what it has shown.
struct Terminal {
    screen: File,
    child: Child,
    shown: String,
    seen: usize,
}

impl Terminal {
    fn start(mut command: Command) -> Self {
        let pty = nix::pty::openpty(None, None).unwrap();
        for end in [pty.master.as_fd(), pty.slave.as_fd()] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        }
        let end = || pty.slave.try_clone().unwrap();
        let child = command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        Self { screen: File::from(pty.master), child, shown: String::new(), seen: 0 }
    }

    /// Waits until this text is shown behind the one waited for before.
    #[track_caller]
    fn wait(&mut self, text: &str) {
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            let mut ready = [PollFd::new(self.screen.as_fd(), PollFlags::POLLIN)];
            let deadline = PollTimeout::try_from(DEADLINE).unwrap();
            assert_ne!(poll(&mut ready, deadline).unwrap(), 0, "no {text:?} after {:?}", self.shown);
            let mut piece = [0; 4096];
            let length = self.screen.read(&mut piece).unwrap_or(0);
            assert_ne!(length, 0, "it ended before it showed {text:?}: {:?}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&piece[..length]));
        }
    }

    /// Waits for the prompt of an empty line, then types.
    #[track_caller]
    fn answer(&mut self, keys: &str) {
        self.wait(PROMPT);
        self.type_in(keys);
    }

    fn type_in(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).unwrap();
    }

    fn interrupt(&self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGINT).unwrap();
    }

    /// Its exit status, once it has ended.
    #[track_caller]
    fn ended(self) -> Option<i32> {
        let Self { screen: _screen, mut child, shown, .. } = self;
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(child.wait()));
        let Ok(status) = told.recv_timeout(DEADLINE) else {
            kill(pid, Signal::SIGKILL).unwrap();
            panic!("it did not end: {shown:?}");
        };
        status.unwrap().code()
    }
}

fn daemon() -> Fake {
    Script::new()
        .on("supervisor.getAllProcessInfo", |_| {
            Ok(json!([
                process("cat", "cat", 20, "RUNNING", 1),
                process("g", "a", 20, "RUNNING", 2),
                process("g", "b", 20, "RUNNING", 3),
                process("we-b", "we-b", 20, "RUNNING", 4),
            ]))
        })
        .on("supervisor.getAllConfigInfo", |_| Ok(json!([config("cat", "cat", true, true, 1)])))
        .on("supervisor.getProcessInfo", |_| Ok(process("cat", "cat", 0, "STOPPED", 0)))
        .on("supervisor.getPID", |_| Ok(json!(4711)))
        .on("supervisor.getSupervisorVersion", |_| Ok(json!("4.3.0")))
        .on("supervisor.startProcess", |_| Ok(json!(true)))
        .on("group.stop", |_| Ok(json!(Operation::done(Vec::new()))))
        .on("supervisor.stopProcess", |_| Ok(json!(true)))
        .on("supervisor.signalProcess", |_| Ok(json!(true)))
        .on("supervisor.clearProcessLogs", |_| Ok(json!(true)))
        .on("supervisor.addProcessGroup", |_| Ok(json!(true)))
        .on("supervisor.removeProcessGroup", |_| Ok(json!(true)))
        .on("supervisor.reloadConfig", |_| Ok(json!([[["g"], [], []]])))
        .on("supervisor.readProcessStdoutLog", |_| Ok(json!("log")))
        .on("process.list", |_| Ok(json!({"items": [info("cat", "cat", "RUNNING")], "seq": 1})))
        .serve()
}

fn shell(fake: &Fake) -> Terminal {
    Terminal::start(fake.command(&[]))
}

/// What the daemon was asked by a line, the lists of processes apart.
fn asked(typed: &str) -> Vec<String> {
    let fake = daemon();
    let mut terminal = shell(&fake);
    terminal.answer(typed);
    terminal.answer("\x04");
    assert_eq!(terminal.ended(), Some(0));
    fake.calls().into_iter().filter(|call| !call.starts_with("supervisor.getAllProcessInfo")).collect()
}

#[test]
fn a_word_is_completed_by_what_its_action_takes_and_gets_a_blank() {
    for (typed, call) in [
        ("pi\t\r", "supervisor.getPID null"),
        ("start c\t\r", "supervisor.startProcess [\"cat\",null]"),
        ("start g:a\t\r", "supervisor.startProcess [\"g:a\",null]"),
        ("start g\tb\t\r", "supervisor.startProcess [\"g:b\",null]"),
        ("start we-\t\r", "supervisor.startProcess [\"we-b\",null]"),
        ("star\tcat\r", "supervisor.startProcess [\"cat\",null]"),
        ("stop g:*\t\r", "group.stop {\"name\":\"g\",\"timeoutMs\":null,\"wait\":null}"),
        ("stop cat:c\t\r", "supervisor.stopProcess [\"cat:cat\",null]"),
        ("signal HUP c\t\r", "supervisor.signalProcess [\"cat\",\"HUP\"]"),
        ("clear c\t\r", "supervisor.clearProcessLogs [\"cat\"]"),
        ("pid c\t\r", "supervisor.getProcessInfo [\"cat\"]"),
        ("fg c\t\r", "supervisor.getProcessInfo [\"cat\"]"),
        ("tail -5 c\t\r", "supervisor.readProcessStdoutLog [\"cat\",-5,0]"),
        ("add g\t\r", "supervisor.addProcessGroup [\"g\"]"),
        ("remove w\t\r", "supervisor.removeProcessGroup [\"we-b\"]"),
    ] {
        assert_eq!(asked(typed), [call], "{typed:?}");
    }
    assert_eq!(asked("update g\t\r")[0], "supervisor.reloadConfig null");
    assert!(asked("status --j\tc\t\r")[0].starts_with("process.list "));
}

#[test]
fn a_second_tab_lists_what_fits() {
    let fake = daemon();
    for (typed, listed) in [
        ("\t\t", "add "),
        ("help st\t\t", "start    status   stop"),
        ("start \t\t", "cat    g:*    g:a    g:b    we-b"),
        ("start cat:\t\t", "cat:*     cat:cat"),
        ("remove \t\t", "cat    g      we-b"),
        ("wait --for \t\t", "ready       running     stopped"),
        ("status --\t\t", "--check   --json"),
    ] {
        let mut terminal = shell(&fake);
        terminal.answer(typed);
        terminal.wait(listed);
        terminal.type_in("\x15\x04");
        assert_eq!(terminal.ended(), Some(0));
    }
}

#[test]
fn the_processes_are_asked_for_once_a_line() {
    let fake = daemon();
    let mut terminal = shell(&fake);
    terminal.answer("start \t\t");
    terminal.wait("we-b");
    terminal.type_in("we\t\x15\r");
    terminal.answer("start c\t\r");
    terminal.answer("\x04");
    assert_eq!(terminal.ended(), Some(0));
    // One by `status` at the beginning, one for each line that was completed.
    assert_eq!(
        fake.calls().iter().filter(|call| call.starts_with("supervisor.getAllProcessInfo")).count(),
        3
    );
}

#[test]
fn a_daemon_that_is_away_completes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("s.conf");
    let away = dir.path().join("s.sock");
    std::fs::write(&config, format!("[supervisorctl]\nserverurl=unix://{}\nprompt=fake\n", away.display()))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
    command.arg("-c").arg(config);
    let mut terminal = Terminal::start(command);
    terminal.answer("start \t\tx\x15help quit\r");
    terminal.wait("Exit the supervisor shell.");
    terminal.answer("\x04");
    assert_eq!(terminal.ended(), Some(0));
}

fn with_history(fake: &Fake, file: &Path) -> Terminal {
    let file = file.to_str().unwrap();
    Terminal::start(fake.command(&["-r", file]))
}

#[test]
fn the_history_is_loaded_and_saved_line_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("history");
    let fake = daemon();
    let mut terminal = with_history(&fake, &file);
    terminal.answer("pid\r");
    terminal.answer("pid\r");
    terminal.answer("\r");
    terminal.answer("version\r");
    terminal.answer("quit\r");
    assert_eq!(terminal.ended(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "pid\nversion\nquit\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let mut terminal = with_history(&fake, &file);
    terminal.answer("\x1b[A\x1b[A\r");
    terminal.wait("4.3.0");
    terminal.answer("\x03");
    assert_eq!(terminal.ended(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "pid\nversion\nquit\nversion\n");
}

#[test]
fn a_history_that_cannot_be_read_or_saved_is_no_reason_to_talk() {
    let dir = tempfile::tempdir().unwrap();
    let fake = daemon();
    let mut terminal = with_history(&fake, &dir.path().join("missing/history"));
    terminal.answer("version\r");
    terminal.wait("4.3.0");
    terminal.answer("\x04");
    terminal.wait("\n");
    assert!(!terminal.shown.contains("history"), "{}", terminal.shown);
    assert_eq!(terminal.ended(), Some(0));
}

#[test]
fn ctrl_c_ends_what_follows_a_log_and_the_shell_goes_on() {
    let mut script = Script::new()
        .on("supervisor.getAllProcessInfo", |_| Ok(json!([])))
        .on("supervisor.getPID", |_| Ok(json!(4711)));
    let follow = |_: jsonrpsee::types::Params<'static>,
                  pending: jsonrpsee::PendingSubscriptionSink,
                  _: std::sync::Arc<()>,
                  _: jsonrpsee::Extensions| async move {
        let Ok(sink) = pending.accept().await else { return };
        let item = json!({"kind": "data", "data": "from the log\n", "offset": 0});
        let _ = sink.send(serde_json::value::to_raw_value(&item).unwrap()).await;
        sink.closed().await;
    };
    script.module().register_subscription("log.follow", "log.chunk", "log.unfollow", follow).unwrap();
    let fake = script.serve();
    let mut terminal = shell(&fake);
    terminal.answer("maintail -f\r");
    terminal.wait("from the log");
    terminal.interrupt();
    terminal.answer("pid\r");
    terminal.wait("4711");
    terminal.answer("\x03");
    assert_eq!(terminal.ended(), Some(0));
}

#[test]
fn ctrl_c_at_a_question_leaves_the_shell_and_nothing_is_done() {
    let fake = daemon();
    let mut terminal = shell(&fake);
    terminal.answer("shutdown\r");
    terminal.wait("y/N? ");
    terminal.interrupt();
    assert_eq!(terminal.ended(), Some(0));
    assert!(!fake.calls().iter().any(|call| call.contains("shutdown")));
}
