//! `strip_ansi`: takes terminal control sequences (CSI, `ESC [ … letter`) out of a stream of bytes.
//!
//! Supervisor scans each chunk by itself and knows some final letters; here a sequence is parsed as
//! ECMA-48 defines it, whatever its final byte, and may be split over chunks. Other escape sequences
//! stay, as there. Untouched chunks are not copied.

use std::borrow::Cow;

const ESC: u8 = 0x1b;

/// What was seen of a sequence that a chunk ended in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Seen {
    /// Nothing: plain text.
    #[default]
    Text,
    /// An ESC that may begin a sequence.
    Escape,
    /// `ESC [` and perhaps parameters.
    Sequence,
}

/// A stripper with its memory between chunks.
#[derive(Clone, Debug, Default)]
pub struct Ansi {
    seen: Seen,
}

impl Ansi {
    /// The bytes of `chunk` that are not part of a control sequence.
    pub fn strip<'a>(&mut self, chunk: &'a [u8]) -> Cow<'a, [u8]> {
        if self.seen == Seen::Text && memchr::memchr(ESC, chunk).is_none() {
            return Cow::Borrowed(chunk);
        }
        let mut kept = Vec::with_capacity(chunk.len());
        for &byte in chunk {
            self.seen = match (self.seen, byte) {
                (Seen::Text, ESC) => Seen::Escape,
                (Seen::Text, _) => {
                    kept.push(byte);
                    Seen::Text
                }
                (Seen::Escape, b'[') => Seen::Sequence,
                (Seen::Escape, ESC) => {
                    kept.push(ESC);
                    Seen::Escape
                }
                (Seen::Escape, _) => {
                    kept.extend([ESC, byte]);
                    Seen::Text
                }
                (Seen::Sequence, 0x20..=0x3f) => Seen::Sequence,
                (Seen::Sequence, 0x40..=0x7e) => Seen::Text,
                // broken off by the next one
                (Seen::Sequence, ESC) => Seen::Escape,
                // no byte of a sequence: it was broken off, and this byte is text again
                (Seen::Sequence, _) => {
                    kept.push(byte);
                    Seen::Text
                }
            };
        }
        Cow::Owned(kept)
    }

    /// Whether a byte is held back.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.seen == Seen::Escape
    }

    /// The byte that was held back, when the stream ends.
    pub fn finish(&mut self) -> &'static [u8] {
        match std::mem::take(&mut self.seen) {
            Seen::Escape => &[ESC],
            Seen::Text | Seen::Sequence => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(chunks: &[&str]) -> String {
        let mut ansi = Ansi::default();
        let mut text: Vec<u8> = chunks.iter().flat_map(|c| ansi.strip(c.as_bytes()).into_owned()).collect();
        text.extend(ansi.finish());
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn sequences_go_and_text_stays() {
        assert_eq!(strip(&["a \x1b[31m red \x1b[0m b"]), "a  red  b");
        assert_eq!(strip(&["\x1b[1G\x1b[?25lx"]), "x");
        assert_eq!(strip(&["\x1b]0;title\x07"]), "\x1b]0;title\x07");
        assert_eq!(strip(&["plain"]), "plain");
        assert_eq!(strip(&["a\x1b[3\x1b[31mb"]), "ab", "one that is broken off by the next");
        assert_eq!(strip(&["a\x1b[3\nb"]), "a\nb", "one that is broken off by text");
    }

    #[test]
    fn a_sequence_may_be_split_over_chunks() {
        assert_eq!(strip(&["a\x1b", "[3", "1mb"]), "ab");
        assert_eq!(strip(&["a\x1b"]), "a\x1b");
    }
}
