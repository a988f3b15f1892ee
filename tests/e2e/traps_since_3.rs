//! What Supervisor mended from 3.1.0 to 3.2.2, kept mended: each test is named after the release.
//!
//! Left out: XML-RPC, FastCGI and links of the status page. That a clock which is set back does no
//! harm (3.2.0, 3.3.1, 3.4.0) stands in `domain/tests/lifecycle`: deadlines know no wall clock.

use crate::harness::{Herd, MARK, names, reference, until};
use serde_json::json;
use std::fs;
use std::process::{Command, Stdio};

const GROUP: &str = "[program:a]\ncommand=/bin/cat\nstartsecs=0\n[program:b]\ncommand=/bin/cat\nstartsecs=0\n\
                     [group:g]\nprograms=a,b\n";

fn group() -> Herd {
    let herd = Herd::start(GROUP);
    herd.wait_anywhere("success: a ");
    herd.wait_anywhere("success: b ");
    herd
}

#[test]
fn since_3_1_0_lines_name_the_group() {
    let herd = group();
    herd.ctl("stop g:a").is("g:a: stopped\n", 0);
    herd.ctl("start g:a").is("g:a: started\n", 0);
    herd.ctl("restart g:a").is("g:a: stopped\ng:a: started\n", 0);
    herd.ctl("clear g:a").is("g:a: cleared\n", 0);
    herd.end();
}

#[test]
fn since_3_1_0_status_takes_a_group() {
    let herd = group();
    let said = herd.ctl("status g:*");
    let names: Vec<&str> = said.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!((names, said.code), (vec!["g:a", "g:b"], 0));
    herd.end();
}

#[test]
fn since_3_1_0_the_column_grows_with_the_longest_name() {
    let name = "x".repeat(50);
    let herd = Herd::start(&format!("[program:{name}]\ncommand=/bin/cat\nautostart=false\n"));
    herd.ctl("status").is(&format!("{name}   STOPPED   Not started\n"), 3);
    herd.end();
}

#[test]
fn since_3_1_0_update_takes_a_group() {
    let herd = Herd::start("");
    let two =
        "[program:one]\ncommand=/bin/cat\nstartsecs=0\n[program:two]\ncommand=/bin/cat\nstartsecs=0\n";
    herd.configure(&[], two);
    herd.ctl("update two").is("two: added process group\n", 0);
    herd.ctl("status one").is("one: ERROR (no such process)\n", 4);
    herd.wait_status("two", "RUNNING");
    herd.end();
}

#[test]
fn since_3_1_0_an_unknown_group_is_told_so() {
    let herd = group();
    for (words, line, code) in [
        ("start nope:*", "nope: ERROR (no such group)\n", 2),
        ("stop nope:*", "nope: ERROR (no such group)\n", 1),
        ("remove nope", "ERROR: no such process/group: nope\n", 1),
        ("add nope", "ERROR: no such process/group: nope\n", 1),
        ("update nope", "ERROR: no such group: nope\n", 1),
    ] {
        herd.ctl(words).is(line, code);
    }
    herd.end();
}

#[test]
fn since_3_1_0_a_program_in_backoff_is_stopped() {
    let herd = Herd::start("[program:fail]\ncommand=/bin/false\nstartsecs=5\nstartretries=99\n");
    herd.wait_status("fail", "BACKOFF");
    herd.ctl("stop fail").is("fail: stopped\n", 0);
    herd.ctl("status fail").has("STOPPED", 3);
    herd.end();
}

#[test]
fn since_3_1_0_the_directory_is_each_processs_own() {
    let herd = Herd::of(
        "[program:p]\ncommand=/bin/sh -c 'pwd; exec cat'\nnumprocs=2\nprocess_name=%(process_num)d\nstartsecs=0\n\
         directory={dir}/d%(process_num)d\nstdout_logfile={dir}/%(process_num)d.log\n",
    )
    .file("d0/x", "")
    .file("d1/x", "")
    .start();
    for number in 0..2 {
        let directory = herd.path(&format!("d{number}")).display().to_string();
        assert_eq!(herd.wait_file(&format!("{number}.log"), "\n"), format!("{directory}\n"));
    }
    herd.end();
}

#[test]
fn since_3_1_0_a_password_may_have_a_colon() {
    let login = "username=ada\npassword=pass:word:\n";
    let herd = Herd::of(&format!("[unix_http_server]\n{login}[supervisorctl]\n{login}")).start();
    herd.ctl("pid").is(&format!("{}\n", herd.daemon()), 0);
    herd.end();
}

#[test]
fn since_3_1_0_a_log_that_was_removed_does_not_stop_rotation() {
    let script = "while sleep 0.01; do echo 0123456789012345678901234567890123456789; done";
    let herd = Herd::start(&format!(
        "[program:say]\ncommand=/bin/sh -c '{script}'\nstartsecs=0\nstdout_logfile={{dir}}/say.log\n\
         stdout_logfile_maxbytes=200\nstdout_logfile_backups=1\n"
    ));
    for _ in 0..3 {
        herd.wait_file("say.log.1", "0123456789");
        for name in ["say.log.1", "say.log"] {
            drop(fs::remove_file(herd.path(name)));
        }
    }
    herd.wait_file("say.log.1", "0123456789");
    herd.ctl("status say").has("RUNNING", 0);
    herd.end();
}

#[test]
fn since_3_1_0_an_include_that_matches_nothing_leaves_a_warning() {
    let herd = Herd::start("[include]\nfiles=conf.d/*.conf\n");
    let pattern = herd.path("conf.d/*.conf").display().to_string();
    herd.assert_count(&format!("WARN No file matches via include \"{pattern}\""), 1);
    herd.end();
}

#[test]
fn since_3_1_1_tail_f_survives_rotation() {
    let script = "i=0; while sleep 0.02; do i=$((i+1)); echo line $i of many; done";
    let herd = Herd::start(&format!(
        "[program:say]\ncommand=/bin/sh -c '{script}'\nstartsecs=0\nstdout_logfile={{dir}}/say.log\n\
         stdout_logfile_maxbytes=100\nstdout_logfile_backups=2\n"
    ));
    let follower = herd.follow("tail -f say");
    herd.wait_file("say.log.2", "line");
    if reference() {
        // it follows a file, from the first piece of the new one on; what was written between is not shown
        follower.wait("line 8 of many\n");
        drop(follower);
        return herd.end();
    }
    let text = follower.wait("line 40 of many\n");
    let shown: Vec<usize> = text.lines().filter_map(|line| line.split(' ').nth(1)?.parse().ok()).collect();
    assert_eq!(shown, (shown[0]..shown[0] + shown.len()).collect::<Vec<_>>(), "no line is missing");
    drop(follower);
    herd.end();
}

#[test]
fn since_3_1_1_running_out_of_descriptors_is_a_spawn_error() {
    let programs: String = (0..60)
        .map(|n| format!("[program:p{n}]\ncommand=/bin/cat\nstartsecs=0\nstartretries=9\n"))
        .collect();
    let plan = Herd::of(&programs).setting("minfds=60");
    let command = plan.command(&["-n"]);
    let words: Vec<String> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|w| w.to_string_lossy().into_owned())
        .collect();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "ulimit -Sn 60; ulimit -Hn 60; exec \"$@\"", "sh"]).args(words);
    shell.env(MARK, plan.dir()).current_dir(plan.dir()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut daemon = shell.spawn().expect("there is a shell");
    let path = plan.dir().join("supervisord.log");
    until("a spawn error", || {
        let text = fs::read_to_string(&path).ok()?;
        let told = text.contains("INFO spawnerr: too many open files to spawn 'p");
        (told && text.contains("success: p")).then_some(())
    });
    crate::harness::signal(i32::try_from(daemon.id()).expect("a pid fits"), "TERM");
    assert_eq!(daemon.wait().expect("it ends").code(), Some(0));
}

#[test]
fn since_3_1_1_a_program_that_writes_much_delays_no_answer() {
    let herd = Herd::of(
        "[program:yes]\ncommand=/usr/bin/yes 0123456789012345678901234567890123456789\nstartsecs=0\n\
         stdout_logfile=/dev/null\nstdout_logfile_maxbytes=0\n",
    )
    .setting("loglevel=info")
    .start();
    herd.wait("success: yes");
    for _ in 0..20 {
        herd.ctl("status yes").has("RUNNING", 0);
    }
    herd.ctl("stop yes").is("yes: stopped\n", 0);
    herd.end();
}

#[test]
fn since_3_1_2_tail_of_a_whole_group_is_refused() {
    let herd = group();
    let said = herd.ctl("tail g:*");
    assert!(said.code == 1 && said.stdout.contains("g:*"), "{said:?}");
    for method in ["supervisor.tailProcessStdoutLog", "supervisor.readProcessStdoutLog"] {
        let refused = herd.call(method, json!(["g:*", 0, 10])).expect_err("a group has no log");
        assert_eq!(refused, (10, "BAD_NAME: g:*".to_owned()), "{method}");
    }
    herd.end();
}

#[test]
fn since_3_2_0_includes_are_read_in_the_order_of_their_names() {
    let program = |command: &str| format!("[program:p]\ncommand=/bin/echo {command}\nautostart=false\n");
    let herd = Herd::of("[include]\nfiles=d/*.conf\n")
        .file("d/b.conf", &program("second"))
        .file("d/a.conf", &program("first"))
        .file("d/c.conf", &program("third"))
        .start();
    let lines: Vec<String> =
        herd.log().into_iter().filter(|line| line.contains("Included extra file")).collect();
    let read: Vec<&str> =
        lines.iter().filter_map(|line| line.rsplit('/').next()?.split('"').next()).collect();
    assert_eq!(read, ["a.conf", "b.conf", "c.conf"], "{lines:?}");
    herd.ctl("start p").has("p: ERROR (spawn error)", 7);
    herd.wait_anywhere("third");
    herd.end();
}

#[test]
fn since_3_2_0_many_programs_start_and_stop_quickly() {
    let herd = Herd::start(
        "[program:p]\ncommand=/bin/cat\nnumprocs=100\nprocess_name=%(process_num)03d\nstartsecs=0\n",
    );
    until("all of them", || (herd.count("success: ") == 100).then_some(()));
    let said = herd.ctl("stop all");
    assert_eq!((said.stdout.lines().count(), said.code), (100, 0));
    let said = herd.ctl("start p:*");
    assert_eq!((said.stdout.lines().count(), said.code), (100, 0));
    // one second a process would be over the deadline of a call
    herd.end();
}

#[test]
fn since_3_2_0_variables_are_known_in_every_key() {
    let herd = Herd::of(
        "[program:p]\ncommand=/bin/sh -c 'umask; pwd; exec cat'\nstartsecs=%(ENV_NONE)s\nautostart=%(ENV_YES)s\n\
         umask=%(ENV_MASK)s\ndirectory=%(ENV_DIR)s\nstdout_logfile=%(ENV_DIR)s/p.log\nstopsignal=%(ENV_SIG)s\n\
         priority=%(ENV_NONE)s\nexitcodes=%(ENV_NONE)s\nstdout_logfile_maxbytes=%(ENV_SIZE)s\n",
    )
    .setting("environment=NONE=0,YES=true,MASK=027,SIG=INT,SIZE=1MB,DIR=\"{dir}\"")
    .start();
    assert_eq!(herd.wait_file("p.log", "/"), format!("0027\n{}\n", herd.dir().display()));
    herd.ctl("stop p").is("p: stopped\n", 0);
    herd.wait("stopped: p (terminated by SIGINT)");
    herd.end();
}

#[test]
fn since_3_2_0_errors_name_the_section() {
    let said = Herd::of("[program:x]\ncommand=/bin/cat\nnumprocs=many\n").refused();
    assert!(said.code == 2 && said.stderr.contains("'many' in section 'program:x'"), "{said:?}");
}

#[test]
fn since_3_2_0_a_log_that_cannot_be_opened_is_a_spawn_error() {
    let herd = Herd::of("[program:x]\ncommand=/bin/cat\nstdout_logfile={dir}/sub\nstartretries=0\n")
        .file("sub/x", "");
    let herd = herd.start();
    herd.wait("spawnerr: unknown error making dispatchers for 'x': EISDIR");
    herd.wait("gave up: x entered FATAL state");
    herd.end();
}

#[test]
fn since_3_2_0_a_limit_that_cannot_be_raised_is_told() {
    let plan = Herd::of("").setting("minfds=999999999");
    let said = plan.refused();
    let words = "The minimum number of file descriptors required to run this process is 999999999 as per the \
                 \"minfds\" command-line argument or config file setting. The current environment will only allow \
                 you to open ";
    assert!(said.code == 2 && said.stderr.contains(words), "{said:?}");
}

#[test]
fn since_3_2_0_no_stderr_log_is_made_with_redirect_stderr() {
    let herd = Herd::start("[program:x]\ncommand=/bin/cat\nstartsecs=0\nredirect_stderr=true\n");
    herd.wait("success: x");
    let logs: Vec<String> = names(herd.dir()).into_iter().filter(|name| name.starts_with("x-")).collect();
    assert!(logs.len() == 1 && logs[0].starts_with("x-stdout---"), "{logs:?}");
    herd.end();
}

#[test]
fn since_3_2_0_tail_f_goes_on_beside_other_commands() {
    let script = "i=0; while sleep 0.02; do i=$((i+1)); echo $i.; done";
    let herd = Herd::start(&format!(
        "[program:say]\ncommand=/bin/sh -c '{script}'\nstartsecs=0\nstdout_logfile={{dir}}/say.log\n\
         [program:cat]\ncommand=/bin/cat\nstartsecs=0\n"
    ));
    let follower = herd.follow("tail -f say");
    follower.wait("1.\n");
    for words in ["status", "restart cat", "avail", "stop cat", "pid"] {
        herd.ctl(words);
    }
    let shown = herd.wait_file("say.log", "").lines().count();
    follower.wait(&format!("\n{}.\n", shown + 5));
    herd.end();
}

#[test]
fn since_3_2_2_a_user_without_a_password_is_refused() {
    let words = "Section [unix_http_server] contains incomplete authentication: If a username or a password is \
                 specified, both the username and password must be specified";
    for line in ["username=ada", "password=x"] {
        let said = Herd::of(&format!("[unix_http_server]\n{line}\n")).refused();
        assert!(said.code == 2 && said.stderr.contains(words), "{said:?}");
    }
}
