//! How long well-known programs take to end when they are asked to, by their own command lines.

use treeherd_domain::command::split;

/// How long a program may take to end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Patience {
    /// Which program.
    pub(super) what: &'static str,
    /// How long, in seconds.
    pub(super) seconds: i64,
}

/// A program that finishes its work first: words that its command line has, the options that say how long that may
/// take, and how long it may without them.
struct Worker {
    what: &'static str,
    words: &'static [&'static str],
    options: &'static [&'static str],
    default: Option<i64>,
}

const WORKERS: &[Worker] = &[
    Worker {
        what: "a queue worker of Laravel",
        words: &["queue:work"],
        options: &["--timeout"],
        default: Some(60),
    },
    Worker {
        what: "a queue listener of Laravel",
        words: &["queue:listen"],
        options: &["--timeout"],
        default: Some(60),
    },
    Worker { what: "Sidekiq", words: &["sidekiq"], options: &["-t", "--timeout"], default: Some(25) },
    Worker { what: "gunicorn", words: &["gunicorn"], options: &["--graceful-timeout"], default: Some(30) },
    Worker {
        what: "uvicorn",
        words: &["uvicorn"],
        options: &["--timeout-graceful-shutdown"],
        default: None,
    },
    Worker {
        what: "a worker of Celery",
        words: &["celery", "worker"],
        options: &["--soft-time-limit", "--time-limit"],
        default: None,
    },
    Worker { what: "hypercorn", words: &["hypercorn"], options: &["--graceful-timeout"], default: None },
    Worker {
        what: "a messenger consumer of Symfony",
        words: &["messenger:consume"],
        options: &["--time-limit"],
        default: None,
    },
];

/// What is known of a command.
pub(super) fn of(command: &str) -> Option<Patience> {
    let words = split(command).ok()?;
    let names: Vec<&str> = words.iter().map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
    let worker = WORKERS.iter().find(|worker| worker.words.iter().all(|word| names.contains(word)))?;
    // the smallest limit is the one that ends the work
    let written = worker.options.iter().filter_map(|option| seconds(&words, option)).min();
    written.or(worker.default).map(|seconds| Patience { what: worker.what, seconds })
}

/// The value of an option, as `--timeout=90` or `--timeout 90`.
fn seconds(words: &[String], option: &str) -> Option<i64> {
    let attached = words.iter().find_map(|word| word.strip_prefix(option)?.strip_prefix('='));
    let next = || words.iter().skip_while(|word| *word != option).nth(1).map(String::as_str);
    attached.or_else(next)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_command_lines() {
        for (command, expected) in [
            ("php artisan queue:work --timeout=90 --tries 3", Some(90)),
            ("/usr/bin/php8.3 /srv/artisan queue:work", Some(60)),
            ("bundle exec sidekiq -t 8", Some(8)),
            ("/srv/venv/bin/gunicorn --graceful-timeout 120 app:app", Some(120)),
            ("gunicorn app:app", Some(30)),
            ("celery -A app worker --time-limit=300 --soft-time-limit=240", Some(240)),
            ("celery -A app worker", None),
            ("celery -A app beat --time-limit=300", None),
            ("/bin/cat --timeout=90", None),
            ("sh -c 'open", None),
        ] {
            assert_eq!(of(command).map(|patience| patience.seconds), expected, "{command}");
        }
    }
}
