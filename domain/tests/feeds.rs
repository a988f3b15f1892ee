//! What a subscriber is told, step by step, and whatever the order of steps: each event once, or counted.

use std::sync::Arc;
use treeherd_domain::event::{Event, EventKind, Output};
use treeherd_domain::feed::{Feed, OUTPUT, Piece, Tally};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::pool::Line;
use treeherd_domain::stream::Stream;

fn event(seq: u64) -> Arc<Event> {
    Arc::new(Event { seq, at_ms: 0, kind: EventKind::SupervisorRunning })
}

fn output(seq: u64, bytes: usize) -> Arc<Event> {
    let namespec = Namespec::new(GroupName::new("g"), ProcessName::new("p"));
    let output = Output { namespec, pid: 1, stream: Stream::Stdout, data: vec![b'x'; bytes] };
    Arc::new(Event { seq, at_ms: 0, kind: EventKind::ProcessLog(output) })
}

/// A line of nine bytes: `b 000000\n` at the beginning, `g count, next\n`, `e 000007\n`.
fn text(piece: &Piece) -> Vec<u8> {
    match piece {
        Piece::Begin { seq } => format!("b {seq:06}\n"),
        Piece::Gap { dropped, resume_from } => format!("g {dropped:02} {resume_from:03}\n"),
        Piece::Event(event) => format!("e {:06}\n", event.seq),
    }
    .into_bytes()
}

const LINE: usize = 9;

/// All that is to be written, in short: `b0 e1 g2,4 e4`.
fn told(feed: &mut Feed) -> String {
    short(&feed.write(usize::MAX, text))
}

fn short(bytes: &[u8]) -> String {
    let number = |text: &str| text.trim_start_matches('0').to_owned();
    let line = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
        ["g", count, next] => format!("g{},{}", number(count), number(next)),
        [kind, seq] => format!("{kind}{}", number(seq)),
        _ => panic!("{line}"),
    };
    String::from_utf8_lossy(bytes).lines().map(line).collect::<Vec<_>>().join(" ")
}

fn accept(feed: &mut Feed, numbers: std::ops::RangeInclusive<u64>) -> Vec<String> {
    numbers.filter_map(|seq| feed.accept(&event(seq))).map(|Line { text, .. }| text).collect()
}

#[test]
fn a_process_is_told_where_it_begins_and_then_every_event() {
    let mut feed = Feed::new("sub", 10);
    feed.listen(6);
    assert!(feed.has_more());
    assert_eq!(told(&mut feed), "b6");
    assert!(!feed.has_more());
    accept(&mut feed, 7..=9);
    assert_eq!((told(&mut feed), feed.waiting()), ("e7 e8 e9".to_owned(), 0));
}

#[test]
fn only_so_much_is_taken_as_is_asked_for() {
    let mut feed = Feed::new("sub", 10);
    accept(&mut feed, 1..=5);
    assert_eq!(short(&feed.write(LINE + 1, text)), "b e1");
    assert_eq!(short(&feed.write(1, text)), "e2");
    assert_eq!((told(&mut feed), feed.waiting()), ("e3 e4 e5".to_owned(), 0));
}

#[test]
fn the_oldest_are_dropped_and_counted_before_the_next_one() {
    let mut feed = Feed::new("sub", 3);
    assert_eq!(accept(&mut feed, 1..=3), Vec::<String>::new());
    let lines = accept(&mut feed, 4..=8);
    let expected = "sub: takes no events, and 3 of them wait (buffer_size=3): the oldest are dropped, beginning with \
                    event 1; it will be told how many";
    assert_eq!(lines, [expected]);
    assert_eq!(told(&mut feed), "b g5,6 e6 e7 e8");
    let again = feed.unread(0).expect("it is told that it is over");
    let expected = "sub: takes its events again; 5 were dropped meanwhile, 5 since it is configured";
    assert_eq!(again.text, expected);
    assert!(feed.unread(0).is_none());
    assert_eq!(feed.tally(), Tally { accepted: 8, delivered: 3, returned: 0, dropped: 5 });
    assert_eq!(accept(&mut feed, 9..=12).len(), 1, "another time is told again");
}

#[test]
fn what_was_not_read_is_told_to_the_next_process() {
    let mut feed = Feed::new("sub", 10);
    accept(&mut feed, 1..=4);
    assert_eq!(told(&mut feed), "b e1 e2 e3 e4");
    // it has read up to the middle of the third event: that one comes whole
    feed.ended(LINE + 4);
    assert_eq!(feed.tally(), Tally { accepted: 4, delivered: 4, returned: 2, dropped: 0 });
    assert_eq!(told(&mut feed), "b2 e3 e4");
    feed.ended(0);
    assert_eq!(told(&mut feed), "b4");
    feed.ended(LINE);
    feed.ended(LINE);
    assert_eq!(told(&mut feed), "b4");
}

#[test]
fn a_gap_that_was_not_read_is_told_again_and_one_that_was_is_not() {
    let mut feed = Feed::new("sub", 2);
    accept(&mut feed, 1..=4);
    assert_eq!(told(&mut feed), "b g2,3 e3 e4");
    feed.ended(2 * LINE);
    assert_eq!(told(&mut feed), "b2 e3 e4");
    feed.ended(2 * LINE + 1);
    assert_eq!(told(&mut feed), "b2 e3 e4");
    let mut feed = Feed::new("sub", 2);
    accept(&mut feed, 1..=4);
    told(&mut feed);
    feed.ended(2 * LINE + 1);
    assert_eq!(told(&mut feed), "b2 g2,3 e3 e4");
    // what comes back is the oldest, and may have no room
    accept(&mut feed, 5..=6);
    feed.ended(4 * LINE);
    assert_eq!(told(&mut feed), "b2 g4,5 e5 e6");
    assert_eq!(feed.tally(), Tally { accepted: 6, delivered: 6, returned: 4, dropped: 4 });
}

#[test]
fn output_is_bounded_in_bytes_as_well() {
    let mut feed = Feed::new("sub", 1000);
    (1..=6).for_each(|seq| drop(feed.accept(&output(seq, OUTPUT / 4))));
    assert_eq!(told(&mut feed), "b g2,3 e3 e4 e5 e6");
    assert!(feed.accept(&output(7, OUTPUT + 1)).is_none(), "one always has room");
    assert_eq!(told(&mut feed), "e7");
}

/// Pseudo-random numbers, the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn whatever_happens_each_event_is_read_once_or_counted() {
    for start in 1..200 {
        let mut dice = Dice(start);
        let mut feed = Feed::new("sub", 1 + usize::try_from(dice.below(8)).unwrap());
        let (mut seq, mut pipe, mut read) = (0, Vec::new(), Vec::new());
        let size = usize::try_from(1 + dice.below(100)).unwrap();
        for step in 0..300 {
            match dice.below(8) {
                0..=3 => {
                    seq += 1;
                    feed.accept(&event(seq));
                }
                4 | 5 => {
                    pipe.extend(feed.write(size, text));
                    feed.unread(pipe.len());
                }
                6 => {
                    let taken = usize::try_from(dice.below(1 + pipe.len() as u64)).unwrap();
                    read.extend(pipe.drain(..taken));
                }
                _ => {
                    // the process ends, and with it what it read of a line
                    let whole = read.len() - read.len() % LINE;
                    read.truncate(whole);
                    feed.ended(pipe.len());
                    pipe.clear();
                }
            }
            let Tally { accepted, delivered, returned, dropped } = feed.tally();
            assert_eq!(accepted + returned, delivered + dropped + feed.waiting() as u64, "step {step}");
        }
        pipe.extend(feed.write(usize::MAX, text));
        read.append(&mut pipe);
        assert_whole(&read, seq, &feed);
    }
}

/// What was read has every number up to `last`, each once, or a count in its place.
#[track_caller]
fn assert_whole(read: &[u8], last: u64, feed: &Feed) {
    let lines = short(read);
    let (mut next, mut dropped) = (1, 0);
    for line in lines.split(' ') {
        match line.split_at(1) {
            ("b", _) => {}
            ("g", mark) => {
                let number = |text: &str| text.parse::<u64>().expect("a number");
                let (count, resume) = mark.split_once(',').expect("two numbers");
                let (count, resume) = (number(count), number(resume));
                assert_eq!(next + count, resume, "{lines}");
                (next, dropped) = (resume, dropped + count);
            }
            (_, number) => {
                assert_eq!(number.parse(), Ok(next), "{lines}");
                next += 1;
            }
        }
    }
    assert_eq!((next, dropped), (last + 1, feed.tally().dropped), "{lines}");
}
