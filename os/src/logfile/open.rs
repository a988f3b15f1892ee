//! Opening what a log path names: a regular file, a special one, or a descriptor of our own.
//!
//! ```text
//! /dev/stdout, /dev/fd/1, ... --> a duplicate of our 1 or 2
//! a FIFO ----------------------> read and write, so that it opens without a reader and never breaks
//! else ------------------------> append, create; a final link not followed where it could be planted
//! ```
//!
//! Nothing here blocks. Absent: writing.

use crate::fd::{duplicate, retry};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// What stands behind a log path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Regular,
    /// A FIFO, a device, a terminal.
    Special,
    /// A descriptor of our own, for `/dev/stdout` and the like.
    Own,
}

/// What was opened; `size` is that of a regular file, else 0.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) kind: Kind,
    pub(super) size: u64,
}

/// Opens a path for appending, creating a regular file with `mode` less the umask.
pub(super) fn open_for_append(path: &Path, mode: u32) -> io::Result<Opened> {
    if let Some(fd) = own_descriptor(path) {
        return Ok(Opened { file: fd?, kind: Kind::Own, size: 0 });
    }
    let append = || guarded(path).append(true).create(true).mode(mode).open(path);
    let file = match retry(append) {
        Ok(file) if !file.metadata()?.file_type().is_fifo() => file,
        Err(error) if error.raw_os_error() != Some(libc::ENXIO) || !is_fifo(path) => return Err(error),
        Ok(_) | Err(_) => retry(|| guarded(path).read(true).write(true).open(path))?,
    };
    let metadata = file.metadata()?;
    let (kind, size) =
        if metadata.is_file() { (Kind::Regular, metadata.len()) } else { (Kind::Special, 0) };
    Ok(Opened { file, kind, size })
}

/// Whether a path names our own standard output or error.
pub(super) fn names_own_descriptor(path: &Path) -> bool {
    own_number(path).is_some()
}

fn own_number(path: &Path) -> Option<i32> {
    match path.to_str()? {
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Some(1),
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Some(2),
        _ => None,
    }
}

/// The descriptor of ours that a path names. To open `/dev/stdout` anew fails where it is a socket
/// (`ENXIO`) or was made by another user (`EACCES`), and gives a file a second position.
fn own_descriptor(path: &Path) -> Option<io::Result<File>> {
    let duplicated = match own_number(path)? {
        1 => duplicate(io::stdout().as_fd(), 3),
        _ => duplicate(io::stderr().as_fd(), 3),
    };
    Some(duplicated.map(File::from))
}

/// Options that neither block on a FIFO nor take a terminal, nor follow a final link that someone may
/// have planted for root: one in a directory that is neither root's nor ours.
pub(crate) fn guarded(path: &Path) -> OpenOptions {
    let mut options = OpenOptions::new();
    let nofollow = if may_be_planted(path) { libc::O_NOFOLLOW } else { 0 };
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | nofollow);
    options
}

fn may_be_planted(path: &Path) -> bool {
    if !nix::unistd::geteuid().is_root() {
        return false;
    }
    let parent = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return false,
    };
    fs::metadata(parent).is_ok_and(|directory| directory.uid() != 0)
}

fn is_fifo(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.file_type().is_fifo())
}

/// Whether a regular file, and no link, stands there.
pub(super) fn is_regular(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
}

/// Whether something stands there that is never renamed. A link is: what it names stays where it is.
pub(super) fn is_special(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| !there.is_file() && !there.is_symlink())
}
