//! What looks like a line for a shell, and is none; and shells that are in the way.

use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section};
use std::path::Path;
use treeherd_domain::command::split;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "shell-syntax",
        severity: Severity::Warning,
        summary: "pipes, redirections, && or patterns in a command",
        reason: "no shell reads a command: the program gets these characters as arguments",
        fix: "write command=/bin/sh -c '...', with exec before the last command; output is redirected by \
              stdout_logfile and redirect_stderr",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat /etc/motd | /usr/bin/head\n",
            good: "[program:web]\ncommand=/bin/sh -c 'cat /etc/motd | exec head'\n",
        },
        find: |patient| Patient::each(patient.programs(), shell_syntax),
    },
    Rule {
        id: "variable-not-expanded",
        severity: Severity::Warning,
        summary: "$VAR in a command, a directory or a log file",
        reason: "only a shell puts variables in their place; here they are written %(ENV_VAR)s",
        fix: "write %(ENV_VAR)s, or let a shell read the command",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/echo $HOST\n",
            good: "[program:web]\ncommand=/bin/echo %(ENV_HOST)s\n",
        },
        find: variable_not_expanded,
    },
    Rule {
        id: "tilde-not-expanded",
        severity: Severity::Warning,
        summary: "~ in a command or a directory",
        reason: "~ stands for a home directory in the paths of logs and sockets, but not here: it is taken as a name",
        fix: "write the path in full, or %(ENV_HOME)s for the home directory of whoever starts the daemon",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\ndirectory=~/app\n",
            good: "[program:web]\ncommand=/bin/cat\ndirectory=/srv/app\n",
        },
        find: tilde_not_expanded,
    },
    Rule {
        id: "assignment-in-command",
        severity: Severity::Warning,
        summary: "NAME=value before the command",
        reason: "only a shell knows assignments: a program of the name NAME=value is looked for, and not found",
        fix: "write environment=NAME=\"value\"",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=PORT=80 /bin/cat\n",
            good: "[program:web]\ncommand=/bin/cat\nenvironment=PORT=\"80\"\n",
        },
        find: |patient| Patient::each(patient.programs(), assignment_in_command),
    },
];

/// Shells, by the last part of their path.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ksh", "ash"];

/// Whether a program is a shell.
pub(super) fn is_shell(program: &str) -> bool {
    SHELLS.contains(&program.rsplit('/').next().unwrap_or(program))
}

/// What keeps signals from the program that a command runs, if something does.
pub(super) fn wrapper(command: &str, directory: Option<&str>) -> Option<&'static str> {
    let words = split(command).ok()?;
    let shell = is_shell(words.first()?);
    let mut rest = words.iter().skip(usize::from(shell));
    if shell {
        let mut script =
            rest.clone().skip_while(|word| word.starts_with(['-', '+']) && !is_command_flag(word));
        let first = script.next()?;
        if is_command_flag(first) {
            let line = script.next()?;
            return waits(line).then_some("is a shell that waits for what it runs");
        }
        return is_waiting_script(first, directory).then_some("is a shell script without exec");
    }
    let program = rest.next()?;
    let is_script = program.ends_with(".sh") || program.ends_with(".bash");
    (is_script && is_waiting_script(program, directory)).then_some("is a shell script without exec")
}

/// `-c`, also among others: `-lc`.
fn is_command_flag(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

/// Whether a shell that reads this line stays until what it runs has ended. A single command is executed in the
/// shell's place by most shells, but not by all.
fn waits(line: &str) -> bool {
    let last = line.rsplit([';', '\n']).map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
    let last = last.rsplit("&&").next().unwrap_or(last).rsplit('|').next().unwrap_or(last).trim();
    let is_compound = ["done", "fi", "esac", "}", ")"].contains(&last);
    if is_compound {
        return !line.contains("exec ");
    }
    last != "wait" && !last.starts_with("exec ") && !last.starts_with("exit")
}

/// Whether a script has no `exec`; one that cannot be read has none as far as anybody knows.
fn is_waiting_script(script: &str, directory: Option<&str>) -> bool {
    let path = Path::new(directory.unwrap_or("/")).join(script);
    match std::fs::read_to_string(path) {
        Ok(text) => {
            !text.lines().any(|line| line.trim_start().starts_with("exec ") || line.contains("&& exec "))
        }
        Err(_) => true,
    }
}

fn shell_syntax(section: Section<'_>) -> Option<Found> {
    // a & has a rule of its own
    let word = unread(&section.expanded("command")?, is_syntax)?;
    let message = format!("{} no shell reads {word:?}", section.title());
    Some(section.found_word("command", &word, message))
}

/// The first word of a command beside a program that is for a shell, and none reads it.
pub(super) fn sign_in(command: &str) -> Option<String> {
    unread(command, |word| is_syntax(word) || matches!(word, ";" | "&"))
}

fn unread(command: &str, is_sign: impl Fn(&str) -> bool) -> Option<String> {
    let words = split(command).ok()?;
    if is_shell(words.first()?) {
        return None;
    }
    // what stands in quotes is meant as it is
    let is_quoted = |word: &str| ['\'', '"'].iter().any(|q| command.contains(&format!("{q}{word}{q}")));
    words.into_iter().skip(1).find(|word| is_sign(word) && !is_quoted(word))
}

fn is_syntax(word: &str) -> bool {
    const WORDS: [&str; 12] =
        ["|", "||", "&&", ">", ">>", "<", "2>", "2>&1", "&>", "1>&2", "2>/dev/null", "|&"];
    let redirects = [">/", ">>/", "2>/", "</", "&>/"].iter().any(|start| word.starts_with(start));
    let expands = (word.starts_with("$(") || word.starts_with('`')) && !word.contains(' ');
    let is_pattern = word.starts_with(['/', '.']) && word.ends_with('*') && !word.contains(' ');
    WORDS.contains(&word) || redirects || expands || is_pattern
}

fn variable_not_expanded(patient: &Patient<'_>) -> Vec<Found> {
    let keys = ["command", "directory", "stdout_logfile", "stderr_logfile"];
    let find = |(section, key): (Section<'_>, &str)| {
        let written = section.get(key)?;
        if key == "command" && is_shell(split(written.value).ok()?.first()?) {
            return None;
        }
        let name = variable(written.value)?;
        let (text, own) = (format!("${name}"), format!("%(ENV_{name})s"));
        let message = format!("{} {key}: {text} stays as it is", section.title());
        let found = section.found_word(key, &text, message);
        let is_set = patient.world.environment.contains_key(&name);
        let at = found.spans[0];
        let edit = crate::doctor::edit::Edit::replace(patient.raw, at, &own).filter(|_| is_set);
        Some(found.edit(edit))
    };
    patient.programs().flat_map(|section| keys.map(|key| (section, key))).filter_map(find).collect()
}

/// The name of the first `$NAME` in a text.
pub(super) fn variable(text: &str) -> Option<String> {
    let starts = text.match_indices('$').map(|(at, _)| &text[at + 1..]);
    let name = |rest: &str| -> String {
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    starts.map(name).find(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

fn tilde_not_expanded(patient: &Patient<'_>) -> Vec<Found> {
    let find = |(section, key): (Section<'_>, &str)| {
        let text = section.text(key)?;
        let words = if key == "command" { split(text).ok()? } else { vec![text.to_owned()] };
        if key == "command" && is_shell(words.first()?) {
            return None;
        }
        let word =
            words.iter().find(|word| *word == "~" || word.starts_with("~/") || word.contains("=~/"))?;
        let message = format!("{} {key}: {word} is taken by its letters", section.title());
        Some(section.found_word(key, word, message))
    };
    patient
        .programs()
        .flat_map(|section| ["command", "directory"].map(|key| (section, key)))
        .filter_map(find)
        .collect()
}

fn assignment_in_command(section: Section<'_>) -> Option<Found> {
    let words = split(section.text("command")?).ok()?;
    let first = words.first()?;
    let (name, _) = first.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let message = format!("{} looks for a program {first:?}", section.title());
    is_name.then(|| section.found_word("command", first, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_that_stay_are_told_from_those_that_go() {
        for (command, expected) in [
            ("/bin/sh -c 'a && b'", true),
            ("bash -lc 'source env; serve'", true),
            ("sh -c 'serve'", true),
            ("sh -c 'exec serve'", false),
            ("sh -c 'cd /srv && exec serve --port 80'", false),
            ("sh -c 'while :; do work; done'", true),
            ("sh -c 'while :; do exec work; done'", false),
            ("bash /nope/run", true),
            ("/nope/run.sh --fast", true),
            ("./run.sh", true),
            ("/bin/cat -c x", false),
            ("sh -x", false),
            ("serve 'sh -c x'", false),
        ] {
            assert_eq!(wrapper(command, None).is_some(), expected, "{command}");
        }
    }

    #[test]
    fn only_what_a_shell_would_read_is_syntax() {
        for word in ["|", "2>&1", ">/dev/null", "/var/log/*", "$(date)", "`date`"] {
            assert!(is_syntax(word), "{word}");
        }
        for word in ["a|b", "--format=%h", "http://h/*", "x > y", "*/5 * * * *", "a&b", "^/x?"] {
            assert!(!is_syntax(word), "{word}");
        }
        assert_eq!(variable("x$HOME/y").as_deref(), Some("HOME"));
        assert_eq!(variable("cost: 5$ and $1"), None);
    }
}
