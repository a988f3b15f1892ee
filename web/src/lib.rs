//! The HTTP server of treeherd: router, authentication, limits, JSON-RPC mounted.
//!
//! ```text
//!   serve(listener, site, stop)      one per configured endpoint
//!     accept --(connection limit)--> hyper HTTP/1.1 (time for headers, size of headers, upgrades)
//!       contain  a panic is a 500 with an incident id
//!        auth    Basic, before anything is routed; deny by default
//!         origin a browser's page may only talk to the host it came from (TCP)
//!          router  /rpc and JSON posted to /  JSON-RPC over HTTP and WebSocket --> guard --> methods
//!                  /RPC2...          xmlrpc: the same methods as XML
//!                  /livez            200
//!                  anything else     ui: pages and their actions, log streams, static files, 404
//! ```
//!
//! Nothing polls; every wait has a bound ([`Limits`]); the methods, the processes, their logs and the daemon's
//! log are the caller's, handed in as a [`Site`]. Absent: TLS.

mod action;
mod assets;
mod auth;
pub mod caller;
mod connection;
mod control;
mod form;
mod guard;
mod origin;
mod page;
mod pressure;
mod router;
mod rpc;
mod seat;
mod server;
mod site;
mod stream;
mod ui;
mod xmlrpc;

pub use control::{Control, FollowError, Followed, Log, Verb};
pub use server::{Listener, ServeError, serve};
pub use site::{Caller, Identity, Limits, Notice, Notify, PageRow, Rows, Site};
