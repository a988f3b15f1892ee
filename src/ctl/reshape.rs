//! `update --per-process`: one changed group, of which only the processes that changed are touched.
//!
//! One call has the daemon do it; each process that was touched is told with what became of it. Absent: groups that
//! cannot be divided, which are replaced as a whole (`reconfigure`).

use crate::ctl::fault;
use crate::ctl::reconfigure::replace_group;
use crate::ctl::render::{self, Deed};
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use treeherd_rpc::api::{GroupApiClient as _, SupervisorApiClient as _};
use treeherd_rpc::wire::{GroupUpdate, UpdatedProcess};

/// Refuses a daemon that cannot do it, before anything else of the update is done.
pub(super) async fn require(session: &mut Session) -> Outcome {
    session.call(async |client| client.get_api_version().await).await?;
    session.server.require_ours("it has no group.update")
}

/// Brings a group to its configuration, process by process.
pub(super) async fn reshape_group(session: &mut Session, group: &str) -> Outcome {
    let updated = session.call(async |client| client.group_update(group.to_owned()).await).await;
    let done = match updated {
        Ok(done) => done,
        Err(Problem::Fault(refusal)) => {
            session.fail(format!("{group}: ERROR ({})", fault::words(&refusal)));
            return Ok(());
        }
        Err(problem) => return Err(problem),
    };
    if !done.divisible {
        return replace_group(session, group).await;
    }
    for row in &done.rows {
        tell(session, &done, row);
    }
    match done.applied {
        true => session.screen.line(format!("{group}: updated process group")),
        false => session.fail(format!("{group}: has problems; not updating")),
    }
    Ok(())
}

/// What became of one process.
pub(super) fn tell(session: &mut Session, done: &GroupUpdate, row: &UpdatedProcess) {
    let name = render::namespec(&row.group, &row.name);
    if row.stopped && done.applied {
        session.screen.line(format!("{name}: stopped"));
    }
    if done.applied {
        session.screen.line(format!("{name}: {}", deed(row)));
    }
    if let Some(error) = &row.error {
        let code = error.data.fault.unwrap_or(fault::FAILED);
        let deed = if done.applied { Deed::Start } else { Deed::Stop };
        session.screen.line(render::result(deed, &name, code, &error.message));
        session.status.fold(code, None);
    }
}

fn deed(row: &UpdatedProcess) -> &'static str {
    match (&*row.action, row.reload.as_deref()) {
        ("add", _) => "added process",
        ("remove", _) => "removed process",
        ("update", Some("next start")) => "updated process, from its next start on",
        ("update", _) => "updated process, without a restart",
        _ => "updated process",
    }
}
