//! Keeps pages of other sites from talking to the daemon through somebody's browser.
//!
//! A browser says which page a request comes from in `Origin`. A request that has one must come from the
//! very host and port it is sent to. Programs send none and are not concerned. A page whose *name* has
//! been pointed at this machine (DNS rebinding) looks like that; where no credentials keep it out, the
//! host must be an address or a name that this machine is known by.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use std::net::IpAddr;

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

/// Whether the request may come from a page whose name was pointed at this machine. `names`: what this
/// machine is known by besides its addresses and `localhost`.
pub(crate) fn is_rebound(headers: &HeaderMap, names: &[String]) -> bool {
    if !headers.contains_key(ORIGIN) {
        return false;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let name = name.to_ascii_lowercase();
    let is_local = name == "localhost" || name.ends_with(".localhost");
    !(is_address || is_local || names.iter().any(|known| known.eq_ignore_ascii_case(&name)))
}

fn without_default_port(authority: &str) -> &str {
    authority.strip_suffix(":80").unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_gave_this_machine_may_have_been_pointed_at_it() {
        let names = ["herd.example".to_owned()];
        let table = [
            ("127.0.0.1:9001", false),
            ("[::1]:9001", false),
            ("localhost:9001", false),
            ("a.localhost", false),
            ("Herd.Example:9001", false),
            ("evil.example:9001", true),
            ("127.0.0.1.evil.example", true),
            ("", true),
        ];
        for (host, rebound) in table {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.try_into().unwrap());
            assert!(!is_rebound(&headers, &names), "a program: {host}");
            headers.insert(ORIGIN, format!("http://{host}").try_into().unwrap());
            assert_eq!(is_rebound(&headers, &names), rebound, "{host}");
        }
    }

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
