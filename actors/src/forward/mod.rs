//! Lines on their way to syslog targets (`*_syslog_target`); whoever writes them never waits.
//!
//! ```text
//!   outlets ── line ──► Forward (queue, bounded) ── a task while something waits ──► Link: unix, UDP, TCP
//!                          │ no room: dropped, counted, told       │ an error: told once, a pause that doubles
//! ```
//!
//! There is one `Forward` for each address and form, whoever sends there. Its task is begun by the line that finds
//! none and ends when nothing waits, so that there is no actor to be supervised: after a bug the next line begins
//! another one on the same queue. Runs on the logs' thread. Absent: a spool on disk, TLS, any acknowledgement; what
//! a receiver does with a line that its kernel took, nobody knows.

mod link;
mod message;
#[cfg(test)]
mod tests;

pub(crate) use message::{Who, longest};

use crate::clock;
use crate::estate::lock;
use bytes::Bytes;
use link::Link;
use slog::{Logger, info, warn};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use treeherd_domain::syslog::{Format, SyslogTarget, Transport};

/// Bytes that may wait for one target.
const ROOM: usize = 1024 * 1024;
/// What a line costs beside its bytes.
const OVERHEAD: usize = 64;
/// How long connecting may take, the look-up of the name included.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long a target may take for one line.
const SENDING: Duration = Duration::from_secs(10);
/// The pause after a first failure, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(30)];
/// How long a UDP target must be without an error to count as well: each error is about a datagram before.
const CALM: Duration = Duration::from_secs(5);

/// All targets that somebody sends to.
#[derive(Debug)]
pub struct Forwards {
    host: Arc<str>,
    known: Mutex<HashMap<(Transport, Format), Weak<Forward>>>,
}

impl Forwards {
    /// None yet; messages name this machine so.
    #[must_use]
    pub fn new(host: &str) -> Self {
        Self { host: host.into(), known: Mutex::default() }
    }

    /// The name of this machine.
    pub(crate) fn host(&self) -> Arc<str> {
        Arc::clone(&self.host)
    }

    /// The way to a target; what happens to it is told in `log`.
    pub(crate) fn to(&self, target: &SyslogTarget, log: &Logger) -> Arc<Forward> {
        let key = (target.transport.clone(), target.format);
        let mut known = lock(&self.known);
        known.retain(|_, forward| forward.strong_count() > 0);
        if let Some(forward) = known.get(&key).and_then(Weak::upgrade) {
            return forward;
        }
        let forward = Arc::new(Forward::new(target.transport.clone(), log.clone()));
        known.insert(key, Arc::downgrade(&forward));
        forward
    }

    /// Waits until nothing waits, but no longer than this; what is left then is told. For the end of the daemon.
    pub async fn settle(&self, limit: Duration) {
        let all: Vec<Arc<Forward>> = lock(&self.known).values().filter_map(Weak::upgrade).collect();
        let settled = futures_util::future::join_all(all.iter().map(|forward| forward.settled()));
        if tokio::time::timeout(limit, settled).await.is_err() {
            all.iter().for_each(|forward| forward.tell_left());
        }
    }
}

/// The way to one target.
#[derive(Debug)]
pub(crate) struct Forward {
    to: Transport,
    log: Logger,
    queue: Mutex<Queue>,
    link: Mutex<Option<Link>>,
    idle: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Bytes>,
    bytes: usize,
    /// Dropped since it was last told.
    dropped: u64,
    /// The last failure, while it is not known to be over.
    failed: Option<Instant>,
    runs: bool,
}

impl Forward {
    fn new(to: Transport, log: Logger) -> Self {
        let (queue, link, idle) = (Mutex::default(), Mutex::default(), Notify::new());
        Self { to, log, queue, link, idle }
    }

    /// Queues a line, in pieces if it is too long for a message; an empty one is one piece.
    pub(crate) fn send_line(
        self: &Arc<Self>,
        target: &SyslogTarget,
        who: Who<'_>,
        epoch_ms: u64,
        line: &str,
    ) {
        let mut rest = line;
        loop {
            let most = longest(target).min(rest.len());
            let at = (0..=most).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(most);
            let (piece, after) = rest.split_at(at);
            self.push(piece.len() + message::HEAD, || message::message(target, who, epoch_ms, piece));
            rest = after;
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Queues a message of about `size` bytes, which is made only if there is room; sees to it that it is sent.
    pub(crate) fn push(self: &Arc<Self>, size: usize, message: impl FnOnce() -> Vec<u8>) {
        let mut queue = lock(&self.queue);
        if queue.bytes + size + OVERHEAD > ROOM {
            queue.dropped += 1;
            if queue.dropped == 1 {
                warn!(
                    self.log,
                    "the syslog target {} takes too little: {ROOM} bytes wait, and lines are dropped until it takes them",
                    self.to
                );
            }
        } else {
            let message = Bytes::from(message());
            queue.bytes += message.len() + OVERHEAD;
            queue.waiting.push_back(message);
        }
        let Ok(runtime) = Handle::try_current() else { return };
        if !std::mem::replace(&mut queue.runs, true) {
            let running = Running { forward: Arc::clone(self), failed: true };
            runtime.spawn(async move {
                running.forward.run().await;
                running.end();
            });
        }
    }

    async fn run(&self) {
        let mut link = lock(&self.link).take();
        if link.is_some() {
            // what became of it meanwhile is known once the reactor has looked
            tokio::task::yield_now().await;
        }
        let mut pause = PAUSES[0];
        while let Some(message) = self.next(&mut link) {
            let was_open = link.is_some();
            match self.send(&mut link, &message).await {
                Ok(()) => {
                    pause = PAUSES[0];
                    self.taken();
                }
                Err(error) if link::is_too_long(&error) => self.refused(),
                // it may be that only the connection has ended, as when the receiver is restarted
                Err(_) if was_open && !matches!(self.to, Transport::Udp { .. }) => link = None,
                Err(error) => {
                    link = None;
                    self.failed(&error);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES[1]);
                }
            }
        }
    }

    /// The message whose turn it is; it stays in the queue until it is sent. Without one the link is put away.
    fn next(&self, link: &mut Option<Link>) -> Option<Bytes> {
        let mut queue = lock(&self.queue);
        let next = queue.waiting.front().cloned();
        if next.is_none() {
            *lock(&self.link) = link.take();
            queue.runs = false;
            self.idle.notify_waiters();
        }
        next
    }

    async fn send(&self, link: &mut Option<Link>, message: &[u8]) -> io::Result<()> {
        if link.as_ref().is_some_and(Link::is_gone) {
            *link = None;
        }
        let link = match link {
            Some(link) => link,
            None => link.insert(within(CONNECTING, Link::open(&self.to)).await?),
        };
        within(SENDING, link.send(message)).await
    }

    fn taken(&self) {
        let mut queue = lock(&self.queue);
        queue.pop();
        let calm = if matches!(self.to, Transport::Udp { .. }) { CALM } else { Duration::ZERO };
        let is_well = queue.failed.is_none_or(|last| clock::now().saturating_duration_since(last) >= calm);
        // after drops alone it is over once there is room to speak of
        let is_over = queue.failed.is_some() || (queue.dropped > 0 && queue.bytes < ROOM / 2);
        if is_well && is_over {
            queue.failed = None;
            let dropped = std::mem::take(&mut queue.dropped);
            info!(self.log, "the syslog target {} takes lines again; {dropped} were dropped", self.to);
        }
    }

    /// This one message will never be taken.
    fn refused(&self) {
        let mut queue = lock(&self.queue);
        queue.pop();
        queue.dropped += 1;
    }

    fn failed(&self, error: &io::Error) {
        if lock(&self.queue).failed.replace(clock::now()).is_none() {
            warn!(
                self.log,
                "cannot send to the syslog target {}: {error}; lines wait for it, {ROOM} bytes at most, and more are \
                 dropped; see that it listens there",
                self.to
            );
        }
    }

    async fn settled(&self) {
        loop {
            let mut idle = pin!(self.idle.notified());
            idle.as_mut().enable();
            if !lock(&self.queue).runs {
                return;
            }
            idle.await;
        }
    }

    fn tell_left(&self) {
        let queue = lock(&self.queue);
        let left = queue.waiting.len() as u64 + queue.dropped;
        if left > 0 {
            warn!(self.log, "{left} lines were not sent to the syslog target {}", self.to);
        }
    }
}

impl Queue {
    fn pop(&mut self) {
        if let Some(sent) = self.waiting.pop_front() {
            self.bytes -= sent.len() + OVERHEAD;
        }
    }
}

/// A task that runs. One that does not come to its end, as after a bug, makes way for another.
struct Running {
    forward: Arc<Forward>,
    failed: bool,
}

impl Running {
    fn end(mut self) {
        self.failed = false;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.failed {
            lock(&self.forward.queue).runs = false;
            self.forward.idle.notify_waiters();
        }
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let done = tokio::time::timeout(limit, work).await;
    done.unwrap_or_else(|_| {
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer for {limit:?}")))
    })
}
