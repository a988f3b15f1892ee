//! What is different between two texts, as `diff -u` shows it.
//!
//! Made for texts that differ in a few lines here and there, however many: where they part, the nearest place is taken
//! where they meet again. Absent: the shortest of all differences, and the note about a missing last line end.

use std::fmt::Write as _;

/// Lines that stand around a difference.
const CONTEXT: usize = 2;

/// How many lines may lie between a parting and the next meeting.
const FARTHEST: usize = 200;

/// What becomes of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// It is in both, at these places.
    Keep(usize, usize),
    /// It is in the old text alone.
    Drop(usize, usize),
    /// It is in the new text alone.
    Add(usize, usize),
}

/// The difference as text; empty if there is none.
#[must_use]
pub fn unified(old_name: &str, new_name: &str, old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let steps = steps(&old, &new);
    let mut text = String::new();
    for hunk in hunks(&steps) {
        if text.is_empty() {
            let _ = writeln!(text, "--- {old_name}\n+++ {new_name}");
        }
        let _ = writeln!(text, "{}", header(hunk));
        for step in hunk {
            let _ = match *step {
                Step::Keep(at, _) => writeln!(text, " {}", old[at]),
                Step::Drop(at, _) => writeln!(text, "-{}", old[at]),
                Step::Add(_, at) => writeln!(text, "+{}", new[at]),
            };
        }
    }
    text
}

/// `@@ -3,5 +3,6 @@`
fn header(hunk: &[Step]) -> String {
    let (first_old, first_new) = match hunk[0] {
        Step::Keep(old, new) | Step::Drop(old, new) | Step::Add(old, new) => (old, new),
    };
    let olds = hunk.iter().filter(|step| !matches!(step, Step::Add(..))).count();
    let news = hunk.iter().filter(|step| !matches!(step, Step::Drop(..))).count();
    let start = |first: usize, count: usize| if count == 0 { first } else { first + 1 };
    format!("@@ -{},{olds} +{},{news} @@", start(first_old, olds), start(first_new, news))
}

/// The stretches around differences that are near to each other.
fn hunks(steps: &[Step]) -> Vec<&[Step]> {
    let is_change = |step: &Step| !matches!(step, Step::Keep(..));
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for (at, _) in steps.iter().enumerate().filter(|(_, step)| is_change(step)) {
        let (from, to) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(steps.len()));
        match ranges.last_mut() {
            Some((_, end)) if from <= *end => *end = to,
            _ => ranges.push((from, to)),
        }
    }
    ranges.into_iter().map(|(from, to)| &steps[from..to]).collect()
}

/// A way from one text to the other: where they part, the nearest place is looked for where they meet again.
fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let (mut x, mut y) = (0, 0);
    let mut steps = Vec::with_capacity(old.len().max(new.len()));
    while x < old.len() || y < new.len() {
        if x < old.len() && y < new.len() && old[x] == new[y] {
            steps.push(Step::Keep(x, y));
            (x, y) = (x + 1, y + 1);
            continue;
        }
        let (drop, add) = meeting(&old[x..], &new[y..]);
        steps.extend((x..x + drop).map(|at| Step::Drop(at, y)));
        steps.extend((y..y + add).map(|at| Step::Add(x + drop, at)));
        (x, y) = (x + drop, y + add);
    }
    steps
}

/// How many lines of each are left behind before two lines are the same; all, if that is too far.
fn meeting(old: &[&str], new: &[&str]) -> (usize, usize) {
    let is_met = |drop: usize, add: usize| {
        let (old, new) = (&old[drop..], &new[add..]);
        // a single line, perhaps an empty one, is the same by chance
        let both = old.len().min(new.len()).min(2);
        (both > 0 || old.is_empty() && new.is_empty()) && old[..both] == new[..both]
    };
    let sums = 1..=FARTHEST.min(old.len() + new.len());
    let ways = sums.flat_map(|sum| (0..=sum).map(move |drop| (drop, sum - drop)));
    let mut possible = ways.filter(|(drop, add)| *drop <= old.len() && *add <= new.len());
    possible.find(|(drop, add)| is_met(*drop, *add)).unwrap_or((old.len(), new.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn only_what_differs_is_shown_with_the_lines_around_it() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        let new = "a\nb\nC\nd\ne\nf\ng\nh\ni\nmore\nj\n";
        expect![[r"
            --- s.conf
            +++ s.conf.fixed
            @@ -1,5 +1,5 @@
             a
             b
            -c
            +C
             d
             e
            @@ -8,3 +8,4 @@
             h
             i
            +more
             j
        "]]
        .assert_eq(&unified("s.conf", "s.conf.fixed", old, new));
        assert_eq!(unified("a", "b", old, old), "");
    }

    /// Applies the steps to the old text.
    fn applied(old: &[&str], new: &[&str]) -> Vec<String> {
        let kept = steps(old, new).into_iter().filter_map(|step| match step {
            Step::Keep(at, _) => Some(old[at].to_owned()),
            Step::Add(_, at) => Some(new[at].to_owned()),
            Step::Drop(..) => None,
        });
        kept.collect()
    }

    #[test]
    fn the_steps_lead_from_one_text_to_the_other() {
        for (old, new) in [
            ("", ""),
            ("", "a b"),
            ("a b", ""),
            ("a b c a b b a", "c b a b a c"),
            ("x a b c", "a b c y"),
            ("a a a", "a a"),
            ("a", "b"),
        ] {
            let (old, new): (Vec<&str>, Vec<&str>) =
                (old.split_whitespace().collect(), new.split_whitespace().collect());
            assert_eq!(applied(&old, &new), new, "{old:?}");
            let dropped = steps(&old, &new).iter().filter(|step| matches!(step, Step::Drop(..))).count();
            let kept = steps(&old, &new).iter().filter(|step| matches!(step, Step::Keep(..))).count();
            assert_eq!(dropped + kept, old.len(), "{old:?} {new:?}");
        }
    }
}
