//! Requirements that are not what they look like.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use crate::value;
use treeherd_domain::depend::Condition;
use treeherd_domain::depend::parse::clauses;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "requires-an-end",
        severity: Severity::Warning,
        summary: "requires=job:exited or job:completed of a program that is no oneshot",
        reason: "an end before startsecs is a failed start, which is tried again and in the end FATAL, and with \
                 autorestart=true every end is followed by a start: neither is the end that is waited for",
        fix: "write type=oneshot in the section of the job",
        is_fixable: false,
        example: Example {
            bad: "[program:job]\ncommand=/bin/cat\n[program:web]\ncommand=/bin/cat\nrequires=job:exited(0)\n",
            good: "[program:job]\ncommand=/bin/cat\ntype=oneshot\nautorestart=unexpected\nexitcodes=0\n\
                   [program:web]\ncommand=/bin/cat\nrequires=job:exited(0)\n",
        },
        find: |patient| Patient::each(patient.programs(), requires_an_end),
    },
    Rule {
        id: "requires-restart-alone",
        severity: Severity::Warning,
        summary: "requires_restart without requires",
        reason: "it says what follows when something goes down that is required, and nothing is",
        fix: "write requires too, or take requires_restart out",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nrequires_restart=restart\n",
            good: "[program:db]\ncommand=/bin/cat\n[program:web]\ncommand=/bin/cat\nrequires=db\nrequires_restart=restart\n",
        },
        find: |patient| Patient::each(patient.programs(), requires_restart_alone),
    },
];

fn requires_an_end(section: Section<'_>) -> Option<Found> {
    let all = clauses(section.text("requires")?).ok()?;
    let ends = all
        .iter()
        .filter(|clause| matches!(clause.condition, Some(Condition::Exited(_) | Condition::Completed)));
    ends.into_iter().find_map(|clause| {
        let job = section.patient.programs().find(|program| program.name() == clause.name)?;
        let is_oneshot = job.text("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("oneshot"));
        let always = job.text("autorestart").is_some_and(|text| value::boolean(text) == Ok(true));
        let too_quick = job.integer("startsecs").is_none_or(|seconds| seconds > 0);
        let message =
            format!("{} waits for the end of {}, which is no oneshot", section.title(), job.title());
        (!is_oneshot && (always || too_quick))
            .then(|| section.found_word("requires", clause.written, message))
    })
}

fn requires_restart_alone(section: Section<'_>) -> Option<Found> {
    let raw = section.patient.raw;
    let in_group = raw.sections_with("group:").any(|group| {
        let lists = raw
            .option(group, "programs")
            .is_some_and(|programs| value::list(&programs.value).any(|program| program == section.name()));
        lists && raw.option(group, "requires").is_some()
    });
    let message = format!("{} requires nothing, and requires_restart is without effect", section.title());
    (section.has("requires_restart") && !section.has("requires") && !in_group)
        .then(|| section.found("requires_restart", message))
}
