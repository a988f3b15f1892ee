//! The methods, one trait a namespace: what the server implements and what the client calls.
//!
//! Each trait makes two: `XyzServer` to implement (`into_rpc()` gives the methods to merge) and
//! `XyzClient`, which every client has. Parameters may be given by name or by position; a missing
//! optional one is its default. A Rust name is the wire's name with `_` for the dot (`process_start` is
//! `process.start`), Supervisor's own methods apart. Absent: which fault means which error (see [`code`](crate::code)).

pub mod config;
pub mod event;
pub mod group;
pub mod log;
pub mod probe;
pub mod process;
pub mod supervisor;
pub mod system;
mod table;
pub mod tree;

pub use config::{ConfigApiClient, ConfigApiServer};
pub use event::{EventApiClient, EventApiServer};
pub use group::{GroupApiClient, GroupApiServer};
pub use log::{LogApiClient, LogApiServer};
pub use probe::{ProbeApiClient, ProbeApiServer};
pub use process::{ProcessApiClient, ProcessApiServer};
pub use supervisor::{SupervisorApiClient, SupervisorApiServer};
pub use system::{SystemApiClient, SystemApiServer};
pub use table::{METHODS, Method, Param, check_params, method, method_names};
pub use tree::{TreeApiClient, TreeApiServer};
