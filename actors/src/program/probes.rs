//! The probes of a program: its children that find out about readiness and health, for as long as there is something
//! to find out.

use super::Program;
use crate::clock;
use crate::probe::{Probe, Task};
use crate::rotator::Crash;
use crate::shared::Slot;
use crate::supervision::children::{ChildInfo, Children, Start, Verdict};
use crate::supervision::guard;
use crate::supervision::link::{Down, Link, Round};
use actix::{Addr, AsyncContext, Context};
use std::collections::HashMap;
use std::sync::Arc;
use treeherd_domain::health::{Check, Side};
use treeherd_domain::strategy::{Restart, Strategy};

/// The probes that run now, and those that have run; most programs never have any.
#[derive(Debug, Default)]
pub(super) struct Probes(Option<Box<Kept>>);

#[derive(Debug)]
struct Kept {
    running: HashMap<String, Arc<Slot<Addr<Probe>>>>,
    children: Children,
}

impl Kept {
    fn new(context: &Context<Program>, link: &Link) -> Self {
        let up = context.address().downgrade().recipient();
        let children = Children::new(up, link.clone(), Strategy::OneForOne, super::INTENSITY);
        Self { running: HashMap::new(), children }
    }
}

impl Probes {
    /// Ends all of them, and what they are about to ask.
    pub(super) fn end(&mut self) {
        self.keep(&[]);
    }

    fn keep(&mut self, wanted: &[(String, Task)]) {
        let Some(Kept { running, children }) = self.0.as_deref_mut() else { return };
        let gone = |name: &&String| !wanted.iter().any(|(w, _)| w == *name);
        let gone: Vec<String> = running.keys().filter(gone).cloned().collect();
        for name in gone {
            running.remove(&name);
            children.forget(&name);
        }
    }

    fn runs(&self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|kept| kept.running.contains_key(name))
    }

    pub(super) fn down(&mut self, down: &Down) -> Verdict {
        self.0.as_mut().map_or(Verdict::Stale, |kept| kept.children.down(down, clock::now()))
    }

    pub(super) fn knock(&self, round: &Round) -> Vec<ChildInfo> {
        self.0.as_ref().map_or_else(Vec::new, |kept| kept.children.knock(round))
    }

    /// Ends a probe by a bug; whether there is one of that name.
    pub(super) fn strike(&self, name: &str, how: Crash) -> bool {
        let slot = self.0.as_ref().and_then(|kept| kept.running.get(name));
        slot.and_then(|slot| slot.get()).inspect(|address| address.do_send(how)).is_some()
    }
}

impl Program {
    /// Sees to it that what is to be found out now is asked or listened for, and nothing else.
    pub(super) fn start_probes(&mut self, context: &mut Context<Self>) {
        let wanted = self.wanted_probes();
        self.probes.keep(&wanted);
        for (name, task) in wanted {
            if self.probes.runs(&name) {
                continue;
            }
            if let Task::Ask(side) = task {
                self.estate.record().vitals.ask_again(side, clock::now());
            }
            let slot: Arc<Slot<Addr<Probe>>> = Arc::default();
            let (estate, shared) = (Arc::clone(&self.estate), Arc::clone(&self.shared));
            let program = context.address().downgrade();
            let incarnation = self.estate.record().incarnation;
            let its = Arc::clone(&slot);
            let start: Start = Box::new(move |link| {
                let (estate, shared, program) = (Arc::clone(&estate), Arc::clone(&shared), program.clone());
                let address = guard::start(link, move |_, link| {
                    Probe::new(task, estate, shared, program, incarnation, link)
                });
                its.set(address.clone());
                address.recipient()
            });
            let kept = self.probes.0.get_or_insert_with(|| Box::new(Kept::new(context, &self.link)));
            kept.running.insert(name.clone(), slot);
            kept.children.start(name, Restart::Permanent, start);
        }
        self.beat(context);
    }

    /// The probes that there must be, with their names in the tree.
    fn wanted_probes(&self) -> Vec<(String, Task)> {
        let record = self.estate.record();
        let vitals = &record.vitals;
        if record.process.is_none() || vitals.is_plain() || !vitals.is_watched() {
            return Vec::new();
        }
        let is_ready = vitals.readiness().is_ready();
        let mut wanted = Vec::new();
        for side in Side::BOTH {
            let is_its_time = (side == Side::Ready) != is_ready;
            match vitals.check(side) {
                Some(check) if check.is_asked() && is_its_time => wanted.push((of(side), Task::Ask(side))),
                Some(Check::Log(_)) if is_its_time => wanted.push((of(side), Task::Lines(side))),
                _ => {}
            }
        }
        if record.told.line.is_some() {
            wanted.push(("probe:fd".to_owned(), Task::Line));
        }
        if record.told.socket.is_some() {
            wanted.push(("probe:notify".to_owned(), Task::Notify));
        }
        wanted
    }

    /// A child is down: a rotator, or a probe, whose question is asked anew then.
    pub(super) fn child_down(&mut self, down: &Down) -> Verdict {
        if !down.child.starts_with("probe:") {
            return self.streams.down(down);
        }
        for side in Side::BOTH.into_iter().filter(|side| *down.child == of(*side)) {
            self.estate.record().vitals.ask_again(side, clock::now());
        }
        self.probes.down(down)
    }
}

fn of(side: Side) -> String {
    format!("probe:{}", side.as_str())
}
