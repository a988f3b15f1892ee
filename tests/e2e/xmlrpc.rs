//! XML-RPC beside JSON-RPC: the same methods, calls that wait, what the log tells of them.
//!
//! What each method answers is in `rows_rpc*` (their calls are XML-RPC), the wire in the crates `rpc` and `web`.

use crate::harness::{Herd, program, reference, run};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::Command;
use treeherd_rpc::xmlrpc;

/// Sends a request and leaves the answer to be read.
fn send(herd: &Herd, body: &str) -> UnixStream {
    let mut stream = UnixStream::connect(herd.path("s.sock")).expect("the daemon listens");
    let length = body.len();
    let head =
        format!("POST /RPC2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).expect("the daemon reads");
    stream
}

/// The answer: its head and its body.
fn receive(mut stream: UnixStream) -> (String, String) {
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("the daemon answers and closes");
    let (head, body) = reply.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_owned(), body.to_owned())
}

fn call(herd: &Herd, method: &str, params: &[Value]) -> Result<Value, xmlrpc::XmlFault> {
    let body = xmlrpc::call_text(method, params, usize::MAX).expect("parameters are JSON");
    let (_, body) = receive(send(herd, &body));
    xmlrpc::answer(body.as_bytes()).unwrap_or_else(|error| panic!("{method}: {error}: {body}"))
}

#[test]
fn xml_rpc_and_json_rpc_have_the_same_methods() {
    if reference() {
        return; // it has no JSON-RPC
    }
    let herd = Herd::start("");
    let names = call(&herd, "system.listMethods", &[]).expect("it tells");
    assert_eq!(Ok(&names), herd.call("system.listMethods", json!([])).as_ref());
    let names: Vec<&str> = names.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let table = treeherd_rpc::api::method_names();
    assert_eq!(names, table, "and both those of the table");
    // more parameters than any method has: whoever knows the method refuses them, and does nothing
    let many = vec![json!("x"); 9];
    for name in names {
        let fault = call(&herd, name, &many).expect_err("nobody takes nine");
        let is_subscription = fault.text.contains("subscriptions need a WebSocket");
        assert!(fault.code == 2 || is_subscription, "{name}: {fault:?}");
    }
    assert_eq!(call(&herd, "supervisor.nope", &[]).map_err(|fault| fault.code), Err(1));
    herd.end();
}

#[test]
fn a_stop_and_a_start_leave_down_what_is_disabled_and_say_so() {
    if reference() {
        return;
    }
    let herd = Herd::start("[program:web]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: web");
    herd.ctl("disable web").is("web: disabled\n", 0);
    // as Supervisor's own supervisorctl restarts
    assert_eq!(call(&herd, "supervisor.stopProcess", &[json!("web")]), Ok(json!(true)));
    let fault = call(&herd, "supervisor.startProcess", &[json!("web")]).expect_err("it is disabled");
    assert_eq!((fault.code, fault.text.as_str()), (50, "SPAWN_ERROR: web"));
    herd.wait("WARN web is not started: it is disabled (supervisorctl enable web)");
    let info = call(&herd, "supervisor.getProcessInfo", &[json!("web")]).expect("it is there");
    let told = info["description"].as_str().unwrap_or_default();
    assert!(info["statename"] == "STOPPED" && told.ends_with(", disabled"), "{info}");
    herd.ctl("enable web").is("web: enabled\n", 0);
    assert_eq!(call(&herd, "supervisor.startProcess", &[json!("web")]), Ok(json!(true)));
    herd.end();
}

#[test]
fn a_start_that_waits_holds_up_no_other_call() {
    let herd = Herd::start("[program:slow]\ncommand=/bin/cat\nautostart=false\nstartsecs=600\n");
    let body = xmlrpc::call_text("supervisor.startProcess", &[json!("slow")], usize::MAX).expect("JSON");
    let waiting = send(&herd, &body);
    herd.wait_anywhere("spawned: 'slow'");
    for _ in 0..5 {
        let state = herd.call("supervisor.getProcessInfo", json!(["slow"])).expect("it is there");
        assert_eq!(state["statename"], "STARTING", "the other call is still waiting");
    }
    herd.ctl("stop slow").is("slow: stopped\n", 0);
    let (head, body) = receive(waiting);
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(body.contains("ABNORMAL_TERMINATION: slow"), "{body}");
    herd.end();
}

#[test]
fn calls_are_told_at_the_trace_level_and_bad_bodies_as_errors() {
    let herd = Herd::of("").setting("loglevel=trace").start();
    _ = call(&herd, "supervisor.getState", &[]);
    herd.wait_anywhere("TRAC XML-RPC method called: supervisor.getState()");
    herd.wait_anywhere("TRAC XML-RPC method supervisor.getState() returned successfully");
    _ = call(&herd, "supervisor.getProcessInfo", &[json!("x")]);
    herd.wait_anywhere("TRAC XML-RPC method supervisor.getProcessInfo() returned fault: [10] BAD_NAME: x");
    let (head, _) = receive(send(&herd, "<nope>'\u{e9}\n"));
    assert!(head.starts_with("HTTP/1.1 400 Bad Request"), "{head}");
    herd.wait_anywhere("ERRO XML-RPC request data \"<nope>'\u{e9}\\n\" is invalid: unmarshallable");
    let (head, _) = receive(send(&herd, "<methodCall/>"));
    assert!(head.starts_with("HTTP/1.1 400 Bad Request"), "{head}");
    herd.wait_anywhere("ERRO XML-RPC request data '<methodCall/>' is invalid: no method name");
    herd.end();
}

#[test]
fn what_xml_cannot_hold_is_replaced_in_logs_and_large_sizes_are_told() {
    let herd = Herd::start(
        "[program:paint]\ncommand=/bin/sh -c \"printf '\\033[31mred \\210 \\303\\251'\"\nstartsecs=0\n\
         autorestart=false\nstdout_logfile={dir}/paint.log\nstdout_logfile_maxbytes=4GB\n",
    );
    herd.wait_anywhere("exited: paint");
    if reference() {
        return; // it answers 500 to each of these calls
    }
    let read = herd.call("supervisor.readProcessStdoutLog", json!(["paint", 0, 0]));
    assert_eq!(read, Ok(json!("\u{fffd}[31mred \u{fffd} \u{e9}")));
    let configs = herd.call("supervisor.getAllConfigInfo", json!([])).expect("it tells");
    assert_eq!(configs[0]["stdout_logfile_maxbytes"], 4_294_967_296_i64);
    herd.end();
}

#[test]
fn texts_travel_whatever_their_alphabet() {
    let name = "test_\u{f6}\u{e4}\u{fc}";
    let herd = Herd::start(&format!("[program:{name}]\ncommand=/bin/cat\nstartsecs=0\n"));
    herd.wait_anywhere(&format!("success: {name} "));
    let body = xmlrpc::call_text("supervisor.getProcessInfo", &[json!(name)], usize::MAX).expect("JSON");
    let (head, body) = receive(send(&herd, &body));
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "in bytes: {head}");
    assert!(body.contains(&format!("<name>name</name>\n<value><string>{name}</string></value>")), "{body}");
    herd.end();
}

#[test]
fn a_client_that_leaves_before_the_answer_disturbs_nobody() {
    let herd = Herd::start("");
    let body = xmlrpc::call_text("system.listMethods", &[], usize::MAX).expect("JSON");
    for _ in 0..10 {
        drop(send(&herd, &body));
    }
    assert!(call(&herd, "system.listMethods", &[]).is_ok());
    herd.end();
}

#[test]
fn supervisors_own_library_can_be_used_where_there_is_a_python() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait_anywhere("success: cat ");
    let python =
        if reference() { program("supervisord").with_file_name("python") } else { "python3".into() };
    if Command::new(&python).arg("--version").output().is_err() {
        return herd.end();
    }
    let script = "
import http.client, socket, sys, xmlrpc.client
class Unix(xmlrpc.client.Transport):
    def make_connection(self, host):
        connection = http.client.HTTPConnection('localhost')
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(sys.argv[1])
        return connection
daemon = xmlrpc.client.ServerProxy('http://x', transport=Unix())
print(daemon.supervisor.getProcessInfo('cat')['statename'])
print(daemon.supervisor.stopProcess('cat', True))
print(daemon.system.multicall([
    {'methodName': 'supervisor.getState'}, {'methodName': 'supervisor.startProcess', 'params': ['cat', 1]}]))
try:
    daemon.supervisor.startProcess('nope')
except xmlrpc.client.Fault as fault:
    print(fault)
";
    let socket = herd.path("s.sock").display().to_string();
    let said = run(Command::new(python).args(["-c", script, &socket]), "");
    let expected =
        "RUNNING\nTrue\n[{'statecode': 1, 'statename': 'RUNNING'}, True]\n<Fault 10: 'BAD_NAME: nope'>\n";
    assert_eq!(said.stdout, expected, "{said:?}");
    herd.end();
}
