//! Scripts, and the world that turns one into a trace.
//!
//! ```text
//! groups   "top strategy=one_for_all intensity=2: a b:temporary @sub:transient | sub: c"
//!          a group, its keys, its children in order; `@x` is the group x; the first group is the top
//! script   "0 start | 5 a fails | 5.5 wait"     seconds and inputs; `|` is the next line, `&` the next input
//! trace    time and input; `+a` told to start, `-a` told to stop, what the groups report
//! ```
//!
//! Inputs: `start`, `stop`, `freeze`, `halt` of the top; `a ends` (well), `a fails`, `a up`, `a down`, `a startfails`,
//! `a lost`; `ask start a`, `ask stop a`, `hold a b`; `wait`. Children come up and go down at once when they are told to. `slow
//! a` does not come up before the script says so, `broken a` fails to start, `stubborn a` does not go down before the
//! script says so, `sound a` is none of these any more. Time stops at each deadline on the way.

use expect_test::Expect;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use treeherd_domain::group::{
    AutoShutdown, Backoff, Changes, ChildId, ChildSpec, End, Escalate, Fact, Forest, GroupPolicy, Output,
    Plot, Report, Request, Seen, StartFailure, StartUp, Task, Wish,
};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::spec::StopOrder;
use treeherd_domain::strategy::{Ending, Restart, Strategy};

/// Runs a script and compares its trace.
#[track_caller]
pub(crate) fn check(groups: &str, script: &str, expected: Expect) {
    expected.assert_eq(&trace(groups, script));
}

/// Runs a script and gives its trace.
pub(crate) fn trace(groups: &str, script: &str) -> String {
    let mut herd = Herd::new(groups);
    for line in script.split('|') {
        let (time, inputs) = line.trim().split_once(' ').expect("a line is a time and an input");
        let seconds: f64 = time.parse().expect("a time is a number of seconds");
        herd.sleep_until(Duration::from_secs_f64(seconds));
        for input in inputs.split('&') {
            herd.feed(input.trim());
        }
    }
    herd.trace
}

/// The moment at which every script begins.
#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
pub(crate) fn origin() -> Instant {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    *ORIGIN
}

/// The groups as the script has them.
pub(crate) struct Herd {
    pub(crate) forest: Forest,
    pub(crate) alive: BTreeSet<String>,
    home: BTreeMap<String, GroupName>,
    moods: BTreeMap<String, String>,
    handed: BTreeMap<GroupName, u64>,
    top: Option<GroupName>,
    now: Duration,
    pub(crate) trace: String,
    tokens: Vec<String>,
    /// When each group restarted something in its present life.
    restarts: BTreeMap<String, Vec<Duration>>,
    /// Every moment at which that was more than its budget allows.
    pub(crate) overspent: Vec<String>,
    /// The processes that were told to start, in order.
    pub(crate) started: Vec<String>,
    /// What the script itself started, and is not down since: a group's order is refused then.
    by_hand: BTreeSet<String>,
    /// What lives, maybe, and cannot be reached.
    pub(crate) lost: BTreeSet<String>,
}

impl Herd {
    pub(crate) fn new(groups: &str) -> Self {
        let plots: Vec<Plot> = groups.split('|').map(|line| plot(line.trim())).collect();
        let mut home = BTreeMap::new();
        for plot in &plots {
            for child in &plot.children {
                if let (ChildId::Process(process), Some(group)) = (&child.id, &plot.name) {
                    home.insert(process.to_string(), group.clone());
                }
            }
        }
        let top = plots[0].name.clone();
        let mut forest = Forest::default();
        forest.plant(plots, origin());
        let (alive, moods, handed) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        let (now, trace, tokens) = (Duration::ZERO, String::new(), Vec::new());
        let (restarts, overspent, started) = (BTreeMap::new(), Vec::new(), Vec::new());
        let (by_hand, lost) = (BTreeSet::new(), BTreeSet::new());
        Self {
            forest,
            alive,
            home,
            moods,
            handed,
            top,
            now,
            trace,
            tokens,
            restarts,
            overspent,
            started,
            by_hand,
            lost,
        }
    }

    /// The names of all processes.
    pub(crate) fn processes(&self) -> Vec<String> {
        self.home.keys().cloned().collect()
    }

    /// Lets time pass.
    pub(crate) fn sleep(&mut self, time: Duration) {
        self.sleep_until(self.now + time);
    }

    /// Counts a restart against the budget of a group, another way than the machine does.
    fn spend(&mut self, group: Option<&GroupName>) {
        let Some(machine) = self.forest.machine(group) else { return };
        let Some(budget) = machine.policy().budget() else { return };
        let name = group.map_or("root", GroupName::as_str).to_owned();
        let spent = self.restarts.entry(name.clone()).or_default();
        spent.push(self.now);
        let now = self.now;
        if spent.iter().filter(|at| now - **at <= budget.period).count() > budget.restarts {
            self.overspent.push(format!("{name} at {now:?}"));
        }
    }

    fn instant(&self) -> Instant {
        origin() + self.now
    }

    pub(crate) fn process(&self, name: &str) -> Namespec {
        let group = self.home.get(name).unwrap_or_else(|| panic!("no process {name}"));
        Namespec::new(group.clone(), ProcessName::new(name))
    }

    fn sleep_until(&mut self, until: Duration) {
        while let Some(at) = self.forest.deadline().filter(|at| *at <= origin() + until) {
            self.now = at.saturating_duration_since(origin()).max(self.now);
            let changes = self.forest.due(self.instant());
            self.take(changes);
            self.line("(due)");
        }
        self.now = until;
    }

    pub(crate) fn feed(&mut self, input: &str) {
        let now = self.instant();
        let words: Vec<&str> = input.split_whitespace().collect();
        let changes = match words[..] {
            ["start"] => self.forest.request(self.top.as_ref(), Request::Start, now),
            ["stop"] => self.forest.request(self.top.as_ref(), Request::Stop, now),
            ["halt"] => self.forest.request(self.top.as_ref(), Request::Halt, now),
            ["freeze"] => self.forest.freeze(now),
            ["wait"] => self.forest.due(now),
            [mood @ ("slow" | "broken" | "stubborn" | "sound"), name] => {
                self.moods.insert(name.to_owned(), mood.to_owned());
                return;
            }
            ["ask", "start", name] => {
                // the process hears of it first
                self.by_hand.insert(name.to_owned());
                if self.mood(name) != "broken" {
                    self.alive.insert(name.to_owned());
                }
                let changes = self.forest.asked(&self.process(name), Wish::Start, now);
                self.take(changes);
                if self.by_hand.contains(name) { self.start(name, now) } else { Changes::default() }
            }
            ["hold", ref names @ ..] => {
                let held: Vec<_> = names.iter().map(|name| self.process(name)).collect();
                self.forest.hold(&held, now)
            }
            ["ask", "stop", name] => {
                let mut changes = self.forest.asked(&self.process(name), Wish::Stop, now);
                if self.alive.contains(name) && self.mood(name) != "stubborn" {
                    self.take(changes);
                    self.is_down(name);
                    changes = self.forest.told(&self.process(name), Fact::Stopped, now);
                }
                changes
            }
            [name, fact] => self.tell(name, fact, now),
            _ => panic!("no such input: {input}"),
        };
        self.take(changes);
        self.line(input);
    }

    fn mood(&self, name: &str) -> &str {
        self.moods.get(name).map_or("sound", String::as_str)
    }

    fn tell(&mut self, name: &str, fact: &str, now: Instant) -> Changes {
        let fact = match fact {
            "ends" => Fact::Ended(Ending::Normal),
            "fails" => Fact::Ended(Ending::Abnormal),
            "up" => Fact::Up,
            "down" => Fact::Stopped,
            "startfails" => Fact::StartFailed,
            "lost" => Fact::Lost,
            _ => panic!("no such fact: {fact}"),
        };
        match fact {
            Fact::Up => drop(self.alive.insert(name.to_owned())),
            Fact::Lost => drop(self.lost.insert(name.to_owned())),
            _ => self.is_down(name),
        }
        self.forest.told(&self.process(name), fact, now)
    }

    fn is_down(&mut self, name: &str) {
        for set in [&mut self.alive, &mut self.by_hand, &mut self.lost] {
            set.remove(name);
        }
    }

    /// A process starts, as its mood is.
    fn start(&mut self, name: &str, now: Instant) -> Changes {
        let process = self.process(name);
        match self.mood(name) {
            "slow" => {
                self.alive.insert(name.to_owned());
                Changes::default()
            }
            "broken" => {
                self.is_down(name);
                self.forest.told(&process, Fact::StartFailed, now)
            }
            _ => {
                self.alive.insert(name.to_owned());
                self.forest.told(&process, Fact::Up, now)
            }
        }
    }

    /// Notes what came of an input, and lets the children do as they are told.
    fn take(&mut self, changes: Changes) {
        self.note(&changes);
        let mut touched = changes.touched;
        while let Some(group) = touched.pop_first() {
            let handed = self.handed.get(&group).copied().unwrap_or_default();
            let mut orders = self.forest.orders(&group);
            orders.retain(|order| order.ticket > handed);
            let Some(order) = orders.into_iter().min_by_key(|order| order.ticket) else { continue };
            self.handed.insert(group.clone(), order.ticket);
            touched.insert(group);
            let ChildId::Process(process) = &order.child else { continue };
            let changes = self.carry_out(process.as_str(), order.task);
            self.note(&changes);
            touched.extend(changes.touched);
        }
    }

    fn carry_out(&mut self, name: &str, task: Task) -> Changes {
        let now = self.instant();
        match task {
            Task::Start => {
                self.tokens.push(format!("+{name}"));
                self.started.push(name.to_owned());
                if self.alive.contains(name) {
                    let Self { trace, tokens, .. } = self;
                    assert!(
                        self.by_hand.contains(name),
                        "{name} is started twice:
{trace}{tokens:?}"
                    );
                    let seen = if self.mood(name) == "slow" { Seen::Coming } else { Seen::Up };
                    return self.forest.seen(&self.process(name), seen, now);
                }
                self.start(name, now)
            }
            Task::Stop => {
                self.tokens.push(format!("-{name}"));
                if self.alive.contains(name) && self.mood(name) == "stubborn" {
                    return Changes::default();
                }
                self.is_down(name);
                self.forest.told(&self.process(name), Fact::Stopped, now)
            }
        }
    }

    fn note(&mut self, changes: &Changes) {
        for (group, output) in &changes.news {
            match output {
                Output::Restart { .. } => self.spend(group.as_ref()),
                // another life has another budget
                Output::Begun => {
                    self.restarts.remove(group.as_ref().map_or("root", GroupName::as_str));
                }
                _ => {}
            }
            let group = group.as_ref().map_or("root", GroupName::as_str);
            let token = match output {
                Output::Restart { .. } | Output::Begun => continue,
                Output::Forgotten(child) => format!("forget {child}"),
                Output::Escalated { child, why, restarts: Some(restarts) } => {
                    format!("[{group} gives up: {child} {why}, restart {restarts}]")
                }
                Output::Escalated { child, why, restarts: None } => {
                    format!("[{group} gives up: {child} {why}]")
                }
                Output::AutoShutdown(child) => format!("[{group} shuts down: {child} ended]"),
                Output::Report(Report::Up) => format!("[{group} up]"),
                Output::Report(Report::Ended(Ending::Normal)) => format!("[{group} shutdown]"),
                Output::Report(Report::Ended(Ending::Abnormal)) => format!("[{group} failed]"),
                Output::Report(Report::Stopped) => format!("[{group} stopped]"),
                Output::Report(Report::Fatal) => format!("[{group} fatal]"),
                Output::Report(Report::Exit) => format!("[{group} exit]"),
            };
            self.tokens.push(token);
        }
        match &changes.end {
            Some(End::Escalated(_)) => self.tokens.push("END".to_owned()),
            Some(End::Done) => self.tokens.push("DONE".to_owned()),
            None => {}
        }
    }

    fn line(&mut self, input: &str) {
        let seconds = (self.now.as_secs_f64() * 1000.0).round() / 1000.0;
        let tokens = std::mem::take(&mut self.tokens).join(" ");
        let _ = writeln!(self.trace, "{}", format!("{seconds} {input}: {tokens}").trim_end());
    }
}

fn plot(line: &str) -> Plot {
    let (head, children) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
    let (name, keys) = head.split_once(' ').unwrap_or((head, ""));
    let name = (name != "root").then(|| GroupName::new(name));
    Plot { name, policy: policy(keys), children: children.split_whitespace().map(child).collect() }
}

fn child(text: &str) -> ChildSpec {
    let (name, flags) = text.split_once(':').unwrap_or((text, ""));
    let id = match name.strip_prefix('@') {
        Some(group) => ChildId::Group(GroupName::new(group)),
        None => ChildId::Process(ProcessName::new(name)),
    };
    let mut spec = ChildSpec { id, restart: Restart::Permanent, significant: false, autostart: true };
    for flag in flags.split(',').filter(|flag| !flag.is_empty()) {
        match flag {
            "significant" => spec.significant = true,
            "manual" => spec.autostart = false,
            restart => spec.restart = restart_type(restart),
        }
    }
    spec
}

pub(crate) fn restart_type(word: &str) -> Restart {
    match word {
        "permanent" => Restart::Permanent,
        "transient" => Restart::Transient,
        "temporary" => Restart::Temporary,
        _ => panic!("no such restart type: {word}"),
    }
}

/// No delays, as in OTP, unless the keys have some; no limit unless they have one.
pub(crate) fn policy(keys: &str) -> GroupPolicy {
    let mut policy = GroupPolicy { backoff: Backoff::NONE, ..GroupPolicy::default() };
    for (key, value) in keys.split_whitespace().filter_map(|pair| pair.split_once('=')) {
        match (key, value) {
            ("strategy", "one_for_one") => policy.strategy = Strategy::OneForOne,
            ("strategy", "one_for_all") => policy.strategy = Strategy::OneForAll,
            ("strategy", "rest_for_one") => policy.strategy = Strategy::RestForOne,
            ("intensity", number) => policy.intensity = Some(number.parse().expect("a number")),
            ("period", number) => policy.period = Duration::from_secs(number.parse().expect("a number")),
            ("escalate", "fatal") => policy.escalate = Escalate::Fatal,
            ("escalate", "parent") => policy.escalate = Escalate::Parent,
            ("escalate", "exit") => policy.escalate = Escalate::Exit,
            ("auto_shutdown", "never") => policy.auto_shutdown = AutoShutdown::Never,
            ("auto_shutdown", "any_significant") => policy.auto_shutdown = AutoShutdown::AnySignificant,
            ("auto_shutdown", "all_significant") => policy.auto_shutdown = AutoShutdown::AllSignificant,
            ("start_failure", "fail") => policy.start_failure = StartFailure::Fail,
            ("stop_order", "parallel") => policy.stop_order = StopOrder::Parallel,
            ("otp_strict", "true") => policy.otp_strict = true,
            ("start_up", "together") => policy.start_up = StartUp::Together,
            ("start_up", "never") => policy.start_up = StartUp::Never,
            ("backoff", parts) => policy.backoff = backoff(parts),
            _ => panic!("no such key: {key}={value}"),
        }
    }
    policy
}

fn backoff(parts: &str) -> Backoff {
    let parts: Vec<f64> = parts.split(',').map(|part| part.parse().expect("a number")).collect();
    Backoff {
        first: Duration::from_secs_f64(parts[0]),
        cap: Duration::from_secs_f64(parts[1]),
        factor: parts[2],
        jitter: parts[3],
    }
}
