//! Bugs in random actors by the thousand, one after the other, under load: what the tree promises is counted.
//!
//! ```console
//! $ cargo test --release -p treeherd-actors --test supervision -- --ignored --nocapture ten_thousand
//! ```
//!
//! Two programs live through it with their pids, one writes numbered lines all the while, one ends by itself with a new
//! status each time, one is killed. Every status is told once and in order, every line is written, no level restarts more
//! than its budget allows nor gives up before, and the time to each successor is measured through the methods.

use crate::herd::{DEADLINE, Herd, with};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write as _;
use std::time::{Duration, Instant};
use treeherd_actors::{clock, group, program, root};
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;
use treeherd_domain::strategy::Intensity;

const PROGRAMS: &str = "[program:steady]\nnumprocs=8\nprocess_name=%(process_num)d\ncommand=/bin/cat\nstartsecs=0\n\
    stdout_logfile=NONE\nstderr_logfile=NONE\n\
    [program:loud]\nstartsecs=0\nautorestart=false\nstderr_logfile=NONE\n\
    command=/bin/sh -c 'i=0; while :; do i=$((i+1)); echo $i; test $((i%%100)) = 0 && sleep 0.005; done'\n\
    stdout_logfile=%(here)s/loud.log\nstdout_logfile_maxbytes=0\n\
    [program:flap]\nstartsecs=0\nautorestart=true\ndirectory=%(here)s\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
    command=/bin/sh -c 'n=0; read n < n; n=$((n+1)); echo $n > n; exit $((n%%200))'\n\
    [program:victim]\nstartsecs=0\nautorestart=true\ncommand=/bin/cat\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
    [eventlistener:ear]\ncommand=/bin/sh -c 'while :; do echo READY; read line || exit; done'\nevents=TICK_3600\nstartsecs=0\n\
    [subscriber:feed]\ncommand=/bin/sh -c 'while read line; do :; done'\nevents=PROCESS_STATE\nstartsecs=0\n";

/// A line is written later than its actor looked at the clock by less than this.
const SLACK: Duration = Duration::from_secs(2);

/// Pseudo-random numbers, the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// The actors by how far they are from the root: the root, its children, their children, the leaves.
fn levels(node: &Value, depth: usize, into: &mut [Vec<String>; 4]) {
    into[depth].push(node["path"].as_str().unwrap().to_owned());
    node["children"].as_array().into_iter().flatten().for_each(|child| levels(child, depth + 1, into));
}

/// What the lines about the ends of actors say of the budgets.
#[derive(Default)]
struct Books {
    /// When each parent restarted a child, since it was last started itself.
    restarts: HashMap<String, Vec<Instant>>,
    ends: usize,
    surrenders: usize,
    read: usize,
}

fn budget(parent: &str) -> Intensity {
    match parent.matches('/').count() {
        0 => root::INTENSITY,
        1 => group::INTENSITY,
        _ => program::INTENSITY,
    }
}

impl Books {
    /// Takes in what was logged since the last time.
    fn read(&mut self, herd: &Herd) {
        let lines = herd.lines_from(self.read);
        self.read += lines.len();
        lines.iter().for_each(|(at, line)| self.line(line, *at));
    }

    fn line(&mut self, line: &str, now: Instant) {
        let Some((path, rest)) =
            line.split_once("actor ").and_then(|(_, rest)| rest.split_once(" ended by an"))
        else {
            return;
        };
        self.ends += 1;
        let below = format!("{path}/");
        self.restarts.retain(|parent, _| parent != path && !parent.starts_with(&below));
        let Some((parent, _)) = path.rsplit_once('/') else { return };
        let Intensity { restarts, period } = budget(parent);
        let times = self.restarts.entry(parent.to_owned()).or_default();
        if rest.ends_with("gives up") || rest.ends_with("the root is rebuilt") {
            self.surrenders += 1;
            let recent = times.iter().filter(|at| now - **at <= period + SLACK).count();
            assert!(recent >= restarts, "{parent} gave up after {recent} restarts: {line}");
        } else {
            times.push(now);
            let recent = times.iter().filter(|at| now - **at + SLACK < period).count();
            assert!(recent <= restarts, "{parent} restarted {recent} times: {line}");
        }
    }
}

/// Strikes an actor and waits for its successor, or that of one above it: how long the tree was without, and how
/// long it took until the methods told so. `None` if it was not there.
async fn strike(herd: &Herd, path: &str, how: &str) -> Option<(Duration, Duration)> {
    let before = herd.incarnations(path).await?;
    let begin = clock::now();
    herd.call("tree.crash", json!({"path": path, "how": how})).await.ok()?;
    while herd.incarnations(path).await.is_none_or(|now| now == before) {
        let waited = clock::now() - begin;
        assert!(waited < DEADLINE, "{path} does not come back: {:#?}", herd.lines());
        if waited > Duration::from_millis(20) {
            // the root pauses before it is built again
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let told = clock::now() - begin;
    Some((herd.repair(path).await, told))
}

/// What the others do meanwhile: statuses, ends and starts, input.
async fn load(herd: &Herd, dice: &mut Dice, kills: &mut usize) {
    // by itself it would start a second after its last start
    let _ = herd.call("supervisor.startProcess", json!(["flap", false])).await;
    if dice.below(10) == 0 && herd.status("victim").state == ProcessState::Running {
        let pid = herd.pid("victim");
        herd.kill("victim", Signal::KILL);
        *kills += 1;
        herd.until("noticed", || herd.pid("victim") != pid).await;
    }
    let _ = herd.call("supervisor.startProcess", json!(["victim", false])).await;
}

/// The statuses with which a program has ended, as they were told.
fn ends(herd: &Herd, name: &str) -> Vec<String> {
    let start = format!("exited: {name} (");
    let told = |line: &String| Some(line.split_once(&start)?.1.split(';').next()?.to_owned());
    herd.lines().iter().filter_map(told).collect()
}

async fn insist(herd: &Herd, name: &str) {
    herd.until("back", || herd.slot.get().is_some_and(|root| root.connected())).await;
    while herd.status(name).state != ProcessState::Stopped {
        let _ = herd.call("supervisor.stopProcess", json!([name])).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn check_statuses(herd: &Herd, kills: usize) {
    let lives = herd.read("n").trim().parse::<usize>().unwrap();
    let told = ends(herd, "flap");
    let expected: Vec<String> = (1..=lives).map(|n| format!("exit status {}", n % 200)).collect();
    assert_eq!(told.len(), lives, "one status for each life");
    assert_eq!(told, expected);
    let killed = ends(herd, "victim").iter().filter(|how| how.contains("SIGKILL")).count();
    assert_eq!(killed, kills, "each kill is told once");
}

fn check_lines(herd: &Herd) -> usize {
    let text = herd.read("loud.log");
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for (line, number) in whole.lines().zip(1_usize..) {
        assert_eq!(line, number.to_string(), "after {} good lines", number - 1);
    }
    whole.lines().count()
}

fn storm(strikes: usize) {
    with(PROGRAMS, async |herd| {
        let steady: Vec<String> = (0..8).map(|n| format!("steady:{n}")).collect();
        let lasting: Vec<&str> = steady.iter().map(String::as_str).chain(["loud", "ear", "feed"]).collect();
        for name in &lasting {
            herd.state(name, ProcessState::Running).await;
        }
        let pids: Vec<i32> = lasting.iter().map(|name| herd.pid(name)).collect();
        let mut all = <[Vec<String>; 4]>::default();
        levels(&herd.call("tree.get", json!({})).await.unwrap(), 0, &mut all);
        let (mut dice, mut books, mut kills) = (Dice(20_261_123), Books::default(), 0);
        let (mut repairs, mut told) = (Vec::with_capacity(strikes), Vec::with_capacity(strikes));
        while repairs.len() < strikes {
            // mostly the leaves: the further up, the rarer
            let level = match dice.below(1000) {
                0..750 => 3,
                750..985 => 2,
                985..998 => 1,
                _ => 0,
            };
            let path = dice.pick(&all[level]).clone();
            let how = *dice.pick(&["panic", "stop"]);
            if let Some((repair, after)) = strike(herd, &path, how).await {
                repairs.push(repair);
                told.push(after);
            }
            load(herd, &mut dice, &mut kills).await;
            books.read(herd);
        }
        let now: Vec<i32> = lasting.iter().map(|name| herd.pid(name)).collect();
        assert_eq!(now, pids, "the same processes");
        for name in ["loud", "flap", "victim"] {
            insist(herd, name).await;
        }
        check_statuses(herd, kills);
        let lines = check_lines(herd);
        assert!(books.ends >= strikes && kills > strikes / 100, "{} ends, {kills} kills", books.ends);
        tell([repairs, told], &books, lines, kills);
    });
}

fn tell(times: [Vec<Duration>; 2], books: &Books, lines: usize, kills: usize) {
    let (bugs, ends, surrenders) = (times[0].len(), books.ends, books.surrenders);
    let [repaired, told] = times.map(|mut times| {
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        format!("{:?} (median), {:?} (99 of 100), {:?} (longest)", at(50), at(99), at(100))
    });
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{bugs} bugs, {ends} ends of actors, {surrenders} escalations, {kills} kills, {lines} lines; repaired in \
         {repaired}; told by the methods after {told}"
    )
    .unwrap();
}

#[test]
fn a_thousand_bugs_cost_no_process_no_line_and_no_status() {
    storm(1000);
}

#[test]
#[ignore = "takes a minute or more"]
fn ten_thousand_bugs_cost_no_process_no_line_and_no_status() {
    storm(10_000);
}
