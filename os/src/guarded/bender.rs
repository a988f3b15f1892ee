//! Who could have bent a path, and whether they could write what it leads to.
//!
//! | on the way | answered for by |
//! |---|---|
//! | a link that belongs to a user | that user |
//! | a link that is root's, in a directory of a user | that user, who may have moved it there |
//! | a link that is root's, where everyone may rename | everyone |
//! | a link that is root's, in a directory of root's | nobody: root meant it |
//! | a file with several names (hard links) | the directory's owner, and its group or everyone if they may write |
//!
//! Those must be able to write the file, or to put another in its place, or, if it is to be made, to write its
//! directory. A path without links needs no answer: what is there was put there.

use crate::user;
use nix::sys::stat::FileStat;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Someone other than root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    User(u32),
    Group(u32),
    Everyone,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::User(uid) => match user::by_uid(uid) {
                Ok(Some(account)) => write!(f, "user {} (uid {uid})", account.name),
                _ => write!(f, "the user with uid {uid}"),
            },
            Self::Group(gid) => write!(f, "the group with gid {gid}"),
            Self::Everyone => f.write_str("any user"),
        }
    }
}

/// Someone who could have bent a path, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Bender {
    who: Who,
    link: PathBuf,
}

/// All who could have bent a path.
#[derive(Clone, Debug, Default)]
pub(super) struct Benders(Vec<Bender>);

/// A file that is not touched, because of whom one had to trust.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "{}: {} could have put it there, and may not write {}. As root that is refused: name the file itself in the \
     configuration, or remove the link",
    if *.hard { format!("{} has other names (hard links)", .link.display()) }
    else { format!("{} is a symbolic link that leads to {}", .link.display(), .place.display()) },
    .who,
    if *.hard { "to that file" } else { "there" }
)]
pub(crate) struct Refusal {
    who: String,
    link: PathBuf,
    place: PathBuf,
    hard: bool,
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, refusal)
    }
}

impl Benders {
    /// Notes a link that is followed, found in this directory.
    pub(super) fn note(&mut self, directory: &FileStat, link: &FileStat, path: &Path) {
        let mut note = |who| self.0.push(Bender { who, link: path.to_owned() });
        if link.st_uid != 0 {
            return note(Who::User(link.st_uid));
        }
        if directory.st_uid != 0 {
            return note(Who::User(directory.st_uid));
        }
        let (is_open, may_rename) = (allows(directory, libc::S_IWOTH), !allows(directory, libc::S_ISVTX));
        if is_open && (may_rename || link.st_nlink > 1) {
            note(Who::Everyone);
        }
    }

    /// Whether all of them could have made or removed an entry of this directory themselves.
    pub(super) fn may_write(&self, directory: &FileStat, place: &Path) -> Result<(), Refusal> {
        self.hold(place, |who| could_write(who, directory))
    }

    /// Whether all of them could have written this file, or put another one in its place; and likewise those who
    /// could have given it this name, if it has more than one.
    pub(super) fn may_use(
        &self,
        directory: &FileStat,
        file: &FileStat,
        place: &Path,
    ) -> Result<(), Refusal> {
        if is_directory(file) {
            return Ok(());
        }
        let is_single = file.st_nlink <= 1;
        self.hold(place, |who| {
            could_write(who, file) || (is_single && could_replace(who, directory, file))
        })?;
        if is_single {
            return Ok(());
        }
        match makers(directory).into_iter().find(|who| !could_write(*who, file)) {
            None => Ok(()),
            Some(who) => {
                let (link, place) = (place.to_owned(), place.to_owned());
                Err(Refusal { who: who.to_string(), link, place, hard: true })
            }
        }
    }

    /// Whether there is nobody to answer for this place.
    pub(super) fn must_be_none(&self, place: &Path) -> Result<(), Refusal> {
        self.hold(place, |_| false)
    }

    fn hold(&self, place: &Path, could: impl Fn(Who) -> bool) -> Result<(), Refusal> {
        match self.0.iter().find(|bender| !could(bender.who)) {
            None => Ok(()),
            Some(Bender { who, link }) => {
                let (link, place) = (link.clone(), place.to_owned());
                Err(Refusal { who: who.to_string(), link, place, hard: false })
            }
        }
    }
}

/// Those other than root who can make entries in a directory.
fn makers(directory: &FileStat) -> Vec<Who> {
    let mut makers = Vec::new();
    if directory.st_uid != 0 {
        makers.push(Who::User(directory.st_uid));
    }
    if directory.st_gid != 0 && allows(directory, libc::S_IWGRP) {
        makers.push(Who::Group(directory.st_gid));
    }
    if allows(directory, libc::S_IWOTH) {
        makers.push(Who::Everyone);
    }
    makers
}

fn could_write(who: Who, file: &FileStat) -> bool {
    let by_group = allows(file, libc::S_IWGRP);
    allows(file, libc::S_IWOTH)
        || match who {
            Who::User(uid) => file.st_uid == uid || (by_group && is_member(uid, file.st_gid)),
            Who::Group(gid) => by_group && file.st_gid == gid,
            Who::Everyone => false,
        }
}

fn could_replace(who: Who, directory: &FileStat, file: &FileStat) -> bool {
    let owns = |uid| [directory.st_uid, file.st_uid].contains(&uid);
    let is_sticky = allows(directory, libc::S_ISVTX);
    could_write(who, directory) && (!is_sticky || matches!(who, Who::User(uid) if owns(uid)))
}

/// Asked only where a link leads to something that is its owner's by group alone.
fn is_member(uid: u32, gid: u32) -> bool {
    matches!(user::by_uid(uid), Ok(Some(account)) if account.groups.contains(&gid))
}

fn allows(file: &FileStat, bit: libc::mode_t) -> bool {
    file.st_mode & bit != 0
}

pub(super) fn is_directory(file: &FileStat) -> bool {
    file.st_mode & libc::S_IFMT == libc::S_IFDIR
}

pub(super) fn is_link(file: &FileStat) -> bool {
    file.st_mode & libc::S_IFMT == libc::S_IFLNK
}
