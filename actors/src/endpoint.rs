//! The Endpoint: one listening socket and the HTTP server on it. Runs on the control thread.
//!
//! The socket stands in a [`Door`] that outlives the actor: after a bug the next incarnation serves on
//! the same socket, and a client that connects in between waits in its backlog. Calls that were under way
//! end with the connection. Told to stop, it lets answers go out first. Absent: what is served (the
//! [`Site`] comes from outside).

use crate::rotator::Crash;
use crate::supervision::link::{Link, Stop};
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use slog::{Logger, error};
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::sync::oneshot;
use treeherd_domain::endpoint::EndpointSpec;
use treeherd_web::{Listener, Site};

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
    log: Logger,
    stop: Option<oneshot::Sender<()>>,
    _link: Link,
}

impl Endpoint {
    /// An endpoint at this door.
    #[must_use]
    pub const fn new(door: Arc<Door>, log: Logger, link: Link) -> Self {
        Self { door, log, stop: None, _link: link }
    }
}

impl Actor for Endpoint {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let (sender, stop) = oneshot::channel::<()>();
        self.stop = Some(sender);
        let door = Arc::clone(&self.door);
        let serve = async move {
            let listener = door.listener().map_err(|error| error.to_string())?;
            let stop = async move { drop(stop.await) };
            treeherd_web::serve(listener, (door.site)(&door.spec), stop).await.map_err(|e| e.to_string())
        };
        context.spawn(serve.into_actor(self).map(|served, actor, context| {
            if let Err(error) = served {
                error!(
                    actor.log,
                    "[{}] cannot serve on {}: {error}", actor.door.spec.section, actor.door.spec.address
                );
            }
            context.stop();
        }));
    }
}

impl Handler<Crash> for Endpoint {
    type Result = ();

    fn handle(&mut self, crash: Crash, context: &mut Self::Context) {
        crash.strike(context);
    }
}

impl Handler<Stop> for Endpoint {
    type Result = ();

    /// The server ends when answers have gone out, and the actor with it.
    fn handle(&mut self, _: Stop, _: &mut Self::Context) {
        drop(self.stop.take());
    }
}
