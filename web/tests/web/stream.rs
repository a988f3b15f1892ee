//! Logs over plain HTTP: headers, bytes as they come, ends.

use crate::site::{LONG, Setup, Stream, read_to_end, serve_toy, status};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

/// Reads until the answer so far ends with this.
async fn until_end(stream: &mut Box<dyn Stream>, end: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let reading = async {
        while !answer.ends_with(end) {
            let mut piece = [0; 4096];
            let count = stream.read(&mut piece).await.unwrap();
            assert!(count > 0, "closed after {:?}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..count]);
        }
    };
    tokio::time::timeout(LONG, reading).await.expect("the bytes come");
    answer
}

fn log() -> (mpsc::Sender<Bytes>, Setup) {
    let (sender, log) = mpsc::channel(1);
    (sender, Setup { log: Some(log), ..Setup::default() })
}

#[tokio::test]
async fn a_log_is_streamed_in_chunks_as_it_grows() {
    for path in [
        "/logtail/g:web",
        "/logtail/g%3Aweb/stdout",
        "/logtail/g:web/st%64err",
        "/mainlogtail",
        "/mainlogtailx",
    ] {
        let (sender, setup) = log();
        let served = serve_toy(setup);
        let mut stream = served.connect().await;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        let head = String::from_utf8(until_end(&mut stream, b"\r\n\r\n").await).unwrap();
        assert_eq!(status(&head), 200, "{path}");
        for part in [
            "Content-Type: text/plain;charset=utf-8\r\n",
            "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n",
            "Transfer-Encoding: chunked\r\n",
        ] {
            assert!(head.contains(part), "{part} of {path}: {head}");
        }
        assert_eq!(head.contains("X-Accel-Buffering: no\r\n"), path.starts_with("/logtail"), "{head}");
        sender.send(Bytes::from_static(b"one\n")).await.unwrap();
        until_end(&mut stream, b"4\r\none\n\r\n").await;
        sender.send(Bytes::from_static(b"\xff\x00")).await.unwrap();
        until_end(&mut stream, b"2\r\n\xff\x00\r\n").await;
        drop(stream);
        // whoever gives the bytes hears that nobody takes them
        tokio::time::timeout(LONG, sender.closed()).await.expect("the log is let go");
        served.stop().await;
    }
}

#[tokio::test]
async fn an_old_client_gets_each_piece_at_once_too() {
    let (sender, setup) = log();
    let served = serve_toy(setup);
    let mut stream = served.connect().await;
    stream.write_all(b"GET /logtail/g:web HTTP/1.0\r\n\r\n").await.unwrap();
    let head = String::from_utf8(until_end(&mut stream, b"\r\n\r\n").await).unwrap();
    assert!(!head.contains("chunked"), "{head}");
    for piece in [b"one\n", b"two\n"] {
        sender.send(Bytes::from_static(piece)).await.unwrap();
        assert_eq!(until_end(&mut stream, piece).await, piece);
    }
    drop(sender);
    assert_eq!(read_to_end(&mut stream).await, "");
    served.stop().await;
}

#[tokio::test]
async fn a_log_that_is_not_there_is_not_found() {
    let served = serve_toy(Setup::default());
    for path in [
        "/logtail",
        "/logtail/",
        "/logtail/nobody",
        "/logtail/g:*",
        "/logtail/g:web/stdin",
        "/logtail/g:web/",
        "/logtail/g:web/stdout/x",
        "/logtail/g:web",
        "/mainlogtail",
    ] {
        let answer = served.get(path, "").await;
        assert_eq!(status(&answer), 404, "{path}");
        assert!(answer.contains("<p>Message: Not Found."), "{answer}");
    }
    let full = served.get("/logtail/full", "").await;
    assert_eq!(status(&full), 503);
    assert!(full.contains("no &lt;room&gt;"), "{full}");
    served.stop().await;
}

#[tokio::test]
async fn the_end_of_the_server_ends_a_stream_at_once() {
    let (sender, mut setup) = log();
    // so that only a stream that ends by itself ends in time
    setup.limits.grace = LONG * 2;
    let served = serve_toy(setup);
    let mut stream = served.connect().await;
    stream.write_all(b"GET /mainlogtail HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until_end(&mut stream, b"\r\n\r\n").await;
    served.stop().await;
    assert_eq!(read_to_end(&mut stream).await, "0\r\n\r\n");
    drop(sender);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_written_for() {
    let (sender, setup) = log();
    let served = serve_toy(setup);
    let mut stream = served.connect().await;
    stream.write_all(b"GET /mainlogtail HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut sent = 0;
    let piece = Bytes::from(vec![b'#'; 64 * 1024]);
    let brief = std::time::Duration::from_millis(200);
    while tokio::time::timeout(brief, sender.send(piece.clone())).await.is_ok() {
        sent += piece.len();
        assert!(sent < 64 * 1024 * 1024, "it takes without end");
    }
    assert_eq!(status(&served.get("/ok.html", "").await), 200, "others are served");
    drop(sender);
    let rest = read_to_end(&mut stream).await;
    assert_eq!(rest.matches('#').count(), sent, "and nothing is lost");
    served.stop().await;
}

#[tokio::test]
async fn streams_leave_half_of_the_connections_to_others() {
    let (sender, mut setup) = log();
    setup.limits.connections = 2;
    let served = serve_toy(setup);
    let mut stream = served.connect().await;
    stream.write_all(b"GET /mainlogtail HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until_end(&mut stream, b"\r\n\r\n").await;
    let mut refused = served.connect().await;
    refused.write_all(b"GET /mainlogtail HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // to its end: who is refused does not keep the connection either
    let second = read_to_end(&mut refused).await;
    assert_eq!(status(&second), 503);
    assert!(second.contains("too many logs are being followed"), "{second}");
    drop(stream);
    tokio::time::timeout(LONG, sender.closed()).await.expect("the log is let go");
    let patience = async { while status(&served.get("/mainlogtail", "").await) == 503 {} };
    tokio::time::timeout(LONG, patience).await.expect("the place is free again");
    served.stop().await;
}
