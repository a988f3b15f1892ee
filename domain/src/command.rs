//! Splitting a `command` into words: POSIX shell quoting without any expansion.
//!
//! White space separates; `'…'` is literal; inside `"…"` a backslash escapes only `"` and `\`; outside
//! quotes it escapes one character; adjacent pieces join. `#`, `$`, `;`, `|`, `>` are ordinary.

/// Why a command cannot be split.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SplitError {
    /// A quote is left open.
    #[error("No closing quotation")]
    NoClosingQuotation,
    /// A backslash ends the text.
    #[error("No escaped character")]
    NoEscapedCharacter,
}

/// Splits a command into words.
///
/// # Errors
/// [`SplitError`] for an open quote or a trailing backslash.
pub fn split(command: &str) -> Result<Vec<String>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => quoted(&mut chars, word.get_or_insert_default(), '\'')?,
            '"' => quoted(&mut chars, word.get_or_insert_default(), '"')?,
            '\\' => {
                let escaped = chars.next().ok_or(SplitError::NoEscapedCharacter)?;
                word.get_or_insert_default().push(escaped);
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(chars: &mut std::str::Chars<'_>, word: &mut String, quote: char) -> Result<(), SplitError> {
    loop {
        match chars.next().ok_or(SplitError::NoClosingQuotation)? {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match chars.next().ok_or(SplitError::NoEscapedCharacter)? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

/// A word as it is written, so that it is split into itself again.
#[must_use]
pub fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_quotes_them() {
        let cases: &[(&str, &[&str])] = &[
            ("a b  c\n d", &["a", "b", "c", "d"]),
            ("sh -c 'a; b'", &["sh", "-c", "a; b"]),
            (r#"x "a \"b\" \n" "#, &["x", r#"a "b" \n"#]),
            (r"a\ b 'c'\''d'", &["a b", "c'd"]),
            ("a '' # $HOME", &["a", "", "#", "$HOME"]),
            ("", &[]),
        ];
        for (command, words) in cases {
            assert_eq!(split(command).unwrap(), *words, "{command}");
        }
        assert_eq!(split("a 'b"), Err(SplitError::NoClosingQuotation));
        assert_eq!(split("a \\"), Err(SplitError::NoEscapedCharacter));
    }
}
