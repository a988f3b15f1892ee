//! Static files: the looks of the pages, held in the program.
//!
//! A table of whole names is all there is, so nothing beside it can be reached and nothing is listed. A
//! directory without its slash is sent on to the one with it, as by Supervisor.

use crate::page;
use axum::body::Body;
use axum::response::Response;
use http::header::{IF_MODIFIED_SINCE, LAST_MODIFIED, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

macro_rules! file {
    ($path:literal, $kind:literal) => {
        (concat!("/", $path), $kind, include_bytes!(concat!("../ui/", $path)).as_slice())
    };
}

/// Address, type, bytes.
const FILES: [(&str, &str, &[u8]); 8] = [
    file!("stylesheets/supervisor.css", "text/css"),
    file!("images/icon.png", "image/png"),
    file!("images/supervisor.gif", "image/gif"),
    file!("images/rule.gif", "image/gif"),
    file!("images/state0.gif", "image/gif"),
    file!("images/state1.gif", "image/gif"),
    file!("images/state2.gif", "image/gif"),
    file!("images/state3.gif", "image/gif"),
];

/// Answers with the file at a decoded path. `since_ms`: since when the files are what they are.
pub(crate) fn answer(method: &Method, path: &str, headers: &HeaderMap, since_ms: u64) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return page::plain_error(StatusCode::BAD_REQUEST);
    }
    if let Some(directory) = ["/stylesheets", "/images"].into_iter().find(|directory| path == *directory) {
        let mut moved = page::plain_error(StatusCode::MOVED_PERMANENTLY);
        let location = HeaderValue::from_str(&format!("{directory}/"));
        location.into_iter().for_each(|location| _ = moved.headers_mut().insert(LOCATION, location));
        return moved;
    }
    let path = normal(path);
    let Some((_, kind, bytes)) = FILES.iter().find(|(name, ..)| *name == path) else {
        return page::plain_error(StatusCode::NOT_FOUND);
    };
    // addresses know whole seconds
    let since = UNIX_EPOCH + Duration::from_secs(since_ms / 1000);
    let mut response = page::respond(StatusCode::OK, kind, *bytes);
    if seen(headers).is_some_and(|seen| since <= seen) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    let date = HeaderValue::from_str(&httpdate::fmt_http_date(since));
    date.into_iter().for_each(|date| _ = response.headers_mut().insert(LAST_MODIFIED, date));
    response
}

/// From when the client has it. Old browsers say a length as well.
fn seen(headers: &HeaderMap) -> Option<SystemTime> {
    let text = headers.get(IF_MODIFIED_SINCE)?.to_str().ok()?;
    httpdate::parse_http_date(text.split(';').next()?.trim()).ok()
}

/// A path without its detours, which never lead above the root.
fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    // a file is not a directory
    let slash = if path.ends_with('/') { "/" } else { "" };
    format!("/{}{slash}", parts.join("/"))
}
