//! What Supervisor mended from 3.3.0 to 3.4.0, kept mended: each test is named after the release.
//!
//! Left out: XML-RPC, FastCGI, event listeners and links of the status page. That a clock which is set back does no
//! harm (3.3.1, 3.4.0) stands in `domain/tests/lifecycle`: deadlines know no wall clock.

use crate::harness::{Herd, MARK, assert_at_rest, program, reference, root, run, signal, until};
use serde_json::json;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The user that is nobody.
const NOBODY: u32 = 65_534;

#[test]
fn since_3_3_0_more_than_1024_descriptors_are_used() {
    if !root() || reference() {
        return; // 400 programs take the reference's loop too long
    }
    let herd = Herd::of("[program:p]\ncommand=/bin/cat\nnumprocs=400\nprocess_name=%(process_num)03d\nstartsecs=0\n\
         stdout_logfile=/dev/null\nstderr_logfile=/dev/null\nstdout_logfile_maxbytes=0\nstderr_logfile_maxbytes=0\n")
    .setting("minfds=8192")
    .start();
    until("all of them", || (herd.count("success: ") == 400).then_some(()));
    let open = fs::read_dir(format!("/proc/{}/fd", herd.daemon())).expect("it runs").count();
    assert!(open > 1024, "{open} descriptors");
    herd.ctl("pid p:399").has("", 0);
    herd.end();
}

#[test]
fn since_3_3_0_etc_supervisor_is_searched() {
    if ["/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"]
        .iter()
        .any(|path| fs::exists(path).unwrap_or(true))
    {
        return; // it would be read
    }
    let empty = Herd::of("");
    let said = run(Command::new(program("supervisord")).arg("-n").current_dir(empty.dir()), "");
    let found = said.stderr.contains("No config file found at default paths (");
    assert!(
        said.code == 2 && found && said.stderr.contains(", /etc/supervisor/supervisord.conf)"),
        "{said:?}"
    );
}

#[test]
fn since_3_3_0_included_files_are_told_at_info() {
    let herd = Herd::of("[include]\nfiles=more.conf\n").file("more.conf", "").start();
    let path = herd.path("more.conf").display().to_string();
    herd.assert_count(&format!("INFO Included extra file \"{path}\" during parsing"), 1);
    herd.end();
}

#[test]
fn since_3_3_2_a_second_instance_leaves_the_pid_file_of_the_first() {
    let herd = Herd::start("");
    let mut second = Command::new(program("supervisord"));
    second.arg("-n").arg("-c").arg(herd.path("supervisord.conf")).env(MARK, herd.dir());
    assert_eq!(run(&mut second, "").code, 2);
    assert_eq!(herd.wait_file("supervisord.pid", "\n"), format!("{}\n", herd.daemon()));
    herd.ctl("pid").is(&format!("{}\n", herd.daemon()), 0);
    herd.end();
}

#[test]
fn since_3_3_2_nothing_is_busy_after_a_request() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    if !reference() {
        herd.http("GET / HTTP/1.1", "");
    }
    herd.ctl("status").has("RUNNING", 0);
    assert_at_rest(herd.daemon());
    herd.end();
}

#[test]
fn since_3_3_2_fg_tells_what_is_wrong() {
    let herd = Herd::start("[program:off]\ncommand=/bin/cat\nautostart=false\n");
    herd.ctl("fg off").has("process not running", 1);
    herd.ctl("fg nope").has("bad process name supplied", 1);
    herd.end();
}

#[test]
fn since_3_3_2_a_slash_in_a_name_is_refused() {
    let said = Herd::of("[program:a/b]\ncommand=/bin/cat\n").refused();
    assert!(said.code == 2 && said.stderr.contains("'a/b'"), "{said:?}");
}

#[test]
fn since_3_3_2_actions_without_arguments_refuse_some() {
    let herd = Herd::start("");
    for action in ["reload", "avail", "reread", "version"] {
        let said = herd.ctl(&format!("{action} x"));
        assert!(
            said.code != 0 && said.stdout.contains(&format!("{action} accepts no arguments")),
            "{said:?}"
        );
    }
    herd.end();
}

#[test]
fn since_3_3_3_a_method_is_a_name_and_no_path() {
    let herd = Herd::start("");
    for method in ["supervisor.supervisord.options.execve", "supervisor.supervisord.shutdown", "os.system"]
    {
        let (code, _) = herd.call(method, json!([])).expect_err("there is no such method");
        assert_eq!(code, 1, "{method}: UNKNOWN_METHOD");
    }
    herd.end();
}

#[test]
fn since_3_3_4_a_user_that_cannot_be_become_is_an_error_at_the_start() {
    let plan = Herd::of("").setting("user=root");
    let mut command = plan.command(&["-n"]);
    if root() {
        command.uid(NOBODY).gid(NOBODY);
        if Command::new(program("supervisord")).uid(NOBODY).arg("--version").output().is_err() {
            return; // where it stands, nobody may not run it
        }
    }
    run(&mut command, "").is_usage_error("Can't drop privilege as nonroot user", &program("supervisord"));
}

#[test]
fn since_3_3_4_the_page_says_that_it_is_utf_8() {
    let herd = Herd::start("[program:test_öäü]\ncommand=/bin/cat\nautostart=false\n");
    let (head, page) = herd.http("GET / HTTP/1.1", "");
    let said = head.to_lowercase().replace("; ", ";").contains("content-type: text/html;charset=utf-8");
    // of the page the reference says nothing, which browsers take for what the page itself says
    assert!(reference() || (said && page.contains("test_öäü")), "{head}");
    herd.end();
}

#[test]
fn since_3_3_5_hup_during_the_end_is_ignored() {
    let script = "trap \"\" TERM; echo set; while sleep 0.05; do :; done";
    let mut herd = Herd::start(&format!(
        "[program:slow]\ncommand=/bin/sh -c '{script}'\nstartsecs=0\nstopwaitsecs=600\nstdout_logfile={{dir}}/slow.log\n"
    ));
    herd.wait_file("slow.log", "set\n");
    herd.signal("TERM");
    herd.wait("received SIGTERM");
    herd.signal("HUP");
    herd.wait("WARN ignored SIGHUP indicating restart request (shutdown in progress)");
    signal(herd.spawned("slow"), "KILL");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_nothing_left();
}

#[test]
fn since_3_3_5_the_path_of_environment_is_searched() {
    let herd = Herd::of(
        "[program:x]\ncommand=treeherd-odd-name\nenvironment=PATH=\"{dir}/bin:/bin\"\nstartsecs=0\n",
    )
    .script("bin/treeherd-odd-name", "#!/bin/sh\necho found\nexec cat\n")
    .start();
    herd.wait("found");
    herd.end();
}

#[test]
fn since_3_3_5_a_bad_name_is_told_with_what_is_wrong() {
    for name in ["a b", "a:b"] {
        let said = Herd::of(&format!("[program:{name}]\ncommand=/bin/cat\n")).refused();
        let words =
            format!("Invalid program name: '{name}' (do not use spaces, colons or slashes in the name)");
        assert!(said.code == 2, "{said:?}");
        assert!(said.stderr.contains(&format!("'{name}'")), "{words}: {said:?}");
    }
}
