//! The pages: what they show, what their actions say, and the files beside them.

use crate::site::{Served, Setup, read_to_end, serve_toy, status, until};
use std::sync::atomic::Ordering;
use tokio::io::AsyncWriteExt;
use treeherd_web::PageRow;

fn rows() -> Vec<PageRow> {
    let row = |state: &str, description: &str, name: &str| PageRow {
        state: state.to_owned(),
        description: description.to_owned(),
        name: name.to_owned(),
        disabled: false,
    };
    vec![row("RUNNING", "pid 1 <&>", "shop:api"), row("STOPPED", "Not started", "web")]
}

/// The value of a header.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// What the page says after an action.
fn message(answer: &str) -> String {
    assert_eq!(status(answer), 303, "{answer}");
    let location = header(answer, "Location").unwrap();
    let text = location.strip_prefix("http://x/?message=").unwrap_or_else(|| panic!("{location}"));
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

async fn post(served: &Served, path: &str, headers: &str, body: &str) -> String {
    served
        .send("POST", path, &format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}"), body)
        .await
}

#[tokio::test]
async fn the_status_page_is_plain_escaped_and_never_cached() {
    let served = serve_toy(Setup { rows: rows(), ..Setup::default() });
    for path in ["/", "/index.html", "//index.html", "/index%2Ehtml", "/?message="] {
        let page = served.get(path, "").await;
        assert_eq!(status(&page), 200, "{path}");
        assert_eq!(header(&page, "Content-Type"), Some("text/html;charset=utf-8"));
        assert_eq!(header(&page, "Pragma"), Some("no-cache"));
        assert_eq!(header(&page, "Cache-Control"), Some("no-cache"));
        assert_eq!(header(&page, "Expires"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        for part in [
            "<h1>&lt;supervisor&gt;</h1>",
            "<title>Supervisor Status - &lt;supervisor&gt;</title>",
            "<td>pid 1 &lt;&amp;&gt;</td>",
            ">shop:api</a>",
            ">1.2.3<",
            ">2026<",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("<script") && !page.contains("status_msg"), "{page}");
    }
    let told = served.get("/?message=a%3Cb%3E+%26", "").await;
    assert!(told.contains("class=\"status_msg\" role=\"status\">a&lt;b&gt; &amp;</div>"), "{told}");
    served.stop().await;
}

#[tokio::test]
async fn a_page_may_not_be_framed_nor_load_from_elsewhere() {
    let served = serve_toy(Setup { rows: rows(), ..Setup::default() });
    for path in ["/", "/tail.html?processname=web", "/nope", "/ok.html", "/images/icon.png"] {
        let page = served.get(path, "").await;
        let policy = header(&page, "Content-Security-Policy").unwrap();
        for part in
            ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!(header(&page, "X-Frame-Options"), Some("DENY"), "{path}");
        assert_eq!(header(&page, "X-Content-Type-Options"), Some("nosniff"), "{path}");
        assert_eq!(header(&page, "Referrer-Policy"), Some("same-origin"), "{path}");
        assert_eq!(header(&page, "Cross-Origin-Resource-Policy"), Some("same-origin"), "{path}");
    }
    served.stop().await;
}

#[tokio::test]
async fn no_programs_are_said_in_words() {
    let served = serve_toy(Setup::default());
    let page = served.get("/", "").await;
    assert!(page.contains("No programs to manage") && !page.contains("<table"), "{page}");
    served.stop().await;
}

#[tokio::test]
async fn every_action_ends_in_its_message() {
    let served = serve_toy(Setup { rows: rows(), ..Setup::default() });
    let table = [
        ("action=refresh", "Page refreshed at Mon Nov  2 14:05:09 2026"),
        ("action=stopall", "All stopped at Mon Nov  2 14:05:09 2026"),
        ("action=restartall", "All restarted at Mon Nov  2 14:05:09 2026"),
        ("action=start&processname=web", "Process web started"),
        ("action=start&processname=shop%3Aapi", "Process shop:api started"),
        ("action=start&processname=nofile", "ERROR: Process nofile: no such file"),
        ("action=start&processname=noexec", "ERROR: Process noexec: file not executable"),
        ("action=start&processname=started", "ERROR: Process started: already started"),
        ("action=start&processname=spawn", "ERROR: Process spawn: spawn error"),
        ("action=start&processname=abnormal", "ERROR: Process abnormal: abnormal termination"),
        (
            "action=start&processname=ending",
            "ERROR: Process ending: unexpected rpc fault [6] SHUTDOWN_STATE",
        ),
        ("action=stop&processname=web", "Process web stopped"),
        ("action=stop&processname=down", "unexpected rpc fault [70] NOT_RUNNING: down"),
        ("action=restart&processname=web", "Process web restarted"),
        ("action=restart&processname=down", "Process down restarted"),
        ("action=clearlog&processname=web", "Log for web cleared"),
        ("action=clearlog&processname=ending", "unexpected rpc fault [6] SHUTDOWN_STATE"),
        ("action=start&processname=nobody", "No such process named nobody"),
        ("action=stop&processname=shop%3A*", "No such process named shop:*"),
        ("action=bogus&processname=nobody", "No such process named nobody"),
    ];
    for (parameters, expected) in table {
        assert_eq!(message(&served.get(&format!("/?{parameters}"), "").await), expected);
        assert_eq!(message(&served.get(&format!("/index.html?{parameters}"), "").await), expected);
        assert_eq!(message(&post(&served, "/index.html", "", parameters).await), expected);
        assert_eq!(message(&post(&served, "/", "", parameters).await), expected);
    }
    served.stop().await;
}

#[tokio::test]
async fn an_action_stands_for_these_commands() {
    let served = serve_toy(Setup::default());
    let table = [
        ("start&processname=web", "Start web"),
        ("stop&processname=web", "Stop web"),
        ("restart&processname=down", "StopToStart down, Start down"),
        ("clearlog&processname=web", "Clear web"),
        ("stopall", "Stop all"),
        ("restartall", "StopToStart all, Start all"),
        ("refresh", ""),
    ];
    for (action, expected) in table {
        served.get(&format!("/?action={action}"), "").await;
        assert_eq!(served.acts().join(", "), expected, "{action}");
    }
    served.stop().await;
}

#[tokio::test]
async fn what_is_no_action_is_an_internal_error() {
    let served = serve_toy(Setup::default());
    for parameters in
        ["action=bogus", "action=start", "action=stop&processname=", "action=bogus&processname=web"]
    {
        assert_eq!(status(&served.get(&format!("/?{parameters}"), "").await), 500, "{parameters}");
        assert_eq!(status(&post(&served, "/", "", parameters).await), 500, "{parameters}");
    }
    assert_eq!(status(&served.get("/?action=&processname=web", "").await), 200, "an empty action is none");
    assert!(served.acts().is_empty());
    served.stop().await;
}

#[tokio::test]
async fn parameters_of_the_body_win_and_the_first_of_the_query_counts() {
    let served = serve_toy(Setup::default());
    let query = "/?action=stop&action=start&processname=a&processname=b";
    assert_eq!(message(&served.get(query, "").await), "Process a stopped");
    assert_eq!(message(&post(&served, query, "", "processname=c").await), "Process c stopped");
    assert_eq!(message(&post(&served, "/?processname=a", "", "action=start").await), "Process a started");
    served.stop().await;
}

#[tokio::test]
async fn one_is_sent_on_without_a_host_if_there_is_none() {
    let served = serve_toy(Setup::default());
    for head in
        ["GET /?action=refresh HTTP/1.0\r\n\r\n", "GET /?action=refresh HTTP/1.0\r\nHost: a@b/c\r\n\r\n"]
    {
        let answer = served.raw(head).await;
        let location = header(&answer, "Location").unwrap();
        assert!(location.starts_with("/?message=Page%20refreshed%20at%20Mon%20"), "{location}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_form_needs_a_length_and_is_bounded() {
    let limits = treeherd_web::Limits { request_bytes: 100, ..treeherd_web::Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let bare = served.raw("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&bare), 411);
    assert_eq!(status(&post(&served, "/", "", &"x".repeat(200)).await), 413);
    assert!(served.acts().is_empty());
    served.stop().await;
}

#[tokio::test]
async fn an_action_goes_on_when_who_asked_for_it_leaves() {
    let served = serve_toy(Setup::default());
    let mut gone = served.connect().await;
    gone.write_all(b"GET /?action=restart&processname=slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until("the stop begins", || served.toy.begun.load(Ordering::SeqCst) == 1).await;
    drop(gone);
    served.toy.go.notify_one();
    until("the start begins", || served.toy.begun.load(Ordering::SeqCst) == 2).await;
    served.toy.go.notify_one();
    assert_eq!(served.acts(), ["StopToStart slow", "Start slow"]);
    served.stop().await;
}

#[tokio::test]
async fn a_panic_in_an_action_is_an_error_page_with_an_incident() {
    let served = serve_toy(Setup::default());
    let page = served.get("/?action=start&processname=broken", "").await;
    assert_eq!(status(&page), 500);
    assert!(page.contains("internal error, incident web-"), "{page}");
    assert_eq!(message(&served.get("/?action=start&processname=web", "").await), "Process web started");
    served.stop().await;
}

#[tokio::test]
async fn more_actions_at_once_than_may_be_are_refused() {
    let limits = treeherd_web::Limits { calls: 1, ..treeherd_web::Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let slow = served.get("/?action=start&processname=slow", "");
    let other = async {
        until("the start begins", || served.toy.begun.load(Ordering::SeqCst) == 1).await;
        assert_eq!(status(&served.get("/?action=stopall", "").await), 503);
        served.toy.go.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, other);
    assert_eq!(message(&slow), "Process slow started");
    served.stop().await;
}

#[tokio::test]
async fn ok_is_ok() {
    let served = serve_toy(Setup::default());
    for answer in [served.get("/ok.html", "").await, post(&served, "/ok.html", "", "x").await] {
        assert!(status(&answer) == 200 && answer.ends_with("\r\n\r\nOK"), "{answer}");
        assert_eq!(header(&answer, "Content-Type"), Some("text/plain"));
    }
    served.stop().await;
}

#[tokio::test]
async fn the_tail_page_shows_the_end_of_a_log() {
    let served = serve_toy(Setup::default());
    let table = [
        ("processname=web", "web", "\n\n&lt;the last 1024&gt;\n", "processname=web&amp;limit=1024"),
        (
            "processname=web&limit=10",
            "web",
            "\n\n&lt;the last 1024&gt;\n",
            "processname=web&amp;limit=1024",
        ),
        (
            "processname=g%3Ab&limit=5000",
            "g:b",
            "\n\n&lt;the last 5000&gt;\n",
            "processname=g%3Ab&amp;limit=5000",
        ),
        ("processname=nofile", "nofile", "\nNo file for nofile", "processname=nofile&amp;limit=1024"),
        (
            "processname=nobody",
            "nobody",
            "\nERROR: unexpected rpc fault [10] BAD_NAME: nobody",
            "processname=nobody",
        ),
        ("", "None", "\nNo process name found", ""),
        ("processname=", "None", "\nNo process name found", ""),
    ];
    for (query, name, text, link) in table {
        let page = served.get(&format!("/tail.html?{query}"), "").await;
        assert_eq!(status(&page), 200);
        assert!(page.contains(&format!("<title>Supervisor tail of process {name}</title>")), "{page}");
        assert!(page.contains(&format!("<pre>{text}</pre>")), "{query}: {page}");
        match link {
            "" => assert!(!page.contains("tail.html?"), "{page}"),
            link => assert!(page.contains(&format!("href=\"tail.html?{link}")), "{link}: {page}"),
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn the_page_of_reasons_shows_them_and_obeys_nothing() {
    let served = serve_toy(Setup::default());
    let page = served.get("/why.html?processname=g%3Ab", "").await;
    assert_eq!((status(&page), header(&page, "Cache-Control")), (200, Some("no-cache")));
    assert!(page.contains("<pre>\ng:b is &lt;b&gt;\n  so &amp; so</pre>"), "{page}");
    assert!(
        page.contains("href=\"why.html?processname=g%3Ab\"") && page.contains("href=\"index.html\""),
        "{page}"
    );
    let page = served.get("/why.html?processname=nobody", "").await;
    assert!(page.contains("ERROR: unexpected rpc fault [10] BAD_NAME: nobody"), "{page}");
    assert!(served.get("/why.html", "").await.contains("No process name found"));
    assert_eq!(status(&post(&served, "/why.html", "", "processname=web").await), 200);
    served.stop().await;
}

#[tokio::test]
async fn static_files_have_a_type_a_length_and_a_date() {
    let served = serve_toy(Setup::default());
    let table = [
        ("/stylesheets/supervisor.css", "text/css"),
        ("/images/icon.png", "image/png"),
        ("/images/supervisor.gif", "image/gif"),
        ("/images/rule.gif", "image/gif"),
        ("/images/state0.gif", "image/gif"),
        ("/images/state3.gif", "image/gif"),
        ("/images/../stylesheets//supervisor.css", "text/css"),
    ];
    const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
    for (path, kind) in table {
        let answer = served.get(path, "").await;
        assert_eq!((status(&answer), header(&answer, "Content-Type")), (200, Some(kind)), "{path}");
        assert_eq!(header(&answer, "Last-Modified"), Some(DATE));
        let length = header(&answer, "Content-Length").unwrap();
        let head = served.send("HEAD", path, "", "").await;
        assert_eq!((status(&head), header(&head, "Content-Length")), (200, Some(length)), "{path}");
        assert!(head.ends_with("\r\n\r\n"), "{head}");
        for (since, expected) in [
            (DATE, 304),
            ("Tue, 14 Nov 2023 22:13:20 GMT; length=7", 304),
            ("Wed, 15 Nov 2023 22:13:20 GMT", 304),
            ("Tue, 14 Nov 2023 22:13:19 GMT", 200),
            ("yesterday", 200),
        ] {
            let answer = served.get(path, &format!("If-Modified-Since: {since}\r\n")).await;
            assert_eq!(status(&answer), expected, "{path} {since}");
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn nothing_but_the_static_files_is_reached_or_listed() {
    let served = serve_toy(Setup::default());
    for path in [
        "/images/",
        "/stylesheets/",
        "/images/nope.gif",
        "/images/icon.png/",
        "/images/../../Cargo.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/../etc/passwd",
        "/index.html/",
        "/status.html",
    ] {
        assert_eq!(status(&served.get(path, "").await), 404, "{path}");
    }
    let moved = served.get("/images", "").await;
    assert_eq!((status(&moved), header(&moved, "Location")), (301, Some("/images/")));
    served.stop().await;
}

#[tokio::test]
async fn another_method_is_a_bad_request_and_a_head_of_a_page_is_not_found() {
    let served = serve_toy(Setup::default());
    let table = [
        ("PUT", "/", 400),
        ("DELETE", "/index.html", 400),
        ("OPTIONS", "/ok.html", 400),
        ("PATCH", "/nope", 400),
        ("POST", "/images/icon.png", 400),
        ("POST", "/nope", 400),
        ("POST", "/logtail/g:web", 400),
        ("PUT", "/RPC2", 400),
        ("POST", "/RPC2", 400),
        ("HEAD", "/logtail/g:web", 400),
        ("PUT", "/mainlogtail", 400),
        ("HEAD", "/", 404),
        ("HEAD", "/index.html", 404),
        ("HEAD", "/ok.html", 404),
        ("HEAD", "/nope", 404),
    ];
    for (method, path, expected) in table {
        assert_eq!(status(&served.send(method, path, "", "").await), expected, "{method} {path}");
    }
    served.stop().await;
}

#[tokio::test]
async fn connections_are_kept_by_the_rules_of_each_version() {
    let served = serve_toy(Setup::default());
    let two = "GET /ok.html HTTP/1.1\r\nHost: x\r\n\r\nGET /ok.html HTTP/1.1\r\nhOST: x\r\nConnection: close\r\n\r\n";
    assert_eq!(served.raw(two).await.matches("HTTP/1.1 200").count(), 2, "pipelined, in order");
    let old = served.raw("GET /ok.html HTTP/1.0\r\n\r\nGET /ok.html HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.matches("HTTP/1.0 200").count(), 1, "{old}");
    let kept = "GET /ok.html HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /ok.html HTTP/1.0\r\n\r\n";
    let kept = served.raw(kept).await;
    assert_eq!(kept.matches("HTTP/1.0 200").count(), 2, "{kept}");
    assert!(
        header(&kept, "Connection").is_some_and(|value| value.eq_ignore_ascii_case("keep-alive")),
        "{kept}"
    );
    served.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_disturbs_nobody() {
    let served = serve_toy(Setup { rows: rows(), ..Setup::default() });
    for piece in ["", "G", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"]
    {
        let mut stream = served.connect().await;
        stream.write_all(piece.as_bytes()).await.unwrap();
        drop(stream);
    }
    let mut half = served.connect().await;
    half.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\naction=").await.unwrap();
    half.shutdown().await.unwrap();
    let answer = read_to_end(&mut half).await;
    assert!(answer.is_empty() || status(&answer) == 400, "{answer}");
    assert_eq!(status(&served.get("/", "").await), 200);
    assert!(served.acts().is_empty());
    served.stop().await;
}
