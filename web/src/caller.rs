//! Who asks for what is being done: known to everything that runs on behalf of one call.
//!
//! ```text
//!   request (peer, user) ─► asked ─► scope ─► method ─► current
//!                             |        `─ carried: the same for a task that the method starts
//!                             `─ of: the same for a subscription, which has a task of its own
//! ```
//!
//! A value of the task and not a parameter: methods, their batches and multicalls, and the actions of the pages
//! all come to the same few commands. Absent: whether somebody may do what he asks for.

use crate::auth::User;
use crate::site::Caller;
use http::Extensions;
use std::future::Future;
use std::sync::Arc;
use treeherd_domain::cause::{Asked, Peer, Via};

tokio::task_local! {
    static ASKED: Arc<Asked>;
}

/// Runs a future on behalf of somebody.
pub async fn scope<F: Future>(asked: Arc<Asked>, future: F) -> F::Output {
    ASKED.scope(asked, future).await
}

/// The same on behalf of whoever this runs for, in another task.
pub fn carried<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let asked = current();
    async move {
        match asked {
            Some(asked) => ASKED.scope(asked, future).await,
            None => future.await,
        }
    }
}

/// On whose behalf this runs; `None` outside of any call.
#[must_use]
pub fn current() -> Option<Arc<Asked>> {
    ASKED.try_with(Arc::clone).ok()
}

/// On whose behalf a subscription was begun, by the extensions of its request.
#[must_use]
pub fn of(extensions: &Extensions) -> Option<Arc<Asked>> {
    extensions.get().cloned()
}

/// Who sent this request, asking for `what`.
pub(crate) fn asked(extensions: &Extensions, via: Via, what: &str) -> Arc<Asked> {
    let peer = extensions.get().map_or(Peer::Unknown, Peer::from);
    let user = extensions.get().map(|User(name)| Box::from(&**name));
    Arc::new(Asked { peer, user, via, what: what.into() })
}

impl From<&Caller> for Peer {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::Unix { pid, uid, .. } => Self::Local { pid: *pid, uid: *uid },
            Caller::Inet(address) => Self::Inet(*address),
            Caller::Unknown => Self::Unknown,
        }
    }
}
