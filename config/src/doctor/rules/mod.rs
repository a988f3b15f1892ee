//! The traps, by what they are about. Each is one value: what it is called, what it looks for, why, what to do, and
//! an example that a test holds it to.

mod commands;
mod daemon;
mod daemonising;
mod environment;
mod essential;
mod files;
mod groups;
mod health;
mod hooks;
mod lifecycle;
mod logs;
mod requires;
mod restarts;
mod servers;
mod shell;
mod slips;
mod strategy;
mod timeouts;

use super::finding::{Example, Found, Rule, Severity};

/// All of them, in the order in which they are documented.
pub fn every() -> impl Iterator<Item = &'static Rule> {
    let topics = [
        commands::RULES,
        shell::RULES,
        lifecycle::RULES,
        restarts::RULES,
        hooks::RULES,
        essential::RULES,
        health::RULES,
        requires::RULES,
        logs::RULES,
        environment::RULES,
        groups::RULES,
        strategy::RULES,
        daemon::RULES,
        servers::RULES,
        slips::RULES,
        files::RULES,
    ];
    topics.into_iter().flatten()
}
