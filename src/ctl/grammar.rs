//! A line of the shell (or the joined words of the command line) as a verb and its argument.
//!
//! A verb is the leading run of ASCII letters, digits and `_`; the stripped rest is its argument, so
//! `tail-100 web` is `tail` with `-100 web`. `?topic` is `help topic`. Absent: quoting, `;`, and a shell
//! escape (`!x` is no syntax).

/// What a line says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command<'a> {
    /// Nothing.
    Empty,
    /// A verb and the rest of the line, stripped.
    Verb {
        /// `start`, `tail`, ...; whether it exists is not decided here.
        name: &'a str,
        /// The argument.
        argument: &'a str,
    },
    /// No verb at all.
    Unknown,
}

/// Reads a line.
#[must_use]
pub fn parse(line: &str) -> Command<'_> {
    let line = line.trim();
    if line.is_empty() {
        return Command::Empty;
    }
    if let Some(topic) = line.strip_prefix('?') {
        return Command::Verb { name: "help", argument: topic.trim() };
    }
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
    match line.split_at(end) {
        ("", _) => Command::Unknown,
        (name, argument) => Command::Verb { name, argument: argument.trim() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_verbs_and_arguments() {
        let verb = |name, argument| Command::Verb { name, argument };
        for (line, expected) in [
            ("", Command::Empty),
            ("  \t", Command::Empty),
            ("status", verb("status", "")),
            ("  start  web shop:* ", verb("start", "web shop:*")),
            ("tail -100000 web", verb("tail", "-100000 web")),
            ("tail-100 web", verb("tail", "-100 web")),
            ("stop cat; start cat", verb("stop", "cat; start cat")),
            ("?", verb("help", "")),
            ("?start", verb("help", "start")),
            ("? start", verb("help", "start")),
            ("!ls", Command::Unknown),
            ("-x", Command::Unknown),
            ("öde", Command::Unknown),
        ] {
            assert_eq!(parse(line), expected, "{line:?}");
        }
    }
}
