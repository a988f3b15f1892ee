//! Not a byte of output is lost or doubled, whatever actor ends while it flows.
//!
//! The files of a log, the oldest first, are exactly what the process wrote.

use crate::herd::{Herd, with};
use serde_json::json;
use std::fmt::Write as _;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

/// All files of a log in the order in which they were written.
fn log(herd: &Herd, name: &str) -> String {
    let mut all = String::new();
    let mut oldest = 1;
    while herd.path(&format!("{name}.{oldest}")).exists() {
        oldest += 1;
    }
    for number in (1..oldest).rev() {
        all.push_str(&herd.read(&format!("{name}.{number}")));
    }
    all + &herd.read(name)
}

/// `1\n2\n3\n...`
fn numbers(last: u32) -> String {
    (1..=last).fold(String::new(), |mut text, number| {
        writeln!(text, "{number}").unwrap();
        text
    })
}

#[track_caller]
fn assert_same(got: &str, expected: &str) {
    if got == expected {
        return;
    }
    let at = got
        .bytes()
        .zip(expected.bytes())
        .position(|(a, b)| a != b)
        .unwrap_or(got.len().min(expected.len()));
    let around = |text: &str| text.get(at.saturating_sub(20)..(at + 20).min(text.len())).map(str::to_owned);
    panic!(
        "{} bytes instead of {}; at {at}: {:?} instead of {:?}",
        got.len(),
        expected.len(),
        around(got),
        around(expected)
    );
}

/// Blocks the logs' thread until what this gives is dropped.
pub(crate) fn block_logs(herd: &Herd) -> Sender<()> {
    let (blocked, block) = channel::<()>();
    let (tell, told) = channel();
    herd.shared.logs.spawn_fn(move || {
        tell.send(()).unwrap();
        // ends with the sender
        let _ = block.recv();
    });
    told.recv().unwrap();
    blocked
}

/// How far is counted.
const LAST: u32 = 240_000;
const PATHS: [&str; 4] = [
    "root/group:loud/program:loud/rotator:stdout",
    "root/group:loud/program:loud/rotator:stdout",
    "root/group:loud/program:loud",
    "root/group:loud",
];

/// How often something ends while a sequence flows. Groups allow five restarts, the root three: every fourth
/// end is that of a group.
const ROUNDS: u32 = 12;

/// Has a process count to [`LAST`] and crashes what the numbers go through, round and round; then compares. The
/// shell's `count` writes those from `$1` to `$2`, a twelfth at a time, and each when the process is told to go on:
/// so every end comes while bytes flow, however busy the machine is.
fn sequence(count: &str) {
    let share = LAST / ROUNDS;
    let program = format!(
        "[program:loud]\nautorestart=false\nstartsecs=0\n\
         command=/bin/sh -c 'count() {{ {count}; }}; \
         n=0; while [ $n -lt {ROUNDS} ]; do read go; count $((n*{share}+1)) $((n*{share}+{share})); n=$((n+1)); done'\n\
         stdout_logfile=%(here)s/loud.log\nstdout_logfile_maxbytes=64KB\nstdout_logfile_backups=1000\n"
    );
    with(&program, async |herd| {
        herd.state("loud", ProcessState::Running).await;
        for (round, path) in (0..ROUNDS).zip(PATHS.iter().cycle()) {
            let sent = herd.call("supervisor.sendProcessStdin", json!(["loud", "go\n"])).await;
            assert_eq!(sent, Ok(json!(true)), "round {round}");
            herd.crash(path, if round % 2 == 0 { "panic" } else { "stop" }).await;
        }
        herd.state("loud", ProcessState::Exited).await;
        assert_eq!(herd.status("loud").incarnation, 1, "one process wrote it all");
        // an actor that ended at the very end of the process leaves the last bytes to its successor
        let expected = numbers(share * ROUNDS);
        herd.until("written", || log(herd, "loud.log").len() >= expected.len()).await;
        assert_same(&log(herd, "loud.log"), &expected);
        assert_eq!(herd.estate("loud").stdout.lost(), 0);
    });
}

#[test]
fn a_sequence_in_single_lines_is_whole_whatever_ends() {
    sequence("i=$1; while [ $i -le $2 ]; do echo $i; i=$((i+1)); done");
}

#[test]
fn a_sequence_in_large_pieces_is_whole_whatever_ends() {
    sequence("seq $1 $2");
}

#[test]
fn what_stands_in_the_pipe_at_the_end_is_written_by_the_successor_of_its_rotator() {
    let program = "[program:loud]\ncommand=/bin/sh -c 'read line; seq 1 5000'\nautorestart=false\nstartsecs=0\n\
         stdout_logfile=%(here)s/loud.log\n";
    with(program, async |herd| {
        herd.state("loud", ProcessState::Running).await;
        let blocked = block_logs(herd);
        herd.strike("root/group:loud/program:loud/rotator:stdout", "panic").await;
        let sent = herd.call("supervisor.sendProcessStdin", json!(["loud", "go\n"])).await;
        assert_eq!(sent, Ok(json!(true)));
        let process = herd.estate("loud").record().process.clone().unwrap();
        process.wait().await.unwrap();
        drop(blocked);
        herd.state("loud", ProcessState::Exited).await;
        let expected = numbers(5000);
        herd.until("written", || herd.read("loud.log").len() >= expected.len()).await;
        assert_same(&herd.read("loud.log"), &expected);
    });
}

#[test]
fn a_process_that_follows_at_once_loses_nothing_while_the_disk_is_slow() {
    let program = "[program:loud]\ncommand=/bin/sh -c 'echo $$; read line; echo $$ $line; exec cat'\n\
         autorestart=true\nstartsecs=0\nstdout_logfile=%(here)s/loud.log\n";
    with(program, async |herd| {
        herd.state("loud", ProcessState::Running).await;
        let first = herd.pid("loud");
        herd.until("heard", || herd.read("loud.log") == format!("{first}\n")).await;
        let blocked = block_logs(herd);
        herd.kill("loud", Signal::KILL);
        herd.until("followed", || ![0, first].contains(&herd.pid("loud"))).await;
        let second = herd.pid("loud");
        let sent = herd.call("supervisor.sendProcessStdin", json!(["loud", "late\n"])).await;
        assert_eq!(sent, Ok(json!(true)));
        drop(blocked);
        let expected = format!("{first}\n{second}\n{second} late\n");
        herd.until("heard", || herd.read("loud.log").len() >= expected.len()).await;
        assert_same(&herd.read("loud.log"), &expected);
        let sent = herd.call("supervisor.sendProcessStdin", json!(["loud", "later\n"])).await;
        assert_eq!(sent, Ok(json!(true)));
        herd.until("heard", || herd.read("loud.log").ends_with("late\nlater\n")).await;
        assert_eq!(herd.pid("loud"), second, "its pipe was never closed");
    });
}

#[test]
fn a_process_that_follows_at_once_leaves_the_last_words_of_its_predecessor_alone() {
    let program = "[program:loud]\ncommand=/bin/sh -c 'echo $$; read line; seq 1 5000; kill -9 $$'\n\
         autorestart=true\nstartsecs=0\nstdout_logfile=%(here)s/loud.log\n";
    with(program, async |herd| {
        herd.state("loud", ProcessState::Running).await;
        let first = herd.pid("loud");
        herd.until("heard", || herd.read("loud.log") == format!("{first}\n")).await;
        // its rotator ends before it could be told to write what is left
        let blocked = block_logs(herd);
        herd.strike("root/group:loud/program:loud/rotator:stdout", "stop").await;
        let sent = herd.call("supervisor.sendProcessStdin", json!(["loud", "go\n"])).await;
        assert_eq!(sent, Ok(json!(true)));
        let process = herd.estate("loud").record().process.clone().unwrap();
        process.wait().await.unwrap();
        // the program has asked the rotator that is about to end
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(blocked);
        herd.until("followed", || ![0, first].contains(&herd.pid("loud"))).await;
        let expected = format!("{first}\n{}{}\n", numbers(5000), herd.pid("loud"));
        herd.until("heard", || herd.read("loud.log").len() >= expected.len()).await;
        assert_same(&herd.read("loud.log"), &expected);
    });
}

#[test]
fn the_words_of_many_short_lives_are_all_there_and_in_order() {
    let program = "[program:loud]\n\
         command=/bin/sh -c 'read n < n; echo $((n+1)) > n; test $n -gt 150 && exec sleep 100; echo $n; seq -s: 1 $n'\n\
         directory=%(here)s\nautorestart=true\nstartsecs=0\nstdout_logfile=%(here)s/loud.log\n\
         stdout_logfile_maxbytes=4KB\nstdout_logfile_backups=1000\n";
    let herd = Herd::start(program, |dir, doors| {
        std::fs::write(dir.join("n"), "1\n").unwrap();
        doors
    });
    crate::herd::over(herd, async |herd| {
        let rotator = "root/group:loud/program:loud/rotator:stdout";
        let mut crashes = 0;
        while herd.read("n") != "152\n" {
            if crashes < 20 {
                // the program allows five of its rotators' ends, so it is struck as well from time to time
                crashes += 1;
                let path = if crashes % 5 == 0 { "root/group:loud/program:loud" } else { rotator };
                herd.crash(path, "panic").await;
            }
            // by itself it would start a second after its last start
            let _ = herd.call("supervisor.startProcess", json!(["loud", false])).await;
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        let expected = (1..=150).fold(String::new(), |mut text, n| {
            let words: Vec<_> = (1..=n).map(|i: u32| i.to_string()).collect();
            writeln!(text, "{n}\n{}", words.join(":")).unwrap();
            text
        });
        herd.until("written", || log(herd, "loud.log").len() >= expected.len()).await;
        assert_same(&log(herd, "loud.log"), &expected);
    });
}
