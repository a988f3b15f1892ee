//! `restart --rolling`: what is printed while it goes on, how it ends, and by whom.
//!
//! Ours alone: the reference restarts everything at once.

use crate::harness::{Herd, program, reference, signal, until};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Three that take a second to be RUNNING; `fail_N` makes the next life of number N end at once.
const WEB: &str = "[program:web]\nnumprocs=3\nprocess_name=%(process_num)d\nstartretries=0\nautorestart=false\n\
    command=/bin/sh -c 'test -e {dir}/fail_%(process_num)d && exit 3; exec /bin/cat'\n";

fn pids(herd: &Herd) -> Vec<i32> {
    ["web:0", "web:1", "web:2"].map(|name| herd.pid(name)).to_vec()
}

fn started(more: &str) -> Herd {
    let herd = Herd::start(&format!("{WEB}{more}\n"));
    herd.ctl("wait all");
    herd
}

/// `supervisorctl restart --rolling` in the background.
fn begin(herd: &Herd, words: &[&str]) -> Child {
    let mut command = Command::new(program("supervisorctl"));
    command.args(["-c", &herd.path("supervisord.conf").display().to_string(), "restart", "--rolling"]);
    command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("supervisorctl is there")
}

#[test]
fn each_is_told_as_it_comes_back_and_the_first_failure_ends_it() {
    if reference() {
        return;
    }
    let herd = started("");
    let before = pids(&herd);
    herd.ctl("restart --rolling web:*").is("web:0: restarted\nweb:1: restarted\nweb:2: restarted\n", 0);
    let after = pids(&herd);
    assert!(before.iter().zip(&after).all(|(old, new)| old != new), "{before:?} {after:?}");
    herd.put("fail_1", "");
    herd.ctl("restart --rolling web:*").is(
        "web:0: restarted\nweb:1: ERROR (spawn error)\nweb:2: ERROR (not restarted: aborted after web:1 failed)\n",
        1,
    );
    assert_eq!(herd.pid("web:2"), after[2]);
    herd.end();
}

#[test]
fn keys_say_how_and_options_are_over_them() {
    if reference() {
        return;
    }
    let herd = started("rolling_batch=3\nrolling_pause=10m\nrolling_abort_on=2");
    // one batch: there is nothing to pause before
    assert_eq!(herd.ctl("restart --rolling web:*").code, 0);
    herd.wait("rolling restart of 3 processes: 3 at a time, pause 10m, aborted after 2 failed");
    herd.put("fail_0", "");
    let said = herd.ctl("restart --rolling --batch 1 --pause 0 --abort-on 1 web:*");
    assert!(said.stdout.starts_with("web:0: ERROR (spawn error)\n"), "{said:?}");
    herd.wait("rolling restart of 3 processes: 1 at a time, pause 0s, aborted after 1 failed");
    herd.end();
}

#[test]
fn ctrl_c_ends_it_after_those_that_are_under_way() {
    if reference() {
        return;
    }
    // long enough for it to be seen and ended while the next is under way
    let herd = started("startsecs=6");
    let before = pids(&herd);
    let mut ctl = begin(&herd, &["web:*"]);
    let mut out = BufReader::new(ctl.stdout.take().expect("it is piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line comes");
    assert_eq!(line, "web:0: restarted\n");
    until("the next is under way", || {
        let pid = herd.ctl("pid web:1").stdout.trim().parse::<i32>().expect("a pid or 0");
        (pid != 0 && pid != before[1]).then_some(())
    });
    signal(i32::try_from(ctl.id()).expect("a pid"), "INT");
    let end = ctl.wait_with_output().expect("it ends");
    assert_eq!(end.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&end.stderr).contains("nothing more is restarted"), "{end:?}");
    herd.wait(
        "rolling restart ended: whoever asked for the restart has gone; 2 restarted, 0 failed, 1 left",
    );
    assert_eq!(herd.pid("web:2"), before[2]);
    herd.ctl("wait web:*").is("web:0: running\nweb:1: running\nweb:2: running\n", 0);
    herd.end();
}

#[test]
fn words_that_make_no_sense_restart_nothing() {
    if reference() {
        return;
    }
    let herd = started("");
    let before = pids(&herd);
    for (line, code, told) in [
        ("restart --rolling", 1, "Error: restart requires a process name\n"),
        ("restart --rolling nope", 1, "nope: ERROR (no such process or group: "),
        ("restart --rolling --batch 0 web:*", 2, "Error: invalid value for --batch '0': write"),
        ("restart --batch 2 web:*", 2, "Error: invalid value for --batch '2': it belongs"),
        ("restart --rolling --pause soon web:*", 2, "Error: invalid value for --pause 'soon': write"),
    ] {
        let said = herd.ctl(line);
        assert!(said.code == code && said.stdout.starts_with(told), "{line}: {said:?}");
    }
    assert_eq!(pids(&herd), before);
    herd.end();
}
