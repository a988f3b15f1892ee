//! The chain of reasons, as a person who is woken at three in the morning reads it.

use expect_test::{Expect, expect};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use treeherd_domain::cause::{Asked, Cause, End, Peer, Ref, Subject, Verdict, Via, Waited, explain};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Attempt, Next, State, StopStep, Then};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::signal::Signal;
use treeherd_domain::spec::Autorestart;
use treeherd_domain::status::{LocalTime, ProcessState};
use treeherd_domain::stop::StopSequence;

#[path = "explain/causes.rs"]
mod causes;
#[path = "explain/groups.rs"]
mod groups;
#[path = "explain/life.rs"]
mod life;
#[path = "common/process.rs"]
mod process;
#[path = "explain/recovered.rs"]
mod recovered;

use life::Life;

/// The moment of every explanation; three minutes past two in the morning of a second of November.
#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
fn now() -> Instant {
    static NOW: LazyLock<Instant> = LazyLock::new(|| Instant::now() + Duration::from_secs(1_000_000));
    *NOW
}

const FATAL: State = State::Fatal { retry_at: None, attempt: Attempt::FIRST };

fn running() -> State {
    State::Running { since: now(), attempt: Attempt::FIRST, end_at: None }
}

const NOW_MS: u64 = (26 * 3600 + 180) * 1000;

fn local(ms: u64) -> LocalTime {
    let small = |value: u64| u8::try_from(value).unwrap_or(0);
    LocalTime {
        year: 2026,
        month: 11,
        day: small(ms / 86_400_000 + 1),
        hour: small(ms / 3_600_000 % 24),
        minute: small(ms / 60_000 % 60),
        second: small(ms / 1000 % 60),
        millis: u16::try_from(ms % 1000).unwrap_or(0),
    }
}

fn name(name: &str) -> Namespec {
    Namespec::new(GroupName::new(name), ProcessName::new(name))
}

fn waited(on: &str) -> Waited {
    Waited { what: on.into(), processes: vec![name(on)], probe: None }
}

fn ended(code: i32, lived: u64, verdict: Verdict) -> Cause {
    let lived = Some(Duration::from_millis(lived));
    Cause::Ended(Arc::new(End {
        status: ExitStatus::Code(code),
        verdict,
        lived,
        killed: None,
        signalled: None,
    }))
}

fn asked(what: &str) -> Arc<Asked> {
    let peer = Peer::Local { pid: Some(42), uid: 1000 };
    Arc::new(Asked { peer, user: None, via: Via::XmlRpc, what: what.into() })
}

fn after(ms: u64) -> Instant {
    now() + Duration::from_millis(ms)
}

fn shows(subject: &Subject, others: &[Subject], expected: &Expect) {
    let others: HashMap<_, _> =
        others.iter().map(|other| (other.namespec.clone(), other.clone())).collect();
    let explanation = explain(subject, &|name| others.get(name).cloned(), now());
    expected.assert_eq(&(explanation.lines(&local, NOW_MS).join("\n") + "\n"));
}

const TOO_SOON: Verdict = Verdict::TooSoon(Duration::from_secs(10));

#[test]
fn a_crash_loop_because_of_a_dependency() {
    use ProcessState::{Backoff, Exited, Running, Starting};
    let mut db = Life::of("db");
    db.to(9_000_000, Starting, Cause::Autostart(None)).to(
        8_999_000,
        Running,
        Cause::Up(Duration::from_secs(1)),
    );
    db.became(1_600, "unhealthy", Cause::rule("health", "tcp 127.0.0.1:5432 refused"));
    let db = db.now(running());

    let mut web = Life::of("web");
    web.subject.policy.startretries = 9;
    web.subject.requires = vec![name("db")];
    web.to(90_000_000, Starting, Cause::Asked(asked("supervisor.startProcess")));
    for attempt in 1..=3 {
        let before = 60_000 - u64::from(attempt) * 10_000;
        web.try_to(before, Backoff, attempt, ended(1, 200, TOO_SOON));
        web.try_to(before - 5_000, Starting, attempt, Cause::Retry { failed: attempt });
    }
    web.try_to(1_200, Backoff, 4, ended(1, 3_200, TOO_SOON)).said(b"Traceback:\n  \x1b[31mno db\n");
    let web = web.now(State::Backoff {
        attempt: Attempt { tries: 4, ends: 4, veiled: false },
        next: Next::Retry(after(23_000)),
    });
    shows(
        &web,
        std::slice::from_ref(&db),
        &expect![[r#"
            web is BACKOFF: exit status 1 after 3.2 s, too soon (startsecs=10); attempt 4 of 10 failed, next in 23 s
              02:02:58.800  attempt 4 of 10 failed: exit status 1 after 3.2 s, too soon (startsecs=10) (pid 4711)
              02:02:58.400    400 ms before that, db became unhealthy: tcp 127.0.0.1:5432 refused
              02:02:30.000  attempt 3 of 10 failed: exit status 1 after 200 ms, too soon (startsecs=10) (pid 4711)
              02:02:20.000  attempt 2 of 10 failed: exit status 1 after 200 ms, too soon (startsecs=10) (pid 4711)
              02:02:10.000  attempt 1 of 10 failed: exit status 1 after 200 ms, too soon (startsecs=10) (pid 4711)
              Nov  1 01:03  STARTING: asked for: supervisor.startProcess over XML-RPC by uid 1000 (pid 42)
              last lines of stderr (pid 4711):
              | Traceback:
              |   \u{1b}[31mno db
        "#]],
    );

    let mut worker = Life::of("worker");
    worker.subject.requires = vec![name("web"), name("gone")];
    worker.to(70_000, Starting, Cause::Autorestart).to(60_000, Running, Cause::Up(Duration::from_secs(1)));
    worker.to(900, Exited, ended(7, 59_000, Verdict::Unexpected));
    let status = ExitStatus::Code(7);
    let worker = worker.now(State::Exited {
        status,
        expected: false,
        restart_at: Some(after(100)),
        attempt: Attempt::FIRST,
    });
    shows(
        &worker,
        &[web, db],
        &expect![[r#"
            worker is EXITED: exit status 7 after 59 s, not expected; it starts again in 100 ms (autorestart)
              02:02:59.100  EXITED: exit status 7 after 59 s, not expected (pid 4711)
              02:02:58.800    300 ms before that, web became BACKOFF: exit status 1 after 3.2 s, too soon (startsecs=10); it wrote last: \u{1b}[31mno db
              02:02:58.400      400 ms before that, db became unhealthy: tcp 127.0.0.1:5432 refused
              02:02:00.000  RUNNING: it was up for startsecs=1
              02:01:50.000  STARTING: autorestart after its end
              it wrote nothing to its log
        "#]],
    );
}

#[test]
fn not_running_for_every_reason_there_is() {
    use ProcessState::{Backoff, Exited, Fatal, Running, Starting, Stopped, Stopping};
    let mut never = Life::of("never");
    shows(
        &never.now(State::STOPPED),
        &[],
        &expect![[r#"
            never is STOPPED: it was not started yet, though autostart=true: the daemon is just coming up, or ends
        "#]],
    );
    never.subject.autostart = false;
    shows(
        &never.now(State::STOPPED),
        &[],
        &expect![[r#"
        never is STOPPED: it was never started, and autostart=false
    "#]],
    );

    let mut stopped = Life::of("stopped");
    stopped.to(200_000, Starting, Cause::Autostart(None)).to(
        190_000,
        Running,
        Cause::Up(Duration::from_secs(1)),
    );
    stopped.to(9_300, Stopping, Cause::Asked(asked("supervisor.stopProcess")));
    stopped.to(9_000, Stopped, ended(0, 191_000, Verdict::Stopped));
    shows(
        &stopped.now(State::STOPPED),
        &[],
        &expect![[r#"
            stopped is STOPPED: for 9 s
              02:02:51.000  STOPPED: exit status 0 after 3 min 11 s (pid 4711)
              02:02:50.700  STOPPING: asked for: supervisor.stopProcess over XML-RPC by uid 1000 (pid 42)
        "#]],
    );

    let mut fatal = Life::of("fatal");
    fatal.subject.policy.startretries = 1;
    fatal.to(200_000, Starting, Cause::Autostart(Some(asked("supervisor.addProcessGroup"))));
    fatal.try_to(
        199_000,
        Backoff,
        1,
        Cause::NotSpawned {
            error: "can't find command 'x'".into(),
            hint: Some("give the command's full path".into()),
        },
    );
    fatal.try_to(198_000, Starting, 1, Cause::Retry { failed: 1 });
    fatal.try_to(197_000, Backoff, 2, ended(2, 7, TOO_SOON));
    fatal.to(197_000, Fatal, Cause::GaveUp { failed: 2 });
    shows(
        &fatal.now(FATAL),
        &[],
        &expect![[r#"
            fatal is FATAL: exit status 2 after 7 ms, too soon (startsecs=10); given up, and not tried again by itself: mend the reason, then start it
              01:59:43.000  FATAL: given up after 2 failed attempts, startretries are used up
              01:59:43.000  attempt 2 of 2 failed: exit status 2 after 7 ms, too soon (startsecs=10) (pid 4711)
              01:59:41.000  attempt 1 of 2 failed: not spawned: can't find command 'x'; give the command's full path
              01:59:40.000  STARTING: autostart=true, its group was made active or changed: supervisor.addProcessGroup over XML-RPC by uid 1000 (pid 42)
              it wrote nothing to its log
        "#]],
    );

    let mut done = Life::of("done");
    done.to(200_000, Starting, Cause::Again).to(190_000, Running, Cause::Up(Duration::from_secs(1)));
    done.to(9_300, Exited, ended(0, 190_700, Verdict::Expected));
    let exited = |expected| State::Exited {
        status: ExitStatus::Code(0),
        expected,
        restart_at: None,
        attempt: Attempt::FIRST,
    };
    shows(
        &done.now(exited(true)),
        &[],
        &expect![[r#"
            done is EXITED: exit status 0 after 3 min 10 s, expected; not started again: autorestart=unexpected
              02:02:50.700  EXITED: exit status 0 after 3 min 10 s, expected (pid 4711)
              01:59:50.000  RUNNING: it was up for startsecs=1
              01:59:40.000  STARTING: the second half of a restart
              it wrote nothing to its log
        "#]],
    );
    done.subject.policy.oneshot = true;
    shows(
        &done.now(exited(true)),
        &[],
        &expect![[r#"
        done is COMPLETED: exit status 0 after 3 min 10 s, expected; not started again: type=oneshot, its work is done
          02:02:50.700  EXITED: exit status 0 after 3 min 10 s, expected (pid 4711)
          01:59:50.000  RUNNING: it was up for startsecs=1
          01:59:40.000  STARTING: the second half of a restart
          it wrote nothing to its log
    "#]],
    );
    done.subject.policy.oneshot = false;
    done.subject.policy.autorestart = Autorestart::Never;
    shows(
        &done.now(exited(false)),
        &[],
        &expect![[r#"
            done is EXITED: exit status 0 after 3 min 10 s, expected; not started again: autorestart=false
              02:02:50.700  EXITED: exit status 0 after 3 min 10 s, expected (pid 4711)
              01:59:50.000  RUNNING: it was up for startsecs=1
              01:59:40.000  STARTING: the second half of a restart
              it wrote nothing to its log
        "#]],
    );
}

#[test]
fn a_wait_leads_into_what_is_waited_for() {
    use ProcessState::{Starting, Stopped, Stopping};
    let mut db = Life::of("db");
    db.subject.waits_for = vec![
        waited("disk"),
        Waited { what: "probe:net (unhealthy)".into(), processes: Vec::new(), probe: None },
    ];
    let db = db.now(State::Waiting { attempt: Attempt::FIRST });
    let mut disk = Life::of("disk");
    disk.to(9_300, Stopping, Cause::Asked(asked("group.stop"))).to(
        9_000,
        Stopped,
        ended(0, 5_000, Verdict::Stopped),
    );
    // a circle, which the configuration refuses, must not be gone round for ever
    disk.subject.waits_for = vec![waited("db")];
    let disk = disk.now(State::STOPPED);
    let mut web = Life::of("web");
    web.subject.waits_for = vec![waited("db")];
    web.to(3_000, Starting, Cause::Autostart(None));
    shows(
        &web.now(State::Waiting { attempt: Attempt::FIRST }),
        &[db, disk],
        &expect![[r#"
            web is WAITING: it is spawned once this is there: db
                            waits for db, which is WAITING: it is spawned once this is there: disk, probe:net (unhealthy)
                              waits for probe:net (unhealthy)
                              waits for disk, which is STOPPED: for 9 s
                                waits for db, which is WAITING: it is spawned once this is there: disk, probe:net (unhealthy)
              02:02:51.000      STOPPED: exit status 0 after 5 s (pid 4711)
              02:02:50.700      STOPPING: asked for: group.stop over XML-RPC by uid 1000 (pid 42)
              02:02:57.000  STARTING: autostart=true, the daemon had come up
        "#]],
    );
}

#[test]
fn on_the_way_up_and_down() {
    use ProcessState::{Exited, Running, Starting, Stopping};
    let mut web = Life::of("web");
    web.subject.born = now().checked_sub(Duration::from_millis(300));
    web.to(300, Starting, Cause::Asked(asked("process.start")));
    shows(
        &web.now(State::Starting { ready_at: Some(after(700)), attempt: Attempt::FIRST }),
        &[],
        &expect![[r#"
        web is STARTING: attempt 1 of 4, up for 300 ms, RUNNING in 700 ms if it stays up
          02:02:59.700  STARTING: asked for: process.start over XML-RPC by uid 1000 (pid 42)
    "#]],
    );

    let mut stubborn = Life::of("stubborn");
    stubborn.to(12_000, Stopping, Cause::Asked(asked("process.restart")));
    let then = Then::Start;
    let stopping = State::Stopping { kill_at: Some(after(7_000)), step: StopStep::FIRST, then };
    shows(
        &stubborn.now(stopping),
        &[],
        &expect![[r#"
        stubborn is STOPPING: told to end, SIGKILL follows in 7 s; then it starts again
          02:02:48.000  STOPPING: asked for: process.restart over XML-RPC by uid 1000 (pid 42)
    "#]],
    );
    stubborn.subject.policy.stop.sequence = StopSequence::parse("TERM, INT").ok();
    let headline = explain(&stubborn.now(stopping), &|_| None, now()).headline;
    assert!(headline.contains("told to end, the next signal of its stopsequence follows in 7 s"));
    stubborn.subject.killed = now().checked_sub(Duration::from_secs(2));
    shows(
        &stubborn.now(stopping),
        &[],
        &expect![[r#"
        stubborn is STOPPING: SIGKILL was sent 2 s ago, and the kernel has not ended it yet; then it starts again
          02:02:48.000  STOPPING: asked for: process.restart over XML-RPC by uid 1000 (pid 42)
    "#]],
    );

    let mut up = Life::of("up");
    up.subject.pid = 99;
    for round in (1..=5).rev() {
        let before = round * 50_000;
        up.to(before, Starting, Cause::Autorestart).to(
            before - 1_000,
            Running,
            Cause::Up(Duration::from_secs(1)),
        );
        if round > 1 {
            up.to(before - 20_000, Exited, ended(1, 20_000, Verdict::Unexpected)).said(b"oops");
        }
    }
    shows(
        &up.now(running()),
        &[],
        &expect![[r#"
        up is RUNNING: pid 99, for 0 ms
          02:02:11.000  RUNNING: it was up for startsecs=1
          02:02:10.000  STARTING: autorestart after its end
          02:01:40.000  EXITED: exit status 1 after 20 s, not expected (pid 4711)
                        it ended by itself 4 times in the last 10 min
          last lines of stderr (pid 4711):
          | oops
    "#]],
    );
}

#[test]
fn a_rule_refers_to_the_process_that_made_it_apply() {
    use ProcessState::{Exited, Running, Starting, Stopped, Stopping};
    let mut db = Life::of("db");
    db.to(9_000_000, Starting, Cause::Autostart(None)).to(
        8_999_000,
        Running,
        Cause::Up(Duration::from_secs(1)),
    );
    let killed = End {
        status: ExitStatus::Signaled { signal: Signal::KILL, core_dumped: false },
        verdict: Verdict::Unexpected,
        lived: None,
        killed: None,
        signalled: None,
    };
    db.to(5_000, Exited, Cause::Ended(Arc::new(killed)));
    let seq = db.seq;
    let db = db.now(FATAL);
    let mut web = Life::of("web");
    web.to(100_000, Running, Cause::Up(Duration::from_secs(1)));
    let cause = Cause::rule_of("strategy", "strategy=one_for_all", Ref { name: name("db"), seq });
    web.to(4_990, Stopping, cause).to(4_000, Stopped, ended(0, 96_000, Verdict::Stopped));
    shows(
        &web.now(State::STOPPED),
        &[db],
        &expect![[r#"
            web is STOPPED: for 4 s
              02:02:56.000  STOPPED: exit status 0 after 1 min 36 s (pid 4711)
              02:02:55.010  STOPPING: strategy=one_for_all (db #6)
              02:02:55.000    db became EXITED: terminated by SIGKILL, not expected
        "#]],
    );
}

#[test]
fn a_long_chain_is_cut_in_its_middle() {
    use ProcessState::{Backoff, Fatal, Starting};
    let mut web = Life::of("web");
    web.subject.policy.startretries = 39;
    web.to(100_000, Starting, Cause::Autostart(None));
    for attempt in 1..=40 {
        web.try_to(90_000 - u64::from(attempt) * 1_000, Backoff, attempt, ended(1, 5, TOO_SOON));
        if attempt < 40 {
            web.try_to(
                89_500 - u64::from(attempt) * 1_000,
                Starting,
                attempt,
                Cause::Retry { failed: attempt },
            );
        }
    }
    web.to(50_000, Fatal, Cause::GaveUp { failed: 40 });
    shows(
        &web.now(FATAL),
        &[],
        &expect![[r#"
            web is FATAL: exit status 1 after 5 ms, too soon (startsecs=10); given up, and not tried again by itself: mend the reason, then start it
              02:02:10.000  FATAL: given up after 40 failed attempts, startretries are used up
              02:02:10.000  attempt 40 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:09.000  attempt 39 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:08.000  attempt 38 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:07.000  attempt 37 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:06.000  attempt 36 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:05.000  attempt 35 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:04.000  attempt 34 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:03.000  attempt 33 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:02.000  attempt 32 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:01.000  attempt 31 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:02:00.000  attempt 30 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:01:59.000  attempt 29 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:01:58.000  attempt 28 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
              02:01:57.000  attempt 27 of 40 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
                            and 26 more before that
              02:01:20.000  STARTING: autostart=true, the daemon had come up
                            it ended by itself 40 times in the last 10 min
              it wrote nothing to its log
        "#]],
    );
}
