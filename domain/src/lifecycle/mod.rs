//! The lifecycle of one process: a value and two functions.
//!
//! ```text
//!                    Start                    ready_at (startsecs)
//!   STOPPED ───────────────► STARTING ───────────────────────────► RUNNING ──┐
//!      ▲ ▲                     │  ▲ │ spawn failed, or ended early     │     │ ended
//!      │ │                Stop │  │ ▼                                  │     ▼
//!      │ │ Stop                │  └─BACKOFF───► FATAL            Stop  │   EXITED ──► STARTING
//!      │ └─────────────────────┼────┘ retry   startretries used up     │        autorestart
//!      │        ended          ▼                                       │
//!      └─────────────────── STOPPING ◄─────────────────────────────────┘
//!                            │    ▲
//!                            └────┘ kill_at (stopwaitsecs, stopsequence): the next signal, then SIGKILL again and again
//! ```
//!
//! [`request`] is what somebody wants; it may be refused. [`occur`] is what has happened; it may not.
//! Either makes exactly one transition of the diagram, so that each can be announced. A state says
//! itself when it must be looked at again ([`State::deadline`]); whoever drives the machine keeps one
//! timer armed to that and feeds [`Fact::DeadlinePassed`]. What is to be done about a transition comes
//! back as an [`Effect`]. [`Machine`] holds a state and feeds what is due before anything else.
//!
//! States, codes, delays and counters are Supervisor's as long as [`Policy`] says so. Two of
//! its quirks are mended: the retry counter does not survive a stop in BACKOFF, and SIGKILL is not
//! repeated without a pause when `stopwaitsecs` is 0. The table of all cells is in `docs/lifecycle.md`;
//! a test prints it from this code and compares.
//!
//! A process that does not get ready in time, or is not healthy any more, is stopped as any other; what follows its
//! end is a failed start there, an unexpected exit here.
//!
//! Absent: clocks, pids, signals by number, logging, other programs.

mod ending;
mod machine;
mod policy;
mod state;

pub use machine::{Edge, Machine, Refusal, occur, request};
pub use policy::Policy;
pub use state::{Attempt, Effect, Fact, Next, Request, State, StopStep, Then};
