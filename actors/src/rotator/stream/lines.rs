//! Lines of output that match a pattern, told to whoever waits for them (`ready=log:`, `health=log:`).
//!
//! ```text
//!   chunk ─► line begun before + line ... line + a new beginning ─► Pattern ─► Matches: counted, and a wake-up
//! ```
//!
//! The watch stands in the stream, the matches in the record of the process: no end of an actor loses one. Of a line
//! that is too long the beginning is looked at. Absent: what follows from a match.

use super::StreamEstate;
use crate::estate::lock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;
use treeherd_domain::health::{LONGEST_LINE, Pattern, Side};

/// The matches of one process.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    counts: [AtomicU64; 2],
    changed: [Notify; 2],
}

impl Matches {
    fn add(&self, side: Side) {
        self.counts[side as usize].fetch_add(1, Ordering::SeqCst);
        self.changed[side as usize].notify_one();
    }

    /// Waits for matches that were not taken yet, and tells how many. Cancel-safe.
    pub(crate) async fn wait(&self, side: Side) -> u64 {
        loop {
            match self.counts[side as usize].load(Ordering::SeqCst) {
                0 => self.changed[side as usize].notified().await,
                count => return count,
            }
        }
    }

    /// Takes so many of them.
    pub(crate) fn take(&self, side: Side, count: u64) {
        self.counts[side as usize].fetch_sub(count, Ordering::SeqCst);
    }
}

/// What is looked for in the output of one process.
#[derive(Debug)]
pub(crate) struct LineWatch {
    pid: i32,
    patterns: Vec<(Side, Pattern)>,
    matches: Arc<Matches>,
    line: Vec<u8>,
}

impl LineWatch {
    /// A watch for the lines of this process.
    pub(crate) const fn new(pid: i32, patterns: Vec<(Side, Pattern)>, matches: Arc<Matches>) -> Self {
        Self { pid, patterns, matches, line: Vec::new() }
    }

    fn look(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.begin(&rest[..end]);
            let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
            for (side, _) in self.patterns.iter().filter(|(_, pattern)| pattern.matches(line)) {
                self.matches.add(*side);
            }
            self.line.clear();
            rest = &rest[end + 1..];
        }
        self.begin(rest);
    }

    fn begin(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.line.len()).min(bytes.len());
        self.line.extend_from_slice(&bytes[..room]);
    }
}

impl StreamEstate {
    /// Looks for lines from now on; before the process can have written any.
    pub(crate) fn watch_lines(&self, watch: Option<LineWatch>) {
        *lock(&self.lines) = watch.map(Box::new);
    }

    /// What has come from the pipe just now.
    pub(super) fn look_for_lines(&self, bytes: &[u8]) {
        let mut lines = lock(&self.lines);
        if let Some(watch) = lines.as_mut().filter(|watch| watch.pid == self.pid.load(Ordering::Relaxed)) {
            watch.look(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use treeherd_domain::health::Check;

    fn watch(pattern: &str) -> (LineWatch, Arc<Matches>) {
        let Ok(Check::Log(pattern)) = Check::parse(pattern) else { panic!("{pattern}") };
        let matches = Arc::new(Matches::default());
        (LineWatch::new(7, vec![(Side::Ready, pattern)], Arc::clone(&matches)), matches)
    }

    fn count(chunks: &[&[u8]], pattern: &str) -> u64 {
        let (mut watch, matches) = watch(pattern);
        chunks.iter().for_each(|chunk| watch.look(chunk));
        matches.counts[Side::Ready as usize].load(Ordering::SeqCst)
    }

    #[test]
    fn lines_are_whole_however_they_are_cut() {
        for at in 0..20 {
            let text = b"starting\nlistening on 80\r\nlisten";
            let (head, tail) = text.split_at(at);
            assert_eq!(count(&[head, tail], "log:/^listening on \\d+$/"), 1, "{at}");
        }
        assert_eq!(count(&[b"up\nup\n", b"u", b"p\n"], "log:/^up$/"), 3);
        assert_eq!(count(&[b"up"], "log:/up/"), 0, "a line has an end");
    }

    #[test]
    fn of_a_long_line_the_beginning_is_seen_and_no_more_is_kept() {
        let long = vec![b'x'; 3 * LONGEST_LINE];
        assert_eq!(count(&[b"go", &long, b"end\n"], "log:/^go/"), 1);
        assert_eq!(count(&[b"go", &long, b"end\n"], "log:/end$/"), 0);
        let (mut watch, _) = watch("log:/x/");
        (0..5).for_each(|_| watch.look(&long));
        assert_eq!(watch.line.len(), LONGEST_LINE);
    }
}
