//! The two rotators of a program, as its children, and how they are reached.

use super::{Inventory, Program, Strike};
use crate::clock;
use crate::estate::Estate;
use crate::rotator::stream::StreamEstate;
use crate::rotator::{Attach, Clear, Crash, Drain, Open, Reopen, Resize, Rotator, Up};
use crate::shared::{Shared, Slot};
use crate::supervision::children::{ChildInfo, Children, Start, Verdict};
use crate::supervision::guard;
use crate::supervision::link::{Down, Link, Round};
use actix::{Addr, AsyncContext, Context, Handler, MessageResult};
use futures_util::future::join_all;
use std::sync::{Arc, Weak};
use std::time::Duration;
use treeherd_domain::spec::ProcessSpec;
use treeherd_domain::strategy::{Intensity, Restart, Strategy};
use treeherd_os::logfile::OpenError;

/// Restarts of rotators that one program allows; with those of its group they multiply.
pub const INTENSITY: Intensity = Intensity { restarts: 5, period: Duration::from_secs(10) };
/// How long a rotator may take to open a file, or to write what an ended process left.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Wired {
    estate: Arc<StreamEstate>,
    rotator: Arc<Slot<Addr<Rotator>>>,
}

/// The rotators of one program.
#[derive(Debug)]
pub(super) struct Streams {
    wired: Vec<Wired>,
    children: Children,
}

impl Streams {
    /// Starts one rotator a stream.
    pub(super) fn new(
        estate: &Arc<Estate>,
        shared: &Arc<Shared>,
        context: &mut Context<Program>,
        link: &Link,
    ) -> Self {
        let up = context.address().downgrade().recipient();
        let children = Children::new(up, link.clone(), Strategy::OneForOne, INTENSITY);
        let mut streams = Self { wired: Vec::new(), children };
        streams.wire(estate, shared, context);
        streams
    }

    /// Ends the rotators and starts those of other streams. The process is down, so nothing is left in a pipe.
    pub(super) fn rewire(
        &mut self,
        estate: &Arc<Estate>,
        shared: &Arc<Shared>,
        context: &mut Context<Program>,
    ) {
        for wired in self.wired.drain(..) {
            self.children.forget(&name_of(&wired.estate));
        }
        self.wire(estate, shared, context);
    }

    fn wire(&mut self, estate: &Arc<Estate>, shared: &Arc<Shared>, context: &mut Context<Program>) {
        let large = estate.spec.pipe_size.is_some_and(|size| size > 64 * 1024);
        for stream in estate.streams() {
            let rotator = Arc::new(Slot::default());
            self.wired.push(Wired { estate: Arc::clone(stream), rotator: Arc::clone(&rotator) });
            let weak = context.address().downgrade();
            let to_program = Up { trouble: weak.clone().recipient(), news: weak.recipient() };
            let (estate, shared) = (Arc::clone(stream), Arc::clone(shared));
            let start: Start = Box::new(move |link| {
                let (estate, to_program) = (Arc::clone(&estate), to_program.clone());
                let address = guard::start_on(&shared.logs, link, move |_, link| {
                    Rotator::new(estate, to_program, large, link)
                });
                rotator.set(address.clone());
                address.recipient()
            });
            self.children.start(name_of(stream), Restart::Permanent, start);
        }
    }

    /// Has the files rolled over by the sizes of this configuration.
    pub(super) fn resize(&self, spec: &ProcessSpec) {
        for wired in &self.wired {
            wired.estate.set_rotation(spec.stream(wired.estate.stream).rotation);
        }
        self.all(|_, address| address.do_send(Resize));
    }

    pub(super) fn down(&mut self, down: &Down) -> Verdict {
        self.children.down(down, clock::now())
    }

    pub(super) fn knock(&self, round: &Round) -> Vec<ChildInfo> {
        self.children.knock(round)
    }

    /// Ends a rotator by a bug; whether there is one of that name.
    pub(super) fn strike(&self, name: &str, how: Crash) -> bool {
        let wired = self.wired.iter().find(|w| name_of(&w.estate) == name);
        let address = wired.and_then(|w| w.rotator.get());
        address.inspect(|address| address.do_send(how)).is_some()
    }

    /// Whether every file is open, so that a spawn need not wait.
    pub(super) fn are_open(&self) -> bool {
        self.wired.iter().all(|w| w.estate.is_open())
    }

    /// Whether a file was left open for a successor, which then is no start that was asked for.
    pub(super) fn are_kept(&self) -> bool {
        self.are_open() && self.wired.iter().any(|w| w.estate.path().is_some())
    }

    /// Whether nothing is left in any pipe.
    pub(super) fn are_quiet(&self) -> bool {
        self.wired.iter().all(|w| w.estate.is_quiet())
    }

    /// Opens the files; the first error is the answer.
    pub(super) fn open(&self) -> impl Future<Output = Result<(), Arc<OpenError>>> + 'static {
        let asks = self.each(|_, address| address.send(Open).timeout(PATIENCE));
        async move {
            for answer in asks.await {
                // a rotator that died or hangs: its successor opens the file when the pipe comes
                answer.unwrap_or(Ok(()))?;
            }
            Ok(())
        }
    }

    /// Tells the rotators that new pipes stand in the estate.
    pub(super) fn attach(&self) {
        self.all(|_, address| address.do_send(Attach));
    }

    /// Has everything written that an ended process left; comes back when it is, or after a while.
    pub(super) fn drain(&self, close: bool) -> impl Future<Output = ()> + 'static {
        let asks = self.each(move |estate, address| address.send(last(estate, close)).timeout(PATIENCE));
        async move { drop(asks.await) }
    }

    /// The same without waiting, when the process is gone and none follows: pipes and files are closed.
    pub(super) fn release(&self) {
        self.all(|estate, address| address.do_send(last(estate, true)));
    }

    /// Empties the logs.
    pub(super) fn clear(&self) -> impl Future<Output = Result<(), String>> + 'static {
        let asks = self.each(|_, address| address.send(Clear).timeout(PATIENCE));
        async move {
            for answer in asks.await {
                match answer {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return Err(error),
                    Err(error) => return Err(format!("the log did not answer: {error}")),
                }
            }
            Ok(())
        }
    }

    /// Reopens the files.
    pub(super) fn reopen(&self) -> impl Future<Output = Vec<String>> + 'static {
        let asks = self.each(|_, address| address.send(Reopen).timeout(PATIENCE));
        async move {
            let failed = asks.await.into_iter().filter_map(|answer| match answer {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(error) => Some(format!("the log did not answer: {error}")),
            });
            failed.collect()
        }
    }

    fn all(&self, tell: impl Fn(&StreamEstate, &Addr<Rotator>)) {
        for wired in &self.wired {
            wired.rotator.get().inspect(|address| tell(&wired.estate, address));
        }
    }

    fn each<F: Future + 'static>(
        &self,
        ask: impl Fn(&StreamEstate, &Addr<Rotator>) -> F,
    ) -> impl Future<Output = Vec<F::Output>> + 'static {
        let ask = |wired: &Wired| wired.rotator.get().map(|address| ask(&wired.estate, &address));
        let asks: Vec<F> = self.wired.iter().filter_map(ask).collect();
        join_all(asks)
    }
}

/// What the rotator of a stream is called.
fn name_of(estate: &StreamEstate) -> String {
    format!("rotator:{}", estate.stream)
}

/// The end of the process whose pipe stands in the estate now.
fn last(estate: &StreamEstate, close: bool) -> Drain {
    Drain { pipe: estate.pipe().map_or_else(Weak::new, |pipe| Arc::downgrade(&pipe)), close }
}

impl Handler<Strike> for Program {
    type Result = bool;

    fn handle(&mut self, Strike { path, how }: Strike, context: &mut Self::Context) -> bool {
        if path.is_empty() {
            how.strike(context);
            return true;
        }
        self.streams.strike(&path, how) || self.probes.strike(&path, how)
    }
}

impl Handler<Inventory> for Program {
    type Result = MessageResult<Inventory>;

    fn handle(&mut self, Inventory(round): Inventory, _: &mut Self::Context) -> Self::Result {
        let mut children = self.streams.knock(&round);
        children.extend(self.probes.knock(&round));
        MessageResult(children)
    }
}
