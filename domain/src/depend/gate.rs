//! What is missing, at one moment.
//!
//! ```text
//!   requirement x standing ─► Met | Coming (it may come to that by itself) | Stuck (somebody has to act)
//!   hard: Coming and Stuck hold back          soft: Coming alone does
//! ```
//!
//! A soft requirement never holds back for ever: what is FATAL, stopped, ended, gone, or waits for something of that
//! kind itself, is not waited for; nor is what has its turn behind such a one.

use super::{Condition, Depend, Requirement, Target};
use crate::exit::ExitStatus;
use crate::health::Health;
use crate::lifecycle::{Next, State, Then};
use crate::name::{GroupName, Namespec};
use crate::status::{ProcessState, View};

/// How a process stands at one moment, as others see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Where it is in its life.
    pub state: State,
    /// Whether it can be used, by [`is_there`].
    pub ready: bool,
    /// Whether it does its work.
    pub health: Health,
    /// Whether it has not begun yet and will by itself (`autostart`).
    pub will_begin: bool,
    /// Whether its turn to begin waits for one that is stuck: it does not come before somebody acts.
    pub held_up: bool,
    /// Whether it waits for something that does not come by itself.
    pub stuck: bool,
    /// Which spawn it is at.
    pub incarnation: u64,
}

/// Where the standings come from.
pub trait World {
    /// Of a process; `None` if it is not active.
    fn process(&self, namespec: &Namespec) -> Option<Standing>;
    /// Of the processes of a group; `None` if it is not active.
    fn group(&self, group: &GroupName) -> Option<Vec<(Namespec, Standing)>>;
    /// What a `[probe:x]` says of the world outside; `None` if there is none of that name.
    fn probe(&self, name: &str) -> Option<Health>;
}

/// One requirement that holds a spawn back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// Of whom.
    pub on: Target,
    /// What is the matter there, where it is more than not being there yet: `FATAL`, `exit 3`, `not active`.
    pub matter: Option<String>,
    /// Whether it does not come by itself.
    pub stuck: bool,
    /// Whether only the order is wanted.
    pub soft: bool,
}

impl Missing {
    /// Not there yet, and nothing is the matter.
    const fn of(on: Target) -> Self {
        Self { on, matter: None, stuck: false, soft: false }
    }

    /// Whether an end meanwhile is no fault of whoever requires it.
    #[must_use]
    pub const fn excuses(&self) -> bool {
        !self.soft
    }
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.matter {
            Some(matter) => write!(f, "{}: {matter}", self.on),
            None => write!(f, "{}", self.on),
        }
    }
}

/// Whether a process can be used by those that wait for it. A oneshot can once it has done what it is for; before that
/// only by a `ready` of its own, `tells_ready`: being up for `startsecs` says nothing of its work.
#[must_use]
pub fn is_there(state: &State, is_ready: bool, is_oneshot: bool, tells_ready: bool) -> bool {
    if is_oneshot {
        let is_completed = View::of(state, true, Vec::new) == View::Completed;
        return is_completed || tells_ready && is_ready;
    }
    is_ready
}

/// What holds a spawn back, in the order of `requires`; nothing: it may be made.
#[must_use]
pub fn missing(depend: &Depend, world: &impl World) -> Vec<Missing> {
    let all = depend.requires.iter().filter_map(|requirement| missing_of(requirement, world));
    all.collect()
}

/// The processes that a start brings up first: those of hard requirements that are down and not on their way.
#[must_use]
pub fn to_summon(depend: &Depend, world: &impl World) -> Vec<Namespec> {
    let hard = depend.requires.iter().filter(|requirement| !requirement.soft);
    let mut summoned: Vec<Namespec> = Vec::new();
    for requirement in hard {
        for (namespec, standing) in processes(&requirement.on, world) {
            let is_stuck = matches!(answer(&requirement.condition, &standing), Answer::Stuck(_));
            // what has its turn to come keeps it
            let is_down = standing.state.name().is_stopped() && !standing.will_begin;
            if is_stuck && is_down && !summoned.contains(&namespec) {
                summoned.push(namespec);
            }
        }
    }
    summoned
}

/// The processes whose end is a loss: those that a hard requirement wants up and that are, with their incarnations. The
/// work that a oneshot has done is never lost.
#[must_use]
pub fn relied_on(depend: &Depend, world: &impl World) -> Vec<(Namespec, u64)> {
    let living = depend.requires.iter().filter(|r| !r.soft && r.condition.is_of_the_living());
    let all = living.flat_map(|requirement| processes(&requirement.on, world));
    let up = all.filter(|(_, standing)| is_up(&standing.state));
    up.map(|(namespec, standing)| (namespec, standing.incarnation)).collect()
}

/// The first of those that were relied on which is gone, or is another one by now.
#[must_use]
pub fn lost<'a>(relied_on: &'a [(Namespec, u64)], world: &impl World) -> Option<&'a Namespec> {
    let is_lost = |(namespec, incarnation): &&(Namespec, u64)| {
        let standing = world.process(namespec);
        standing.is_none_or(|s| !is_up(&s.state) || s.incarnation != *incarnation)
    };
    relied_on.iter().find(is_lost).map(|(namespec, _)| namespec)
}

const fn is_up(state: &State) -> bool {
    match state {
        State::Starting { .. } | State::Running { .. } => true,
        State::Stopped { .. }
        | State::Waiting { .. }
        | State::Backoff { .. }
        | State::Stopping { .. }
        | State::Exited { .. }
        | State::Fatal { .. }
        | State::Unknown => false,
    }
}

fn processes(target: &Target, world: &impl World) -> Vec<(Namespec, Standing)> {
    match target {
        Target::Process(namespec) => {
            world.process(namespec).map(|standing| (namespec.clone(), standing)).into_iter().collect()
        }
        Target::Group(group) => world.group(group).unwrap_or_default(),
        Target::Probe(_) => Vec::new(),
    }
}

/// The same of one requirement.
#[must_use]
pub fn missing_of(requirement: &Requirement, world: &impl World) -> Option<Missing> {
    let Requirement { on, condition, soft } = requirement;
    let members = match on {
        Target::Process(namespec) => {
            world.process(namespec).map(|standing| vec![(namespec.clone(), standing)])
        }
        Target::Group(group) => world.group(group),
        Target::Probe(name) => return of_probe(on, world.probe(name)).filter(|m| !soft || !m.stuck),
    };
    let Some(members) = members else { return Some(not_active(on)).filter(|_| !soft) };
    let each = members.iter().filter_map(|(namespec, standing)| of_process(namespec, condition, standing));
    let missing = together(on, each.filter(|missing| !soft || !missing.stuck).collect())?;
    Some(Missing { soft: *soft, ..missing })
}

fn not_active(on: &Target) -> Missing {
    let matter = Some("not active".to_owned());
    Missing { matter, stuck: true, ..Missing::of(on.clone()) }
}

fn of_process(namespec: &Namespec, condition: &Condition, standing: &Standing) -> Option<Missing> {
    let on = Target::Process(namespec.clone());
    match answer(condition, standing) {
        Answer::Met => None,
        Answer::Coming => {
            let in_backoff = standing.state.name() == ProcessState::Backoff;
            Some(Missing { matter: in_backoff.then(|| "BACKOFF".to_owned()), ..Missing::of(on) })
        }
        Answer::Stuck(matter) => Some(Missing { matter: Some(matter), stuck: true, ..Missing::of(on) }),
    }
}

/// Of several that are missing, the one that is worst off tells; else the group.
fn together(on: &Target, mut missing: Vec<Missing>) -> Option<Missing> {
    let worst = missing.iter().position(|one| one.stuck).unwrap_or(0);
    match missing.len() {
        0 => None,
        1 => missing.pop(),
        _ if missing[worst].stuck => Some(missing.swap_remove(worst)),
        _ => Some(Missing::of(on.clone())),
    }
}

/// It may turn green; whoever only wants the order does not wait for that.
fn of_probe(on: &Target, health: Option<Health>) -> Option<Missing> {
    match health {
        Some(Health::Healthy) => None,
        Some(Health::Unknown) => Some(Missing::of(on.clone())),
        Some(Health::Unhealthy) => {
            Some(Missing { matter: Some("red".to_owned()), stuck: true, ..Missing::of(on.clone()) })
        }
        None => Some(not_active(on)),
    }
}

/// How one process stands to one condition.
enum Answer {
    Met,
    Coming,
    Stuck(String),
}

fn answer(condition: &Condition, standing: &Standing) -> Answer {
    match standing.state {
        State::Exited { status, expected, restart_at: None, .. } if !condition.is_of_the_living() => {
            ended(condition, status, expected)
        }
        state if is_met(condition, state, standing) => Answer::Met,
        state if is_coming(state, standing) => Answer::Coming,
        State::Waiting { .. } => Answer::Stuck("WAITING".to_owned()),
        state => Answer::Stuck(state.name().as_str().to_owned()),
    }
}

fn is_met(condition: &Condition, state: State, standing: &Standing) -> bool {
    let is_running = matches!(state, State::Running { .. });
    match condition {
        Condition::Started => {
            is_running || matches!(state, State::Starting { ready_at: Some(_), .. }) && !state.is_retried()
        }
        Condition::Running => is_running,
        Condition::Ready => standing.ready,
        Condition::Healthy => standing.ready && standing.health == Health::Healthy,
        Condition::Exited(_) | Condition::Completed => false,
    }
}

/// Whether something follows by itself.
const fn is_coming(state: State, standing: &Standing) -> bool {
    match state {
        // what is FATAL is waited for by nobody, until it is up
        _ if state.is_retried() => false,
        State::Starting { .. } | State::Running { .. } => true,
        State::Waiting { .. } => !standing.stuck,
        State::Backoff { next, .. } => matches!(next, Next::Retry(_)),
        State::Stopping { then, .. } => matches!(then, Then::Start),
        State::Stopped { start_at } => start_at.is_some() || standing.will_begin && !standing.held_up,
        State::Exited { restart_at, .. } => restart_at.is_some(),
        State::Fatal { .. } | State::Unknown => false,
    }
}

fn ended(condition: &Condition, status: ExitStatus, expected: bool) -> Answer {
    let is_met = match condition {
        Condition::Exited(codes) => codes.is_empty() || status.is_expected(codes),
        Condition::Completed => expected,
        Condition::Started | Condition::Running | Condition::Ready | Condition::Healthy => false,
    };
    if is_met { Answer::Met } else { Answer::Stuck(status.to_string()) }
}
