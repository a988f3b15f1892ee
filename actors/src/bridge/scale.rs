//! `process.scale`: another number of processes for a program, by which only the difference is touched; and
//! `process.programs`, how many each has.
//!
//! ```text
//! Rescale ─► what it changes ─► the desired state (file, arena) ─► updates by process; the last of them keeps the number
//!                                 `─ cannot be kept: refused       `─ not all of it: the desired state is as before
//! ```
//!
//! Whoever asks is told that it is done if and only if the daemon's next start finds the number.

use super::{Bridge, act};
use crate::clock;
use crate::desire;
use crate::root::scale::{Kept, Rescale, Rescaled};
use slog::{info, warn};
use std::sync::Arc;
use treeherd_domain::desired::{Desired, Scaled};
use treeherd_domain::fault::{Fault, plain};
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
        let done = self.apply(&program, numprocs, &changes).await;
        let applied = done.as_ref().is_ok_and(|groups| groups.iter().all(|group| group.applied));
        if applied {
            info!(self.shared().log, "scaled {program} from {before} to {} processes", numprocs.count);
        } else {
            self.take_back(&program, numprocs, earlier, done.as_ref().err()).await?;
        }
        let (before, count, written) =
            (clipped(before), clipped(numprocs.count), clipped(numprocs.written));
        Ok(ScaleInfo { name: program, before, count, numprocs: written, applied, groups: done? })
    }

    /// Carries the changes out, group by group, and no further than one that fails. The last one is carried out and kept at
    /// once: what is told of it is what there is, whichever actor ends by a bug on the way.
    async fn apply(
        &self,
        program: &str,
        numprocs: Numprocs,
        changes: &[Change],
    ) -> Result<Vec<GroupUpdate>, Fault> {
        let mut groups: Vec<GroupUpdate> = Vec::with_capacity(changes.len());
        for (at, change) in changes.iter().enumerate() {
            let name = change.old.name.to_string();
            let group = self.group(&name)?;
            let answer = GroupUpdate { name, divisible: true, ..GroupUpdate::default() };
            let kept = (at + 1 == changes.len()).then(|| Kept {
                program: program.to_owned(),
                numprocs,
                groups: changes.iter().map(|change| Arc::clone(&change.new)).collect(),
            });
            let done = self.carry_out(change.clone(), &group, answer, kept).await;
            groups.push(done.map_err(|fault| midway(&groups, fault))?);
            if groups.last().is_some_and(|group| !group.applied) {
                break;
            }
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

    /// It has not come to that, and the next daemon shall not think so. What cannot be taken back is told.
    async fn take_back(
        &self,
        program: &str,
        numprocs: Numprocs,
        earlier: Option<Scaled>,
        why: Option<&Fault>,
    ) -> Result<(), Fault> {
        let change = |desired: &mut Desired| desired.scale(program, earlier);
        let Err(unkept) = desire::note(&self.shared().arena, change).await else { return Ok(()) };
        let why = why.map_or_else(String::new, |why| format!(" ({})", plain(&why.to_string())));
        let fault = Fault::Failed(format!(
            "{program} is not scaled{why}, and would be by the daemon's next start, which finds {} processes in its state \
             file: scale it again once that can be written, to what it is to have; {}",
            numprocs.count,
            plain(&unkept.to_string())
        ));
        warn!(self.shared().log, "{fault}");
        Err(fault)
    }
}

/// Why a change of several groups ended, with those that had been changed before.
fn midway(groups: &[GroupUpdate], fault: Fault) -> Fault {
    let changed = groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(" ");
    match changed.is_empty() {
        true => fault,
        false => Fault::Failed(format!(
            "{}; changed before that: {changed} (`supervisorctl update {changed}` takes it back)",
            plain(&fault.to_string())
        )),
    }
}

/// Fewer than none are none.
fn clipped(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}
