//! Opening what a log path names: a regular file, a special one, or a descriptor of our own.
//!
//! ```text
//! /dev/stdout, /dev/fd/1, ... --> a duplicate of our 1 or 2
//! a FIFO ----------------------> read and write, so that it opens without a reader and never breaks
//! else ------------------------> append, create; links followed where that is safe (guarded)
//! ```
//!
//! Nothing here blocks. Absent: writing.

use crate::fd::duplicate;
use crate::guarded;
use nix::fcntl::OFlag;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
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
    if let Some(number) = own_descriptor(path) {
        return Ok(Opened { file: duplicate_of(number)?, kind: Kind::Own, size: 0 });
    }
    let append = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT;
    let file = match guarded::open(path, append, mode) {
        Ok(file) if !file.metadata()?.file_type().is_fifo() => file,
        Err(error) if error.raw_os_error() != Some(libc::ENXIO) || !is_fifo(path) => return Err(error),
        Ok(_) | Err(_) => guarded::open(path, OFlag::O_RDWR, mode)?,
    };
    let metadata = file.metadata()?;
    let (kind, size) =
        if metadata.is_file() { (Kind::Regular, metadata.len()) } else { (Kind::Special, 0) };
    Ok(Opened { file, kind, size })
}

/// The number of our own standard output or error, if a path names one of them.
pub(super) fn own_descriptor(path: &Path) -> Option<i32> {
    match guarded::find(path, true) {
        Ok(guarded::Place::Own(number)) => Some(number),
        _ => None,
    }
}

/// To open `/dev/stdout` anew fails where it is a socket (`ENXIO`) or was made by another user (`EACCES`), and
/// gives a file a second position.
fn duplicate_of(number: i32) -> io::Result<File> {
    let duplicated = match number {
        1 => duplicate(io::stdout().as_fd(), 3),
        _ => duplicate(io::stderr().as_fd(), 3),
    };
    duplicated.map(File::from)
}

fn is_fifo(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.file_type().is_fifo())
}
