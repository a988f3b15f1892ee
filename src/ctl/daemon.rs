//! Actions on the daemon as a whole: `shutdown`, `reload`, `open`.

use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{fault, inspect, status};
use treeherd_rpc::api::SupervisorApiClient as _;
use treeherd_rpc::client::ConnectError;

/// `shutdown`
pub(super) async fn shutdown(session: &mut Session, argument: &str) -> Outcome {
    if !argument.is_empty() {
        session.misused("shutdown", "Error: shutdown accepts no arguments", status::FAILURE);
        return Ok(());
    }
    if !confirmed(session, "Really shut the remote supervisord process down y/N? ").await? {
        return Ok(());
    }
    let Err(problem) = session.call(async |client| client.shutdown().await).await else {
        session.screen.line("Shut down");
        return Ok(());
    };
    let url = session.server.url().to_owned();
    match &problem {
        // Told, and no failure: what was wanted is so.
        Problem::Fault(refusal) if refusal.fault == Some(fault::SHUTDOWN_STATE) => {
            session.screen.line("ERROR: already shutting down");
            return Ok(());
        }
        Problem::Connect(ConnectError::Refused { .. }) => {
            session.fail(format!("ERROR: {url} refused connection (already shut down?)"));
        }
        Problem::Connect(ConnectError::NoSuchSocket { .. }) => {
            session.fail(format!("ERROR: {url} no such file (already shut down?)"));
        }
        _ => return Err(problem),
    }
    session.explain(&problem);
    Ok(())
}

/// `reload`
pub(super) async fn reload(session: &mut Session, argument: &str) -> Outcome {
    if !argument.is_empty() {
        session.misused("reload", "Error: reload accepts no arguments", status::FAILURE);
        return Ok(());
    }
    if !confirmed(session, "Really restart the remote supervisord process y/N? ").await? {
        return Ok(());
    }
    match session.call(async |client| client.restart().await).await {
        Ok(_) => session.screen.line("Restarted supervisord"),
        Err(problem) if problem.fault() == Some(fault::SHUTDOWN_STATE) => {
            session.fail("ERROR: already shutting down");
        }
        Err(problem) => return Err(problem),
    }
    Ok(())
}

/// Asks, if somebody is there to be asked.
async fn confirmed(session: &mut Session, question: &str) -> Result<bool, Problem> {
    if !session.interactive {
        return Ok(true);
    }
    match session.ask(question).await? {
        Some(answer) => Ok(answer.starts_with(['y', 'Y'])),
        None => Err(Problem::Input(std::io::ErrorKind::UnexpectedEof.into())),
    }
}

/// `open <url>`: what the status says there does not count as a failure of `open`.
pub(super) async fn open(session: &mut Session, argument: &str) -> Outcome {
    let scheme = argument.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("unix" | "http")) {
        session.fail("ERROR: url must be http:// or unix://");
        return Ok(());
    }
    session.server.open(argument);
    let before = session.status;
    let outcome = inspect::status(session, "").await;
    session.status = before;
    outcome
}
