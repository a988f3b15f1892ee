//! `process.scale`: another number of processes for a program, by which only the difference is touched.

use super::Bridge;
use crate::root::scale::{Keep, Rescale, Rescaled};
use slog::info;
use std::sync::Arc;
use treeherd_domain::fault::Fault;
use treeherd_domain::plan::Change;
use treeherd_domain::scale::MOST_PROCESSES;
use treeherd_rpc::wire::{GroupUpdate, ScaleInfo};
use treeherd_web::caller;

impl Bridge {
    /// Has a program have so many processes. It is carried out even if the caller goes away, and one such change, or
    /// update of a group, at a time.
    pub(super) async fn scale(&self, program: String, count: u32) -> Result<ScaleInfo, Fault> {
        self.check_running()?;
        let bridge = self.clone();
        let work = tokio::spawn(caller::carried(async move {
            let _turn = bridge.0.updates.lock().await;
            bridge.scale_in_turn(program, count).await
        }));
        work.await.unwrap_or_else(|_| Err(self.crashed()))
    }

    async fn scale_in_turn(&self, program: String, count: u32) -> Result<ScaleInfo, Fault> {
        self.check_running()?;
        if i64::from(count) > MOST_PROCESSES {
            return Err(Fault::BadArguments(format!("{count} is more than {MOST_PROCESSES} processes")));
        }
        let Rescaled { before, numprocs, changes } =
            self.ask(Rescale { program: program.clone(), count }).await?;
        let check = |change: &Change| match change.is_divisible() {
            true => Ok(()),
            false => {
                Err(Fault::Failed(format!("{} cannot be changed process by process", change.old.name)))
            }
        };
        changes.iter().try_for_each(check)?;
        let mut groups = Vec::with_capacity(changes.len());
        for change in &changes {
            let name = change.old.name.to_string();
            let group = self.group(&name)?;
            let answer = GroupUpdate { name, divisible: true, ..GroupUpdate::default() };
            groups.push(self.carry_out(change.clone(), &group, answer).await?);
        }
        let applied = groups.iter().all(|group| group.applied);
        if applied {
            let specs = changes.iter().map(|change| Arc::clone(&change.new)).collect();
            self.ask(Keep { program: program.clone(), numprocs, groups: specs }).await?;
            info!(self.shared().log, "scaled {program} from {before} to {count} processes");
        }
        let (before, written) = (clipped(before), clipped(numprocs.written));
        Ok(ScaleInfo { name: program, before, count, numprocs: written, applied, groups })
    }
}

/// Fewer than none are none.
fn clipped(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}
