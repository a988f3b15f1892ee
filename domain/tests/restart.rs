//! The waits of `restart_delay`: how they grow, where they stop, how they are spread.

use std::collections::BTreeSet;
use std::time::Duration;
use treeherd_domain::duration::{Shown, parse};
use treeherd_domain::restart::{Factor, Percent, RestartPolicy, seed};

fn span(text: &str) -> Duration {
    parse(text).expect("it is a span of time")
}

fn policy(delay: &str) -> RestartPolicy {
    let delay = delay.split(',').filter(|text| !text.is_empty()).map(span).collect();
    RestartPolicy { delay, ..RestartPolicy::default() }
}

/// The first waits of a policy.
fn waits(policy: &RestartPolicy) -> String {
    let shown = |n| policy.delay(n).map_or("none".to_owned(), |wait| Shown(wait).to_string());
    (1..=7).map(shown).collect::<Vec<_>>().join(" ")
}

#[test]
fn without_a_delay_there_is_none() {
    assert_eq!(waits(&policy("")), "none none none none none none none");
    assert!(!policy("").is_delayed());
}

#[test]
fn one_delay_stays_as_it_is() {
    assert_eq!(waits(&policy("5s")), "5s 5s 5s 5s 5s 5s 5s");
    assert_eq!(waits(&policy("20m")), "20m 20m 20m 20m 20m 20m 20m");
    assert_eq!(waits(&policy("0")), "0s 0s 0s 0s 0s 0s 0s");
}

#[test]
fn with_a_longest_delay_it_doubles_up_to_that() {
    let doubling = RestartPolicy { delay_max: Some(span("1m")), ..policy("2s") };
    assert_eq!(waits(&doubling), "2s 4s 8s 16s 32s 1m 1m");
    assert_eq!(doubling.delay(u32::MAX), Some(span("1m")));
}

#[test]
fn a_factor_is_what_it_grows_by() {
    let factor = Factor::parse("1.5");
    assert_eq!(
        waits(&RestartPolicy { factor, ..policy("200ms") }),
        "200ms 300ms 450ms 675ms 1s12ms 1s518ms 2s278ms"
    );
    // without a longest delay of its own
    let cubed = RestartPolicy { factor: Factor::parse("3"), ..policy("10s") };
    assert_eq!(waits(&cubed), "10s 30s 1m30s 4m30s 5m 5m 5m");
    let zero = RestartPolicy { factor: Factor::parse("100"), ..policy("0s") };
    assert_eq!(zero.delay(u32::MAX), Some(Duration::ZERO));
}

#[test]
fn the_last_of_a_list_repeats() {
    assert_eq!(waits(&policy("1s,1s,5s,30s")), "1s 1s 5s 30s 30s 30s 30s");
    let capped = RestartPolicy { delay_max: Some(span("3s")), ..policy("1s,5s,2s") };
    assert_eq!(waits(&capped), "1s 3s 2s 2s 2s 2s 2s");
    assert_eq!((policy("1s,1m,2s").longest(), capped.longest()), (span("1m"), span("3s")));
}

#[test]
fn ends_are_counted_anew_after_the_longest_wait_and_a_minute_at_least() {
    assert_eq!(policy("5s").reset_after(), span("1m"));
    assert_eq!(policy("1s,10m").reset_after(), span("10m"));
    let doubling = RestartPolicy { delay_max: Some(span("1h")), ..policy("2s") };
    assert_eq!(doubling.reset_after(), span("1h"));
    assert_eq!(RestartPolicy { reset_after: Some(span("3s")), ..doubling }.reset_after(), span("3s"));
}

#[test]
fn factors_and_percentages_are_read_as_they_are_shown() {
    for (text, shown) in [("2", "2"), ("1.50", "1.5"), (" 1.125 ", "1.125"), ("100", "100"), ("1.0", "1")] {
        assert_eq!(Factor::parse(text).map(|factor| factor.to_string()).as_deref(), Some(shown));
    }
    for text in
        ["", "0.9", "0", "101", "100.001", "-2", "+2", "2.", ".5", "1.2345", "two", "1,5", "4294968"]
    {
        assert_eq!(Factor::parse(text), None, "{text}");
    }
    for (text, shown) in [("0%", "0%"), ("20%", "20%"), (" 100 % ", "100%"), ("007%", "7%")] {
        assert_eq!(Percent::parse(text).map(|percent| percent.to_string()).as_deref(), Some(shown));
    }
    for text in ["", "20", "%", "101%", "256%", "-1%", "1.5%", "x%", "20%%"] {
        assert_eq!(Percent::parse(text), None, "{text}");
    }
}

#[test]
fn jitter_is_a_part_and_the_same_for_the_same_seed_and_count() {
    let (percent, span) = (Percent::parse("20%").expect("a percentage"), span("10s"));
    let parts: Vec<Duration> =
        (0..1000).map(|n| percent.part(span, seed(&format!("web:web_{n}"), 7), 1)).collect();
    assert!(parts.iter().all(|part| *part < Duration::from_secs(2)));
    // spread over the whole range: a thousand processes of two seconds never meet by the dozen
    let slots: BTreeSet<u128> = parts.iter().map(|part| part.as_millis() / 100).collect();
    assert_eq!(slots.len(), 20, "{slots:?}");
    let mean = parts.iter().sum::<Duration>() / 1000;
    assert!((900..1100).contains(&mean.as_millis()), "{mean:?}");
    assert_eq!(percent.part(span, 5, 3), percent.part(span, 5, 3));
    assert_ne!(percent.part(span, 5, 3), percent.part(span, 5, 4));
    assert_ne!(seed("web", 1), seed("web", 2));
    assert_eq!(Percent::default().part(span, 5, 3), Duration::ZERO);
}
