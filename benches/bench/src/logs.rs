//! The rows of logs: writers that start together at a gate, and every byte of theirs found in the files.

use crate::announce::Kind as Said;
use crate::daemon::{Kind, Mode, Running, Tools, Work, name};
use crate::machine;
use crate::results::Results;
use crate::scale::Scale;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A case: its key in the results, and what is written how.
pub struct Case {
    key: &'static str,
    writers: usize,
    bytes: u64,
    chunk: u64,
    rotate: u64,
    pipe: Option<&'static str>,
}

const LINE: u64 = 100;
const CHUNK: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(120);

impl Case {
    /// One writer, 64 KB a write.
    pub fn bulk(scale: &Scale) -> Self {
        Self { key: "64k", writers: 1, bytes: scale.bulk, chunk: CHUNK, rotate: 50_000_000, pipe: None }
    }

    /// The same with pipes of 1 MB: ours alone can.
    pub fn wide(scale: &Scale) -> Self {
        Self { key: "wide", pipe: Some("1MB"), ..Self::bulk(scale) }
    }

    /// One writer, a write a line.
    pub fn lines(scale: &Scale) -> Self {
        Self { key: "line", bytes: scale.lines, chunk: LINE, ..Self::bulk(scale) }
    }

    /// Many writers, 64 KB a write, each rotated at a smaller size so that rotation is part of it.
    pub fn many(scale: &Scale) -> Self {
        let bytes = scale.bulk / scale.writers as u64;
        Self { key: "many", writers: scale.writers, bytes, rotate: 4_000_000, ..Self::bulk(scale) }
    }

    /// Runs it.
    pub fn measure(&self, tools: &Tools, kind: Kind, results: &mut Results) -> Result<(), String> {
        // Whole lines only, so that each can be checked.
        let bytes = self.bytes / LINE * LINE;
        let mode = Mode::Write { bytes, chunk: self.chunk };
        let work = Work { mode, rotate: self.rotate, pipe: self.pipe, ..Work::sleepers(self.writers) };
        let mut running = tools.start(kind, &work)?;
        let total = bytes * self.writers as u64;
        let (took, cpu) =
            self.write(&mut running, total).map_err(|error| running.failed(&format!("log: {error}")))?;
        running.stop(Duration::from_secs(30))?;
        let logs = running.dir.join("logs");
        for id in 0..self.writers {
            check(&logs, &name(id), bytes / LINE)?;
        }
        results.put(format!("log/{}", self.key), kind, total as f64 / 1e6 / took.as_secs_f64());
        results.put(format!("logcpu/{}", self.key), kind, cpu.as_secs_f64() / (total as f64 / 1e9));
        Ok(())
    }

    /// Opens the gate and waits until all is in the files: the time, and the daemon's CPU.
    fn write(&self, running: &mut Running, total: u64) -> io::Result<(Duration, Duration)> {
        let cpu = machine::cpu(running.pid)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        let (begin, _gate) = loop {
            let begin = Instant::now();
            let mut gate = OpenOptions::new();
            match gate.write(true).custom_flags(libc::O_NONBLOCK).open(running.dir.join("gate")) {
                Ok(gate) => break (begin, gate),
                Err(error) if begin > deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        running.said.all(self.writers, Said::Written, PATIENCE)?;
        let logs = running.dir.join("logs");
        while size(&logs)? < total {
            if begin.elapsed() > PATIENCE {
                return Err(io::Error::other(format!(
                    "{} of {total} bytes are in the files",
                    size(&logs)?
                )));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok((begin.elapsed(), machine::cpu(running.pid)? - cpu))
    }
}

/// Bytes in all files of a directory.
fn size(logs: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for file in fs::read_dir(logs)? {
        // One that a rotation renames meanwhile is counted at the next look.
        sum += file?.metadata().map_or(0, |meta| meta.len());
    }
    Ok(sum)
}

/// Reads a program's logs from the oldest: every line once, whole and in order.
fn check(logs: &Path, name: &str, lines: u64) -> Result<(), String> {
    let path = |number: usize| match number {
        0 => logs.join(format!("{name}.out")),
        number => logs.join(format!("{name}.out.{number}")),
    };
    let oldest = (0..).take_while(|&number| path(number).exists()).last().unwrap_or(0);
    let mut line = 0;
    let mut rest = Vec::new();
    for number in (0..=oldest).rev() {
        let mut file =
            File::open(path(number)).map_err(|error| format!("{}: {error}", path(number).display()))?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let got =
                file.read(&mut buffer).map_err(|error| format!("{}: {error}", path(number).display()))?;
            if got == 0 {
                break;
            }
            rest.extend_from_slice(&buffer[..got]);
            let whole = rest.len() / LINE as usize * LINE as usize;
            for text in rest[..whole].chunks_exact(LINE as usize) {
                if !is_line(text, line) {
                    return Err(format!(
                        "{}: line {line} is not there or not whole",
                        path(number).display()
                    ));
                }
                line += 1;
            }
            rest.drain(..whole);
        }
    }
    if line == lines && rest.is_empty() {
        Ok(())
    } else {
        Err(format!("{name}: {line} lines and {} bytes in the logs, {lines} lines written", rest.len()))
    }
}

/// Whether this is the line that the child numbers so.
fn is_line(text: &[u8], number: u64) -> bool {
    let mut left = number;
    let digits = text[..8].iter().rev().all(|&digit| {
        let expected = b'0' + (left % 10) as u8;
        left /= 10;
        digit == expected
    });
    digits
        && text[LINE as usize - 1] == b'\n'
        && text[8..LINE as usize - 1].iter().all(|&byte| byte == b'x')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_number_filler_and_a_newline() {
        let mut line = format!("{:08}{}\n", 1234, "x".repeat(91)).into_bytes();
        assert!(is_line(&line, 1234));
        assert!(!is_line(&line, 1235));
        line[50] = b'y';
        assert!(!is_line(&line, 1234));
    }

    fn written(files: &[(&str, std::ops::Range<u64>)], lines: u64) -> Result<(), String> {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("treeherd-bench-test-{}-{number}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        for (file, range) in files {
            let text: String = range.clone().map(|line| format!("{line:08}{}\n", "x".repeat(91))).collect();
            fs::write(dir.join(file), text).unwrap();
        }
        let result = check(&dir, "p", lines);
        fs::remove_dir_all(&dir).unwrap();
        result
    }

    #[test]
    fn the_logs_are_read_from_the_oldest_and_every_line_must_be_there_once() {
        assert_eq!(written(&[("p.out.2", 0..7), ("p.out.1", 7..9), ("p.out", 9..9)], 9), Ok(()));
        assert!(
            written(&[("p.out.1", 7..9), ("p.out", 0..7)], 9)
                .is_err_and(|text| text.contains("line 0 is not"))
        );
        assert!(
            written(&[("p.out.1", 0..7), ("p.out", 8..10)], 9)
                .is_err_and(|text| text.contains("line 7 is not"))
        );
        assert!(
            written(&[("p.out.1", 0..7), ("p.out", 6..9)], 9)
                .is_err_and(|text| text.contains("line 7 is not"))
        );
        assert!(written(&[("p.out", 0..8)], 9).is_err_and(|text| text.contains("8 lines and 0 bytes")));
    }
}
