//! The daemon itself: who it is, its groups, its actors.

use crate::wire::rules::{RulesInfo, TemplateInfo};
use crate::wire::{PoolInfo, SubscriberInfo};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use treeherd_domain::spec::{GroupKind, GroupSpec};

/// The answer of `system.info`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SystemInfo {
    /// `treeherd`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version of this API: `major.minor`; the minor grows with additions.
    pub api: String,
    /// The version of Supervisor it stands in for.
    pub supervisor_version: String,
    /// `identifier` of `[supervisord]`.
    pub identifier: String,
    /// The daemon's process id.
    pub pid: u32,
    /// When it started.
    pub started_at: String,
    /// The main configuration file.
    pub config_file: String,
}

/// The answer of `system.state`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SystemState {
    /// `RUNNING`, `RESTARTING` or `SHUTDOWN`.
    pub state: String,
    /// Supervisor's number of it.
    pub state_code: i32,
    /// How many processes are in which state, in lower case; only states that occur.
    pub processes: BTreeMap<String, u64>,
    /// The number of the last event.
    pub seq: u64,
    /// What `[supervisord]` does about the groups, if it has OTP's rules for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesInfo>,
}

/// A group, in the answer of `group.list`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GroupInfo {
    /// Its name.
    pub name: String,
    /// The section it comes from: `program`, `group`, `fcgi-program`, `eventlistener`,
    /// `subscriber` or `template`.
    pub kind: String,
    /// `priority`.
    pub priority: i64,
    /// Its processes, in definition order.
    pub members: Vec<String>,
    /// Of an `eventlistener`: what its pool has done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolInfo>,
    /// Of a `subscriber`: what each process was told, in definition order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribers: Option<Vec<SubscriberInfo>>,
    /// Of a group under OTP's rules: what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesInfo>,
    /// Of a `template`: what may be spawned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateInfo>,
}

impl From<&GroupSpec> for GroupInfo {
    fn from(spec: &GroupSpec) -> Self {
        let kind = match spec.kind {
            GroupKind::Program => "program",
            GroupKind::Group => "group",
            GroupKind::Fcgi => "fcgi-program",
            GroupKind::Template(_) => "template",
            GroupKind::Listener(_) => "eventlistener",
            GroupKind::Subscriber(_) => "subscriber",
        };
        Self {
            name: spec.name.to_string(),
            kind: kind.to_owned(),
            priority: spec.priority,
            members: spec.processes.iter().map(|process| process.name.to_string()).collect(),
            pool: None,
            subscribers: None,
            rules: None,
            template: None,
        }
    }
}

/// An actor of the daemon, with those below it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TreeNode {
    /// Its path: `root/group:shop/program:api_0`.
    pub path: String,
    /// What it is: `root`, `bus`, `scribe`, `endpoint`, `group`, `pool`, `feeder`, `program`, `rotator`.
    pub kind: String,
    /// Which start of it this is, counted from 1 in each incarnation of its parent.
    pub incarnation: u64,
    /// `running`, or `down` while it waits for a restart.
    pub state: String,
    /// How often it failed.
    pub crashes: u64,
    /// How long a message waits in its mailbox now, in microseconds; absent for the root, for one that is down, and
    /// for one that did not come to it within a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<u64>,
    /// How long it took to replace the one before it, in microseconds, from the end of that one until this one was
    /// started and had its first turn; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<u64>,
    /// Those it looks after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}

/// How `tree.crash` ends an actor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Crash {
    /// By a panic.
    Panic,
    /// By an orderly stop it did not ask for.
    Stop,
}

/// The answer of `tree.crash`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CrashReport {
    /// The actor that was told to fail.
    pub path: String,
    /// The id in the daemon's log, where it is known already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}
