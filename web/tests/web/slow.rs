//! Clients that are slow, half-closed, or too many: an answer or a refusal, within bounded time.

use crate::site::{LONG, Served, Setup, Stream, json, read_to_end, serve_toy, status, until};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use treeherd_web::Limits;

const GET: &[u8] = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

fn served(limits: Limits) -> Served {
    serve_toy(Setup { limits, ..Setup::default() })
}

fn call(method: &str) -> Vec<u8> {
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
    let head = "POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A connection that has been served once and is idle.
async fn idle(served: &Served) -> Box<dyn Stream> {
    let mut stream = served.connect().await;
    stream.write_all(GET).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"OK\n") {
        answer.push(tokio::time::timeout(LONG, stream.read_u8()).await.unwrap().unwrap());
    }
    stream
}

/// A connection whose call does not end.
async fn busy(served: &Served, count: usize) -> Box<dyn Stream> {
    let mut stream = served.connect().await;
    stream.write_all(&call("toy.slow")).await.unwrap();
    until("the call begins", || served.toy.begun.load(Ordering::SeqCst) == count).await;
    stream
}

#[tokio::test]
async fn who_ends_its_side_after_a_request_still_gets_the_answer() {
    let served = served(Limits::default());
    for request in [GET.to_vec(), call("toy.count"), [GET, GET].concat()] {
        let mut stream = served.connect().await;
        stream.write_all(&request).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(status(&read_to_end(&mut stream).await), 200);
    }
    let mut stream = busy(&served, 1).await;
    stream.shutdown().await.unwrap();
    // somebody else is answered meanwhile
    assert_eq!(status(&served.get("/livez", "").await), 200);
    served.toy.go.notify_one();
    assert_eq!(json(&read_to_end(&mut stream).await)["result"], "done");
    served.stop().await;
}

#[tokio::test]
async fn who_ends_its_side_before_the_end_of_a_request_is_told_or_closed_at_once() {
    let served = served(Limits::default());
    for (part, answer) in [(&b"GET /livez HT"[..], 0), (&call("toy.count")[..110], 400)] {
        let mut stream = served.connect().await;
        stream.write_all(part).await.unwrap();
        stream.shutdown().await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(5), read_to_end(&mut stream)).await;
        assert_eq!(status(&ended.expect("it does not wait for the time limit")), answer);
    }
    served.stop().await;
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_refused_when_its_time_is_over() {
    let served = served(Limits { body_time: Duration::from_millis(200), ..Limits::default() });
    let mut stream = served.connect().await;
    let head =
        "POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reads, mut writes) = tokio::io::split(stream);
    let dripping = tokio::spawn(async move {
        while writes.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let mut answer = [0; 12];
    tokio::time::timeout(LONG, reads.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    tokio::time::timeout(LONG, dripping).await.expect("the connection is closed").unwrap();
    served.stop().await;
}

#[tokio::test]
async fn who_pipelines_and_reads_nothing_is_given_up() {
    let served = served(Limits { unread_time: Duration::from_millis(200), ..Limits::default() });
    let mut stream = served.connect().await;
    let many = GET.repeat(1000);
    let sending = async { while stream.write_all(&many).await.is_ok() {} };
    tokio::time::timeout(LONG, sending).await.expect("the connection is closed");
    served.stop().await;
}

#[tokio::test]
async fn the_one_that_is_idle_longest_gives_way_to_one_more() {
    let served = served(Limits { connections: 4, header_time: LONG * 2, ..Limits::default() });
    let mut busy = busy(&served, 1).await;
    let mut first = idle(&served).await;
    let mut half = served.connect().await;
    half.write_all(b"GET /livez HTTP/1.1\r\nHo").await.unwrap();
    let mut last = idle(&served).await;
    // the first is used again, so it is half a request that is waited for longest
    first.write_all(GET).await.unwrap();
    let mut begin = [0; 12];
    first.read_exact(&mut begin).await.unwrap();
    let mut more = idle(&served).await;
    assert_eq!(read_to_end(&mut half).await, "");
    let mut again = idle(&served).await;
    assert_eq!(read_to_end(&mut last).await, "");
    for stream in [&mut more, &mut again] {
        stream.write_all(GET).await.unwrap();
        stream.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
    }
    served.toy.go.notify_one();
    assert!(tokio::time::timeout(LONG, busy.read_u8()).await.unwrap().is_ok(), "it kept its seat");
    assert!(!served.notices().iter().any(|notice| notice.contains("TurnedAway")));
    served.stop().await;
}

#[tokio::test]
async fn a_crowd_that_says_nothing_keeps_nobody_out() {
    let served = served(Limits { connections: 16, header_time: LONG * 2, ..Limits::default() });
    let mut crowd = Vec::new();
    for _ in 0..64 {
        crowd.push(served.connect().await);
    }
    let asked = tokio::time::timeout(Duration::from_secs(5), served.get("/livez", "")).await;
    assert_eq!(status(&asked.expect("it does not wait for the time limit of the others")), 200);
    served.stop().await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_where_all_are_being_answered() {
    let served = served(Limits { connections: 1, ..Limits::default() });
    let busy = busy(&served, 1).await;
    assert_eq!(status(&served.get("/livez", "").await), 503);
    assert!(served.notices().iter().any(|notice| notice.contains("TurnedAway")));
    served.toy.go.notify_one();
    drop(busy);
    let patience = async { while status(&served.get("/livez", "").await) != 200 {} };
    tokio::time::timeout(LONG, patience).await.expect("the place is free again");
    served.stop().await;
}
