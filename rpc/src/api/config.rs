//! `config.*`: what the configuration file would change.

use crate::wire::PlanInfo;
use jsonrpsee::core::RpcResult;
use jsonrpsee::proc_macros::rpc;

/// What the configuration file would change.
#[rpc(server, client, namespace = "config", namespace_separator = ".")]
pub trait ConfigApi {
    /// Reads the configuration and tells what an update would do; applies nothing.
    #[method(name = "plan", param_kind = map)]
    async fn config_plan(
        &self,
        #[argument(rename = "perProcess")] per_process: Option<bool>,
        groups: Option<Vec<String>>,
    ) -> RpcResult<PlanInfo>;

    /// Reads the configuration and keeps it, as `supervisor.reloadConfig`, and tells what an update would do; of the
    /// probes, what has been done.
    #[method(name = "reread", param_kind = map)]
    async fn config_reread(&self) -> RpcResult<PlanInfo>;
}
