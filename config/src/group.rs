//! Groups: `[group:x]`, each `[program:x]` and `[fcgi-program:x]` that no group claims, each `[eventlistener:x]` and
//! `[subscriber:x]`.
//!
//! ```text
//! [group:x] programs=a,b  ->  group x: processes of a, then of b      claims a and b
//! [program:c]             ->  group c: processes of c
//! [eventlistener:e]       ->  group e: the pool and its processes
//! [subscriber:s]          ->  group s: its processes, and what they are told
//! all of them, sorted by (priority, name)
//! ```

use crate::expand::Vars;
use crate::keys::Keys;
use crate::program::{self, Shared, checked_name};
use crate::raw::{RawConfig, RawSection};
use crate::{fcgi, listener, strategy, subscriber, template, value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use treeherd_domain::group::GroupPolicy;
use treeherd_domain::name::{GroupName, ProcessName};
use treeherd_domain::spec::{GroupKind, GroupRules, GroupSpec, ProcessSpec};

/// Reads all groups. Errors are noted.
pub(crate) fn read(shared: &Shared<'_>, root: Option<&GroupPolicy>) -> Vec<Arc<GroupSpec>> {
    let raw = shared.context.raw;
    let mut reader = Reader { shared, claimed: HashSet::new(), named: HashMap::new(), groups: Vec::new() };
    for section in raw.sections_with("group:") {
        reader.group(section);
    }
    for section in raw.sections_with("program:") {
        if !reader.claimed.contains(section.name.as_str()) {
            reader.program(section);
        }
    }
    for section in raw.sections_with("eventlistener:") {
        reader.listener(section);
    }
    for section in raw.sections_with("fcgi-program:") {
        if !reader.claimed.contains(section.name.as_str()) {
            reader.fcgi_program(section);
        }
    }
    for section in raw.sections_with("subscriber:") {
        reader.subscriber(section);
    }
    for section in raw.sections_with("template:") {
        reader.template(section);
    }
    let keys = reader.named.iter().map(|(name, section)| (name.clone(), reader.keys(section))).collect();
    let mut groups = reader.groups;
    strategy::nest(&mut groups, root, &keys);
    groups.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    groups
}

struct Reader<'a> {
    shared: &'a Shared<'a>,
    claimed: HashSet<String>,
    named: HashMap<GroupName, &'a RawSection>,
    groups: Vec<Arc<GroupSpec>>,
}

impl<'a> Reader<'a> {
    fn keys(&self, section: &'a RawSection) -> Keys<'a> {
        let environments = vec![&self.shared.context.world.environment, self.shared.environment];
        Keys::new(self.shared.context, section, Vars::new(Vec::new(), environments))
    }

    fn group(&mut self, section: &'a RawSection) {
        let keys = self.keys(section);
        let text = &section.name["group:".len()..];
        let name = checked_name(&keys, text, || keys.missing_name());
        let programs = keys.text("programs").unwrap_or_default();
        let priority = keys.get("priority", 999, value::integer);
        let mut processes: Vec<Arc<ProcessSpec>> = Vec::new();
        let mut members = Vec::new();
        for program in value::list(&programs).filter(|program| !program.is_empty()) {
            let Some(claimed) = self.claim(&keys, program) else { continue };
            let group = name.unwrap_or_default();
            let before = processes.len();
            if claimed.name.starts_with("fcgi-program:") {
                let read = fcgi::read(self.shared, &self.keys(claimed), Some(group));
                processes.extend(read.into_iter().flat_map(|fcgi| fcgi.processes));
            } else {
                processes.extend(program::read(self.shared, claimed, group));
            }
            members.push((claimed, processes.get(before).cloned()));
        }
        let rules = strategy::rules(&keys, &mut processes, members.into_iter());
        if let Some(name) = name {
            let processes = self.unique(section, processes);
            self.add_under(&keys, GroupKind::Group, name, priority, processes, rules);
        }
    }

    fn program(&mut self, section: &'a RawSection) {
        let keys = self.keys(section);
        let text = &section.name["program:".len()..];
        let Some(name) = checked_name(&keys, text, || keys.missing_name()) else { return };
        let priority = keys.get("priority", 999, value::integer);
        let processes = program::read(self.shared, section, name);
        let processes = self.unique(section, processes);
        self.add(&keys, GroupKind::Program, name, priority, processes);
    }

    fn fcgi_program(&mut self, section: &'a RawSection) {
        let keys = self.keys(section);
        let Some(read) = fcgi::read(self.shared, &keys, None) else { return };
        let processes = self.unique(section, read.processes);
        self.add(&keys, GroupKind::Fcgi, read.name, read.priority, processes);
    }

    fn listener(&mut self, section: &'a RawSection) {
        let keys = self.keys(section);
        let listeners = listener::read(self.shared, &keys);
        let processes = self.unique(section, listeners.processes);
        let kind = GroupKind::Listener(listeners.spec);
        self.add(&keys, kind, listeners.name, listeners.priority, processes);
    }

    fn subscriber(&mut self, section: &'a RawSection) {
        let keys = self.keys(section);
        let Some(read) = subscriber::read(self.shared, &keys) else { return };
        let processes = self.unique(section, read.processes);
        self.add(&keys, GroupKind::Subscriber(read.spec), read.name, read.priority, processes);
    }

    fn template(&mut self, section: &'a RawSection) {
        let keys = self.keys(section);
        let text = &section.name["template:".len()..];
        let Some(name) = checked_name(&keys, text, || keys.missing_name()) else { return };
        let Some(read) = template::read(self.shared, &keys) else { return };
        let rules = GroupRules { policy: Some(read.policy), groups: Vec::new() };
        let kind = GroupKind::Template(Arc::new(read.spec));
        self.add_under(&keys, kind, name, read.priority, Vec::new(), rules);
    }

    /// The section of a program that a group lists; `None` is noted.
    fn claim(&mut self, keys: &Keys<'_>, program: &str) -> Option<&'a RawSection> {
        let raw = self.shared.context.raw;
        let section = &keys.section.name;
        let ordinary = raw.section(&format!("program:{program}"));
        let fcgi = raw.section(&format!("fcgi-program:{program}"));
        let (message, help) = match (ordinary, fcgi) {
            (Some(found), None) | (None, Some(found)) => {
                self.claimed.insert(found.name.clone());
                return Some(found);
            }
            (None, None) => (
                format!("[{section}] names unknown program or fcgi-program {program}"),
                help_for_unknown(raw, program),
            ),
            (Some(_), Some(_)) => (
                format!("[{section}] name {program} is ambiguous (exists as program and fcgi-program)"),
                "rename one of the two".to_owned(),
            ),
        };
        keys.fail_item("programs", program, message, help);
        None
    }

    /// Of processes of one name the last one counts, in the place of the first.
    fn unique(&self, section: &RawSection, processes: Vec<Arc<ProcessSpec>>) -> Vec<Arc<ProcessSpec>> {
        let mut places: HashMap<ProcessName, usize> = HashMap::with_capacity(processes.len());
        let mut unique: Vec<Arc<ProcessSpec>> = Vec::with_capacity(processes.len());
        for process in processes {
            match places.get(&process.name) {
                None => {
                    places.insert(process.name.clone(), unique.len());
                    unique.push(process);
                }
                Some(place) => {
                    let (section, name) = (&section.name, &process.name);
                    self.shared.context.warn(format!(
                        "[{section}] has more than one process of the name {name}, only the last one is run"
                    ));
                    unique[*place] = process;
                }
            }
        }
        unique
    }

    /// A group without rules of its own.
    fn add(
        &mut self,
        keys: &Keys<'a>,
        kind: GroupKind,
        name: &str,
        priority: i64,
        processes: Vec<Arc<ProcessSpec>>,
    ) {
        if processes.iter().any(|process| process.child.significant) {
            let restart = processes[0].restart_type();
            strategy::check_significant(keys, restart, None);
        }
        self.add_under(keys, kind, name, priority, processes, GroupRules::default());
    }

    fn add_under(
        &mut self,
        keys: &Keys<'a>,
        kind: GroupKind,
        name: &str,
        priority: i64,
        processes: Vec<Arc<ProcessSpec>>,
        rules: GroupRules,
    ) {
        let name = GroupName::new(name);
        if let Some(other) = self.named.insert(name.clone(), keys.section) {
            keys.refuse(
                keys.section.span,
                format!("[{}] and [{}] make two groups of the name {name}", other.name, keys.section.name),
                "rename one of the two, or list the program in the programs of the group",
            );
        }
        self.groups.push(Arc::new(GroupSpec { name, kind, priority, processes, rules }));
    }
}

/// What to do about a name in `programs` that no program has.
fn help_for_unknown(raw: &RawConfig, name: &str) -> String {
    let has = |kind: &&'static str| raw.section(&format!("{kind}:{name}")).is_some();
    match ["group", "template", "eventlistener", "subscriber"].into_iter().find(has) {
        Some("group") => format!("[group:{name}] is a group: list it in groups instead"),
        Some(kind) => format!("[{kind}:{name}] is a group by itself: take the name out of programs"),
        None => format!("add a section [program:{name}], or take the name out of programs"),
    }
}
