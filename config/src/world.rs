//! What a configuration depends on besides its files, as values and one trait.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use treeherd_domain::account::Account;
use treeherd_domain::spec::Environment;

/// The users and groups of the system.
pub trait Accounts {
    /// A user by name, or by number in decimal.
    fn user(&self, name_or_uid: &str) -> Option<Account>;
    /// The id of a group by name, or by number in decimal.
    fn group(&self, name_or_gid: &str) -> Option<u32>;
}

/// Where the daemon stands when it reads its configuration.
pub struct World<'a> {
    /// The daemon's own environment: the `ENV_x` variables, and where temporary files go.
    pub environment: Environment,
    /// The working directory at the start, absolute: what relative paths are relative to.
    pub cwd: PathBuf,
    /// The node name of the host: `host_node_name`.
    pub hostname: String,
    /// The home directory: `~`.
    pub home: Option<PathBuf>,
    /// The users and groups.
    pub accounts: &'a dyn Accounts,
}

impl fmt::Debug for World<'_> {
    /// Without the environment, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("cwd", &self.cwd)
            .field("hostname", &self.hostname)
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

/// Accounts that are asked for each name once: a thousand programs of one user are one question.
pub(crate) struct Remembered<'a> {
    accounts: &'a dyn Accounts,
    users: RefCell<HashMap<String, Option<Account>>>,
}

impl<'a> Remembered<'a> {
    pub(crate) fn new(accounts: &'a dyn Accounts) -> Self {
        Self { accounts, users: RefCell::default() }
    }
}

impl Accounts for Remembered<'_> {
    fn user(&self, name_or_uid: &str) -> Option<Account> {
        if let Some(known) = self.users.borrow().get(name_or_uid) {
            return known.clone();
        }
        let found = self.accounts.user(name_or_uid);
        self.users.borrow_mut().insert(name_or_uid.to_owned(), found.clone());
        found
    }

    fn group(&self, name_or_gid: &str) -> Option<u32> {
        self.accounts.group(name_or_gid)
    }
}
