//! A path, walked name by name with descriptors, so that nobody can change what is behind us.
//!
//! Symbolic links are read and their words walked in turn; whose they are is noted. A path that comes to
//! `/proc` is left to the kernel, whose links are no paths; one that comes to our own standard streams is those.

use super::bender::{Benders, is_directory, is_link};
use super::{Entry, Place, own_number};
use crate::fd::retry;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

/// A directory, to look names up in.
#[cfg(target_os = "linux")]
pub(super) const DIRECTORY: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);
/// A directory, to look names up in.
#[cfg(not(target_os = "linux"))]
pub(super) const DIRECTORY: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// A walk under way: in a directory, with names before it.
struct Walk {
    directory: OwnedFd,
    stat: FileStat,
    shown: PathBuf,
    ahead: VecDeque<OsString>,
    benders: Benders,
    links: usize,
}

/// Walks a path to its last name.
pub(super) fn walk(path: &Path, follow: bool) -> io::Result<Place> {
    let start = if path.is_absolute() { "/" } else { "." };
    let (directory, stat) = enter(start)?;
    let mut walk = Walk {
        directory,
        stat,
        shown: PathBuf::from(if path.is_absolute() { "/" } else { "" }),
        ahead: names(path),
        benders: Benders::default(),
        links: 0,
    };
    if is_kernels(path) || walk.ahead.is_empty() {
        return Ok(Place::Plain(path.to_owned()));
    }
    while let Some(name) = walk.ahead.pop_front() {
        let there = walk.look(&name)?;
        let is_last = walk.ahead.is_empty();
        match there {
            Some(there) if is_link(&there) && (follow || !is_last) => {
                if let Some(place) = walk.follow(&name, &there)? {
                    return Ok(place);
                }
            }
            there if is_last => return Ok(Place::At(Box::new(walk.arrive(name, there)))),
            Some(there) if is_directory(&there) => walk.step(&name)?,
            Some(_) => return Err(io::Error::from_raw_os_error(libc::ENOTDIR)),
            None => return Err(io::Error::from_raw_os_error(libc::ENOENT)),
        }
    }
    // a link to a directory that has no name of its own, such as `/` or `..`
    Ok(Place::Plain(walk.shown))
}

impl Walk {
    fn look(&self, name: &OsStr) -> io::Result<Option<FileStat>> {
        match fstatat(&self.directory, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(there) => Ok(Some(there)),
            Err(nix::Error::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn step(&mut self, name: &OsStr) -> io::Result<()> {
        let flags = DIRECTORY | OFlag::O_NOFOLLOW;
        self.directory = retry(|| Ok(openat(&self.directory, name, flags, Mode::empty())?))?;
        self.stat = fstat(&self.directory)?;
        self.shown.push(name);
        Ok(())
    }

    /// Goes on with the words of a link; `Some` if they name something that is not walked to.
    fn follow(&mut self, name: &OsStr, there: &FileStat) -> io::Result<Option<Place>> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(io::Error::from_raw_os_error(libc::ELOOP));
        }
        let target = PathBuf::from(readlinkat(&self.directory, name)?);
        self.benders.note(&self.stat, there, &self.shown.join(name));
        let mut ahead = names(&target);
        ahead.append(&mut self.ahead);
        self.ahead = ahead;
        if !target.is_absolute() {
            return Ok(None);
        }
        let whole: PathBuf =
            [OsStr::new("/")].into_iter().chain(self.ahead.iter().map(OsString::as_os_str)).collect();
        if let Some(number) = own_number(&whole) {
            if there.st_uid != 0 {
                self.benders.must_be_none(&whole)?;
            }
            return Ok(Some(Place::Own(number)));
        }
        if is_kernels(&whole) {
            self.benders.must_be_none(&whole)?;
            return Ok(Some(Place::Plain(whole)));
        }
        (self.directory, self.stat) = enter("/")?;
        self.shown = PathBuf::from("/");
        Ok(None)
    }

    fn arrive(self, name: OsString, there: Option<FileStat>) -> Entry {
        Entry {
            directory: self.directory,
            directory_stat: self.stat,
            name,
            there,
            benders: self.benders,
            shown: self.shown,
        }
    }
}

fn enter(path: &str) -> io::Result<(OwnedFd, FileStat)> {
    let directory = retry(|| Ok(nix::fcntl::open(path, DIRECTORY, Mode::empty())?))?;
    let stat = fstat(&directory)?;
    Ok((directory, stat))
}

fn names(path: &Path) -> VecDeque<OsString> {
    let name = |component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(name).collect()
}

/// Whether the kernel alone makes what is there.
fn is_kernels(path: &Path) -> bool {
    path.starts_with("/proc") || path.starts_with("/dev/fd")
}
