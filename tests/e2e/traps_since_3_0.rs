//! What Supervisor mended in its releases up to 3.0, kept mended: each test is named after the release.
//!
//! Left out: XML-RPC and FastCGI.

use crate::harness::{Herd, MARK, program, reference, root, run};
use serde_json::json;
use std::process::Command;

/// A program that does something once, and whose first line of output is waited for.
fn once(name: &str, script: &str, more: &str) -> String {
    format!("[program:{name}]\ncommand=/bin/sh -c '{script}'\nstartsecs=0\nautorestart=false\n{more}\n")
}

#[test]
fn since_3_0a8_umask_000_is_valid() {
    let herd = Herd::start(&once("um", "umask; exec cat", "umask=000\nstdout_logfile={dir}/um.log"));
    assert_eq!(herd.wait_file("um.log", "\n"), "0000\n");
    herd.end();
}

#[test]
fn since_3_0a10_output_after_a_stop_request_is_not_lost() {
    let script = "trap \"echo last words; exit 0\" TERM; echo ready; while sleep 0.02; do :; done";
    let herd = Herd::start(&once("say", script, "stdout_logfile={dir}/say.log"));
    herd.wait_file("say.log", "ready\n");
    herd.ctl("stop say").is("say: stopped\n", 0);
    assert_eq!(herd.wait_file("say.log", ""), "ready\nlast words\n");
    herd.end();
}

#[test]
fn since_3_0a10_the_environment_of_supervisord_is_effective() {
    let herd = Herd::of(&once(
        "env",
        "echo $ONE-$TWO; exec cat",
        "environment=TWO=2\nstdout_logfile={dir}/env.log",
    ))
    .setting("environment=ONE=1,TWO=1")
    .start();
    assert_eq!(herd.wait_file("env.log", "\n"), "1-2\n");
    herd.end();
}

#[test]
fn since_3_0a11_signals_that_come_close_together_are_all_seen() {
    let mut herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    for name in ["USR2", "TERM", "TERM", "INT"] {
        herd.signal(name);
    }
    herd.wait_anywhere("received SIGUSR2 indicating log reopen request");
    herd.wait_anywhere("received SIGTERM indicating exit request");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_nothing_left();
}

#[test]
fn since_3_0a11_a_page_of_more_than_64_kb_is_whole() {
    if reference() {
        return; // its page is made of images and links; what is compared there is its own business
    }
    let programs: String = (0..700)
        .map(|n| format!("[program:program-{n:04}]\ncommand=/bin/cat\nautostart=false\n"))
        .collect();
    let herd = Herd::start(&programs);
    let (head, page) = herd.http("GET / HTTP/1.1", "");
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(page.len() > 64 * 1024 && page.contains("program-0699"), "{} bytes", page.len());
    assert!(page.trim_end().ends_with("</html>"), "{}", &page[page.len() - 40..]);
    herd.end();
}

/// Whether this process may raise hard limits; root in a container often may not.
fn may_raise_limits() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:\t")).expect("it has capabilities");
    u64::from_str_radix(set, 16).is_ok_and(|set| set >> 24 & 1 == 1)
}

#[test]
fn since_3_0a11_minfds_raises_the_hard_limit_of_root() {
    let (minfds, limits) = if may_raise_limits() { (3000, "3000\n3000\n") } else { (900, "900\n1000\n") };
    let script = "ulimit -n; ulimit -Hn; exec cat";
    let plan =
        Herd::of(&once("lim", script, "stdout_logfile={dir}/lim.log")).setting(&format!("minfds={minfds}"));
    let command = plan.command(&["-n"]);
    let words: Vec<String> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|w| w.to_string_lossy().into_owned())
        .collect();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "ulimit -Sn 500; ulimit -Hn 1000; exec \"$@\"", "sh"]).args(words);
    shell.env(MARK, plan.dir()).current_dir(plan.dir()).stdout(std::process::Stdio::null());
    let mut daemon = shell.spawn().expect("there is a shell");
    let path = plan.dir().join("lim.log");
    let text = crate::harness::until("the limits", || {
        std::fs::read_to_string(&path).ok().filter(|text| text.lines().count() == 2)
    });
    assert_eq!(text, limits);
    crate::harness::signal(i32::try_from(daemon.id()).expect("a pid fits"), "TERM");
    assert_eq!(daemon.wait().expect("it ends").code(), Some(0));
}

#[test]
fn since_3_0b1_root_is_warned_of_a_configuration_that_it_did_not_name() {
    if !root() {
        return;
    }
    let plan =
        Herd::of("").setting("minfds=none").file("etc/supervisord.conf", "[supervisord]\nminfds=none\n");
    let said = run(Command::new(program("supervisord")).current_dir(plan.dir()), "");
    let warning = "Supervisord is running as root and it is searching for its configuration file in default \
                   locations (including its current working directory); you probably want to specify a \"-c\" \
                   argument specifying an absolute path to a configuration file for improved security.";
    assert!(said.stderr.contains(warning) && said.code == 2, "{said:?}");
    let named = plan.refused();
    assert!(named.code == 2 && !named.stderr.contains("searching for its configuration file"), "{named:?}");
}

#[test]
fn since_3_0b1_a_malformed_environment_is_refused() {
    let said = Herd::of("[program:x]\ncommand=/bin/cat\nenvironment=A=1,B\n").refused();
    said.is_usage_error(
        &format!(
            "Unexpected end of key/value pairs in value 'A=1,B' in section 'program:x' (file: '{}')",
            conf(&said)
        ),
        &program("supervisord"),
    );
}

/// The file that an error names.
fn conf(said: &crate::harness::Said) -> String {
    said.stderr
        .split("(file: '")
        .nth(1)
        .and_then(|rest| rest.split('\'').next())
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn since_3_0b2_a_program_is_never_started_as_the_wrong_user() {
    let plan = Herd::of(
        "[program:up]\ncommand=/bin/cat\nuser=root\nstartretries=0\nstderr_logfile={dir}/up.err\n",
    );
    let plan = if root() { plan.setting("user=nobody") } else { plan };
    if root() {
        std::os::unix::fs::chown(plan.dir(), Some(65_534), None).expect("we are root");
    }
    let herd = plan.start();
    let text = herd.wait_file("up.err", "supervisor: child process was not spawned\n");
    let words = "supervisor: couldn't setuid to 0: Can't drop privilege as nonroot user\n";
    assert!(text.starts_with(words), "{text}");
    herd.wait("exited: up (exit status 127; not expected)");
    herd.end();
}

#[test]
fn since_3_0b2_an_unknown_user_is_an_error_at_the_start() {
    let said = Herd::of("[program:x]\ncommand=/bin/cat\nuser=nobody-is-called-so\n").refused();
    assert!(said.code == 2 && said.stderr.contains("Invalid user name nobody-is-called-so"), "{said:?}");
}

#[test]
fn since_3_0b2_a_command_that_cannot_be_parsed_fails_its_program_alone() {
    let herd = Herd::start(
        "[program:bad]\ncommand=/bin/echo \"open\nstartretries=0\n[program:good]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    herd.wait_anywhere("INFO spawnerr: can't parse command '/bin/echo \"open': No closing quotation");
    herd.wait_anywhere("gave up: bad entered FATAL state");
    herd.wait_anywhere("success: good");
    herd.end();
}

#[test]
fn since_3_0b2_usr2_with_logs_in_syslog_does_no_harm() {
    let herd = Herd::start(
        "[program:sys]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\nstdout_syslog=true\n\
         stderr_syslog=true\n",
    );
    herd.wait("success: sys");
    herd.signal("USR2");
    herd.wait("INFO received SIGUSR2 indicating log reopen request");
    herd.ctl("status sys").has("RUNNING", 0);
    herd.end();
}

#[test]
fn since_3_0b2_a_name_that_nobody_has_is_bad_name() {
    let herd = Herd::start("");
    herd.ctl("status nope").is("nope: ERROR (no such process)\n", 4);
    for method in ["supervisor.getProcessInfo", "supervisor.startProcess", "supervisor.stopProcess"] {
        assert_eq!(herd.call(method, json!(["nope"])), Err((10, "BAD_NAME: nope".to_owned())), "{method}");
    }
    herd.end();
}

#[test]
fn since_3_0b2_supervisorctl_works_without_a_configuration() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let empty = Herd::of("");
    let mut ctl = Command::new(program("supervisorctl"));
    ctl.arg("-s").arg(format!("unix://{}", herd.path("s.sock").display())).args(["pid", "cat"]);
    run(ctl.current_dir(empty.dir()), "").is(&format!("{}\n", herd.spawned("cat")), 0);
    herd.end();
}

#[test]
fn since_3_0_long_credentials_do_not_break_tail_f() {
    let (user, password) = ("u".repeat(90), "p".repeat(90));
    let login = format!("username={user}\npassword={password}\n");
    let herd = Herd::of(&format!(
        "[unix_http_server]\n{login}[supervisorctl]\n{login}{}",
        once("say", "echo hello; exec cat", "stdout_logfile={dir}/say.log")
    ))
    .start();
    if !reference() {
        // the reference gets a line feed into its header from 58 bytes on, and is not let in
        herd.follow("tail -f say").wait("hello\n");
    }
    herd.ctl("tail say").is("hello\n\n", 0);
    herd.end();
}

#[test]
fn since_3_0_a_configuration_that_is_not_there_and_one_that_cannot_be_read_are_told_apart() {
    let plan = Herd::of("").file("none/of/it", "");
    let me = program("supervisord");
    let start = |path: &str| run(Command::new(&me).args(["-c", path]).current_dir(plan.dir()), "");
    start("/nowhere.conf").is_usage_error("could not find config file /nowhere.conf", &me);
    let directory = plan.dir().join("none").display().to_string();
    start(&directory).is_usage_error(&format!("could not read config file {directory}"), &me);
}
