//! The daemon as the first process of a container: whom it reaps, what its signals do, and which code it ends with.
//!
//! ```text
//!   unshare --pid --fork --mount-proc ── ends as its child does
//!       └── supervisord, which is pid 1 in there
//! ```

use crate::harness::{Herd, MARK, Plan, reference, root, signal, until};
use std::fs;
use std::process::{Command, Stdio};

/// A daemon that is pid 1 of a namespace, and its pid out here.
struct First {
    herd: Herd,
    pid: i32,
}

impl First {
    fn start(plan: Plan) -> Self {
        let daemon = plan.command(&["-n"]);
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.arg(daemon.get_program()).args(daemon.get_args());
        command.current_dir(plan.dir()).env(MARK, plan.dir()).stdin(Stdio::null());
        let herd = plan.start_by(command);
        let unshare = herd.daemon();
        let children = fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children"));
        let children = children.expect("the kernel tells children");
        let pid = children.trim().parse().unwrap_or_else(|_| panic!("one child: {children:?}"));
        Self { herd, pid }
    }

    fn code(mut self) -> Option<i32> {
        let code = self.herd.wait_end().code();
        self.herd.assert_nothing_left();
        code
    }
}

/// The dead children of a process that nobody has reaped.
fn zombies(parent: i32) -> usize {
    let is_zombie = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let rest = stat.rsplit(") ").next().unwrap_or_default().to_owned();
        rest.starts_with(&format!("Z {parent} "))
    };
    let all = fs::read_dir("/proc").expect("it is mounted").flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_zombie).count()
}

#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn left_out() -> bool {
    let is_left_out = reference() || !root();
    if is_left_out {
        eprintln!("left out: only root can make a namespace of processes");
    }
    is_left_out
}

#[test]
fn orphans_of_its_programs_are_reaped() {
    if left_out() {
        return;
    }
    let first = First::start(Herd::of(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:parent]\ncommand=/bin/sh -c '(sleep 0.3; exit 7) & exit 0'\nstartsecs=0\nautorestart=false\n\
         [program:many]\nstartsecs=0\nautorestart=false\n\
         command=/bin/sh -c 'for i in 1 2 3 4 5 6 7 8 9; do setsid sh -c \"sleep 0.$i\" & done; exit 0'\n",
    ));
    let herd = &first.herd;
    herd.wait_file("supervisord.pid", "1\n");
    herd.ctl("pid").is("1\n", 0);
    let line = herd.wait_anywhere("reaped unknown pid ");
    assert!(line.contains("INFO reaped unknown pid "), "{line}");
    until("all orphans", || (herd.count("reaped unknown pid ") >= 10).then_some(()));
    herd.wait_anywhere("(exit status 7)");
    until("no zombie", || (zombies(first.pid) == 0).then_some(()));
    // a child of its own is still told from a stranger
    herd.ctl("signal KILL cat");
    herd.wait_anywhere("exited: cat (terminated by SIGKILL; not expected)");
    signal(first.pid, "TERM");
    assert_eq!(first.code(), Some(0));
}

#[test]
fn a_wish_for_the_end_reaches_its_programs_first() {
    if left_out() {
        return;
    }
    for wish in ["TERM", "INT", "QUIT"] {
        let first = First::start(Herd::of(
            "[program:web]\nstartsecs=0\nstdout_logfile={dir}/web.log\n\
             command=/bin/sh -c 'trap \"echo told; exit 0\" TERM; echo up; while :; do sleep 0.05; done'\n",
        ));
        first.herd.wait_file("web.log", "up\n");
        signal(first.pid, wish);
        first.herd.wait(&format!("received SIG{wish} indicating exit request"));
        first.herd.wait("stopped: web (exit status 0)");
        assert_eq!(fs::read_to_string(first.herd.path("web.log")).expect("it is there"), "up\ntold\n");
        assert_eq!(first.code(), Some(0), "{wish}");
    }
}

#[test]
fn a_restart_is_no_end() {
    if left_out() {
        return;
    }
    let first = First::start(Herd::of("[program:web]\ncommand=/bin/cat\nstartsecs=0\n"));
    first.herd.wait("success: web");
    signal(first.pid, "HUP");
    first.herd.wait("supervisord started with pid 1");
    first.herd.wait("success: web");
    first.herd.ctl("restart web").has("web: started", 0);
    signal(first.pid, "TERM");
    assert_eq!(first.code(), Some(0));
}

#[test]
fn it_ends_with_the_code_of_an_essential_program_or_of_the_one_that_is_named() {
    if left_out() {
        return;
    }
    let other = "[program:other]\ncommand=/bin/cat\nstartsecs=0\n";
    for (how, code) in [("exit 7", 7), ("exit 0", 0), ("kill -SEGV $$", 139)] {
        let web = format!(
            "[program:web]\nstartsecs=0\nautorestart=false\nessential=true\ncommand=/bin/sh -c 'sleep 0.2; {how}'\n"
        );
        let first = First::start(Herd::of(&format!("{web}{other}")));
        first.herd.wait("essential program web");
        assert_eq!(first.code(), Some(code), "{how}");
    }
    let web = "[program:web]\nstartsecs=0\nstdout_logfile={dir}/web.log\n\
               command=/bin/sh -c 'trap \"exit 5\" TERM; echo up; while :; do sleep 0.05; done'\n";
    let first = First::start(Herd::of(&format!("{web}{other}")).setting("exit_code_from=web"));
    first.herd.wait_file("web.log", "up\n");
    signal(first.pid, "TERM");
    assert_eq!(first.code(), Some(5));
}
