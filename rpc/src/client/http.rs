//! Calls over HTTP/1.1: our own connections below jsonrpsee's client.
//!
//! jsonrpsee's client brings a TCP pool that knows neither unix sockets nor our errors; the layer here
//! discards it. Idle connections are kept and used again; a call that finds none opens one, so calls run
//! side by side. A call is sent anew only if not one byte of it was: it cannot run twice. So that the
//! server does not close a connection under a call, this side gives up an idle one first.

use super::dial::{Io, dial};
use super::error::ConnectError;
use super::{Endpoint, MAX_ANSWER, MAX_REQUEST};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, SERVER};
use http::{HeaderMap, HeaderValue, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use jsonrpsee::core::middleware::layer::RpcLogger;
use jsonrpsee_core::http_helpers::HttpError;
use jsonrpsee_http_client::{
    HttpBody, HttpClientBuilder, HttpRequest, HttpResponse, RpcService, transport,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// A client for single calls. Cheap to clone; calls may run side by side.
pub type HttpClient = jsonrpsee_http_client::HttpClient<RpcLogger<RpcService<Connections>>>;

/// Connects, and gives a client.
///
/// # Errors
/// Whatever hinders a connection; wrong credentials show at the first call (see
/// [`connect_error`](super::connect_error)).
pub async fn connect_http(endpoint: &Endpoint) -> Result<HttpClient, ConnectError> {
    let connections = Connections::new(endpoint);
    let first = connections.open().await?;
    connections.keep(first);
    let layer = tower::ServiceBuilder::new().layer_fn(move |_discarded| connections.clone());
    let mut headers = HeaderMap::new();
    if let Some(value) = endpoint.authorization() {
        headers.insert(AUTHORIZATION, value);
    }
    HttpClientBuilder::default()
        .set_headers(headers)
        .request_timeout(endpoint.request_timeout())
        .max_request_size(MAX_REQUEST)
        .max_response_size(MAX_ANSWER)
        .set_http_middleware(layer)
        .build(endpoint.target.url("http"))
        .map_err(|e| ConnectError::Other { target: endpoint.target.clone(), message: e.to_string() })
}

/// How long a connection is kept idle: half as long as the server keeps it.
const IDLE: Duration = Duration::from_secs(5);

/// A connection without a call.
#[derive(Debug)]
struct Idle {
    sender: SendRequest<HttpBody>,
    expiry: Pin<Box<Sleep>>,
}

/// The HTTP/1.1 connections to one endpoint: the transport below a [`HttpClient`].
#[derive(Clone, Debug)]
pub struct Connections {
    endpoint: Arc<Endpoint>,
    idle: Arc<Mutex<Vec<Idle>>>,
}

impl Connections {
    fn new(endpoint: &Endpoint) -> Self {
        Self { endpoint: Arc::new(endpoint.clone()), idle: Arc::default() }
    }

    async fn open(&self) -> Result<SendRequest<HttpBody>, ConnectError> {
        let io: TokioIo<Io> = TokioIo::new(dial(&self.endpoint).await?);
        let (sender, connection) = handshake(io).await.map_err(|e| self.failed(&e))?;
        // Ends by itself when the sender is dropped or the server closes; its error reaches the sender.
        tokio::spawn(connection);
        Ok(sender)
    }

    /// An idle connection that still stands.
    async fn reuse(&self) -> Option<SendRequest<HttpBody>> {
        loop {
            let Idle { mut sender, expiry } = self.idle().pop()?;
            let is_fresh = expiry.now_or_never().is_none();
            if is_fresh && sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    fn keep(&self, sender: SendRequest<HttpBody>) {
        self.idle().push(Idle { sender, expiry: Box::pin(tokio::time::sleep(IDLE)) });
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &hyper::Error) -> ConnectError {
        let target = self.endpoint.target.clone();
        if error.is_parse() {
            return ConnectError::NotOurs { target, answer: format!("not HTTP: {error}") };
        }
        ConnectError::Other { target, message: format!("the connection was lost: {error}") }
    }

    async fn exchange(self, mut request: HttpRequest) -> Result<HttpResponse<Full<Bytes>>, ConnectError> {
        self.to_origin_form(&mut request);
        let mut unsent = Some(request);
        if let Some(mut sender) = self.reuse().await
            && let Some(request) = unsent.take()
        {
            match sender.try_send_request(request).await {
                Ok(response) => return self.finish(sender, response).await,
                // The server closed an idle connection in this very moment.
                Err(mut refused) => match refused.take_message() {
                    Some(request) => unsent = Some(request),
                    None => return Err(self.failed(refused.error())),
                },
            }
        }
        let mut sender = self.open().await?;
        let request = unsent.expect("a request that was not sent was given back");
        let response = sender.send_request(request).await.map_err(|e| self.failed(&e))?;
        self.finish(sender, response).await
    }

    /// An HTTP/1.1 request names the path only, and the host in its header.
    fn to_origin_form(&self, request: &mut HttpRequest) {
        *request.uri_mut() = Uri::from_static(super::PATH);
        if let Ok(host) = HeaderValue::from_str(&self.endpoint.target.authority()) {
            request.headers_mut().insert(HOST, host);
        }
    }

    async fn finish(
        &self,
        sender: SendRequest<HttpBody>,
        response: HttpResponse<hyper::body::Incoming>,
    ) -> Result<HttpResponse<Full<Bytes>>, ConnectError> {
        self.check(&response)?;
        let (parts, body) = response.into_parts();
        let limit = usize::try_from(MAX_ANSWER).unwrap_or(usize::MAX);
        let body = Limited::new(body, limit).collect().await.map_err(|error| ConnectError::Other {
            target: self.endpoint.target.clone(),
            message: format!("the answer could not be read: {error}"),
        })?;
        self.keep(sender);
        Ok(HttpResponse::from_parts(parts, Full::new(body.to_bytes())))
    }

    fn check(&self, response: &HttpResponse<hyper::body::Incoming>) -> Result<(), ConnectError> {
        let text = |name| response.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok());
        let target = &self.endpoint.target;
        if let Some(error) = ConnectError::of_status(target, response.status().as_u16(), text(SERVER)) {
            return Err(error);
        }
        match text(CONTENT_TYPE) {
            Some(kind) if kind.starts_with("application/json") => Ok(()),
            kind => Err(ConnectError::NotOurs {
                target: target.clone(),
                answer: format!("content type {}", kind.unwrap_or("missing")),
            }),
        }
    }
}

impl tower::Service<HttpRequest> for Connections {
    type Response = HttpResponse<Full<Bytes>>;
    type Error = transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let exchange = self.clone().exchange(request);
        Box::pin(async move { exchange.await.map_err(|e| HttpError::Stream(Box::new(e)).into()) })
    }
}
