//! `supervisord`: from a command line to a running tree, and back.
//!
//! ```text
//! args ─► config ─► startup: user, limits, log, sockets, AUTO logs, groups ─► daemonise ─► pid file
//!                      ▲                                                                     │
//!                      │ restart: same command line, same pid                                ▼
//!                      └────────────────────────────────────────────────────────────── run: the tree
//! ```
//!
//! No thread starts before the process is a daemon. Usage and configuration errors are two lines on
//! standard error, then what and where, and exit status 2; what fails beyond that is 1. Absent: every
//! decision about programs.

pub mod args;
pub mod logger;
mod run;
mod signals;
mod startup;
mod wanted;
pub mod world;

use crate::configtest::{Answer, configtest, explain};
use crate::getopt::UsageError;
use args::Invocation;
use startup::{Failure, First};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use treeherd_actors::estate::Mood;
use treeherd_actors::supervision::guard;
use treeherd_config::Overrides;
use treeherd_domain::fault::Fault;
use treeherd_domain::scale::Programs;
use treeherd_domain::spec::Config;
use world::Here;

/// What of the command line is needed again at every load.
#[derive(Clone, Debug)]
pub struct Source {
    /// The configuration file, absolute but for its first load.
    pub file: PathBuf,
    /// What beats it.
    pub overrides: Overrides,
    /// The world at the start.
    pub here: Here,
}

impl Source {
    fn load(&self) -> Result<Config, treeherd_config::Report> {
        self.load_scaled(&Programs::new())
    }

    fn load_scaled(&self, programs: &Programs) -> Result<Config, treeherd_config::Report> {
        let overrides = Overrides { programs: programs.clone(), ..self.overrides.clone() };
        treeherd_config::load(&self.file, &overrides, &self.here.world())
    }

    /// Loads for a caller of the API, with these numbers of processes.
    fn reload(&self, programs: &Programs) -> Result<Config, Fault> {
        self.load_scaled(programs).map_err(|report| Fault::CantReread {
            message: report.first().message().to_owned(),
            report: report.to_string(),
        })
    }
}

/// Runs the program with its whole argument vector and returns its exit status.
#[must_use]
pub fn main(argv: &[String]) -> u8 {
    let argv0 = argv.first().map_or("supervisord", String::as_str);
    let here = Here::new();
    match args::parse(argv.get(1..).unwrap_or_default(), &here.world()) {
        Ok(Invocation::Help) => print(&args::help(argv0)),
        Ok(Invocation::Version) => print(&format!("{}\n", args::COMPATIBLE_VERSION)),
        Ok(Invocation::Test { config, overrides, as_json }) => match locate(argv0, config, &here) {
            Ok(file) => answer(&configtest(argv0, &file, &overrides, &here.world(), as_json)),
            Err(error) => complain(&error.report(argv0)),
        },
        Ok(Invocation::Run { config, overrides }) => match locate(argv0, config, &here) {
            Ok(file) => supervise(argv0, Source { file, overrides: *overrides, here }),
            Err(error) => complain(&error.report(argv0)),
        },
        Err(error) => complain(&error.report(argv0)),
    }
}

fn print(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    u8::from(out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err())
}

fn answer(answer: &Answer) -> u8 {
    tell(&answer.err);
    print(&answer.out).max(answer.code)
}

/// A line for whoever started us; who closed our standard error does not want it.
pub(crate) fn tell(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn complain(text: &str) -> u8 {
    tell(text);
    UsageError::EXIT
}

/// The configuration file: as given, or the first that is found.
fn locate(argv0: &str, given: Option<PathBuf>, here: &Here) -> Result<PathBuf, UsageError> {
    if let Some(file) = given {
        return Ok(file);
    }
    if treeherd_os::user::current_uid() == 0 {
        tell(
            "Supervisord is running as root and it is searching for its configuration file in default locations \
             (including its current working directory); you probably want to specify a \"-c\" argument \
             specifying an absolute path to a configuration file for improved security.\n",
        );
    }
    let found = treeherd_config::find(argv0, here.cwd());
    found.map_err(|error| UsageError::Configuration(error.to_string()))
}

/// Loads, starts, runs; again after a restart.
fn supervise(argv0: &str, mut source: Source) -> u8 {
    guard::install_panic_hook();
    // without it spawns grow slower with the number of open files, and nothing else changes
    let _ = treeherd_os::spawn::reserve();
    if let Err(error) = signals_held() {
        tell(&format!("cannot hold signals back: {error}\n"));
        return 1;
    }
    let mut first = First::new();
    let mut config = match source.load() {
        Ok(config) => config,
        Err(report) => return complain(&explain(argv0, &report)),
    };
    source.file = source.here.cwd().join(&source.file);
    let source = Arc::new(source);
    loop {
        let ready = match startup::prepare(&source, &Arc::new(config), &mut first) {
            Ok(ready) => ready,
            Err(Failure::Usage { message, hint }) => {
                let usage = UsageError::Configuration(message).report(argv0);
                return complain(&format!("{usage}{hint}\n"));
            }
            Err(Failure::Internal(message)) => {
                tell(&format!("{message}\n"));
                return 1;
            }
        };
        let last = Arc::clone(&ready.config);
        match run::tree(ready, &source, &mut first) {
            (Mood::Restarting, _) => {
                // it was valid when the restart was asked for; if it no longer is, what ran runs on
                config = source.load().unwrap_or_else(|_| Config::clone(&last));
            }
            (Mood::Shutdown | Mood::Running, code) => return code,
        }
    }
}

fn signals_held() -> std::io::Result<()> {
    treeherd_os::signals::prepare()?;
    treeherd_os::requests::hold()
}
