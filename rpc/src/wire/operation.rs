//! What a mutating call answers: how far it came, and one row per target.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use treeherd_domain::name::Namespec;

/// How long a mutating call waits before it answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wait {
    /// Not at all: the request has been accepted.
    None,
    /// Until each target is RUNNING, or cannot be.
    Started,
    /// Until each target is down.
    Stopped,
}

/// Whether all targets were waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperationState {
    /// Every target has its outcome.
    Done,
    /// `timeoutMs` passed first. The work goes on; targets without an outcome have a row with the error
    /// `WaitTimeout`.
    Timeout,
}

/// The outcome of one call over all its targets.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Whether all were waited for.
    pub state: OperationState,
    /// How many targets there are.
    pub total: usize,
    /// How many of them have an outcome, good or bad.
    pub done: usize,
    /// One row per target, in the order in which they settled.
    pub rows: Vec<Row>,
}

impl Operation {
    /// The operation whose targets all have the outcome in `rows`.
    #[must_use]
    pub const fn done(rows: Vec<Row>) -> Self {
        let total = rows.len();
        Self { state: OperationState::Done, total, done: total, rows }
    }
}

/// One target of a call, and its outcome.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// Whether it did what was asked.
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RowError>,
    /// A restart: whether this call stopped it first (`false`: there was nothing to stop, or it could not
    /// be stopped and `error` says why). Absent in every other call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<bool>,
    /// A rolling restart: why this one has no part in it (`disabled`, or its state). Then nothing was done to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

impl Row {
    /// A target that did what was asked.
    #[must_use]
    pub fn ok(target: &Namespec) -> Self {
        Self {
            name: target.process.to_string(),
            group: target.group.to_string(),
            ok: true,
            error: None,
            stopped: None,
            left_out: None,
        }
    }

    /// A target that a rolling restart leaves out, and why.
    #[must_use]
    pub fn left_out(target: &Namespec, why: String) -> Self {
        Self { left_out: Some(why), ..Self::ok(target) }
    }

    /// A target that did not; [`code::row_error`](crate::code::row_error) makes the error of a fault.
    #[must_use]
    pub fn failed(target: &Namespec, error: RowError) -> Self {
        Self { ok: false, error: Some(error), ..Self::ok(target) }
    }

    /// The same row of a restart, which did or did not stop the target first.
    #[must_use]
    pub fn with_stopped(self, stopped: bool) -> Self {
        Self { stopped: Some(stopped), ..self }
    }
}

/// An error inside a result: the same three fields as the error of a whole call.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RowError {
    /// The number of the error's kind (see [`code`](crate::code)).
    pub code: i32,
    /// One line: Supervisor's fault string where it has one.
    pub message: String,
    /// The kind and what belongs to it.
    pub data: ErrorData,
}

/// `data` of every error of ours.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorData {
    /// The name of the error; this, not the number or the message, is the contract.
    pub kind: String,
    /// Supervisor's fault number, where the error has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<i32>,
    /// What it is about: a process, a group, a path, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Whether the same call may succeed later without a change.
    pub retryable: bool,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// More, by kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// The id under which the daemon's log tells more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}
