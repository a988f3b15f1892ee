//! Groups under OTP's rules, from outside. The tests bear the names of the cases of OTP's own suite for supervisors
//! where there is such a case.
//!
//! ```text
//! herd            reads groups and scripts, has them played by the simulation, prints the trace
//! restart_types   every restart type x every way of ending x every strategy
//! strategies      who is stopped and started, in what order; restarts that fail
//! intensity       the budget: its edge, what counts, delays
//! escalation      groups that give up, through three levels
//! halting         the end of the daemon
//! significant     auto_shutdown
//! starting        the first start, and stops that come in between
//! outlook         what is to become of a process that is not up, and why
//! legacy          what a group leaves behind whose rules are taken away
//! dynamic         children that are added while the group runs (simple_one_for_one), and what no configuration brings
//! properties      what holds for every history (proptest)
//! ```

#[path = "../common/budget.rs"]
mod budget;
#[path = "../common/process.rs"]
mod process;
#[path = "../common/rules.rs"]
mod rules;

mod dynamic;
mod escalation;
mod halting;
mod herd;
mod intensity;
mod legacy;
mod outlook;
mod properties;
mod restart_types;
mod significant;
mod starting;
mod strategies;
