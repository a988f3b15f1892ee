//! `graph`: who requires whom, as a tree or for Graphviz.
//!
//! ```text
//! web                      WAITING(db)
//! |-- db:ready             STARTING, missing
//! |   `-- migrate:exited(0)  EXITED
//! `-- probe:mysql?         there
//! ```
//!
//! The daemon is asked, or with `--configured` the file alone is read, as the daemon would read it. What has been
//! shown already with all that it requires is not shown so again. Absent: changing any of it.

use crate::configtest::{self, Answer};
use crate::ctl::fault;
use crate::ctl::names::Unknown;
use crate::ctl::options::Arguments;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{status, survey};
use crate::getopt::UsageError;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use treeherd_config::{Overrides, World};
use treeherd_domain::depend::Target;
use treeherd_domain::depend::graph::Graph;
use treeherd_domain::name::Namespec;
use treeherd_domain::selector::Selector;
use treeherd_domain::spec::Config;
use treeherd_rpc::api::ProcessApiClient as _;
use treeherd_rpc::wire::{GraphEdge, GraphInfo, GraphNode, Selectors};

/// `graph [--dot|--json] [<name> ...]`
pub(super) async fn graph(session: &mut Session, argument: &str) -> Outcome {
    let Some(arguments) = session.arguments("graph", argument, in_one_form) else { return Ok(()) };
    let words = arguments.words.clone();
    let selector = (!words.is_empty()).then(|| Selectors::from(words));
    match session.call(async |client| client.process_graph(selector).await).await {
        Ok(info) => session.screen.bytes(shown(&info, &arguments).as_bytes()),
        Err(Problem::Fault(refusal)) if refusal.fault == Some(fault::BAD_NAME) => {
            let name = refusal.target.unwrap_or_default();
            session.fail(format!("{name}: ERROR (no such process or group)"));
            survey::hint_groups(session, &[Unknown::of(&name)]).await;
        }
        Err(problem) => return Err(problem),
    }
    Ok(())
}

/// The arguments, unless they ask for two outputs at once.
pub(super) fn in_one_form(arguments: Arguments) -> Result<Arguments, UsageError> {
    match arguments.given("json") {
        Some(json) if arguments.has("dot") => Err(UsageError::Conflicting(json.spelled.clone())),
        _ => Ok(arguments),
    }
}

/// `graph --configured`: of a file alone.
pub(super) fn configured(argv0: &str, file: &Path, world: &World<'_>, arguments: &Arguments) -> Answer {
    let config = match treeherd_config::load(file, &Overrides::default(), world) {
        Ok(config) => config,
        Err(report) => {
            let err = configtest::explain(argv0, &report);
            return Answer { out: String::new(), err, code: status::BAD_ARGUMENTS };
        }
    };
    match of(&config, &arguments.words) {
        Ok(info) => Answer { out: shown(&info, arguments), err: String::new(), code: 0 },
        Err(word) => {
            let out = format!("{word}: ERROR (no such process or group)\n");
            Answer { out, err: String::new(), code: status::FAILURE }
        }
    }
}

/// What a configuration says: these and all that they require. The error is a word that names nothing.
fn of(config: &Config, words: &[String]) -> Result<GraphInfo, String> {
    let graph = Graph::of(&config.groups);
    let all: Vec<Namespec> = config
        .groups
        .iter()
        .flat_map(|group| group.by_priority().into_iter().map(|process| group.namespec(&process.name)))
        .collect();
    let mut wanted: BTreeSet<Namespec> = BTreeSet::new();
    for word in words {
        let selector = Selector::parse(word);
        let mut named = all.iter().filter(|namespec| selector.matches(namespec)).peekable();
        if named.peek().is_none() {
            return Err(word.clone());
        }
        let mut todo: Vec<&Namespec> = named.collect();
        while let Some(next) = todo.pop() {
            if wanted.insert(next.clone()) {
                todo.extend(graph.requires(next));
            }
        }
    }
    let shown = all.iter().filter(|namespec| words.is_empty() || wanted.contains(namespec));
    let node = |namespec: &Namespec| {
        let group = config.group(&namespec.group)?;
        let process = group.processes.iter().find(|process| process.name == namespec.process)?;
        let mut node = GraphNode::configured(namespec, process);
        for (edge, requirement) in node.requires.iter_mut().zip(&process.depend.requires) {
            let is_meant = |one: &&Namespec| match &requirement.on {
                Target::Process(on) => on == *one,
                Target::Group(on) => *on == one.group,
                Target::Probe(_) => false,
            };
            edge.processes = all.iter().filter(is_meant).map(ToString::to_string).collect();
        }
        Some(node)
    };
    Ok(GraphInfo { items: shown.filter_map(node).collect(), seq: 0 })
}

fn shown(info: &GraphInfo, arguments: &Arguments) -> String {
    if arguments.has("json") {
        let text = serde_json::to_string_pretty(info).expect("a graph has nothing that is no JSON");
        return text + "\n";
    }
    if arguments.has("dot") { dot(info) } else { tree(info) }
}

/// A line of the tree: what stands left, and what is told of it.
struct Line(String, String);

struct Tree<'a> {
    nodes: HashMap<&'a str, &'a GraphNode>,
    told: BTreeSet<&'a str>,
    lines: Vec<Line>,
}

/// The graph as trees, from those that nobody requires down to those that require nothing.
#[must_use]
pub fn tree(info: &GraphInfo) -> String {
    let required: BTreeSet<&str> = info
        .items
        .iter()
        .flat_map(|node| &node.requires)
        .flat_map(|edge| &edge.processes)
        .map(String::as_str)
        .collect();
    let nodes = info.items.iter().map(|node| (node.name.as_str(), node)).collect();
    let mut tree = Tree { nodes, told: BTreeSet::new(), lines: Vec::new() };
    let mut alone = 0;
    for node in info.items.iter().filter(|node| !required.contains(node.name.as_str())) {
        if node.requires.is_empty() && info.items.len() > 1 {
            alone += 1;
            continue;
        }
        tree.lines.push(Line(node.name.clone(), node.view.clone().unwrap_or_default()));
        tree.below(node, "");
    }
    let width = tree.lines.iter().map(|Line(left, _)| left.chars().count()).max().unwrap_or_default() + 2;
    let mut text = String::new();
    for Line(left, right) in &tree.lines {
        let _ = writeln!(text, "{}", format!("{left:width$}{right}").trim_end());
    }
    match alone {
        0 => {}
        1 => text.push_str("1 process requires nothing, and nobody requires it.\n"),
        alone => {
            let _ = writeln!(text, "{alone} processes require nothing, and nobody requires them.");
        }
    }
    text
}

impl<'a> Tree<'a> {
    /// What a node requires, indented.
    fn below(&mut self, node: &'a GraphNode, indent: &str) {
        if node.requires.is_empty() {
            return;
        }
        if !self.told.insert(&node.name) {
            self.lines.push(Line(format!("{indent}`-- ..."), "as above".to_owned()));
            return;
        }
        for (at, edge) in node.requires.iter().enumerate() {
            let is_last = at + 1 == node.requires.len();
            let (branch, trunk) = if is_last { ("`-- ", "    ") } else { ("|-- ", "|   ") };
            let one = match edge.processes.as_slice() {
                [one] => self.nodes.get(one.as_str()).copied(),
                _ => None,
            };
            let view = one.and_then(|one| one.view.clone());
            self.lines.push(Line(format!("{indent}{branch}{}", label(edge)), stands(edge, view)));
            let indent = format!("{indent}{trunk}");
            match one {
                Some(one) => self.below(one, &indent),
                None => self.members(edge, &indent),
            }
        }
    }

    fn members(&mut self, edge: &'a GraphEdge, indent: &str) {
        for (at, name) in edge.processes.iter().enumerate() {
            let is_last = at + 1 == edge.processes.len();
            let (branch, trunk) = if is_last { ("`-- ", "    ") } else { ("|-- ", "|   ") };
            let Some(node) = self.nodes.get(name.as_str()).copied() else { continue };
            self.lines.push(Line(format!("{indent}{branch}{name}"), node.view.clone().unwrap_or_default()));
            self.below(node, &format!("{indent}{trunk}"));
        }
    }
}

fn label(edge: &GraphEdge) -> String {
    let condition = edge.condition.as_ref().map_or_else(String::new, |condition| format!(":{condition}"));
    format!("{}{condition}{}", edge.on, if edge.soft { "?" } else { "" })
}

/// How a requirement stands; nothing where nobody runs it.
fn stands(edge: &GraphEdge, view: Option<String>) -> String {
    match (edge.met, view, &edge.missing) {
        (None, ..) => String::new(),
        (Some(true), Some(view), _) => view,
        (Some(true), None, _) => "there".to_owned(),
        (Some(false), Some(view), _) => format!("{view}, missing"),
        (Some(false), None, Some(missing)) => format!("missing: {missing}"),
        (Some(false), None, None) => "missing".to_owned(),
    }
}

/// The graph in Graphviz's language: who requires, an arrow, who is required. Soft ones are dashed, what is missing red.
#[must_use]
pub fn dot(info: &GraphInfo) -> String {
    let mut text = "digraph requires {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for node in &info.items {
        let label =
            node.view.as_ref().map_or_else(|| node.name.clone(), |view| format!("{}\n{view}", node.name));
        let _ = writeln!(text, "  {} [label={}];", quoted(&node.name), quoted(&label));
    }
    for node in &info.items {
        for edge in &node.requires {
            let mut looks =
                vec![format!("label={}", quoted(edge.condition.as_deref().unwrap_or_default()))];
            if edge.soft {
                looks.push("style=dashed".to_owned());
            }
            if edge.met == Some(false) {
                looks.push("color=red".to_owned());
            }
            let probe = std::slice::from_ref(&edge.on);
            let to = if edge.processes.is_empty() { probe } else { edge.processes.as_slice() };
            for to in to {
                let (from, to) = (quoted(&node.name), quoted(to));
                let _ = writeln!(text, "  {from} -> {to} [{}];", looks.join(", "));
            }
        }
    }
    text + "}\n"
}

/// A text between quotes: only they, backslashes and line feeds mean something there.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
