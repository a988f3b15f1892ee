//! The Endpoint: one listening socket and the HTTP server on it. Runs on the control thread.
//!
//! The socket stands in a [`Door`] that outlives the actor: after a bug the next incarnation serves on
//! the same socket, and a client that connects in between waits in its backlog. Calls that were under way
//! end with the connection. Told to stop, it lets answers go out first; for a moment only if it is not the
//! daemon that ends but the root that is rebuilt, which waits for it. Absent: what is served (the
//! [`Site`] comes from outside).

use crate::estate::Mood;
use crate::rotator::Crash;
use crate::shared::Shared;
use crate::supervision::link::{Bid, Link};
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use futures_util::FutureExt;
use slog::{Logger, error};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use treeherd_domain::endpoint::EndpointSpec;
use treeherd_web::{Listener, Site};

/// How long a socket that cannot be served is left alone.
const RETRY: Duration = Duration::from_secs(1);

/// How long answers have to go out when the root is rebuilt.
const MOMENT: Duration = Duration::from_millis(100);

/// Makes what an endpoint serves; called again for each incarnation.
pub type MakeSite = Arc<dyn Fn(&EndpointSpec) -> Site + Send + Sync>;

/// A bound socket and what is configured for it.
pub struct Door {
    /// The configuration.
    pub spec: EndpointSpec,
    /// The socket, listening.
    pub listener: Listener,
    /// What it serves.
    pub site: MakeSite,
}

impl Door {
    fn listener(&self) -> io::Result<Listener> {
        match &self.listener {
            Listener::Unix(listener) => listener.try_clone().map(Listener::Unix),
            Listener::Inet(listener) => listener.try_clone().map(Listener::Inet),
        }
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("spec", &self.spec).finish_non_exhaustive()
    }
}

/// The actor.
#[derive(Debug)]
pub struct Endpoint {
    door: Arc<Door>,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    _link: Link,
}

impl Endpoint {
    /// An endpoint at this door.
    #[must_use]
    pub const fn new(door: Arc<Door>, shared: Arc<Shared>, link: Link) -> Self {
        Self { door, shared, stop: None, _link: link }
    }
}

impl Actor for Endpoint {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let (sender, stop) = oneshot::channel::<()>();
        self.stop = Some(sender);
        let (door, log) = (Arc::clone(&self.door), self.shared.log.clone());
        let serve = async move { serve(&door, &log, stop).await };
        context.spawn(serve.into_actor(self).map(|(), _, context| context.stop()));
    }
}

/// Serves until told to stop. A socket that cannot be served (no descriptors are left) is no bug: it is
/// tried again, and nobody is restarted for it.
async fn serve(door: &Door, log: &Logger, stop: oneshot::Receiver<()>) {
    let stop = async move { drop(stop.await) }.shared();
    let mut is_told = false;
    loop {
        let served = match door.listener() {
            Ok(listener) => {
                let served = treeherd_web::serve(listener, (door.site)(&door.spec), stop.clone()).await;
                served.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        let Err(error) = served else { return };
        if !std::mem::replace(&mut is_told, true) {
            let EndpointSpec { section, address, .. } = &door.spec;
            error!(log, "[{section}] cannot serve on {address}: {error}; trying again every second");
        }
        tokio::select! {
            () = stop.clone() => return,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

impl Handler<Crash> for Endpoint {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Bid> for Endpoint {
    type Result = ();

    /// The server ends when answers have gone out, and the actor with it.
    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        if let Bid::Answer(knock) = bid {
            return knock.answer();
        }
        drop(self.stop.take());
        if self.shared.arena.mood() == Mood::Running {
            // the root ended by a bug, and until this is gone nobody drives a process
            context.run_later(MOMENT, |_, context| context.stop());
        }
    }
}
