//! Bytes as text for people: what is valid UTF-8 as it is, anything else as Python shows bytes.
//!
//! `Undecodable: b'x\xffy'` is how Supervisor shows output that is no text, in its log and to event
//! listeners. Every byte can be told from it.

use std::borrow::Cow;
use std::fmt::Write;

/// The text, or `Undecodable: ` and the bytes in Python's notation.
#[must_use]
pub fn text_or_undecodable(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(format!("Undecodable: {}", python_bytes(bytes))),
    }
}

/// Bytes as Python's `repr` shows them: `b'x\xffy\n'`.
#[must_use]
pub fn python_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut shown = String::with_capacity(bytes.len() + 3);
    shown.extend(['b', quote]);
    for &byte in bytes {
        match byte {
            b'\n' => shown.push_str("\\n"),
            b'\r' => shown.push_str("\\r"),
            b'\t' => shown.push_str("\\t"),
            b'\\' => shown.push_str("\\\\"),
            b' '..=b'~' if char::from(byte) == quote => shown.extend(['\\', quote]),
            b' '..=b'~' => shown.push(char::from(byte)),
            // writing to a string does not fail
            _ => write!(shown, "\\x{byte:02x}").unwrap_or_default(),
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_python_shows_them() {
        let rows: [(&[u8], &str); 7] = [
            (b"", "b''"),
            (b"x\xffy", "b'x\\xffy'"),
            (b"\x88\n", "b'\\x88\\n'"),
            (b"\t\r\\\0\x7f ~", "b'\\t\\r\\\\\\x00\\x7f ~'"),
            (b"it's", "b\"it's\""),
            (b"say \"it\"", "b'say \"it\"'"),
            (b"'\"", "b'\\'\"'"),
        ];
        for (bytes, shown) in rows {
            assert_eq!(python_bytes(bytes), shown);
        }
    }

    #[test]
    fn text_stays_as_it_is() {
        assert_eq!(text_or_undecodable("Malmö\n".as_bytes()), "Malmö\n");
        assert_eq!(text_or_undecodable(b"\xc3"), "Undecodable: b'\\xc3'");
    }
}
