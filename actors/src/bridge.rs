//! The bridge: JSON-RPC methods on one side, the arena and the root on the other.
//!
//! ```text
//!   endpoint ─► methods ─┬─ reads: straight from the arena, on the caller's thread
//!                        └─ commands: message to Root ─► outcomes, gathered under a deadline
//! ```
//!
//! A command is sent before anything is awaited, so that it is carried out even if the caller goes away.
//! The root is looked up for each call. Every call ends: with its outcomes, a fault, or after its
//! deadline. Absent: transport, authentication, error codes (those of `web` and `rpc`).

mod act;
mod config;
mod desired;
mod events;
mod graph;
mod groups;
mod logs;
mod native;
mod probes;
mod rolling;
mod scale;
mod supervisor;
mod system;
mod tree;
mod web;
mod why;

use crate::clock;
use crate::estate::{Estate, GroupEstate, Mood};
use crate::mainlog::MainLog;
use crate::root::Root;
use crate::shared::{Shared, Slot};
use actix::dev::{MessageResponse, ToEnvelope};
use actix::{Addr, Handler, Message};
use jsonrpsee::{Methods, RpcModule};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{Namespec, Target};
use treeherd_domain::status::{LocalTime, ProcessStatus};
use treeherd_os::clock::local_time;
use treeherd_os::watch::Watcher;
use treeherd_rpc::api::{
    ConfigApiServer, EventApiServer, GroupApiServer, LogApiServer, ProbeApiServer, ProcessApiServer,
    SupervisorApiServer, SystemApiServer, TreeApiServer,
};
use treeherd_web::PageRow;

/// The version of Supervisor whose behaviour this is.
pub const SUPERVISOR_VERSION: &str = "4.3.0";
/// The version of Supervisor's API.
pub const API_VERSION: &str = "3.0";

/// How long a call waits for a root that is being rebuilt.
const REBUILD: Duration = Duration::from_secs(5);

/// What every method has.
#[derive(Clone)]
pub struct Bridge(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    root: Arc<Slot<Addr<Root>>>,
    main_log: Arc<MainLog>,
    started_ms: u64,
    methods: Slot<Methods>,
    watcher: Watcher,
    /// Turns at looking into followed logs.
    looks: Arc<Semaphore>,
    /// Held by the change of a group's processes that is under way.
    updates: Mutex<()>,
    /// What rolling restarts are at work on.
    rolling: rolling::Claimed,
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bridge")
    }
}

impl Bridge {
    /// A bridge to the root that stands in this slot.
    #[must_use]
    pub fn new(shared: Arc<Shared>, root: Arc<Slot<Addr<Root>>>, main_log: Arc<MainLog>) -> Self {
        let started_ms = clock::wall_ms();
        Self(Arc::new(Inner {
            shared,
            root,
            main_log,
            started_ms,
            methods: Slot::default(),
            watcher: Watcher::default(),
            looks: Arc::new(Semaphore::new(web::LOOKS)),
            updates: Mutex::new(()),
            rolling: rolling::Claimed::default(),
        }))
    }

    /// The methods of all namespaces. `with_supervisor`: whether Supervisor's own are among them (there is
    /// an `[rpcinterface:supervisor]`); the first call decides.
    #[must_use]
    pub fn methods(&self, with_supervisor: bool) -> Methods {
        self.0.methods.get().unwrap_or_else(|| {
            let methods = self.merge(with_supervisor);
            self.0.methods.set(methods.clone());
            methods
        })
    }

    /// Lets go of the methods, which hold this bridge as it holds them: without it, a daemon that starts anew
    /// would keep the whole tree before.
    pub fn retire(&self) {
        self.0.methods.clear();
    }

    fn merge(&self, with_supervisor: bool) -> Methods {
        let mut module = RpcModule::new(());
        let mut add = |methods: Methods| {
            module.merge(methods).expect("no two namespaces have a method of the same name");
        };
        if with_supervisor {
            add(SupervisorApiServer::into_rpc(self.clone()).into());
        }
        add(SystemApiServer::into_rpc(self.clone()).into());
        add(ProcessApiServer::into_rpc(self.clone()).into());
        add(GroupApiServer::into_rpc(self.clone()).into());
        add(ProbeApiServer::into_rpc(self.clone()).into());
        add(ConfigApiServer::into_rpc(self.clone()).into());
        add(LogApiServer::into_rpc(self.clone()).into());
        add(EventApiServer::into_rpc(self.clone()).into());
        add(TreeApiServer::into_rpc(self.clone()).into());
        module.into()
    }

    /// The rows of the status page.
    #[must_use]
    pub fn rows(&self) -> Vec<PageRow> {
        let row = |estate: &Arc<Estate>| {
            let status = estate.status();
            PageRow {
                state: status.state.as_str().to_owned(),
                description: describe(&status),
                name: status.namespec.to_string(),
                disabled: status.disabled,
            }
        };
        self.estates().iter().map(row).collect()
    }

    /// When the daemon was started, in milliseconds since the epoch.
    #[must_use]
    pub fn started_ms(&self) -> u64 {
        self.0.started_ms
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// All processes by group, then by name.
    fn estates(&self) -> Vec<Arc<Estate>> {
        let sorted = |group: &Arc<GroupEstate>| {
            let mut estates = group.estates.clone();
            estates.sort_by(|a, b| a.namespec.process.cmp(&b.namespec.process));
            estates
        };
        self.shared().arena.groups().iter().flat_map(sorted).collect()
    }

    /// Refuses once the daemon stops.
    fn check_running(&self) -> Result<(), Fault> {
        match self.shared().arena.mood() {
            Mood::Running => Ok(()),
            Mood::Restarting | Mood::Shutdown => Err(Fault::ShutdownState),
        }
    }

    /// The one process that a name names; the fault shows the name as given.
    fn process(&self, name: &str) -> Result<Arc<Estate>, Fault> {
        let unknown = || Fault::ProcessNotFound(name.to_owned());
        match Namespec::parse(name) {
            Target::Process(namespec) => self.shared().arena.estate(&namespec).ok_or_else(unknown),
            Target::Group(_) => Err(unknown()),
        }
    }

    fn group(&self, name: &str) -> Result<Arc<GroupEstate>, Fault> {
        self.shared().arena.group(name).ok_or_else(|| Fault::GroupNotFound(name.to_owned()))
    }

    /// The root of this moment, or the one that is being built.
    async fn root(&self) -> Result<Addr<Root>, Fault> {
        if let Some(root) = self.0.root.get().filter(Addr::connected) {
            return Ok(root);
        }
        let rebuilt = self.0.root.wait_for(Addr::connected);
        tokio::time::timeout(REBUILD, rebuilt).await.map_err(|_| self.crashed())
    }

    fn crashed(&self) -> Fault {
        self.shared().unanswered()
    }

    /// Sends a message to the root and waits for its answer, which comes about even if the caller of
    /// this goes away.
    async fn ask<M, T>(&self, message: M) -> Result<T, Fault>
    where
        M: Message<Result = Result<T, Fault>> + Send + 'static,
        T: Send + 'static,
        Root: Handler<M>,
        <Root as actix::Actor>::Context: ToEnvelope<Root, M>,
        <Root as Handler<M>>::Result: MessageResponse<Root, M>,
    {
        let root = self.root().await?;
        let answer = tokio::spawn(async move { root.send(message).await });
        match answer.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(self.crashed()),
        }
    }
}

/// Supervisor's one-line description, in local time.
fn describe(status: &ProcessStatus) -> String {
    let stopped_at = match u64::try_from(status.stop) {
        Ok(stop) if status.state.is_stopped() => local_time(stop * 1000),
        Ok(_) | Err(_) => LocalTime::default(),
    };
    status.description(stopped_at)
}
