//! Text in the quotes that Supervisor's messages put around it: Python's `repr` of a string.
//!
//! `'plain'`, `"it's"`, `'a\nb'`, `'\x1b'`. Absent: Python's full table of what is printable; characters
//! outside of the usual categories are shown as they are.

use std::fmt::Write as _;

/// The text in quotes, with everything unprintable escaped.
#[must_use]
pub fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            c if c == quote => quoted.extend(['\\', c]),
            c if is_printable(c) => quoted.push(c),
            c => escape(&mut quoted, u32::from(c)),
        }
    }
    quoted.push(quote);
    quoted
}

/// As [`repr`], with everything outside of ASCII escaped too (Python's `ascii`).
#[must_use]
pub fn ascii(text: &str) -> String {
    let mut quoted = String::new();
    for c in repr(text).chars() {
        if c.is_ascii() { quoted.push(c) } else { escape(&mut quoted, u32::from(c)) }
    }
    quoted
}

fn escape(quoted: &mut String, code: u32) {
    let written = match code {
        0..=0xff => write!(quoted, "\\x{code:02x}"),
        0x100..=0xffff => write!(quoted, "\\u{code:04x}"),
        _ => write!(quoted, "\\U{code:08x}"),
    };
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

fn is_printable(c: char) -> bool {
    let format = matches!(u32::from(c),
        0xad | 0x600..=0x605 | 0x61c | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f
        | 0xe000..=0xf8ff | 0xfeff | 0xf_0000..);
    c == ' ' || !(c.is_control() || c.is_whitespace() || format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_as_python_quotes_it() {
        let cases = [
            ("a", "'a'"),
            ("/bin/x", "'/bin/x'"),
            ("it's", "\"it's\""),
            ("a 'b", "\"a 'b\""),
            ("a \"b", "'a \"b'"),
            ("a\\", r"'a\\'"),
            ("a\"'b", r#"'a"\'b'"#),
            ("a\\b\n\u{1}", r"'a\\b\n\x01'"),
            ("'\"", r#"'\'"'"#),
            ("a\n\t\\", r"'a\n\t\\'"),
            ("\u{1b}\u{a0}\u{200b}ü", r"'\x1b\xa0\u200bü'"),
        ];
        for (text, quoted) in cases {
            assert_eq!(repr(text), quoted);
        }
        assert_eq!(ascii("ü→"), r"'\xfc\u2192'");
    }
}
