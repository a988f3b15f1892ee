//! `process.scale`: another number of processes for a program, by which only the difference is touched; and
//! `process.programs`, how many each has.
//!
//! ```text
//! Rescale ─► what it changes ─► the desired state (file, arena) ─► updates by process ─► Keep
//!                                 `─ cannot be kept: refused       `─ not all of it: the desired state is as before
//! ```

use super::{Bridge, act};
use crate::clock;
use crate::desire;
use crate::root::scale::{Keep, Rescale, Rescaled};
use slog::{info, warn};
use std::sync::Arc;
use treeherd_domain::desired::{Desired, Scaled};
use treeherd_domain::fault::Fault;
use treeherd_domain::plan::Change;
use treeherd_domain::scale::{MOST_PROCESSES, Numprocs};
use treeherd_rpc::wire::time::rfc3339;
use treeherd_rpc::wire::{GroupUpdate, ProgramInfo, ScaleInfo, ScaledInfo};
use treeherd_web::caller;

impl Bridge {
    /// How many processes each program has, and who wanted it so.
    pub(super) fn programs(&self) -> Vec<ProgramInfo> {
        let arena = &self.shared().arena;
        let (config, desired) = (arena.config(), arena.desired());
        let info = |(name, numprocs): (&String, &Numprocs)| ProgramInfo {
            name: name.clone(),
            count: clipped(numprocs.count),
            numprocs: clipped(numprocs.written),
            scaled: desired
                .scale_of(name)
                .map(|scaled| ScaledInfo { since: rfc3339(scaled.since_ms), by: scaled.by.clone() }),
        };
        config.programs.iter().map(info).collect()
    }

    /// Has a program have so many processes; `None`: as many as its file says. It is carried out even if the caller goes
    /// away, and one such change, or update of a group, at a time.
    pub(super) async fn scale(&self, program: String, count: Option<u32>) -> Result<ScaleInfo, Fault> {
        self.check_running()?;
        let bridge = self.clone();
        let work = tokio::spawn(caller::carried(async move {
            let _turn = bridge.0.updates.lock().await;
            bridge.scale_in_turn(program, count).await
        }));
        work.await.unwrap_or_else(|_| Err(self.crashed()))
    }

    async fn scale_in_turn(&self, program: String, count: Option<u32>) -> Result<ScaleInfo, Fault> {
        self.check_running()?;
        if let Some(count) = count.filter(|count| i64::from(*count) > MOST_PROCESSES) {
            return Err(Fault::BadArguments(format!(
                "{count} is more than {MOST_PROCESSES}, the most processes that a program can have"
            )));
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
        let earlier = self.want(&program, numprocs).await?;
        let done = self.apply(&changes).await;
        let applied = done.as_ref().is_ok_and(|groups| groups.iter().all(|group| group.applied));
        if applied {
            let specs = changes.iter().map(|change| Arc::clone(&change.new)).collect();
            self.ask(Keep { program: program.clone(), numprocs, groups: specs }).await?;
            info!(self.shared().log, "scaled {program} from {before} to {} processes", numprocs.count);
        } else {
            self.want_as(&program, earlier).await;
        }
        let (before, count, written) =
            (clipped(before), clipped(numprocs.count), clipped(numprocs.written));
        Ok(ScaleInfo { name: program, before, count, numprocs: written, applied, groups: done? })
    }

    /// Carries the changes out, group by group.
    async fn apply(&self, changes: &[Change]) -> Result<Vec<GroupUpdate>, Fault> {
        let mut groups = Vec::with_capacity(changes.len());
        for change in changes {
            let name = change.old.name.to_string();
            let group = self.group(&name)?;
            let answer = GroupUpdate { name, divisible: true, ..GroupUpdate::default() };
            groups.push(self.carry_out(change.clone(), &group, answer).await?);
        }
        Ok(groups)
    }

    /// Keeps that a program shall have so many, for the next daemon as well; what was kept of it before.
    async fn want(&self, program: &str, numprocs: Numprocs) -> Result<Option<Scaled>, Fault> {
        let arena = &self.shared().arena;
        let by = act::asked().to_string();
        let scaled = Scaled { numprocs, since_ms: clock::wall_ms(), by };
        let mut earlier = None;
        let change = |desired: &mut Desired| {
            earlier = desired.scale_of(program).cloned();
            let is_new = earlier.as_ref().is_none_or(|earlier| earlier.numprocs != numprocs);
            if numprocs.count == numprocs.written {
                desired.scale(program, None);
            } else if is_new {
                desired.scale(program, Some(scaled));
            }
        };
        desire::change(arena, change).await?;
        Ok(earlier)
    }

    /// It has not come to that.
    async fn want_as(&self, program: &str, earlier: Option<Scaled>) {
        let change = |desired: &mut Desired| desired.scale(program, earlier);
        if let Err(fault) = desire::note(&self.shared().arena, change).await {
            warn!(self.shared().log, "{fault}");
        }
    }
}

/// Fewer than none are none.
fn clipped(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}
