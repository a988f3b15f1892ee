//! Simulation: the real machines on a virtual clock, with processes that behave as a script says.
//!
//! ```text
//!   Config ─► Stage: Machine, Gate, Vitals of each process; Forest of the groups
//!   Script ─► Cast (how each behaves), cues (what an operator does)
//!                 │
//!   queue: ends, cues ──► the next moment ──► facts, requests ──► machines ──► edges: lines, effects, nudges
//!                              ▲ deadlines of machines, vitals, groups             │
//!                              └───────────────────────────────────────────────────┘
//! ```
//!
//! What decides is the same as in the daemon: the lifecycle, [`drive`](crate::drive), the gate, the vitals, the groups
//! and what is handed on of their orders, the way down and up of several, the end of all, the hooks. Here are only the wires between them, a clock that jumps to the next moment, and bodies that obey a script. The
//! same configuration and the same script give the same lines. Nothing runs for ever: the number of steps is bounded.
//! Absent: processes, files, sockets, the clock of the machine; reading files and printing (whoever calls).

mod body;
mod cast;
mod cues;
mod drive;
mod engine;
mod groups;
mod health;
mod hooks;
mod instances;
mod parse;
mod report;
mod script;
mod setting;
mod shutdown;
mod stage;
mod ways;
mod words;

pub use cast::Cast;
pub use engine::{MOST_STEPS, PATIENCE, simulate};
pub use report::{End, Fallen, Line, Report, Started, What};
pub use script::{Action, Behaviour, Cue, Life, Name, Ready, Run, Script, ScriptError, Spot, Until};
pub use setting::Setting;
