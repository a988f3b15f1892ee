//! Scripts as values: how processes behave, what an operator does and when, and how long to look.
//!
//! ```text
//! web: runs 3.2s, exit 1 *3 then runs forever      each start takes the next run
//! db:  ready after 2s; ignores TERM; stops after 1s
//! at 10s: stop web
//! at 20s: db: fails to start
//! until 5m
//! ```

use super::words::{Lexed, lex};
use crate::drive::Verb;
use crate::exit::ExitStatus;
use crate::hook::Hook;
use crate::signal::Signal;
use std::collections::BTreeMap;
use std::time::Duration;

/// A place in a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spot {
    /// The line, counted from 1.
    pub line: usize,
    /// The column of the first character, counted from 0.
    pub column: usize,
    /// How many characters; 0 behind the end of the line.
    pub width: usize,
}

/// What is wrong with a script.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ScriptError {
    /// Where.
    pub spot: Spot,
    /// What.
    pub message: String,
    /// What would be accepted.
    pub help: String,
}

impl ScriptError {
    /// An error at a place.
    pub(super) fn new(spot: Spot, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { spot, message: message.into(), help: help.into() }
    }

    /// As errors of a configuration are shown, with the line (which is in `text`) and a caret; `file` is its name.
    #[must_use]
    pub fn show(&self, file: &str, text: &str) -> String {
        let Spot { line, column, width } = self.spot;
        let source = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let gutter = line.to_string().len();
        let blank = |c: char| if c == '\t' { '\t' } else { ' ' };
        let lead: String = source.chars().chain(std::iter::repeat(' ')).take(column).map(blank).collect();
        let carets = "^".repeat(width.max(1));
        let shown: String =
            source.trim_end().chars().map(|c| if c.is_control() && c != '\t' { '?' } else { c }).collect();
        format!(
            "error: {}\n{:gutter$}--> {file}:{line}\n{:gutter$} |\n{line} | {shown}\n{:gutter$} | {lead}{carets}\n\
             {:gutter$} help: {}",
            self.message, "", "", "", "", self.help
        )
    }
}

/// A name as it is written in a script: `web`, `shop:api`, `shop:*`, `all`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// It.
    pub text: String,
    /// Where it stands.
    pub spot: Spot,
}

/// How one run of a process goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// Until it is told to end.
    Forever,
    /// So long, and ended so.
    For(Duration, ExitStatus),
    /// It cannot be spawned.
    Unborn,
}

/// A run, and how often in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// How it goes.
    pub life: Life,
    /// How many starts take it; `None`: all that follow.
    pub times: Option<u32>,
}

/// When a process with a `ready` key says that it is ready, or answers so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ready {
    /// So long after its spawn.
    After(Duration),
    /// It never does.
    Never,
}

/// How a process behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Behaviour {
    /// Its runs, one for each start; runs without an end follow the last.
    pub runs: Vec<Run>,
    /// When it is ready.
    pub ready: Ready,
    /// From when on its health is bad, counted from its spawn, and for how long.
    pub sick: Option<(Duration, Option<Duration>)>,
    /// The signals that it does not obey.
    pub ignores: Vec<Signal>,
    /// How long it takes to end when it is told to.
    pub stops_after: Duration,
    /// The code it ends with then; `None`: it dies of the signal.
    pub stops_with: Option<i32>,
    /// Whether the daemon cannot signal it: it becomes UNKNOWN when it is to end.
    pub out_of_reach: bool,
    /// Whether `stop_command` does nothing to it.
    pub ignores_command: bool,
    /// How long its hooks take and the codes they end with; those that are not here take no time and end well.
    pub hooks: BTreeMap<Hook, (Duration, i32)>,
}

impl Default for Behaviour {
    /// It runs for ever, and obeys its stop signal at once.
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            ready: Ready::After(Duration::ZERO),
            sick: None,
            ignores: Vec::new(),
            stops_after: Duration::ZERO,
            stops_with: None,
            out_of_reach: false,
            ignores_command: false,
            hooks: BTreeMap::new(),
        }
    }
}

impl Behaviour {
    /// How the run of this number goes, counted from 0.
    #[must_use]
    pub fn life(&self, number: u64) -> Life {
        let mut before = 0_u64;
        for run in &self.runs {
            before = run.times.map_or(u64::MAX, |times| before.saturating_add(times.into()));
            if number < before {
                return run.life;
            }
        }
        Life::Forever
    }
}

/// What an operator, or the world outside, does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// A command; `alone`: without what it requires.
    Do {
        /// What is commanded.
        verb: Verb,
        /// Whether nothing that is required is waited for or brought up.
        alone: bool,
        /// To whom.
        names: Vec<Name>,
    },
    /// SIGKILL from outside: the daemon has nothing to do with it.
    Kill(Vec<Name>),
    /// It ends by itself, with this code.
    Exit(i32, Vec<Name>),
    /// It says, or answers, that it is ready, until it ends.
    Ready(Vec<Name>),
    /// From now on it behaves so; its runs are those of the starts that follow.
    Behave(Name, Box<Behaviour>),
    /// Its health becomes good (`true`) or bad.
    Health(Vec<Name>, bool),
    /// A `[probe:x]` becomes green (`true`) or red.
    Probe(Name, bool),
    /// An instance of a template, with these arguments, which is started.
    Spawn(Name, BTreeMap<String, String>),
    /// The daemon is to end.
    Shutdown,
}

/// Something that happens at a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cue {
    /// When, counted from the start of the daemon.
    pub at: Duration,
    /// What.
    pub action: Action,
    /// The words of the script.
    pub text: String,
    /// Its line in the script.
    pub line: usize,
}

/// How long to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Until {
    /// Until nothing follows by itself any more.
    #[default]
    Settled,
    /// Until then.
    At(Duration),
}

/// A whole script.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Script {
    /// How those behave that are mentioned.
    pub parts: Vec<(Name, Behaviour)>,
    /// What happens, by its time.
    pub cues: Vec<Cue>,
    /// How long to look.
    pub until: Until,
}

/// The most lines that a script may have.
pub(super) const MOST_LINES: usize = 10_000;

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// All that is wrong, at most one error for each line.
    pub fn parse(text: &str) -> Result<Self, Vec<ScriptError>> {
        let (mut script, mut errors, mut until) = (Self::default(), Vec::new(), None);
        for (at, line) in text.lines().enumerate() {
            if at >= MOST_LINES {
                let spot = Spot { line: at + 1, column: 0, width: 1 };
                let message = format!("the script has more than {MOST_LINES} lines");
                errors.push(ScriptError::new(
                    spot,
                    message,
                    "make it shorter: names may be group:* or all",
                ));
                break;
            }
            let Lexed { head, words } = lex(at + 1, line);
            if let Err(error) = script.take(head, words, &mut until) {
                errors.push(error);
            }
        }
        script.cues.sort_by_key(|cue| cue.at);
        if errors.is_empty() { Ok(script) } else { Err(errors) }
    }
}
