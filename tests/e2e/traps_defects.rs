//! Defects of Supervisor 4.3.0 that are not repeated: what is done instead, each test named after what was wrong.
//!
//! Left out: FastCGI, and events (`rows_events`). Where the reference is under test, these show what it does, or nothing.

use crate::harness::{Herd, MARK, alive, names, program, reference, run, signal, until};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn defect_short_output_is_not_withheld_while_capturing() {
    let herd = Herd::start(
        "[program:p]\ncommand=/bin/sh -c 'echo short; exec cat'\nstartsecs=0\nstdout_capture_maxbytes=1KB\n\
         stdout_logfile={dir}/p.log\n[program:end]\ncommand=/bin/sh -c 'printf \"<!--XSUPER\"'\nstartsecs=0\n\
         autorestart=false\nstdout_capture_maxbytes=1KB\nstdout_logfile={dir}/end.log\n",
    );
    if reference() {
        return herd.end();
    }
    assert_eq!(herd.wait_file("p.log", "\n"), "short\n");
    assert_eq!(
        herd.wait_file("end.log", "<"),
        "<!--XSUPER",
        "what may have been a token is flushed at the end"
    );
    herd.end();
}

#[test]
fn defect_clear_of_a_program_that_does_not_run_clears() {
    let herd = Herd::of("[program:off]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/off.log\n")
        .file("off.log", "old\n")
        .start();
    herd.ctl("clear off").is("off: cleared\n", 0);
    assert_eq!(herd.wait_file("off.log", ""), if reference() { "old\n" } else { "" });
    herd.end();
}

#[test]
fn defect_a_log_that_is_no_text_can_be_read() {
    let herd =
        Herd::start("[program:bin]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/bin.log\n");
    fs::write(herd.path("bin.log"), b"a\xff\x01\x00z\n").expect("the directory is ours");
    if !reference() {
        let read = herd.call("supervisor.readProcessStdoutLog", json!(["bin", 0, 0]));
        // XML has no sign for the last two, so they are replaced as well.
        assert_eq!(read, Ok(json!("a\u{fffd}\u{fffd}\u{fffd}z\n")));
        let tail = herd.call("supervisor.tailProcessStdoutLog", json!(["bin", 0, 100]));
        assert_eq!(tail, Ok(json!(["a\u{fffd}\u{fffd}\u{fffd}z\n", 6, false])));
        herd.ctl("tail bin").has("z\n", 0);
    }
    herd.end();
}

#[test]
fn defect_sizes_beyond_2_gb_are_told() {
    let herd = Herd::start(
        "[program:big]\ncommand=/bin/cat\nautostart=false\nstdout_logfile_maxbytes=4GB\nstdout_capture_maxbytes=3GB\n",
    );
    if !reference() {
        herd.ctl("avail").has("big ", 0);
        let all = herd.call("supervisor.getAllConfigInfo", json!([])).expect("it is told");
        assert_eq!(all[0]["stdout_logfile_maxbytes"], json!(4_294_967_296_u64));
    }
    herd.end();
}

#[test]
fn defect_hup_with_an_invalid_configuration_stops_nothing() {
    if reference() {
        return; // it ends, with everything stopped
    }
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let cat = herd.spawned("cat");
    herd.configure(&["minfds=many"], "");
    herd.signal("HUP");
    herd.wait(
        "ERRO not restarted, the configuration is invalid: invalid literal for int() with base 10: 'many'",
    );
    assert!(alive(cat));
    herd.ctl("status cat").has("RUNNING", 0);
    herd.end();
}

#[test]
fn defect_a_mixed_group_starts_by_priority() {
    let program = |name: &str, priority: u32| {
        format!("[program:{name}]\ncommand=/bin/cat\nstartsecs=0\npriority={priority}\n")
    };
    let text = program("a", 30) + &program("b", 10) + &program("c", 20) + "[group:g]\nprograms=a,b,c\n";
    let herd = Herd::start(&text);
    until("three", || (herd.count("spawned: ") == 3).then_some(()));
    let order: String =
        herd.log().iter().filter_map(|line| line.split("spawned: '").nth(1)?.chars().next()).collect();
    assert_eq!(order, if reference() { "abc" } else { "bca" });
    herd.end();
}

#[test]
fn defect_stopped_groups_do_not_hold_up_the_end() {
    let text: String =
        (0..8).map(|n| format!("[program:p{n}]\ncommand=/bin/cat\nautostart=false\n")).collect();
    let mut herd = Herd::start(&text);
    herd.signal("TERM");
    assert_eq!(herd.wait_end().code(), Some(0));
    if !reference() {
        // the reference takes a second each, and says every three whom it waits for
        assert_eq!(herd.count("INFO waiting for"), 0);
    }
    herd.assert_nothing_left();
}

#[test]
fn defect_the_clean_up_of_auto_logs_takes_no_other_instances() {
    let plan = Herd::of("").setting("identifier=one");
    let own = "cat-stdout---one-abcdefgh.log";
    let others = ["cat-stdout---one-2-abcdefgh.log", "cat-stdout---oneX-abcdefgh.log", "cat---one-x.log"];
    let mut plan = plan.file(own, "");
    for name in others {
        plan = plan.file(name, "");
    }
    let herd = plan.start();
    let left: Vec<String> = names(herd.dir()).into_iter().filter(|name| name.starts_with("cat")).collect();
    assert!(!left.contains(&own.to_owned()), "{left:?}");
    if !reference() {
        assert_eq!(left.len(), others.len(), "{left:?}");
    }
    // one that is refused, because the first runs, takes nothing
    herd.put(own, "");
    let mut second = Command::new(program("supervisord"));
    second.arg("-n").arg("-c").arg(herd.path("supervisord.conf")).env(MARK, herd.dir());
    assert_eq!(run(&mut second, "").code, 2);
    assert_eq!(herd.path(own).exists(), !reference());
    herd.end();
}

#[test]
fn defect_a_log_that_is_truncated_in_place_is_followed_on() {
    let herd = Herd::start(
        "[program:say]\ncommand=/bin/sh -c 'i=0; while sleep 0.02; do i=$((i+1)); echo line $i.; done'\nstartsecs=0\n\
         stdout_logfile={dir}/say.log\nstdout_logfile_maxbytes=0\n",
    );
    let follower = herd.follow("tail -f say");
    follower.wait("line 5.\n");
    fs::OpenOptions::new()
        .write(true)
        .open(herd.path("say.log"))
        .expect("it is there")
        .set_len(0)
        .expect("ours");
    if !reference() {
        follower.wait("line 40.\n");
    }
    drop(follower);
    herd.end();
}

#[test]
fn defect_a_stop_in_backoff_gives_the_retries_back() {
    let herd =
        Herd::start("[program:fail]\ncommand=/bin/false\nstartsecs=5\nstartretries=1\nautostart=false\n");
    if reference() {
        return herd.end(); // between two of its looks the second failure may have come
    }
    assert_eq!(herd.call("supervisor.startProcess", json!(["fail", false])), Ok(json!(true)));
    herd.wait_status("fail", "BACKOFF");
    herd.ctl("stop fail").is("fail: stopped\n", 0);
    let before = herd.count("spawned: 'fail'");
    assert_eq!(herd.call("supervisor.startProcess", json!(["fail", false])), Ok(json!(true)));
    herd.wait("gave up: fail");
    let launches = herd.count("spawned: 'fail'") - before;
    assert_eq!(launches, 2);
    herd.end();
}

#[test]
fn defect_a_percent_sign_without_a_name_is_refused() {
    if reference() {
        return; // it puts all variables in its place
    }
    let said = Herd::of("[program:p]\ncommand=/bin/echo %s\n").refused();
    assert!(said.code == 2 && said.stderr.contains("in section 'program:p'"), "{said:?}");
}

#[test]
fn defect_umask_and_directory_of_the_daemon_are_for_the_background_alone() {
    // decided: as in Supervisor, so that a foreground daemon is where its caller put it
    let herd = Herd::of(
        "[program:p]\ncommand=/bin/sh -c 'umask; pwd; exec cat'\nstartsecs=0\nstdout_logfile={dir}/p.log\n",
    )
    .setting("umask=077")
    .setting("directory=/")
    .start();
    let text = herd.wait_file("p.log", "/");
    assert!(
        text.ends_with(&format!("\n{}\n", herd.dir().display())) && !text.starts_with("0077"),
        "{text}"
    );
    herd.end();
}

#[test]
fn defect_a_relative_configuration_can_be_read_again_from_another_directory() {
    let plan = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n").setting("directory=/");
    plan.write();
    let daemon = || {
        let mut command = Command::new(program("supervisord"));
        command.args(["-c", "supervisord.conf"]).current_dir(plan.dir()).env(MARK, plan.dir());
        command
    };
    run(&mut daemon(), "").is("", 0);
    let ctl = |words: &[&str]| {
        let mut command = Command::new(program("supervisorctl"));
        run(
            command
                .args(["-c", "supervisord.conf"])
                .args(words)
                .current_dir(plan.dir())
                .env(MARK, plan.dir()),
            "",
        )
    };
    until("the daemon", || (ctl(&["status", "cat"]).code == 0).then_some(()));
    let said = ctl(&["reread"]);
    if !reference() {
        said.is("No config updates to processes\n", 0);
    }
    let pid: i32 = ctl(&["pid"]).stdout.trim().parse().expect("a number");
    signal(pid, "TERM");
    until("the end", || (!alive(pid)).then_some(()));
}

#[test]
fn defect_what_is_no_socket_is_not_removed_from_the_sockets_path() {
    if reference() {
        return; // it removes the file, and tries the directory for ever
    }
    let said = Herd::of("").file("s.sock", "precious").refused();
    assert!(said.code == 2 && said.stderr.contains("s.sock"), "{said:?}");
    let plan = Herd::of("").file("s.sock", "precious");
    assert_eq!(plan.refused().code, 2);
    assert_eq!(fs::read_to_string(plan.dir().join("s.sock")).expect("it stays"), "precious");
    let plan = Herd::of("").file("s.sock/inside", "");
    assert_eq!(plan.refused().code, 2);
    assert!(plan.dir().join("s.sock/inside").exists());
}

#[test]
fn defect_text_for_a_full_pipe_is_taken_and_arrives() {
    let herd = Herd::start(
        "[program:slow]\ncommand=/bin/sh -c 'while ! test -f {dir}/go; do sleep 0.02; done; head -c 200000 | wc -c; exec cat'\nstartsecs=0\n\
         stdout_logfile={dir}/slow.log\n",
    );
    herd.wait("success: slow");
    let text = "x".repeat(50_000);
    for _ in 0..4 {
        let sent = herd.call("supervisor.sendProcessStdin", json!(["slow", text]));
        assert!(reference() || sent == Ok(json!(true)), "{sent:?}");
        if reference() {
            return herd.end();
        }
    }
    herd.put("go", "");
    herd.wait_file("slow.log", "200000");
    herd.ctl("stop slow").is("slow: stopped\n", 0);
    herd.end();
}

#[test]
fn defect_a_log_that_becomes_auto_is_a_change() {
    let text = |log: &str| format!("[program:p]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={log}\n");
    let herd = Herd::start(&text("{dir}/p.log"));
    herd.configure(&[], &text("AUTO"));
    let said = herd.ctl("reread");
    said.is(if reference() { "No config updates to processes\n" } else { "p: changed\n" }, 0);
    herd.end();
}

#[test]
fn defect_the_modes_of_auto_logs_are_private() {
    // not one of the list, but next to it: what a program writes is not for everyone
    let herd = Herd::start("[program:p]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: p");
    let auto =
        names(herd.dir()).into_iter().find(|name| name.starts_with("p-stdout---")).expect("it is made");
    let mode = fs::metadata(herd.path(&auto)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    herd.end();
}
