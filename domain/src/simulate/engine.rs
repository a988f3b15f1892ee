//! The clock that jumps, the queue of what is to come, and the one loop.
//!
//! At each moment one thing happens, then everything that it brings about at once: what is due in a machine comes
//! before what is due in the vitals, that before what is due in a group, that before what the script says.

use super::body::Body;
use super::cast::{Cast, Deed, What as Doing};
use super::groups::Grove;
use super::report::{End, Line, Report, Started, What, standing};
use super::script::Until;
use super::setting::Setting;
use super::shutdown::Fall;
use super::stage::{Company, Stage};
use super::ways::Way;
use crate::cause::{Asked, Cause};
use crate::depend::Target;
use crate::drive::Verb;
use crate::exit::ExitStatus;
use crate::group::Task;
use crate::name::{GroupName, Namespec};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most steps that a simulation takes.
pub const MOST_STEPS: u64 = 200_000;
/// How long after the last line of the script something may go on, where it is looked until all is settled.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Something that will happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// A process ends.
    Exit { at: usize, incarnation: u64, status: ExitStatus },
    /// A process is ready by itself.
    Says { at: usize, incarnation: u64 },
    /// The health of a process changes.
    Health { at: usize, incarnation: u64 },
    /// A hook is over, by its number.
    Hook { at: usize, number: u64 },
    /// A line of the script, by its number.
    Cue(usize),
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) enum Mail {
    /// Look whether something changed that you require.
    Look(usize),
    /// Start, because somebody requires you.
    Summon(usize, Cause),
    /// What you require was told to start (`true`: it has the message by now): it may be looked at how it is.
    Called(usize, bool),
    /// The daemon ends: be down.
    Halt(usize, Cause),
    /// An instance of a template is over.
    Dismiss(usize),
    /// Somebody asks for something.
    Do(usize, Command),
    /// A group may have orders for its processes.
    Orders(GroupName),
    /// An order of a group, by its number.
    Take(usize, Task, u64, Cause),
}

/// What somebody asks of a process.
#[derive(Clone, Debug)]
pub(super) struct Command {
    /// What.
    pub(super) verb: Verb,
    /// Of a start or restart: whether it waits for nothing that it requires.
    pub(super) alone: bool,
    /// Of a stop: whether it has called off a start that was to come.
    pub(super) annuls: bool,
    /// Why.
    pub(super) cause: Cause,
}

struct Coming {
    at: Instant,
    number: u64,
    due: Due,
}

impl Coming {
    /// What happens by itself comes before what the script says.
    fn place(&self) -> (Instant, bool, u64) {
        (self.at, matches!(self.due, Due::Cue(_)), self.number)
    }
}

impl PartialEq for Coming {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Coming {}

impl PartialOrd for Coming {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Coming {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

/// A daemon on a virtual clock.
pub(super) struct Engine {
    pub(super) stage: Stage,
    pub(super) cast: Cast,
    pub(super) setting: Setting,
    pub(super) now: Instant,
    pub(super) mail: VecDeque<Mail>,
    pub(super) fall: Option<Fall>,
    pub(super) ways: Vec<Way>,
    /// How many there have been.
    pub(super) ways_begun: u64,
    pub(super) grove: Grove,
    pub(super) report: Report,
    origin: Instant,
    queue: BinaryHeap<Reverse<Coming>>,
    numbers: u64,
    steps: u64,
    /// The number of the last instance of each template.
    pub(super) instances: HashMap<GroupName, u64>,
    /// The number of the last hook that was run.
    pub(super) errands: u64,
    /// Who is to look when one of these changes.
    watchers: HashMap<Target, Vec<usize>>,
}

/// Runs a configuration by a script; `origin` is the moment at which the daemon starts, and any will do.
#[must_use]
pub fn simulate(setting: &Setting, cast: Cast, origin: Instant) -> Report {
    let mut engine = Engine::new(setting, cast, origin);
    engine.boot();
    engine.play();
    engine.close();
    engine.report
}

impl Engine {
    fn new(setting: &Setting, cast: Cast, origin: Instant) -> Self {
        let stage = Stage::new(setting, &cast);
        let mut watchers: HashMap<Target, Vec<usize>> = HashMap::new();
        for (at, player) in stage.players.iter().enumerate() {
            for requirement in &player.spec.depend.requires {
                watchers.entry(requirement.on.clone()).or_default().push(at);
            }
        }
        let report = Report { notes: cast.notes.clone(), ..Report::default() };
        let mut engine = Self {
            stage,
            setting: setting.clone(),
            now: origin,
            origin,
            mail: VecDeque::new(),
            fall: None,
            ways: Vec::new(),
            ways_begun: 0,
            grove: Grove::default(),
            report,
            queue: BinaryHeap::new(),
            numbers: 0,
            steps: 0,
            instances: HashMap::new(),
            errands: 0,
            watchers,
            cast,
        };
        let deeds = engine.cast.deeds.iter().map(|deed| (deed.at, is_from_the_start(deed)));
        for (number, (at, is_done)) in deeds.enumerate().collect::<Vec<_>>() {
            if !is_done {
                engine.put(at, Due::Cue(number));
            }
        }
        engine
    }

    /// The daemon comes up: everything that starts by itself does, in order.
    fn boot(&mut self) {
        // how the world is from the beginning
        for number in 0..self.cast.deeds.len() {
            if is_from_the_start(&self.cast.deeds[number]) {
                self.cue(number);
            }
        }
        self.mail.clear();
        self.stage.players.iter_mut().for_each(|player| player.nudged = false);
        self.plant();
        self.mail.clear();
        for company in 0..self.stage.companies.len() {
            let Company { spec, players } = &self.stage.companies[company];
            if self.drives(&spec.name) {
                self.mail.push_back(Mail::Orders(spec.name.clone()));
            } else {
                players.clone().into_iter().for_each(|at| self.autostart(at));
            }
        }
        self.deliver();
    }

    /// Until the script, and what follows from it, is over.
    fn play(&mut self) {
        let last = self.cast.deeds.iter().map(|deed| deed.at).max().unwrap_or_default();
        let (limit, end) = match self.cast.until {
            Until::At(at) => (at, End::Until),
            Until::Settled => (last.saturating_add(PATIENCE), End::Unsettled),
        };
        self.report.end = loop {
            if self.is_down() {
                break End::Shutdown;
            }
            if self.steps >= MOST_STEPS {
                break End::TooMany;
            }
            self.forget_stale();
            match self.next_moment() {
                None => break End::Settled,
                Some((_, is_loud)) if !is_loud && self.cast.until == Until::Settled => break End::Settled,
                Some((at, _)) if at > self.origin + limit => {
                    self.now = self.now.max(self.origin + limit);
                    break end;
                }
                Some((at, _)) => self.happen(at),
            }
        };
        self.report.lasted = self.elapsed();
    }

    /// How everything stands, and how long it takes to stop.
    fn close(&mut self) {
        let players = self.stage.players.iter().filter(|player| !player.is_gone);
        let states = players.map(|p| (p.namespec.clone(), standing(&p.machine.state(), p.policy.oneshot)));
        self.report.states = states.collect();
        if self.report.end == End::TooMany {
            return;
        }
        if self.fall.is_none() {
            self.script_line("shutdown", "the script is over: to see how long that takes");
            self.shut_down(Arc::new(Asked::inside("shutdown")));
            self.deliver();
        }
        let mut steps = 0;
        while !self.is_down() && steps < MOST_STEPS {
            steps += 1;
            let Some((at, _)) = self.next_moment() else { break };
            self.happen(at);
        }
        if let Some(begun) = self.fall.as_ref().map(|fall| fall.begun)
            && self.is_down()
        {
            let took = self.now.saturating_duration_since(begun);
            self.report.stop = Some((begun.saturating_duration_since(self.origin), took));
        }
    }

    /// What was to happen to a process or a hook that is gone by now does not hold anything up.
    fn forget_stale(&mut self) {
        while let Some(Reverse(Coming { due, .. })) = self.queue.peek() {
            let is_stale = match *due {
                Due::Exit { at, incarnation, .. }
                | Due::Says { at, incarnation }
                | Due::Health { at, incarnation } => !self.lives(at, incarnation),
                Due::Hook { at, number } => !self.stage.players[at].is_under_way(number),
                Due::Cue(_) => false,
            };
            if !is_stale {
                return;
            }
            self.queue.pop();
        }
    }

    /// The next moment at which something happens, and whether that is more than a check that goes as the one before.
    fn next_moment(&self) -> Option<(Instant, bool)> {
        let queued = self.queue.peek().map(|Reverse(coming)| coming.at);
        let machines = self.stage.players.iter().filter_map(|player| player.machine.state().deadline());
        let (loud, quiet) = self.checks();
        let groups = self.grove.deadline();
        let loud = queued.into_iter().chain(machines).chain(loud).chain(groups).min();
        match (loud, quiet) {
            (Some(loud), Some(quiet)) => Some((loud.min(quiet), true)),
            (Some(loud), None) => Some((loud, true)),
            (None, quiet) => quiet.map(|at| (at, false)),
        }
    }

    /// One thing happens, and what it brings about.
    fn happen(&mut self, at: Instant) {
        self.now = self.now.max(at);
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= self.now);
        let machine = self.stage.players.iter().position(|p| is_due(p.machine.state().deadline()));
        if let Some(at) = machine {
            self.drive(at);
        } else if let Some(at) = self.check_due() {
            self.check(at);
        } else if is_due(self.grove.deadline()) {
            self.groups_due();
        } else if let Some(Reverse(Coming { due, .. })) = self.queue.pop() {
            self.step();
            self.come(due);
        }
        self.deliver();
    }

    fn come(&mut self, due: Due) {
        match due {
            Due::Exit { at, incarnation, status } if self.lives(at, incarnation) => self.ended(at, status),
            Due::Says { at, incarnation } if self.lives(at, incarnation) => self.says_ready(at),
            Due::Exit { .. } | Due::Says { .. } | Due::Health { .. } => {}
            Due::Hook { at, number } => self.hook_over(at, number),
            Due::Cue(number) => self.cue(number),
        }
    }

    fn lives(&self, at: usize, incarnation: u64) -> bool {
        let player = &self.stage.players[at];
        player.incarnation == incarnation && player.body.is_some()
    }

    /// Everybody takes what is on its way, in the order in which it was sent.
    pub(super) fn deliver(&mut self) {
        loop {
            while let Some(mail) = self.mail.pop_front() {
                if !self.step() {
                    self.mail.clear();
                    return;
                }
                match mail {
                    Mail::Look(at) => self.look(at),
                    Mail::Summon(at, cause) => self.forward(at, Verb::Start, false, cause),
                    Mail::Called(at, false) => self.mail.push_back(Mail::Called(at, true)),
                    Mail::Called(at, true) => self.called(at),
                    Mail::Halt(at, cause) => self.halt(at, cause),
                    Mail::Dismiss(at) => self.dismiss(at),
                    Mail::Orders(group) => self.orders(&group),
                    Mail::Take(at, task, ticket, cause) => self.take(at, task, ticket, cause),
                    Mail::Do(at, command) => self.carry_out(at, command),
                }
            }
            if !self.go_on_ways() && !self.go_on_down() {
                return;
            }
        }
    }

    /// Counts a step; whether there was one left.
    pub(super) const fn step(&mut self) -> bool {
        self.steps += 1;
        self.steps <= MOST_STEPS
    }

    /// Something will happen after so long.
    pub(super) fn put(&mut self, after: Duration, due: Due) {
        self.numbers += 1;
        let at = self.now + after;
        self.queue.push(Reverse(Coming { at, number: self.numbers, due }));
    }

    /// Tells those who watch it that a process has changed.
    pub(super) fn changed(&mut self, at: usize) {
        self.tell_if_ready(at);
        self.nudge_of(at);
    }

    /// Those who watch a process look soon.
    pub(super) fn nudge_of(&mut self, at: usize) {
        let Namespec { group, .. } = &self.stage.players[at].namespec;
        let topics =
            [Target::Process(self.stage.players[at].namespec.clone()), Target::Group(group.clone())];
        self.nudge(&topics);
    }

    /// Those who watch one of these look soon, once.
    pub(super) fn nudge(&mut self, topics: &[Target]) {
        for watcher in topics.iter().filter_map(|topic| self.watchers.get(topic)).flatten() {
            if !std::mem::replace(&mut self.stage.players[*watcher].nudged, true) {
                self.mail.push_back(Mail::Look(*watcher));
            }
        }
    }

    /// The time since the start of the daemon.
    pub(super) fn elapsed(&self) -> Duration {
        self.now.saturating_duration_since(self.origin)
    }

    /// Writes a line about a process.
    pub(super) fn tell(&mut self, at: usize, what: What, cause: &str, kind: &'static str) {
        let who = Some(self.stage.players[at].namespec.to_string());
        self.report.lines.push(Line { at: self.elapsed(), who, what, cause: cause.to_owned(), kind });
    }

    /// Writes what the script does.
    pub(super) fn script_line(&mut self, text: &str, cause: &str) {
        let what = What::Script(text.to_owned());
        let (at, cause) = (self.elapsed(), cause.to_owned());
        self.report.lines.push(Line { at, who: None, what, cause, kind: "script" });
    }

    /// Notes a spawn.
    pub(super) fn note_start(&mut self, at: usize) {
        let (name, elapsed) = (&self.stage.players[at].namespec, self.elapsed());
        match self.report.started.iter_mut().find(|started| started.name == *name) {
            Some(started) => started.restarts += 1,
            None => self.report.started.push(Started {
                name: name.clone(),
                at: elapsed,
                ready: None,
                restarts: 0,
            }),
        }
    }

    /// Notes that a process is ready.
    pub(super) fn note_ready(&mut self, at: usize) {
        let (name, elapsed) = (&self.stage.players[at].namespec, self.elapsed());
        if let Some(started) = self.report.started.iter_mut().find(|started| started.name == *name) {
            started.ready.get_or_insert(elapsed);
        }
    }

    /// The process, if it lives.
    pub(super) fn body(&self, at: usize) -> Option<&Body> {
        self.stage.players[at].body.as_ref()
    }
}

/// Whether it is how the world is before the daemon comes up.
fn is_from_the_start(deed: &Deed) -> bool {
    deed.at.is_zero() && matches!(deed.what, Doing::Probe(..) | Doing::Health(..) | Doing::Behave(..))
}
