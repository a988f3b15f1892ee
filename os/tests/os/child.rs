//! What a started program finds: descriptors, signals, group, directory, umask, user, environment.

use crate::support::{base, is_root, program, run, sh};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use treeherd_domain::exit::ExitStatus;
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::fd::set_cloexec;
use treeherd_os::spawn::{StderrTo, StdinFrom};
use treeherd_os::user;

#[test]
fn a_child_has_three_descriptors_and_no_more() {
    let leaked = std::fs::File::open("/dev/null").unwrap();
    set_cloexec(&leaked, false).unwrap();
    let ran = run(&sh("ls /proc/$$/fd; true"));
    assert_eq!(ran.stdout, "0\n1\n2\n");
}

#[test]
fn a_child_leads_its_own_group_in_our_session() {
    let ran = run(&sh("cat /proc/$$/stat; true"));
    let after_name: Vec<&str> = ran.stdout.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(after_name[2], ran.pid.to_string(), "the process group");
    let session = nix::unistd::getsid(None).unwrap();
    assert_eq!(after_name[3], session.to_string(), "the session");
}

/// A line of what `cat`, a program that changes none of its signals, sees of itself.
fn seen(line: &str) -> String {
    let ran = run(&program("/bin/cat", &["cat", "/proc/self/status"]));
    let line = ran.stdout.lines().find_map(|shown| shown.strip_prefix(line)).unwrap();
    line.trim_start_matches([':', '\t']).to_owned()
}

#[test]
fn a_child_has_default_signals_and_blocks_none() {
    for mask in ["SigBlk", "SigIgn", "SigCgt"] {
        assert_eq!(seen(mask), "0000000000000000", "{mask}");
    }
}

#[test]
fn a_child_of_a_blocked_thread_blocks_nothing() {
    let most = nix::sys::signal::SigSet::all();
    most.thread_block().unwrap();
    let blocked = seen("SigBlk");
    most.thread_unblock().unwrap();
    assert_eq!(blocked, "0000000000000000");
}

#[test]
fn a_child_runs_where_and_with_the_umask_that_is_asked_for() {
    let mut launch = sh("pwd; umask");
    launch.directory = Some("/usr".to_owned());
    launch.umask = Some(0o027);
    assert_eq!(run(&launch).stdout, "/usr\n0027\n");
}

#[test]
fn overrides_lie_over_the_base_and_the_last_one_wins() {
    let mut launch = program("/usr/bin/env", &["env"]);
    launch.environment = base(&[("A", "base"), ("B", "base"), ("A", "later")]);
    launch.overrides = [("B", "1"), ("NEW", "1"), ("B", "2"), ("NEW", "2=3"), ("EMPTY", "")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let mut lines: Vec<String> = run(&launch).stdout.lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["A=later", "B=2", "EMPTY=", "NEW=2=3", "PATH=/usr/bin:/bin"]);
}

#[test]
fn the_daemons_environment_is_passed_on_with_every_byte() {
    let own = BaseEnvironment::of_this_process();
    assert_eq!(own.len(), std::env::vars_os().count());
    let mut launch = program("/usr/bin/printenv", &["printenv", "ODD"]);
    let odd = std::os::unix::ffi::OsStringExt::from_vec(vec![b'x', 0xff, b'=']);
    launch.environment = Arc::new(BaseEnvironment::new([("ODD".into(), odd)]));
    assert_eq!(run(&launch).stdout, "x\u{fffd}=\n", "the odd byte, shown by the test's lossy reading");
}

#[test]
fn words_arrive_as_they_are() {
    let ran = run(&program("/usr/bin/printf", &["any name", "<%s>", "a b", "", "c\"d'"]));
    assert_eq!(ran.stdout, "<a b><><c\"d'>");
}

#[test]
fn redirected_stderr_shares_the_pipe_of_stdout() {
    let mut launch = sh("echo one; echo two >&2; echo three");
    launch.stderr = StderrTo::Stdout;
    let ran = run(&launch);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("one\ntwo\nthree\n", ""));
}

#[test]
fn standard_input_may_be_a_listening_socket() {
    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(directory.path().join("s")).unwrap();
    let mut launch = sh("readlink /proc/self/fd/0");
    launch.stdin = StdinFrom::Descriptor(Arc::new(OwnedFd::from(listener)));
    assert!(run(&launch).stdout.starts_with("socket:["));
}

#[test]
fn a_pipe_has_the_size_that_is_asked_for_or_says_why_not() {
    let mut launch = sh("exit 0");
    launch.pipe_size = Some(256 * 1024);
    let spawned = treeherd_os::spawn::spawn(&launch).unwrap();
    let size = nix::fcntl::fcntl(&spawned.stdout, nix::fcntl::FcntlArg::F_GETPIPE_SZ).unwrap();
    assert!(spawned.pipe_size_refused.is_some() || size == 256 * 1024, "{size}");
    assert!(spawned.stdout.as_raw_fd() > 2);
    launch.pipe_size = Some(u32::MAX);
    let refused = treeherd_os::spawn::spawn(&launch).unwrap();
    assert!(refused.pipe_size_refused.is_some());
    for process in [spawned.process, refused.process] {
        assert_eq!(crate::support::block_on(process.wait()).unwrap(), ExitStatus::Code(0));
    }
}

#[test]
fn a_child_becomes_its_user_with_all_groups_and_for_good() {
    if !is_root() {
        return;
    }
    let mut nobody = user::lookup("nobody").unwrap().unwrap();
    nobody.groups = vec![nobody.gid, 4, 5];
    let mut launch = sh("grep -E '^(Uid|Gid|Groups)' /proc/$$/status; true");
    launch.credentials = Some(nobody.clone());
    let (uid, gid) = (nobody.uid, nobody.gid);
    let shown: String = run(&launch).stdout.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        shown,
        format!("Uid: {uid} {uid} {uid} {uid} Gid: {gid} {gid} {gid} {gid} Groups: 4 5 {gid}"),
    );
}

#[test]
fn the_own_user_needs_no_change() {
    let own = user::by_uid(user::current_uid()).unwrap().unwrap();
    let mut launch = sh("id -u");
    launch.credentials = Some(own.clone());
    assert_eq!(run(&launch).stdout, format!("{}\n", own.uid));
}
