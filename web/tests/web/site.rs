//! A small site, served on a socket of its own, and raw HTTP to talk to it.

use crate::herd::Herd;
use bytes::Bytes;
use jsonrpsee::RpcModule;
use jsonrpsee::core::{RpcResult, SubscriptionResult, async_trait};
use jsonrpsee::server::PendingSubscriptionSink;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use treeherd_domain::endpoint::Credentials;
use treeherd_domain::fault::Fault;
use treeherd_rpc::api::{LogApiServer, TreeApiServer};
use treeherd_rpc::client::{Endpoint, Target};
use treeherd_rpc::code;
use treeherd_rpc::wire::{Crash, CrashReport, LogItem, LogSlice, LogStart, TreeNode};
use treeherd_web::{Caller, Identity, Limits, Listener, Notice, PageRow, ServeError, Site, serve};

/// No condition that is waited for takes as long, not even on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// What the toy methods share with the test.
#[derive(Debug, Default)]
pub(crate) struct Toy {
    /// How often `toy.count` was carried out.
    pub(crate) counted: AtomicUsize,
    /// How many `toy.slow` began, and how many were dropped before their end.
    pub(crate) begun: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
    /// Lets `toy.slow` end.
    pub(crate) go: Notify,
    /// What the pages had done.
    pub(crate) acts: Mutex<Vec<String>>,
    /// What the site told.
    pub(crate) notices: Mutex<Vec<String>>,
}

struct DropCounter(Arc<Toy>, bool);

impl Drop for DropCounter {
    fn drop(&mut self) {
        if !self.1 {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn methods(toy: &Arc<Toy>) -> RpcModule<Arc<Toy>> {
    let mut module = RpcModule::new(Arc::clone(toy));
    module.register_method("toy.echo", |params, _, _| params.one::<String>()).unwrap();
    module.register_method("toy.count", |_, toy, _| toy.counted.fetch_add(1, Ordering::SeqCst)).unwrap();
    module
        .register_method("toy.panic", |_, _, _| -> RpcResult<bool> { panic!("as the test wants it") })
        .unwrap();
    module
        .register_async_method("toy.latePanic", |_, _, _| async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "as the test wants it");
            RpcResult::Ok(true)
        })
        .unwrap();
    module
        .register_async_method("toy.slow", |_, toy, _| async move {
            let mut counter = DropCounter(Arc::clone(&toy), false);
            toy.begun.fetch_add(1, Ordering::SeqCst);
            toy.go.notified().await;
            counter.1 = true;
            RpcResult::Ok("done")
        })
        .unwrap();
    module
        .register_method("toy.whoami", |_, _, extensions| {
            extensions.get::<Caller>().map(ToString::to_string)
        })
        .unwrap();
    module.merge(TreeApiServer::into_rpc(Tree)).unwrap();
    module.merge(LogApiServer::into_rpc(Log)).unwrap();
    module
}

struct Tree;

#[async_trait]
impl TreeApiServer for Tree {
    async fn tree_get(&self) -> RpcResult<TreeNode> {
        let state = "running".to_owned();
        let (path, kind) = ("/root".to_owned(), "root".to_owned());
        Ok(TreeNode {
            path,
            kind,
            incarnation: 1,
            state,
            crashes: 0,
            mailbox: None,
            repair: None,
            children: Vec::new(),
        })
    }

    async fn tree_crash(&self, path: String, how: Crash) -> RpcResult<CrashReport> {
        match how {
            Crash::Panic => Ok(CrashReport { path, incident: None }),
            Crash::Stop => Err(code::error_object(&Fault::BadArguments(path))),
        }
    }
}

struct Log;

#[async_trait]
impl LogApiServer for Log {
    async fn log_read(
        &self,
        name: Option<String>,
        _stream: Option<String>,
        _from: Option<LogStart>,
        _max_bytes: Option<u64>,
    ) -> RpcResult<LogSlice> {
        Ok(LogSlice::new(name.unwrap_or_default().into_bytes(), 0))
    }

    async fn log_follow(
        &self,
        pending: PendingSubscriptionSink,
        name: Option<String>,
        _stream: Option<String>,
        _from: Option<LogStart>,
    ) -> SubscriptionResult {
        let sink = pending.accept().await?;
        let text = name.unwrap_or_default();
        let items = [
            LogItem::data(text.into_bytes(), 0, None),
            LogItem::Gap { dropped: 1, resume_from: 9 },
            LogItem::End { reason: "the toy is over".to_owned() },
        ];
        for item in items {
            sink.send(serde_json::value::to_raw_value(&item)?).await?;
        }
        Ok(())
    }
}

/// A site that is being served.
pub(crate) struct Served {
    pub(crate) target: Target,
    pub(crate) toy: Arc<Toy>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), ServeError>>,
    /// Holds the socket's file.
    _directory: TempDir,
}

/// How a test's site differs from the usual.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) is_inet: bool,
    pub(crate) password: Option<&'static str>,
    pub(crate) limits: Limits,
    pub(crate) rows: Vec<PageRow>,
    pub(crate) has_broken_rows: bool,
    /// The log that can be followed, once.
    pub(crate) log: Option<mpsc::Receiver<Bytes>>,
}

pub(crate) fn serve_toy(setup: Setup) -> Served {
    let toy = Arc::new(Toy::default());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.sock");
    let (listener, target) = if setup.is_inet {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (Listener::Inet(listener), Target::Http { host: "127.0.0.1".to_owned(), port })
    } else {
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        (Listener::Unix(listener), Target::Unix(path))
    };
    let identity = Identity {
        name: "treeherd".to_owned(),
        version: "1.2.3".to_owned(),
        identifier: "<supervisor>".to_owned(),
    };
    let mut site = Site::new(methods(&toy), identity);
    site.hosts = vec!["x".to_owned()];
    site.credentials = setup.password.map(credentials);
    site.limits = setup.limits;
    site.started_ms = 1_700_000_000_123;
    site.control = Arc::new(Herd { toy: Arc::clone(&toy), log: Mutex::new(setup.log) });
    let (rows, told) = (setup.rows, Arc::clone(&toy));
    site.rows = Arc::new(move || {
        assert!(!setup.has_broken_rows, "no rows");
        rows.clone()
    });
    site.notify =
        Some(Arc::new(move |notice: &Notice<'_>| told.notices.lock().unwrap().push(format!("{notice:?}"))));
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(serve(listener, site, async {
        _ = stopped.await;
    }));
    Served { target, toy, stop: Some(stop), task, _directory: directory }
}

pub(crate) fn credentials(password: &str) -> Credentials {
    Credentials { username: "chris".to_owned(), password: password.to_owned() }
}

impl Served {
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.target.clone()).with_call_timeout(Some(LONG))
    }

    pub(crate) async fn connect(&self) -> Box<dyn Stream> {
        match &self.target {
            Target::Unix(path) => Box::new(UnixStream::connect(path).await.unwrap()),
            Target::Http { host, port } => {
                Box::new(TcpStream::connect((host.as_str(), *port)).await.unwrap())
            }
        }
    }

    /// Sends `request` and reads until the server closes.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    }

    /// A GET, with more headers.
    pub(crate) async fn get(&self, path: &str, headers: &str) -> String {
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n")).await
    }

    /// A POST of JSON to a path, with more headers.
    pub(crate) async fn post(&self, path: &str, headers: &str, body: &str) -> String {
        self.send("POST", path, &format!("Content-Type: application/json\r\n{headers}"), body).await
    }

    /// Any request, with more headers.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        ))
        .await
    }

    /// What the pages had done since the last time.
    pub(crate) fn acts(&self) -> Vec<String> {
        std::mem::take(&mut *self.toy.acts.lock().unwrap())
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        self.toy.notices.lock().unwrap().clone()
    }

    /// Stops the server and waits until it has ended.
    pub(crate) async fn stop(mut self) {
        self.begin_stop();
        self.ended().await;
    }

    /// Waits until the server has ended.
    pub(crate) async fn ended(self) {
        tokio::time::timeout(LONG, self.task).await.expect("the server ends").unwrap().unwrap();
    }

    pub(crate) fn begin_stop(&mut self) {
        _ = self.stop.take().unwrap().send(());
    }
}

pub(crate) trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Stream for T {}

pub(crate) async fn read_to_end(stream: &mut Box<dyn Stream>) -> String {
    let mut answer = Vec::new();
    let reading = async {
        let mut buffer = [0; 4096];
        // A reset after the answer is an end, too.
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..read]);
        }
    };
    tokio::time::timeout(LONG, reading).await.expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status line's number.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// The JSON after the headers.
pub(crate) fn json(answer: &str) -> serde_json::Value {
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}
