//! One request of HTTP over the daemon's unix socket, as text: for pages. Calls of the API are in `call`.

use super::{DEADLINE, Herd};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

impl Herd {
    /// A request with this head, its last lines excepted; the head and the body of the answer.
    #[track_caller]
    pub(crate) fn http(&self, head: &str, body: &str) -> (String, String) {
        let mut stream = UnixStream::connect(self.path("s.sock")).expect("the daemon serves");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket has a timeout");
        let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).expect("the daemon reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the daemon answers");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        (head.to_owned(), body.to_owned())
    }
}
