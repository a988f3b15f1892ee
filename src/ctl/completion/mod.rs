//! `completion`: scripts that complete `supervisorctl` in a login shell, and what the scripts ask.
//!
//! ```text
//! completion bash ------> bash.in, the table filled in       needs neither daemon nor configuration
//! completion processes -- shop:a ------> daemon ------> one word a line; silent and soon, or nothing
//! ```
//!
//! Actions and options stand in the script; names are asked for when they are needed, with the options that
//! were typed before the action. Absent: completion of signals, and of files behind an action.

use crate::configtest::Answer;
use crate::ctl::action::{Action, Completes, Opt, every, find};
use crate::ctl::args::RULES;
use crate::ctl::complete::{self, Known, Wanted};
use crate::ctl::options::{Arguments, misused};
use crate::ctl::session::{Outcome, Session};
use crate::ctl::status;
use std::time::Duration;
use treeherd_rpc::api::SupervisorApiClient as _;

/// The shells.
pub const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// How long the daemon has for its answer: somebody holds the TAB key.
const PATIENCE: Duration = Duration::from_secs(1);

/// The script for a shell, or what is wrong with the words; `None` if names are asked for.
#[must_use]
pub fn script(words: &[&str]) -> Option<Answer> {
    let action = find("completion")?;
    let arguments = match Arguments::of(action, words) {
        Ok(arguments) => arguments,
        Err(error) => return Some(misused(action, &error.to_string())),
    };
    match arguments.words().as_slice() {
        ["processes" | "groups"] | ["processes" | "groups", _] => None,
        ["bash"] => Some(printed(bash())),
        ["zsh"] => Some(printed(zsh())),
        ["fish"] => Some(printed(fish())),
        _ => Some(misused(action, "completion requires the name of a shell: bash, zsh or fish")),
    }
}

fn printed(out: String) -> Answer {
    Answer { out, err: String::new(), code: status::OK }
}

/// `completion processes|groups [-- <word>]`: what the word may become. Says nothing else, whatever happens.
pub(super) async fn names(session: &mut Session, argument: &str) -> Outcome {
    let Some(Ok(arguments)) = find("completion").map(|action| Arguments::read(action, argument)) else {
        return Ok(());
    };
    let asking = session.call(async |client| client.get_all_process_info().await);
    let Ok(Ok(processes)) = tokio::time::timeout(PATIENCE, asking).await else {
        session.status.set(status::FAILURE);
        return Ok(());
    };
    let known: Vec<Known> = processes.into_iter().map(|process| (process.group, process.name)).collect();
    let words = arguments.words();
    let kind = if words.first() == Some(&"groups") { Completes::Groups } else { Completes::Processes };
    for candidate in complete::candidates(Wanted::Names(kind), words.get(1).unwrap_or(&""), &known) {
        session.screen.line(candidate.trim_end());
    }
    Ok(())
}

/// What a script offers behind an action.
struct Offer {
    /// What the daemon is asked for: `processes`, `groups`, or nothing.
    names: &'static str,
    /// Words that are always there.
    more: String,
}

impl Offer {
    fn of(action: &Action) -> Self {
        let all = if action.synopsis.contains("all") { "all" } else { "" };
        match action.completes {
            Completes::Processes => Self { names: "processes", more: all.to_owned() },
            Completes::Groups => Self { names: "groups", more: all.to_owned() },
            Completes::Words(words) => Self { names: "", more: words.join(" ") },
            Completes::Actions => Self { names: "", more: verbs() },
            Completes::Nothing => Self { names: "", more: String::new() },
        }
    }
}

fn verbs() -> String {
    std::iter::once("help").chain(every().map(|action| action.name)).collect::<Vec<_>>().join(" ")
}

fn long(options: &[Opt]) -> String {
    options.iter().map(|option| format!("--{}", option.id)).collect::<Vec<_>>().join(" ")
}

/// What may stand behind an option: `a|b|c` is a choice, everything else is the user's own.
fn choices(value: &str) -> String {
    if value.contains('|') { value.replace('|', " ") } else { String::new() }
}

/// Each option of an action that has a value: the action, the option, its choices.
fn values() -> impl Iterator<Item = (&'static str, &'static str, String)> {
    every().flat_map(|action| {
        action
            .options
            .iter()
            .filter_map(move |option| Some((action.name, option.id, choices(option.value?))))
    })
}

/// The program's own options that have a value, or a file as value.
fn global_valued(is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let valued = RULES.iter().filter(|rule| rule.value.is_some_and(&is_wanted));
    valued
        .flat_map(|rule| {
            let short = rule.short.map(|letter| format!("-{letter}"));
            short.into_iter().chain(rule.long.iter().map(|name| format!("--{name}")))
        })
        .collect()
}

fn globals() -> String {
    let shown = RULES.iter().filter(|rule| !rule.meaning.is_empty());
    shown.flat_map(|rule| rule.spellings()).collect::<Vec<_>>().join(" ")
}

/// Fills in what bash and zsh share.
fn filled(template: &str, cases: &str, values: &str) -> String {
    template
        .replace("@GLOBAL_VALUED@", &global_valued(|_| true).join(" | "))
        .replace("@GLOBAL_FILES@", &global_valued(|value| value == "FILENAME").join(" | "))
        .replace("@GLOBAL@", &globals())
        .replace("@VERBS@", &verbs())
        .replace("@CASES@\n", cases)
        .replace("@VALUES@\n", values)
}

fn bash() -> String {
    let mut cases = format!("    help) more='{}' ;;\n", verbs());
    for action in every() {
        let (Offer { names, more }, options) = (Offer::of(action), long(action.options));
        cases.push_str(&format!(
            "    {}) options='{options}' names='{names}' more='{more}' ;;\n",
            action.name
        ));
    }
    // A blank where the user chooses freely, so that nothing else is offered.
    let value = |(verb, option, choices)| format!("    '{verb} --{option}') values=' {choices}' ;;\n");
    filled(include_str!("bash.in"), &cases, &values().map(value).collect::<String>())
}

fn zsh() -> String {
    let mut cases = format!("    (help) more='{}' ;;\n", verbs());
    for action in every() {
        let (Offer { names, more }, options) = (Offer::of(action), long(action.options));
        cases.push_str(&format!(
            "    ({}) options=({options}) names='{names}' more='{more}' ;;\n",
            action.name
        ));
    }
    let value = |(verb, option, choices)| format!("    ('{verb} --{option}') values=' {choices}' ;;\n");
    let described: Vec<String> = every()
        .map(|action| (action.name, action.summary))
        .chain([("help", "Prints the list of the actions, or help on one.")])
        .map(|(name, summary)| format!("            '{name}:{}'", quoted(summary)))
        .collect();
    filled(include_str!("zsh.in"), &cases, &values().map(value).collect::<String>())
        .replace("@DESCRIBED@", &described.join("\n"))
}

fn fish() -> String {
    let mut lines = Vec::new();
    for rule in RULES.iter().filter(|rule| !rule.meaning.is_empty()) {
        let short = rule.short.map(|letter| format!(" -s {letter}")).unwrap_or_default();
        let long: String = rule.long.last().map(|name| format!(" -l {name}")).unwrap_or_default();
        let value = match rule.value {
            None => "",
            Some("FILENAME") => " -r -F",
            Some(_) => " -x",
        };
        lines.push(fish_line("''", &format!("{short}{long}{value}"), rule.meaning));
    }
    lines.push(fish_line("''", " -a help", "Prints the list of the actions, or help on one."));
    lines.push(fish_line("help", &format!(" -a '{}'", verbs()), ""));
    for action in every() {
        lines.push(fish_line("''", &format!(" -a {}", action.name), action.summary));
        let Offer { names, more } = Offer::of(action);
        if !more.is_empty() {
            lines.push(fish_line(action.name, &format!(" -a '{more}'"), ""));
        }
        if !names.is_empty() {
            lines.push(fish_line(action.name, &format!(" -a '(__supervisorctl_names {names})'"), ""));
        }
        for option in action.options {
            let value = match option.value.map(choices) {
                None => String::new(),
                Some(choices) if choices.is_empty() => " -x".to_owned(),
                Some(choices) => format!(" -x -a '{choices}'"),
            };
            lines.push(fish_line(action.name, &format!(" -l {}{value}", option.id), option.meaning));
        }
    }
    let valued = global_valued(|_| true).join(" ");
    include_str!("fish.in").replace("@GLOBAL_VALUED@", &valued).replace("@LINES@", &lines.join("\n"))
}

fn fish_line(verb: &str, what: &str, description: &str) -> String {
    let told =
        if description.is_empty() { String::new() } else { format!(" -d '{}'", quoted(description)) };
    let condition = if verb == "''" { "\"\"" } else { verb };
    format!("complete -c supervisorctl -n '__supervisorctl_verb_is {condition}'{what}{told}")
}

/// The first sentence of a text, for single quotes of all three shells.
fn quoted(text: &str) -> String {
    let sentence = text.split_once(". ").map_or(text, |(sentence, _)| sentence);
    sentence.trim_end_matches('.').replace('\'', "’")
}
