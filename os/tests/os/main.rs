//! The crate through its public face, on real processes, files and sockets. What is of the whole
//! process (umask, user, limits, session) is in `tests/process.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on panics; a skip is shown"
)]

mod autolog;
mod child;
mod failure;
mod files;
mod follow;
mod inherited;
mod keep;
mod logfile;
mod pipes;
mod planted;
mod process;
mod resolve;
mod socket;
mod support;
mod tail;
#[cfg(target_os = "linux")]
mod told;
mod user;
