//! Actions that only look: `status`, `pid`, `version`, `avail`.

use crate::ctl::render;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{fault, status};
use treeherd_domain::name::{Namespec, Target};
use treeherd_domain::status::ProcessState;
use treeherd_rpc::api::SupervisorApiClient as _;
use treeherd_rpc::wire::supervisor::ProcessInfo;

/// `status [name...]`
pub(super) async fn status(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        session.status.set(status::STATUS_UNKNOWN);
        return Ok(());
    }
    let all = session.call(async |client| client.get_all_process_info().await).await?;
    let names: Vec<&str> = argument.split_whitespace().collect();
    let shown = if names.is_empty() || names.contains(&"all") {
        all.iter().collect()
    } else {
        matching(session, &all, &names)
    };
    session.screen.bytes(render::status(&shown).as_bytes());
    if shown.iter().any(|process| is_stopped(process)) {
        session.status.set(status::STATUS_STOPPED);
    }
    Ok(())
}

/// The processes that the names name, in the order of the names; a bad name is told at once.
fn matching<'a>(session: &mut Session, all: &'a [ProcessInfo], names: &[&str]) -> Vec<&'a ProcessInfo> {
    let mut shown = Vec::new();
    for name in names {
        let target = Namespec::parse(name);
        let before = shown.len();
        shown.extend(all.iter().filter(|process| match &target {
            Target::Group(group) => process.group == group.as_str(),
            Target::Process(one) => {
                process.group == one.group.as_str() && process.name == one.process.as_str()
            }
        }));
        if shown.len() == before {
            session.screen.line(match &target {
                Target::Group(group) => format!("{group}: ERROR (no such group)"),
                Target::Process(_) => format!("{name}: ERROR (no such process)"),
            });
            session.status.set(status::STATUS_UNKNOWN);
        }
    }
    shown
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
