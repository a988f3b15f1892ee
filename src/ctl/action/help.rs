//! What `help` prints, and the usage that is shown after an error.
//!
//! Supervisor's block and its texts come first, to the byte; below stands ours, printed as Supervisor
//! prints the block of a plug-in. Absent: help on configuration keys.

use super::{Action, BLOCKS, every, find};
use crate::getopt::{list as options_list, wrap};

/// Help on `help`.
const HELP_OF_HELP: &str =
    "help\t\tPrint a list of available actions\nhelp <action>\tPrint help for <action>\n";

/// The topic that tells of the options which Supervisor's actions have beside their old forms.
const OPTIONS: &str = "options";

/// The usage lines of an action that exists.
#[must_use]
pub fn usage(name: &str) -> String {
    find(name).map(about).unwrap_or_default()
}

/// What `help <topic>` prints, lines ended; `help` alone prints the list of the actions.
#[must_use]
pub fn help(topic: &str) -> String {
    match topic {
        "" => list(),
        "help" => HELP_OF_HELP.to_owned(),
        OPTIONS => options(),
        topic => find(topic).map_or_else(|| format!("*** No help on {topic}\n"), about),
    }
}

fn about(action: &Action) -> String {
    match action.classic {
        "" => described(action),
        classic => classic.to_owned(),
    }
}

/// Form, sentence, options, exit statuses, examples: the help of our actions, and of old ones that are used
/// in a new form.
#[must_use]
pub fn described(action: &Action) -> String {
    let mut text = format!("{}\n{}", action.form(), wrap(action.summary, 78, ""));
    text.push_str(&options_list(action.options));
    for (status, meaning) in action.exits {
        text.push_str(&wrap(&format!("exit status {status} -- {meaning}"), 78, "     "));
    }
    for (line, purpose) in action.examples {
        text.push_str(&format!("Ex: {line}\t{purpose}\n"));
    }
    text
}

/// Supervisor's actions that have options of ours.
fn options() -> String {
    let extended = every().filter(|action| !action.classic.is_empty() && !action.options.is_empty());
    extended.map(described).collect::<Vec<_>>().join("\n")
}

fn list() -> String {
    BLOCKS.iter().map(|block| titled(block.heading, &topics(block.actions))).collect()
}

/// The names of actions; with ours goes what we have to say about Supervisor's.
fn topics(actions: &'static [Action]) -> Vec<&'static str> {
    let mut names: Vec<&str> = actions.iter().map(|action| action.name).collect();
    if actions.iter().all(|action| action.classic.is_empty()) {
        names.push(OPTIONS);
        names.sort_unstable();
    }
    names
}

fn titled(heading: &str, names: &[&str]) -> String {
    let header = format!("{heading} commands (type help <topic>):");
    format!("\n{header}\n{}\n{}\n", "=".repeat(header.len()), columns(names, 79))
}

/// Names in as few rows as fit the width: down, then across; every column as wide as its widest name,
/// two blanks between columns.
fn columns(names: &[&str], width: usize) -> String {
    let layout = |rows: usize| -> Vec<usize> {
        names.chunks(rows).map(|column| column.iter().map(|n| n.len()).max().unwrap_or(0)).collect()
    };
    let fits = |rows: &usize| {
        let widths = layout(*rows);
        widths.iter().sum::<usize>() + 2 * (widths.len() - 1) <= width
    };
    let rows = (1..names.len()).find(fits).unwrap_or(names.len().max(1));
    let widths = layout(rows);
    let mut text = String::new();
    for row in 0..rows {
        let cells: Vec<String> = (row..names.len())
            .step_by(rows)
            .zip(&widths)
            .map(|(at, width)| format!("{:width$}", names[at]))
            .collect();
        text.push_str(&cells.join("  "));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_supervisors_actions_in_columns_and_ours_below() {
        let expected = [
            "",
            "default commands (type help <topic>):",
            "=====================================",
            "add    exit      open  reload  restart   start   tail   ",
            "avail  fg        pid   remove  shutdown  status  update ",
            "clear  maintail  quit  reread  signal    stop    version",
            "",
            "",
            "treeherd commands (type help <topic>):",
            "======================================",
            "",
        ];
        let list = help("");
        assert!(list.starts_with(&expected.join("\n")), "{list}");
        assert!(list.ends_with("\n\n"), "{list}");
        assert!(list.contains(OPTIONS));
    }

    #[test]
    fn help_of_a_topic_is_its_usage() {
        assert_eq!(help("reload"), "reload \t\tRestart the remote supervisord.\n");
        assert_eq!(help("nope"), "*** No help on nope\n");
        assert!(help("help").starts_with("help\t\tPrint a list"));
        assert!(help("maintail").ends_with("main log file\n\n"));
    }

    #[test]
    fn every_help_names_its_action_and_ends_its_line() {
        for action in every() {
            let text = help(action.name);
            assert!(text.starts_with(action.name) && text.ends_with('\n'), "{text}");
            assert!(text.lines().all(|line| line.len() <= 110), "{text}");
        }
    }

    #[test]
    fn options_of_old_actions_have_a_topic_of_their_own() {
        assert!(!help("status").contains("--json"));
        assert!(help(OPTIONS).contains("status [options] [<name>|<group>:*|all ...]\n"));
        assert!(help(OPTIONS).contains("--json -- "));
    }

    #[test]
    fn columns_fall_back_to_one_name_a_row() {
        assert_eq!(columns(&["aaaa", "bb"], 5), "aaaa\nbb  \n");
        assert_eq!(columns(&["a", "bb", "c"], 9), "a  bb  c\n");
    }
}
