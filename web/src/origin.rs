//! Keeps pages of other sites from talking to the daemon through somebody's browser.
//!
//! A browser says which page a request comes from in `Origin`. A request that has one must come from the
//! very host and port it is sent to. Programs send none and are not concerned. (A page whose *name* has
//! been pointed at this machine passes; only credentials keep that out.)

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Whether the request may have been made by another site's page.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let authority = origin.to_str().ok().and_then(|text| text.split_once("://")).map(|(_, rest)| rest);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match (authority, host) {
        (Some(authority), Some(host)) => {
            !without_default_port(authority).eq_ignore_ascii_case(without_default_port(host))
        }
        _ => true,
    }
}

fn without_default_port(authority: &str) -> &str {
    authority.strip_suffix(":80").unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_and_port_is_no_foreigner() {
        let table = [
            (None, Some("h:9001"), false),
            (None, None, false),
            (Some("http://h:9001"), Some("h:9001"), false),
            (Some("http://H:9001"), Some("h:9001"), false),
            (Some("http://h"), Some("h:80"), false),
            (Some("http://h:9002"), Some("h:9001"), true),
            (Some("http://evil.example"), Some("h:9001"), true),
            (Some("http://h:9001.evil.example"), Some("h:9001"), true),
            (Some("null"), Some("h:9001"), true),
            (Some("http://h:9001"), None, true),
        ];
        for (origin, host, foreign) in table {
            let mut headers = HeaderMap::new();
            let mut put = |name, value: Option<&str>| {
                value.map(|value| headers.insert(name, value.try_into().unwrap()));
            };
            put(ORIGIN, origin);
            put(HOST, host);
            assert_eq!(is_foreign(&headers), foreign, "{origin:?} {host:?}");
        }
    }
}
