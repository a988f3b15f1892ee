//! `probe.list`: the world outside, as its probes see it.

use super::Bridge;
use crate::estate::Estate;
use jsonrpsee::core::{RpcResult, async_trait};
use std::sync::Arc;
use treeherd_domain::depend::Target;
use treeherd_domain::health::ProbeSpec;
use treeherd_rpc::api::ProbeApiServer;
use treeherd_rpc::wire::{ProbeInfo, time};

#[async_trait]
impl ProbeApiServer for Bridge {
    async fn probe_list(&self) -> RpcResult<Vec<ProbeInfo>> {
        Ok(self.shared().arena.config().probes.iter().map(|spec| self.probe(spec)).collect())
    }
}

impl Bridge {
    fn probe(&self, spec: &ProbeSpec) -> ProbeInfo {
        let arena = &self.shared().arena;
        // one that was configured a moment ago has not asked yet
        let told = arena.probe_told(&spec.name).unwrap_or_default();
        let (answered_at, reason) = told.answered.unzip();
        let requires = |estate: &Arc<Estate>| {
            let is_it = |on: &Target| matches!(on, Target::Probe(name) if **name == *spec.name);
            estate.spec.depend.requires.iter().any(|requirement| is_it(&requirement.on))
        };
        let groups = arena.by_priority();
        let estates = groups.iter().flat_map(|group| group.by_priority());
        ProbeInfo {
            name: spec.name.clone(),
            check: spec.check.to_string(),
            health: told.health.to_string(),
            since: time::rfc3339(told.since_ms),
            answered_at: answered_at.map(time::rfc3339),
            reason: reason.flatten(),
            required_by: estates.filter(requires).map(|estate| estate.namespec.to_string()).collect(),
        }
    }
}
