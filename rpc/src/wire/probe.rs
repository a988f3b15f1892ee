//! Probes of the world outside, in the answer of `probe.list`.

use serde::{Deserialize, Serialize};

/// A `[probe:x]`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeInfo {
    /// `x`.
    pub name: String,
    /// What it asks, as the key has it.
    pub check: String,
    /// `unknown`, `healthy`, `unhealthy`.
    pub health: String,
    /// Since when.
    pub since: String,
    /// When it was answered last; absent before the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<String>,
    /// Why that answer was a no; absent if it was a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The processes that require it, by their full names.
    #[serde(default)]
    pub required_by: Vec<String>,
}
