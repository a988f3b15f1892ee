//! Groups and scripts in few words, played by the simulation: the engine, the clock and the processes are its own.
//!
//! ```text
//! groups   "top strategy=one_for_all intensity=2: a b:temporary @sub:transient | sub: c"
//!          a group, its keys, its children in order, groups last; `@x` is the group x
//! script   "0 start | 5 a fails | 5.5 wait"     seconds and inputs; `|` is the next line, `&` the next input
//! trace    time and input; `+a` is started, `-a` is stopped, what the groups tell
//! ```
//!
//! Inputs: `start` (the daemon comes up), `stop` (of everybody), `shutdown`; `a ends` (well), `a fails`, `a up`,
//! `a down`; `ask start a`, `ask stop a`; `wait`. Children come up and go down at once when they are told to. `slow a`
//! does not come up before the script says so, `broken a` fails to start and `once a` does so once, `stubborn a` does
//! not go down before the script says so, `lone a` cannot be signalled, `sound a` is none of these any more.

use crate::process::process;
use crate::rules::{policy, restart_type};
use expect_test::Expect;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use treeherd_domain::health::Check;
use treeherd_domain::name::GroupName;
use treeherd_domain::simulate::{Cast, Line, Report, Script, Setting, What, simulate};
use treeherd_domain::spec::{Autorestart, GroupKind, GroupRules, GroupSpec, ProcessSpec};
use treeherd_domain::strategy::Restart;

/// Runs a script and compares its trace.
#[track_caller]
pub(crate) fn check(groups: &str, script: &str, expected: Expect) {
    expected.assert_eq(&trace(groups, script));
}

/// Runs a script and gives its trace.
pub(crate) fn trace(groups: &str, script: &str) -> String {
    let setting = setting(groups);
    let play = Play::of(&setting, script);
    let report = run(&setting, &play.text);
    play.trace(&report)
}

/// Runs a script of the simulation.
pub(crate) fn run(setting: &Setting, script: &str) -> Report {
    let read = Script::parse(script).unwrap_or_else(|errors| panic!("{errors:?}\n{script}"));
    simulate(setting, Cast::of(setting, &read).unwrap_or_else(|errors| panic!("{errors:?}")), origin())
}

/// The moment at which every script begins.
#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
pub(crate) fn origin() -> Instant {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    *ORIGIN
}

/// A script of the simulation, and what its lines are here.
struct Play {
    text: String,
    inputs: Vec<String>,
}

impl Play {
    fn of(setting: &Setting, script: &str) -> Self {
        let mut play = Self { text: String::new(), inputs: Vec::new() };
        let (mut last, mut is_up) = (0.0_f64, false);
        for line in script.split('|') {
            let (time, inputs) = line.trim().split_once(' ').expect("a line is a time and an input");
            let mut at: f64 = time.parse().expect("a time is a number of seconds");
            for input in inputs.split('&').map(str::trim) {
                if input == "start" {
                    // what holds from the beginning holds before anything comes up
                    is_up = true;
                    at = at.max(0.001);
                } else if play.feed(setting, if is_up { at.max(0.001) } else { at }, input) {
                    // what follows on the same line follows what came of this
                    last = last.max(at);
                    at += 0.001;
                }
            }
            last = last.max(at);
        }
        play.text.push_str(&format!("until {last:.3}s\n"));
        play
    }

    /// Takes in an input. Whether it is more than how somebody behaves from then on.
    fn feed(&mut self, setting: &Setting, at: f64, input: &str) -> bool {
        let full = |name: &str| full(setting, name);
        let (action, is_input) = match input.split_whitespace().collect::<Vec<_>>()[..] {
            ["stop"] => ("stop all".to_owned(), true),
            ["shutdown"] => ("shutdown".to_owned(), true),
            // it is well as it is
            ["wait"] => ("healthy all".to_owned(), true),
            ["slow", name] => (format!("{}: never ready", full(name)), false),
            ["broken", name] => (format!("{}: fails to start", full(name)), false),
            ["once", name] => (format!("{}: fails to start *1", full(name)), false),
            ["stubborn", name] => (format!("{}: ignores TERM", full(name)), false),
            ["lone", name] => (format!("{}: out of reach", full(name)), false),
            ["sound", name] => (format!("{}: runs forever", full(name)), false),
            ["ask", verb @ ("start" | "stop"), name] => (format!("{verb} {}", full(name)), true),
            [name, "ends" | "down"] => (format!("exit 0 {}", full(name)), true),
            [name, "fails"] => (format!("exit 1 {}", full(name)), true),
            [name, "up"] => (format!("ready {}", full(name)), true),
            _ => panic!("no such input: {input}"),
        };
        self.text.push_str(&format!("at {at:.3}s: {action}\n"));
        self.inputs.push(if is_input { input.to_owned() } else { String::new() });
        is_input
    }

    /// What happened, a line for each input and for each moment at which something was due.
    fn trace(&self, report: &Report) -> String {
        let mut inputs = self.inputs.iter();
        let mut lines: Vec<(Duration, String, Vec<String>)> =
            vec![(Duration::ZERO, "start".to_owned(), Vec::new())];
        for line in &report.lines {
            if matches!(line.what, What::Script(_)) && line.cause.is_empty() {
                let input = inputs.next().expect("a line for each input");
                if !input.is_empty() {
                    lines.push((line.at, input.clone(), Vec::new()));
                }
                continue;
            }
            if line.cause.starts_with("the script is over") {
                break;
            }
            let Some(token) = token(line) else { continue };
            if lines.last().is_none_or(|(at, ..)| *at != line.at) {
                lines.push((line.at, "(due)".to_owned(), Vec::new()));
            }
            lines.last_mut().expect("there is one").2.push(token);
        }
        let shown = lines.iter().map(|(at, input, tokens)| {
            format!("{} {input}: {}", at.as_secs_f64(), tokens.join(" ")).trim_end().to_owned() + "\n"
        });
        shown.collect()
    }
}

fn token(line: &Line) -> Option<String> {
    let who = line.who.as_deref().unwrap_or_default();
    let process = who.split(':').next_back().unwrap_or_default();
    Some(match &line.what {
        What::State { to: "STARTING", .. } => format!("+{process}"),
        What::State { to: "STOPPING", .. } => format!("-{process}"),
        What::State { to: to @ "UNKNOWN", .. } => format!("{process} {to}"),
        What::Refused(why) => format!("({why})"),
        What::Script(text) => format!("{text}: {}", line.cause),
        What::Group(_) if line.kind == "strategy" => return None,
        What::Group(text) => {
            let short = text.split([';', '(']).next().unwrap_or_default();
            let short = short.strip_suffix(": it stays down until it is started").unwrap_or(short);
            format!("[{} {}]", who.trim_start_matches("group "), short.trim_end())
        }
        _ => return None,
    })
}

fn full(setting: &Setting, process: &str) -> String {
    let names = setting.groups.iter().flat_map(|group| {
        group.processes.iter().map(|one| (one.name.to_string(), group.namespec(&one.name)))
    });
    let found = names.into_iter().find(|(name, _)| name == process);
    found.unwrap_or_else(|| panic!("no process {process}")).1.to_string()
}

/// The groups as a configuration.
pub(crate) fn setting(groups: &str) -> Setting {
    let mut setting = Setting::default();
    let mut priority = 0;
    for line in groups.split('|').map(str::trim) {
        let (head, children) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        let (name, keys) = head.split_once(' ').unwrap_or((head, ""));
        if name == "root" {
            setting.rules = Some(policy(keys));
            continue;
        }
        priority += 1;
        let (below, processes): (Vec<&str>, Vec<&str>) =
            children.split_whitespace().partition(|child| child.starts_with('@'));
        let below =
            below.iter().map(|child| child.trim_start_matches('@').split(':').next().unwrap_or_default());
        let rules = GroupRules { policy: Some(policy(keys)), groups: below.map(GroupName::new).collect() };
        setting.groups.push(Arc::new(GroupSpec {
            name: GroupName::new(name),
            kind: GroupKind::Group,
            priority,
            processes: processes.iter().map(|child| Arc::new(self::child(child))).collect(),
            rules,
        }));
    }
    name_groups(&mut setting, groups);
    setting
}

/// `@sub:transient,significant` says of a group what it is to the one above.
fn name_groups(setting: &mut Setting, groups: &str) {
    for word in groups.split_whitespace().filter_map(|word| word.strip_prefix('@')) {
        let (name, flags) = word.split_once(':').unwrap_or((word, ""));
        let group = setting.groups.iter_mut().find(|group| group.name.as_str() == name);
        let group = Arc::make_mut(group.unwrap_or_else(|| panic!("no group {name}")));
        let Some(policy) = &mut group.rules.policy else { continue };
        for flag in flags.split(',').filter(|flag| !flag.is_empty()) {
            match flag {
                "significant" => policy.significant = true,
                restart => policy.restart = restart_type(restart),
            }
        }
    }
}

/// `b:temporary,significant`: a process that is up when it says so, and has no attempts of its own.
fn child(text: &str) -> ProcessSpec {
    let (name, flags) = text.split_once(':').unwrap_or((text, ""));
    let mut spec = process(name);
    (spec.startsecs, spec.startretries, spec.stopwaitsecs) = (0, 0, 100_000);
    spec.autorestart = Autorestart::Always;
    spec.health.ready = Check::Notify;
    spec.child.supervised = true;
    for flag in flags.split(',').filter(|flag| !flag.is_empty()) {
        match flag {
            "significant" => spec.child.significant = true,
            "manual" => spec.autostart = false,
            restart => {
                spec.autorestart = match restart_type(restart) {
                    Restart::Permanent => Autorestart::Always,
                    Restart::Transient => Autorestart::Unexpected,
                    Restart::Temporary => Autorestart::Never,
                };
            }
        }
    }
    spec
}
