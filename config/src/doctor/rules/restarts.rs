//! How often, and how long after an end, a program is started again.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use crate::value;
use std::time::Duration;
use treeherd_domain::duration::{Shown, parse};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "delay-above-its-maximum",
        severity: Severity::Warning,
        summary: "restart_delay longer than restart_delay_max",
        reason: "no wait is longer than restart_delay_max, so this one is never as long as it is written",
        fix: "let restart_delay_max be the longer one, or leave it out",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nrestart_delay=1m\nrestart_delay_max=30s\n",
            good: "[program:web]\ncommand=/bin/cat\nrestart_delay=1s\nrestart_delay_max=30s\n",
        },
        find: |patient| Patient::each(patient.programs(), delay_above_its_maximum),
    },
    Rule {
        id: "ends-forgotten-too-soon",
        severity: Severity::Warning,
        summary: "restart_reset_after shorter than the time that a program needs to fail",
        reason: "ends are counted anew after each run that is longer than restart_reset_after, and with less than 10 \
                 seconds nearly every run is: the waits do not grow",
        fix: "let restart_reset_after be a time after which the program is known to work, or leave it out",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nrestart_delay=1s,5s,1m\nrestart_reset_after=2s\n",
            good: "[program:web]\ncommand=/bin/cat\nrestart_delay=1s,5s,1m\nrestart_reset_after=10m\n",
        },
        find: |patient| Patient::each(patient.programs(), ends_forgotten_too_soon),
    },
    Rule {
        id: "recycled-without-autorestart",
        severity: Severity::Hint,
        summary: "autorestart=false with max_runtime",
        reason: "the program is started again when max_runtime is over, although autorestart=false looks as if nothing \
                 ever started it again",
        fix: "leave one of the two out, unless both are meant",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nautorestart=false\nmax_runtime=1h\n",
            good: "[program:web]\ncommand=/bin/cat\nautorestart=true\nmax_runtime=1h\n",
        },
        find: |patient| Patient::each(patient.programs(), recycled_without_autorestart),
    },
];

fn delay_above_its_maximum(section: Section<'_>) -> Option<Found> {
    let max = parse(section.text("restart_delay_max")?).ok()?;
    let spans = section.text("restart_delay")?.split(',').map(str::trim);
    let longest = spans.filter_map(|text| Some((parse(text).ok()?, text))).max()?;
    let message = format!("{} no wait is longer than {}", section.title(), Shown(max));
    let second = section.get("restart_delay_max")?.span;
    (longest.0 > max).then(|| section.found_word("restart_delay", longest.1, message).and(second))
}

fn ends_forgotten_too_soon(section: Section<'_>) -> Option<Found> {
    let reset = parse(section.text("restart_reset_after")?).ok()?;
    let grows = section.has("restart_delay_max")
        || section.has("restart_factor")
        || section.text("restart_delay")?.contains(',');
    let message = format!("{} a run of {} begins the waits anew", section.title(), Shown(reset));
    (grows && reset < Duration::from_secs(10)).then(|| {
        let edits = section.without("restart_reset_after");
        section.found("restart_reset_after", message).edit(edits)
    })
}

fn recycled_without_autorestart(section: Section<'_>) -> Option<Found> {
    let never = section.text("autorestart").is_some_and(|text| value::boolean(text) == Ok(false));
    let message = format!("{} is started again after max_runtime", section.title());
    let second = section.get("max_runtime")?.span;
    never.then(|| section.found("autorestart", message).and(second))
}
