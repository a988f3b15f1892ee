//! A script held against a configuration: who is meant by each name.

use super::script::{Action, Behaviour, Name, Ready, Script, ScriptError, Until};
use super::setting::Setting;
use crate::depend::Target;
use crate::drive::Verb;
use crate::health::Check;
use crate::name::{GroupName, Namespec};
use crate::spec::GroupSpec;
use crate::template::{GrowError, grown};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// A script whose names are those of a configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cast {
    behaviours: HashMap<Namespec, Behaviour>,
    /// Of the instances of templates.
    of_instances: HashMap<GroupName, Behaviour>,
    pub(super) deeds: Vec<Deed>,
    pub(super) until: Until,
    pub(super) notes: Vec<String>,
}

/// Something that happens at a moment, to whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Deed {
    pub(super) at: Duration,
    pub(super) text: String,
    pub(super) what: What,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum What {
    Do { verb: Verb, alone: bool, to: Vec<To> },
    Kill(Vec<To>),
    Exit(i32, Vec<To>),
    Ready(Vec<To>),
    Behave(To, Behaviour),
    Health(Vec<To>, bool),
    Spawn(GroupName, BTreeMap<String, String>),
    Probe(String, bool),
    Shutdown,
}

/// Whom a command is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum To {
    One(Namespec),
    Group(GroupName),
    All,
}

impl Cast {
    /// Finds everybody whom the script names.
    ///
    /// # Errors
    /// Each name that nobody has.
    pub fn of(setting: &Setting, script: &Script) -> Result<Self, Vec<ScriptError>> {
        let (mut cast, mut errors) = (Self { until: script.until, ..Self::default() }, Vec::new());
        // what is said of one process holds, wherever it stands, against what is said of many
        let (many, one): (Vec<_>, Vec<_>) =
            script.parts.iter().partition(|(name, _)| !matches!(find(setting, name), Ok(To::One(_))));
        for (name, behaviour) in many.into_iter().chain(one) {
            match find(setting, name) {
                Ok(to) => cast.play(setting, name, &to, behaviour),
                Err(error) => errors.push(error),
            }
        }
        for cue in &script.cues {
            match deed(setting, &cue.action) {
                Ok(what) => {
                    let (claims, of) = Claims::made(&what);
                    of.iter().for_each(|to| cast.note_vain(setting, cue.line, to, &claims));
                    cast.deeds.push(Deed { at: cue.at, text: cue.text.clone(), what });
                }
                Err(error) => errors.push(error),
            }
        }
        errors.sort_by_key(|error| (error.spot.line, error.spot.column));
        if errors.is_empty() { Ok(cast) } else { Err(errors) }
    }

    /// How a process behaves.
    pub(super) fn behaviour(&self, namespec: &Namespec) -> Behaviour {
        let own = self.behaviours.get(namespec).or_else(|| self.of_instances.get(&namespec.group));
        own.cloned().unwrap_or_default()
    }

    /// What is said of all of a template holds for those that it will have.
    pub(super) fn play_instances(&mut self, templates: &[GroupName], behaviour: &Behaviour) {
        self.of_instances.extend(templates.iter().map(|name| (name.clone(), behaviour.clone())));
    }

    fn play(&mut self, setting: &Setting, name: &Name, to: &To, behaviour: &Behaviour) {
        self.play_instances(&templates(setting, to), behaviour);
        if let To::One(instance) = to {
            self.behaviours.insert(instance.clone(), behaviour.clone());
        }
        self.note_vain(setting, name.spot.line, to, &Claims::of(behaviour));
        let meant = all(setting).filter(|namespec| is_meant(to, namespec));
        self.behaviours.extend(meant.map(|namespec| (namespec, behaviour.clone())));
    }

    /// Notes what is said of whom nobody asks about that.
    fn note_vain(&mut self, setting: &Setting, line: usize, to: &To, claims: &Claims) {
        let specs = setting.groups.iter().flat_map(|group| {
            group.processes.iter().map(|process| (group.namespec(&process.name), process))
        });
        for (namespec, spec) in specs.filter(|(namespec, _)| is_meant(to, namespec)) {
            if claims.readiness && spec.health.ready == Check::Startsecs {
                self.notes.push(format!(
                    "{namespec} has no ready=: it is ready as soon as it is RUNNING (line {line})"
                ));
            }
            if claims.health && spec.health.health.is_none() && spec.health.watchdog.is_none() {
                self.notes.push(format!(
                    "{namespec} has neither health= nor watchdog=: nobody sees that it is unhealthy (line {line})"
                ));
            }
        }
    }
}

/// What a line says of a process beside its lives.
#[derive(Default)]
struct Claims {
    readiness: bool,
    health: bool,
}

impl Claims {
    fn of(behaviour: &Behaviour) -> Self {
        Self {
            readiness: behaviour.ready != Ready::After(Duration::ZERO),
            health: behaviour.sick.is_some(),
        }
    }

    /// Those of a cue, and of whom.
    fn made(what: &What) -> (Self, &[To]) {
        match what {
            What::Ready(to) => (Self { readiness: true, ..Self::default() }, to),
            // whoever says that it is healthy may say so of all
            What::Health(to, false) => (Self { health: true, ..Self::default() }, to),
            What::Behave(to, behaviour) => (Self::of(behaviour), std::slice::from_ref(to)),
            _ => (Self::default(), &[]),
        }
    }
}

/// The templates of which all are meant.
pub(super) fn templates(setting: &Setting, to: &To) -> Vec<GroupName> {
    let is_meant = |group: &&Arc<GroupSpec>| match to {
        To::One(_) => false,
        To::Group(name) => group.name == *name,
        To::All => true,
    };
    let templates = setting.groups.iter().filter(|group| group.kind.is_template());
    templates.filter(is_meant).map(|group| group.name.clone()).collect()
}

fn is_meant(to: &To, namespec: &Namespec) -> bool {
    match to {
        To::One(one) => one == namespec,
        To::Group(group) => *group == namespec.group,
        To::All => true,
    }
}

fn all(setting: &Setting) -> impl Iterator<Item = Namespec> {
    setting.groups.iter().flat_map(|group| group.namespecs())
}

/// Who is meant: a full name, a group, or the name of one process alone.
fn find(setting: &Setting, name: &Name) -> Result<To, ScriptError> {
    if name.text == "all" {
        return Ok(To::All);
    }
    let namespec = match Namespec::parse(&name.text) {
        crate::name::Target::Group(group) if setting.group(&group).is_some() => {
            return Ok(To::Group(group));
        }
        crate::name::Target::Group(_) => return Err(unknown(setting, name)),
        crate::name::Target::Process(namespec) => namespec,
    };
    let is_template = |group: &Arc<GroupSpec>| group.kind.is_template();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if setting.group(&namespec.group).is_some_and(is_template) && is_number(namespec.process.as_str()) {
        // one that a template may have by then
        return Ok(To::One(namespec));
    }
    let named: Vec<Namespec> = all(setting)
        .filter(|one| *one == namespec || (!name.text.contains(':') && one.process.as_str() == name.text))
        .collect();
    match named.as_slice() {
        _ if named.contains(&namespec) => Ok(To::One(namespec)),
        [one] => Ok(To::One(one.clone())),
        [] if setting.group(&namespec.group).is_some() && !name.text.contains(':') => {
            Ok(To::Group(namespec.group))
        }
        [] => Err(unknown(setting, name)),
        several => {
            let shown: Vec<String> = several.iter().map(ToString::to_string).collect();
            let message = format!("more than one process is called '{}'", name.text);
            Err(ScriptError::new(name.spot, message, format!("write one of {}", shown.join(", "))))
        }
    }
}

fn unknown(setting: &Setting, name: &Name) -> ScriptError {
    let mut known: Vec<String> = all(setting).take(9).map(|one| one.to_string()).collect();
    if known.len() > 8 {
        known[8] = "...".to_owned();
    }
    let help = match known.is_empty() {
        true => "the configuration has no processes".to_owned(),
        false => format!("there are {}", known.join(", ")),
    };
    ScriptError::new(
        name.spot,
        format!("no process or group is called '{}'", name.text.escape_debug()),
        help,
    )
}

fn deed(setting: &Setting, action: &Action) -> Result<What, ScriptError> {
    let to = |names: &[Name]| names.iter().map(|name| find(setting, name)).collect::<Result<Vec<_>, _>>();
    Ok(match action {
        Action::Do { verb, alone, names } => What::Do { verb: *verb, alone: *alone, to: to(names)? },
        Action::Kill(names) => What::Kill(to(names)?),
        Action::Exit(code, names) => What::Exit(*code, to(names)?),
        Action::Ready(names) => What::Ready(to(names)?),
        Action::Behave(name, behaviour) => What::Behave(find(setting, name)?, Behaviour::clone(behaviour)),
        Action::Health(names, good) => What::Health(to(names)?, *good),
        Action::Probe(name, green) => What::Probe(probe(setting, name)?, *green),
        Action::Spawn(name, args) => What::Spawn(template(setting, name, args)?, args.clone()),
        Action::Shutdown => What::Shutdown,
    })
}

/// A template of which an instance can be made of these arguments.
fn template(
    setting: &Setting,
    name: &Name,
    args: &BTreeMap<String, String>,
) -> Result<GroupName, ScriptError> {
    let found = setting.groups.iter().find(|group| group.name.as_str() == name.text);
    let group = found.ok_or_else(|| unknown(setting, name))?;
    match grown(group, args, || 0) {
        Ok(_) | Err(GrowError::Full(..)) => Ok(group.name.clone()),
        Err(error) => {
            let help = "write 'spawn TEMPLATE KEY=VALUE ...', with the arguments of its command";
            Err(ScriptError::new(name.spot, error.to_string(), help))
        }
    }
}

/// All that any process requires of the world outside.
pub(super) fn probes(setting: &Setting) -> BTreeSet<String> {
    let processes = setting.groups.iter().flat_map(|group| &group.processes);
    let required = processes.flat_map(|process| &process.depend.requires);
    let probes = required.filter_map(|requirement| match &requirement.on {
        Target::Probe(name) => Some(name.to_string()),
        Target::Process(_) | Target::Group(_) => None,
    });
    probes.collect()
}

fn probe(setting: &Setting, name: &Name) -> Result<String, ScriptError> {
    let probes = probes(setting);
    if probes.contains(&name.text) {
        return Ok(name.text.clone());
    }
    let known: Vec<&str> = probes.iter().map(String::as_str).take(8).collect();
    let help = match known.is_empty() {
        true => "no process requires one (requires = probe:NAME)".to_owned(),
        false => format!("there are {}", known.join(", ")),
    };
    Err(ScriptError::new(name.spot, format!("no probe is called '{}'", name.text.escape_debug()), help))
}
