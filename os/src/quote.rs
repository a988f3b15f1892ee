//! A text in quotes as Python's `repr` shows it, which is how Supervisor's messages show paths.
//!
//! Single quotes; double ones if the text holds a single quote and no double one; control characters
//! escaped. Absent: Python's full table of unprintable characters beyond the control ones.

use std::fmt::Write;

/// `text` in Python's quotes.
pub(crate) fn python(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push(quote);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\\' => shown.push_str("\\\\"),
            c if c == quote => shown.extend(['\\', c]),
            c if c.is_control() => write!(shown, "\\x{:02x}", u32::from(c)).unwrap_or_default(),
            c => shown.push(c),
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::python;

    #[test]
    fn texts_are_quoted_as_python_quotes_them() {
        let shown = ["/bin/x", "it's", "a\"'b", "a\\b\n\u{1}"].map(python);
        assert_eq!(shown, ["'/bin/x'", "\"it's\"", "'a\"\\'b'", "'a\\\\b\\n\\x01'"]);
    }
}
