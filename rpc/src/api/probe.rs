//! `probe.*`: the world outside.

use crate::wire::ProbeInfo;
use jsonrpsee::core::RpcResult;
use jsonrpsee::proc_macros::rpc;

/// The world outside.
#[rpc(server, client, namespace = "probe", namespace_separator = ".")]
pub trait ProbeApi {
    /// The `[probe:x]`, in the order of the configuration: what each asks, how it is since when, what it was answered last,
    /// and who requires it.
    #[method(name = "list", param_kind = map)]
    async fn probe_list(&self) -> RpcResult<Vec<ProbeInfo>>;
}
