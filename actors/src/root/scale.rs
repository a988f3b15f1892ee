//! Another number of processes for one program: what that changes, and keeping it.
//!
//! ```text
//! Rescale ─► the file as it is, and the file with the other number ─► the groups that differ
//!                │ a group that runs is not what the file says: refused, the file has more to say than the number
//! Reshape ─► of the last of them: carried out and kept in one turn (`update`)
//!                └─► the number and all these groups are part of the configuration read last: a reread finds nothing
//! ```
//!
//! The number stands in the configuration in the arena, so no end of an actor forgets it; and it is there when the last group
//! is as it shall be, or neither is so: no end of the root comes between. Absent: carrying it out, which
//! is an update by process, and keeping it for the next daemon (both the bridge's).

use super::Root;
use super::update::apart;
use crate::estate::Arena;
use actix::{Handler, Message, ResponseFuture};
use std::sync::Arc;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::GroupName;
use treeherd_domain::plan::Change;
use treeherd_domain::scale::{Numprocs, fitting};
use treeherd_domain::spec::{Config, GroupKind, GroupSpec};

/// Tell what another number of processes of a program changes.
#[derive(Message, Debug)]
#[rtype(result = "Result<Rescaled, Fault>")]
pub struct Rescale {
    /// `x` of `[program:x]`.
    pub program: String,
    /// How many there shall be; `None`: as many as the file says.
    pub count: Option<u32>,
}

/// What it changes.
#[derive(Clone, Debug)]
pub struct Rescaled {
    /// How many there are.
    pub before: i64,
    /// How many there shall be, and how many the file says.
    pub numprocs: Numprocs,
    /// The groups that have the program, as they run and as they shall.
    pub changes: Vec<Change>,
}

/// What the configuration that was read last has of it from then on.
#[derive(Debug)]
pub struct Kept {
    /// Which program.
    pub program: String,
    /// How many it has.
    pub numprocs: Numprocs,
    /// Its groups as they are now.
    pub groups: Vec<Arc<GroupSpec>>,
}

impl Handler<Rescale> for Root {
    type Result = ResponseFuture<Result<Rescaled, Fault>>;

    fn handle(&mut self, Rescale { program, count }: Rescale, _: &mut Self::Context) -> Self::Result {
        let (load, arena) = (Arc::clone(&self.household.load), Arc::clone(&self.shared.arena));
        Box::pin(async move {
            let programs = arena.programs();
            let loaded = apart(move || {
                let (now, _) = fitting(&programs, |programs| load(programs))?;
                let Some(before) = now.programs.get(&program).copied() else {
                    return Err(unknown(&program, &now));
                };
                let as_written = Numprocs::as_written(before.written);
                let numprocs =
                    count.map_or(as_written, |count| Numprocs { count: i64::from(count), ..before });
                let mut programs = now.programs.clone();
                programs.insert(program.clone(), numprocs);
                let then = load(&programs).map_err(|fault| misfit(&program, numprocs, fault))?;
                Ok((then, now, before, numprocs))
            });
            let (then, now, before, numprocs) = loaded.await.and_then(|loaded| loaded)?;
            let mut changes = Vec::new();
            for (old, new) in differing(&now, &then) {
                let Some(active) = arena.group(old.name.as_str()) else {
                    return Err(Fault::Failed(format!("{} is not active: add it first", old.name)));
                };
                if !active.spec.runs_as(old) {
                    let name = &old.name;
                    return Err(Fault::Failed(format!(
                        "{name} does not run as the configuration file says: update {name} first, then scale"
                    )));
                }
                changes.push(Change { old: Arc::clone(&active.spec), new: Arc::clone(new) });
            }
            Ok(Rescaled { before: before.count, numprocs, changes })
        })
    }
}

/// Why a name is not that of a program that can be scaled.
fn unknown(program: &str, config: &Config) -> Fault {
    let group = config.group(&GroupName::new(program)).map(|group| &group.kind);
    let known: Vec<&str> = config.programs.keys().map(String::as_str).collect();
    let why = match group {
        Some(GroupKind::Template(_)) => format!(
            "[template:{program}] has no number of processes: `supervisorctl spawn {program} ...` makes one more"
        ),
        Some(GroupKind::Listener(_)) => format!("[eventlistener:{program}] has the number of its file"),
        Some(GroupKind::Subscriber(_)) => format!("[subscriber:{program}] has the number of its file"),
        Some(GroupKind::Fcgi) => format!("[fcgi-program:{program}] has the number of its file"),
        _ => format!(
            "there is no [program:{program}] in the configuration file; the name of a program is meant, not that of a \
             group or a process: {}",
            if known.is_empty() { "there are none".to_owned() } else { known.join(", ") }
        ),
    };
    Fault::BadArguments(why)
}

/// The configuration is right, and with this number it is not.
fn misfit(program: &str, numprocs: Numprocs, fault: Fault) -> Fault {
    match fault {
        Fault::CantReread { message, .. } => Fault::BadArguments(format!(
            "[program:{program}] cannot have {} processes: {message}",
            numprocs.count
        )),
        fault => fault,
    }
}

/// The groups that are another by the second configuration.
fn differing<'a>(
    now: &'a Config,
    then: &'a Config,
) -> impl Iterator<Item = (&'a Arc<GroupSpec>, &'a Arc<GroupSpec>)> {
    let pairs = now.groups.iter().filter_map(|old| Some((old, then.group(&old.name)?)));
    pairs.filter(|(old, new)| old != new)
}

impl Kept {
    /// Puts it there.
    pub(super) fn keep(self, arena: &Arena) {
        let mut config = Config::clone(&arena.config());
        config.programs.insert(self.program, self.numprocs);
        for new in self.groups {
            if let Some(place) = config.groups.iter_mut().find(|group| group.name == new.name) {
                *place = new;
            }
        }
        arena.set_config(Arc::new(config));
    }
}
