//! One call of the API, as a test makes it, over the unix socket: XML-RPC for Supervisor's methods, JSON-RPC for ours.
//!
//! ```text
//!   call("supervisor.getState", json!([]))  ->  Ok(result) | Err((Supervisor's fault number, message))
//! ```
//!
//! The reference speaks XML-RPC only: it is called through its own client library, in the interpreter that stands
//! beside it, and the answer comes back as JSON. So the same expectations hold for both. Deliberately absent: HTTP
//! itself and subscriptions (the crate `web` tests the first, `logs_capture` uses the second).

use super::{DEADLINE, program, reference, run};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use treeherd_rpc::xmlrpc;

/// What a call is answered: its result, or the fault's number and text.
pub(crate) type Answer = Result<Value, (i64, String)>;

/// A script of the reference's interpreter: one call, its answer as JSON.
const CALLER: &str = "
import json, sys, xmlrpc.client
from supervisor.xmlrpc import SupervisorTransport
url, method, params = sys.argv[1:]
call = xmlrpc.client.ServerProxy('http://127.0.0.1', transport=SupervisorTransport(None, None, url))
for name in method.split('.'):
    call = getattr(call, name)
try:
    print(json.dumps({'result': call(*json.loads(params))}))
except xmlrpc.client.Fault as fault:
    print(json.dumps({'error': {'message': fault.faultString, 'data': {'fault': fault.faultCode}}}))
";

/// Calls a method of the daemon that listens on this socket.
#[track_caller]
pub(crate) fn call(socket: &Path, method: &str, params: &Value) -> Answer {
    let mut answer = if reference() {
        by_library(socket, method, params)
    } else if method.starts_with("supervisor.") {
        return by_xml(socket, method, params);
    } else {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let reply = post(socket, "/rpc", "application/json", &request.to_string());
        serde_json::from_str(&reply).unwrap_or_else(|error| panic!("{method}: {error}: {reply}"))
    };
    match answer.get_mut("error") {
        None => Ok(answer["result"].take()),
        Some(error) => {
            // The protocol has errors of its own, without a number, for two of Supervisor's.
            match error["code"].as_i64() {
                Some(-32601) => return Err((1, "UNKNOWN_METHOD".to_owned())),
                Some(-32602) => return Err((2, "INCORRECT_PARAMETERS".to_owned())),
                _ => {}
            }
            let code = error["data"]["fault"].as_i64();
            let code = code.unwrap_or_else(|| panic!("{method}: an error without a fault: {error}"));
            Err((code, error["message"].as_str().unwrap_or_default().to_owned()))
        }
    }
}

#[track_caller]
fn by_xml(socket: &Path, method: &str, params: &Value) -> Answer {
    let params = params.as_array().map(Vec::as_slice).unwrap_or_default();
    let request = xmlrpc::call_text(method, params, usize::MAX).expect("parameters are JSON");
    let reply = post(socket, "/RPC2", "text/xml", &request);
    let answer =
        xmlrpc::answer(reply.as_bytes()).unwrap_or_else(|error| panic!("{method}: {error}: {reply}"));
    answer.map_err(|fault| (i64::from(fault.code), fault.text))
}

#[track_caller]
fn by_library(socket: &Path, method: &str, params: &Value) -> Value {
    let url = format!("unix://{}", socket.display());
    let python = program("supervisord").with_file_name("python");
    let said = run(Command::new(python).args(["-c", CALLER, &url, method, &params.to_string()]), "");
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{method}: {error}: {said:?}"))
}

/// One request on a connection of its own; the body of the answer.
#[track_caller]
fn post(socket: &Path, path: &str, kind: &str, body: &str) -> String {
    let mut stream =
        UnixStream::connect(socket).unwrap_or_else(|error| panic!("{}: {error}", socket.display()));
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket has time-outs");
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).expect("the daemon reads");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).expect("the daemon answers and closes");
    let reply = String::from_utf8(reply).expect("answers are UTF-8");
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {reply:?}"));
    assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {reply}");
    body.to_owned()
}
