//! The HTTP server of treeherd: router, authentication, limits, JSON-RPC mounted.
//!
//! ```text
//!   serve(listener, site, stop)      one per configured endpoint
//!     accept --(connection limit)--> hyper HTTP/1.1 (time for headers, size of headers, upgrades)
//!       contain  a panic is a 500 with an incident id
//!        auth    Basic, before anything is routed; deny by default
//!         origin a browser's page may only talk to the host it came from (TCP)
//!          router  /rpc and POST /  JSON-RPC over HTTP and WebSocket --> guard --> methods
//!                  /  /index.html   the status page       /livez  200
//!                  anything else    404 in Supervisor's form
//! ```
//!
//! Nothing polls; every wait has a bound ([`Limits`]); the methods, the rows of the page and the log are
//! the caller's, handed in as a [`Site`]. Absent: TLS, XML-RPC, log streams, writing through the page.

mod auth;
mod connection;
mod guard;
mod origin;
mod page;
mod pressure;
mod router;
mod rpc;
mod server;
mod site;

pub use server::{Listener, ServeError, serve};
pub use site::{Caller, Identity, Limits, Notice, Notify, PageRow, Rows, Site};
