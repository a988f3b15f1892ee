//! XML-RPC at `/RPC2`: what it answers, refuses and tells.

use crate::site::{LONG, Served, Setup, read_to_end, serve_toy, status, until};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use treeherd_rpc::xmlrpc::{answer, call_text};
use treeherd_web::Limits;

const ECHO: &str = "<methodCall><methodName>toy.echo</methodName>\
                    <params><param><value>hi</value></param></params></methodCall>";
const SLOW: &str = "<methodCall><methodName>toy.slow</methodName></methodCall>";

/// POSTs a body; the status, and the body of the answer.
async fn post(served: &Served, body: &str) -> (u16, String) {
    let reply = served.send("POST", "/RPC2", "Content-Type: text/xml\r\n", body).await;
    let body = reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    (status(&reply), body)
}

/// Calls a method; its result, or the number and text of its fault.
async fn called(served: &Served, method: &str, params: &[Value]) -> Result<Value, (i32, String)> {
    let (status, body) = post(served, &call_text(method, params, usize::MAX).unwrap()).await;
    assert_eq!(status, 200, "{method}: {body}");
    answer(body.as_bytes()).unwrap().map_err(|fault| (fault.code, fault.text))
}

#[tokio::test]
async fn a_call_is_answered_as_by_supervisor_to_the_byte() {
    for is_inet in [false, true] {
        let served = serve_toy(Setup { is_inet, ..Setup::default() });
        let reply = served.send("POST", "/RPC2", "", ECHO).await;
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("Content-Type: text/xml\r\n"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
        let expected = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n\
                        <value><string>hi</string></value>\n</param>\n</params>\n</methodResponse>\n";
        assert_eq!(body, expected);
        served.stop().await;
    }
}

#[tokio::test]
async fn every_path_that_begins_so_is_served_and_nothing_but_post() {
    let served = serve_toy(Setup::default());
    for path in ["/RPC2", "/RPC2/", "/RPC2?x", "/RPC23", "/%52PC2"] {
        assert_eq!(status(&served.send("POST", path, "", ECHO).await), 200, "{path}");
    }
    assert_eq!(status(&served.send("POST", "/rpc2", "", ECHO).await), 400);
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(status(&served.send(method, "/RPC2", "", "").await), 400, "{method}");
    }
    served.stop().await;
}

#[tokio::test]
async fn faults_have_supervisors_numbers() {
    let served = serve_toy(Setup::default());
    let unknown = || Err((1, "UNKNOWN_METHOD".to_owned()));
    for method in
        ["toy.nope", "nope", "a.b.c", "toy.", ".echo", "toy.__class__", "toy", "rpc.echo", " toy.echo"]
    {
        assert_eq!(called(&served, method, &[]).await, unknown(), "{method}");
    }
    let table = [
        ("toy.echo", json!(["hi"]), Ok(json!("hi"))),
        ("toy.echo", json!([5]), Err((2, "INCORRECT_PARAMETERS"))),
        ("toy.echo", json!([]), Err((2, "INCORRECT_PARAMETERS"))),
        ("tree.get", json!([1]), Err((2, "INCORRECT_PARAMETERS"))),
        ("tree.crash", json!(["/x", "stop"]), Err((3, "BAD_ARGUMENTS: /x"))),
        (
            "log.follow",
            json!([]),
            Err((30, "FAILED: log.follow is a subscription, and subscriptions need a WebSocket")),
        ),
    ];
    for (method, params, expected) in table {
        let Value::Array(params) = params else { unreachable!() };
        let expected = expected.map_err(|(code, text)| (code, text.to_owned()));
        assert_eq!(called(&served, method, &params).await, expected, "{method} {params:?}");
    }
    served.stop().await;
}

#[tokio::test]
async fn what_is_no_call_is_400_and_told() {
    let served = serve_toy(Setup::default());
    let deep = "<value><array><data>".repeat(50_000);
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><methodName>&b;</methodName>";
    let bodies =
        ["", "nope", "<methodCall>", "<a></b>", &deep, bomb, "<methodCall><methodName>a</methodName>"];
    for body in bodies {
        assert_eq!(post(&served, body).await.0, 400, "{}", body.get(..50).unwrap_or(body));
    }
    let told = served.notices();
    assert_eq!(told.iter().filter(|n| n.contains("unmarshallable")).count(), bodies.len(), "{told:?}");
    assert_eq!(post(&served, "<methodCall><methodName/></methodCall>").await.0, 400);
    assert!(served.notices().iter().any(|n| n.contains("no method name")));
    assert_eq!(called(&served, "toy.echo", &[json!("x")]).await, Ok(json!("x")), "others are served");
    served.stop().await;
}

#[tokio::test]
async fn a_body_needs_a_length_and_has_bounds() {
    let limits = Limits {
        request_bytes: 1000,
        body_time: Duration::from_millis(50),
        header_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let head = "POST /RPC2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    assert_eq!(status(&served.raw(&format!("{head}\r\n")).await), 411);
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n<a/> \r\n0\r\n\r\n");
    assert_eq!(status(&served.raw(&chunked).await), 411);
    let large = format!("<methodName>{}</methodName>", "x".repeat(2000));
    assert_eq!(post(&served, &large).await.0, 413);
    assert_eq!(
        status(&served.raw(&format!("{head}Content-Length: 100\r\n\r\n<a>")).await),
        408,
        "it stalls"
    );
    let mut leaver = served.connect().await;
    leaver.write_all(format!("{head}Content-Length: 100\r\n\r\n<a>").as_bytes()).await.unwrap();
    leaver.shutdown().await.unwrap();
    let reply = read_to_end(&mut leaver).await;
    assert!(reply.is_empty() || status(&reply) == 400, "it leaves in the middle: {reply}");
    assert_eq!(post(&served, ECHO).await.0, 200, "others are served");
    served.stop().await;
}

#[tokio::test]
async fn an_answer_has_bounds() {
    let limits = Limits { response_bytes: 1000, ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let long = "<".repeat(500);
    let (status, body) = post(&served, &call_text("toy.echo", &[json!(long)], usize::MAX).unwrap()).await;
    assert_eq!(status, 500, "{body}");
    assert!(served.notices().iter().any(|n| n.contains("XmlFailed")));
    served.stop().await;
}

#[tokio::test]
async fn a_call_that_waits_holds_up_nobody() {
    let served = serve_toy(Setup::default());
    let slow = post(&served, SLOW);
    let others = async {
        until("the call begins", || served.toy.begun.load(Ordering::SeqCst) == 1).await;
        for _ in 0..20 {
            assert_eq!(called(&served, "toy.echo", &[json!("x")]).await, Ok(json!("x")));
        }
        served.toy.go.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, others);
    assert!(slow.1.contains("<value><string>done</string></value>"), "{slow:?}");
    served.stop().await;
}

#[tokio::test]
async fn who_leaves_takes_the_call_along_and_nothing_else() {
    let limits = Limits { half_closed_time: Duration::from_millis(50), ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let request = format!("POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{SLOW}", SLOW.len());
    let mut gone = served.connect().await;
    gone.write_all(request.as_bytes()).await.unwrap();
    until("the call begins", || served.toy.begun.load(Ordering::SeqCst) == 1).await;
    drop(gone);
    until("the call is dropped", || served.toy.dropped.load(Ordering::SeqCst) == 1).await;
    assert_eq!(post(&served, ECHO).await.0, 200, "others are served");
    served.stop().await;
}

#[tokio::test]
async fn calls_pass_through_the_same_guard_and_limits() {
    let limits = Limits { calls: 1, ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    for method in ["toy.panic", "toy.latePanic"] {
        let (code, text) = called(&served, method, &[]).await.unwrap_err();
        assert!(code == 30 && text.contains("incident web-"), "{code} {text}");
    }
    assert_eq!(served.notices().iter().filter(|n| n.starts_with("Panic")).count(), 2);
    let slow = post(&served, SLOW);
    let other = async {
        until("the call begins", || served.toy.begun.load(Ordering::SeqCst) == 1).await;
        let busy = called(&served, "toy.echo", &[json!("x")]).await;
        assert_eq!(busy, Err((30, "FAILED: too many calls are being carried out".to_owned())));
        served.toy.go.notify_one();
    };
    assert_eq!(tokio::join!(slow, other).0.0, 200);
    served.stop().await;
}

#[tokio::test]
async fn credentials_and_foreign_pages_are_checked_first() {
    let served = serve_toy(Setup { is_inet: true, password: Some("p"), ..Setup::default() });
    assert_eq!(post(&served, ECHO).await.0, 401);
    let right = "Authorization: Basic Y2hyaXM6cA==\r\n";
    assert_eq!(status(&served.send("POST", "/RPC2", right, ECHO).await), 200);
    let foreign = format!("{right}Origin: http://evil.example\r\n");
    assert_eq!(status(&served.send("POST", "/RPC2", &foreign, ECHO).await), 403);
    served.stop().await;
}

#[tokio::test]
async fn a_connection_is_kept_as_its_version_has_it() {
    let served = serve_toy(Setup::default());
    let length = ECHO.len();
    let one = format!("POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{ECHO}");
    let last = format!("POST /RPC2 HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{ECHO}");
    let reply = tokio::time::timeout(LONG, served.raw(&format!("{one}{one}{last}"))).await.unwrap();
    assert_eq!(reply.matches("</methodResponse>").count(), 3, "{reply}");
    served.stop().await;
}

#[tokio::test]
async fn each_call_is_told_with_its_outcome() {
    let served = serve_toy(Setup::default());
    called(&served, "toy.echo", &[json!("x")]).await.unwrap();
    called(&served, "toy.nope", &[]).await.unwrap_err();
    let told = served.notices();
    let told: Vec<_> = told.iter().filter(|n| !n.starts_with("Access")).collect();
    let expected = [
        "XmlCall { method: \"toy.echo\" }",
        "XmlAnswer { method: \"toy.echo\", fault: None }",
        "XmlCall { method: \"toy.nope\" }",
        "XmlAnswer { method: \"toy.nope\", fault: Some((1, \"UNKNOWN_METHOD\")) }",
    ];
    assert_eq!(told, expected);
    served.stop().await;
}
