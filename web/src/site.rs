//! What a server is told: what to serve, to whom, within which limits.

use crate::control::{Control, Nobody};
use jsonrpsee::Methods;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::endpoint::Credentials;
use treeherd_rpc::client;

/// The source of the status page's rows, asked at every request; must not block.
pub type Rows = Arc<dyn Fn() -> Vec<PageRow> + Send + Sync>;

/// Where a server tells what happens; must not block.
pub type Notify = Arc<dyn Fn(&Notice<'_>) + Send + Sync>;

/// All that one endpoint serves.
#[derive(Clone)]
pub struct Site {
    /// The JSON-RPC methods of all namespaces, merged.
    pub methods: Methods,
    /// Who may use it; `None`: whoever can connect.
    pub credentials: Option<Credentials>,
    /// Names of this machine, besides its addresses and `localhost`: a browser's request to another one is
    /// refused where there are no credentials.
    pub hosts: Vec<String>,
    /// Who answers.
    pub identity: Identity,
    /// The rows of the status page.
    pub rows: Rows,
    /// What the pages and log streams ask of the daemon.
    pub control: Arc<dyn Control>,
    /// When the daemon was started, in milliseconds since the epoch: the date of the static files.
    pub started_ms: u64,
    /// Where to tell what happens; `None`: nowhere.
    pub notify: Option<Notify>,
    /// The bounds.
    pub limits: Limits,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("credentials", &self.credentials)
            .field("identity", &self.identity)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Site {
    /// A site of these methods for everybody, without rows, processes and notices, within the default limits.
    #[must_use]
    pub fn new(methods: impl Into<Methods>, identity: Identity) -> Self {
        Self {
            methods: methods.into(),
            credentials: None,
            hosts: Vec::new(),
            identity,
            rows: Arc::new(Vec::new),
            control: Arc::new(Nobody),
            started_ms: 0,
            notify: None,
            limits: Limits::default(),
        }
    }

    pub(crate) fn tell(&self, notice: &Notice<'_>) {
        if let Some(notify) = &self.notify {
            notify(notice);
        }
    }
}

/// Who answers: the `Server` header and the heading of the page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The program: `treeherd`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `identifier` of `[supervisord]`.
    pub identifier: String,
}

/// One row of the status page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageRow {
    /// The state's upper-case name.
    pub state: String,
    /// Supervisor's description.
    pub description: String,
    /// The full name: `web`, `shop:api_00`.
    pub name: String,
    /// Whether somebody has disabled it: it cannot be started.
    pub disabled: bool,
}

/// What bounds an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Connections at a time, WebSockets included. For one more the one gives way that the server waits for longest;
    /// if it waits for none of them, the new one is answered 503.
    pub connections: usize,
    /// The largest request body or WebSocket message, in bytes.
    pub request_bytes: u32,
    /// The largest answer, in bytes.
    pub response_bytes: u32,
    /// Calls in one batch.
    pub batch: u32,
    /// Subscriptions of one WebSocket.
    pub subscriptions: u32,
    /// Calls being carried out at a time, of all connections; one more is answered `Busy`.
    pub calls: usize,
    /// Calls being carried out at a time of one WebSocket.
    pub calls_per_connection: usize,
    /// How long a client may take to send the headers of a request, and stay idle between two.
    pub header_time: Duration,
    /// How long it may take to send the body.
    pub body_time: Duration,
    /// How long it may read nothing of an answer; a log that it follows has no such limit.
    pub unread_time: Duration,
    /// How long a client that has ended its side after a request may wait for the answer.
    pub half_closed_time: Duration,
    /// How long requests under way have when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            request_bytes: client::MAX_REQUEST,
            response_bytes: client::MAX_ANSWER,
            batch: 64,
            subscriptions: 64,
            calls: 512,
            calls_per_connection: 128,
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(10),
            unread_time: Duration::from_secs(30),
            half_closed_time: Duration::from_secs(10),
            grace: Duration::from_secs(3),
        }
    }
}

/// Who is at the other end of a connection; in the extensions of every request and of every call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Caller {
    /// A process on this machine, as the kernel tells (`SO_PEERCRED`).
    Unix {
        /// Its process id, where the kernel tells it.
        pid: Option<i32>,
        /// Its user when it connected.
        uid: u32,
        /// Its group when it connected.
        gid: u32,
    },
    /// An address.
    Inet(SocketAddr),
    /// The kernel does not tell.
    Unknown,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix { pid: Some(pid), uid, .. } => write!(f, "pid {pid}, uid {uid}"),
            Self::Unix { pid: None, uid, .. } => write!(f, "uid {uid}"),
            Self::Inet(address) => write!(f, "{address}"),
            Self::Unknown => f.write_str("unknown caller"),
        }
    }
}

/// Something worth a line in the daemon's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice<'a> {
    /// A request was answered.
    Access {
        /// By whom it was made.
        caller: &'a Caller,
        /// Its HTTP method.
        method: &'a str,
        /// Its path, undecoded.
        path: &'a str,
        /// The status it was answered with.
        status: u16,
    },
    /// A JSON-RPC method was called.
    Call {
        /// By whom.
        caller: &'a Caller,
        /// The method.
        method: &'a str,
    },
    /// A method is about to be called by XML-RPC.
    XmlCall {
        /// The method.
        method: &'a str,
    },
    /// It was answered.
    XmlAnswer {
        /// The method.
        method: &'a str,
        /// The number and text of the fault, if that is the answer.
        fault: Option<(i32, &'a str)>,
    },
    /// A body is no call of XML-RPC.
    XmlInvalid {
        /// The body.
        body: &'a str,
        /// In Supervisor's words.
        reason: &'static str,
    },
    /// An answer could not be written as XML.
    XmlFailed {
        /// The body of the request.
        body: &'a str,
        /// Why.
        error: &'a str,
    },
    /// A method, a handler or a connection panicked; the caller was told the incident.
    Panic {
        /// The id the caller got.
        incident: &'a str,
        /// What was being done.
        doing: &'a str,
        /// The panic's text.
        message: &'a str,
    },
    /// A connection could not be accepted; accepting pauses for a moment.
    AcceptFailed {
        /// Why.
        error: &'a str,
    },
    /// A connection was turned away because there are too many.
    TurnedAway {
        /// How many there may be.
        limit: usize,
    },
}
