//! The table in Markdown, and the same as JSON.

use crate::daemon::Kind;
use crate::results::Results;
use crate::rows::{Floor, Row};
use crate::stats;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A goal, what came of it, and whether it is reached.
struct Verdict {
    text: String,
    ratio: Option<f64>,
    reached: Option<bool>,
}

/// The table, and below it what failed.
pub fn markdown(rows: &[Row], results: &Results, head: &str) -> String {
    let mut text = format!("{head}\n\n");
    text.push_str("| | measure | ours | bare | supervisor | ours to bare (goal) | ahead of supervisor (goal) | reached |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for row in
        rows.iter().filter(|row| Kind::ALL.iter().any(|&kind| !sample(row, results, kind).is_empty()))
    {
        let cells = Kind::ALL.map(|kind| cell(sample(row, results, kind)));
        let (floor, supervisor) = (floor(row, results), supervisor(row, results));
        let reached = both(&floor, &supervisor).map_or("–", |reached| if reached { "yes" } else { "no" });
        let [ours, bare, other] = cells;
        let _ = writeln!(
            text,
            "| {} | {}, {} | {ours} | {bare} | {other} | {} | {} | {reached} |",
            row.id, row.label, row.unit, floor.text, supervisor.text
        );
    }
    for note in &results.notes {
        let _ = write!(text, "\n{note}\n");
    }
    for failure in &results.failures {
        let _ = write!(text, "\nFailed: {failure}\n");
    }
    text
}

/// Everything, with each round's value.
pub fn json(rows: &[Row], results: &Results, head: &str, full: bool) -> Value {
    let rows = rows.iter().map(|row| {
        let (floor, supervisor) = (floor(row, results), supervisor(row, results));
        let [ours, bare, other] = Kind::ALL.map(|kind| sample(row, results, kind));
        json!({
            "id": row.id, "measure": row.label, "unit": row.unit, "moreIsBetter": row.more,
            "ours": ours, "bare": bare, "supervisor": other,
            "oursToBare": floor.ratio, "aheadOfSupervisor": supervisor.ratio,
            "floorReached": floor.reached, "supervisorReached": supervisor.reached,
            "reached": both(&floor, &supervisor),
        })
    });
    json!({ "run": head, "full": full, "rows": rows.collect::<Vec<_>>(), "notes": results.notes, "failures": results.failures })
}

fn sample<'a>(row: &Row, results: &'a Results, kind: Kind) -> &'a [f64] {
    results.of(if kind == Kind::Ours { &row.ours } else { &row.others }, kind)
}

fn floor(row: &Row, results: &Results) -> Verdict {
    let ours = stats::median(sample(row, results, Kind::Ours));
    let bare = stats::median(sample(row, results, Kind::Bare));
    let ratio = ours.zip(bare).filter(|(_, bare)| *bare > 0.0).map(|(ours, bare)| ours / bare);
    let got = ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{}x", figure(ratio)));
    let verdict = |text, reached| Verdict { text, ratio, reached };
    match row.floor {
        Floor::None => verdict(got, None),
        Floor::AtMost(goal) => verdict(format!("{got} (≤ {goal}x)"), ratio.map(|ratio| ratio <= goal)),
        Floor::AtLeast(goal) => verdict(format!("{got} (≥ {goal}x)"), ratio.map(|ratio| ratio >= goal)),
        Floor::Plus(goal) => {
            let more = ours.zip(bare).map(|(ours, bare)| ours - bare);
            let got = more.map_or_else(|| "–".to_owned(), |more| format!("+{}", figure(more)));
            verdict(format!("{got} (≤ +{} {})", figure(goal), row.unit), more.map(|more| more <= goal))
        }
        Floor::Absolute(goal) => {
            verdict(format!("– (≤ {goal} {})", row.unit), ours.map(|ours| ours <= goal))
        }
    }
}

fn supervisor(row: &Row, results: &Results) -> Verdict {
    let ours = stats::median(sample(row, results, Kind::Ours));
    let other = stats::median(sample(row, results, Kind::Supervisor));
    let (above, below) = if row.more { (ours, other) } else { (other, ours) };
    let ratio = above.zip(below).filter(|(_, below)| *below > 0.0).map(|(above, below)| above / below);
    let got = ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{}x", figure(ratio)));
    let text = row.supervisor.map_or_else(|| got.clone(), |goal| format!("{got} (≥ {goal}x)"));
    let reached = row.supervisor.and_then(|goal| ratio.map(|ratio| ratio >= goal));
    Verdict { text, ratio, reached }
}

/// Whether every goal that could be judged is reached; `None` when none could.
fn both(floor: &Verdict, supervisor: &Verdict) -> Option<bool> {
    match (floor.reached, supervisor.reached) {
        (Some(floor), Some(supervisor)) => Some(floor && supervisor),
        (one, other) => one.or(other),
    }
}

/// The median, and the smallest and largest where there are several.
fn cell(sample: &[f64]) -> String {
    let Some(median) = stats::median(sample) else { return "–".to_owned() };
    if sample.len() == 1 {
        return figure(median);
    }
    let least = sample.iter().copied().fold(f64::INFINITY, f64::min);
    let most = sample.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} ({}–{})", figure(median), figure(least), figure(most))
}

/// Three figures that count; whole numbers from 100 on.
fn figure(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 4) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows;
    use crate::scale::Scale;

    fn reached(id: &str, ours: f64, bare: f64, other: f64) -> Option<bool> {
        let rows = rows::all(&Scale::full());
        let row = rows.iter().find(|row| row.id == id).unwrap();
        let mut results = Results::default();
        results.put(row.ours.clone(), Kind::Ours, ours);
        results.put(row.others.clone(), Kind::Bare, bare);
        results.put(row.others.clone(), Kind::Supervisor, other);
        both(&floor(row, &results), &supervisor(row, &results))
    }

    #[test]
    fn a_row_is_reached_when_both_its_goals_are() {
        // T3: boot of 10, 60 times faster than Supervisor, at most 1.5 times the floor.
        assert_eq!(reached("T3", 15.0, 10.0, 1200.0), Some(true));
        assert_eq!(reached("T3", 16.0, 10.0, 1200.0), Some(false));
        assert_eq!(reached("T3", 15.0, 10.0, 500.0), Some(false));
        // T17: starts a second, 5 times Supervisor's, at least 0.85 of the floor's.
        assert_eq!(reached("T17", 1700.0, 1900.0, 330.0), Some(true));
        assert_eq!(reached("T17", 1500.0, 1900.0, 290.0), Some(false));
        // T1: at most 1.5 MB more than the floor with no program.
        assert_eq!(reached("T1", 1.8, 0.3, 20.0), Some(true));
        assert_eq!(reached("T1", 1.9, 0.3, 20.0), Some(false));
    }

    #[test]
    fn three_figures_count() {
        assert_eq!(figure(1234.56), "1235");
        assert_eq!(figure(12.3456), "12.3");
        assert_eq!(figure(0.0123), "0.0123");
        assert_eq!(figure(2.0), "2");
        assert_eq!(figure(100.0), "100");
    }
}
