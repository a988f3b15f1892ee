//! Actions that bring the daemon to what its file says: `reread`, `update`, `add`, `remove`.

use crate::ctl::options::{Arguments, is_new_form};
use crate::ctl::render;
use crate::ctl::reshape::{self, reshape_group};
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{fault, status};
use treeherd_rpc::api::{ConfigApiClient as _, SupervisorApiClient as _};
use treeherd_rpc::client::ConnectError;
use treeherd_rpc::wire::{ChangedProbe, ChangedServer, PlanInfo};

/// `reread`
pub(super) async fn reread(session: &mut Session, argument: &str) -> Outcome {
    if !argument.is_empty() {
        session.misused("reread", "Error: reread accepts no arguments", status::FAILURE);
        return Ok(());
    }
    match ask(session).await {
        Ok(Reread { added, changed, removed, probes, held_back }) => {
            session.screen.bytes(render::changes(&added, &changed, &removed).as_bytes());
            tell_probes(session, &probes);
            tell_held_back(session, &held_back);
        }
        Err(problem) => return not_read(session, problem),
    }
    Ok(())
}

/// What the daemon found in its file: groups by their names, and the probes that it has taken over already.
struct Reread {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
    probes: Vec<ChangedProbe>,
    /// What it does not take over while it runs, a line each.
    held_back: Vec<String>,
}

/// Has the daemon read its file. One that has no probes is asked in Supervisor's way; one without Supervisor's namespace is
/// not controlled by any action of Supervisor's.
async fn ask(session: &mut Session) -> Result<Reread, Problem> {
    session.call(async |client| client.get_api_version().await).await?;
    match session.call(async |client| client.config_reread().await).await {
        Ok(plan) => {
            let held_back = held_back(&plan);
            let PlanInfo { added, changed, removed, probes, .. } = plan;
            let changed = changed.into_iter().map(|group| group.name).collect();
            Ok(Reread { added, changed, removed, probes, held_back })
        }
        Err(Problem::Fault(refusal)) if refusal.fault == Some(fault::UNKNOWN_METHOD) => {
            ask_plainly(session).await
        }
        Err(Problem::Connect(ConnectError::XmlRpcOnly { .. })) => ask_plainly(session).await,
        Err(problem) => Err(problem),
    }
}

async fn ask_plainly(session: &mut Session) -> Result<Reread, Problem> {
    let reread = session.call(async |client| client.reload_config().await).await?;
    let (added, changed, removed) = reread.into_lists();
    Ok(Reread { added, changed, removed, probes: Vec::new(), held_back: Vec::new() })
}

/// A line for each probe that came, went or changed, behind Supervisor's own lines.
fn tell_probes(session: &mut Session, probes: &[ChangedProbe]) {
    for ChangedProbe { name, change, keys } in probes {
        let value = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
        let keys = keys.iter().map(|key| format!("{} {} -> {}", key.key, value(&key.old), value(&key.new)));
        let keys = keys.collect::<Vec<_>>().join(", ");
        let keys = if keys.is_empty() { keys } else { format!(" ({keys})") };
        session.screen.line(format!("probe:{name}: {change}{keys}"));
    }
}

/// Tells what the daemon does not take over while it runs, on stderr: Supervisor's lines are read by programs.
fn tell_held_back(session: &mut Session, lines: &[String]) {
    lines.iter().for_each(|line| session.screen.error(&format!("supervisorctl: {line}\n")));
}

/// A line for each section with something that the daemon does not take over while it runs: `[supervisord]`, and those of the
/// control endpoints.
pub(super) fn held_back(plan: &PlanInfo) -> Vec<String> {
    let line = |section: &str, what: &str| {
        format!("[{section}]{what} taken over once the daemon is started anew (reload)")
    };
    let keys = |keys: &[String]| format!(" {}:", keys.join(", "));
    let daemon = Some(&plan.daemon).filter(|names| !names.is_empty());
    let daemon = daemon.map(|names| line("supervisord", &keys(names)));
    let servers =
        plan.servers.iter().map(|ChangedServer { section, change, keys: names }| match names.is_empty() {
            true => line(section, &format!(": {change}, and")),
            false => line(section, &keys(names)),
        });
    daemon.into_iter().chain(servers).collect()
}

/// Tells why the daemon has not read its file.
pub(super) fn not_read(session: &mut Session, problem: Problem) -> Outcome {
    match &problem {
        Problem::Fault(refusal) if refusal.fault == Some(fault::SHUTDOWN_STATE) => {
            session.fail("ERROR: supervisor shutting down");
        }
        Problem::Fault(refusal) if refusal.fault == Some(fault::CANT_REREAD) => {
            session.fail(format!("ERROR: {}", refusal.message));
            session.explain(&problem);
        }
        _ => return Err(problem),
    }
    Ok(())
}

/// `add <group>...`
pub(super) async fn add(session: &mut Session, argument: &str) -> Outcome {
    for name in argument.split_whitespace() {
        let answer = session.call(async |client| client.add_process_group(name.to_owned()).await).await;
        let Err(problem) = answer else {
            session.screen.line(format!("{name}: added process group"));
            continue;
        };
        match problem.fault() {
            Some(fault::SHUTDOWN_STATE) => session.fail("ERROR: shutting down"),
            // Told, and no failure: what was wanted is so.
            Some(fault::ALREADY_ADDED) => session.screen.line("ERROR: process group already active"),
            Some(fault::BAD_NAME) => session.fail(format!("ERROR: no such process/group: {name}")),
            _ => return Err(problem),
        }
    }
    Ok(())
}

/// `remove <group>...`
pub(super) async fn remove(session: &mut Session, argument: &str) -> Outcome {
    for name in argument.split_whitespace() {
        let answer = session.call(async |client| client.remove_process_group(name.to_owned()).await).await;
        let Err(problem) = answer else {
            session.screen.line(format!("{name}: removed process group"));
            continue;
        };
        match problem.fault() {
            Some(fault::STILL_RUNNING) => {
                session.fail(format!("ERROR: process/group still running: {name}"));
            }
            Some(fault::BAD_NAME) => session.fail(format!("ERROR: no such process/group: {name}")),
            _ => return Err(problem),
        }
    }
    Ok(())
}

/// `update [--per-process] [group...]`: removed groups go, changed ones are replaced, or reshaped process by
/// process, added ones come.
pub(super) async fn update(session: &mut Session, argument: &str) -> Outcome {
    let arguments = match is_new_form(argument) {
        true => match session.arguments("update", argument, Ok) {
            Some(arguments) => arguments,
            None => return Ok(()),
        },
        false => Arguments::plain(argument),
    };
    if arguments.has("per-process") {
        reshape::require(session).await?;
    }
    let Some(Reread { added, changed, removed, probes, held_back }) = reread_for_update(session).await?
    else {
        return Ok(());
    };
    tell_probes(session, &probes);
    tell_held_back(session, &held_back);
    let mut wanted = arguments.words();
    if wanted.contains(&"all") {
        wanted.clear();
    }
    refuse_unknown(session, &wanted, &added).await?;
    let is_wanted = |group: &&String| wanted.is_empty() || wanted.contains(&group.as_str());
    for group in removed.iter().filter(is_wanted) {
        drop_group(session, group).await?;
    }
    for group in changed.iter().filter(is_wanted) {
        match arguments.has("per-process") {
            true => reshape_group(session, group).await?,
            false => replace_group(session, group).await?,
        }
    }
    for group in added.iter().filter(is_wanted) {
        session.call(async |client| client.add_process_group(group.clone()).await).await?;
        session.screen.line(format!("{group}: added process group"));
    }
    Ok(())
}

/// What is to be done; `None` is told.
async fn reread_for_update(session: &mut Session) -> Result<Option<Reread>, Problem> {
    match ask(session).await {
        Ok(reread) => Ok(Some(reread)),
        Err(problem) if problem.fault() == Some(fault::SHUTDOWN_STATE) => {
            session.fail("ERROR: already shutting down");
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}

/// Tells each wanted name that is neither active nor about to be.
async fn refuse_unknown(session: &mut Session, wanted: &[&str], added: &[String]) -> Outcome {
    if wanted.is_empty() {
        return Ok(());
    }
    let active = session.call(async |client| client.get_all_process_info().await).await?;
    for (at, name) in wanted.iter().enumerate() {
        let is_known =
            active.iter().any(|process| process.group == *name) || added.iter().any(|a| a == name);
        if !is_known && !wanted[..at].contains(name) {
            session.fail(format!("ERROR: no such group: {name}"));
        }
    }
    Ok(())
}

async fn drop_group(session: &mut Session, group: &str) -> Outcome {
    let rows = session.call(async |client| client.stop_process_group(group.to_owned(), None).await).await?;
    session.screen.line(format!("{group}: stopped"));
    if rows.iter().any(|row| row.status == fault::FAILED) {
        session.fail(format!("{group}: has problems; not removing"));
        return Ok(());
    }
    session.call(async |client| client.remove_process_group(group.to_owned()).await).await?;
    session.screen.line(format!("{group}: removed process group"));
    Ok(())
}

pub(super) async fn replace_group(session: &mut Session, group: &str) -> Outcome {
    session.call(async |client| client.stop_process_group(group.to_owned(), None).await).await?;
    session.screen.line(format!("{group}: stopped"));
    session.call(async |client| client.remove_process_group(group.to_owned()).await).await?;
    session.call(async |client| client.add_process_group(group.to_owned()).await).await?;
    session.screen.line(format!("{group}: updated process group"));
    Ok(())
}
