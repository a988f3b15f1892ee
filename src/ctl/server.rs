//! The daemon at the other end: where it is, as whom we come, and what can go wrong with a call.
//!
//! One HTTP connection serves all calls of a command; following a log opens a WebSocket of its own. A supervisord
//! written in Python, which shows at the first call, is spoken to in XML-RPC, and its logs are followed over HTTP.
//! Nothing is connected before the first call, so `help` works without a daemon.

use std::path::PathBuf;
use treeherd_domain::endpoint::Credentials;
use treeherd_rpc::client::{
    ConnectError, Dialect, Endpoint, HttpClient, Target, WsClient, connect_error, connect_http, connect_ws,
};
use treeherd_rpc::code::{RemoteFault, fault_of};

pub use jsonrpsee::core::ClientError;

/// Where the address comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// `-s` on the command line.
    Option,
    /// `serverurl` in this file.
    File(PathBuf),
    /// This file was read and has no `serverurl`.
    DefaultIn(PathBuf),
    /// There is no configuration file at the usual places.
    Default,
    /// The action `open`.
    Open,
}

/// Why a call gave no result.
#[derive(Debug)]
pub enum Problem {
    /// The daemon refuses, and says why.
    Fault(Box<RemoteFault>),
    /// There is no connection, or nobody of ours at its end.
    Connect(ConnectError),
    /// The address cannot be used.
    Address(String),
    /// The answer makes no sense, or there is none.
    Broken(String),
    /// The keyboard cannot be read.
    Input(std::io::Error),
}

impl Problem {
    /// Supervisor's number, if the daemon refuses with one.
    #[must_use]
    pub fn fault(&self) -> Option<i32> {
        match self {
            Self::Fault(fault) => fault.fault,
            _ => None,
        }
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        match (fault_of(&error), connect_error(&error)) {
            (Some(fault), _) => Self::Fault(Box::new(fault)),
            (None, Some(cause)) => Self::Connect(cause.clone()),
            (None, None) => Self::Broken(error.to_string()),
        }
    }
}

/// Where to connect and as whom; the connection once there is one.
#[derive(Debug)]
pub struct Server {
    url: String,
    origin: Origin,
    credentials: Option<Credentials>,
    client: Option<HttpClient>,
    dialect: Dialect,
}

impl Server {
    /// A server that is not connected yet.
    #[must_use]
    pub fn new(url: String, origin: Origin, credentials: Option<Credentials>) -> Self {
        Self { url, origin, credentials, client: None, dialect: Dialect::default() }
    }

    /// The address as configured.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the address comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// As whom we come.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Comes as somebody else from now on.
    pub fn set_credentials(&mut self, credentials: Credentials) {
        self.credentials = Some(credentials);
        self.client = None;
    }

    /// Turns to another address, as the same user.
    pub fn open(&mut self, url: &str) {
        url.clone_into(&mut self.url);
        self.origin = Origin::Open;
        self.client = None;
        self.dialect = Dialect::default();
    }

    /// The client for calls, connected.
    ///
    /// # Errors
    /// [`Problem::Address`], [`Problem::Connect`].
    pub async fn client(&mut self) -> Result<HttpClient, Problem> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = connect_http(&self.endpoint()?).await.map_err(Problem::Connect)?;
        Ok(self.client.insert(client).clone())
    }

    /// A client for subscriptions, which a supervisord written in Python does not have.
    ///
    /// # Errors
    /// [`Problem::Address`], [`Problem::Connect`].
    pub async fn follower(&self) -> Result<WsClient, Problem> {
        self.require_ours("it has no subscriptions")?;
        connect_ws(&self.endpoint()?).await.map_err(Problem::Connect)
    }

    /// Refuses a daemon that is known to be one written in Python, with what it lacks.
    ///
    /// # Errors
    /// [`Problem::Connect`]; [`Problem::Address`].
    pub fn require_ours(&self, lack: &str) -> Result<(), Problem> {
        let target = self.endpoint()?.target;
        match self.is_python() {
            true => Err(Problem::Connect(ConnectError::XmlRpcOnly { target, answer: lack.to_owned() })),
            false => Ok(()),
        }
    }

    /// Whether the daemon is known to be one written in Python.
    #[must_use]
    pub fn is_python(&self) -> bool {
        self.dialect.is_xml()
    }

    /// Where and as whom to connect.
    ///
    /// # Errors
    /// [`Problem::Address`].
    pub fn endpoint(&self) -> Result<Endpoint, Problem> {
        let is_known = self.url.starts_with("unix://") || self.url.starts_with("http://");
        let target = Target::parse(&self.url).map_err(|error| {
            Problem::Address(if is_known {
                error.to_string()
            } else {
                format!("Unknown protocol for serverurl {}", self.url)
            })
        })?;
        Ok(Endpoint::new(target)
            .with_credentials(self.credentials.clone())
            .with_dialect(self.dialect.clone()))
    }
}
