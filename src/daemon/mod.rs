//! `supervisord`: its command line.

pub mod args;
