//! `events`: what has happened, and with `-f` what happens, as text or as JSON.
//!
//! ```text
//! event.subscribe --snapshot--> kept ones --live--> (without -f: the end)  what comes --end--> the daemon left
//! ```
//!
//! One subscription brings what is kept and what follows, so nothing falls between them; what is lost is told. A word may
//! be the name of what was removed, or will be added: it is told to name nothing only if there is no event of it either.
//! Absent: state of its own. Whoever wants to go on later notes the last `seq` and begins `--since` there.

use crate::ctl::logs::PRESS_CTRL_C;
use crate::ctl::names::Unknown;
use crate::ctl::options::Arguments;
use crate::ctl::pools;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::getopt::UsageError;
use jsonrpsee::core::client::Subscription;
use serde_json::{Value, json};
use std::fmt::Write;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::selector::Selector;
use treeherd_rpc::api::{EventApiClient as _, GroupApiClient as _, ProcessApiClient as _};
use treeherd_rpc::wire::{EventBody, EventItem, Mark, Selectors};

/// What the command line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wanted {
    words: Vec<String>,
    kinds: Option<Vec<String>>,
    since: Option<u64>,
    follow: bool,
    json: bool,
    pools: bool,
}

impl Wanted {
    fn read(arguments: Arguments) -> Result<Self, UsageError> {
        let (follow, json) = (arguments.has("follow"), arguments.has("json"));
        let pools = arguments.has("pools");
        let since = match arguments.given("since") {
            // who follows wants what comes, and who does not wants what there was
            None => (!follow).then_some(0),
            Some(given) => {
                Some(given.value.parse().map_err(|_| given.invalid("write the number of an event"))?)
            }
        };
        let kinds = arguments
            .given("kind")
            .map(|given| given.value.split(',').map(|name| name.trim().to_uppercase()).collect::<Vec<_>>());
        Ok(Self { words: arguments.words, kinds, since, follow, json, pools })
    }
}

/// `events [-f] [--json] [--since SEQ] [--kind NAMES] [<name>|<group>:*|all ...]`
pub(super) async fn events(session: &mut Session, argument: &str) -> Outcome {
    let Some(wanted) = session.arguments("events", argument, Wanted::read) else { return Ok(()) };
    if !session.upcheck().await? {
        return Ok(());
    }
    if wanted.pools {
        return pools::show(session, &wanted.words, wanted.json).await;
    }
    if !wanted.follow {
        return copy(session, &wanted).await;
    }
    if !wanted.json {
        session.screen.line(PRESS_CTRL_C);
        session.screen.flush();
    }
    session.until_interrupted(async |session| copy(session, &wanted).await).await
}

async fn copy(session: &mut Session, wanted: &Wanted) -> Outcome {
    let client = session.server.follower().await?;
    let selectors = (!wanted.words.is_empty()).then(|| Selectors::Many(wanted.words.clone()));
    let mut items: Subscription<EventItem> =
        client.event_subscribe(wanted.kinds.clone(), selectors, wanted.since).await?;
    let mut unheard: Vec<&str> = wanted.words.iter().map(String::as_str).collect();
    while let Some(item) = items.next().await {
        let item = item.map_err(|error| Problem::Broken(error.to_string()))?;
        match &item {
            EventItem::Mark(Mark::Live { .. }) if !wanted.follow => {
                return tell_unknown(session, &unheard, wanted).await;
            }
            EventItem::Mark(Mark::Snapshot { .. }) if wanted.follow => {
                tell_unknown(session, &unheard, wanted).await?;
            }
            EventItem::Mark(_) => {}
            EventItem::Event(event) => unheard.retain(|word| !is_about(event, word)),
        }
        show(session, &item, wanted.json);
        session.screen.flush();
        if session.screen.is_broken() {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether a word names what an event is about.
fn is_about(event: &EventBody, word: &str) -> bool {
    let selector = Selector::parse(word);
    match (&event.group, &event.name) {
        (Some(group), Some(name)) => selector.matches(&namespec(group, name)),
        (Some(group), None) => selector.names_group(&GroupName::new(group)),
        (None, _) => selector == Selector::All,
    }
}

fn namespec(group: &str, name: &str) -> Namespec {
    Namespec::new(GroupName::new(group), ProcessName::new(name))
}

/// Tells of those words that name nothing which is there. Who follows may wait for something to come.
async fn tell_unknown(session: &mut Session, words: &[&str], wanted: &Wanted) -> Outcome {
    if words.is_empty() {
        return Ok(());
    }
    let known = session.call(async |client| client.process_list(None, None).await).await?.items;
    let groups = session.call(async |client| client.group_list().await).await?;
    let is_there = |word: &str| match Selector::parse(word) {
        Selector::All => true,
        Selector::Group(whole) => groups.iter().any(|group| group.name == whole.as_str()),
        selector => known.iter().any(|process| selector.matches(&namespec(&process.group, &process.name))),
    };
    for unknown in words.iter().filter(|word| !is_there(word)).map(|word| Unknown::of(word)) {
        match (wanted.follow, wanted.json) {
            (true, _) => session.screen.error(&format!(
                "supervisorctl: {}: {} now; its events are shown when there is one\n",
                unknown.name, unknown.reason
            )),
            (false, true) => {
                let Unknown { name, reason } = &unknown;
                session.fail(json!({"name": name, "error": reason}).to_string());
            }
            (false, false) => session.fail(unknown.line()),
        }
    }
    Ok(())
}

fn show(session: &mut Session, item: &EventItem, json: bool) {
    if json {
        session.screen.line(item.line().trim_end());
        return;
    }
    match item {
        EventItem::Event(event) => session.screen.line(line(event)),
        EventItem::Mark(Mark::Gap { dropped, resume_from }) => {
            let count = if *dropped == 0 { "some".to_owned() } else { dropped.to_string() };
            session.screen.error(&format!(
                "supervisorctl: {count} events before number {resume_from} are missing here\n"
            ));
        }
        EventItem::Mark(Mark::End { reason }) => {
            session.screen.error(&format!("supervisorctl: no more events: {reason}\n"));
        }
        EventItem::Mark(Mark::Snapshot { .. } | Mark::Live { .. }) => {}
    }
}

/// `2026-11-22T14:52:16.363Z PROCESS_STATE_EXITED web:api from RUNNING pid 71 exit 3 (unexpected)`
fn line(event: &EventBody) -> String {
    let mut line = format!("{} {}", event.at, event.kind);
    let mut add = |text: &str| {
        line.push(' ');
        line.push_str(text);
    };
    match (&event.group, &event.name) {
        (Some(group), Some(name)) if group == name => add(name),
        (Some(group), Some(name)) => add(&format!("{group}:{name}")),
        (Some(one), None) | (None, Some(one)) => add(one),
        (None, None) => {}
    }
    if let Some(from) = &event.from {
        add(&format!("from {from}"));
    }
    if let Some(pid) = event.pid {
        add(&format!("pid {pid}"));
    }
    if let Some(tries) = event.tries.filter(|tries| *tries > 0) {
        add(&format!("tries {tries}"));
    }
    if let Some(exit) = &event.exit {
        match (exit.code, &exit.signal) {
            (Some(code), _) => add(&format!("exit {code}")),
            (None, Some(signal)) => add(&format!("signal {signal}")),
            (None, None) => {}
        }
        if exit.expected == Some(false) {
            add("(unexpected)");
        }
    }
    if let Some(data) = &event.data {
        add(&details(data));
    }
    line
}

/// What an event carries, as `key=value`; texts in quotes, so that a line is a line.
fn details(data: &Value) -> String {
    let Value::Object(fields) = data else { return data.to_string() };
    let mut shown = String::new();
    for (key, value) in fields {
        let space = if shown.is_empty() { "" } else { " " };
        // writing to a string does not fail
        write!(shown, "{space}{key}={value}").unwrap_or_default();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line() {
        let rows = [
            (
                json!({"seq": 1, "at": "T", "kind": "PROCESS_STATE_EXITED", "group": "web", "name": "api",
                    "from": "RUNNING", "to": "EXITED", "pid": 71, "tries": 0, "exit": {"code": 3, "expected": false}}),
                "T PROCESS_STATE_EXITED web:api from RUNNING pid 71 exit 3 (unexpected)",
            ),
            (
                json!({"seq": 2, "at": "T", "kind": "PROCESS_STATE_BACKOFF", "group": "cat", "name": "cat",
                    "from": "STARTING", "to": "BACKOFF", "tries": 2}),
                "T PROCESS_STATE_BACKOFF cat from STARTING tries 2",
            ),
            (
                json!({"seq": 3, "at": "T", "kind": "PROCESS_GROUP_ADDED", "group": "web"}),
                "T PROCESS_GROUP_ADDED web",
            ),
            (
                json!({"seq": 4, "at": "T", "kind": "REMOTE_COMMUNICATION", "data": {"type": "a", "data": "b\nc"}}),
                r#"T REMOTE_COMMUNICATION data="b\nc" type="a""#,
            ),
        ];
        for (event, expected) in rows {
            let event: EventBody = serde_json::from_value(event).expect("it is an event");
            assert_eq!(line(&event), expected);
        }
    }
}
