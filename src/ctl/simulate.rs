//! `simulate`: what a configuration comes to if its processes behave as a script says, on a clock that is not real.
//!
//! ```text
//!   0.000s  db   STOPPED -> STARTING  autostart=true, the daemon had come up
//!   1.000s  db   STARTING -> RUNNING  it was up for startsecs=1
//!   ...
//!
//! started   db at 0.000s, ready after 1.000s
//! gave up   nobody
//! ```
//!
//! The file is read as `configtest` reads it; nothing is opened, started or asked. What of the configuration is told
//! are names and causes, no commands and no environment. Absent: the engine (`treeherd_domain::simulate`).

use crate::configtest::{self, Answer};
use crate::getopt::UsageError;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use treeherd_actors::clock;
use treeherd_config::{Overrides, World};
use treeherd_domain::simulate::{
    Cast, End, Fallen, Line, MOST_STEPS, PATIENCE, Report, Script, ScriptError, Setting, What,
    simulate as play,
};

/// The exit status if something gave up, or did not come to an end.
const TROUBLE: u8 = 1;
/// The most bytes that a script may have.
const LONGEST: u64 = 1024 * 1024;

/// Simulates a file by a script (`-`: standard input; none: everything runs as it should).
pub(super) fn simulate(
    argv0: &str,
    file: &Path,
    script: Option<&str>,
    world: &World<'_>,
    as_json: bool,
) -> Answer {
    let bad = |err: String| Answer { out: String::new(), err, code: UsageError::EXIT };
    let check = treeherd_config::check(file, &Overrides::default(), world);
    let setting = match check.outcome {
        Ok(config) => Setting::from(&config),
        Err(report) => return bad(configtest::explain(argv0, &report)),
    };
    let name = script.map_or("(no script)", |name| if name == "-" { "(standard input)" } else { name });
    let text = match script.map(read).transpose() {
        Ok(text) => text.unwrap_or_default(),
        Err(message) => return bad(format!("supervisorctl: {message}\n")),
    };
    let cast = Script::parse(&text).and_then(|script| Cast::of(&setting, &script));
    let cast = match cast {
        Ok(cast) => cast,
        Err(errors) => return bad(explain(name, &text, &errors)),
    };
    let report = play(&setting, cast, clock::now());
    let code = if report.is_well() { 0 } else { TROUBLE };
    let warnings: String = check.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    match as_json {
        true => Answer { out: format!("{:#}\n", object(file, &report)), err: String::new(), code },
        false => Answer { out: lines(&report) + &summary(&report), err: warnings + &notes(&report), code },
    }
}

/// Reads a script, at most so much of it.
fn read(name: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| {
        format!("cannot read the script {name}: {error}; name a file, or - for standard input")
    };
    let mut bytes = Vec::new();
    if name == "-" {
        std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let is_file = std::fs::metadata(name).map_err(failed)?.is_file();
        if !is_file {
            return Err(format!("the script {name} is no file; name a file, or - for standard input"));
        }
        std::fs::File::open(name)
            .map_err(failed)?
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if bytes.len() as u64 > LONGEST {
        return Err(format!("the script {name} is longer than {LONGEST} bytes; make it shorter"));
    }
    String::from_utf8(bytes).map_err(|_| format!("the script {name} is no text in UTF-8; write it anew"))
}

fn explain(name: &str, text: &str, errors: &[ScriptError]) -> String {
    let shown: Vec<String> = errors.iter().take(20).map(|error| error.show(name, text)).collect();
    let more = errors.len().saturating_sub(20);
    let rest = if more > 0 { format!("\n\nand {more} more") } else { String::new() };
    format!("{}{rest}\n", shown.join("\n\n"))
}

fn notes(report: &Report) -> String {
    report.notes.iter().map(|note| format!("note: {note}\n")).collect()
}

/// `12.345s`.
fn seconds(span: Duration) -> String {
    format!("{}.{:03}s", span.as_secs(), span.subsec_millis())
}

fn what(what: &What) -> String {
    match what {
        What::State { from, to } => format!("{from} -> {to}"),
        What::Waits(all) => format!("WAITING({})", all.join(", ")),
        What::Became(what) => (*what).to_owned(),
        What::Hook { hook, failed: false } => format!("runs {hook}"),
        What::Hook { hook, failed: true } => format!("{hook} failed"),
        What::Signal(signal, true) => format!("gets {signal}"),
        What::Signal(signal, false) => format!("gets {signal}, and goes on"),
        What::Script(text) => format!("# {text}"),
        What::Refused(why) => format!("refused: {why}"),
        What::Group(text) => text.clone(),
    }
}

fn lines(report: &Report) -> String {
    let times: Vec<String> = report.lines.iter().map(|line| seconds(line.at)).collect();
    let wide = times.iter().map(String::len).max().unwrap_or(0);
    let who = |line: &Line| line.who.as_ref().map_or(0, |who| who.chars().count());
    let names = report.lines.iter().map(who).max().unwrap_or(0);
    let mut text = String::new();
    for (line, time) in report.lines.iter().zip(times) {
        let (name, what) = (line.who.as_deref().unwrap_or(""), what(&line.what));
        let shown = format!("{time:>wide$}  {name:names$}  {what:<20}  {}", line.cause);
        // a string takes all
        let _ = writeln!(text, "{}", shown.trim_end());
    }
    text
}

fn summary(report: &Report) -> String {
    let mut text = String::from("\n");
    let mut part = |title: &str, rows: Vec<String>| {
        let rows = if rows.is_empty() { vec!["none".to_owned()] } else { rows };
        for (at, row) in rows.iter().enumerate() {
            let title = if at == 0 { title } else { "" };
            let _ = writeln!(text, "{title:<12}{row}");
        }
    };
    let started = report.started.iter().map(|started| {
        let ready = match started.ready {
            Some(ready) => format!("ready after {}", seconds(ready.saturating_sub(started.at))),
            None => "never ready".to_owned(),
        };
        format!("{} at {}, {ready}", started.name, seconds(started.at))
    });
    part("started", started.collect());
    let fallen = |all: &[Fallen]| {
        all.iter().map(|f| format!("{} at {}: {}", f.name, seconds(f.at), f.why)).collect()
    };
    part("gave up", fallen(&report.gave_up));
    part("escalations", fallen(&report.escalations));
    let again = report.started.iter().filter(|started| started.restarts > 0);
    part("restarts", again.map(|started| format!("{} {}", started.name, started.restarts)).collect());
    part("in the end", report.states.iter().map(|(name, state)| format!("{name} {state}")).collect());
    part("end", vec![end(report)]);
    part(
        "stop",
        vec![match report.stop {
            Some((from, took)) => format!("{}, from {} on", seconds(took), seconds(from)),
            None => "not all processes came down".to_owned(),
        }],
    );
    text
}

fn end(report: &Report) -> String {
    let at = seconds(report.lasted);
    match report.end {
        End::Settled => format!("settled at {at}: nothing follows by itself any more"),
        End::Until => format!("at {at}, as the script says"),
        End::Shutdown => format!("the daemon had ended at {at}"),
        End::Unsettled => format!(
            "not settled at {at}, {} after the last line of the script: something goes on and on; write 'until TIME' \
             to look at so much of it",
            seconds(PATIENCE)
        ),
        End::TooMany => format!(
            "given up at {at}, after {MOST_STEPS} steps: look at a shorter time ('until TIME'), or at fewer processes"
        ),
    }
}

const fn word(end: End) -> &'static str {
    match end {
        End::Settled => "settled",
        End::Until => "until",
        End::Shutdown => "shutdown",
        End::Unsettled => "unsettled",
        End::TooMany => "too-many-steps",
    }
}

fn ms(span: Duration) -> Value {
    Value::from(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

fn object(file: &Path, report: &Report) -> Value {
    let line = |line: &Line| {
        let mut object =
            json!({ "ms": ms(line.at), "name": line.who, "cause": line.cause, "kind": line.kind });
        let (key, value) = match &line.what {
            What::State { from, to } => ("state", json!({ "from": from, "to": to })),
            What::Waits(all) => ("waitingFor", json!(all)),
            What::Became(what) => ("became", json!(what)),
            What::Hook { hook, failed } => ("hook", json!({ "hook": hook, "failed": failed })),
            What::Signal(signal, obeyed) => ("signal", json!({ "signal": signal, "obeyed": obeyed })),
            What::Script(text) => ("script", json!(text)),
            What::Refused(why) => ("refused", json!(why)),
            What::Group(text) => ("group", json!(text)),
        };
        object[key] = value;
        object
    };
    let fallen = |all: &[Fallen]| -> Value {
        all.iter().map(|f| json!({ "name": f.name, "ms": ms(f.at), "why": f.why })).collect()
    };
    json!({
        "ok": report.is_well(),
        "file": file.display().to_string(),
        "notes": report.notes,
        "lines": report.lines.iter().map(line).collect::<Vec<_>>(),
        "started": report.started.iter().map(|s| json!({
            "name": s.name.to_string(),
            "ms": ms(s.at),
            "readyMs": s.ready.map(ms),
            "restarts": s.restarts,
        })).collect::<Vec<_>>(),
        "gaveUp": fallen(&report.gave_up),
        "escalations": fallen(&report.escalations),
        "states": report.states.iter().map(|(name, state)| json!({ "name": name.to_string(), "state": state })).collect::<Vec<_>>(),
        "end": word(report.end),
        "endMs": ms(report.lasted),
        "stop": report.stop.map(|(from, took)| json!({ "ms": ms(from), "tookMs": ms(took) })),
    })
}
