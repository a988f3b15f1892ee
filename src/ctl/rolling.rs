//! `restart --rolling`: a few processes at a time, the next ones when these are ready; each is told as it comes back.
//!
//! ```text
//! process.roll --snapshot--> how many   --row, row, ...--> a line each   --end--> exit status
//! ```
//!
//! The daemon does it for as long as somebody listens: after Ctrl-C those under way come back, and nothing more is
//! restarted. Absent: a daemon written in Python, which has nothing of the kind.

use crate::ctl::fault;
use crate::ctl::options::Arguments;
use crate::ctl::render::{self, Deed};
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::status;
use crate::getopt::{Given, UsageError};
use std::collections::HashSet;
use std::time::Duration;
use treeherd_domain::duration::parse;
use treeherd_rpc::api::{ProcessApiClient as _, SupervisorApiClient as _};
use treeherd_rpc::wire::{RollItem, Rolling, Row, RowError, Selectors};

/// What the line says.
#[derive(Debug)]
pub(super) struct Wanted {
    words: Vec<String>,
    /// `--no-deps`.
    alone: Option<bool>,
    rolling: Rolling,
    timeout: Option<Duration>,
}

impl Wanted {
    /// Reads what stands behind `restart`; `None` if it is no rolling one.
    pub(super) fn read(arguments: &Arguments) -> Result<Option<Self>, UsageError> {
        if !arguments.has("rolling") {
            let other =
                ["batch", "pause", "abort-on", "timeout"].iter().find_map(|name| arguments.given(name));
            if let Some(other) = other {
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
        Ok(Some(Self { rolling, timeout, alone, words: arguments.words.clone() }))
    }
}

fn count(given: &Given<&'static str>) -> Result<u32, UsageError> {
    let number = given.value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| given.invalid("write a number, 1 or more"))
}

fn span(given: &Given<&'static str>) -> Result<Duration, UsageError> {
    parse(&given.value).map_err(|error| given.invalid(error.help()))
}

/// How it ended.
#[derive(Default)]
struct Seen {
    /// How many there are.
    targets: Option<usize>,
    told: HashSet<String>,
    /// Whether the daemon said that it is over.
    is_over: bool,
    failed: bool,
}

/// `restart --rolling [--batch N] [--pause TIME] [--abort-on N] [--timeout TIME] <name>...`
pub(super) async fn restart(session: &mut Session, wanted: &Wanted) -> Outcome {
    session.call(async |client| client.get_api_version().await).await?;
    session.server.require_ours("it has no rolling restart")?;
    let mut seen = Seen::default();
    let done = session.until_interrupted(async |session| follow(session, wanted, &mut seen).await).await;
    match done {
        Err(Problem::Fault(refusal)) => {
            refused(session, wanted, refusal.fault, &refusal.message);
            return Ok(());
        }
        done => done?,
    }
    if !seen.is_over && seen.targets.is_some() {
        session.screen.error(
            "supervisorctl: the rolling restart ends here: what is under way comes back, nothing more is \
             restarted\n",
        );
    }
    if seen.failed || !seen.is_over || seen.targets != Some(seen.told.len()) {
        session.status.set(status::FAILURE);
    }
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
            RollItem::Snapshot { targets } => seen.targets = Some(targets.len()),
            RollItem::Row { row } => {
                session.screen.line(line(&row));
                session.screen.flush();
                seen.failed |= !row.ok;
                seen.told.insert(render::namespec(&row.group, &row.name));
            }
            RollItem::End { .. } => {
                seen.is_over = true;
                break;
            }
        }
    }
    Ok(())
}

/// The daemon does not begin.
fn refused(session: &mut Session, wanted: &Wanted, fault: Option<i32>, message: &str) {
    let words = wanted.words.join(" ");
    match fault {
        Some(fault::BAD_NAME) => {
            session.fail(format!("{words}: ERROR (no such process or group: {message})"))
        }
        Some(fault::SHUTDOWN_STATE) => session.fail("ERROR: shutting down"),
        _ => session.fail(format!("{words}: ERROR ({message})")),
    }
}

/// `shop:api_0: restarted`, `shop:api_1: ERROR (not ready: it ended before it was ready)`
fn line(row: &Row) -> String {
    let name = render::namespec(&row.group, &row.name);
    let Some(error) = &row.error else {
        return format!("{name}: {}", if row.stopped == Some(true) { "restarted" } else { "started" });
    };
    let why = |error: &RowError| {
        let details = error.data.details.as_ref()?;
        Some(details.get("why")?.as_str()?.to_owned())
    };
    match (error.data.kind.as_str(), why(error)) {
        ("NotReady", Some(why)) => format!("{name}: ERROR (not ready: {why})"),
        ("NotRestarted", Some(why)) => format!("{name}: ERROR (not restarted: {why})"),
        _ => render::result(Deed::Start, &name, error.data.fault.unwrap_or(fault::FAILED), &error.message),
    }
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
        assert_eq!((wanted.words, wanted.alone), (vec!["web:*".to_owned()], Some(true)));
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
