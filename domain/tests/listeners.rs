//! The protocol of event listeners, row by row of its table and however the bytes are cut; and pools, step by step.

use std::sync::Arc;
use std::time::{Duration, Instant};
use treeherd_domain::event::{Event, EventKind};
use treeherd_domain::listener::{Listener, ListenerState, Word};
use treeherd_domain::pool::{Line, Pool, ProtocolError, Tally};

use ListenerState::{Acknowledged, Busy, Ready, Unknown};

/// A listener in a state.
fn listener(state: ListenerState) -> Listener {
    let mut listener = Listener::default();
    if state != Acknowledged {
        listener.hear(b"READY\n");
    }
    match state {
        Busy => listener.sent(),
        Unknown => drop(listener.hear(b"x")),
        Acknowledged | Ready => {}
    }
    assert_eq!(listener.state(), state);
    listener
}

/// What was heard, as words.
fn told(words: &[Word]) -> String {
    let word = |word: &Word| match word {
        Word::Changed(from, to) => format!("{from}>{to}"),
        Word::Processed => "processed".to_owned(),
        Word::Rejected => "rejected".to_owned(),
        Word::BadLine(line) => format!("bad {:?}", String::from_utf8_lossy(line)),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

const TABLE: [(ListenerState, &str, &str); 22] = [
    (Acknowledged, "READ", ""),
    (Acknowledged, "READY", ""),
    (Acknowledged, "READY\n", "ACKNOWLEDGED>READY"),
    (Acknowledged, "hello\n", "ACKNOWLEDGED>UNKNOWN"),
    (Acknowledged, "\nREADY\n", "ACKNOWLEDGED>UNKNOWN"),
    (Acknowledged, "READY\nR", "ACKNOWLEDGED>READY READY>UNKNOWN"),
    (Ready, "x", "READY>UNKNOWN"),
    (Ready, "READY\n", "READY>UNKNOWN"),
    (Busy, "RESULT 2", ""),
    (Busy, "RESULT 2\n", ""),
    (Busy, "RESULT 2\nO", ""),
    (Busy, "RESULT 2\nOK", "processed BUSY>ACKNOWLEDGED"),
    (Busy, "RESULT 2\nOKREADY\n", "processed BUSY>ACKNOWLEDGED ACKNOWLEDGED>READY"),
    (Busy, "RESULT 2\nOK\nREADY\n", "processed BUSY>ACKNOWLEDGED ACKNOWLEDGED>UNKNOWN"),
    (Busy, "RESULT 4\nFAILREADY\n", "rejected BUSY>ACKNOWLEDGED ACKNOWLEDGED>READY"),
    (Busy, "RESULT 3\nOK\n", "rejected BUSY>ACKNOWLEDGED"),
    (Busy, "RESULT 0\n", "rejected BUSY>ACKNOWLEDGED"),
    (Busy, "RESULT 1\nO", "rejected BUSY>ACKNOWLEDGED"),
    (Busy, "FOOBAR 2\n", "bad \"FOOBAR 2\" BUSY>UNKNOWN"),
    (Busy, "RESULT\n", "bad \"RESULT\" BUSY>UNKNOWN"),
    (Busy, "RESULT -1\n", "bad \"RESULT -1\" BUSY>UNKNOWN"),
    (Unknown, "READY\n", ""),
];

#[test]
fn every_state_takes_bytes_as_its_row_says() {
    for (state, bytes, expected) in TABLE {
        assert_eq!(told(&listener(state).hear(bytes.as_bytes())), expected, "{state} {bytes:?}");
    }
}

#[test]
fn the_cuts_between_reads_do_not_matter() {
    for (state, bytes, expected) in TABLE {
        for at in 0..bytes.len() {
            let (first, second) = bytes.as_bytes().split_at(at);
            let mut listener = listener(state);
            let mut words = listener.hear(first);
            words.extend(listener.hear(second));
            assert_eq!(told(&words), expected, "{state} {bytes:?} cut at {at}");
        }
    }
}

#[test]
fn a_result_line_has_an_end() {
    let mut endless = listener(Busy);
    let words: Vec<Word> = (0..100).flat_map(|_| endless.hear(&[b'x'; 100])).collect();
    assert!(told(&words).ends_with("BUSY>UNKNOWN"), "{words:?}");
    let zeros = format!("RESULT {}2\n", "0".repeat(2000));
    assert!(told(&listener(Busy).hear(zeros.as_bytes())).ends_with("BUSY>UNKNOWN"));
    let mut large = listener(Busy);
    assert_eq!(large.hear(b"RESULT 1000000\n"), []);
    let words: Vec<Word> = (0..1000).flat_map(|_| large.hear(&[b'O'; 1000])).collect();
    assert_eq!(told(&words), "rejected BUSY>ACKNOWLEDGED");
}

/// A pool whose processes are all up, and what it wrote to them.
struct Bench {
    pool: Pool,
    serial: u64,
    now: Instant,
    sent: Vec<String>,
    log: Vec<String>,
}

impl Bench {
    fn new(size: usize, names: &[&str]) -> Self {
        Self::with(size, names, ProtocolError::Restart)
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
    fn with(size: usize, names: &[&str], protocol_error: ProtocolError) -> Self {
        let pool = Pool::new("lis", size, protocol_error, names);
        Self { pool, serial: 0, now: Instant::now(), sent: Vec::new(), log: Vec::new() }
    }

    fn note(&mut self, lines: Vec<Line>) {
        self.log.extend(lines.into_iter().map(|line| format!("{} {}", line.level.code(), line.text)));
    }

    fn accept(&mut self, count: u64) {
        for _ in 0..count {
            let event = Arc::new(Event { seq: 1, at_ms: 0, kind: EventKind::SupervisorRunning });
            let lines = self.pool.accept(self.serial, &event);
            self.serial += 1;
            self.note(lines);
        }
    }

    fn hear(&mut self, at: usize, bytes: &str) {
        let lines = self.pool.hear(at, bytes.as_bytes(), self.now);
        self.note(lines);
    }

    fn dispatch(&mut self) {
        let sent = &mut self.sent;
        let lines = self.pool.dispatch(
            |_| true,
            |at, entry| {
                sent.push(format!("{}/{}>{at}", entry.serial, entry.pool_serial));
                true
            },
        );
        self.note(lines);
    }

    fn sent(&mut self) -> String {
        self.dispatch();
        std::mem::take(&mut self.sent).join(" ")
    }

    fn log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }
}

#[test]
fn each_event_goes_to_the_first_listener_that_is_ready_and_up() {
    let mut bench = Bench::new(10, &["a", "b", "c"]);
    bench.accept(3);
    assert_eq!(bench.sent(), "");
    (1..3).for_each(|at| bench.hear(at, "READY\n"));
    let lines = bench.pool.dispatch(|at| at == 0, |_, _| panic!("nobody is up and ready"));
    assert_eq!(lines, []);
    assert_eq!(bench.sent(), "0/0>1 1/1>2");
    assert_eq!(
        bench.log()[2..],
        [
            "DEBG event 0 sent to listener b",
            "DEBG event 1 sent to listener c",
            "DEBG rebuffering event 2 for pool lis (buf size=0, max=10)",
        ]
    );
    bench.hear(2, "RESULT 2\nOKREADY\n");
    assert_eq!(bench.sent(), "2/2>2");
    assert_eq!(
        bench.log(),
        [
            "DEBG c: event was processed",
            "DEBG c: BUSY -> ACKNOWLEDGED",
            "DEBG c: ACKNOWLEDGED -> READY",
            "DEBG event 2 sent to listener c",
        ]
    );
}

#[test]
fn a_full_buffer_drops_the_oldest_and_counts_it() {
    let mut bench = Bench::new(2, &["a"]);
    bench.accept(4);
    assert_eq!(
        bench.log(),
        [
            "ERRO pool lis event buffer overflowed, discarding event 0",
            "ERRO pool lis event buffer overflowed, discarding event 1",
        ]
    );
    bench.hear(0, "READY\n");
    assert_eq!(bench.sent(), "2/2>0");
    assert_eq!(bench.pool.tally(), Tally { accepted: 4, dropped: 2, ..Tally::default() });
}

#[test]
fn what_is_rejected_comes_first_again_with_its_numbers() {
    let mut bench = Bench::new(2, &["a", "b"]);
    bench.accept(3);
    bench.hear(0, "READY\n");
    assert_eq!(bench.sent(), "1/1>0");
    bench.log();
    bench.hear(0, "RESULT 4\nFAIL");
    assert_eq!(
        bench.log(),
        [
            "WARN a: event was rejected",
            "DEBG a: BUSY -> ACKNOWLEDGED",
            "DEBG rebuffering event 1 for pool lis (buf size=1, max=2)",
        ]
    );
    bench.hear(1, "READY\n");
    assert_eq!(bench.sent(), "1/1>1");
    // put back into a full buffer, it takes the place of the oldest
    bench.accept(1);
    bench.hear(1, "RESULT 0\n");
    assert!(bench.log().contains(&"ERRO pool lis event buffer overflowed, discarding event 2".to_owned()));
    bench.hear(0, "READY\n");
    assert_eq!(bench.sent(), "1/1>0");
}

#[test]
fn an_end_gives_back_what_the_listener_was_busy_with() {
    let mut bench = Bench::new(10, &["a", "b"]);
    bench.accept(1);
    bench.hear(0, "READY\n");
    assert_eq!(bench.sent(), "0/0>0");
    let lines = bench.pool.ended(0);
    bench.note(lines);
    bench.hear(1, "READY\n");
    assert_eq!(bench.sent(), "0/0>1");
    // a successor begins at the beginning, also after half a line of the one before
    bench.hear(0, "REA");
    let lines = bench.pool.spawned(0);
    bench.note(lines);
    bench.hear(0, "READY\n");
    assert_eq!(bench.pool.states(), [Ready, Busy]);
}

#[test]
fn a_listener_that_does_not_take_an_event_is_passed_over() {
    let mut bench = Bench::new(10, &["a", "b"]);
    bench.accept(2);
    (0..2).for_each(|at| bench.hear(at, "READY\n"));
    bench.log();
    let lines = bench.pool.dispatch(|_| true, |at, _| at == 1);
    bench.note(lines);
    assert_eq!(
        bench.log(),
        [
            "DEBG epipe occurred while sending event 0 to listener a, listener state unchanged",
            "DEBG event 0 sent to listener b",
            "DEBG epipe occurred while sending event 1 to listener a, listener state unchanged",
            "DEBG rebuffering event 1 for pool lis (buf size=0, max=10)",
        ]
    );
    assert_eq!((bench.pool.states(), bench.pool.waiting()), (vec![Ready, Busy], 1));
}

#[test]
fn a_broken_protocol_is_a_restart_later_each_time_until_an_event_is_processed() {
    let mut bench = Bench::new(10, &["a"]);
    let start = bench.now;
    for pause in [0, 1, 2] {
        bench.hear(0, "hello world\n");
        let due = bench.now + Duration::from_secs(pause);
        assert_eq!(bench.pool.deadline(), Some(due));
        if pause > 0 {
            assert_eq!(bench.pool.due(bench.now), []);
        }
        bench.now = due;
        assert_eq!(bench.pool.due(bench.now), [0]);
        // asked for again only after a while, in case nobody heard of it
        assert_eq!(bench.pool.due(bench.now + Duration::from_secs(1)), []);
        assert_eq!(bench.pool.due(bench.now + Duration::from_secs(10)), [0]);
        bench.pool.spawned(0);
        assert_eq!(bench.pool.deadline(), None);
    }
    assert_eq!(bench.now, start + Duration::from_secs(3));
    bench.accept(1);
    bench.hear(0, "READY\n");
    assert_eq!(bench.sent(), "0/0>0");
    bench.hear(0, "RESULT 2\nOKhello world\n");
    assert_eq!(bench.pool.deadline(), Some(bench.now));
    let entered = bench.log().iter().filter(|line| line.contains("has entered the UNKNOWN state")).count();
    assert_eq!(entered, 4);
}

#[test]
fn by_the_key_a_listener_that_broke_the_protocol_stays_unknown() {
    let mut bench = Bench::with(10, &["a"], ProtocolError::Unknown);
    bench.accept(1);
    bench.hear(0, "READY\n");
    assert_eq!(bench.sent(), "0/0>0");
    bench.hear(0, "whatever\n");
    assert_eq!(
        (bench.pool.states(), bench.pool.deadline(), bench.pool.waiting()),
        (vec![Unknown], None, 1)
    );
    assert_eq!(
        bench.log()[2..],
        [
            "WARN a: bad result line: 'whatever'",
            "DEBG a: BUSY -> UNKNOWN",
            "WARN a: has entered the UNKNOWN state and will no longer receive events, this usually indicates the \
             process violated the eventlistener protocol",
            "DEBG rebuffering event 0 for pool lis (buf size=0, max=10)",
        ]
    );
}

#[test]
fn a_notification_counts_bytes() {
    let mut bench = Bench::new(10, &["a"]);
    let kind = EventKind::RemoteCommunication { kind: "t".into(), data: "é".into() };
    bench.pool.accept(7, &Arc::new(Event { seq: 1, at_ms: 0, kind }));
    bench.hear(0, "READY\n");
    let mut written = Vec::new();
    bench.pool.dispatch(
        |_| true,
        |_, entry| {
            written = entry.notification("supervisor", "lis");
            true
        },
    );
    let expected = "ver:3.0 server:supervisor serial:7 pool:lis poolserial:0 \
                    eventname:REMOTE_COMMUNICATION len:9\ntype:t\né";
    assert_eq!(String::from_utf8(written).unwrap(), expected);
}

#[test]
fn serials_begin_anew_after_the_last() {
    use treeherd_domain::pool::next_serial;
    assert_eq!((next_serial(0), next_serial(i64::MAX as u64)), (1, 0));
}
