//! The RPC contract of treeherd: traits, wire types, error table, client; JSON-RPC, and XML-RPC over the same methods.
//!
//! ```text
//!   api::{supervisor, system, process, group, config, log, event, tree}   one trait a namespace:
//!        |  server side: implement `SupervisorServer`, ...; client side: call `SupervisorClient`, ...
//!   wire    what travels, as serde types; built from domain values, never the other way about
//!   code    one table: Fault <-> JSON-RPC error
//!   multicall  `system.multicall` over any methods
//!   xmlrpc     calls and answers as XML
//!   client  a connection to a daemon: HTTP for calls, WebSocket for subscriptions; unix or TCP
//! ```
//!
//! The wire types are a promise: fields may be added, never renamed or given another meaning. Native
//! names are lower camel; everything under `supervisor.` is spelt as Supervisor spells it. Absent: the
//! server (`web`), what the methods do (`actors`), TLS.

pub mod api;
pub mod client;
pub mod code;
mod multicall;
pub mod wire;
pub mod xmlrpc;

pub use multicall::multicall;

/// What a server method returns: a result, or the error that [`code::error_object`] makes of a fault.
pub type Reply<T> = Result<T, jsonrpsee::types::ErrorObjectOwned>;
