//! Hooks that run, or have run: they outlive the actor that began them, so that none is run twice and none is lost.

use std::collections::BTreeMap;
use std::fmt;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use treeherd_domain::hook::Hook;

/// How a hook ended: well, or why not.
pub(crate) type Ended = Result<(), Failure>;

/// Why a hook did not end well.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Failure {
    /// How it ended, with its last words.
    pub(crate) reason: String,
    /// Whether it had none.
    pub(crate) is_silent: bool,
}

impl Failure {
    /// One that says all there is to be said.
    pub(crate) const fn of(reason: String) -> Self {
        Self { reason, is_silent: false }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// The last run of each hook of a process.
#[derive(Debug, Default)]
pub struct Runs {
    runs: BTreeMap<Hook, Run>,
    /// The spawn that was found to be ready last: its `post_start` is due no more.
    pub(crate) greeted: u64,
    /// The spawn that is begun, and whose process is not made: whoever goes on with it makes no other one of it.
    pub(crate) making: Option<u64>,
}

#[derive(Debug)]
struct Run {
    incarnation: u64,
    outcome: watch::Receiver<Option<Ended>>,
    task: AbortHandle,
}

impl Runs {
    /// Notes one that has begun, for this spawn.
    pub(crate) fn begin(
        &mut self,
        hook: Hook,
        incarnation: u64,
        outcome: watch::Receiver<Option<Ended>>,
        task: AbortHandle,
    ) {
        self.runs.insert(hook, Run { incarnation, outcome, task });
    }

    /// Where the end of a hook of this spawn is told, if it was begun.
    pub(crate) fn of(&self, hook: Hook, incarnation: u64) -> Option<watch::Receiver<Option<Ended>>> {
        self.runs.get(&hook).filter(|run| run.incarnation == incarnation).map(|run| run.outcome.clone())
    }

    /// Where the end of a hook is told that is running now.
    pub(crate) fn running(&self, hook: Hook) -> Option<watch::Receiver<Option<Ended>>> {
        self.runs.get(&hook).map(|run| run.outcome.clone()).filter(is_running)
    }

    /// Where the ends are told of all that are running now.
    pub(crate) fn all_running(&self) -> Vec<watch::Receiver<Option<Ended>>> {
        self.runs.values().map(|run| run.outcome.clone()).filter(is_running).collect()
    }

    /// Ends it with its process group. Whether it was running.
    pub(crate) fn abort(&self, hook: Hook) -> bool {
        let run = self.runs.get(&hook).filter(|run| is_running(&run.outcome));
        run.inspect(|run| run.task.abort()).is_some()
    }
}

fn is_running(outcome: &watch::Receiver<Option<Ended>>) -> bool {
    outcome.borrow().is_none() && outcome.has_changed().is_ok()
}

/// Waits for the end of a hook.
pub(crate) async fn over(mut outcome: watch::Receiver<Option<Ended>>) -> Ended {
    let ended = outcome.wait_for(Option::is_some).await.ok().and_then(|ended| ended.clone());
    ended.unwrap_or_else(|| Err(Failure::of("it was called off".to_owned())))
}
