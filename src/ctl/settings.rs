//! What the program runs with: the command line over the configuration file over the defaults.

use crate::ctl::args::Options;
use crate::ctl::server::{Origin, Server};
use std::path::{Path, PathBuf};
use treeherd_config::{Accounts, CtlConfig, Report, World, find, load_ctl};
use treeherd_domain::account::Account;
use treeherd_domain::endpoint::Credentials;

/// What the program runs with.
#[derive(Debug)]
pub struct Settings {
    /// The daemon's address and our credentials.
    pub server: Server,
    /// What the shell shows before `> `.
    pub prompt: String,
    /// Where the shell keeps its history.
    pub history_file: Option<PathBuf>,
}

/// Looks up what `~user` in a path means; nothing else is asked by the client's section.
struct Homes;

impl Accounts for Homes {
    fn user(&self, name: &str) -> Option<Account> {
        let user = nix::unistd::User::from_name(name).ok().flatten()?;
        Some(Account {
            name: user.name,
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            groups: Vec::new(),
            home: user.dir.to_string_lossy().into_owned(),
        })
    }

    fn group(&self, _name_or_gid: &str) -> Option<u32> {
        None
    }
}

/// Reads the configuration file, if there is one, and lays the command line over it.
///
/// # Errors
/// The [`Report`] of a file that is named and missing, or cannot be used.
pub fn resolve(argv0: &str, options: &Options) -> Result<Settings, Report> {
    let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let file = options.config.clone().or_else(|| find(argv0, &cwd).ok());
    let config = match &file {
        Some(file) => load_ctl(file, &world(&cwd))?,
        None => CtlConfig::default(),
    };
    Ok(Settings {
        prompt: config.prompt.clone(),
        history_file: options.history_file.clone().or_else(|| config.history_file.clone()),
        server: server(options, config, file),
    })
}

fn world(cwd: &Path) -> World<'static> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    World {
        environment: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
        cwd: cwd.to_owned(),
        hostname: nix::unistd::gethostname().map(text).unwrap_or_default(),
        home: std::env::home_dir(),
        accounts: &Homes,
    }
}

fn server(options: &Options, config: CtlConfig, file: Option<PathBuf>) -> Server {
    let is_default = config.serverurl == CtlConfig::default().serverurl;
    let origin = match (&options.serverurl, file) {
        (Some(_), _) => Origin::Option,
        (None, None) => Origin::Default,
        (None, Some(file)) if is_default => Origin::DefaultIn(file),
        (None, Some(file)) => Origin::File(file),
    };
    let username = options.username.clone().or(config.username);
    let password = options.password.clone().or(config.password);
    let credentials = username.zip(password).map(|(username, password)| Credentials { username, password });
    Server::new(options.serverurl.clone().unwrap_or(config.serverurl), origin, credentials)
}
