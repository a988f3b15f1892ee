//! A rolling restart, as it is asked for and told.

use crate::wire::Row;
use serde::{Deserialize, Serialize};

/// How a rolling restart goes about it. What is left out is what the programs' keys say: of several the most careful.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rolling {
    /// How many are restarted at the same time (`rolling_batch`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// How long the ready ones are watched before the next (`rolling_pause`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_ms: Option<u64>,
    /// After how many failures nothing more is restarted (`rolling_abort_on`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_on: Option<u32>,
}

/// An item of `process.roll`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RollItem {
    /// The first item: the processes, in the order of their turns.
    Snapshot {
        /// Their full names.
        targets: Vec<String>,
    },
    /// The turn of one has come: it is told to restart.
    Turn {
        /// Its full name.
        name: String,
    },
    /// One has its outcome. One that falls after it was ready comes again. Those that are left out come first.
    Row {
        /// What became of it.
        row: Box<Row>,
    },
    /// The last item.
    End {
        /// `all processes have their outcome`, or why there is more to come that is not told.
        reason: String,
    },
}
