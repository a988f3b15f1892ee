//! The daemon as a program: its options, its exit statuses, its files, one instance after another.
//!
//! Signals and the order of an end are in `daemon_signals`.

use crate::harness::{
    Herd, MARK, Plan, Said, alive, assert_no_process, free_port, program, run, signal, until,
};
use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Command;

fn supervisord(plan: &Plan, words: &[&str]) -> Said {
    run(Command::new(program("supervisord")).args(words).current_dir(plan.dir()).env(MARK, plan.dir()), "")
}

#[test]
fn usage_errors_are_two_lines_and_status_two() {
    let plan = Herd::of("").file("empty.conf", "").file("nohead.conf", "x=1\n");
    let conf = plan.write().display().to_string();
    let me = program("supervisord");
    let path = |name: &str| plan.dir().join(name).display().to_string();
    let rows: Vec<(Vec<&str>, String)> = vec![
        (vec!["-Z"], "option -Z not recognized".into()),
        (vec!["--bogus"], "option --bogus not recognized".into()),
        (vec!["--log"], "option --log not a unique prefix".into()),
        (vec!["-c"], "option -c requires argument".into()),
        (vec!["--logfile"], "option --logfile requires argument".into()),
        (vec!["--silent=x"], "option --silent must not have an argument".into()),
        (vec!["-c", &conf, "-c", &conf], "conflicting command line option '-c'".into()),
        (vec!["-e", "bogus"], "invalid value for -e 'bogus': bad logging level name 'bogus'".into()),
        (vec!["-c", &conf, "foo", "bar"], "positional arguments are not supported: ['foo', 'bar']".into()),
    ];
    for (words, message) in rows {
        supervisord(&plan, &words).is_usage_error(&message, &me);
    }
    let none = path("none.conf");
    supervisord(&plan, &["-c", &none]).is_usage_error(&format!("could not find config file {none}"), &me);
    supervisord(&plan, &["-c", &path("empty.conf")])
        .is_usage_error(".ini file does not include supervisord section", &me);
    let said = supervisord(&plan, &["-c", &path("nohead.conf")]);
    assert!(
        said.stderr.starts_with("Error: File contains no section headers.\n") && said.code == 2,
        "{said:?}"
    );
    assert!(!plan.dir().join("supervisord.log").exists(), "a refused start touches nothing");
}

#[test]
fn a_value_that_cannot_be_is_refused_with_section_and_key() {
    let rows = [
        ("[program:x]", "program section program:x does not specify a command in section 'program:x'"),
        (
            "[program:x] startsecs=soon",
            "invalid literal for int() with base 10: 'soon' in section 'program:x'",
        ),
        ("[program:x] stopsignal=NOPE", "value 'NOPE' is not a valid signal name in section 'program:x'"),
        ("[program:x] autorestart=perhaps", "invalid 'autorestart' value 'perhaps' in section 'program:x'"),
        ("[program:x] autostart=perhaps", "not a valid boolean value: 'perhaps' in section 'program:x'"),
        ("[program:x] umask=9", "9 can not be converted to an octal type in section 'program:x'"),
        ("[program:x] exitcodes=a", "not a valid list of exit codes: 'a' in section 'program:x'"),
        (
            "[program:x] environment=A",
            "Unexpected end of key/value pairs in value 'A' in section 'program:x'",
        ),
        ("[program:x] user=no-such-user", "Invalid user name no-such-user in section 'program:x'"),
        (
            "[program:x] stdout_logfile=/nope/x.log",
            "The directory named as part of the path /nope/x.log does not exist in section 'program:x'",
        ),
        (
            "[program:x] numprocs=2",
            "%(process_num) must be present within process_name when numprocs > 1 in section 'program:x'",
        ),
        ("[group:g] programs=nope", "[group:g] names unknown program or fcgi-program nope"),
        ("[include]", ".ini file has [include] section, but no files setting"),
        ("[inet_http_server]", "section [inet_http_server] has no port value"),
    ];
    for (text, message) in rows {
        let command = if text.starts_with("[program:x] ") { "\ncommand=/bin/cat\n" } else { "\n" };
        let plan = Herd::of(&text.replacen(' ', command, 1));
        let said = plan.refused();
        let file = plan.dir().join("supervisord.conf").display().to_string();
        let place =
            if message.contains(" in section ") { format!(" (file: '{file}')") } else { String::new() };
        said.is_usage_error(&format!("{message}{place}"), &program("supervisord"));
        assert!(!plan.dir().join("supervisord.log").exists(), "{text}: a refused start touches nothing");
    }
}

#[test]
fn help_and_version_are_told_at_once() {
    let plan = Herd::of("");
    for help in ["-h", "--help", "-?"] {
        let said = supervisord(&plan, &[help]);
        said.has("supervisord -- run a set of applications", 0);
        said.has("-l/--logfile FILENAME -- use FILENAME as", 0);
    }
    for version in ["-v", "--version"] {
        let said = supervisord(&plan, &[version]);
        assert!(said.code == 0 && said.stdout.trim().split('.').count() >= 2, "{said:?}");
    }
    supervisord(&plan, &["-h", "-Z"]).is_usage_error("option -Z not recognized", &program("supervisord"));
}

#[test]
fn options_beat_the_file() {
    let plan = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n")
        .setting("identifier=file")
        .argument("-lother.log")
        .argument("--pidfile=other.pid")
        .argument("-i")
        .argument("line");
    let mut herd = plan.start();
    herd.wait("success: cat");
    assert_eq!(herd.wait_file("other.pid", "\n"), format!("{}\n", herd.daemon()));
    assert!(herd.path("other.log").exists() && !herd.path("supervisord.log").exists());
    let files = crate::harness::names(herd.dir());
    assert!(files.iter().any(|name| name.starts_with("cat-stdout---line-")), "{files:?}");
    herd.signal("TERM");
    assert_eq!(herd.wait_end().code(), Some(0));
    assert!(!herd.path("other.pid").exists(), "the pid file is left");
    herd.assert_nothing_left();
}

#[test]
fn the_daemon_leaves_the_terminal_and_ends_without_a_trace() {
    let plan = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n")
        .setting("umask=027")
        .setting("directory={dir}/sub");
    let plan = plan.file("sub/there", "");
    let said = run(&mut plan.command(&[]), "");
    assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{said:?}");
    let dir = plan.dir().to_path_buf();
    let pid: i32 =
        until("the pid file", || fs::read_to_string(dir.join("supervisord.pid")).ok()?.trim().parse().ok());
    let log = || fs::read_to_string(dir.join("supervisord.log")).unwrap_or_default();
    until("the program", || log().contains("success: cat entered RUNNING").then_some(()));
    let lines = log();
    let at = |piece: &str| lines.find(piece).unwrap_or_else(|| panic!("no {piece:?} in\n{lines}"));
    assert!(at("INFO daemonizing the supervisord process") < at("INFO set current directory: "), "{lines}");
    assert!(
        at("INFO set current directory: ") < at(&format!("INFO supervisord started with pid {pid}\n")),
        "{lines}"
    );
    assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).expect("it runs"), dir.join("sub"));
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields follow the name").split(' ').collect();
    assert_eq!(fields[3], pid.to_string(), "it leads its session");
    for fd in 0..3 {
        assert_eq!(
            fs::read_link(format!("/proc/{pid}/fd/{fd}")).expect("it is open").to_str(),
            Some("/dev/null")
        );
    }
    let ctl = run(
        Command::new(program("supervisorctl")).arg("-c").arg(dir.join("supervisord.conf")).arg("shutdown"),
        "",
    );
    ctl.is("Shut down\n", 0);
    until("the end of the daemon", || (!alive(pid)).then_some(()));
    assert!(!dir.join("supervisord.pid").exists() && !dir.join("s.sock").exists());
    assert_no_process(&dir);
}

#[test]
fn a_second_instance_is_refused_and_harms_nothing() {
    let port = free_port();
    let text = format!(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n[inet_http_server]\nport=127.0.0.1:{port}\n"
    );
    let herd = Herd::start(&text);
    herd.wait("success: cat");
    let second = || {
        let mut command = Command::new(program("supervisord"));
        run(command.args(["-n", "-c"]).arg(herd.path("supervisord.conf")).env(MARK, herd.dir()), "")
    };
    let said = second();
    assert!(said.stderr.starts_with("Error: Another program is already listening on a port that one of our HTTP servers is configured to use.  Shut this program down first before starting supervisord.\nFor help, use ") && said.code == 2, "{said:?}");
    herd.configure(&[], "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    let said = second();
    assert!(
        said.stderr.starts_with("Error: Another program is already listening on a port") && said.code == 2,
        "{said:?}"
    );
    assert_eq!(herd.wait_file("supervisord.pid", "\n"), format!("{}\n", herd.daemon()));
    herd.ctl("status cat").has("RUNNING", 0);
    herd.end();
}

#[test]
fn a_socket_that_nobody_listens_on_is_taken_over() {
    let plan = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    drop(UnixListener::bind(plan.dir().join("s.sock")).expect("the directory is ours"));
    assert!(plan.dir().join("s.sock").exists());
    let herd = plan.start();
    herd.ctl("pid").is(&format!("{}\n", herd.daemon()), 0);
    herd.end();
}

#[test]
fn the_socket_has_the_mode_that_is_configured() {
    use std::os::unix::fs::PermissionsExt;
    let mode =
        |herd: &Herd| fs::metadata(herd.path("s.sock")).expect("it is there").permissions().mode() & 0o777;
    let herd = Herd::start("");
    assert_eq!(mode(&herd), 0o700);
    herd.end();
    let herd = Herd::start("[unix_http_server]\nchmod=0770\n");
    assert_eq!(mode(&herd), 0o770);
    herd.end();
}

#[test]
fn a_killed_daemon_is_followed_by_another_that_starts_everything() {
    let mut herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let cat = herd.spawned("cat");
    herd.signal("KILL");
    herd.wait_end();
    // Its standard input ends with the daemon, and so does cat.
    until("the end of the orphan", || (!alive(cat)).then_some(()));
    assert!(herd.path("s.sock").exists() && herd.path("supervisord.pid").exists());
    let mut command = Command::new(program("supervisord"));
    command.arg("-c").arg(herd.path("supervisord.conf")).env(MARK, herd.dir());
    run(&mut command, "").is("", 0);
    herd.wait_status("cat", "RUNNING");
    herd.ctl("shutdown").is("Shut down\n", 0);
    let pid = herd.path("supervisord.pid");
    until("the end of the pid file", || (!pid.exists()).then_some(()));
    assert_no_process(herd.dir());
    signal(cat, "KILL");
}

#[test]
fn the_sample_configuration_is_one_to_begin_with() {
    let said = run(&mut Command::new(program("echo_supervisord_conf")), "");
    said.has("Sample supervisor config file", 0);
    for section in [
        "[unix_http_server]",
        "[supervisord]",
        "[supervisorctl]",
        "[rpcinterface:supervisor]",
        ";[program:",
    ] {
        said.has(&format!("\n{section}"), 0);
    }
    let plan = Herd::of("");
    let text = said.stdout.replace("/tmp/", &format!("{}/", plan.dir().display()));
    let plan = plan.file("sample.conf", &text);
    let mut command = Command::new(program("supervisord"));
    command.arg("-c").arg(plan.dir().join("sample.conf")).env(MARK, plan.dir()).current_dir(plan.dir());
    let said = run(&mut command, "");
    assert_eq!(said.code, 0, "{said:?}");
    until("the socket", || plan.dir().join("supervisor.sock").exists().then_some(()));
    let mut ctl = Command::new(program("supervisorctl"));
    ctl.arg("-c").arg(plan.dir().join("sample.conf"));
    run(ctl.arg("status"), "").is("", 0);
    let mut ctl = Command::new(program("supervisorctl"));
    run(ctl.arg("-c").arg(plan.dir().join("sample.conf")).arg("shutdown"), "").is("Shut down\n", 0);
    until("the end of the socket", || (!plan.dir().join("supervisor.sock").exists()).then_some(()));
    assert_no_process(plan.dir());
}

#[test]
fn pidproxy_runs_a_command_and_passes_signals_on() {
    let plan = Herd::of("");
    let pidproxy = program("pidproxy");
    let proxy = |words: &[&str]| run(Command::new(&pidproxy).args(words).current_dir(plan.dir()), "");
    assert_eq!(proxy(&[]).code, 1);
    proxy(&["none.pid", "/bin/echo", "1", "2"]).is("1 2\n", 0);
    proxy(&["none.pid", "/bin/echo"]).is("\n", 0);
}
