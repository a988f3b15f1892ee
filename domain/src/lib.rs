//! The pure part of treeherd: names, specs, the lifecycle machine, plans, as values.
//!
//! Nothing here does I/O, reads a clock, logs, waits, or can be serialized; time is a parameter and
//! always monotonic. What decides is here; what acts is in `os` and `actors`.

pub mod account;
pub mod cause;
pub mod command;
pub mod depend;
pub mod desired;
pub mod drive;
pub mod duration;
pub mod ending;
pub mod endpoint;
pub mod event;
pub mod exit;
pub mod fault;
pub mod feed;
pub mod group;
pub mod health;
pub mod hook;
pub mod level;
pub mod lifecycle;
pub mod listener;
pub mod name;
pub mod plan;
pub mod pool;
pub mod quote;
pub mod reload;
pub mod restart;
pub mod rolling;
pub mod rotation;
pub mod scale;
pub mod seldom;
pub mod selector;
pub mod signal;
pub mod simulate;
pub mod socket;
pub mod spec;
pub mod status;
pub mod stop;
pub mod strategy;
pub mod stream;
pub mod syslog;
pub mod template;
pub mod undecodable;
