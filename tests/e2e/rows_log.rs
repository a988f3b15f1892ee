//! Logs, beyond what `logs` and `logs_rotation` show: levels, when files are opened, AUTO files over their life, control
//! sequences, the system's log.

use crate::harness::{DEADLINE, Herd, MARK, names, program, reference, root, signal, until};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::{Command, Stdio};

/// One plain request over the socket, so that there is something to tell at the lowest levels.
fn visit(herd: &Herd) {
    let mut stream = UnixStream::connect(herd.path("s.sock")).expect("the daemon serves");
    stream.write_all(b"GET /ok.html HTTP/1.0\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
}

#[test]
fn a_level_shows_itself_and_what_is_above_it() {
    let levels = ["critical", "error", "warn", "info", "debug", "trace", "blather"];
    let codes = ["CRIT", "ERRO", "WARN", "INFO", "DEBG", "TRAC", "BLAT"];
    for (number, level) in levels.iter().enumerate() {
        let plan =
            Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n").argument(&format!("-e{level}"));
        let mut child = plan.command(&["-n"]).stdout(Stdio::null()).spawn().expect("it can be started");
        until("the pid file", || plan.dir().join("supervisord.pid").exists().then_some(()));
        let ctl = |words: &[&str]| {
            let mut command = Command::new(program("supervisorctl"));
            crate::harness::run(command.arg("-c").arg(plan.dir().join("supervisord.conf")).args(words), "")
        };
        until("the program", || ctl(&["status", "cat"]).stdout.contains("RUNNING").then_some(()));
        ctl(&["stop", "cat"]).is("cat: stopped\n", 0);
        signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
        assert_eq!(child.wait().expect("it is ours").code(), Some(0));
        let text = fs::read_to_string(plan.dir().join("supervisord.log")).expect("it is there");
        let code = |line: &str| line.get(24..28).filter(|_| line.starts_with("20")).map(str::to_owned);
        let found: BTreeSet<String> = text.lines().filter_map(code).collect();
        let allowed = &codes[..=number];
        assert!(found.iter().all(|code| allowed.contains(&code.as_str())), "{level}: {found:?}");
        // Every level but these two has something to say of such a life.
        for code in allowed.iter().filter(|code| !["ERRO", "BLAT"].contains(code)) {
            assert!(
                found.contains(*code) || (*code == "CRIT" && !root()),
                "{level} without {code}: {text}"
            );
        }
    }
}

#[test]
fn at_the_trace_level_requests_are_told() {
    let herd = Herd::of("").argument("-etrace").start();
    visit(&herd);
    // The reference calls every process of this machine `localhost:0`; the kernel knows more.
    let piece = if reference() { "] \"GET /ok.html HTTP/1.0\" " } else { " - \"GET /ok.html\" " };
    let line = herd.wait(piece);
    let (_, rest) = line.split_at(24);
    assert!(rest.starts_with("TRAC "), "{line}");
    if !reference() {
        assert!(rest.starts_with(&format!("TRAC pid {}, uid ", std::process::id())), "{line}");
        herd.ctl("version").is("4.3.0\n", 0);
        herd.wait(" called supervisor.getSupervisorVersion");
    }
    herd.end();
}

#[test]
fn logs_are_opened_when_a_process_is_made_and_go_on_where_they_were() {
    let herd = Herd::of(
        "[program:say]\ncommand=/bin/sh -c 'echo new; exec cat'\nstartsecs=0\nautostart=false\nstdout_logfile={dir}/say.log\n",
    )
    .start();
    assert!(!herd.path("say.log").exists(), "a file by name is made for a process, not for a program");
    fs::write(herd.path("say.log"), "old\n").expect("the directory is ours");
    herd.ctl("start say").is("say: started\n", 0);
    assert_eq!(herd.wait_file("say.log", "new\n"), "old\nnew\n");
    herd.ctl("stop say").is("say: stopped\n", 0);
    fs::remove_file(herd.path("say.log")).expect("it is there");
    herd.ctl("start say").is("say: started\n", 0);
    assert_eq!(herd.wait_file("say.log", "\n"), "new\n");
    let link = |entry: fs::DirEntry| fs::read_link(entry.path()).ok();
    let is_open = || {
        let open = fs::read_dir(format!("/proc/{}/fd", herd.daemon())).expect("it runs");
        open.flatten().filter_map(link).any(|target| target == herd.path("say.log"))
    };
    assert!(is_open());
    herd.ctl("stop say").is("say: stopped\n", 0);
    until("the log closed", || (!is_open()).then_some(()));
    herd.end();
}

#[test]
fn automatic_logs_come_with_a_group_and_stay_when_it_goes() {
    let herd = Herd::of("[program:one]\ncommand=/bin/cat\nautostart=false\n")
        .setting("nocleanup=true")
        .file("old-stdout---supervisor-abcdefgh.log", "kept\n");
    let herd = herd.start();
    let logs = |prefix: &str| {
        let mut names = names(herd.dir());
        names.retain(|name| name.starts_with(prefix));
        names
    };
    assert_eq!(logs("old-stdout---supervisor-"), ["old-stdout---supervisor-abcdefgh.log"]);
    assert_eq!((logs("one-stdout---supervisor-").len(), logs("one-stderr---supervisor-").len()), (1, 1));
    herd.configure(
        &[],
        "[program:one]\ncommand=/bin/cat\nautostart=false\n\
         [program:two]\ncommand=/bin/cat\nautostart=false\nstderr_logfile=NONE\nstdout_logfile=AUTO\n",
    );
    herd.ctl("update").is("two: added process group\n", 0);
    let two = logs("two-stdout---supervisor-");
    assert_eq!((two.len(), logs("two-stderr").len()), (1, 0));
    let mode = fs::metadata(herd.path(&two[0])).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    herd.ctl("remove two").is("two: removed process group\n", 0);
    assert_eq!(logs("two-stdout---supervisor-"), two);
    let dir = herd.dir().to_path_buf();
    herd.signal("TERM");
    until("the end", || (!dir.join("s.sock").exists()).then_some(()));
    assert_eq!(logs("two-stdout---supervisor-"), two);
}

#[test]
fn what_cannot_be_cleaned_up_is_told_and_left() {
    let herd = Herd::of("")
        .file("x-stdout---supervisor-abcdefgh.log/inside", "")
        .file("x-stdout---supervisor-stuvwxyz.log.3", "rolled\n")
        .start();
    let stuck = herd.path("x-stdout---supervisor-abcdefgh.log").display().to_string();
    herd.wait_anywhere(&format!("WARN Failed to clean up '{stuck}'"));
    assert!(herd.path("x-stdout---supervisor-abcdefgh.log/inside").exists());
    assert!(!herd.path("x-stdout---supervisor-stuvwxyz.log.3").exists());
    herd.end();
    if !root() {
        return;
    }
    let plan = Herd::of("").setting("user=nobody\nchildlogdir={dir}/closed").file("closed/there", "");
    fs::set_permissions(plan.dir().join("closed"), fs::Permissions::from_mode(0o711)).expect("it is ours");
    chown(plan.dir(), Some(65534), Some(65534)).expect("we are root");
    let herd = plan.start();
    herd.wait_anywhere("WARN Could not clear childlog dir");
    herd.end();
}

#[test]
fn control_sequences_go_and_everything_else_stays() {
    let herd = Herd::of(
        "[program:paint]\ncommand=/bin/cat {dir}/painted\nstartsecs=0\nautorestart=false\nstdout_logfile={dir}/paint.log\n",
    )
    .setting("strip_ansi=true")
    .file("painted", "a \u{1b}[31m red \u{1b}[0m b\n\u{1b}[2J\u{1b}[1;1Hx\u{1b}]0;title\u{7}y\u{1b}[Kz\n")
    .start();
    assert_eq!(herd.wait_file("paint.log", "z\n"), "a  red  b\nx\u{1b}]0;title\u{7}yz\n");
    herd.wait_anywhere("DEBG 'paint' stdout output:");
    herd.wait_anywhere("a  red  b");
    herd.end();
}

/// A daemon in a namespace of its own, in which `/dev/log` is ours; and that socket.
#[track_caller]
fn with_syslog(settings: &str, text: &str) -> (crate::harness::Plan, std::process::Child, UnixDatagram) {
    let plan = Herd::of(text).setting(settings).file("dev/there", "");
    let log = UnixDatagram::bind(plan.dir().join("dev/log")).expect("the directory is ours");
    log.set_read_timeout(Some(DEADLINE)).expect("a socket has time-outs");
    let daemon = plan.command(&["-n"]);
    // A /dev that holds what a daemon needs, and the socket.
    let script = "d=$1/dev; shift; for f in null zero urandom random; do : > $d/$f; mount --bind /dev/$f $d/$f; done; \
                  ln -s /proc/self/fd/1 $d/stdout; mount --rbind $d /dev; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "/bin/sh", "-c", script, "sh"]).arg(plan.dir());
    command.arg(daemon.get_program()).args(daemon.get_args());
    command.current_dir(plan.dir()).env(MARK, plan.dir()).stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.spawn().expect("unshare is there");
    until("the pid file", || plan.dir().join("supervisord.pid").exists().then_some(()));
    (plan, child, log)
}

fn datagram(log: &UnixDatagram) -> String {
    let mut buffer = vec![0; 65536];
    let size = log.recv(&mut buffer).expect("a datagram comes");
    String::from_utf8_lossy(&buffer[..size]).trim_end_matches('\0').to_owned()
}

#[test]
fn lines_of_a_program_go_to_the_systems_log_by_name() {
    if !root() {
        return;
    }
    let (plan, mut child, log) = with_syslog(
        "",
        "[program:sys]\ncommand=/bin/sh -c 'printf \"one\\\\n\\\\nthree\\\\n\"; exec cat'\nstartsecs=0\nstdout_syslog=true\n\
         stdout_logfile={dir}/sys.log\n",
    );
    for text in ["one", "", "three"] {
        let line = datagram(&log);
        let rest = line.strip_prefix("<14>").unwrap_or_else(|| panic!("{line:?}"));
        // The reference's library leaves the time to the system's log on some versions.
        assert!(
            rest.ends_with(&format!("supervisord: sys {text}")) || rest.ends_with(&format!(": sys {text}")),
            "{line:?}"
        );
    }
    assert_eq!(fs::read_to_string(plan.dir().join("sys.log")).expect("it is there"), "one\n\nthree\n");
    signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
    assert_eq!(child.wait().expect("it is ours").code(), Some(0));
}

#[test]
fn the_main_log_may_be_the_systems() {
    if !root() {
        return;
    }
    let (plan, mut child, log) = with_syslog("logfile=syslog", "");
    let line = loop {
        let line = datagram(&log);
        if line.contains("supervisord started with pid") {
            break line;
        }
    };
    let (_, record) = line.split_once("supervisord: ").unwrap_or_else(|| panic!("{line:?}"));
    assert!(line.starts_with("<14>") && record.get(23..29) == Some(" INFO "), "{line:?}");
    let mut ctl = Command::new(program("supervisorctl"));
    ctl.arg("-c").arg(plan.dir().join("supervisord.conf")).arg("maintail");
    crate::harness::run(&mut ctl, "").is("supervisord: ERROR (no log file)\n", 1);
    signal(i32::try_from(child.id()).expect("a pid fits"), "USR2");
    loop {
        if datagram(&log).contains("received SIGUSR2") {
            break;
        }
    }
    signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
    assert_eq!(child.wait().expect("it is ours").code(), Some(0));
}
