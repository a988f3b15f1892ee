//! Where the program writes: stdout in whole pieces, stderr at once.
//!
//! Stdout is gathered until someone has to wait (for the daemon, for the keyboard) and then written in
//! one piece. Bytes of logs pass through untouched. What cannot be written is dropped, [`Screen::is_broken`] says so,
//! and stderr why; a reader that has gone away (`ctl ... | head`) is no error to talk about.

use std::fmt;
use std::io::{self, Write};

const CAPACITY: usize = 16 * 1024;

/// The two output streams.
pub struct Screen {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    pending: Vec<u8>,
    broken: bool,
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl Screen {
    /// The process's own stdout and stderr.
    #[must_use]
    pub fn standard() -> Self {
        Self::new(Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// Any two streams.
    #[must_use]
    pub fn new(out: Box<dyn Write>, err: Box<dyn Write>) -> Self {
        Self { out, err, pending: Vec::with_capacity(CAPACITY), broken: false }
    }

    /// One line to stdout.
    pub fn line(&mut self, text: impl AsRef<[u8]>) {
        self.bytes(text.as_ref());
        self.bytes(b"\n");
    }

    /// Bytes to stdout, as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= CAPACITY {
            self.flush();
        }
    }

    /// Text to stderr, behind what stdout holds so far.
    pub fn error(&mut self, text: &str) {
        self.flush();
        // Nobody is left to tell if stderr is closed.
        let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }

    /// Writes what is gathered.
    pub fn flush(&mut self) {
        if !self.pending.is_empty() && !self.broken {
            let written = self.out.write_all(&self.pending).and_then(|()| self.out.flush());
            self.broken = written.is_err();
            if let Err(error) = written.or_else(unless_left) {
                let text = format!("supervisorctl: cannot write to standard output: {error}\n");
                let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
            }
        }
        self.pending.clear();
    }

    /// Whether stdout cannot be written any more.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.flush();
    }
}

/// No error if it is only that nobody reads any more.
fn unless_left(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}
