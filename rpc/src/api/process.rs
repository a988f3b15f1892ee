//! `process.*`: processes by selector; one call, one result row per target.

use crate::wire::supervisor::SignalName;
use crate::wire::{
    Explanations, GraphInfo, Histories, Operation, ProcessChange, ProcessInfo, ProcessList, ProgramInfo,
    RollItem, Rolling, ScaleInfo, Selectors, Wait,
};
use jsonrpsee::core::{RpcResult, SubscriptionResult};
use jsonrpsee::proc_macros::rpc;

/// Processes by selector.
#[rpc(server, client, namespace = "process", namespace_separator = ".")]
pub trait ProcessApi {
    /// The processes a selector names (default: all), in any of `states` (default: any), by group, then
    /// by name, and the sequence number of the last event they reflect.
    #[method(name = "list", param_kind = map)]
    async fn process_list(
        &self,
        selector: Option<Selectors>,
        states: Option<Vec<String>>,
    ) -> RpcResult<ProcessList>;

    /// One process.
    #[method(name = "get", param_kind = map)]
    async fn process_get(&self, name: String) -> RpcResult<ProcessInfo>;

    /// Starts what is not active, and before it what it requires. `wait`: `started` (the default) or `none`.
    /// `noDeps`: without what it requires, and without waiting for that.
    #[method(name = "start", param_kind = map)]
    async fn process_start(
        &self,
        selector: Selectors,
        wait: Option<Wait>,
        #[argument(rename = "timeoutMs")] timeout_ms: Option<u64>,
        #[argument(rename = "noDeps")] no_deps: Option<bool>,
    ) -> RpcResult<Operation>;

    /// Stops what is active. `wait`: `stopped` (the default) or `none`.
    #[method(name = "stop", param_kind = map)]
    async fn process_stop(
        &self,
        selector: Selectors,
        wait: Option<Wait>,
        #[argument(rename = "timeoutMs")] timeout_ms: Option<u64>,
    ) -> RpcResult<Operation>;

    /// Stops what is active and starts it again, in one go. `wait`: `started` (the default) or `none`. With `rolling` a
    /// few at a time, each of which has to be ready before the next ones; `timeoutMs` is then the time of each.
    #[method(name = "restart", param_kind = map)]
    async fn process_restart(
        &self,
        selector: Selectors,
        wait: Option<Wait>,
        #[argument(rename = "timeoutMs")] timeout_ms: Option<u64>,
        #[argument(rename = "noDeps")] no_deps: Option<bool>,
        rolling: Option<Rolling>,
    ) -> RpcResult<Operation>;

    /// Disables processes, for good: none of them is started until it is enabled.
    #[method(name = "disable", param_kind = map)]
    async fn process_disable(&self, selector: Selectors) -> RpcResult<Operation>;

    /// Enables processes that were disabled; starts none.
    #[method(name = "enable", param_kind = map)]
    async fn process_enable(&self, selector: Selectors) -> RpcResult<Operation>;

    /// Who requires whom, with what is missing: these processes and all that they require (default: all).
    #[method(name = "graph", param_kind = map)]
    async fn process_graph(&self, selector: Option<Selectors>) -> RpcResult<GraphInfo>;

    /// Sends a signal.
    #[method(name = "signal", param_kind = map)]
    async fn process_signal(&self, selector: Selectors, signal: SignalName) -> RpcResult<Operation>;

    /// Has processes read their configuration anew, without a restart: by `reload_signal`, or by `reload_command`, whose
    /// end is waited for. Of a group, a glob or `all`: those that run and have one of the two.
    #[method(name = "reload", param_kind = map)]
    async fn process_reload(
        &self,
        selector: Selectors,
        #[argument(rename = "timeoutMs")] timeout_ms: Option<u64>,
    ) -> RpcResult<Operation>;

    /// Why each process is as it is: the chain of reasons, and the last lines of output before an end.
    #[method(name = "explain", param_kind = map)]
    async fn process_explain(&self, selector: Selectors) -> RpcResult<Explanations>;

    /// What happened to each process: the newest `limit` entries with a number above `since`, of the last
    /// `withinMs` milliseconds (default: all that are kept).
    #[method(name = "history", param_kind = map)]
    async fn process_history(
        &self,
        selector: Selectors,
        limit: Option<u32>,
        since: Option<u64>,
        #[argument(rename = "withinMs")] within_ms: Option<u64>,
    ) -> RpcResult<Histories>;

    /// Has a program, by its name in `[program:x]`, have so many processes, or without a `count` as many as its file says;
    /// only the difference is touched.
    #[method(name = "scale", param_kind = map)]
    async fn process_scale(&self, name: String, count: Option<u32>) -> RpcResult<ScaleInfo>;

    /// The programs with their numbers of processes, by name, and who scaled them.
    #[method(name = "programs", param_kind = map)]
    async fn process_programs(&self) -> RpcResult<Vec<ProgramInfo>>;

    /// Restarts a few at a time, and tells each outcome as it comes about; unsubscribing ends it after those under way.
    #[subscription(
        name = "roll" => "rolled", unsubscribe = "unroll", item = RollItem, param_kind = map, with_extensions
    )]
    async fn process_roll(
        &self,
        selector: Selectors,
        #[argument(rename = "timeoutMs")] timeout_ms: Option<u64>,
        #[argument(rename = "noDeps")] no_deps: Option<bool>,
        rolling: Option<Rolling>,
    ) -> SubscriptionResult;

    /// First a snapshot of the processes, then every change of one.
    #[subscription(name = "watch" => "change", unsubscribe = "unwatch", item = ProcessChange, param_kind = map)]
    async fn process_watch(&self, selector: Option<Selectors>) -> SubscriptionResult;
}
