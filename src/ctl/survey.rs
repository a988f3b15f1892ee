//! `status --json`, `status --check`: the processes for programs, and for whoever asks if all is well.
//!
//! ```text
//! --json           [ {name, group, state, ...}, ... , {name, error} ]     a word that names nothing comes last
//!                  with "groupRules" where the group of the process is under OTP's rules
//! --check          the table, with the rows only that are not well        nothing, if all is
//! --json --check   all entries, each with "healthy"
//! ```
//!
//! Stdout holds the document or the table and nothing else: that the daemon cannot be asked is told on
//! stderr. Of a supervisord written in Python the same is told, without what it does not know. Absent: other formats,
//! and sorting.

use crate::ctl::health::{self, Prospects};
use crate::ctl::names::{self, Unknown};
use crate::ctl::options::Arguments;
use crate::ctl::python::{self, Seen};
use crate::ctl::render;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::status;
use serde_json::{Value, json};
use std::collections::HashMap;
use treeherd_rpc::api::{GroupApiClient as _, ProcessApiClient as _, SupervisorApiClient as _};
use treeherd_rpc::client::ConnectError;
use treeherd_rpc::wire::{ProcessInfo, RulesInfo};

/// A process, and whether it is well if that was asked.
type Entry<'a> = (&'a ProcessInfo, Option<bool>);

/// `status` with options.
pub(super) async fn status(session: &mut Session, argument: &str) -> Outcome {
    let Some(arguments) = session.arguments("status", argument, Ok) else { return Ok(()) };
    match survey(session, &arguments).await {
        Err(problem) if session.may_ask_for_password(&problem) => Err(problem),
        Err(problem) => {
            session.lost(&problem);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

async fn survey(session: &mut Session, arguments: &Arguments) -> Outcome {
    let Listed { processes: all, is_python } = list(session).await?;
    let is_check = arguments.has("check");
    let prospects = match is_check {
        true => Some(prospects(session).await?),
        false => None,
    };
    let (shown, unknown) =
        names::choose(&all, &arguments.words(), |process| (&process.group, &process.name));
    let unknown = self::unknown(session, unknown).await?;
    let entries: Vec<Entry<'_>> = shown
        .into_iter()
        .map(|process| (process, prospects.as_ref().map(|known| known.of(process).is_well(process))))
        .collect();
    if arguments.has("json") {
        let rules = if is_python { HashMap::new() } else { rules(session).await? };
        session.screen.line(document(&entries, &unknown, &rules, is_python));
    } else {
        table(session, &entries, &unknown);
    }
    hint_groups(session, &unknown).await;
    judge(session, &entries, !unknown.is_empty(), is_check);
    Ok(())
}

/// The processes, and whether the one that tells of them is written in Python.
struct Listed {
    processes: Vec<ProcessInfo>,
    is_python: bool,
}

/// All processes. Which language the daemon has shows by its answer.
async fn list(session: &mut Session) -> Result<Listed, Problem> {
    match session.call(async |client| client.process_list(None, None).await).await {
        Ok(list) => Ok(Listed { processes: list.items, is_python: false }),
        Err(Problem::Connect(ConnectError::XmlRpcOnly { .. })) => {
            let told = session.call(async |client| client.get_all_process_info().await).await?;
            let processes = told.into_iter().map(|told| Seen::from(told).process).collect();
            Ok(Listed { processes, is_python: true })
        }
        Err(problem) => Err(problem),
    }
}

/// The groups that are under OTP's rules, and what each is about.
async fn rules(session: &mut Session) -> Result<HashMap<String, RulesInfo>, Problem> {
    let groups = session.call(async |client| client.group_list().await).await?;
    Ok(groups.into_iter().filter_map(|group| Some((group.name, group.rules?))).collect())
}

/// Those of the words that name nothing. A group without a process is there: it has been scaled to none, or is a template
/// that has no instance yet.
pub(super) async fn unknown(session: &mut Session, words: Vec<Unknown>) -> Result<Vec<Unknown>, Problem> {
    if session.server.is_python() || !words.iter().any(Unknown::is_group) {
        return Ok(words);
    }
    let groups = match session.call(async |client| client.group_list().await).await {
        Ok(groups) => groups,
        // an older daemon, or one that is ending: it is told as it looks
        Err(Problem::Fault(_) | Problem::Connect(ConnectError::XmlRpcOnly { .. })) => return Ok(words),
        Err(problem) => return Err(problem),
    };
    let is_there = |word: &Unknown| word.is_group() && groups.iter().any(|group| group.name == word.name);
    let (empty, unknown): (Vec<_>, Vec<_>) = words.into_iter().partition(is_there);
    for Unknown { name, .. } in &empty {
        session.screen.error(&format!("{name}: it has no processes now\n"));
    }
    Ok(unknown)
}

/// Says on stderr which of the words that name no process name a group. Whoever cannot be asked is not: what went wrong
/// is told already.
pub(super) async fn hint_groups(session: &mut Session, words: &[Unknown]) {
    let hints: Vec<_> = words.iter().filter_map(|word| Some((&word.name, word.as_group()?))).collect();
    if hints.is_empty() || session.server.is_python() {
        return;
    }
    let Ok(groups) = session.call(async |client| client.group_list().await).await else { return };
    for (name, hint) in hints {
        if groups.iter().any(|group| group.name == *name) {
            session.screen.error(&format!("{hint}\n"));
        }
    }
}

/// What the configuration lets expect.
pub(super) async fn prospects(session: &mut Session) -> Result<Prospects, Problem> {
    let configs = session.call(async |client| client.get_all_config_info().await).await?;
    Ok(Prospects::new(&configs))
}

/// One array, an entry a line.
fn document(
    entries: &[Entry<'_>],
    unknown: &[Unknown],
    rules: &HashMap<String, RulesInfo>,
    is_python: bool,
) -> String {
    let known = entries.iter().map(|(process, is_well)| {
        let mut entry = json!(process);
        if let Value::Object(fields) = &mut entry {
            fields.retain(|field, _| !(is_python && python::UNKNOWN.contains(&field.as_str())));
            let rules = rules.get(&process.group);
            fields.extend(rules.map(|rules| ("groupRules".to_owned(), json!(rules))));
            fields.extend(is_well.map(|is_well| ("healthy".to_owned(), Value::Bool(is_well))));
        }
        entry
    });
    let refused = unknown.iter().map(|word| json!({"name": word.name, "error": word.reason}));
    let lines: Vec<String> = known.chain(refused).map(|entry| entry.to_string()).collect();
    format!("[{}]", lines.join(",\n "))
}

/// The rows that are not well.
fn table(session: &mut Session, entries: &[Entry<'_>], unknown: &[Unknown]) {
    for word in unknown {
        session.screen.line(word.line());
    }
    let rows = entries.iter().filter(|(_, is_well)| *is_well != Some(true));
    let rows: Vec<render::Row<'_>> = rows.map(|(process, _)| render::Row::from(*process)).collect();
    session.screen.bytes(render::table(&rows).as_bytes());
}

/// The exit status, of the check or as that of the plain `status`. A check cannot say that all is well with
/// what it does not know, nor that it is not.
fn judge(session: &mut Session, entries: &[Entry<'_>], has_unknown: bool, is_check: bool) {
    let is_bad = |(process, is_well): &Entry<'_>| match is_well {
        Some(is_well) => !is_well,
        None => health::state(process).is_stopped(),
    };
    if entries.iter().any(is_bad) {
        session.status.set(status::STATUS_STOPPED);
    }
    if has_unknown && (is_check || session.status.code() == status::OK) {
        session.status.set(status::STATUS_UNKNOWN);
    }
}
