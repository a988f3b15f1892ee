//! What Supervisor mended from 4.0.0 to 4.3.0, and in its development version since: each test is named after it.
//!
//! Left out: FastCGI, and what is of the status page and of logs over HTTP alone.

use crate::harness::{Follower, Herd, MARK, assert_at_rest, names, program, reference, run, until};
use serde_json::json;
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn since_4_0_0_here_is_the_directory_of_each_included_file() {
    let herd = Herd::of("[include]\nfiles=a/p.conf b/q.conf\n")
        .file("a/p.conf", "[program:p]\ncommand=/bin/sh -c 'echo p=%(here)s; exec cat'\nstartsecs=0\n")
        .file("b/q.conf", "[program:q]\ncommand=/bin/sh -c 'echo q=%(here)s; exec cat'\nstartsecs=0\n")
        .start();
    herd.wait_anywhere(&format!("p={}", herd.path("a").display()));
    herd.wait_anywhere(&format!("q={}", herd.path("b").display()));
    herd.end();
}

#[test]
fn since_4_0_0_only_exit_code_0_is_expected() {
    let herd = Herd::start(
        "[program:none]\ncommand=/bin/sh -c 'exit 0'\nstartsecs=0\nautorestart=false\n\
         [program:two]\ncommand=/bin/sh -c 'exit 2'\nstartsecs=0\nautorestart=false\n",
    );
    herd.wait_anywhere("INFO exited: none (exit status 0; expected)");
    herd.wait_anywhere("WARN exited: two (exit status 2; not expected)");
    herd.end();
}

#[test]
fn since_4_0_0_a_semicolon_separates_no_commands() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let said = run(&mut herd.ctl_command(), "stop cat; start cat\n");
    assert!(said.stdout.contains("cat;: ERROR (no such process)"), "{said:?}");
    herd.end();
}

#[test]
fn since_4_0_0_the_exit_status_tells_how_it_went() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\n");
    for (words, code) in [
        ("status cat", 3),
        ("start cat", 0),
        ("status cat", 0),
        ("status nope", 4),
        ("start nope", 1),
        ("nonsense", 1),
        ("stop cat", 0),
    ] {
        let said = herd.ctl(words);
        assert_eq!(said.code, code, "{words}: {said:?}");
    }
    herd.end();
}

#[test]
fn since_4_0_0_output_goes_to_syslog_beside_the_file_or_without_one() {
    // that the lines arrive is tested below the daemon: the socket is the system's
    let herd = Herd::start(
        "[program:both]\ncommand=/bin/sh -c 'echo both; exec cat'\nstartsecs=0\nstdout_syslog=true\n\
         stdout_logfile={dir}/both.log\n\
         [program:only]\ncommand=/bin/sh -c 'echo only; exec cat'\nstartsecs=0\nstdout_syslog=true\n\
         stderr_syslog=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n",
    );
    assert_eq!(herd.wait_file("both.log", "\n"), "both\n");
    herd.wait_status("only", "RUNNING");
    assert!(!names(herd.dir()).iter().any(|name| name.starts_with("only")), "{:?}", names(herd.dir()));
    herd.end();
}

#[test]
fn since_4_0_1_the_main_log_may_be_standard_output() {
    let herd = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n")
        .setting("logfile=/dev/stdout")
        .setting("logfile_maxbytes=0")
        .start();
    herd.wait("success: cat");
    herd.signal("USR2");
    herd.wait("received SIGUSR2");
    herd.ctl("stop cat").is("cat: stopped\n", 0);
    herd.wait("stopped: cat");
    assert!(!herd.path("supervisord.log").exists());
    herd.end();
}

#[test]
fn since_4_0_4_tail_of_stdout_is_of_stdout() {
    let herd = Herd::start(
        "[program:say]\ncommand=/bin/sh -c 'echo out; echo err >&2; exec cat'\nstartsecs=0\n\
         stdout_logfile={dir}/say.out\nstderr_logfile={dir}/say.err\n",
    );
    herd.wait_file("say.out", "out\n");
    herd.wait_file("say.err", "err\n");
    herd.ctl("tail say stdout").is("out\n\n", 0);
    herd.ctl("tail say stderr").is("err\n\n", 0);
    herd.follow("tail -f say stdout").wait("out\n");
    herd.follow("tail -f say stderr").wait("err\n");
    herd.end();
}

#[test]
fn since_4_2_0_silent_keeps_the_foreground_quiet() {
    for (argument, setting) in [("-s", ""), ("--silent", ""), ("-n", "silent=true")] {
        let plan = Herd::of("").setting(setting);
        let mut command = plan.command(&["-n"]);
        command.args((argument != "-n").then_some(argument));
        let mut child = command.stdout(Stdio::piped()).spawn().expect("supervisord is there");
        let log = plan.dir().join("supervisord.log");
        until("the start", || {
            fs::read_to_string(&log).ok()?.contains("supervisord started with pid").then_some(())
        });
        crate::harness::signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
        let mut text = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().expect("it is piped"), &mut text)
            .expect("a pipe can be read");
        assert_eq!((text.as_str(), child.wait().expect("it ends").code()), ("", Some(0)), "{argument}");
    }
}

#[test]
fn since_4_2_0_numprocs_is_a_variable() {
    let herd = Herd::start(
        "[program:p]\ncommand=/bin/sh -c 'echo %(process_num)d of %(numprocs)d; exec cat'\nnumprocs=2\n\
         process_name=%(process_num)d\nstartsecs=0\n",
    );
    herd.wait_anywhere("0 of 2");
    herd.wait_anywhere("1 of 2");
    herd.end();
}

#[test]
fn since_4_2_0_a_stranger_that_is_reaped_is_described() {
    let herd = Herd::start(
        "[program:p]\ncommand=/bin/sh -c '(sleep 0.3; exit 3) & exit 0'\nstartsecs=0\nautorestart=false\n",
    );
    herd.wait_anywhere("exited: p (exit status 0; expected)");
    if !reference() {
        // orphans come to the daemon itself; the reference hears of them as pid 1 only
        let line = herd.wait_anywhere("reaped unknown pid ");
        assert!(line.ends_with("(exit status 3)"), "{line}");
    }
    herd.end();
}

#[test]
fn since_4_2_2_a_process_that_dies_just_before_its_signal_does_no_harm() {
    let herd = Herd::start(
        "[program:p]\ncommand=/bin/sh -c 'sleep 0.02'\nnumprocs=20\nprocess_name=%(process_num)d\nstartsecs=0\n\
         autorestart=true\n",
    );
    for _ in 0..5 {
        herd.ctl("signal USR1 p:*");
        herd.ctl("stop p:*");
        herd.ctl("start p:*");
    }
    let said = herd.ctl("status");
    assert_eq!(said.stdout.lines().count(), 20, "{said:?}");
    assert!(!said.stdout.contains("UNKNOWN"), "{said:?}");
    assert_eq!(herd.count("CRIT unknown problem"), 0);
    herd.end();
}

#[test]
fn since_4_2_2_the_main_log_may_be_syslog() {
    if !fs::exists("/dev/log").is_ok_and(|there| there) {
        let said = Herd::of("").setting("logfile=syslog").refused();
        assert!(said.code != 0, "there is no system log here: {said:?}");
        return;
    }
    let herd = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n").setting("logfile=syslog").start();
    herd.wait("success: cat");
    assert!(!herd.path("syslog").exists() && !herd.path("supervisord.log").exists());
    herd.end();
}

#[test]
fn since_4_2_2_variables_of_environment_are_known_to_other_keys() {
    let herd = Herd::start(
        "[program:p]\ncommand=/bin/sh -c 'pwd; exec cat'\nenvironment=WHERE=\"{dir}\"\ndirectory=%(ENV_WHERE)s\n\
         startsecs=0\nstdout_logfile=%(ENV_WHERE)s/p.log\n",
    );
    assert_eq!(herd.wait_file("p.log", "\n"), format!("{}\n", herd.dir().display()));
    herd.end();
}

#[test]
fn since_4_2_2_a_process_that_is_stopping_can_be_signalled() {
    let script = "trap \"\" TERM; trap \"exit 3\" USR1; echo set; while sleep 0.02; do :; done";
    let herd = Herd::start(&format!(
        "[program:slow]\ncommand=/bin/sh -c '{script}'\nstartsecs=0\nstopwaitsecs=60\nstdout_logfile={{dir}}/slow.log\n"
    ));
    herd.wait_file("slow.log", "set\n");
    assert_eq!(herd.call("supervisor.stopProcess", json!(["slow", false])), Ok(json!(true)));
    herd.wait_status("slow", "STOPPING");
    herd.ctl("signal USR1 slow").is("slow: signalled\n", 0);
    herd.wait("stopped: slow (exit status 3)");
    herd.end();
}

#[test]
fn since_4_2_3_a_log_that_is_missing_is_told_so() {
    let herd =
        Herd::start("[program:off]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/off.log\n");
    let refused = herd.call("supervisor.readProcessStdoutLog", json!(["off", 0, 10]));
    assert_eq!(refused.map_err(|(code, _)| code), Err(20), "NO_FILE");
    let said = herd.ctl("tail off");
    assert!(said.stdout.contains("off: ERROR (no log file)") && said.code == 1, "{said:?}");
    herd.end();
}

#[test]
fn since_4_2_4_the_identifier_of_the_command_line_is_in_the_names_of_logs() {
    let herd =
        Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n").argument("--identifier=other").start();
    herd.wait("success: cat");
    let logs: Vec<String> = names(herd.dir()).into_iter().filter(|name| name.starts_with("cat-")).collect();
    assert!(logs.len() == 2 && logs.iter().all(|name| name.contains("---other-")), "{logs:?}");
    herd.end();
}

#[test]
fn since_4_2_5_a_command_that_cannot_be_parsed_is_a_fault() {
    let herd = Herd::start("[program:bad]\ncommand=/bin/echo \"open\nautostart=false\n");
    let refused = herd.call("supervisor.startProcess", json!(["bad"]));
    assert_eq!(refused.map_err(|(code, _)| code), Err(21), "NOT_EXECUTABLE");
    herd.end();
}

#[test]
fn since_4_2_5_the_configuration_tells_directory_uid_and_serverurl() {
    let herd = Herd::start(
        "[program:cat]\ncommand=/bin/cat\nautostart=false\ndirectory={dir}\nuser=root\nserverurl=http://x:1\n\
         [program:dog]\ncommand=/bin/cat\nautostart=false\n",
    );
    let all = herd.call("supervisor.getAllConfigInfo", json!([])).expect("it is told");
    assert_eq!(all[0]["directory"], json!(herd.dir().display().to_string()));
    assert_eq!((&all[0]["uid"], &all[0]["serverurl"]), (&json!(0), &json!("http://x:1")));
    assert_eq!((&all[1]["directory"], &all[1]["uid"]), (&json!("none"), &json!("none")));
    herd.end();
}

#[test]
fn since_4_2_5_an_unexpected_end_is_a_warning() {
    let herd = Herd::start("[program:p]\ncommand=/bin/sh -c 'exit 9'\nstartsecs=0\nautorestart=false\n");
    herd.wait("WARN exited: p (exit status 9; not expected)");
    herd.end();
}

#[test]
fn since_4_2_5_shutdown_takes_no_arguments() {
    let herd = Herd::start("");
    let said = herd.ctl("shutdown now");
    assert!(said.stdout.contains("shutdown accepts no arguments") && said.code == 1, "{said:?}");
    herd.ctl("pid").is(&format!("{}\n", herd.daemon()), 0);
    herd.end();
}

#[test]
fn since_4_2_5_many_allowed_descriptors_do_not_slow_a_start() {
    let herd =
        Herd::of("[program:p]\ncommand=/bin/sh -c 'ls /proc/$$/fd; echo listed; exec cat'\nstartsecs=0\n")
            .setting("minfds=1024")
            .start();
    until("the listing", || herd.log().iter().any(|line| line == "listed").then_some(()));
    let lines = herd.log();
    let listing: Vec<&String> = lines.iter().filter(|line| line.parse::<u32>().is_ok()).collect();
    assert_eq!(listing, ["0", "1", "2"], "nothing else is open");
    herd.end();
}

#[test]
fn since_4_3_0_descriptors_that_are_closed_keep_nobody_busy() {
    let herd = Herd::start(
        "[program:mute]\ncommand=/bin/sh -c 'exec sleep 1000 >&- 2>&-'\nstartsecs=0\n\
         [program:cat]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    herd.wait_anywhere("success: mute");
    herd.wait_anywhere("success: cat");
    assert_at_rest(herd.daemon());
    herd.end();
}

#[test]
fn since_4_3_0_a_restart_survives_requests_that_come_meanwhile() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let mut askers: Vec<Follower> = (0..4)
        .map(|_| {
            let ctl = format!(
                "while :; do {} -c {} status >/dev/null 2>&1; done",
                program("supervisorctl").display(),
                herd.path("supervisord.conf").display()
            );
            let mut shell = Command::new("/bin/sh");
            Follower::of(shell.args(["-c", &ctl]).env(MARK, herd.dir()).stderr(Stdio::null()))
        })
        .collect();
    for _ in 0..2 {
        herd.signal("HUP");
        herd.wait("received SIGHUP indicating restart request");
        herd.wait("supervisord started with pid");
        herd.wait("success: cat");
    }
    askers.clear();
    herd.ctl("status cat").has("RUNNING", 0);
    herd.end();
}

#[test]
fn in_4_4_programs_start_at_once() {
    // how long from the daemon's start to the program's, in milliseconds
    let waited = || {
        let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
        let millis = |piece: &str| -> u64 {
            let line = herd.wait_anywhere(piece);
            let (h, m, s, ms) = (&line[11..13], &line[14..16], &line[17..19], &line[20..23]);
            let number = |text: &str| text.parse::<u64>().expect("digits");
            ((number(h) * 60 + number(m)) * 60 + number(s)) * 1000 + number(ms)
        };
        // whichever side of midnight
        let day = 24 * 3600 * 1000;
        let waited = (day + millis("spawned: 'cat'") - millis("supervisord started with pid")) % day;
        herd.end();
        waited
    };
    // a busy machine may be slow, but not each time
    let times: Vec<u64> = (0..if reference() { 1 } else { 10 }).map(|_| waited()).collect();
    assert!(
        reference() || times.iter().any(|time| *time < 900),
        "the reference waits a second: {times:?} ms"
    );
}

#[test]
fn in_4_4_the_configuration_tells_autorestart() {
    if reference() {
        return; // 4.3.0 does not tell it
    }
    let program = |name: &str, value: &str| {
        format!("[program:{name}]\ncommand=/bin/cat\nautostart=false\nautorestart={value}\n")
    };
    let text = program("a", "true") + &program("b", "false") + &program("c", "unexpected");
    let herd = Herd::start(&text);
    let all = herd.call("supervisor.getAllConfigInfo", json!([])).expect("it is told");
    let told: Vec<String> = (0..3).map(|at| all[at]["autorestart"].to_string()).collect();
    assert_eq!(told, ["true", "false", "\"unexpected\""], "{all}");
    herd.end();
}

#[test]
fn in_4_4_the_environment_of_supervisord_is_expanded_once() {
    if reference() {
        return; // 4.3.0 expands it twice
    }
    let herd = Herd::of("[program:p]\ncommand=/usr/bin/env\nstartsecs=0\nautorestart=false\n")
        .setting("environment=RATE=\"100%% of %%(ENV_HOME)s\",HOST=\"%(host_node_name)s\"")
        .start();
    herd.wait_anywhere("RATE=100% of %(ENV_HOME)s");
    assert!(!herd.wait_anywhere("HOST=").contains('%'));
    herd.end();
}

#[test]
fn in_4_4_environment_is_quoted_as_a_shell_would() {
    if reference() {
        return; // 4.3.0 knows no escapes
    }
    let herd = Herd::start(
        "[program:p]\ncommand=/usr/bin/env\nstartsecs=0\nautorestart=false\n\
         environment=A=\"say \\\"hi\\\"\",B='$x \"y\"',C=\"x\"y\n",
    );
    for line in ["A=say \"hi\"", "B=$x \"y\"", "C=xy"] {
        herd.wait_anywhere(line);
    }
    herd.end();
}

#[test]
fn in_4_4_a_factory_that_cannot_be_had_is_told_with_its_name() {
    let said = Herd::of("[rpcinterface:x]\nsupervisor.rpcinterface_factory=nowhere:make\n").refused();
    let words = "nowhere:make cannot be resolved within [rpcinterface:x]";
    assert!(said.code == 2 && said.stderr.contains(words), "{said:?}");
}
