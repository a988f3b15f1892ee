//! Pages for people: plain HTML without a script, everything escaped, never cached.
//!
//! ```text
//!   status   the table with its buttons     confirm  "Stop web?", before a browser's GET changes anything
//!   tail     the end of a log               error    Supervisor's error page
//!   why      the reasons of a state
//! ```
//!
//! Nothing of other sites may be loaded, nobody may put a page into a frame, and forms go to where the page
//! came from. Absent: what is shown (it comes in as values), looks (`ui/stylesheets`).

pub(crate) mod confirm;
pub(crate) mod status;
pub(crate) mod tail;
pub(crate) mod why;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, EXPIRES, LOCATION, PRAGMA, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
const OWN_SITE_ONLY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

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
    respond(status, "text/html", lines.join("\r\n"))
}

/// The error page with the status's own words.
pub(crate) fn plain_error(status: StatusCode) -> Response {
    error(status, status.canonical_reason().unwrap_or("Error"))
}

/// Sends a browser on, after something was done. Not 301 as by Supervisor: browsers keep that, and would not
/// ask again.
pub(crate) fn see_other(location: &str) -> Response {
    let mut response = uncached(plain_error(StatusCode::SEE_OTHER));
    match HeaderValue::from_str(location) {
        Ok(location) => _ = response.headers_mut().insert(LOCATION, location),
        Err(_) => return plain_error(StatusCode::INTERNAL_SERVER_ERROR),
    }
    response
}

/// A page.
fn html(title: &str, body: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"stylesheets/supervisor.css\">\n\
         <link rel=\"icon\" type=\"image/png\" href=\"images/icon.png\">\n\
         </head>\n<body>\n{body}</body>\n</html>\n"
    );
    uncached(respond(StatusCode::OK, "text/html;charset=utf-8", page))
}

fn uncached(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(EXPIRES, HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// An answer, and what keeps a browser from making more of it than it is.
pub(crate) fn respond(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(OWN_SITE_ONLY, HeaderValue::from_static("same-origin"));
    // not "no-referrer": a browser would then hide from us as well where a form comes from
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Text inside HTML.
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

/// Hidden fields of a form.
fn hidden<'a>(fields: impl IntoIterator<Item = (&'static str, &'a str)>) -> String {
    let field = |(name, value): (&str, &str)| {
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
    };
    fields.into_iter().map(field).collect()
}
