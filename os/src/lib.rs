//! The operating system as treeherd needs it: spawn, exit, signals, files, sockets.
//!
//! ```text
//! spawn ----> Process (pid, pidfd, status) <---- reaper (strangers only)
//!   |            `-- wait: pidfd readiness, or SIGCHLD on the portable path
//!   `-- pipe ends ----> pipe (readiness) ----> logfile (append, roll over)
//! resolve  user  daemon  socket  clock  host  fd  errno: one subject each, no state
//! ```
//!
//! The only crate with `unsafe`. What is decided elsewhere comes in as a value, what happened goes out
//! as a value; nothing here logs, and no error text is lost: an error's `Display` (or its `message`)
//! begins with Supervisor's words where Supervisor has some. The fast path needs Linux 5.4 (pidfds); the
//! `portable` feature, and every other system, uses `fork`, a status pipe and `SIGCHLD` instead.
//!
//! Absent: policy (when to spawn, what to signal), configuration, timers.

pub mod autolog;
pub mod clock;
pub mod daemon;
pub mod disposition;
pub mod environment;
pub mod errno;
pub mod fd;
pub mod follow;
mod guarded;
pub mod host;
pub mod keep;
pub mod logfile;
pub mod notify;
pub mod pidfile;
pub mod pipe;
pub mod process;
mod reactor;
pub mod reaper;
pub mod requests;
pub mod resolve;
pub mod signals;
pub mod socket;
pub mod spawn;
pub mod syslog;
pub mod tail;
pub mod user;
pub mod watch;
