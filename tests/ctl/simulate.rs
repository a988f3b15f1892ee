//! `simulate`, run as a program: the example of its document, its exit statuses, and what it does not tell.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `supervisorctl simulate` in a directory.
fn simulate(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
    command.arg("simulate").args(arguments).current_dir(dir).env_clear().output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The block of this kind in the document.
fn block<'a>(document: &'a str, kind: &str) -> &'a str {
    let begin = format!("```{kind}\n");
    let at = document.find(&begin).unwrap() + begin.len();
    &document[at..at + document[at..].find("```").unwrap()]
}

const CONFIGURATION: &str = "[supervisord]\nenvironment = TOKEN=\"hunter2\"\n[program:web]\ncommand = /bin/web --password=hunter2\nstartretries = 0\n";

#[test]
fn the_example_of_the_document_prints_what_stands_there() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/simulate.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("shop.conf"), block(&document, "ini")).unwrap();
    std::fs::write(dir.path().join("shop.sim"), block(&document, "sim")).unwrap();
    let output = simulate(dir.path(), &["-c", "shop.conf", "--script", "shop.sim"]);
    let (printed, stands) = (text(&output.stdout), block(&document, "text"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, document.replace(stands, printed)).unwrap();
    } else {
        assert_eq!(printed, stands, "UPDATE_EXPECT=1 writes it anew");
    }
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "it has written something: {left:?}");
}

#[test]
fn the_status_says_whether_something_gave_up_and_the_words_tell_no_secrets() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("s.conf"), CONFIGURATION).unwrap();
    std::fs::write(dir.path().join("crash.sim"), "web: runs 0.1s, exit 1\n").unwrap();
    std::fs::write(dir.path().join("bad.sim"), "wib: runs 0.1s\nuntil never\n").unwrap();
    for (arguments, code, out, err) in [
        (&["-c", "s.conf"][..], 0, "web RUNNING", ""),
        (&["-c", "s.conf", "--script", "crash.sim"], 1, "gave up     web at 0.100s", ""),
        (&["-c", "s.conf", "--script", "bad.sim"], 2, "", "2 | until never\n  |       ^^^^^"),
        (&["-c", "s.conf", "--script", "none.sim"], 2, "", "cannot read the script none.sim: No such file"),
        (&["-c", "s.conf", "--script", "/dev/zero"], 2, "", "the script /dev/zero is no file"),
        (&["-c", "none.conf"], 2, "", "none.conf"),
        (&["s.conf"], 2, "simulate takes no words", ""),
        (&["-c", "s.conf", "--scrapt", "x"], 2, "--scrapt not recognized", ""),
    ] {
        let output = simulate(dir.path(), arguments);
        let (printed, told) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {printed}{told}");
        assert!(printed.contains(out) && told.contains(err), "{arguments:?}: {printed}{told}");
        assert!(
            !printed.contains("hunter2") && !told.contains("hunter2"),
            "{arguments:?}: {printed}{told}"
        );
    }
}

#[test]
fn as_json_it_is_one_object() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("s.conf"), CONFIGURATION).unwrap();
    std::fs::write(dir.path().join("crash.sim"), "web: runs 0.1s, exit 1\n").unwrap();
    let output = simulate(dir.path(), &["-c", "s.conf", "--script", "crash.sim", "--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((&object["ok"], &object["end"]), (&Value::Bool(false), &Value::from("settled")));
    assert_eq!(object["gaveUp"][0]["name"], "web");
    assert_eq!(object["lines"][1]["state"], serde_json::json!({ "from": "STARTING", "to": "BACKOFF" }));
    assert_eq!(object["states"][0]["state"], "FATAL");
}
