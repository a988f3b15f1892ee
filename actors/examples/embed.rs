//! A program that has an actor of its own and runs a whole tree of processes beside it, without endpoints.
//!
//! ```text
//!   main thread: System ─┬─ Shopkeeper    this program's actor: looks into the arena, asks for the end
//!                        `─ tree::run     loop ─ Root ─ Group... ─ Program...
//!   logs thread, control thread
//! ```
//!
//! ```console
//! $ cargo run -p treeherd-actors --example embed -- shop.conf
//! ```
//!
//! The configuration is Supervisor's. Of `[supervisord]` only what concerns the programs and the log counts;
//! endpoints are left closed.

use actix::{Actor, AsyncContext, Context, WrapFuture};
use actix_rt::{Arbiter, System};
use slog::{Discard, Logger, o};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;
use treeherd_actors::estate::{Arena, GroupEstate, LogSettings, Mood};
use treeherd_actors::mainlog::MainLog;
use treeherd_actors::root::{Household, Root, shutdown};
use treeherd_actors::shared::{Shared, SharedParts, Slot};
use treeherd_actors::tree;
use treeherd_config::{Accounts, Overrides, World};
use treeherd_domain::account::Account;
use treeherd_domain::cause::Asked;
use treeherd_domain::fault::Fault;
use treeherd_domain::spec::{Config, MainLog as Target};
use treeherd_domain::status::ProcessState;
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::{host, user};

/// Where this program says what it sees.
type Out = Box<dyn Write>;

/// Users and groups as this machine knows them.
struct Machine;

impl Accounts for Machine {
    fn user(&self, name_or_uid: &str) -> Option<Account> {
        user::lookup(name_or_uid).ok().flatten()
    }

    fn group(&self, name_or_gid: &str) -> Option<u32> {
        user::group(name_or_gid).ok().flatten()
    }
}

fn load(file: &Path) -> Result<Config, Fault> {
    let world = World {
        environment: std::env::vars().collect(),
        cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
        hostname: host::nodename(),
        home: None,
        accounts: &Machine,
    };
    treeherd_config::load(file, &Overrides::default(), &world).map_err(|report| Fault::CantReread {
        message: report.first().message().to_owned(),
        report: report.to_string(),
    })
}

/// This program's own actor: waits until everything is up, says so, and closes the shop.
struct Shopkeeper {
    shared: Arc<Shared>,
    root: Arc<Slot<actix::Addr<Root>>>,
    out: Option<Out>,
}

impl Actor for Shopkeeper {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let (shared, root) = (Arc::clone(&self.shared), Arc::clone(&self.root));
        let Some(mut out) = self.out.take() else { return };
        let keep = async move {
            // events say that something changed; what is, stands in the arena, without asking an actor
            let mut events = shared.journal.subscribe(None, false).items;
            while !all_up(&shared) && events.recv().await.is_some() {}
            for group in shared.arena.by_priority() {
                for estate in group.by_priority() {
                    let status = estate.status();
                    // nobody may be reading; the shop is closed all the same
                    let _ =
                        writeln!(out, "{} {} pid {}", status.namespec, status.state.as_str(), status.pid);
                }
            }
            shutdown::ask(&shared, &root, Mood::Shutdown, Asked::inside("shutdown"));
        };
        context.spawn(keep.into_actor(self));
    }
}

fn all_up(shared: &Shared) -> bool {
    let groups = shared.arena.groups();
    groups.iter().flat_map(|group| &group.estates).all(|e| e.status().state == ProcessState::Running)
}

/// Runs the tree of a configuration until everything is down again.
///
/// # Errors
/// What is wrong with the configuration, or that the log cannot be opened.
pub(crate) fn run(file: &Path, out: Out) -> Result<Mood, Box<dyn Error>> {
    let config = Arc::new(load(file)?);
    let daemon = &config.daemon;
    let Target::File(log) = &daemon.logfile else { return Err("logfile=syslog is not for this".into()) };
    let main_log = MainLog::open(log, daemon.rotation, false)?;
    let log_settings = LogSettings::new(daemon.childlogdir.clone(), daemon.identifier.clone());
    // what outlives every actor: the processes and their pipes
    let arena = Arc::new(Arena::new(Arc::clone(&config), 0));
    for group in &config.groups {
        arena.add(GroupEstate::new(group, &log_settings));
    }
    let file = file.to_owned();
    let mood = System::new().block_on(async move {
        let (logs, control) = (Arbiter::new(), Arbiter::new());
        let shared = Shared::new(SharedParts {
            arena,
            // lines for people: any slog logger will do
            log: Logger::root(Discard, o!()),
            logs: logs.handle(),
            control: control.handle(),
            environment: Arc::new(BaseEnvironment::of_this_process()),
            path: std::env::var("PATH").ok(),
            server_url: None,
            log_settings,
        });
        let root = Arc::new(Slot::default());
        let keeper = Shopkeeper { shared: Arc::clone(&shared), root: Arc::clone(&root), out: Some(out) };
        let keeper = keeper.start();
        let (sender, done) = mpsc::unbounded_channel();
        let household = Household {
            doors: Vec::new(),
            load: Arc::new(move |_| load(&file)),
            main_log,
            slot: root,
            done: sender,
        };
        let mood = tree::run(shared, household, done).await;
        drop(keeper);
        for arbiter in [control, logs] {
            arbiter.stop();
            // a thread that panicked has nothing left to say
            let _ = arbiter.join();
        }
        mood
    });
    Ok(mood)
}

#[cfg_attr(test, expect(dead_code, reason = "a test that includes this file calls run"))]
fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: embed <configuration file>")?;
    run(Path::new(&file), Box::new(std::io::stdout()))?;
    Ok(())
}
