//! `restart --rolling`: a few processes at a time, the next ones when these are ready; each is told as it comes back.
//!
//! ```text
//! process.roll --snapshot--> which   --turn, row, ...--> a line for each row   --end--> exit status
//!                                                          `-- what is left to do, and by which words: on stderr
//! ```
//!
//! The daemon does it for as long as somebody listens: after Ctrl-C those under way come back, and nothing more is
//! restarted. Absent: a daemon written in Python, which has nothing of the kind.

use crate::ctl::fault;
use crate::ctl::names::Unknown;
use crate::ctl::options::Arguments;
use crate::ctl::render::{self, Deed};
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{status, survey};
use crate::getopt::{Given, UsageError};
use std::time::Duration;
use treeherd_domain::command::quote;
use treeherd_domain::duration::parse;
use treeherd_rpc::api::{ProcessApiClient as _, SupervisorApiClient as _};
use treeherd_rpc::code::RemoteFault;
use treeherd_rpc::wire::{RollItem, Rolling, Row, RowError, Selectors};

/// What the line says.
#[derive(Debug)]
pub(super) struct Wanted {
    words: Vec<String>,
    /// `--no-deps`.
    alone: Option<bool>,
    rolling: Rolling,
    timeout: Option<Duration>,
    /// The options as they were given, to be given again.
    options: String,
}

/// The kind of error of a process that was left as it was.
const NOT_RESTARTED: &str = "NotRestarted";

/// What it takes beside `--rolling`, with a value each.
const VALUED: [&str; 4] = ["batch", "pause", "abort-on", "timeout"];

impl Wanted {
    /// Reads what stands behind `restart`; `None` if it is no rolling one.
    pub(super) fn read(arguments: &Arguments) -> Result<Option<Self>, UsageError> {
        if !arguments.has("rolling") {
            if let Some(other) = VALUED.iter().find_map(|name| arguments.given(name)) {
                return Err(other.invalid("it belongs to --rolling, which is not given"));
            }
            return Ok(None);
        }
        let count = |name| arguments.given(name).map(count).transpose();
        let span = |name| arguments.given(name).map(span).transpose();
        let rolling = Rolling {
            batch: count("batch")?,
            pause_ms: span("pause")?.map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
            abort_on: count("abort-on")?,
        };
        let timeout = span("timeout")?;
        let alone = arguments.has("no-deps").then_some(true);
        let valued =
            VALUED.iter().filter_map(|name| Some(format!(" --{name} {}", arguments.given(name)?.value)));
        let options = valued.chain(alone.map(|_| " --no-deps".to_owned())).collect();
        Ok(Some(Self { rolling, timeout, alone, options, words: arguments.words.clone() }))
    }

    /// The command that restarts these in the same way.
    fn again(&self, names: &[String]) -> String {
        let names = names.iter().map(|name| format!(" {}", quote(name))).collect::<String>();
        format!("supervisorctl restart --rolling{}{names}", self.options)
    }
}

fn count(given: &Given<&'static str>) -> Result<u32, UsageError> {
    let number = given.value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| given.invalid("write a number, 1 or more"))
}

fn span(given: &Given<&'static str>) -> Result<Duration, UsageError> {
    parse(&given.value).map_err(|error| given.invalid(error.help()))
}

/// What has become of one that had a turn coming.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// Its turn is yet to come.
    Queued,
    /// It was told to restart.
    UnderWay,
    /// It is there again, or was left out in the end.
    Fine,
    Failed,
    /// The restart ended before its turn.
    Untouched,
}

/// How far it has come.
#[derive(Default)]
struct Seen {
    /// In the order of their turns; `None` before the daemon has begun.
    fates: Option<Vec<(String, Fate)>>,
    /// Whether one that has no turn is told with an error.
    refused: bool,
    /// Whether there is one that has no turn.
    left_out: bool,
    /// Why each that failed did.
    reasons: String,
    /// Whether the daemon said that it is over.
    is_over: bool,
    /// Whether the connection ended before.
    is_cut: bool,
}

impl Seen {
    fn note(&mut self, name: &str, fate: Fate) {
        let fates = self.fates.iter_mut().flatten();
        match fates.into_iter().find(|(known, _)| known == name) {
            Some(known) => known.1 = fate,
            None => {
                self.left_out = true;
                self.refused |= fate == Fate::Untouched;
            }
        }
    }

    /// The names of those that met this, in the order of their turns.
    fn met(&self, fates: &[Fate]) -> Vec<String> {
        let all = self.fates.iter().flatten();
        all.filter(|(_, fate)| fates.contains(fate)).map(|(name, _)| name.clone()).collect()
    }
}

/// `restart --rolling [--batch N] [--pause TIME] [--abort-on N] [--timeout TIME] <name>...`
pub(super) async fn restart(session: &mut Session, wanted: &Wanted) -> Outcome {
    session.call(async |client| client.get_api_version().await).await?;
    session.server.require_ours("it has no rolling restart")?;
    let mut seen = Seen::default();
    let done = session.until_interrupted(async |session| follow(session, wanted, &mut seen).await).await;
    match done {
        Err(Problem::Fault(refusal)) => {
            refused(session, wanted, &refusal).await;
            return Ok(());
        }
        Err(problem) if seen.fates.is_none() => return Err(problem),
        Err(problem) => {
            seen.is_cut = true;
            session.report(&problem);
        }
        Ok(()) => {}
    }
    conclude(session, wanted, &seen).await;
    Ok(())
}

async fn follow(session: &mut Session, wanted: &Wanted, seen: &mut Seen) -> Outcome {
    session.screen.flush();
    let client = session.server.follower().await?;
    let selectors = Selectors::Many(wanted.words.clone());
    let timeout = wanted.timeout.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    let mut items = client.process_roll(selectors, timeout, wanted.alone, Some(wanted.rolling)).await?;
    while let Some(item) = items.next().await {
        match item.map_err(|error| Problem::Broken(error.to_string()))? {
            RollItem::Snapshot { targets } => {
                seen.fates = Some(targets.into_iter().map(|name| (name, Fate::Queued)).collect());
            }
            RollItem::Turn { name } => seen.note(&name, Fate::UnderWay),
            RollItem::Row { row } => {
                session.screen.line(line(&row));
                session.screen.flush();
                let name = render::namespec(&row.group, &row.name);
                seen.note(&name, fate(&row));
                if fate(&row) == Fate::Failed {
                    // now, before it is something else
                    seen.reasons += &reason(session, &name).await;
                }
            }
            RollItem::End { .. } => {
                seen.is_over = true;
                return Ok(());
            }
        }
    }
    seen.is_cut = true;
    Ok(())
}

fn fate(row: &Row) -> Fate {
    match &row.error {
        None => Fate::Fine,
        Some(error) if error.data.kind == NOT_RESTARTED => Fate::Untouched,
        Some(_) => Fate::Failed,
    }
}

/// The exit status; and where not all went well, why, what is left as it was, and how to go on.
async fn conclude(session: &mut Session, wanted: &Wanted, seen: &Seen) {
    let total = seen.fates.as_ref().map_or(0, Vec::len);
    let (fine, failed) = (seen.met(&[Fate::Fine]), seen.met(&[Fate::Failed]));
    let (under_way, untouched) = (seen.met(&[Fate::UnderWay]), seen.met(&[Fate::Queued, Fate::Untouched]));
    if seen.refused || fine.len() < total || !seen.is_over {
        session.status.set(status::FAILURE);
    }
    if total == 0 && seen.is_over && !seen.refused {
        let words = wanted.words.join(" ");
        return session.fail(match seen.left_out {
            true => format!(
                "{words}: ERROR (nothing of it runs, and nothing was restarted; `supervisorctl start {words}` starts it)"
            ),
            false => format!("{words}: ERROR (it has no processes now)"),
        });
    }
    if fine.len() == total && seen.is_over {
        return;
    }
    let mut text = String::new();
    if seen.is_cut {
        text +=
            "supervisorctl: the connection to the daemon is lost; without it nothing more is restarted\n";
    } else if !seen.is_over {
        text += "supervisorctl: the rolling restart ends here: what is under way comes back, nothing more is restarted\n";
    }
    text += &seen.reasons;
    if !failed.is_empty() {
        let names: Vec<String> = failed.iter().map(|name| quote(name)).collect();
        text += &format!("supervisorctl: more about it: supervisorctl why {}\n", names.join(" "));
    }
    for (what, names) in [("under way", &under_way), ("not touched", &untouched)] {
        if !names.is_empty() {
            text += &format!("supervisorctl: {what}: {}\n", names.join(" "));
        }
    }
    let rest = seen.met(&[Fate::Failed, Fate::Untouched, Fate::Queued]);
    if !rest.is_empty() {
        text += &format!("supervisorctl: to go on: {}\n", wanted.again(&rest));
    }
    session.screen.error(&text);
}

/// Why one is as it is: the first line and the last output of what `why` tells. A daemon that cannot tell has told its
/// line.
async fn reason(session: &mut Session, name: &str) -> String {
    let selectors = Selectors::One(name.to_owned());
    let told = session.call(async |client| client.process_explain(selectors).await).await;
    let Ok(told) = told else { return String::new() };
    let mut text = String::new();
    for item in &told.items {
        text += &format!("{}\n", item.headline);
        if let Some(output) = &item.output {
            text += &format!("  last lines of {} (pid {}):\n", output.stream, output.pid);
            output.lines.iter().for_each(|line| text += &format!("  | {line}\n"));
        }
    }
    text
}

/// The daemon does not begin.
async fn refused(session: &mut Session, wanted: &Wanted, refusal: &RemoteFault) {
    let words = wanted.words.join(" ");
    match (refusal.fault, &refusal.target) {
        (Some(fault::BAD_NAME), target) => {
            let unknown = Unknown::of(target.as_deref().unwrap_or(&words));
            session.fail(unknown.line());
            survey::hint_groups(session, &[unknown]).await;
        }
        (Some(fault::SHUTDOWN_STATE), _) => session.fail("ERROR: shutting down"),
        _ => session.fail(format!("{words}: ERROR ({})", fault::words(refusal))),
    }
}

/// `shop:api_0: restarted`, `shop:api_1: ERROR (not ready: it ended before it was ready)`, `shop:api_2: left out (FATAL)`
fn line(row: &Row) -> String {
    let name = render::namespec(&row.group, &row.name);
    if let Some(why) = &row.left_out {
        return format!("{name}: left out ({why})");
    }
    let Some(error) = &row.error else {
        return format!("{name}: {}", if row.stopped == Some(true) { "restarted" } else { "started" });
    };
    if let Some(why) = not_restarted(row) {
        return why;
    }
    let details = (detail(error, "why"), detail(error, "spawnerr"));
    match (error.data.kind.as_str(), details) {
        ("NotReady", (Some(why), _)) => format!("{name}: ERROR (not ready: {why})"),
        ("SpawnError", (_, Some(spawnerr))) => format!("{name}: ERROR (spawn error: {spawnerr})"),
        _ => render::result(Deed::Start, &name, error.data.fault.unwrap_or(fault::FAILED), &error.message),
    }
}

/// `web: ERROR (not restarted: it is disabled ...)`, of one that a restart has left as it was.
pub(super) fn not_restarted(row: &Row) -> Option<String> {
    let error = row.error.as_ref().filter(|error| error.data.kind == NOT_RESTARTED)?;
    let (name, why) = (render::namespec(&row.group, &row.name), detail(error, "why")?);
    Some(format!("{name}: ERROR (not restarted: {why})"))
}

fn detail<'a>(error: &'a RowError, field: &str) -> Option<&'a str> {
    error.data.details.as_ref()?.get(field)?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::action::find;

    fn read(line: &str) -> Result<Option<Wanted>, String> {
        let action = find("restart").expect("it is in the table");
        let arguments = Arguments::read(action, line).map_err(|error| error.to_string())?;
        Wanted::read(&arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn options_are_read_and_wrong_ones_told() {
        let wanted = read("web:* --rolling --no-deps --batch 2 --pause 1m30s --abort-on=3 --timeout 20");
        let wanted = wanted.expect("it is right").expect("it is a rolling one");
        let rolling = Rolling { batch: Some(2), pause_ms: Some(90_000), abort_on: Some(3) };
        assert_eq!((wanted.rolling, wanted.timeout), (rolling, Some(Duration::from_secs(20))));
        assert_eq!((&wanted.words, wanted.alone), (&vec!["web:*".to_owned()], Some(true)));
        let again = "supervisorctl restart --rolling --batch 2 --pause 1m30s --abort-on 3 --timeout 20 --no-deps web:1 \
                     'a$'\\''b'";
        assert_eq!(wanted.again(&["web:1".to_owned(), "a$'b".to_owned()]), again);
        assert!(read("--no-deps web").is_ok_and(|wanted| wanted.is_none()));
        for wrong in [
            "--rolling --batch 0 a",
            "--rolling --pause soon a",
            "--rolling --abort-on -1 a",
            "--batch 2 a",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
