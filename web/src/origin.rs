//! Keeps pages of other sites from talking to the daemon through somebody's browser.
//!
//! ```text
//!   what changes something      comes from                                     is
//!   POST, WebSocket             this very host and port, or no browser         done
//!                               another site (Sec-Fetch-Site, Origin, Referer) refused
//!   GET with an action          no browser for certain                         done, as by Supervisor
//!                               anything that may be one                       asked first
//! ```
//!
//! Browsers say which page a request comes from; programs do not, and are not concerned. A page whose *name*
//! has been pointed at this machine (DNS rebinding) looks like one of ours; where no credentials keep it out,
//! the host must be an address or a name that this machine is known by.

use http::header::{ACCEPT, HOST, ORIGIN, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderName};
use std::net::IpAddr;

/// What a refused browser is told.
pub(crate) const FOREIGN: &str = "the request comes from a page of another site; if it does not, a proxy in \
                                  between changes the Host header: have it passed on as it is";

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the request may have been made by another site's page.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    // the browser's own judgment, which holds behind a proxy too; no page can write this header
    match text(headers, &SITE) {
        Some("same-origin" | "none") => false,
        Some(_) => true,
        None => headers.contains_key(ORIGIN) && !is_from_here(headers, &ORIGIN),
    }
}

/// Whether a form may have been sent by another site's page, or by a browser too old to say so.
pub(crate) fn is_foreign_form(headers: &HeaderMap) -> bool {
    let is_said = headers.contains_key(SITE) || headers.contains_key(ORIGIN);
    is_foreign(headers) || !is_said && may_be_browser(headers) && !is_from_here(headers, &REFERER)
}

/// Whether the request may come from a browser: then its address may be the work of another site.
pub(crate) fn may_be_browser(headers: &HeaderMap) -> bool {
    let says_so = |name: &HeaderName| {
        let is_hint = ["sec-fetch-", "sec-ch-"].into_iter().any(|begin| name.as_str().starts_with(begin));
        is_hint || *name == ORIGIN || *name == REFERER
    };
    let agent = text(headers, &USER_AGENT).unwrap_or_default();
    let wants_page = |accept: &str| ["text/html", "image/"].into_iter().any(|kind| accept.contains(kind));
    headers.keys().any(says_so)
        || ["Mozilla/", "Opera/"].into_iter().any(|name| agent.starts_with(name))
        || text(headers, &ACCEPT).is_some_and(wants_page)
}

/// Whether the request may come from a page whose name was pointed at this machine. `names`: what this
/// machine is known by besides its addresses and `localhost`.
pub(crate) fn is_rebound(headers: &HeaderMap, names: &[String]) -> bool {
    if !headers.contains_key(ORIGIN) {
        return false;
    }
    let host = text(headers, &HOST).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let name = name.to_ascii_lowercase();
    let is_local = name == "localhost" || name.ends_with(".localhost");
    !(is_address || is_local || names.iter().any(|known| known.eq_ignore_ascii_case(&name)))
}

/// Where a browser is to go on: the page it came from, or the host as it names it. Nothing where that is no
/// host's name, so that an address without one follows.
pub(crate) fn base(headers: &HeaderMap) -> String {
    if let Some(origin) = text(headers, &ORIGIN).filter(|origin| authority(origin).is_some_and(is_host)) {
        return origin.to_owned();
    }
    let host = text(headers, &HOST).filter(|host| is_host(host));
    host.map_or_else(String::new, |host| format!("http://{}", without_default_port(host)))
}

fn is_host(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain) && text.parse::<http::uri::Authority>().is_ok()
}

/// Whether the address in this header is of the host that the request was sent to.
fn is_from_here(headers: &HeaderMap, name: &HeaderName) -> bool {
    match (text(headers, name).and_then(authority), text(headers, &HOST)) {
        (Some(authority), Some(host)) => {
            without_default_port(authority).eq_ignore_ascii_case(without_default_port(host))
        }
        _ => false,
    }
}

/// Host and port of an address.
fn authority(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"))?;
    rest.split(['/', '?', '#']).next()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    // a value that is no text is not absent: it fits nothing
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

fn without_default_port(authority: &str) -> &str {
    authority.strip_suffix(":80").unwrap_or(authority)
}

#[cfg(test)]
#[path = "origin_tests.rs"]
mod tests;
