//! `hup`: processes read their configuration anew, without a restart.
//!
//! ```text
//! each word ─► process.reload ─► a line for each process that it names
//! ```

use crate::ctl::names::Unknown;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{fault, render, status, survey};
use treeherd_domain::name::{Namespec, Target};
use treeherd_rpc::api::ProcessApiClient as _;
use treeherd_rpc::code::RemoteFault;
use treeherd_rpc::wire::{Row, Selectors};

/// `hup <name>...`
pub(super) async fn hup(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    if words.is_empty() {
        session.misused("hup", "Error: hup requires a process name", status::BAD_ARGUMENTS);
        return Ok(());
    }
    session.server.require_ours("it knows no reload_signal and no reload_command; use signal HUP")?;
    for word in words {
        let selectors = Selectors::from(vec![word.to_owned()]);
        match session.call(async |client| client.process_reload(selectors, None).await).await {
            Ok(operation) => operation.rows.iter().for_each(|row| show(session, row)),
            Err(Problem::Fault(refusal)) => {
                refused(session, &shown(word), &refusal);
                if refusal.kind == "ProcessNotFound" {
                    survey::hint_groups(session, &[Unknown::of(word)]).await;
                }
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

fn shown(word: &str) -> String {
    match Namespec::parse(word) {
        Target::Process(namespec) => namespec.to_string(),
        Target::Group(_) => word.to_owned(),
    }
}

fn show(session: &mut Session, row: &Row) {
    let name = render::namespec(&row.group, &row.name);
    match &row.error {
        None => session.screen.line(format!("{name}: reloaded")),
        Some(error) => refused(session, &name, &RemoteFault::from(error.clone())),
    }
}

/// A refusal as a line; on stderr what to do about it.
fn refused(session: &mut Session, name: &str, refusal: &RemoteFault) {
    let number = refusal.fault.unwrap_or(fault::FAILED);
    let reason = match &*refusal.kind {
        "ProcessNotFound" => "no such process",
        "GroupNotFound" => "no such group",
        "NothingMatched" => "nothing matches",
        "NotRunning" => "not running",
        "NoReload" => "it has no reload_signal and no reload_command",
        _ => &fault::words(refusal),
    };
    // it stands before the line already
    let reason = reason.strip_prefix(&format!("{name}: ")).unwrap_or(reason);
    session.screen.line(format!("{name}: ERROR ({reason})"));
    session.status.fold(number, None);
    if let Some(hint) = refusal.hint.as_deref().filter(|_| refusal.kind == "NoReload") {
        session.screen.error(&format!("{name}: {hint}\n"));
    }
}
