//! Actions that only look: `status`, `pid`, `version`, `avail`.

use crate::ctl::render;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{fault, names, options, status, survey};
use std::collections::HashMap;
use treeherd_domain::status::ProcessState;
use treeherd_rpc::api::{ProcessApiClient as _, SupervisorApiClient as _};
use treeherd_rpc::client::HttpClient;
use treeherd_rpc::wire::Selectors;
use treeherd_rpc::wire::supervisor::ProcessInfo;

/// `status [name...]`
pub(super) async fn status(session: &mut Session, argument: &str) -> Outcome {
    if options::is_new_form(argument) {
        return survey::status(session, argument).await;
    }
    if !session.upcheck().await? {
        session.status.set(status::STATUS_UNKNOWN);
        return Ok(());
    }
    let all = session.call(async |client| client.get_all_process_info().await).await?;
    let words: Vec<&str> = argument.split_whitespace().collect();
    let (shown, unknown) = names::choose(&all, &words, |process| (&process.group, &process.name));
    for word in survey::unknown(session, unknown).await? {
        session.screen.line(word.line());
        session.status.set(status::STATUS_UNKNOWN);
    }
    let views = views(session, &shown).await?;
    let rows: Vec<render::Row<'_>> = shown
        .iter()
        .map(|process| match views.get(&render::namespec(&process.group, &process.name)) {
            Some(view) => {
                let row = render::Row::from(*process);
                let description = if is_waiting(process) { "" } else { row.description };
                render::Row { state: view.as_str().into(), description, ..row }
            }
            None => render::Row::from(*process),
        })
        .collect();
    session.screen.bytes(render::table(&rows).as_bytes());
    if shown.iter().any(|process| is_stopped(process)) {
        session.status.set(status::STATUS_STOPPED);
    }
    Ok(())
}

/// Whether it may wait before its start.
fn is_waiting(process: &ProcessInfo) -> bool {
    process.state == ProcessState::Starting.code() && process.pid == 0
}

/// What is shown of those that wait before their start, and of those whose work is done; Supervisor's methods say
/// STARTING and EXITED of them.
async fn views(session: &mut Session, shown: &[&ProcessInfo]) -> Result<HashMap<String, String>, Problem> {
    let may_be_done =
        |process: &ProcessInfo| process.state == ProcessState::Exited.code() && process.spawnerr.is_empty();
    let asked: Vec<String> = shown
        .iter()
        .filter(|process| is_waiting(process) || may_be_done(process))
        .map(|process| format!("{}:{}", process.group, process.name))
        .collect();
    if asked.is_empty() || session.server.is_python() {
        return Ok(HashMap::new());
    }
    let list = async |client: &HttpClient| client.process_list(Some(Selectors::from(asked)), None).await;
    match session.call(list).await {
        Ok(list) => {
            let view = |process: &treeherd_rpc::wire::ProcessInfo| {
                let shown = match process.view.as_str() {
                    "WAITING" => format!("WAITING({})", process.waiting_for.join(", ")),
                    "COMPLETED" => process.view.clone(),
                    _ => return None,
                };
                Some((render::namespec(&process.group, &process.name), shown))
            };
            Ok(list.items.iter().filter_map(view).collect())
        }
        // one of them was removed meanwhile, or an older daemon: the old words are right as well
        Err(Problem::Fault(_)) => Ok(HashMap::new()),
        Err(problem) => Err(problem),
    }
}

fn is_stopped(process: &ProcessInfo) -> bool {
    ProcessState::ALL.iter().any(|state| state.code() == process.state && state.is_stopped())
}

/// `pid [name...]`
pub(super) async fn pid(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        let pid = session.call(async |client| client.get_pid().await).await?;
        session.screen.line(pid.to_string());
    } else if names.contains(&"all") {
        for process in session.call(async |client| client.get_all_process_info().await).await? {
            session.screen.line(process.pid.to_string());
        }
    } else {
        for name in names {
            pid_of(session, name).await?;
        }
    }
    Ok(())
}

async fn pid_of(session: &mut Session, name: &str) -> Outcome {
    match session.call(async |client| client.get_process_info(name.to_owned()).await).await {
        Ok(process) => {
            session.screen.line(process.pid.to_string());
            if process.pid == 0 {
                session.status.set(status::NOT_RUNNING);
            }
            Ok(())
        }
        Err(problem) if problem.fault() == Some(fault::BAD_NAME) => {
            session.fail(format!("No such process {name}"));
            Ok(())
        }
        Err(problem) => Err(problem),
    }
}

/// `version`
pub(super) async fn version(session: &mut Session, argument: &str) -> Outcome {
    if !argument.is_empty() {
        session.misused("version", "Error: version accepts no arguments", status::FAILURE);
        return Ok(());
    }
    if session.upcheck().await? {
        let version = session.call(async |client| client.get_supervisor_version().await).await?;
        session.screen.line(version);
    }
    Ok(())
}

/// `avail`
pub(super) async fn avail(session: &mut Session, argument: &str) -> Outcome {
    if !argument.is_empty() {
        session.misused("avail", "Error: avail accepts no arguments", status::FAILURE);
        return Ok(());
    }
    match session.call(async |client| client.get_all_config_info().await).await {
        Ok(configs) => {
            for config in &configs {
                session.screen.line(render::avail(config));
            }
            Ok(())
        }
        Err(problem) if problem.fault() == Some(fault::SHUTDOWN_STATE) => {
            session.fail("ERROR: supervisor shutting down");
            Ok(())
        }
        Err(problem) => Err(problem),
    }
}
