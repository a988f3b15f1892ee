//! What became of another number of processes.

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
