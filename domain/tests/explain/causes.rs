//! Every cause there is, as `why` tells it: what, when, who, and what follows.

use super::life::Life;
use super::{FATAL, TOO_SOON, after, asked, ended, expect, name, now, running, shows};
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::cause::{Asked, Cause, End, KEPT, Peer, Ref, Signalled, Subject, Verdict, explain};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Attempt, Next, State, StopStep, Then};
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState::{
    Backoff, Exited, Fatal, Running, Starting, Stopped, Stopping, Unknown,
};

const ATTEMPT: Attempt = Attempt::FIRST;

fn up() -> Cause {
    Cause::Up(Duration::from_secs(1))
}

fn cut(ms: u64) -> State {
    State::Stopping { kill_at: Some(after(ms)), step: StopStep::FIRST, then: Then::Stay }
}

/// A process that came up a while ago.
fn lived(program: &str) -> Life {
    let mut life = Life::of(program);
    life.to(90_000, Starting, Cause::Autostart(None)).to(89_000, Running, up());
    life
}

#[test]
fn stops_of_every_kind() {
    let sigterm = Asked::signal("SIGTERM", Peer::Local { pid: Some(42), uid: 1000 });
    let shutdown = |restart| Cause::Shutdown { restart, by: Some(Arc::new(sigterm.clone())) };
    let causes = [
        Cause::Asked(asked("process.stop")),
        shutdown(false),
        shutdown(true),
        Cause::Shutdown {
            restart: false,
            by: Some(Arc::new(Asked::inside("escalate=exit of group shop"))),
        },
        Cause::Removed,
        Cause::Listener,
        Cause::rule("max_runtime", "max_runtime=3600s is over"),
        Cause::rule("health", "unhealthy: tcp refused"),
        Cause::rule("watchdog", "unhealthy: no sign within 5s"),
        Cause::rule("ready_timeout", "not ready after 30s"),
        Cause::rule_of(
            "requires_restart",
            "db went down, which it requires (requires_restart=stop)",
            Ref { name: name("db"), seq: 4 },
        ),
    ];
    let mut told = String::new();
    for cause in causes {
        let mut life = lived("web");
        life.to(3_000, Stopping, cause);
        let explanation = explain(&life.now(cut(7_000)), &|_| None, now());
        told.push_str(&explanation.headline);
        for reason in &explanation.reasons {
            told.push_str(&format!("\n  {} {}: {}", reason.depth, reason.kind, reason.text));
        }
        told.push('\n');
    }
    expect![[r#"
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 asked: STOPPING: asked for: process.stop over XML-RPC by uid 1000 (pid 42)
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 shutdown: STOPPING: the daemon ends: SIGTERM to the daemon by uid 1000 (pid 42)
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 shutdown: STOPPING: the daemon starts anew: SIGTERM to the daemon by uid 1000 (pid 42)
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 shutdown: STOPPING: the daemon ends: escalate=exit of group shop, from inside the daemon
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 removed: STOPPING: its group is not active any more
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 listener: STOPPING: the event listener did not answer as it must
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 max_runtime: STOPPING: max_runtime=3600s is over
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 health: STOPPING: unhealthy: tcp refused
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 watchdog: STOPPING: unhealthy: no sign within 5s
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 ready_timeout: STOPPING: not ready after 30s
        web is STOPPING: told to end, SIGKILL follows in 7 s
          0 requires_restart: STOPPING: db went down, which it requires (requires_restart=stop) (db #4)
          1 dropped: db is not there any more
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_kill_after_the_time_to_stop() {
    let mut life = lived("web");
    life.to(13_000, Stopping, Cause::Asked(asked("process.stop")));
    let end = End {
        status: ExitStatus::Signaled { signal: Signal::KILL, core_dumped: false },
        verdict: Verdict::Stopped,
        lived: Some(Duration::from_secs(88)),
        killed: Some(Duration::from_millis(20)),
        signalled: None,
    };
    life.to(3_000, Stopped, Cause::Ended(Arc::new(end))).said(b"busy\n");
    shows(
        &life.now(State::STOPPED),
        &[],
        &expect![[r#"
        web is STOPPED: for 3 s
          02:02:57.000  STOPPED: terminated by SIGKILL after 1 min 28 s; SIGKILL was sent 20 ms before, as its time to stop was over (pid 4711)
          02:02:47.000  STOPPING: asked for: process.stop over XML-RPC by uid 1000 (pid 42)
          last lines of stderr (pid 4711):
          | busy
    "#]],
    );
}

#[test]
fn ends_of_every_kind() {
    let mut killed = lived("killed");
    let why = Arc::new(Cause::Asked(asked("supervisor.signalProcess")));
    let end = End {
        status: ExitStatus::Signaled { signal: Signal::QUIT, core_dumped: true },
        verdict: Verdict::Unexpected,
        lived: Some(Duration::from_secs(88)),
        killed: None,
        signalled: Some(Signalled { signal: Signal::HUP, why, at: now() }),
    };
    killed.to(3_000, Exited, Cause::Ended(Arc::new(end)));
    let status = ExitStatus::Signaled { signal: Signal::QUIT, core_dumped: true };
    let state = State::Exited { status, expected: false, restart_at: Some(now()), attempt: ATTEMPT };
    shows(
        &killed.now(state),
        &[],
        &expect![[r#"
        killed is EXITED: terminated by SIGQUIT (core dumped) after 1 min 28 s, not expected; SIGHUP was sent before: supervisor.signalProcess over XML-RPC by uid 1000 (pid 42); it starts again at once (autorestart)
          02:02:57.000  EXITED: terminated by SIGQUIT (core dumped) after 1 min 28 s, not expected; SIGHUP was sent before: supervisor.signalProcess over XML-RPC by uid 1000 (pid 42) (pid 4711)
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
          it wrote nothing to its log
    "#]],
    );

    let mut lost = lived("lost");
    lost.subject.pid = 4711;
    lost.to(3_000, Unknown, Cause::OutOfReach("lost cannot be signalled: EPERM".into()));
    shows(
        &lost.now(State::Unknown),
        &[],
        &expect![[r#"
        lost is UNKNOWN: the daemon has no power over it; only its end leads out: end it by hand (kill -KILL 4711)
          02:02:57.000  UNKNOWN: lost cannot be signalled: EPERM
          02:01:31.000  RUNNING: it was up for startsecs=1
          02:01:30.000  STARTING: autostart=true, the daemon had come up
    "#]],
    );

    let mut late = lived("late");
    late.subject.policy.startretries = 1;
    late.to(13_000, Stopping, Cause::rule("ready_timeout", "not ready after 30s"));
    late.try_to(3_000, Backoff, 1, ended(0, 30_000, Verdict::Stopped));
    let next = Next::Retry(after(1_000));
    shows(
        &late.now(State::Backoff { attempt: Attempt { tries: 1, ..ATTEMPT }, next }),
        &[],
        &expect![[r#"
            late is BACKOFF: not ready after 30s (exit status 0 after 30 s); attempt 1 of 2 failed, next in 1 s
              02:02:57.000  attempt 1 of 2 failed: exit status 0 after 30 s (pid 4711)
              02:02:47.000  STOPPING: not ready after 30s
              02:01:31.000  RUNNING: it was up for startsecs=1
              02:01:30.000  STARTING: autostart=true, the daemon had come up
        "#]],
    );
}

#[test]
fn tries_in_the_background_and_what_came_of_them() {
    let veiled = Attempt { tries: 3, ends: 3, veiled: true };
    let retry = || Cause::rule("fatal_retry", "fatal_retry=1m is over");
    let mut db = Life::of("db");
    db.subject.policy.startretries = 1;
    db.to(200_000, Starting, Cause::Asked(asked("process.start")));
    db.try_to(199_000, Backoff, 1, ended(1, 5, TOO_SOON)).try_to(
        198_000,
        Starting,
        1,
        Cause::Retry { failed: 1 },
    );
    db.try_to(197_000, Backoff, 2, ended(2, 5, TOO_SOON)).to(197_000, Fatal, Cause::GaveUp { failed: 2 });
    for before in [137_000, 77_000] {
        db.became(before, "tried again", retry()).became(before - 5, "failed again", ended(3, 5, TOO_SOON));
    }
    shows(
        &db.now(State::Fatal { retry_at: Some(after(9_000)), attempt: veiled }),
        &[],
        &expect![[r#"
        db is FATAL: exit status 3 after 5 ms, too soon (startsecs=10); given up, to be tried again in 9 s (fatal_retry)
          02:01:43.005  failed again: exit status 3 after 5 ms, too soon (startsecs=10) (pid 4711)
          02:00:43.005  failed again: exit status 3 after 5 ms, too soon (startsecs=10) (pid 4711)
          01:59:43.000  FATAL: given up after 2 failed attempts, startretries are used up
          01:59:43.000  attempt 2 of 2 failed: exit status 2 after 5 ms, too soon (startsecs=10) (pid 4711)
          01:59:41.000  attempt 1 of 2 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
          01:59:40.000  STARTING: asked for: process.start over XML-RPC by uid 1000 (pid 42)
          it wrote nothing to its log
    "#]],
    );
    db.became(300, "tried again", retry());
    db.subject.born = now().checked_sub(Duration::from_millis(250));
    let starting = State::Starting { ready_at: Some(after(750)), attempt: veiled };
    shows(
        &db.now(starting),
        &[],
        &expect![[r#"
        db is FATAL: exit status 3 after 5 ms, too soon (startsecs=10); given up, and being tried again (fatal_retry): up for 250 ms, RUNNING in 750 ms if it stays up
          02:02:59.700  was tried again: fatal_retry=1m is over
          02:01:43.005  failed again: exit status 3 after 5 ms, too soon (startsecs=10) (pid 4711)
          02:00:43.005  failed again: exit status 3 after 5 ms, too soon (startsecs=10) (pid 4711)
          01:59:43.000  FATAL: given up after 2 failed attempts, startretries are used up
          01:59:43.000  attempt 2 of 2 failed: exit status 2 after 5 ms, too soon (startsecs=10) (pid 4711)
          01:59:41.000  attempt 1 of 2 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
          01:59:40.000  STARTING: asked for: process.start over XML-RPC by uid 1000 (pid 42)
          it wrote nothing to its log
    "#]],
    );
    let headline = |state| explain(&db.subject_in(state), &|_| None, now()).headline;
    let lines = [
        headline(State::Starting { ready_at: None, attempt: veiled }),
        headline(State::Waiting { attempt: veiled }),
        headline(State::Stopping {
            kill_at: Some(after(500)),
            step: StopStep::FIRST,
            then: Then::Fail(veiled),
        }),
    ];
    expect![[r#"
        db is FATAL: exit status 3 after 5 ms, too soon (startsecs=10); given up, and just now being tried again (fatal_retry)
        db is FATAL: exit status 3 after 5 ms, too soon (startsecs=10); given up, and being tried again (fatal_retry): all is there that it requires, and it is about to be spawned
        db is FATAL: told to end, SIGKILL follows in 500 ms; it was being tried again (fatal_retry), and that has failed"#]].assert_eq(&lines.join("\n"));
    let mut up_again = db;
    up_again.to(0, Starting, retry()).to(0, Running, up());
    shows(
        &up_again.now(running()),
        &[],
        &expect![[r#"
        db is RUNNING: pid 0, for 250 ms
          02:03:00.000  RUNNING: it was up for startsecs=1
          02:03:00.000  STARTING: fatal_retry=1m is over
          02:01:43.005  failed again: exit status 3 after 5 ms, too soon (startsecs=10) (pid 4711)
          02:00:43.005  failed again: exit status 3 after 5 ms, too soon (startsecs=10) (pid 4711)
          01:59:43.000  FATAL: given up after 2 failed attempts, startretries are used up
          01:59:43.000  attempt 2 of 2 failed: exit status 2 after 5 ms, too soon (startsecs=10) (pid 4711)
          01:59:41.000  attempt 1 of 2 failed: exit status 1 after 5 ms, too soon (startsecs=10) (pid 4711)
          01:59:40.000  STARTING: asked for: process.start over XML-RPC by uid 1000 (pid 42)
          it wrote nothing to its log
    "#]],
    );
}

#[test]
fn a_hint_is_told_once_with_the_newest_failure() {
    let mut web = Life::of("web");
    web.subject.policy.startretries = 1;
    let cause = || Cause::NotSpawned {
        error: "can't find command 'x'".into(),
        hint: Some("give the command's full path".into()),
    };
    web.to(9_000, Starting, Cause::Autostart(None)).try_to(9_000, Backoff, 1, cause());
    web.try_to(8_000, Starting, 1, Cause::Retry { failed: 1 }).try_to(8_000, Backoff, 2, cause());
    web.to(8_000, Fatal, Cause::GaveUp { failed: 2 });
    shows(
        &web.now(FATAL),
        &[],
        &expect![[r#"
        web is FATAL: not spawned: can't find command 'x'; given up, and not tried again by itself: mend the reason, then start it
          02:02:52.000  FATAL: given up after 2 failed attempts, startretries are used up
          02:02:52.000  attempt 2 of 2 failed: not spawned: can't find command 'x'; give the command's full path
          02:02:51.000  attempt 1 of 2 failed: not spawned: can't find command 'x'
          02:02:51.000  STARTING: autostart=true, the daemon had come up
    "#]],
    );
}

#[test]
fn what_is_disabled_says_by_whom_and_what_comes_first() {
    let disabled = |life: &mut Life, state| Subject { disabled: true, ..life.now(state) };
    let by_hand = || Cause::Asked(asked("process.disable"));
    let mut never = Life::of("never");
    shows(
        &disabled(&mut never, State::STOPPED),
        &[],
        &expect![[r#"
        never is STOPPED: it was not started yet: it is disabled: supervisorctl enable never comes first
                        it was disabled before this daemon began
    "#]],
    );
    let mut idle = Life::of("idle");
    idle.became(5_000, "enabled", Cause::Asked(asked("process.enable")));
    shows(
        &idle.now(State::STOPPED),
        &[],
        &expect![[r#"
        idle is STOPPED: it was not started yet, for it was disabled when it was to be: supervisorctl start idle
          02:02:55.000  became enabled: asked for: process.enable over XML-RPC by uid 1000 (pid 42)
    "#]],
    );
    let mut crashed = lived("crashed");
    crashed.became(5_000, "disabled", by_hand());
    crashed.to(3_000, Exited, ended(1, 86_000, Verdict::Unexpected));
    crashed.to(3_000, Stopped, Cause::rule("disabled", "it is disabled"));
    shows(
        &disabled(&mut crashed, State::STOPPED),
        &[],
        &expect![[r#"
            crashed is STOPPED: for 3 s; it is disabled: supervisorctl enable crashed comes first
              02:02:57.000  STOPPED: it is disabled
              02:02:57.000  EXITED: exit status 1 after 1 min 26 s, not expected (pid 4711)
              02:02:55.000  became disabled: asked for: process.disable over XML-RPC by uid 1000 (pid 42)
              it wrote nothing to its log
        "#]],
    );
    let mut let_be = lived("let_be");
    let_be.to(3_000, Exited, ended(1, 86_000, Verdict::Unexpected)).became(2_000, "enabled", by_hand());
    let exited =
        State::Exited { status: ExitStatus::Code(1), expected: false, restart_at: None, attempt: ATTEMPT };
    let headline = explain(&let_be.now(exited), &|_| None, now()).headline;
    let told = "not started again: it was disabled then: supervisorctl start let_be";
    assert!(headline.ends_with(told), "{headline}");
    let mut stopped = lived("stopped");
    stopped.became(5_000, "disabled", by_hand()).to(4_000, Stopping, Cause::Asked(asked("process.stop")));
    stopped.to(3_000, Stopped, ended(0, 86_000, Verdict::Stopped));
    shows(
        &disabled(&mut stopped, State::STOPPED),
        &[],
        &expect![[r#"
            stopped is STOPPED: for 3 s; it is disabled: supervisorctl enable stopped comes first
              02:02:57.000  STOPPED: exit status 0 after 1 min 26 s (pid 4711)
              02:02:56.000  STOPPING: asked for: process.stop over XML-RPC by uid 1000 (pid 42)
              02:02:55.000  became disabled: asked for: process.disable over XML-RPC by uid 1000 (pid 42)
        "#]],
    );
}

#[test]
fn a_beginning_that_is_no_longer_kept_is_told_as_that() {
    let mut web = Life::of("web");
    web.to(900_000, Starting, Cause::Asked(asked("process.start"))).to(899_000, Running, up());
    for round in 0..u64::try_from(KEPT).expect("it is small") {
        let what = if round % 2 == 0 { "unhealthy" } else { "healthy" };
        web.became(800_000 - round * 1_000, what, Cause::rule("health", "flaps"));
    }
    let told = explain(&web.now(running()), &|_| None, now());
    let last = told.reasons.last().expect("reasons");
    assert_eq!(
        (last.kind, last.text.as_str()),
        ("dropped", "how it came to that is no longer kept: 2 older changes")
    );
    assert!(told.reasons.len() < 20, "{}", told.reasons.len());

    // a stop that is older than all that is kept
    let mut idle = Life::of("idle");
    idle.to(900_000, Stopped, ended(0, 1, Verdict::Stopped));
    for round in 0..u64::try_from(KEPT).expect("it is small") {
        let what = if round % 2 == 0 { "disabled" } else { "enabled" };
        idle.became(800_000 - round * 1_000, what, Cause::Asked(asked("process.enable")));
    }
    let told = explain(&idle.now(State::STOPPED), &|_| None, now());
    assert_eq!(told.headline, "idle is STOPPED: for longer than is kept of what happened to it");

    // a crash loop within ten minutes
    let mut looping = Life::of("looping");
    for round in 0..u64::try_from(KEPT).expect("it is small") {
        let before = 300_000 - round * 1_000;
        looping.to(before, Starting, Cause::Autorestart).to(before - 10, Running, up());
        looping.to(before - 500, Exited, ended(1, 490, Verdict::Unexpected));
    }
    let told = explain(&looping.now(running()), &|_| None, now());
    let often = told.reasons.iter().find(|reason| reason.kind == "often").expect("it is told");
    assert_eq!(often.text, "it ended by itself at least 43 times in the last 10 min");
}

#[test]
fn a_reference_to_what_is_gone_says_so() {
    let mut web = lived("web");
    let cause = Cause::rule_of(
        "strategy",
        "strategy=one_for_all of group web: db failed",
        Ref { name: name("db"), seq: 2 },
    );
    web.to(3_000, Stopping, cause).to(2_000, Stopped, ended(0, 86_000, Verdict::Stopped));
    shows(
        &web.now(State::STOPPED),
        &[],
        &expect![[r#"
        web is STOPPED: for 2 s
          02:02:58.000  STOPPED: exit status 0 after 1 min 26 s (pid 4711)
          02:02:57.000  STOPPING: strategy=one_for_all of group web: db failed (db #2)
                          db is not there any more
    "#]],
    );
    let mut db = Life::of("db");
    for _ in 0..=KEPT {
        db.became(1_000, "healthy", Cause::rule("health", "flaps"));
    }
    shows(
        &web.now(State::STOPPED),
        &[db.now(running())],
        &expect![[r#"
        web is STOPPED: for 2 s
          02:02:58.000  STOPPED: exit status 0 after 1 min 26 s (pid 4711)
          02:02:57.000  STOPPING: strategy=one_for_all of group web: db failed (db #2)
                          what happened to db then is no longer kept
    "#]],
    );
}
