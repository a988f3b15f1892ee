//! Logs of programs, and the daemon's own.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use treeherd_domain::stream::Stream;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "device-rolled-over",
        severity: Severity::Warning,
        summary: "a log to /dev/stdout or the like with a size to roll over at",
        reason: "Supervisor tries to roll over what is no file, fails, closes the pipe, and the program blocks in \
                 its next write",
        fix: "set its maxbytes to 0",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nstdout_logfile=/dev/stdout\n",
            good: "[program:web]\ncommand=/bin/cat\nstdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\n",
        },
        find: device_rolled_over,
    },
    Rule {
        id: "auto-log-unbounded",
        severity: Severity::Warning,
        summary: "an AUTO log that is never rolled over",
        reason: "nobody looks into the directory of AUTO logs, so one that only grows fills the file system unseen",
        fix: "let it be rolled over, or name a file, or NONE",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nstdout_logfile_maxbytes=0\n",
            good: "[program:web]\ncommand=/bin/cat\nstdout_logfile_maxbytes=50MB\n",
        },
        find: |patient| streams(patient, auto_log_unbounded),
    },
    Rule {
        id: "log-shared",
        severity: Severity::Warning,
        summary: "two streams that roll over the same file",
        reason: "each writer renames the file below the other, which goes on writing into the old one: lines end up \
                 in the wrong file, and backups are lost",
        fix: "write redirect_stderr=true if it is both streams of one program; else give each stream a file of its own, with %(process_num)02d in its name if there are several processes; \
              or set maxbytes to 0 for all of them and let logrotate do it",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nnumprocs=2\nprocess_name=web_%(process_num)d\n\
                  stdout_logfile=%(here)s/web.log\n",
            good: "[program:web]\ncommand=/bin/cat\nnumprocs=2\nprocess_name=web_%(process_num)d\n\
                   stdout_logfile=%(here)s/web_%(process_num)d.log\n",
        },
        find: log_shared,
    },
    Rule {
        id: "stderr-log-unused",
        severity: Severity::Warning,
        summary: "a stderr_logfile beside redirect_stderr=true",
        reason: "standard error goes where standard output goes, so this file is never written",
        fix: "take stderr_logfile out, or redirect_stderr",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nredirect_stderr=true\nstderr_logfile=%(here)s/err.log\n",
            good: "[program:web]\ncommand=/bin/cat\nredirect_stderr=true\n",
        },
        find: |patient| Patient::each(patient.programs(), stderr_log_unused),
    },
    Rule {
        id: "listener-redirects-stderr",
        severity: Severity::Warning,
        summary: "an event listener with redirect_stderr=true",
        reason: "its standard output is the protocol: what it writes to standard error would break it, so the whole \
                 file is refused",
        fix: "take redirect_stderr out",
        is_fixable: true,
        example: Example {
            bad: "[eventlistener:mail]\ncommand=/bin/cat\nevents=TICK_60\nredirect_stderr=true\n",
            good: "[eventlistener:mail]\ncommand=/bin/cat\nevents=TICK_60\n",
        },
        find: |patient| Patient::each(patient.of_kind("eventlistener:"), listener_redirects_stderr),
    },
    Rule {
        id: "logfile-syslog",
        severity: Severity::Warning,
        summary: "the deprecated logfile=syslog of a program",
        reason: "Supervisor announces its end since 3.0; *_syslog=true says the same and can stand beside a file",
        fix: "write *_logfile=NONE and *_syslog=true",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nstdout_logfile=syslog\n",
            good: "[program:web]\ncommand=/bin/cat\nstdout_logfile=NONE\nstdout_syslog=true\n",
        },
        find: |patient| streams(patient, logfile_syslog),
    },
    Rule {
        id: "log-in-tmp",
        severity: Severity::Hint,
        summary: "a log below /tmp",
        reason: "what is in /tmp is removed at a reboot or after some days, also below a program that writes to it, \
                 and everybody may put links there",
        fix: "keep logs below /var/log",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nstdout_logfile=/tmp/web.log\n",
            good: "[program:web]\ncommand=/bin/cat\nstdout_logfile=%(here)s/web.log\n",
        },
        find: log_in_tmp,
    },
    Rule {
        id: "auto-logs-kept",
        severity: Severity::Hint,
        summary: "nocleanup=true with AUTO logs",
        reason: "every start makes new AUTO logs with names of their own, and with nocleanup nothing ever removes \
                 the old ones",
        fix: "leave nocleanup out, or name the log files",
        is_fixable: false,
        example: Example {
            bad: "[supervisord]\nuser=root\nnocleanup=true\n[program:web]\ncommand=/bin/cat\n",
            good: "[supervisord]\nuser=root\nnocleanup=true\n[program:web]\ncommand=/bin/cat\nstdout_logfile=NONE\n\
                   stderr_logfile=NONE\n",
        },
        find: auto_logs_kept,
    },
];

/// What a rule of one stream finds in those of all programs.
fn streams(patient: &Patient<'_>, find: impl Fn(Section<'_>, Stream) -> Option<Found>) -> Vec<Found> {
    let of =
        |section| Stream::BOTH.into_iter().filter_map(|stream| find(section, stream)).collect::<Vec<_>>();
    patient.programs().flat_map(of).collect()
}

/// What is no file; `/dev/null` never grows to any size.
fn is_device(path: &str) -> bool {
    let path = path.trim();
    path != "/dev/null" && ["/dev/", "/proc/self/fd/"].iter().any(|start| path.starts_with(start))
}

fn device_rolled_over(patient: &Patient<'_>) -> Vec<Found> {
    let programs =
        patient.programs().flat_map(|section| Stream::BOTH.map(|s| (section, format!("{s}_logfile"))));
    let own = patient.section("supervisord").map(|section| (section, "logfile".to_owned()));
    let find = |(section, key): (Section<'_>, String)| {
        let maxbytes = format!("{key}_maxbytes");
        let path = section.text(&key).filter(|path| is_device(path))?;
        let rolls = section.size(&maxbytes).unwrap_or(1) > 0;
        let message = format!("{} {key}={path} is rolled over by size", section.title());
        rolls.then(|| section.found(&key, message).edit(section.set(&maxbytes, "0", &key)))
    };
    programs.chain(own).filter_map(find).collect()
}

fn auto_log_unbounded(section: Section<'_>, stream: Stream) -> Option<Found> {
    let (key, maxbytes) = (format!("{stream}_logfile"), format!("{stream}_logfile_maxbytes"));
    let is_auto = section.text(&key).is_none_or(|text| text.eq_ignore_ascii_case("auto"));
    let is_redirected = stream == Stream::Stderr && section.is("redirect_stderr", false);
    let message = format!("{} the AUTO log of {stream} grows without end", section.title());
    (is_auto && !is_redirected && section.size(&maxbytes) == Some(0))
        .then(|| section.found(&maxbytes, message).edit(section.set(&maxbytes, "50MB", &key)))
}

fn log_shared(patient: &Patient<'_>) -> Vec<Found> {
    let Some(config) = patient.config else { return Vec::new() };
    let mut writers: BTreeMap<&PathBuf, Vec<(String, Stream, bool)>> = BTreeMap::new();
    for group in &config.groups {
        for process in &group.processes {
            for stream in Stream::BOTH {
                let spec = process.stream(stream);
                for path in spec.logfile.path().into_iter().chain(spec.logfile.also()) {
                    let name = group.namespec(&process.name).to_string();
                    writers.entry(path).or_default().push((name, stream, spec.rotation.maxbytes > 0));
                }
            }
        }
    }
    let is_shared = |(path, names): &(&PathBuf, Vec<(String, Stream, bool)>)| {
        names.len() > 1 && names.iter().any(|(_, _, rolls)| *rolls) && !is_device(&path.to_string_lossy())
    };
    let shared = writers.into_iter().filter(is_shared);
    shared.map(|(path, names)| shared_by(patient, path, &names)).collect()
}

fn shared_by(patient: &Patient<'_>, path: &Path, names: &[(String, Stream, bool)]) -> Found {
    let shown = names.iter().take(3).map(|(name, stream, _)| format!("{stream} of {name}"));
    let more = if names.len() > 3 { ", ..." } else { "" };
    let who = shown.collect::<Vec<_>>().join(", ");
    let message = format!("{} is written and rolled over by {who}{more}", path.display());
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let keys =
        patient.programs().flat_map(|section| Stream::BOTH.map(|s| (section, format!("{s}_logfile"))));
    let mut places = keys.filter_map(|(section, key)| {
        let written = section.get(&key)?;
        let name = written.value.rsplit('/').next().unwrap_or_default();
        (written.value.ends_with(&file) || name.contains("%(")).then_some(written.span)
    });
    let first =
        places.next().unwrap_or(crate::source::Span { file: 0, line: 0, column: 0, width: 0, last: 0 });
    places.fold(Found::new(first, message), Found::and)
}

fn stderr_log_unused(section: Section<'_>) -> Option<Found> {
    let text = section.text("stderr_logfile")?;
    let is_file = !["auto", "none", "off", "syslog", ""].contains(&text.trim().to_lowercase().as_str());
    let message = format!("{} stderr_logfile is never written", section.title());
    (is_file && section.is("redirect_stderr", false))
        .then(|| section.found("stderr_logfile", message).edit(section.without("stderr_logfile")))
}

fn listener_redirects_stderr(section: Section<'_>) -> Option<Found> {
    let message = format!("{} mixes standard error into the protocol", section.title());
    section
        .is("redirect_stderr", false)
        .then(|| section.found("redirect_stderr", message).edit(section.without("redirect_stderr")))
}

fn logfile_syslog(section: Section<'_>, stream: Stream) -> Option<Found> {
    let key = format!("{stream}_logfile");
    let is_old = section.text(&key)?.trim().eq_ignore_ascii_case("syslog");
    let message = format!("{} {key}=syslog is the old way", section.title());
    is_old.then(|| {
        let flag = section.set(&format!("{stream}_syslog"), "true", &key);
        section.found(&key, message).edit(section.set(&key, "NONE", &key)).edit(flag)
    })
}

fn log_in_tmp(patient: &Patient<'_>) -> Vec<Found> {
    let programs =
        patient.programs().flat_map(|section| Stream::BOTH.map(|s| (section, format!("{s}_logfile"))));
    let own = patient.section("supervisord").into_iter();
    let own = own.flat_map(|section| ["logfile", "childlogdir"].map(|key| (section, key.to_owned())));
    let find = |(section, key): (Section<'_>, String)| {
        let path = section.text(&key).filter(|path| path.starts_with("/tmp"))?;
        Some(section.found(&key, format!("{} {key}={path}", section.title())))
    };
    programs.chain(own).filter_map(find).collect()
}

fn auto_logs_kept(patient: &Patient<'_>) -> Vec<Found> {
    let Some(daemon) = patient.section("supervisord").filter(|daemon| daemon.is("nocleanup", false)) else {
        return Vec::new();
    };
    let is_auto = |section: &Section<'_>, key: &str| {
        section.text(key).is_none_or(|text| text.trim().eq_ignore_ascii_case("auto"))
    };
    let has_auto = |section: &Section<'_>| {
        is_auto(section, "stdout_logfile")
            || is_auto(section, "stderr_logfile") && !section.is("redirect_stderr", false)
    };
    let first = patient.programs().find(has_auto);
    let message = |section: Section<'_>| {
        format!("the AUTO logs of {} and the like are kept for ever", section.title())
    };
    first.map(|section| daemon.found("nocleanup", message(section))).into_iter().collect()
}
