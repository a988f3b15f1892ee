//! The validated configuration: what the daemon, each group and each process shall be.
//!
//! ```text
//! Config -- DaemonSpec            [supervisord]
//!        |- EndpointSpec...       [unix_http_server] [inet_http_server]
//!        |- RpcInterface...       [rpcinterface:x]
//!        `- GroupSpec...          [group:x], [eventlistener:x], a program on its own; by (priority, name)
//!             `- ProcessSpec...   one for each of numprocs
//! ```
//!
//! A value of these types cannot be wrong; only `config` makes them. Comparing two of them is how a
//! changed configuration is known (see [`plan`](crate::plan)). Field names are the keys of the file.

use crate::account::Account;
use crate::depend::Depend;
use crate::endpoint::EndpointSpec;
use crate::event::types::EventSet;
use crate::group::GroupPolicy;
use crate::health::{HealthSpec, ProbeSpec};
use crate::hook::{Hooks, ReloadSpec};
use crate::level::Level;
use crate::lifecycle::{State, StopStep};
use crate::name::{GroupName, Namespec, ProcessName};
use crate::pool::ProtocolError;
use crate::restart::RestartPolicy;
use crate::rolling::Rules;
use crate::rotation::Rotation;
use crate::scale::Programs;
use crate::seldom::Seldom;
use crate::signal::Signal;
use crate::socket::{Socket, SocketSpec};
use crate::stop::StopSpec;
use crate::strategy::Restart;
use crate::stream::{Stream, StreamSpec};
use crate::template::TemplateSpec;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Environment variables by name.
pub type Environment = BTreeMap<String, String>;

/// `autorestart`: what follows the end of a process that had been RUNNING.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Autorestart {
    /// `true`: start again, whatever the exit code.
    Always,
    /// `unexpected` (the default): start again unless the code is one of `exitcodes`.
    #[default]
    Unexpected,
    /// `false`: never.
    Never,
}

/// `type` (ours): what a process is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProcessType {
    /// To run (the default).
    #[default]
    Simple,
    /// To do one thing and end: an end with one of `exitcodes` is its success.
    Oneshot,
}

impl ProcessType {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Oneshot => "oneshot",
        }
    }
}

/// One process: the keys of `[program:x]`, expanded for this process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessSpec {
    /// `process_name`, expanded.
    pub name: ProcessName,
    /// `command`, unsplit; may be empty, which fails at spawn.
    pub command: String,
    /// `priority`, of the process inside its group.
    pub priority: i64,
    /// `autostart`.
    pub autostart: bool,
    /// `autorestart`.
    pub autorestart: Autorestart,
    /// `startsecs`, whole seconds; negative counts as 0.
    pub startsecs: i64,
    /// `startretries`; negative counts as 0.
    pub startretries: i64,
    /// `exitcodes`, sorted.
    pub exitcodes: Vec<i32>,
    /// `clean_signals`: ends by them are expected too.
    pub clean_signals: Vec<Signal>,
    /// `stopsignal`.
    pub stopsignal: Signal,
    /// `stopwaitsecs`, whole seconds; negative counts as 0.
    pub stopwaitsecs: i64,
    /// `stopasgroup`.
    pub stopasgroup: bool,
    /// `killasgroup`.
    pub killasgroup: bool,
    /// `user`, looked up.
    pub user: Option<Account>,
    /// `umask`.
    pub umask: Option<u32>,
    /// `directory`, unchecked and without `~` expansion.
    pub directory: Option<String>,
    /// `[supervisord] environment`, overridden by the program's own.
    pub environment: Environment,
    /// `serverurl`; `None` is AUTO.
    pub serverurl: Option<String>,
    /// `redirect_stderr`.
    pub redirect_stderr: bool,
    /// The `stdout_*` keys.
    pub stdout: StreamSpec,
    /// The `stderr_*` keys. With `redirect_stderr` its logfile is `None`.
    pub stderr: StreamSpec,
    /// `pipe_size` in bytes (ours): the size asked for the output pipes; `None`: the kernel's.
    pub pipe_size: Option<u32>,
    /// `ready`, `health`, `watchdog` and what belongs to them (ours).
    pub health: Seldom<HealthSpec>,
    /// `type` (ours).
    pub kind: ProcessType,
    /// `essential` (ours): when it has ended for good, the daemon ends.
    pub essential: bool,
    /// `restart_delay` and what belongs to it (ours).
    pub restart: Seldom<RestartPolicy>,
    /// `rolling_batch`, `rolling_pause`, `rolling_abort_on` (ours).
    pub rolling: Rules,
    /// `socket` of an `[fcgi-program:x]`, with its other keys: what standard input is.
    pub socket: Option<Arc<SocketSpec>>,
    /// `sockets` (ours): what it inherits at 3, 4, ..., in this order.
    pub sockets: Vec<Arc<Socket>>,
    /// `stopsequence`, `stop_command` (ours).
    pub stop: Seldom<StopSpec>,
    /// `reload_signal`, `reload_command` (ours).
    pub reload: ReloadSpec,
    /// `pre_start`, `post_start`, `pre_stop`, `post_stop`, `hook_timeout` (ours).
    pub hooks: Seldom<Hooks>,
    /// `requires` and `requires_restart` (ours), those of its group included.
    pub depend: Depend,
    /// What it is to a group under OTP's rules (ours).
    pub child: ChildRules,
}

/// What a process is to a group under OTP's rules; its restart type is its `autorestart`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ChildRules {
    /// Whether its group is under OTP's rules: the group restarts it, and not its own lifecycle.
    pub supervised: bool,
    /// `significant`: whether the group's `auto_shutdown` is about it.
    pub significant: bool,
}

impl ProcessSpec {
    /// The signal of the step that a stop has come to.
    #[must_use]
    pub fn signal_of(&self, state: &State) -> Signal {
        let State::Stopping { step: StopStep::Signal(at), .. } = state else { return self.stopsignal };
        let step = self.stop.sequence.as_ref().and_then(|sequence| sequence.get(*at));
        step.map_or(self.stopsignal, |step| step.signal)
    }

    /// After which ends it is started again, in OTP's words for `autorestart`. The success of a oneshot is never among
    /// them.
    #[must_use]
    pub const fn restart_type(&self) -> Restart {
        match (self.autorestart, self.kind) {
            (Autorestart::Always, ProcessType::Simple) => Restart::Permanent,
            (Autorestart::Always, ProcessType::Oneshot) | (Autorestart::Unexpected, _) => {
                Restart::Transient
            }
            (Autorestart::Never, _) => Restart::Temporary,
        }
    }

    /// The keys of one stream.
    #[must_use]
    pub const fn stream(&self, stream: Stream) -> &StreamSpec {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }
}

/// What kind of section made a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupKind {
    /// A `[program:x]` that no group claims.
    Program,
    /// A `[group:x]`.
    Group,
    /// An `[fcgi-program:x]` that no group claims.
    Fcgi,
    /// An `[eventlistener:x]`.
    Listener(ListenerSpec),
    /// A `[template:x]` (ours); its processes are those that were spawned.
    Template(Arc<TemplateSpec>),
    /// A `[subscriber:x]` (ours).
    Subscriber(SubscriberSpec),
}

impl GroupKind {
    /// Whether the processes have nothing in common but the group.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        matches!(self, Self::Program | Self::Group)
    }

    /// Whether the processes are told of events.
    #[must_use]
    pub const fn listens(&self) -> bool {
        matches!(self, Self::Listener(_) | Self::Subscriber(_))
    }

    /// Whether it is a template, whose processes are instances that come and go.
    #[must_use]
    pub const fn is_template(&self) -> bool {
        matches!(self, Self::Template(_))
    }

    /// Whether what is common to the processes is the same.
    #[must_use]
    pub fn runs_as(&self, other: &Self) -> bool {
        (self.is_plain() && other.is_plain()) || self == other
    }
}

/// The keys that an `[eventlistener:x]` has beside those of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListenerSpec {
    /// `events`.
    pub events: EventSet,
    /// `buffer_size`, at least 1.
    pub buffer_size: usize,
    /// `protocol_error` (ours).
    pub protocol_error: ProtocolError,
}

/// The keys that a `[subscriber:x]` has beside those of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubscriberSpec {
    /// `events`.
    pub events: EventSet,
    /// `buffer_size`, in events that wait for one process; at least 1.
    pub buffer_size: usize,
}

/// A group of processes that is started, stopped, added and removed as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupSpec {
    /// `x` of `[group:x]`, `[program:x]`, `[fcgi-program:x]`, `[eventlistener:x]` or `[subscriber:x]`.
    pub name: GroupName,
    /// The section kind it comes from.
    pub kind: GroupKind,
    /// `priority`: lower starts earlier and stops later.
    pub priority: i64,
    /// The processes, in definition order.
    pub processes: Vec<Arc<ProcessSpec>>,
    /// OTP's rules (ours).
    pub rules: GroupRules,
}

/// OTP's rules for a group (ours).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupRules {
    /// What it does about its children; `None`: Supervisor's way.
    pub policy: Option<GroupPolicy>,
    /// `groups`: those below it, which are started after its processes.
    pub groups: Vec<GroupName>,
}

impl GroupSpec {
    /// Whether what runs by the one is what runs by the other, as Supervisor compares groups: a `[program:x]` and a
    /// `[group:x]` of that program alone are the same.
    #[must_use]
    pub fn runs_as(&self, other: &Self) -> bool {
        let Self { name, kind, priority, processes, rules } = self;
        // what was spawned of a template is not part of its definition
        let has_same = kind.is_template() || *processes == other.processes;
        kind.runs_as(&other.kind)
            && has_same
            && (name, *priority, rules) == (&other.name, other.priority, &other.rules)
    }

    /// The full name of one of its processes.
    #[must_use]
    pub fn namespec(&self, process: &ProcessName) -> Namespec {
        Namespec::new(self.name.clone(), process.clone())
    }

    /// The full names of all its processes, in the order of the definition.
    pub fn namespecs(&self) -> impl Iterator<Item = Namespec> {
        self.processes.iter().map(|process| self.namespec(&process.name))
    }

    /// Each `socket` of its processes, once.
    #[must_use]
    pub fn fcgi_sockets(&self) -> Vec<&Arc<SocketSpec>> {
        each_once(self.processes.iter().filter_map(|process| process.socket.as_ref()))
    }

    /// All `sockets` of its processes, each once.
    #[must_use]
    pub fn sockets(&self) -> Vec<&Arc<Socket>> {
        each_once(self.processes.iter().flat_map(|process| &process.sockets))
    }

    /// The processes by (priority, definition order): the order of starting and of collective stops. Under OTP's
    /// rules it is the definition order alone.
    #[must_use]
    pub fn by_priority(&self) -> Vec<&Arc<ProcessSpec>> {
        let mut sorted: Vec<_> = self.processes.iter().collect();
        if self.rules.policy.is_none() {
            sorted.sort_by_key(|process| process.priority);
        }
        sorted
    }
}

fn each_once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

/// Where the daemon's own log goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MainLog {
    /// A file, absolute.
    File(PathBuf),
    /// `syslog`.
    Syslog,
}

/// In what order the groups of equal priority are stopped at shutdown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StopOrder {
    /// One group after the other, each awaited (Supervisor's way, the default).
    #[default]
    Sequential,
    /// Groups of one priority together; the next priority when all are gone.
    Parallel,
}

impl StopOrder {
    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Parallel => "parallel",
        }
    }
}

/// `[supervisord]`, command line applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DaemonSpec {
    /// `logfile`.
    pub logfile: MainLog,
    /// `logfile_maxbytes`, `logfile_backups`.
    pub rotation: Rotation,
    /// `loglevel`.
    pub loglevel: Level,
    /// `pidfile`, absolute.
    pub pidfile: PathBuf,
    /// `umask`, applied when daemonising.
    pub umask: u32,
    /// `nodaemon`.
    pub nodaemon: bool,
    /// `silent`.
    pub silent: bool,
    /// `minfds`.
    pub minfds: i64,
    /// `minprocs`.
    pub minprocs: i64,
    /// `nocleanup`.
    pub nocleanup: bool,
    /// `childlogdir`, absolute.
    pub childlogdir: PathBuf,
    /// `user`, looked up.
    pub user: Option<Account>,
    /// `directory`, applied when daemonising.
    pub directory: Option<PathBuf>,
    /// `strip_ansi`.
    pub strip_ansi: bool,
    /// `environment` (already merged into each [`ProcessSpec`]).
    pub environment: Environment,
    /// `identifier`.
    pub identifier: String,
    /// `stop_order` (ours).
    pub stop_order: StopOrder,
    /// `state_file` (ours), absolute: where the desired state is kept.
    pub state_file: PathBuf,
    /// `exit_code_from` (ours): the process whose exit code is the daemon's.
    pub exit_code_from: Option<Namespec>,
    /// `fault_injection` (ours): whether actors may be crashed by `tree.crash`.
    pub fault_injection: bool,
    /// OTP's rules for the groups as children of the daemon (ours); `None`: Supervisor's way.
    pub rules: Option<GroupPolicy>,
}

/// A `[rpcinterface:x]` section with the standard factory: the namespace its methods stand under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RpcInterface {
    /// `x`, usually `supervisor`.
    pub namespace: String,
}

/// A message that loading leaves for the daemon's log, in the order in which it is to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Its level: `Warn` or `Info`.
    pub level: Level,
    /// One line.
    pub message: String,
}

/// A whole configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The main file, absolute.
    pub file: PathBuf,
    /// `[supervisord]`.
    pub daemon: DaemonSpec,
    /// The control endpoints: inet ones first, then unix ones, each in the order of the file.
    pub endpoints: Vec<EndpointSpec>,
    /// The RPC interfaces that are on.
    pub rpcinterfaces: Vec<RpcInterface>,
    /// The groups, sorted by (priority, name).
    pub groups: Vec<Arc<GroupSpec>>,
    /// How many processes each `[program:x]` has.
    pub programs: Programs,
    /// The `[probe:x]` sections, in the order of the file.
    pub probes: Vec<Arc<ProbeSpec>>,
    /// Messages for the log.
    pub notices: Vec<Notice>,
}

impl Config {
    /// A group by name.
    #[must_use]
    pub fn group(&self, name: &GroupName) -> Option<&Arc<GroupSpec>> {
        self.groups.iter().find(|group| group.name == *name)
    }
}
