//! A user of the system, looked up beforehand, as a value.

use std::fmt;

/// What a process needs to become a user, and what is shown of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The login name.
    pub name: String,
    /// The numeric user id.
    pub uid: u32,
    /// The primary group id.
    pub gid: u32,
    /// All group ids, the primary one first.
    pub groups: Vec<u32>,
    /// The home directory (for `~`).
    pub home: String,
}

/// Whose a file shall be: `user[:group]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Owner {
    /// The user id; `None` leaves it.
    pub uid: Option<u32>,
    /// The group id; `None` leaves it.
    pub gid: Option<u32>,
}

impl fmt::Display for Owner {
    /// Both numbers with a colon between; nothing for what is left.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |id: Option<u32>| id.map_or_else(String::new, |id| id.to_string());
        write!(f, "{}:{}", id(self.uid), id(self.gid))
    }
}
