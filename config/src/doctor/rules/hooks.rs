//! Commands that are run beside a program: hooks, `stop_command`, `reload_command`.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use treeherd_domain::command::split;
use treeherd_domain::duration::{Shown, parse};
use treeherd_domain::hook::Hooks;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "hook-missing",
        severity: Severity::Warning,
        summary: "a hook whose file is not there, or cannot be executed",
        reason: "every run of it fails: with pre_start every start of the program, with the others only a line in the \
                 log tells",
        fix: "correct the path, or make the file executable (chmod +x)",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\npre_start=/nope/migrate\n",
            good: "[program:web]\ncommand=/bin/cat\npre_start=/bin/true\n",
        },
        find: |patient| patient.programs().flat_map(hooks_missing).collect(),
    },
    Rule {
        id: "hook-needs-shell",
        severity: Severity::Warning,
        summary: "a hook with the signs of a shell",
        reason: "it is run without a shell: pipes, redirections, && and variables reach it as words",
        fix: "write sh -c '...' around it",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\npre_start=/bin/rm -f /run/web.pid || /bin/true\n",
            good: "[program:web]\ncommand=/bin/cat\npre_start=/bin/sh -c 'rm -f /run/web.pid || true'\n",
        },
        find: |patient| patient.programs().flat_map(hooks_need_shell).collect(),
    },
    Rule {
        id: "hook-outlasts-stop",
        severity: Severity::Hint,
        summary: "pre_stop or post_stop with a hook_timeout (30s if it is not written) above stopwaitsecs",
        reason: "a stop may take the time of both hooks and stopwaitsecs: who stops the daemon and allows for \
                 stopwaitsecs, such as systemd or a container's platform, kills it before that",
        fix: "let hook_timeout be shorter than stopwaitsecs, and allow for the sum where the daemon is stopped",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\npre_stop=/bin/true\n",
            good: "[program:web]\ncommand=/bin/cat\npre_stop=/bin/true\nhook_timeout=5s\n",
        },
        find: |patient| Patient::each(patient.programs(), outlasts_stop),
    },
    Rule {
        id: "hook-timeout-alone",
        severity: Severity::Warning,
        summary: "hook_timeout without a hook",
        reason: "it limits pre_start, post_start, pre_stop, post_stop and reload_command, and there is none of them; \
                 stop_command has the time of the signal in whose place it is",
        fix: "take hook_timeout out, or write the hook",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nhook_timeout=5s\n",
            good: "[program:web]\ncommand=/bin/cat\npre_start=/bin/true\nhook_timeout=5s\n",
        },
        find: |patient| Patient::each(patient.programs(), timeout_alone),
    },
    Rule {
        id: "stop-command-wins",
        severity: Severity::Hint,
        summary: "stop_command beside stopsignal or stopsequence",
        reason: "the command is run in the place of the first signal, which is sent only if the command fails or takes \
                 too long; the signals after the first are sent as ever",
        fix: "leave the first signal to the command, or the command out",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nstop_command=/bin/true\nstopsignal=QUIT\n",
            good: "[program:web]\ncommand=/bin/cat\nstop_command=/bin/true\n",
        },
        find: |patient| Patient::each(patient.programs(), stop_command_wins),
    },
];

/// Those that have `hook_timeout`.
const LIMITED: [&str; 5] = ["pre_start", "post_start", "pre_stop", "post_stop", "reload_command"];

/// The commands that are written.
fn commands(section: Section<'_>) -> impl Iterator<Item = (&'static str, String)> {
    let keys = LIMITED.into_iter().chain(["stop_command"]);
    keys.filter_map(move |key| Some((key, section.expanded(key)?)))
}

fn hooks_missing(section: Section<'_>) -> Vec<Found> {
    let missing = |(key, command): (&'static str, String)| {
        let program = split(&command).ok()?.into_iter().next()?;
        if !program.starts_with('/') || program.contains('%') {
            return None; // which is looked up where the daemon is
        }
        let what = match Path::new(&program).metadata() {
            Err(_) => format!("there is no {program}"),
            Ok(file) if file.is_dir() => format!("{program} is a directory"),
            Ok(file) if file.permissions().mode() & 0o111 == 0 => format!("{program} is not executable"),
            Ok(_) => return None,
        };
        Some(section.found_word(key, &program, format!("{} {key}: {what}", section.title())))
    };
    commands(section).filter_map(missing).collect()
}

fn hooks_need_shell(section: Section<'_>) -> Vec<Found> {
    let needs = |(key, command): (&'static str, String)| {
        let sign = super::shell::sign_in(&command)?;
        let message = format!("{} {key}: '{sign}' is for a shell, and there is none", section.title());
        Some(section.found_word(key, &sign, message))
    };
    commands(section).filter_map(needs).collect()
}

fn outlasts_stop(section: Section<'_>) -> Option<Found> {
    let key = ["pre_stop", "post_stop"].into_iter().find(|key| section.has(key))?;
    let limit = section.text("hook_timeout").map_or(Some(Hooks::TIMEOUT), |text| parse(text).ok())?;
    let wait = u64::try_from(section.integer("stopwaitsecs").unwrap_or(10)).unwrap_or(0);
    let key = if section.has("hook_timeout") { "hook_timeout" } else { key };
    let message = format!(
        "{} a hook may take {}, longer than the stop itself (stopwaitsecs={wait})",
        section.title(),
        Shown(limit)
    );
    // what stopsequence says is another sum
    let is_simple = !section.has("stopsequence");
    (is_simple && limit > Duration::from_secs(wait)).then(|| section.found(key, message))
}

fn timeout_alone(section: Section<'_>) -> Option<Found> {
    let message = format!("{} hook_timeout limits nothing", section.title());
    let is_alone = section.has("hook_timeout") && !LIMITED.iter().any(|key| section.has(key));
    is_alone.then(|| section.found("hook_timeout", message))
}

fn stop_command_wins(section: Section<'_>) -> Option<Found> {
    let key = ["stopsequence", "stopsignal"].into_iter().find(|key| section.has(key))?;
    let second = section.get("stop_command")?.span;
    let message =
        format!("{} the first signal of {key} is sent only if stop_command fails", section.title());
    Some(section.found(key, message).and(second))
}
