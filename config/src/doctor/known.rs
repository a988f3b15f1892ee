//! The sections and keys that there are, to tell a slip of the pen from a key of ours. Where a reader keeps a list of its
//! keys, it is that list.

use crate::{health, strategy};

/// The keys of `[supervisord]`, beside those of OTP's rules.
const SUPERVISORD: &[&str] = &[
    "logfile",
    "logfile_maxbytes",
    "logfile_backups",
    "loglevel",
    "pidfile",
    "umask",
    "nodaemon",
    "silent",
    "minfds",
    "minprocs",
    "nocleanup",
    "childlogdir",
    "user",
    "directory",
    "strip_ansi",
    "environment",
    "identifier",
    "stop_order",
    "exit_code_from",
    "state_file",
    "fault_injection",
];
/// The keys of `[program:x]`, beside those of readiness and health; the other kinds of programs have these and their own.
const PROGRAM: &[&str] = &[
    "command",
    "process_name",
    "numprocs",
    "numprocs_start",
    "priority",
    "autostart",
    "autorestart",
    "startsecs",
    "startretries",
    "exitcodes",
    "clean_signals",
    "stopsignal",
    "stopwaitsecs",
    "stopsequence",
    "reload_signal",
    "reload_command",
    "hook_timeout",
    "stop_command",
    "pre_start",
    "post_start",
    "pre_stop",
    "post_stop",
    "stopasgroup",
    "killasgroup",
    "user",
    "umask",
    "directory",
    "environment",
    "serverurl",
    "redirect_stderr",
    "stdout_logfile",
    "stdout_logfile_maxbytes",
    "stdout_logfile_backups",
    "stdout_capture_maxbytes",
    "stdout_events_enabled",
    "stdout_syslog",
    "stdout_syslog_target",
    "stderr_logfile",
    "stderr_logfile_maxbytes",
    "stderr_logfile_backups",
    "stderr_capture_maxbytes",
    "stderr_events_enabled",
    "stderr_syslog",
    "stderr_syslog_target",
    "pipe_size",
    "sockets",
    "type",
    "essential",
    "restart_delay",
    "restart_delay_max",
    "restart_factor",
    "restart_jitter",
    "restart_reset_after",
    "fatal_retry",
    "max_runtime",
    "rolling_batch",
    "rolling_pause",
    "rolling_abort_on",
    "requires",
    "requires_restart",
    "restart",
    "significant",
];

/// Those of the sections of sockets.
const SOCKET: &[&str] = &["socket", "socket_backlog", "socket_owner", "socket_mode"];

/// A kind of section: how its name begins, whether more must follow, its keys. Without keys any will do.
struct Kind {
    prefix: &'static str,
    is_named: bool,
    keys: &'static [&'static [&'static str]],
}

const KINDS: &[Kind] = &[
    Kind {
        prefix: "supervisord",
        is_named: false,
        keys: &[SUPERVISORD, strategy::ROOT, &[strategy::STRICT]],
    },
    Kind {
        prefix: "supervisorctl",
        is_named: false,
        keys: &[&["serverurl", "username", "password", "prompt", "history_file"]],
    },
    Kind { prefix: "include", is_named: false, keys: &[&["files"]] },
    Kind {
        prefix: "unix_http_server",
        is_named: false,
        keys: &[&["file", "chmod", "chown", "username", "password"]],
    },
    Kind { prefix: "inet_http_server", is_named: false, keys: &[&["port", "username", "password"]] },
    Kind {
        prefix: "program:",
        is_named: true,
        keys: &[PROGRAM, health::KEYS, health::READY, health::HEALTH],
    },
    Kind {
        prefix: "eventlistener:",
        is_named: true,
        keys: &[
            PROGRAM,
            health::KEYS,
            health::READY,
            health::HEALTH,
            &["events", "buffer_size", "result_handler", "protocol_error"],
        ],
    },
    Kind {
        prefix: "subscriber:",
        is_named: true,
        keys: &[PROGRAM, health::KEYS, health::READY, health::HEALTH, &["events", "buffer_size"]],
    },
    Kind {
        prefix: "fcgi-program:",
        is_named: true,
        keys: &[PROGRAM, health::KEYS, health::READY, health::HEALTH, SOCKET],
    },
    Kind {
        prefix: "template:",
        is_named: true,
        keys: &[
            PROGRAM,
            health::KEYS,
            health::READY,
            health::HEALTH,
            strategy::ROOT,
            &["max_children", "stop_order", strategy::STRICT],
        ],
    },
    Kind {
        prefix: "probe:",
        is_named: true,
        keys: &[&["check", "interval", "timeout", "failures", "successes", "user"]],
    },
    Kind { prefix: "socket:", is_named: true, keys: &[SOCKET] },
    Kind {
        prefix: "group:",
        is_named: true,
        keys: &[
            &["programs", "priority", "requires", "requires_restart", strategy::STRICT],
            strategy::GROUP,
        ],
    },
    Kind { prefix: "rpcinterface:", is_named: true, keys: &[] },
    Kind { prefix: "ctlplugin:", is_named: true, keys: &[] },
];

fn kind(section: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| match kind.is_named {
        true => section.starts_with(kind.prefix),
        false => {
            let is_server = kind.prefix.ends_with("_http_server");
            section == kind.prefix || is_server && section.starts_with(kind.prefix)
        }
    })
}

/// Whether a section of this name is read by anybody.
#[must_use]
pub fn is_section(section: &str) -> bool {
    section == "DEFAULT" || kind(section).is_some()
}

/// The keys of a section; `None` if it is unknown, or any key will do.
#[must_use]
pub fn keys(section: &str) -> Option<Vec<&'static str>> {
    let kind = kind(section).filter(|kind| !kind.keys.is_empty())?;
    Some(kind.keys.concat())
}

/// The name that is meant, if one is as near as a slip of the pen.
#[must_use]
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let reach = if word.chars().count() < 6 { 1 } else { 2 };
    let near = names.into_iter().map(|name| (distance(word, name), name));
    let mut near: Vec<_> = near.filter(|(distance, _)| (1..=reach).contains(distance)).collect();
    near.sort_unstable();
    match near[..] {
        [(nearest, name), ref rest @ ..] if rest.iter().all(|(other, _)| *other > nearest) => Some(name),
        _ => None,
    }
}

/// The beginning of a section's name that is meant, with its colon where it has one.
#[must_use]
pub fn nearest_section(section: &str) -> Option<String> {
    let (head, tail) = match section.split_once(':') {
        Some((head, tail)) => (format!("{head}:"), tail),
        None => (section.to_owned(), ""),
    };
    let meant = nearest(&head, KINDS.iter().map(|kind| kind.prefix))?;
    Some(format!("{meant}{tail}"))
}

/// How many characters have to be changed, put in, left out or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(from != to)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_known_and_another_word_is_not() {
        let keys = keys("program:x").expect("it is known");
        let meant = |word| nearest(word, keys.iter().copied());
        assert_eq!(meant("comand"), Some("command"));
        assert_eq!(meant("autorestrat"), Some("autorestart"));
        assert_eq!(meant("stdout_log_file"), Some("stdout_logfile"));
        assert_eq!(meant("health_delai"), Some("health_delay"));
        assert_eq!(meant("command"), None);
        assert_eq!(meant("depends_on"), None);
        assert_eq!(nearest_section("programs:web").as_deref(), Some("program:web"));
        assert_eq!(nearest_section("evenlistener:x").as_deref(), Some("eventlistener:x"));
        assert_eq!(nearest_section("supervisor").as_deref(), Some("supervisord"));
        assert_eq!(nearest_section("uwsgi"), None);
    }

    #[test]
    fn no_key_of_a_section_is_known_twice() {
        for kind in KINDS {
            let mut keys = kind.keys.concat();
            let count = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), count, "{}", kind.prefix);
        }
    }
}
