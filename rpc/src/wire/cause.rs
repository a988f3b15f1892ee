//! Causes: why something happened, and who asked for it.

use crate::wire::time;
use serde::{Deserialize, Serialize};
use treeherd_domain::cause::{Asked, Cause, Change, Entry, Explanation, Peer, Reason, Ref};

/// Why something happened.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CauseInfo {
    /// One word: `asked`, `autostart`, `exit`, `retry`, ...
    pub kind: String,
    /// The same for people.
    pub text: String,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AskedInfo>,
    /// Where it lies, if in another process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<RefInfo>,
}

/// Who asked for something.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskedInfo {
    /// `xmlrpc`, `jsonrpc`, `page`, `signal`, or `inside` (the daemon itself).
    pub via: String,
    /// The method, the action of the page, or the signal.
    pub what: String,
    /// The user of the process at the other end of a unix socket, or that sent the signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// That process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// The address at the other end of a TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The user whose name and password were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// An entry in the history of a process.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefInfo {
    /// The full name: `web`, `shop:api_00`.
    pub name: String,
    /// The number of the entry.
    pub seq: u64,
}

impl From<&Cause> for CauseInfo {
    fn from(cause: &Cause) -> Self {
        Self {
            kind: cause.kind().to_owned(),
            text: cause.to_string(),
            by: cause.by().map(|asked| AskedInfo::from(&**asked)),
            r#ref: cause.of().map(RefInfo::from),
        }
    }
}

impl From<&Asked> for AskedInfo {
    fn from(asked: &Asked) -> Self {
        let base = Self {
            via: asked.via.as_str().to_owned(),
            what: asked.what.to_string(),
            user: asked.user.as_deref().map(str::to_owned),
            ..Self::default()
        };
        match asked.peer {
            Peer::Local { pid, uid } => Self { pid, uid: Some(uid), ..base },
            Peer::Inet(address) => Self { address: Some(address.to_string()), ..base },
            Peer::Unknown => base,
        }
    }
}

impl From<&Ref> for RefInfo {
    fn from(place: &Ref) -> Self {
        Self { name: place.name.to_string(), seq: place.seq }
    }
}

/// Why a process is as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplanationInfo {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// Its state.
    pub state: String,
    /// In one line: the state, why, and what follows when.
    pub headline: String,
    /// The chain of reasons, the newest first.
    pub because: Vec<ReasonInfo>,
    /// What was written last by the process that ended last, if that is among the reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<LastOutput>,
    /// All of it as lines to be shown, in the daemon's local time.
    pub text: Vec<String>,
}

/// A link of the chain.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReasonInfo {
    /// One word: that of the cause, or `before`, `waits`, `says`, `often`, `earlier`, `dropped`, `more`.
    pub kind: String,
    /// The same for people.
    pub text: String,
    /// The number of the entry it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// In whose history that entry is, if not in that of the process itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<RefInfo>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AskedInfo>,
    /// 0 for the process itself, 1 for what lies in another one, and so on.
    pub depth: usize,
}

/// The last lines that a process wrote.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastOutput {
    /// To `stdout` or `stderr`.
    pub stream: String,
    /// Which process.
    pub pid: i32,
    /// The lines; what a terminal would obey is escaped.
    pub lines: Vec<String>,
}

impl ExplanationInfo {
    /// Of an explanation and its lines, which need local time, and so another crate.
    #[must_use]
    pub fn new(explanation: &Explanation, text: Vec<String>) -> Self {
        Self {
            name: explanation.namespec.process.to_string(),
            group: explanation.namespec.group.to_string(),
            state: explanation.state.as_str().to_owned(),
            headline: explanation.headline.clone(),
            because: explanation.reasons.iter().map(ReasonInfo::from).collect(),
            output: explanation.output.as_ref().map(|(pid, tail)| LastOutput {
                stream: tail.stream.as_str().to_owned(),
                pid: *pid,
                lines: tail.lines(Explanation::OUTPUT),
            }),
            text,
        }
    }
}

impl From<&Reason> for ReasonInfo {
    fn from(reason: &Reason) -> Self {
        let place = reason.entry.as_ref();
        Self {
            kind: reason.kind.to_owned(),
            text: reason.text.clone(),
            seq: place.map(|place| place.seq),
            at: reason.at_ms.map(time::rfc3339),
            r#ref: place.filter(|_| reason.depth > 0).map(RefInfo::from),
            by: reason.by.as_ref().map(|by| AskedInfo::from(&**by)),
            depth: reason.depth,
        }
    }
}

/// The answer of `process.explain`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Explanations {
    /// One for each process, in the order of the selectors.
    pub items: Vec<ExplanationInfo>,
    /// The number of the last event they reflect.
    pub seq: u64,
}

/// What happened to a process, as far as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryInfo {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// How many older entries are no longer kept.
    pub dropped: u64,
    /// The entries that were asked for, the oldest first.
    pub entries: Vec<EntryInfo>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryInfo {
    /// Its number, that of its event.
    pub seq: u64,
    /// When, by the daemon's wall clock.
    pub at: String,
    /// The state it left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The state it went into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What became different beside the state: `ready`, `unhealthy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<String>,
    /// The process id, if there was a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Which spawn it belongs to.
    pub incarnation: u64,
    /// The retry counter.
    pub tries: u32,
    /// Why.
    pub cause: CauseInfo,
}

impl From<&Entry> for EntryInfo {
    fn from(entry: &Entry) -> Self {
        let base = Self {
            seq: entry.seq,
            at: time::rfc3339(entry.at_ms),
            pid: (entry.pid != 0).then_some(entry.pid),
            incarnation: entry.incarnation,
            tries: entry.attempt,
            cause: CauseInfo::from(&*entry.cause),
            ..Self::default()
        };
        match &entry.change {
            Change::State { from, to } => {
                Self { from: Some(from.as_str().to_owned()), to: Some(to.as_str().to_owned()), ..base }
            }
            Change::Became { what, .. } => Self { became: Some((*what).to_owned()), ..base },
        }
    }
}

/// The answer of `process.history`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Histories {
    /// One for each process, in the order of the selectors.
    pub items: Vec<HistoryInfo>,
    /// The number of the last event they reflect.
    pub seq: u64,
}
