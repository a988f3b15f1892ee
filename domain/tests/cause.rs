//! Histories are bounded; causes and their moments read as a person would say them.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use treeherd_domain::cause::{
    Asked, Cause, Change, End, Entry, History, KEPT, Peer, TAILS, Tail, Verdict, Via, span,
};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Attempt, Policy, State};
use treeherd_domain::status::ProcessState;
use treeherd_domain::stream::Stream;

/// The moment at which every test begins.
#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
fn origin() -> Instant {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    *ORIGIN
}

fn entry(seq: u64, tail: Option<&[u8]>) -> Entry {
    let tail = tail.map(|bytes| Tail { stream: Stream::Stderr, bytes: bytes.into(), is_cut: false });
    Entry {
        seq,
        at: origin(),
        at_ms: 0,
        change: Change::State { from: ProcessState::Running, to: ProcessState::Exited },
        cause: Arc::new(Cause::Again),
        pid: 7,
        incarnation: 1,
        attempt: 0,
        tail: tail.map(Arc::new),
    }
}

#[test]
fn a_history_keeps_the_last_and_counts_the_rest() {
    let mut history = History::default();
    let most = KEPT as u64;
    (1..=most + 3).for_each(|seq| history.push(entry(seq * 2, Some(b"x"))));
    assert_eq!((history.entries().len(), history.dropped()), (KEPT, 3));
    assert_eq!(history.entries().next().map(|entry| entry.seq), Some(8));
    assert_eq!(history.entry(8).map(|entry| entry.seq), Some(8));
    assert_eq!((history.entry(6), history.entry(9)), (None, None));
    let with_tail = history.entries().filter(|entry| entry.tail.is_some());
    assert_eq!(with_tail.map(|entry| entry.seq).min(), Some((most + 4 - TAILS as u64) * 2));
}

#[test]
fn output_is_shown_and_not_obeyed() {
    let tail = |bytes: &[u8], is_cut| Tail { stream: Stream::Stderr, bytes: bytes.into(), is_cut };
    assert_eq!(tail(b"a\nb\r\nc\n", false).lines(2), ["b", "c"]);
    assert_eq!(tail(b"half\nwhole", true).lines(9), ["whole"]);
    assert_eq!(tail(b"only half", true).lines(9), ["only half"], "better than nothing");
    let nasty = tail("\x1b]0;x\x07\t\u{9b}31m \u{202e}k\u{f6}\u{7f}".as_bytes(), false).lines(9);
    assert_eq!(nasty, ["\\u{1b}]0;x\\u{7}\t\\u{9b}31m \\u{202e}k\u{f6}\\u{7f}"]);
    assert_eq!(tail(b"\xff\xfe", false).lines(9), ["\u{fffd}\u{fffd}"]);
    assert_eq!(tail(b"", false).lines(9), Vec::<String>::new());
}

#[test]
fn spans_read_as_a_person_says_them() {
    let table = [
        (0, "0 ms"),
        (400, "400 ms"),
        (1_000, "1 s"),
        (3_249, "3.2 s"),
        (23_900, "23 s"),
        (242_000, "4 min 2 s"),
        (3_600_000, "1 h"),
        (18_720_000, "5 h 12 min"),
        (273_600_000, "3 d 4 h"),
    ];
    for (ms, words) in table {
        assert_eq!(span(Duration::from_millis(ms)), words, "{ms}");
    }
}

#[test]
fn causes_read_as_a_person_says_them() {
    let by = |peer, user: Option<&str>, via, what: &str| {
        Arc::new(Asked { peer, user: user.map(Box::from), via, what: what.into() })
    };
    let local = Peer::Local { pid: Some(42), uid: 1000 };
    let end = |code, verdict, killed| {
        let lived = Some(Duration::from_millis(3_200));
        Cause::Ended(Arc::new(End {
            status: ExitStatus::Code(code),
            verdict,
            lived,
            killed,
            signalled: None,
        }))
    };
    let table = [
        (
            Cause::Asked(by(local, None, Via::XmlRpc, "supervisor.stopProcess")),
            "asked",
            "asked for: supervisor.stopProcess over XML-RPC by uid 1000 (pid 42)",
        ),
        (
            Cause::Asked(by(Peer::Inet(([10, 0, 0, 7], 5123).into()), Some("alice"), Via::Page, "stop")),
            "asked",
            "asked for: stop on the status page by 10.0.0.7:5123 as user alice",
        ),
        (
            Cause::Shutdown { restart: false, by: Some(by(local, None, Via::Signal, "SIGTERM")) },
            "shutdown",
            "the daemon ends: SIGTERM to the daemon by uid 1000 (pid 42)",
        ),
        (
            Cause::Autostart(Some(by(Peer::Unknown, None, Via::JsonRpc, "group.update"))),
            "autostart",
            "autostart=true, its group was made active or changed: group.update over JSON-RPC by somebody unknown",
        ),
        (end(1, Verdict::Unexpected, None), "exit", "exit status 1 after 3.2 s, not expected"),
        (
            end(0, Verdict::TooSoon(Duration::from_secs(5)), None),
            "exit",
            "exit status 0 after 3.2 s, too soon (startsecs=5)",
        ),
        (
            end(0, Verdict::Stopped, Some(Duration::from_millis(7))),
            "exit",
            "exit status 0 after 3.2 s; SIGKILL was sent 7 ms before, as its time to stop was over",
        ),
        (Cause::Retry { failed: 1 }, "retry", "another attempt after 1 failed attempt"),
        (
            Cause::GaveUp { failed: 4 },
            "startretries",
            "given up after 4 failed attempts, startretries are used up",
        ),
        (Cause::rule("max_runtime", "max_runtime=5 is over"), "max_runtime", "max_runtime=5 is over"),
    ];
    for (cause, kind, words) in table {
        assert_eq!((cause.kind(), cause.to_string().as_str()), (kind, words));
    }
}

#[test]
fn an_end_is_judged_by_the_state_that_it_meets() {
    let at = origin();
    let starting = State::Starting { ready_at: Some(at), attempt: Attempt::FIRST };
    let running = State::Running { since: at, attempt: Attempt::FIRST, end_at: None };
    let plain = Policy::default();
    let oneshot = Policy { oneshot: true, ..Policy::default() };
    let (well, badly) = (ExitStatus::Code(0), ExitStatus::Code(3));
    let soon = Verdict::TooSoon(plain.startsecs);
    assert_eq!(Verdict::of(starting, well, &plain), soon);
    assert_eq!(
        Verdict::of(starting, well, &oneshot),
        Verdict::Expected,
        "its work may be done as soon as it likes"
    );
    assert_eq!(Verdict::of(starting, badly, &oneshot), soon);
    assert_eq!(Verdict::of(running, well, &plain), Verdict::Expected);
    assert_eq!(Verdict::of(running, badly, &plain), Verdict::Unexpected);
}
