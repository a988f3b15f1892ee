//! `enable` and `disable`: what is started and what is not, for good.
//!
//! ```text
//! disable web            web: disabled             nothing starts it until it is enabled; what runs runs on
//! disable --now web      web: disabled             the same, then a stop
//!                        web: stopped
//! enable --now web       web: enabled              then a start
//!                        web: started
//! ```
//!
//! The daemon keeps it in a file, also over its own end ([`process.disable`](treeherd_rpc::api::ProcessApiClient)).

use super::control;
use crate::ctl::fault;
use crate::ctl::names::Unknown;
use crate::ctl::render;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{status, survey};
use treeherd_rpc::api::ProcessApiClient as _;
use treeherd_rpc::wire::Selectors;

/// `enable [--now] <name>|<group>:*|all ...`
pub(super) async fn enable(session: &mut Session, argument: &str) -> Outcome {
    let Some(words) = mark(session, "enable", argument).await? else { return Ok(()) };
    control::start(session, &words).await
}

/// `disable [--now] <name>|<group>:*|all ...`
pub(super) async fn disable(session: &mut Session, argument: &str) -> Outcome {
    let Some(words) = mark(session, "disable", argument).await? else { return Ok(()) };
    control::stop(session, &words).await
}

/// Marks what the words name; the words, if more is to follow.
async fn mark(session: &mut Session, verb: &str, argument: &str) -> Result<Option<String>, Problem> {
    let Some(arguments) = session.arguments(verb, argument, Ok) else { return Ok(None) };
    if arguments.words.is_empty() {
        session.misused(verb, &format!("Error: {verb} requires a process name"), status::BAD_ARGUMENTS);
        return Ok(None);
    }
    let mut marked = Vec::new();
    for word in &arguments.words {
        let selector = Selectors::One(word.clone());
        let done = session.call(async |client| match verb {
            "disable" => client.process_disable(selector).await,
            _ => client.process_enable(selector).await,
        });
        match done.await {
            Ok(operation) => {
                marked.push(word.as_str());
                for row in &operation.rows {
                    let name = render::namespec(&row.group, &row.name);
                    session.screen.line(format!("{name}: {verb}d"));
                }
            }
            Err(problem) if problem.fault() == Some(fault::BAD_NAME) => {
                let unknown = Unknown::of(word);
                session.screen.line(unknown.line());
                session.status.set(status::FAILURE);
                survey::hint_groups(session, &[unknown]).await;
            }
            Err(Problem::Fault(refusal)) => {
                session.fail(format!("{word}: ERROR ({})", fault::words(&refusal)));
            }
            Err(problem) => return Err(problem),
        }
    }
    let follows = arguments.has("now") && !marked.is_empty();
    Ok(follows.then(|| marked.join(" ")))
}
