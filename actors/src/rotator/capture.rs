//! Capture mode (`*_capture_maxbytes`): takes what stands between two tokens out of a stream.
//!
//! ```text
//!   text <!--XSUPERVISOR:BEGIN--> sent <!--XSUPERVISOR:END--> text
//!   Log                           Captured                End  Log
//! ```
//!
//! A pure scanner: chunks in, pieces out, in order; any division into chunks gives the same text. What
//! may be the first half of a token is held back until the next chunk tells. Since `<` stands in a token
//! at its beginning only, all that has to be remembered of it is how much of it was seen. Not nested.
//! Absent: what becomes of the pieces.

use memchr::memmem::Finder;
use std::collections::VecDeque;

/// Begins a capture.
pub const BEGIN: &[u8] = b"<!--XSUPERVISOR:BEGIN-->";
/// Ends it.
pub const END: &[u8] = b"<!--XSUPERVISOR:END-->";

/// A part of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// Text of the log.
    Log(&'a [u8]),
    /// Text between the tokens.
    Captured(&'a [u8]),
    /// The end token.
    End,
}

/// The scanner, with its memory between chunks.
#[derive(Debug)]
pub struct Scanner {
    begin: Finder<'static>,
    end: Finder<'static>,
    capturing: bool,
    /// How many bytes of the token stood at the end of the last chunk.
    held: usize,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { begin: Finder::new(BEGIN), end: Finder::new(END), capturing: false, held: 0 }
    }
}

impl Scanner {
    /// The pieces of a chunk; none is empty.
    pub fn scan<'a>(&mut self, chunk: &'a [u8]) -> Vec<Piece<'a>> {
        let mut pieces = Vec::with_capacity(1);
        let mut rest = self.resume(chunk, &mut pieces);
        while !rest.is_empty() {
            let finder = if self.capturing { &self.end } else { &self.begin };
            let Some(at) = finder.find(rest) else {
                self.held = partial(self.token(), rest);
                self.text(&rest[..rest.len() - self.held], &mut pieces);
                break;
            };
            self.text(&rest[..at], &mut pieces);
            rest = &rest[at + self.token().len()..];
            self.toggle(&mut pieces);
        }
        pieces
    }

    /// What is held back when the stream ends, and whether a capture is open; the next stream begins
    /// as text.
    pub fn finish(&mut self) -> (Option<Piece<'static>>, bool) {
        let mut pieces = Vec::new();
        let held = &self.token()[..std::mem::take(&mut self.held)];
        self.text(held, &mut pieces);
        (pieces.pop(), std::mem::take(&mut self.capturing))
    }

    /// Whether something of what was scanned is still to come out.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.held > 0 || self.capturing
    }

    const fn token(&self) -> &'static [u8] {
        if self.capturing { END } else { BEGIN }
    }

    /// Goes on with a token that the last chunk ended in; gives what is still to be scanned.
    fn resume<'a>(&mut self, chunk: &'a [u8], pieces: &mut Vec<Piece<'a>>) -> &'a [u8] {
        if self.held == 0 {
            return chunk;
        }
        let (seen, wanted) = self.token().split_at(self.held);
        let same = wanted.iter().zip(chunk).take_while(|(wanted, there)| wanted == there).count();
        if same == wanted.len() {
            self.held = 0;
            self.toggle(pieces);
            return &chunk[same..];
        }
        if same == chunk.len() {
            self.held += same;
            return &[];
        }
        self.held = 0;
        self.text(seen, pieces);
        chunk
    }

    fn toggle(&mut self, pieces: &mut Vec<Piece<'_>>) {
        if self.capturing {
            pieces.push(Piece::End);
        }
        self.capturing = !self.capturing;
    }

    fn text<'a>(&self, bytes: &'a [u8], pieces: &mut Vec<Piece<'a>>) {
        if !bytes.is_empty() {
            pieces.push(if self.capturing { Piece::Captured(bytes) } else { Piece::Log(bytes) });
        }
    }
}

/// How many bytes at the end of `text` may be the beginning of the token.
fn partial(token: &[u8], text: &[u8]) -> usize {
    let last = &text[text.len().saturating_sub(token.len() - 1)..];
    let Some(at) = memchr::memrchr(token[0], last) else { return 0 };
    if token.starts_with(&last[at..]) { last.len() - at } else { 0 }
}

/// The newest bytes of a capture, never more than its limit.
#[derive(Debug)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
    limit: usize,
}

impl Ring {
    /// A ring of `limit` bytes.
    pub(super) const fn new(limit: usize) -> Self {
        Self { bytes: VecDeque::new(), limit }
    }

    /// Adds bytes, and drops the oldest that are too many.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let newest = &bytes[bytes.len().saturating_sub(self.limit)..];
        let excess = (self.bytes.len() + newest.len()).saturating_sub(self.limit);
        self.bytes.drain(..excess);
        self.bytes.extend(newest);
    }

    /// Empties it.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Log text, and each capture, of a stream in these chunks; an open capture is the last one with `…`.
    fn scan(chunks: &[&[u8]]) -> (String, Vec<String>) {
        let (mut scanner, mut log, mut captures, mut open) =
            (Scanner::default(), Vec::new(), Vec::new(), Vec::new());
        let mut take = |piece: Piece<'_>, open: &mut Vec<u8>| match piece {
            Piece::Log(text) => log.extend_from_slice(text),
            Piece::Captured(text) => open.extend_from_slice(text),
            Piece::End => captures.push(String::from_utf8_lossy(&std::mem::take(open)).into_owned()),
        };
        for chunk in chunks {
            for piece in scanner.scan(chunk) {
                assert!(!matches!(piece, Piece::Log([]) | Piece::Captured([])), "an empty piece");
                take(piece, &mut open);
            }
        }
        let (held, unfinished) = scanner.finish();
        held.into_iter().for_each(|piece| take(piece, &mut open));
        if unfinished {
            captures.push(String::from_utf8_lossy(&open).into_owned() + "…");
        }
        assert!(!scanner.holds());
        (String::from_utf8_lossy(&log).into_owned(), captures)
    }

    const ROWS: [(&str, &str, &[&str]); 11] = [
        ("short\n", "short\n", &[]),
        ("", "", &[]),
        ("a<!--XSUPERVISOR:BEGIN-->sent<!--XSUPERVISOR:END-->b", "ab", &["sent"]),
        ("<!--XSUPERVISOR:BEGIN--><!--XSUPERVISOR:END-->", "", &[""]),
        (
            "<!--XSUPERVISOR:BEGIN-->1<!--XSUPERVISOR:END--><!--XSUPERVISOR:BEGIN-->2<!--XSUPERVISOR:END-->",
            "",
            &["1", "2"],
        ),
        (
            "<!--XSUPERVISOR:END-->x<!--XSUPERVISOR:BEGIN-->y<!--XSUPERVISOR:BEGIN-->z",
            "<!--XSUPERVISOR:END-->x",
            &["y<!--XSUPERVISOR:BEGIN-->z…"],
        ),
        ("a<!--XSUPER", "a<!--XSUPER", &[]),
        ("<<!--XSUPERVISOR:BEGIN--><!--<!--XSUPERVISOR:END-->>", "<>", &["<!--"]),
        (
            "<!--XSUPERVISOR:BEGIN-<!--XSUPERVISOR:BEGIN-->x<!--XSUPERVISOR:EN",
            "<!--XSUPERVISOR:BEGIN-",
            &["x<!--XSUPERVISOR:EN…"],
        ),
        ("<!--XSUPERVISOR:BEGIN-->", "", &["…"]),
        ("<!--XSUPERVISOR:begin-->x", "<!--XSUPERVISOR:begin-->x", &[]),
    ];

    #[test]
    fn a_stream_is_divided_into_log_and_captures() {
        for (text, log, captures) in ROWS {
            let found = scan(&[text.as_bytes()]);
            assert_eq!(
                found,
                (log.to_owned(), captures.iter().map(ToString::to_string).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_token_may_be_split_anywhere() {
        for (text, ..) in ROWS {
            let (whole, bytes) = (scan(&[text.as_bytes()]), text.as_bytes());
            for at in 0..=bytes.len() {
                let (a, b) = bytes.split_at(at);
                assert_eq!(scan(&[a, b]), whole, "{text} at {at}");
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(scan(&single), whole, "{text} byte by byte");
        }
    }

    #[test]
    fn nothing_is_held_back_that_cannot_become_a_token() {
        let mut scanner = Scanner::default();
        assert_eq!(scanner.scan(b"a <b> <!-- x"), [Piece::Log(b"a <b> <!-- x")]);
        assert!(!scanner.holds());
        assert_eq!(scanner.scan(b"a<!-"), [Piece::Log(b"a")]);
        assert!(scanner.holds());
        assert_eq!(scanner.scan(b"b"), [Piece::Log(b"<!-"), Piece::Log(b"b")]);
    }

    #[test]
    fn a_ring_keeps_the_newest_bytes_and_never_more() {
        let mut ring = Ring::new(4);
        for (add, kept) in
            [("ab", "ab"), ("cd", "abcd"), ("e", "bcde"), ("0123456789", "6789"), ("", "6789")]
        {
            ring.push(add.as_bytes());
            assert_eq!(Vec::from(ring.bytes.clone()), kept.as_bytes());
        }
        assert_eq!((ring.take(), ring.take()), (b"6789".to_vec(), Vec::new()));
    }

    /// Texts that are made of tokens, pieces of tokens and other bytes.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(BEGIN.to_vec()),
            Just(END.to_vec()),
            (0..BEGIN.len()).prop_map(|n| BEGIN[..n].to_vec()),
            (0..END.len()).prop_map(|n| END[..n].to_vec()),
            prop::collection::vec(any::<u8>(), 0..8),
            Just(b"<".to_vec()),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_division_into_chunks_gives_the_same(
            text in texts(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &text[w[0]..w[1]]).collect();
            prop_assert_eq!(scan(&chunks), scan(&[&text]));
        }
    }
}
