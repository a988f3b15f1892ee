//! Several processes on their way down together, and up again if they restart: whom to tell now.
//!
//! ```text
//!   next ─► Step::Down(x): dependents first ── whoever drives it tells x ──► over(x): it is down, or had not to go
//!     ▲                                                                         │
//!     └─────────────────────────────────────────────────────────────────────────┘
//!   restart: whoever is over comes back as Step::Up as soon as what it requires of the others has; its gate does the
//!   rest
//! ```
//!
//! The daemon and the simulation go by the same steps. Each process gets each step once at most. Absent: how somebody
//! is told, who waits for the end of one, and what follows if an actor dies on the way (whoever drives it).

use super::descent::Descent;
use crate::name::Namespec;
use std::collections::{BTreeSet, HashSet};

/// Why one of a restart is not started again.
pub const CALLED_OFF: &str = "it was stopped meanwhile";

/// What to tell whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Be down; [`Way::over`] is to be called when it is.
    Down(Namespec),
    /// Start again.
    Up(Namespec),
}

/// Several processes on their way.
#[derive(Clone, Debug)]
pub struct Way {
    descent: Descent,
    /// Whether they start again.
    returns: bool,
    /// Told to go down, and not over yet.
    told: BTreeSet<Namespec>,
    /// Of a restart: over, and not told to start yet, the first one first.
    over: Vec<Namespec>,
    /// Of a restart: told to start.
    started: HashSet<Namespec>,
}

impl Way {
    /// All these go down; `returns`: and start again.
    #[must_use]
    pub fn new(descent: Descent, returns: bool) -> Self {
        Self { descent, returns, told: BTreeSet::new(), over: Vec::new(), started: HashSet::new() }
    }

    /// Who is on it.
    #[must_use]
    pub const fn among(&self) -> &HashSet<Namespec> {
        self.descent.among()
    }

    /// Those that were told to go down and are not over.
    pub fn told(&self) -> impl Iterator<Item = &Namespec> {
        self.told.iter()
    }

    /// One that was told to go down is down, or had not to go.
    pub fn over(&mut self, namespec: &Namespec) {
        if self.told.remove(namespec) && self.returns {
            self.over.push(namespec.clone());
        }
    }

    /// Whom to tell now, in this order. `is_down`: whether a process is down for good. What a cycle keeps back is told
    /// when nobody is on the way any more.
    pub fn next(&mut self, is_down: impl Fn(&Namespec) -> bool) -> Vec<Step> {
        let mut steps = self.rise();
        // who was told is down when that is told
        let is_down = |namespec: &Namespec| !self.told.contains(namespec) && is_down(namespec);
        let down = self.descent.next(is_down, !self.told.is_empty());
        self.told.extend(down.iter().cloned());
        steps.extend(down.into_iter().map(Step::Down));
        if steps.is_empty() && self.told.is_empty() {
            steps.extend(std::mem::take(&mut self.over).into_iter().map(Step::Up));
        }
        steps
    }

    /// Whether everybody was told all there is to tell, and is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.descent.is_over() && self.told.is_empty() && self.over.is_empty()
    }

    /// Of those that are over, they start before whom nobody has still to be told.
    fn rise(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let may =
            |way: &Self, one: &Namespec| way.descent.may_rise(one, |other| way.started.contains(other));
        while let Some(place) = self.over.iter().position(|namespec| may(self, namespec)) {
            let namespec = self.over.remove(place);
            self.started.insert(namespec.clone());
            steps.push(Step::Up(namespec));
        }
        steps
    }
}
