//! Opening, renaming and removing files as root where somebody else may have laid a trap.
//!
//! ```text
//! /srv/ada/app/log/out.log       walked name by name with descriptors (walk), never resolved twice
//!                   `-> link ──► whose is it? (bender): everyone who could have put the link there must be
//!                                able to write what it leads to, without us
//! ```
//!
//! A daemon that runs as root opens files in directories that belong to others. Whoever may write such a directory
//! may put a symbolic link, a hard link or a FIFO in the place of a log, at any moment. So no step is taken
//! twice by name: what was looked at is what is opened, and what was opened is looked at again. Nothing here
//! blocks. A daemon that is not root can do no more than its user; then paths are left to the system.
//!
//! Absent: access lists (only owner, group and mode are looked at), and a file that a mount put in the way, for
//! which one has to be root.

mod bender;
mod walk;

use crate::fd::retry;
use bender::{Benders, is_directory};
use nix::dir::Dir;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub(crate) use bender::Refusal;

/// How often a path that changes while it is walked is walked again.
const TRIES: usize = 16;
/// Neither block on a FIFO nor take a terminal.
const QUIET: OFlag = OFlag::O_NONBLOCK.union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC);

/// What a path names.
#[derive(Debug)]
pub(crate) enum Place {
    /// Our own descriptor 1 or 2.
    Own(i32),
    /// What the system makes of this path: we are not root, or it is the kernel's (`/proc`).
    Plain(PathBuf),
    /// An entry of a directory that is held open.
    At(Box<Entry>),
}

/// A name in a directory.
#[derive(Debug)]
pub(crate) struct Entry {
    directory: OwnedFd,
    directory_stat: FileStat,
    name: OsString,
    /// What stood there; `None`: nothing.
    there: Option<FileStat>,
    benders: Benders,
    /// The directory's path as it was walked.
    shown: PathBuf,
}

/// Finds what a path names; the last name may be missing. `follow`: a link there is followed.
///
/// # Errors
/// What the system says of a directory on the way; `ELOOP` for too many links.
pub(crate) fn find(path: &Path, follow: bool) -> io::Result<Place> {
    if let Some(number) = own_number(path) {
        return Ok(Place::Own(number));
    }
    if !nix::unistd::geteuid().is_root() {
        return Ok(Place::Plain(path.to_owned()));
    }
    walk::walk(path, follow)
}

/// The descriptor of ours that a path names.
pub(crate) fn own_number(path: &Path) -> Option<i32> {
    match path.to_str()? {
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Some(1),
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Some(2),
        _ => None,
    }
}

/// Opens what a path names, links followed where that is safe.
///
/// # Errors
/// What `open(2)` says, or a [`Refusal`].
pub(crate) fn open(path: &Path, flags: OFlag, mode: u32) -> io::Result<File> {
    for _ in 0..TRIES {
        let opened = match find(path, true)? {
            Place::Own(_) => open_plain(path, flags, mode).map(Some),
            Place::Plain(path) => open_plain(&path, flags, mode).map(Some),
            Place::At(entry) => entry.open(flags, mode),
        };
        if let Some(file) = opened? {
            return Ok(file);
        }
    }
    Err(io::Error::from_raw_os_error(libc::EAGAIN))
}

fn open_plain(path: &Path, flags: OFlag, mode: u32) -> io::Result<File> {
    let access = flags & OFlag::O_ACCMODE;
    let mut options = fs::OpenOptions::new();
    options.read(access != OFlag::O_WRONLY).write(access != OFlag::O_RDONLY).mode(mode);
    options.append(flags.contains(OFlag::O_APPEND)).create(flags.contains(OFlag::O_CREAT));
    options.create_new(flags.contains(OFlag::O_EXCL)).custom_flags(QUIET.bits());
    retry(|| options.open(path))
}

/// The directory that a path's last name is looked up in, for work on its entries.
///
/// # Errors
/// As [`find`], or a [`Refusal`] if somebody who could not write there led us to it.
pub(crate) fn directory_of(path: &Path) -> io::Result<Directory> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match find(path, false)? {
        Place::At(entry) => {
            entry.benders.may_write(&entry.directory_stat, &entry.shown)?;
            Ok(Directory { fd: entry.directory, path: parent.to_owned() })
        }
        Place::Own(_) | Place::Plain(_) => {
            let fd = retry(|| Ok(nix::fcntl::open(parent, walk::DIRECTORY, Mode::empty())?))?;
            Ok(Directory { fd, path: parent.to_owned() })
        }
    }
}

/// A directory that is held open.
#[derive(Debug)]
pub(crate) struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

impl Directory {
    /// What stands under a name; `None`: nothing.
    pub(crate) fn kind(&self, name: &OsStr) -> io::Result<Option<Kind>> {
        match fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(there) => Ok(Some(Kind::of(&there))),
            Err(nix::Error::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Renames an entry; what stands at `to` is replaced.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Removes an entry that is no directory.
    pub(crate) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir)?)
    }

    /// Makes a new file where there is none.
    pub(crate) fn create_new(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | QUIET;
        Ok(openat(&self.fd, name, flags, permissions(mode))?.into())
    }

    /// All names in it.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let opened =
            openat(&self.fd, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty());
        let mut names = Vec::new();
        for entry in Dir::from_fd(opened?)? {
            names.push(OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned());
        }
        Ok(names)
    }

    /// The path of an entry, to be shown.
    pub(crate) fn path_of(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }
}

/// What stands under a name, the name itself looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A regular file.
    Regular,
    /// A symbolic link.
    Link,
    /// A directory, a FIFO, a socket, a device.
    Special(&'static str),
}

impl Kind {
    fn of(there: &FileStat) -> Self {
        match there.st_mode & libc::S_IFMT {
            libc::S_IFREG => Self::Regular,
            libc::S_IFLNK => Self::Link,
            libc::S_IFDIR => Self::Special("a directory"),
            libc::S_IFIFO => Self::Special("a FIFO"),
            libc::S_IFSOCK => Self::Special("a socket"),
            _ => Self::Special("a device"),
        }
    }
}

impl Entry {
    /// Opens it; `None` if something else stands there by now.
    fn open(&self, flags: OFlag, mode: u32) -> io::Result<Option<File>> {
        let path = self.shown.join(&self.name);
        let exclusive = match &self.there {
            None if !flags.contains(OFlag::O_CREAT) => {
                return Err(io::Error::from_raw_os_error(libc::ENOENT));
            }
            None => {
                self.benders.may_write(&self.directory_stat, &path)?;
                OFlag::O_EXCL
            }
            Some(there) => {
                self.benders.may_use(&self.directory_stat, there, &path)?;
                OFlag::empty()
            }
        };
        let flags = flags | exclusive | OFlag::O_NOFOLLOW | QUIET;
        let file =
            match retry(|| Ok(openat(&self.directory, self.name.as_os_str(), flags, permissions(mode))?)) {
                Ok(fd) => fd,
                Err(error) if self.changed(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
        Ok(self.is_still(&file)?.then(|| File::from(file)))
    }

    /// Whether an error comes of a change between the look and the opening.
    fn changed(&self, error: &io::Error) -> bool {
        match error.raw_os_error() {
            Some(libc::EEXIST | libc::ELOOP) => true,
            Some(libc::ENOENT) => self.there.is_some(),
            _ => false,
        }
    }

    /// Whether what was opened is what was looked at, and stands there still under as many names.
    fn is_still(&self, file: &OwnedFd) -> io::Result<bool> {
        let Some(there) = &self.there else { return Ok(true) };
        let same = |other: &FileStat| (other.st_dev, other.st_ino) == (there.st_dev, there.st_ino);
        let opened = fstat(file.as_fd())?;
        if is_directory(there) || !same(&opened) {
            return Ok(same(&opened));
        }
        // a hard link that was taken away right after the opening would look like a file of one name
        match fstatat(&self.directory, self.name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(now) => Ok(same(&now) && now.st_nlink == there.st_nlink),
            Err(nix::Error::ENOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Permission bits as the system's type.
#[cfg_attr(target_os = "linux", allow(clippy::unnecessary_wraps, reason = "narrower elsewhere"))]
fn permissions(mode: u32) -> Mode {
    Mode::from_bits_truncate(libc::mode_t::try_from(mode & 0o7777).unwrap_or(0o600))
}
