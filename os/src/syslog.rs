//! The system's log: lines as datagrams to a unix socket, `/dev/log` as a rule.
//!
//! ```text
//!   <14>Nov  2 15:14:27 supervisord: web GET /        14: facility user, severity info
//! ```
//!
//! Sending never waits. A line that is not taken is lost and counted; the first loss is told, and the
//! count once lines are taken again. A socket that fails is connected anew, at most once a call, so a
//! restart of the system's log costs nothing. Text is decoded lossily; a line too long for a datagram
//! is sent in pieces. Absent: other facilities, severities and transports; `syslog(3)`, which may block.

use crate::clock::local_time;
use crate::fd::retry;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where the system's log listens.
pub const DEV_LOG: &str = "/dev/log";
/// Facility and severity.
const PRIORITY: u8 = 14;
/// The name under which lines stand in the system's log.
const IDENT: &str = "supervisord";
/// Text bytes in one datagram, well below the kernel's usual limit.
const LONGEST: usize = 60_000;
/// An episode of losses is over when none came for this long, in milliseconds.
const CALM_MS: u64 = 1000;

/// A sender to the system's log.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    socket: Option<UnixDatagram>,
    lost: u64,
    last_loss_ms: u64,
}

impl Syslog {
    /// A sender to the socket at `path`, which is connected to with the first line.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), state: Mutex::default() }
    }

    /// Connects now, to learn whether anybody listens.
    ///
    /// # Errors
    /// What `connect(2)` says.
    pub fn connect(&self) -> io::Result<()> {
        let socket = connect(&self.path)?;
        self.state.lock().unwrap_or_else(PoisonError::into_inner).socket = Some(socket);
        Ok(())
    }

    /// Sends each line, with `prefix` before it, stamped with this moment (milliseconds since the
    /// epoch). Answers what is to be told about losses, which is mostly nothing.
    pub fn send<'a>(
        &self,
        epoch_ms: u64,
        prefix: &str,
        lines: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let head = format!("<{PRIORITY}>{} {IDENT}: {prefix}", local_time(epoch_ms).syslog());
        let mut datagram = String::new();
        let (mut may_connect, mut told) = (true, None);
        for line in lines {
            let line = String::from_utf8_lossy(line);
            for piece in pieces(&line) {
                datagram.clear();
                datagram.extend([&head, piece]);
                match state.send(&self.path, datagram.as_bytes(), &mut may_connect) {
                    Ok(()) => told = state.taken(epoch_ms, &self.path).or(told),
                    Err(error) => told = state.lost(epoch_ms, &self.path, &error).or(told),
                }
            }
        }
        told
    }
}

impl State {
    fn send(&mut self, path: &Path, datagram: &[u8], may_connect: &mut bool) -> io::Result<()> {
        if let Some(socket) = &self.socket {
            match retry(|| socket.send(datagram)) {
                Ok(_) => return Ok(()),
                Err(error) if is_passing(&error) => return Err(error),
                Err(error) if !*may_connect => return Err(error),
                Err(_) => self.socket = None,
            }
        }
        if !std::mem::replace(may_connect, false) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let socket = self.socket.insert(connect(path)?);
        retry(|| socket.send(datagram)).map(drop)
    }

    fn lost(&mut self, epoch_ms: u64, path: &Path, error: &io::Error) -> Option<String> {
        let first = self.lost == 0;
        self.lost += 1;
        self.last_loss_ms = epoch_ms;
        first.then(|| {
            format!(
                "cannot send to the system's log at {}: {error}; lines are lost until it takes them",
                path.display()
            )
        })
    }

    fn taken(&mut self, epoch_ms: u64, path: &Path) -> Option<String> {
        if self.lost == 0 || epoch_ms.abs_diff(self.last_loss_ms) < CALM_MS {
            return None;
        }
        let lost = std::mem::take(&mut self.lost);
        Some(format!("the system's log at {} takes lines again; {lost} were lost", path.display()))
    }
}

/// Whether the socket is as good as before: the reader is slow, or this one line is too long.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM | libc::EMSGSIZE))
}

fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(path)?;
    Ok(socket)
}

/// A line in pieces that a datagram takes, cut between characters; an empty line is one piece.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest.take()?;
        if line.len() <= LONGEST {
            return Some(line);
        }
        let at = (0..=LONGEST).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(LONGEST);
        let (piece, after) = line.split_at(at);
        rest = Some(after);
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14, in whatever time zone.
    const THEN: u64 = 1_700_000_000_000;

    fn received(log: &UnixDatagram) -> String {
        let mut buffer = vec![0; 256 * 1024];
        let size = log.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..size].to_vec()).unwrap()
    }

    fn listen(path: &Path) -> UnixDatagram {
        let log = UnixDatagram::bind(path).unwrap();
        log.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        log
    }

    #[test]
    fn a_line_has_priority_stamp_and_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = listen(&path);
        let syslog = Syslog::new(&path);
        assert_eq!(syslog.send(THEN, "web ", [&b"one"[..], b"", b"M\xff"]), None);
        let stamp = local_time(THEN).syslog();
        assert_eq!(stamp.len(), 15);
        for text in ["one", "", "M\u{fffd}"] {
            assert_eq!(received(&log), format!("<14>{stamp} supervisord: web {text}"));
        }
    }

    #[test]
    fn a_line_too_long_is_sent_in_pieces() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = listen(&path);
        let line = "ö".repeat(LONGEST);
        assert_eq!(Syslog::new(&path).send(THEN, "", [line.as_bytes()]), None);
        let texts =
            [received(&log), received(&log)].map(|d| d.split_once("supervisord: ").unwrap().1.to_owned());
        assert_eq!(texts.concat(), line);
    }

    #[test]
    fn losses_are_counted_and_told_once_and_the_socket_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let syslog = Syslog::new(&path);
        assert!(syslog.connect().is_err());
        let told = syslog.send(THEN, "", [&b"a"[..], b"b"]).unwrap();
        assert!(told.starts_with("cannot send to the system's log at /"), "{told}");
        assert_eq!(syslog.send(THEN + 10, "", [&b"c"[..]]), None);
        let log = listen(&path);
        // it goes at once, but the episode may not be over
        assert_eq!(syslog.send(THEN + 20, "", [&b"d"[..]]), None);
        assert!(received(&log).ends_with(": d"));
        let told = syslog.send(THEN + 2000, "", [&b"e"[..]]).unwrap();
        assert!(told.ends_with("takes lines again; 3 were lost"), "{told}");
        // another log at the same path, as after its restart
        drop(log);
        std::fs::remove_file(&path).unwrap();
        let log = listen(&path);
        assert_eq!(syslog.send(THEN + 3000, "", [&b"f"[..]]), None);
        assert!(received(&log).ends_with(": f"));
    }

    #[test]
    fn a_reader_that_does_not_read_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let _log = listen(&path);
        let syslog = Syslog::new(&path);
        let line = vec![b'x'; 50_000];
        let told = (0..5000).find_map(|_| syslog.send(THEN, "", [&line[..]]));
        assert!(told.unwrap().starts_with("cannot send"));
    }
}
