//! The server through its public face: real sockets, raw HTTP, and the client of `rpc`.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod client;
mod foreign;
mod herd;
mod http;
mod page;
mod python;
mod site;
mod slow;
mod stream;
mod xmlrpc;
