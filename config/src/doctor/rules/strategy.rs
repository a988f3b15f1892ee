//! Groups under OTP's rules: budgets that do not do what they look like.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use crate::strategy::{GROUP, ROOT};
use crate::value;
use std::time::Duration;
use treeherd_domain::cause::span;
use treeherd_domain::duration;
use treeherd_domain::group::GroupPolicy;

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
        id: "intensity-outlasted-by-retries",
        severity: Severity::Warning,
        summary: "a budget that startretries keep from being used up",
        reason: "a start that fails is tried again startretries times, after 1, 2, 3, ... seconds, before it counts once \
                 for the group: a program that cannot start never fails often enough within the period for its group \
                 to give up",
        fix: "write startretries=0 for the programs of the group, which starts them again, or make the period longer",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=3\nperiod=20\n",
            good: "[program:web]\ncommand=/bin/cat\nstartretries=0\n[group:shop]\nprograms=web\nintensity=3\nperiod=20\n",
        },
        find: |patient| Patient::each(patient.of_kind("group:"), outlasted_by_retries),
    },
    Rule {
        id: "intensity-zero",
        severity: Severity::Hint,
        summary: "intensity=0 of a group that then stays down",
        reason: "the first failure of any child stops all of the group, and nobody starts it again but a person",
        fix: "allow for a few restarts, such as intensity=5 with period=60; or write escalate=parent or exit, so that \
              somebody else decides",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=0\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nintensity=0\nescalate=exit\n",
        },
        find: |patient| Patient::each(patient.of_kind("group:"), intensity_zero),
    },
    Rule {
        id: "strategy-member-by-hand",
        severity: Severity::Hint,
        summary: "one_for_all or rest_for_one with a program that has autostart=false",
        reason: "the group neither starts it nor waits for it: the others come up, and are started anew, without it, \
                 until somebody starts it; from then on it falls and rises with them",
        fix: "take autostart=false out, or the program out of the group",
        is_fixable: false,
        example: Example {
            bad: "[program:db]\ncommand=/bin/cat\n[program:web]\ncommand=/bin/cat\nautostart=false\n[group:shop]\n\
                  programs=db,web\nstrategy=one_for_all\n",
            good: "[program:db]\ncommand=/bin/cat\n[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=db,web\n\
                   strategy=one_for_all\n",
        },
        find: |patient| Patient::each(patient.of_kind("group:"), by_hand),
    },
    Rule {
        id: "auto-shutdown-never",
        severity: Severity::Warning,
        summary: "auto_shutdown of a group without a significant child",
        reason: "the group ends when significant children have ended, and none is",
        fix: "write significant=true, with restart=transient or temporary, for the child that is the work, or take \
              auto_shutdown out",
        is_fixable: false,
        example: Example {
            bad: "[program:job]\ncommand=/bin/cat\n[group:batch]\nprograms=job\nauto_shutdown=any_significant\n",
            good: "[program:job]\ncommand=/bin/cat\nsignificant=true\nrestart=transient\n[group:batch]\nprograms=job\n\
                   auto_shutdown=any_significant\n",
        },
        find: |patient| Patient::each(patient.of_kind("group:"), nothing_significant),
    },
    Rule {
        id: "fatal-retry-in-group",
        severity: Severity::Warning,
        summary: "fatal_retry of a program whose group is under OTP's rules",
        reason: "the group starts it again by its own budget, and when it gives up all of it stays down: fatal_retry is \
                 not looked at",
        fix: "take fatal_retry out; backoff of the group says how long restarts wait",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nfatal_retry=1m\n[group:shop]\nprograms=web\nstrategy=one_for_one\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\nstrategy=one_for_one\n",
        },
        find: |patient| Patient::each(patient.of_kind("program:"), retried_by_nobody),
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

/// The budget as it is written, with the delays of the default: others are somebody's own choice.
fn budget(section: Section<'_>) -> Option<GroupPolicy> {
    let intensity = Some(usize::try_from(intensity(section)?).ok()?);
    let period = Duration::try_from_secs_f64(seconds(section)).ok()?;
    (!section.has("backoff")).then(|| GroupPolicy { intensity, period, ..GroupPolicy::default() })
}

fn never_used_up(section: Section<'_>) -> Option<Found> {
    let policy = budget(section)?;
    let time = policy.shortest_end(Duration::ZERO)?;
    let (title, restarts) = (section.title(), policy.intensity?);
    let message = format!("{title} intensity {restarts} takes {} of delays at least to use up", span(time));
    (time > policy.period).then(|| section.found("intensity", message))
}

/// How long a program that cannot start takes until it has failed in the eyes of its group: Supervisor's pauses of one
/// second, two, three.
fn time_to_fail(program: Section<'_>) -> Option<Duration> {
    let retries = u64::try_from(program.integer("startretries").unwrap_or(3)).ok()?;
    (!program.has("restart_delay")).then(|| Duration::from_secs(retries.saturating_mul(retries + 1) / 2))
}

fn outlasted_by_retries(section: Section<'_>) -> Option<Found> {
    let policy = budget(section)?;
    if policy.shortest_end(Duration::ZERO)? > policy.period {
        return None; // which has a rule of its own
    }
    let members = super::groups::members(section);
    let slow = members.iter().find_map(|name| {
        let program = section.patient.section(&format!("program:{name}"))?;
        let time = policy.shortest_end(time_to_fail(program)?)?;
        (time > policy.period).then_some((program, time))
    });
    let (program, time) = slow?;
    let message = format!(
        "{} a start of {} that fails again and again uses intensity {} up in {} at least",
        section.title(),
        program.name(),
        policy.intensity?,
        span(time)
    );
    let second = program.get("startretries").map_or(program.raw.span, |written| written.span);
    Some(section.found("intensity", message).and(second))
}

fn intensity_zero(section: Section<'_>) -> Option<Found> {
    let stays = section.text("escalate").is_none_or(|text| text.trim().eq_ignore_ascii_case("fatal"));
    let message = format!("{} is down as a whole after the first failure", section.title());
    (intensity(section)? == 0 && stays).then(|| section.found("intensity", message))
}

fn by_hand(section: Section<'_>) -> Option<Found> {
    let strategy = section.text("strategy")?.trim().to_lowercase();
    let is_together = ["one_for_all", "rest_for_one"].contains(&strategy.as_str());
    let members = super::groups::members(section);
    let names = members.iter().filter(|_| is_together);
    let mut programs = names.filter_map(|name| section.patient.section(&format!("program:{name}")));
    let late = programs.find(|program| !program.is("autostart", true))?;
    let second = late.get("autostart")?.span;
    let message = format!("{} {} is not started with the others", section.title(), late.name());
    Some(section.found_word("programs", late.name(), message).and(second))
}

fn nothing_significant(section: Section<'_>) -> Option<Found> {
    let word = section.text("auto_shutdown")?.trim().to_lowercase();
    let is_significant = |kind: &str, name: &String| {
        section
            .patient
            .section(&format!("{kind}:{name}"))
            .is_some_and(|child| child.is("significant", false))
    };
    let programs = super::groups::members(section).iter().any(|name| is_significant("program", name));
    let groups = below(section).iter().any(|name| is_significant("group", name));
    let message = format!("{} has no significant child that could end it", section.title());
    (word != "never" && !programs && !groups).then(|| section.found("auto_shutdown", message))
}

/// Whether a group under OTP's rules starts a program again.
pub(super) fn is_supervised(program: Section<'_>) -> bool {
    above(program).is_some()
}

/// The group under OTP's rules that a program is in.
fn above(program: Section<'_>) -> Option<Section<'_>> {
    let patient = program.patient;
    let nested: Vec<String> = patient.of_kind("group:").flat_map(below).collect();
    let rules = |group: &Section<'_>| {
        GROUP.iter().any(|key| group.has(key)) || nested.iter().any(|name| name == group.name())
    };
    let lists =
        |group: &Section<'_>| super::groups::members(*group).iter().any(|name| name == program.name());
    patient.of_kind("group:").find(|group| lists(group) && rules(group))
}

fn retried_by_nobody(program: Section<'_>) -> Option<Found> {
    let group = above(program)?;
    let message = format!("{} fatal_retry has no effect in {}", program.title(), group.title());
    program.has("fatal_retry").then(|| program.found("fatal_retry", message).and(group.raw.span))
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
    if patient.of_kind("supervisord").any(|section| ROOT.iter().any(|key| section.has(key))) {
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
