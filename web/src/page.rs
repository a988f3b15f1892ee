//! Pages: the status table for the operator, and Supervisor's error page.
//!
//! Plain HTML, no script, everything escaped, never cached; nothing can be changed through it.

use crate::site::{Identity, PageRow};
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use std::fmt::Write as _;

const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The stylesheet's path.
pub(crate) const STYLE_PATH: &str = "/style.css";

const STYLE: &str = "\
body { font: 15px/1.4 sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .3em .8em; text-align: left; }
tr.shade { background: #f2f2f2; }
td.statusrunning { color: #06691d; }
td.statuserror { color: #b00020; font-weight: bold; }
td.statusnominal { color: #555; }
footer { color: #777; margin-top: 2em; }
@media (prefers-color-scheme: dark) {
  body { background: #181818; color: #ddd; }
  tr.shade { background: #222; }
  td.statusrunning { color: #6fcf97; }
  td.statuserror { color: #ff7b8a; }
  td.statusnominal { color: #aaa; }
}
";

/// The status page.
pub(crate) fn status(identity: &Identity, rows: &[PageRow]) -> Response {
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">");
    let title = escape(&identity.identifier);
    _ = writeln!(
        page,
        "<title>{title}</title><link rel=\"stylesheet\" href=\"{STYLE_PATH}\"></head>\n<body>\n<h1>{title}</h1>"
    );
    page.push_str(&table(rows));
    let (name, version) = (escape(&identity.name), escape(&identity.version));
    _ = writeln!(page, "<footer>{name} {version}</footer>\n</body>\n</html>");
    html(StatusCode::OK, page)
}

fn table(rows: &[PageRow]) -> String {
    if rows.is_empty() {
        return "<p>No programs to manage</p>\n".to_owned();
    }
    let mut table = String::from("<table>\n<tr><th>State</th><th>Description</th><th>Name</th></tr>\n");
    for (index, PageRow { state, description, name }) in rows.iter().enumerate() {
        let shade = if index % 2 == 1 { " class=\"shade\"" } else { "" };
        let class = match state.as_str() {
            "RUNNING" => "statusrunning",
            "FATAL" | "BACKOFF" => "statuserror",
            _ => "statusnominal",
        };
        let (state, description, name) = (escape(&state.to_lowercase()), escape(description), escape(name));
        _ = writeln!(
            table,
            "<tr{shade}><td class=\"{class}\">{state}</td><td>{description}</td><td>{name}</td></tr>"
        );
    }
    table.push_str("</table>\n");
    table
}

/// The stylesheet.
pub(crate) fn style() -> Response {
    respond(StatusCode::OK, "text/css;charset=utf-8", STYLE.to_owned())
}

/// Supervisor's error page.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    let (code, message) = (status.as_u16(), escape(message));
    let lines = [
        "<head>",
        "<title>Error response</title>",
        "</head>",
        "<body>",
        "<h1>Error response</h1>",
        &format!("<p>Error code {code}."),
        &format!("<p>Message: {message}."),
        "</body>",
        "",
    ];
    html_as(status, "text/html", lines.join("\r\n"))
}

/// The error page with the status's own words.
pub(crate) fn plain_error(status: StatusCode) -> Response {
    error(status, status.canonical_reason().unwrap_or("Error"))
}

fn html(status: StatusCode, page: String) -> Response {
    html_as(status, "text/html;charset=utf-8", page)
}

fn html_as(status: StatusCode, kind: &'static str, page: String) -> Response {
    let mut response = respond(status, kind, page);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// A whole answer.
pub(crate) fn respond(status: StatusCode, kind: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_escaped_shaded_and_classed() {
        let row = |state: &str, description: &str, name: &str| PageRow {
            state: state.to_owned(),
            description: description.to_owned(),
            name: name.to_owned(),
        };
        let shown = table(&[
            row("RUNNING", "pid 1, uptime 0:00:05", "web"),
            row("FATAL", "can't find <b>\"x\"</b> & co", "a:b"),
        ]);
        let lines: Vec<&str> = shown.lines().skip(2).take(2).collect();
        assert_eq!(
            lines,
            [
                "<tr><td class=\"statusrunning\">running</td><td>pid 1, uptime 0:00:05</td><td>web</td></tr>",
                "<tr class=\"shade\"><td class=\"statuserror\">fatal</td>\
                 <td>can&#39;t find &lt;b&gt;&quot;x&quot;&lt;/b&gt; &amp; co</td><td>a:b</td></tr>",
            ]
        );
    }

    #[test]
    fn no_rows_are_said_in_words() {
        assert!(table(&[]).contains("No programs to manage"));
    }
}
