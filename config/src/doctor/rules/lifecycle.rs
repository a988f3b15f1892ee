//! Starting, restarting, stopping.

use super::shell::wrapper;
use super::timeouts::{self, Patience};
use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use crate::value;
use std::time::Duration;
use treeherd_domain::signal::Signal;
use treeherd_domain::stop::StopSequence;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "restart-without-end",
        severity: Severity::Warning,
        summary: "startsecs=0 together with autorestart=true",
        reason: "with startsecs=0 every start counts as a success, so startretries never comes into play: a program \
                 that fails at once is started again for ever",
        fix: "let startsecs be 1 or more; for a job that may end at once write autorestart=false or unexpected",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\n",
            good: "[program:web]\ncommand=/bin/cat\nstartsecs=1\nautorestart=true\n",
        },
        find: |patient| Patient::each(patient.programs(), restart_without_end),
    },
    Rule {
        id: "exitcodes-changed",
        severity: Severity::Hint,
        summary: "autorestart=unexpected that relies on the default of exitcodes",
        reason: "the default of exitcodes was 0,2 up to Supervisor 3 and is 0 since 4.0: an end with status 2, which \
                 used to be expected, is followed by a restart now",
        fix: "say which exit codes are expected",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nautorestart=unexpected\n",
            good: "[program:web]\ncommand=/bin/cat\nautorestart=unexpected\nexitcodes=0\n",
        },
        find: |patient| Patient::each(patient.programs(), exitcodes_changed),
    },
    Rule {
        id: "kill-reaches-others",
        severity: Severity::Warning,
        summary: "killasgroup=true without stopasgroup=true",
        reason: "the stop signal goes to the first process alone and only KILL to its children: when the first one \
                 ends by the signal, as it should, its children are left behind",
        fix: "write stopasgroup=true, which implies killasgroup",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/usr/bin/env cat\nkillasgroup=true\n",
            good: "[program:web]\ncommand=/usr/bin/env cat\nstopasgroup=true\nkillasgroup=true\n",
        },
        find: |patient| Patient::each(patient.programs(), kill_reaches_others),
    },
    Rule {
        id: "shell-keeps-signals",
        severity: Severity::Warning,
        summary: "a shell that stays between the daemon and the program",
        reason: "the stop signal ends the shell and not what it runs: the program goes on without a parent, keeps \
                 its port, and the next start fails",
        fix: "write exec before the command in the shell, or stopasgroup=true and killasgroup=true",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/sh -c 'cd /srv && ./serve --port 80'\n",
            good: "[program:web]\ncommand=/bin/sh -c 'cd /srv && exec ./serve --port 80'\n",
        },
        find: |patient| Patient::each(patient.programs(), shell_keeps_signals),
    },
    Rule {
        id: "stop-cut-short",
        severity: Severity::Warning,
        summary: "stopwaitsecs shorter than the program takes to finish its work",
        reason: "after stopwaitsecs the program is killed, in the middle of the job or request that it was finishing",
        fix: "let stopwaitsecs be some seconds longer than the program's own limit",
        is_fixable: true,
        example: Example {
            bad: "[program:worker]\ncommand=php artisan queue:work --timeout=90\n",
            good: "[program:worker]\ncommand=php artisan queue:work --timeout=90\nstopwaitsecs=95\n",
        },
        find: |patient| Patient::each(patient.programs(), stop_cut_short),
    },
    Rule {
        id: "stop-by-kill",
        severity: Severity::Warning,
        summary: "stopsignal=KILL",
        reason: "nothing can be tidied up: no buffer written, no child ended, no file removed; and it takes no less \
                 time, for KILL comes after stopwaitsecs anyway",
        fix: "leave stopsignal out, and shorten stopwaitsecs",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nstopsignal=KILL\n",
            good: "[program:web]\ncommand=/bin/cat\nstopwaitsecs=1\n",
        },
        find: |patient| Patient::each(patient.programs(), stop_by_kill),
    },
    Rule {
        id: "stopsequence-wins",
        severity: Severity::Hint,
        summary: "stopsignal or stopwaitsecs beside stopsequence",
        reason: "stopsequence says every signal and every wait: the two others have no say beside it. Only Supervisor, \
                 which does not know stopsequence, stops the program by them",
        fix: "leave the two out, unless Supervisor reads the file as well",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nstopsequence=TERM:30s, INT:10s\nstopwaitsecs=60\n",
            good: "[program:web]\ncommand=/bin/cat\nstopsequence=TERM:50s, INT:10s\n",
        },
        find: |patient| Patient::each(patient.programs(), sequence_wins),
    },
];

fn restart_without_end(section: Section<'_>) -> Option<Found> {
    let always = section.text("autorestart").is_some_and(|text| value::boolean(text) == Ok(true));
    let at_once = section.integer("startsecs").is_some_and(|seconds| seconds <= 0);
    let message = format!("{} is restarted for ever, however it fails", section.title());
    let second = section.get("autorestart")?.span;
    (always && at_once).then(|| section.found("startsecs", message).and(second))
}

fn exitcodes_changed(section: Section<'_>) -> Option<Found> {
    let relies = section.text("autorestart")?.trim().eq_ignore_ascii_case("unexpected");
    let message = format!("{} autorestart=unexpected, and exitcodes is not written", section.title());
    (relies && !section.has("exitcodes"))
        .then(|| section.found("autorestart", message).edit(section.set("exitcodes", "0", "autorestart")))
}

fn kill_reaches_others(section: Section<'_>) -> Option<Found> {
    let message = format!("{} only KILL reaches the children", section.title());
    (section.is("killasgroup", false) && !section.is("stopasgroup", false)).then(|| {
        section.found("killasgroup", message).edit(section.set("stopasgroup", "true", "killasgroup"))
    })
}

fn shell_keeps_signals(section: Section<'_>) -> Option<Found> {
    // with killasgroup alone another rule has the word
    if section.is("stopasgroup", false) || section.is("killasgroup", false) {
        return None;
    }
    let command = section.expanded("command")?;
    let what = wrapper(&command, section.text("directory"))?;
    let found = section.found("command", format!("{} {what}", section.title()));
    // one at a time: the second is written below the first
    let edit = section.set("stopasgroup", "true", "command");
    Some(found.edit(edit))
}

fn stop_cut_short(section: Section<'_>) -> Option<Found> {
    let command = section.expanded("command")?;
    let Patience { what, seconds } = timeouts::of(&command)?;
    let sequence = section.text("stopsequence").and_then(|text| StopSequence::parse(text).ok());
    let message = |wait| {
        format!("{} {what} may take {seconds} s to end, and is killed after {wait} s", section.title())
    };
    if let Some(sequence) = sequence {
        let whole = sequence.signals().map(|signal| signal.wait).sum::<Duration>().as_secs();
        let is_short = i64::try_from(whole).is_ok_and(|whole| whole < seconds);
        return is_short.then(|| section.found("stopsequence", message(whole.cast_signed())));
    }
    let wait = section.integer("stopwaitsecs").unwrap_or(10);
    let message = message(wait);
    let enough = (seconds + 5).to_string();
    (wait < seconds).then(|| {
        let key = if section.has("stopwaitsecs") { "stopwaitsecs" } else { "command" };
        section.found(key, message).edit(section.set("stopwaitsecs", &enough, "command"))
    })
}

fn stop_by_kill(section: Section<'_>) -> Option<Found> {
    let is_kill = value::signal(section.text("stopsignal")?).is_ok_and(|signal| signal == Signal::KILL);
    let message = format!("{} is killed without a warning", section.title());
    is_kill.then(|| section.found("stopsignal", message).edit(section.without("stopsignal")))
}

fn sequence_wins(section: Section<'_>) -> Option<Found> {
    let key = ["stopwaitsecs", "stopsignal"].into_iter().find(|key| section.has(key))?;
    let second = section.get("stopsequence")?.span;
    let message = format!("{} {key} has no say beside stopsequence", section.title());
    Some(section.found(key, message).and(second))
}
