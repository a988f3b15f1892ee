//! One question: a connection, a GET, a command; answered yes, or no with the reason, within its limit.
//!
//! Names are looked up on the blocking pool, a few at once; connections are the reactor's; commands are errands. Dropped
//! on the way, a question leaves nothing behind but a look-up that goes on to its own end.

use crate::errand::Errand;
use crate::estate::Estate;
use crate::shared::Shared;
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use treeherd_domain::account::Account;
use treeherd_domain::duration::Shown;
use treeherd_domain::health::{Check, HostPort, HttpUrl};
use treeherd_os::process::Process;

/// What a server may say before its status is known.
const HEAD: usize = 16 * 1024;

/// Who asks, and how long it may take.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// What it is, for messages.
    pub(crate) name: String,
    /// How long an answer may take.
    pub(crate) limit: Duration,
    /// As whose program a command is run.
    pub(crate) by: &'a Estate,
}

/// Asks.
///
/// # Errors
/// Why the answer is no, in a few words.
pub(crate) async fn ask(check: &Check, question: &Question<'_>, shared: &Shared) -> Result<(), String> {
    match check {
        Check::Exec(command) => {
            let pid = question.by.record().process.as_ref().map_or(0, Process::pid);
            let extra = [("TREEHERD_PID".to_owned(), pid.to_string())];
            let name = question.name.clone();
            run(Errand::of(question.by, shared, name, command, question.limit, extra), shared).await
        }
        check => reach(check, question.limit, shared).await,
    }
}

/// Asks what needs no program to ask as; a command is run as this user, in the daemon's environment.
pub(crate) async fn ask_outside(
    check: &Check,
    name: String,
    limit: Duration,
    user: Option<Account>,
    shared: &Shared,
) -> Result<(), String> {
    match check {
        Check::Exec(command) => {
            let (command, variables) = (command.clone(), Vec::new());
            let errand = Errand { name, command, user, directory: None, umask: None, variables, limit };
            run(errand, shared).await
        }
        check => reach(check, limit, shared).await,
    }
}

async fn run(errand: Errand, shared: &Shared) -> Result<(), String> {
    match errand.run(shared).await {
        Ok(done) if done.is_success() => Ok(()),
        Ok(done) => Err(done.reason()),
        Err(error) => Err(error.to_string()),
    }
}

async fn reach(check: &Check, limit: Duration, shared: &Shared) -> Result<(), String> {
    let reach = async {
        match check {
            Check::Tcp(address) => connect(address, shared).await.map(drop),
            Check::Http(url) => get(url, shared).await,
            Check::Startsecs | Check::Fd(_) | Check::Notify | Check::Log(_) | Check::Exec(_) => Ok(()),
        }
    };
    timeout(limit, reach).await.unwrap_or_else(|_| Err(format!("no answer within {}", Shown(limit))))
}

async fn connect(address: &HostPort, shared: &Shared) -> Result<TcpStream, String> {
    let mut last = "the name has no address".to_owned();
    for address in addresses(address, shared).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = words(&error),
        }
    }
    Err(last)
}

async fn addresses(HostPort { host, port }: &HostPort, shared: &Shared) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, *port)]);
    }
    let place = Arc::clone(&shared.errands.lookups).acquire_owned();
    // the semaphore is never closed
    let place = place.await.map_err(|error| error.to_string())?;
    let (name, port) = (host.clone(), *port);
    let look = tokio::task::spawn_blocking(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
        drop(place);
        found
    });
    match look.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(format!("{host} cannot be looked up: {error}")),
        Err(error) => Err(format!("{host} cannot be looked up: {error}")),
    }
}

async fn get(url: &HttpUrl, shared: &Shared) -> Result<(), String> {
    let stream = connect(&url.address, shared).await?;
    let request = Request::get(&url.path)
        .header("host", url.address.to_string())
        .header("user-agent", "treeherd")
        .header("accept", "*/*")
        .header("connection", "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let mut client = hyper::client::conn::http1::Builder::new();
    let handshake = client.max_buf_size(HEAD).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    let answer = tokio::select! {
        // what the connection has to say comes out of the request as well
        biased;
        answer = sender.send_request(request) => answer,
        Err(error) = connection => Err(error),
    };
    let status = answer.map_err(|error| format!("no answer by HTTP: {error}"))?.status();
    match status.as_u16() {
        200..=399 => Ok(()),
        code => Err(format!("status {code}")),
    }
}

/// An error without its number.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut => "the connection timed out".to_owned(),
        _ => error.to_string(),
    }
}
