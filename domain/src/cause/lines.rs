//! An explanation as lines of text: the same for a terminal and for the status page.
//!
//! ```text
//! web is BACKOFF: attempt 4 of 11 failed, the next follows in 23 s
//!   14:02:11.204  attempt 4 of 11 failed: exit status 1 after 3.2 s, too soon (startsecs=10) (pid 4711)
//!   14:02:10.804    400 ms before that, db became unhealthy: tcp 127.0.0.1:5432 refused
//!   Nov 21 23:59  STARTING: asked for: supervisor.startProcess over XML-RPC by uid 1000 (pid 4242)
//!   last lines of stderr (pid 4711):
//!   | Traceback (most recent call last):
//! ```

use super::Explanation;
use crate::status::LocalTime;
use std::fmt::Write as _;

impl Explanation {
    /// Lines of output that are shown.
    pub const OUTPUT: usize = 10;

    /// The lines. `local` tells the local time of a moment, `now_ms` is the moment of the explanation.
    #[must_use]
    pub fn lines(&self, local: &dyn Fn(u64) -> LocalTime, now_ms: u64) -> Vec<String> {
        let now = local(now_ms);
        let mut lines = vec![self.headline.clone()];
        for reason in &self.reasons {
            let at = reason.at_ms.map_or_else(String::new, |at| stamp(local(at), now));
            let mut line = format!("  {at:<12}  {:1$}", "", reason.depth * 2);
            line.push_str(&reason.text);
            lines.push(line);
        }
        match &self.output {
            Some((pid, tail)) => {
                let mut head = format!("  last lines of {}", tail.stream);
                if *pid > 0 {
                    _ = write!(head, " (pid {pid})");
                }
                lines.push(head + ":");
                lines.extend(tail.lines(Self::OUTPUT).iter().map(|line| format!("  | {line}")));
            }
            None if self.is_silent => lines.push("  it wrote nothing to its log".to_owned()),
            None => {}
        }
        lines
    }
}

/// The time of a moment of today, else the day and the minute; both take the same room.
fn stamp(at: LocalTime, now: LocalTime) -> String {
    if (at.year, at.month, at.day) == (now.year, now.month, now.day) {
        let LocalTime { hour, minute, second, millis, .. } = at;
        return format!("{hour:02}:{minute:02}:{second:02}.{millis:03}");
    }
    let text = at.syslog();
    text.get(..12).unwrap_or(&text).to_owned()
}
