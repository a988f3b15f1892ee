//! The loop outside the tree: starts the root, and rebuilds it from the arena if it ends by a bug.
//!
//! ```text
//!   run ─► Root ─► Down ─┬─ everything is down ─► done: Shutdown or Restarting
//!                        └─ a bug ─► a new Root on the same arena, after a pause if that is frequent
//! ```
//!
//! Nothing in it can fail: it is all that a process's life depends on.

use crate::clock;
use crate::estate::Mood;
use crate::root::{Household, Root};
use crate::shared::Shared;
use crate::supervision::guard;
use crate::supervision::link::{Down, Link};
use actix::Addr;
use slog::crit;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use treeherd_domain::strategy::{Intensity, Window};

/// Rebuilds of the root without a pause.
pub const INTENSITY: Intensity = Intensity { restarts: 5, period: Duration::from_secs(60) };
/// The pause before a rebuild when they are frequent.
pub const PAUSE: Duration = Duration::from_secs(1);

/// Runs a tree until everything is down; says what was asked for. `done` is the other end of
/// [`Household::done`]. Must be called inside an actix system.
pub async fn run(
    shared: Arc<Shared>,
    household: Household,
    mut done: mpsc::UnboundedReceiver<Mood>,
) -> Mood {
    let (up, mut downs) = mpsc::unbounded_channel::<Down>();
    let (mut window, mut incarnation, mut since) = (Window::default(), 0, None);
    loop {
        incarnation += 1;
        shared.count_root();
        let link = match since {
            Some(since) => Link::again("root".into(), incarnation, up.clone(), None, since),
            None => Link::new("root".into(), incarnation, up.clone(), None),
        };
        link.repair().into_iter().for_each(|repair| shared.root_repair.set(repair));
        start(&shared, &household, link);
        let Some(down) = downs.recv().await else { return Mood::Shutdown };
        if let Ok(mood) = done.try_recv() {
            return mood;
        }
        since = Some(down.since);
        shared.report("", &down, "rebuilt; no process is touched");
        if !window.allows(clock::now(), INTENSITY) {
            crit!(shared.log, "the root of the tree fails again and again; it is rebuilt after a pause");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn start(shared: &Arc<Shared>, household: &Household, link: Link) -> Addr<Root> {
    let (shared, household) = (Arc::clone(shared), household.clone());
    guard::start(link, move |context, link| Root::new(shared, household, context, link))
}
