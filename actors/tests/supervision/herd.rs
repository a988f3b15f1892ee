//! A whole tree in a thread of its own, over real processes, with a directory and a socket of its own.
//!
//! ```text
//!   test ── JSON-RPC methods ──► Bridge ─┐        tree thread: loop, Root, ...
//!      └─── arena, journal, log ◄────────┴──────► logs thread, control thread
//! ```
//!
//! [`with`] ends with the proof that everything is down and nothing is left.

use crate::toy::quiet;
use actix::Addr;
use actix_rt::{Arbiter, System};
use serde_json::{Value, json};
use slog::{Drain, Logger, Never, OwnedKVList, Record, o};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc;
use treeherd_actors::bridge::Bridge;
use treeherd_actors::clock;
use treeherd_actors::endpoint::Door;
use treeherd_actors::estate::{Arena, Estate, GroupEstate, LogSettings, Mood};
use treeherd_actors::mainlog::MainLog;
use treeherd_actors::root::{Household, Root, shutdown};
use treeherd_actors::shared::{Shared, SharedParts, Slot};
use treeherd_actors::tree;
use treeherd_config::{Accounts, Overrides, World};
use treeherd_domain::account::Account;
use treeherd_domain::cause::Asked;
use treeherd_domain::endpoint::{Address, EndpointSpec};
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::scale::Programs;
use treeherd_domain::signal::Signal;
use treeherd_domain::spec::Config;
use treeherd_domain::status::{ProcessState, ProcessStatus};
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::process::Scope;
use treeherd_os::socket::{UnixEndpointFile, bind_unix};
use treeherd_web::{Identity, Limits, Listener, Site};

/// Longer than any wait in these tests should take, also on a machine that has other things to do.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

struct Nobody;

impl Accounts for Nobody {
    fn user(&self, _: &str) -> Option<Account> {
        None
    }

    fn group(&self, _: &str) -> Option<u32> {
        None
    }
}

/// The lines of the daemon's log, collected, and written by the scribe as in the daemon.
struct Lines {
    seen: Arc<Mutex<Vec<(Instant, String)>>>,
    log: Arc<MainLog>,
}

impl Drain for Lines {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Never> {
        let line = format!("{} {}", record.level().as_short_str(), record.msg());
        self.log.line(format!("{line}\n").into_bytes());
        self.seen.lock().unwrap().push((clock::now(), line));
        Ok(())
    }
}

/// A running tree.
pub(crate) struct Herd {
    pub(crate) dir: TempDir,
    pub(crate) shared: Arc<Shared>,
    pub(crate) bridge: Bridge,
    pub(crate) slot: Arc<Slot<Addr<Root>>>,
    lines: Arc<Mutex<Vec<(Instant, String)>>>,
    thread: Option<JoinHandle<Mood>>,
    file: Option<UnixEndpointFile>,
}

/// What a tree is started from.
struct Made {
    config: Arc<Config>,
    main_log: Arc<MainLog>,
    log: Logger,
    doors: Vec<(EndpointSpec, Listener)>,
    load: treeherd_actors::root::Load,
}

/// Runs a test over a tree of these programs and proves that nothing is left of it.
pub(crate) fn with(programs: &str, test: impl AsyncFnOnce(&Herd)) {
    let herd = Herd::start(programs, |_, doors| doors);
    over(herd, test);
}

/// The same over a tree that was started already.
pub(crate) fn over(herd: Herd, test: impl AsyncFnOnce(&Herd)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        herd.after("root", &[]).await;
        test(&herd).await;
    });
    // what the runtime still holds of the tree goes first
    drop(runtime);
    herd.finish();
}

/// The nodes of a tree on the way to one of them.
fn way<'a>(tree: &'a Value, path: &str) -> Option<Vec<&'a Value>> {
    let mut nodes = vec![tree];
    let mut at = "root".to_owned();
    for step in path.split('/').skip(1) {
        at = format!("{at}/{step}");
        let children = nodes.last()?["children"].as_array()?;
        nodes.push(children.iter().find(|child| child["path"] == at.as_str())?);
    }
    Some(nodes)
}

fn load(file: &Path, programs: &Programs) -> Config {
    let world = World {
        environment: std::env::vars().collect(),
        cwd: PathBuf::from("/"),
        hostname: "here".to_owned(),
        home: None,
        accounts: &Nobody,
    };
    let overrides = Overrides { programs: programs.clone(), ..Overrides::default() };
    treeherd_config::load(file, &overrides, &world).unwrap_or_else(|report| panic!("{report}"))
}

impl Herd {
    /// Starts a tree; `doors` may change the sockets before.
    pub(crate) fn start(
        programs: &str,
        doors: impl FnOnce(&Path, Vec<(EndpointSpec, Listener)>) -> Vec<(EndpointSpec, Listener)>,
    ) -> Self {
        quiet();
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path().display();
        let file = dir.path().join("herd.conf");
        // a text may begin with keys of [supervisord]
        let key = if programs.starts_with("fault_injection") { "" } else { "fault_injection=true\n" };
        let head = format!(
            "[unix_http_server]\nfile={here}/herd.sock\n[rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
             [supervisord]\nlogfile={here}/main.log\npidfile={here}/herd.pid\nchildlogdir={here}\n{key}"
        );
        std::fs::write(&file, format!("{head}{programs}")).unwrap();
        let config = Arc::new(load(&file, &Programs::new()));
        let main_log = MainLog::open(&dir.path().join("main.log"), config.daemon.rotation, false).unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = Logger::root(Lines { seen: Arc::clone(&lines), log: Arc::clone(&main_log) }, o!());
        let (sockets, socket_file) = bind(&config);
        let doors = doors(dir.path(), sockets);
        let load = Arc::new(move |programs: &Programs| Ok::<_, Fault>(load(&file, programs)));
        let made = Made { config, main_log, log, doors, load };
        let (told, tell) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || run(made, &told));
        let (shared, bridge, slot) = tell.recv().unwrap();
        Self { dir, shared, bridge, slot, lines, thread: Some(thread), file: Some(socket_file) }
    }

    /// The lines of the daemon's log so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().iter().map(|(_, line)| line.clone()).collect()
    }

    /// Those after the first so many, with their times.
    pub(crate) fn lines_from(&self, from: usize) -> Vec<(Instant, String)> {
        self.lines.lock().unwrap()[from..].to_vec()
    }

    /// How many of them hold this text.
    pub(crate) fn logged(&self, text: &str) -> usize {
        self.lines().iter().filter(|line| line.contains(text)).count()
    }

    /// A file in the test's directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The content of a file in the test's directory; empty if there is none.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A process of a group.
    pub(crate) fn estate(&self, name: &str) -> Arc<Estate> {
        let (group, process) = name.split_once(':').unwrap_or((name, name));
        let namespec = Namespec::new(GroupName::new(group), ProcessName::new(process));
        self.shared.arena.estate(&namespec).unwrap_or_else(|| panic!("no {name}"))
    }

    pub(crate) fn status(&self, name: &str) -> ProcessStatus {
        self.estate(name).status()
    }

    pub(crate) fn pid(&self, name: &str) -> i32 {
        self.status(name).pid
    }

    /// All processes: name, state, pid, start, incarnation.
    pub(crate) fn snapshot(&self) -> Vec<(String, ProcessState, i32, i64, u64)> {
        let groups = self.shared.arena.groups();
        let statuses = groups.iter().flat_map(|group| &group.estates).map(|estate| estate.status());
        statuses.map(|s| (s.namespec.to_string(), s.state, s.pid, s.start, s.incarnation)).collect()
    }

    /// Sends a signal to a process, behind the daemon's back.
    pub(crate) fn kill(&self, name: &str, signal: Signal) {
        let process = self.estate(name).record().process.clone().unwrap();
        process.signal(signal, Scope::Process).unwrap();
    }

    /// Waits for a condition.
    #[track_caller]
    pub(crate) fn until<'a>(
        &'a self,
        what: &'a str,
        mut holds: impl FnMut() -> bool + 'a,
    ) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let wait = async {
                while !holds() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            if tokio::time::timeout(DEADLINE, wait).await.is_err() {
                let lines = self.lines();
                let last = &lines[lines.len().saturating_sub(30)..];
                panic!("{caller}: not {what}; {:#?}\n{last:#?}", self.snapshot());
            }
        }
    }

    /// Waits until a process is in a state.
    #[track_caller]
    pub(crate) fn state<'a>(&'a self, name: &'a str, state: ProcessState) -> impl Future<Output = ()> + 'a {
        self.until("in that state", move || self.status(name).state == state)
    }

    /// Calls a method; the answer's `result` or its `error`.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, Value> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let call = async {
            let (answer, _) = self.bridge.methods(true).raw_json_request(&request, 1).await.unwrap();
            serde_json::from_str::<Value>(answer.get()).unwrap()
        };
        let answer = tokio::time::timeout(DEADLINE, call).await;
        let answer = answer.unwrap_or_else(|_| panic!("{method} is not answered; {:#?}", self.lines()));
        answer.get("result").cloned().ok_or_else(|| answer["error"].clone())
    }

    /// The incarnations on the way to an actor; `None` while one of them is missing.
    pub(crate) async fn incarnations(&self, path: &str) -> Option<Vec<u64>> {
        let tree = self.call("tree.get", json!({})).await.ok()?;
        way(&tree, path)?.into_iter().map(|node| node["incarnation"].as_u64()).collect()
    }

    /// How long an actor was missing before it was started last, as the tree tells; waits until it is back.
    pub(crate) async fn repair(&self, path: &str) -> Duration {
        let told = async {
            loop {
                let tree = self.call("tree.get", json!({})).await.ok();
                let nodes = tree.as_ref().and_then(|tree| way(tree, path));
                let last = nodes.and_then(|nodes| nodes.last()?["repair"].as_u64());
                if let Some(micros) = last {
                    return Duration::from_micros(micros);
                }
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        };
        let told = tokio::time::timeout(DEADLINE, told).await;
        told.unwrap_or_else(|_| panic!("{path} has no repair: {:#?}", self.lines()))
    }

    /// Ends an actor by a bug.
    pub(crate) async fn strike(&self, path: &str, how: &str) {
        let struck = self.call("tree.crash", json!({"path": path, "how": how})).await;
        assert_eq!(struck.map(|report| report["path"].clone()), Ok(json!(path)));
    }

    /// Ends an actor by a bug and waits for its successor.
    pub(crate) async fn crash(&self, path: &str, how: &str) {
        let before = self.here(path).await;
        self.strike(path, how).await;
        self.after(path, &before).await;
    }

    /// The incarnations on the way to an actor that there is, once it shows itself.
    pub(crate) async fn here(&self, path: &str) -> Vec<u64> {
        let here = async {
            loop {
                if let Some(way) = self.incarnations(path).await {
                    return way;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let here = tokio::time::timeout(DEADLINE, here).await;
        here.unwrap_or_else(|_| panic!("no actor at {path}: {:#?}", self.lines()))
    }

    /// Waits until an actor, or one above it, has a successor.
    pub(crate) async fn after(&self, path: &str, before: &[u64]) {
        let back = async {
            while self.incarnations(path).await.is_none_or(|now| now == before) {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        };
        let back = tokio::time::timeout(DEADLINE, back).await;
        assert!(back.is_ok(), "{path} does not come back: {:#?}", self.lines());
    }

    /// Whether nothing of the tree is left.
    pub(crate) fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn end(&self) {
        shutdown::ask(&self.shared, &self.slot, Mood::Shutdown, Asked::inside("shutdown"));
    }

    /// Ends the tree and proves that nothing is left.
    fn finish(mut self) {
        self.end();
        let mood = self.join();
        assert_eq!(mood, Some(Mood::Shutdown), "{:#?}", self.lines());
        for (name, state, pid, ..) in self.snapshot() {
            assert!(pid == 0 && state.is_stopped(), "{name} is {state:?} with pid {pid}");
        }
        for line in self.lines() {
            if let Some((_, pid)) = line.split_once("' with pid ") {
                let parent = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
                let ours = format!("PPid:\t{}\n", std::process::id());
                assert!(!parent.contains(&ours), "{line}: it is still there");
            }
        }
        let file = self.file.take().unwrap();
        let socket = file.path().to_owned();
        assert!(file.remove().unwrap());
        assert!(!socket.exists());
    }

    fn join(&mut self) -> Option<Mood> {
        let thread = self.thread.take()?;
        let begun = clock::now();
        while !thread.is_finished() && clock::now() - begun < DEADLINE {
            std::thread::sleep(Duration::from_millis(10));
        }
        if thread.is_finished() { thread.join().ok() } else { None }
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // a test failed: take the tree down all the same, and at once
            self.end();
            for group in self.shared.arena.groups() {
                for process in group.estates.iter().filter_map(|estate| estate.record().process.clone()) {
                    let _ = process.signal(Signal::KILL, Scope::Group);
                }
            }
            self.join();
        }
    }
}

fn bind(config: &Config) -> (Vec<(EndpointSpec, Listener)>, UnixEndpointFile) {
    let spec = config.endpoints[0].clone();
    let Address::Unix { file, chmod, chown } = &spec.address else { panic!("not a unix socket") };
    let bound = bind_unix(file, *chmod, *chown).unwrap();
    (vec![(spec, Listener::Unix(bound.listener))], bound.file)
}

type Told = (Arc<Shared>, Bridge, Arc<Slot<Addr<Root>>>);

fn run(made: Made, told: &std::sync::mpsc::Sender<Told>) -> Mood {
    let Made { config, main_log, log, doors, load } = made;
    let settings = LogSettings {
        log: log.clone(),
        ..LogSettings::new(config.daemon.childlogdir.clone(), config.daemon.identifier.clone())
    };
    let arena = Arc::new(Arena::new(Arc::clone(&config), 0));
    for group in &config.groups {
        arena.add(GroupEstate::new(group, &settings));
    }
    System::new().block_on(async {
        let (logs, control) = (Arbiter::new(), Arbiter::new());
        let shared = Shared::new(SharedParts {
            arena,
            log,
            logs: logs.handle(),
            control: control.handle(),
            environment: Arc::new(BaseEnvironment::of_this_process()),
            path: std::env::var("PATH").ok(),
            server_url: None,
            log_settings: settings,
        });
        let slot = Arc::new(Slot::default());
        let bridge = Bridge::new(Arc::clone(&shared), Arc::clone(&slot), Arc::clone(&main_log));
        let identity = Identity {
            name: "treeherd".to_owned(),
            version: "0".to_owned(),
            identifier: "herd".to_owned(),
        };
        let methods = bridge.methods(true);
        // a request that never ends is waited for for as long
        let limits = Limits { grace: DEADLINE, body_time: DEADLINE, ..Limits::default() };
        let site: treeherd_actors::endpoint::MakeSite =
            Arc::new(move |_| Site { limits, ..Site::new(methods.clone(), identity.clone()) });
        let door = |(spec, listener)| Arc::new(Door { spec, listener, site: Arc::clone(&site) });
        let (sender, done) = mpsc::unbounded_channel();
        let household = Household {
            doors: doors.into_iter().map(door).collect(),
            load,
            main_log: Arc::clone(&main_log),
            slot: Arc::clone(&slot),
            done: sender,
        };
        main_log.direct(false);
        told.send((Arc::clone(&shared), bridge, slot)).unwrap();
        let mood = tree::run(shared, household, done).await;
        main_log.direct(true);
        for arbiter in [control, logs] {
            arbiter.stop();
            arbiter.join().unwrap();
        }
        mood
    })
}
