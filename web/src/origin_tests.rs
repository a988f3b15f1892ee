//! The tests of `origin`.

use super::*;

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
}

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
        assert!(!is_rebound(&headers(&[("host", host)]), &names), "a program: {host}");
        let origin = format!("http://{host}");
        assert_eq!(is_rebound(&headers(&[("host", host), ("origin", &origin)]), &names), rebound, "{host}");
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
        (Some(""), Some("h:9001"), true),
        (Some("http://h:9001"), None, true),
    ];
    for (origin, host, foreign) in table {
        let lines = [("origin", origin), ("host", host)];
        let lines: Vec<_> = lines.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
        assert_eq!(is_foreign(&headers(&lines)), foreign, "{origin:?} {host:?}");
        assert_eq!(is_foreign_form(&headers(&lines)), foreign, "{origin:?} {host:?}");
    }
}

#[test]
fn the_browsers_own_judgment_comes_first() {
    let table =
        [("same-origin", false), ("none", false), ("same-site", true), ("cross-site", true), ("", true)];
    for (site, foreign) in table {
        // a proxy has changed the host
        let proxied = headers(&[("host", "in:9001"), ("origin", "https://out"), ("sec-fetch-site", site)]);
        assert_eq!(is_foreign(&proxied), foreign, "{site}");
        assert_eq!(
            is_foreign_form(&headers(&[("host", "in"), ("sec-fetch-site", site)])),
            foreign,
            "{site}"
        );
    }
}

#[test]
fn a_browser_that_does_not_say_where_a_form_comes_from_is_not_trusted() {
    let agent = ("user-agent", "Mozilla/5.0");
    let table = [
        (vec![agent, ("host", "h:1")], true),
        (vec![agent, ("host", "h:1"), ("referer", "http://h:1/index.html?x")], false),
        (vec![agent, ("host", "h:1"), ("referer", "http://h:12/")], true),
        (vec![agent, ("host", "h:1"), ("referer", "http://evil.example/h:1")], true),
        (vec![("user-agent", "curl/8.0"), ("host", "h:1")], false),
    ];
    for (lines, foreign) in table {
        assert_eq!(is_foreign_form(&headers(&lines)), foreign, "{lines:?}");
    }
}

#[test]
fn only_what_shows_no_sign_of_a_browser_is_a_program() {
    let programs: [&[_]; 4] = [
        &[],
        &[("user-agent", "curl/8.0"), ("accept", "*/*"), ("authorization", "Basic eDp5")],
        &[("user-agent", "Wget/1.21"), ("accept", "*/*"), ("accept-encoding", "identity")],
        &[("user-agent", "python-requests/2.31"), ("accept", "*/*"), ("connection", "keep-alive")],
    ];
    for lines in programs {
        assert!(!may_be_browser(&headers(lines)), "{lines:?}");
    }
    let browsers = [
        ("user-agent", "Mozilla/5.0 (X11)"),
        ("user-agent", "Opera/9.80"),
        ("origin", "null"),
        ("referer", "http://h/"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-ch-ua", "x"),
        ("accept", "text/html, text/plain, */*;q=0.01"),
        ("accept", "image/avif,*/*"),
    ];
    for line in browsers {
        assert!(may_be_browser(&headers(&[line])), "{line:?}");
    }
}

#[test]
fn one_is_sent_on_only_to_a_host() {
    let table = [
        (vec![("host", "h:9001")], "http://h:9001"),
        (vec![("host", "h:80")], "http://h"),
        (vec![("host", "[::1]:9001")], "http://[::1]:9001"),
        (vec![("host", "h:9001"), ("origin", "https://h:9001")], "https://h:9001"),
        (vec![("host", "a@evil.example")], ""),
        (vec![("host", "evil.example/x?")], ""),
        (vec![("host", "h\\x")], ""),
        (vec![("host", "")], ""),
        (vec![], ""),
    ];
    for (lines, expected) in table {
        assert_eq!(base(&headers(&lines)), expected, "{lines:?}");
    }
}
