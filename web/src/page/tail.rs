//! The end of a process's standard output, once, with a link to look again.

use super::{escape, html};
use crate::action::unexpected;
use crate::form::{Form, quote};
use axum::response::Response;
use treeherd_domain::fault::Fault;

/// The least and the most that is shown, in bytes.
const SHOWN: (u32, u32) = (1024, 8 * 1024 * 1024);

/// How many bytes are asked for. A number too large to be one is the most.
pub(crate) fn limit(form: &Form) -> u32 {
    let digits = form.get("limit").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let asked = digits.map_or(0, |digits| digits.parse().unwrap_or(u32::MAX));
    asked.clamp(SHOWN.0, SHOWN.1)
}

/// The page of a process, by what was read.
pub(crate) fn page(name: &str, limit: u32, read: Result<String, Fault>) -> Response {
    let text = read.unwrap_or_else(|fault| match fault {
        Fault::NoFile(_) => format!("No file for {name}"),
        fault => format!("ERROR: {}", unexpected(&fault)),
    });
    let link = format!("tail.html?processname={}&amp;limit={limit}", quote(name));
    show(name, &text, &format!("<p><a class=\"button\" href=\"{link}\">Refresh</a></p>\n"))
}

/// The page of no process.
pub(crate) fn nameless() -> Response {
    show("None", "No process name found", "")
}

fn show(name: &str, text: &str, link: &str) -> Response {
    let text = escape(text);
    // HTML would swallow a line feed right behind the tag
    let body = format!("<main>\n<pre>\n{text}</pre>\n{link}</main>\n");
    html(&escape(&format!("Supervisor tail of process {name}")), &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_at_least_1024_and_bounded() {
        let table = [
            ("", 1024),
            ("limit=10", 1024),
            ("limit=5000", 5000),
            ("limit=-5000", 1024),
            ("limit=5e3", 1024),
            ("limit=99999999999999999999", 8 * 1024 * 1024),
        ];
        for (query, expected) in table {
            assert_eq!(limit(&Form::read(query, b"")), expected, "{query}");
        }
    }
}
