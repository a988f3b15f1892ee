//! `process.enable`, `process.disable`: what an operator asks for, for good.
//!
//! ```text
//! names ─► the desired state with them ─► its file, as a whole (blocking pool) ─► arena ─► programs are told
//!                                            `─ failed: nothing is changed, the caller is told why
//! ```
//!
//! One change after the other, so that the file and the arena never differ by two. Nothing else writes the file.

use super::{Bridge, act};
use crate::clock;
use crate::command::{Verb, Wait};
use treeherd_domain::desired::Disabled;
use treeherd_domain::fault::Fault;
use treeherd_os::keep;
use treeherd_rpc::wire::{Operation, Selectors};

impl Bridge {
    /// Disables processes, or enables them.
    pub(super) async fn mark(&self, selectors: &Selectors, disable: bool) -> Result<Operation, Fault> {
        self.check_running()?;
        let targets = self.select(selectors)?;
        let arena = &self.shared().arena;
        {
            let _one_by_one = arena.desiring.lock().await;
            let mut desired = arena.desired();
            let by = act::asked().to_string();
            for estate in &targets {
                let namespec = estate.namespec.clone();
                if disable {
                    desired.disable(namespec, Disabled { since_ms: clock::wall_ms(), by: by.clone() });
                } else {
                    desired.enable(&namespec);
                }
            }
            if desired != arena.desired() {
                let (path, text) = (arena.config().daemon.state_file.clone(), desired.to_text());
                let shown = path.display().to_string();
                let kept = tokio::task::spawn_blocking(move || keep::replace(&path, &text)).await;
                let kept = kept.map_err(|_| self.crashed())?;
                kept.map_err(|error| {
                    Fault::Failed(format!(
                        "{shown} cannot be written: {error}; nothing is changed. Name a file that can be in \
                         [supervisord] state_file, and restart the daemon"
                    ))
                })?;
                arena.set_desired(desired);
            }
        }
        self.operate(&targets, Verb::Mark { disable }, Wait::No, None, false).await
    }
}
