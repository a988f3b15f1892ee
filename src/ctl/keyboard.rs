//! Lines typed by the user, or piped in, without a thread and without blocking the other work.
//!
//! The descriptor is waited for by readiness and then read once, so a terminal, a pipe and a file all
//! do, and none of them is switched to non-blocking mode (which other programs would notice).

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Lines of one descriptor.
#[derive(Debug)]
pub struct Lines<F> {
    source: F,
    buffer: Vec<u8>,
}

impl<F: AsFd + AsRawFd> Lines<F> {
    /// Reads lines from a descriptor that nobody else reads meanwhile.
    pub fn new(source: F) -> Self {
        Self { source, buffer: Vec::new() }
    }

    /// The next line without its end; `None` at the end of input. A last line without an end counts.
    ///
    /// Cancel-safe: what has been read is kept for the next call.
    ///
    /// # Errors
    /// What reading the descriptor says.
    pub async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.truncate(end);
                return Ok(Some(text(line)));
            }
            if self.fill().await? == 0 {
                let line = std::mem::take(&mut self.buffer);
                return Ok((!line.is_empty()).then(|| text(line)));
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        // A fresh registration tells at once whether there is something; a file cannot be registered
        // and never makes anybody wait.
        #[expect(deprecated, reason = "the other constructor is unsafe; a borrowed descriptor stays open")]
        let registered = AsyncFd::with_interest(self.source.as_fd(), Interest::READABLE);
        match registered {
            Ok(ready) => drop(ready.readable().await?),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(error),
        }
        let mut piece = [0; 4096];
        let length = nix::unistd::read(self.source.as_fd(), &mut piece)?;
        self.buffer.extend_from_slice(&piece[..length]);
        Ok(length)
    }
}

fn text(mut line: Vec<u8>) -> String {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Asks on the controlling terminal, without echo. `None`: there is no terminal, or its input ended.
///
/// # Errors
/// What reading the terminal says.
pub async fn password(prompt: &str) -> io::Result<Option<String>> {
    let Ok(mut terminal) = File::options().read(true).write(true).open("/dev/tty") else { return Ok(None) };
    terminal.write_all(prompt.as_bytes())?;
    let silence = Silence::on(terminal.try_clone()?)?;
    let answer = Lines::new(terminal.try_clone()?).next().await;
    drop(silence);
    terminal.write_all(b"\n")?;
    answer
}

/// Echo is off while it lives.
struct Silence {
    terminal: File,
    before: Termios,
}

impl Silence {
    fn on(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // If the terminal is gone there is no echo to restore.
        let _ = tcsetattr(&self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Seek as _;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn lines_come_from_a_file() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all("a\r\n\nMalm\u{f6}".as_bytes()).unwrap();
        file.rewind().unwrap();
        block_on(async {
            let mut lines = Lines::new(file);
            assert_eq!(lines.next().await.unwrap().as_deref(), Some("a"));
            assert_eq!(lines.next().await.unwrap().as_deref(), Some(""));
            assert_eq!(lines.next().await.unwrap().as_deref(), Some("Malmö"));
            assert_eq!(lines.next().await.unwrap(), None);
        });
    }

    #[test]
    fn lines_come_from_a_pipe_in_whatever_pieces() {
        let (reader, mut writer) = io::pipe().unwrap();
        block_on(async {
            let mut lines = Lines::new(reader);
            writer.write_all(b"on").unwrap();
            let waited = tokio::time::timeout(std::time::Duration::from_millis(5), lines.next()).await;
            assert!(waited.is_err(), "half a line is no line");
            writer.write_all(b"e\ntwo\nthree").unwrap();
            assert_eq!(lines.next().await.unwrap().as_deref(), Some("one"));
            assert_eq!(lines.next().await.unwrap().as_deref(), Some("two"));
            drop(writer);
            assert_eq!(lines.next().await.unwrap().as_deref(), Some("three"));
            assert_eq!(lines.next().await.unwrap(), None);
        });
    }
}
