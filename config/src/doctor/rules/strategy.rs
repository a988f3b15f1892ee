//! Groups under OTP's rules: budgets that do not do what they look like.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use crate::value;
use treeherd_domain::duration;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "period-without-intensity",
        severity: Severity::Warning,
        summary: "period without intensity",
        reason: "without intensity there is no limit to restarts, and the period says nothing",
        fix: "write intensity as well, or take period out",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nperiod=60\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=5\nperiod=60\n",
        },
        find: |patient| Patient::each(patient.of_kind("group:"), period_without_intensity),
    },
    Rule {
        id: "intensity-never-used-up",
        severity: Severity::Warning,
        summary: "a budget that delays keep from being used up",
        reason: "restarts in a row wait for 1, 2, 4, ... seconds (backoff): one child that fails at once is never \
                 restarted often enough within the period for its group to give up",
        fix: "make the period longer, the intensity smaller, or the delays shorter (backoff=0,0 is none)",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=5\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=5\nperiod=60\n",
        },
        find: |patient| Patient::each(patient.of_kind("group:"), never_used_up),
    },
    Rule {
        id: "period-long",
        severity: Severity::Hint,
        summary: "a period of more than ten minutes with an intensity above 3",
        reason: "a long period with a high intensity forgives what should be seen: a crash every few minutes",
        fix: "make the intensity or the period smaller",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=10\nperiod=1h\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=3\nperiod=1h\n",
        },
        find: |patient| Patient::each(patient.of_kind("group:"), period_long),
    },
    Rule {
        id: "intensities-multiply",
        severity: Severity::Hint,
        summary: "intensities of a group and of the one above it that multiply to more than 30",
        reason: "the one above starts a group anew with a new budget: with 10 and 10 a process is started 121 times \
                 before the upper one gives up",
        fix: "keep the lower intensity small, and the upper one smaller",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n[group:top]\ngroups=shop\nintensity=10\nperiod=600\n[group:shop]\n\
                  programs=web\nintensity=5\nperiod=60\nescalate=parent\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:top]\ngroups=shop\nintensity=3\nperiod=600\n[group:shop]\n\
                   programs=web\nintensity=5\nperiod=60\nescalate=parent\n",
        },
        find: multiply,
    },
    Rule {
        id: "escalate-to-nobody",
        severity: Severity::Warning,
        summary: "escalate=parent of a group that has nobody above it",
        reason: "no group lists it in groups, and [supervisord] has no rules of its own: it stays down",
        fix: "write escalate=fatal or exit, or strategy in [supervisord]",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=1\nperiod=9\nescalate=parent\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=1\nperiod=9\nescalate=exit\n",
        },
        find: to_nobody,
    },
];

fn intensity(section: Section<'_>) -> Option<i64> {
    section.integer("intensity")
}

fn seconds(section: Section<'_>) -> f64 {
    section
        .text("period")
        .and_then(|text| duration::parse(text).ok())
        .map_or(5.0, |span| span.as_secs_f64())
}

fn period_without_intensity(section: Section<'_>) -> Option<Found> {
    let message = format!("{} has a period and no intensity", section.title());
    (section.has("period") && !section.has("intensity")).then(|| section.found("period", message))
}

fn never_used_up(section: Section<'_>) -> Option<Found> {
    let restarts = usize::try_from(intensity(section)?).ok()?;
    // other delays are somebody's own choice
    let is_own = section.has("backoff");
    let delays: f64 =
        (0..restarts.min(20)).map(|at| 2_f64.powi(i32::try_from(at).unwrap_or(0)).min(60.0)).sum();
    let message = format!("{} intensity {restarts} takes {delays} s of delays to use up", section.title());
    (!is_own && restarts > 0 && delays > seconds(section)).then(|| section.found("intensity", message))
}

fn period_long(section: Section<'_>) -> Option<Found> {
    let message = format!("{} forgives a crash every {} s", section.title(), seconds(section).round());
    (intensity(section)? > 3 && seconds(section) > 600.0).then(|| section.found("period", message))
}

fn below(section: Section<'_>) -> Vec<String> {
    let text = section.text("groups").unwrap_or_default();
    value::list(text).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn multiply(patient: &Patient<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for above in patient.of_kind("group:") {
        let Some(upper) = intensity(above) else { continue };
        let names = below(above);
        for group in patient.of_kind("group:").filter(|group| names.iter().any(|name| name == group.name()))
        {
            let Some(lower) = intensity(group).filter(|lower| lower.saturating_mul(upper) > 30) else {
                continue;
            };
            let message = format!("{} allows {lower} and {} {upper}", group.title(), above.title());
            found.push(group.found("intensity", message));
        }
    }
    found
}

fn to_nobody(patient: &Patient<'_>) -> Vec<Found> {
    let keys = ["strategy", "intensity", "period", "escalate", "auto_shutdown", "start_failure", "backoff"];
    if patient.of_kind("supervisord").any(|section| keys.iter().any(|key| section.has(key))) {
        return Vec::new();
    }
    let listed: Vec<String> = patient.of_kind("group:").flat_map(below).collect();
    let find = |section: Section<'_>| {
        let is_parent = section.text("escalate").is_some_and(|text| text.eq_ignore_ascii_case("parent"));
        let is_listed = listed.iter().any(|name| name == section.name());
        let message = format!("{} escalates to nobody", section.title());
        (is_parent && !is_listed).then(|| section.found("escalate", message))
    };
    Patient::each(patient.of_kind("group:"), find)
}
