//! Logs over the API: pieces by offset and length, the end of a stream, and emptying.

use crate::harness::{Answer, Herd, reference, until};
use serde_json::json;
use std::os::unix::fs::MetadataExt as _;

/// A program that is down, with logs of known content.
fn herd() -> Herd {
    Herd::of(
        "[program:off]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/off.log\nstderr_logfile={dir}/off.err\n\
         [program:bare]\ncommand=/bin/cat\nautostart=false\nstdout_logfile=NONE\nstderr_logfile={dir}/none.err\n",
    )
    .file("off.log", "out\nout\n")
    .file("off.err", "err\n")
    .start()
}

#[test]
fn pieces_of_a_log_follow_the_table_of_offset_and_length() {
    let herd = herd();
    let bad = || Err((3, "BAD_ARGUMENTS".to_owned()));
    let text = |text: &str| -> Answer { Ok(json!(text)) };
    let table = [
        (0, 0, text("out\nout\n")),
        (4, 0, text("out\n")),
        (0, 3, text("out")),
        (4, 100, text("out\n")),
        (100, 0, text("")),
        (100, 10, text("")),
        (-4, 0, text("out\n")),
        (-100, 0, text("out\nout\n")),
        (0, -1, bad()),
        (-4, 4, bad()),
        (-4, -4, bad()),
    ];
    for method in ["readProcessStdoutLog", "readProcessLog"] {
        for (offset, length, expected) in &table {
            let found = herd.call(&format!("supervisor.{method}"), json!(["off", offset, length]));
            assert_eq!(found, *expected, "{method} {offset} {length}");
        }
    }
    assert_eq!(herd.call("supervisor.readProcessStderrLog", json!(["off", 0, 0])), text("err\n"));
    assert_eq!(herd.call("supervisor.readProcessStdoutLog", json!(["off", "4", "2"])), text("ou"));
    assert_eq!(herd.call("supervisor.readProcessStdoutLog", json!(["off", "-4", 0])), text("out\n"));
    let none = herd.path("none.err").display().to_string();
    assert_eq!(
        herd.call("supervisor.readProcessStderrLog", json!(["bare", 0, 0])),
        Err((20, format!("NO_FILE: {none}")))
    );
    assert_eq!(
        herd.call("supervisor.readProcessStdoutLog", json!(["bare", 0, 0])),
        Err((20, "NO_FILE".to_owned()))
    );
    herd.end();
}

#[test]
fn the_end_of_a_log_follows_its_table() {
    let herd = herd();
    let table = [
        (0, 20, "out\nout\n", 8, false),
        (0, 0, "", 8, true),
        (0, 4, "out\n", 8, true),
        (0, 3, "ut\n", 8, true),
        (4, 4, "out\n", 8, false),
        (100, 10, "", 8, false),
        (8, 10, "", 8, false),
        (-4, 4, "out\n", 8, true),
        (0, -1, "", 8, true),
        (-100, 10, "out\nout\n", 8, true),
        (7, 1, "\n", 8, false),
        (5, 2, "t\n", 8, true),
    ];
    for method in ["tailProcessStdoutLog", "tailProcessLog"] {
        for (offset, length, data, end, overflow) in table {
            let found = herd.call(&format!("supervisor.{method}"), json!(["off", offset, length]));
            assert_eq!(found, Ok(json!([data, end, overflow])), "{method} {offset} {length}");
        }
    }
    let stderr = |name: &str| herd.call("supervisor.tailProcessStderrLog", json!([name, 0, 100]));
    assert_eq!(stderr("off"), Ok(json!(["err\n", 4, false])));
    assert_eq!(stderr("bare"), Ok(json!(["", 0, false])));
    assert_eq!(
        herd.call("supervisor.tailProcessStdoutLog", json!(["bare", 7, 100])),
        Ok(json!(["", 0, false]))
    );
    herd.end();
}

#[test]
fn the_main_log_is_read_cleared_and_missed() {
    let herd = herd();
    let whole = until("the log", || {
        let read = herd.call("supervisor.readLog", json!([0, 0])).ok()?;
        let text = read.as_str()?.to_owned();
        text.contains("supervisord started with pid").then_some(text)
    });
    assert!(
        std::fs::read_to_string(herd.path("supervisord.log")).is_ok_and(|text| text.starts_with(&whole))
    );
    let piece = |offset: i64, length: i64| herd.call("supervisor.readMainLog", json!([offset, length]));
    assert_eq!(piece(0, 4), Ok(json!(whole[..4])));
    assert_eq!(piece(-4, 4), Err((3, "BAD_ARGUMENTS".to_owned())));
    let inode = || std::fs::metadata(herd.path("supervisord.log")).expect("it is there").ino();
    let before = inode();
    std::fs::hard_link(herd.path("supervisord.log"), herd.path("kept")).expect("the directory is ours");
    assert_eq!(herd.call("supervisor.clearLog", json!([])), Ok(json!(true)));
    assert_ne!(inode(), before, "it is another file");
    assert_eq!(herd.wait_file("supervisord.log", ""), "");
    herd.wait_file("kept", "INFO reopening log file\n");
    std::fs::remove_file(herd.path("supervisord.log")).expect("the directory is ours");
    let log = herd.path("supervisord.log").display().to_string();
    assert_eq!(herd.call("supervisor.readLog", json!([0, 0])), Err((20, format!("NO_FILE: {log}"))));
    assert_eq!(herd.call("supervisor.clearLog", json!([])), Err((20, "NO_FILE".to_owned())));
    herd.end();
}

#[test]
fn clearing_makes_new_files_of_what_runs_and_empties_what_does_not() {
    let herd = Herd::of(
        "[program:up]\ncommand=/bin/sh -c 'echo out; echo err >&2; exec cat'\nstartsecs=0\n\
         stdout_logfile={dir}/up.log\nstderr_logfile={dir}/up.err\n\
         [program:off]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/off.log\nstderr_logfile=NONE\n",
    )
    .file("off.log", "old\n")
    .file("up.log.1", "backup\n")
    .start();
    herd.wait_file("up.log", "out\n");
    herd.wait_file("up.err", "err\n");
    let size = |name: &str| std::fs::metadata(herd.path(name)).expect("it is there").len();
    let inode = |name: &str| std::fs::metadata(herd.path(name)).expect("it is there").ino();
    let files = ["up.log", "up.err"];
    std::fs::hard_link(herd.path("up.log"), herd.path("held.log")).expect("the directory is ours");
    std::fs::hard_link(herd.path("up.err"), herd.path("held.err")).expect("the directory is ours");
    let before = files.map(inode);
    assert_eq!(herd.call("supervisor.clearProcessLogs", json!(["up"])), Ok(json!(true)));
    assert_eq!(files.map(size), [0, 0]);
    assert!(files.map(inode).iter().zip(&before).all(|(now, then)| now != then), "they are new files");
    assert_eq!(size("up.log.1"), 7);
    assert_eq!(herd.call("supervisor.sendProcessStdin", json!(["up", "more\n"])), Ok(json!(true)));
    assert_eq!(herd.wait_file("up.log", "\n"), "more\n");
    assert_eq!(herd.call("supervisor.clearProcessLog", json!(["off"])), Ok(json!(true)));
    // The reference leaves the log of a program that is not running as it is, and says that it was cleared.
    assert_eq!(size("off.log"), if reference() { 4 } else { 0 });
    herd.put("off.log", "again\n");
    let all = herd.call("supervisor.clearAllProcessLogs", json!([]));
    let row = |name: &str| json!({"name": name, "group": name, "status": 80, "description": "OK"});
    assert_eq!(all, Ok(json!([row("off"), row("up")])));
    assert_eq!(size("up.log"), 0);
    herd.end();
}
