//! The client of `rpc` against the server of `web`, and against what is no server of ours.

use crate::site::{LONG, Setup, credentials, serve_toy, until};
use jsonrpsee::core::ClientError;
use jsonrpsee::core::client::ClientT;
use jsonrpsee::rpc_params;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use treeherd_rpc::api::{LogApiClient, TreeApiClient};
use treeherd_rpc::client::{ConnectError, Endpoint, Target, connect_error, connect_http, connect_ws};
use treeherd_rpc::code;
use treeherd_rpc::wire::{Crash, LogItem, LogSlice};
use treeherd_web::Limits;

fn both() -> [Setup; 2] {
    [false, true].map(|is_inet| Setup { is_inet, password: Some("p:w"), ..Setup::default() })
}

#[tokio::test]
async fn calls_work_over_both_transports_and_both_protocols() {
    for setup in both() {
        let served = serve_toy(setup);
        let endpoint = served.endpoint().with_credentials(Some(credentials("p:w")));
        let http = connect_http(&endpoint).await.unwrap();
        let ws = connect_ws(&endpoint).await.unwrap();
        assert_eq!(http.tree_get().await.unwrap().path, "/root");
        assert_eq!(ws.tree_get().await.unwrap().path, "/root");
        let slice = LogSlice::new(b"web".to_vec(), 0);
        assert_eq!(http.log_read(Some("web".to_owned()), None, None, None).await.unwrap(), slice);
        let error = ws.tree_crash("/x".to_owned(), Crash::Stop).await.unwrap_err();
        let fault = code::fault_of(&error).unwrap();
        assert_eq!((fault.kind.as_str(), fault.fault), ("BadArguments", Some(3)));
        drop(ws);
        served.stop().await;
    }
}

#[tokio::test]
async fn a_subscription_begins_goes_on_and_ends() {
    for setup in both() {
        let served = serve_toy(setup);
        let endpoint = served.endpoint().with_credentials(Some(credentials("p:w")));
        let ws = connect_ws(&endpoint).await.unwrap();
        let mut items = ws.log_follow(Some("web".to_owned()), None, None).await.unwrap();
        let mut got = Vec::new();
        while let Ok(Some(item)) =
            tokio::time::timeout(LONG, items.next()).await.expect("items come").transpose()
        {
            let is_end = matches!(item, LogItem::End { .. });
            got.push(item);
            if is_end {
                break;
            }
        }
        let expected = [
            LogItem::data(b"web".to_vec(), 0, None),
            LogItem::Gap { dropped: 1, resume_from: 9 },
            LogItem::End { reason: "the toy is over".to_owned() },
        ];
        assert_eq!(got, expected);
        drop(items);
        drop(ws);
        served.stop().await;
    }
}

#[tokio::test]
async fn calls_run_side_by_side_on_one_http_client() {
    let served = serve_toy(Setup::default());
    let http = connect_http(&served.endpoint()).await.unwrap();
    let slow = http.request::<String, _>("toy.slow", rpc_params![]);
    let others = async {
        until("the slow call begins", || served.toy.begun.load(Ordering::SeqCst) == 1).await;
        for _ in 0..3 {
            let echo: String = http.request("toy.echo", rpc_params!["hi"]).await.unwrap();
            assert_eq!(echo, "hi");
        }
        served.toy.go.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, others);
    assert_eq!(slow.unwrap(), "done");
    served.stop().await;
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let limits = Limits { header_time: Duration::from_millis(20), ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let http = connect_http(&served.endpoint()).await.unwrap();
    for _ in 0..3 {
        http.tree_get().await.unwrap();
        // This one falls idle later, so when the server has closed it, it has closed the client's, too.
        served.raw("").await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn the_caller_is_known_by_the_kernel() {
    let served = serve_toy(Setup::default());
    let http = connect_http(&served.endpoint()).await.unwrap();
    let ws = connect_ws(&served.endpoint()).await.unwrap();
    let whoami: [Option<String>; 2] = [
        http.request("toy.whoami", rpc_params![]).await.unwrap(),
        ws.request("toy.whoami", rpc_params![]).await.unwrap(),
    ];
    let pid = format!("pid {}, ", std::process::id());
    for me in whoami {
        assert!(me.as_deref().is_some_and(|me| me.starts_with(&pid)), "{me:?}");
    }
    drop(ws);
    served.stop().await;
}

#[tokio::test]
async fn a_panic_over_a_websocket_is_answered_and_the_socket_lives() {
    let served = serve_toy(Setup::default());
    let ws = connect_ws(&served.endpoint()).await.unwrap();
    for method in ["toy.panic", "toy.latePanic"] {
        let error = ws.request::<bool, _>(method, rpc_params![]).await.unwrap_err();
        assert_eq!(code::fault_of(&error).map(|f| f.kind).as_deref(), Some("ActorCrashed"));
    }
    assert_eq!(ws.tree_get().await.unwrap().path, "/root");
    drop(ws);
    served.stop().await;
}

#[tokio::test]
async fn a_websocket_keeps_its_place_among_the_connections() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let ws = connect_ws(&served.endpoint()).await.unwrap();
    assert_eq!(ws.tree_get().await.unwrap().path, "/root");
    let second = connect_ws(&served.endpoint()).await;
    assert!(matches!(second, Err(ConnectError::Busy { .. })), "{second:?}");
    let http = connect_http(&served.endpoint()).await.unwrap();
    let error = http.tree_get().await.unwrap_err();
    assert!(matches!(connect_error(&error), Some(ConnectError::Busy { .. })), "{error:?}");
    drop(ws);
    let patience = async { while connect_ws(&served.endpoint()).await.is_err() {} };
    tokio::time::timeout(LONG, patience).await.expect("the place is free again");
    served.stop().await;
}

#[tokio::test]
async fn stopping_ends_websockets() {
    let served = serve_toy(Setup::default());
    let ws = connect_ws(&served.endpoint()).await.unwrap();
    served.stop().await;
    tokio::time::timeout(LONG, ws.on_disconnect()).await.expect("the socket is closed");
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_the_server_as_it_was() {
    let limits = Limits { half_closed_time: Duration::from_millis(50), ..Limits::default() };
    let served = serve_toy(Setup { limits, ..Setup::default() });
    let http =
        connect_http(&served.endpoint().with_call_timeout(Some(Duration::from_millis(30)))).await.unwrap();
    let error = http.request::<String, _>("toy.slow", rpc_params![]).await.unwrap_err();
    assert!(matches!(error, ClientError::RequestTimeout), "{error:?}");
    until("the call is dropped", || served.toy.dropped.load(Ordering::SeqCst) == 1).await;
    let ws = connect_ws(&served.endpoint()).await.unwrap();
    assert_eq!(ws.tree_get().await.unwrap().path, "/root");
    drop(ws);
    served.stop().await;
}

/// What both ways of connecting, and a first call, say of an endpoint.
async fn complaints(target: Target) -> [String; 2] {
    let mut endpoint = Endpoint::new(target).with_call_timeout(Some(LONG));
    endpoint.connect_timeout = Duration::from_millis(300);
    let ws = connect_ws(&endpoint).await.map(|_| ()).unwrap_err();
    let http = match connect_http(&endpoint).await {
        Err(error) => error.to_string(),
        Ok(http) => {
            let error = http.tree_get().await.unwrap_err();
            connect_error(&error).map_or_else(|| panic!("{error:?}"), ToString::to_string)
        }
    };
    [http, ws.to_string()]
}

#[tokio::test]
async fn nobody_there_is_told_by_cause() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.sock");
    for told in complaints(Target::Unix(path.clone())).await {
        assert!(told.starts_with(&format!("{} no such file", path.display())), "{told}");
    }
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    for told in complaints(Target::Unix(path.clone())).await {
        assert!(told.starts_with(&format!("unix://{} refused connection", path.display())), "{told}");
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for told in complaints(Target::Http { host: "127.0.0.1".to_owned(), port }).await {
        assert!(told.starts_with(&format!("http://127.0.0.1:{port} refused connection")), "{told}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_apart() {
    let served = serve_toy(Setup { password: Some("x"), ..Setup::default() });
    for told in complaints(served.target.clone()).await {
        assert!(told.contains("requires authentication") && told.contains("401"), "{told}");
    }
    served.stop().await;
}

/// A server that answers every request with `answer`, or never.
fn impostor(listener: TcpListener, answer: Option<&'static str>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if let Some(answer) = answer {
                let mut request = [0; 4096];
                _ = stream.read(&mut request).await;
                _ = stream.write_all(answer.as_bytes()).await;
                _ = stream.shutdown().await;
            }
            held.push(stream);
        }
    })
}

async fn complaints_of_impostor(answer: Option<&'static str>) -> [String; 2] {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = impostor(listener, answer);
    let told = complaints(Target::Http { host: "127.0.0.1".to_owned(), port }).await;
    task.abort();
    told
}

#[tokio::test]
async fn what_is_no_server_of_ours_is_recognised() {
    let table = [
        "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/rpc\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
    ];
    for answer in table {
        for told in complaints_of_impostor(Some(answer)).await {
            assert!(told.contains("does not speak JSON-RPC"), "{answer}: {told}");
        }
    }
    let python = "HTTP/1.1 404 Not Found\r\nServer: Medusa/1.12\r\nContent-Length: 0\r\n\r\n";
    let [http, ws] = complaints_of_impostor(Some(python)).await;
    assert!(http.contains("is a supervisord written in Python"), "{http}");
    assert!(ws.contains("does not speak JSON-RPC"), "a refused upgrade shows no headers: {ws}");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut endpoint =
        Endpoint::new(Target::Unix(path)).with_call_timeout(Some(Duration::from_millis(100)));
    endpoint.connect_timeout = Duration::from_millis(100);
    let ws = connect_ws(&endpoint).await;
    assert!(matches!(ws, Err(ConnectError::Timeout { .. })), "{ws:?}");
    let http = connect_http(&endpoint).await.unwrap();
    let error = http.tree_get().await.unwrap_err();
    assert!(matches!(error, ClientError::RequestTimeout), "{error:?}");
    drop(listener);
}
