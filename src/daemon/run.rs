//! The tree's life: three threads, from the first actor to the last.

use super::Source;
use super::signals;
use super::startup::{First, Ready};
use actix_rt::{Arbiter, System};
use slog::{Logger, crit, debug, error, trace, warn};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use treeherd_actors::bridge::Bridge;
use treeherd_actors::endpoint::{Door, MakeSite};
use treeherd_actors::estate::Mood;
use treeherd_actors::root::Household;
use treeherd_actors::shared::{Shared, SharedParts, Slot};
use treeherd_actors::tree;
use treeherd_domain::endpoint::{Address, EndpointSpec};
use treeherd_domain::quote::repr;
use treeherd_domain::spec::Config;
use treeherd_os::environment::BaseEnvironment;
use treeherd_web::{Identity, Notice, Site};

/// How long the last lines of programs may take to their syslog targets.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Runs the tree of a configuration until everything is down; tells whether to start anew, and the exit code if not.
pub(super) fn tree(ready: Ready, source: &Arc<Source>, first: &mut First) -> (Mood, u8) {
    let Ready { config, arena, main_log, log, sockets, files, pidfile, settings } = ready;
    let system = System::new();
    let mood = system.block_on(async {
        let (logs, control) = (Arbiter::new(), Arbiter::new());
        let forwards = Arc::clone(&settings.forwards);
        let shared = Shared::new(SharedParts {
            arena: Arc::clone(&arena),
            log: log.clone(),
            logs: logs.handle(),
            control: control.handle(),
            environment: Arc::new(BaseEnvironment::of_this_process().with_files(first.files)),
            path: std::env::var("PATH").ok(),
            server_url: server_url(&config),
            log_settings: settings,
        });
        let slot = Arc::new(Slot::default());
        let bridge = Bridge::new(Arc::clone(&shared), Arc::clone(&slot), Arc::clone(&main_log));
        let site = site(&bridge, &config, &log);
        let door = |(spec, listener)| Arc::new(Door { spec, listener, site: Arc::clone(&site) });
        let (sender, done) = mpsc::unbounded_channel();
        let load = Arc::clone(source);
        let household = Household {
            doors: sockets.into_iter().map(door).collect(),
            load: Arc::new(move |programs| load.reload(programs)),
            main_log: Arc::clone(&main_log),
            slot: Arc::clone(&slot),
            done: sender,
        };
        main_log.direct(false);
        signals::listen(Arc::clone(&shared), slot, Arc::clone(source));
        let mood = tree::run(shared, household, done).await;
        main_log.direct(true);
        bridge.retire();
        forwards.settle(LAST_LINES).await;
        if let Err(error) = treeherd_os::requests::hold() {
            error!(log, "signals may be lost until the next start: {error}");
        }
        for arbiter in [control, logs] {
            arbiter.stop();
            if arbiter.join().is_err() {
                error!(log, "a thread of the daemon ended by an internal error");
            }
        }
        mood
    });
    (first.seq, first.serial) = (arena.seq(), arena.serial());
    arena.close_sockets();
    for file in files {
        if let Err(error) = file.remove() {
            warn!(log, "cannot remove a socket file: {error}");
        }
    }
    if let Some(Err(error)) = pidfile.map(treeherd_os::pidfile::PidFile::remove) {
        warn!(log, "cannot remove the pid file: {error}");
    }
    main_log.flush();
    if mood == Mood::Shutdown {
        // a disk or a FIFO that does not answer holds up a thread, which is not to hold up the end
        std::mem::forget(system);
    }
    (mood, arena.exit_code())
}

/// What the children are told: the first unix endpoint, else the first inet one.
fn server_url(config: &Config) -> Option<String> {
    let is_unix = |spec: &&EndpointSpec| matches!(spec.address, Address::Unix { .. });
    let endpoint = config.endpoints.iter().find(is_unix).or(config.endpoints.first());
    endpoint.map(|spec| spec.address.to_string())
}

/// The names by which browsers may call this machine.
fn hosts(spec: &EndpointSpec) -> Vec<String> {
    let configured = match &spec.address {
        Address::Inet { host, .. } => Some(host.clone()),
        Address::Unix { .. } => None,
    };
    configured.into_iter().chain([treeherd_os::host::nodename()]).collect()
}

/// What every endpoint serves.
fn site(bridge: &Bridge, config: &Config, log: &Logger) -> MakeSite {
    let identity = Identity {
        name: "treeherd".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        identifier: config.daemon.identifier.clone(),
    };
    let with_supervisor = config.rpcinterfaces.iter().any(|interface| interface.namespace == "supervisor");
    let (bridge, log) = (bridge.clone(), log.clone());
    Arc::new(move |spec: &EndpointSpec| {
        let (rows, log) = (bridge.clone(), log.clone());
        Site {
            credentials: spec.credentials.clone(),
            hosts: hosts(spec),
            rows: Arc::new(move || rows.rows()),
            control: Arc::new(bridge.clone()),
            started_ms: bridge.started_ms(),
            notify: Some(Arc::new(move |notice: &Notice<'_>| note(&log, notice))),
            ..Site::new(bridge.methods(with_supervisor), identity.clone())
        }
    })
}

/// The beginning of a request's body, for one line of the log.
fn quoted(body: &str) -> String {
    const SHOWN: usize = 2000;
    match body.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}... ({} bytes)", repr(&body[..end]), body.len()),
        None => repr(body),
    }
}

fn note(log: &Logger, notice: &Notice<'_>) {
    match notice {
        Notice::Access { caller, method, path, status } => {
            trace!(log, "{caller} - \"{method} {path}\" {status}");
        }
        Notice::Call { caller, method } => trace!(log, "{caller} called {method}"),
        Notice::XmlCall { method } => trace!(log, "XML-RPC method called: {method}()"),
        Notice::XmlAnswer { method, fault: None } => {
            trace!(log, "XML-RPC method {method}() returned successfully");
        }
        Notice::XmlAnswer { method, fault: Some((code, text)) } => {
            trace!(log, "XML-RPC method {method}() returned fault: [{code}] {text}");
        }
        Notice::XmlInvalid { body, reason } => {
            error!(log, "XML-RPC request data {} is invalid: {reason}", quoted(body));
        }
        Notice::XmlFailed { body, error } => {
            let body = quoted(body);
            crit!(log, "Handling XML-RPC request with data {body} raised an unexpected exception: {error}");
        }
        Notice::Panic { incident, doing, message } => {
            error!(log, "internal error (incident {incident}) while {doing}: {message}");
        }
        Notice::AcceptFailed { error } => {
            error!(log, "cannot accept a connection: {error}; trying again in a moment");
        }
        Notice::TurnedAway { limit } => {
            debug!(log, "a connection was turned away: {limit} are open, and more are not allowed");
        }
    }
}
