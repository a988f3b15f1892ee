//! A script held against a configuration: who is meant by each name.

use super::script::{Action, Behaviour, Name, Ready, Script, ScriptError, Until};
use super::setting::Setting;
use crate::depend::Target;
use crate::drive::Verb;
use crate::health::Check;
use crate::name::{GroupName, Namespec};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// A script whose names are those of a configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cast {
    pub(super) behaviours: HashMap<Namespec, Behaviour>,
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
    Kill(Vec<Namespec>),
    Health(Vec<Namespec>, bool),
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
                Ok(what) => cast.deeds.push(Deed { at: cue.at, text: cue.text.clone(), what }),
                Err(error) => errors.push(error),
            }
        }
        errors.sort_by_key(|error| (error.spot.line, error.spot.column));
        if errors.is_empty() { Ok(cast) } else { Err(errors) }
    }

    fn play(&mut self, setting: &Setting, name: &Name, to: &To, behaviour: &Behaviour) {
        let specs = setting.groups.iter().flat_map(|group| {
            group.processes.iter().map(|process| (group.namespec(&process.name), process))
        });
        for (namespec, spec) in specs.filter(|(namespec, _)| is_meant(to, namespec)) {
            let says_ready = behaviour.ready != Ready::After(Duration::ZERO);
            if says_ready && spec.health.ready == Check::Startsecs {
                self.notes.push(format!(
                    "{namespec} has no ready=: it is ready as soon as it is RUNNING (line {})",
                    name.spot.line
                ));
            }
            if behaviour.sick.is_some() && spec.health.health.is_none() && spec.health.watchdog.is_none() {
                self.notes.push(format!("{namespec} has neither health= nor watchdog=: nobody sees that it is unhealthy (line {})", name.spot.line));
            }
            self.behaviours.insert(namespec, behaviour.clone());
        }
    }
}

fn is_meant(to: &To, namespec: &Namespec) -> bool {
    match to {
        To::One(one) => one == namespec,
        To::Group(group) => *group == namespec.group,
        To::All => true,
    }
}

fn all(setting: &Setting) -> impl Iterator<Item = Namespec> {
    setting
        .groups
        .iter()
        .flat_map(|group| group.processes.iter().map(|process| group.namespec(&process.name)))
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
    let each = |names: &[Name]| {
        let to = to(names)?;
        Ok(all(setting).filter(|one| to.iter().any(|to| is_meant(to, one))).collect::<Vec<_>>())
    };
    Ok(match action {
        Action::Do { verb, alone, names } => What::Do { verb: *verb, alone: *alone, to: to(names)? },
        Action::Kill(names) => What::Kill(each(names)?),
        Action::Health(names, good) => What::Health(each(names)?, *good),
        Action::Probe(name, green) => What::Probe(probe(setting, name)?, *green),
        Action::Shutdown => What::Shutdown,
    })
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
