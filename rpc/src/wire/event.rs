//! Events, as subscribers get them.

use crate::wire::cause::CauseInfo;
use crate::wire::log::Payload;
use crate::wire::process::ExitInfo;
use crate::wire::time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use treeherd_domain::event::{Event, EventKind, GroupNews, Output as Written};
use treeherd_domain::group::{ChildId, Output, Report};
use treeherd_domain::name::Namespec;
use treeherd_domain::strategy::Ending;

/// An item of `event.subscribe`: a mark, or an event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventItem {
    /// `kind` is `snapshot`, `live`, `gap` or `end`.
    Mark(Mark),
    /// `kind` is the event's name.
    Event(Box<EventBody>),
}

/// What a subscription says about itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Mark {
    /// The first item.
    Snapshot {
        /// Events after this number follow.
        seq: u64,
    },
    /// With `since`: all that was kept has been told, up to this number; what follows happens now.
    Live {
        /// The number.
        seq: u64,
    },
    /// Events were dropped: the reader was too slow, or asked for ones no longer kept.
    Gap {
        /// How many; 0 if that is not known.
        dropped: u64,
        /// The number of the next event that follows.
        resume_from: u64,
    },
    /// The last item.
    End {
        /// Why nothing follows.
        reason: String,
    },
}

/// An event.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventBody {
    /// Its number, daemon-wide, without holes.
    pub seq: u64,
    /// When, by the daemon's wall clock.
    pub at: String,
    /// Its name: `PROCESS_STATE_RUNNING`, and ours where Supervisor has none.
    pub kind: String,
    /// The group it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The process it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The state it left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The state it is in now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The process id, if there is a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// The retry counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ExitInfo>,
    /// Which spawn it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<u64>,
    /// Of a change of a process: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<CauseInfo>,
    /// More, by kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl EventItem {
    /// Its line where items are told as lines: JSON, with a line feed behind it and none within.
    #[must_use]
    pub fn line(&self) -> String {
        let text = serde_json::to_string(self).expect("an event has nothing that is no JSON");
        text + "\n"
    }
}

impl From<&Event> for EventItem {
    fn from(event: &Event) -> Self {
        Self::Event(Box::new(EventBody::from(event)))
    }
}

impl From<&Event> for EventBody {
    fn from(event: &Event) -> Self {
        let base = Self {
            seq: event.seq,
            at: time::rfc3339(event.at_ms),
            kind: event.kind.name().to_owned(),
            group: event.kind.namespec().map(|n| n.group.to_string()),
            name: event.kind.namespec().map(|n| n.process.to_string()),
            ..Self::default()
        };
        match &event.kind {
            EventKind::ProcessState { namespec: _, from, to, pid, tries, exit, incarnation, cause } => {
                Self {
                    from: Some(from.as_str().to_owned()),
                    to: Some(to.as_str().to_owned()),
                    pid: (*pid != 0).then_some(*pid),
                    tries: Some(*tries),
                    exit: exit
                        .map(|(status, expected)| ExitInfo { expected: Some(expected), ..status.into() }),
                    incarnation: Some(*incarnation),
                    cause: Some(CauseInfo::from(&**cause)),
                    ..base
                }
            }
            EventKind::ProcessBecame { namespec: _, what, pid, incarnation, cause } => Self {
                pid: (*pid != 0).then_some(*pid),
                incarnation: Some(*incarnation),
                cause: Some(CauseInfo::from(&**cause)),
                data: Some(json!({"what": what})),
                ..base
            },
            EventKind::GroupAdded(group)
            | EventKind::GroupRemoved(group)
            | EventKind::GroupChanged(group) => Self { group: Some(group.to_string()), ..base },
            EventKind::GroupState(news) => Self {
                group: news.group.as_ref().map(ToString::to_string),
                cause: news.cause.as_ref().map(|cause| CauseInfo::from(&**cause)),
                data: group_data(news),
                ..base
            },
            EventKind::SupervisorRunning | EventKind::SupervisorStopping => base,
            EventKind::RemoteCommunication { kind, data } => {
                Self { data: Some(json!({"type": kind, "data": data})), ..base }
            }
            EventKind::Tick { when, .. } => Self { data: Some(json!({"when": when})), ..base },
            EventKind::ActorRestarted { path, reason, incident } => {
                let data = json!({"path": path, "reason": reason, "incident": incident});
                Self { data: Some(data), ..base }
            }
            EventKind::LogTrouble { namespec: _, stream, message } => {
                Self { data: Some(json!({"stream": stream.as_str(), "message": message})), ..base }
            }
            EventKind::ProcessReadiness { reason, pid, incarnation, .. }
            | EventKind::ProcessHealth { reason, pid, incarnation, .. } => Self {
                pid: (*pid != 0).then_some(*pid),
                incarnation: Some(*incarnation),
                data: reason_of(reason),
                ..base
            },
            EventKind::Probe { name, reason, .. } => {
                let mut data = json!({"probe": name});
                if !reason.is_empty() {
                    data["reason"] = json!(reason);
                }
                Self { data: Some(data), ..base }
            }
            EventKind::ProcessLog(output) | EventKind::ProcessCommunication(output) => {
                Self { pid: Some(output.pid), data: Some(written(output)), ..base }
            }
        }
    }
}

/// What a group did, of what has more to tell than its name.
fn group_data(news: &GroupNews) -> Option<Value> {
    let child = |child: &ChildId| match (child, &news.group) {
        (ChildId::Process(process), Some(group)) => {
            Namespec::new(group.clone(), process.clone()).to_string()
        }
        (ChildId::Process(process), None) => process.to_string(),
        (ChildId::Group(group), _) => format!("{group}:*"),
    };
    let all = |children: &[ChildId]| children.iter().map(child).collect::<Vec<_>>();
    let mut data = match &news.output {
        Output::Restart { child: by, why, stopped, started, delay } => json!({
            "child": child(by), "why": why.to_string(), "stopped": all(stopped), "started": all(started),
            "delayMs": u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        }),
        Output::Escalated { child: by, why, .. } => json!({
            "child": child(by), "why": why.to_string(), "escalate": news.escalate.as_str(),
        }),
        Output::AutoShutdown(by) => json!({"child": child(by)}),
        Output::Report(Report::Ended(ending)) => json!({"failed": *ending == Ending::Abnormal}),
        Output::Begun | Output::Forgotten(_) | Output::Report(_) => return None,
    };
    if let Some((used, intensity)) = news.used {
        (data["used"], data["intensity"]) = (json!(used), json!(intensity));
    }
    Some(data)
}

/// `{reason}`, if there is one.
fn reason_of(reason: &str) -> Option<Value> {
    (!reason.is_empty()).then(|| json!({"reason": reason}))
}

/// `{stream, data | base64}`: what a process wrote.
fn written(output: &Written) -> Value {
    let stream = output.stream.as_str();
    match Payload::from(output.data.clone()) {
        Payload::Text(data) => json!({"stream": stream, "data": data}),
        Payload::Base64(data) => json!({"stream": stream, "base64": data}),
    }
}
