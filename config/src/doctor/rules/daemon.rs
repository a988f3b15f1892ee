//! `[supervisord]`: where the daemon is, as whom, within which limits.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use treeherd_domain::stream::Logfile;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "runs-as-root",
        severity: Severity::Hint,
        summary: "no user in [supervisord]",
        reason: "started by root, the daemon and every program without a user of its own run as root, and Supervisor \
                 says so with a critical line at each start",
        fix: "name a user, or say user=root if that is meant",
        is_fixable: false,
        example: Example {
            bad: "[supervisord]\nidentifier=shop\n",
            good: "[supervisord]\nuser=root\nidentifier=shop\n",
        },
        find: runs_as_root,
    },
    Rule {
        id: "no-effect-in-foreground",
        severity: Severity::Hint,
        summary: "umask or directory beside nodaemon=true",
        reason: "both are applied when the daemon goes to the background; in the foreground they do nothing",
        fix: "set them for each program, or in the script that starts the daemon",
        is_fixable: false,
        example: Example {
            bad: "[supervisord]\nuser=root\nnodaemon=true\numask=027\n",
            good: "[supervisord]\nuser=root\nnodaemon=true\n[program:web]\ncommand=/bin/cat\numask=027\n",
        },
        find: no_effect_in_foreground,
    },
    Rule {
        id: "minfds-too-low",
        severity: Severity::Warning,
        summary: "fewer open files than the programs need",
        reason: "each process takes three pipes of the daemon and each log a file: beyond the limit, starts fail one \
                 after the other",
        fix: "raise minfds in [supervisord]",
        is_fixable: true,
        example: Example {
            bad: "[supervisord]\nuser=root\nminfds=64\n[program:web]\ncommand=/bin/cat\nnumprocs=40\n\
                  process_name=web_%(process_num)02d\n",
            good: "[supervisord]\nuser=root\nminfds=1024\n[program:web]\ncommand=/bin/cat\nnumprocs=40\n\
                   process_name=web_%(process_num)02d\n",
        },
        find: minfds_too_low,
    },
    Rule {
        id: "state-in-tmp",
        severity: Severity::Hint,
        summary: "the pid file or a socket in /tmp",
        reason: "clean-up of /tmp removes them below a running daemon, which nobody can reach then; and everybody may \
                 put a file there first",
        fix: "keep them in /run or in a directory of the daemon's user",
        is_fixable: false,
        example: Example {
            bad: "[supervisord]\nuser=root\npidfile=/tmp/supervisord.pid\n",
            good: "[supervisord]\nuser=root\npidfile=/run/supervisord.pid\n",
        },
        find: state_in_tmp,
    },
    Rule {
        id: "path-relative",
        severity: Severity::Hint,
        summary: "a relative path",
        reason: "it is relative to where the daemon happens to be started, and another one if it goes to the \
                 background with directory=",
        fix: "write %(here)s/... for a path beside the configuration file, or the full path",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nstdout_logfile=web.log\n",
            good: "[program:web]\ncommand=/bin/cat\nstdout_logfile=%(here)s/web.log\n",
        },
        find: path_relative,
    },
];

fn runs_as_root(patient: &Patient<'_>) -> Vec<Found> {
    let daemon = patient.section("supervisord").filter(|daemon| !daemon.has("user"));
    let message = "[supervisord] has no user".to_owned();
    daemon.map(|daemon| Found::new(daemon.raw.span, message)).into_iter().collect()
}

fn no_effect_in_foreground(patient: &Patient<'_>) -> Vec<Found> {
    let Some(daemon) = patient.section("supervisord").filter(|daemon| daemon.is("nodaemon", false)) else {
        return Vec::new();
    };
    let keys = ["umask", "directory"].into_iter().filter(|key| daemon.has(key));
    keys.map(|key| daemon.found(key, format!("[supervisord] {key} does nothing with nodaemon=true")))
        .collect()
}

fn minfds_too_low(patient: &Patient<'_>) -> Vec<Found> {
    /// What a daemon has open besides its programs: its log, its sockets, their connections.
    const OWN: i64 = 32;
    let (Some(config), Some(daemon)) = (patient.config, patient.section("supervisord")) else {
        return Vec::new();
    };
    let processes = config.groups.iter().flat_map(|group| &group.processes);
    let needed: i64 = processes
        .map(|process| {
            let files = [&process.stdout.logfile, &process.stderr.logfile];
            3 + files
                .into_iter()
                .filter(|file| **file != Logfile::None)
                .map(|file| 1 + file.also().len())
                .sum::<usize>() as i64
        })
        .sum::<i64>()
        + OWN;
    let allowed = config.daemon.minfds;
    if allowed >= needed {
        return Vec::new();
    }
    let message = format!("[supervisord] {needed} open files are needed, and minfds is {allowed}");
    let enough = (needed.unsigned_abs().next_power_of_two().max(1024)).to_string();
    vec![daemon.found("minfds", message).edit(daemon.set("minfds", &enough, "minfds"))]
}

fn state_in_tmp(patient: &Patient<'_>) -> Vec<Found> {
    let pid = patient.section("supervisord").map(|section| (section, "pidfile"));
    let sockets = patient.servers().map(|section| (section, "file"));
    let find = |(section, key): (Section<'_>, &str)| {
        let path =
            section.text(key).filter(|path| path.starts_with("/tmp/") || path.starts_with("/var/tmp/"))?;
        Some(section.found(key, format!("{} {key}={path}", section.title())))
    };
    pid.into_iter().chain(sockets).filter_map(find).collect()
}

fn path_relative(patient: &Patient<'_>) -> Vec<Found> {
    let own = patient.section("supervisord").into_iter();
    let own = own.flat_map(|section| ["logfile", "pidfile", "childlogdir"].map(|key| (section, key)));
    let sockets = patient.servers().map(|section| (section, "file"));
    let programs = patient
        .programs()
        .flat_map(|section| ["directory", "stdout_logfile", "stderr_logfile"].map(|key| (section, key)));
    let find = |(section, key): (Section<'_>, &str)| {
        let path = section.text(key)?.trim();
        let is_word = ["auto", "none", "off", "syslog", ""].contains(&path.to_lowercase().as_str());
        let is_relative = !is_word && !path.starts_with(['/', '~', '%', '$']);
        is_relative.then(|| section.found(key, format!("{} {key}={path} is relative", section.title())))
    };
    own.chain(sockets).chain(programs).filter_map(find).collect()
}
