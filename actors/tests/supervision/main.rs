//! The supervision of the daemon's actors: how they are restarted after a bug, and what that costs.
//!
//! ```text
//!   toy     ── policy, strategy, intensity, ends         children alone, toy actors, no process
//!   herd    ── crash, causes, bytes, escalation, errand, reshape, soak   a real tree with real /bin/sh children
//! ```
//!
//! In a toy test time is paused wherever one thread is enough, so that nothing waits and "nothing more
//! happens" can be seen. A herd has a thread, a directory and (where it is about endpoints) a socket of
//! its own, and leaves none of them. Deliberately absent: the lifecycle of processes (tested in `domain` and,
//! through the programs, in `tests/e2e`).

#![expect(clippy::unwrap_used, reason = "a test ends at its first surprise")]

/// Tests with these names: for each, the file's own `survives` is called with an actor and its way of ending.
macro_rules! survives {
    ($($name:ident: $path:expr, $how:literal;)*) => {
        $(
            #[test]
            fn $name() {
                survives($path, $how);
            }
        )*
    };
}

mod bytes;
mod capture;
mod causes;
mod crash;
mod desire;
mod document;
mod ends;
mod errand;
mod escalation;
mod farewell;
mod groups;
mod health;
mod herd;
mod hooks;
mod intensity;
mod legacy;
mod measure;
mod orders;
mod policy;
mod pool;
mod proc;
mod repair;
mod requires;
mod reshape;
mod restart;
mod rolling;
mod scale;
mod shutdown;
mod soak;
mod storm;
mod strategy;
mod subscriber;
mod toy;
mod wishes;
