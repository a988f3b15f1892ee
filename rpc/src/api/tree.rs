//! `tree.*`: the daemon's own actors.

use crate::wire::{Crash, CrashReport, TreeNode};
use jsonrpsee::core::RpcResult;
use jsonrpsee::proc_macros::rpc;

/// The daemon's own actors.
#[rpc(server, client, namespace = "tree", namespace_separator = ".")]
pub trait TreeApi {
    /// The actors, as a tree.
    #[method(name = "get", param_kind = map)]
    async fn tree_get(&self) -> RpcResult<TreeNode>;

    /// Makes an actor fail, to see it come back; needs `fault_injection` in `[supervisord]`.
    #[method(name = "crash", param_kind = map)]
    async fn tree_crash(&self, path: String, how: Crash) -> RpcResult<CrashReport>;
}
