//! A log file: bytes are appended, and at a size it is rolled over.
//!
//! ```text
//! write(chunk) --> all of it, in order --> size >= maxbytes? --> app.log -> app.log.1 -> ..., open anew
//!                     `-- error: how much is in                    `-- error: go on in the file we have
//! ```
//!
//! Always `O_APPEND`, so that a `truncate` from outside, or a second writer, makes no holes. What is no
//! regular file (a FIFO, a terminal, `/dev/null`) is written to and never renamed, truncated or removed;
//! `/dev/stdout` and `/dev/stderr` are the daemon's own descriptors, not opened again. As root, a path that
//! somebody else could have bent is opened, renamed and removed by `guarded`. Absent: what to do about an error
//! (the caller keeps the bytes, counts, tries again).

mod open;

use crate::fd::{has_room, retry, write_now};
use crate::guarded::{self, directory_of};
use nix::fcntl::OFlag;
use open::{Kind, Opened, open_for_append, own_descriptor};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use treeherd_domain::rotation::Rotation;

/// How long a write waits for a FIFO or terminal that is full, in milliseconds; once it has waited in
/// vain it does not wait again before something was taken.
const PATIENCE_MS: u16 = 20;
/// The same for our own standard output and error, whose reader is only slow, as a rule.
const PATIENCE_OWN_MS: u16 = 200;

/// Why a log file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open log file {}: {source}", path.display())]
pub struct OpenError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl OpenError {
    /// The errno; 0 if there is none.
    #[must_use]
    pub fn errno(&self) -> i32 {
        crate::errno::of(&self.source)
    }

    /// Why a process is not spawned without this log, in Supervisor's words.
    #[must_use]
    pub fn message(&self, process: &str) -> String {
        match self.errno() {
            libc::EMFILE => format!("too many open files to spawn '{process}'"),
            errno => {
                let name = crate::errno::describe(errno);
                format!("unknown error making dispatchers for '{process}': {name}")
            }
        }
    }

    /// Whether the file was refused because somebody could have led us to it, as root, who could not write it.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.source.get_ref().is_some_and(|inner| inner.is::<guarded::Refusal>())
    }
}

/// What a write was doing when it failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// Writing the bytes.
    Writing,
    /// Rolling over: all bytes are in, and writing goes on in the file as it is.
    RollingOver,
}

/// A write that did not wholly succeed.
#[derive(Debug, thiserror::Error)]
#[error("{} {}: {source}", if *.doing == Doing::Writing { "cannot write to" } else { "cannot roll over" }, path.display())]
pub struct WriteError {
    /// What failed.
    pub doing: Doing,
    /// How many bytes of the chunk are in the file; the rest is still the caller's.
    pub written: usize,
    /// Why.
    pub source: io::Error,
    /// The file.
    pub path: PathBuf,
}

/// An open log file.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    kind: Kind,
    rotation: Rotation,
    /// Bytes in the file, as far as we know.
    size: u64,
    /// The size at which the next rollover is tried after one that failed.
    retry_at: Option<u64>,
    /// Whether the last wait for a full FIFO was in vain.
    stalled: bool,
}

impl LogFile {
    /// Opens a file for appending; creates it (mode 0666 less the umask) if there is none.
    ///
    /// # Errors
    /// [`OpenError`]: `EISDIR`, `EACCES`, `ENOENT`; as root also the refusal of a link that leads where whoever
    /// could have made it could not write.
    pub fn open(path: &Path, rotation: Rotation) -> Result<Self, OpenError> {
        let Opened { file, kind, size } =
            open_for_append(path, 0o666).map_err(|source| OpenError { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, kind, rotation, size, retry_at: None, stalled: false })
    }

    /// The path it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Rolls over by other sizes from the next write on.
    pub fn roll_by(&mut self, rotation: Rotation) {
        if self.rotation != rotation {
            self.rotation = rotation;
            self.retry_at = None;
        }
    }

    /// Bytes in the file, as far as this writer knows; 0 for what is no regular file.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether it is a regular file, the only kind that is rolled over and cleared.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        self.kind == Kind::Regular
    }

    /// Appends a chunk, then rolls the file over if it has reached its size.
    ///
    /// # Errors
    /// [`WriteError`], which tells how much was written. A rollover that fails is told once, loses
    /// nothing, and is tried again when the file has grown by its size once more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            let taken = match self.kind {
                // it may be a pipe that nobody reads, and its flags are shared with whoever gave it to us
                Kind::Own => write_now(self.file.as_fd(), rest),
                Kind::Regular | Kind::Special => retry(|| self.file.write(rest)),
            };
            match taken {
                Ok(0) => return Err(self.failed(Doing::Writing, written, io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    written += count;
                    self.stalled = false;
                    if self.kind == Kind::Regular {
                        self.size += count as u64;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.has_room_soon() => {}
                Err(error) => return Err(self.failed(Doing::Writing, written, error)),
            }
        }
        self.roll_over_if_due().map_err(|error| self.failed(Doing::RollingOver, written, error))
    }

    fn failed(&self, doing: Doing, written: usize, source: io::Error) -> WriteError {
        WriteError { doing, written, source, path: self.path.clone() }
    }

    /// Waits a little for a full pipe or terminal.
    fn has_room_soon(&mut self) -> bool {
        if self.stalled {
            return false;
        }
        let patience = if self.kind == Kind::Own { PATIENCE_OWN_MS } else { PATIENCE_MS };
        self.stalled = !has_room(self.file.as_fd(), patience).unwrap_or(false);
        !self.stalled
    }

    /// Whether the path still names this file; not so after a rotation from outside.
    #[must_use]
    pub fn is_current(&self) -> bool {
        let same = |there: Metadata, here: Metadata| there.dev() == here.dev() && there.ino() == here.ino();
        match (self.kind, fs::metadata(&self.path), self.file.metadata()) {
            (Kind::Own, ..) => true,
            (_, Ok(there), Ok(here)) => same(there, here),
            _ => false,
        }
    }

    /// Opens the path again, for append, as after a rotation from outside.
    ///
    /// # Errors
    /// [`OpenError`]; the file that was open stays so.
    pub fn reopen(&mut self) -> Result<(), OpenError> {
        let mode = self.mode();
        if self.kind == Kind::Own {
            return Ok(());
        }
        self.take(mode).map_err(|source| OpenError { path: self.path.clone(), source })
    }

    /// Deletes the file and makes a new, empty one; its old generations stay. A file that a link names is emptied
    /// and the link stays; nothing is done to what is no regular file.
    ///
    /// # Errors
    /// [`OpenError`]; the file that was open stays so.
    pub fn clear(&mut self) -> Result<(), OpenError> {
        if self.kind != Kind::Regular {
            return Ok(());
        }
        let failed = |source| OpenError { path: self.path.clone(), source };
        let name = file_name(&self.path);
        let directory = directory_of(&self.path).map_err(failed)?;
        // what stands there now may be something else than what was opened
        let removed = match directory.kind(name).map_err(failed)? {
            Some(guarded::Kind::Regular) => directory.remove(name),
            Some(guarded::Kind::Link) => self.file.set_len(0),
            Some(guarded::Kind::Special(_)) | None => Ok(()),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => self.reopen(),
        }
    }

    /// The permissions of the file, so that its successor is not readable by more.
    fn mode(&self) -> u32 {
        match (self.kind, self.file.metadata()) {
            (Kind::Regular, Ok(metadata)) => metadata.permissions().mode() & 0o666,
            _ => 0o666,
        }
    }

    fn roll_over_if_due(&mut self) -> io::Result<()> {
        if self.kind != Kind::Regular || !self.rotation.is_due(self.size) {
            return Ok(());
        }
        if self.retry_at.is_some_and(|retry_at| self.size < retry_at) {
            return Ok(());
        }
        // someone else may have truncated it
        self.size = self.file.metadata()?.len();
        if !self.rotation.is_due(self.size) {
            return Ok(());
        }
        match self.roll_over() {
            Ok(()) => {
                self.retry_at = None;
                Ok(())
            }
            Err(error) => {
                let told = self.retry_at.is_some();
                self.retry_at = Some(self.size.saturating_add(self.rotation.maxbytes.unsigned_abs()));
                if told { Ok(()) } else { Err(error) }
            }
        }
    }

    fn roll_over(&mut self) -> io::Result<()> {
        let directory = directory_of(&self.path)?;
        if let Some(guarded::Kind::Special(_)) = directory.kind(file_name(&self.path))? {
            // something else was put in our place: it is not moved, but written to from now on
            return self.take(self.mode());
        }
        let steps = self.rotation.steps(&self.path);
        // all before the first is moved: a rollover is done whole or not at all
        for step in &steps {
            if let Some(guarded::Kind::Special(what)) = directory.kind(file_name(&step.to))? {
                let text = format!("{} is {what}: move it away", step.to.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
            }
        }
        for step in &steps {
            match directory.rename(file_name(&step.from), file_name(&step.to)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.is_current() {
            // no backups: the same file goes on, empty
            self.file.set_len(0)?;
            self.size = 0;
            return Ok(());
        }
        self.take(self.mode())
    }

    /// Goes on in what the path names now.
    fn take(&mut self, mode: u32) -> io::Result<()> {
        let Opened { file, kind, size } = open_for_append(&self.path, mode)?;
        (self.file, self.kind, self.size) = (file, kind, size);
        (self.retry_at, self.stalled) = (None, false);
        Ok(())
    }
}

/// Empties the log of a process that is not running; nothing if it does not exist or is no regular
/// file.
///
/// # Errors
/// What `open(2)` and `ftruncate(2)` say, or a refusal as of [`LogFile::open`].
pub fn clear_path(path: &Path) -> io::Result<()> {
    if own_descriptor(path).is_some() {
        return Ok(());
    }
    match guarded::open(path, OFlag::O_WRONLY, 0) {
        Ok(file) if file.metadata()?.is_file() => file.set_len(0),
        Ok(_) => Ok(()),
        // nothing there, or a FIFO that nobody reads, or a socket
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENXIO)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The last name of a log's path.
fn file_name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or(OsStr::new("."))
}
