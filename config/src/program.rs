//! `[program:x]`: the processes of one program.
//!
//! ```text
//! keys read once:        priority autostart ... numprocs        -> Common
//! for each process_num:  environment, then with its ENV_x:
//!                        directory *_logfile ... sockets         -> ProcessSpec
//! ```
//!
//! The keys are read in the order in which Supervisor reads them, so that the first error is the one it
//! would have stopped at.

use crate::depend::Pending;
use crate::environment;
use crate::expand::Vars;
use crate::format::Value;
use crate::health;
use crate::hook;
use crate::keys::{Context, Keys};
use crate::path::dirpath_in;
use crate::raw::RawSection;
use crate::restart;
use crate::rolling;
use crate::socket::Sockets;
use crate::stop;
use crate::strategy;
use crate::value::{self, ValueError};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use treeherd_domain::depend::Depend;
use treeherd_domain::name::ProcessName;
use treeherd_domain::quote::repr;
use treeherd_domain::restart::RestartPolicy;
use treeherd_domain::rolling::Rules;
use treeherd_domain::rotation::Rotation;
use treeherd_domain::scale::MOST_PROCESSES;
use treeherd_domain::seldom::Seldom;
use treeherd_domain::signal::Signal;
use treeherd_domain::spec::{Autorestart, ChildRules, Environment, ProcessSpec, ProcessType};
use treeherd_domain::stream::{Logfile, Stream, StreamSpec};

/// What all programs of a configuration share.
pub(crate) struct Shared<'a> {
    pub(crate) context: &'a Context<'a>,
    /// `[supervisord] environment`.
    pub(crate) environment: &'a Environment,
    /// Where relative log files are: the directory that the daemon will be in.
    pub(crate) directory: &'a Path,
    /// The `[socket:x]` sections.
    pub(crate) sockets: &'a Sockets<'a>,
    /// What processes require, until all groups are known.
    pub(crate) depend: Pending,
}

/// Reads a section for the group that its processes belong to. Errors are noted; then the processes
/// are of no use.
pub(crate) fn read<'a>(
    shared: &'a Shared<'a>,
    section: &'a RawSection,
    group: &'a str,
) -> Vec<Arc<ProcessSpec>> {
    read_with(shared, section, group, &[])
}

/// The same with more variables in `command` and `environment`: the arguments of a template.
pub(crate) fn read_with<'a>(
    shared: &'a Shared<'a>,
    section: &'a RawSection,
    group: &'a str,
    marks: &'a [(String, String)],
) -> Vec<Arc<ProcessSpec>> {
    let context = shared.context;
    let mut keys = Keys::new(context, section, Vars::new(Vec::new(), Vec::new()));
    keys.suffixed = true;
    let (_, suffix) = section.name.split_once(':').unwrap_or_default();
    let Some(program) = checked_name(&keys, suffix, || keys.missing_name()) else { return Vec::new() };
    let names = vec![
        ("program_name", Value::Text(program)),
        ("host_node_name", Value::Text(&context.world.hostname)),
        ("group_name", Value::Text(group)),
    ];
    keys.vars = Vars::new(names, vec![&context.world.environment, shared.environment]);

    let before = context.faults.count();
    let common = Common::read(&keys);
    let mut processes = Vec::new();
    for process_num in common.numprocs_start..common.numprocs_start.saturating_add(common.numprocs) {
        let one = One { shared, keys: &keys, group, marks, common: &common, process_num };
        processes.extend(one.read().map(Arc::new));
        if context.faults.count() > before {
            // The other processes would only say the same again.
            return Vec::new();
        }
    }
    processes.sort_by(|a: &Arc<ProcessSpec>, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    processes
}

/// The name of a program or group, checked; `None` is noted.
pub(crate) fn checked_name<'a>(keys: &Keys<'_>, text: &'a str, empty: impl FnOnce()) -> Option<&'a str> {
    match value::name(text) {
        Ok("") => {
            empty();
            None
        }
        Ok(name) => Some(name),
        Err(error) => {
            keys.missing(error.to_string(), error.help());
            None
        }
    }
}

impl Keys<'_> {
    /// Notes that a section has no name behind its colon.
    pub(crate) fn missing_name(&self) {
        let section = &self.section.name;
        self.refuse(
            self.section.span,
            format!("section [{section}] has no name"),
            format!("write a name, such as [{section}web]"),
        );
    }
}

/// The keys that are read once for all processes of a program.
struct Common {
    priority: i64,
    autostart: bool,
    autorestart: Autorestart,
    child: ChildRules,
    startsecs: i64,
    startretries: i64,
    stopsignal: Signal,
    stopwaitsecs: i64,
    stopasgroup: bool,
    killasgroup: bool,
    exitcodes: Vec<i32>,
    clean_signals: Vec<Signal>,
    redirect_stderr: bool,
    numprocs: i64,
    numprocs_start: i64,
    streams: [StreamSpec; 2],
    serverurl: Option<String>,
    user: Option<treeherd_domain::account::Account>,
    umask: Option<u32>,
    process_name: String,
    pipe_size: Option<u32>,
    kind: ProcessType,
    essential: bool,
    restart: Seldom<RestartPolicy>,
    rolling: Rules,
}

impl Common {
    fn read(keys: &Keys<'_>) -> Self {
        let ours = keys.ours();
        let priority = keys.get("priority", 999, value::integer);
        let autostart = keys.get("autostart", true, value::boolean);
        let autorestart = keys.get("autorestart", Autorestart::Unexpected, value::autorestart);
        let restart = ours.value("restart", strategy::restart);
        let autorestart = restart.map_or(autorestart, strategy::autorestart);
        let significant = ours.get("significant", false, value::boolean);
        let startsecs = keys.get("startsecs", 1, value::integer);
        let startretries = keys.get("startretries", 3, value::integer);
        let stopsignal = keys.get("stopsignal", Signal::TERM, value::signal);
        let stopwaitsecs = keys.get("stopwaitsecs", 10, value::integer);
        let stopasgroup = keys.get("stopasgroup", false, value::boolean);
        let killasgroup = keys.get("killasgroup", stopasgroup, value::boolean);
        let exitcodes = keys.value("exitcodes", value::exit_codes).unwrap_or_else(|| vec![0]);
        let clean_signals = stop::clean_signals(&ours);
        let redirect_stderr = keys.get("redirect_stderr", false, value::boolean);
        let written = keys.get("numprocs", 1, bounded_processes);
        let numprocs = match keys.section.name.strip_prefix("program:") {
            Some(program) => keys.context.numprocs(program.trim(), written),
            None => written,
        };
        let numprocs_start = keys.get("numprocs_start", 0, value::integer);
        let streams = Stream::BOTH.map(|stream| capture(keys, stream));
        let serverurl = keys.text("serverurl").map(Cow::into_owned);
        let user = keys.value("user", |text| value::user(text, &keys.context.accounts));
        let umask = keys.value("umask", value::octal);
        let process_name = Self::template(keys, numprocs);
        if stopasgroup && !killasgroup {
            let message = "Cannot set stopasgroup=true and killasgroup=false".to_owned();
            keys.fail("killasgroup", message, "leave killasgroup out: it follows stopasgroup");
        }
        let pipe_size = ours.value("pipe_size", pipe_size);
        let kind = restart::kind(&ours);
        let essential = ours.get("essential", false, value::boolean);
        let restart = restart::read(&ours).into();
        let rolling = rolling::read(&ours);
        Self {
            priority,
            autostart,
            autorestart,
            child: ChildRules { supervised: false, significant },
            startsecs,
            startretries,
            stopsignal,
            stopwaitsecs,
            stopasgroup,
            killasgroup,
            exitcodes,
            clean_signals,
            redirect_stderr,
            numprocs,
            numprocs_start,
            streams,
            serverurl: serverurl.filter(|url| !url.trim().eq_ignore_ascii_case("auto")),
            user,
            umask,
            process_name,
            pipe_size,
            kind,
            essential,
            restart,
            rolling,
        }
    }

    /// `process_name`, checked as it is written.
    fn template(keys: &Keys<'_>, numprocs: i64) -> String {
        let written = keys.raw("process_name").map_or("%(program_name)s", |option| &option.value);
        let name = value::name(written).unwrap_or_else(|error| {
            keys.fail("process_name", error.to_string(), error.help());
            written
        });
        if numprocs > 1 && !name.contains("%(process_num)") {
            let key = if keys.raw("process_name").is_some() { "process_name" } else { "numprocs" };
            let message = "%(process_num) must be present within process_name when numprocs > 1".to_owned();
            keys.fail(key, message, "write process_name = %(program_name)s_%(process_num)02d");
        }
        name.to_owned()
    }
}

fn bounded_processes(text: &str) -> Result<i64, ValueError> {
    match value::integer(text)? {
        many if many > MOST_PROCESSES => Err(ValueError::Above(many, MOST_PROCESSES)),
        number => Ok(number),
    }
}

fn pipe_size(text: &str) -> Result<u32, ValueError> {
    match value::byte_size(text)? {
        size @ ..1 => Err(ValueError::Below(size, 1)),
        size => match i32::try_from(size) {
            Ok(size) => Ok(size.unsigned_abs()),
            Err(_) => Err(ValueError::Above(size, i32::MAX.into())),
        },
    }
}

/// The keys of a stream that are read once.
fn capture(keys: &Keys<'_>, stream: Stream) -> StreamSpec {
    let maxbytes = keys.get(&format!("{stream}_capture_maxbytes"), 0, value::byte_size);
    let events_enabled = keys.get(&format!("{stream}_events_enabled"), false, value::boolean);
    let capture_maxbytes = u64::try_from(maxbytes).unwrap_or(0);
    StreamSpec { capture_maxbytes, events_enabled, ..StreamSpec::default() }
}

/// One process of a program being read.
struct One<'a> {
    shared: &'a Shared<'a>,
    keys: &'a Keys<'a>,
    group: &'a str,
    common: &'a Common,
    process_num: i64,
    marks: &'a [(String, String)],
}

/// What a `*_logfile` says: `syslog` is no file but a flag of old.
enum Target {
    File(Logfile),
    Syslog,
}

impl One<'_> {
    fn read(&self) -> Option<ProcessSpec> {
        let numbers = [
            ("process_num", Value::Number(self.process_num)),
            ("numprocs", Value::Number(self.common.numprocs)),
        ];
        let keys = self.keys.with(self.keys.vars.and(&numbers));
        let marks: Vec<_> =
            self.marks.iter().map(|(name, mark)| (name.as_str(), Value::Text(mark))).collect();
        let own = self.environment(&keys.with(keys.vars.and(&marks)));
        let keys = keys.with(keys.vars.over(&own));
        let common = self.common;

        let directory = keys.text("directory").map(Cow::into_owned);
        let stdout = self.stream(&keys, Stream::Stdout);
        let mut stderr = self.stream(&keys, Stream::Stderr);
        if common.redirect_stderr {
            if stderr.logfile.path().is_some() {
                self.shared.context.warn(format!(
                    "For [{}], redirect_stderr=true but stderr_logfile has also been set to a filename, the \
                     filename has been ignored",
                    keys.section.name
                ));
            }
            stderr.logfile = Logfile::None;
        }
        let command = self.command(&keys.with(keys.vars.and(&marks)));
        let name = self.name(&keys)?;
        let sockets = self.shared.sockets.of(&keys);
        let ours = keys.ours();
        let stop = stop::read(&ours);
        let (hooks, reload) = (hook::read(&ours), hook::reload(&ours));
        self.shared.depend.note(&ours, self.group, &name);
        let health = health::read(&ours, sockets.len());
        let mut environment = self.shared.environment.clone();
        environment.extend(own);
        Some(ProcessSpec {
            name,
            command: command?,
            priority: common.priority,
            autostart: common.autostart,
            autorestart: common.autorestart,
            startsecs: common.startsecs,
            startretries: common.startretries,
            exitcodes: common.exitcodes.clone(),
            clean_signals: common.clean_signals.clone(),
            stopsignal: common.stopsignal,
            stopwaitsecs: common.stopwaitsecs,
            stopasgroup: common.stopasgroup,
            killasgroup: common.killasgroup,
            user: common.user.clone(),
            umask: common.umask,
            directory,
            environment,
            serverurl: common.serverurl.clone(),
            redirect_stderr: common.redirect_stderr,
            stdout,
            stderr,
            pipe_size: common.pipe_size,
            health: health.into(),
            kind: common.kind,
            essential: common.essential,
            restart: common.restart.clone(),
            rolling: common.rolling,
            child: common.child,
            socket: None,
            sockets,
            stop: stop.into(),
            reload,
            hooks: hooks.into(),
            depend: Depend::default(),
        })
    }

    /// The program's own `environment`.
    fn environment(&self, keys: &Keys<'_>) -> Environment {
        let Some(text) = keys.expanded("environment", || "environment".to_owned()) else {
            return Environment::new();
        };
        environment::parse(&text).unwrap_or_else(|error| {
            keys.fail("environment", error.to_string(), error.help());
            Environment::new()
        })
    }

    fn command(&self, keys: &Keys<'_>) -> Option<String> {
        if keys.raw("command").is_none() {
            let message = format!("program section {} does not specify a command", keys.section.name);
            keys.missing(message, "write command = and the program with its arguments");
        }
        keys.text("command").map(Cow::into_owned)
    }

    /// `process_name`, expanded. What a variable brings in is checked too.
    fn name(&self, keys: &Keys<'_>) -> Option<ProcessName> {
        let here =
            keys.raw("process_name").map_or("", |option| keys.context.raw.here(keys.section, option));
        let expanded = keys.vars.expand(&self.common.process_name, here, || "process_name".to_owned());
        let (message, help) = match expanded.as_deref().map(value::name) {
            Ok(Ok("")) => {
                let span = keys.raw("process_name").map_or(keys.section.span, |option| option.span);
                let message = format!("[{}] has an empty process_name", keys.section.name);
                keys.refuse(span, message, "write a name, or leave the key out");
                return None;
            }
            Ok(Ok(name)) => return Some(ProcessName::new(name)),
            Ok(Err(error)) => (error.to_string(), error.help().to_owned()),
            Err(error) => (error.to_string(), error.help()),
        };
        keys.fail("process_name", message, help);
        None
    }

    fn stream(&self, keys: &Keys<'_>, stream: Stream) -> StreamSpec {
        let section = &keys.section.name;
        let [log_key, backups_key, maxbytes_key, syslog_key, target_key] =
            STREAM_KEYS[usize::from(stream == Stream::Stderr)];
        let target = self.target(keys, log_key);
        let defaults = Rotation::default();
        let backups = keys.get(backups_key, defaults.backups, value::integer);
        let maxbytes = keys.get(maxbytes_key, defaults.maxbytes, value::byte_size);
        let syslog = keys.get(syslog_key, false, value::boolean);
        let (logfile, syslog) = match target {
            Target::File(logfile) => (logfile, syslog),
            Target::Syslog => {
                self.shared.context.warn(format!(
                    "For [{section}], {log_key}=syslog but this is deprecated and will be removed.  Use \
                     {syslog_key}=true to enable syslog instead."
                ));
                (Logfile::None, true)
            }
        };
        if logfile == Logfile::Auto && maxbytes == 0 {
            self.shared.context.warn(format!(
                "For [{section}], AUTO logging used for {log_key} without rollover, set maxbytes > 0 to avoid \
                 filling up filesystem unintentionally"
            ));
        }
        let syslog_target = keys.get(target_key, Vec::new(), value::syslog_targets);
        let rotation = Rotation { maxbytes, backups };
        let once = &self.common.streams[usize::from(stream == Stream::Stderr)];
        StreamSpec { logfile, rotation, syslog, syslog_target, ..once.clone() }
    }

    /// A `*_logfile`. Supervisor expands it twice, so that a percent sign is `%%%%` there; whatever the
    /// second pass cannot expand stays as it is here, so that `%%` does as well.
    fn target(&self, keys: &Keys<'_>, key: &str) -> Target {
        let Some(once) = keys.text(key) else { return Target::File(Logfile::Auto) };
        let here = keys.raw(key).map_or("", |option| keys.context.raw.here(keys.section, option));
        let twice = keys.vars.expand(&once, here, String::new);
        let text = twice.as_deref().unwrap_or(&once);
        match text.to_lowercase().as_str() {
            "" | "none" | "off" => Target::File(Logfile::None),
            "auto" => Target::File(Logfile::Auto),
            "syslog" => Target::Syslog,
            _ => match dirpath_in(text, self.shared.directory, keys.context.world) {
                Ok(path) => Target::File(Logfile::Path(path)),
                Err(error) => match self.list(text) {
                    Some(Ok(list)) => Target::File(list),
                    Some(Err(part)) => {
                        let help = format!("{}; as a list of files it fails at {part}", error.help());
                        keys.fail(key, error.to_string(), help);
                        Target::File(Logfile::None)
                    }
                    None => {
                        keys.fail(key, error.to_string(), error.help());
                        Target::File(Logfile::None)
                    }
                },
            },
        }
    }
}

impl One<'_> {
    /// Several files with commas between. Only what is no file name for Supervisor, as there is no such directory,
    /// is looked at in this way: so no name changes its meaning. `None`: it is no list.
    fn list(&self, text: &str) -> Option<Result<Logfile, String>> {
        let mut files = Vec::new();
        for part in text.split_once(',').map(|_| text.split(',').map(str::trim))? {
            let is_word = ["", "auto", "none", "off", "syslog"].contains(&part.to_lowercase().as_str());
            match dirpath_in(part, self.shared.directory, self.shared.context.world) {
                Ok(path) if !is_word => files.push(path),
                _ => return Some(Err(repr(part))),
            }
        }
        let mut also: Vec<PathBuf> = Vec::new();
        let log = files.remove(0);
        for path in files {
            if path != log && !also.contains(&path) {
                also.push(path);
            }
        }
        Some(Ok(Logfile::List { log, also }))
    }
}

/// The keys of each stream that are read for each process.
const STREAM_KEYS: [[&str; 5]; 2] = [
    [
        "stdout_logfile",
        "stdout_logfile_backups",
        "stdout_logfile_maxbytes",
        "stdout_syslog",
        "stdout_syslog_target",
    ],
    [
        "stderr_logfile",
        "stderr_logfile_backups",
        "stderr_logfile_maxbytes",
        "stderr_syslog",
        "stderr_syslog_target",
    ],
];
