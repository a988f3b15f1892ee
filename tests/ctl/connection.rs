//! What is said when there is nobody to ask, or the wrong one, and the program's own usage.

use crate::fake::{Ended, Script};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use treeherd_domain::fault::Fault;

fn ctl(words: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
    Ended::from(command.args(words).stdin(Stdio::null()).output().unwrap())
}

fn refused_url() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sock");
    drop(UnixListener::bind(&path).unwrap());
    (dir, format!("unix://{}", path.display()))
}

#[test]
fn a_socket_that_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("unix://{}/none.sock", dir.path().display());
    for (words, out, code) in [
        (&["pid"][..], format!("{url} no such file\n"), 7),
        (&["start", "x"], format!("{url} no such file\n"), 7),
        (&["status"], format!("{url} no such file\n"), 4),
        (&["shutdown"], format!("ERROR: {url} no such file (already shut down?)\n"), 1),
        (
            &["reload"],
            format!(
                "error: <class 'FileNotFoundError'>, [Errno 2] No such file or directory: file: {url} line: 0\n"
            ),
            1,
        ),
        (&["help", "quit"], "quit\tExit the supervisor shell.\n".to_owned(), 0),
    ] {
        let ended = ctl(&[&["-s", &url], words].concat());
        assert_eq!((&ended.out, ended.code), (&out, Some(code)), "{words:?}");
        let explained = ended.err.contains("there is no socket at that path") && ended.err.contains(&url);
        assert_eq!(explained, words[0] != "help", "{}", ended.err);
    }
}

#[test]
fn a_socket_that_nobody_listens_on() {
    let (_dir, url) = refused_url();
    for (words, out, code) in [
        (&["pid"][..], format!("{url} refused connection\n"), 4),
        (&["status"], format!("{url} refused connection\n"), 4),
        (&["shutdown"], format!("ERROR: {url} refused connection (already shut down?)\n"), 1),
        (
            &["update"],
            format!(
                "error: <class 'ConnectionRefusedError'>, [Errno 111] Connection refused: file: {url} line: 0\n"
            ),
            1,
        ),
    ] {
        let ended = ctl(&[&["-s", &url], words].concat());
        assert_eq!((&ended.out, ended.code), (&out, Some(code)), "{words:?}");
        assert!(ended.err.contains("no supervisord listens on it any more"), "{}", ended.err);
    }
}

#[test]
fn an_address_of_an_unknown_kind() {
    let ended = ctl(&["-s", "ftp://foo", "status"]);
    let line =
        "error: <class 'ValueError'>, Unknown protocol for serverurl ftp://foo: file: ftp://foo line: 0\n";
    assert_eq!((ended.out.as_str(), ended.code), (line, Some(1)));
    assert!(ended.err.contains("from -s on the command line"), "{}", ended.err);
}

/// Answers every connection with this text.
fn http_server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn a_python_supervisord_is_recognised_by_every_kind_of_action() {
    let url = http_server(
        "HTTP/1.1 400 Bad Request\r\nServer: Medusa/1.12\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    );
    for words in [
        &["status"][..],
        &["start", "x"],
        &["tail", "-f", "x"],
        &["fg", "x"],
        &["wait", "x"],
        &["update"],
        &["shutdown"],
    ] {
        let ended = ctl(&[&["-s", &url], words].concat());
        let line =
            "error: <class 'xmlrpc.client.ProtocolError'>, HTTP status 400, server Medusa/1.12: file: ";
        assert!(ended.out.starts_with(line), "{words:?}: {}", ended.out);
        assert!(ended.err.contains("written in Python, which cannot do this"), "{}", ended.err);
        assert!(ended.err.contains("next:    use Supervisor's own actions there"), "{}", ended.err);
        assert_eq!(ended.code, Some(if words[0] == "wait" { 4 } else { 1 }));
    }
    let check = ctl(&["-s", &url, "status", "--check"]);
    assert_eq!((check.out.as_str(), check.code), ("", Some(4)));
    assert!(check.err.contains("written in Python"), "{}", check.err);
}

#[test]
fn another_program_is_not_taken_for_a_supervisord() {
    let url = http_server(
        "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    );
    let ended = ctl(&["-s", &url, "status"]);
    assert!(ended.err.contains("something answers there that is not our supervisord"), "{}", ended.err);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_server_that_asks_for_a_password() {
    let url = http_server(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"default\"\r\nConnection: close\r\n\
         Content-Length: 0\r\n\r\n",
    );
    for (words, explanation) in [
        (&["status"][..], "we have none"),
        (&["-u", "me", "-p", "x", "status"], "does not accept this user name and password"),
    ] {
        let ended = ctl(&[&["-s", &url], words].concat());
        assert_eq!((ended.out.as_str(), ended.code), ("Server requires authentication\n", Some(1)));
        assert!(ended.err.contains(explanation), "{}", ended.err);
    }
    // what scripts and health checks run has its own number for a daemon that cannot be asked
    for words in [&["wait", "x"][..], &["status", "--check"], &["status", "--json"]] {
        let ended = ctl(&[&["-s", &url], words].concat());
        assert_eq!(ended.code, Some(4), "{words:?}: {}", ended.out);
        assert!(ended.err.contains("we have none"), "{words:?}: {}", ended.err);
        assert!(words[0] == "wait" || ended.out.is_empty(), "{words:?}: {}", ended.out);
    }
}

#[test]
fn a_server_of_another_version_or_without_the_namespace() {
    let other = Script::new().on("supervisor.getAPIVersion", |_| Ok(json!("2.0"))).serve();
    let ended = other.run(&["pid"]);
    assert_eq!(
        ended.out,
        "Sorry, this version of supervisorctl expects to talk to a server with API version 3.0, but the remote \
         version is 2.0.\n"
    );
    assert_eq!((ended.code, other.run(&["status"]).code), (Some(5), Some(4)));

    let bare = Script::new().without("supervisor.getAPIVersion").serve();
    let ended = bare.run(&["pid"]);
    assert!(
        ended
            .out
            .starts_with("Sorry, supervisord responded but did not recognize the supervisor namespace")
    );
    assert_eq!((ended.code, bare.run(&["status"]).code), (Some(3), Some(4)));
}

#[test]
fn a_daemon_that_shuts_down_gives_the_generic_line() {
    let fake = Script::new().on("supervisor.getAPIVersion", |_| Err(Fault::ShutdownState)).serve();
    for action in ["pid", "status"] {
        let ended = fake.run(&[action]);
        let url = fake.url();
        let line = format!(
            "error: <class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>: file: {url} line: 0\n"
        );
        assert_eq!((ended.out, ended.code), (line, Some(1)));
    }
}

#[test]
fn usage_errors_are_two_lines_and_exit_2() {
    let argv0 = env!("CARGO_BIN_EXE_supervisorctl");
    for (words, message) in [
        (&["-Z"][..], "option -Z not recognized"),
        (&["-s", "foo"], "invalid value for -s 'foo': value 'foo' is not a URL"),
        (&["-c"], "option -c requires argument"),
    ] {
        let ended = ctl(words);
        assert_eq!(ended.err, format!("Error: {message}\nFor help, use {argv0} -h\n"));
        assert_eq!((ended.out.as_str(), ended.code), ("", Some(2)));
    }
}

#[test]
fn a_configuration_that_is_no_good_is_a_usage_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.conf");
    let path = file.to_str().unwrap();
    let ended = ctl(&["-c", path, "pid"]);
    assert!(ended.err.starts_with(&format!("Error: could not find config file {path}\nFor help, use ")));
    assert_eq!(ended.code, Some(2));
    std::fs::write(&file, "[supervisord]\n").unwrap();
    let ended = ctl(&["-c", path, "pid"]);
    assert!(
        ended.err.starts_with("Error: .ini file does not include supervisorctl section\nFor help"),
        "{}",
        ended.err
    );
    assert_eq!(ended.code, Some(2));
}

#[test]
fn an_action_that_a_plug_in_may_have_brought_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.conf");
    let path = file.to_str().unwrap();
    let text = "[supervisorctl]\n[ctlplugin:quick]\nsupervisor.ctl_factory = quick:make\n";
    std::fs::write(&file, text).unwrap();
    let ended = ctl(&["-c", path, "qstart"]);
    assert_eq!((ended.out.as_str(), ended.code), ("*** Unknown syntax: qstart\n", Some(1)));
    let plugin = format!("[ctlplugin:quick] ({path}:2)");
    assert!(ended.err.contains(&plugin), "{}", ended.err);
    std::fs::write(&file, "[supervisorctl]\n").unwrap();
    assert_eq!(ctl(&["-c", path, "qstart"]).err, "");
}

#[test]
fn help_is_printed_for_all_three_spellings() {
    for option in ["-h", "--help", "-?"] {
        let ended = ctl(&[option]);
        assert!(ended.out.contains("supervisorctl -- control applications"));
        assert_eq!((ended.err.as_str(), ended.code), ("", Some(0)));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_is_full_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_supervisorctl")).arg("-h").stdout(full).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.starts_with("supervisorctl: cannot write to standard output: No space left"), "{err}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_talk() {
    let fake = Script::new().on("supervisor.getPID", |_| Ok(json!(1))).serve();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = fake.command(&["pid"]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &b""[..]));
}
