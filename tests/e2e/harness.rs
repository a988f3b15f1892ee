//! The harness: a directory, a configuration, a daemon in it, and the control program next to it.
//!
//! ```text
//!   Herd::of("[program:cat]...")    the usual [supervisord], one unix socket, the text
//!     .setting("umask=027")         one more line for [supervisord]
//!     .start()                      runs `supervisord -n`, returns once the socket answers
//!       .wait("entered RUNNING")    a line of the log that was not waited for before
//!       .ctl("status cat")          one `supervisorctl` call
//!       .end()                      TERM, exit status 0, and nothing left
//! ```
//!
//! Owned: the directory and every process that carries its name in the environment; both are gone when the value
//! is dropped, also after a failed assertion. Deliberately absent: sleeps that hope, fixed ports.

mod call;
mod follow;
pub(crate) mod http;
mod process;
mod wire;

pub(crate) use call::Answer;
pub(crate) use follow::Follower;
pub(crate) use process::{
    DEADLINE, MARK, MOMENT, Said, alive, assert_at_rest, assert_no_process, free_port, names, program,
    reference, root, run, signal, sweep, until, within,
};

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// A directory of a test; when it is dropped, it goes and every process that was started for it.
#[derive(Debug)]
pub(crate) struct Yard(TempDir);

impl Yard {
    /// A new one, which every user may enter.
    pub(crate) fn new() -> Self {
        let dir =
            tempfile::Builder::new().prefix("herd").tempdir().expect("the temp directory can be written");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("the directory is ours");
        Self(dir)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        sweep(self.path());
    }
}

/// A daemon that is still to be started.
#[derive(Debug)]
pub(crate) struct Plan {
    dir: Yard,
    settings: Vec<String>,
    text: String,
    usual: bool,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// A daemon that runs in the foreground in a directory of its own.
#[derive(Debug)]
pub(crate) struct Herd {
    dir: Yard,
    child: Child,
    log: Arc<Log>,
    seen: Mutex<usize>,
}

/// The lines a daemon wrote, and a bell for the next and for their end.
#[derive(Debug, Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    bell: Condvar,
    is_over: AtomicBool,
}

impl Herd {
    /// A plan with these sections beside the usual ones; `{dir}` in them is the directory of the test.
    pub(crate) fn of(text: &str) -> Plan {
        let dir = Yard::new();
        let text = text.to_owned();
        Plan {
            dir,
            settings: Vec::new(),
            text,
            usual: true,
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// A plan whose configuration is this text and nothing else.
    pub(crate) fn exactly(text: &str) -> Plan {
        Plan { usual: false, ..Self::of(text) }
    }

    /// A plan's daemon, started.
    #[track_caller]
    pub(crate) fn start(text: &str) -> Self {
        Self::of(text).start()
    }
}

impl Plan {
    /// One more line for `[supervisord]`.
    pub(crate) fn setting(mut self, line: &str) -> Self {
        self.settings.push(line.to_owned());
        self
    }

    /// One more argument for supervisord.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// One more variable in supervisord's environment.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A file beside the configuration; `{dir}` in it is the directory of the test.
    #[track_caller]
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        put(self.dir.path(), name, text);
        self
    }

    /// A file that can be run.
    #[track_caller]
    pub(crate) fn script(self, name: &str, text: &str) -> Self {
        let plan = self.file(name, text);
        let path = plan.dir.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        plan
    }

    /// The directory of the test.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Writes the configuration and returns its path.
    #[track_caller]
    pub(crate) fn write(&self) -> PathBuf {
        let text = if self.usual { usual(&self.settings, &self.text) } else { self.text.clone() };
        put(self.dir.path(), "supervisord.conf", &text);
        self.dir.path().join("supervisord.conf")
    }

    /// The command that starts the daemon, with these options before those of the plan.
    #[track_caller]
    pub(crate) fn command(&self, options: &[&str]) -> Command {
        let file = self.write();
        let mut command = Command::new(program("supervisord"));
        command.args(options).arg("-c").arg(file).args(&self.arguments).current_dir(self.dir.path());
        command.env(MARK, self.dir.path()).env("PYTHONUNBUFFERED", "1").stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the daemon where it is expected to refuse; returns what it said.
    #[track_caller]
    pub(crate) fn refused(&self) -> Said {
        run(&mut self.command(&["-n"]), "")
    }

    /// Starts the daemon in the foreground and waits until it serves.
    #[track_caller]
    pub(crate) fn start(self) -> Herd {
        let command = self.command(&["-n"]);
        self.start_by(command)
    }

    /// The same by another command, which becomes the daemon or runs it.
    #[track_caller]
    pub(crate) fn start_by(self, mut command: Command) -> Herd {
        let (child, log) = launch(&mut command);
        let herd = Herd { dir: self.dir, child, log, seen: Mutex::new(0) };
        herd.wait("supervisord started with pid");
        herd
    }
}

/// Starts a daemon whose log is its standard output, and follows that.
#[track_caller]
fn launch(command: &mut Command) -> (Child, Arc<Log>) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let log = Arc::new(Log::default());
    let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let lines = Arc::clone(&log);
    thread::spawn(move || lines.follow(stdout));
    (child, log)
}

impl Log {
    /// The lines; a failed assertion of another holder does not take them away.
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, mut from: impl BufRead) {
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
            self.lock().push(text);
            self.bell.notify_all();
            line.clear();
        }
        let lines = self.lock();
        self.is_over.store(true, Ordering::Relaxed);
        drop(lines);
        self.bell.notify_all();
    }

    /// Waits until these lines are as they are to be, or the deadline has passed; what they are then.
    fn settled(&self, limit: Duration, is_good: impl Fn(&[String]) -> bool) -> MutexGuard<'_, Vec<String>> {
        let waited = self.bell.wait_timeout_while(self.lock(), limit, |lines| !is_good(lines));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Herd {
    /// Waits for the next line that holds this, after the last one waited for, and returns it.
    #[track_caller]
    pub(crate) fn wait(&self, piece: &str) -> String {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let find = |lines: &[String]| lines.iter().skip(*seen).position(|line| line.contains(piece));
        let lines = self.log.settled(DEADLINE, |lines| find(lines).is_some());
        let Some(at) = find(&lines) else {
            panic!("no line with {piece:?} after line {} of the log:\n{}", *seen, lines.join("\n"));
        };
        *seen += at + 1;
        lines[*seen - 1].clone()
    }

    /// Waits for a line anywhere in the log, also before the ones waited for; moves nothing.
    #[track_caller]
    pub(crate) fn wait_anywhere(&self, piece: &str) -> String {
        let find = |lines: &[String]| lines.iter().position(|line| line.contains(piece));
        let lines = self.log.settled(DEADLINE, |lines| find(lines).is_some());
        let at = find(&lines).unwrap_or_else(|| panic!("no line with {piece:?} in the log"));
        lines[at].clone()
    }

    /// The lines of the log so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().clone()
    }

    /// How many lines of the log hold this.
    pub(crate) fn count(&self, piece: &str) -> usize {
        self.log().iter().filter(|line| line.contains(piece)).count()
    }

    /// Asserts how many lines of the log hold this, once there are so many: an answer may be here before the line is.
    #[track_caller]
    pub(crate) fn assert_count(&self, piece: &str, count: usize) {
        let found = |lines: &[String]| lines.iter().filter(|line| line.contains(piece)).count();
        let lines = self.log.settled(DEADLINE, |lines| found(lines) >= count);
        assert_eq!(found(&lines), count, "lines with {piece:?}");
    }

    /// Asserts the lines that hold one of these, once there are so many: without their time stamps, with pids as `N` and
    /// without the debug lines of the descriptors.
    #[track_caller]
    pub(crate) fn assert_story(&self, pieces: &[&str], story: &str) {
        let about = |line: &&String| {
            pieces.iter().any(|piece| line.contains(piece))
                && !line.contains(" closed, stopped monitoring ")
        };
        let found = |lines: &[String]| -> Vec<String> {
            lines.iter().filter(about).map(|line| plain(line)).collect()
        };
        let wanted: Vec<&str> = story.lines().collect();
        let lines = self.log.settled(DEADLINE, |lines| found(lines).len() >= wanted.len());
        assert_eq!(found(&lines), wanted);
    }

    /// One call of supervisorctl; the words are separated by single spaces.
    #[track_caller]
    pub(crate) fn ctl(&self, words: &str) -> Said {
        run(self.ctl_command().args(words.split(' ')), "")
    }

    /// supervisorctl with this configuration and no action yet.
    pub(crate) fn ctl_command(&self) -> Command {
        let mut command = Command::new(program("supervisorctl"));
        command.arg("-c").arg(self.path("supervisord.conf")).current_dir(self.dir.path());
        command.env(MARK, self.dir.path());
        command
    }

    /// One call of the API: its result, or the fault's number and text.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, params: Value) -> Answer {
        call::call(&self.path("s.sock"), method, &params)
    }

    /// Waits until `status` shows a process with this text behind its name.
    #[track_caller]
    pub(crate) fn wait_status(&self, name: &str, state: &str) {
        until(&format!("{name} {state}"), || {
            let said = self.ctl(&format!("status {name}"));
            let rest = said.stdout.strip_prefix(name)?;
            rest.trim_start().starts_with(state).then_some(())
        });
    }

    /// The pid of a process, by the control program.
    #[track_caller]
    pub(crate) fn pid(&self, name: &str) -> i32 {
        let said = self.ctl(&format!("pid {name}"));
        said.stdout.trim().parse().unwrap_or_else(|_| panic!("pid {name}: {said:?}"))
    }

    /// The pid in the last line of the log that tells of a spawn of this process; waits for the first. An answer
    /// or an event may be here before the line is: after a restart, ask [`pid`](Self::pid).
    #[track_caller]
    pub(crate) fn spawned(&self, name: &str) -> i32 {
        let needle = format!("spawned: '{name}' with pid ");
        self.wait_anywhere(&needle);
        let lines = self.log();
        let line = lines.iter().rev().find(|line| line.contains(&needle)).expect("it was there just now");
        line.rsplit(' ').next().and_then(|pid| pid.parse().ok()).expect("the line ends with the pid")
    }

    /// The directory of the test.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A path in the directory of the test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The text of a file in the directory of the test, once it holds this.
    #[track_caller]
    pub(crate) fn wait_file(&self, name: &str, piece: &str) -> String {
        until(&format!("{name} with {piece:?}"), || {
            let text = String::from_utf8_lossy(&fs::read(self.path(name)).ok()?).into_owned();
            text.contains(piece).then_some(text)
        })
    }

    /// Writes a file in the directory of the test; `{dir}` in it is that directory.
    #[track_caller]
    pub(crate) fn put(&self, name: &str, text: &str) {
        put(self.dir.path(), name, text);
    }

    /// Writes the configuration anew: the usual sections with these settings, and this text.
    #[track_caller]
    pub(crate) fn configure(&self, settings: &[&str], text: &str) {
        let settings: Vec<String> = settings.iter().map(|line| (*line).to_owned()).collect();
        put(self.dir.path(), "supervisord.conf", &usual(&settings, text));
    }

    /// Sends the daemon a signal, by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.daemon(), name);
    }

    /// The daemon's pid.
    pub(crate) fn daemon(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid fits")
    }

    /// Waits for the daemon's end, and for the last lines of its log.
    #[track_caller]
    pub(crate) fn wait_end(&mut self) -> ExitStatus {
        let child = &mut self.child;
        let status =
            until("the end of the daemon", || child.try_wait().expect("a child can be waited for"));
        drop(self.log.settled(MOMENT, |_| self.log.is_over.load(Ordering::Relaxed)));
        status
    }

    /// Ends the daemon with TERM and asserts exit status 0 and that nothing is left.
    #[track_caller]
    pub(crate) fn end(mut self) {
        self.signal("TERM");
        let status = self.wait_end();
        assert_eq!(status.code(), Some(0), "the daemon's exit status: {status:?}");
        self.assert_nothing_left();
    }

    /// Ends the daemon with TERM, and starts another one in the same directory, with the configuration that is there now.
    #[track_caller]
    pub(crate) fn again(&mut self) {
        self.signal("TERM");
        assert_eq!(self.wait_end().code(), Some(0), "the daemon's exit status");
        let mut command = Command::new(program("supervisord"));
        command.arg("-n").arg("-c").arg(self.path("supervisord.conf")).current_dir(self.dir.path());
        command.env(MARK, self.dir.path()).stdin(Stdio::null());
        (self.child, self.log) = launch(&mut command);
        self.seen = Mutex::new(0);
        self.wait("supervisord started with pid");
    }

    /// Asserts that no process of this test lives and that socket and pid file are gone.
    #[track_caller]
    pub(crate) fn assert_nothing_left(&self) {
        assert!(!self.path("s.sock").exists(), "the socket is left");
        assert!(!self.path("supervisord.pid").exists(), "the pid file is left");
        assert_no_process(self.dir.path());
    }
}

impl Drop for Herd {
    #[allow(clippy::print_stderr, reason = "shown with the failed test")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log().join("\n"));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The usual sections with some more lines, then a text.
fn usual(settings: &[String], text: &str) -> String {
    format!(
        "[unix_http_server]\nfile={{dir}}/s.sock\n\
         [rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{{dir}}/s.sock\n\
         [supervisord]\nlogfile={{dir}}/supervisord.log\npidfile={{dir}}/supervisord.pid\nchildlogdir={{dir}}\n\
         loglevel=debug\n{}\n{text}\n",
        settings.join("\n")
    )
}

#[track_caller]
fn put(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    let parent = path.parent().expect("a file has a directory");
    fs::create_dir_all(parent).expect("the directory is ours");
    let text = text.replace("{dir}", &dir.display().to_string());
    fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// A log line without its time stamp, with pids as `N`.
fn plain(line: &str) -> String {
    let stamped = line.get(..4).is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
    let line = if stamped { line.get(24..).unwrap_or(line) } else { line };
    let mut plain = String::new();
    for word in line.split_inclusive([' ', '(', ')']) {
        let digits = word.trim_end_matches([' ', '(', ')']);
        let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let pid = number && (plain.ends_with("pid ") || plain.ends_with('('));
        plain.push_str(if pid { "N" } else { digits });
        plain.push_str(&word[digits.len()..]);
    }
    plain
}
