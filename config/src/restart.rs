//! `restart_delay` and what belongs to it: how starts that follow by themselves are spaced.
//!
//! ```text
//! restart_delay            one wait, or a list of them
//!   restart_delay_max restart_factor restart_reset_after    only together with it
//! fatal_retry max_runtime
//!   restart_jitter                                          together with any of the three
//! type                     what may follow an end at all
//! ```
//!
//! A key that would have no effect is refused, so that nobody relies on it. Absent: what is unwise and possible (the
//! doctor's).

use crate::keys::Keys;
use crate::value::ValueError;
use std::time::Duration;
use treeherd_domain::duration::{self, DurationError};
use treeherd_domain::restart::{Factor, Percent, RestartPolicy};
use treeherd_domain::spec::ProcessType;

/// What is tried again or cut off sooner would keep the machine busy.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest list of waits.
const MOST_DELAYS: usize = 100;

/// Reads the keys. Errors are noted.
pub(crate) fn read(keys: &Keys<'_>) -> RestartPolicy {
    let delay = delays(keys);
    let policy = RestartPolicy {
        delay_max: span(keys, "restart_delay_max"),
        factor: keys.value("restart_factor", factor),
        jitter: jitter(keys),
        reset_after: span(keys, "restart_reset_after"),
        fatal_retry: at_least(keys, "fatal_retry"),
        max_runtime: at_least(keys, "max_runtime"),
        delay,
    };
    check(keys, &policy);
    policy
}

/// `type`.
pub(crate) fn kind(keys: &Keys<'_>) -> ProcessType {
    let kind = keys.get("type", ProcessType::Simple, |text| match text.to_lowercase().as_str() {
        "simple" => Ok(ProcessType::Simple),
        "oneshot" => Ok(ProcessType::Oneshot),
        _ => Err(ValueError::ProcessType(treeherd_domain::quote::repr(text))),
    });
    if kind == ProcessType::Oneshot {
        let section = &keys.section.name;
        if ["eventlistener:", "subscriber:"].iter().any(|kind| section.starts_with(kind)) {
            let message = "type=oneshot is not for what listens to events".to_owned();
            keys.fail("type", message, "leave type out: it has to run as long as there are events");
        }
        if keys.raw("max_runtime").is_some() {
            let message =
                "max_runtime is not for type=oneshot, which is not to be started again".to_owned();
            keys.fail(
                "max_runtime",
                message,
                "leave it out, or limit the time in the command, as by timeout(1)",
            );
        }
    }
    kind
}

fn check(keys: &Keys<'_>, policy: &RestartPolicy) {
    if keys.raw("restart_delay").is_none() {
        for key in ["restart_delay_max", "restart_factor", "restart_reset_after"] {
            if keys.raw(key).is_some() {
                let help = "write restart_delay, such as 1s; without it the waits are Supervisor's";
                keys.fail(key, format!("{key} has no effect without restart_delay"), help);
            }
        }
        let is_spread = ["fatal_retry", "max_runtime"].iter().any(|key| keys.raw(key).is_some());
        if keys.raw("restart_jitter").is_some() && !is_spread {
            let message = "restart_jitter has no effect without restart_delay, fatal_retry or max_runtime";
            keys.fail("restart_jitter", message.to_owned(), "write restart_delay, such as 1s");
        }
    }
    if policy.delay.len() > 1 && keys.raw("restart_factor").is_some() {
        let message = "restart_factor has no effect on a list in restart_delay".to_owned();
        keys.fail("restart_factor", message, "leave one of the two out: the list says every wait");
    }
}

/// `restart_delay`: one span, or several with commas between.
fn delays(keys: &Keys<'_>) -> Vec<Duration> {
    let Some(text) = keys.text("restart_delay") else { return Vec::new() };
    let spans: Result<Vec<Duration>, DurationError> = text.split(',').map(duration::parse).collect();
    match spans {
        Ok(spans) if spans.len() > MOST_DELAYS => {
            let message = format!("{} waits are more than {MOST_DELAYS}", spans.len());
            keys.fail("restart_delay", message, "the last wait of the list repeats");
            Vec::new()
        }
        Ok(spans) => spans,
        Err(error) => {
            refuse(keys, "restart_delay", &error);
            Vec::new()
        }
    }
}

fn span(keys: &Keys<'_>, key: &str) -> Option<Duration> {
    let text = keys.text(key)?;
    duration::parse(&text).inspect_err(|error| refuse(keys, key, error)).ok()
}

fn at_least(keys: &Keys<'_>, key: &str) -> Option<Duration> {
    let span = span(keys, key)?;
    if span < SHORTEST {
        let message = format!("{key} is less than a second: {}", duration::Shown(span));
        keys.fail(key, message, "write 1s or more, or leave the key out");
    }
    Some(span)
}

/// `restart_jitter`. A percent sign is written twice elsewhere; here nobody would think of it.
fn jitter(keys: &Keys<'_>) -> Percent {
    let is_plain = |value: &&str| value.strip_suffix('%').is_some_and(|number| !number.contains('%'));
    let Some(value) = keys.raw("restart_jitter").map(|option| option.value.trim()).filter(is_plain) else {
        return keys.get("restart_jitter", Percent::default(), percent);
    };
    percent(value).unwrap_or_else(|error| {
        keys.fail("restart_jitter", error.to_string(), error.help());
        Percent::default()
    })
}

/// Notes what is wrong with a span of time; the caret stands below the part that is.
fn refuse(keys: &Keys<'_>, key: &str, error: &DurationError) {
    match error.word() {
        "" => keys.fail(key, error.to_string(), error.help()),
        word => keys.fail_item(key, word, error.to_string(), error.help()),
    }
}

fn factor(text: &str) -> Result<Factor, ValueError> {
    Factor::parse(text).ok_or_else(|| ValueError::Factor(treeherd_domain::quote::repr(text)))
}

fn percent(text: &str) -> Result<Percent, ValueError> {
    Percent::parse(text).ok_or_else(|| ValueError::Percent(treeherd_domain::quote::repr(text)))
}
