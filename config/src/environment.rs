//! The grammar of `environment`, quoted by the rules of POSIX: `KEY=value,KEY2="value, quoted"`.
//!
//! ```text
//! text -> tokens -> key = value separator, key = value separator, ...
//!                                 ^ never looked at: `A=1;B=2` works
//! ```
//!
//! A token is a quoted piece, a run of word characters, pieces of both that touch, or any other single
//! character. So an unquoted value ends at its first special character, silently, as in Supervisor:
//! `A=$HOME` is `$`. Whoever needs one quotes the value.

use treeherd_domain::spec::Environment;

/// Why a list cannot be read. The words are Supervisor's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// Not `KEY=value` where one was due.
    #[error("Unexpected end of key/value pairs in value '{0}'")]
    Pairs(String),
    /// A quote is left open.
    #[error("No closing quotation")]
    Quotation,
    /// A backslash ends the text.
    #[error("No escaped character")]
    Escape,
}

impl EnvironmentError {
    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Pairs(_) => {
                "write KEY=\"value\",OTHER=\"value\"; quote a value that holds anything but letters, digits \
                 and _/.+-():"
            }
            Self::Quotation => {
                "close the quote; an apostrophe inside a value needs double quotes around it"
            }
            Self::Escape => "put the value in quotes, or double the backslash",
        }
    }
}

/// Reads a list; the last of equal keys wins.
///
/// # Errors
/// [`EnvironmentError`], worded as Supervisor words it.
pub fn parse(text: &str) -> Result<Environment, EnvironmentError> {
    let mut tokens = Tokens { rest: text, pushed: None };
    let mut environment = Environment::new();
    while let Some(key) = tokens.next_token()? {
        let (equals, value) = (tokens.next_token()?, tokens.next_token()?);
        match (equals.as_deref(), value) {
            (Some("="), Some(value)) => environment.insert(key, value),
            _ => {
                while tokens.next_token()?.is_some() {}
                return Err(EnvironmentError::Pairs(text.to_owned()));
            }
        };
        tokens.next_token()?;
    }
    Ok(environment)
}

struct Tokens<'t> {
    rest: &'t str,
    pushed: Option<char>,
}

impl Tokens<'_> {
    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn next_token(&mut self) -> Result<Option<String>, EnvironmentError> {
        if let Some(pushed) = self.pushed.take() {
            return Ok(Some(pushed.to_string()));
        }
        let mut token: Option<String> = None;
        while let Some(c) = self.take() {
            match c {
                ' ' | '\t' | '\r' | '\n' if token.is_some() => break,
                ' ' | '\t' | '\r' | '\n' => {}
                '#' => {
                    self.rest = self.rest.split_once('\n').map_or("", |(_, after)| after);
                    if token.is_some() {
                        break;
                    }
                }
                '\'' | '"' => self.quoted(c, token.get_or_insert_default())?,
                '\\' => {
                    let escaped = self.take().ok_or(EnvironmentError::Escape)?;
                    token.get_or_insert_default().push(escaped);
                }
                c if is_word(c) => token.get_or_insert_default().push(c),
                c if token.is_some() => {
                    self.pushed = Some(c);
                    break;
                }
                c => return Ok(Some(c.to_string())),
            }
        }
        Ok(token)
    }

    fn quoted(&mut self, quote: char, token: &mut String) -> Result<(), EnvironmentError> {
        loop {
            match self.take().ok_or(EnvironmentError::Quotation)? {
                c if c == quote => return Ok(()),
                '\\' if quote == '"' => match self.take().ok_or(EnvironmentError::Escape)? {
                    c @ ('"' | '\\') => token.push(c),
                    c => token.extend(['\\', c]),
                },
                c => token.push(c),
            }
        }
    }
}

/// Letters (Latin-1 ones too), digits, and what paths and URLs are made of.
const fn is_word(c: char) -> bool {
    let latin = matches!(c, 'ß'..='ö' | 'ø'..='ÿ' | 'À'..='Ö' | 'Ø'..='Þ');
    c.is_ascii_alphanumeric() || latin || matches!(c, '_' | '/' | '.' | '+' | '-' | '(' | ')' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(map) => map.iter().map(|(k, v)| format!("{k}=<{v}>")).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn lists_are_read_as_a_posix_lexer_reads_them() {
        let cases = [
            (r#"A=1,B="x,y""#, "A=<1> B=<x,y>"),
            ("A=1,B=2,", "A=<1> B=<2>"),
            ("A=\"\",B=2", "A=<> B=<2>"),
            ("A=1;B=2", "A=<1> B=<2>"),
            ("A=1,\n B = 2 # two\n", "A=<1> B=<2>"),
            ("A=1,A=2", "A=<2>"),
            (r#"A="a\"b""#, "A=<a\"b>"),
            (r#"A="a\\b\n""#, r"A=<a\b\n>"),
            (r"A='a\b'", r"A=<a\b>"),
            (r"A=a\b", "A=<ab>"),
            (r#"A="x"y"#, "A=<xy>"),
            ("A=a b", "A=<a>"),
            ("A=x!", "A=<x>"),
            ("A=~/x", "A=<~>"),
            ("A=$HOME", "A=<$>"),
            ("A=http://h:1/p(q)", "A=<http://h:1/p(q)>"),
            ("Ä=ö", "Ä=<ö>"),
            ("", ""),
            ("A=don't", "No closing quotation"),
            ("A=\"x", "No closing quotation"),
            ("A=x\\", "No escaped character"),
            ("A=,B=2", "Unexpected end of key/value pairs in value 'A=,B=2'"),
            ("A=x=y", "Unexpected end of key/value pairs in value 'A=x=y'"),
            ("A=foo@bar", "Unexpected end of key/value pairs in value 'A=foo@bar'"),
            ("A=1,,B=2", "Unexpected end of key/value pairs in value 'A=1,,B=2'"),
            ("A=`x`", "Unexpected end of key/value pairs in value 'A=`x`'"),
            ("A", "Unexpected end of key/value pairs in value 'A'"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
