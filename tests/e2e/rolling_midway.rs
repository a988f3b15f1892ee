//! What comes between while a rolling restart is under way: Ctrl-C, a client that dies, a second restart, a stop, an
//! update, the end of the daemon.
//!
//! ```text
//!   web:0 is restarted ── web:1 is told to, and does not get ready: `hold_1` is there ── web:2 waits for its turn
//! ```

use crate::harness::{Herd, MARK, program, reference, signal, until};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Three that are ready once there is no `hold_N`.
const WEB: &str = "[program:web]\nnumprocs=3\nprocess_name=%(process_num)d\nstartsecs=0\ncommand=/bin/cat\n\
    ready=exec:test ! -e {dir}/hold_%(process_num)d\nready_interval=100ms\n";

/// A rolling restart of them in which the second one is under way.
struct Midway {
    herd: Herd,
    /// Their pids before.
    before: Vec<i32>,
    ctl: Child,
    out: BufReader<ChildStdout>,
}

/// How `supervisorctl` ended.
#[derive(Debug)]
struct End {
    /// What it printed after the first line.
    rest: String,
    errors: String,
    code: Option<i32>,
}

impl Midway {
    fn begin(more: &str) -> Self {
        let herd = Herd::start(&format!("{WEB}{more}"));
        herd.ctl("wait web:* --for ready");
        herd.put("hold_1", "");
        let before = pids(&herd);
        let mut ctl = Command::new(program("supervisorctl"));
        ctl.arg("-c").arg(herd.path("supervisord.conf")).args(["restart", "--rolling", "web:*"]);
        ctl.env(MARK, herd.dir()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut ctl = ctl.spawn().expect("supervisorctl can be started");
        let mut out = BufReader::new(ctl.stdout.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line comes");
        assert_eq!(line, "web:0: restarted\n");
        until("the next is under way", || {
            let pid = herd.ctl("pid web:1").stdout.trim().parse::<i32>().expect("a pid or 0");
            (pid != 0 && pid != before[1]).then_some(())
        });
        Self { herd, before, ctl, out }
    }

    fn let_go(&self) {
        std::fs::remove_file(self.herd.path("hold_1")).expect("it is there");
    }

    /// The end of `supervisorctl`, and what it left.
    fn end(mut self) -> (Herd, Vec<i32>, End) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("it writes text");
        let end = self.ctl.wait_with_output().expect("it ends");
        let errors = String::from_utf8_lossy(&end.stderr).into_owned();
        (self.herd, self.before, End { rest, errors, code: end.status.code() })
    }
}

fn pids(herd: &Herd) -> Vec<i32> {
    ["web:0", "web:1", "web:2"].map(|name| herd.pid(name)).to_vec()
}

#[test]
fn ctrl_c_ends_it_after_those_that_are_under_way() {
    if reference() {
        return;
    }
    let midway = Midway::begin("");
    signal(i32::try_from(midway.ctl.id()).expect("a pid"), "INT");
    let (herd, before, end) = midway.end();
    assert_eq!(
        (end.errors.as_str(), end.code),
        (
            "supervisorctl: the rolling restart ends here: what is under way comes back, nothing more is restarted\n\
             supervisorctl: under way: web:1\nsupervisorctl: not touched: web:2\n\
             supervisorctl: to go on: supervisorctl restart --rolling web:2\n",
            Some(1)
        ),
        "{end:?}"
    );
    std::fs::remove_file(herd.path("hold_1")).expect("it is there");
    herd.wait(
        "rolling restart ended: whoever asked for the restart has gone; 2 restarted, 0 failed, 1 left",
    );
    assert_eq!(herd.pid("web:2"), before[2]);
    herd.ctl("wait web:* --for ready").is("web:0: ready\nweb:1: ready\nweb:2: ready\n", 0);
    herd.ctl("restart --rolling web:2").is("web:2: restarted\n", 0);
    herd.end();
}

#[test]
fn a_client_that_dies_ends_it_in_the_same_way() {
    if reference() {
        return;
    }
    let midway = Midway::begin("");
    signal(i32::try_from(midway.ctl.id()).expect("a pid"), "KILL");
    midway.let_go();
    let (herd, before, end) = midway.end();
    assert_eq!((end.rest.as_str(), end.code), ("", None));
    herd.wait(
        "rolling restart ended: whoever asked for the restart has gone; 2 restarted, 0 failed, 1 left",
    );
    assert_eq!(herd.pid("web:2"), before[2]);
    // and it holds nobody up
    assert_eq!(herd.ctl("restart --rolling web:*").code, 0);
    herd.end();
}

#[test]
fn a_second_one_is_refused_and_the_first_one_goes_on() {
    if reference() {
        return;
    }
    let midway = Midway::begin("[program:other]\ncommand=/bin/cat\nstartsecs=0\n");
    let refused = midway.herd.ctl("restart --rolling web:2 other");
    let (begin, by) =
        ("web:2 other: ERROR (web:2 is part of a rolling restart", "(process.roll over JSON-RPC by ");
    assert!(
        refused.stdout.starts_with(begin) && refused.stdout.contains(by) && refused.code == 1,
        "{refused:?}"
    );
    midway.herd.ctl("restart --rolling other").is("other: restarted\n", 0);
    midway.let_go();
    let (herd, before, end) = midway.end();
    assert_eq!(
        (end.rest.as_str(), end.errors.as_str(), end.code),
        ("web:1: restarted\nweb:2: restarted\n", "", Some(0))
    );
    assert!(pids(&herd).iter().zip(&before).all(|(now, before)| now != before));
    herd.end();
}

#[test]
fn a_stop_of_the_group_wins() {
    if reference() {
        return;
    }
    let midway = Midway::begin("");
    assert_eq!(midway.herd.ctl("stop web:*").code, 0);
    let (herd, _, end) = midway.end();
    let stopped = "web:1: ERROR (not ready: it was stopped meanwhile)\n";
    // by what is seen first
    let others = [
        "web:2: left out (stopped meanwhile)\n",
        "web:2: ERROR (not restarted: aborted after web:1 failed)\n",
    ];
    let lines = end.rest.replacen(stopped, "", 1);
    assert!(others.contains(&lines.as_str()) && end.rest != lines && end.code == Some(1), "{end:?}");
    assert!(end.errors.starts_with("web:1 is STOPP"), "{end:?}");
    for name in ["web:0", "web:1", "web:2"] {
        herd.wait_status(name, "STOPPED");
    }
    assert_eq!(herd.count("spawned: '2'"), 1, "nothing started it again");
    herd.end();
}

#[test]
fn one_that_is_stopped_before_its_turn_stays_so() {
    if reference() {
        return;
    }
    let midway = Midway::begin("");
    midway.herd.ctl("stop web:2").is("web:2: stopped\n", 0);
    midway.let_go();
    let (herd, _, end) = midway.end();
    let rest = "web:2: left out (stopped meanwhile)\nweb:1: restarted\n";
    assert_eq!((end.rest.as_str(), end.errors.as_str(), end.code), (rest, "", Some(0)));
    herd.ctl("status web:2").has("STOPPED", 3);
    herd.end();
}

#[test]
fn a_reread_and_an_update_by_process_do_not_disturb_it() {
    if reference() {
        return;
    }
    let midway = Midway::begin("");
    let changed = format!("{WEB}stopwaitsecs=7\n");
    midway.herd.configure(&[], &changed);
    midway.herd.ctl("reread").is("web: changed\n", 0);
    midway.herd.ctl("update --per-process").has("web: updated process group\n", 0);
    midway.let_go();
    let (herd, before, end) = midway.end();
    assert_eq!((end.rest.as_str(), end.code), ("web:1: restarted\nweb:2: restarted\n", Some(0)), "{end:?}");
    assert!(pids(&herd).iter().zip(&before).all(|(now, before)| now != before));
    herd.end();
}

#[test]
fn an_update_that_replaces_the_group_while_one_is_under_way_is_a_stop() {
    if reference() {
        return;
    }
    let midway = Midway::begin("");
    midway.herd.configure(&[], &format!("{WEB}stopwaitsecs=7\n"));
    midway.herd.ctl("update").has("web: updated process group\n", 0);
    let (herd, _, end) = midway.end();
    assert!(end.rest.contains("web:1: ERROR (not ready: it was ") && end.code == Some(1), "{end:?}");
    std::fs::remove_file(herd.path("hold_1")).expect("it is there");
    herd.ctl("wait web:* --for ready").is("web:0: ready\nweb:1: ready\nweb:2: ready\n", 0);
    assert_eq!(herd.count("spawned: '2'"), 2, "by the update alone");
    herd.end();
}

#[test]
fn an_update_that_replaces_the_group_in_the_pause_leaves_nothing_to_do() {
    if reference() {
        return;
    }
    let herd = Herd::start(WEB);
    herd.ctl("wait web:* --for ready");
    let mut ctl = herd.ctl_command();
    let ctl = ctl.args(["restart", "--rolling", "--pause", "10m", "web:*"]).stdout(Stdio::piped());
    let mut ctl = ctl.spawn().expect("supervisorctl can be started");
    let mut out = BufReader::new(ctl.stdout.take().expect("it is piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line comes");
    assert_eq!(line, "web:0: restarted\n");
    herd.configure(&[], &format!("{WEB}stopwaitsecs=7\n"));
    herd.ctl("update").has("web: updated process group\n", 0);
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("it writes text");
    let lines: Vec<&str> = rest.lines().collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.contains(": left out (")), "{rest}");
    assert_eq!(ctl.wait().expect("it ends").code(), Some(0));
    herd.wait("rolling restart ended; 1 restarted, 0 failed, 0 left as they were");
    herd.end();
}

#[test]
fn the_end_of_the_daemon_ends_it_and_is_told() {
    if reference() {
        return;
    }
    let mut midway = Midway::begin("");
    midway.herd.signal("TERM");
    assert_eq!(midway.herd.wait_end().code(), Some(0));
    let (herd, _, end) = midway.end();
    let rest = "web:1: ERROR (not ready: the daemon is stopping)\n\
                web:2: ERROR (not restarted: the daemon is stopping)\n";
    assert_eq!((end.rest.as_str(), end.code), (rest, Some(1)), "{end:?}");
    herd.assert_nothing_left();
}

#[test]
fn a_daemon_that_dies_is_told() {
    if reference() {
        return;
    }
    let mut midway = Midway::begin("");
    midway.herd.signal("KILL");
    midway.herd.wait_end();
    let (_, _, end) = midway.end();
    let last = "supervisorctl: the connection to the daemon is lost; without it nothing more is restarted\n\
                supervisorctl: under way: web:1\nsupervisorctl: not touched: web:2\n\
                supervisorctl: to go on: supervisorctl restart --rolling web:2\n";
    assert!(end.errors.ends_with(last) && end.code == Some(1), "{end:?}");
}
