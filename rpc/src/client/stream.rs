//! A log followed over plain HTTP, as Supervisor serves it: GET `/logtail/...` or `/mainlogtail`, without an end.

use super::dial::{Io, dial};
use super::error::ConnectError;
use super::{Endpoint, PATH_ESCAPES};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use percent_encoding::utf8_percent_encode;

/// A log that is being followed.
#[derive(Debug)]
pub struct LogStream {
    body: Incoming,
    /// The connection ends without it.
    _sender: SendRequest<Empty<Bytes>>,
}

/// Why a log cannot be followed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StreamError {
    /// The server refuses.
    #[error("the server answered {0}")]
    Status(u16),
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl LogStream {
    /// Opens the stream at this path.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn open(endpoint: &Endpoint, path: &str) -> Result<Self, StreamError> {
        let io: TokioIo<Io> = TokioIo::new(dial(endpoint).await?);
        let lost = |error: &dyn std::fmt::Display| ConnectError::Other {
            target: endpoint.target.clone(),
            message: format!("the log cannot be followed: {error}"),
        };
        let (mut sender, connection) = handshake(io).await.map_err(|error| lost(&error))?;
        // Ends by itself when the sender is dropped or the server closes.
        tokio::spawn(connection);
        let path = utf8_percent_encode(path, PATH_ESCAPES).to_string();
        let mut request = Request::get(path).header(HOST, endpoint.target.authority());
        if let Some(value) = endpoint.authorization() {
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(Empty::new()).map_err(|error| lost(&error))?;
        let after = endpoint.connect_timeout;
        let response = match tokio::time::timeout(after, sender.send_request(request)).await {
            Ok(response) => response.map_err(|error| lost(&error))?,
            Err(_) => return Err(ConnectError::Timeout { target: endpoint.target.clone(), after }.into()),
        };
        match response.status() {
            StatusCode::OK => Ok(Self { body: response.into_body(), _sender: sender }),
            StatusCode::UNAUTHORIZED => {
                Err(ConnectError::Unauthorized { target: endpoint.target.clone() }.into())
            }
            status => Err(StreamError::Status(status.as_u16())),
        }
    }

    /// The next piece; `None` at the end, or when the connection is lost.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                return Some(data);
            }
        }
    }
}
