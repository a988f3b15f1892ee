//! `log.*`: the daemon's log and those of its processes, read or followed.
//!
//! `name` is a process; absent, it is the daemon's own log, and `stream` means nothing. `stream` is `stdout`
//! when absent. `log.read` counts bytes of the file that stands there now. `log.follow` counts on from the
//! file's start as it was at the moment of following: its offsets do not restart when the log is rolled over
//! or emptied, and are then no offsets of `log.read` any more.

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

    /// First what the log holds (`from`, the default `"-1024"`; at most 1 MiB of it, and no item if that is
    /// nothing), then each new piece.
    #[subscription(name = "follow" => "chunk", unsubscribe = "unfollow", item = LogItem, param_kind = map)]
    async fn log_follow(
        &self,
        name: Option<String>,
        stream: Option<String>,
        from: Option<LogStart>,
    ) -> SubscriptionResult;
}
