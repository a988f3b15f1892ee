//! The accept loop of one endpoint.

use crate::connection::{Peer, converse, turn_away};
use crate::guard;
use crate::router::{Shared, router};
use crate::rpc::Sessions;
use crate::seat::Seats;
use crate::site::{Caller, Notice, Site};
use axum::Router;
use jsonrpsee::server::{ServerHandle, stop_channel};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

/// How long accepting pauses after an error: out of descriptors, it would fail again at once.
const PAUSE: Duration = Duration::from_millis(75);

/// How many clients at a time are told that there are too many; one more is closed without a word.
const FAREWELLS: usize = 32;

/// A bound and listening socket.
#[derive(Debug)]
pub enum Listener {
    /// A unix socket.
    Unix(std::os::unix::net::UnixListener),
    /// A TCP port.
    Inet(std::net::TcpListener),
}

/// A listener that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the listening socket cannot be used: {0}; it must be bound, listening, and used inside a tokio runtime"
)]
pub struct ServeError(#[from] io::Error);

/// Serves `site` on `listener` until `stop` resolves, then closes: idle connections and WebSockets at
/// once, requests under way after [`Limits::grace`](crate::Limits::grace) at the latest.
///
/// # Errors
/// [`ServeError`] if the listener cannot be registered with the runtime. Once it serves, it does not fail.
pub async fn serve(
    listener: Listener,
    site: Site,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let listener = Accepting::new(listener)?;
    let (mut endpoint, handle) = Endpoint::new(Arc::new(site));
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(stream) => endpoint.take(stream),
                Err(error) => {
                    endpoint.site().tell(&Notice::AcceptFailed { error: &error.to_string() });
                    tokio::select! {
                        () = &mut stop => break,
                        () = tokio::time::sleep(PAUSE) => {}
                    }
                }
            },
            Some(ended) = endpoint.tasks.join_next() => endpoint.ended(ended),
        }
    }
    drop(listener);
    endpoint.close(handle).await;
    Ok(())
}

/// The listening socket, registered with the runtime.
#[derive(Debug)]
enum Accepting {
    Unix(UnixListener),
    Inet(TcpListener),
}

/// A fresh connection.
enum Accepted {
    Unix(UnixStream),
    Inet(tokio::net::TcpStream, std::net::SocketAddr),
}

impl Accepting {
    fn new(listener: Listener) -> io::Result<Self> {
        match listener {
            Listener::Unix(listener) => {
                listener.set_nonblocking(true)?;
                UnixListener::from_std(listener).map(Self::Unix)
            }
            Listener::Inet(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Self::Inet)
            }
        }
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
            Self::Inet(listener) => {
                listener.accept().await.map(|(stream, address)| Accepted::Inet(stream, address))
            }
        }
    }
}

/// An endpoint that serves, and its connections.
struct Endpoint {
    shared: Shared,
    router: Router,
    sessions: Sessions,
    places: Arc<Semaphore>,
    seats: Seats,
    farewells: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Endpoint {
    fn new(site: Arc<Site>) -> (Self, ServerHandle) {
        let (stop, handle) = stop_channel();
        let shared = Shared::new(Arc::clone(&site));
        let endpoint = Self {
            router: router(shared.clone()),
            sessions: Sessions::new(&site, stop),
            places: Arc::new(Semaphore::new(site.limits.connections)),
            farewells: Arc::new(Semaphore::new(FAREWELLS)),
            seats: Seats::default(),
            stopping: watch::Sender::new(false),
            tasks: JoinSet::new(),
            shared,
        };
        (endpoint, handle)
    }

    fn site(&self) -> &Site {
        &self.shared.site
    }

    fn take(&mut self, accepted: Accepted) {
        match accepted {
            Accepted::Unix(stream) => {
                let caller = stream.peer_cred().map_or(Caller::Unknown, |peer| Caller::Unix {
                    pid: peer.pid(),
                    uid: peer.uid(),
                    gid: peer.gid(),
                });
                self.begin(stream, caller);
            }
            Accepted::Inet(stream, address) => {
                // Answers are small and complete: waiting to fill a segment would only add delay.
                _ = stream.set_nodelay(true);
                self.begin(stream, Caller::Inet(address));
            }
        }
    }

    fn begin<S>(&mut self, stream: S, caller: Caller)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let place = Arc::clone(&self.places).try_acquire_owned();
        if place.is_err() && !self.seats.make_room() {
            return self.turn_away(stream);
        }
        let (session, seat) = (self.sessions.open(), self.seats.take());
        let limits = self.site().limits;
        let (router, stopping) = (self.router.clone(), self.stopping.subscribe());
        let begin = move |place| {
            let peer = Peer { caller, session, seat, place: Arc::new(place) };
            converse(stream, peer, router, limits, stopping)
        };
        let places = Arc::clone(&self.places);
        self.tasks.spawn(async move {
            let place = match place {
                Ok(place) => Some(place),
                // it is free as soon as who gives way has heard of it
                Err(_) => {
                    tokio::time::timeout(PAUSE, places.acquire_owned()).await.ok().and_then(Result::ok)
                }
            };
            if let Some(place) = place {
                begin(place).await;
            }
        });
    }

    fn turn_away<S>(&mut self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.site().tell(&Notice::TurnedAway { limit: self.site().limits.connections });
        if let Ok(farewell) = Arc::clone(&self.farewells).try_acquire_owned() {
            self.tasks.spawn(async move {
                turn_away(stream).await;
                drop(farewell);
            });
        }
    }

    fn ended(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended
            && let Ok(panic) = error.try_into_panic()
        {
            guard::incident(self.site(), "a connection", panic.as_ref());
        }
    }

    async fn close(self, handle: ServerHandle) {
        let Self { shared, router, sessions, stopping, mut tasks, .. } = self;
        let grace = shared.site.limits.grace;
        // WebSockets hear of it by the handle, everything else by the watch.
        _ = handle.stop();
        _ = stopping.send(true);
        drop((router, sessions));
        let all_ended = async {
            while tasks.join_next().await.is_some() {}
            handle.stopped().await;
        };
        _ = tokio::time::timeout(grace, all_ended).await;
        tasks.shutdown().await;
    }
}
