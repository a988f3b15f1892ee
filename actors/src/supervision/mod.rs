//! Supervision of actors: who starts them again after a bug of ours.
//!
//! ```text
//!   parent ── Children ──starts──► guarded task ──runs──► actor (and all below it)
//!     ▲                                                       │ each holds its Link
//!     └──────────────── Down { child, incarnation, exit } ◄───┘ sent when the last Link is gone
//! ```
//!
//! The words are OTP's. A child's [`Link`](link::Link) is held by its guarded task and, as the link
//! above, by everything below it; so [`Down`](link::Down) means: this actor and all below it are gone,
//! on whatever thread they were. Only then is it safe to start another on the same estate.
//! [`Children`](children::Children) decides what follows, within an intensity; over it, the parent ends
//! abnormally and its own parent decides. When a parent ends, its children are told to stop.
//!
//! This is not the lifecycle of processes: no type of one appears in the other. actix's own
//! `Supervisor` is not used, as it does not survive a panic. Absent: delays between restarts (an
//! actor costs microseconds), and dynamic children without a name.

pub mod children;
pub mod guard;
pub mod link;
pub mod repair;
