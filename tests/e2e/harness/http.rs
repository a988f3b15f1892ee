//! A small HTTP client: whole answers, and answers that go on.

use super::{DEADLINE, until};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// Where to ask.
#[derive(Clone, Debug)]
pub(crate) enum Server {
    /// A socket file.
    Unix(PathBuf),
    /// A port of the loopback.
    Inet(u16),
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status; 0 if nothing came.
    pub(crate) status: u16,
    head: String,
    /// The body, as text.
    pub(crate) body: String,
}

impl Answer {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values = self.head.lines().filter_map(|line| line.split_once(": "));
        values.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

impl Server {
    #[track_caller]
    fn connect(&self, patience: Duration) -> Box<dyn Stream> {
        match self {
            Self::Unix(path) => {
                let stream =
                    UnixStream::connect(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                stream.set_read_timeout(Some(patience)).expect("a time limit can be set");
                Box::new(stream)
            }
            Self::Inet(port) => {
                let stream =
                    TcpStream::connect(("127.0.0.1", *port)).unwrap_or_else(|e| panic!("port {port}: {e}"));
                stream.set_read_timeout(Some(patience)).expect("a time limit can be set");
                Box::new(stream)
            }
        }
    }

    /// A GET.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    /// Any request, with more headers; a POST has its length.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = match method {
            "POST" => format!("Content-Length: {}\r\n", body.len()),
            _ => String::new(),
        };
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: herd:1\r\n{headers}{length}Connection: close\r\n\r\n{body}"
        ))
    }

    /// These bytes, and what comes back until the end.
    #[track_caller]
    pub(crate) fn raw(&self, request: &str) -> Answer {
        let mut stream = self.connect(DEADLINE);
        stream.write_all(request.as_bytes()).expect("the server takes the request");
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            // a reset after the answer is an end, too
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{request:?}: {error} after {:?}", String::from_utf8_lossy(&answer)),
        }
        Answer::of(&answer)
    }

    /// A GET whose answer goes on.
    #[track_caller]
    pub(crate) fn follow(&self, path: &str) -> Follow {
        // so short that a look for more is over soon
        let mut stream = self.connect(Duration::from_millis(20));
        let request = format!("GET {path} HTTP/1.1\r\nHost: herd:1\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the server takes the request");
        let mut follow = Follow { stream, raw: Vec::new(), is_over: false };
        until("the head of the answer", || {
            follow.look();
            follow.raw.windows(4).any(|four| four == b"\r\n\r\n").then_some(())
        });
        follow
    }
}

/// An answer in chunks that goes on.
pub(crate) struct Follow {
    stream: Box<dyn Stream>,
    raw: Vec<u8>,
    is_over: bool,
}

impl Follow {
    /// Takes what is there.
    fn look(&mut self) {
        let mut piece = [0; 64 * 1024];
        match self.stream.read(&mut piece) {
            Ok(0) => self.is_over = true,
            Ok(count) => self.raw.extend_from_slice(&piece[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => self.is_over = true,
        }
    }

    /// The head.
    pub(crate) fn answer(&self) -> Answer {
        Answer::of(&self.raw)
    }

    /// The body so far, without the marks of the chunks.
    fn body(&self) -> Vec<u8> {
        let start = self.raw.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
        let (mut rest, mut body) = (&self.raw[start..], Vec::new());
        while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
            let size = String::from_utf8_lossy(&rest[..at]);
            let size = usize::from_str_radix(&size, 16).unwrap_or_else(|_| panic!("no chunk: {size:?}"));
            let Some(piece) = rest.get(at + 2..at + 2 + size) else {
                body.extend_from_slice(&rest[at + 2..]);
                break;
            };
            body.extend_from_slice(piece);
            rest = rest.get(at + 4 + size..).unwrap_or_default();
        }
        body
    }

    /// The body, once it ends with this.
    #[track_caller]
    pub(crate) fn until_end(&mut self, end: &str) -> String {
        self.until_body(end, |body| body.ends_with(end))
    }

    /// The body, once this is in it.
    #[track_caller]
    pub(crate) fn until_shows(&mut self, piece: &str) -> String {
        self.until_body(piece, |body| body.contains(piece))
    }

    #[track_caller]
    fn until_body(&mut self, what: &str, good: impl Fn(&str) -> bool) -> String {
        until(&format!("{what:?} in the answer"), || {
            self.look();
            let shown = String::from_utf8_lossy(&self.body()).into_owned();
            assert!(!self.is_over || good(&shown), "the answer ended without {what:?}: {shown:?}");
            good(&shown).then_some(shown)
        })
    }

    /// Waits until the server has ended it.
    #[track_caller]
    pub(crate) fn wait_over(&mut self) {
        until("the end of the answer", || {
            self.look();
            self.is_over.then_some(())
        });
    }
}
