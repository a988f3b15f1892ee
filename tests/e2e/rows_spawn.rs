//! What a program is given that depends on more than its own section: the daemon's address, the daemon's directory,
//! dispositions of signals; and how an end with a core is told.

use crate::harness::{Herd, free_port, reference};

const ENV: &str = "[program:env]\ncommand=/bin/sh -c 'env | grep ^SUPERVISOR_SERVER_URL > {dir}/%(program_name)s.tmp; mv {dir}/%(program_name)s.tmp {dir}/%(program_name)s; exec cat'\nstartsecs=0\n";

#[test]
fn the_daemons_address_is_its_unix_socket_then_its_port() {
    let port = free_port();
    let inet = |host: &str| format!("[inet_http_server]\nport={host}:{port}\n");
    // A unix server before an inet one, the program's own word before both.
    let asked = ENV.replace("program:env", "program:asked") + "serverurl=http://else:1\n";
    let auto = ENV.replace("program:env", "program:auto") + "serverurl=Auto\n";
    let herd = Herd::start(&format!("{}{ENV}{asked}{auto}", inet("127.0.0.1")));
    let socket = herd.path("s.sock").display().to_string();
    for (name, url) in [
        ("env", format!("unix://{socket}")),
        ("asked", "http://else:1".into()),
        ("auto", format!("unix://{socket}")),
    ] {
        assert_eq!(herd.wait_file(name, "\n"), format!("SUPERVISOR_SERVER_URL={url}\n"));
    }
    herd.end();
    // Nothing but an inet server: its host, or localhost where it listens everywhere.
    for (host, shown) in [("127.0.0.1", "127.0.0.1"), ("*", "localhost")] {
        let herd = Herd::exactly(&format!(
            "[supervisord]\nlogfile={{dir}}/supervisord.log\npidfile={{dir}}/supervisord.pid\nchildlogdir={{dir}}\n{}{ENV}",
            inet(host)
        ))
        .start();
        assert_eq!(herd.wait_file("env", "\n"), format!("SUPERVISOR_SERVER_URL=http://{shown}:{port}\n"));
        herd.end();
    }
}

#[test]
fn a_path_with_a_slash_is_looked_for_here_and_run_there() {
    let tool = |word: &str| format!("#!/bin/sh\necho {word} $0\nexec cat\n");
    let herd = Herd::of(
        "[program:both]\ncommand=./tool\ndirectory={dir}/sub\nstartsecs=0\nstdout_logfile={dir}/both.log\n\
         [program:there]\ncommand=./there\ndirectory={dir}/sub\nstartretries=0\n\
         [program:here]\ncommand=./here\ndirectory={dir}/sub\nstartsecs=5\nstartretries=0\nstderr_logfile={dir}/here.err\n",
    )
    .script("tool", &tool("here"))
    .script("sub/tool", &tool("there"))
    .script("sub/there", &tool("there"))
    .script("here", &tool("here"))
    .start();
    assert_eq!(herd.wait_file("both.log", "\n"), "there ./tool\n");
    herd.wait_anywhere("INFO spawnerr: can't find command './there'");
    assert_eq!(
        herd.wait_file("here.err", "not spawned\n"),
        "supervisor: couldn't exec ./here: ENOENT\nsupervisor: child process was not spawned\n"
    );
    herd.end();
}

#[test]
fn a_program_begins_with_every_signal_at_its_default_and_none_blocked() {
    let herd = Herd::start(
        "[program:mask]\ncommand=/bin/grep -E ^Sig(Blk|Ign): /proc/self/status\nstartsecs=0\nautorestart=false\n\
         stdout_logfile={dir}/mask.log\n",
    );
    let text = herd.wait_file("mask.log", "SigIgn");
    if reference() {
        // It passes on what Python ignores, SIGPIPE and SIGXFSZ, and what was ignored before.
        assert!(
            text.starts_with("SigBlk:\t0000000000000000\nSigIgn:\t") && text.ends_with("1001000\n"),
            "{text}"
        );
    } else {
        assert_eq!(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    }
    herd.end();
}

#[test]
fn a_core_that_was_dumped_is_mentioned() {
    let herd = Herd::of(
        "[program:crash]\ncommand=/bin/sh -c 'ulimit -c unlimited; kill -SEGV $$'\ndirectory={dir}/cores\nstartsecs=0\nautorestart=false\n",
    )
    .file("cores/there", "")
    .start();
    let line = herd.wait_anywhere("WARN exited: crash (terminated by SIGSEGV");
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    // Where a core goes is the system's affair; only where it goes to the directory can the test know of it.
    if pattern.trim() == "core" {
        assert!(
            line.ends_with("WARN exited: crash (terminated by SIGSEGV (core dumped); not expected)"),
            "{line}"
        );
    }
    herd.end();
}
