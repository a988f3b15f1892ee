//! A daemon that answers by script: JSON-RPC over a unix socket in a directory of its own, on a thread of
//! its own. What it is asked is written down.

use jsonrpsee::server::{Methods, RpcModule, Server, serve_with_graceful_shutdown, stop_channel};
use jsonrpsee::types::Params;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::net::UnixListener;
use treeherd_domain::fault::Fault;
use treeherd_domain::status::ProcessState;
use treeherd_rpc::code::error_object;

/// What a method answers, by its parameters.
type Answer = Result<Value, Fault>;

/// The script of a fake daemon.
pub(crate) struct Script {
    module: RpcModule<()>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Script {
    /// A daemon that knows its API version and nothing else.
    pub(crate) fn new() -> Self {
        let script = Self { module: RpcModule::new(()), calls: Arc::default() };
        script.on("supervisor.getAPIVersion", |_| Ok(json!("3.0")))
    }

    /// Answers a method; a later answer replaces an earlier one.
    pub(crate) fn on(mut self, method: &'static str, answer: fn(&Value) -> Answer) -> Self {
        let calls = Arc::clone(&self.calls);
        self.module.remove_method(method);
        let registered = self.module.register_method(method, move |params: Params<'_>, (), _| {
            let params: Value = params.parse().unwrap_or(Value::Null);
            if method != "supervisor.getAPIVersion" {
                calls.lock().unwrap().push(format!("{method} {params}"));
            }
            answer(&params).map_err(|fault| error_object(&fault))
        });
        registered.unwrap();
        self
    }

    /// Removes a method.
    pub(crate) fn without(mut self, method: &'static str) -> Self {
        self.module.remove_method(method);
        self
    }

    /// The methods, to add a subscription.
    pub(crate) fn module(&mut self) -> &mut RpcModule<()> {
        &mut self.module
    }

    /// Listens.
    pub(crate) fn serve(self) -> Fake {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s.sock");
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (methods, path) = (Methods::from(self.module), socket);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = UnixListener::bind(path).unwrap();
                ready.send(()).unwrap();
                tokio::select! {
                    () = accept(listener, methods) => {}
                    _ = stopped => {}
                }
            });
        });
        is_ready.recv().unwrap();
        let fake = Fake { dir, calls: self.calls, stop: Some(stop), thread: Some(thread) };
        std::fs::write(fake.config(), fake.config_text()).unwrap();
        fake
    }
}

async fn accept(listener: UnixListener, methods: Methods) {
    let (stop, _handle) = stop_channel();
    let builder = Server::builder().to_service_builder();
    while let Ok((stream, _)) = listener.accept().await {
        let service = builder.clone().build(methods.clone(), stop.clone());
        tokio::spawn(serve_with_graceful_shutdown(stream, service, stop.clone().shutdown()));
    }
}

/// A fake daemon that listens until it is dropped.
pub(crate) struct Fake {
    dir: TempDir,
    calls: Arc<Mutex<Vec<String>>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Fake {
    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.dir.path().join("s.sock").display())
    }

    /// An address at which nobody listens.
    pub(crate) fn away(&self) -> String {
        format!("unix://{}", self.dir.path().join("away.sock").display())
    }

    /// A configuration file that names it.
    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("supervisord.conf")
    }

    fn config_text(&self) -> String {
        format!("[supervisorctl]\nserverurl={}\nprompt=fake\n", self.url())
    }

    /// `supervisorctl` with these words, ready to be started.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
        command.arg("-c").arg(self.config()).args(words).stdin(Stdio::null());
        command
    }

    /// Runs `supervisorctl` with these words.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        Ended::from(self.command(words).output().unwrap())
    }

    /// What it was asked, the version apart.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.stop.take());
        let joined = self.thread.take().map(std::thread::JoinHandle::join);
        assert!(joined.is_some_and(|joined| joined.is_ok()) || std::thread::panicking());
    }
}

/// A program that has ended.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Ended {
    /// What it wrote to stdout.
    pub(crate) out: String,
    /// What it wrote to stderr.
    pub(crate) err: String,
    /// Its exit status.
    pub(crate) code: Option<i32>,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
    }
}

/// A row of `getAllProcessInfo`.
pub(crate) fn process(group: &str, name: &str, state: i32, statename: &str, pid: i32) -> Value {
    json!({
        "name": name, "group": group, "start": 0, "stop": 0, "now": 0, "state": state, "statename": statename,
        "spawnerr": "", "exitstatus": 0, "logfile": "", "stdout_logfile": "", "stderr_logfile": "", "pid": pid,
        "description": format!("about {name}"),
    })
}

/// A row of the group and "all" methods.
pub(crate) fn row(group: &str, name: &str, status: i32) -> Value {
    let description = if status == 80 { "OK".to_owned() } else { format!("FAULT {status}") };
    json!({"name": name, "group": group, "status": status, "description": description})
}

/// A row of `getAllConfigInfo`.
pub(crate) fn config(group: &str, name: &str, inuse: bool, autostart: bool, prio: i32) -> Value {
    json!({
        "name": name, "group": group, "inuse": inuse, "autostart": autostart, "group_prio": prio,
        "process_prio": 5, "autorestart": "unexpected", "command": "x", "directory": "none", "exitcodes": [0],
        "killasgroup": false, "redirect_stderr": false, "serverurl": "none", "startretries": 3,
        "startsecs": 1, "stderr_capture_maxbytes": 0, "stderr_events_enabled": false,
        "stderr_logfile": "auto", "stderr_logfile_backups": 10, "stderr_logfile_maxbytes": 1,
        "stderr_syslog": false, "stdout_capture_maxbytes": 0, "stdout_events_enabled": false,
        "stdout_logfile": "auto", "stdout_logfile_backups": 10, "stdout_logfile_maxbytes": 1,
        "stdout_syslog": false, "stopsignal": 15, "stopwaitsecs": 10, "uid": "none",
    })
}

/// An entry of `process.list`: a process that was started once.
pub(crate) fn info(group: &str, name: &str, state: &str) -> Value {
    let code = ProcessState::parse(state).unwrap().code();
    json!({
        "name": name, "group": group, "state": state, "stateCode": code, "incarnation": 1, "restarts": 0,
        "attempt": 0, "logs": {}, "description": format!("about {name}"), "seq": 7,
        "ready": state == "RUNNING", "health": "unknown", "view": state,
    })
}
