//! What the configuration asks of the operating system, as it was at the start.

use std::path::{Path, PathBuf};
use treeherd_config::{Accounts, World};
use treeherd_domain::account::Account;
use treeherd_domain::spec::Environment;
use treeherd_os::{host, user};

/// The users and groups of this machine.
#[derive(Clone, Copy, Debug)]
struct System;

impl Accounts for System {
    fn user(&self, name_or_uid: &str) -> Option<Account> {
        // a user database that cannot be read has no users for us
        user::lookup(name_or_uid).ok().flatten()
    }

    fn group(&self, name_or_gid: &str) -> Option<u32> {
        user::group(name_or_gid).ok().flatten()
    }
}

/// Environment, directory and host at the start.
#[derive(Clone, Debug)]
pub struct Here {
    environment: Environment,
    cwd: PathBuf,
    hostname: String,
}

impl Here {
    /// Looks around.
    #[must_use]
    pub fn new() -> Self {
        let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
        Self {
            environment: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            hostname: host::nodename(),
        }
    }

    /// The working directory.
    #[must_use]
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// As the configuration wants it.
    #[must_use]
    pub fn world(&self) -> World<'_> {
        World {
            environment: self.environment.clone(),
            cwd: self.cwd.clone(),
            hostname: self.hostname.clone(),
            home: self.environment.get("HOME").map(PathBuf::from),
            accounts: &System,
        }
    }
}

impl Default for Here {
    fn default() -> Self {
        Self::new()
    }
}
