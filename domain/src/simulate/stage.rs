//! The processes and groups of a simulation, and how they stand in each other's eyes.

use super::body::Body;
use super::cast::{Cast, probes};
use super::engine::Engine;
use super::hooks::Errand;
use super::script::Behaviour;
use super::setting::Setting;
use crate::cause::Cause;
use crate::depend::gate::{Missing, Standing, World, is_there, missing};
use crate::depend::{Gate, Returns};
use crate::group::in_trees;
use crate::health::{Health, Vitals};
use crate::hook::Hook;
use crate::lifecycle::{Fact, Machine, Policy, State};
use crate::name::{GroupName, Namespec};
use crate::spec::{GroupSpec, ProcessSpec};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// One process: what the daemon has of it, and how it behaves.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) namespec: Namespec,
    pub(super) spec: Arc<ProcessSpec>,
    pub(super) policy: Policy,
    pub(super) machine: Machine,
    pub(super) gate: Gate,
    pub(super) returns: Returns,
    pub(super) vitals: Vitals,
    pub(super) facts: VecDeque<(Fact, Cause)>,
    pub(super) begun: bool,
    pub(super) incarnation: u64,
    /// Whether its machine is being driven: what an effect brings is taken up then.
    pub(super) driving: bool,
    /// Whether it is to look already.
    pub(super) nudged: bool,
    pub(super) behaviour: Behaviour,
    pub(super) body: Option<Body>,
    /// What the script says of its health, whatever its behaviour is.
    pub(super) is_well: Option<bool>,
    pub(super) killed: Option<Instant>,
    /// How many processes were made of it since it behaves as it does.
    pub(super) lives: u64,
    /// The hooks that run.
    pub(super) errands: Vec<Errand>,
    /// Whether hooks hold its spawn up.
    pub(super) is_preparing: bool,
    /// For which spawn `post_start` was run.
    pub(super) greeted: u64,
    /// Whether it was an instance of a template, and is no more.
    pub(super) is_gone: bool,
    /// How it last ended, or was not spawned.
    pub(super) last_end: String,
}

/// One group, with the numbers of its processes.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) spec: Arc<GroupSpec>,
    /// In the order of starting.
    pub(super) players: Vec<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Stage {
    /// In the order of starting.
    pub(super) players: Vec<Player>,
    /// In the order of starting.
    pub(super) companies: Vec<Company>,
    index: HashMap<Namespec, usize>,
    pub(super) probes: BTreeMap<String, Health>,
}

impl Stage {
    pub(super) fn new(setting: &Setting, cast: &Cast) -> Self {
        let green = |name| (name, Health::Healthy);
        let mut stage =
            Self { probes: probes(setting).into_iter().map(green).collect(), ..Self::default() };
        for group in in_trees(setting.groups.clone(), |group| &**group) {
            let mut players = Vec::new();
            for spec in group.by_priority() {
                let namespec = group.namespec(&spec.name);
                let behaviour = cast.behaviour(&namespec);
                players.push(stage.enlist(Player::new(namespec, spec, behaviour)));
            }
            stage.companies.push(Company { spec: group, players });
        }
        stage
    }

    /// One more; its number.
    fn enlist(&mut self, player: Player) -> usize {
        let at = self.players.len();
        self.index.insert(player.namespec.clone(), at);
        self.players.push(player);
        at
    }

    /// A group has this process as well, and this definition.
    pub(super) fn join(
        &mut self,
        spec: GroupSpec,
        namespec: Namespec,
        behaviour: Behaviour,
    ) -> Option<usize> {
        let process = Arc::clone(spec.processes.last()?);
        let at = self.enlist(Player::new(namespec, &process, behaviour));
        let company = self.companies.iter_mut().find(|company| company.spec.name == spec.name)?;
        company.spec = Arc::new(spec);
        company.players.push(at);
        Some(at)
    }

    /// A group has this process no more.
    pub(super) fn leave(&mut self, at: usize) {
        let player = &mut self.players[at];
        player.is_gone = true;
        self.index.remove(&player.namespec);
        let Namespec { group, process } = &player.namespec;
        for company in self.companies.iter_mut().filter(|company| company.spec.name == *group) {
            company.players.retain(|other| *other != at);
            Arc::make_mut(&mut company.spec).processes.retain(|other| other.name != *process);
        }
    }

    pub(super) fn at(&self, namespec: &Namespec) -> Option<usize> {
        self.index.get(namespec).copied()
    }

    pub(super) fn company(&self, name: &GroupName) -> Option<&Company> {
        self.companies.iter().find(|company| company.spec.name == *name)
    }
}

impl Player {
    fn new(namespec: Namespec, spec: &Arc<ProcessSpec>, behaviour: Behaviour) -> Self {
        Self {
            policy: Policy::from(&**spec),
            spec: Arc::clone(spec),
            namespec,
            behaviour,
            machine: Machine::default(),
            gate: Gate::default(),
            returns: Returns::default(),
            vitals: Vitals::default(),
            facts: VecDeque::new(),
            begun: false,
            incarnation: 0,
            driving: false,
            nudged: false,
            body: None,
            is_well: None,
            killed: None,
            lives: 0,
            errands: Vec::new(),
            is_preparing: false,
            greeted: 0,
            is_gone: false,
            last_end: String::new(),
        }
    }

    /// Whether it can be used now by those that wait for it.
    pub(super) fn is_there(&self) -> bool {
        let tells = !self.vitals.is_ready_by_startsecs();
        is_there(&self.machine.state(), self.is_ready(), self.policy.oneshot, tells)
    }

    /// Whether it is ready now.
    pub(super) fn is_ready(&self) -> bool {
        match self.machine.state() {
            State::Running { .. } if self.vitals.is_ready_by_startsecs() => true,
            _ => self.vitals.readiness().is_ready(),
        }
    }

    /// Whether it is down for good, and what is run after its end is over.
    pub(super) fn is_at_rest(&self) -> bool {
        self.machine.state().is_settled_down() && !self.runs(Hook::PostStop)
    }

    /// Whether this very run of a hook is under way.
    pub(super) fn is_under_way(&self, number: u64) -> bool {
        self.errands.iter().any(|errand| errand.number == number)
    }

    /// Whether a hook of this kind runs.
    pub(super) fn runs(&self, hook: Hook) -> bool {
        self.errands.iter().any(|errand| errand.hook == hook)
    }

    fn standing(&self) -> Standing {
        Standing {
            state: self.machine.state(),
            ready: self.is_there(),
            health: self.vitals.health(),
            will_begin: !self.begun && self.spec.autostart,
            held_up: false,
            stuck: self.gate.is_stuck(),
            incarnation: self.incarnation,
        }
    }
}

impl Engine {
    /// What holds a spawn back at this moment.
    pub(super) fn missing(&self, at: usize) -> Vec<Missing> {
        let player = &self.stage.players[at];
        if !player.spec.depend.is_gated() || player.gate.waived {
            return Vec::new();
        }
        missing(&player.spec.depend, self)
    }

    fn standing(&self, at: usize) -> Standing {
        let player = &self.stage.players[at];
        let standing = player.standing();
        let will_begin = standing.will_begin && self.grove.will_begin(&player.namespec);
        let ahead = if will_begin { self.grove.ahead(&player.namespec) } else { Vec::new() };
        let held_up = ahead.iter().filter_map(|name| self.stage.at(name)).any(|at| {
            let player = &self.stage.players[at];
            matches!(player.machine.state(), State::Waiting { .. }) && player.gate.is_stuck()
        });
        Standing { will_begin, held_up, ..standing }
    }
}

impl World for Engine {
    fn process(&self, namespec: &Namespec) -> Option<Standing> {
        self.stage.at(namespec).map(|at| self.standing(at))
    }

    fn group(&self, group: &GroupName) -> Option<Vec<(Namespec, Standing)>> {
        let company = self.stage.company(group)?;
        let standing = |at: &usize| (self.stage.players[*at].namespec.clone(), self.standing(*at));
        Some(company.players.iter().map(standing).collect())
    }

    fn probe(&self, name: &str) -> Option<Health> {
        self.stage.probes.get(name).copied()
    }
}
