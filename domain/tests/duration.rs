//! Spans of time: what is read, what is refused and where, and that what is shown is read again.

use proptest::prelude::*;
use std::time::Duration;
use treeherd_domain::duration::{DurationError, LONGEST, Shown, parse};

#[test]
fn spans_are_read() {
    let table = [
        ("0", 0),
        ("30", 30_000),
        (" 10s ", 10_000),
        ("200ms", 200),
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("1d2h3m4s5ms", 93_784_005),
        ("90m", 5_400_000),
        ("36600d", LONGEST.as_millis().try_into().expect("it fits")),
    ];
    for (text, millis) in table {
        assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
    }
}

#[test]
fn what_is_no_span_is_refused_with_the_word() {
    let table = [
        ("", "no span of time is given"),
        ("  ", "no span of time is given"),
        ("s", "not a span of time: 's'"),
        ("-1", "not a span of time: '-1'"),
        ("1.5s", "unknown unit of time: '.'"),
        ("10 s", "unknown unit of time: 's'"),
        ("10sec", "unknown unit of time: 'sec'"),
        ("10S", "unknown unit of time: 'S'"),
        ("1m30", "unknown unit of time: '30'"),
        ("1s1m", "units of time out of order: '1m'"),
        ("1s1s", "units of time out of order: '1s'"),
        ("36601d", "too long a span of time: '36601d'"),
        ("99999999999999999999", "too long a span of time: '99999999999999999999'"),
        ("1µs", "unknown unit of time: 'µs'"),
    ];
    for (text, message) in table {
        let error = parse(text).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
        assert!(text.contains(error.word()) && error.help().contains("200ms"), "{text}");
    }
    assert_eq!(parse(""), Err(DurationError::Empty));
}

proptest! {
    #[test]
    fn what_is_shown_is_read_again(millis in 0_u64..=LONGEST.as_millis() as u64) {
        let span = Duration::from_millis(millis);
        prop_assert_eq!(parse(&Shown(span).to_string()), Ok(span));
    }

    #[test]
    fn no_text_makes_it_fall(text in "\\PC{0,12}|[0-9dhms]{0,12}") {
        if let Ok(span) = parse(&text) {
            prop_assert!(span <= LONGEST);
        }
    }
}
