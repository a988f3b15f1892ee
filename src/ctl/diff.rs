//! What is different between two texts, as `diff -u` shows it.
//!
//! Myers' algorithm: its cost grows with the number of differences, not with the size of the texts. Absent: file
//! names with blanks or line feeds in need of quoting, and the note about a missing last line end.

use std::fmt::Write as _;

/// Lines that stand around a difference.
const CONTEXT: usize = 2;

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

/// The shortest way from one text to the other.
fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let (n, m) = (old.len(), new.len());
    let middle = n + m + 1;
    let mut reach = vec![0_usize; 2 * middle + 1];
    let mut trace = Vec::new();
    'search: for depth in 0..=n + m {
        // of each round only what it can have changed is kept
        trace.push((middle - depth, reach[middle - depth..=middle + depth].to_vec()));
        for diagonal in (middle - depth..=middle + depth).step_by(2) {
            let down = diagonal == middle - depth
                || diagonal != middle + depth && reach[diagonal - 1] < reach[diagonal + 1];
            let mut x = if down { reach[diagonal + 1] } else { reach[diagonal - 1] + 1 };
            let mut y = x + middle - diagonal;
            while x < n && y < m && old[x] == new[y] {
                (x, y) = (x + 1, y + 1);
            }
            reach[diagonal] = x;
            if x >= n && y >= m {
                break 'search;
            }
        }
    }
    back(&trace, middle, n, m)
}

fn back(trace: &[(usize, Vec<usize>)], middle: usize, n: usize, m: usize) -> Vec<Step> {
    let (mut x, mut y) = (n, m);
    let mut steps = Vec::new();
    for (depth, (start, reach)) in trace.iter().enumerate().rev() {
        let at = |diagonal: usize| {
            diagonal.checked_sub(*start).and_then(|at| reach.get(at)).copied().unwrap_or(0)
        };
        let diagonal = x + middle - y;
        let down =
            diagonal == middle - depth || diagonal != middle + depth && at(diagonal - 1) < at(diagonal + 1);
        let before = if down { diagonal + 1 } else { diagonal - 1 };
        let (from_x, from_y) = if depth == 0 { (0, 0) } else { (at(before), at(before) + middle - before) };
        while x > from_x && y > from_y {
            (x, y) = (x - 1, y - 1);
            steps.push(Step::Keep(x, y));
        }
        if depth > 0 {
            steps.push(if down { Step::Add(x, from_y) } else { Step::Drop(from_x, y) });
            (x, y) = (from_x, from_y);
        }
    }
    steps.reverse();
    steps
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
