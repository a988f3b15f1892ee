//! Groups, and several processes of one program.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use crate::value;
use std::collections::HashMap;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "program-in-two-groups",
        severity: Severity::Warning,
        summary: "a program that two groups list",
        reason: "each group runs processes of its own: the program runs twice, with the same ports and files",
        fix: "list it in one group",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\n[group:a]\nprograms=web\n[group:b]\nprograms=web\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:a]\nprograms=web\n",
        },
        find: program_in_two_groups,
    },
    Rule {
        id: "group-empty",
        severity: Severity::Hint,
        summary: "a group without programs",
        reason: "it runs nothing; a key programs that is misspelt looks the same",
        fix: "list programs, or take the group out",
        is_fixable: false,
        example: Example {
            bad: "[group:shop]\npriority=5\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\npriority=5\n",
        },
        find: |patient| Patient::each(patient.of_kind("group:"), group_empty),
    },
    Rule {
        id: "priority-in-group",
        severity: Severity::Hint,
        summary: "priority of a program that a group lists",
        reason: "the group's own priority decides when it starts and stops; at its start Supervisor goes by the order \
                 of programs= and not by the priorities of its programs",
        fix: "write priority in the group, and programs in the order in which they are to start",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\npriority=5\n[group:shop]\nprograms=web\n",
            good: "[program:web]\ncommand=/bin/cat\n[group:shop]\nprograms=web\npriority=5\n",
        },
        find: priority_in_group,
    },
    Rule {
        id: "numbers-not-padded",
        severity: Severity::Hint,
        summary: "ten or more processes whose numbers are not padded",
        reason: "names are ordered as text: web_10 starts, and is listed, before web_2",
        fix: "write %(process_num)02d; the names of the processes change by it, so scripts may have to as well",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nnumprocs=12\nprocess_name=web_%(process_num)d\n",
            good: "[program:web]\ncommand=/bin/cat\nnumprocs=12\nprocess_name=web_%(process_num)02d\n",
        },
        find: |patient| Patient::each(patient.programs(), numbers_not_padded),
    },
    Rule {
        id: "numprocs-none",
        severity: Severity::Hint,
        summary: "numprocs=0",
        reason: "the program runs no process and is not shown by status, though update knows its group",
        fix: "write autostart=false to have it there and not started, or take the section out",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nnumprocs=0\nprocess_name=web_%(process_num)d\n",
            good: "[program:web]\ncommand=/bin/cat\nautostart=false\n",
        },
        find: |patient| Patient::each(patient.programs(), numprocs_none),
    },
];

/// The programs that a group lists.
pub(super) fn members(section: Section<'_>) -> Vec<String> {
    let text = section.text("programs").unwrap_or_default();
    value::list(text).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn program_in_two_groups(patient: &Patient<'_>) -> Vec<Found> {
    let mut first: HashMap<String, Section<'_>> = HashMap::new();
    let mut found = Vec::new();
    for group in patient.of_kind("group:") {
        for member in members(group) {
            let Some(other) = first.insert(member.clone(), group) else { continue };
            let message = format!("{} and {} both run {member}", other.title(), group.title());
            let second = other.found_word("programs", &member, String::new()).spans[0];
            found.push(group.found_word("programs", &member, message).and(second));
        }
    }
    found
}

fn group_empty(section: Section<'_>) -> Option<Found> {
    let message = format!("{} runs nothing", section.title());
    let is_empty = members(section).is_empty() && !section.has("groups");
    is_empty.then(|| section.found("programs", message))
}

fn priority_in_group(patient: &Patient<'_>) -> Vec<Found> {
    let listed: Vec<String> = patient.of_kind("group:").flat_map(members).collect();
    let find = |section: Section<'_>| {
        let is_listed = listed.iter().any(|name| name == section.name());
        let message = format!("{} priority does not order the start of its group", section.title());
        (is_listed && section.has("priority")).then(|| section.found("priority", message))
    };
    Patient::each(patient.of_kind("program:"), find)
}

fn numbers_not_padded(section: Section<'_>) -> Option<Found> {
    let name = section.text("process_name")?;
    let last = section.integer("numprocs")? + section.integer("numprocs_start").unwrap_or(0) - 1;
    let is_bare = ["%(process_num)d", "%(process_num)s"].iter().any(|number| name.contains(number));
    let message = format!("{} number {last} comes before number 2", section.title());
    (is_bare && last >= 10).then(|| section.found_word("process_name", "%(process_num)", message))
}

fn numprocs_none(section: Section<'_>) -> Option<Found> {
    let message = format!("{} runs nothing", section.title());
    section
        .integer("numprocs")
        .is_some_and(|number| number <= 0)
        .then(|| section.found("numprocs", message))
}
