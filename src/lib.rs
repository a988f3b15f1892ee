//! treeherd: a process supervisor.
//!
//! The composition of the crates into four programs: `supervisord` ([`daemon`]), `supervisorctl`
//! ([`ctl`]), `echo_supervisord_conf` ([`sample`]) and `pidproxy`. What they decide and do stands in the
//! other crates; here are their command lines, their outputs and their start-up.

pub mod configtest;
pub mod ctl;
pub mod daemon;
pub mod getopt;
pub mod pidproxy;
pub mod sample;
