//! The configuration through its public face: text of a file in, a rendered spec or a rendered report out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking; the lint knows only #[test] functions")]

mod depend;
mod dialect;
mod doctor;
mod documentation;
mod expansion;
mod files;
mod health;
mod hooks;
mod reports;
mod restart;
mod rolling;
mod scale;
mod servers;
mod specs;
mod stop;
mod strategy;
mod support;
mod values;
