//! The syslog targets of one stream: its text as lines, each to every target.
//!
//! A line goes out when it is whole, or its process has ended, or it is too long. Absent: waiting; what
//! a target does not take is the business of its [`Forward`].

use super::outlets::Origin;
use crate::clock;
use crate::estate::{LogSettings, lock};
use crate::forward::{Forward, Who, longest};
use std::sync::{Arc, Mutex};
use treeherd_domain::syslog::SyslogTarget;

#[derive(Debug)]
pub(super) struct Targets {
    host: Arc<str>,
    ways: Vec<(SyslogTarget, Arc<Forward>)>,
    /// The most text that all targets take in one message.
    longest: usize,
    /// The line that has begun.
    begun: Mutex<Vec<u8>>,
}

impl Targets {
    /// `None` if there are none.
    pub(super) fn new(targets: &[SyslogTarget], logs: &LogSettings) -> Option<Self> {
        let longest = targets.iter().map(longest).min()?;
        let way = |target: &SyslogTarget| (target.clone(), logs.forwards.to(target, &logs.log));
        let ways = targets.iter().map(way).collect();
        Some(Self { host: logs.forwards.host(), ways, longest, begun: Mutex::default() })
    }

    pub(super) fn write(&self, text: &[u8], origin: Origin<'_>) {
        let now = clock::wall_ms();
        let mut begun = lock(&self.begun);
        for piece in text.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(rest) if begun.is_empty() => self.send(rest, origin, now),
                Some(rest) => {
                    begun.extend_from_slice(rest);
                    self.send(&std::mem::take(&mut *begun), origin, now);
                }
                None => {
                    begun.extend_from_slice(piece);
                    if begun.len() > self.longest {
                        self.send(&std::mem::take(&mut *begun), origin, now);
                    }
                }
            }
        }
    }

    /// The stream has ended.
    pub(super) fn end(&self, origin: Origin<'_>) {
        let begun = std::mem::take(&mut *lock(&self.begun));
        if !begun.is_empty() {
            self.send(&begun, origin, clock::wall_ms());
        }
    }

    /// Whether a line has begun.
    pub(super) fn holds(&self) -> bool {
        !lock(&self.begun).is_empty()
    }

    fn send(&self, line: &[u8], origin: Origin<'_>, now: u64) {
        let (name, pid, stream) = (origin.namespec.process.as_str(), origin.pid, origin.stream);
        let who = Who { host: &self.host, name, pid, stream };
        let text = String::from_utf8_lossy(line);
        for (target, way) in &self.ways {
            way.send_line(target, who, now, &text);
        }
    }
}
