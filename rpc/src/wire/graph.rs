//! Who requires whom.

use serde::{Deserialize, Serialize};
use treeherd_domain::depend::Requirement;
use treeherd_domain::depend::gate::Missing;
use treeherd_domain::name::Namespec;
use treeherd_domain::spec::ProcessSpec;

/// The answer of `process.graph`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct GraphInfo {
    /// The processes, in the order in which they start where nothing else is required.
    pub items: Vec<GraphNode>,
    /// The number of the last event that they reflect.
    pub seq: u64,
}

/// One process, and what it requires.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphNode {
    /// Its full name.
    pub name: String,
    /// Its state as it is shown: `RUNNING`, `WAITING(db)`; absent where nobody runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// What it requires, in the order of the configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<GraphEdge>,
    /// What follows when something that it requires goes down: `none`, `restart`, `stop`.
    pub requires_restart: String,
}

/// One requirement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphEdge {
    /// Of whom: a process, `group:*`, `probe:name`.
    pub on: String,
    /// What must be so: `ready`, `exited(0)`; absent of a probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Whether it only orders.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub soft: bool,
    /// The processes that are meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<String>,
    /// Whether it is so; absent where nobody runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
    /// What is the matter where it is not: `db: FATAL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl GraphNode {
    /// A process as it is configured; nothing is known of how it is.
    #[must_use]
    pub fn configured(namespec: &Namespec, spec: &ProcessSpec) -> Self {
        Self {
            name: namespec.to_string(),
            view: None,
            requires: spec.depend.requires.iter().map(GraphEdge::configured).collect(),
            requires_restart: spec.depend.on_loss.to_string(),
        }
    }
}

impl GraphEdge {
    fn configured(requirement: &Requirement) -> Self {
        let is_probe = matches!(requirement.on, treeherd_domain::depend::Target::Probe(_));
        Self {
            on: requirement.on.to_string(),
            condition: (!is_probe).then(|| requirement.condition.to_string()),
            soft: requirement.soft,
            processes: Vec::new(),
            met: None,
            missing: None,
        }
    }

    /// The same with how it is.
    #[must_use]
    pub fn seen(self, missing: Option<&Missing>) -> Self {
        Self { met: Some(missing.is_none()), missing: missing.map(ToString::to_string), ..self }
    }
}
