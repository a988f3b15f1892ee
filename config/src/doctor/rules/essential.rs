//! Programs that the daemon is to end with.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use crate::value;
use treeherd_domain::strategy::Restart;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "essential-never-over",
        severity: Severity::Warning,
        summary: "essential=true of a program that is always started again",
        reason: "the daemon ends with a program that has ended for good: with autorestart=true no end is, and with \
                 fatal_retry, or with startsecs=0, it is not given up either",
        fix: "leave out fatal_retry or startsecs=0, or write autorestart=unexpected or false",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nessential=true\nautorestart=true\nfatal_retry=1m\n",
            good: "[program:web]\ncommand=/bin/cat\nessential=true\nautorestart=false\n",
        },
        find: |patient| Patient::each(patient.programs(), never_over),
    },
    Rule {
        id: "essential-started-again",
        severity: Severity::Hint,
        summary: "essential=true with autorestart=true",
        reason: "whatever way the program ends, it is started again: the daemon ends with it only when no start \
                 succeeds any more (FATAL)",
        fix: "write autorestart=false if the daemon shall end with the first end, unexpected if it shall with a \
              good one",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nessential=true\nautorestart=true\n",
            good: "[program:web]\ncommand=/bin/cat\nessential=true\nautorestart=unexpected\nexitcodes=0\n",
        },
        find: |patient| Patient::each(patient.programs(), started_again),
    },
    Rule {
        id: "exit-code-not-essential",
        severity: Severity::Hint,
        summary: "exit_code_from of a program that is not essential",
        reason: "the daemon does not end when that program does: the code is only asked for when somebody stops the \
                 daemon, and is then that of the stop",
        fix: "write essential=true in the program's section as well, unless that is what is wanted",
        is_fixable: false,
        example: Example {
            bad: "[supervisord]\nuser=root\nexit_code_from=web\n[program:web]\ncommand=/bin/cat\n",
            good: "[supervisord]\nuser=root\nexit_code_from=web\n[program:web]\ncommand=/bin/cat\nessential=true\n",
        },
        find: not_essential,
    },
    Rule {
        id: "exit-code-never-started",
        severity: Severity::Warning,
        summary: "exit_code_from of a program with autostart=false",
        reason: "unless somebody starts the program there is no end of it, and the daemon's exit code is 0 whatever \
                 happens",
        fix: "take autostart=false out, or name another program",
        is_fixable: false,
        example: Example {
            bad: "[supervisord]\nuser=root\nexit_code_from=web\n[program:web]\ncommand=/bin/cat\nautostart=false\n\
                  essential=true\n",
            good: "[supervisord]\nuser=root\nexit_code_from=web\n[program:web]\ncommand=/bin/cat\nessential=true\n",
        },
        find: never_started,
    },
];

/// Whether every end is followed by a start, as the program says itself.
fn is_permanent(section: Section<'_>) -> bool {
    match section.text("restart") {
        Some(text) => crate::strategy::restart(text) == Ok(Restart::Permanent),
        None => section.text("autorestart").is_some_and(|text| value::boolean(text) == Ok(true)),
    }
}

/// The key that says so.
fn restart_key(section: Section<'_>) -> &'static str {
    if section.has("restart") { "restart" } else { "autorestart" }
}

fn is_never_given_up(section: Section<'_>) -> Option<&'static str> {
    let at_once = section.integer("startsecs") == Some(0);
    if section.has("fatal_retry") { Some("fatal_retry") } else { at_once.then_some("startsecs") }
}

fn essential(section: Section<'_>) -> bool {
    section.is("essential", false) && is_permanent(section) && !super::strategy::is_supervised(section)
}

fn never_over(section: Section<'_>) -> Option<Found> {
    let key = is_never_given_up(section).filter(|_| essential(section))?;
    let second = section.get(key)?.span;
    let message = format!("{} is essential, and nothing ends it for good", section.title());
    Some(section.found("essential", message).and(second))
}

fn started_again(section: Section<'_>) -> Option<Found> {
    let second = section.get(restart_key(section))?.span;
    let message = format!("{} is essential, and started again after every end", section.title());
    (essential(section) && is_never_given_up(section).is_none())
        .then(|| section.found("essential", message).and(second))
}

/// The section of the program that `exit_code_from` names: by its own name, or by that of its only process.
fn named<'a>(patient: &'a Patient<'a>) -> Option<(Section<'a>, Section<'a>)> {
    let daemon = patient.section("supervisord")?;
    let name = daemon.expanded("exit_code_from")?;
    let name = name.rsplit(':').next().unwrap_or_default().trim().to_owned();
    let program = patient.programs().find(|program| program.name() == name)?;
    Some((daemon, program))
}

fn not_essential(patient: &Patient<'_>) -> Vec<Found> {
    let Some((daemon, program)) = named(patient) else { return Vec::new() };
    let message = format!("the daemon does not end with {}, whose exit code it takes", program.title());
    let is_it = program.is("essential", false) || !program.is("autostart", true);
    if is_it { Vec::new() } else { vec![daemon.found("exit_code_from", message).and(program.raw.span)] }
}

fn never_started(patient: &Patient<'_>) -> Vec<Found> {
    let Some((daemon, program)) = named(patient).filter(|(_, program)| !program.is("autostart", true))
    else {
        return Vec::new();
    };
    let second = program.get("autostart").map(|written| written.span);
    let message = format!("{} is not started by itself, and has no exit code", program.title());
    let found = daemon.found("exit_code_from", message);
    vec![match second {
        Some(second) => found.and(second),
        None => found,
    }]
}
