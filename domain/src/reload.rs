//! What a changed key asks for: which keys a living process can take over, and which need a new one.
//!
//! | class | what it means |
//! |---|---|
//! | hot | taken over by the running process's record at once; the process does not notice |
//! | next start | stored; holds from the next start of the process, which is not brought about for it |
//! | restart | the process that runs is not the one that is configured: it has to be started anew |
//!
//! One table says it for every key of a process, and what it does is done by the tree. Values are shown for people:
//! of `environment` the names only, of a URL no password. Absent: what an update does with it (`plan`).

use crate::account::Account;
use crate::depend::{OnLoss, Requirement};
use crate::duration::Shown as Span;
use crate::health::{Action, Check};
use crate::restart::Factor;
use crate::signal::Signal;
use crate::socket::{Socket, SocketSpec};
use crate::spec::{Autorestart, Environment, ProcessSpec, ProcessType};
use crate::stop::StopSequence;
use crate::stream::{Logfile, Stream};
use crate::syslog::SyslogTarget;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a changed key asks for. A greater one includes the lesser.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reload {
    /// It is taken over while the process runs.
    Hot,
    /// It holds from the next start on.
    NextStart,
    /// The process has to be started anew.
    Restart,
}

impl Reload {
    /// The words for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::NextStart => "next start",
            Self::Restart => "restart",
        }
    }
}

impl fmt::Display for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One key of a process.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// What a change of it asks for.
    pub reload: Reload,
    differs: fn(&ProcessSpec, &ProcessSpec) -> bool,
    shown: Shown,
}

/// How the values of a key are shown.
#[derive(Clone, Copy, Debug)]
enum Shown {
    /// Each by itself.
    Text(fn(&ProcessSpec) -> String),
    /// The names of the variables that differ, and no value.
    Names(fn(&ProcessSpec) -> &Environment),
}

/// A key that differs between two specs of one process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyChange {
    /// The key.
    pub key: &'static str,
    /// What it asks for.
    pub reload: Reload,
    /// The value as it is. Of `environment`: the names that are changed or go.
    pub old: String,
    /// The value as it is configured. Of `environment`: the names that are changed or come.
    pub new: String,
}

macro_rules! key {
    ($name:literal, $reload:ident, $($field:ident).+, $show:expr) => {
        Key {
            name: $name,
            reload: Reload::$reload,
            differs: |a, b| a.$($field).+ != b.$($field).+,
            shown: Shown::Text(|spec| $show(&spec.$($field).+)),
        }
    };
}

/// Every key of a process, in the order in which changes are told.
pub const KEYS: &[Key] = &[
    key!("command", Restart, command, String::clone),
    key!("priority", Hot, priority, i64::to_string),
    key!("autostart", Hot, autostart, bool::to_string),
    key!("autorestart", Hot, autorestart, autorestart),
    key!("startsecs", NextStart, startsecs, i64::to_string),
    key!("startretries", Hot, startretries, i64::to_string),
    key!("exitcodes", Hot, exitcodes, exitcodes),
    key!("clean_signals", Hot, clean_signals, signals),
    key!("stopsignal", Hot, stopsignal, |signal: &Signal| signal.to_string()),
    key!("stopwaitsecs", Hot, stopwaitsecs, i64::to_string),
    key!("stopasgroup", Hot, stopasgroup, bool::to_string),
    key!("killasgroup", Hot, killasgroup, bool::to_string),
    key!("user", Restart, user, user),
    key!("umask", Restart, umask, umask),
    key!("directory", Restart, directory, or_none),
    Key {
        name: "environment",
        reload: Reload::Restart,
        differs: |a, b| a.environment != b.environment,
        shown: Shown::Names(|spec| &spec.environment),
    },
    key!("serverurl", NextStart, serverurl, url),
    key!("redirect_stderr", Restart, redirect_stderr, bool::to_string),
    key!("stdout_logfile", Restart, stdout.logfile, Logfile::to_string),
    key!("stdout_logfile_maxbytes", Hot, stdout.rotation.maxbytes, i64::to_string),
    key!("stdout_logfile_backups", Hot, stdout.rotation.backups, i64::to_string),
    key!("stdout_capture_maxbytes", Restart, stdout.capture_maxbytes, u64::to_string),
    key!("stdout_events_enabled", Restart, stdout.events_enabled, bool::to_string),
    key!("stdout_syslog", Restart, stdout.syslog, bool::to_string),
    key!("stdout_syslog_target", Restart, stdout.syslog_target, targets),
    key!("stderr_logfile", Restart, stderr.logfile, Logfile::to_string),
    key!("stderr_logfile_maxbytes", Hot, stderr.rotation.maxbytes, i64::to_string),
    key!("stderr_logfile_backups", Hot, stderr.rotation.backups, i64::to_string),
    key!("stderr_capture_maxbytes", Restart, stderr.capture_maxbytes, u64::to_string),
    key!("stderr_events_enabled", Restart, stderr.events_enabled, bool::to_string),
    key!("stderr_syslog", Restart, stderr.syslog, bool::to_string),
    key!("stderr_syslog_target", Restart, stderr.syslog_target, targets),
    key!("pipe_size", Restart, pipe_size, pipe_size),
    key!("type", NextStart, kind, |kind: &ProcessType| kind.as_str().to_owned()),
    key!("essential", Hot, essential, bool::to_string),
    key!("restart_delay", Hot, restart.delay, durations),
    key!("restart_delay_max", Hot, restart.delay_max, duration),
    key!("restart_factor", Hot, restart.factor, factor),
    key!("restart_jitter", Hot, restart.jitter, crate::restart::Percent::to_string),
    key!("restart_reset_after", Hot, restart.reset_after, duration),
    key!("fatal_retry", Hot, restart.fatal_retry, duration),
    key!("max_runtime", NextStart, restart.max_runtime, duration),
    key!("rolling_batch", Hot, rolling.batch, usize::to_string),
    key!("rolling_pause", Hot, rolling.pause, span),
    key!("rolling_abort_on", Hot, rolling.abort_on, usize::to_string),
    key!("socket", Restart, socket, socket),
    Key {
        name: "sockets",
        reload: Reload::Restart,
        differs: |a, b| sockets(&a.sockets) != sockets(&b.sockets),
        shown: Shown::Text(|spec| sockets(&spec.sockets)),
    },
    of_sockets(
        "socket_backlog",
        |a, b| differ(a, b, |spec| spec.backlog),
        |spec| each(&spec.sockets, |spec| spec.backlog.map_or_else(none, |backlog| backlog.to_string())),
    ),
    of_sockets(
        "socket_owner",
        |a, b| differ(a, b, |spec| spec.owner),
        |spec| each(&spec.sockets, |spec| spec.owner.map_or_else(none, |owner| owner.to_string())),
    ),
    of_sockets(
        "socket_mode",
        |a, b| differ(a, b, |spec| spec.mode),
        |spec| each(&spec.sockets, |spec| format!("{:o}", spec.mode)),
    ),
    key!("stopsequence", Hot, stop.sequence, |all: &Option<StopSequence>| shown_or_none(all.as_ref())),
    key!("stop_command", Hot, stop.command, or_none),
    key!("reload_signal", Hot, reload.signal, |signal: &Option<Signal>| shown_or_none(*signal)),
    key!("reload_command", Hot, reload.command, or_none),
    key!("pre_start", Hot, hooks.pre_start, or_none),
    key!("post_start", Hot, hooks.post_start, or_none),
    key!("pre_stop", Hot, hooks.pre_stop, or_none),
    key!("post_stop", Hot, hooks.post_stop, or_none),
    key!("hook_timeout", Hot, hooks.timeout, span),
    key!("requires", Hot, depend.requires, requires),
    key!("requires_restart", Hot, depend.on_loss, OnLoss::to_string),
    key!("ready", NextStart, health.ready, Check::to_string),
    key!("ready_interval", Hot, health.ready_interval, span),
    key!("ready_probe_timeout", Hot, health.ready_probe_timeout, span),
    key!("ready_timeout", NextStart, health.ready_timeout, span),
    key!("health", NextStart, health.health, |check: &Option<Check>| shown_or_none(check.as_ref())),
    key!("health_delay", Hot, health.health_delay, span),
    key!("health_interval", Hot, health.health_interval, span),
    key!("health_timeout", Hot, health.health_timeout, span),
    key!("health_failures", Hot, health.health_failures, u32::to_string),
    key!("health_successes", Hot, health.health_successes, u32::to_string),
    key!("health_action", Hot, health.health_action, Action::to_string),
    key!("watchdog", NextStart, health.watchdog, |span: &Option<Duration>| shown_or_none(span.map(Span))),
    key!("significant", Hot, child.significant, bool::to_string),
];

/// A key of the `[socket:x]` that a process inherits: it is set on the socket there is.
const fn of_sockets(
    name: &'static str,
    differs: fn(&ProcessSpec, &ProcessSpec) -> bool,
    show: fn(&ProcessSpec) -> String,
) -> Key {
    Key { name, reload: Reload::Hot, differs, shown: Shown::Text(show) }
}

/// Whether a key differs between what two specs call the same socket.
fn differ<T: PartialEq>(a: &ProcessSpec, b: &ProcessSpec, key: fn(&SocketSpec) -> T) -> bool {
    let pairs = a.sockets.iter().flat_map(|old| b.sockets.iter().map(move |new| (old, new)));
    let mut pairs = pairs.filter(|(old, new)| old.name == new.name && old.spec.address == new.spec.address);
    pairs.any(|(old, new)| key(&old.spec) != key(&new.spec))
}

/// The keys in which two specs of one process differ.
#[must_use]
pub fn changes(old: &ProcessSpec, new: &ProcessSpec) -> Vec<KeyChange> {
    let differing = KEYS.iter().filter(|key| (key.differs)(old, new));
    let change = |key: &Key| {
        let (before, after) = match key.shown {
            Shown::Text(show) => (show(old), show(new)),
            Shown::Names(of) => (names(of(old), of(new)), names(of(new), of(old))),
        };
        KeyChange { key: key.name, reload: key.reload, old: before, new: after }
    };
    differing.map(change).collect()
}

/// What some changes ask for together; `None` if there are none.
#[must_use]
pub fn together(changes: &[KeyChange]) -> Option<Reload> {
    changes.iter().map(|change| change.reload).max()
}

/// Whether two specs of one process have the same streams but for the sizes of their logs, so that a living process can
/// keep its pipes and files, and the socket that is its standard input.
#[must_use]
pub fn same_streams(old: &ProcessSpec, new: &ProcessSpec) -> bool {
    let alike = |stream| {
        let (old, new) = (old.stream(stream), new.stream(stream));
        crate::stream::StreamSpec { rotation: new.rotation, ..old.clone() } == *new
    };
    old.redirect_stderr == new.redirect_stderr
        && old.pipe_size == new.pipe_size
        && old.socket == new.socket
        && Stream::BOTH.into_iter().all(alike)
}

/// The variables of one that the other does not have so.
fn names(of: &Environment, other: &Environment) -> String {
    let own = of.iter().filter(|(name, value)| other.get(*name) != Some(value));
    own.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

fn autorestart(value: &Autorestart) -> String {
    match value {
        Autorestart::Always => "true",
        Autorestart::Unexpected => "unexpected",
        Autorestart::Never => "false",
    }
    .to_owned()
}

fn exitcodes(codes: &[i32]) -> String {
    codes.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

fn signals(all: &[Signal]) -> String {
    all.iter().map(Signal::to_string).collect::<Vec<_>>().join(",")
}

fn user(account: &Option<Account>) -> String {
    account.as_ref().map_or_else(none, |account| account.name.clone())
}

fn umask(mask: &Option<u32>) -> String {
    mask.map_or_else(none, |mask| format!("{mask:03o}"))
}

fn or_none(text: &Option<String>) -> String {
    text.clone().unwrap_or_else(none)
}

fn pipe_size(size: &Option<u32>) -> String {
    size.map_or_else(none, |size| size.to_string())
}

/// Without the user and the password that may stand in it.
fn url(text: &Option<String>) -> String {
    let Some(text) = text else { return "AUTO".to_owned() };
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => text.clone(),
    }
}

fn targets(targets: &[SyslogTarget]) -> String {
    match targets {
        [] => none(),
        targets => targets.iter().map(SyslogTarget::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn socket(socket: &Option<Arc<SocketSpec>>) -> String {
    socket.as_ref().map_or_else(none, ToString::to_string)
}

fn sockets(sockets: &[Arc<Socket>]) -> String {
    match sockets {
        [] => none(),
        sockets => sockets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// A key of each socket, behind its name.
fn each(sockets: &[Arc<Socket>], show: fn(&SocketSpec) -> String) -> String {
    let shown = sockets.iter().map(|socket| format!("{} {}", socket.name, show(&socket.spec)));
    shown.collect::<Vec<_>>().join(", ")
}

fn requires(requirements: &[Requirement]) -> String {
    match requirements {
        [] => none(),
        all => all.iter().map(Requirement::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn span(span: &Duration) -> String {
    Span(*span).to_string()
}

fn shown_or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(none, |value| value.to_string())
}

fn durations(spans: &[Duration]) -> String {
    match spans {
        [] => none(),
        spans => spans.iter().map(|span| Span(*span).to_string()).collect::<Vec<_>>().join(","),
    }
}

fn duration(span: &Option<Duration>) -> String {
    span.map_or_else(none, |span| Span(span).to_string())
}

fn factor(factor: &Option<Factor>) -> String {
    factor.map_or_else(none, |factor| factor.to_string())
}

fn none() -> String {
    "none".to_owned()
}
