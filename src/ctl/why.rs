//! `why` and `history`: why processes are as they are, and what happened to them.
//!
//! ```text
//! why web        web is BACKOFF: exit status 1 after 3.2 s, ...; attempt 4 of 10 failed, next in 23 s
//!                  14:02:11.204  attempt 4 of 10 failed: exit status 1 after 3.2 s, ... (pid 4711)
//!                  ...
//! history web    web
//!                2026-11-22 14:02:11,204  STARTING -> BACKOFF   4711  exit status 1 after 3.2 s, ...
//! ```
//!
//! Each word is asked about on its own, so that one that names nothing does not keep the others away. The text of
//! `why` is the daemon's, in its local time; the times of `history` are local to whoever asks.

use crate::ctl::fault;
use crate::ctl::names::Unknown;
use crate::ctl::options::Arguments;
use crate::ctl::render;
use crate::ctl::server::ClientError;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{status, survey};
use crate::getopt::UsageError;
use serde_json::{Value, json};
use treeherd_domain::duration;
use treeherd_os::clock::local_time;
use treeherd_rpc::api::ProcessApiClient as _;
use treeherd_rpc::client::HttpClient;
use treeherd_rpc::wire::{EntryInfo, ExplanationInfo, HistoryInfo, Selectors, time};

/// One process in both forms.
struct Item {
    text: String,
    json: Value,
}

/// `why [--json] <name>|<group>:*|all ...`
pub(super) async fn why(session: &mut Session, argument: &str) -> Outcome {
    let Some(arguments) = session.arguments("why", argument, Ok) else { return Ok(()) };
    let ask = async |client: &HttpClient, selector| {
        let told = client.process_explain(selector).await?;
        let item = |info: &ExplanationInfo| Item { text: info.text.join("\n") + "\n", json: json!(info) };
        Ok(told.items.iter().map(item).collect())
    };
    each(session, "why", &arguments, ask).await
}

/// What of a history is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Wanted {
    limit: Option<u32>,
    since: Option<u64>,
    within_ms: Option<u64>,
}

impl Wanted {
    fn read(arguments: &Arguments) -> Result<Self, UsageError> {
        let mut wanted = Self::default();
        if let Some(given) = arguments.given("number") {
            let number = given.value.parse().ok().filter(|number| *number > 0);
            wanted.limit = Some(number.ok_or_else(|| given.invalid("write how many, at least 1"))?);
        }
        if let Some(given) = arguments.given("since") {
            if let Ok(seq) = given.value.parse() {
                wanted.since = Some(seq);
                return Ok(wanted);
            }
            let hint = "write the number of an event, or a time with a unit: 30s, 10m, 2h";
            let span = duration::parse(&given.value).map_err(|_| given.invalid(hint))?;
            wanted.within_ms = Some(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        }
        Ok(wanted)
    }
}

/// `history [-n N] [--since TIME|SEQ] [--json] <name>|<group>:*|all ...`
pub(super) async fn history(session: &mut Session, argument: &str) -> Outcome {
    let read = |arguments: Arguments| Wanted::read(&arguments).map(|wanted| (arguments, wanted));
    let Some((arguments, wanted)) = session.arguments("history", argument, read) else { return Ok(()) };
    let Wanted { limit, since, within_ms } = wanted;
    let is_whole = wanted == Wanted::default();
    let ask = async |client: &HttpClient, selector| {
        let told = client.process_history(selector, limit, since, within_ms).await?;
        let item = |info: &HistoryInfo| Item { text: table(info, is_whole), json: json!(info) };
        Ok(told.items.iter().map(item).collect())
    };
    each(session, "history", &arguments, ask).await
}

/// Asks about each word, and shows what is told.
async fn each(
    session: &mut Session,
    verb: &str,
    arguments: &Arguments,
    ask: impl AsyncFn(&HttpClient, Selectors) -> Result<Vec<Item>, ClientError>,
) -> Outcome {
    if arguments.words.is_empty() {
        let message = format!("Error: {verb} requires a process name");
        session.misused(verb, &message, status::BAD_ARGUMENTS);
        return Ok(());
    }
    let mut told = Vec::new();
    for word in &arguments.words {
        let selector = Selectors::One(word.clone());
        match session.call(async |client| ask(client, selector).await).await {
            Ok(items) => told.extend(items.into_iter().map(Ok)),
            Err(problem) if problem.fault() == Some(fault::BAD_NAME) => told.push(Err(Unknown::of(word))),
            Err(problem) => return Err(problem),
        }
    }
    if told.iter().any(Result::is_err) {
        session.status.set(status::FAILURE);
    }
    show(session, &told, arguments.has("json"));
    let unknown: Vec<Unknown> = told.into_iter().filter_map(Result::err).collect();
    survey::hint_groups(session, &unknown).await;
    Ok(())
}

/// As text with an empty line between two processes, or as one array of JSON.
fn show(session: &mut Session, told: &[Result<Item, Unknown>], as_json: bool) {
    if as_json {
        let entry = |told: &Result<Item, Unknown>| match told {
            Ok(item) => item.json.to_string(),
            Err(Unknown { name, reason }) => json!({"name": name, "error": reason}).to_string(),
        };
        let lines: Vec<String> = told.iter().map(entry).collect();
        return session.screen.line(format!("[{}]", lines.join(",\n ")));
    }
    let block = |told: &Result<Item, Unknown>| match told {
        Ok(item) => item.text.clone(),
        Err(unknown) => unknown.line() + "\n",
    };
    session.screen.bytes(told.iter().map(block).collect::<Vec<_>>().join("\n").as_bytes());
}

/// The history of one process. `is_whole`: nothing of it was left out by wish.
fn table(history: &HistoryInfo, is_whole: bool) -> String {
    let mut text = render::namespec(&history.group, &history.name) + "\n";
    if is_whole && history.dropped > 0 {
        text.push_str(&format!("  ({} older changes are no longer kept)\n", history.dropped));
    }
    if history.entries.is_empty() {
        text.push_str(if is_whole {
            "  nothing happened yet\n"
        } else {
            "  nothing happened in that time\n"
        });
    }
    let changes: Vec<String> = history.entries.iter().map(change).collect();
    let width = changes.iter().map(|change| change.chars().count()).max().unwrap_or(0);
    for (entry, change) in history.entries.iter().zip(&changes) {
        let at =
            time::epoch_ms(&entry.at).map_or_else(|| entry.at.clone(), |ms| local_time(ms).to_string());
        let pid = entry.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        text.push_str(&format!("  {at}  {change:width$}  {pid:>7}  {}\n", entry.cause.text));
    }
    text
}

fn change(entry: &EntryInfo) -> String {
    match (&entry.from, &entry.to, &entry.became) {
        (Some(from), Some(to), _) => format!("{from} -> {to}"),
        (_, _, Some(became)) => became.clone(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::action::find;

    #[test]
    fn a_history_is_wanted_from_a_number_or_for_a_time() {
        let read = |line: &str| {
            let arguments = Arguments::read(find("history").expect("it is an action"), line);
            arguments.and_then(|arguments| Wanted::read(&arguments)).map_err(|error| error.to_string())
        };
        let none = Wanted::default();
        assert_eq!(read("web"), Ok(none));
        assert_eq!(read("-n 3 web"), Ok(Wanted { limit: Some(3), ..none }));
        assert_eq!(read("--since 17 web"), Ok(Wanted { since: Some(17), ..none }));
        assert_eq!(read("--since=1h30m web"), Ok(Wanted { within_ms: Some(5_400_000), ..none }));
        for wrong in ["-n 0", "-n x", "-n -1", "--since yesterday", "--since -5"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_history_is_a_table() {
        let entry = |from: &str, to: &str, pid, text: &str| EntryInfo {
            at: "no time".to_owned(),
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            pid,
            cause: treeherd_rpc::wire::CauseInfo { text: text.to_owned(), ..Default::default() },
            ..EntryInfo::default()
        };
        let became = EntryInfo {
            from: None,
            to: None,
            became: Some("unhealthy".to_owned()),
            ..entry("", "", None, "why")
        };
        let history = HistoryInfo {
            name: "web".to_owned(),
            group: "web".to_owned(),
            dropped: 3,
            entries: vec![
                entry("STOPPED", "STARTING", None, "a"),
                entry("STARTING", "RUNNING", Some(47), "b"),
                became,
            ],
        };
        let expected = "web\n  (3 older changes are no longer kept)\n\
             \x20 no time  STOPPED -> STARTING        -  a\n\
             \x20 no time  STARTING -> RUNNING       47  b\n\
             \x20 no time  unhealthy                  -  why\n";
        assert_eq!(table(&history, true), expected);
        let empty = HistoryInfo { entries: Vec::new(), ..history };
        assert_eq!(table(&empty, false), "web\n  nothing happened in that time\n");
    }
}
