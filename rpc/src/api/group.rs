//! `group.*`: whole groups by name.

use crate::wire::{GroupInfo, GroupUpdate, Operation, Wait};
use jsonrpsee::core::RpcResult;
use jsonrpsee::proc_macros::rpc;
use std::collections::BTreeMap;

/// Whole groups by name.
#[rpc(server, client, namespace = "group", namespace_separator = ".")]
pub trait GroupApi {
    /// The active groups, by priority, then in the order in which they became active; of listeners and subscribers also
    /// what they were told.
    #[method(name = "list", param_kind = map)]
    async fn group_list(&self) -> RpcResult<Vec<GroupInfo>>;

    /// One of them.
    #[method(name = "get", param_kind = map)]
    async fn group_get(&self, name: String) -> RpcResult<GroupInfo>;

    /// Starts the members that are not active, by ascending priority.
    #[method(name = "start", param_kind = map)]
    async fn group_start(
        &self,
        name: String,
        wait: Option<Wait>,
        #[argument(rename = "timeoutMs")] timeout_ms: Option<u64>,
    ) -> RpcResult<Operation>;

    /// Stops the active members.
    #[method(name = "stop", param_kind = map)]
    async fn group_stop(
        &self,
        name: String,
        wait: Option<Wait>,
        #[argument(rename = "timeoutMs")] timeout_ms: Option<u64>,
    ) -> RpcResult<Operation>;

    /// Stops the active members and starts all, but for those that are disabled, which are left as they are.
    #[method(name = "restart", param_kind = map)]
    async fn group_restart(
        &self,
        name: String,
        wait: Option<Wait>,
        #[argument(rename = "timeoutMs")] timeout_ms: Option<u64>,
    ) -> RpcResult<Operation>;

    /// Makes an instance of a template with these arguments, and starts it. `wait`: `started` (the default) or `none`.
    #[method(name = "spawn", param_kind = map)]
    async fn group_spawn(
        &self,
        name: String,
        args: Option<BTreeMap<String, String>>,
        wait: Option<Wait>,
        #[argument(rename = "timeoutMs")] timeout_ms: Option<u64>,
    ) -> RpcResult<Operation>;

    /// Has an active group as the configuration read last says, touching only the processes that changed.
    #[method(name = "update", param_kind = map)]
    async fn group_update(&self, name: String) -> RpcResult<GroupUpdate>;
}
