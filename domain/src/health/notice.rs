//! What a process says to its `NOTIFY_SOCKET`: lines of `NAME=value`, as `sd_notify(3)` sends them.
//!
//! Names that mean nothing here are passed over; a value that cannot be read is told and does nothing. Absent: who may
//! speak (`os`, which knows the sender), and what follows ([`Vitals`](super::Vitals)).

use std::time::Duration;

/// The longest text that is kept of `STATUS=`, in characters.
pub const LONGEST_STATUS: usize = 256;

/// One thing that was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// `READY=1`.
    Ready,
    /// `RELOADING=1`.
    Reloading,
    /// `STOPPING=1`.
    Stopping,
    /// `STATUS=...`: what it does now, in its own words, without control characters.
    Status(String),
    /// `WATCHDOG=1`: it lives.
    Watchdog,
    /// `WATCHDOG=trigger`: it has found out itself that something is wrong with it.
    Trigger,
    /// `WATCHDOG_USEC=...`: it wants another watchdog time; 0: none.
    WatchdogTime(Duration),
    /// `EXTEND_TIMEOUT_USEC=...`: getting ready takes so much longer from now on.
    Extend(Duration),
    /// `MAINPID=...`: not supported, for a process is looked after from its start.
    MainPid(String),
    /// A line that could not be understood.
    Odd(String),
}

/// Reads a datagram.
#[must_use]
pub fn parse(datagram: &[u8]) -> Vec<Notice> {
    let lines = datagram.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.filter(|line| !line.is_empty()).filter_map(notice).collect()
}

fn notice(line: &[u8]) -> Option<Notice> {
    let line = String::from_utf8_lossy(line);
    let Some((name, value)) = line.split_once('=') else { return Some(Notice::Odd(shown(&line))) };
    let span = |made: fn(Duration) -> Notice| {
        let micros = value.parse::<u64>().ok();
        micros.map_or_else(|| Notice::Odd(shown(&line)), |micros| made(Duration::from_micros(micros)))
    };
    Some(match (name, value) {
        ("READY", "1") => Notice::Ready,
        ("RELOADING", "1") => Notice::Reloading,
        ("STOPPING", "1") => Notice::Stopping,
        ("STATUS", text) => Notice::Status(shown(text)),
        ("WATCHDOG", "1") => Notice::Watchdog,
        ("WATCHDOG", "trigger") => Notice::Trigger,
        ("WATCHDOG_USEC", _) => span(Notice::WatchdogTime),
        ("EXTEND_TIMEOUT_USEC", _) => span(Notice::Extend),
        ("MAINPID", pid) => Notice::MainPid(shown(pid)),
        ("READY" | "RELOADING" | "STOPPING" | "WATCHDOG", _) => Notice::Odd(shown(&line)),
        _ => return None,
    })
}

/// One line that can be shown anywhere.
fn shown(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(LONGEST_STATUS).collect::<String>().trim().to_owned()
}
