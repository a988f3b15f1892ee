//! What a process remembers of the wait before its spawn, and what it makes of what it sees.

use super::gate::{Missing, World, lost};
use super::{Depend, OnLoss, Target};
use crate::exit::ExitStatus;
use crate::lifecycle::{Fact, Request, State, Then};
use crate::name::Namespec;

/// What a process keeps about what it requires.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gate {
    /// What it waits for.
    pub missing: Vec<Missing>,
    /// Whether it waits for nothing until it is next started or stopped (`--no-deps`).
    pub waived: bool,
    /// Whether what it requires is still to be brought up.
    pub calls: bool,
    /// Whether that is being done just now: nothing of it counts as what does not come by itself.
    pub calling: bool,
    /// Whether something is waited for that does not come by itself, as of the last look.
    stuck: bool,
    /// Those that it requires and that were up when it was spawned, each with its spawn of then.
    pub relied_on: Vec<(Namespec, u64)>,
}

/// The kind of the cause of a start that had nothing to wait for: no news to anybody.
pub const UNHINDERED: &str = "unhindered";

/// What a look at what is missing comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Look {
    /// Nothing holds the spawn back any more.
    Clear {
        /// One word: `requires`, or [`UNHINDERED`] where nothing was waited for.
        kind: &'static str,
        /// Why not.
        text: String,
        /// Who it waited for last.
        of: Option<Namespec>,
    },
    /// It goes on waiting.
    Waits {
        /// Whether it is something else that it waits for now.
        is_news: bool,
        /// Whether those that wait for this one have to look again: that it comes by itself is true now, or not any
        /// more.
        matters: bool,
    },
}

impl Gate {
    /// Whether something is waited for that does not come by itself.
    #[must_use]
    pub const fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// Somebody asks for a start: with what it requires, or alone.
    pub const fn open(&mut self, alone: bool) {
        (self.waived, self.calls) = (alone, !alone);
    }

    /// Somebody asks for a stop: the next start waits for what it requires, and brings nothing up unless asked to.
    pub const fn close(&mut self) {
        (self.waived, self.calls) = (false, false);
    }

    /// It waits no longer, and not since what was missing is there: what it waits for the next time is news.
    pub fn forget(&mut self) {
        self.missing.clear();
    }

    /// Takes in what is missing now.
    pub fn look(&mut self, missing: Vec<Missing>) -> Look {
        let stuck = !self.calling && missing.iter().any(|missing| missing.stuck);
        let was_stuck = std::mem::replace(&mut self.stuck, stuck);
        let before = std::mem::replace(&mut self.missing, missing);
        if self.missing.is_empty() {
            let kind = if before.is_empty() && !self.waived { UNHINDERED } else { "requires" };
            let (text, of) = clearance(&before, self.waived);
            return Look::Clear { kind, text, of };
        }
        Look::Waits { is_news: before != self.missing, matters: was_stuck != stuck }
    }
}

/// Why it waits no longer: whatever was missing last is there, or is not on its way any more where only the order is
/// wanted.
fn clearance(before: &[Missing], waived: bool) -> (String, Option<Namespec>) {
    let names = |soft: bool| {
        let names = before.iter().filter(|missing| missing.soft == soft);
        names.map(|missing| missing.on.to_string()).collect::<Vec<_>>().join(", ")
    };
    let text = match (names(false).as_str(), names(true).as_str()) {
        _ if waived => "it is to wait for nothing (--no-deps)".to_owned(),
        ("", "") => "nothing that it requires was missing".to_owned(),
        (hard, "") => format!("{hard} is there, which it requires"),
        ("", soft) => format!("{soft} is there, or not on its way any more (?)"),
        (hard, soft) => {
            format!("{hard} is there, which it requires; {soft} as well, or not on its way any more (?)")
        }
    };
    let of = before.iter().find_map(|missing| match &missing.on {
        Target::Process(namespec) => Some(namespec.clone()),
        Target::Group(_) | Target::Probe(_) => None,
    });
    (text, of)
}

/// The fact that its process has ended: no failure of its own while something is missing that it requires.
#[must_use]
pub fn end_fact(state: &State, status: ExitStatus, missing: impl FnOnce() -> Vec<Missing>) -> Fact {
    let is_early = matches!(state, State::Starting { .. } | State::Stopping { then: Then::Fail(_), .. });
    if is_early && missing().iter().any(Missing::excuses) {
        Fact::Excused(status)
    } else {
        Fact::Exited(status)
    }
}

/// What is to be done because something went down that it relies on, and what that is; nothing if it is not up.
#[must_use]
pub fn loss<'a>(
    depend: &Depend,
    relied_on: &'a [(Namespec, u64)],
    state: &State,
    world: &impl World,
) -> Option<(Request, &'a Namespec)> {
    let request = match depend.on_loss {
        OnLoss::None => return None,
        OnLoss::Restart => Request::Restart,
        OnLoss::Stop => Request::Stop,
    };
    let is_up = matches!(state, State::Starting { .. } | State::Running { .. });
    lost(relied_on, world).filter(|_| is_up).map(|lost| (request, lost))
}
