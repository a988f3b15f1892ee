//! The daemon's own log: lines queue up, and a scribe on the logs' thread writes them.
//!
//! ```text
//!   slog ── line ──► MainLog (queue, bounded) ── wake ──► Scribe ──► file (rolled by size) or syslog, stdout, followers
//! ```
//!
//! Nobody who logs ever waits for a disk. When the queue is full, lines are dropped, counted, and a line
//! says how many. Before the tree runs and after it has ended, lines are written at once
//! ([`MainLog::direct`]). The log outlives the scribe: after a bug the next one goes on with the queue.

use crate::clock;
use crate::estate::lock;
use crate::rotator::Crash;
use crate::rotator::tap::{Joined, Tap};
use crate::supervision::link::{Bid, Link};
use actix::{Actor, AsyncContext, Context, Handler, WrapFuture};
use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use treeherd_domain::rotation::Rotation;
use treeherd_os::logfile::{LogFile, OpenError};
use treeherd_os::syslog::Syslog;

/// Bytes that may wait to be written.
const WAITING: usize = 8 * 1024 * 1024;

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    dropped: u64,
}

/// Where the lines end up.
#[derive(Debug)]
enum Sink {
    File(LogFile),
    Syslog(Syslog),
}

/// The copy on standard output. Nobody waits long for its reader: the log file is the record.
#[derive(Debug)]
struct Echo {
    out: LogFile,
    missing: u64,
}

impl Echo {
    fn open() -> Option<Mutex<Self>> {
        let out = LogFile::open(Path::new("/dev/stdout"), Rotation::NEVER).ok()?;
        Some(Mutex::new(Self { out, missing: 0 }))
    }

    fn write(&mut self, line: &[u8]) {
        if self.missing > 0 {
            let told =
                format!("{} log lines are missing here: nobody read standard output\n", self.missing);
            if self.out.write(told.as_bytes()).is_ok() {
                self.missing = 0;
            }
        }
        if self.missing > 0 || self.out.write(line).is_err() {
            self.missing += 1;
        }
    }
}

/// The daemon's log.
pub struct MainLog {
    path: Option<PathBuf>,
    echo: Option<Mutex<Echo>>,
    direct: AtomicBool,
    queue: Mutex<Queue>,
    wake: Notify,
    sink: Mutex<Sink>,
    tap: Mutex<Tap>,
}

impl fmt::Debug for MainLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MainLog").field("path", &self.path).finish_non_exhaustive()
    }
}

impl MainLog {
    /// Opens the log file; lines are written at once until [`direct`](Self::direct) says otherwise.
    /// `echo`: each line goes to standard output as well.
    ///
    /// # Errors
    /// [`OpenError`] with the path.
    pub fn open(path: &Path, rotation: Rotation, echo: bool) -> Result<Arc<Self>, OpenError> {
        let file = LogFile::open(path, rotation)?;
        let mut tap = Tap::default();
        tap.resized(file.size());
        Ok(Self::new(Some(path.to_owned()), Sink::File(file), tap, echo))
    }

    /// A log that goes to the system's log at `socket` (`logfile = syslog`).
    ///
    /// # Errors
    /// If the socket cannot be connected to.
    pub fn syslog(socket: &Path, echo: bool) -> std::io::Result<Arc<Self>> {
        let syslog = Syslog::new(socket);
        syslog.connect()?;
        Ok(Self::new(None, Sink::Syslog(syslog), Tap::default(), echo))
    }

    fn new(path: Option<PathBuf>, sink: Sink, tap: Tap, echo: bool) -> Arc<Self> {
        Arc::new(Self {
            path,
            echo: echo.then(Echo::open).flatten(),
            direct: AtomicBool::new(true),
            queue: Mutex::default(),
            wake: Notify::new(),
            sink: Mutex::new(sink),
            tap: Mutex::new(tap),
        })
    }

    /// The file; `None` with `logfile = syslog`.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether lines are written at once, by whoever logs: outside the life of the tree.
    pub fn direct(&self, direct: bool) {
        self.direct.store(direct, Ordering::Release);
        if direct {
            self.flush();
        }
    }

    /// Takes a line, its line feed included.
    pub fn line(&self, line: Vec<u8>) {
        let is_first = {
            let mut queue = lock(&self.queue);
            let was_empty = queue.lines.is_empty();
            if queue.bytes + line.len() > WAITING {
                queue.dropped += 1;
            } else {
                queue.bytes += line.len();
                queue.lines.push_back(line);
            }
            was_empty
        };
        if self.direct.load(Ordering::Acquire) {
            self.flush();
        } else if is_first {
            self.wake.notify_one();
        }
    }

    /// Writes all lines that wait.
    pub fn flush(&self) {
        let mut sink = lock(&self.sink);
        loop {
            let Queue { lines, dropped, .. } = std::mem::take(&mut *lock(&self.queue));
            if lines.is_empty() && dropped == 0 {
                return;
            }
            if dropped > 0 {
                let line =
                    format!("{dropped} log lines were dropped: the log could not be written fast enough\n");
                self.write(&mut sink, line.as_bytes());
            }
            for line in lines {
                self.write(&mut sink, &line);
            }
        }
    }

    /// One line to all places. A log that cannot be written has nowhere to say so but standard error.
    fn write(&self, sink: &mut Sink, line: &[u8]) {
        if let Some(echo) = &self.echo {
            lock(echo).write(line);
        }
        match sink {
            Sink::File(file) => {
                // a line that does not get into a full disk is lost; the next one is tried again
                let written = match file.write(line) {
                    Ok(()) => line.len(),
                    Err(error) => error.written,
                };
                lock(&self.tap).pass(&line[..written], file.size());
            }
            Sink::Syslog(syslog) => {
                // the record as it is, with its own stamp and line feed; what was lost is said there as well
                let now = clock::wall_ms();
                if let Some(told) = syslog.send(now, "", [line]) {
                    syslog.send(now, "", [told.as_bytes()]);
                }
                lock(&self.tap).pass(line, 0);
            }
        }
    }

    /// Closes the file and opens it by its name (`SIGUSR2`).
    ///
    /// # Errors
    /// [`OpenError`]; the old file stays in use.
    pub fn reopen(&self) -> Result<(), OpenError> {
        self.flush();
        if let Sink::File(file) = &mut *lock(&self.sink) {
            file.reopen()?;
            lock(&self.tap).resized(file.size());
        }
        Ok(())
    }

    /// Deletes the file and makes it anew.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn clear(&self) -> Result<(), OpenError> {
        self.flush();
        if let Sink::File(file) = &mut *lock(&self.sink) {
            file.clear()?;
            lock(&self.tap).resized(file.size());
        }
        Ok(())
    }

    /// Joins as a follower.
    #[must_use]
    pub fn follow(&self) -> Joined {
        self.flush();
        lock(&self.tap).join()
    }
}

/// The actor that writes the lines.
#[derive(Debug)]
pub struct Scribe {
    log: Arc<MainLog>,
    _link: Link,
}

impl Scribe {
    /// The scribe of this log.
    #[must_use]
    pub const fn new(log: Arc<MainLog>, link: Link) -> Self {
        Self { log, _link: link }
    }
}

impl Actor for Scribe {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let log = Arc::clone(&self.log);
        let write = async move {
            loop {
                log.flush();
                log.wake.notified().await;
            }
        };
        context.spawn(write.into_actor(self));
    }
}

impl Handler<Crash> for Scribe {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Bid> for Scribe {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}
