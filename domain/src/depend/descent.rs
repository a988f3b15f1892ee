//! Everybody of a set on the way down, and up again: who requires another goes first, and in a group the last one first.
//!
//! ```text
//!   Graph ── edges ─┐
//!                   ├─► Descent ── next: whom to stop now ── may_rise: who may start again
//!   Line ── places ─┘
//! ```
//!
//! A line that contradicts what is required is left out: a group whose list says `a, b` and whose `a` requires `b` goes
//! by that. Absent: who is up or down (asked each time), and who tells them.

use super::graph::Graph;
use crate::group::Line;
use crate::name::Namespec;
use std::collections::HashSet;
use std::time::Duration;

/// Several processes on their way down.
#[derive(Clone, Debug)]
pub struct Descent {
    graph: Graph,
    lines: Vec<Line>,
    among: HashSet<Namespec>,
    /// Who is not told yet, the first to be told last.
    waiting: Vec<Namespec>,
}

impl Descent {
    /// All these on their way down by this graph and these lines.
    #[must_use]
    pub fn new(graph: Graph, lines: &[Line], all: impl IntoIterator<Item = Namespec>) -> Self {
        let among: HashSet<Namespec> = all.into_iter().collect();
        let mut waiting: Vec<Namespec> = among.iter().cloned().collect();
        waiting.sort_by(|a, b| (graph.place(a), a).cmp(&(graph.place(b), b)));
        let lines = lines.iter().filter_map(|line| line.among(|namespec| among.contains(namespec)));
        let mut descent = Self { graph, lines: lines.collect(), among, waiting };
        descent.leave_out_contradictions();
        descent
    }

    /// Whether anybody may have to wait for another one.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.graph.has_edges() || !self.lines.is_empty()
    }

    /// The longest time that one of these may take, by what each takes itself, by chains of those that require each
    /// other, and by all that is in a line.
    #[must_use]
    pub fn longest<'a>(
        &self,
        of: impl IntoIterator<Item = &'a Namespec>,
        own: impl Fn(&Namespec) -> Duration,
    ) -> Duration {
        let all: HashSet<&Namespec> =
            self.lines.iter().flat_map(Line::places).map(|(one, _)| one).collect();
        let in_lines = all.into_iter().map(&own).fold(Duration::ZERO, Duration::saturating_add);
        self.graph.longest(of, own).saturating_add(in_lines)
    }

    /// Who goes down.
    #[must_use]
    pub const fn among(&self) -> &HashSet<Namespec> {
        &self.among
    }

    /// Whom to tell now, each once: those who have nobody before them that is not down, the last to start first. Where a
    /// cycle leaves nobody to begin with, or somebody cannot be brought down, and nobody who was told is still on the
    /// way, everybody.
    pub fn next(&mut self, is_down: impl Fn(&Namespec) -> bool, on_their_way: bool) -> Vec<Namespec> {
        let waiting = std::mem::take(&mut self.waiting);
        let is_down = |namespec: &Namespec| !self.among.contains(namespec) || is_down(namespec);
        let last =
            |line: &Line| line.places().filter(|(one, _)| !is_down(one)).map(|(_, place)| place).max();
        let lasts: Vec<_> = self.lines.iter().map(|line| (line, last(line))).collect();
        let is_free = |namespec: &Namespec| {
            let mut dependents = self.graph.dependents(namespec).into_iter();
            dependents.all(|dependent| dependent == namespec || is_down(dependent))
                && lasts
                    .iter()
                    .all(|(line, last)| line.place(namespec).is_none_or(|place| Some(place) >= *last))
        };
        let (mut free, waiting): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_free);
        self.waiting = waiting;
        if free.is_empty() && !on_their_way {
            free = std::mem::take(&mut self.waiting);
        }
        free.reverse();
        free
    }

    /// Whether all are told.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether one that is down may be told to start again: what it requires of the others has been, and so have those
    /// before it in its lines.
    #[must_use]
    pub fn may_rise(&self, namespec: &Namespec, is_told: impl Fn(&Namespec) -> bool) -> bool {
        let is_told = |one: &Namespec| !self.among.contains(one) || is_told(one);
        let is_first = |line: &Line| {
            let Some(own) = line.place(namespec) else { return true };
            line.places().all(|(one, place)| place >= own || is_told(one))
        };
        self.graph.requires(namespec).into_iter().all(is_told) && self.lines.iter().all(is_first)
    }

    /// Keeps those lines with which everybody gets down, one after the other.
    fn leave_out_contradictions(&mut self) {
        if !self.graph.has_edges() || self.lines.is_empty() || self.comes_to_its_end() {
            return;
        }
        for line in std::mem::take(&mut self.lines) {
            self.lines.push(line);
            if !self.comes_to_its_end() {
                self.lines.pop();
            }
        }
    }

    /// Whether everybody is told in turn, and nobody because nothing else was left to do.
    fn comes_to_its_end(&self) -> bool {
        let (mut trial, mut down) = (self.clone(), HashSet::new());
        while !trial.is_over() {
            // whoever waits for nobody but those on the way is not told for lack of others
            let next = trial.next(|namespec| down.contains(namespec), true);
            if next.is_empty() {
                return false;
            }
            down.extend(next);
        }
        true
    }
}
