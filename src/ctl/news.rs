//! What becomes of processes, for whoever waits.
//!
//! ```text
//! our daemon           process.watch --snapshot--> all   --change, gone--> each   --gap--> a new snapshot
//! one in Python        getAllProcessInfo --> all         every half second again
//! ```
//!
//! Ours tells of changes: the snapshot and what follows come from one subscription, so nothing falls between them.
//! Supervisor's XML-RPC has nothing that tells: there, and only there, is asked again and again, at a measured pace;
//! what comes and goes between two answers is not seen. When to give up is the caller's affair.

use crate::ctl::fault;
use crate::ctl::python::Seen;
use crate::ctl::server::Problem;
use crate::ctl::session::Session;
use jsonrpsee::core::client::Subscription;
use std::time::Duration;
use treeherd_rpc::api::{ProcessApiClient as _, SupervisorApiClient as _};
use treeherd_rpc::client::WsClient;
use treeherd_rpc::wire::{ProcessChange, Selectors};

/// How long our daemon has for its first answer.
const ANSWER: Duration = Duration::from_secs(10);

/// How long a daemon that does not tell of changes is left alone before it is asked again.
const PACE: Duration = Duration::from_millis(500);

/// One piece of news.
pub(super) enum News {
    /// All that there are now.
    All(Vec<Seen>),
    /// One of them.
    One(Box<Seen>),
    /// It was removed.
    Gone { group: String, name: String },
    /// The daemon has left.
    End,
}

/// Where news come from.
pub(super) enum Watcher {
    Ours { client: WsClient, changes: Subscription<ProcessChange>, words: Vec<String> },
    Python,
}

impl Watcher {
    /// All processes (or at least those that the words name), and what tells of them from here. The daemon has
    /// answered a call before: so its language is known.
    pub(super) async fn begin(
        session: &mut Session,
        words: &[String],
    ) -> Result<(Vec<Seen>, Self), Problem> {
        if session.server.is_python() {
            return Ok((ask(session).await?, Self::Python));
        }
        let client = session.server.follower().await?;
        let (all, changes) = subscribe(&client, words).await?;
        Ok((all, Self::Ours { client, changes, words: words.to_vec() }))
    }

    /// The next piece.
    pub(super) async fn next(&mut self, session: &mut Session) -> Result<News, Problem> {
        let Self::Ours { client, changes, words } = self else { return ask_again(session).await };
        Ok(match changes.next().await {
            Some(Ok(ProcessChange::Change { item, .. })) => News::One(Box::new((*item).into())),
            Some(Ok(ProcessChange::Gone { name, group, .. })) => News::Gone { group, name },
            Some(Ok(ProcessChange::Snapshot { items, .. })) => {
                News::All(items.into_iter().map(Seen::from).collect())
            }
            Some(Ok(ProcessChange::Gap { .. })) => {
                let (items, anew) = subscribe(client, words).await?;
                *changes = anew;
                News::All(items)
            }
            Some(Err(error)) => return Err(Problem::Broken(error.to_string())),
            Some(Ok(ProcessChange::End { .. })) | None => News::End,
        })
    }
}

/// All processes of a supervisord written in Python.
async fn ask(session: &mut Session) -> Result<Vec<Seen>, Problem> {
    let told = session.call(async |client| client.get_all_process_info().await).await?;
    Ok(told.into_iter().map(Seen::from).collect())
}

/// The same after a pause. It has answered before: if it cannot be reached now, it has left.
async fn ask_again(session: &mut Session) -> Result<News, Problem> {
    tokio::time::sleep(PACE).await;
    match ask(session).await {
        Ok(all) => Ok(News::All(all)),
        Err(Problem::Connect(_)) => Ok(News::End),
        Err(problem) if problem.fault() == Some(fault::SHUTDOWN_STATE) => Ok(News::End),
        Err(problem) => Err(problem),
    }
}

/// A subscription, and the snapshot that it begins with.
async fn subscribe(
    client: &WsClient,
    words: &[String],
) -> Result<(Vec<Seen>, Subscription<ProcessChange>), Problem> {
    let late = |_| Problem::Broken(format!("no answer within {ANSWER:?}"));
    let opening = async {
        let mut changes = client.process_watch(Some(Selectors::Many(words.to_vec()))).await?;
        let first = changes.next().await;
        Ok::<_, Problem>((first, changes))
    };
    let (first, changes) = tokio::time::timeout(ANSWER, opening).await.map_err(late)??;
    match first {
        Some(Ok(ProcessChange::Snapshot { items, .. })) => {
            Ok((items.into_iter().map(Seen::from).collect(), changes))
        }
        other => {
            Err(Problem::Broken(format!("the subscription does not begin with a snapshot: {other:?}")))
        }
    }
}
