//! Readiness and health of a program: `ready`, `health`, `watchdog`, and the keys that belong to them.
//!
//! ```text
//! ready   ready_interval  ready_probe_timeout ready_timeout
//! health  health_interval health_timeout      health_delay health_failures health_successes health_action
//! watchdog
//! ```
//!
//! All of them are ours. They are read for each process, so that `%(process_num)d` may stand in them.

use crate::keys::Keys;
use crate::value::{self, ValueError};
use std::time::Duration;
use treeherd_domain::health::{Action, Check, HealthSpec};
use treeherd_domain::signal::Signal;

/// The keys that turn something on.
pub(crate) const KEYS: &[&str] = &["ready", "health", "watchdog"];
/// Those that say more about `ready`.
pub(crate) const READY: &[&str] = &["ready_interval", "ready_probe_timeout", "ready_timeout"];
/// Those that say more about `health` and `watchdog`.
pub(crate) const HEALTH: &[&str] = &[
    "health_delay",
    "health_interval",
    "health_timeout",
    "health_failures",
    "health_successes",
    "health_action",
];

/// The shortest time between two questions.
pub(crate) const SHORTEST: Duration = Duration::from_millis(100);
/// The shortest time to answer in.
pub(crate) const QUICKEST: Duration = Duration::from_millis(1);
/// The greatest threshold.
pub(crate) const MOST: i64 = 1_000_000;

/// Reads the keys of one process that inherits so many sockets. Errors are noted.
pub(crate) fn read(keys: &Keys<'_>, sockets: usize) -> HealthSpec {
    let usual = HealthSpec::default();
    let spec = HealthSpec {
        ready: check(keys, "ready").unwrap_or(usual.ready),
        ready_interval: keys.span("ready_interval", SHORTEST).unwrap_or(usual.ready_interval),
        ready_probe_timeout: keys
            .span("ready_probe_timeout", QUICKEST)
            .unwrap_or(usual.ready_probe_timeout),
        ready_timeout: keys.span("ready_timeout", Duration::ZERO).unwrap_or(usual.ready_timeout),
        health: if is_none(keys, "health") { None } else { check(keys, "health") },
        health_delay: keys.span("health_delay", Duration::ZERO).unwrap_or(usual.health_delay),
        health_interval: keys.span("health_interval", SHORTEST).unwrap_or(usual.health_interval),
        health_timeout: keys.span("health_timeout", QUICKEST).unwrap_or(usual.health_timeout),
        health_failures: threshold(keys, "health_failures", usual.health_failures),
        health_successes: threshold(keys, "health_successes", usual.health_successes),
        health_action: action(keys).unwrap_or(usual.health_action),
        watchdog: keys.span_or_none("watchdog", SHORTEST),
    };
    agree(keys, &spec, sockets);
    spec
}

/// A check, as `ready` has it. `None` if the key is missing, or wrong, which is noted.
pub(crate) fn check(keys: &Keys<'_>, key: &str) -> Option<Check> {
    let text = keys.text(key)?;
    let parsed = Check::parse(&text);
    parsed.map_err(|error| keys.fail_item(key, error.word(), format!("{key}: {error}"), error.help())).ok()
}

fn is_none(keys: &Keys<'_>, key: &str) -> bool {
    keys.text(key).is_some_and(|text| matches!(text.trim().to_lowercase().as_str(), "" | "none" | "off"))
}

/// How many answers in a row decide.
pub(crate) fn threshold(keys: &Keys<'_>, key: &str, usual: u32) -> u32 {
    let bounded = |text: &str| match value::integer(text)? {
        number @ ..1 => Err(ValueError::Below(number, 1)),
        number if number > MOST => Err(ValueError::Above(number, MOST)),
        number => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
    };
    keys.get(key, usual, bounded)
}

fn action(keys: &Keys<'_>) -> Option<Action> {
    let text = keys.text("health_action")?;
    let help = "write restart, none, or signal: and a signal, such as signal:HUP";
    match text.trim().split_once(':') {
        None if text.trim().eq_ignore_ascii_case("restart") => return Some(Action::Restart),
        None if text.trim().eq_ignore_ascii_case("none") => return Some(Action::None),
        Some((kind, signal)) if kind.eq_ignore_ascii_case("signal") => match Signal::parse(signal) {
            Ok(signal) if signal.number() > 0 => return Some(Action::Signal(signal)),
            _ => keys.fail_item(
                "health_action",
                signal,
                format!("health_action: no signal '{signal}'"),
                help,
            ),
        },
        _ => keys.fail("health_action", format!("not a valid health_action: '{text}'"), help),
    }
    None
}

/// What does not fit together.
fn agree(keys: &Keys<'_>, spec: &HealthSpec, sockets: usize) {
    if let (Check::Fd(ready), Some(Check::Fd(health))) = (&spec.ready, &spec.health)
        && ready != health
    {
        let message =
            format!("health=fd:{health} beside ready=fd:{ready}: a process has one such descriptor");
        keys.fail(
            "health",
            message,
            format!("write health=fd:{ready}, and the program one line for each beat"),
        );
    }
    let first = i32::try_from(sockets).map_or(i32::MAX, |sockets| sockets.saturating_add(3));
    if let Some(fd) = spec.fd().filter(|fd| *fd < first) {
        let key = if matches!(spec.ready, Check::Fd(_)) { "ready" } else { "health" };
        let message = format!("{key}=fd:{fd}: descriptor {fd} is one of its sockets=");
        keys.fail(key, message, format!("write {key}=fd:{first}, and let the program use that"));
    }
}
