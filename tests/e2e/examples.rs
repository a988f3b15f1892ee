//! The examples do what their comments say.
//!
//! The set-up of `examples/guide` needs gunicorn and redis: `tests/guide/run` drives that one.

use crate::harness::{Herd, free_port, names, program, run, until};
use std::process::Command;

#[test]
fn the_quickstart_shows_a_restart_a_group_and_a_rolled_log() {
    let port = free_port();
    let text = include_str!("../../examples/quickstart.conf")
        .replace("127.0.0.1:9001", &format!("127.0.0.1:{port}"));
    let mut herd = Herd::exactly(&text).file("var/.gitignore", "").start();
    herd.wait_anywhere("success: crasher entered RUNNING state");
    herd.wait_anywhere("success: pong entered RUNNING state");
    let first = herd.spawned("crasher");
    let expected =
        ["chatty RUNNING", "crasher RUNNING", "pair:ping RUNNING", "pair:pong RUNNING", "spare STOPPED"];
    // between two of its crashes
    let said = until("all are up", || {
        let said = herd.ctl("status");
        let columns = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        said.stdout.lines().map(columns).eq(expected).then_some(said)
    });
    assert_eq!(said.code, 3);
    let url = format!("http://127.0.0.1:{port}");
    let tcp = |password: &str| {
        let mut command = Command::new(program("supervisorctl"));
        command.arg("-c").arg(herd.path("supervisord.conf")).args(["-s", &url, "-p", password, "pid"]);
        run(&mut command, "")
    };
    tcp("quickstart").is(&format!("{}\n", herd.daemon()), 0);
    assert_eq!(tcp("wrong").code, 1);
    herd.wait("WARN exited: crasher (exit status 1; not expected)");
    herd.wait("spawned: 'crasher' with pid ");
    assert_ne!(herd.spawned("crasher"), first);
    let restart = herd.ctl("restart pair:*");
    assert_eq!(
        (restart.stdout.matches(": stopped\n").count(), restart.stdout.matches(": started\n").count()),
        (2, 2)
    );
    herd.wait_file("var/crasher.log", "has had enough\n");
    herd.wait_file("var/chatty.log.2", "line 1 of something");
    herd.wait_file("var/pong.log", "pong to ping\n");
    let var = herd.path("var");
    assert!(names(&var).contains(&"quickstart.sock".to_owned()));
    herd.signal("INT");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_nothing_left();
    let left: Vec<String> = names(&var).into_iter().filter(|name| !name.contains(".log")).collect();
    assert_eq!(left, [".gitignore"]);
}
