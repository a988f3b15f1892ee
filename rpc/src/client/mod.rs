//! A connection to a daemon: HTTP for single calls, WebSocket for the shell and for subscriptions.
//!
//! ```text
//!   Endpoint {target, credentials, timeouts}
//!      |-- connect_http --> HttpClient   kept-alive HTTP/1.1 connections of our own dialling
//!      `-- connect_ws   --> WsClient     one WebSocket; calls and subscriptions
//!                 both over a unix socket or TCP, both to the path /rpc
//! ```
//!
//! A supervisord written in Python knows XML-RPC alone: [`connect_http`] notices it at the first call and goes on in
//! its language ([`Dialect`]); what a WebSocket would be for, following a log, is done by a [`LogStream`].
//!
//! Both clients have every method of the `*Client` traits in [`api`](crate::api). Why a connection or a
//! call failed is a [`ConnectError`] that says what, where and what next; [`connect_error`] finds it in
//! the error of a call. Absent on purpose: TLS, redirects, proxies, retries of calls that may have run.

mod dial;
mod error;
mod http;
mod stream;
mod target;
mod ws;
mod xml;

pub use error::{ConnectError, connect_error};
pub use http::{HttpClient, connect_http};
pub use stream::{LogStream, StreamError};
pub use target::{Target, TargetError};
pub use ws::{WsClient, connect_ws};
pub use xml::Dialect;

use ::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, CONTROLS};
use std::time::Duration;
use treeherd_domain::endpoint::Credentials;

/// The path under which JSON-RPC is served.
pub const PATH: &str = "/rpc";

/// The largest request, in bytes: what a server accepts. A larger one fails here, before it is sent; a
/// WebSocket would not survive the server's refusal.
pub const MAX_REQUEST: u32 = 1024 * 1024;

/// The largest answer, in bytes.
pub const MAX_ANSWER: u32 = 64 * 1024 * 1024;

/// What stands for itself in a path.
const PATH_ESCAPES: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?');

/// As good as for ever, and still a time a timer can hold.
const UNBOUNDED: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Where to connect, as whom, and how long to wait.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address.
    pub target: Target,
    /// User and password for Basic authentication.
    pub credentials: Option<Credentials>,
    /// How long connecting may take, the WebSocket handshake included.
    pub connect_timeout: Duration,
    /// How long a call may take; `None`: as long as it takes (a start or stop that is waited for).
    pub call_timeout: Option<Duration>,
    /// What the daemon speaks, as far as it is known.
    pub dialect: Dialect,
}

impl Endpoint {
    /// The endpoint at `target`, without credentials; 10 s to connect, calls unbounded.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            credentials: None,
            connect_timeout: Duration::from_secs(10),
            call_timeout: None,
            dialect: Dialect::default(),
        }
    }

    /// The same with credentials.
    #[must_use]
    pub fn with_credentials(self, credentials: Option<Credentials>) -> Self {
        Self { credentials, ..self }
    }

    /// The same with what is known, or will be, of the daemon's language.
    #[must_use]
    pub fn with_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// The same with a bound for every call.
    #[must_use]
    pub fn with_call_timeout(self, call_timeout: Option<Duration>) -> Self {
        Self { call_timeout, ..self }
    }

    fn request_timeout(&self) -> Duration {
        self.call_timeout.unwrap_or(UNBOUNDED)
    }

    /// The `Authorization` header. Base64 is always a valid header.
    fn authorization(&self) -> Option<HeaderValue> {
        let Credentials { username, password } = self.credentials.as_ref()?;
        let encoded = STANDARD.encode(format!("{username}:{password}"));
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
