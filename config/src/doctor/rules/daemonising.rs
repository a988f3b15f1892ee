//! Commands that go to the background, by what is known of well-known programs.

use treeherd_domain::command::split;

/// A program, and the words that decide: with one of `background` it leaves; or it leaves unless one of `foreground`
/// is there.
struct Habit {
    program: &'static str,
    background: &'static [&'static str],
    foreground: &'static [&'static str],
    advice: &'static str,
}

const HABITS: &[Habit] = &[
    Habit {
        program: "nginx",
        background: &[],
        foreground: &["daemon off"],
        advice: "add -g 'daemon off;'",
    },
    Habit {
        program: "php-fpm",
        background: &["-D", "--daemonize"],
        foreground: &["-F", "--nodaemonize", "-O"],
        advice: "add -F",
    },
    Habit { program: "sshd", background: &[], foreground: &["-D", "-d", "-dd", "-ddd"], advice: "add -D" },
    Habit {
        program: "apache2ctl",
        background: &[],
        foreground: &["-DFOREGROUND", "FOREGROUND"],
        advice: "add -D FOREGROUND",
    },
    Habit {
        program: "httpd",
        background: &[],
        foreground: &["-DFOREGROUND", "FOREGROUND"],
        advice: "add -D FOREGROUND",
    },
    Habit { program: "cron", background: &[], foreground: &["-f"], advice: "add -f" },
    Habit {
        program: "crond",
        background: &[],
        foreground: &["-n", "-f"],
        advice: "add -n (or -f with BusyBox)",
    },
    Habit { program: "rsyslogd", background: &[], foreground: &["-n"], advice: "add -n" },
    Habit {
        program: "gunicorn",
        background: &["-D", "--daemon"],
        foreground: &[],
        advice: "take --daemon out",
    },
    Habit {
        program: "redis-server",
        background: &["--daemonize yes"],
        foreground: &[],
        advice: "write --daemonize no",
    },
    Habit { program: "memcached", background: &["-d"], foreground: &[], advice: "take -d out" },
    Habit {
        program: "uwsgi",
        background: &["--daemonize", "-d"],
        foreground: &[],
        advice: "take --daemonize out",
    },
    Habit {
        program: "celery",
        background: &["multi", "--detach"],
        foreground: &[],
        advice: "run celery worker",
    },
    Habit { program: "mongod", background: &["--fork"], foreground: &[], advice: "take --fork out" },
    Habit { program: "haproxy", background: &["-D"], foreground: &[], advice: "write -db or -W" },
    Habit { program: "pg_ctl", background: &["start"], foreground: &[], advice: "run postgres -D ..." },
    Habit { program: "docker", background: &["-d", "--detach"], foreground: &[], advice: "take -d out" },
    Habit {
        program: "service",
        background: &["start"],
        foreground: &[],
        advice: "run the program itself, in the foreground",
    },
    Habit {
        program: "systemctl",
        background: &["start"],
        foreground: &[],
        advice: "run the program itself, in the foreground",
    },
    Habit {
        program: "screen",
        background: &["-dm", "-dmS"],
        foreground: &[],
        advice: "run the program itself",
    },
    Habit {
        program: "nohup",
        background: &[""],
        foreground: &[],
        advice: "take nohup out: there is no terminal to hang up",
    },
    Habit {
        program: "setsid",
        background: &[""],
        foreground: &["-w", "--wait"],
        advice: "take setsid out",
    },
];

/// What to do about a command that leaves; `None` if it is not known to.
pub(super) fn advice(command: &str) -> Option<&'static str> {
    let words = split(command).ok()?;
    let first = words.first()?;
    if first.starts_with("/etc/init.d/") || first.starts_with("/etc/rc.d/") {
        return Some("run the program itself, in the foreground");
    }
    let name = first.rsplit('/').next().unwrap_or(first);
    let habit = HABITS.iter().find(|habit| is_program(habit.program, name))?;
    let rest = words[1..].join(" ");
    let has = |flag: &&str| match flag.contains(' ') {
        true => rest.contains(*flag),
        false => flag.is_empty() || words[1..].iter().any(|word| word == flag || starts(word, flag)),
    };
    let stays = habit.foreground.iter().any(has);
    let leaves = match habit.background {
        [] => true,
        // those that leave by default, too
        _ if habit.program == "php-fpm" => true,
        flags => flags.iter().any(has),
    };
    (leaves && !stays).then_some(habit.advice)
}

/// Whether the habits of a program are known: one that need not be installed where its file is looked at.
pub(super) fn is_known(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    HABITS.iter().any(|habit| is_program(habit.program, name))
}

/// `php-fpm` is also `php-fpm8.3`.
fn is_program(program: &str, name: &str) -> bool {
    name.strip_prefix(program).is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// `--daemonize=/var/log/x`.
fn starts(word: &str, flag: &str) -> bool {
    flag.starts_with("--") && word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_is_known_by_its_words() {
        for (command, leaves) in [
            ("nginx", true),
            ("/usr/sbin/nginx -g 'daemon off;'", false),
            ("php-fpm8.3 -F", false),
            ("php-fpm8.3", true),
            ("gunicorn app:app", false),
            ("/venv/bin/gunicorn --daemon app:app", true),
            ("redis-server --daemonize yes", true),
            ("redis-server --daemonize no", false),
            ("uwsgi --daemonize=/var/log/u.log", true),
            ("celery -A app worker --detach", true),
            ("celery -A app worker", false),
            ("/etc/init.d/ssh start", true),
            ("nohup serve", true),
            ("docker run --rm app", false),
            ("nginx-exporter", false),
        ] {
            assert_eq!(advice(command).is_some(), leaves, "{command}");
        }
    }
}
