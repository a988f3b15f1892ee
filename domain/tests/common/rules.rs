//! The rules of groups, by their keys.

use std::time::Duration;
use treeherd_domain::group::{AutoShutdown, Backoff, Escalate, GroupPolicy, StartFailure, StartUp};
use treeherd_domain::spec::StopOrder;
use treeherd_domain::strategy::{Restart, Strategy};

/// `strategy=one_for_all intensity=1`: no delays, as in OTP, unless the keys have some; no limit unless they have one.
pub(crate) fn policy(keys: &str) -> GroupPolicy {
    let mut policy = GroupPolicy { backoff: Backoff::NONE, ..GroupPolicy::default() };
    for (key, value) in keys.split_whitespace().filter_map(|pair| pair.split_once('=')) {
        match (key, value) {
            ("strategy", "one_for_one") => policy.strategy = Strategy::OneForOne,
            ("strategy", "one_for_all") => policy.strategy = Strategy::OneForAll,
            ("strategy", "rest_for_one") => policy.strategy = Strategy::RestForOne,
            ("intensity", number) => policy.intensity = Some(number.parse().expect("a number")),
            ("period", number) => policy.period = Duration::from_secs(number.parse().expect("a number")),
            ("escalate", "fatal") => policy.escalate = Escalate::Fatal,
            ("escalate", "parent") => policy.escalate = Escalate::Parent,
            ("escalate", "exit") => policy.escalate = Escalate::Exit,
            ("auto_shutdown", "never") => policy.auto_shutdown = AutoShutdown::Never,
            ("auto_shutdown", "any_significant") => policy.auto_shutdown = AutoShutdown::AnySignificant,
            ("auto_shutdown", "all_significant") => policy.auto_shutdown = AutoShutdown::AllSignificant,
            ("restart", word) => policy.restart = restart_type(word),
            ("start_failure", "fail") => policy.start_failure = StartFailure::Fail,
            ("stop_order", "parallel") => policy.stop_order = StopOrder::Parallel,
            ("otp_strict", "true") => policy.otp_strict = true,
            ("start_up", "never") => policy.start_up = StartUp::Never,
            ("backoff", parts) => policy.backoff = backoff(parts),
            _ => panic!("no such key: {key}={value}"),
        }
    }
    policy
}

/// `1,60,2,0.2`; what is left out at the end makes no difference: `2` is two seconds each time.
fn backoff(parts: &str) -> Backoff {
    let parts: Vec<f64> = parts.split(',').map(|part| part.parse().expect("a number")).collect();
    let part = |at: usize, other: f64| parts.get(at).copied().unwrap_or(other);
    Backoff {
        first: Duration::from_secs_f64(parts[0]),
        cap: Duration::from_secs_f64(part(1, 60.0)),
        factor: part(2, 1.0),
        jitter: part(3, 0.0),
    }
}

/// A restart type by its word.
pub(crate) fn restart_type(word: &str) -> Restart {
    match word {
        "permanent" => Restart::Permanent,
        "transient" => Restart::Transient,
        "temporary" => Restart::Temporary,
        _ => panic!("no such restart type: {word}"),
    }
}
