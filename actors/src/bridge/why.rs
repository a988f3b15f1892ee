//! `process.explain` and `process.history`: why processes are as they are, from what their estates keep.
//!
//! Nobody is asked: everything is read from the estates, one after the other, each for a moment. Absent: the chain
//! itself, which is worked out by `treeherd_domain::cause`.

use super::Bridge;
use crate::clock;
use crate::estate::{Arena, Estate};
use std::time::Duration;
use treeherd_domain::cause::{Explanation, InGroup, Subject, Waited, explain};
use treeherd_domain::depend::Target;
use treeherd_domain::depend::gate::Missing;
use treeherd_domain::fault::Fault;
use treeherd_domain::group::{ChildId, Outlook};
use treeherd_domain::lifecycle::{Policy, State};
use treeherd_domain::name::Namespec;
use treeherd_os::clock::local_time;
use treeherd_rpc::wire::{EntryInfo, ExplanationInfo, Explanations, Histories, HistoryInfo, Selectors};

/// Which entries of a history are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// At most so many, the newest.
    pub(super) limit: Option<u32>,
    /// Only those with a higher number.
    pub(super) since: Option<u64>,
    /// Only those that are not older.
    pub(super) within: Option<Duration>,
}

impl Bridge {
    /// An estate as its explanation needs it.
    fn subject(&self, estate: &Estate) -> Subject {
        let arena = &self.shared().arena;
        let requires = estate.spec.depend.requires.iter().flat_map(|on| processes(arena, &on.on)).collect();
        let on = estate.spec.depend.requires.iter().map(|requirement| &requirement.on);
        let probes = on.filter_map(probe_of).filter_map(|name| arena.probe_history(name)).collect();
        let (subject, missing) = {
            let record = estate.record();
            let subject = Subject {
                namespec: estate.namespec.clone(),
                state: record.machine.state(),
                // where its group starts it again, the machine knows of no autorestart
                policy: Policy { autorestart: estate.spec.autorestart, ..estate.policy.clone() },
                autostart: estate.spec.autostart,
                disabled: record.disabled,
                pid: record.process.as_ref().map_or(0, treeherd_os::process::Process::pid),
                incarnation: record.incarnation,
                born: record.signs.born,
                killed: record.signs.killed,
                history: record.history.clone(),
                group: None,
                requires,
                probes,
                says: record.vitals.status().map(Into::into),
                waits_for: Vec::new(),
            };
            (subject, record.gate.missing.clone())
        };
        // another estate is looked into only when this one is let go
        let is_waiting = matches!(subject.state, State::Waiting { .. });
        let waits_for = missing.iter().filter(|_| is_waiting).map(|missing| waited(arena, missing));
        let group = self.in_group(&subject.namespec);
        let turn = group.iter().flat_map(|group| self.first(&group.outlook, &subject.namespec));
        Subject { waits_for: waits_for.chain(turn).collect(), group, ..subject }
    }

    /// A process in the eyes of its groups.
    fn in_group(&self, process: &Namespec) -> Option<InGroup> {
        let grove = &self.shared().arena.grove;
        if !grove.is_planted() {
            return None;
        }
        let trees = grove.trees();
        let outlook = trees.forest.outlook(process)?;
        let of = match &outlook {
            Outlook::Rests { group: Some(group), .. } => group,
            _ => &process.group,
        };
        let acted = trees.reasons.get(of).cloned();
        Some(InGroup { outlook, acted })
    }

    /// Those whose turn is before that of a process.
    fn first(&self, outlook: &Outlook, process: &Namespec) -> Vec<Waited> {
        let Outlook::InTurn { first, of, down } = outlook else { return Vec::new() };
        let arena = &self.shared().arena;
        let waits = |name: &Namespec| {
            arena
                .estate(name)
                .is_some_and(|estate| if *down { !estate.is_down() } else { !estate.is_there() })
        };
        let waited = |child: &ChildId| {
            let on = match child {
                ChildId::Process(name) => Target::Process(Namespec::new(
                    of.clone().unwrap_or_else(|| process.group.clone()),
                    name.clone(),
                )),
                ChildId::Group(group) => Target::Group(group.clone()),
            };
            let mut processes = processes(arena, &on);
            processes.retain(|name| waits(name) && name != process);
            Waited { what: on.to_string().into(), processes, probe: None }
        };
        first.iter().map(waited).collect()
    }
}

/// What is missing, and who of it.
fn waited(arena: &Arena, missing: &Missing) -> Waited {
    let is_there = |name: &Namespec| arena.estate(name).is_some_and(|estate| estate.is_there());
    let mut processes = processes(arena, &missing.on);
    processes.retain(|name| !is_there(name));
    Waited { what: missing.to_string().into(), processes, probe: probe_of(&missing.on).map(Into::into) }
}

/// The probe that a requirement is about.
fn probe_of(on: &Target) -> Option<&str> {
    match on {
        Target::Probe(name) => Some(name),
        Target::Process(_) | Target::Group(_) => None,
    }
}

/// The processes that a requirement is about.
fn processes(arena: &Arena, on: &Target) -> Vec<Namespec> {
    match on {
        Target::Process(namespec) => vec![namespec.clone()],
        Target::Group(group) => {
            let group = arena.group(group.as_str());
            group.iter().flat_map(|group| &group.estates).map(|estate| estate.namespec.clone()).collect()
        }
        Target::Probe(_) => Vec::new(),
    }
}

impl Bridge {
    /// Why a process is as it is, in lines for people.
    pub(super) fn explain(&self, estate: &Estate) -> (Explanation, Vec<String>) {
        let others = |name: &Namespec| self.shared().arena.estate(name).map(|estate| self.subject(&estate));
        let explanation = explain(&self.subject(estate), &others, clock::now());
        let lines = explanation.lines(&local_time, clock::wall_ms());
        (explanation, lines)
    }

    pub(super) fn explanations(&self, selectors: &Selectors) -> Result<Explanations, Fault> {
        let seq = self.shared().arena.seq();
        let explained = |estate: &_| {
            let (explanation, lines) = self.explain(estate);
            ExplanationInfo::new(&explanation, lines)
        };
        let items = self.select(selectors)?.iter().map(|estate| explained(estate)).collect();
        Ok(Explanations { items, seq })
    }

    pub(super) fn histories(&self, selectors: &Selectors, span: Span) -> Result<Histories, Fault> {
        let seq = self.shared().arena.seq();
        let items = self.select(selectors)?.iter().map(|estate| history(estate, span)).collect();
        Ok(Histories { items, seq })
    }
}

fn history(estate: &Estate, Span { limit, since, within }: Span) -> HistoryInfo {
    let (now, most) =
        (clock::now(), limit.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)));
    let record = estate.record();
    let is_new = |at| within.is_none_or(|within| now.saturating_duration_since(at) <= within);
    let wanted = record.history.entries().rev();
    let wanted = wanted.take_while(|entry| since.is_none_or(|since| entry.seq > since) && is_new(entry.at));
    let mut entries: Vec<EntryInfo> = wanted.take(most).map(EntryInfo::from).collect();
    entries.reverse();
    HistoryInfo {
        name: estate.namespec.process.to_string(),
        group: estate.namespec.group.to_string(),
        dropped: record.history.dropped(),
        entries,
    }
}
