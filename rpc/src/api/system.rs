//! `system.*`: what can be called (Supervisor's introspection), and the daemon itself.

use crate::wire::{SystemInfo, SystemState};
use jsonrpsee::core::RpcResult;
use jsonrpsee::proc_macros::rpc;
use serde_json::Value;
use serde_json::value::RawValue;

/// Introspection and the daemon itself.
#[rpc(server, client, namespace = "system", namespace_separator = ".")]
pub trait SystemApi {
    /// The names of all methods, sorted.
    #[method(name = "listMethods")]
    async fn list_methods(&self) -> RpcResult<Vec<String>>;

    /// What a method does; SIGNATURE_UNSUPPORTED for one that does not exist.
    #[method(name = "methodHelp")]
    async fn method_help(&self, name: String) -> RpcResult<String>;

    /// The result's type, then the parameters' types.
    #[method(name = "methodSignature")]
    async fn method_signature(&self, name: String) -> RpcResult<Vec<String>>;

    /// Several calls in one, one after the other: each `{methodName, params}` gives its bare result or
    /// `{faultCode, faultString}`.
    #[method(name = "multicall")]
    async fn multicall(&self, calls: Vec<Value>) -> RpcResult<Vec<Box<RawValue>>>;

    /// Who answers: name, version, identifier, pid.
    #[method(name = "info")]
    async fn system_info(&self) -> RpcResult<SystemInfo>;

    /// The daemon's state and how many processes are in which.
    #[method(name = "state")]
    async fn system_state(&self) -> RpcResult<SystemState>;

    /// Stops every process, then the daemon. Returns before it happens.
    #[method(name = "shutdown")]
    async fn system_shutdown(&self) -> RpcResult<bool>;

    /// Stops every process, reads the configuration anew, starts. Returns before it happens.
    #[method(name = "restart")]
    async fn system_restart(&self) -> RpcResult<bool>;
}
