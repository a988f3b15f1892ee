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
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Several processes on their way down.
#[derive(Clone, Debug)]
pub struct Descent {
    graph: Graph,
    /// Those of each line with their places, in this order.
    lines: Vec<Vec<(Namespec, usize)>>,
    /// Of those who are in lines.
    places: HashMap<Namespec, Places>,
    among: HashSet<Namespec>,
    /// Who is not told yet, the first to be told last.
    waiting: Vec<(Namespec, Places)>,
}

/// The lines that a process is in, by their numbers, and its place in each.
type Places = Vec<(usize, usize)>;

impl Descent {
    /// All these on their way down by this graph and these lines.
    #[must_use]
    pub fn new(graph: Graph, lines: &[Line], all: impl IntoIterator<Item = Namespec>) -> Self {
        let among: HashSet<Namespec> = all.into_iter().collect();
        let lines = lines.iter().filter_map(|line| line.among(|one| among.contains(one)));
        let lines: Vec<Line> = lines.collect();
        let (places, waiting) = (HashMap::new(), Vec::new());
        let mut descent = Self { graph, lines: Vec::new(), places, among, waiting };
        descent.stand_in(lines.clone());
        if descent.graph.has_edges() && !lines.is_empty() && !descent.comes_to_its_end() {
            descent.leave_out_contradictions(lines);
        }
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
        let in_lines = self.places.keys().map(&own).fold(Duration::ZERO, Duration::saturating_add);
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
        let last = |line: &Vec<(Namespec, usize)>| {
            line.iter().rev().find(|(one, _)| !is_down(one)).map(|(_, at)| *at)
        };
        let lasts: Vec<Option<usize>> = self.lines.iter().map(last).collect();
        let is_free = |(namespec, places): &(Namespec, Places)| {
            let mut dependents = self.graph.dependents(namespec).into_iter();
            places.iter().all(|(line, place)| lasts[*line].is_none_or(|last| *place >= last))
                && dependents.all(|dependent| dependent == namespec || is_down(dependent))
        };
        let (mut free, waiting): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_free);
        self.waiting = waiting;
        if free.is_empty() && !on_their_way {
            free = std::mem::take(&mut self.waiting);
        }
        free.into_iter().rev().map(|(namespec, _)| namespec).collect()
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
        let places = self.places.get(namespec).map(Vec::as_slice).unwrap_or_default();
        let is_first = |(line, own): &(usize, usize)| {
            self.lines[*line].iter().take_while(|(_, place)| place < own).all(|(one, _)| is_told(one))
        };
        places.iter().all(is_first) && self.graph.requires(namespec).into_iter().all(is_told)
    }

    /// These are the lines, and nobody is told yet.
    fn stand_in(&mut self, lines: Vec<Line>) {
        self.places.clear();
        self.lines.clear();
        for line in lines {
            let mut places: Vec<(Namespec, usize)> =
                line.places().map(|(one, place)| (one.clone(), place)).collect();
            places.sort_by_key(|(_, place)| *place);
            for (one, place) in &places {
                self.places.entry(one.clone()).or_default().push((self.lines.len(), *place));
            }
            self.lines.push(places);
        }
        let places = |one: &Namespec| self.places.get(one).cloned().unwrap_or_default();
        let mut waiting: Vec<_> = self.among.iter().map(|one| (one.clone(), places(one))).collect();
        waiting.sort_by(|(a, _), (b, _)| (self.graph.place(a), a).cmp(&(self.graph.place(b), b)));
        self.waiting = waiting;
    }

    /// Keeps those lines with which everybody gets down, one after the other.
    fn leave_out_contradictions(&mut self, lines: Vec<Line>) {
        let mut kept = Vec::new();
        for line in lines {
            kept.push(line);
            self.stand_in(kept.clone());
            if !self.comes_to_its_end() {
                kept.pop();
            }
        }
        self.stand_in(kept);
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
