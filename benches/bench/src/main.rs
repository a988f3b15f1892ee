//! Measures treeherd, the floor and Supervisor, taking turns in one run.
//!
//! ```text
//! args -> scale -> for each round, for each case, for each daemon: start, measure, stop, look for what is left
//!                  cases: programs (boot, memory, rest, respawn, control, shutdown), logs, storm
//!      -> results -> rows (names and goals) -> report (Markdown on stdout, JSON in a file)
//! ```
//!
//! The daemons take turns within each case, and who begins changes from round to round, so that what else the machine
//! does hits all alike. Nothing is judged by one daemon's word: a program runs when it says so itself, a log is written
//! when its bytes are in the files, a daemon is gone when the kernel says that it is.

mod announce;
mod args;
mod daemon;
mod http;
mod logs;
mod machine;
mod programs;
mod report;
mod results;
mod rows;
mod scale;
mod stats;
mod storm;

use args::Args;
use daemon::{Kind, Tools};
use logs::Case;
use programs::Asked;
use results::Results;
use scale::Scale;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

/// One start of a daemon and all that is measured on it.
struct Step {
    label: String,
    /// The rows that it serves; it is left out when none of them is asked for.
    rows: &'static [&'static str],
    /// Whether only ours does it.
    ours: bool,
    what: What,
}

enum What {
    Programs(usize, Asked),
    Log(fn(&Scale) -> Case),
    Storm,
}

fn steps(scale: &Scale) -> Vec<Step> {
    let programs = |count: usize, rows, asked: Asked| Step {
        label: format!("{count} programs{}", if asked.ordered { ", default order" } else { "" }),
        rows,
        ours: asked.ordered,
        what: What::Programs(count, asked),
    };
    let log = |label: &str, rows, ours, case| Step {
        label: format!("log, {label}"),
        rows,
        ours,
        what: What::Log(case),
    };
    let none = Asked::default();
    let ordered = Asked { ordered: true, ..none };
    let everything =
        Asked { memory: true, rest: true, respawn: true, control: true, commands: true, ordered: false };
    let most = [
        programs(0, &["T1"], Asked { memory: true, ..none }),
        programs(1, &["T6", "T8"], Asked { respawn: true, control: true, ..none }),
        programs(scale.few, &["T3"], none),
        programs(scale.some, &["T2", "T3", "T5", "T16"], Asked { rest: true, ..none }),
        programs(scale.some, &["T16"], ordered),
        programs(
            scale.many,
            &["T1", "T2", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T16"],
            everything,
        ),
        programs(scale.many, &["T16"], ordered),
        log("64 KB writes", &["T12", "T14", "T15"], false, Case::bulk),
        log("64 KB writes, pipes of 1 MB", &["T15"], true, Case::wide),
        log("a write a line", &["T12", "T14"], false, Case::lines),
        log("many writers", &["T13"], false, Case::many),
        Step { label: "storm".to_owned(), rows: &["T17", "T18"], ours: false, what: What::Storm },
    ];
    let largest =
        scale.most.map(|most| programs(most, &["T1", "T4", "T5"], Asked { memory: true, ..none }));
    most.into_iter().chain(largest).collect()
}

fn main() -> ExitCode {
    let words = std::env::args().skip(1);
    if words.len() == 1 && std::env::args().any(|word| word == "--help") {
        let _ = io::stdout().write_all(args::HELP.as_bytes());
        return ExitCode::SUCCESS;
    }
    match Args::read(words).and_then(|args| run(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            let _ = writeln!(io::stderr(), "{text}");
            ExitCode::from(2)
        }
    }
}

/// Measures and reports; whether nothing failed. A goal that is missed is no failure.
fn run(args: &Args) -> Result<bool, String> {
    machine::adopt_orphans();
    machine::note_signals();
    let scale = if args.full { Scale::full() } else { Scale::quick() };
    let tools = tools(args)?;
    let kinds: Vec<Kind> = args.daemons.iter().copied().filter(|&kind| tools.has(kind)).collect();
    let rounds = args.rounds.unwrap_or(scale.rounds);
    let asked =
        |id: &str| args.only.is_empty() || args.only.iter().any(|only| only.eq_ignore_ascii_case(id));
    let size = if scale.full { "full size" } else { "quick look: fewer programs than the goals are for" };
    let head = format!("{}; {rounds} rounds, {size}.", machine::describe());
    let mut results = Results::default();
    for count in [scale.few, scale.some, scale.many].into_iter().chain(scale.most) {
        if !tools.logs(count) {
            let files = tools.files;
            results.notes.push(format!(
                "N={count}: no daemon logs to files, for {files} open files are too few for that."
            ));
        }
    }
    for kind in args.daemons.iter().filter(|kind| !kinds.contains(kind)) {
        results.notes.push(format!("Not there, and left out: {}.", kind.name()));
    }
    for round in 0..rounds {
        for mut step in steps(&scale).into_iter().filter(|step| step.rows.iter().any(|id| asked(id))) {
            if let What::Programs(count, what) = step.what {
                step.what = What::Programs(count, what.only(asked));
            }
            for turn in 0..kinds.len() {
                let kind = kinds[(turn + round) % kinds.len()];
                if machine::told_to_end() {
                    return Err("told to end; nothing is left behind".to_owned());
                }
                if !step.ours || kind == Kind::Ours {
                    take(&step, &tools, &scale, kind, &mut results);
                }
            }
        }
    }
    let rows: Vec<_> = rows::all(&scale).into_iter().filter(|row| asked(row.id)).collect();
    let table = report::markdown(&rows, &results, &head);
    io::stdout().write_all(table.as_bytes()).map_err(|error| format!("stdout: {error}"))?;
    let text = format!("{:#}\n", report::json(&rows, &results, &head, scale.full));
    std::fs::write(&args.json, text).map_err(|error| format!("{}: {error}", args.json.display()))?;
    Ok(results.failures.is_empty())
}

/// One daemon's turn. What fails is noted, and the run goes on.
fn take(step: &Step, tools: &Tools, scale: &Scale, kind: Kind, results: &mut Results) {
    let begin = Instant::now();
    let result = match step.what {
        What::Programs(count, asked) => programs::measure(tools, scale, kind, count, asked, results),
        What::Log(case) => case(scale).measure(tools, kind, results),
        What::Storm => storm::measure(tools, scale, kind, results),
    };
    let seconds = begin.elapsed().as_secs_f64();
    let mut stderr = io::stderr();
    let _ = writeln!(stderr, "{seconds:6.1} s  {}, {}", kind.name(), step.label);
    if let Err(text) = result {
        let _ = writeln!(stderr, "          {text}");
        results.failures.push(format!("{}: {text}", step.label));
    }
}

fn tools(args: &Args) -> Result<Tools, String> {
    let here = std::env::current_exe().map_err(|error| format!("this program's path: {error}"))?;
    let beside = |name: &str| {
        let path = here.with_file_name(name);
        if path.is_file() {
            Ok(path)
        } else {
            Err(format!("{} is not there: build the whole workspace", path.display()))
        }
    };
    let absolute = |path: &std::path::Path| {
        std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    Ok(Tools {
        child: beside("child")?,
        floor: beside("floor")?,
        ours: absolute(&args.ours)?,
        supervisor: absolute(&args.venv)?.join("bin"),
        base: absolute(&args.dir)?,
        files: machine::raise_files(),
    })
}
