//! What the groups of a process have in mind with it, in words.

use super::{Cause, Subject, span};
use crate::group::{Acted, Outlook, Standing, list, named, to_start};
use crate::name::GroupName;
use std::time::Instant;

/// What follows by the groups of a process that is down; `None`: nothing of theirs.
pub(super) fn plan(subject: &Subject, now: Instant) -> Option<String> {
    let (group, again) = (named(Some(&subject.namespec.group)), again(subject));
    match &subject.group.as_ref()?.outlook {
        Outlook::Nothing | Outlook::Held => None,
        Outlook::Due(at) => Some(match at.saturating_duration_since(now) {
            wait if wait.is_zero() => format!("{group} starts it{again} at once"),
            wait => format!("{group} starts it{again} in {}", span(wait)),
        }),
        Outlook::Told => Some(format!("{group} has told it to start{again}")),
        Outlook::InTurn { first, of, down } => {
            let group = named(of.as_ref());
            let (are, what) =
                (if first.len() == 1 { "is" } else { "are" }, if *down { "down" } else { "up" });
            Some(match first.as_slice() {
                [] => format!("{group} starts it{again} once it is down"),
                first => format!("{group} starts it{again} once {} {are} {what}", list(first)),
            })
        }
        Outlook::Over => Some(format!("it is temporary, and {group} does not start it again")),
        Outlook::Rests { group, standing } => Some(rests(subject, group.as_ref(), *standing)),
    }
}

const fn again(subject: &Subject) -> &'static str {
    if subject.incarnation > 0 { " again" } else { "" }
}

/// Whether the groups will start it.
pub(super) fn is_coming(subject: &Subject) -> bool {
    let outlook = subject.group.as_ref().map(|group| &group.outlook);
    matches!(outlook, Some(Outlook::Due(_) | Outlook::Told | Outlook::InTurn { .. }))
}

fn rests(subject: &Subject, group: Option<&GroupName>, standing: Standing) -> String {
    let (name, start) = (named(group), to_start(group));
    let acted = subject.group.as_ref().and_then(|group| group.acted.as_ref());
    let kind = acted.map_or("", |acted| acted.cause.kind());
    match (standing, kind) {
        (Standing::New | Standing::Active, _) => {
            format!("{name} has not begun: the daemon is just coming up, or ends")
        }
        (Standing::Leaving, _) => format!("{name} is stopping all it has"),
        (Standing::Halting, _) => "the daemon ends".to_owned(),
        (Standing::Ended, "auto_shutdown") => {
            format!("{name} is done (auto_shutdown): {start} begins anew")
        }
        (Standing::Stopped, _) => format!("{name} was stopped as a whole: {start}"),
        (Standing::Ended | Standing::Fatal, _) => {
            format!("{name} gave up, and stays down: mend the reason, then {start}")
        }
    }
}

/// Why the group that is at rest came to that, if the history of the process does not say so.
pub(super) fn act(subject: &Subject) -> Option<&Acted> {
    let group = subject.group.as_ref()?;
    let acted = group.acted.as_ref()?;
    let is_told = || subject.history.entries().rev().any(|entry| entry.cause == acted.cause);
    let rests = matches!(group.outlook, Outlook::Rests { .. });
    (rests && matches!(*acted.cause, Cause::Rule { .. }) && !is_told()).then_some(acted)
}
