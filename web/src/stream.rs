//! Logs over plain HTTP, as they grow: `/logtail/<process>[/stdout|/stderr]` and `/mainlogtail`.
//!
//! The last 1024 bytes, then what is written, until the client leaves or the server stops. Bytes stay bytes.
//! At most two pieces wait for a slow client; the rest waits in the file. Half of an endpoint's connections at
//! most are streams, so that they lock out nobody. Absent: files (see [`Control`]).
//!
//! [`Control`]: crate::control::Control

use crate::control::{FollowError, Followed, Log};
use crate::page;
use crate::router::Shared;
use crate::seat::{Answering, Seat};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use http::header::{CONNECTION, LAST_MODIFIED};
use http::{HeaderName, HeaderValue, StatusCode};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

/// With how much of what is there already it begins.
const LAST: u64 = 1024;
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Turns true when the server stops, and the seat of the connection; in the extensions of every request.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(pub(crate) watch::Receiver<bool>, pub(crate) Arc<Seat>);

/// A process's log, by a decoded path that begins with `/logtail`.
pub(crate) async fn process(shared: &Shared, path: &str, stop: Stopping) -> Response {
    let Some((_, rest)) = path.trim_start_matches('/').split_once('/') else {
        return page::plain_error(StatusCode::NOT_FOUND);
    };
    let (name, channel) = rest.split_once('/').unwrap_or((rest, "stdout"));
    let mut response = follow(shared, Log::Process { name, channel }, stop).await;
    if response.status() == StatusCode::OK {
        // a proxy in between is not to collect it
        response.headers_mut().insert(BUFFERING, HeaderValue::from_static("no"));
    }
    response
}

/// The daemon's own log.
pub(crate) async fn main(shared: &Shared, stop: Stopping) -> Response {
    follow(shared, Log::Main, stop).await
}

async fn follow(shared: &Shared, log: Log<'_>, stop: Stopping) -> Response {
    let Ok(place) = Arc::clone(&shared.following).try_acquire_owned() else {
        let mut full =
            page::error(StatusCode::SERVICE_UNAVAILABLE, "too many logs are being followed already");
        // its connection is of more use to others
        full.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return full;
    };
    match shared.site.control.follow(log, LAST).await {
        Ok(Followed { modified_ms, bytes }) => {
            let body = body(bytes, stop.0, (place, stop.1.stream()));
            let mut response = page::respond(StatusCode::OK, "text/plain;charset=utf-8", body);
            let modified = UNIX_EPOCH + Duration::from_secs(modified_ms / 1000);
            let date = HeaderValue::from_str(&httpdate::fmt_http_date(modified));
            date.into_iter().for_each(|date| _ = response.headers_mut().insert(LAST_MODIFIED, date));
            response
        }
        Err(FollowError::Missing) => page::plain_error(StatusCode::NOT_FOUND),
        Err(FollowError::Refused(why)) => page::error(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

/// What a stream holds while it goes on: its place among the streams, and its connection's seat.
type Kept = (OwnedSemaphorePermit, Answering);

fn body(bytes: mpsc::Receiver<Bytes>, stop: watch::Receiver<bool>, kept: Kept) -> Body {
    Body::from_stream(unfold((bytes, stop, kept), |(mut bytes, mut stop, kept)| async move {
        let piece = tokio::select! {
            biased;
            _ = stop.wait_for(|stopping| *stopping) => None,
            piece = bytes.recv() => piece,
        };
        piece.map(|piece| (Ok::<_, Infallible>(piece), (bytes, stop, kept)))
    }))
}
