//! Actors that fail again and again: each level gives up in its turn, and no process is touched.

use crate::herd::{Herd, with};
use serde_json::json;
use treeherd_actors::{clock, root};
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

const PROGRAMS: &str = "[program:web]\ncommand=/bin/cat\nautorestart=true\nstartsecs=0\n\
    stdout_logfile=%(here)s/web.log\nstderr_logfile=NONE\n\
    [program:bystander]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
const GROUP: &str = "root/group:web";
const PROGRAM: &str = "root/group:web/program:web";
const ROTATOR: &str = "root/group:web/program:web/rotator:stdout";

/// How often programs, groups and the root have given up.
fn gave_up(herd: &Herd) -> [usize; 3] {
    let count = |what| herd.logged(what);
    [
        count("its program's actor gives up"),
        count("its group's actor gives up"),
        count("the root is rebuilt"),
    ]
}

/// Crashes an actor so often; processes are the same ever after, and still driven.
async fn crashes(herd: &Herd, path: &str, times: usize) {
    herd.state("bystander", ProcessState::Running).await;
    herd.state("web", ProcessState::Running).await;
    let before = herd.snapshot();
    for _ in 0..times {
        herd.crash(path, "panic").await;
        assert_eq!(herd.snapshot(), before);
    }
}

async fn is_driven(herd: &Herd) {
    let sent = herd.call("supervisor.sendProcessStdin", json!(["web", "still here\n"])).await;
    assert_eq!(sent, Ok(json!(true)));
    herd.until("written", || herd.read("web.log") == "still here\n").await;
    let pid = herd.pid("web");
    herd.kill("web", Signal::KILL);
    herd.until("restarted", || ![0, pid].contains(&herd.pid("web"))).await;
}

#[test]
fn a_program_gives_up_at_the_sixth_end_of_a_rotator() {
    with(PROGRAMS, async |herd| {
        crashes(herd, ROTATOR, 5).await;
        assert_eq!(gave_up(herd), [0, 0, 0]);
        assert_eq!(herd.incarnations(ROTATOR).await, Some(vec![1, 1, 1, 6]));
        crashes(herd, ROTATOR, 1).await;
        assert_eq!(gave_up(herd), [1, 0, 0]);
        assert_eq!(herd.incarnations(ROTATOR).await, Some(vec![1, 1, 2, 1]));
        is_driven(herd).await;
    });
}

#[test]
fn a_group_gives_up_at_the_sixth_end_of_a_program() {
    with(PROGRAMS, async |herd| {
        crashes(herd, PROGRAM, 5).await;
        assert_eq!(gave_up(herd), [0, 0, 0]);
        crashes(herd, PROGRAM, 1).await;
        assert_eq!(gave_up(herd), [0, 1, 0]);
        assert_eq!(herd.incarnations(PROGRAM).await, Some(vec![1, 2, 1]));
        assert_eq!(herd.incarnations("root/group:bystander").await, Some(vec![1, 1]));
        is_driven(herd).await;
    });
}

#[test]
fn the_root_is_rebuilt_at_the_fourth_end_of_a_group() {
    with(PROGRAMS, async |herd| {
        crashes(herd, GROUP, 3).await;
        assert_eq!(gave_up(herd), [0, 0, 0]);
        crashes(herd, GROUP, 1).await;
        assert_eq!(gave_up(herd), [0, 0, 1]);
        assert_eq!(herd.incarnations(GROUP).await, Some(vec![2, 1]));
        is_driven(herd).await;
    });
}

#[test]
fn the_intensities_multiply_from_the_rotator_to_the_root() {
    with(PROGRAMS, async |herd| {
        let begun = clock::now();
        crashes(herd, ROTATOR, 6 * 6 * 4 - 1).await;
        if clock::now() - begun > root::INTENSITY.period / 2 {
            println!("skipped: the machine is too slow for so many crashes within the period");
            return;
        }
        assert_eq!(gave_up(herd), [23, 3, 0]);
        crashes(herd, ROTATOR, 1).await;
        assert_eq!(gave_up(herd), [24, 4, 1]);
        assert_eq!(herd.incarnations(ROTATOR).await, Some(vec![2, 1, 1, 1]));
        let chain = "actor root/group:web ended by an internal error (incident ";
        let lines = herd.lines();
        let last = lines.iter().rfind(|line| line.contains(chain)).unwrap();
        assert!(
            last.contains(
                "): program:web ended more than 5 times in 30s, the last time by: rotator:stdout ended more \
                 than 5 times in 10s, the last time by: injected fault; the root is rebuilt"
            ),
            "{last}"
        );
        is_driven(herd).await;
    });
}

#[test]
fn a_root_that_fails_too_often_is_rebuilt_after_a_pause() {
    with(PROGRAMS, async |herd| {
        crashes(herd, "root", 5).await;
        assert_eq!(herd.logged("rebuilt after a pause"), 0);
        let pid = herd.pid("web");
        herd.strike("root", "panic").await;
        herd.until("paused", || herd.logged("rebuilt after a pause") == 1).await;
        // nobody drives the process now: its end is found afterwards, and a call waits for the new root
        herd.kill("web", Signal::KILL);
        let answer = herd.call("supervisor.signalProcess", json!(["bystander", "CONT"])).await;
        assert_eq!(answer, Ok(json!(true)));
        herd.until("restarted", || ![0, pid].contains(&herd.pid("web"))).await;
        assert_eq!(herd.incarnations("root").await, Some(vec![7]));
        is_driven(herd).await;
    });
}
