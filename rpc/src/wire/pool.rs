//! What listeners and subscribers were told, in the answer of `group.list`.

use serde::{Deserialize, Serialize};

/// The pool of an `[eventlistener:x]`. `accepted = processed + dropped` and what waits or is being worked on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolInfo {
    /// `events`.
    pub events: Vec<String>,
    /// `buffer_size`, in events.
    pub buffer_size: u64,
    /// Events that wait for a listener.
    pub waiting: u64,
    /// Events that it took.
    pub accepted: u64,
    /// Events that a listener has processed.
    pub processed: u64,
    /// How often an event was given back: by a result, a broken protocol, or an end.
    pub rejected: u64,
    /// Events that were dropped, as the buffer was full.
    pub dropped: u64,
    /// Its processes, in definition order.
    pub listeners: Vec<ListenerInfo>,
}

/// A process of a pool.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListenerInfo {
    /// Its name.
    pub name: String,
    /// Where it is in the protocol: `ACKNOWLEDGED`, `READY`, `BUSY` or `UNKNOWN`.
    pub state: String,
}

/// A process of a `[subscriber:x]`. `accepted + returned = delivered + dropped + waiting`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriberInfo {
    /// Its name.
    pub name: String,
    /// `events`.
    pub events: Vec<String>,
    /// `buffer_size`, in events.
    pub buffer_size: u64,
    /// Events that wait for it.
    pub waiting: u64,
    /// Events that were for it.
    pub accepted: u64,
    /// Events that were written to it, each time.
    pub delivered: u64,
    /// Events that were written to a process that ended before it read them.
    pub returned: u64,
    /// Events that were dropped, as the buffer was full.
    pub dropped: u64,
}
