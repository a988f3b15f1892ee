//! Instances of templates: made on request, and taken out when they are down for good.
//!
//! ```text
//! Spawn ─► arguments fit? room? ─► estate (blocking pool) ─► arena ─► Group: another program ─► its name
//! Dismiss ─► arena ─► Group: one less
//! ```
//!
//! What is spawned is part of the active group and not of the configuration: an update that changes the template, and
//! a restart of the daemon, lose it, as OTP loses dynamic children. Absent: starting what was made (a command like any
//! other, which whoever spawns gives next).

use super::Root;
use crate::estate::{GroupEstate, Mood};
use crate::group;
use actix::{ActorFutureExt, Handler, Message, ResponseActFuture, WrapFuture};
use std::collections::BTreeMap;
use std::sync::Arc;
use treeherd_domain::cause::Asked;
use treeherd_domain::event::EventKind;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::Namespec;
use treeherd_domain::spec::GroupSpec;
use treeherd_domain::template::{self, GrowError};

/// Make an instance of a template. It is not started yet.
#[derive(Message, Debug)]
#[rtype(result = "Result<Namespec, Fault>")]
pub struct Spawn {
    /// The template.
    pub template: String,
    /// Its arguments.
    pub args: BTreeMap<String, String>,
    /// Who asks.
    pub by: Arc<Asked>,
}

/// An instance is down for good: take it out.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Dismiss(pub Namespec);

impl Root {
    /// The active group with one process more, and the full name of that.
    fn with_instance(&self, spawn: &Spawn) -> Result<(Arc<GroupEstate>, Arc<GroupSpec>, Namespec), Fault> {
        if self.shared.arena.mood() != Mood::Running {
            return Err(Fault::ShutdownState);
        }
        let group = self.shared.arena.group(&spawn.template);
        let group = group.ok_or_else(|| Fault::GroupNotFound(spawn.template.clone()))?;
        let number = || self.shared.arena.grove.next_instance(group.name());
        match template::grown(&group.spec, &spawn.args, number) {
            Ok((spec, namespec)) => Ok((group, Arc::new(spec), namespec)),
            Err(full @ GrowError::Full(..)) => Err(Fault::Failed(full.to_string())),
            Err(error) => Err(Fault::BadArguments(error.to_string())),
        }
    }

    /// Has the active group this definition from now on. `false` if it is another one meanwhile.
    fn take_over(&self, old: &Arc<GroupEstate>, new: Arc<GroupEstate>, by: Option<Arc<Asked>>) -> bool {
        let by = by.or_else(|| self.shared.arena.changed_by(old.name()));
        if !self.shared.arena.replace(old, Arc::clone(&new), by) {
            return false;
        }
        self.shared.plant();
        if let Some(group) = self.group(old.name()) {
            group.do_send(group::Reshape(new));
        }
        self.shared.announce(EventKind::GroupChanged(old.name().clone()));
        true
    }
}

impl Handler<Spawn> for Root {
    type Result = ResponseActFuture<Self, Result<Namespec, Fault>>;

    fn handle(&mut self, spawn: Spawn, _: &mut Self::Context) -> Self::Result {
        let made = self.with_instance(&spawn);
        let settings = self.shared.log_settings.clone();
        let made = async move {
            let (old, spec, namespec) = made?;
            let before = Arc::clone(&old);
            let new = super::update::apart(move || before.reshaped(&spec, &settings)).await?;
            Ok((old, new, namespec))
        };
        Box::pin(made.into_actor(self).map(move |made: Result<_, Fault>, actor, _| {
            let (old, new, namespec) = made?;
            if actor.shared.arena.mood() != Mood::Running {
                return Err(Fault::ShutdownState);
            }
            // somebody else spawned at the same time: what was made is put to what there is now
            let current = actor.shared.arena.group(old.name().as_str());
            let current = current.ok_or_else(|| Fault::GroupNotFound(old.name().to_string()))?;
            template::room(&current.spec).map_err(|full| Fault::Failed(full.to_string()))?;
            let estate = new.estate(&namespec.process).cloned();
            let grown = estate.and_then(|estate| current.with(&estate));
            let grown = grown
                .ok_or_else(|| Fault::Failed(format!("{} changed meanwhile; try again", old.name())))?;
            match actor.take_over(&current, grown, Some(spawn.by)) {
                true => Ok(namespec),
                false => Err(Fault::Failed(format!("{} changed meanwhile; try again", old.name()))),
            }
        }))
    }
}

impl Handler<Dismiss> for Root {
    type Result = ();

    fn handle(&mut self, Dismiss(namespec): Dismiss, _: &mut Self::Context) {
        let Some(group) = self.shared.arena.group(namespec.group.as_str()) else { return };
        let is_over = group.estate(&namespec.process).is_some_and(|estate| estate.is_down());
        if is_over && group.is_template() {
            let less = group.without(&namespec.process);
            self.take_over(&group, less, None);
        }
    }
}
