//! `[supervisord]`: the daemon's own keys, the command line applied.

use crate::environment;
use crate::expand::Vars;
use crate::format::Value;
use crate::keys::{Context, Keys};
use crate::path::{normalize, temporary_directory};
use crate::raw::RawSection;
use crate::report::Error;
use crate::{Overrides, strategy, value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use treeherd_domain::account::Account;
use treeherd_domain::level::Level;
use treeherd_domain::name::Namespec;
use treeherd_domain::quote::repr;
use treeherd_domain::rotation::Rotation;
use treeherd_domain::spec::{DaemonSpec, Environment, GroupSpec, MainLog, StopOrder};

/// What the section says, and the text of `user`, which is looked up last of all.
pub(crate) struct Daemon {
    pub(crate) spec: DaemonSpec,
    pub(crate) user: User,
}

/// Where the daemon's user is named.
pub(crate) enum User {
    /// Nowhere.
    None,
    /// In the file.
    File(String),
    /// On the command line.
    CommandLine(String),
}

/// Reads the section. Keys that the command line overrides are checked all the same, as in Supervisor.
pub(crate) fn read(context: &Context<'_>, section: &RawSection, overrides: &Overrides) -> Daemon {
    let world = context.world;
    let environment = vec![&world.environment];
    let keys = Keys::new(context, section, Vars::new(Vec::new(), environment));
    let relative = |name: &str| normalize(Path::new(name), &world.cwd);

    let minfds = keys.get("minfds", 1024, value::integer);
    let minprocs = keys.get("minprocs", 200, value::integer);
    let directory = keys.value("directory", |text| value::existing_directory(text, world));
    let user = keys.text("user").map(std::borrow::Cow::into_owned);
    let umask = keys.get("umask", 0o022, value::octal);
    let logfile = keys
        .get("logfile", MainLog::File(relative("supervisord.log")), |text| value::main_log(text, world));
    let maxbytes = keys.get("logfile_maxbytes", Rotation::default().maxbytes, value::byte_size);
    let backups = keys.get("logfile_backups", Rotation::default().backups, value::integer);
    let loglevel = keys.get("loglevel", Level::Info, value::level);
    let pidfile =
        keys.get("pidfile", relative("supervisord.pid"), |text| value::existing_dirpath(text, world));
    let identifier = keys.text("identifier").map_or_else(|| "supervisor".to_owned(), String::from);
    let nodaemon = keys.get("nodaemon", false, value::boolean);
    let silent = keys.get("silent", false, value::boolean);
    let childlogdir = keys.value("childlogdir", |text| value::existing_directory(text, world));
    let nocleanup = keys.get("nocleanup", false, value::boolean);
    let strip_ansi = keys.get("strip_ansi", false, value::boolean);
    let environment = environment_of(&keys);
    let stop_order = keys.get("stop_order", StopOrder::Sequential, stop_order);
    let fault_injection = keys.get("fault_injection", false, value::boolean);
    let rules = strategy::root(&keys, stop_order);

    let state_file = keys.value("state_file", |text| value::existing_dirpath(text, world));

    let over = overrides.clone();
    let pidfile = over.pidfile.unwrap_or(pidfile);
    let spec = DaemonSpec {
        logfile: over.logfile.unwrap_or(logfile),
        rotation: Rotation {
            maxbytes: over.logfile_maxbytes.unwrap_or(maxbytes),
            backups: over.logfile_backups.unwrap_or(backups),
        },
        loglevel: over.loglevel.unwrap_or(loglevel),
        state_file: state_file.unwrap_or_else(|| state_file_of(&pidfile)),
        pidfile,
        umask: over.umask.unwrap_or(umask),
        nodaemon: over.nodaemon || nodaemon,
        silent: over.silent || silent,
        minfds: over.minfds.unwrap_or(minfds),
        minprocs: over.minprocs.unwrap_or(minprocs),
        nocleanup: over.nocleanup || nocleanup,
        childlogdir: over.childlogdir.or(childlogdir).unwrap_or_else(|| temporary_directory(world)),
        user: None,
        directory: over.directory.or(directory),
        strip_ansi: over.strip_ansi || strip_ansi,
        environment,
        identifier: over.identifier.unwrap_or(identifier),
        stop_order,
        exit_code_from: None,
        fault_injection,
        rules,
    };
    let user = over.user.map(User::CommandLine).or(user.map(User::File)).unwrap_or(User::None);
    Daemon { spec, user }
}

/// `environment`: expanded once, with `host_node_name`.
fn environment_of(keys: &Keys<'_>) -> Environment {
    let host = ("host_node_name", Value::Text(&keys.context.world.hostname));
    let keys = keys.with(keys.vars.and(&[host]));
    let Some(text) = keys.expanded("environment", || "environment".to_owned()) else {
        return Environment::new();
    };
    environment::parse(&text).unwrap_or_else(|error| {
        keys.fail("environment", error.to_string(), error.help());
        Environment::new()
    })
}

/// Looks up the daemon's user; the last thing that Supervisor checks.
pub(crate) fn user(context: &Context<'_>, section: &RawSection, name: &User) -> Option<Account> {
    let (User::File(text) | User::CommandLine(text)) = name else { return None };
    match value::user(text, &context.accounts) {
        Ok(account) => return Some(account),
        Err(error) if matches!(name, User::File(_)) => {
            let keys = Keys::new(context, section, Vars::new(Vec::new(), Vec::new()));
            keys.fail("user", error.to_string(), error.help());
        }
        Err(error) => {
            let help = format!("{} after -u", error.help());
            context.faults.note(None, Error::new(error.to_string(), Vec::new(), help));
        }
    }
    None
}

/// Beside the pid file, so that no two daemons have the same; not in `/run`, which is empty after a boot.
fn state_file_of(pidfile: &Path) -> PathBuf {
    let file = pidfile.with_extension("state");
    let volatile = ["/run", "/var/run"].into_iter().find_map(|run| file.strip_prefix(run).ok());
    volatile.map_or_else(|| file.clone(), |rest| Path::new("/var/lib").join(rest))
}

/// `exit_code_from`, looked up among the processes there are.
pub(crate) fn exit_code_from(
    context: &Context<'_>,
    section: &RawSection,
    groups: &[Arc<GroupSpec>],
) -> Option<Namespec> {
    let before = context.faults.count();
    let keys = Keys::new(context, section, Vars::new(Vec::new(), vec![&context.world.environment]));
    let text = keys.text("exit_code_from")?;
    if context.faults.count() > before || before > 0 {
        return None; // a program with errors is not among the groups
    }
    let name = text.trim();
    let all = groups.iter().flat_map(|group| group.processes.iter().map(|p| group.namespec(&p.name)));
    let is_meant = |namespec: &Namespec| namespec.process.as_str() == name || namespec.to_string() == name;
    let mut meant: Vec<Namespec> = all.filter(is_meant).collect();
    match meant.len() {
        1 => return meant.pop(),
        0 => {
            let help = "name a process as `supervisorctl status` shows it, such as web or group:web";
            keys.fail("exit_code_from", format!("there is no process {}", repr(name)), help);
        }
        _ => {
            let help = format!("write {meant}", meant = meant[0]);
            keys.fail("exit_code_from", format!("several processes have the name {}", repr(name)), help);
        }
    }
    None
}

fn stop_order(text: &str) -> Result<StopOrder, value::ValueError> {
    match text.to_lowercase().as_str() {
        "sequential" => Ok(StopOrder::Sequential),
        "parallel" => Ok(StopOrder::Parallel),
        _ => Err(value::ValueError::StopOrder(repr(text))),
    }
}
