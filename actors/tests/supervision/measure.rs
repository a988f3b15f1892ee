//! How long a bug takes: until the successor is at work, as the tree tells, and from the blow to the moment in which
//! the methods tell of the successor.
//!
//! ```console
//! $ cargo test --release -p treeherd-actors --test supervision -- --ignored --nocapture measure
//! ```
//!
//! The second includes the way of the blow and of the questions through the JSON-RPC methods.

use crate::herd::with;
use serde_json::json;
use std::io::Write as _;
use treeherd_actors::clock;
use treeherd_domain::status::ProcessState;

const PROGRAM: &str = "[program:web]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=NONE\n";
const SAMPLES: usize = 100;
/// As many as the root allows.
const EACH: usize = 3;

/// How long it takes until the successor is at work, and until the methods tell of it.
fn measure(path: &str) -> String {
    let (mut repairs, mut told) = (Vec::new(), Vec::new());
    while told.len() < SAMPLES {
        with(PROGRAM, async |herd| {
            herd.state("web", ProcessState::Running).await;
            for _ in 0..EACH {
                let before = herd.incarnations(path).await;
                let begin = clock::now();
                herd.call("tree.crash", json!({"path": path, "how": "panic"})).await.unwrap();
                loop {
                    let now = herd.incarnations(path).await;
                    if now.is_some() && now != before {
                        break;
                    }
                }
                told.push(clock::now() - begin);
                repairs.push(herd.repair(path).await);
            }
        });
    }
    let [repaired, told] = [repairs, told].map(|mut times| {
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        format!("{:?} (median), {:?} (99 of 100)", at(50), at(99))
    });
    format!("repaired in {repaired}; told by the methods after {told}")
}

#[test]
#[ignore = "a measurement, not a proof"]
fn measure_the_time_to_the_successor() {
    let mut out = std::io::stdout();
    for path in [
        "root/group:web/program:web/rotator:stdout",
        "root/group:web/program:web",
        "root/group:web",
        "root/bus",
        "root/scribe",
        "root/endpoint:unix_http_server",
        "root",
    ] {
        writeln!(out, "{path}: {}", measure(path)).unwrap();
    }
}
