//! `requires` and `requires_restart`: read with their section, resolved when all groups are known.
//!
//! ```text
//! program sections ─► Pending (one entry a process: its words, expanded)
//!                        │  all groups are read
//!                        ▼
//!  a name means, in this order:  a group (of one process of that name: the process)
//!                                a program inside a group: all its processes
//!                                a process of whatever group
//!                                a [probe:x], which `probe:x` always means
//! ```
//!
//! Requirements of a `[group:x]` are those of each of its processes. Unknown names, and circles, are refused, those too that come
//! of the order in which a group starts. Absent:
//! what a requirement does (`domain::depend`).

use crate::doctor::known::nearest;
use crate::expand::Vars;
use crate::format::Value;
use crate::keys::{Context, Keys};
use crate::raw::RawSection;
use crate::report::{Error, Place};
use crate::value::ValueError;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use treeherd_domain::depend::graph::Graph;
use treeherd_domain::depend::parse::{CONDITIONS, Clause, clauses};
use treeherd_domain::depend::turns::{After, Wait, circle};
use treeherd_domain::depend::{Condition, OnLoss, Requirement, Target};
use treeherd_domain::group::GroupPolicy;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::quote::repr;
use treeherd_domain::spec::{Environment, GroupSpec};

/// What the processes require, by the words that are written.
#[derive(Default)]
pub(crate) struct Pending(RefCell<Vec<Entry>>);

struct Entry {
    section: String,
    namespec: Namespec,
    requires: Option<String>,
    on_loss: Option<OnLoss>,
}

impl Pending {
    /// Reads both keys of a process, with its variables in place.
    pub(crate) fn note(&self, keys: &Keys<'_>, group: &str, process: &ProcessName) {
        self.0.borrow_mut().push(Entry {
            section: keys.section.name.clone(),
            namespec: Namespec::new(GroupName::new(group), process.clone()),
            requires: keys.text("requires").map(std::borrow::Cow::into_owned),
            on_loss: keys.value("requires_restart", on_loss),
        });
    }
}

fn on_loss(text: &str) -> Result<OnLoss, ValueError> {
    OnLoss::parse(&text.to_lowercase()).ok_or_else(|| ValueError::RequiresRestart(repr(text)))
}

/// Gives each process what it requires. Errors are noted.
pub(crate) fn resolve(
    context: &Context<'_>,
    environment: &Environment,
    pending: Pending,
    groups: &mut [Arc<GroupSpec>],
    root: Option<&GroupPolicy>,
) {
    let entries = pending.0.into_inner();
    let before = context.faults.count();
    let names = Names::of(context, groups, &entries);
    let mut wanted: HashMap<Namespec, Wanted> = HashMap::new();
    for entry in &entries {
        let Some(section) = context.raw.section(&entry.section) else { continue };
        let reader = Reader { context, section, names: &names };
        let own = Wanted { all: reader.read(entry.requires.as_deref()), on_loss: entry.on_loss };
        // of processes of one name the last one counts
        wanted.insert(entry.namespec.clone(), own);
    }
    for group in groups.iter() {
        of_group(context, environment, &names, group, &mut wanted);
    }
    for group in groups.iter_mut() {
        give(group, &wanted);
    }
    refuse_health_unknown(context, groups, &wanted);
    if context.faults.count() == before {
        refuse_cycle(context, &Graph::of(groups), &wanted);
    }
    if context.faults.count() == before {
        refuse_circle_of_turns(context, groups, root, &wanted);
    }
}

/// What one process requires, and where that is written.
#[derive(Default)]
struct Wanted {
    all: Vec<(Requirement, Place)>,
    on_loss: Option<OnLoss>,
}

/// Adds what the section of a group says to each of its processes.
fn of_group(
    context: &Context<'_>,
    environment: &Environment,
    names: &Names<'_>,
    group: &GroupSpec,
    wanted: &mut HashMap<Namespec, Wanted>,
) {
    let Some(section) = context.raw.section(&format!("group:{}", group.name)) else { return };
    let vars = vec![
        ("group_name", Value::Text(group.name.as_str())),
        ("host_node_name", Value::Text(&context.world.hostname)),
    ];
    let vars = Vars::new(vars, vec![&context.world.environment, environment]);
    let keys = Keys { is_ours: true, ..Keys::new(context, section, vars) };
    let on_loss = keys.value("requires_restart", on_loss);
    let all = Reader { context, section, names }.read(keys.text("requires").as_deref());
    for process in &group.processes {
        let own = wanted.entry(group.namespec(&process.name)).or_default();
        own.on_loss = own.on_loss.or(on_loss);
        own.all.extend(all.iter().cloned());
    }
}

fn give(group: &mut Arc<GroupSpec>, wanted: &HashMap<Namespec, Wanted>) {
    let of = |group: &GroupSpec, at: usize| wanted.get(&group.namespec(&group.processes[at].name));
    for at in 0..group.processes.len() {
        let Some(own) = of(group, at).filter(|own| !own.all.is_empty() || own.on_loss.is_some()) else {
            continue;
        };
        let process = Arc::make_mut(&mut Arc::make_mut(group).processes[at]);
        process.depend.requires = own.all.iter().map(|(requirement, _)| requirement.clone()).collect();
        process.depend.on_loss = own.on_loss.unwrap_or_default();
    }
}

/// Refuses `healthy` where nothing ever finds out about it: that would be waited for in vain.
fn refuse_health_unknown(
    context: &Context<'_>,
    groups: &[Arc<GroupSpec>],
    wanted: &HashMap<Namespec, Wanted>,
) {
    let asks = |group: &GroupSpec, on: &Target| {
        let is_meant = |namespec: Namespec| match on {
            Target::Process(meant) => *meant == namespec,
            Target::Group(meant) => *meant == group.name,
            Target::Probe(_) => false,
        };
        let mut meant = group.processes.iter().filter(|process| is_meant(group.namespec(&process.name)));
        meant.find(|process| process.health.health.is_none() && process.health.watchdog.is_none()).cloned()
    };
    for (requirement, place) in wanted.values().flat_map(|own| &own.all) {
        if requirement.condition != Condition::Healthy {
            continue;
        }
        if let Some(process) = groups.iter().find_map(|group| asks(group, &requirement.on)) {
            let message = format!(
                "requires: nobody would ever know that {} is healthy, it has no health",
                process.name
            );
            let help = "write health = and a check into its section, or require ready".to_owned();
            context.faults.note_own(Error::new(message, vec![place.clone()], help));
        }
    }
}

/// Says by which requirements a process requires itself.
fn refuse_cycle(context: &Context<'_>, graph: &Graph, wanted: &HashMap<Namespec, Wanted>) {
    let Some(cycle) = graph.cycle() else { return };
    let names: Vec<String> = cycle.iter().map(|link| link.namespec.to_string()).collect();
    let places = places(wanted, cycle.iter().map(|link| (&link.namespec, link.requirement)));
    let first = &names[0];
    let message = match names.as_slice() {
        [one] => format!("{one} requires itself"),
        all => format!("processes require each other in a circle: {} -> {first}", all.join(" -> ")),
    };
    let help = "none of them could ever start: take one of these requirements out".to_owned();
    context.faults.note_own(Error::new(message, places, help));
}

/// Says which processes wait for each other because a group starts one after the other.
fn refuse_circle_of_turns(
    context: &Context<'_>,
    groups: &[Arc<GroupSpec>],
    root: Option<&GroupPolicy>,
    wanted: &HashMap<Namespec, Wanted>,
) {
    let Some(circle) = circle(groups, root) else { return };
    let others = circle.iter().cycle().skip(1).map(|wait| &wait.namespec);
    let steps = circle.iter().zip(others).map(|(Wait { namespec, after }, other)| match after {
        After::Requires(_) => format!("{namespec} requires {other}"),
        After::Turn(Some(group)) => format!("{namespec} comes after {other} in [group:{group}]"),
        After::Turn(None) => format!("{namespec} comes after {other} in the order of the groups"),
    });
    let steps: Vec<String> = steps.collect();
    let message = format!("processes wait for each other in a circle: {}", steps.join(", "));
    let places = places(
        wanted,
        circle.iter().filter_map(|Wait { namespec, after }| match after {
            After::Requires(number) => Some((namespec, *number)),
            After::Turn(_) => None,
        }),
    );
    let help = "none of them could ever start: a group under OTP's rules starts one after the other, so let what is \
                required come first, or take the requirement out"
        .to_owned();
    context.faults.note_own(Error::new(message, places, help));
}

/// Where these requirements are written, by their numbers.
fn places<'a>(
    wanted: &HashMap<Namespec, Wanted>,
    requirements: impl Iterator<Item = (&'a Namespec, usize)>,
) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (namespec, number) in requirements {
        let place = wanted.get(namespec).and_then(|own| own.all.get(number));
        places.extend(place.map(|(_, place)| place.clone()).filter(|place| !places.contains(place)));
    }
    places
}

/// What a name can mean.
struct Names<'a> {
    members: HashMap<GroupName, Vec<Namespec>>,
    programs: HashMap<&'a str, Vec<&'a Namespec>>,
    processes: HashMap<&'a str, Vec<&'a Namespec>>,
    probes: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(context: &Context<'a>, groups: &[Arc<GroupSpec>], entries: &'a [Entry]) -> Self {
        let members = |group: &Arc<GroupSpec>| {
            let all = group.processes.iter().map(|process| group.namespec(&process.name));
            (group.name.clone(), all.collect::<Vec<_>>())
        };
        let mut programs: HashMap<&str, Vec<&Namespec>> = HashMap::new();
        let mut processes: HashMap<&str, Vec<&Namespec>> = HashMap::new();
        for Entry { section, namespec, .. } in entries {
            let program = section.split_once(':').map_or(section.as_str(), |(_, name)| name.trim());
            programs.entry(program).or_default().push(namespec);
            processes.entry(namespec.process.as_str()).or_default().push(namespec);
        }
        let probes =
            context.raw.sections_with("probe:").map(|section| section.name["probe:".len()..].trim());
        Self {
            members: groups.iter().map(members).collect(),
            programs,
            processes,
            probes: probes.collect(),
        }
    }

    /// Whom a name means; else what is wrong with it, and what to do.
    fn targets(&self, name: &str) -> Result<Vec<Target>, (String, String)> {
        if let Some(probe) = name.strip_prefix("probe:") {
            return match self.probes.get(probe.trim()) {
                Some(probe) => Ok(vec![Target::Probe(Arc::from(*probe))]),
                None => Err(self.unknown(name, "probe")),
            };
        }
        match name.split_once(':') {
            Some((group, process)) => self.inside(group.trim(), process.trim(), name),
            None => self.alone(name),
        }
    }

    fn inside(&self, group: &str, process: &str, name: &str) -> Result<Vec<Target>, (String, String)> {
        let Some(members) = self.members.get(group) else { return Err(self.unknown(name, "group")) };
        if process.is_empty() || process == "*" {
            return Ok(vec![Target::Group(GroupName::new(group))]);
        }
        if let Some(found) = members.iter().find(|member| member.process.as_str() == process) {
            return Ok(vec![Target::Process(found.clone())]);
        }
        let program = self.programs.get(process).into_iter().flatten();
        let of: Vec<Target> = program
            .filter(|namespec| namespec.group.as_str() == group)
            .map(|namespec| Target::Process((*namespec).clone()))
            .collect();
        if of.is_empty() { Err(self.unknown(name, "process or condition")) } else { Ok(of) }
    }

    fn alone(&self, name: &str) -> Result<Vec<Target>, (String, String)> {
        match self.members.get(name).map(Vec::as_slice) {
            Some([one]) if one.process.as_str() == name => return Ok(vec![Target::Process(one.clone())]),
            Some(_) => return Ok(vec![Target::Group(GroupName::new(name))]),
            None => {}
        }
        if let Some(program) = self.programs.get(name) {
            return Ok(program.iter().map(|namespec| Target::Process((*namespec).clone())).collect());
        }
        match self.processes.get(name).map(Vec::as_slice) {
            Some([one]) => return Ok(vec![Target::Process((*one).clone())]),
            Some(many) => {
                let all: Vec<String> = many.iter().map(ToString::to_string).collect();
                let help = format!("write the group too: one of {}", all.join(", "));
                return Err((format!("{name} is the name of more than one process"), help));
            }
            None => {}
        }
        match self.probes.get(name) {
            Some(probe) => Ok(vec![Target::Probe(Arc::from(*probe))]),
            None => Err(self.unknown(name, "program, group or probe")),
        }
    }

    fn unknown(&self, name: &str, kind: &str) -> (String, String) {
        let message = format!("requires names {name}, but there is no such {kind}");
        let probes = self.probes.iter().map(|probe| format!("probe:{probe}"));
        let processes = self.members.values().flatten().map(ToString::to_string);
        let words = self.members.keys().map(ToString::to_string);
        let programs = self.programs.keys().map(|program| (*program).to_owned());
        let conditions = name
            .split_once(':')
            .into_iter()
            .flat_map(|(head, _)| CONDITIONS.iter().map(move |condition| format!("{head}:{condition}")));
        let all: BTreeSet<String> =
            probes.chain(processes).chain(words).chain(programs).chain(conditions).collect();
        let help = match nearest(name, all.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "name a program, a group, group:process or probe:x of this configuration".to_owned(),
        };
        (message, help)
    }
}

/// Reads `requires` of one section.
struct Reader<'a> {
    context: &'a Context<'a>,
    section: &'a RawSection,
    names: &'a Names<'a>,
}

impl Reader<'_> {
    fn read(&self, text: Option<&str>) -> Vec<(Requirement, Place)> {
        match clauses(text.unwrap_or_default()) {
            Ok(clauses) => clauses.into_iter().flat_map(|clause| self.one(&clause)).collect(),
            Err(error) => {
                self.refuse(error.word(), format!("requires: {error}"), error.help().to_owned());
                Vec::new()
            }
        }
    }

    fn one(&self, clause: &Clause<'_>) -> Vec<(Requirement, Place)> {
        let targets = match self.names.targets(clause.name) {
            Ok(targets) => targets,
            Err((message, help)) => {
                self.refuse(clause.written, message, help);
                return Vec::new();
            }
        };
        if let ([Target::Probe(probe)], Some(condition)) = (targets.as_slice(), &clause.condition) {
            let message = format!("requires: a probe is there or not, it has no condition '{condition}'");
            self.refuse(clause.written, message, format!("write probe:{probe}"));
            return Vec::new();
        }
        let place = self.place(clause.written);
        let requirement = |on| Requirement {
            on,
            condition: clause.condition.clone().unwrap_or_default(),
            soft: clause.soft,
        };
        targets.into_iter().map(|on| (requirement(on), place.clone())).collect()
    }

    fn place(&self, word: &str) -> Place {
        let span = self.context.raw.option(self.section, "requires").map_or(self.section.span, |o| o.span);
        let source = &self.context.raw.sources[span.file];
        source.place(source.within(span, word))
    }

    fn refuse(&self, word: &str, message: String, help: String) {
        let message = format!("[{}] {message}", self.section.name);
        self.context.faults.note_own(Error::new(message, vec![self.place(word)], help));
    }
}
