//! What this machine is called.
//!
//! Absent: DNS; the names here are the kernel's own.

use std::fs;

/// The host's name, as `uname(2)` tells it (`%(host_node_name)s`); empty if it cannot be told.
#[must_use]
pub fn nodename() -> String {
    nix::sys::utsname::uname()
        .map(|names| names.nodename().to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The id of this boot: with it a pid and a start time name a process for ever. `None` off Linux.
#[must_use]
pub fn boot_id() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_node_has_a_name() {
        assert!(!super::nodename().is_empty());
    }
}
