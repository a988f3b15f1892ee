//! The configuration of treeherd: Supervisor's INI dialect to validated specs.
//!
//! ```text
//! path --source--> text --dialect, raw--> sections, strings, places     (only here files are read)
//!                             |  include: further files, merged
//!                             v
//!          keys: look up, expand, convert --daemon, program, group, server--> domain::spec::Config
//!                             |                                             (only here defaults are known)
//!                             `--> Report: every error, with its line and a caret
//! ```
//!
//! Where Supervisor has words for an error they come first, byte for byte. What this crate needs of the
//! operating system beyond reading files it asks of [`World`], so that it decides the same everywhere.
//! Absent: acting on any of it; comparing two configurations (`domain::plan`).

mod check;
mod ctl;
mod daemon;
mod depend;
mod dialect;
pub mod doctor;
mod duration;
pub mod environment;
mod expand;
mod fcgi;
mod find;
mod format;
mod group;
mod health;
mod hook;
mod include;
mod keys;
mod listener;
mod overrides;
mod path;
mod probe;
mod program;
mod raw;
mod report;
mod restart;
mod rolling;
mod server;
mod socket;
mod source;
mod stop;
mod strategy;
mod subscriber;
mod template;
pub mod value;
mod world;

pub use check::{Check, check};
pub use ctl::{CtlConfig, ctlplugins, load_ctl};
pub use find::{NotFound, find};
pub use overrides::Overrides;
pub use report::{Error, Place, Report};
pub use world::{Accounts, World};

use source::{Source, Unreadable};
use std::path::Path;
use treeherd_domain::spec::Config;

/// Reads a configuration: the file, what it includes, and the command line over it. `path` may be
/// relative; messages show it as it is given.
///
/// # Errors
/// [`Report`] with all that is wrong. Syntax errors of all files come alone; otherwise every key of every
/// section is read, whatever is wrong with the others.
pub fn load(path: &Path, overrides: &Overrides, world: &World<'_>) -> Result<Config, Report> {
    check(path, overrides, world).outcome
}

/// The file that everything begins with.
fn main_file(path: &Path, world: &World<'_>) -> Result<Source, Report> {
    let shown = path.display().to_string();
    let full = world.cwd.join(path);
    let refused = |what: &str, help: &str| {
        Report::from(Error::new(
            format!("could not {what} config file {shown}"),
            Vec::new(),
            help.to_owned(),
        ))
    };
    if !full.exists() {
        return Err(refused("find", "give the path of a configuration file with -c"));
    }
    let file = path::normalize(path, &world.cwd);
    let here = file.parent().unwrap_or(Path::new("/")).to_string_lossy().into_owned();
    Source::read(&full, &shown, here).map_err(|error| match error {
        Unreadable::Io(error) => refused("read", &format!("the operating system says: {error}")),
        Unreadable::Encoding(error) => (*error).into(),
    })
}
