//! Why groups act, and how they and their children are called.
//!
//! ```text
//!   Changes ─► note ─► the cause of what each touched group has to do, until there is another
//!                 `──► why a group gave up or ended ─► what stands behind the cause of the one above it
//! ```
//!
//! Absent: who carries it out, and what else is told of it.

use super::{Changes, ChildId, End, Forest, Output};
use crate::cause::{Cause, Ref};
use crate::name::{GroupName, Namespec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A group as it is called in what is told: `group shop`, or the section of the groups themselves.
#[must_use]
pub(crate) fn named(group: Option<&GroupName>) -> String {
    group.map_or_else(|| "[supervisord]".to_owned(), |group| format!("group {group}"))
}

/// Children, one after the other: `db, cache`; `nothing` if there are none.
#[must_use]
pub(crate) fn list(children: &[ChildId]) -> String {
    if children.is_empty() {
        return "nothing".to_owned();
    }
    children.iter().map(ChildId::to_string).collect::<Vec<_>>().join(", ")
}

/// What starts a group and those below it: `supervisorctl start shop:*`.
#[must_use]
pub(crate) fn to_start(group: Option<&GroupName>) -> String {
    group.map_or_else(
        || "supervisorctl start all".to_owned(),
        |group| format!("supervisorctl start {group}:*"),
    )
}

/// Why a group acted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acted {
    /// Why.
    pub cause: Arc<Cause>,
    /// When, in milliseconds since the epoch.
    pub at_ms: u64,
}

/// Why each group acted last.
#[derive(Clone, Debug, Default)]
pub struct Reasons {
    acts: BTreeMap<GroupName, Acted>,
    /// Why a group gave up or ended by itself, the last time that it did; `None`: all groups.
    ends: BTreeMap<Option<GroupName>, Arc<Cause>>,
}

impl Reasons {
    /// Why a group acted last.
    #[must_use]
    pub fn get(&self, group: &GroupName) -> Option<&Acted> {
        self.acts.get(group)
    }

    /// Why the daemon is to end, in words: `escalate=exit: group shop gave up: api failed`.
    #[must_use]
    pub fn words(&self, end: &End) -> String {
        let cause = |group: &Option<GroupName>| self.ends.get(group);
        match end {
            End::Done => cause(&None).map_or_else(|| "auto_shutdown".to_owned(), ToString::to_string),
            End::Escalated(group) => match cause(group) {
                Some(cause) => format!("escalate=exit: {cause}"),
                None => format!("escalate=exit of {}", named(group.as_ref())),
            },
        }
    }

    /// Notes why those groups act that have something to do now, and gives why each of the news came about, as far as
    /// that is known. `begun`: why one begins that no rule makes begin; `seq`: the number of the last event about a
    /// process.
    pub fn note(
        &mut self,
        changes: &Changes,
        forest: &Forest,
        at_ms: u64,
        begun: impl Fn(Option<&GroupName>) -> Cause,
        seq: impl Fn(&Namespec) -> Option<u64>,
    ) -> Vec<Option<Arc<Cause>>> {
        let mut causes: Vec<(GroupName, Arc<Cause>)> = Vec::new();
        let mut told = Vec::with_capacity(changes.news.len());
        for (group, output) in &changes.news {
            let group = group.as_ref();
            let rule = causes.last().map(|(_, cause)| cause);
            let rule =
                rule.filter(|cause| matches!(***cause, Cause::Rule { .. }) && *output == Output::Begun);
            if let Some(rule) = rule {
                told.push(Some(Arc::clone(rule)));
                continue;
            }
            let Some(cause) = self.cause(group, output, forest, &begun, &seq) else {
                told.push(self.last(group, &causes));
                continue;
            };
            // what a group does is the cause of what those below it have to do with it
            let others = changes.touched.iter().cloned().chain(group.cloned());
            let cause = Arc::new(cause);
            causes.extend(others.map(|group| (group, Arc::clone(&cause))));
            told.push(Some(cause));
        }
        self.acts.extend(causes.into_iter().map(|(group, cause)| (group, Acted { cause, at_ms })));
        told
    }

    /// Why a group does what it does now; `None`: it does nothing.
    fn cause(
        &mut self,
        group: Option<&GroupName>,
        output: &Output,
        forest: &Forest,
        begun: impl Fn(Option<&GroupName>) -> Cause,
        seq: impl Fn(&Namespec) -> Option<u64>,
    ) -> Option<Cause> {
        Some(match output {
            Output::Begun => self.inherited(group, forest).unwrap_or_else(|| begun(group)),
            Output::Forgotten(_) | Output::Report(_) => return None,
            Output::Restart { child, why, .. } => {
                let strategy =
                    forest.machine(group).map_or("", |machine| machine.policy().strategy.as_str());
                let text = format!("strategy={strategy} of {}: {child} {why}", named(group));
                self.rule("strategy", text, group, child, seq)
            }
            Output::Escalated { child, why, .. } => {
                let text = format!("{} gave up: {child} {why}", named(group));
                self.end("intensity", text, group, child, seq)
            }
            Output::AutoShutdown(child) => {
                let text = format!("auto_shutdown of {}: {child} ended", named(group));
                self.end("auto_shutdown", text, group, child, seq)
            }
        })
    }

    /// Why a group acted last, these causes included.
    fn last(&self, group: Option<&GroupName>, causes: &[(GroupName, Arc<Cause>)]) -> Option<Arc<Cause>> {
        let Some(group) = group else { return self.ends.get(&None).cloned() };
        let newest = causes.iter().rev().find(|(of, _)| of == group).map(|(_, cause)| cause);
        newest.or_else(|| self.acts.get(group).map(|acted| &acted.cause)).cloned()
    }

    /// The rule by which the group above is starting its children, this one among them.
    fn inherited(&self, group: Option<&GroupName>, forest: &Forest) -> Option<Cause> {
        let group = group?;
        let parent = forest.parent(group)?;
        if forest.machine(parent)?.phase() == "idle" {
            return None;
        }
        // what the root does is kept with the groups below it
        let cause = &self.acts.get(parent.unwrap_or(group))?.cause;
        matches!(**cause, Cause::Rule { .. }).then(|| Cause::clone(cause))
    }

    /// The same as [`rule`](Self::rule), of the end of a group.
    fn end(
        &mut self,
        kind: &'static str,
        text: String,
        group: Option<&GroupName>,
        child: &ChildId,
        seq: impl Fn(&Namespec) -> Option<u64>,
    ) -> Cause {
        let cause = self.rule(kind, text, group, child, seq);
        self.ends.insert(group.cloned(), Arc::new(cause.clone()));
        cause
    }

    /// A cause that lies in a child; if that is a group, in what ended that one.
    fn rule(
        &self,
        kind: &'static str,
        text: String,
        group: Option<&GroupName>,
        child: &ChildId,
        seq: impl Fn(&Namespec) -> Option<u64>,
    ) -> Cause {
        let (of, because) = match (child, group) {
            (ChildId::Process(process), Some(group)) => {
                let name = Namespec::new(group.clone(), process.clone());
                (seq(&name).map(|seq| Ref { name, seq }), None)
            }
            (ChildId::Process(_), None) => (None, None),
            (ChildId::Group(below), _) => {
                let because = self.ends.get(&Some(below.clone())).cloned();
                (because.as_ref().and_then(|cause| cause.of().cloned()), because)
            }
        };
        Cause::Rule { kind, text: text.into(), of, because }
    }
}
