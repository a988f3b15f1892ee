//! JSON-RPC mounted: HTTP POST and WebSocket on one path.
//!
//! A POST's body is read here, within its bounds of size and time, before jsonrpsee sees it: so an
//! oversized one is a 413 whether or not its length was announced, and a stalled one ends.

use crate::guard::GuardLayer;
use crate::page;
use crate::site::{Limits, Site};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jsonrpsee::core::BoxError;
use jsonrpsee::core::middleware::RpcServiceBuilder;
use jsonrpsee::server::{
    BatchRequestConfig, PingConfig, RandomStringIdProvider, Server, ServerConfig, StopHandle, TowerService,
    TowerServiceBuilder,
};
use std::sync::Arc;
use tower::Service as _;
use tower::layer::util::{Identity, Stack};

/// Messages that wait for a WebSocket client to read. A follower of a log has large ones; what comes beyond
/// them waits at its source, where it is bounded and counted.
const MESSAGES: u32 = 16;

type Middleware = Stack<GuardLayer, Identity>;

/// Marks a request, and the calls in it, as not coming over a WebSocket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainHttp;

/// Makes the [`Session`] of each connection.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    builder: TowerServiceBuilder<Middleware, Identity>,
    stop: StopHandle,
    site: Arc<Site>,
}

/// JSON-RPC for one connection: subscriptions are its own.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    service: TowerService<Middleware, Identity>,
    site: Arc<Site>,
}

impl Sessions {
    pub(crate) fn new(site: &Arc<Site>, stop: StopHandle) -> Self {
        let limits = &site.limits;
        let config = ServerConfig::builder()
            .max_request_body_size(limits.request_bytes)
            .max_response_body_size(limits.response_bytes)
            .max_subscriptions_per_connection(limits.subscriptions)
            .set_batch_request_config(BatchRequestConfig::Limit(limits.batch))
            // It counts requests; the sockets have been counted already, and a pipelining client has one.
            .max_connections(1 << 20)
            .set_message_buffer_capacity(MESSAGES)
            .enable_ws_ping(PingConfig::new())
            .set_id_provider(RandomStringIdProvider::new(16))
            .build();
        let builder = Server::builder()
            .set_config(config)
            .set_rpc_middleware(RpcServiceBuilder::new().layer(GuardLayer::new(Arc::clone(site))))
            .to_service_builder();
        Self { builder, stop, site: Arc::clone(site) }
    }

    pub(crate) fn open(&self) -> Session {
        let service = self.builder.clone().build(self.site.methods.clone(), self.stop.clone());
        Session { service, site: Arc::clone(&self.site) }
    }
}

impl Session {
    /// Answers a POST with JSON-RPC, and takes up a WebSocket.
    pub(crate) async fn answer(mut self, request: Request<Body>) -> Response {
        let ready = match is_upgrade(request.headers()) {
            true => Ok(request),
            false => self.read(request).await,
        };
        let request = match ready {
            Ok(request) => request,
            Err(status) => return page::plain_error(status),
        };
        // Always ready: it bounds nothing of its own.
        let outcome: Result<_, BoxError> = self.service.call(request).await;
        match outcome {
            Ok(response) => response.map(Body::new),
            Err(_) => page::plain_error(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    async fn read(&self, request: Request<Body>) -> Result<Request<Body>, StatusCode> {
        let (mut parts, body) = request.into_parts();
        let body = read_body(&self.site.limits, body).await?;
        parts.extensions.insert(PlainHttp);
        Ok(Request::from_parts(parts, Body::from(body)))
    }
}

/// Reads a request's body within its bounds; the status that refuses it otherwise.
pub(crate) async fn read_body(limits: &Limits, body: Body) -> Result<Bytes, StatusCode> {
    let bytes = usize::try_from(limits.request_bytes).unwrap_or(usize::MAX);
    let reading = Limited::new(body, bytes).collect();
    match tokio::time::timeout(limits.body_time, reading).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Whether the body is said to be JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.and_then(|kind| kind.get(..16)).is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// Whether the client asks for a WebSocket.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    let has = |name, word: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    has(http::header::UPGRADE, "websocket") && has(http::header::CONNECTION, "upgrade")
}
