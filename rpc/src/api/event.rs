//! `event.*`: everything that happens, as it happens.

use crate::wire::{EventItem, Selectors};
use jsonrpsee::core::SubscriptionResult;
use jsonrpsee::proc_macros::rpc;

/// Everything that happens.
#[rpc(server, client, namespace = "event", namespace_separator = ".")]
pub trait EventApi {
    /// Events of `kinds` (Supervisor's names, a name includes all below it; default: `EVENT`, all) about
    /// the processes a selector names (default: all, and what is about none), after the event number
    /// `since` (default: from now on; a number that has not been reached is refused). The first item says from which
    /// number on.
    #[subscription(name = "subscribe" => "item", unsubscribe = "unsubscribe", item = EventItem, param_kind = map)]
    async fn event_subscribe(
        &self,
        kinds: Option<Vec<String>>,
        selector: Option<Selectors>,
        since: Option<u64>,
    ) -> SubscriptionResult;
}
