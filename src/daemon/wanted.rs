//! What operators have asked for, for good, as a daemon finds it when it starts.
//!
//! ```text
//! state file ─► desired state ─► disabled: told         scaled: the configuration is read with these numbers
//!    `─ no use: put aside                                  `─ over, or does not fit: told, and forgotten in the file
//! ```
//!
//! The daemon starts whatever is wrong with it. Absent: changing it (the tree's).

use super::Source;
use slog::{Logger, crit, info, warn};
use std::path::Path;
use std::sync::Arc;
use treeherd_domain::desired::{Desired, Scaled};
use treeherd_domain::scale::{Numprocs, fitting};
use treeherd_domain::spec::Config;
use treeherd_os::keep;

/// What operators have asked for, and the configuration with that of it which is not told by the arena.
pub(super) fn wanted(source: &Source, config: &Arc<Config>, log: &Logger) -> (Desired, Arc<Config>) {
    let path = &config.daemon.state_file;
    let mut desired = read(path, log);
    for (name, disabled) in desired.disabled() {
        info!(log, "{name} is disabled ({})", disabled.by);
    }
    let found = desired.clone();
    for (program, scaled) in desired.settle(&config.programs) {
        info!(log, "{}", scaled.over(&program));
    }
    let scaled = scaled(source, config, &mut desired, log);
    if desired != found
        && let Err(error) = keep::replace(path, &desired.to_text())
    {
        warn!(log, "{} cannot be written: {error}; it still holds what is over", path.display());
    }
    (desired, scaled)
}

/// The configuration with the numbers of processes that were asked for. What does not fit is over.
fn scaled(source: &Source, config: &Arc<Config>, desired: &mut Desired, log: &Logger) -> Arc<Config> {
    let programs = desired.programs();
    if programs.is_empty() {
        return Arc::clone(config);
    }
    let Ok((scaled, misfits)) = fitting(&programs, |programs| source.reload(programs)) else {
        // somebody is at work on the file, or a daemon that restarts goes on with what it read before
        warn!(
            log,
            "the configuration file cannot be read; programs have as many processes as it said last"
        );
        return Arc::clone(config);
    };
    for (program, fault) in misfits {
        warn!(log, "{}", desired.forget_misfit(&program, &fault));
    }
    for (program, Scaled { numprocs: Numprocs { written, count }, by, .. }) in desired.scaled() {
        if scaled.programs.contains_key(program) {
            info!(log, "{program} is scaled to {count} processes, where the file says {written} ({by})");
        }
    }
    Arc::new(scaled)
}

/// What is in the file. What cannot be read is put aside.
fn read(path: &Path, log: &Logger) -> Desired {
    let reason = match keep::read(path) {
        Ok(None) => return Desired::default(),
        Ok(Some(text)) => match Desired::parse(&text) {
            Ok(desired) => return desired,
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    let shown = path.display();
    crit!(log, "cannot use the state file {shown}: {reason}; no program is disabled or scaled now");
    match keep::set_aside(path) {
        Ok(aside) => warn!(log, "the state file is kept as {}", aside.display()),
        Err(error) => warn!(log, "the state file {shown} cannot be put aside: {error}"),
    }
    Desired::default()
}
