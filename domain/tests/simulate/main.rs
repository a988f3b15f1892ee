//! The simulation, from outside: the grammar of scripts, what happens by them, and what always holds.
//!
//! ```text
//! setting      a configuration in a few words: "db ready=notify | web requires=db startretries=1"
//! grammar      what a script may say, and how it is told that it may not
//! lives        single processes: crash loops, stops that are not obeyed, health
//! waiting      requirements: order, loss, probes, --no-deps
//! groups       strategies, escalation, order
//! oneshots     those that others wait for
//! hooks        what runs beside a process, and how long that takes
//! spawning     instances of templates
//! turns        groups that start in turn, and requirements
//! properties   what holds for some configurations and every script (proptest)
//! random       what holds for every configuration and every script (proptest)
//! ```

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/budget.rs"]
mod budget;
#[path = "../common/process.rs"]
mod process;
#[path = "../common/rules.rs"]
mod rules;

mod grammar;
mod groups;
mod hooks;
mod lives;
mod oneshots;
mod properties;
mod random;
mod setting;
mod spawning;
mod turns;
mod waiting;
