//! The Rotator: moves one stream of one process from its pipe to its file. Runs on the logs' thread.
//!
//! ```text
//!   Program ── Open, Attach, Drain, Reopen, Clear ──► Rotator ── Trouble, News ──► Program
//!                                                       │ pump: readable? read, write, again
//!                                                       ▼
//!                                                   StreamEstate
//! ```
//!
//! It owns nothing that matters: pipe, file and unwritten bytes stand in the [`StreamEstate`], so that
//! its successor goes on after a bug with not a byte lost. It waits for readiness and never polls; only
//! while a file cannot be written does it try again once a second.
//!
//! A pipe that is written in small pieces is left alone for a moment before it is read again: the
//! writer fills it meanwhile and one read does the work of many. Absent: any look into the bytes that is
//! not asked for by `strip_ansi`, `*_capture_maxbytes`, `*_syslog`, `*_events_enabled` or the debug level.

pub mod ansi;
pub mod capture;
mod copies;
mod ear;
pub mod outbox;
mod outlets;
pub mod stream;
pub mod tap;
mod targets;

use crate::clock;
use crate::supervision::link::{Bid, Link};
use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, MessageResult, Recipient,
    SpawnHandle, WeakRecipient, WrapFuture,
};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};
use std::time::Duration;
use stream::{Pumped, StreamEstate};
use treeherd_os::logfile::OpenError;
use treeherd_os::pipe::PipeReader;

/// Reads of one pipe before others have their turn.
const READS: usize = 8;
/// How long a file that cannot be written is left alone.
const RETRY: Duration = Duration::from_secs(1);
/// A read below this is small: the pipe is empty after it, and its writer writes small pieces.
const SMALL: usize = 32 * 1024;
/// A read of this much finds a pipe full.
const FULL: usize = 60 * 1024;
/// How long a pipe that brings small reads is left to fill.
const FILL: Duration = Duration::from_micros(100);
/// How long a listener that nothing waits for has to write the rest of what it is about to say, so that its result
/// and the READY behind it come in one read, as they do to a slower reader.
const GATHER: Duration = Duration::from_millis(1);

/// Open the file before a spawn. Answers the error that makes the spawn fail.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), Arc<OpenError>>")]
pub struct Open;

/// A new pipe stands in the estate: read it.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Attach;

/// The process has ended: write what is left in its pipe, give the pipe up, and answer.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Drain {
    /// Its pipe; by the time this is read, the next process may have another.
    pub pipe: Weak<OwnedFd>,
    /// Whether the file is to be closed as well.
    pub close: bool,
}

/// Close the file and open it by its name.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), String>")]
pub struct Reopen;

/// Empty the log.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), String>")]
pub struct Clear;

/// End by a bug, on purpose (fault injection).
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug)]
#[rtype(result = "()")]
pub enum Crash {
    /// Panic in the handler.
    Panic,
    /// Stop without being asked by the parent.
    Stop,
}

impl Crash {
    /// Carries it out.
    pub fn strike<A: Actor<Context = Context<A>>>(self, context: &mut Context<A>) {
        match self {
            #[expect(clippy::panic, reason = "fault injection: a panic is what was asked for")]
            Self::Panic => panic!("injected fault"),
            Self::Stop => context.stop(),
        }
    }
}

/// The sizes by which the file is rolled over have been set anew.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub struct Resize;

/// Something about the file went wrong, for the daemon's log.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
pub struct Trouble {
    /// Which stream.
    pub stream: treeherd_domain::stream::Stream,
    /// What, where, and what happens now.
    pub message: String,
}

/// Events wait in the outbox of a stream.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub struct News;

/// How a rotator reaches its program.
#[derive(Clone, Debug)]
pub struct Up {
    /// For what went wrong.
    pub trouble: WeakRecipient<Trouble>,
    /// For what is to be announced.
    pub news: WeakRecipient<News>,
}

/// The actor.
#[derive(Debug)]
pub struct Rotator {
    estate: Arc<StreamEstate>,
    up: Up,
    large: bool,
    pump: Option<SpawnHandle>,
    /// Last, so that the parent hears of the end when all else is gone.
    _link: Link,
}

impl Rotator {
    /// A rotator of this stream. `large`: the pipe was made larger than usual.
    #[must_use]
    pub const fn new(estate: Arc<StreamEstate>, up: Up, large: bool, link: Link) -> Self {
        Self { estate, up, large, pump: None, _link: link }
    }

    fn take_up(&mut self, context: &mut Context<Self>) {
        if let Err(error) = self.estate.open_for_pipe() {
            self.tell(Some(error.to_string()));
        }
        let message = self.estate.drain_left();
        self.tell(message);
        self.start_pump(context);
    }

    fn start_pump(&mut self, context: &mut Context<Self>) {
        self.stop_pump(context);
        let Some(pipe) = self.estate.adopt() else { return };
        let task = pump(Arc::clone(&self.estate), pipe, self.up.clone(), self.large);
        let done = task.into_actor(self).map(|(), actor, _| actor.pump = None);
        self.pump = Some(context.spawn(done));
    }

    fn stop_pump(&mut self, context: &mut Context<Self>) {
        if let Some(handle) = self.pump.take() {
            context.cancel_future(handle);
        }
    }

    fn tell(&self, message: Option<String>) {
        tell(&self.estate, &self.up, message);
    }
}

impl Actor for Rotator {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.tell(None);
        if self.estate.pipe().is_some() {
            // a successor: the file is open already, or is opened again by its name
            self.take_up(context);
        }
    }
}

impl Handler<Open> for Rotator {
    type Result = Result<(), Arc<OpenError>>;

    fn handle(&mut self, _: Open, _: &mut Self::Context) -> Self::Result {
        self.estate.open_for_spawn().map_err(Arc::new)
    }
}

impl Handler<Attach> for Rotator {
    type Result = ();

    fn handle(&mut self, _: Attach, context: &mut Self::Context) {
        self.take_up(context);
    }
}

impl Handler<Drain> for Rotator {
    type Result = MessageResult<Drain>;

    fn handle(&mut self, drain: Drain, context: &mut Self::Context) -> Self::Result {
        self.stop_pump(context);
        // one that is gone held nothing any more
        let pipe = drain.pipe.upgrade();
        let message = self.estate.drain(pipe.as_deref());
        self.tell(message);
        self.estate.detach(pipe.as_ref(), drain.close);
        if drain.close {
            self.retry_pending(context);
        }
        MessageResult(())
    }
}

impl Rotator {
    /// After the end of the process nobody pumps: what could not be written is tried on its own.
    fn retry_pending(&mut self, context: &mut Context<Self>) {
        if !self.estate.has_pending() || self.pump.is_some() {
            return;
        }
        let estate = Arc::clone(&self.estate);
        let task = async move {
            while estate.has_pending() {
                tokio::time::sleep(RETRY).await;
                if estate.open().is_ok() {
                    estate.write_pending();
                }
            }
        };
        self.pump = Some(context.spawn(task.into_actor(self).map(|(), actor, _| actor.pump = None)));
    }
}

impl Handler<Reopen> for Rotator {
    type Result = Result<(), String>;

    fn handle(&mut self, _: Reopen, _: &mut Self::Context) -> Self::Result {
        self.estate.reopen().map_err(|error| error.to_string())
    }
}

impl Handler<Resize> for Rotator {
    type Result = ();

    fn handle(&mut self, _: Resize, _: &mut Self::Context) {
        self.estate.take_rotation();
    }
}

impl Handler<Clear> for Rotator {
    type Result = Result<(), String>;

    fn handle(&mut self, _: Clear, _: &mut Self::Context) -> Self::Result {
        self.estate.clear()
    }
}

impl Handler<Crash> for Rotator {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Bid> for Rotator {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}

/// Moves bytes until the other end of the pipe is closed.
async fn pump(estate: Arc<StreamEstate>, pipe: Arc<OwnedFd>, up: Up, large: bool) {
    let reader = match PipeReader::new(&pipe) {
        Ok(reader) => reader,
        Err(error) => {
            let message =
                format!("cannot watch the pipe: {error}; raise minfds or the limit of open files");
            return tell(&estate, &up, Some(message));
        }
    };
    let mut last = None;
    while let Ok(ready) = reader.ready().await {
        if estate.may_gather() {
            tokio::time::sleep(GATHER).await;
        }
        // a pipe that was left to fill and is not full brings small pieces still
        let small = if let_it_fill(&mut last) { FULL } else { SMALL };
        match turn(&estate, &pipe, large, small) {
            Ok(Turn::More) => ready.keep(),
            Ok(Turn::Spent { small }) => {
                last = small.then(clock::now);
                ready.spent();
            }
            Ok(Turn::Stuck(message)) => {
                ready.keep();
                tell(&estate, &up, message);
                tokio::time::sleep(RETRY).await;
            }
            Ok(Turn::Over) | Err(_) => return tell(&estate, &up, None),
        }
        tell(&estate, &up, None);
        tokio::task::yield_now().await;
    }
}

/// What one turn at a pipe came to.
enum Turn {
    /// There may be more.
    More,
    /// The pipe is empty; whether its last read was a small one.
    Spent { small: bool },
    /// The file cannot be written.
    Stuck(Option<String>),
    /// The other end is closed.
    Over,
}

/// A few reads, until the pipe is empty: a read that brings less than there could be says so by itself.
fn turn(estate: &StreamEstate, pipe: &OwnedFd, large: bool, small: usize) -> std::io::Result<Turn> {
    for _ in 0..READS {
        match estate.pump(pipe, large)? {
            Pumped::Bytes(count) if count < small => return Ok(Turn::Spent { small: true }),
            Pumped::Bytes(_) => {}
            Pumped::Empty => return Ok(Turn::Spent { small: false }),
            Pumped::Stuck(message) => return Ok(Turn::Stuck(message)),
            Pumped::Eof => return Ok(Turn::Over),
        }
    }
    Ok(Turn::More)
}

/// Waits a moment if this pipe brought a small piece just now, and says whether it did. The thread itself waits: a timer of the
/// runtime is twenty times as coarse, and other pipes fill meanwhile as well.
fn let_it_fill(last: &mut Option<std::time::Instant>) -> bool {
    let is_hot = last.take().is_some_and(|at| clock::now().saturating_duration_since(at) < FILL);
    if is_hot {
        std::thread::sleep(FILL);
    }
    is_hot
}

fn tell(estate: &StreamEstate, up: &Up, message: Option<String>) {
    if estate.outbox().is_news() {
        let program: Option<Recipient<News>> = up.news.upgrade();
        program.inspect(|program| program.do_send(News));
    }
    let Some(message) = message.or_else(|| estate.take_trouble()) else { return };
    let program: Option<Recipient<Trouble>> = up.trouble.upgrade();
    program.inspect(|program| program.do_send(Trouble { stream: estate.stream, message }));
}
