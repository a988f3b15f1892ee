//! The HTTP server, asked by whoever comes: any bytes, and the requests of browsers on any page.
//!
//! ```text
//!   http           bytes as they are --> a socket with a password     one answer after the other, or none
//!   http_browser   lines: POST, /index.html, host, origin, referer, site, agent, body --> one well-formed request
//! ```
//!
//! Each thread has a server of its own, which ends with it. What the pages had done is written down, and a rule that
//! is told here once more says who may have it done. Absent: WebSockets behind their handshake.

use jsonrpsee::core::async_trait;
use jsonrpsee::server::RpcModule;
use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use treeherd_domain::endpoint::Credentials;
use treeherd_domain::fault::Fault;
use treeherd_domain::status::LocalTime;
use treeherd_web::{Control, FollowError, Followed, Identity, Listener, Log, Notice, Site, Verb, serve};

/// What requests are made of.
pub(crate) const WORDS: &[&str] = &[
    "GET ",
    "POST ",
    "HEAD ",
    "PUT ",
    "OPTIONS * ",
    "/index.html",
    "/tail.html?processname=a&limit=",
    "/logtail/a/stdout",
    "/mainlogtail",
    "/stylesheets/",
    "/RPC2",
    "/rpc",
    "/livez",
    "?action=",
    "stopall",
    "restart",
    "clearlog",
    "&processname=",
    "%00",
    "%0d%0a",
    "%ff",
    "%",
    "../",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    "Host: x\r\n",
    "Authorization: Basic Y2hyaXM6MToyMw==\r\n",
    "Authorization: Basic ",
    "Content-Length: ",
    "Content-Length: 99999999999999999999\r\n",
    "Transfer-Encoding: chunked\r\n",
    "0\r\n\r\n",
    "ffffffffffffffff\r\n",
    "Content-Type: application/json\r\n",
    "Connection: close\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "Range: bytes=0-\r\n",
    "If-Modified-Since: ",
    "Expect: 100-continue\r\n",
    "Origin: http://x\r\n",
    "\r\n\r\n",
    "\r\n",
    "\n",
    "é",
];

/// What the requests of browsers are made of.
pub(crate) const BROWSER_WORDS: &[&str] = &[
    "\n",
    "POST",
    "GET",
    "/index.html",
    "/?action=stopall",
    "action=stopall",
    "action=restart&processname=a",
    "action=",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "x",
    "evil",
    "http://",
    "https://",
    "null",
    ":80",
    ":9001",
    ":",
    "@",
    "/",
    "?",
    "#",
    ".",
    "same-origin",
    "none",
    "cross-site",
    "Mozilla/5.0",
    "curl/8",
    "%20",
    "é",
];

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// `chris:1:23`, as a header has it.
const RIGHT: &[u8] = b"Y2hyaXM6MToyMw";

/// What was done, and what went wrong inside.
#[derive(Debug, Default)]
struct Record {
    acts: Mutex<Vec<String>>,
    panics: Mutex<Vec<String>>,
}

struct Daemon(Arc<Record>);

#[async_trait]
impl Control for Daemon {
    fn is_process(&self, name: &str) -> bool {
        name.len() == 1
    }

    async fn one(&self, name: &str, verb: Verb) -> Result<(), Fault> {
        self.0.acts.lock().expect("nothing panics").push(format!("{verb:?} {name}"));
        Ok(())
    }

    async fn all(&self, verb: Verb) -> Result<(), Fault> {
        self.0.acts.lock().expect("nothing panics").push(format!("{verb:?} all"));
        Ok(())
    }

    fn why(&self, name: &str) -> Result<Vec<String>, Fault> {
        Ok(vec![name.to_owned()])
    }

    async fn tail(&self, name: &str, bytes: u32) -> Result<String, Fault> {
        Ok(format!("<{name} {bytes}>"))
    }

    async fn follow(&self, _: Log<'_>, _: u64) -> Result<Followed, FollowError> {
        Ok(Followed { modified_ms: 1_700_000_000_999, bytes: tokio::sync::mpsc::channel(1).1 })
    }

    fn local_time(&self) -> LocalTime {
        LocalTime::default()
    }
}

/// A server, as long as a thread.
struct Bench {
    runtime: Runtime,
    record: Arc<Record>,
    directory: TempDir,
}

impl Bench {
    fn new(credentials: Option<Credentials>) -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        let listener =
            std::os::unix::net::UnixListener::bind(directory.path().join("s")).expect("a socket");
        let record = Arc::<Record>::default();
        let mut methods = RpcModule::new(Arc::clone(&record));
        let count = |_: jsonrpsee::types::Params<'_>, record: &Arc<Record>, _: &jsonrpsee::Extensions| {
            record.acts.lock().expect("nothing panics").push("a call".to_owned());
        };
        methods.register_method("supervisor.stopAllProcesses", count).expect("one of the name");
        let identity =
            Identity { name: "treeherd".to_owned(), version: "1".to_owned(), identifier: "x".to_owned() };
        let mut site = Site::new(methods, identity);
        site.credentials = credentials;
        site.control = Arc::new(Daemon(Arc::clone(&record)));
        let told = Arc::clone(&record);
        site.notify = Some(Arc::new(move |notice: &Notice<'_>| {
            if let Notice::Panic { message, .. } = notice {
                told.panics.lock().expect("nothing panics").push((*message).to_owned());
            }
        }));
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.spawn(serve(Listener::Unix(listener), site, std::future::pending()));
        Self { runtime, record, directory }
    }

    /// Sends this, ends its side, and gives what comes until the server ends its own.
    fn ask(&self, request: &[u8]) -> Vec<u8> {
        let exchange = async {
            let mut stream =
                UnixStream::connect(self.directory.path().join("s")).await.expect("it listens");
            let mut answer = Vec::new();
            {
                let (mut reading, mut writing) = stream.split();
                let send = async {
                    // who is refused early is no longer listened to
                    _ = writing.write_all(request).await;
                    _ = writing.shutdown().await;
                };
                let receive = async {
                    let mut buffer = [0; 4096];
                    while let Ok(size @ 1..) = reading.read(&mut buffer).await {
                        answer.extend_from_slice(&buffer[..size]);
                    }
                };
                tokio::join!(send, receive);
            }
            answer
        };
        let timed = async { tokio::time::timeout(PATIENCE, exchange).await };
        let answer = self.runtime.block_on(timed).expect("the server answers and closes");
        let panics = std::mem::take(&mut *self.record.panics.lock().expect("nothing panics"));
        assert!(panics.is_empty(), "{panics:?}");
        answer
    }

    fn acts(&self) -> Vec<String> {
        std::mem::take(&mut *self.record.acts.lock().expect("nothing panics"))
    }
}

thread_local! {
    static LOCKED: RefCell<Bench> = RefCell::new(Bench::new(Some(Credentials {
        username: "chris".to_owned(),
        password: "1:23".to_owned(),
    })));
    static OPEN: RefCell<Bench> = RefCell::new(Bench::new(None));
}

/// Whatever is sent, the server answers in HTTP or not at all, soon; and does nothing for who does not know the password.
pub(crate) fn http(bytes: &[u8]) {
    LOCKED.with_borrow(|bench| {
        let answer = bench.ask(bytes);
        check_head(&answer);
        let acts = bench.acts();
        let knows = bytes.windows(RIGHT.len()).any(|window| window == RIGHT);
        assert!(knows || acts.is_empty(), "{acts:?} without the password");
    });
}

/// The headers that this server has; a name that is not here was smuggled in.
const HEADERS: &[&str] = &[
    "allow",
    "cache-control",
    "connection",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-resource-policy",
    "date",
    "expires",
    "last-modified",
    "location",
    "pragma",
    "referrer-policy",
    "sec-websocket-accept",
    "server",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
    "x-accel-buffering",
    "x-content-type-options",
    "x-frame-options",
];

/// The first answer begins as one of HTTP does; gives its status, 0 for none.
fn check_head(answer: &[u8]) -> u16 {
    if answer.is_empty() {
        return 0;
    }
    let text = String::from_utf8_lossy(answer);
    let (head, _) = text.split_once("\r\n\r\n").expect("headers end");
    let mut lines = head.split("\r\n");
    let status = lines.next().expect("a line");
    let number = status.strip_prefix("HTTP/1.1 ").or_else(|| status.strip_prefix("HTTP/1.0 "));
    let number = number.and_then(|rest| rest.get(..3)?.parse().ok());
    let number: u16 = number.unwrap_or_else(|| panic!("no status: {status}"));
    for line in lines {
        let (name, _) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line}"));
        assert!(HEADERS.contains(&name.to_ascii_lowercase().as_str()), "{line}");
        assert!(!line.contains(['\r', '\n']), "{line}");
    }
    number
}

/// A request of a browser, or of what is none.
#[derive(Debug)]
struct Request<'a> {
    is_post: bool,
    path: String,
    host: String,
    /// By name; an empty one is not sent.
    headers: [(&'static str, String); 4],
    body: &'a [u8],
}

impl<'a> Request<'a> {
    /// `None` for too few lines.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut lines = bytes.splitn(8, |byte| *byte == b'\n');
        // only what a header can hold, so that the request is one request
        let mut line = || {
            let is_kept = |byte: &u8| (0x21..0x7f).contains(byte);
            lines
                .next()
                .map(|line| line.iter().copied().filter(is_kept).map(char::from).collect::<String>())
        };
        let is_post = line()?.starts_with('P');
        let path = format!("/{}", line()?.trim_start_matches('/'));
        let host = line()?;
        let headers = [
            ("Origin", line()?),
            ("Referer", line()?),
            ("Sec-Fetch-Site", line()?),
            ("User-Agent", line()?),
        ];
        Some(Self { is_post, path, host, headers, body: lines.next()? })
    }

    fn bytes(&self) -> Vec<u8> {
        let method = if self.is_post { "POST" } else { "GET" };
        let mut text = format!("{method} {} HTTP/1.1\r\nHost: {}\r\n", self.path, self.host);
        for (name, value) in self.headers.iter().filter(|(_, value)| !value.is_empty()) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.is_post {
            text.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text.push_str("Connection: close\r\n\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(if self.is_post { self.body } else { &[] });
        bytes
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, value)| *known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// Whether something may be done for it: a browser has to come from a page of this host, and to post.
    fn may_act(&self) -> bool {
        let is_said = |name| self.header(name).is_some();
        let is_browser = ["Origin", "Referer", "Sec-Fetch-Site"].into_iter().any(is_said)
            || self.header("User-Agent").is_some_and(|agent| agent.starts_with("Mozilla/"));
        if !self.is_post {
            return !is_browser;
        }
        match (self.header("Sec-Fetch-Site"), self.header("Origin"), self.header("Referer")) {
            (Some(site), ..) => site == "same-origin" || site == "none",
            (None, Some(origin), _) => self.is_here(origin),
            (None, None, Some(referer)) => self.is_here(referer),
            (None, None, None) => !is_browser,
        }
    }

    /// Whether the address is one of this host: a scheme, then host and port as the request names them.
    fn is_here(&self, address: &str) -> bool {
        let plain = |text: &str| text.strip_suffix(":80").unwrap_or(text).to_ascii_lowercase();
        let Some((scheme, rest)) = address.split_once("://") else { return false };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        ["http", "https"].contains(&scheme) && plain(&rest[..end]) == plain(&self.host)
    }
}

/// The pages do something for a browser only if it is on a page of this very host, whatever it says besides.
pub(crate) fn http_browser(bytes: &[u8]) {
    let Some(request) = Request::read(bytes) else { return };
    OPEN.with_borrow(|bench| {
        let answer = bench.ask(&request.bytes());
        let status = check_head(&answer);
        let acts = bench.acts();
        assert!(acts.is_empty() || request.may_act(), "{acts:?} for {request:?}");
        // and who may, is served
        let is_plain = request.is_post && request.path == "/index.html" && request.host == "x";
        if is_plain && request.body == b"action=stopall" && request.may_act() {
            assert_eq!((status, acts), (303, vec!["Stop all".to_owned()]), "{request:?}");
        }
    });
}
