//! What a program is run by.

use super::daemonising;
use super::shell::is_shell;
use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use std::path::Path;
use treeherd_domain::command::split;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "command-in-background",
        severity: Severity::Warning,
        summary: "a command that ends in &",
        reason: "without a shell & is an argument; with one, the program is started behind the daemon's back and the \
                 shell ends at once, which looks like a crash",
        fix: "take the & out: programs belong in the foreground",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat &\n",
            good: "[program:web]\ncommand=/bin/cat\n",
        },
        find: |patient| Patient::each(patient.programs(), command_in_background),
    },
    Rule {
        id: "command-daemonises",
        severity: Severity::Warning,
        summary: "a program that goes to the background by itself",
        reason: "the process that was started ends at once, so it is started again and again, while the real one runs \
                 unseen",
        fix: "have it stay in the foreground",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/usr/sbin/nginx\n",
            good: "[program:web]\ncommand=/usr/sbin/nginx -g 'daemon off;'\n",
        },
        find: |patient| Patient::each(patient.programs(), command_daemonises),
    },
    Rule {
        id: "percent-not-doubled",
        severity: Severity::Warning,
        summary: "a single % that begins no variable",
        reason: "% begins a variable in every value, so the whole file is refused, and with it every program",
        fix: "write %% for a percent sign",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/date +%H\n",
            good: "[program:web]\ncommand=/bin/date +%%H\n",
        },
        find: percent_not_doubled,
    },
    Rule {
        id: "command-missing",
        severity: Severity::Warning,
        summary: "a command whose file is not there",
        reason: "every start fails with \"can't find command\", and the program ends in FATAL",
        fix: "correct the path",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/nope/serve\n",
            good: "[program:web]\ncommand=/bin/cat\n",
        },
        find: |patient| Patient::each(patient.programs(), command_missing),
    },
    Rule {
        id: "command-relative",
        severity: Severity::Hint,
        summary: "a command by a relative path",
        reason: "whether the file is there is looked up from where the daemon is, and it is executed from directory=: \
                 both must fit, and the first is another one after going to the background",
        fix: "write the full path, or %(here)s/... for a path beside the configuration file",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=bin/serve\ndirectory=/srv/app\n",
            good: "[program:web]\ncommand=/bin/cat\ndirectory=/srv/app\n",
        },
        find: |patient| Patient::each(patient.programs(), command_relative),
    },
    Rule {
        id: "sudo-in-command",
        severity: Severity::Hint,
        summary: "sudo or su in a command",
        reason: "it stays between the daemon and the program: signals, the exit status and the process group are \
                 those of sudo",
        fix: "write user=NAME",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=sudo -u www /bin/cat\n",
            good: "[program:web]\ncommand=/bin/cat\nuser=root\n",
        },
        find: |patient| Patient::each(patient.programs(), sudo_in_command),
    },
];

fn command_in_background(section: Section<'_>) -> Option<Found> {
    let command = section.get("command")?;
    let bare = command.value.trim_end().strip_suffix('&').filter(|rest| !rest.ends_with('&'))?;
    let message = format!("{} command ends in &", section.title());
    Some(section.found_word("command", "&", message).edit(section.set(
        "command",
        bare.trim_end(),
        "command",
    )))
}

fn command_daemonises(section: Section<'_>) -> Option<Found> {
    let advice = daemonising::advice(&section.expanded("command")?)?;
    Some(section.found("command", format!("{} goes to the background: {advice}", section.title())))
}

fn percent_not_doubled(patient: &Patient<'_>) -> Vec<Found> {
    let is_read = |section: &Section<'_>| crate::doctor::known::is_section(&section.raw.name);
    let find = |section: Section<'_>| -> Vec<Found> {
        let keys = crate::doctor::known::keys(&section.raw.name).unwrap_or_default();
        keys.into_iter().filter_map(|key| single_percent(section, key)).collect()
    };
    patient.sections().filter(is_read).flat_map(find).collect()
}

fn single_percent(section: Section<'_>, key: &str) -> Option<Found> {
    // the client and logs have rules of their own: `target` in the program's reader
    if section.raw.name == "supervisorctl" && key == "password" {
        return None;
    }
    let value = section.text(key)?;
    let mut doubled = String::new();
    let mut rest = value;
    let mut lonely = 0;
    while let Some(at) = rest.find('%') {
        let after = &rest[at + 1..];
        doubled.push_str(&rest[..=at]);
        if let Some(after) = after.strip_prefix('%') {
            doubled.push('%');
            rest = after;
        } else {
            if !after.starts_with('(') {
                doubled.push('%');
                lonely += 1;
            }
            rest = after;
        }
    }
    doubled.push_str(rest);
    let message = format!("{} {key} has a % that begins no variable", section.title());
    (lonely > 0).then(|| section.found_word(key, "%", message).edit(section.set(key, &doubled, key)))
}

/// The program of a command that no shell and no PATH stands before.
fn program(section: Section<'_>) -> Option<String> {
    let words = split(&section.expanded("command")?).ok()?;
    words.into_iter().next().filter(|word| !word.contains('%') && !word.contains('='))
}

fn command_missing(section: Section<'_>) -> Option<Found> {
    let program = program(section)?;
    let is_gone = program.starts_with('/') && !Path::new(&program).exists();
    let is_known = is_shell(&program) || daemonising::is_known(&program);
    let message = format!("{} there is no {program}", section.title());
    // a well-known program may well be installed where the daemon runs
    (is_gone && !is_known).then(|| section.found_word("command", &program, message))
}

fn command_relative(section: Section<'_>) -> Option<Found> {
    let program = program(section)?;
    let message = format!("{} {program} is looked for where the daemon happens to be", section.title());
    let is_relative = program.contains('/') && !program.starts_with(['/', '~', '$']);
    is_relative.then(|| section.found_word("command", &program, message))
}

fn sudo_in_command(section: Section<'_>) -> Option<Found> {
    let program = program(section)?;
    let name = program.rsplit('/').next()?;
    let message = format!("{} runs below {name}", section.title());
    ["sudo", "su", "runuser", "gosu", "su-exec"]
        .contains(&name)
        .then(|| section.found_word("command", name, message))
}
