//! Reading the configuration anew, and making groups active and inactive.
//!
//! ```text
//! Reread ─► load (blocking pool) ─► Plan between the active groups and the file; the file is kept
//! Add    ─► estates (blocking pool: AUTO files) ─► arena ─► Group actor
//! Remove ─► all stopped? ─► Group actor ends ─► arena
//! Reshape ─► estates of what is new and what is changed ─► arena ─► Group actor ─► Program actors
//! ```

use super::Root;
use super::scale::Kept;
use crate::desire;
use crate::estate::{Estate, GroupEstate, Mood};
use crate::group;
use crate::shared::Shared;
use crate::sockets::probe;
use crate::supervision::link::Bid;
use actix::{ActorFutureExt, Handler, Message, ResponseActFuture, WrapFuture};
use slog::{info, warn};
use std::sync::Arc;
use treeherd_domain::cause::Asked;
use treeherd_domain::desired::Desired;
use treeherd_domain::event::EventKind;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::GroupName;
use treeherd_domain::plan::{Action, Change, Plan, Unit};
use treeherd_domain::scale::fitting;
use treeherd_domain::spec::Config;

/// Read the configuration; with `keep`, it is what `Add` takes its groups from.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "Result<Plan, Fault>")]
pub struct Reread {
    /// Whether the file read is kept (`reread`) or only looked at (`config.plan`).
    pub keep: bool,
}

/// Make a configured group active.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), Fault>")]
pub struct Add {
    /// Which.
    pub name: String,
    /// Who asks.
    pub by: Arc<Asked>,
}

/// Make a stopped group inactive.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), Fault>")]
pub struct Remove(pub String);

/// Have an active group as it is configured, process by process: what goes and what restarts is down already,
/// what comes starts by its `autostart`, everything else goes on as it is.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), Fault>")]
pub struct Reshape {
    /// From what to what.
    pub change: Change,
    /// Who asks.
    pub by: Arc<Asked>,
    /// The number of processes that this is the last step to.
    pub kept: Option<Kept>,
}

/// Runs something that blocks away from the tree's thread.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Fault::Failed(format!("an internal task failed: {error}")))
}

fn plan(shared: &Shared, config: &Config) -> Plan {
    let active: Vec<_> = shared.arena.by_priority().iter().map(|group| Arc::clone(&group.spec)).collect();
    // probes are as the file said that was read last
    let plan = Plan::between(&active, &config.groups);
    let plan = plan.with_probes(&shared.arena.config().probes, &config.probes);
    plan.with_daemon(shared.arena.started(), config)
}

/// Tells what the daemon has read and does not take over while it runs.
fn tell_held_back(shared: &Shared, plan: &Plan, config: &Config) {
    for what in plan.held_back() {
        warn!(shared.log, "{what}, and taken over once the daemon is started anew (reload)");
    }
    let (old, new) = (&shared.arena.started().daemon.state_file, &config.daemon.state_file);
    if old != new {
        let (old, new) = (old.display(), new.display());
        warn!(
            shared.log,
            "what is disabled and scaled is kept in {old} until then, and looked for in {new} after that: move the file before"
        );
    }
}

impl Handler<Reread> for Root {
    type Result = ResponseActFuture<Self, Result<Plan, Fault>>;

    fn handle(&mut self, Reread { keep }: Reread, _: &mut Self::Context) -> Self::Result {
        let (load, arena) = (Arc::clone(&self.household.load), Arc::clone(&self.shared.arena));
        let loaded = async move {
            loop {
                let (load, programs) = (Arc::clone(&load), arena.programs());
                let scaled = programs.clone();
                let loaded = apart(move || fitting(&programs, |programs| load(programs))).await;
                // something was scaled while the file was read
                if arena.programs() == scaled {
                    return loaded.and_then(|loaded| loaded);
                }
            }
        };
        let taken = loaded.into_actor(self).map(move |loaded, actor, _| {
            let (config, misfits) = loaded?;
            let config = Arc::new(config);
            let plan = plan(&actor.shared, &config);
            if keep {
                tell_held_back(&actor.shared, &plan, &config);
                actor.shared.arena.set_config(config);
                actor.settle_probes();
                actor.shared.arena.settle_sockets();
            }
            Ok((plan, misfits))
        });
        Box::pin(taken.then(move |taken, actor, _| {
            let shared = Arc::clone(&actor.shared);
            let settled = async move {
                let (plan, misfits) = taken?;
                if keep {
                    settle(&shared, misfits).await;
                }
                Ok(plan)
            };
            settled.into_actor(actor)
        }))
    }
}

/// The file that was read may have the last word on a number of processes that somebody asked for.
async fn settle(shared: &Shared, misfits: Vec<(String, Fault)>) {
    let (arena, log) = (&shared.arena, &shared.log);
    let read = arena.config();
    let change = |desired: &mut Desired| {
        for (program, scaled) in desired.settle(&read.programs) {
            info!(log, "{}", scaled.over(&program));
        }
        for (program, fault) in misfits {
            warn!(log, "{}", desired.forget_misfit(&program, &fault));
        }
    };
    if let Err(fault) = desire::note(arena, change).await {
        warn!(log, "{fault}");
    }
}

impl Handler<Add> for Root {
    type Result = ResponseActFuture<Self, Result<(), Fault>>;

    fn handle(&mut self, Add { name, by }: Add, _: &mut Self::Context) -> Self::Result {
        let group = GroupName::new(&name);
        let shared = Arc::clone(&self.shared);
        let made = async move {
            let config = shared.arena.config();
            let spec = config.group(&group).cloned().ok_or(Fault::GroupNotFound(name))?;
            if shared.arena.group(group.as_str()).is_some() {
                return Err(Fault::AlreadyAdded(group));
            }
            let (settings, shared) = (shared.log_settings.clone(), Arc::clone(&shared));
            let make = move || {
                for socket in spec.fcgi_sockets() {
                    probe(socket, &settings.log)
                        .map_err(|(message, hint)| Fault::Failed(format!("{message}; {hint}")))?;
                }
                shared.arena.prepare_sockets(&spec, &settings.log);
                Ok(GroupEstate::new(&spec, &settings))
            };
            apart(make).await.and_then(|made| made)
        };
        Box::pin(made.into_actor(self).map(|made, actor, _| {
            let estate = made?;
            if actor.shared.arena.mood() != Mood::Running {
                return Err(Fault::ShutdownState);
            }
            if !actor.shared.arena.add_for(Arc::clone(&estate), Some(by)) {
                return Err(Fault::AlreadyAdded(estate.name().clone()));
            }
            actor.shared.arena.settle_sockets();
            actor.shared.arena.listen(&estate);
            actor.shared.announce(EventKind::GroupAdded(estate.name().clone()));
            actor.shared.tune();
            actor.shared.plant();
            actor.start_group(&estate);
            actor.shared.start_groups();
            actor.shared.nudges.group(estate.name());
            Ok(())
        }))
    }
}

impl Handler<Reshape> for Root {
    type Result = ResponseActFuture<Self, Result<(), Fault>>;

    fn handle(&mut self, Reshape { change, by, kept }: Reshape, _: &mut Self::Context) -> Self::Result {
        let shared = Arc::clone(&self.shared);
        let made = async move {
            let name = &change.new.name;
            let old = shared.arena.group(name.as_str());
            let old = old.ok_or_else(|| Fault::GroupNotFound(name.to_string()))?;
            if old.spec != change.old {
                return Err(meanwhile(name));
            }
            let (settings, before) = (shared.log_settings.clone(), Arc::clone(&old));
            let (spec, shared) = (Arc::clone(&change.new), Arc::clone(&shared));
            let make = move || {
                shared.arena.prepare_sockets(&spec, &settings.log);
                before.reshaped(&spec, &settings)
            };
            let new = apart(make).await?;
            Ok((change, old, new))
        };
        Box::pin(made.into_actor(self).map(move |made, actor, _| {
            let (change, old, new) = made?;
            if actor.shared.arena.mood() != Mood::Running {
                return Err(Fault::ShutdownState);
            }
            if !must_be_down(&change, &old).all(|estate| estate.is_down()) {
                return Err(Fault::StillRunning(old.name().clone()));
            }
            if !actor.shared.arena.replace(&old, Arc::clone(&new), Some(by)) {
                return Err(meanwhile(old.name()));
            }
            if let Some(kept) = kept {
                kept.keep(&actor.shared.arena);
            }
            actor.shared.arena.settle_sockets();
            actor.shared.plant();
            actor.shared.adopt(&new);
            if let Some(group) = actor.group(old.name()) {
                group.do_send(group::Reshape(new));
            }
            actor.shared.announce(EventKind::GroupChanged(old.name().clone()));
            actor.shared.nudges.group(old.name());
            Ok(())
        }))
    }
}

/// What of a group cannot be reshaped while it is up.
fn must_be_down<'a>(change: &Change, old: &'a GroupEstate) -> impl Iterator<Item = &'a Arc<Estate>> {
    let steps = change.steps(Unit::Process).processes.into_iter();
    let ends = steps.filter(|step| matches!(step.action, Action::Remove | Action::Restart));
    ends.filter_map(|step| old.estate(&step.namespec.process))
}

fn meanwhile(name: &GroupName) -> Fault {
    Fault::Failed(format!("{name} was changed by somebody else meanwhile"))
}

impl Handler<Remove> for Root {
    type Result = Result<(), Fault>;

    fn handle(&mut self, Remove(name): Remove, _: &mut Self::Context) -> Self::Result {
        let Some(estate) = self.shared.arena.group(&name) else {
            return Err(Fault::GroupNotFound(name));
        };
        if !estate.estates.iter().all(|e| e.record().machine.state().is_down()) {
            return Err(Fault::StillRunning(estate.name().clone()));
        }
        let removed = self.shared.arena.remove(&name);
        self.shared.plant();
        self.shared.arena.settle_sockets();
        if let Some(group) = self.groups.remove(estate.name()).and_then(|slot| slot.get()) {
            group.do_send(Bid::Stop);
        }
        self.children.forget(&format!("group:{name}"));
        let seq = self.shared.announce(EventKind::GroupRemoved(estate.name().clone()));
        if let Some(group) = removed {
            self.shared.arena.keep_past(&group, seq);
        }
        self.shared.nudges.group(estate.name());
        Ok(())
    }
}
