//! What the native API tells of a group under OTP's rules, and of a template.

use serde::{Deserialize, Serialize};

/// A group under OTP's rules, or, in `system.state`, all groups together.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RulesInfo {
    /// `strategy`.
    pub strategy: String,
    /// `new`, `active`, `leaving`, `stopped`, `ended`, `fatal` or `halting`.
    pub standing: String,
    /// What it is in the middle of: `idle`, `stopping` or `starting`.
    pub phase: String,
    /// Whether it gave up (`standing` is `fatal`), and stays down until it is started.
    pub escalated: bool,
    /// `intensity`; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intensity: Option<u64>,
    /// `period`, in milliseconds.
    pub period_ms: u64,
    /// Restarts that count now, those within the last period, one that was refused included; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// Restarts that are left within the period; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_left: Option<u64>,
    /// `escalate`.
    pub escalate: String,
    /// The group above; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The groups below, in the order of starting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// A template.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateInfo {
    /// The names of its arguments, sorted.
    pub args: Vec<String>,
    /// `max_children`.
    pub max_children: u64,
}
