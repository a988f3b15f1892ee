//! Parameters of a page, from the query and from a form's body, and the texts of addresses.
//!
//! As Supervisor reads them: an empty value is none; of repeats in the query the first counts, of those in
//! the body the last; the body wins. What is not UTF-8 is replaced. Absent: files, multipart.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::HashMap;

/// What Python's `quote` lets stand.
const QUOTED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');

/// The parameters of one request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Form(HashMap<String, String>);

impl Form {
    /// Reads both places.
    pub(crate) fn read(query: &str, body: &[u8]) -> Self {
        let mut values = HashMap::new();
        for (name, value) in pairs(query.as_bytes()) {
            values.entry(name).or_insert(value);
        }
        values.extend(pairs(body));
        Self(values)
    }

    /// A parameter that was given and is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (String, String)> {
    let pairs = form_urlencoded::parse(text).filter(|(_, value)| !value.is_empty());
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned()))
}

/// A text inside an address.
pub(crate) fn quote(text: &str) -> String {
    utf8_percent_encode(text, QUOTED).to_string()
}

/// A path as it was meant.
pub(crate) fn unquote(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_wins_and_repeats_are_settled_as_by_supervisor() {
        let form = Form::read("a=1&a=2&b=q&c=&d=x+y%2Bz", b"b=1&b=2&e=%C3%A4%FF");
        assert_eq!(form.get("a"), Some("1"));
        assert_eq!(form.get("b"), Some("2"));
        assert_eq!(form.get("c"), None, "an empty value is none");
        assert_eq!(form.get("d"), Some("x y+z"));
        assert_eq!(form.get("e"), Some("ä\u{fffd}"));
    }

    #[test]
    fn addresses_are_quoted_as_by_python() {
        assert_eq!(quote("g:a b_c.d-e~f/ä*"), "g%3Aa%20b_c.d-e~f/%C3%A4%2A");
        assert_eq!(unquote("/logtail/g%3Aa/std%65rr"), "/logtail/g:a/stderr");
    }
}
