//! The command-line dialect of `supervisord` and `supervisorctl`: classic getopt with long options.
//!
//! ```text
//! argv --tokenize--> [Given{id, as spelled, value}...] + words --the program's loop--> its invocation
//! ```
//!
//! The whole line is tokenized before any option takes effect, so an unknown option is reported even
//! behind `-h`; the program then walks the options in their order, so `-h` beats whatever is wrong with
//! a later value. Long options may be shortened to a unique prefix; short ones may be clustered; the
//! first word that is no option ends the options ([`tokenize`]; a verb of the control program has its
//! options before, between and behind its words: [`tokenize_mixed`]). Absent: optional values, and any
//! environment variable that would set an option.
//!
//! A [`Rule`] also says what its option is for: `-h`, the manual and the completion scripts are written
//! from the same tables that the tokenizer reads.

use treeherd_domain::quote::repr;

/// One option that a program knows.
#[derive(Clone, Copy, Debug)]
pub struct Rule<Id: 'static> {
    /// What the program calls it.
    pub id: Id,
    /// The letter, if there is one.
    pub short: Option<char>,
    /// The long spellings, without dashes; the first one is used in messages.
    pub long: &'static [&'static str],
    /// What the value that follows is called, `a|b|c` where it is one of a few; `None` for a flag.
    pub value: Option<&'static str>,
    /// What it is for; empty for a second spelling that nobody need be told of.
    pub meaning: &'static str,
    /// Whether a prefix of the long spelling will do. Options of ours that stand beside Supervisor's need
    /// their full name, so that every prefix that Supervisor takes means what it means there.
    pub shortens: bool,
}

impl<Id: 'static> Rule<Id> {
    /// An option without a value.
    #[must_use]
    pub const fn flag(
        id: Id,
        short: Option<char>,
        long: &'static [&'static str],
        meaning: &'static str,
    ) -> Self {
        Self { id, short, long, value: None, meaning, shortens: true }
    }

    /// An option with a value.
    #[must_use]
    pub const fn valued(
        id: Id,
        short: Option<char>,
        long: &'static [&'static str],
        value: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { id, short, long, value: Some(value), meaning, shortens: true }
    }

    /// The same, by its full name only.
    #[must_use]
    pub const fn in_full(self) -> Self
    where
        Id: Copy,
    {
        Self { shortens: false, ..self }
    }

    /// Its spellings as help shows them: `-c`, `--configuration`; of several long ones the last.
    pub fn spellings(&self) -> impl Iterator<Item = String> {
        let short = self.short.map(|letter| format!("-{letter}"));
        short.into_iter().chain(self.long.last().map(|name| format!("--{name}")))
    }

    fn takes_value(&self) -> bool {
        self.value.is_some()
    }
}

/// The list of options as `-h` prints it: `-c/--configuration FILENAME -- what for`, wrapped.
#[must_use]
pub fn list<Id>(rules: &[Rule<Id>]) -> String {
    let mut text = String::new();
    for rule in rules.iter().filter(|rule| !rule.meaning.is_empty()) {
        let value = rule.value.map(|value| format!(" {value}")).unwrap_or_default();
        let line = format!("{}{value} -- {}", rule.spellings().collect::<Vec<_>>().join("/"), rule.meaning);
        text.push_str(&wrap(&line, 78, "     "));
    }
    text
}

/// A text in lines of at most `width` columns, where its words allow it; the lines after the first are
/// indented.
#[must_use]
pub fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            lines.push('\n');
            lines.push_str(indent);
            column = indent.len();
        } else if !lines.is_empty() {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines.push('\n');
    lines
}

/// An option found on the command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given<Id> {
    /// Which option.
    pub id: Id,
    /// `-c` or `--configuration`: the form that was used, prefixes completed.
    pub spelled: String,
    /// Its value; empty for a flag.
    pub value: String,
}

/// A tokenized command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line<Id> {
    /// The options in their order.
    pub options: Vec<Given<Id>>,
    /// The words behind the options.
    pub words: Vec<String>,
}

/// Why a command line is refused; the text is Supervisor's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UsageError {
    /// No such option.
    #[error("option {0} not recognized")]
    NotRecognized(String),
    /// A prefix of several long options.
    #[error("option {0} not a unique prefix")]
    Ambiguous(String),
    /// The value is missing.
    #[error("option {0} requires argument")]
    NeedsValue(String),
    /// A flag was given a value.
    #[error("option {0} must not have an argument")]
    TakesNoValue(String),
    /// An option was given twice.
    #[error("conflicting command line option {}", repr(.0))]
    Conflicting(String),
    /// A value that its type refuses.
    #[error("invalid value for {option} {}: {reason}", repr(.value))]
    InvalidValue {
        /// The option as spelled.
        option: String,
        /// The value as given.
        value: String,
        /// The type's words.
        reason: String,
    },
    /// Words where none are allowed.
    #[error("positional arguments are not supported: {}", quote_list(.0))]
    Positional(Vec<String>),
    /// An option that means something beside another one only: itself, and that one.
    #[error("option {0} is for {1} only")]
    Without(&'static str, &'static str),
    /// What is wrong with the configuration file: reported in the same form.
    #[error("{0}")]
    Configuration(String),
}

impl UsageError {
    /// The exit status of every usage error.
    pub const EXIT: u8 = 2;

    /// The two lines for stderr.
    #[must_use]
    pub fn report(&self, argv0: &str) -> String {
        format!("Error: {self}\nFor help, use {argv0} -h\n")
    }
}

impl<Id> Given<Id> {
    /// Stores a value that may be given once.
    ///
    /// # Errors
    /// [`UsageError::Conflicting`] if the slot is taken.
    pub fn store<T>(&self, slot: &mut Option<T>, value: T) -> Result<(), UsageError> {
        if slot.is_some() {
            return Err(UsageError::Conflicting(self.spelled.clone()));
        }
        *slot = Some(value);
        Ok(())
    }

    /// The error for a value that its type refuses.
    #[must_use]
    pub fn invalid(&self, reason: impl std::fmt::Display) -> UsageError {
        UsageError::InvalidValue {
            option: self.spelled.clone(),
            value: self.value.clone(),
            reason: reason.to_string(),
        }
    }
}

/// Splits a command line (without the program's name) into options and words; the first word ends the
/// options.
///
/// # Errors
/// An unknown or ambiguous option, a missing or superfluous value.
pub fn tokenize<Id: Copy>(rules: &[Rule<Id>], args: &[String]) -> Result<Line<Id>, UsageError> {
    let mut options = Vec::new();
    let mut rest = args.iter();
    leading(rules, &mut rest, &mut options)?;
    Ok(Line { options, words: rest.cloned().collect() })
}

/// The same for a line whose options may stand between and behind its words, until `--`.
///
/// # Errors
/// An unknown or ambiguous option, a missing or superfluous value.
pub fn tokenize_mixed<Id: Copy>(rules: &[Rule<Id>], args: &[String]) -> Result<Line<Id>, UsageError> {
    let (mut options, mut words) = (Vec::new(), Vec::new());
    let mut rest = args.iter();
    loop {
        let is_over = leading(rules, &mut rest, &mut options)?;
        match rest.next() {
            Some(word) => words.push(word.clone()),
            None => return Ok(Line { options, words }),
        }
        if is_over {
            words.extend(rest.by_ref().cloned());
        }
    }
}

/// Takes the options before the next word; whether a `--` says that no more follow.
fn leading<Id: Copy>(
    rules: &[Rule<Id>],
    rest: &mut std::slice::Iter<'_, String>,
    options: &mut Vec<Given<Id>>,
) -> Result<bool, UsageError> {
    loop {
        match rest.as_slice().first().map(String::as_str) {
            Some("--") => {
                rest.next();
                return Ok(true);
            }
            Some(word) if word.starts_with("--") => {
                rest.next();
                options.push(long(rules, &word[2..], rest)?);
            }
            Some(word) if word.starts_with('-') && word != "-" => {
                rest.next();
                cluster(rules, &word[1..], rest, options)?;
            }
            _ => return Ok(false),
        }
    }
}

fn long<'a, Id: Copy>(
    rules: &[Rule<Id>],
    text: &str,
    rest: &mut impl Iterator<Item = &'a String>,
) -> Result<Given<Id>, UsageError> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    let (rule, canonical) = find_long(rules, name)?;
    let spelled = format!("--{canonical}");
    let value = match (rule.takes_value(), value) {
        (false, None) => String::new(),
        (false, Some(_)) => return Err(UsageError::TakesNoValue(spelled)),
        (true, Some(value)) => value,
        (true, None) => match rest.next() {
            Some(value) => value.clone(),
            None => return Err(UsageError::NeedsValue(spelled)),
        },
    };
    Ok(Given { id: rule.id, spelled, value })
}

/// An exact name wins over longer ones; else the prefix must belong to one option only.
fn find_long<'r, Id>(
    rules: &'r [Rule<Id>],
    name: &str,
) -> Result<(&'r Rule<Id>, &'static str), UsageError> {
    if let Some(found) = rules.iter().find(|rule| rule.long.contains(&name)) {
        return Ok((found, found.long[0]));
    }
    let mut matching =
        rules.iter().filter(|rule| rule.shortens && rule.long.iter().any(|l| l.starts_with(name)));
    match (matching.next(), matching.next()) {
        (None, _) => Err(UsageError::NotRecognized(format!("--{name}"))),
        (Some(rule), None) => Ok((rule, rule.long[0])),
        (Some(_), Some(_)) => Err(UsageError::Ambiguous(format!("--{name}"))),
    }
}

fn cluster<'a, Id: Copy>(
    rules: &[Rule<Id>],
    letters: &str,
    rest: &mut impl Iterator<Item = &'a String>,
    options: &mut Vec<Given<Id>>,
) -> Result<(), UsageError> {
    let mut letters = letters.chars();
    while let Some(letter) = letters.next() {
        let spelled = format!("-{letter}");
        let Some(rule) = rules.iter().find(|rule| rule.short == Some(letter)) else {
            return Err(UsageError::NotRecognized(spelled));
        };
        let attached = letters.as_str();
        let value = match (rule.takes_value(), attached) {
            (false, _) => String::new(),
            (true, "") => match rest.next() {
                Some(value) => value.clone(),
                None => return Err(UsageError::NeedsValue(spelled)),
            },
            (true, attached) => attached.to_owned(),
        };
        options.push(Given { id: rule.id, spelled, value });
        if rule.takes_value() {
            break;
        }
    }
    Ok(())
}

fn quote_list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| repr(word)).collect();
    format!("[{}]", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[Rule<&str>] = &[
        Rule::flag("help", Some('h'), &["help"], "print this text"),
        Rule::flag("help", Some('?'), &[], ""),
        Rule::valued("config", Some('c'), &["configuration"], "FILE", "read FILE"),
        Rule::flag("nodaemon", Some('n'), &["nodaemon"], "stay"),
        Rule::flag("nocleanup", Some('k'), &["nocleanup"], "keep"),
        Rule::flag("silent", Some('s'), &["silent"], "no logs"),
        Rule::valued("logfile", Some('l'), &["logfile"], "FILE", "log to FILE"),
        Rule::valued("maxbytes", Some('y'), &["logfile_maxbytes"], "BYTES", "roll over"),
        Rule::valued("history", Some('r'), &["history_file", "history-file"], "FILE", "remember"),
        Rule::flag("test", None, &["configtest"], "check").in_full(),
    ];

    fn run(line: &str) -> Result<String, String> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        show(tokenize(RULES, &args))
    }

    fn show(line: Result<Line<&str>, UsageError>) -> Result<String, String> {
        let line = line.map_err(|e| e.to_string())?;
        let options: Vec<String> =
            line.options.iter().map(|o| format!("{}({}={})", o.id, o.spelled, o.value)).collect();
        Ok(format!("{} | {}", options.join(" "), line.words.join(" ")))
    }

    #[test]
    fn options_are_read_as_getopt_reads_them() {
        for (line, expected) in [
            ("-nk x", "nodaemon(-n=) nocleanup(-k=) | x"),
            ("-cFILE", "config(-c=FILE) | "),
            ("-c FILE", "config(-c=FILE) | "),
            ("-nc FILE -s", "nodaemon(-n=) config(-c=FILE) silent(-s=) | "),
            ("-nkcFILE", "nodaemon(-n=) nocleanup(-k=) config(-c=FILE) | "),
            ("--configuration=a=b", "config(--configuration=a=b) | "),
            ("--configuration FILE", "config(--configuration=FILE) | "),
            ("--conf FILE", "config(--configuration=FILE) | "),
            ("--config FILE", "config(--configuration=FILE) | "),
            ("--configtest FILE", "test(--configtest=) | FILE"),
            ("--logfile x", "logfile(--logfile=x) | "),
            ("--logfile_m 1", "maxbytes(--logfile_maxbytes=1) | "),
            ("--history-file h", "history(--history_file=h) | "),
            ("--hist h", "history(--history_file=h) | "),
            ("-c -h", "config(-c=-h) | "),
            ("tail -f x", " | tail -f x"),
            ("-n - -k", "nodaemon(-n=) | - -k"),
            ("-n -- -k", "nodaemon(-n=) | -k"),
            ("-?", "help(-?=) | "),
        ] {
            assert_eq!(run(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn the_options_of_a_verb_stand_anywhere() {
        for (line, expected) in [
            ("web -n shop:* -c FILE", Ok("nodaemon(-n=) config(-c=FILE) | web shop:*")),
            ("--conf=a web -- -n --nope", Ok("config(--configuration=a) | web -n --nope")),
            ("web", Ok(" | web")),
            ("--", Ok(" | ")),
            ("web --nope", Err("option --nope not recognized")),
            ("web --conf", Err("option --configuration requires argument")),
        ] {
            let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let found = show(tokenize_mixed(RULES, &args));
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{line}");
        }
    }

    #[test]
    fn options_are_listed_with_what_they_are_for() {
        let text = list(&RULES[..3]);
        assert_eq!(text, "-h/--help -- print this text\n-c/--configuration FILE -- read FILE\n");
        assert!(list(RULES).contains("-r/--history-file FILE -- remember\n"));
        assert_eq!(wrap("aa bb cc dd", 8, "  "), "aa bb cc\n  dd\n");
        assert_eq!(wrap("aaaaaaaaaaaa b", 8, "  "), "aaaaaaaaaaaa\n  b\n");
    }

    #[test]
    fn usage_errors_are_worded_as_getopt_words_them() {
        for (line, expected) in [
            ("-Z", "option -Z not recognized"),
            ("-nZ", "option -Z not recognized"),
            ("-h -Z", "option -Z not recognized"),
            ("--bogus", "option --bogus not recognized"),
            ("--bogus=1", "option --bogus not recognized"),
            ("--log x", "option --log not a unique prefix"),
            ("--configt", "option --configt not recognized"),
            ("--configtest=1", "option --configtest must not have an argument"),
            ("--no", "option --no not a unique prefix"),
            ("--=x", "option -- not a unique prefix"),
            ("-c", "option -c requires argument"),
            ("--logfile", "option --logfile requires argument"),
            ("--conf", "option --configuration requires argument"),
            ("--silent=1", "option --silent must not have an argument"),
            ("--sil=1", "option --silent must not have an argument"),
        ] {
            assert_eq!(run(line), Err(expected.to_owned()), "{line}");
        }
    }

    #[test]
    fn a_stored_option_may_be_given_once() {
        let given = Given { id: (), spelled: "-c".to_owned(), value: "x".to_owned() };
        let mut slot = None;
        assert_eq!(given.store(&mut slot, 1), Ok(()));
        let error = given.store(&mut slot, 2).unwrap_err();
        assert_eq!(error.to_string(), "conflicting command line option '-c'");
        assert_eq!(
            error.report("/usr/bin/supervisord"),
            "Error: conflicting command line option '-c'\nFor help, use /usr/bin/supervisord -h\n"
        );
    }

    #[test]
    fn other_usage_errors_show_what_was_given() {
        let given = Given { id: (), spelled: "-e".to_owned(), value: "bogus".to_owned() };
        assert_eq!(
            given.invalid("bad logging level name 'bogus'").to_string(),
            "invalid value for -e 'bogus': bad logging level name 'bogus'"
        );
        let words = ["foo", "it's", "a\"'b\n"].map(str::to_owned).to_vec();
        assert_eq!(
            UsageError::Positional(words).to_string(),
            r#"positional arguments are not supported: ['foo', "it's", 'a"\'b\n']"#
        );
    }
}
