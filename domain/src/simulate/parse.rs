//! The grammar of scripts.
//!
//! ```text
//! line      = [ NAME ":" clause { ";" clause } | "at" TIME ":" action | "until" ( TIME | "settled" ) ] [ "#" ... ]
//! clause    = run { "then" run } | "ready" "after" TIME | "never" "ready"
//!           | "unhealthy" "after" TIME [ "for" TIME ] | "stops" "after" TIME [ "," "exit" CODE ]
//!           | "ignores" ( SIGNAL | "stop_command" ) { "," ( SIGNAL | "stop_command" ) }
//!           | "out" "of" "reach"
//!           | ( "pre_start" | "post_start" | "pre_stop" | "stop_command" | "post_stop" ) "takes" TIME [ "," "exit" CODE ]
//! run       = ( "runs" "forever" | "runs" TIME [ "," ( "exit" CODE | "killed" "by" SIGNAL ) ] | "fails" "to" "start" )
//!             [ "*" NUMBER | "always" ]
//! action    = ( "start" | "stop" | "restart" ) NAMES [ "--no-deps" ] | "signal" SIGNAL NAMES | "kill" NAMES
//!           | "exit" CODE NAMES | ( "ready" | "healthy" | "unhealthy" ) NAMES | "probe" NAME ( "red" | "green" )
//!           | "spawn" NAME { KEY "=" VALUE } | NAME ":" clause { ";" clause } | "shutdown"
//! ```

use super::script::{Action, Behaviour, Cue, Life, Name, Ready, Run, Script, ScriptError, Spot, Until};
use super::words::{Word, Words};
use crate::drive::Verb;
use crate::exit::ExitStatus;
use crate::hook::Hook;
use std::collections::BTreeMap;
use std::time::Duration;

const LINES: &str = "write 'NAME: how it behaves', 'at TIME: what is done', or 'until TIME'";
const CLAUSES: &str = "write runs, fails to start, ready after, never ready, unhealthy after, ignores, stops after, out of reach, \
                       or takes behind the name of a hook; between two of them stands ';'";
const RUNS: &str = "write 'runs forever', 'runs 3s, exit 1', 'runs 3s, killed by SEGV' or 'fails to start'";
const ACTIONS: &str = "write start, stop, restart, signal, kill, exit, ready, healthy, unhealthy, probe, spawn, shutdown, or \
                       'NAME: how it behaves from then on'";
const NAMES: &str = "write the name of a process, group:* or all";

impl Script {
    /// Takes in one line.
    pub(super) fn take(
        &mut self,
        head: Vec<Word<'_>>,
        mut words: Words<'_>,
        until: &mut Option<usize>,
    ) -> Result<(), ScriptError> {
        match *head.as_slice() {
            [] if words.peek().text.is_empty() => Ok(()),
            [] => self.until(&mut words, until),
            [at, time] if at.text == "at" => {
                let (line, text) = (time.spot.line, words.rest().to_owned());
                let cue = Cue { at: time.span()?, action: action(&mut words)?, text, line };
                words.finish(ACTIONS)?;
                self.cues.push(cue);
                Ok(())
            }
            [name] => {
                let name = Name { text: name.text.to_owned(), spot: name.spot };
                if self.parts.iter().any(|(other, _)| other.text == name.text) {
                    let message = format!("'{}' has a line already", name.text);
                    return Err(ScriptError::new(
                        name.spot,
                        message,
                        "put all that it does into one line, with ';'",
                    ));
                }
                self.parts.push((name, behaviour(&mut words)?));
                Ok(())
            }
            [_, odd, ..] => Err(odd.wrong("the colon", LINES)),
        }
    }

    fn until(&mut self, words: &mut Words<'_>, until: &mut Option<usize>) -> Result<(), ScriptError> {
        let first = words.next();
        if first.text != "until" {
            return Err(first.wrong("a name with a colon, 'at' or 'until'", LINES));
        }
        if let Some(line) = until.replace(first.spot.line) {
            let message = format!("'until' stands in line {line} already");
            return Err(ScriptError::new(first.spot, message, "keep one of them"));
        }
        let help = "write 'until 5m' or 'until settled'";
        self.until = match words.next() {
            word if word.text == "settled" => Until::Settled,
            word => Until::At(word.span()?),
        };
        words.finish(help)
    }
}

/// The clauses that were read, so that none comes twice.
#[derive(Default)]
struct Seen(Vec<&'static str>);

impl Seen {
    fn once(&mut self, kind: &'static str, word: Word<'_>) -> Result<(), ScriptError> {
        if self.0.contains(&kind) {
            let message = format!("'{}' comes twice", word.text);
            return Err(ScriptError::new(word.spot, message, "say it once; the next run follows 'then'"));
        }
        self.0.push(kind);
        Ok(())
    }
}

fn behaviour(words: &mut Words<'_>) -> Result<Behaviour, ScriptError> {
    let (mut behaviour, mut seen) = (Behaviour::default(), Seen::default());
    loop {
        clause(words, &mut behaviour, &mut seen)?;
        match words.next() {
            Word { text: "", .. } => return Ok(behaviour),
            Word { text: ";", .. } => {}
            word => return Err(word.wrong("';' or the end of the line", CLAUSES)),
        }
    }
}

fn clause(words: &mut Words<'_>, behaviour: &mut Behaviour, seen: &mut Seen) -> Result<(), ScriptError> {
    let word = words.peek();
    match word.text {
        "runs" | "fails" => {
            seen.once("runs", word)?;
            behaviour.runs = runs(words)?;
        }
        "ready" | "never" => {
            seen.once("ready", word)?;
            behaviour.ready = readiness(words)?;
        }
        "unhealthy" => {
            seen.once("unhealthy", words.next())?;
            behaviour.sick = Some(sickness(words)?);
        }
        "ignores" => {
            seen.once("ignores", words.next())?;
            ignored(words, behaviour)?;
            while words.take(",") {
                ignored(words, behaviour)?;
            }
        }
        "stops" => {
            seen.once("stops", words.next())?;
            words.expect("after", "write 'stops after 2s' or 'stops after 2s, exit 0'")?;
            (behaviour.stops_after, behaviour.stops_with) = takes(words, "write 'stops after 2s, exit 0'")?;
        }
        "out" => {
            seen.once("out", words.next())?;
            words.expect("of", "write 'out of reach'")?;
            words.expect("reach", "write 'out of reach'")?;
            behaviour.out_of_reach = true;
        }
        text => match Hook::ALL.into_iter().find(|hook| hook.key() == text) {
            Some(hook) => {
                seen.once(hook.key(), words.next())?;
                const HELP: &str = "write 'pre_start takes 2s' or 'pre_start takes 2s, exit 1'";
                words.expect("takes", HELP)?;
                let (span, code) = takes(words, HELP)?;
                behaviour.hooks.insert(hook, (span, code.unwrap_or(0)));
            }
            None => return Err(word.wrong("something that it does", CLAUSES)),
        },
    }
    Ok(())
}

fn readiness(words: &mut Words<'_>) -> Result<Ready, ScriptError> {
    if words.take("never") {
        words.expect("ready", "write 'never ready'")?;
        return Ok(Ready::Never);
    }
    words.next();
    words.expect("after", "write 'ready after 2s' or 'never ready'")?;
    Ok(Ready::After(words.next().span()?))
}

/// From when on, and for how long.
fn sickness(words: &mut Words<'_>) -> Result<(Duration, Option<Duration>), ScriptError> {
    words.expect("after", "write 'unhealthy after 10s' or 'unhealthy after 10s for 5s'")?;
    let from = words.next().span()?;
    let span = if words.take("for") { Some(words.next().span()?) } else { None };
    Ok((from, span))
}

/// How long something takes, and the code it ends with, if that is said.
fn takes(words: &mut Words<'_>, help: &str) -> Result<(Duration, Option<i32>), ScriptError> {
    let span = words.next().span()?;
    if !words.take(",") {
        return Ok((span, None));
    }
    words.expect("exit", help)?;
    Ok((span, Some(words.next().code()?)))
}

/// One thing that does not end it.
fn ignored(words: &mut Words<'_>, behaviour: &mut Behaviour) -> Result<(), ScriptError> {
    if words.take(Hook::StopCommand.key()) {
        behaviour.ignores_command = true;
    } else {
        behaviour.ignores.push(obeyed(words.next())?);
    }
    Ok(())
}

/// A signal that can be ignored.
fn obeyed(word: Word<'_>) -> Result<crate::signal::Signal, ScriptError> {
    let signal = word.signal()?;
    if signal == crate::signal::Signal::KILL {
        return Err(ScriptError::new(word.spot, "nothing ignores SIGKILL", "name another signal"));
    }
    Ok(signal)
}

fn runs(words: &mut Words<'_>) -> Result<Vec<Run>, ScriptError> {
    let mut runs = Vec::new();
    loop {
        let life = life(words)?;
        let word = words.peek();
        let said = times(words)?;
        let is_last = !words.take("then");
        if !is_last && said == Some(None) {
            let help = "leave out what comes behind it, or write a number, such as *3";
            return Err(ScriptError::new(word.spot, "nothing follows a run that is taken always", help));
        }
        // the last run is that of all starts that follow, unless it is counted
        let times = said.unwrap_or((!is_last).then_some(1));
        runs.push(Run { life, times });
        if is_last {
            return Ok(runs);
        }
    }
}

/// How often: nothing is said, or always, or a number.
fn times(words: &mut Words<'_>) -> Result<Option<Option<u32>>, ScriptError> {
    let word = words.peek();
    if words.take("always") {
        return Ok(Some(None));
    }
    let Some(number) = word.text.strip_prefix('*') else { return Ok(None) };
    words.next();
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let times = number.parse().ok().filter(|times| digits && *times > 0);
    times
        .map(|times| Some(Some(times)))
        .ok_or_else(|| word.wrong("how often", "write a number from 1 on, such as *3"))
}

fn life(words: &mut Words<'_>) -> Result<Life, ScriptError> {
    let word = words.next();
    match word.text {
        "fails" => {
            words.expect("to", RUNS)?;
            words.expect("start", RUNS)?;
            Ok(Life::Unborn)
        }
        "runs" if words.take("forever") => Ok(Life::Forever),
        "runs" => {
            let span = words.next().span()?;
            if !words.take(",") {
                return Ok(Life::For(span, ExitStatus::Code(0)));
            }
            let how = words.next();
            let status = match how.text {
                "exit" => ExitStatus::Code(words.next().code()?),
                "killed" => {
                    words.expect("by", RUNS)?;
                    ExitStatus::Signaled { signal: words.next().signal()?, core_dumped: false }
                }
                _ => return Err(how.wrong("'exit' or 'killed by'", RUNS)),
            };
            Ok(Life::For(span, status))
        }
        _ => Err(word.wrong("'runs' or 'fails to start'", RUNS)),
    }
}

fn action(words: &mut Words<'_>) -> Result<Action, ScriptError> {
    let word = words.next();
    match word.text {
        "start" => command(Verb::Start, words),
        "stop" => command(Verb::Stop, words),
        "restart" => command(Verb::Restart, words),
        "signal" => {
            let verb = Verb::Signal(words.next().signal()?);
            Ok(Action::Do { verb, alone: false, names: names(words)? })
        }
        "kill" => Ok(Action::Kill(names(words)?)),
        "exit" => {
            let code = words.next().code()?;
            Ok(Action::Exit(code, names(words)?))
        }
        "ready" => Ok(Action::Ready(names(words)?)),
        "healthy" => Ok(Action::Health(names(words)?, true)),
        "unhealthy" => Ok(Action::Health(names(words)?, false)),
        "probe" => {
            let name = name(words)?;
            match words.next() {
                Word { text: "green", .. } => Ok(Action::Probe(name, true)),
                Word { text: "red", .. } => Ok(Action::Probe(name, false)),
                word => Err(word.wrong("'red' or 'green'", "write 'probe NAME red' or 'probe NAME green'")),
            }
        }
        "spawn" => Ok(Action::Spawn(name(words)?, arguments(words)?)),
        "shutdown" => Ok(Action::Shutdown),
        text => match text.strip_suffix(':').filter(|name| !name.is_empty()) {
            Some(name) => {
                let spot = Spot { width: word.spot.width - 1, ..word.spot };
                let name = Name { text: name.to_owned(), spot };
                Ok(Action::Behave(name, Box::new(behaviour(words)?)))
            }
            None => Err(word.wrong("something that is done", ACTIONS)),
        },
    }
}

/// The arguments of an instance.
fn arguments(words: &mut Words<'_>) -> Result<BTreeMap<String, String>, ScriptError> {
    const HELP: &str = "write 'spawn TEMPLATE KEY=VALUE ...'";
    let mut all = BTreeMap::new();
    while !words.peek().text.is_empty() {
        let word = words.next();
        let Some((key, value)) = word.text.split_once('=') else {
            return Err(word.wrong("KEY=VALUE", HELP));
        };
        if all.insert(key.to_owned(), value.to_owned()).is_some() {
            let message = format!("'{}' is given twice", key.escape_debug());
            return Err(ScriptError::new(word.spot, message, HELP));
        }
    }
    Ok(all)
}

fn command(verb: Verb, words: &mut Words<'_>) -> Result<Action, ScriptError> {
    let names = names(words)?;
    let word = words.peek();
    let alone = words.take("--no-deps");
    if alone && verb == Verb::Stop {
        return Err(ScriptError::new(word.spot, "a stop knows no --no-deps", "leave it out"));
    }
    Ok(Action::Do { verb, alone, names })
}

fn name(words: &mut Words<'_>) -> Result<Name, ScriptError> {
    match words.next() {
        word if word.text.is_empty() || word.text.starts_with('-') || matches!(word.text, "," | ";") => {
            Err(word.wrong("a name", NAMES))
        }
        word => Ok(Name { text: word.text.to_owned(), spot: word.spot }),
    }
}

fn names(words: &mut Words<'_>) -> Result<Vec<Name>, ScriptError> {
    let mut all = vec![name(words)?];
    while !words.peek().text.is_empty() && words.peek().text != "--no-deps" {
        all.push(name(words)?);
    }
    Ok(all)
}
