//! Groups under OTP's rules: the keys that decide them, in `[group:x]`, `[template:x]` and `[supervisord]`, and who is
//! below whom.
//!
//! ```text
//! [group:shop] strategy=...  --read-->  GroupPolicy      any of the keys puts the group under OTP's rules
//!              groups=a,b    --nest-->  a and b as well; unknown names, two parents and circles are refused
//! [program:db] significant   --check->  whether that can have a meaning in its group
//! ```

use crate::keys::Keys;
use crate::raw::RawSection;
use crate::value::{self, ValueError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::duration;
use treeherd_domain::group::{AutoShutdown, Backoff, Escalate, GroupPolicy, StartFailure};
use treeherd_domain::name::GroupName;
use treeherd_domain::quote::repr;
use treeherd_domain::spec::{Autorestart, GroupKind, GroupRules, GroupSpec, ProcessSpec, StopOrder};
use treeherd_domain::strategy::{Restart, Strategy};

/// The keys of `[group:x]` beside those of Supervisor; each puts the group under OTP's rules.
pub(crate) const GROUP: &[&str] = &[
    "strategy",
    "intensity",
    "period",
    "escalate",
    "auto_shutdown",
    "start_failure",
    "stop_order",
    "backoff",
    "restart",
    "significant",
    "groups",
];
/// Those of `[supervisord]` that put the groups themselves under OTP's rules.
pub(crate) const ROOT: &[&str] =
    &["strategy", "intensity", "period", "escalate", "auto_shutdown", "start_failure", "backoff"];

/// Beside them, and no reason for OTP's rules by itself.
pub(crate) const STRICT: &str = "otp_strict";

/// What `[group:x]` says; `None`: Supervisor's rules.
pub(crate) fn group(keys: &Keys<'_>) -> Option<GroupPolicy> {
    let keys = &keys.ours();
    let policy = common(keys, Escalate::Fatal);
    let restart = keys.get("restart", Restart::Permanent, restart);
    let significant = keys.get("significant", false, value::boolean);
    let stop_order = keys.get("stop_order", StopOrder::Sequential, stop_order);
    let otp_strict = keys.get(STRICT, strict(keys), value::boolean);
    let policy = GroupPolicy { restart, significant, stop_order, otp_strict, ..policy };
    GROUP.iter().any(|key| keys.raw(key).is_some()).then_some(policy)
}

/// What `[template:x]` says of its instances as a group.
pub(crate) fn of_template(keys: &Keys<'_>) -> GroupPolicy {
    let keys = &keys.ours();
    let otp_strict = keys.get(STRICT, strict(keys), value::boolean);
    GroupPolicy { otp_strict, ..common(keys, Escalate::Fatal) }
}

/// What `[supervisord]` says of the groups; `None`: Supervisor's rules. `stop_order` has been read.
pub(crate) fn root(keys: &Keys<'_>, stop_order: StopOrder) -> Option<GroupPolicy> {
    let keys = &keys.ours();
    let policy = common(keys, Escalate::Exit);
    let otp_strict = keys.get(STRICT, false, value::boolean);
    if policy.escalate == Escalate::Parent {
        let message = "escalate=parent in [supervisord]: nobody is above it".to_owned();
        keys.fail("escalate", message, "write exit, or fatal");
    }
    let start_up = match policy.strategy {
        // nobody's start depends on another's
        Strategy::OneForOne => treeherd_domain::group::StartUp::Together,
        Strategy::OneForAll | Strategy::RestForOne => policy.start_up,
    };
    let policy = GroupPolicy { stop_order, otp_strict, start_up, ..policy };
    ROOT.iter().any(|key| keys.raw(key).is_some()).then_some(policy)
}

fn common(keys: &Keys<'_>, escalate: Escalate) -> GroupPolicy {
    GroupPolicy {
        strategy: keys.get("strategy", Strategy::OneForOne, strategy),
        intensity: keys.value("intensity", intensity),
        period: keys.get("period", GroupPolicy::PERIOD, period),
        escalate: keys.get("escalate", escalate, self::escalate),
        auto_shutdown: keys.get("auto_shutdown", AutoShutdown::Never, auto_shutdown),
        start_failure: keys.get("start_failure", StartFailure::Retry, start_failure),
        backoff: keys.get("backoff", Backoff::default(), backoff),
        ..GroupPolicy::default()
    }
}

/// `otp_strict` of `[supervisord]`.
fn strict(keys: &Keys<'_>) -> bool {
    let raw = keys.context.raw;
    let option = raw.section("supervisord").and_then(|section| raw.option(section, STRICT));
    option.and_then(|option| value::boolean(&option.value).ok()).unwrap_or_default()
}

/// One of some words.
fn word<T: Copy>(
    text: &str,
    what: &'static str,
    words: &[(&'static str, T)],
    help: &'static str,
) -> Result<T, ValueError> {
    let lower = text.to_lowercase();
    let found = words.iter().find(|(word, _)| *word == lower).map(|(_, value)| *value);
    found.ok_or_else(|| ValueError::Word { what, text: repr(text), help })
}

fn strategy(text: &str) -> Result<Strategy, ValueError> {
    let words = [
        ("one_for_one", Strategy::OneForOne),
        ("one_for_all", Strategy::OneForAll),
        ("rest_for_one", Strategy::RestForOne),
    ];
    let help = "write one_for_one, one_for_all or rest_for_one (simple_one_for_one is a [template:x])";
    word(text, "strategy", &words, help)
}

fn escalate(text: &str) -> Result<Escalate, ValueError> {
    let words = [("fatal", Escalate::Fatal), ("parent", Escalate::Parent), ("exit", Escalate::Exit)];
    word(text, "escalation", &words, "write fatal, parent or exit")
}

fn auto_shutdown(text: &str) -> Result<AutoShutdown, ValueError> {
    let words = [
        ("never", AutoShutdown::Never),
        ("any_significant", AutoShutdown::AnySignificant),
        ("all_significant", AutoShutdown::AllSignificant),
    ];
    word(text, "automatic shutdown", &words, "write never, any_significant or all_significant")
}

fn start_failure(text: &str) -> Result<StartFailure, ValueError> {
    let words = [("retry", StartFailure::Retry), ("fail", StartFailure::Fail)];
    word(text, "answer to a failed start", &words, "write retry or fail")
}

pub(crate) fn stop_order(text: &str) -> Result<StopOrder, ValueError> {
    let words = [("sequential", StopOrder::Sequential), ("parallel", StopOrder::Parallel)];
    word(text, "stop order", &words, "write sequential or parallel")
}

/// `restart` of a group or a program.
pub(crate) fn restart(text: &str) -> Result<Restart, ValueError> {
    let words = [
        ("permanent", Restart::Permanent),
        ("transient", Restart::Transient),
        ("temporary", Restart::Temporary),
    ];
    word(text, "restart type", &words, "write permanent, transient or temporary")
}

/// `autorestart` in other words.
pub(crate) const fn autorestart(restart: Restart) -> Autorestart {
    match restart {
        Restart::Permanent => Autorestart::Always,
        Restart::Transient => Autorestart::Unexpected,
        Restart::Temporary => Autorestart::Never,
    }
}

fn intensity(text: &str) -> Result<usize, ValueError> {
    match value::integer(text)? {
        few @ ..0 => Err(ValueError::Below(few, 0)),
        number => usize::try_from(number)
            .ok()
            .filter(|many| *many <= MOST)
            .ok_or_else(|| ValueError::Above(number, i64::try_from(MOST).unwrap_or(i64::MAX))),
    }
}

/// More restarts than these need no counting; each that counts is kept.
const MOST: usize = 100_000;

fn period(text: &str) -> Result<Duration, ValueError> {
    let help = "write seconds above 0, or a span such as 60, 90s or 10m";
    let refused = || ValueError::Word { what: "period", text: repr(text), help };
    duration::parse(text).ok().filter(|period| !period.is_zero()).ok_or_else(refused)
}

/// `first,cap,factor,jitter`; what is left out at the end is as by default.
fn backoff(text: &str) -> Result<Backoff, ValueError> {
    let help = "write first,cap,factor,jitter, such as 1,60,2.0,0.2: two spans of time, the first not above the \
                second, a factor from 1 to 1000, a part from 0 to 1";
    let refused = || ValueError::Word { what: "back-off", text: repr(text), help };
    let parts: Vec<&str> = value::list(text).collect();
    let default = Backoff::default();
    let span = |at: usize, other: Duration| match parts.get(at) {
        Some(part) => duration::parse(part).ok(),
        None => Some(other),
    };
    let number = |at: usize, other: f64, range: std::ops::RangeInclusive<f64>| match parts.get(at) {
        Some(part) => part.parse().ok().filter(|number| range.contains(number)),
        None => Some(other),
    };
    let read = || {
        let first = span(0, default.first)?;
        Some(Backoff {
            first,
            cap: span(1, default.cap.max(first))?,
            factor: number(2, default.factor, 1.0..=1000.0)?,
            jitter: number(3, default.jitter, 0.0..=1.0)?,
        })
    };
    let fits = |backoff: &Backoff| backoff.first <= backoff.cap && (1..=4).contains(&parts.len());
    read().filter(fits).ok_or_else(refused)
}

/// Notes that a child is significant where that has no meaning, as OTP refuses it.
pub(crate) fn check_significant(keys: &Keys<'_>, restart: Restart, above: Option<&GroupPolicy>) {
    let section = &keys.section.name;
    let (message, help) = match above.map(|policy| policy.auto_shutdown) {
        _ if restart == Restart::Permanent => (
            format!("[{section}] is significant and permanent: it never stays down by itself"),
            "write restart=transient or restart=temporary, or take significant out",
        ),
        None | Some(AutoShutdown::Never) => (
            format!("[{section}] is significant in a group without auto_shutdown"),
            "write auto_shutdown=any_significant or all_significant in the group above it, or take significant out",
        ),
        Some(AutoShutdown::AnySignificant | AutoShutdown::AllSignificant) => return,
    };
    let span = keys.raw("significant").map_or(keys.section.span, |option| option.span);
    keys.refuse(span, message, help);
}

/// Puts a process under its group's rules.
pub(crate) fn supervise(process: &mut Arc<ProcessSpec>) {
    Arc::make_mut(process).child.supervised = true;
}

/// Sees who is below whom, and puts those below under OTP's rules too. `keys` are of each group's section.
pub(crate) fn nest(
    groups: &mut [Arc<GroupSpec>],
    root: Option<&GroupPolicy>,
    keys: &HashMap<GroupName, Keys<'_>>,
) {
    let mut parents: HashMap<GroupName, GroupName> = HashMap::new();
    for at in 0..groups.len() {
        let group = Arc::clone(&groups[at]);
        let Some(keys) = keys.get(&group.name) else { continue };
        let mut seen = Vec::new();
        for below in &group.rules.groups {
            let refused = refuse_below(groups, &group, below, &parents);
            if let Some((message, help)) = refused {
                fail(keys, below, message, help);
            } else {
                parents.insert(below.clone(), group.name.clone());
                seen.push(below.clone());
            }
        }
        Arc::make_mut(&mut groups[at]).rules.groups = seen;
    }
    for group in groups.iter_mut().filter(|group| parents.contains_key(&group.name)) {
        let group = Arc::make_mut(group);
        group.rules.policy.get_or_insert_default();
        group.processes.iter_mut().for_each(supervise);
    }
    for group in groups.iter() {
        let Some(policy) = group.rules.policy.as_ref().filter(|policy| policy.significant) else {
            continue;
        };
        let parent = parents.get(&group.name);
        let above = match parent {
            Some(name) => groups.iter().find(|g| g.name == *name).and_then(|g| g.rules.policy.as_ref()),
            None => root,
        };
        if let Some(keys) = keys.get(&group.name) {
            check_significant(keys, policy.restart, above);
        }
    }
}

/// What stands against a group being below another.
fn refuse_below(
    groups: &[Arc<GroupSpec>],
    group: &GroupSpec,
    below: &GroupName,
    parents: &HashMap<GroupName, GroupName>,
) -> Option<(String, String)> {
    let name = &group.name;
    let Some(found) = groups.iter().find(|other| other.name == *below) else {
        return Some((
            format!("[group:{name}] names unknown group {below}"),
            format!("add a section [group:{below}], or take the name out of groups"),
        ));
    };
    if !matches!(found.kind, GroupKind::Group) {
        let help = if matches!(found.kind, GroupKind::Program | GroupKind::Fcgi) {
            format!("list it in programs, or make a [group:{below}] of it")
        } else {
            "only a [group:x] can be below another: take it out of groups".to_owned()
        };
        return Some((format!("[group:{name}] names {below}, which is no [group:x]"), help));
    }
    if let Some(other) = parents.get(below) {
        return Some((
            format!("{below} is in groups of both [group:{other}] and [group:{name}]"),
            "a group is below one other: take it out of one of the two".to_owned(),
        ));
    }
    circle_of(below, name, parents).map(|circle| {
        (
            format!("groups in a circle: {circle}"),
            "a group cannot be above itself: take one of them out".to_owned(),
        )
    })
}

/// The groups from one up to itself, should it be below this other one; `None`: they are in no circle.
fn circle_of(
    below: &GroupName,
    above: &GroupName,
    parents: &HashMap<GroupName, GroupName>,
) -> Option<String> {
    let mut path = vec![below, above];
    while let Some(above) = path.last().and_then(|last| parents.get(*last)) {
        path.push(above);
        if above == below {
            break;
        }
    }
    let circle: Vec<_> = path.iter().rev().map(|name| name.as_str()).collect();
    (path.last() == Some(&below)).then(|| circle.join(" > "))
}

fn fail(keys: &Keys<'_>, below: &GroupName, message: String, help: String) {
    keys.refuse_item("groups", below.as_str(), message, help);
}

/// What `groups` lists.
pub(crate) fn below(keys: &Keys<'_>) -> Vec<GroupName> {
    let text = keys.text("groups").unwrap_or_default();
    value::list(&text).filter(|name| !name.is_empty()).map(GroupName::new).collect()
}

/// The rules of a `[group:x]`; its programs are `members`, each with its section.
pub(crate) fn rules<'a>(
    keys: &Keys<'_>,
    processes: &mut [Arc<ProcessSpec>],
    members: impl Iterator<Item = (&'a RawSection, Option<Arc<ProcessSpec>>)>,
) -> GroupRules {
    let policy = group(keys);
    let groups = below(keys);
    for (section, process) in members {
        let Some(process) = process.filter(|process| process.child.significant) else { continue };
        let program = Keys::new(keys.context, section, keys.vars.clone());
        check_significant(&program, process.restart_type(), policy.as_ref());
    }
    if policy.is_some() {
        processes.iter_mut().for_each(supervise);
    }
    GroupRules { policy, groups }
}
