//! Signals to the daemon, and children that are nobody's.
//!
//! | signal | action |
//! |---|---|
//! | TERM, INT, QUIT | end |
//! | HUP | end and start anew, if the configuration can be loaded |
//! | USR2 | reopen every log |
//! | USR1 | tell that it means nothing here |
//! | CHLD | reap strangers, at most once in a while |
//!
//! A managed process's end is known through its own descriptor, never through CHLD.

use super::Source;
use actix::Addr;
use slog::{debug, error, info, warn};
use std::sync::Arc;
use std::time::Duration;
use treeherd_actors::estate::Mood;
use treeherd_actors::root::shutdown;
use treeherd_actors::root::{ReopenLogs, Root};
use treeherd_actors::shared::{Shared, Slot};
use treeherd_domain::cause::{Asked, Peer};
use treeherd_domain::fault::Fault;
use treeherd_domain::scale::Programs;
use treeherd_os::reaper;
use treeherd_os::requests::{Request, Requests, Wish};
use treeherd_os::signals::ChildNews;

/// How long a dead stranger may lie about: looking for them costs the kernel a walk over all children.
const SWEEP: Duration = Duration::from_millis(100);

struct Ear {
    shared: Arc<Shared>,
    root: Arc<Slot<Addr<Root>>>,
    source: Arc<Source>,
}

/// Listens until the system ends.
pub(super) fn listen(shared: Arc<Shared>, root: Arc<Slot<Addr<Root>>>, source: Arc<Source>) {
    let (is_init, log) = (std::process::id() == 1, shared.log.clone());
    if !is_init && let Err(error) = reaper::become_subreaper() {
        debug!(shared.log, "orphans of programs go to init: {error}");
    }
    actix_rt::spawn(sweep(Arc::clone(&shared), is_init));
    let ear = Arc::new(Ear { shared, root, source });
    match Requests::listen() {
        Ok(requests) => _ = actix_rt::spawn(hear(ear, requests)),
        Err(error) => error!(log, "signals to the daemon have their default action: {error}; raise minfds"),
    }
}

/// Does what each signal asks for.
async fn hear(ear: Arc<Ear>, mut requests: Requests) {
    while let Ok(Request { signal, wish, sender }) = requests.next().await {
        let peer = sender.map_or(Peer::Unknown, |(pid, uid)| Peer::Local { pid: Some(pid), uid });
        let by = Asked::signal(&signal.to_string(), peer);
        match wish {
            Wish::Restart => ear.restart(by),
            Wish::Reopen => ear.reopen(),
            Wish::Nothing => {
                let whose =
                    if by.peer == Peer::Unknown { String::new() } else { format!(" from {}", by.peer) };
                warn!(
                    ear.shared.log,
                    "ignored {signal}{whose}, which means nothing here; SIGUSR2 opens the logs anew"
                );
            }
            Wish::End => {
                warn!(ear.shared.log, "received {signal} indicating exit request");
                ear.end(Mood::Shutdown, by);
            }
        }
    }
}

impl Ear {
    fn end(&self, mood: Mood, by: Asked) {
        shutdown::ask(&self.shared, &self.root, mood, by);
    }

    fn reopen(&self) {
        info!(self.shared.log, "received SIGUSR2 indicating log reopen request");
        let root = Arc::clone(&self.root);
        // there is none at the very start, and while it is made anew
        actix_rt::spawn(async move { root.wait_for(Addr::connected).await.do_send(ReopenLogs) });
    }

    /// Restarts, unless the configuration could not be loaded afterwards.
    fn restart(self: &Arc<Self>, by: Asked) {
        let log = &self.shared.log;
        if self.shared.arena.mood() == Mood::Shutdown {
            return warn!(log, "ignored SIGHUP indicating restart request (shutdown in progress)");
        }
        warn!(log, "received SIGHUP indicating restart request");
        let (ear, source) = (Arc::clone(self), Arc::clone(&self.source));
        actix_rt::spawn(async move {
            let loaded = tokio::task::spawn_blocking(move || source.reload(&Programs::new())).await;
            match loaded {
                Ok(Err(Fault::CantReread { message, report })) => {
                    error!(ear.shared.log, "not restarted, the configuration is invalid: {message}");
                    error!(ear.shared.log, "{report}");
                }
                Ok(Err(fault)) => error!(ear.shared.log, "not restarted: {fault}"),
                // a shutdown that was asked for meanwhile has the last word, and this was told already
                Ok(Ok(_)) | Err(_) if ear.shared.arena.mood() == Mood::Shutdown => {}
                Ok(Ok(_)) | Err(_) => ear.end(Mood::Restarting, by),
            }
        });
    }
}

/// Reaps strangers a moment after a child's end was signalled.
async fn sweep(shared: Arc<Shared>, is_init: bool) {
    let mut news = match ChildNews::listen() {
        Ok(news) => news,
        Err(error) => {
            return error!(shared.log, "orphaned processes that end are not reaped: {error}");
        }
    };
    while news.next().await.is_ok() {
        tokio::time::sleep(SWEEP).await;
        // after what the child wrote last and the line of its end, as in Supervisor
        debug!(shared.log, "received SIGCHLD indicating a child quit");
        loop {
            match reaper::reap_strangers(&|_| false) {
                Ok(strangers) => {
                    for (pid, status) in &strangers.reaped {
                        if is_init {
                            info!(shared.log, "reaped unknown pid {pid} ({status})");
                        } else {
                            debug!(shared.log, "reaped unknown pid {pid} ({status})");
                        }
                    }
                    if !strangers.blocked {
                        break;
                    }
                    tokio::time::sleep(SWEEP).await;
                }
                Err(error) => {
                    error!(shared.log, "cannot reap orphaned processes: {error}");
                    break;
                }
            }
        }
    }
}
