//! TAB completion of the shell.
//!
//! ```text
//! sta|            actions that begin so, and help
//! help st|        actions
//! update w|       groups
//! start we|       processes: `web`, `shop:api`, `shop:*`; once a `:` is typed, `web:web` too
//! ```
//!
//! A completed word is followed by a blank. The processes come from the caller, who asks the daemon once
//! a command line. Absent: completion of files, signals and options.

use crate::ctl::action::{every, find};

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

/// What the word being typed is completed to; `line` is the whole line.
#[must_use]
pub fn wanted(line: &str) -> Completes {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (None, _) => Completes::Actions,
        (Some(_), None) if !line.ends_with(' ') => Completes::Actions,
        (Some("help"), _) => Completes::Actions,
        (Some(verb), _) => find(verb).map_or(Completes::Nothing, |action| action.completes),
    }
}

/// The completions of `word`, each with its blank, in the order in which they are shown.
#[must_use]
pub fn candidates(wanted: Completes, word: &str, known: &[Known]) -> Vec<String> {
    let all: Vec<String> = match wanted {
        Completes::Actions => {
            std::iter::once("help").chain(every().map(|a| a.name)).map(str::to_owned).collect()
        }
        Completes::Groups => groups(known),
        Completes::Processes => processes(word, known),
        Completes::Words(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        Completes::Nothing => Vec::new(),
    };
    all.into_iter().filter(|c| c.starts_with(word)).map(|c| c + " ").collect()
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
        let word = &line[word_start(line)..];
        candidates(wanted(line), word, &known).join("|")
    }

    #[test]
    fn words_are_completed_by_what_the_action_takes() {
        for (line, expected) in [
            ("sta", "start |status "),
            ("h", "help "),
            ("help st", "start |status |stop "),
            ("help ", complete("").as_str()),
            ("start w", "web |we-b "),
            ("start web", "web "),
            ("start we-", "we-b "),
            ("start web:", "web:web |web:* "),
            ("start sh", "shop:api |shop:* |shop:db "),
            ("start shop:d", "shop:db "),
            ("start shop:*", "shop:* "),
            ("start web shop:a", "shop:api "),
            ("signal HUP we", "web |we-b "),
            ("update s", "shop "),
            ("add ", "shop |web |we-b "),
            ("version ", ""),
            ("nope w", ""),
        ] {
            assert_eq!(complete(line), expected, "{line:?}");
        }
        assert_eq!(complete("").split('|').count(), every().count() + 1);
    }
}
