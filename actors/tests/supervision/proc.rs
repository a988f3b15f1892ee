//! What the kernel tells of a process, by the pid that it wrote somewhere.

use std::fmt::Display;
use std::path::Path;

fn entry(pid: impl Display) -> String {
    format!("/proc/{}", pid.to_string().trim())
}

/// Whether a process exists and is no zombie.
pub(crate) fn is_alive(pid: impl Display) -> bool {
    let status = std::fs::read_to_string(format!("{}/status", entry(pid))).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// Whether it is gone, and its status taken.
pub(crate) fn is_reaped(pid: impl Display) -> bool {
    !Path::new(&entry(pid)).exists()
}
