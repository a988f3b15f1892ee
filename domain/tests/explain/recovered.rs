//! Trouble in what a process requires: how it is told while it lasts, and once it is over.

use super::life::Life;
use super::{NOW_MS, after, asked, ended, expect, name, now, running, shows};
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::cause::{Cause, Change, Entry, History, Outside, Subject, Verdict};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Attempt, State};
use treeherd_domain::status::ProcessState::{Exited, Running, Starting, Stopped, Stopping};

fn up() -> Cause {
    Cause::Up(Duration::from_secs(1))
}

/// A process that needs `db`, and ended two seconds ago.
fn web() -> Subject {
    let mut web = Life::of("web");
    web.subject.requires = vec![name("db")];
    web.to(90_000, Starting, Cause::Autostart(None)).to(89_000, Running, up());
    web.to(2_000, Exited, ended(1, 88_000, Verdict::Unexpected));
    let restart_at = Some(after(3_000));
    let status = ExitStatus::Code(1);
    web.now(State::Exited { status, expected: false, restart_at, attempt: Attempt::FIRST })
}

#[test]
fn what_was_well_again_is_told_as_that() {
    let mut db = Life::of("db");
    db.to(90_000, Running, up());
    db.became(9_000, "unhealthy", Cause::rule("health", "tcp refused"));
    let still = db.now(running());
    db.became(6_000, "healthy", Cause::rule("health", "its check for health passed"));
    shows(
        &web(),
        &[still],
        &expect![[r#"
        web is EXITED: exit status 1 after 1 min 28 s, not expected; it starts again in 3 s (autorestart)
          02:02:58.000  EXITED: exit status 1 after 1 min 28 s, not expected (pid 4711)
          02:02:51.000    7 s before that, db became unhealthy: tcp refused
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
          it wrote nothing to its log
    "#]],
    );
    shows(
        &web(),
        &[db.now(running())],
        &expect![[r#"
        web is EXITED: exit status 1 after 1 min 28 s, not expected; it starts again in 3 s (autorestart)
          02:02:58.000  EXITED: exit status 1 after 1 min 28 s, not expected (pid 4711)
          02:02:51.000    7 s before that, db became unhealthy: tcp refused; it was healthy again after 3 s
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
          it wrote nothing to its log
    "#]],
    );
    // more than ten seconds before the end nobody asks for it
    let mut old = Life::of("db");
    old.became(12_500, "unhealthy", Cause::rule("health", "tcp refused"));
    old.became(12_400, "healthy", Cause::rule("health", "its check for health passed"));
    shows(
        &web(),
        &[old.now(running())],
        &expect![[r#"
        web is EXITED: exit status 1 after 1 min 28 s, not expected; it starts again in 3 s (autorestart)
          02:02:58.000  EXITED: exit status 1 after 1 min 28 s, not expected (pid 4711)
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
          it wrote nothing to its log
    "#]],
    );
}

#[test]
fn what_was_stopped_is_told_with_who_or_what_stopped_it() {
    let mut db = Life::of("db");
    db.to(90_000, Running, up());
    db.became(3_500, "unhealthy", Cause::rule("health", "tcp refused"));
    db.to(3_400, Stopping, Cause::rule("health", "unhealthy: tcp refused"));
    db.became(3_400, "not ready", Cause::rule("ready", "it is being stopped"));
    db.to(3_300, Exited, ended(0, 86_000, Verdict::Stopped));
    db.to(2_300, Starting, Cause::Autorestart).to(1_300, Running, up());
    shows(
        &web(),
        &[db.now(running())],
        &expect![[r#"
        web is EXITED: exit status 1 after 1 min 28 s, not expected; it starts again in 3 s (autorestart)
          02:02:58.000  EXITED: exit status 1 after 1 min 28 s, not expected (pid 4711)
          02:02:56.700    1.3 s before that, db became EXITED: exit status 0 after 1 min 26 s; it was RUNNING again after 2 s
          02:02:56.600    db became STOPPING: unhealthy: tcp refused
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
          it wrote nothing to its log
    "#]],
    );

    let mut db = Life::of("db");
    db.to(90_000, Running, up());
    db.to(3_400, Stopping, Cause::Asked(asked("process.restart")));
    db.to(3_300, Stopped, ended(0, 86_000, Verdict::Stopped)).to(3_300, Starting, Cause::Again);
    shows(
        &web(),
        &[db.now(State::Starting { ready_at: Some(after(100)), attempt: Attempt::FIRST })],
        &expect![[r#"
        web is EXITED: exit status 1 after 1 min 28 s, not expected; it starts again in 3 s (autorestart)
          02:02:58.000  EXITED: exit status 1 after 1 min 28 s, not expected (pid 4711)
          02:02:56.700    1.3 s before that, db became STOPPED: exit status 0 after 1 min 26 s
          02:02:56.600    db became STOPPING: asked for: process.restart over XML-RPC by uid 1000 (pid 42)
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
          it wrote nothing to its log
    "#]],
    );
}

/// A probe of these changes, told by how many milliseconds before now.
fn probe(changes: &[(u64, &'static str)]) -> Outside {
    let mut history = History::default();
    for (seq, (before, what)) in (1..).zip(changes) {
        history.push(Entry {
            seq,
            at: now().checked_sub(Duration::from_millis(*before)).expect("it is not that long ago"),
            at_ms: NOW_MS - before,
            change: Change::Became { what, is_bad: *what == "red" },
            cause: Arc::new(Cause::rule(
                "probe",
                if *what == "red" { "tcp refused" } else { "its check passed" },
            )),
            pid: 0,
            incarnation: 0,
            attempt: 0,
            tail: None,
        });
    }
    Outside { name: "net".into(), history }
}

#[test]
fn a_probe_that_turned_green_is_told_as_that() {
    let mut web = web();
    web.probes = vec![probe(&[(8_000, "red")])];
    shows(
        &web,
        &[],
        &expect![[r#"
        web is EXITED: exit status 1 after 1 min 28 s, not expected; it starts again in 3 s (autorestart)
          02:02:58.000  EXITED: exit status 1 after 1 min 28 s, not expected (pid 4711)
          02:02:52.000    6 s before that, probe net became red: tcp refused
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
          it wrote nothing to its log
    "#]],
    );
    web.probes = vec![probe(&[(8_000, "red"), (5_500, "green")])];
    shows(
        &web,
        &[],
        &expect![[r#"
        web is EXITED: exit status 1 after 1 min 28 s, not expected; it starts again in 3 s (autorestart)
          02:02:58.000  EXITED: exit status 1 after 1 min 28 s, not expected (pid 4711)
          02:02:52.000    6 s before that, probe net became red: tcp refused; it was green again after 2.5 s
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
          it wrote nothing to its log
    "#]],
    );
}

#[test]
fn requirements_of_requirements_are_followed_and_a_circle_ends() {
    let mut disk = Life::of("disk");
    disk.subject.requires = vec![name("web")];
    disk.to(90_000, Running, up()).to(2_300, Exited, ended(5, 87_000, Verdict::Unexpected));
    let mut db = Life::of("db");
    db.subject.requires = vec![name("disk")];
    db.subject.probes = vec![probe(&[(2_400, "red")])];
    db.to(90_000, Running, up())
        .to(2_200, Exited, ended(4, 87_000, Verdict::Unexpected))
        .said(b"no disk\n\n");
    let down = |life: &mut Life, code| {
        let status = ExitStatus::Code(code);
        life.now(State::Exited { status, expected: false, restart_at: None, attempt: Attempt::FIRST })
    };
    let others = [down(&mut disk, 5), down(&mut db, 4)];
    shows(
        &web(),
        &others,
        &expect![[r#"
        web is EXITED: exit status 1 after 1 min 28 s, not expected; it starts again in 3 s (autorestart)
          02:02:58.000  EXITED: exit status 1 after 1 min 28 s, not expected (pid 4711)
          02:02:57.800    200 ms before that, db became EXITED: exit status 4 after 1 min 27 s, not expected; it wrote last: no disk
          02:02:57.600      200 ms before that, probe net became red: tcp refused
          02:02:57.700      100 ms before that, disk became EXITED: exit status 5 after 1 min 27 s, not expected
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
          it wrote nothing to its log
    "#]],
    );
}

#[test]
fn what_requires_much_is_told_to_a_bound() {
    // twelve levels of three each, all of which fall within a second
    let mut others = Vec::new();
    for level in 0..12_u64 {
        for at in 0..3 {
            let mut life = Life::of(&format!("p{level}_{at}"));
            life.subject.requires = (0..3).map(|below| name(&format!("p{}_{below}", level + 1))).collect();
            life.to(2_100 + level, Exited, ended(1, 1_000, Verdict::Unexpected));
            others.push(life.now(State::STOPPED));
        }
    }
    let mut web = web();
    web.requires = (0..3).map(|below| name(&format!("p0_{below}"))).collect();
    let find = |wanted: &_| others.iter().find(|other: &&Subject| other.namespec == *wanted).cloned();
    let explanation = treeherd_domain::cause::explain(&web, &find, now());
    assert_eq!(explanation.reasons.len(), 49);
    assert_eq!(explanation.reasons[48].kind, "more");
    assert!(explanation.reasons.iter().all(|reason| reason.depth < 8));
}
