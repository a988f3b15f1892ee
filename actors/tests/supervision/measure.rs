//! How long a bug takes: from the blow to the moment in which the successor has answered.
//!
//! ```console
//! $ cargo test --release -p treeherd-actors --test supervision -- --ignored --nocapture measure
//! ```
//!
//! The time includes the way of the blow and of the question through the JSON-RPC methods.

use crate::herd::with;
use serde_json::json;
use std::io::Write as _;
use std::time::Duration;
use treeherd_actors::clock;
use treeherd_domain::status::ProcessState;

const PROGRAM: &str = "[program:web]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=NONE\n";
const SAMPLES: usize = 100;
/// As many as the root allows.
const EACH: usize = 3;

fn median(path: &str) -> Duration {
    let mut times = Vec::new();
    while times.len() < SAMPLES {
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
                times.push(clock::now() - begin);
            }
        });
    }
    times.sort();
    times[times.len() / 2]
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
        writeln!(out, "{path}: {:?}", median(path)).unwrap();
    }
}
