//! Everything between a valid configuration and the tree, in Supervisor's order, on one thread.
//!
//! Sockets are bound before old AUTO logs are removed, so that a second daemon that is started by mistake
//! fails before it does harm.

use super::wanted::wanted;
use super::{Source, logger, tell};
use slog::{Logger, crit, error, info, warn};
use std::path::Path;
use std::sync::Arc;
use treeherd_actors::estate::{Arena, GroupEstate, LogSettings};
use treeherd_actors::forward::Forwards;
use treeherd_actors::mainlog::MainLog;
use treeherd_actors::sockets::probe;
use treeherd_domain::endpoint::{Address, EndpointSpec};
use treeherd_domain::level::Level;
use treeherd_domain::quote::repr;
use treeherd_domain::spec::{Config, DaemonSpec, MainLog as Target};
use treeherd_os::daemon::FileLimit;
use treeherd_os::pidfile::PidFile;
use treeherd_os::socket::{self, UnixEndpointFile};
use treeherd_os::syslog::{DEV_LOG, Syslog};
use treeherd_os::{autolog, daemon, errno, user};
use treeherd_web::Listener;

/// What is done once for the whole life of the process.
#[derive(Debug)]
pub(super) struct First {
    is_first: bool,
    /// What the programs may open, where the daemon took more for itself.
    pub(super) files: Option<FileLimit>,
    /// The number of the last event of the tree before this one.
    pub(super) seq: u64,
    /// The number of the next event that listeners get.
    pub(super) serial: u64,
}

impl First {
    pub(super) const fn new() -> Self {
        Self { is_first: true, files: None, seq: 0, serial: 0 }
    }
}

/// Why the daemon does not start.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something that whoever starts it can mend: exit status 2.
    Usage {
        /// Supervisor's words.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The log cannot be opened, or the process not daemonised: exit status 1.
    Internal(String),
}

fn usage(message: impl ToString, hint: impl Into<String>) -> Failure {
    Failure::Usage { message: message.to_string(), hint: hint.into() }
}

/// All that the tree needs.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) config: Arc<Config>,
    pub(super) arena: Arc<Arena>,
    pub(super) main_log: Arc<MainLog>,
    pub(super) log: Logger,
    pub(super) sockets: Vec<(EndpointSpec, Listener)>,
    pub(super) files: Vec<UnixEndpointFile>,
    pub(super) pidfile: Option<PidFile>,
    pub(super) settings: LogSettings,
}

/// Notices for the log before there is one, in the order in which Supervisor writes them.
#[derive(Default)]
struct Deferred {
    critical: Vec<String>,
    warn: Vec<String>,
    info: Vec<String>,
}

impl Deferred {
    fn of(config: &Config) -> Self {
        let mut deferred = Self::default();
        for notice in &config.notices {
            let list = if notice.level == Level::Warn { &mut deferred.warn } else { &mut deferred.info };
            list.push(notice.message.clone());
        }
        deferred
    }

    fn write(self, log: &Logger) {
        self.critical.iter().for_each(|line| crit!(log, "{line}"));
        self.warn.iter().for_each(|line| warn!(log, "{line}"));
        self.info.iter().for_each(|line| info!(log, "{line}"));
    }
}

/// Does it.
pub(super) fn prepare(source: &Source, config: &Arc<Config>, first: &mut First) -> Result<Ready, Failure> {
    let spec = &config.daemon;
    let mut deferred = Deferred::of(config);
    drop_privileges(spec, &mut deferred)?;
    if first.is_first {
        let raised = daemon::raise_limits(spec.minfds, spec.minprocs);
        deferred.info.extend(raised.map_err(|error| usage(&error, error.hint()))?);
        // a limit that cannot be raised is the one that minfds has just been held against
        first.files = daemon::use_all_files().ok();
    }
    let main_log = open_log(spec)?;
    let log = logger::logger(Arc::clone(&main_log), spec.loglevel);
    deferred.write(&log);
    let mut bound = Bound::default();
    for endpoint in &config.endpoints {
        if let Err(failure) = bound.bind(endpoint) {
            bound.release();
            return Err(failure);
        }
    }
    if !spec.nocleanup {
        clean_up(spec, &log);
    }
    let settings = log_settings(spec, &log);
    let (desired, scaled) = wanted(source, config, &log);
    let arena = Arc::new(Arena::new(Arc::clone(&scaled), first.seq));
    arena.set_serial(first.serial);
    arena.set_desired(desired);
    if let Err(failure) = populate(&arena, &scaled, &settings) {
        bound.release();
        return Err(failure);
    }
    announce_servers(config, &log);
    if first.is_first && !spec.nodaemon {
        become_daemon(spec, &log)?;
    }
    first.is_first = false;
    let pidfile = write_pidfile(&spec.pidfile, &log);
    let Bound { sockets, files } = bound;
    Ok(Ready { arena, main_log, log, sockets, files, pidfile, settings, config: scaled })
}

fn log_settings(spec: &DaemonSpec, log: &Logger) -> LogSettings {
    LogSettings {
        childlogdir: spec.childlogdir.clone(),
        identifier: spec.identifier.clone(),
        strip_ansi: spec.strip_ansi,
        log: log.clone(),
        debug: (spec.loglevel >= Level::Debug).then(|| log.clone()),
        syslog: Arc::new(Syslog::new(Path::new(DEV_LOG))),
        forwards: Arc::new(Forwards::new(&treeherd_os::host::nodename())),
    }
}

/// The estates of all groups, with their sockets and AUTO files.
fn populate(arena: &Arena, config: &Config, settings: &LogSettings) -> Result<(), Failure> {
    for group in &config.groups {
        let probed = group.fcgi_sockets().into_iter().try_for_each(|socket| probe(socket, &settings.log));
        probed.map_err(|(message, hint)| usage(message, hint))?;
        arena.prepare_sockets(group, &settings.log);
        arena.add(GroupEstate::new(group, settings));
    }
    Ok(())
}

fn drop_privileges(spec: &DaemonSpec, deferred: &mut Deferred) -> Result<(), Failure> {
    match &spec.user {
        Some(account) => {
            let hint = "start as root, or remove user= from [supervisord]";
            user::become_user(account).map_err(|error| usage(error, hint))?;
            deferred.info.push(format!("Set uid to user {} succeeded", account.uid));
        }
        None if user::current_uid() == 0 => deferred.critical.push(
            "Supervisor is running as root.  Privileges were not dropped because no user is specified in the \
             config file.  If you intend to run as root, you can set user=root in the config file to avoid \
             this message."
                .to_owned(),
        ),
        None => {}
    }
    Ok(())
}

fn open_log(spec: &DaemonSpec) -> Result<Arc<MainLog>, Failure> {
    let echo = spec.nodaemon && !spec.silent;
    let opened = match &spec.logfile {
        Target::File(path) => MainLog::open(path, spec.rotation, echo).map_err(|error| error.to_string()),
        Target::Syslog => MainLog::syslog(Path::new(DEV_LOG), echo)
            .map_err(|error| format!("cannot log to syslog at {DEV_LOG}: {error}")),
    };
    opened.map_err(|error| {
        Failure::Internal(format!(
            "{error}; make it writable, or give another logfile in [supervisord] or by -l"
        ))
    })
}

/// Sockets that are listening already.
#[derive(Default)]
struct Bound {
    sockets: Vec<(EndpointSpec, Listener)>,
    files: Vec<UnixEndpointFile>,
}

impl Bound {
    fn bind(&mut self, endpoint: &EndpointSpec) -> Result<(), Failure> {
        let listener = match &endpoint.address {
            Address::Unix { file, chmod, chown } => {
                let bound = socket::bind_unix(file, *chmod, *chown);
                let bound = bound.map_err(|error| usage(&error, error.hint()))?;
                bound.notice.iter().for_each(|notice| tell(&format!("{notice}\n")));
                self.files.push(bound.file);
                Listener::Unix(bound.listener)
            }
            Address::Inet { host, port } => {
                let bound = socket::bind_inet(host, *port);
                Listener::Inet(bound.map_err(|error| usage(&error, error.hint()))?)
            }
        };
        self.sockets.push((endpoint.clone(), listener));
        Ok(())
    }

    /// Takes back what this process bound before it failed.
    fn release(self) {
        for file in self.files {
            // it was ours a moment ago; what cannot be removed is found stale by the next daemon
            let _ = file.remove();
        }
    }
}

/// Removes the AUTO logs of earlier runs of this identifier.
fn clean_up(spec: &DaemonSpec, log: &Logger) {
    match autolog::clean_up(&spec.identifier, &spec.childlogdir) {
        Ok(cleaned) => {
            for (path, error) in cleaned.failed {
                warn!(log, "Failed to clean up '{}'", path.display());
                warn!(log, "{}: {error}", path.display());
            }
        }
        Err(error) => {
            warn!(log, "Could not clear childlog dir");
            warn!(log, "{}: {error}", spec.childlogdir.display());
        }
    }
}

fn announce_servers(config: &Config, log: &Logger) {
    for endpoint in &config.endpoints {
        for interface in &config.rpcinterfaces {
            info!(log, "RPC interface '{}' initialized", interface.namespace);
        }
        if endpoint.credentials.is_none() {
            crit!(log, "Server '{}' running without any HTTP authentication checking", endpoint.section);
        }
    }
}

fn become_daemon(spec: &DaemonSpec, log: &Logger) -> Result<(), Failure> {
    daemon::daemonize().map_err(|error| Failure::Internal(error.to_string()))?;
    info!(log, "daemonizing the supervisord process");
    if let Some(directory) = &spec.directory {
        let path = repr(&directory.to_string_lossy());
        match daemon::chdir(directory) {
            Ok(()) => info!(log, "set current directory: {path}"),
            Err(error) => {
                let errno = nix::errno::Errno::from_raw(errno::of(&error));
                let (number, reason) = (errno as i32, errno.desc());
                crit!(log, "can't chdir into {path}: [Errno {number}] {reason}: {path}");
            }
        }
    }
    daemon::set_umask(spec.umask);
    Ok(())
}

fn write_pidfile(path: &Path, log: &Logger) -> Option<PidFile> {
    match PidFile::write(path) {
        Ok(file) => {
            info!(log, "supervisord started with pid {}", std::process::id());
            Some(file)
        }
        Err(failed) => {
            crit!(log, "{failed}");
            error!(log, "{}: {}; it runs on without a pid file", path.display(), failed.source);
            None
        }
    }
}
