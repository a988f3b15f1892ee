//! Configurations in a few words, and timelines as text.

use crate::process::process;
use crate::rules::policy;
use expect_test::Expect;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use treeherd_domain::depend::{Condition, Depend, OnLoss, Requirement, Target};
use treeherd_domain::group::{GroupPolicy, StartUp};
use treeherd_domain::health::{Check, HealthSpec};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::simulate::{Cast, Line, Report, Script, Setting, What, simulate};
use treeherd_domain::spec::{
    Autorestart, GroupKind, GroupRules, GroupSpec, ProcessSpec, ProcessType, StopOrder,
};
use treeherd_domain::template::{TemplateSpec, mark};

/// Any moment will do.
#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
pub(crate) fn origin() -> Instant {
    Instant::now()
}

/// `db ready=notify priority=1 | shop:api requires=db?,shop:x`: processes with their keys; those of one group together.
pub(crate) fn setting(text: &str) -> Setting {
    let mut setting = Setting::default();
    for part in text.split('|').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, keys) = part.split_once(' ').unwrap_or((part, ""));
        if let Some(group) = name.strip_prefix('@') {
            rule(&mut setting, group, keys);
            continue;
        }
        if name == "[supervisord]" {
            setting.stop_order = match keys {
                "stop_order=parallel" => StopOrder::Parallel,
                keys => panic!("no such key: {keys}"),
            };
            continue;
        }
        if let Some(name) = name.strip_prefix('%') {
            setting.groups.push(template(name, keys));
            continue;
        }
        let namespec = namespec(name);
        let mut spec = process(namespec.process.as_str());
        let mut priority = 999;
        for (key, value) in keys.split_whitespace().filter_map(|pair| pair.split_once('=')) {
            if key == "priority" {
                priority = value.parse().unwrap();
            }
            set(&mut spec, key, value);
        }
        add(&mut setting, &namespec.group, priority, spec);
    }
    setting.groups.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    setting
}

fn add(setting: &mut Setting, group: &GroupName, priority: i64, spec: ProcessSpec) {
    let group = match setting.groups.iter_mut().find(|other| other.name == *group) {
        Some(group) => group,
        None => {
            let made = GroupSpec {
                name: group.clone(),
                kind: GroupKind::Group,
                priority,
                processes: Vec::new(),
                rules: GroupRules::default(),
            };
            setting.groups.push(Arc::new(made));
            setting.groups.last_mut().unwrap()
        }
    };
    Arc::make_mut(group).processes.push(Arc::new(spec));
}

/// `%w max_children=2 autorestart=true`: a template with the argument `queue`.
fn template(name: &str, keys: &str) -> Arc<GroupSpec> {
    let mut spec = process(name);
    let mut max_children = 50;
    for (key, value) in keys.split_whitespace().filter_map(|pair| pair.split_once('=')) {
        match key {
            "max_children" => max_children = value.parse().unwrap(),
            _ => set(&mut spec, key, value),
        }
    }
    spec.child.supervised = true;
    spec.command = format!("/bin/{name} {}", mark("queue"));
    let policy = GroupPolicy { start_up: StartUp::Never, stop_order: StopOrder::Parallel, ..policy("") };
    let args = vec!["queue".to_owned()];
    let kind = GroupKind::Template(Arc::new(TemplateSpec { process: Arc::new(spec), args, max_children }));
    let rules = GroupRules { policy: Some(policy), groups: Vec::new() };
    Arc::new(GroupSpec { name: GroupName::new(name), kind, priority: 999, processes: Vec::new(), rules })
}

/// `@shop strategy=one_for_all intensity=1 groups=low`: rules of a group whose processes stand before.
fn rule(setting: &mut Setting, name: &str, keys: &str) {
    let group = setting.groups.iter_mut().find(|group| group.name.as_str() == name).unwrap();
    let group = Arc::make_mut(group);
    let is_below = |key: &&str| key.starts_with("groups=");
    let (below, keys): (Vec<&str>, Vec<&str>) = keys.split_whitespace().partition(is_below);
    let below = below.iter().flat_map(|key| key["groups=".len()..].split(','));
    group.rules =
        GroupRules { policy: Some(policy(&keys.join(" "))), groups: below.map(GroupName::new).collect() };
    for process in &mut group.processes {
        Arc::make_mut(process).child.supervised = true;
    }
}

fn namespec(name: &str) -> Namespec {
    let (group, process) = name.split_once(':').unwrap_or((name, name));
    Namespec::new(GroupName::new(group), ProcessName::new(process))
}

fn set(spec: &mut ProcessSpec, key: &str, value: &str) {
    let number = || value.parse().unwrap();
    let seconds = || Duration::from_secs(value.parse().unwrap());
    let HealthSpec { ready, ready_timeout, health, health_interval, watchdog, .. } = &mut *spec.health;
    match key {
        "priority" => spec.priority = number(),
        "startsecs" => spec.startsecs = number(),
        "startretries" => spec.startretries = number(),
        "stopwaitsecs" => spec.stopwaitsecs = number(),
        "autostart" => spec.autostart = value == "true",
        "autorestart" => {
            spec.autorestart = match value {
                "true" => Autorestart::Always,
                "false" => Autorestart::Never,
                _ => Autorestart::Unexpected,
            }
        }
        "significant" => spec.child.significant = value == "true",
        "type" => spec.kind = ProcessType::Oneshot,
        "pre_start" => spec.hooks.pre_start = Some(format!("/bin/{value}")),
        "post_start" => spec.hooks.post_start = Some(format!("/bin/{value}")),
        "pre_stop" => spec.hooks.pre_stop = Some(format!("/bin/{value}")),
        "post_stop" => spec.hooks.post_stop = Some(format!("/bin/{value}")),
        "hook_timeout" => spec.hooks.timeout = seconds(),
        "stop_command" => spec.stop.command = Some(format!("/bin/{value}")),
        "ready" => *ready = Check::parse(value).unwrap(),
        "ready_timeout" => *ready_timeout = seconds(),
        "health" => *health = Some(Check::parse(value).unwrap()),
        "health_interval" => *health_interval = seconds(),
        "watchdog" => *watchdog = Some(seconds()),
        "requires" => spec.depend.requires = value.split(',').map(requirement).collect(),
        "requires_restart" => {
            spec.depend =
                Depend { on_loss: OnLoss::parse(value).unwrap(), ..std::mem::take(&mut spec.depend) };
        }
        _ => panic!("no such key: {key}"),
    }
}

/// `db`, `db?`, `migrate/completed`, `shop:*`, `probe:x`.
fn requirement(text: &str) -> Requirement {
    let (text, soft) = text.strip_suffix('?').map_or((text, false), |text| (text, true));
    let (name, condition) = text.split_once('/').unwrap_or((text, "ready"));
    let condition = match condition {
        "started" => Condition::Started,
        "running" => Condition::Running,
        "ready" => Condition::Ready,
        "healthy" => Condition::Healthy,
        "completed" => Condition::Completed,
        "exited" => Condition::Exited(Vec::new()),
        _ => panic!("no such condition: {condition}"),
    };
    let on = match name.split_once(':') {
        Some(("probe", probe)) => Target::Probe(probe.into()),
        Some((group, "*")) => Target::Group(GroupName::new(group)),
        _ => Target::Process(namespec(name)),
    };
    Requirement { on, condition, soft }
}

/// Runs a script; its lines stand between `|`.
pub(crate) fn run(setting: &Setting, script: &str) -> Report {
    let script = Script::parse(&script.replace(" | ", "\n")).unwrap();
    simulate(setting, Cast::of(setting, &script).unwrap(), origin())
}

/// The full names of its processes, group by group.
pub(crate) fn names(setting: &Setting) -> Vec<String> {
    setting.groups.iter().flat_map(|group| group.namespecs()).map(|name| name.to_string()).collect()
}

/// Whether a process in this state lives, or is being made.
pub(crate) fn is_up(state: &str) -> bool {
    matches!(state, "STARTING" | "RUNNING" | "STOPPING")
}

/// Compares a timeline, up to the end of the script.
#[track_caller]
pub(crate) fn check(text: &str, script: &str, expected: Expect) {
    expected.assert_eq(&told(&run(&setting(text), script)));
}

/// A timeline as text: what happens to one process or group at one moment, and nothing to another in between, is in one
/// line.
pub(crate) fn told(report: &Report) -> String {
    let mut text = String::new();
    let mut before: Option<(Duration, &str)> = None;
    for line in &report.lines {
        let (at, who) = (line.at, line.who.as_deref());
        if who.is_some() && before == who.map(|who| (at, who)) {
            write!(text, ", {}", what(line)).unwrap();
        } else {
            let gap = if text.is_empty() { "" } else { "\n" };
            write!(text, "{gap}{:>6} {:<6} {}", at.as_secs_f64(), who.unwrap_or("-"), what(line)).unwrap();
        }
        before = who.map(|who| (at, who));
    }
    let stop = report.stop.map(|(_, took)| took.as_secs_f64());
    let (lasted, is_well) = (report.lasted.as_secs_f64(), report.is_well());
    writeln!(text, "\n{:?} at {lasted}, stop {stop:?}, well {is_well}", report.end).unwrap();
    text
}

fn what(line: &Line) -> String {
    match &line.what {
        What::State { from, to } => format!("{from} > {to} [{}]", line.kind),
        What::Waits(all) => format!("waits for {}", all.join(", ")),
        What::Became(what) => (*what).to_owned(),
        What::Hook { hook, failed: false } => format!("runs {hook}"),
        What::Hook { hook, failed: true } => format!("{hook} failed: {}", line.cause),
        What::Signal(signal, true) => signal.clone(),
        What::Signal(signal, false) => format!("({signal})"),
        What::Script(text) => format!("# {text}"),
        What::Refused(why) => format!("refused: {why}"),
        What::Group(text) => text.clone(),
    }
}
