//! What changed of the control endpoints. They are bound before there is a tree, and stay as they are until the daemon is
//! started anew.
//!
//! ```text
//! [unix_http_server] chmod, password: changed
//! [inet_http_server:two]: added                   bound by the next daemon
//! [inet_http_server]: removed                     not bound by it any more
//! ```
//!
//! `[rpcinterface:x]`, which says what they serve, is among them. Absent: values, for one of them is a password.

use crate::endpoint::{Address, Credentials, EndpointSpec};
use crate::spec::Config;
use std::fmt;

/// What became of a section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SectionChange {
    /// It is new.
    Added,
    /// It says something else.
    Changed,
    /// It is no more.
    Removed,
}

impl SectionChange {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// A section of the control endpoints that is not what it was when the daemon was started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerChange {
    /// The section as written, without its brackets.
    pub section: String,
    /// What became of it.
    pub change: SectionChange,
    /// The keys that differ; none of a section that comes or goes.
    pub keys: Vec<&'static str>,
}

impl ServerChange {
    /// What leads from one configuration to the other: what goes, then the others in the order of the new one.
    #[must_use]
    pub(super) fn between(old: &Config, new: &Config) -> Vec<Self> {
        let (before, now) = (sections(old), sections(new));
        let goes = before.iter().filter(|(name, _)| find(&now, name).is_none());
        let goes = goes.map(|(name, _)| Self::of(name, SectionChange::Removed, Vec::new()));
        let others = now.iter().filter_map(|(name, server)| match find(&before, name) {
            None => Some(Self::of(name, SectionChange::Added, Vec::new())),
            Some(earlier) => {
                let keys = differing(earlier?, (*server)?);
                (!keys.is_empty()).then(|| Self::of(name, SectionChange::Changed, keys))
            }
        });
        goes.chain(others).collect()
    }

    fn of(section: &str, change: SectionChange, keys: Vec<&'static str>) -> Self {
        Self { section: section.to_owned(), change, keys }
    }
}

impl fmt::Display for ServerChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { section, change, keys } = self;
        match change {
            SectionChange::Changed => write!(f, "[{section}] {}: changed", keys.join(", ")),
            SectionChange::Added | SectionChange::Removed => write!(f, "[{section}]: {}", change.as_str()),
        }
    }
}

/// The name of a section, and what it says if it is more than being there.
type Section<'a> = (String, Option<&'a EndpointSpec>);

/// What the section of this name says.
fn find<'a>(sections: &[Section<'a>], name: &str) -> Option<Option<&'a EndpointSpec>> {
    sections.iter().find(|section| section.0 == name).map(|(_, server)| *server)
}

fn sections(config: &Config) -> Vec<Section<'_>> {
    let servers = config.endpoints.iter().map(|server| (server.section.clone(), Some(server)));
    let interfaces =
        config.rpcinterfaces.iter().map(|one| (format!("rpcinterface:{}", one.namespace), None));
    servers.chain(interfaces).collect()
}

/// The keys in which two sections of one name differ, as the section has them.
fn differing(old: &EndpointSpec, new: &EndpointSpec) -> Vec<&'static str> {
    // a new field does not compile here until it has its row
    let EndpointSpec { section: _, address, credentials } = old;
    let (user, later) = (credentials.as_ref(), new.credentials.as_ref());
    let name = |user: Option<&Credentials>| user.map(|user| user.username.clone());
    let word = |user: Option<&Credentials>| user.map(|user| user.password.clone());
    let mut rows = moved(address, &new.address);
    rows.push(("username", name(user) != name(later)));
    rows.push(("password", word(user) != word(later)));
    rows.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

/// The keys of an address, and whether they differ.
fn moved(old: &Address, new: &Address) -> Vec<(&'static str, bool)> {
    match (old, new) {
        (
            Address::Unix { file, chmod, chown },
            Address::Unix { file: new_file, chmod: new_mode, chown: new_owner },
        ) => vec![("file", file != new_file), ("chmod", chmod != new_mode), ("chown", chown != new_owner)],
        _ => vec![("port", old != new)],
    }
}
