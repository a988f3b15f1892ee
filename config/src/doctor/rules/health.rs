//! Readiness and health.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use crate::health;
use std::time::Duration;
use treeherd_domain::duration::{Shown, parse};
use treeherd_domain::health::{Check, HealthSpec};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ready-keys-unused",
        severity: Severity::Warning,
        summary: "a ready_* key without ready=",
        reason: "without ready= a program is ready when it has been up for startsecs: nothing is asked, and nothing \
                 is waited for",
        fix: "write ready= and how to find out, such as ready=tcp:127.0.0.1:8080, or take the other key out",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nready_timeout=2m\n",
            good: "[program:web]\ncommand=/bin/cat\nready=tcp:127.0.0.1:8080\nready_timeout=2m\n",
        },
        find: |patient| Patient::each(patient.programs(), ready_keys_unused),
    },
    Rule {
        id: "health-keys-unused",
        severity: Severity::Warning,
        summary: "a health_* key without health= or watchdog=",
        reason: "nothing watches the program, so that nothing comes of the key",
        fix: "write health= and how to find out, such as health=http://127.0.0.1:8080/healthz, or take the other key \
              out",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nhealth_interval=5s\n",
            good: "[program:web]\ncommand=/bin/cat\nhealth=tcp:127.0.0.1:8080\nhealth_interval=5s\nhealth_timeout=2s\n",
        },
        find: |patient| Patient::each(patient.programs(), health_keys_unused),
    },
    Rule {
        id: "health-timeout-above-interval",
        severity: Severity::Hint,
        summary: "a health_timeout that is longer than health_interval",
        reason: "the interval runs from the end of one question to the next: while a program hangs, it is asked once \
                 in interval and timeout together, and is found out later than the interval promises",
        fix: "let health_timeout be shorter than health_interval",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nhealth=tcp:127.0.0.1:8080\nhealth_interval=4s\n",
            good: "[program:web]\ncommand=/bin/cat\nhealth=tcp:127.0.0.1:8080\nhealth_interval=4s\nhealth_timeout=1s\n",
        },
        find: |patient| Patient::each(patient.programs(), timeout_above_interval),
    },
    Rule {
        id: "ready-probe-outlasts-limit",
        severity: Severity::Warning,
        summary: "a ready_timeout that is shorter than one question may take",
        reason: "a program that is slow to answer is given up before its first answer can come",
        fix: "let ready_timeout be several times ready_probe_timeout (5s if it is not written)",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nready=tcp:127.0.0.1:8080\nready_timeout=3s\n",
            good: "[program:web]\ncommand=/bin/cat\nready=tcp:127.0.0.1:8080\nready_timeout=3s\nready_probe_timeout=1s\n",
        },
        find: |patient| Patient::each(patient.programs(), probe_outlasts_limit),
    },
    Rule {
        id: "unhealthy-stays-down",
        severity: Severity::Warning,
        summary: "health= or watchdog= together with autorestart=false",
        reason: "health_action=restart ends the program as if it had failed by itself, and autorestart=false says that \
                 nothing follows such an end: it stays EXITED",
        fix: "write autorestart=unexpected, or health_action=none if it shall only be told",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nhealth=tcp:127.0.0.1:8080\nautorestart=false\n",
            good: "[program:web]\ncommand=/bin/cat\nhealth=tcp:127.0.0.1:8080\nautorestart=unexpected\nexitcodes=0\n",
        },
        find: |patient| Patient::each(patient.programs(), stays_down),
    },
    Rule {
        id: "health-before-ready",
        severity: Severity::Hint,
        summary: "health= that finds a program unhealthy before it can be up: without ready= and health_delay",
        reason: "it is asked as soon as the program is RUNNING (startsecs), and health_failures noes in a row end the \
                 program: one that takes longer to come up is started again and again",
        fix: "write ready= and how to find out when the program can be used, or health_delay",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nhealth=tcp:127.0.0.1:8080\nhealth_interval=2s\nhealth_timeout=1s\n",
            good: "[program:web]\ncommand=/bin/cat\nready=tcp:127.0.0.1:8080\nhealth=tcp:127.0.0.1:8080\n\
                   health_interval=2s\nhealth_timeout=1s\n",
        },
        find: |patient| Patient::each(patient.programs(), before_ready),
    },
    Rule {
        id: "check-needs-shell",
        severity: Severity::Warning,
        summary: "an exec: check with the signs of a shell",
        reason: "the command is run without a shell: pipes, redirections, && and variables reach it as words",
        fix: "write exec:sh -c '...' around it",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nhealth=exec:curl -fs localhost | grep ok\n",
            good: "[program:web]\ncommand=/bin/cat\nhealth=exec:sh -c 'curl -fs localhost | grep ok'\n",
        },
        find: |patient| Patient::each(patient.programs(), needs_shell),
    },
];

fn check(section: &Section<'_>, key: &str) -> Option<Check> {
    Check::parse(&section.expanded(key)?).ok()
}

fn span(section: &Section<'_>, key: &str, usual: Duration) -> Duration {
    section.text(key).and_then(|text| parse(text).ok()).unwrap_or(usual)
}

fn is_watched(section: &Section<'_>) -> bool {
    let is_on = |key| {
        section
            .text(key)
            .is_some_and(|text| !matches!(text.trim().to_lowercase().as_str(), "" | "none" | "off" | "0"))
    };
    is_on("health") || is_on("watchdog")
}

fn ready_keys_unused(section: Section<'_>) -> Option<Found> {
    let is_sought = section.has("ready") && check(&section, "ready") != Some(Check::Startsecs);
    let key = health::READY.iter().find(|key| section.has(key)).filter(|_| !is_sought)?;
    Some(section.found(key, format!("{} {key} has no effect without ready=", section.title())))
}

fn health_keys_unused(section: Section<'_>) -> Option<Found> {
    let key = health::HEALTH.iter().find(|key| section.has(key)).filter(|_| !is_watched(&section))?;
    Some(section.found(key, format!("{} {key} has no effect without health=", section.title())))
}

fn timeout_above_interval(section: Section<'_>) -> Option<Found> {
    let usual = HealthSpec::default();
    let interval = span(&section, "health_interval", usual.health_interval);
    let timeout = span(&section, "health_timeout", usual.health_timeout);
    let is_asked = check(&section, "health")?.is_asked();
    let key = if section.has("health_timeout") { "health_timeout" } else { "health_interval" };
    let message = format!("{} one question may take longer than the time between two", section.title());
    (is_asked && timeout > interval).then(|| section.found(key, message))
}

fn probe_outlasts_limit(section: Section<'_>) -> Option<Found> {
    let usual = HealthSpec::default();
    let limit = span(&section, "ready_timeout", usual.ready_timeout);
    let probe = span(&section, "ready_probe_timeout", usual.ready_probe_timeout);
    let is_asked = check(&section, "ready")?.is_asked();
    let key = if section.has("ready_timeout") { "ready_timeout" } else { "ready_probe_timeout" };
    let message = format!("{} is given up before one question has come to its end", section.title());
    (is_asked && !limit.is_zero() && probe > limit).then(|| section.found(key, message))
}

fn stays_down(section: Section<'_>) -> Option<Found> {
    let never = section.text("autorestart").is_some_and(|text| crate::value::boolean(text) == Ok(false));
    let restarts = is_restarted(section);
    let key = if section.has("health") { "health" } else { "watchdog" };
    let second = section.get("autorestart")?.span;
    let message = format!("{} when it is not healthy it is stopped, and stays down", section.title());
    (never && restarts && is_watched(&section)).then(|| section.found(key, message).and(second))
}

fn before_ready(section: Section<'_>) -> Option<Found> {
    let usual = HealthSpec::default();
    let interval = span(&section, "health_interval", usual.health_interval);
    let failures = section.integer("health_failures").and_then(|number| u32::try_from(number).ok());
    let patience = interval.saturating_mul(failures.unwrap_or(usual.health_failures));
    let is_asked = check(&section, "health")?.is_asked();
    let is_let = ["ready", "health_delay"].iter().any(|key| section.has(key)) || !is_restarted(section);
    let message = format!("{} has {} from startsecs on to be healthy", section.title(), Shown(patience));
    (is_asked && !is_let && patience < PATIENCE).then(|| section.found("health", message))
}

/// What nearly every program needs less than to come up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether what is unhealthy is stopped.
fn is_restarted(section: Section<'_>) -> bool {
    section.text("health_action").is_none_or(|text| text.trim().eq_ignore_ascii_case("restart"))
}

fn needs_shell(section: Section<'_>) -> Option<Found> {
    let of = |key: &'static str| {
        let Check::Exec(command) = check(&section, key)? else { return None };
        let sign = super::shell::sign_in(&command)?;
        let message = format!("{} {key}: '{sign}' is for a shell, and there is none", section.title());
        Some(section.found_word(key, &sign, message))
    };
    of("ready").or_else(|| of("health"))
}
