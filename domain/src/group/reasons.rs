//! Why groups act, and how they and their children are called.
//!
//! ```text
//!   Changes ─► note ─► the cause of what each touched group has to do, until there is another
//! ```
//!
//! Absent: who carries it out, and what else is told of it.

use super::{Changes, ChildId, Forest, Output};
use crate::cause::{Cause, Ref};
use crate::name::{GroupName, Namespec};
use std::collections::BTreeMap;

/// A group as it is called in what is told: `group shop`, or the section of the groups themselves.
#[must_use]
pub(super) fn named(group: Option<&GroupName>) -> String {
    group.map_or_else(|| "[supervisord]".to_owned(), |group| format!("group {group}"))
}

/// Children, one after the other: `db, cache`; `nothing` if there are none.
#[must_use]
pub(super) fn list(children: &[ChildId]) -> String {
    if children.is_empty() {
        return "nothing".to_owned();
    }
    children.iter().map(ChildId::to_string).collect::<Vec<_>>().join(", ")
}

/// Why each group acted last.
#[derive(Clone, Debug, Default)]
pub struct Reasons(BTreeMap<GroupName, Cause>);

impl Reasons {
    /// Why a group acted last.
    #[must_use]
    pub fn get(&self, group: &GroupName) -> Option<&Cause> {
        self.0.get(group)
    }

    /// Notes why those groups act that have something to do now. `begun`: why one begins that no rule makes begin;
    /// `seq`: the number of the last event about a process.
    pub fn note(
        &mut self,
        changes: &Changes,
        forest: &Forest,
        begun: impl Fn(Option<&GroupName>) -> Cause,
        seq: impl Fn(&Namespec) -> Option<u64>,
    ) {
        let mut causes: Vec<(GroupName, Cause)> = Vec::new();
        for (group, output) in &changes.news {
            let group = group.as_ref();
            let cause = match output {
                Output::Begun if matches!(causes.last(), Some((_, Cause::Rule { .. }))) => continue,
                Output::Begun => self.inherited(group, forest).unwrap_or_else(|| begun(group)),
                Output::Forgotten(_) | Output::Report(_) => continue,
                Output::Restart { child, why, .. } => {
                    let strategy =
                        forest.machine(group).map_or("", |machine| machine.policy().strategy.as_str());
                    let text = format!("strategy={strategy} of {}: {child} {why}", named(group));
                    rule("strategy", text, group, child, &seq)
                }
                Output::Escalated { child, why, .. } => {
                    let text = format!("{} gave up: {child} {why}", named(group));
                    rule("intensity", text, group, child, &seq)
                }
                Output::AutoShutdown(child) => {
                    let text = format!("auto_shutdown of {}: {child} ended", named(group));
                    rule("auto_shutdown", text, group, child, &seq)
                }
            };
            // what a group does is the cause of what those below it have to do with it
            let others = changes.touched.iter().cloned().chain(group.cloned());
            causes.extend(others.map(|group| (group, cause.clone())));
        }
        self.0.extend(causes);
    }

    /// The rule by which the group above is starting its children, this one among them.
    fn inherited(&self, group: Option<&GroupName>, forest: &Forest) -> Option<Cause> {
        let group = group?;
        let parent = forest.parent(group)?;
        if forest.machine(parent)?.phase() == "idle" {
            return None;
        }
        // what the root does is kept with the groups below it
        let reason = self.0.get(parent.unwrap_or(group))?;
        matches!(reason, Cause::Rule { .. }).then(|| reason.clone())
    }
}

/// A cause that lies in a child.
fn rule(
    kind: &'static str,
    text: String,
    group: Option<&GroupName>,
    child: &ChildId,
    seq: impl Fn(&Namespec) -> Option<u64>,
) -> Cause {
    let (ChildId::Process(process), Some(group)) = (child, group) else { return Cause::rule(kind, text) };
    let name = Namespec::new(group.clone(), process.clone());
    match seq(&name) {
        Some(seq) => Cause::rule_of(kind, text, Ref { name, seq }),
        None => Cause::rule(kind, text),
    }
}
