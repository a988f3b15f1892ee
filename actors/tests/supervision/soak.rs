//! Some seconds of bugs in all actors at once, under load: the invariants hold all along and in the end.

use crate::herd::{DEADLINE, Herd, with};
use serde_json::{Value, json};
use std::pin::pin;
use std::time::Duration;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

/// How long, at least.
const TIME: Duration = Duration::from_secs(3);
/// How many bugs and how many ends of a process there are, at least.
const STRIKES: u64 = 50;
const KILLS: u64 = 5;
/// How long a busy machine may take for that.
const PATIENCE: Duration = Duration::from_secs(300);

const PROGRAMS: &str = "[program:steady]\ncommand=/bin/cat\nstartsecs=0\n\
    stdout_logfile=%(here)s/steady.log\nstderr_logfile=NONE\n\
    [program:loud]\nstartsecs=0\nautorestart=false\n\
    command=/bin/sh -c 'i=0; while :; do i=$((i+1)); echo $i; test $((i%%500)) = 0 && sleep 0.002; done'\n\
    stdout_logfile=%(here)s/loud.log\nstdout_logfile_maxbytes=32KB\nstdout_logfile_backups=10000\n\
    [program:short]\nstartsecs=0\nautorestart=true\ndirectory=%(here)s\nstartretries=1000000\n\
    command=/bin/sh -c 'n=0; read n < n; echo $((n+1)) > n; echo $((n+1)); sleep 0.01'\n\
    stdout_logfile=%(here)s/short.log\n\
    [program:victim]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\nstartretries=1000000\n\
    stdout_logfile=NONE\nstderr_logfile=NONE\n\
    [program:other]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\nstdout_logfile=NONE\n";

/// Pseudo-random numbers, the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let count = u64::try_from(from.len()).unwrap();
        from[usize::try_from(self.below(count)).unwrap()]
    }

    /// Mostly the leaves: the further up, the rarer.
    fn path(&mut self) -> String {
        let name = self.pick(&["steady", "loud", "short", "victim", "other"]);
        let program = format!("root/group:{name}/program:{name}");
        match self.below(100) {
            0..60 => format!("{program}/rotator:{}", self.pick(&["stdout", "stdout", "stderr"])),
            60..85 => program,
            85..93 => self.pick(&["root/bus", "root/scribe", "root/endpoint:unix_http_server"]).to_owned(),
            93..98 => format!("root/group:{name}"),
            _ => "root".to_owned(),
        }
    }
}

/// The files of a rotated log, the oldest first.
fn log(herd: &Herd, name: &str) -> String {
    let oldest = (1..).find(|n| !herd.path(&format!("{name}.{n}")).exists()).unwrap();
    let older = (1..oldest).rev().map(|n| herd.read(&format!("{name}.{n}")));
    older.chain([herd.read(name)]).collect()
}

/// Every line is the number of its place; the last may be cut off.
#[track_caller]
fn assert_counts(text: &str) {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for (line, number) in whole.lines().zip(1..) {
        assert_eq!(line, u64::to_string(&number), "after {} good lines", number - 1);
    }
}

fn is_answer(answer: &Result<Value, Value>) -> bool {
    match answer {
        Ok(_) => true,
        // what a caller may be told: it is down, it was cut short, it is there already
        Err(error) => ["ActorCrashed", "NotRunning", "AlreadyStarted", "AbnormalTermination", "SpawnError"]
            .iter()
            .any(|kind| error["data"]["kind"] == *kind),
    }
}

/// Starts it now, if it is down; by itself it would a second after its last start.
async fn start(herd: &Herd, name: &str) {
    let answer = herd.call("supervisor.startProcess", json!([name, false])).await;
    assert!(is_answer(&answer), "start of {name}: {answer:?}");
}

/// Calls a method until it is answered without an error.
async fn insist(herd: &Herd, method: &str, params: Value) {
    let done = async {
        while herd.call(method, params.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, done)
        .await
        .unwrap_or_else(|_| panic!("{method} is refused again and again"));
}

/// Ends actors and processes, and tells how many processes it ended.
async fn storm(herd: &Herd) -> u64 {
    let (mut dice, mut kills, mut strikes) = (Dice(20_261_122), 0, 0);
    let mut over = pin!(tokio::time::sleep(TIME));
    while !over.is_elapsed() || strikes <= STRIKES || kills <= KILLS {
        let path = dice.path();
        let how = dice.pick(&["panic", "stop"]);
        let struck = herd.call("tree.crash", json!({"path": path, "how": how})).await;
        strikes += u64::from(struck.is_ok());
        assert!(is_answer(&struck), "{path}: {struck:?}");
        if dice.below(4) == 0 && herd.status("victim").state == ProcessState::Running {
            let pid = herd.pid("victim");
            herd.kill("victim", Signal::KILL);
            kills += 1;
            while [0, pid].contains(&herd.pid("victim")) {
                start(herd, "victim").await;
            }
            herd.state("victim", ProcessState::Running).await;
        }
        start(herd, "short").await;
        if dice.below(4) == 0 {
            let verb = dice.pick(&["supervisor.stopProcess", "supervisor.startProcess"]);
            let answer = herd.call(verb, json!(["other"])).await;
            assert!(is_answer(&answer), "{verb}: {answer:?}");
        }
        let pause = tokio::time::sleep(Duration::from_millis(5 + dice.below(10)));
        tokio::select! {
            () = &mut over, if !over.is_elapsed() => {}
            () = pause => {}
        }
    }
    kills
}

#[test]
fn processes_and_their_output_outlive_a_storm_of_bugs() {
    with(PROGRAMS, async |herd| {
        for name in ["steady", "loud", "victim"] {
            herd.state(name, ProcessState::Running).await;
        }
        let pids = [herd.pid("steady"), herd.pid("loud")];
        let kills =
            tokio::time::timeout(PATIENCE, storm(herd)).await.expect("enough of everything in time");
        herd.until("back", || herd.slot.get().is_some_and(|root| root.connected())).await;
        assert_eq!([herd.pid("steady"), herd.pid("loud")], pids, "the same processes");
        assert_eq!(herd.status("victim").incarnation, kills + 1, "one spawn for each end");
        insist(herd, "supervisor.sendProcessStdin", json!(["steady", "alive\n"])).await;
        herd.until("heard", || herd.read("steady.log").ends_with("alive\n")).await;
        for name in ["loud", "short"] {
            insist(herd, "supervisor.stopProcess", json!([name])).await;
        }
        let lives = herd.status("short").incarnation;
        let loud = log(herd, "loud.log");
        assert!(loud.len() > 100_000, "only {} bytes", loud.len());
        assert_counts(&loud);
        let short = herd.read("short.log");
        assert_counts(&short);
        let lines = u64::try_from(short.lines().count()).unwrap();
        // the last life may have been stopped before its only line
        assert!(lines == lives || lines + 1 == lives, "{lines} lines of {lives} lives");
    });
}
