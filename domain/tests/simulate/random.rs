//! What holds for every configuration and every script: both are random.
//!
//! ```text
//!   groups nested to depth 3, with and without rules      processes of all restart types, oneshots, with hooks
//!   requirements: any acyclic graph                       bodies that crash, hang, ignore; operators who do anything
//! ```
//!
//! That no process is made while the one before lives is watched by the engine itself, in every test.

use crate::budget::overspent;
use crate::setting::{is_up, run, setting};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use treeherd_domain::depend::{Condition, Target};
use treeherd_domain::health::Check;
use treeherd_domain::simulate::{End, Report, Setting, What};
use treeherd_domain::spec::ProcessType;

/// The keys of a group under OTP's rules.
const RULES: [&str; 10] = [
    "strategy=one_for_one intensity=1 period=20",
    "strategy=one_for_all intensity=2 period=20",
    "strategy=rest_for_one intensity=2 period=30 escalate=parent",
    "strategy=one_for_all intensity=1 period=60 escalate=parent start_failure=fail",
    "strategy=one_for_one intensity=0 escalate=exit",
    "strategy=rest_for_one intensity=3 period=10 stop_order=parallel",
    "strategy=one_for_one intensity=2 period=40 backoff=1 restart=transient escalate=parent",
    "strategy=one_for_all intensity=1 period=9 restart=temporary escalate=parent backoff=2",
    "strategy=rest_for_one intensity=2 auto_shutdown=any_significant",
    "strategy=one_for_all intensity=2 auto_shutdown=all_significant stop_order=parallel",
];

/// The keys of a process.
const KEYS: [&str; 14] = [
    "autorestart=true",
    "autorestart=unexpected startsecs=0",
    "autorestart=false",
    "autorestart=true startretries=0 significant=true",
    "startretries=1 stopwaitsecs=2",
    "type=oneshot startsecs=0",
    "type=oneshot pre_start=x autorestart=true",
    "ready=notify ready_timeout=6",
    "ready=notify post_start=x pre_stop=x hook_timeout=3",
    "health=tcp:1 health_interval=2 autorestart=true",
    "pre_start=x post_stop=x hook_timeout=2 autorestart=true",
    "stop_command=x stopwaitsecs=3 autorestart=true",
    "autostart=false watchdog=4 ready=notify",
    "startsecs=3 startretries=2 pre_stop=x stop_command=x post_stop=x",
];

const CONDITIONS: [&str; 7] = ["", "/running", "/started", "?", "/running?", "/completed", "/exited?"];
const ON_LOSS: [&str; 4] = ["", "", " requires_restart=restart", " requires_restart=stop"];

/// How the runs of a process go.
pub(crate) const LIVES: [&str; 9] = [
    "runs forever",
    "runs 0.4s, exit 1",
    "runs 0s",
    "runs 5s, exit 1",
    "runs 3s, exit 0",
    "fails to start",
    "runs 0.2s, exit 2 *3 then runs 7s, killed by SEGV *2 then runs forever",
    "runs 1s, exit 1 *1 then fails to start *2 then runs forever",
    "runs 0.1s *2 then runs 20s",
];

const MANNERS: [&str; 12] = [
    "",
    "",
    "; ignores TERM",
    "; stops after 3s",
    "; stops after 1s, exit 1",
    "; never ready",
    "; ready after 4s",
    "; unhealthy after 5s for 9s",
    "; pre_start takes 1s; post_stop takes 1s",
    "; pre_start takes 9s; post_start takes 2s, exit 1",
    "; pre_stop takes 2s; stop_command takes 1s; ignores stop_command, TERM",
    "; pre_start takes 1s, exit 1; post_stop takes 5s",
];

/// What an operator, or the world, does to one; `$` is its name.
const DEEDS: [&str; 15] = [
    "start $",
    "start $",
    "stop $",
    "stop $",
    "restart $",
    "kill $",
    "exit 1 $",
    "exit 0 $",
    "ready $",
    "unhealthy $",
    "healthy $",
    "signal HUP $",
    "restart all",
    "stop all",
    "$: ignores TERM; runs 2s, exit 1",
];

/// A configuration and a script, as they are written.
#[derive(Clone, Debug)]
struct Case {
    setting: String,
    script: String,
}

/// A group: below which (an earlier one, if its depth allows), by which rules, with how many processes.
type Group = (prop::sample::Index, usize, bool, usize);
/// A process: its keys, what it requires, and what follows from the loss of that.
type Process = (usize, Vec<(prop::sample::Index, usize)>, usize);

fn cases() -> impl Strategy<Value = Case> {
    let group = (any::<prop::sample::Index>(), 0..RULES.len(), any::<bool>(), 1..4_usize);
    let requirement = (any::<prop::sample::Index>(), 0..CONDITIONS.len());
    let process = (0..KEYS.len(), prop::collection::vec(requirement, 0..3), 0..ON_LOSS.len());
    let life = (0..LIVES.len(), 0..MANNERS.len());
    let deed = (0..60_000_u32, 0..DEEDS.len(), any::<prop::sample::Index>());
    (
        prop::collection::vec(group, 1..5),
        prop::collection::vec((process, life), 12),
        prop::collection::vec(deed, 0..8),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(groups, processes, deeds, is_parallel, ends)| {
            let (all, lives): (Vec<Process>, Vec<_>) = processes.into_iter().unzip();
            let (mut setting, names) = written(&groups, &all);
            if is_parallel {
                setting.insert_str(0, "[supervisord] stop_order=parallel | ");
            }
            let mut script = String::new();
            for (name, (life, manner)) in names.iter().zip(lives) {
                let _ = writeln!(script, "{name}: {}{}", LIVES[life], MANNERS[manner]);
            }
            for (ms, deed, who) in deeds {
                let _ = writeln!(
                    script,
                    "at {ms}ms: {}",
                    DEEDS[deed].replace('$', &names[who.index(names.len())])
                );
            }
            script.push_str(if ends { "at 70s: shutdown\n" } else { "until 100s\n" });
            Case { setting, script }
        })
}

/// The groups and their processes in the notation of the tests, and the full names of the processes in the order of
/// starting.
fn written(groups: &[Group], processes: &[Process]) -> (String, Vec<String>) {
    let mut below: Vec<Option<usize>> = Vec::new();
    let mut depth: Vec<usize> = Vec::new();
    for (at, (index, _, is_nested, _)) in groups.iter().enumerate() {
        let above = (at > 0 && *is_nested).then(|| index.index(at)).filter(|above| depth[*above] < 3);
        depth.push(above.map_or(1, |above| depth[above] + 1));
        below.push(above);
    }
    let (mut text, mut names, mut left) = (String::new(), Vec::<String>::new(), processes.iter());
    for (at, (_, _, _, count)) in groups.iter().enumerate() {
        for number in 0..*count {
            let Some((keys, requires, on_loss)) = left.next() else { break };
            let name = format!("g{at}:p{number}");
            let _ = write!(text, "{name} priority={at} {}", KEYS[*keys]);
            let on = |(index, condition): &(prop::sample::Index, usize)| {
                format!("{}{}", index.get(names.as_slice()), CONDITIONS[*condition])
            };
            if !requires.is_empty() && !names.is_empty() {
                let all: Vec<String> = requires.iter().map(on).collect();
                let _ = write!(text, " requires={}{}", all.join(","), ON_LOSS[*on_loss]);
            }
            text.push_str(" | ");
            names.push(name);
        }
    }
    for (at, (_, rules, is_ruled, _)) in groups.iter().enumerate() {
        let nested: Vec<String> = (0..groups.len())
            .filter(|other| {
                below[*other] == Some(at) && names.iter().any(|n| n.starts_with(&format!("g{other}:")))
            })
            .map(|other| format!("g{other}"))
            .collect();
        let has_any = names.iter().any(|name| name.starts_with(&format!("g{at}:")));
        if !has_any || (!is_ruled && nested.is_empty() && below[at].is_none()) {
            continue;
        }
        let _ = write!(text, "@g{at} {}", RULES[*rules]);
        if !nested.is_empty() {
            let _ = write!(text, " groups={}", nested.join(","));
        }
        text.push_str(" | ");
    }
    (text, names)
}

/// How a process stands, as far as its lines tell.
#[derive(Clone, Copy, Default)]
struct Stand {
    state: &'static str,
    ready: bool,
}

impl Stand {
    fn meets(self, condition: &Condition, is_plain: bool, is_oneshot: bool) -> bool {
        match condition {
            // its work is done, or it says that it is ready before that
            Condition::Ready | Condition::Healthy if is_oneshot => {
                self.state == "EXITED" || self.ready && !is_plain
            }
            Condition::Started => matches!(self.state, "STARTING" | "RUNNING"),
            Condition::Running => self.state == "RUNNING",
            Condition::Ready | Condition::Healthy => self.ready || is_plain && self.state == "RUNNING",
            Condition::Exited(_) | Condition::Completed => self.state == "EXITED",
        }
    }
}

/// Each spawn, or attempt at one, that came before something was there that it requires.
fn premature(setting: &Setting, report: &Report) -> Vec<String> {
    let (mut stands, mut found): (HashMap<String, Stand>, Vec<String>) = (HashMap::new(), Vec::new());
    let specs: HashMap<String, _> = setting
        .groups
        .iter()
        .flat_map(|group| group.processes.iter().map(|one| (group.namespec(&one.name).to_string(), one)))
        .collect();
    for line in &report.lines {
        let Some((who, spec)) = line.who.as_ref().and_then(|who| Some((who, specs.get(who)?))) else {
            continue;
        };
        match line.what {
            What::State { to, .. } => {
                for requirement in spec.depend.requires.iter().filter(|one| to == "STARTING" && !one.soft) {
                    let Target::Process(on) = &requirement.on else { continue };
                    let stand = stands.get(&on.to_string()).copied().unwrap_or_default();
                    let spec = specs[&on.to_string()];
                    let is_plain = spec.health.ready == Check::Startsecs;
                    let is_oneshot = spec.kind == ProcessType::Oneshot;
                    if !stand.meets(&requirement.condition, is_plain, is_oneshot) {
                        found.push(format!("{line:?} without {on}, which is {}", stand.state));
                    }
                }
                let stand = stands.entry(who.clone()).or_default();
                stand.state = to;
                stand.ready &= matches!(to, "STARTING" | "RUNNING");
            }
            What::Became("ready") => stands.entry(who.clone()).or_default().ready = true,
            What::Became("not ready") => stands.entry(who.clone()).or_default().ready = false,
            _ => {}
        }
    }
    found
}

/// Each that waits in the end for the order alone, though nobody of those before it is on the way: they are down, after they
/// were up, or in turn behind nobody who is.
fn in_vain(setting: &Setting, report: &Report) -> Vec<String> {
    if report.end != End::Settled {
        return Vec::new();
    }
    let states: HashMap<String, &str> =
        report.states.iter().map(|(name, state)| (name.to_string(), state.as_str())).collect();
    let is_down = |name: &String| matches!(states[name], "STOPPED" | "EXITED" | "COMPLETED" | "FATAL");
    let was_up = |name: &String| report.started.iter().any(|one| one.name.to_string() == *name);
    let is_slow = is_slow(setting, report, &states);
    let is_over = |on: &Target| match on {
        Target::Process(on) => {
            let name = on.to_string();
            is_down(&name) && (!is_slow || was_up(&name))
        }
        Target::Group(_) | Target::Probe(_) => false,
    };
    let all = setting.groups.iter().flat_map(|group| {
        group.processes.iter().map(|one| (group.namespec(&one.name).to_string(), &one.depend.requires))
    });
    let waits = all.filter(|(name, _)| states[name] == "WAITING");
    let in_vain = waits.filter(|(_, all)| all.iter().all(|one| one.soft && is_over(&one.on)));
    in_vain.map(|(name, all)| format!("{name} waits for {all:?}")).collect()
}

/// Whether one that others may have their turn behind is on its way for ever: a job without an end, one that never gets
/// ready, one that waits for such.
fn is_slow(setting: &Setting, report: &Report, states: &HashMap<String, &str>) -> bool {
    let mut waits: HashMap<&str, bool> = HashMap::new();
    for line in &report.lines {
        if let (Some(who), What::Waits(all)) = (&line.who, &line.what) {
            let is_stuck = |one: &String| one.contains(": ") && !one.ends_with("BACKOFF");
            waits.insert(who, all.iter().any(is_stuck));
        }
    }
    let in_turn = setting.groups.iter().filter(|group| group.rules.policy.is_some());
    let mut all = in_turn
        .flat_map(|group| group.processes.iter().map(|one| (group.namespec(&one.name).to_string(), one)));
    all.any(|(name, one)| match states[&name] {
        "WAITING" => !waits[name.as_str()],
        "RUNNING" => one.kind == ProcessType::Oneshot || one.health.ready != Check::Startsecs,
        _ => false,
    })
}

/// Each start that nobody asked for of what somebody had stopped before, by its name. (Of several that require each other
/// one may come back by its rules while it waits for its turn.)
fn risen(report: &Report) -> Vec<String> {
    let (mut stopped, mut found) = (HashSet::new(), Vec::new());
    for line in &report.lines {
        match (&line.who, &line.what) {
            (None, What::Script(text)) => {
                stopped.extend(text.strip_prefix("stop ").map(str::to_owned));
                if text == "restart all" {
                    stopped.clear();
                }
                let wanted = text.strip_prefix("restart ").or_else(|| text.strip_prefix("start "));
                wanted.map(|name| stopped.remove(name));
            }
            (Some(who), What::State { from, to })
                if *from != "WAITING" && matches!(*to, "WAITING" | "STARTING") =>
            {
                // somebody else who was started, or restarted, required it; a restart of all that was under way had to
                // leave it alone
                let is_asked = line.kind == "asked" && !line.cause.contains("restart all");
                if is_asked || line.kind == "requires" {
                    stopped.remove(who);
                } else if stopped.contains(who) {
                    found.push(format!("{line:?}"));
                }
            }
            _ => {}
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_lives_twice_nor_before_what_it_requires(case in cases()) {
        let setting = setting(&case.setting);
        let report = run(&setting, &case.script);
        prop_assert!(report.lines.is_sorted_by_key(|line| line.at));
        let mut states: HashMap<&str, &str> = HashMap::new();
        for line in &report.lines {
            if let (Some(who), What::State { from, to }) = (&line.who, &line.what) {
                prop_assert_eq!(states.insert(who, to).unwrap_or("STOPPED"), *from, "{:?}\n{:#?}", line, &case);
                prop_assert!(*to != "STARTING" || !is_up(from), "{:?}\n{:#?}", line, &case);
            }
        }
        let premature = premature(&setting, &report);
        prop_assert!(premature.is_empty(), "{:#?}\n{:#?}", premature, case);
    }

    #[test]
    fn the_end_of_the_daemon_comes_and_leaves_nothing(case in cases()) {
        let report = run(&setting(&case.setting), &case.script);
        prop_assert_ne!(report.end, End::TooMany, "{:#?}", case);
        prop_assert!(report.stop.is_some(), "not everybody came down\n{:#?}", case);
        let (begun, _) = report.stop.unwrap_or_default();
        let mut states: HashMap<&str, &str> = HashMap::new();
        for line in &report.lines {
            if let (Some(who), What::State { to, .. }) = (&line.who, &line.what) {
                prop_assert!(line.at <= begun || *to != "STARTING", "{:?}\n{:#?}", line, &case);
                states.insert(who, to);
            }
        }
        prop_assert!(!states.values().any(|state| is_up(state)), "{:?}\n{:#?}", states, case);
    }

    #[test]
    fn no_group_spends_more_than_its_budget(case in cases()) {
        let setting = setting(&case.setting);
        let overspent = overspent(&setting, &run(&setting, &case.script));
        prop_assert!(overspent.is_empty(), "{:#?}\n{:#?}", overspent, case);
    }

    #[test]
    fn a_stop_wins(case in cases()) {
        let risen = risen(&run(&setting(&case.setting), &case.script));
        prop_assert!(risen.is_empty(), "{:#?}\n{:#?}", risen, case);
    }

    #[test]
    fn nobody_waits_for_the_order_alone_for_ever(case in cases()) {
        let setting = setting(&case.setting);
        let in_vain = in_vain(&setting, &run(&setting, &case.script));
        prop_assert!(in_vain.is_empty(), "{:#?}\n{:#?}", in_vain, case);
    }

    #[test]
    fn a_case_has_one_story(case in cases()) {
        let setting = setting(&case.setting);
        prop_assert_eq!(run(&setting, &case.script), run(&setting, &case.script), "{:#?}", case);
    }
}
