//! Calls over HTTP/1.1: our own connections below jsonrpsee's client.
//!
//! jsonrpsee's client brings a TCP pool that knows neither unix sockets nor our errors; the layer here
//! discards it. Idle connections are kept and used again; a call that finds none opens one, so calls run
//! side by side. A call is sent anew only if not one byte of it was: it cannot run twice. So that the
//! server does not close a connection under a call, this side gives up an idle one first.

use super::dial::{Io, dial};
use super::error::ConnectError;
use super::xml::Asked;
use super::{Endpoint, MAX_ANSWER, MAX_REQUEST};
use crate::xmlrpc;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, SERVER};
use http::{HeaderMap, HeaderValue, Method, Uri};
use http_body_util::{BodyExt as _, Collected, Full, Limited};
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

    /// Carries out a call, in the language of the daemon. That it is XML-RPC shows when it refuses JSON-RPC.
    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse<Full<Bytes>>, ConnectError> {
        let (parts, body) = request.into_parts();
        let body =
            body.collect().await.map_err(|error| self.other(format!("the call is lost: {error}")))?;
        let body = body.to_bytes();
        if self.endpoint.dialect.is_xml() {
            return self.exchange_xml(&parts.headers, &body).await;
        }
        let response = self.post(super::PATH, parts.headers.clone(), body.clone()).await?;
        let Err(error) = self.check(&response, "application/json") else { return Ok(response) };
        if !response.status().is_client_error() || !error.is_of_another() {
            return Err(error);
        }
        match self.exchange_xml(&parts.headers, &body).await {
            Ok(response) => {
                self.endpoint.dialect.set_xml();
                Ok(response)
            }
            // A supervisord it is, whatever hinders this call. Of another program, its first answer tells more.
            Err(told) if matches!(error, ConnectError::XmlRpcOnly { .. }) => Err(told),
            Err(_) => Err(error),
        }
    }

    async fn exchange_xml(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<HttpResponse<Full<Bytes>>, ConnectError> {
        let asked = Asked::read(body).map_err(|message| self.other(message))?;
        if !asked.is_supervisors() {
            let answer = format!("it has no {}", asked.method);
            return Err(ConnectError::XmlRpcOnly { target: self.endpoint.target.clone(), answer });
        }
        let call = asked.as_xml().map_err(|message| self.other(message))?;
        let mut headers = headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(call.len()));
        let response = self.post(xmlrpc::PATH, headers, Bytes::from(call)).await?;
        self.check(&response, "text/xml")?;
        let (parts, body) = response.into_parts();
        let answer = asked.answered(&whole(body)).map_err(|error| self.other(error.to_string()))?;
        Ok(HttpResponse::from_parts(parts, Full::new(Bytes::from(answer))))
    }

    fn other(&self, message: String) -> ConnectError {
        ConnectError::Other { target: self.endpoint.target.clone(), message }
    }

    /// Sends a body and receives one, on a connection that stands or a new one.
    async fn post(
        &self,
        path: &'static str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<HttpResponse<Full<Bytes>>, ConnectError> {
        let mut unsent = Some(self.to_origin_form(path, headers, body));
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
    fn to_origin_form(&self, path: &'static str, headers: HeaderMap, body: Bytes) -> HttpRequest {
        let mut request = HttpRequest::new(HttpBody::new(Full::new(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static(path);
        *request.headers_mut() = headers;
        if let Ok(host) = HeaderValue::from_str(&self.endpoint.target.authority()) {
            request.headers_mut().insert(HOST, host);
        }
        request
    }

    async fn finish(
        &self,
        sender: SendRequest<HttpBody>,
        response: HttpResponse<hyper::body::Incoming>,
    ) -> Result<HttpResponse<Full<Bytes>>, ConnectError> {
        let (parts, body) = response.into_parts();
        let limit = usize::try_from(MAX_ANSWER).unwrap_or(usize::MAX);
        let body = Limited::new(body, limit).collect().await;
        let body = body.map_err(|error| self.other(format!("the answer could not be read: {error}")))?;
        // Supervisor does not read the body of what it refuses, and would take it for the next request.
        if parts.status.is_success() {
            self.keep(sender);
        }
        Ok(HttpResponse::from_parts(parts, Full::new(body.to_bytes())))
    }

    fn check(&self, response: &HttpResponse<Full<Bytes>>, expected: &str) -> Result<(), ConnectError> {
        let text = |name| response.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok());
        let target = &self.endpoint.target;
        if let Some(error) = ConnectError::of_status(target, response.status().as_u16(), text(SERVER)) {
            return Err(error);
        }
        match text(CONTENT_TYPE) {
            Some(kind) if kind.starts_with(expected) => Ok(()),
            kind => Err(ConnectError::NotOurs {
                target: target.clone(),
                answer: format!("content type {}", kind.unwrap_or("missing")),
            }),
        }
    }
}

/// The bytes of a body that is all there.
fn whole(body: Full<Bytes>) -> Bytes {
    body.collect().now_or_never().and_then(Result::ok).map(Collected::to_bytes).unwrap_or_default()
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
