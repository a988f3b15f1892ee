//! One connection: HTTP/1.1 until it ends, is idle too long, has to give way, or the server stops.

use crate::pressure::{Patience, Pressure};
use crate::rpc::Session;
use crate::seat::{Seat, Watched};
use crate::site::{Caller, Limits};
use crate::stream::Stopping;
use axum::Router;
use http::Request;
use hyper::body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tower::ServiceExt as _;

/// The largest request head, and the largest buffer of a connection, in bytes.
const BUFFER: usize = 64 * 1024;

/// What a connection brings to each of its requests.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) caller: Caller,
    pub(crate) session: Session,
    /// What the endpoint knows of it.
    pub(crate) seat: Arc<Seat>,
    /// Its place among the connections. A WebSocket keeps it by way of the extensions.
    pub(crate) place: Arc<OwnedSemaphorePermit>,
}

/// Serves until the connection ends; after `stop` changes only what is under way.
pub(crate) async fn converse<S>(
    stream: S,
    peer: Peer,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stopping = Stopping(stop.clone(), Arc::clone(&peer.seat));
    let seat = Arc::clone(&peer.seat);
    let patience = Patience { unread: limits.unread_time, half_closed: limits.half_closed_time };
    let stream = Pressure::new(stream, Arc::clone(&seat), patience);
    let router = router.map_request(move |request: Request<Incoming>| {
        let Peer { caller, session, seat, place } = peer.clone();
        let mut request = request.map(|body| Watched { body, seat: Arc::clone(&seat) });
        let extensions = request.extensions_mut();
        extensions.insert(caller);
        extensions.insert(session);
        extensions.insert(place);
        extensions.insert(stopping.clone());
        request
    });
    let answering = Arc::clone(&seat);
    let service = service_fn(move |request: Request<Incoming>| {
        let answering = answering.answer(request.body().is_end_stream());
        let answer = router.clone().oneshot(request);
        async move {
            let answer = answer.await;
            drop(answering);
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(BUFFER)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // An error is the client's: it went away, or spoke something else. There is nobody to tell.
    tokio::select! {
        biased;
        () = seat.wanted() => return,
        _ = connection.as_mut() => return seat.end(),
        _ = stop.wait_for(|stopping| *stopping) => connection.as_mut().graceful_shutdown(),
    }
    _ = connection.await;
}

/// Tells a client that there are too many, and listens for a moment so that it can hear it: closing with
/// unread input would discard the answer.
pub(crate) async fn turn_away<S>(mut stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n\
        Content-Length: 21\r\nConnection: close\r\nRetry-After: 1\r\n\r\ntoo many connections\n";
    let farewell = async {
        stream.write_all(ANSWER).await?;
        stream.shutdown().await?;
        let mut discarded = [0; 1024];
        while stream.read(&mut discarded).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    _ = tokio::time::timeout(Duration::from_secs(1), farewell).await;
}
