//! A `[probe:x]`: asks after something outside, whether or not anybody requires it now.
//!
//! What it found out so far is kept by whoever starts it, and what it says in the arena: one that ends by a bug is started
//! anew and goes on. Each change is an event, a line in the log, and a wake-up of those who wait for it.

use super::ask;
use crate::estate::lock;
use crate::rotator::Crash;
use crate::shared::Shared;
use crate::supervision::link::{Bid, Link};
use actix::{Actor, AsyncContext, Context, Handler, WrapFuture};
use slog::{info, warn};
use std::sync::{Arc, Mutex};
use treeherd_domain::health::{Health, ProbeSpec, Tally};

/// The actor.
#[derive(Debug)]
pub(crate) struct Outside {
    spec: Arc<ProbeSpec>,
    shared: Arc<Shared>,
    tally: Arc<Mutex<Tally>>,
    /// Last, so that the parent hears of the end when all else is gone.
    _link: Link,
}

impl Outside {
    /// An actor for this probe that counts on from these answers.
    #[must_use]
    pub(crate) const fn new(
        spec: Arc<ProbeSpec>,
        shared: Arc<Shared>,
        tally: Arc<Mutex<Tally>>,
        link: Link,
    ) -> Self {
        Self { spec, shared, tally, _link: link }
    }
}

/// Asks for as long as it is let.
async fn ask_on(spec: Arc<ProbeSpec>, shared: Arc<Shared>, tally: Arc<Mutex<Tally>>) {
    loop {
        let name = format!("[probe:{}]", spec.name);
        let answer = ask::ask_outside(&spec.check, name, spec.timeout, spec.user.clone(), &shared).await;
        let no = answer.err().map(|reason| format!("{}: {reason}", spec.check.subject()));
        let (before, after, reason) = {
            let mut tally = lock(&tally);
            let before = tally.health();
            match &no {
                None => tally.pass(spec.thresholds()),
                Some(reason) => _ = tally.fail(reason, spec.thresholds()),
            }
            (before, tally.health(), tally.reason().unwrap_or_default().to_owned())
        };
        shared.arena.probe_answered(&spec.name, no);
        if before != after {
            tell(&spec, &shared, after, reason);
        }
        tokio::time::sleep(spec.interval).await;
    }
}

fn tell(spec: &ProbeSpec, shared: &Shared, health: Health, reason: String) {
    match health {
        Health::Unhealthy => warn!(shared.log, "probe {} is unhealthy: {reason}", spec.name),
        Health::Healthy | Health::Unknown => info!(shared.log, "probe {} is {health}", spec.name),
    }
    let reason = if health.is_unhealthy() { reason } else { String::new() };
    shared.probe_changed(&spec.name, Some(health), &reason);
}

impl Actor for Outside {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let work = ask_on(Arc::clone(&self.spec), Arc::clone(&self.shared), Arc::clone(&self.tally));
        context.spawn(work.into_actor(self));
    }
}

impl Handler<Crash> for Outside {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Bid> for Outside {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}
