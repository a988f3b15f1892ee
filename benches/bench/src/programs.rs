//! The rows of programs that sleep: one start of a daemon with N of them, and on it everything that is asked at that N.

use crate::announce::Kind as Said;
use crate::daemon::{Kind, Running, Tools, Work, name};
use crate::http::Client;
use crate::machine;
use crate::results::Results;
use crate::scale::Scale;
use crate::stats;
use std::fs::File;
use std::time::{Duration, Instant};

/// What is measured on one start.
#[derive(Clone, Copy, Default)]
pub struct Asked {
    /// PSS.
    pub memory: bool,
    /// Wake-ups and CPU at rest.
    pub rest: bool,
    /// Kill until the successor runs.
    pub respawn: bool,
    /// Requests of one, and of all.
    pub control: bool,
    /// Whole commands.
    pub commands: bool,
    /// Whether the programs stop in the daemon's default order; else all at once.
    pub ordered: bool,
}

impl Asked {
    /// Without what serves none of the rows that are wanted.
    pub fn only(self, wanted: impl Fn(&str) -> bool) -> Self {
        Self {
            memory: self.memory && wanted("T1"),
            rest: self.rest && wanted("T2"),
            respawn: self.respawn && (wanted("T6") || wanted("T7")),
            control: self.control && (wanted("T8") || wanted("T9")),
            commands: self.commands && (wanted("T10") || wanted("T11")),
            ordered: self.ordered,
        }
    }
}

/// Boots `count` programs and measures what is asked; the boot and the shutdown always.
pub fn measure(
    tools: &Tools,
    scale: &Scale,
    kind: Kind,
    count: usize,
    asked: Asked,
    results: &mut Results,
) -> Result<(), String> {
    let work = Work { parallel: !asked.ordered, ..Work::sleepers(count) };
    let mut running = tools.start(kind, &work)?;
    let mut put = |what: &str, value: f64| results.put(format!("{what}/{count}"), kind, value);
    if !asked.ordered {
        put("boot", running.boot.as_secs_f64() * 1e3);
        put("bootcpu", running.boot_cpu.as_secs_f64() * 1e3 / count.max(1) as f64);
    }
    // Memory is taken before anything was asked: a daemon may keep what it needed for an answer.
    if asked.memory || asked.rest {
        std::thread::sleep(Duration::from_millis(500));
    }
    if asked.memory {
        put("pss", machine::pss(running.pid).map_err(|error| error.to_string())?);
    }
    settle(&running, &mut connect(&running, count)?, None)?;
    if asked.rest {
        // The answer that was just taken may wake it once more, by its connection being closed.
        std::thread::sleep(Duration::from_millis(300));
        let (wakes, busy) = rest(&running, scale.rest).map_err(|error| error.to_string())?;
        put("wakeups", wakes);
        put("rest", busy);
    }
    if asked.respawn {
        let times = respawns(&mut running, scale.respawns)?;
        put("respawn-median", stats::median(&times).unwrap_or(f64::NAN));
        put("respawn-p99", stats::percentile(&times, 0.99).unwrap_or(f64::NAN));
    }
    // A connection is opened when it is used: daemons close idle ones, each after a time of its own.
    if asked.control {
        let mut client = connect(&running, count)?;
        for (what, one) in [("one", Some(count / 2)), ("all", None)] {
            let (rate, cpu) = rate(&running, &mut client, one, scale.rate)?;
            put(what, rate);
            put(&format!("{what}cpu"), cpu);
        }
    }
    if asked.commands {
        settle(&running, &mut connect(&running, count)?, None)?;
        let one = name(count / 2);
        for (what, words) in [
            ("ctl-one", &["status", &one][..]),
            ("ctl-all", &["status"]),
            ("ctl-restart", &["restart", &one]),
        ] {
            if let Some(median) = commands(tools, &mut running, words, scale.commands)? {
                put(what, median);
            }
        }
    }
    let took = running.stop(patience(count))?;
    put(if asked.ordered { "stop-ordered" } else { "stop" }, took.as_secs_f64() * 1e3);
    Ok(())
}

fn connect(running: &Running, count: usize) -> Result<Client, String> {
    Client::connect(&running.socket(), patience(count)).map_err(|error| running.failed(&error.to_string()))
}

fn patience(count: usize) -> Duration {
    Duration::from_secs(20) + Duration::from_millis(40) * count as u32
}

fn occurrences(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len()).filter(|window| window == &word).count()
}

/// Asks until the daemon says that the program runs, or that all do: it may learn so later than we.
fn settle(running: &Running, client: &mut Client, one: Option<usize>) -> Result<(), String> {
    let question = running.question(one);
    let expected = one.map_or(running.pids.len(), |_| 1);
    let deadline = Instant::now() + patience(expected);
    loop {
        let answer = client.call(&question).map_err(|error| running.failed(&error.to_string()))?;
        let up = occurrences(&answer, b"RUNNING");
        if up >= expected {
            return Ok(());
        }
        if Instant::now() > deadline {
            let text = String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned();
            return Err(running.failed(&format!("says that {up} of {expected} programs run: {text}")));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Wake-ups a second, and CPU in milliseconds a second.
fn rest(running: &Running, span: Duration) -> std::io::Result<(f64, f64)> {
    let (begin, wakes, cpu) = (Instant::now(), machine::wakeups(running.pid)?, machine::cpu(running.pid)?);
    std::thread::sleep(span);
    let seconds = begin.elapsed().as_secs_f64();
    let (woken, used) = (machine::wakeups(running.pid)? - wakes, machine::cpu(running.pid)? - cpu);
    Ok((woken / seconds, used.as_secs_f64() * 1e3 / seconds))
}

/// How long a program lives before it is killed.
const SECOND_LIFE: Duration = Duration::from_millis(1100);

/// Milliseconds from kill -9 of a program until its successor says that it runs, each of another program.
fn respawns(running: &mut Running, (most, span): (usize, Duration)) -> Result<Vec<f64>, String> {
    let mut times = Vec::new();
    // those that were booted last have lived less than that as well
    std::thread::sleep(SECOND_LIFE);
    let end = Instant::now() + span;
    while times.len() < most && (times.is_empty() || Instant::now() < end) {
        let id = times.len() * 7 % running.pids.len();
        // A program that has lived less than a second is started again when that second is over.
        let rested = running.pids.len() > times.len();
        std::thread::sleep(if rested { Duration::ZERO } else { SECOND_LIFE });
        let begin = Instant::now();
        machine::kill(running.pids[id], libc::SIGKILL);
        successor(running, id, Duration::from_secs(15))?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        // The daemon may still have to note what it did: the next death finds it at rest.
        std::thread::sleep(Duration::from_millis(3));
    }
    Ok(times)
}

/// Waits until a program runs under a new pid.
fn successor(running: &mut Running, id: usize, patience: Duration) -> Result<(), String> {
    let deadline = Instant::now() + patience;
    loop {
        match running.said.next(deadline) {
            Ok(Some(mark)) if mark.kind == Said::Runs && mark.id < running.pids.len() => {
                let old = std::mem::replace(&mut running.pids[mark.id], mark.pid);
                if mark.id == id && mark.pid != old {
                    return Ok(());
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => {
                return Err(running.failed(&format!("{} was not started again in {patience:?}", name(id))));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Answers a second on one connection, and the daemon's CPU for each in microseconds.
fn rate(
    running: &Running,
    client: &mut Client,
    one: Option<usize>,
    span: Duration,
) -> Result<(f64, f64), String> {
    settle(running, client, one)?;
    let question = running.question(one);
    let (begin, cpu) = (Instant::now(), machine::cpu(running.pid).map_err(|error| error.to_string())?);
    let mut answers = 0;
    while answers < 3 || begin.elapsed() < span {
        client.call(&question).map_err(|error| running.failed(&error.to_string()))?;
        answers += 1;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let used = machine::cpu(running.pid).map_err(|error| error.to_string())? - cpu;
    Ok((f64::from(answers) / seconds, used.as_secs_f64() * 1e6 / f64::from(answers)))
}

/// The median of whole commands, in milliseconds; `None` where the daemon has no such command.
fn commands(
    tools: &Tools,
    running: &mut Running,
    words: &[&str],
    (most, span): (usize, Duration),
) -> Result<Option<f64>, String> {
    let path = running.dir.join("answer");
    let mut times = Vec::new();
    let end = Instant::now() + span;
    while times.len() < most && (times.len() < 2 || Instant::now() < end) {
        let Some(mut command) = tools.control(running, words) else { return Ok(None) };
        let answer = File::create(&path).map_err(|error| error.to_string())?;
        let errors = answer.try_clone().map_err(|error| error.to_string())?;
        let begin = Instant::now();
        let mut child = command.stdout(answer).stderr(errors).spawn().map_err(|error| error.to_string())?;
        if !machine::died(child.id() as i32, Duration::from_secs(60)).unwrap_or(false) {
            let _ = child.kill();
        }
        let ended = child.wait().map_err(|error| error.to_string())?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        let text = std::fs::read(&path).unwrap_or_default();
        let expected = match words {
            ["status"] => occurrences(&text, b"RUNNING") == running.pids.len(),
            ["status", _] => occurrences(&text, b"RUNNING") == 1,
            _ => occurrences(&text, b": started") == 1,
        };
        if !ended.success() || !expected {
            let text = String::from_utf8_lossy(&text[..text.len().min(300)]).into_owned();
            return Err(running.failed(&format!("`{}` ended with {ended}: {text}", words.join(" "))));
        }
        if let ["restart", one] = words {
            let id = one[1..].parse().map_err(|_| format!("no program {one}"))?;
            successor(running, id, Duration::from_secs(15))?;
        }
    }
    Ok(stats::median(&times))
}
