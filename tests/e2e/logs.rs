//! Where the output of programs goes: files by name, AUTO, NONE, one stream into the other, stripped, cleared, tailed.
//!
//! Sizes and backups are in `logs_rotation`.

use crate::harness::{Herd, names, reference, run, until};
use std::io::Read;
use std::process::Stdio;

#[test]
fn each_stream_goes_to_its_own_file_byte_by_byte() {
    let herd = Herd::start(
        "[program:two]\ncommand=/bin/sh -c 'printf \"out\\\\n\\\\377\\\\000x\"; printf err >&2; exec cat'\nstartsecs=0\n\
         stdout_logfile={dir}/out\nstderr_logfile={dir}/err\n\
         [program:one]\ncommand=/bin/sh -c 'echo out; echo err >&2; exec cat'\nstartsecs=0\nredirect_stderr=true\n\
         stdout_logfile={dir}/one\n\
         [program:none]\ncommand=/bin/sh -c 'echo lost; exec cat'\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=none\n",
    );
    herd.wait_file("err", "err");
    let bytes =
        until("the bytes", || std::fs::read(herd.path("out")).ok().filter(|bytes| bytes.len() >= 7));
    assert_eq!(bytes, b"out\n\xff\0x");
    assert_eq!(herd.wait_file("one", "err\n"), "out\nerr\n");
    herd.wait_anywhere("spawned: 'none'");
    let files = names(herd.dir());
    assert!(!files.iter().any(|name| name.contains("none")), "{files:?}");
    assert!(!herd.path("NONE").exists());
    herd.ctl("tail none").is("none: ERROR (no log file)\n", 1);
    herd.end();
}

#[test]
fn auto_logs_are_named_after_process_stream_and_identifier_and_go_at_the_next_start() {
    let herd = Herd::of(
        "[program:cat]\ncommand=/bin/sh -c 'echo hello; exec cat'\nstartsecs=0\n\
         [program:one]\ncommand=/bin/cat\nautostart=false\nredirect_stderr=true\n",
    )
    .setting("identifier=flock")
    .file("old-stdout---flock-abcdefgh.log", "stale")
    .file("old-stdout---other-abcdefgh.log", "not ours")
    .start();
    let files = names(herd.dir());
    let auto =
        |prefix: &str| -> Vec<&String> { files.iter().filter(|name| name.starts_with(prefix)).collect() };
    for prefix in ["cat-stdout---flock-", "cat-stderr---flock-", "one-stdout---flock-"] {
        let [name] = auto(prefix)[..] else { panic!("{prefix}: {files:?}") };
        let unique = name[prefix.len()..].strip_suffix(".log").expect("it ends with .log");
        let known = unique.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!(unique.len() == 8 && known, "{name}");
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(herd.path(name)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(auto("one-stderr").is_empty(), "{files:?}");
    assert!(auto("old-stdout---flock").is_empty(), "{files:?}");
    assert_eq!(auto("old-stdout---other").len(), 1);
    let name = auto("cat-stdout")[0].clone();
    assert_eq!(herd.wait_file(&name, "\n"), "hello\n");
    herd.ctl("tail cat").is("hello\n\n", 0);
    herd.end();
}

#[test]
fn colours_are_stripped_when_asked() {
    let text = "/bin/sh -c 'printf \"a \\\\033[31mred\\\\033[0m b\\\\n\"; exec cat'";
    let herd = Herd::of(&format!(
        "[program:paint]\ncommand={text}\nstartsecs=0\nstdout_logfile={{dir}}/paint.log\n"
    ))
    .setting("strip_ansi=true")
    .start();
    assert_eq!(herd.wait_file("paint.log", "\n"), "a red b\n");
    herd.end();
}

#[test]
fn the_last_bytes_before_an_end_are_kept() {
    let herd = Herd::start(
        "[program:last]\ncommand=/bin/sh -c 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo the end; kill -9 $$'\n\
         startsecs=0\nautorestart=false\nstdout_logfile={dir}/last.log\n\
         [program:term]\ncommand=/bin/sh -c 'trap \"echo goodbye; exit 0\" TERM; echo set; while sleep 0.05; do :; done'\n\
         startsecs=0\nstdout_logfile={dir}/term.log\n",
    );
    herd.wait_anywhere("exited: last (terminated by SIGKILL; not expected)");
    let text = std::fs::read_to_string(herd.path("last.log")).expect("the log is there");
    assert!(text.ends_with("line 1999\nthe end\n") && text.lines().count() == 2001, "{}", text.len());
    herd.wait_file("term.log", "set\n");
    herd.ctl("stop term").is("term: stopped\n", 0);
    assert_eq!(std::fs::read_to_string(herd.path("term.log")).expect("it is there"), "set\ngoodbye\n");
    herd.end();
}

#[test]
fn a_restarted_program_goes_on_writing_into_the_same_log() {
    let talk = "/bin/sh -c 'sleep 0.1; while echo $$; do sleep 0.02; done'";
    let herd = Herd::start(&format!(
        "[program:a]\ncommand={talk}\nstartsecs=0\nstdout_logfile={{dir}}/a.log\nautorestart=false\n\
         [program:b]\ncommand={talk}\nstartsecs=0\nstdout_logfile={{dir}}/b.log\nautorestart=false\n\
         [group:g]\nprograms=a,b\n"
    ));
    for name in ["a", "b"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    for _ in 0..8 {
        assert_eq!(herd.ctl("restart g:*").code, 0);
        for name in ["a", "b"] {
            let line = format!("{}\n", herd.pid(&format!("g:{name}")));
            herd.wait_file(&format!("{name}.log"), &line.repeat(3));
        }
    }
    assert_eq!(herd.count("SIGPIPE"), 0);
    herd.end();
}

#[test]
fn clear_empties_the_log_of_a_running_program() {
    let herd = Herd::of(
        "[program:say]\ncommand=/bin/sh -c 'echo first; echo wrong >&2; trap \"echo second\" USR1; while sleep 0.05; do :; done'\n\
         startsecs=0\nstdout_logfile={dir}/say.log\nstderr_logfile={dir}/say.err\n\
         [program:off]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/off.log\n",
    )
    .file("off.log", "old\n")
    .file("say.log.1", "a backup\n")
    .start();
    herd.wait_file("say.log", "first\n");
    herd.wait_file("say.err", "wrong\n");
    herd.ctl("clear say").is("say: cleared\n", 0);
    assert_eq!(herd.wait_file("say.log", ""), "");
    assert_eq!(herd.wait_file("say.err", ""), "");
    assert_eq!(herd.wait_file("say.log.1", ""), "a backup\n");
    herd.ctl("signal USR1 say").is("say: signalled\n", 0);
    assert_eq!(herd.wait_file("say.log", "\n"), "second\n");
    herd.ctl("clear all").has("say: cleared\n", 0);
    herd.ctl("clear off").is("off: cleared\n", 0);
    // The reference leaves the log of a program that is not running as it is, and says that it was cleared.
    let left = if reference() { "old\n" } else { "" };
    assert_eq!(herd.wait_file("off.log", ""), left);
    herd.end();
}

#[test]
fn tail_shows_the_last_bytes_of_a_stream() {
    let herd = Herd::of("[program:say]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/say.log\nstderr_logfile={dir}/say.err\n")
        .file("say.log", "one\ntwo\nthree\n")
        .file("say.err", "trouble\n")
        .start();
    herd.ctl("tail say").is("one\ntwo\nthree\n\n", 0);
    herd.ctl("tail -6 say").is("three\n\n", 0);
    herd.ctl("tail -0 say").is("one\ntwo\nthree\n\n", 0);
    herd.ctl("tail -100000 say stdout").is("one\ntwo\nthree\n\n", 0);
    herd.ctl("tail say stderr").is("trouble\n\n", 0);
    herd.put("say.log", &"0123456789\n".repeat(300));
    let said = herd.ctl("tail say");
    assert_eq!((said.stdout.len(), said.code), (1601, 0));
    herd.ctl("maintail -100000").has("supervisord started with pid", 0);
    herd.ctl("maintail").has(" INFO ", 0);
    herd.end();
}

#[test]
fn tail_f_follows_a_stream_with_text_of_any_language() {
    let herd = Herd::start(
        "[program:say]\ncommand=/bin/sh -c 'echo \"Ø 1\"; trap \"echo Malmö 2\" USR1; while sleep 0.05; do :; done'\n\
         startsecs=0\nstdout_logfile={dir}/say.log\n",
    );
    herd.wait_file("say.log", "1\n");
    let mut command = herd.ctl_command();
    let mut tail = command
        .args(["tail", "-f", "say"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("supervisorctl is there");
    let mut stdout = tail.stdout.take().expect("it is piped");
    let mut text = Vec::new();
    let mut read_until = |piece: &str| {
        let mut byte = [0];
        while !String::from_utf8_lossy(&text).contains(piece) {
            assert_eq!(stdout.read(&mut byte).expect("a pipe can be read"), 1, "it ended: {text:?}");
            text.push(byte[0]);
        }
    };
    read_until("==> Press Ctrl-C to exit <==\n");
    read_until("Ø 1\n");
    herd.ctl("signal USR1 say").is("say: signalled\n", 0);
    read_until("Malmö 2\n");
    tail.kill().expect("it runs");
    tail.wait().expect("it can be waited for");
    herd.end();
}

#[test]
fn the_main_log_has_the_lines_that_the_foreground_shows() {
    let herd = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n").argument("-einfo").start();
    herd.wait("success: cat");
    let first = herd.log();
    let text = until("the same lines in the file", || {
        let text = std::fs::read_to_string(herd.path("supervisord.log")).ok()?;
        (text.lines().count() >= first.len()).then_some(text)
    });
    for (line, shown) in text.lines().zip(&first) {
        assert_eq!(line, shown);
        let (stamp, rest) = line.split_at(24);
        assert!(stamp.as_bytes()[19] == b',' && stamp.ends_with(' '), "{line}");
        assert!(["INFO ", "CRIT ", "WARN "].iter().any(|level| rest.starts_with(level)), "{line}");
    }
    assert_eq!(herd.count("DEBG"), 0);
    herd.end();
}

#[test]
fn output_that_is_no_text_is_shown_as_such_in_the_debug_log() {
    let herd =
        Herd::start("[program:bin]\ncommand=/bin/sh -c 'printf \"\\\\210\\\\n\"; exec cat'\nstartsecs=0\n");
    herd.wait("DEBG 'bin' stdout output:");
    herd.wait("Undecodable: b'\\x88\\n'");
    herd.end();
}

#[test]
fn tail_shows_a_log_that_is_no_text() {
    let herd = Herd::of("[program:bin]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/bin.log\n")
        .start();
    std::fs::write(herd.path("bin.log"), b"before\n\x88\nafter\n").expect("the directory is ours");
    let said = herd.ctl("tail bin");
    if reference() {
        // It answers such a log with an internal error.
        assert!(said.stdout.starts_with("error: ") && said.code == 1, "{said:?}");
    } else {
        assert!(
            said.stdout.contains("before\n") && said.stdout.contains("after\n") && said.code == 0,
            "{said:?}"
        );
    }
    herd.end();
}

#[test]
fn fg_sends_lines_to_a_program_and_shows_its_answers() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/cat.log\n");
    herd.wait("success: cat");
    if reference() {
        // It waits for more output after the end of its input: only what it sends can be looked at.
        return herd.end();
    }
    let mut command = herd.ctl_command();
    let said = run(command.args(["fg", "cat"]), "hello\nMalmö\n");
    assert!(said.stdout.starts_with("==> Press Ctrl-C to exit <==\n") && said.code == 0, "{said:?}");
    assert!(said.stdout.ends_with("Exiting foreground\n"), "{said:?}");
    assert_eq!(herd.wait_file("cat.log", "Malmö\n"), "hello\nMalmö\n");
    herd.ctl("status cat").has("RUNNING", 0);
    herd.end();
}
