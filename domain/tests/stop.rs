//! `stopsequence`: what is one, and what is wrong with what is none.

use std::time::Duration;
use treeherd_domain::signal::Signal;
use treeherd_domain::stop::{SequenceError, StopSequence, StopSignal};

fn parsed(text: &str) -> Result<String, SequenceError> {
    StopSequence::parse(text).map(|sequence| sequence.to_string())
}

#[test]
fn signals_stand_in_their_order_with_their_waits() {
    let sequence = StopSequence::parse("TERM:30s, SIGINT:1m30s, 3, KILL").expect("it is a sequence");
    let step = |signal, seconds| StopSignal { signal, wait: Duration::from_secs(seconds) };
    let expected = [step(Signal::TERM, 30), step(Signal::INT, 90), step(Signal::QUIT, 10)];
    assert_eq!(sequence.signals().collect::<Vec<_>>(), expected);
    assert_eq!((sequence.get(0), sequence.get(3)), (Some(expected[0]), None));
}

#[test]
fn every_sequence_ends_with_kill_and_is_shown_as_it_could_be_written() {
    for (text, shown) in [
        ("TERM:30s, INT:10s, KILL", "TERM:30s, INT:10s, KILL"),
        ("TERM:30s, INT:10s", "TERM:30s, INT:10s, KILL"),
        ("term : 200ms,\n int", "TERM:200ms, INT:10s, KILL"),
        ("15:0", "TERM:0s, KILL"),
        ("KILL", "KILL"),
        ("9", "KILL"),
    ] {
        assert_eq!(parsed(text), Ok(shown.to_owned()), "{text}");
        assert_eq!(parsed(shown), Ok(shown.to_owned()));
    }
}

#[test]
fn what_is_wrong_is_told_with_the_word_that_is() {
    for (text, word, message) in [
        ("", "", "a signal is missing"),
        ("TERM,,KILL", "", "a signal is missing"),
        ("TERM:5s, :3", "", "a signal is missing"),
        ("TERM, FOO:3s", "FOO", "value 'FOO' is not a valid signal name"),
        ("TERM, 999", "999", "value '999' is not a valid signal number"),
        ("0:1s", "0", "signal 0 ends nothing: '0'"),
        ("TERM:3x", "x", "unknown unit of time: 'x'"),
        ("TERM:", "TERM:", "no span of time is given"),
        ("TERM:-1", "-1", "not a span of time: '-1'"),
        ("KILL, TERM", "TERM", "nothing can follow KILL: 'TERM'"),
        ("TERM, KILL:5s", "KILL:5s", "KILL has no wait: 'KILL:5s'"),
    ] {
        let error = parsed(text).expect_err(text);
        assert_eq!((error.word(), error.to_string().as_str()), (word, message), "{text}");
        assert!(!error.help().is_empty());
    }
    let many = vec!["TERM:1s"; 17].join(",");
    assert_eq!(parsed(&many), Err(SequenceError::Many));
    assert!(parsed(&vec!["TERM:1s"; 16].join(",")).is_ok());
}
