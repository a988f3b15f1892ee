//! What the server answers to HTTP, well-formed and not.

use crate::site::{Setup, json, read_to_end, serve_toy, status, until};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use treeherd_web::Limits;

const ECHO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"toy.echo","params":["hi"]}"#;

#[tokio::test]
async fn json_rpc_is_answered_on_both_paths() {
    let served = serve_toy(Setup::default());
    for path in ["/rpc", "/"] {
        let answer = served.post(path, "", ECHO).await;
        assert_eq!((status(&answer), &json(&answer)["result"]), (200, &"hi".into()), "{path}");
        assert!(answer.contains("Server: treeherd/1.2.3\r\n"), "{answer}");
    }
    served.stop().await;
}

#[tokio::test]
async fn only_the_right_credentials_reach_anything() {
    let served = serve_toy(Setup { password: Some("1:23"), ..Setup::default() });
    let right = "Authorization: Basic Y2hyaXM6MToyMw==\r\n";
    let wrong = ["", "Authorization: Basic Y2hyaXM6MTIz\r\n", "Authorization: Digest x\r\n"];
    for path in [
        "/",
        "/index.html",
        "/rpc",
        "/livez",
        "/nope",
        "/ok.html",
        "/tail.html",
        "/images/icon.png",
        "/logtail/g:web",
        "/mainlogtail",
    ] {
        for headers in wrong {
            let answer = served.get(path, headers).await;
            assert_eq!(status(&answer), 401, "{path} {headers}");
            assert!(answer.contains("Www-Authenticate: Basic realm=\"default\"\r\n"), "{answer}");
            assert!(answer.contains("Connection: close\r\n"), "{answer}");
        }
    }
    assert_eq!(status(&served.get("/livez", right).await), 200);
    assert_eq!(status(&served.get("/nope", right).await), 404);
    assert_eq!(status(&served.get("/livez", "Authorization: Basic %%%\r\n").await), 400);
    assert_eq!(status(&served.post("/rpc", "", ECHO).await), 401);
    assert_eq!(json(&served.post("/rpc", right, ECHO).await)["result"], "hi");
    served.stop().await;
}

#[tokio::test]
async fn a_refused_client_is_not_read_further() {
    let served = serve_toy(Setup { password: Some("x"), ..Setup::default() });
    let twice = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2);
    let answer = served.raw(&twice).await;
    assert_eq!(answer.matches("HTTP/1.1 401").count(), 1, "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn an_oversized_body_is_413_announced_or_not() {
    let limits = Limits { request_bytes: 1000, ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let large =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"toy.echo","params":["{}"]}}"#, "x".repeat(2000));
    assert_eq!(status(&served.post("/rpc", "", &large).await), 413);
    let chunked = format!(
        "POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    assert_eq!(status(&served.raw(&chunked).await), 413);
    assert_eq!(status(&served.post("/rpc", "", ECHO).await), 200, "others are served");
    served.stop().await;
}

#[tokio::test]
async fn a_body_that_stalls_and_a_head_that_stalls_end() {
    let limits = Limits {
        body_time: Duration::from_millis(50),
        header_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let head = "POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n";
    assert_eq!(status(&served.raw(&format!("{head}\r\n{{")).await), 408);
    // Nothing, half a head, and a second request that never comes: closed in silence.
    assert_eq!(served.raw("").await, "");
    let half = served.raw(head).await;
    assert!(half.is_empty() || status(&half) == 408, "{half}");
    let once = served.raw("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(once.matches("HTTP/1.1 200").count(), 1);
    served.stop().await;
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_call_along_and_nothing_else() {
    let limits = Limits { half_closed_time: Duration::from_millis(50), ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let slow = r#"{"jsonrpc":"2.0","id":1,"method":"toy.slow"}"#;
    let request = format!(
        "POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{slow}",
        slow.len()
    );
    let begun = |n| {
        let toy = &served.toy;
        until("the call begins", move || toy.begun.load(Ordering::SeqCst) == n)
    };
    let mut gone = served.connect().await;
    gone.write_all(request.as_bytes()).await.unwrap();
    begun(1).await;
    drop(gone);
    until("the call is dropped", || served.toy.dropped.load(Ordering::SeqCst) == 1).await;
    let mut half_closed = served.connect().await;
    half_closed.write_all(request.as_bytes()).await.unwrap();
    begun(2).await;
    half_closed.shutdown().await.unwrap();
    assert_eq!(read_to_end(&mut half_closed).await, "");
    assert_eq!(status(&served.post("/rpc", "", ECHO).await), 200, "others are served");
    served.stop().await;
}

#[tokio::test]
async fn a_panic_in_a_method_is_answered_with_an_incident() {
    let served = serve_toy(Setup::default());
    for method in ["toy.panic", "toy.latePanic"] {
        let call = format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}"}}"#);
        let answer = json(&served.post("/rpc", "", &call).await);
        let error = &answer["error"];
        assert_eq!((&answer["id"], &error["code"]), (&7.into(), &1900.into()), "{answer}");
        assert_eq!(error["data"]["kind"], "ActorCrashed");
        let incident = error["data"]["incident"].as_str().unwrap().to_owned();
        let told = served.notices().into_iter().find(|n| n.contains("Panic") && n.contains(&incident));
        let told = told.expect("the site is told");
        assert!(told.contains("as the test wants it") && told.contains(method), "{told}");
    }
    assert_eq!(status(&served.post("/rpc", "", ECHO).await), 200, "others are served");
    served.stop().await;
}

#[tokio::test]
async fn a_batch_passes_through_the_guard_call_by_call() {
    let limits = Limits { batch: 3, ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let panic = r#"{"jsonrpc":"2.0","id":2,"method":"toy.panic"}"#;
    let notification = r#"{"jsonrpc":"2.0","method":"toy.count"}"#;
    let answer = json(&served.post("/rpc", "", &format!("[{ECHO},{panic},{notification}]")).await);
    assert_eq!(answer[0]["result"], "hi");
    assert_eq!(answer[1]["error"]["data"]["kind"], "ActorCrashed");
    assert_eq!(answer.as_array().map(Vec::len), Some(2), "a notification has no answer");
    assert_eq!(served.toy.counted.load(Ordering::SeqCst), 1, "and is carried out");
    let four = json(&served.post("/rpc", "", &format!("[{ECHO},{ECHO},{ECHO},{ECHO}]")).await);
    assert_eq!(four["error"]["code"], -32010, "{four}");
    served.stop().await;
}

#[tokio::test]
async fn a_notification_is_carried_out() {
    let served = serve_toy(Setup::default());
    served.post("/rpc", "", r#"{"jsonrpc":"2.0","method":"toy.count"}"#).await;
    served.post("/rpc", "", r#"{"jsonrpc":"2.0","method":"toy.panic"}"#).await;
    assert_eq!(served.toy.counted.load(Ordering::SeqCst), 1);
    served.stop().await;
}

#[tokio::test]
async fn what_cannot_be_called_says_why() {
    let served = serve_toy(Setup::default());
    let table = [
        (r#"{"jsonrpc":"2.0","id":1,"method":"log.follow"}"#, 1501),
        (r#"{"jsonrpc":"2.0","id":1,"method":"log.unfollow","params":["x"]}"#, 1501),
        (r#"{"jsonrpc":"2.0","id":1,"method":"toy.nope"}"#, -32601),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tree.crash","params":{"path":"/","how":"bang"}}"#, -32602),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tree.crash","params":{"path":"/","how":"panic","x":1}}"#,
            -32602,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tree.get","params":[1]}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tree.crash","params":["/","stop"]}"#, 1004),
        (r#"{"jsonrpc":"2.0","id":1"#, -32700),
        (r#"[]"#, -32600),
    ];
    for (call, code) in table {
        let answer = json(&served.post("/rpc", "", call).await);
        assert_eq!(answer["error"]["code"], code, "{call}: {answer}");
    }
    let nope = json(&served.post("/rpc", "", r#"{"jsonrpc":"2.0","id":1,"method":"toy.nope"}"#).await);
    let told = r#"there is no method "toy.nope"; `system.listMethods` tells them all"#;
    assert_eq!(nope["error"]["data"], told, "{nope}");
    served.stop().await;
}

#[tokio::test]
async fn calls_beyond_the_limit_are_answered_busy() {
    let limits = Limits { calls: 1, ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let slow = served.post("/rpc", "", r#"{"jsonrpc":"2.0","id":1,"method":"toy.slow"}"#);
    let other = async {
        until("the call begins", || served.toy.begun.load(Ordering::SeqCst) == 1).await;
        let busy = json(&served.post("/rpc", "", ECHO).await);
        assert_eq!(busy["error"]["data"]["kind"], "Busy", "{busy}");
        served.toy.go.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, other);
    assert_eq!(json(&slow)["result"], "done");
    assert_eq!(status(&served.post("/rpc", "", ECHO).await), 200);
    served.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_over_tcp() {
    let served = serve_toy(Setup { is_inet: true, ..Setup::default() });
    assert_eq!(status(&served.post("/rpc", "Origin: http://evil.example\r\n", ECHO).await), 403);
    assert_eq!(status(&served.post("/rpc", "Origin: http://x\r\n", ECHO).await), 200);
    let rebound = format!(
        "POST /rpc HTTP/1.1\r\nHost: y\r\nOrigin: http://y\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{ECHO}",
        ECHO.len()
    );
    assert_eq!(status(&served.raw(&rebound).await), 403, "a name that is not this machine's");
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let foreign = served.get("/rpc", &format!("Origin: http://evil.example\r\n{upgrade}")).await;
    assert_eq!(status(&foreign), 403);
    assert_eq!(
        status(&served.get("/livez", "Origin: http://evil.example\r\n").await),
        200,
        "reading is harmless"
    );
    served.stop().await;
}

#[tokio::test]
async fn a_form_cannot_call() {
    let served = serve_toy(Setup::default());
    let answer = served
        .raw(&format!(
            "POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{ECHO}",
            ECHO.len()
        ))
        .await;
    assert_eq!(status(&answer), 415);
    served.stop().await;
}

#[tokio::test]
async fn errors_are_supervisors_page() {
    let served = serve_toy(Setup::default());
    let body = "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
                <p>Error code 404.\r\n<p>Message: Not Found.\r\n</body>\r\n";
    let answer = served.get("/nope", "").await;
    assert_eq!(status(&answer), 404);
    assert!(answer.ends_with(body) && answer.contains("Content-Type: text/html\r\n"), "{answer}");
    assert_eq!(
        status(&served.raw("DELETE /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await),
        405
    );
    served.stop().await;
}

#[tokio::test]
async fn stopping_closes_the_idle_and_lets_the_busy_end() {
    let mut served = serve_toy(Setup::default());
    let mut idle = served.connect().await;
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut begin = [0; 12];
    idle.read_exact(&mut begin).await.unwrap();
    let mut busy = served.connect().await;
    let slow = r#"{"jsonrpc":"2.0","id":1,"method":"toy.slow"}"#;
    let length = slow.len();
    busy.write_all(
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{slow}"
        )
        .as_bytes(),
    )
    .await
    .unwrap();
    until("the call begins", || served.toy.begun.load(Ordering::SeqCst) == 1).await;
    served.begin_stop();
    assert!(read_to_end(&mut idle).await.ends_with("OK\n"));
    served.toy.go.notify_one();
    let answer = read_to_end(&mut busy).await;
    assert_eq!(json(&answer)["result"], "done");
    served.ended().await;
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let limits = Limits { grace: Duration::from_millis(50), ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let mut busy = served.connect().await;
    let slow = r#"{"jsonrpc":"2.0","id":1,"method":"toy.slow"}"#;
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{slow}", slow.len());
    busy.write_all(request.as_bytes()).await.unwrap();
    until("the call begins", || served.toy.begun.load(Ordering::SeqCst) == 1).await;
    served.stop().await;
    assert_eq!(read_to_end(&mut busy).await, "");
}

#[tokio::test]
async fn a_panic_in_a_page_is_an_error_page_with_an_incident() {
    let served = serve_toy(Setup { has_broken_rows: true, ..Setup::default() });
    let page = served.get("/", "").await;
    assert_eq!(status(&page), 500);
    assert!(page.contains("internal error, incident web-"), "{page}");
    assert!(served.notices().iter().any(|n| n.contains("Panic") && n.contains("no rows")));
    assert_eq!(status(&served.get("/livez", "").await), 200, "others are served");
    served.stop().await;
}

#[tokio::test]
async fn every_request_and_every_call_is_told() {
    let served = serve_toy(Setup::default());
    served.post("/rpc", "", ECHO).await;
    let notices = served.notices();
    let has = |parts: &[&str]| notices.iter().any(|n| parts.iter().all(|part| n.contains(part)));
    assert!(has(&["Access", "\"POST\"", "\"/rpc\"", "status: 200", "uid"]), "{notices:?}");
    assert!(has(&["Call", "toy.echo", "uid"]), "{notices:?}");
    served.stop().await;
}
