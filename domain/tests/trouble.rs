//! What lies before an end: a probe that was red, a health that was bad; and what the process says of itself.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use treeherd_domain::cause::{
    Cause, Change, End, Entry, Explanation, History, Outside, Subject, Verdict, Waited, explain,
};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Attempt, Policy, State};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::status::ProcessState::{self, Exited, Running, Starting, Stopping};

#[path = "common/process.rs"]
mod process;

#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
fn now() -> Instant {
    static NOW: LazyLock<Instant> = LazyLock::new(|| Instant::now() + Duration::from_secs(1_000_000));
    *NOW
}

/// A history of changes, each told by how many milliseconds before now it was.
fn history(changes: Vec<(u64, Change, Cause)>) -> History {
    let mut history = History::default();
    for (seq, (before, change, cause)) in (1..).zip(changes) {
        history.push(Entry {
            seq,
            at: now().checked_sub(Duration::from_millis(before)).expect("it is not that long ago"),
            at_ms: 1_000_000 - before,
            change,
            cause: Arc::new(cause),
            pid: 42,
            incarnation: 1,
            attempt: 0,
            tail: None,
        });
    }
    history
}

fn to(from: ProcessState, to: ProcessState) -> Change {
    Change::State { from, to }
}

fn ended(verdict: Verdict) -> Cause {
    let lived = Some(Duration::from_secs(2));
    Cause::Ended(Arc::new(End {
        status: ExitStatus::Code(1),
        verdict,
        lived,
        killed: None,
        signalled: None,
    }))
}

fn web(state: State, history: History, probe: History) -> Subject {
    Subject {
        namespec: Namespec::new(GroupName::new("web"), ProcessName::new("web")),
        state,
        policy: Policy::from(&process::process("web")),
        autostart: true,
        disabled: false,
        pid: 42,
        incarnation: 1,
        born: None,
        killed: None,
        history,
        group: None,
        requires: Vec::new(),
        probes: vec![Outside { name: "net".into(), history: probe }],
        says: None,
        waits_for: Vec::new(),
    }
}

fn texts(subject: &Subject) -> Vec<String> {
    let Explanation { reasons, .. } = explain(subject, &|_| None, now());
    reasons.into_iter().map(|reason| format!("{}{}", "  ".repeat(reason.depth), reason.text)).collect()
}

fn turned(before: u64, is_bad: bool) -> (u64, Change, Cause) {
    let what = if is_bad { "red" } else { "green" };
    (before, Change::Became { what, is_bad }, Cause::rule("probe", "tcp refused"))
}

/// The texts about the probe, of a program that ended a second ago.
fn about_probe(probe: Vec<(u64, Change, Cause)>) -> Vec<String> {
    let history = history(vec![(1_000, to(Running, Exited), ended(Verdict::Unexpected))]);
    let state = State::Exited {
        status: ExitStatus::Code(1),
        expected: false,
        restart_at: None,
        attempt: Attempt::FIRST,
    };
    let all = texts(&web(state, history, self::history(probe)));
    all.into_iter().filter(|text| text.contains("probe net")).collect()
}

#[test]
fn a_probe_that_was_red_is_told_before_the_end() {
    assert_eq!(
        about_probe(vec![turned(1_400, true)]),
        ["  400 ms before that, probe net became red: tcp refused"]
    );
    // red for long, and still; red for a moment of its 2 s; red before them; red only afterwards
    assert_eq!(about_probe(vec![turned(100_000, true)]).len(), 1);
    assert_eq!(about_probe(vec![turned(2_500, true), turned(2_000, false)]).len(), 1);
    assert_eq!(about_probe(vec![turned(3_500, true), turned(2_900, false)]), [""; 0]);
    assert_eq!(about_probe(vec![turned(500, true)]), [""; 0]);
}

#[test]
fn a_probe_that_is_waited_for_is_told_with_its_reason() {
    let mut waiting = web(
        State::Waiting { attempt: Attempt::FIRST },
        history(vec![]),
        history(vec![turned(2_000, true)]),
    );
    waiting.waits_for =
        vec![Waited { what: "probe:net: red".into(), processes: Vec::new(), probe: Some("net".into()) }];
    assert_eq!(texts(&waiting), ["waits for probe:net: red", "  probe net became red: tcp refused"]);
}

#[test]
fn a_restart_by_bad_health_leads_to_the_stop_that_began_it() {
    let history = history(vec![
        (4_000, to(Starting, Running), Cause::Up(Duration::from_secs(1))),
        (1_100, to(Running, Stopping), Cause::rule("health", "unhealthy: tcp refused")),
        (1_000, to(Stopping, Exited), ended(Verdict::Unexpected)),
        (1_000, to(Exited, Starting), Cause::Autorestart),
        (500, to(Starting, Running), Cause::Up(Duration::from_millis(500))),
    ]);
    let state = State::Running { since: now(), attempt: Attempt::FIRST, end_at: None };
    let told = texts(&web(state, history, History::default()));
    assert_eq!(told.last().map(String::as_str), Some("STOPPING: unhealthy: tcp refused"), "{told:?}");
}

#[test]
fn what_a_process_says_of_itself_is_told_first_and_harmlessly() {
    let state = State::Running { since: now(), attempt: Attempt::FIRST, end_at: None };
    let mut running = web(state, history(vec![]), History::default());
    running.says = Some("serving\u{1b}[2J 12".into());
    assert_eq!(texts(&running)[0], "it says: serving\\u{1b}[2J 12");
    running.pid = 0;
    assert_eq!(texts(&running), [""; 0]);
}
