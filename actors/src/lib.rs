//! The supervision tree of treeherd: root, groups, programs, rotators as actors.
//!
//! ```text
//!   loop (tree) ── Root ── Bus
//!                   |- Scribe               (logs thread)
//!                   |- Endpoint...          (control thread)
//!                   `- Group... ─┬─ Program... ── Rotator stdout, stderr   (logs thread)
//!                                `─ Pool                 of event listeners
//! ```
//!
//! Commands go down as messages, each once; outcomes come up once. A child never names its parent's type:
//! it tells upward through what it was given at its start. What must outlive an actor stands in an
//! [`estate`]. Streams of bytes do not travel in mailboxes. A Rust program that has actors of its own
//! starts a whole tree beside them with [`tree::run`].

mod alarm;
pub mod bridge;
pub mod bus;
pub mod clock;
pub mod command;
mod desire;
pub mod endpoint;
pub mod errand;
pub mod estate;
mod farewell;
pub mod feeder;
pub mod forward;
pub mod group;
pub mod grove;
pub mod mainlog;
pub mod nudge;
pub mod pool;
pub mod probe;
pub mod program;
pub mod root;
pub mod rotator;
pub mod shared;
pub mod sockets;
pub mod supervision;
pub mod tree;
pub mod turns;
