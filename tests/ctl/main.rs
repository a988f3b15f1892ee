//! `supervisorctl` against a daemon that answers by script: what it prints and how it ends, for each
//! answer to each action.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod actions;
mod completion;
mod connection;
mod fake;
mod follow;
mod graph;
mod plan;
mod restart;
mod shell;
mod simulate;
mod survey;
mod table;
mod terminal;
mod wait;
