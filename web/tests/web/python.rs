//! The client of `rpc` against a supervisord written in Python, as far as it shows on the wire.

use crate::site::LONG;
use jsonrpsee::core::ClientError;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use treeherd_rpc::api::{ProcessApiClient, SupervisorApiClient};
use treeherd_rpc::client::{
    ConnectError, Endpoint, LogStream, StreamError, Target, connect_error, connect_http,
};
use treeherd_rpc::code::fault_of;
use treeherd_rpc::xmlrpc::{XmlFault, call, fault_text, result_text};

/// A fake; it notes what it is asked.
struct Python {
    endpoint: Endpoint,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

async fn serve() -> Python {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let notes = Arc::clone(&asked);
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&notes)));
        }
    });
    let endpoint =
        Endpoint::new(Target::Http { host: "127.0.0.1".to_owned(), port }).with_call_timeout(Some(LONG));
    Python { endpoint, asked, task }
}

/// One request after the other. What is refused is refused at its head; its body is taken for what follows.
async fn converse(mut stream: TcpStream, asked: Arc<Mutex<Vec<String>>>) {
    let mut read = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break String::from_utf8(read.drain(..end + 4).collect()).unwrap();
            }
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let line = head.lines().next().unwrap_or_default().to_owned();
        let answer = if line.starts_with("POST /RPC2 ") {
            let length = head.to_ascii_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let length: usize = length.trim().parse().unwrap();
            while read.len() < length {
                stream.read_buf(&mut read).await.unwrap();
            }
            let body: Vec<u8> = read.drain(..length).collect();
            let called = call(&body).unwrap();
            asked.lock().unwrap().push(format!("{} {:?}", called.method, called.params));
            let body = match called.method.as_str() {
                "supervisor.getAPIVersion" => result_text("\"3.0\"", 1000).unwrap(),
                "supervisor.getPID" => result_text("7", 1000).unwrap(),
                _ => fault_text(&XmlFault { code: 10, text: "BAD_NAME: x".to_owned() }),
            };
            reply("200 OK", "text/xml", &body)
        } else if line == "GET /logtail/w%C3%A9b/stdout HTTP/1.1" {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
                .to_owned()
        } else if line.starts_with("GET ") {
            reply("404 Not Found", "text/html", "")
        } else {
            asked.lock().unwrap().push(format!("refused {line}"));
            reply("400 Bad Request", "text/html", "no")
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn reply(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nServer: Medusa/1.12\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn a_python_supervisord_is_spoken_to_in_xml_from_its_first_refusal_on() {
    let python = serve().await;
    let client = connect_http(&python.endpoint).await.unwrap();
    assert!(!python.endpoint.dialect.is_xml());
    assert_eq!(client.get_api_version().await.unwrap(), "3.0");
    assert!(python.endpoint.dialect.is_xml(), "all who share the endpoint know it");
    assert_eq!(client.get_pid().await.unwrap(), 7);
    let error = client.start_process("x".to_owned(), None).await.unwrap_err();
    let fault = fault_of(&error).expect("a fault");
    assert_eq!((fault.fault, fault.message.as_str()), (Some(10), "BAD_NAME: x"));
    let asked = python.asked.lock().unwrap().clone();
    let expected = [
        "refused POST /rpc HTTP/1.1",
        "supervisor.getAPIVersion []",
        "supervisor.getPID []",
        "supervisor.startProcess [String(\"x\")]",
    ];
    assert_eq!(asked, expected);
    python.task.abort();
}

#[tokio::test]
async fn what_a_python_supervisord_does_not_have_is_told_without_asking_it() {
    let python = serve().await;
    let client = connect_http(&python.endpoint).await.unwrap();
    client.get_pid().await.unwrap();
    let error = client.process_get("x".to_owned()).await.unwrap_err();
    let told = connect_error(&error).expect("the daemon is known");
    assert!(
        matches!(told, ConnectError::XmlRpcOnly { answer, .. } if answer == "it has no process.get"),
        "{told}"
    );
    assert!(!matches!(error, ClientError::Call(_)));
    assert_eq!(python.asked.lock().unwrap().len(), 2, "the refusal, and getPID");
    python.task.abort();
}

#[tokio::test]
async fn a_log_is_followed_over_plain_http() {
    let python = serve().await;
    let mut stream = LogStream::open(&python.endpoint, "/logtail/w\u{e9}b/stdout").await.unwrap();
    let mut got = Vec::new();
    while let Some(bytes) = tokio::time::timeout(LONG, stream.next()).await.expect("it goes on") {
        got.extend_from_slice(&bytes);
    }
    assert_eq!(got, b"onetwo");
    let refused = LogStream::open(&python.endpoint, "/logtail/nope").await.unwrap_err();
    assert_eq!(refused, StreamError::Status(404));
    python.task.abort();
}
