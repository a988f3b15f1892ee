//! The shell without a terminal, and the questions it asks.

use crate::fake::{Ended, Fake, Script, process};
use serde_json::json;
use std::io::Write as _;
use std::process::Stdio;

fn daemon() -> Fake {
    Script::new()
        .on("supervisor.getAllProcessInfo", |_| Ok(json!([process("cat", "cat", 0, "STOPPED", 0)])))
        .on("supervisor.getPID", |_| Ok(json!(4711)))
        .on("supervisor.shutdown", |_| Ok(json!(true)))
        .on("supervisor.restart", |_| Ok(json!(true)))
        .serve()
}

fn type_in(fake: &Fake, words: &[&str], text: &str) -> Ended {
    let mut command = fake.command(words);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may have left before it has read all.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    Ended::from(child.wait_with_output().unwrap())
}

const STATUS: &str = "cat                              STOPPED   about cat\n";

#[test]
fn the_shell_shows_the_status_and_a_prompt_for_each_line() {
    for (text, shown) in [
        ("pid\nbogus\n\nquit\npid\n", "fake> 4711\nfake> *** Unknown syntax: bogus\nfake> fake> \n"),
        ("pid\n", "fake> 4711\nfake> \n"),
        ("pid", "fake> 4711\nfake> \n"),
        ("", "fake> \n"),
    ] {
        let ended = type_in(&daemon(), &[], text);
        assert_eq!(ended.out, format!("{STATUS}{shown}"), "{text:?}");
        assert_eq!((ended.err.as_str(), ended.code), ("", Some(0)));
    }
}

#[test]
fn shutdown_and_reload_ask_first() {
    let fake = daemon();
    let shutdown = "Really shut the remote supervisord process down y/N? ";
    let reload = "Really restart the remote supervisord process y/N? ";
    for (words, text, out) in [
        (&["-i", "shutdown"][..], "y\n", format!("{shutdown}Shut down\n")),
        (&["-i", "shutdown"], "Yes\n", format!("{shutdown}Shut down\n")),
        (&["-i", "shutdown"], "\n", shutdown.to_owned()),
        (&["-i", "reload"], "no\n", reload.to_owned()),
        (&["-i", "reload"], "y\n", format!("{reload}Restarted supervisord\n")),
        (
            &[],
            "shutdown\nn\nreload\ny\n",
            format!("{STATUS}fake> {shutdown}fake> {reload}Restarted supervisord\nfake> \n"),
        ),
    ] {
        let ended = type_in(&fake, words, text);
        assert_eq!((ended.out, ended.code), (out, Some(0)), "{words:?} {text:?}");
    }
    assert_eq!(fake.calls().iter().filter(|call| call.starts_with("supervisor.shutdown")).count(), 2);
}

#[test]
fn a_question_that_nobody_answers_is_an_error_and_nothing_is_done() {
    let fake = daemon();
    let ended = type_in(&fake, &["-i", "shutdown"], "");
    let error = "y/N? error: <class 'EOFError'>, EOF when reading a line: file: ";
    assert!(ended.out.contains(error), "{}", ended.out);
    assert_eq!(ended.code, Some(1));
    assert!(fake.calls().is_empty());
}

#[test]
fn the_exit_status_of_the_shell_is_always_0() {
    let fake = Script::new().serve();
    let ended = type_in(&fake, &[], "start\nbogus\n");
    assert_eq!(ended.code, Some(0));
}
