//! The one clock: the only place in the workspace that asks what time it is.
//!
//! [`now`] is monotonic and reads tokio's clock, so that paused time in a test reaches every deadline;
//! decisions use nothing else. [`wall_ms`] is wall time, for display.

use std::time::{Duration, Instant, SystemTime};

/// The monotonic time now.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one clock")]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Milliseconds since the epoch, for display only; 0 before it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one clock")]
pub fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
