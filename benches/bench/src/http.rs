//! A client for one kept-open HTTP/1.1 connection over a Unix socket, and no more than that.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// The connection.
pub struct Client {
    stream: UnixStream,
    buffer: Vec<u8>,
}

/// Where an answer's body is in what was read.
enum Body {
    Length { start: usize, length: usize },
    Chunked { start: usize },
}

impl Client {
    /// Connects, trying again for at most `patience` while nobody listens; a read may take `patience` too.
    pub fn connect(path: &Path, patience: Duration) -> io::Result<Self> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_millis(1);
        loop {
            match UnixStream::connect(path) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(patience))?;
                    stream.set_write_timeout(Some(patience))?;
                    return Ok(Self { stream, buffer: Vec::with_capacity(1 << 16) });
                }
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => std::thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Sends a request and reads its answer; the body. Any status but 200 is an error.
    pub fn call(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let body = loop {
            self.more()?;
            if let Some(body) = head(&self.buffer)? {
                break body;
            }
        };
        match body {
            Body::Length { start, length } => {
                while self.buffer.len() < start + length {
                    self.more()?;
                }
                Ok(self.buffer[start..start + length].to_vec())
            }
            Body::Chunked { start } => loop {
                if let Some(body) = unchunk(&self.buffer[start..]) {
                    return Ok(body);
                }
                self.more()?;
            },
        }
    }

    fn more(&mut self) -> io::Result<()> {
        let filled = self.buffer.len();
        self.buffer.resize(filled + (1 << 16), 0);
        let got = self.stream.read(&mut self.buffer[filled..]);
        self.buffer.truncate(filled + *got.as_ref().unwrap_or(&0));
        if got? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// Reads an answer's head, if it is all here.
fn head(answer: &[u8]) -> io::Result<Option<Body>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    if text.split_whitespace().nth(1) != Some("200") {
        return Err(io::Error::other(format!(
            "answer is not 200: {}",
            text.lines().next().unwrap_or_default()
        )));
    }
    let start = end + 4;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if let Some(length) = field("content-length:").and_then(|length| length.parse().ok()) {
        return Ok(Some(Body::Length { start, length }));
    }
    match field("transfer-encoding:") {
        Some("chunked") => Ok(Some(Body::Chunked { start })),
        _ => Err(io::Error::other("answer without a length")),
    }
}

/// The body of a chunked answer, if it is all here.
fn unchunk(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = text.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&text[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let chunk = text.get(line + 2..line + 2 + size)?;
        text = text.get(line + 2 + size + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_is_whole_only_with_its_last_chunk() {
        assert_eq!(unchunk(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"), Some(b"abcde".to_vec()));
        assert_eq!(unchunk(b"3\r\nabc\r\n2\r\nd"), None);
        assert_eq!(unchunk(b"3\r\nabc\r\n"), None);
    }

    #[test]
    fn an_answer_other_than_200_is_an_error() {
        assert!(head(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").is_err());
        assert!(matches!(
            head(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n"),
            Ok(Some(Body::Length { start: 39, length: 12 }))
        ));
        assert!(matches!(head(b"HTTP/1.1 200 OK\r\n"), Ok(None)));
    }
}
