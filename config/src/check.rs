//! Reading a whole configuration, and what is known of it besides its outcome.
//!
//! ```text
//! main file -> its includes -> [supervisord] -> rpcinterfaces, groups, endpoints -> Config | Report
//!    `------------`--------------- files, warnings --------------`---------------> Check
//! ```
//!
//! The daemon wants the outcome alone (`load`); whoever checks a file wants to know as well what was read and
//! what was warned of, also where there are errors.

use crate::keys::{Context, Faults};
use crate::program::Shared;
use crate::raw::RawConfig;
use crate::report::{Error, Report};
use crate::{
    Overrides, World, ctl, daemon, depend, group, include, main_file, path, probe, server, socket,
};
use std::path::Path;
use treeherd_domain::level::Level;
use treeherd_domain::spec::{Config, Notice};

/// A configuration that has been read, sound or not.
#[derive(Debug)]
pub struct Check {
    /// The files that were read, as they are shown, in the order of reading. The main file is the first.
    pub files: Vec<String>,
    /// How many programs of all kinds the files define.
    pub programs: usize,
    /// What is no error and yet hardly meant. Not complete if there are errors.
    pub warnings: Vec<String>,
    /// The configuration, or all that is wrong with it.
    pub outcome: Result<Config, Report>,
}

/// Reads a configuration as [`load`](crate::load) does, and tells more of it.
#[must_use]
pub fn check(path: &Path, overrides: &Overrides, world: &World<'_>) -> Check {
    let mut raw = RawConfig::default();
    match main_file(path, world) {
        Err(report) => Check { files: Vec::new(), programs: 0, warnings: Vec::new(), outcome: Err(report) },
        Ok(source) => {
            let faults = Faults::default();
            raw.add(source).into_iter().for_each(|error| faults.note(None, error));
            let mut notices = include::include(&mut raw, world, &faults);
            let outcome = read(&raw, path, overrides, world, faults, &mut notices);
            let warnings = notices.into_iter().filter(|notice| notice.level == Level::Warn);
            Check {
                files: raw.sources.iter().map(|source| source.shown.clone()).collect(),
                programs: programs(&raw),
                warnings: warnings.map(|notice| notice.message).collect(),
                outcome,
            }
        }
    }
}

fn programs(raw: &RawConfig) -> usize {
    let kinds = ["program:", "fcgi-program:", "eventlistener:", "subscriber:"];
    kinds.into_iter().map(|kind| raw.sections_with(kind).count()).sum()
}

/// Reads the sections of what has been gathered. `notices` are those of the includes; afterwards they are all there are.
pub(crate) fn read(
    raw: &RawConfig,
    path: &Path,
    overrides: &Overrides,
    world: &World<'_>,
    faults: Faults,
    notices: &mut Vec<Notice>,
) -> Result<Config, Report> {
    let Some(section) = raw.section("supervisord") else {
        let missing: Error = ctl::missing_section(raw, "supervisord");
        return Err(faults.finish().err().unwrap_or_else(|| missing.into()));
    };
    faults.finish()?;

    let scaled = overrides.programs.clone();
    let context = Context::new(raw, world, faults).with_scaled(scaled);
    let daemon::Daemon { mut spec, user } = daemon::read(&context, section, overrides);
    let rpcinterfaces = server::rpcinterfaces(&context, &spec.environment);
    let directory = spec.directory.as_deref().filter(|_| !spec.nodaemon).unwrap_or(&world.cwd);
    let sockets = socket::read(&context, &spec.environment);
    let depend = depend::Pending::default();
    let shared =
        Shared { context: &context, environment: &spec.environment, directory, sockets: &sockets, depend };
    let mut groups = group::read(&shared, spec.rules.as_ref());
    depend::resolve(&context, &spec.environment, shared.depend, &mut groups, spec.rules.as_ref());
    sockets.check(&context, &groups);
    let probes = probe::read(&context, &spec.environment);
    let endpoints = server::endpoints(&context, &spec.environment);
    spec.exit_code_from = daemon::exit_code_from(&context, section, &groups);
    spec.user = daemon::user(&context, section, &user);

    // for the log: first the warnings of the includes, then those of the sections, then what was included
    let read_on = notices.iter().position(|n| n.level > Level::Warn).unwrap_or(notices.len());
    notices.splice(read_on..read_on, context.notices());
    context.faults.finish()?;
    let file = path::normalize(path, &world.cwd);
    let (programs, notices) = (context.programs(), notices.clone());
    Ok(Config { file, daemon: spec, endpoints, rpcinterfaces, groups, programs, probes, notices })
}
