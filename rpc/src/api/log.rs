//! `log.*`: the daemon's log and those of its processes, read or followed.
//!
//! `name` is a process; absent, it is the daemon's own log and `stream` must be absent, too. `stream` is
//! `stdout` when absent. Offsets count bytes of the current file; rotation starts again at 0.

use crate::wire::{LogItem, LogSlice, LogStart};
use jsonrpsee::core::{RpcResult, SubscriptionResult};
use jsonrpsee::proc_macros::rpc;

/// Logs.
#[rpc(server, client, namespace = "log", namespace_separator = ".")]
pub trait LogApi {
    /// Bytes of a log from an offset, or its last bytes (`from: "-1600"`, the default `"-4096"`); never
    /// more than `maxBytes` (default and upper bound: 1 MiB).
    #[method(name = "read", param_kind = map)]
    async fn log_read(
        &self,
        name: Option<String>,
        stream: Option<String>,
        from: Option<LogStart>,
        #[argument(rename = "maxBytes")] max_bytes: Option<u64>,
    ) -> RpcResult<LogSlice>;

    /// First what the log holds (`from`, the default `"-1024"`), then each new piece.
    #[subscription(name = "follow" => "chunk", unsubscribe = "unfollow", item = LogItem, param_kind = map)]
    async fn log_follow(
        &self,
        name: Option<String>,
        stream: Option<String>,
        from: Option<LogStart>,
    ) -> SubscriptionResult;
}
