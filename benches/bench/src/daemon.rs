//! The daemons under test: how each is configured, started, asked and ended.
//!
//! Each gets a fresh directory, the same programs, no delay before a restart, and a session of its own by which whatever
//! it leaves behind is found. Absent on purpose: anything that one of them does and the others cannot.

use crate::announce::{Announcements, Kind as Said};
use crate::machine;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Who is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// treeherd.
    Ours,
    /// The floor.
    Bare,
    /// supervisord.org's Supervisor.
    Supervisor,
}

impl Kind {
    /// All, in the order of the table's columns.
    pub const ALL: [Self; 3] = [Self::Ours, Self::Bare, Self::Supervisor];

    /// The name on the command line, in the table and in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Bare => "bare",
            Self::Supervisor => "supervisor",
        }
    }

    /// The daemon of that name.
    pub fn named(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("no such daemon: {name}"))
    }
}

/// Where the programs are.
pub struct Tools {
    /// The child.
    pub child: PathBuf,
    /// The floor.
    pub floor: PathBuf,
    /// Directory of our supervisord and supervisorctl.
    pub ours: PathBuf,
    /// Directory of Supervisor's.
    pub supervisor: PathBuf,
    /// Where directories are made.
    pub base: PathBuf,
    /// Open files that a process may have.
    pub files: u64,
}

/// What the programs do.
#[derive(Clone)]
pub enum Mode {
    /// Nothing, for ever.
    Sleep,
    /// End at once.
    Exit,
    /// Write so many bytes, so many a write, once the gate is open.
    Write {
        /// Bytes for each program.
        bytes: u64,
        /// Bytes for each write.
        chunk: u64,
    },
}

/// What a daemon is given to do.
#[derive(Clone)]
pub struct Work {
    /// Programs.
    pub count: usize,
    /// What each does.
    pub mode: Mode,
    /// Size at which a log is rotated, in bytes.
    pub rotate: u64,
    /// Ours only: whether all programs are stopped at once.
    pub parallel: bool,
    /// Ours only: `pipe_size`.
    pub pipe: Option<&'static str>,
}

impl Work {
    /// `count` programs that sleep.
    pub fn sleepers(count: usize) -> Self {
        Self { count, mode: Mode::Sleep, rotate: 50_000_000, parallel: true, pipe: None }
    }
}

/// Old logs that are kept: enough for all that the log rows write.
const BACKUPS: u32 = 30;

/// A daemon that runs. Dropped, it is killed with all that it started.
pub struct Running {
    /// Who.
    pub kind: Kind,
    /// The daemon's pid, and its session.
    pub pid: i32,
    /// Its directory.
    pub dir: PathBuf,
    /// What its children say.
    pub said: Announcements,
    /// The programs' pids at the end of the boot.
    pub pids: Vec<i32>,
    /// From exec until all programs ran.
    pub boot: Duration,
    /// The daemon's CPU time until then.
    pub boot_cpu: Duration,
    child: Child,
}

impl Tools {
    /// Whether the daemon's program is there.
    pub fn has(&self, kind: Kind) -> bool {
        self.program(kind).is_file()
    }

    fn program(&self, kind: Kind) -> PathBuf {
        match kind {
            Kind::Ours => self.ours.join("supervisord"),
            Kind::Bare => self.floor.clone(),
            Kind::Supervisor => self.supervisor.join("supervisord"),
        }
    }

    /// Starts a daemon and waits until all its programs have run.
    pub fn start(&self, kind: Kind, work: &Work) -> Result<Running, String> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = self.base.join(format!("treeherd-bench-{}-{number}", std::process::id()));
        let attempt = || {
            fs::create_dir_all(dir.join("logs"))?;
            machine::fifo(&dir.join("gate"))?;
            let said = Announcements::new(&dir.join("said"))?;
            let mut command = self.command(kind, work, &dir)?;
            command.current_dir(&dir).stdin(Stdio::null()).stdout(Stdio::null());
            command.stderr(fs::File::create(dir.join("stderr"))?);
            machine::apart(&mut command);
            let begin = Instant::now();
            Ok((said, begin, command.spawn()?))
        };
        let (said, begin, child) = attempt().map_err(|error: std::io::Error| {
            let _ = fs::remove_dir_all(&dir);
            format!("{} does not start: {error}", kind.name())
        })?;
        let (pid, none) = (child.id() as i32, Duration::ZERO);
        let mut running = Running {
            kind,
            pid,
            dir: dir.clone(),
            said,
            pids: Vec::new(),
            boot: none,
            boot_cpu: none,
            child,
        };
        let patience = Duration::from_secs(20) + Duration::from_millis(40) * work.count as u32;
        let all = running.said.all(work.count, Said::Runs, patience);
        running.boot = begin.elapsed();
        let result = all.and_then(|pids| Ok((pids, machine::cpu(running.pid)?)));
        (running.pids, running.boot_cpu) = result.map_err(|error| running.failed(&error.to_string()))?;
        Ok(running)
    }

    fn command(&self, kind: Kind, work: &Work, dir: &Path) -> std::io::Result<Command> {
        let mut command = Command::new(self.program(kind));
        if kind == Kind::Bare {
            fs::write(dir.join("list"), self.list(work, dir))?;
            let logs = if self.logs(work.count) { dir.join("logs") } else { "-".into() };
            command.arg("run").arg(dir.join("list")).arg(dir.join("socket")).arg(logs);
            command.arg(work.rotate.to_string()).arg(BACKUPS.to_string());
        } else {
            fs::write(dir.join("conf"), self.config(kind, work, dir))?;
            command.arg("-n").arg("-c").arg(dir.join("conf"));
        }
        Ok(command)
    }

    /// Whether each program gets two logs: where the limit of open files is too low for that, nobody's gets one.
    pub fn logs(&self, count: usize) -> bool {
        count as u64 * 7 + 500 < self.files
    }

    fn line(&self, work: &Work, dir: &Path, id: usize) -> String {
        let (child, dir) = (self.child.display(), dir.display());
        match work.mode {
            Mode::Sleep => format!("{child} {dir}/said {id} sleep"),
            Mode::Exit => format!("{child} {dir}/said {id} exit"),
            Mode::Write { bytes, chunk } => {
                format!("{child} {dir}/said {id} write {dir}/gate {bytes} {chunk}")
            }
        }
    }

    fn list(&self, work: &Work, dir: &Path) -> String {
        (0..work.count).map(|id| format!("{} {}\n", name(id), self.line(work, dir, id))).collect()
    }

    fn config(&self, kind: Kind, work: &Work, dir: &Path) -> String {
        let at = dir.display();
        let mut text = format!(
            "[unix_http_server]\nfile={at}/socket\n\n\
             [supervisord]\nlogfile={at}/log\npidfile={at}/pid\nchildlogdir={at}/logs\n"
        );
        if kind == Kind::Ours && work.parallel {
            text.push_str("stop_order=parallel\n");
        }
        let _ = write!(
            text,
            "\n[rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\n\
             [supervisorctl]\nserverurl=unix://{at}/socket\n"
        );
        for id in 0..work.count {
            let (name, line) = (name(id), self.line(work, dir, id));
            let _ = write!(
                text,
                "\n[program:{name}]\ncommand={line}\nstartsecs=0\nstartretries=1000000000\nautorestart=true\n"
            );
            for (stream, ending) in [("stdout", "out"), ("stderr", "err")] {
                let file = if self.logs(work.count) {
                    format!("{at}/logs/{name}.{ending}")
                } else {
                    "NONE".to_owned()
                };
                let _ = write!(
                    text,
                    "{stream}_logfile={file}\n{stream}_logfile_maxbytes={}\n{stream}_logfile_backups={BACKUPS}\n",
                    work.rotate
                );
            }
            if let (Kind::Ours, Some(size)) = (kind, work.pipe) {
                let _ = writeln!(text, "pipe_size={size}");
            }
        }
        text
    }

    /// The whole command that does `words` (`status NAME`, `status`, `restart NAME`); `None` where there is none.
    pub fn control(&self, running: &Running, words: &[&str]) -> Option<Command> {
        let mut command = match running.kind {
            Kind::Ours => Command::new(self.ours.join("supervisorctl")),
            Kind::Supervisor => Command::new(self.supervisor.join("supervisorctl")),
            Kind::Bare => {
                let what = match words {
                    ["status"] => "all",
                    ["status", _] => "one",
                    _ => return None,
                };
                let mut command = Command::new(&self.floor);
                command.arg("ask").arg(running.socket()).arg(what);
                return Some(command);
            }
        };
        command.arg("-c").arg(running.dir.join("conf")).args(words);
        Some(command)
    }
}

/// The name of a program.
pub fn name(id: usize) -> String {
    format!("p{id:04}")
}

impl Running {
    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    /// The request for the state of one program, or of all.
    pub fn question(&self, one: Option<usize>) -> Vec<u8> {
        let (path, kind, body) = match (self.kind, one) {
            (Kind::Bare, one) => {
                return format!("GET /{} HTTP/1.1\r\n\r\n", if one.is_some() { "one" } else { "all" })
                    .into_bytes();
            }
            (Kind::Ours, one) => {
                let (method, params) = match one {
                    Some(id) => ("getProcessInfo", format!("[\"{}\"]", name(id))),
                    None => ("getAllProcessInfo", "[]".to_owned()),
                };
                let call = format!(
                    "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"supervisor.{method}\",\"params\":{params}}}"
                );
                ("/rpc", "application/json", call)
            }
            (Kind::Supervisor, one) => {
                let (method, params) = match one {
                    Some(id) => {
                        let value = format!("<param><value><string>{}</string></value></param>", name(id));
                        ("getProcessInfo", value)
                    }
                    None => ("getAllProcessInfo", String::new()),
                };
                let call = format!(
                    "<?xml version='1.0'?><methodCall><methodName>supervisor.{method}</methodName>\
                     <params>{params}</params></methodCall>"
                );
                ("/RPC2", "text/xml", call)
            }
        };
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    }

    /// Ends the daemon by SIGTERM; the time until it and all its processes are gone.
    pub fn stop(&mut self, patience: Duration) -> Result<Duration, String> {
        let begin = Instant::now();
        machine::kill(self.pid, libc::SIGTERM);
        let died = machine::died(self.pid, patience).map_err(|error| error.to_string())?;
        let mut took = begin.elapsed();
        if !died {
            return Err(self.failed(&format!("still there {patience:?} after SIGTERM")));
        }
        let _ = self.child.wait();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            machine::reap();
            let left = machine::left(self.pid);
            if left.is_empty() {
                return Ok(took);
            }
            if Instant::now() > deadline {
                return Err(self.failed(&format!("ended and left {} processes behind", left.len())));
            }
            std::thread::sleep(Duration::from_millis(1));
            took = begin.elapsed();
        }
    }

    /// A failure's text with the last that the daemon said.
    pub fn failed(&self, what: &str) -> String {
        let mut text = format!("{}: {what}", self.kind.name());
        for file in ["stderr", "log"] {
            let said = fs::read(self.dir.join(file)).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let lines: Vec<&str> = said.lines().collect();
            for line in &lines[lines.len().saturating_sub(3)..] {
                let _ = write!(text, "\n    {file}: {line}");
            }
        }
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        machine::sweep(self.pid, Duration::from_secs(20));
        let _ = fs::remove_dir_all(&self.dir);
    }
}
