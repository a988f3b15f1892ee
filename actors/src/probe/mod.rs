//! Probes: actors that find out about a process, one for each thing that is asked or listened for.
//!
//! ```text
//!   Program ── probe:ready, probe:health ── asks (tcp, http, exec) or waits for lines
//!         │ `─ probe:fd, probe:notify ───── listens
//!         └◄── Seen, one at a time; its answer says when the next question is due
//! ```
//!
//! A probe has no state: what it found out stands in the record of the process, with when the next question is due, so
//! one that ends by a bug is started anew and goes on there. It does not wait for its program longer than for the answer
//! to what it has seen, and nobody waits for it; a question has a limit (`ask`) and ends with its probe. Absent: what follows
//! from what is seen ([`Vitals`](treeherd_domain::health::Vitals)).

pub(crate) mod ask;
pub(crate) mod outside;

use crate::clock;
use crate::estate::Estate;
use crate::program::Program;
use crate::rotator::Crash;
use crate::shared::Shared;
use crate::supervision::link::{Bid, Link};
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WeakAddr, WrapFuture};
use slog::{info, warn};
use std::sync::Arc;
use std::time::{Duration, Instant};
use treeherd_domain::health::{Check, Notice, Side, Sign, notices};
use treeherd_os::notify::LONGEST;
use treeherd_os::pipe::{PipeReader, Read};

/// Messages to a notify socket that are taken without a pause.
const BURST: u32 = 64;
/// The pause, so that whoever floods a socket costs no more than that.
const PAUSE: Duration = Duration::from_millis(10);

/// What a probe does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Task {
    /// Asks again and again.
    Ask(Side),
    /// Waits for lines of output that match.
    Lines(Side),
    /// Waits for lines on the descriptor of the process.
    Line,
    /// Listens to its notify socket.
    Notify,
}

/// When is the next question due?
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "Option<Instant>")]
pub struct Due {
    /// Of which side.
    pub side: Side,
    /// Of which spawn.
    pub incarnation: u64,
}

/// Something was seen. Answers when the next question of that side is due; `None`: there is none.
#[derive(Message, Clone, Debug)]
#[rtype(result = "Option<Instant>")]
pub struct Seen {
    /// What.
    pub sign: Sign,
    /// The side whose next question is of interest.
    pub side: Side,
    /// Of which spawn.
    pub incarnation: u64,
}

/// The actor.
#[derive(Debug)]
pub struct Probe {
    task: Task,
    watch: Option<Watch>,
    /// Last, so that the parent hears of the end when all else is gone.
    _link: Link,
}

/// What a probe knows of its process.
#[derive(Debug)]
struct Watch {
    estate: Arc<Estate>,
    shared: Arc<Shared>,
    program: WeakAddr<Program>,
    incarnation: u64,
}

impl Probe {
    /// A probe for this spawn of a process.
    #[must_use]
    pub const fn new(
        task: Task,
        estate: Arc<Estate>,
        shared: Arc<Shared>,
        program: WeakAddr<Program>,
        incarnation: u64,
        link: Link,
    ) -> Self {
        Self { task, watch: Some(Watch { estate, shared, program, incarnation }), _link: link }
    }
}

impl Actor for Probe {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let Some(watch) = self.watch.take() else { return };
        let task = self.task;
        let work = async move {
            // when there is nothing more to find out, it waits to be ended
            match task {
                Task::Ask(side) => watch.ask(side).await,
                Task::Lines(side) => watch.lines(side).await,
                Task::Line => watch.line().await,
                Task::Notify => watch.notify().await,
            }
        };
        context.spawn(work.into_actor(self).map(|_, _, _| ()));
    }
}

impl Handler<Crash> for Probe {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Bid> for Probe {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}

impl Watch {
    /// Tells what was seen; when the next question is due. `Err`: the program is gone, and this with it.
    async fn tell(&self, sign: Sign, side: Side) -> Result<Option<Instant>, ()> {
        let program = self.program.upgrade().ok_or(())?;
        let seen = Seen { sign, side, incarnation: self.incarnation };
        program.send(seen).await.map_err(|_| ())
    }

    async fn ask(&self, side: Side) -> Result<(), ()> {
        let due = Due { side, incarnation: self.incarnation };
        let mut next = self.program.upgrade().ok_or(())?.send(due).await.map_err(|_| ())?;
        while let Some(at) = next {
            tokio::time::sleep(at.saturating_duration_since(clock::now())).await;
            let check = {
                let mut record = self.estate.record();
                if record.incarnation != self.incarnation {
                    return Ok(());
                }
                record.vitals.asked(side);
                record.vitals.check(side).cloned()
            };
            let Some(check) = check else { return Ok(()) };
            let answer = ask::ask(&check, &self.question(side), &self.shared).await;
            let sign = match answer {
                Ok(()) => Sign::Passed(side),
                Err(reason) => Sign::Failed(side, format!("{}: {reason}", check.subject())),
            };
            next = self.tell(sign, side).await?;
        }
        Ok(())
    }

    fn question(&self, side: Side) -> ask::Question<'_> {
        let spec = &self.estate.spec.health;
        let limit = match side {
            Side::Ready => spec.ready_probe_timeout,
            Side::Health => spec.health_timeout,
        };
        ask::Question {
            name: format!("{} check of {}", side.as_str(), self.estate.namespec),
            limit,
            by: &self.estate,
        }
    }

    async fn lines(&self, side: Side) -> Result<(), ()> {
        let matches = self.estate.record().told.matches.clone();
        let Some(matches) = matches else { return Ok(()) };
        loop {
            let count = matches.wait(side).await;
            self.tell(Sign::Passed(side), side).await?;
            matches.take(side, count);
        }
    }

    async fn line(&self) -> Result<(), ()> {
        let (line, is_beat) = {
            let record = self.estate.record();
            let is_beat = matches!(record.vitals.check(Side::Health), Some(Check::Fd(_)));
            (record.told.line.clone(), is_beat)
        };
        let Some(line) = line else { return Ok(()) };
        let reader = PipeReader::new(&line).map_err(|error| self.complain(&error))?;
        let (mut buffer, mut told) = ([0; 4096], false);
        loop {
            reader.readable().await.map_err(|error| self.complain(&error))?;
            match reader.try_read(&mut buffer).map_err(|error| self.complain(&error))? {
                // whatever else it writes is read, so that it never blocks on that
                Read::Bytes(count) if buffer[..count].contains(&b'\n') && (is_beat || !told) => {
                    told = true;
                    self.tell(Sign::Line, Side::Health).await?;
                }
                Read::Bytes(_) | Read::Empty => {}
                Read::Closed => return self.tell(Sign::Closed, Side::Health).await.map(drop),
            }
        }
    }

    fn complain(&self, error: &std::io::Error) {
        warn!(self.shared.log, "{} cannot be listened to: {error}; raise minfds", self.estate.namespec);
    }

    async fn notify(&self) -> Result<(), ()> {
        let (socket, pid) = {
            let record = self.estate.record();
            let pid = record.process.as_ref().map_or(0, treeherd_os::process::Process::pid);
            (record.told.socket.clone(), pid)
        };
        let Some(socket) = socket else { return Ok(()) };
        let reader = socket.listen().map_err(|error| self.complain(&error))?;
        let (mut buffer, mut strangers, mut burst) = ([0; LONGEST], 0_u64, 0);
        loop {
            let received = reader.receive(&mut buffer).await;
            let (count, sender) = received.map_err(|error| self.complain(&error))?;
            if sender.is_some_and(|sender| sender.is_of(pid)) {
                self.hear(&buffer[..count]).await?;
            } else {
                strangers += 1;
                if strangers == 1 {
                    self.refuse(sender.map_or(0, |sender| sender.pid));
                }
            }
            burst += 1;
            if burst % BURST == 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn refuse(&self, pid: i32) {
        warn!(
            self.shared.log,
            "a message to the NOTIFY_SOCKET of {} came from pid {pid}, which is not in its process group: it is \
             ignored, and so are further ones",
            self.estate.namespec
        );
    }

    async fn hear(&self, message: &[u8]) -> Result<(), ()> {
        for notice in notices(message) {
            let name = &self.estate.namespec;
            match &notice {
                Notice::MainPid(pid) => info!(
                    self.shared.log,
                    "{name} says MAINPID={pid}: that is not supported, the process that was started is looked after"
                ),
                Notice::Odd(line) => {
                    info!(self.shared.log, "{name} says {line:?}, which means nothing here")
                }
                _ => {}
            }
            self.tell(Sign::Notice(notice), Side::Health).await?;
        }
        Ok(())
    }
}
