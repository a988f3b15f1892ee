//! What travels: serde types, made from domain values.
//!
//! Native types are here and in the files below, lower camel on the wire; [`supervisor`] has Supervisor's
//! own shapes. An absent value is left out, never `null`. Readers ignore fields they do not know.
//! Times are RFC 3339 in UTC with milliseconds; durations and sizes carry their unit in the name.

mod cause;
mod daemon;
mod event;
mod graph;
mod log;
mod operation;
mod plan;
mod pool;
mod probe;
mod process;
mod rolling;
mod rules;
mod scale;
mod selector;
pub mod supervisor;
pub mod time;

pub use cause::{
    AskedInfo, CauseInfo, EntryInfo, ExplanationInfo, Explanations, Histories, HistoryInfo, LastOutput,
    ReasonInfo, RefInfo,
};
pub use daemon::{Crash, CrashReport, GroupInfo, SystemInfo, SystemState, TreeNode};
pub use event::{EventBody, EventItem, Mark};
pub use graph::{GraphEdge, GraphInfo, GraphNode};
pub use log::{LogItem, LogSlice, LogStart, Payload};
pub use operation::{ErrorData, Operation, OperationState, Row, RowError, Wait};
pub use plan::{
    ChangedGroup, ChangedKey, ChangedKeys, ChangedProbe, ChangedServer, GroupUpdate, PlanInfo,
    PlannedGroup, PlannedProcess, UpdatedProcess,
};
pub use pool::{ListenerInfo, PoolInfo, SubscriberInfo};
pub use probe::ProbeInfo;
pub use process::{ExitInfo, LogPaths, ProcessChange, ProcessInfo, ProcessList};
pub use rolling::{RollItem, Rolling};
pub use rules::{RulesInfo, TemplateInfo};
pub use scale::{ProgramInfo, ScaleInfo, ScaledInfo};
pub use selector::Selectors;
