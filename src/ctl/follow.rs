//! Where a log comes from that is being followed.
//!
//! ```text
//! our daemon           WebSocket, log.follow         items: bytes, gaps, the end and its reason
//! one in Python        GET /logtail/web/stdout       bytes alone
//! ```
//!
//! Both begin with the last 1024 bytes. Absent: what is done with them.

use crate::ctl::server::Problem;
use crate::ctl::session::Session;
use crate::ctl::{fault, logs};
use jsonrpsee::core::client::Subscription;
use treeherd_domain::stream::Stream;
use treeherd_rpc::api::LogApiClient as _;
use treeherd_rpc::client::{Endpoint, LogStream, StreamError, WsClient};
use treeherd_rpc::wire::{LogItem, LogStart};

/// Bytes of the past that following begins with.
const FOLLOW_BYTES: u64 = 1024;

/// Who opens logs: one connection of our daemon for all of them, or one each.
pub(super) enum Follower {
    Ours(WsClient),
    Python(Box<Endpoint>),
}

/// A log that is open.
pub(super) enum Source {
    Ours(Subscription<LogItem>),
    Python(LogStream),
}

impl Follower {
    /// For the daemon, which has answered a call before: so its language is known.
    pub(super) async fn connect(session: &mut Session) -> Result<Self, Problem> {
        match session.server.is_python() {
            true => session.server.endpoint().map(Box::new).map(Self::Python),
            false => session.server.follower().await.map(Self::Ours),
        }
    }

    /// Opens a log; `None` if the daemon refuses, which is told on stderr.
    ///
    /// `path` is how Supervisor's log streams are addressed.
    pub(super) async fn open(
        &self,
        session: &mut Session,
        path: &str,
        name: Option<&str>,
        stream: Option<Stream>,
    ) -> Result<Option<Source>, Problem> {
        let refusal = match self {
            Self::Python(endpoint) => match LogStream::open(endpoint, path).await {
                Ok(stream) => return Ok(Some(Source::Python(stream))),
                Err(StreamError::Connect(error)) => return Err(Problem::Connect(error)),
                Err(StreamError::Status(status)) => {
                    logs::refused(session, path, status, &StreamError::Status(status).to_string());
                    return Ok(None);
                }
            },
            Self::Ours(client) => {
                let stream = stream.map(|stream| stream.as_str().to_owned());
                let from = Some(LogStart::Last(FOLLOW_BYTES));
                match client.log_follow(name.map(str::to_owned), stream, from).await.map_err(Problem::from)
                {
                    Ok(items) => return Ok(Some(Source::Ours(items))),
                    Err(Problem::Fault(refusal)) => refusal,
                    Err(problem) => return Err(problem),
                }
            }
        };
        let code = match refusal.fault {
            Some(fault::BAD_NAME | fault::NO_FILE) => 404,
            _ => 500,
        };
        logs::refused(session, path, code, &refusal.message);
        Ok(None)
    }
}

impl Source {
    /// The next item; inside, `None` for one that makes no sense. `None` is the end.
    pub(super) async fn next(&mut self) -> Option<Option<LogItem>> {
        match self {
            Self::Ours(items) => items.next().await.map(Result::ok),
            Self::Python(stream) => {
                let bytes = stream.next().await?;
                Some(Some(LogItem::data(bytes.to_vec(), 0, None)))
            }
        }
    }
}
