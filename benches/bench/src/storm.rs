//! The rows of the storm: programs that end as soon as they are started, and a client that wants an answer meanwhile.

use crate::announce::Kind as Said;
use crate::daemon::{Kind, Mode, Tools, Work};
use crate::http::Client;
use crate::results::Results;
use crate::scale::Scale;
use crate::stats;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A request is begun at most so often.
const PACE: Duration = Duration::from_millis(5);

/// Starts a second over the whole storm, and the 99th percentile of the answers' times in milliseconds.
pub fn measure(tools: &Tools, scale: &Scale, kind: Kind, results: &mut Results) -> Result<(), String> {
    let work = Work { mode: Mode::Exit, ..Work::sleepers(scale.storm) };
    let mut running = tools.start(kind, &work)?;
    let patience = Duration::from_secs(20);
    let mut client =
        Client::connect(&running.socket(), patience).map_err(|error| running.failed(&error.to_string()))?;
    let question = running.question(Some(0));
    let over = AtomicBool::new(false);
    let said = &mut running.said;
    let begin = Instant::now();
    let (starts, times) = std::thread::scope(|scope| {
        let counter = scope.spawn(|| {
            let mut starts = 0_u32;
            while !over.load(Ordering::Relaxed) {
                let mark = said.next(Instant::now() + Duration::from_millis(50));
                starts +=
                    u32::from(mark.is_ok_and(|mark| mark.is_some_and(|mark| mark.kind == Said::Runs)));
            }
            starts
        });
        let mut times = Vec::new();
        let mut failure = None;
        while begin.elapsed() < scale.storming {
            let asked = Instant::now();
            if let Err(error) = client.call(&question) {
                failure = Some(error.to_string());
                break;
            }
            times.push(asked.elapsed().as_secs_f64() * 1e3);
            std::thread::sleep(PACE.saturating_sub(asked.elapsed()));
        }
        let rate = begin.elapsed().as_secs_f64();
        over.store(true, Ordering::Relaxed);
        let starts = counter.join().map_or(0.0, |starts| f64::from(starts) / rate);
        (failure.map_or(Ok(starts), Err), times)
    });
    let starts = starts.map_err(|error| running.failed(&format!("in the storm: {error}")))?;
    drop(client);
    running.stop(patience)?;
    results.put("storm/starts", kind, starts);
    results.put("storm/p99", kind, stats::percentile(&times, 0.99).unwrap_or(f64::NAN));
    Ok(())
}
