//! `process.graph`: who requires whom, and how that is.

use super::Bridge;
use crate::estate::Estate;
use crate::root::order::graph;
use std::collections::BTreeSet;
use std::sync::Arc;
use treeherd_domain::depend::gate::missing_of;
use treeherd_domain::depend::graph::Graph;
use treeherd_domain::depend::{Requirement, Target};
use treeherd_domain::fault::Fault;
use treeherd_domain::name::Namespec;
use treeherd_rpc::wire::{GraphInfo, GraphNode, Selectors};

impl Bridge {
    /// These processes and all that they require; all, if nobody is named.
    pub(super) fn requirements(&self, selector: Option<&Selectors>) -> Result<GraphInfo, Fault> {
        let arena = &self.shared().arena;
        let (seq, graph) = (arena.seq(), graph(arena));
        let wanted = match selector {
            Some(selector) => Some(closure(&graph, &self.select(selector)?)),
            None => None,
        };
        let groups = arena.by_priority();
        let estates = groups.iter().flat_map(|group| group.by_priority());
        let shown = estates.filter(|e| wanted.as_ref().is_none_or(|wanted| wanted.contains(&e.namespec)));
        Ok(GraphInfo { items: shown.map(|estate| self.node(&estate)).collect(), seq })
    }

    fn node(&self, estate: &Estate) -> GraphNode {
        let arena = &*self.shared().arena;
        let status = estate.status();
        let mut node = GraphNode::configured(&estate.namespec, &estate.spec);
        node.view = Some(status.view.shown(status.state));
        for (edge, requirement) in node.requires.iter_mut().zip(&estate.spec.depend.requires) {
            // what a soft requirement does not wait for is shown as missing all the same
            let hard = Requirement { soft: false, ..requirement.clone() };
            *edge = edge.clone().seen(missing_of(&hard, arena).as_ref());
            edge.processes = match &requirement.on {
                Target::Process(namespec) => vec![namespec.to_string()],
                Target::Group(group) => {
                    let group = arena.group(group.as_str());
                    let all = group.iter().flat_map(|group| &group.estates);
                    all.map(|estate| estate.namespec.to_string()).collect()
                }
                Target::Probe(_) => Vec::new(),
            };
        }
        node
    }
}

/// These, and all that they require.
fn closure(graph: &Graph, named: &[Arc<Estate>]) -> BTreeSet<Namespec> {
    let mut todo: Vec<Namespec> = named.iter().map(|estate| estate.namespec.clone()).collect();
    let mut found = BTreeSet::new();
    while let Some(next) = todo.pop() {
        if found.insert(next.clone()) {
            todo.extend(graph.requires(&next).into_iter().cloned());
        }
    }
    found
}
