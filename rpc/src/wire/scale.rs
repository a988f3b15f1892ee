//! How many processes programs have, and what became of another number of them.

use crate::wire::GroupUpdate;
use serde::{Deserialize, Serialize};

/// The answer of `process.scale`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaleInfo {
    /// The program.
    pub name: String,
    /// How many processes it had in each of its groups.
    pub before: u32,
    /// How many it was to have.
    pub count: u32,
    /// How many its file says.
    pub numprocs: u32,
    /// Whether it has so many now: `false` if a process could not be stopped.
    pub applied: bool,
    /// What was done to its groups.
    pub groups: Vec<GroupUpdate>,
}

/// One program of `process.programs`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProgramInfo {
    /// `x` of `[program:x]`.
    pub name: String,
    /// How many processes it has in each of its groups, by the configuration that was read last.
    pub count: u32,
    /// How many its file says.
    pub numprocs: u32,
    /// Who has scaled it; absent if it has as many as its file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaled: Option<ScaledInfo>,
}

/// Who has scaled a program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScaledInfo {
    /// Since when.
    pub since: String,
    /// Who asked for it, in one line.
    pub by: String,
}
