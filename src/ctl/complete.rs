//! TAB completion of the shell.
//!
//! ```text
//! sta|            actions that begin so, and help
//! help st|        actions
//! update w|       groups
//! start we|       processes: `web`, `shop:api`, `shop:*`; once a `:` is typed, `web:web` too
//! wait web --f|   options of the action, by the table; behind one, its values
//! ```
//!
//! A completed word is followed by a blank. The processes come from the caller, who asks the daemon once
//! a command line. Absent: completion of files and signals.

use crate::ctl::action::{Action, Opt, every, find};

pub use crate::ctl::action::Completes;

/// One process to complete: its group, its name.
pub type Known = (String, String);

/// Where the word under the cursor begins: behind the last character that is none of a word. `:`, `*`
/// and `-` belong to words.
#[must_use]
pub fn word_start(before_cursor: &str) -> usize {
    const DELIMITERS: &str = " \t\n`~!@#$%^&()=+[{]}\\|;'\",<>/?";
    before_cursor.rfind(|c| DELIMITERS.contains(c)).map_or(0, |at| at + 1)
}

/// What the word being typed is completed to.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// Names, as the table of the actions says.
    Names(Completes),
    /// An option of an action.
    Options(&'static [Opt]),
    /// The value of an option: `a|b|c`.
    Value(&'static str),
}

/// What the word that begins at `start` is completed to; `line` is the whole line.
#[must_use]
pub fn wanted(line: &str, start: usize) -> Wanted {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (None, _) => Wanted::Names(Completes::Actions),
        (Some(_), None) if !line.ends_with(' ') => Wanted::Names(Completes::Actions),
        (Some("help"), _) => Wanted::Names(Completes::Actions),
        (Some(verb), _) => {
            find(verb).map_or(Wanted::Names(Completes::Nothing), |action| argument(action, line, start))
        }
    }
}

/// What an argument of an action is completed to.
fn argument(action: &'static Action, line: &str, start: usize) -> Wanted {
    if line[start..].starts_with("--") {
        return Wanted::Options(action.options);
    }
    let before = line[..start].trim_end_matches([' ', '=']);
    let previous = &before[before.rfind(' ').map_or(0, |at| at + 1)..];
    let option = action.options.iter().find(|option| previous.strip_prefix("--") == Some(option.id));
    match option.and_then(|option| option.value) {
        Some(value) => Wanted::Value(value),
        None => Wanted::Names(action.completes),
    }
}

/// The completions of `word`, each with its blank, sorted as they are shown.
#[must_use]
pub fn candidates(wanted: Wanted, word: &str, known: &[Known]) -> Vec<String> {
    let all: Vec<String> = match wanted {
        Wanted::Names(Completes::Actions) => {
            std::iter::once("help").chain(every().map(|a| a.name)).map(str::to_owned).collect()
        }
        Wanted::Names(Completes::Groups) => groups(known),
        Wanted::Names(Completes::Processes) => processes(word, known),
        Wanted::Names(Completes::Words(words)) => words.iter().map(|word| (*word).to_owned()).collect(),
        Wanted::Names(Completes::Nothing) => Vec::new(),
        Wanted::Options(options) => options.iter().map(|option| format!("--{}", option.id)).collect(),
        Wanted::Value(choices) if choices.contains('|') => choices.split('|').map(str::to_owned).collect(),
        Wanted::Value(_) => Vec::new(),
    };
    let mut fitting: Vec<String> =
        all.into_iter().filter(|c| c.starts_with(word)).map(|c| c + " ").collect();
    fitting.sort_unstable();
    fitting.dedup();
    fitting
}

fn groups(known: &[Known]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for (group, _) in known {
        if !groups.contains(group) {
            groups.push(group.clone());
        }
    }
    groups
}

fn processes(word: &str, known: &[Known]) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for (group, name) in known {
        if !word.contains(':') && group == name {
            shown.push(name.clone());
            continue;
        }
        shown.push(format!("{group}:{name}"));
        let whole = format!("{group}:*");
        if !shown.contains(&whole) {
            shown.push(whole);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(line: &str) -> String {
        let known = [("shop", "api"), ("shop", "db"), ("web", "web"), ("we-b", "we-b")]
            .map(|(group, name)| (group.to_owned(), name.to_owned()));
        let start = word_start(line);
        candidates(wanted(line, start), &line[start..], &known).join("|")
    }

    #[test]
    fn words_are_completed_by_what_the_action_takes() {
        for (line, expected) in [
            ("sta", "start |status "),
            ("h", "help |history |hup "),
            ("help st", "start |status |stop "),
            ("help ", complete("").as_str()),
            ("start w", "we-b |web "),
            ("start web", "web "),
            ("start we-", "we-b "),
            ("start web:", "web:* |web:web "),
            ("start sh", "shop:* |shop:api |shop:db "),
            ("start shop:d", "shop:db "),
            ("start shop:*", "shop:* "),
            ("start web shop:a", "shop:api "),
            ("signal HUP we", "we-b |web "),
            ("update s", "shop "),
            ("add ", "shop |we-b |web "),
            ("version ", ""),
            ("nope w", ""),
            ("status --", "--check |--json "),
            ("status web --j", "--json "),
            ("start --", "--no-deps "),
            ("wait --for ", "completed |healthy |ready |running |stopped "),
            ("wait --for=r", "ready |running "),
            ("wait web --for s", "stopped "),
            ("wait --timeout ", ""),
            ("wait --timeout 5 w", "we-b |web "),
            ("version ", ""),
        ] {
            assert_eq!(complete(line), expected, "{line:?}");
        }
        assert_eq!(complete("").split('|').count(), every().count() + 1);
    }
}
