//! `tail -f`, `maintail -f` and `fg`.

use crate::fake::{Ended, Fake, Script, process};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Stdio};
use treeherd_domain::fault::Fault;
use treeherd_rpc::code::error_object;
use treeherd_rpc::wire::LogItem;

/// Sends these items to whoever follows, then waits for the follower to leave unless the last is an end.
fn with_log(mut script: Script, items: fn(&Value) -> Result<Vec<LogItem>, Fault>) -> Script {
    let module = script.module();
    let registered = module.register_subscription(
        "log.follow",
        "log.chunk",
        "log.unfollow",
        move |params, pending, _, _| {
            let items = items(&params.parse().unwrap_or(Value::Null));
            async move {
                match items {
                    Err(fault) => pending.reject(error_object(&fault)).await,
                    Ok(items) => {
                        let Ok(sink) = pending.accept().await else { return };
                        for item in items {
                            let _ = sink.send(serde_json::value::to_raw_value(&item).unwrap()).await;
                        }
                        sink.closed().await;
                    }
                }
            }
        },
    );
    registered.unwrap();
    script
}

fn running() -> Script {
    Script::new().on("supervisor.getProcessInfo", |_| Ok(process("cat", "cat", 20, "RUNNING", 1)))
}

#[test]
fn what_is_followed_passes_through_byte_for_byte() {
    let items = |params: &Value| {
        assert_eq!(*params, json!({"name": "web", "stream": "stderr", "from": "-1024"}));
        Ok(vec![
            LogItem::data("Malmö\n".into(), 0, None),
            LogItem::data(vec![0x1b, 0xff, b'\n'], 7, None),
            LogItem::Gap { dropped: 99, resume_from: 109 },
            LogItem::data(b"end".to_vec(), 109, None),
            LogItem::End { reason: "the process is gone".to_owned() },
        ])
    };
    let fake = with_log(Script::new(), items).serve();
    let output = fake.command(&["tail", "-f", "web", "stderr"]).output().unwrap();
    assert_eq!(
        output.stdout,
        [b"==> Press Ctrl-C to exit <==\nMalm\xc3\xb6\n\x1b\xff\nend".as_slice()].concat()
    );
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(err.contains("99 bytes are missing here") && err.contains("the process is gone"), "{err}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_log_that_cannot_be_followed_is_told_on_stderr() {
    let fake = with_log(Script::new(), |_| Err(Fault::NoFile(String::new()))).serve();
    for (words, path) in
        [(&["tail", "-f", "x"][..], "/logtail/x/stdout"), (&["maintail", "-f"], "/mainlogtail")]
    {
        let ended = fake.run(words);
        let first = format!("{}{path} Cannot read, status code 404", fake.url());
        assert_eq!(ended.err.lines().next(), Some(first.as_str()));
        assert_eq!((ended.out.as_str(), ended.code), ("==> Press Ctrl-C to exit <==\n", Some(0)));
    }
}

#[test]
fn what_has_no_file_is_not_followed_though_the_daemon_would_stream_it() {
    let script =
        Script::new().on("supervisor.readProcessStdoutLog", |_| Err(Fault::NoFile("/x.log".to_owned())));
    let fake = with_log(script, |_| panic!("nobody follows")).serve();
    let ended = fake.run(&["tail", "-f", "x"]);
    assert!(ended.err.contains("/logtail/x/stdout Cannot read, status code 404"), "{}", ended.err);
    assert_eq!((ended.out.as_str(), ended.code), ("==> Press Ctrl-C to exit <==\n", Some(0)));
}

/// Starts a follower and waits until it has shown this line.
fn start(fake: &Fake, words: &[&str], until: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = fake.command(words);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while line != until {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "it ended before it showed {until:?}");
    }
    (child, out)
}

fn finish(child: Child, mut out: BufReader<std::process::ChildStdout>) -> Ended {
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let ended = Ended::from(child.wait_with_output().unwrap());
    Ended { out: rest, ..ended }
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
}

#[test]
fn ctrl_c_ends_a_follower_with_an_empty_line() {
    let fake = with_log(Script::new(), |_| Ok(vec![LogItem::data(b"hello\n".to_vec(), 0, None)])).serve();
    let (child, out) = start(&fake, &["tail", "-f", "web"], "hello\n");
    interrupt(&child);
    let ended = finish(child, out);
    assert_eq!((ended.out.as_str(), ended.err.as_str(), ended.code), ("\n", "", Some(0)));
}

fn two_streams(params: &Value) -> Result<Vec<LogItem>, Fault> {
    match params["stream"].as_str() {
        Some("stdout") => Ok(vec![LogItem::data(b"from stdout\n".to_vec(), 0, None)]),
        _ => Ok(Vec::new()),
    }
}

#[test]
fn fg_sends_lines_and_ends_when_the_process_does() {
    let script = running().on("supervisor.sendProcessStdin", |params| match params[1].as_str() {
        Some("die\n") => Err(Fault::ShutdownState),
        _ => Ok(json!(true)),
    });
    let fake = with_log(script, two_streams).serve();
    let (mut child, out) = start(&fake, &["fg", "cat"], "from stdout\n");
    child.stdin.as_mut().unwrap().write_all("Malmö\ndie\nmore\n".as_bytes()).unwrap();
    let ended = finish(child, out);
    assert_eq!(ended.out, "ERROR: <Fault 6: 'SHUTDOWN_STATE'>\nExiting foreground\n");
    assert_eq!(ended.code, Some(0));
    let sent: Vec<String> = fake.calls().into_iter().filter(|call| call.contains("Stdin")).collect();
    assert_eq!(
        sent,
        [
            "supervisor.sendProcessStdin [\"cat\",\"Malmö\\n\"]",
            "supervisor.sendProcessStdin [\"cat\",\"die\\n\"]"
        ]
    );
}

#[test]
fn fg_says_when_the_process_was_killed() {
    let fault = |_: &Value| {
        let name = treeherd_domain::name::Namespec::parse("cat");
        match name {
            treeherd_domain::name::Target::Process(name) => Err(Fault::NotRunning(name)),
            treeherd_domain::name::Target::Group(_) => Ok(json!(true)),
        }
    };
    let fake = with_log(running().on("supervisor.sendProcessStdin", fault), two_streams).serve();
    let (mut child, out) = start(&fake, &["fg", "cat"], "from stdout\n");
    child.stdin.as_mut().unwrap().write_all(b"x\n").unwrap();
    assert_eq!(finish(child, out).out, "Process got killed\nExiting foreground\n");
}

#[test]
fn fg_is_left_by_ctrl_c_and_by_the_end_of_input() {
    let fake = with_log(running(), two_streams).serve();
    let (child, out) = start(&fake, &["fg", "cat"], "from stdout\n");
    interrupt(&child);
    let ended = finish(child, out);
    assert_eq!((ended.out.as_str(), ended.code), ("Exiting foreground\n", Some(0)));

    let (mut child, out) = start(&fake, &["fg", "cat"], "from stdout\n");
    drop(child.stdin.take());
    let ended = finish(child, out);
    assert_eq!((ended.out.as_str(), ended.code), ("Exiting foreground\n", Some(0)));
}

#[test]
fn ctrl_c_in_the_shell_ends_the_follower_and_then_the_shell() {
    let script = Script::new()
        .on("supervisor.getAllProcessInfo", |_| Ok(json!([])))
        .on("supervisor.getPID", |_| Ok(json!(4711)));
    let fake = with_log(script, |_| Ok(vec![LogItem::data(b"hello\n".to_vec(), 0, None)])).serve();
    let mut command = fake.command(&[]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    child.stdin.as_mut().unwrap().write_all(b"tail -f web\npid\n").unwrap();
    let mut until = |wanted: &str| {
        let mut line = String::new();
        while line != wanted {
            line.clear();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "it ended before it showed {wanted:?}");
        }
    };
    until("hello\n");
    interrupt(&child);
    until("fake> 4711\n");
    interrupt(&child);
    let ended = finish(child, out);
    assert_eq!((ended.out.as_str(), ended.err.as_str(), ended.code), ("fake> \n", "", Some(0)));
}
